"""Logs framed by hand: old generations, edges of the format, and damage."""

from __future__ import annotations

import math
import random
import struct
from pathlib import Path

import numpy as np
import pytest
import wandb_bytes as hand

from reportgen.errors import NoSteps, SourceError
from reportgen.sources.wandb import files, items, numbers

LOSS = [step / 10 for step in range(2000)]


def test_blocks_shifted_by_the_header_are_read(tmp_path: Path) -> None:
    """The logs of wandb-core up to 0.17.5 count blocks from byte 7."""
    path = hand.write(tmp_path, hand.log([hand.run(), *hand.rows(2000), hand.exited()], shift=7))
    run = files.read_many([path])
    assert run.history["loss"].tolist() == LOSS
    assert (run.state, run.notes) == ("finished", ())


@pytest.mark.parametrize("version", (0, 1))
def test_rows_without_a_step_are_counted(tmp_path: Path, version: int) -> None:
    """A row with neither `_step` nor a step of its own follows the one before."""
    steps = (None, None, 7, None)
    rows = [hand.row({"loss": str(at)}, step=step) for at, step in enumerate(steps)]
    run = files.read_many([hand.write(tmp_path, hand.log([hand.run(), *rows], version=version))])
    assert run.history["loss"].to_dict() == {0: 0, 1: 1, 7: 2, 8: 3}


def test_an_unknown_version_is_noted(tmp_path: Path) -> None:
    """A version of the format that isn't known is read, and said."""
    run = files.read_many([hand.write(tmp_path, hand.log([*hand.rows(3)], version=9))])
    assert len(run.history) == 3
    assert any("version is 9" in note for note in run.notes)


def test_nested_objects_of_old_backends_are_opened(tmp_path: Path) -> None:
    """A JSON object in one item is as good as an item a leaf; media in it are left out."""
    train = '{"loss": 1.5, "acc": {"top1": NaN}, "img": {"_type": "image-file", "w": 4}}'
    run = files.read_many([hand.write(tmp_path, hand.log([hand.row({"_step": "0", "train": train})]))])
    assert run.history.loc[0].dropna().to_dict() == {"train.loss": 1.5}
    assert [(found.metric, math.isnan(found.value)) for found in run.nonfinite] == [("train.acc.top1", True)]


@pytest.mark.parametrize("size", (110, 118, 119, 120, 121, 122, 127, 128, 130, 300, 16_500, 16_640, 40_000))
def test_texts_of_any_length_stand_beside_numbers(tmp_path: Path, size: int) -> None:
    """A long text, whose length may look like the mark of a value, takes nothing from the numbers beside it."""
    run = files.read_many([hand.write(tmp_path, hand.log(hand.rows(30, prompt='"' + "x" * size + '"')))])
    assert run.history["loss"].tolist() == LOSS[:30]


def test_long_names_are_told_apart(tmp_path: Path) -> None:
    """Names that differ in one letter anywhere are metrics of their own."""
    base = "scope/" + "a" * 90
    names = [base[:at] + "b" + base[at + 1 :] for at in range(6, len(base))]
    row = hand.row({"_step": "3", **{name: str(at) for at, name in enumerate(names)}})
    run = files.read_many([hand.write(tmp_path, hand.log([row]))])
    assert run.history.loc[3, names].tolist() == list(range(len(names)))


def test_names_have_hashes_of_their_own() -> None:
    """Two hundred thousand names of like shape have as many hashes."""
    texts = [f"\x12\x14layer_{i // 500:03d}/expert_{i % 500:03d}".encode() for i in range(200_000)]
    buffer = b"".join([items.BEFORE, *texts, items.BEHIND])
    ends = np.cumsum([len(text) for text in texts]) + len(items.BEFORE)
    starts = ends - np.array([len(text) for text in texts])
    assert len(np.unique(items.hashes(buffer, starts, ends))) == len(texts)


