"""Delimited text as columns of numbers: delimiter and names told from the first lines, cells in 16 bytes each."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import islice

from reportgen.settings import MOST_ROWS
from reportgen.sources import place

DELIMITERS = ",;\t|"
NUMBER = re.compile(r"[-+]?[\d.,]+(?:[eE][-+]?\d*)?%?")  # however it is written, a cut one too
LONGEST_CELL = 1 << 24  # characters


def header(text: str) -> tuple[list[str], str]:
    """The names in the first row that isn't blank, and the delimiter that parts them."""
    lines = [line for line in islice(split(text), 20) if line.strip()]
    if not lines:
        return [], ","
    best = max(DELIMITERS, key=lambda delimiter: (_width(lines, delimiter), -DELIMITERS.index(delimiter)))
    return [name.strip() for name in _parsed([text.lstrip("\r\n")], best)], best


def rows(path: str, delimiter: str, notes: list[str], *, after: int | None = None) -> Iterator[list[str]]:
    """Rows after the header, blank ones left out; up to where the text stops being a CSV, which is noted.

    after: lines that end with the header's last; None: the first row that isn't blank is the header. A number
    that ends the file without a line's end may be cut: it is left out.
    """
    csv.field_size_limit(LONGEST_CELL)
    ended: list[bool] = []  # whether the last line has its end
    n_rows = 0
    last: list[str] | None = None
    for n_rows, row in enumerate(_rows(path, delimiter, notes, ended, after), start=1):
        if last is not None:
            yield last
        last = row
        if n_rows > MOST_ROWS:
            notes.append(f"the table was read up to row {MOST_ROWS:,} only")
            return
    if last is not None and ended and not ended[-1] and NUMBER.fullmatch(last[-1].strip()):
        notes.append(f"the last line, row {n_rows:,}, has no end: its last number may be cut and was left out")
        last = last[:-1]
    if last:
        yield last


def _rows(
    path: str, delimiter: str, notes: list[str], ended: list[bool], after: int | None
) -> Iterator[list[str]]:
    reader = csv.reader(_text_lines(path, notes, ended), delimiter=delimiter)
    past_header = False
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            notes.append(f"the table was read up to line {reader.line_num:,} only: {error}")
            return
        if row is None:
            return
        if after is not None:
            past_header = reader.line_num > after
        if past_header and row:
            yield row
        past_header = past_header or any(cell.strip() for cell in row)


def first_lines(path: str) -> str:
    """The first lines of a file, the header whole however wide it is."""
    for chunk in place.chunks(path, []):
        return chunk.decode("utf-8-sig", errors="replace")
    return ""


def _width(lines: Sequence[str], delimiter: str) -> int:
    """In how many columns a delimiter parts the header, when it does so to the next row too."""
    first = len(_parsed(lines[:1], delimiter))
    return first if len(lines) < 2 or len(_parsed(lines[1:2], delimiter)) == first else 1


def _parsed(texts: Sequence[str], delimiter: str) -> list[str]:
    """The first row of a text; none when it is no CSV."""
    csv.field_size_limit(LONGEST_CELL)
    try:
        return next(csv.reader(split("".join(texts)), delimiter=delimiter), [])
    except csv.Error:
        return []


def _text_lines(path: str, notes: list[str], ended: list[bool]) -> Iterator[str]:
    for chunk in place.chunks(path, notes):
        ended[:] = [chunk.endswith((b"\n", b"\r", b'"'))]
        yield from split(chunk.decode("utf-8-sig", errors="replace"))


def split(text: str) -> Iterator[str]:
    """Lines with their ends; a line separator inside a cell is none."""
    return iter(io.StringIO(text.lstrip("\ufeff"), newline=""))
