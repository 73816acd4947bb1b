"""TensorBoard's event files, as torch, tensorboardX and TensorBoard itself write them."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from tracked import SHARED, assert_is_truth, assert_keeps_secrets, unpacked

from reportgen.errors import NoSteps
from reportgen.sources import find, read
from reportgen.sources.tensorboard import events, framing


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every layout, written by the real libraries."""
    return unpacked("tensorboard", tmp_path_factory)


@pytest.mark.parametrize("layout", ["torch", "tensorboardX", "tensors", "own", "two_writers", "keras", "hparams"])
def test_every_writer_gives_the_same_run(store: Path, layout: str) -> None:
    """Scalars in every spelling and layout equal the truth to float32."""
    (spec,) = find(str(store / layout))
    run = read(spec)
    assert_is_truth(run, exact=False)
    assert run.name == "trial0"


def test_config_is_read_from_text_without_secrets(store: Path) -> None:
    """The JSON of a text summary called args is the config."""
    run = read(str(store / "torch/runs/trial0"))
    assert run.config["actor.optimizer.lr"] == 1.7e-5
    assert_keeps_secrets(run)


def test_hparams_are_config_and_no_step(store: Path) -> None:
    """What add_hparams writes is config; the last value that it repeats at step 0 is no step."""
    run = read(str(store / "hparams/trial0"))
    assert (run.config["lr"], run.config["bf16"]) == (1.7e-5, True)
    assert run.state == "finished"
    assert_keeps_secrets(run)


def test_generations_are_never_read(store: Path) -> None:
    """Prompts that verl writes as text stay where they are."""
    assert "PROMPT" not in repr(read(str(store / "two_writers/trial0")))


@pytest.mark.parametrize("layout", ["restart", "purge"])
def test_a_restart_takes_over(store: Path, layout: str) -> None:
    """A later launch's values stand from its first step on, and the restart is told."""
    run = read(str(store / layout / "trial0"))
    assert_is_truth(run, exact=False)
    assert run.restarts == (63,)


def test_add_scalars_belongs_to_the_run(store: Path) -> None:
    """The folders that add_scalars makes are metrics of the run beside them."""
    (spec,) = find(str(store / "add_scalars"))
    history = read(spec).history
    assert list(history["eval/reward"].dropna()) == pytest.approx([0.287, 0.3205])
    assert history["train/reward"].notna().all()


def test_folders_side_by_side_are_runs(store: Path) -> None:
    """A folder of run folders is as many runs."""
    assert len(find(str(store))) == 10


def test_a_torn_file_is_read_as_far_as_it_goes(store: Path, tmp_path: Path) -> None:
    """A last record that was never finished is told, and everything before it stands."""
    (whole,) = (store / "tensorboardX/trial0").iterdir()
    torn = tmp_path / whole.name
    torn.write_bytes(whole.read_bytes()[:10_000])
    run = read(str(tmp_path))
    assert 50 < len(run.history) < 80
    assert any("torn" in note for note in run.notes)


@pytest.mark.parametrize(("offset", "says"), [(20, "checksum"), (2, "belong to no record"), (5, "belong to no record")])
def test_damage_costs_only_what_it_hit(store: Path, tmp_path: Path, offset: int, says: str) -> None:
    """A flipped bit in one record leaves out that record, wherever in it the bit stands."""
    (whole,) = (store / "tensorboardX/trial0").iterdir()
    data = bytearray(whole.read_bytes())
    starts = _starts(bytes(data))
    data[starts[100] + offset] ^= 0x40
    (tmp_path / whole.name).write_bytes(data)
    run = read(str(tmp_path))
    assert any(says in note for note in run.notes)
    assert int(run.history.notna().sum().sum()) == 3 * 126 - 2 + 2 - 1


def test_the_checksum_is_crc32c() -> None:
    """The check value of CRC-32C, masked as TFRecord does, from both ways of taking it."""
    digits = b"123456789"
    masked = ((0xE3069283 >> 15 | 0xE3069283 << 17) + 0xA282EAD8) & 0xFFFFFFFF
    assert int(framing.masked_crc(np.frombuffer(digits, dtype=np.uint8)[:, None])[0]) == masked
    assert framing.crc_of_one(digits) == masked


def test_a_file_without_a_scalar_has_no_step_yet(tmp_path: Path) -> None:
    """A file that holds only its version says that there is no step yet."""
    event = struct.pack("<Bd", 9, 1.0) + b"\x1a\x0dbrain.Event:2"
    (tmp_path / "events.out.tfevents.1.host").write_bytes(_record(event))
    with pytest.raises(NoSteps, match="no step yet"):
        read(str(tmp_path))


def test_a_long_file_keeps_every_point_in_order(tmp_path: Path) -> None:
    """Points of one tag keep the order in which they were written, however wide their steps are."""
    steps = [*range(100, 300), 2**40, *range(3)]
    scalars = [struct.pack("<Bd", 9, float(at)) + b"\x10" + _varint(step) + b"\x2a\x0a\x0a\x08\x0a\x01a\x15" +
               struct.pack("<f", at) for at, step in enumerate(steps)]  # fmt: skip
    log = events.Log()
    events.read([b"".join(map(_record, scalars))], log, lambda tag: True)
    (points,) = log.points["a"]
    assert points.steps.tolist() == steps
    assert points.values.tolist() == [float(at) for at in range(len(steps))]


@pytest.mark.parametrize(
    ("case", "counts"),
    [("tb-torch", [126]), ("tb-tensorboardx", [126]), ("tb-split-train-eval", [126]), ("tb-three-runs", [126] * 3),
     ("tb-torn", [84]), ("tensorboard-folder", [120, 120]), ("areal_trackers/areal_tb", [100])],
)  # fmt: skip
def test_shared_cases(case: str, counts: list[int]) -> None:
    """Every case that others made gives as many steps as it has."""
    if not SHARED.exists():
        pytest.skip("the shared cases are not here")
    assert [len(read(spec).history) for spec in find(str(SHARED / case))] == counts


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return b"".join((length, struct.pack("<I", framing.crc_of_one(length)), data,
                     struct.pack("<I", framing.crc_of_one(data))))  # fmt: skip


def _starts(data: bytes) -> list[int]:
    at, starts = 0, []
    while at < len(data):
        starts.append(at)
        at += struct.unpack_from("<Q", data, at)[0] + framing.FRAME
    return starts


def _varint(value: int) -> bytes:
    digits = bytearray()
    while value >= 0x80:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])
