"""The end of a console as it stood on the screen."""

from __future__ import annotations

import pytest

from reportgen.sources.wandb import console as wandb_console


@pytest.mark.parametrize(
    ("written", "shown"),
    (
        ("a\nb\n", "a\nb"),
        ("10%|#   |\r 99%|####|\n", " 99%|####|"),
        ("long text\rshort\n", "shorttext"),
        ("long text\r\x1b[Kshort\n", "short"),
        ("\x1b[1;31mred\x1b[0m \x1b]0;title\x07plain", "red plain"),
        ("bar 1\nbar 2\n\x1b[2Abar 1 done\n\x1b[1Bend", "bar 1 done\nbar 2\nend"),
        ("abc\b\bX\n", "aXc"),
        ("tab\tstop\x00\x07", "tab\tstop"),
        ("\x1b", ""),
    ),
)
def test_a_small_terminal_is_obeyed(written: str, shown: str) -> None:
    """Carriage returns, erasing and cursor moves act; colours and titles are dropped."""
    assert wandb_console.tail([(1, written)]) == shown


def test_pieces_are_joined_by_stream() -> None:
    """Two streams that write in turns don't break each other's lines."""
    pieces = [(1, "out "), (0, "warn"), (1, "line"), (0, "ing\n"), (1, "\n")]
    assert wandb_console.tail(pieces) == "out line\nwarning"


def test_only_the_last_lines_are_kept() -> None:
    """Of a long console the end is told."""
    console = wandb_console.Console()
    for number in range(10_000):
        console.add(1, f"line {number}\n")
    lines = console.tail().splitlines()
    assert (len(lines), lines[0], lines[-1]) == (wandb_console.LINES, "line 9800", "line 9999")