def test_many_numbers_are_read_as_few() -> None:
    """The fast way to read numbers gives the very floats of the plain one."""
    draw = random.Random(3)
    texts = [repr(draw.gauss(0, 1) * 10 ** draw.randint(-300, 300)).encode() for _ in range(numbers.FEW)]
    texts += [b"NaN", b"Infinity", b"-Infinity", b"-0", b"5e-324", b"1.797e308", b"9223372036854775807", b"1e21"]
    buffer = b"\x82\x01".join(texts)
    ends = np.cumsum([len(text) + 2 for text in texts]) - 2
    starts = ends - np.array([len(text) for text in texts])
    found = numbers.floats(buffer, starts, ends)
    assert found.tobytes() == np.array([float(text) for text in texts]).tobytes()


def test_a_record_over_many_blocks_is_joined(tmp_path: Path) -> None:
    """A row of 200 kB, and a first part of no bytes at a block's edge, are read whole."""
    for pad in range(8):
        filled = hand.log([hand.run()])
        filler = hand.BLOCK - len(filled) - 7 - 7 - pad
        records = [hand.run(), hand.field(99, bytes(filler - 4)), *hand.rows(3, text='"' + "y" * 200_000 + '"')]
        run = files.read_many([hand.write(tmp_path, hand.log(records))])
        assert run.history["loss"].tolist() == LOSS[:3]


@pytest.mark.parametrize("content", (b"", b":W&B\xe1\xbe\x00", hand.log([hand.run()])), ids=("0", "7", "no row"))
def test_a_young_log_has_no_step_yet(tmp_path: Path, content: bytes) -> None:
    """A log of 0 or 7 bytes, or without a row, isn't corrupt: it has no step yet."""
    with pytest.raises(NoSteps, match="no step yet"):
        files.read_many([hand.write(tmp_path, content)])


def test_a_flipped_byte_is_found_and_named(tmp_path: Path) -> None:
    """The note names the bytes that were lost and the steps around them; all else is kept."""
    content = bytearray(hand.log([hand.run(), *hand.rows(2000), hand.exited()]))
    content[40_000] ^= 1
    run = files.read_many([hand.write(tmp_path, bytes(content))])
    (lost,) = set(range(2000)) - set(run.history.index)
    assert run.history["loss"].tolist() == LOSS[:lost] + LOSS[lost + 1 :]
    (note,) = run.notes
    assert f"between _step {lost - 1} and _step {lost + 1}" in note
    first, last = (int(word.replace(",", "")) for word in note.split("bytes ")[1].split(" are")[0].split(" to "))
    assert first <= 40_000 < last


def test_a_wrong_length_costs_one_record(tmp_path: Path) -> None:
    """Where a chunk's length is damaged, the next sound chunk is searched for."""
    content = bytearray(hand.log([hand.run(), *hand.rows(50), hand.exited()]))
    at = content.index(hand.row({"_step": "20", "loss": "2.0"}))
    struct.pack_into("<H", content, at - 3, 60_000)
    run = files.read_many([hand.write(tmp_path, bytes(content))])
    assert set(range(50)) - set(run.history.index) == {20}


def test_a_block_of_zeros_costs_its_rows_alone(tmp_path: Path) -> None:
    """A block that the disk never wrote is left out, and what lies behind it is read."""
    content = bytearray(hand.log([hand.run(), *hand.rows(4000), hand.exited()]))
    content[hand.BLOCK : 2 * hand.BLOCK] = bytes(hand.BLOCK)
    run = files.read_many([hand.write(tmp_path, bytes(content))])
    assert 2500 < len(run.history) < 4000
    assert run.history["loss"].tolist() == [step / 10 for step in run.history.index]
    assert run.state == "finished"


def test_a_damaged_header_is_noted(tmp_path: Path) -> None:
    """A log whose first bytes are damaged is read when its first record is sound."""
    content = bytearray(hand.log([hand.run(), *hand.rows(5), hand.exited()]))
    content[1] ^= 8
    run = files.read_many([hand.write(tmp_path, bytes(content))])
    assert len(run.history) == 5
    assert any("first 7 bytes" in note for note in run.notes)


