"""Values out of foreign files: typed once, and bounded."""

import gzip
import json
import lzma
from datetime import UTC, datetime

import pytest
import zstandard

from reportgen import foreign, read
from reportgen.errors import SourceError
from reportgen.sources import place
from reportgen.sources.beside import yaml_text
from reportgen.sources.files import unpacked

ROWS = "step,reward\n" + "".join(f"{step},{0.2 + step / 1000:.4f}\n" for step in range(1, 5001))
PACKERS = {".gz": gzip.compress, ".xz": lzma.compress, ".zst": zstandard.ZstdCompressor().compress}


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 900 + "1" + "}" * 900, "{", "", "\x00", b"\xff\xfe"])
def test_json_beyond_the_limits_is_refused(text):
    """Deep, torn and binary texts are all one kind of error."""
    with pytest.raises(foreign.Unfit):
        foreign.parsed(text)


def test_a_number_of_5000_digits_is_one_too_large():
    """It is told with nan and inf, and stops nothing."""
    assert foreign.parsed('{"a": 1' + "0" * 5000 + "}") == {"a": float("inf")}


def test_lone_surrogates_are_replaced():
    """No file and no table could hold them."""
    assert foreign.parsed(r'{"a\ud800": ["\udfff"]}') == {"a\ufffd": ["\ufffd"]}


def test_a_moment_beyond_the_calendar_is_none():
    """Years 0 and 10,000, and a time zone that leads out of the calendar, are no moments."""
    for text in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "10000-01-01", 5, None, ["2024"]):
        assert foreign.moment(text) is None
    assert foreign.moment("2024-01-01") == datetime(2024, 1, 1, tzinfo=UTC)
    assert foreign.since_1970(1e300) is None


def test_an_alias_bomb_is_refused_at_once():
    """Nine levels of nine aliases stand for a thousand million settings."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    with pytest.raises(yaml_text.Unfit, match="unfolds into more than"):
        yaml_text.mapping("\n".join(lines).encode())


def test_merged_keys_are_there_and_count():
    """`<<` gives what its mapping holds, its own keys stand; a bomb of merges is refused."""
    assert yaml_text.mapping(b"a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}")["b"] == {"x": 1, "y": 3}
    lines = ["a0: &a0 {k: 1}"] + [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 10)]
    with pytest.raises(yaml_text.Unfit):
        yaml_text.mapping("\n".join(lines).encode())


def test_no_tag_makes_an_object():
    """A Python tag gives the plain value, a tag that doesn't fit its text the text."""
    text = b"a: !!python/tuple [1, 2]\nb: !!int ''\nc: !foo {x: 1}\nd: !!timestamp '2001-99-99'\ne: 2001-12-14\n"
    assert yaml_text.mapping(text) == {"a": [1, 2], "b": "", "c": {"x": 1}, "d": "2001-99-99", "e": "2001-12-14"}


def test_plain_scalars_are_what_yaml_says():
    """Numbers of every base, truth, null and texts."""
    text = b"a: 0x1F\nb: 1e-5\nc: 1.0e-5\nd: yes\ne: ~\nf: '5'\ng: 010\nh: .inf\ni: 12:30\nj: " + b"9" * 5000
    found = yaml_text.mapping(text)
    assert [found[key] for key in "abcdefghi"] == [31, "1e-5", 1e-5, True, None, "5", 8, float("inf"), "12:30"]
    assert found["j"] == "9" * 5000


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_torn_archive_gives_whole_rows_and_says_so(tmp_path, suffix):
    """Nothing is read of the line in which it was cut."""
    packed = PACKERS[suffix](ROWS.encode())
    path = tmp_path / f"a.csv{suffix}"
    path.write_bytes(packed[: len(packed) * 3 // 4])
    if suffix == ".zst":  # one block: nothing of it is whole
        path.write_bytes(packed[:-40])
    try:
        run = read(str(path))
    except SourceError as error:
        assert "cut off" in str(error) or "ends before" in str(error)
        return
    assert any("cut off or damaged" in note for note in run.notes)
    assert all(value == round(0.2 + step / 1000, 4) for step, value in run.history["reward"].items())


@pytest.mark.parametrize("suffix", PACKERS)
def test_several_streams_in_one_file_are_read_on(tmp_path, suffix):
    """As `cat a.gz b.gz` makes them."""
    path = tmp_path / f"a.csv{suffix}"
    pack = PACKERS[suffix]
    path.write_bytes(pack(ROWS[:3000].encode()) + pack(ROWS[3000:].encode()))
    assert place.content(str(path), notes := []) == ROWS
    assert notes == []


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_bomb_is_cut_and_said(tmp_path, suffix):
    """Far more than any log unpacks to is not read."""
    path = tmp_path / f"a.csv{suffix}"
    path.write_bytes(PACKERS[suffix](b"step,reward\n1,0.5\n2,0.5\n" + b"\0" * (200 << 20)))
    notes: list[str] = []
    assert sum(map(len, place.chunks(str(path), notes))) < 80 << 20
    assert "unpacks to more than" in notes[0]


def test_a_file_that_grows_is_read_as_far_as_it_was(tmp_path):
    """A log that is written to faster than it is read has an end."""
    path = tmp_path / "a.csv"
    path.write_text(ROWS)
    with path.open("rb") as raw, path.open("ab") as more:
        stream = unpacked.opened(raw)
        more.write(ROWS.encode())
        more.flush()
        found = b"".join(iter(stream.piece, b""))
    assert found == ROWS.encode()


def test_a_hole_of_zeros_ends_a_file(tmp_path):
    """Ten sparse gigabytes take no time, in UTF-16 too."""
    for name, text in (("a.csv", ROWS.encode()), ("b.csv", ROWS.encode("utf-16"))):
        with (tmp_path / name).open("wb") as file:
            file.write(text)
            file.truncate(10 << 30)
        run = read(str(tmp_path / name))
        assert len(run.history) == 5000
        assert any("nothing but zeros" in note for note in run.notes)


def test_utf16_is_read_piece_by_piece(tmp_path):
    """Characters on the edge of two pieces are whole."""
    text = "step,reward\n" + "".join(f"{step},0.5,ü€\n" for step in range(60_000))
    (tmp_path / "a.csv").write_bytes(text.encode("utf-16"))
    assert place.content(str(tmp_path / "a.csv"), []) == text


def test_a_last_number_without_a_line_end_is_left_out(tmp_path):
    """0.3 may be the beginning of 0.31."""
    (tmp_path / "a.csv").write_text("step,loss,reward\n1,0.5,0.3105\n2,0.4,0.3")
    run = read(str(tmp_path / "a.csv"))
    assert run.history["reward"].dropna().tolist() == [0.3105]
    assert run.history["loss"].tolist() == [0.5, 0.4]
    assert any("may be cut" in note for note in run.notes)


def test_a_local_copy_with_a_foreign_type_is_one_sentence(tmp_path):
    """A list where a text belongs, a file outside the folder."""
    about = {"format": "reportgen run", "version": 1, "state": [], "history": "../x.parquet"}
    (tmp_path / "run.json").write_text(json.dumps(about, indent=1))
    with pytest.raises(SourceError, match="damaged local copy"):
        read(str(tmp_path))


def test_a_crafted_console_line_takes_no_time(tmp_path):
    """What once took hours (a test that hangs fails)."""
    for line in ("{'loss': 1, " + "'epoch': " * 100_000, "{'loss': 1, 'epoch': " + " " * 300_000 + "\n" * 3):
        (tmp_path / "t.log").write_text(line)
        with pytest.raises(SourceError):
            read(str(tmp_path / "t.log"))