def test_a_lost_first_row_does_not_shift_the_steps(tmp_path: Path) -> None:
    """AReaL's steps are counted from its first row also when that row is damaged and its summary isn't."""

    def areal(step: int) -> bytes:
        return hand.row({"_step": str(step), "grpo_actor/task_reward/avg": str(step)})

    summary = areal(0).replace(b"\x12", b"\x1a", 1)  # the same items as a summary record
    content = bytearray(hand.log([hand.run(), summary, *map(areal, range(5)), hand.exited()]))
    content[content.index(areal(0)) + 5] ^= 1
    run = files.read_many([hand.write(tmp_path, bytes(content))])
    assert run.history["grpo_actor/task_reward/avg"].to_dict() == {2: 1, 3: 2, 4: 3, 5: 4}


@pytest.mark.parametrize("backend", ["a summary at the end", "a summary beside each row"])
def test_a_first_row_lost_with_its_summary_is_noted(tmp_path: Path, backend: str) -> None:
    """Where nothing tells at which step the rows begin, the page says that steps may be too low."""

    def areal(step: int) -> bytes:
        return hand.row({"_step": str(step), "grpo_actor/task_reward/avg": str(step)})

    def summary(step: int) -> bytes:
        return areal(step).replace(b"\x12", b"\x1a", 1)  # the same items as a summary record

    beside = [record for step in range(5) for record in (summary(step), areal(step))]
    records = [*map(areal, range(5)), summary(4)] if backend == "a summary at the end" else beside
    content = bytearray(hand.log([hand.run(), *records, hand.exited()]))
    for lost in (summary(0), areal(0)):
        if lost in content:
            content[content.index(lost) + 5] ^= 1
    run = files.read_many([hand.write(tmp_path, bytes(content))])
    assert run.history["grpo_actor/task_reward/avg"].tolist() == [1, 2, 3, 4]
    assert any("first rows may be lost" in note for note in run.notes)


def test_cut_anywhere_a_log_gives_its_whole_rows(tmp_path: Path) -> None:
    """Cut at every byte, a log gives the rows before the cut or says that there is no step yet."""
    content = hand.log([hand.run(), *hand.rows(6), hand.exited()])
    for size in range(len(content) + 1):
        path = hand.write(tmp_path, content[:size])
        try:
            run = files.read_many([path])
        except NoSteps:
            assert size < content.index(hand.row({"_step": "1", "loss": "0.1"}))
        else:
            assert run.history["loss"].tolist() == LOSS[: len(run.history)]
            assert run.state == ("finished" if size == len(content) else "unfinished")


@pytest.mark.parametrize("seed", range(4))
def test_damage_never_invents_a_value(tmp_path: Path, seed: int) -> None:
    """Whatever bytes are flipped, every value that is read stood there, at its step."""
    draw = random.Random(seed)
    whole = hand.log([hand.run(), *hand.rows(600, text='"abc"'), hand.exited()])
    for _ in range(40):
        content = bytearray(whole)
        for _ in range(draw.choice((1, 3, 30))):
            content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        try:
            run = files.read_many([hand.write(tmp_path, bytes(content))])
        except SourceError:
            continue
        assert list(run.history.columns) == ["loss"]
        assert run.history["loss"].tolist() == [LOSS[step] for step in run.history.index]


@pytest.mark.parametrize("seed", range(4))
def test_records_that_make_no_sense_are_left_out(tmp_path: Path, seed: int) -> None:
    """Records with true checksums and senseless bytes cost themselves, never a traceback."""
    draw = random.Random(seed)
    for _ in range(60):
        records = [bytearray(record) for record in (hand.run(), *hand.rows(8, text='"abc"'), hand.exited())]
        for record in draw.sample(records, 4):
            record[draw.randrange(len(record))] = draw.randrange(256)
            del record[draw.choice((draw.randrange(len(record)), len(record))) :]
        try:
            run = files.read_many([hand.write(tmp_path, hand.log(map(bytes, records)))])
        except SourceError:
            continue
        assert len(run.history) <= 9
