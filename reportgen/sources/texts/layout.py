"""Where a table's header stands in a text, what parts its cells, and what comes before it."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from reportgen.sources.texts.cells import GAPS, number_in
from reportgen.sources.texts.csv_text import DELIMITERS, LONGEST_CELL, split
from reportgen.sources.texts.steps import is_step_like

LOOKED_AT = 60  # lines
COMMENT = re.compile(r"\s*(?:#|%|//)+\s?")
SEPARATOR = re.compile(r"\s*sep=(.)\s*", re.IGNORECASE)  # Excel's first line
UNNAMED = re.compile(r"Unnamed: \d+(?:_level_\d+)?")
MOST_HEADERS = 3


@dataclass(frozen=True)
class Layout:
    """How a table is written."""

    names: tuple[str, ...]
    delimiter: str
    n_lines: int = 0  # lines that end with the header's last
    passed_over: tuple[str, ...] = ()  # what stood before the header


@lru_cache(maxsize=8)  # several sources ask of the same text
def of_text(text: str) -> Layout:
    """The layout that the first lines of a text have; no names when it is blank."""
    lines = list(islice(split(text), LOOKED_AT))
    given = ""
    n_sep = 0
    if lines and (separator := SEPARATOR.fullmatch(lines[0].lstrip("\ufeff").strip("\r\n"))):
        given, n_sep = separator[1], 1
    body = [line for line in lines[n_sep:] if line.strip() and not COMMENT.match(line)] or [
        line for line in lines[n_sep:] if line.strip()
    ]
    if not body:
        return Layout((), given or ",")
    delimiter = given or _delimiter(body)
    rows = _rows(lines, delimiter)
    width = _usual_width([row for _, row in rows if not _is_comment(row)] or [row for _, row in rows])
    wide = [(end, row) for end, row in rows if len(row) == width and any(cell.strip() for cell in row)]
    if not wide:
        return Layout((), delimiter)
    at = next((at for at, (_, row) in enumerate(wide) if not _is_comment(row)), 0)
    commented = [(end, _bare(row)) for end, row in wide[:at]]
    if is_data(wide[at][1]) and commented:  # numpy.savetxt and gnuplot put the names into a comment
        names = commented[-1][1]
        return _made(lines, names, delimiter, commented[-1][0])
    heads = [wide[at][1]]
    while len(heads) < MOST_HEADERS and at + len(heads) < len(wide) - 1 and _continues(heads, wide[at + len(heads)][1]):
        heads.append(wide[at + len(heads)][1])
    return _made(lines, joined(heads), delimiter, wide[at + len(heads) - 1][0])


def is_data(row: Sequence[str]) -> bool:
    """Whether every cell of a row is a number or blank, and one is a number."""
    cells = [cell.strip() for cell in row if cell.strip() and cell.strip().lower() not in GAPS]
    return bool(cells) and all(number_in(cell) is not None for cell in cells)


def joined(heads: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """One name a column out of one or several header rows: "train/reward" for train above reward."""
    if len(heads) == 1:
        return tuple(name.strip() for name in heads[0])
    groups = _filled(heads[0])
    index = [row[0].strip() for row in heads if row[0].strip() and not UNNAMED.fullmatch(row[0].strip())]
    names = [index[-1] if index else ""]
    for at in range(1, len(heads[0])):
        parts = [groups[at], *(row[at].strip() for row in heads[1:])]
        names.append("/".join(part for part in parts if part and not UNNAMED.fullmatch(part)))
    return tuple(names)


def _continues(heads: Sequence[Sequence[str]], row: Sequence[str]) -> bool:
    """Whether a row belongs to the header: no number in it, and the row above groups, or the step stands alone."""
    cells = [cell.strip() for cell in row]
    if any(number_in(cell) is not None for cell in cells if cell):
        return False
    above = [cell.strip() for cell in heads[0][1:]]
    grouped = len(set(above)) < len(above) or "" in above
    alone = bool(cells[0]) and not any(cells[1:]) and is_step_like(cells[0])
    return alone or (grouped and len(heads) < 2 and any(cells[1:]))


def _filled(row: Sequence[str]) -> list[str]:
    """A row of groups with blanks as the group before them, as merged cells are written."""
    found: list[str] = []
    last = ""
    for cell in row:
        last = cell.strip() or last
        found.append(last)
    return found


def _made(lines: Sequence[str], names: Sequence[str], delimiter: str, end: int) -> Layout:
    before = tuple(line.strip() for line in lines[: end - 1] if line.strip())
    clean = tuple(name.strip() for name in names)
    return Layout(clean, delimiter, end, tuple(line for line in before if not set(clean) >= {*_cells(line, delimiter)}))


def _cells(line: str, delimiter: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]


def _delimiter(lines: Sequence[str]) -> str:
    """What parts most lines into the same number of cells, more than one."""

    def telling(delimiter: str) -> tuple[int, int, int]:
        widths = [len(row) for _, row in _rows(lines, delimiter)]
        width = _usual(widths)
        return (width > 1) * sum(1 for own in widths if own == width), width, -DELIMITERS.index(delimiter)

    return max(DELIMITERS, key=telling)


def _rows(lines: Sequence[str], delimiter: str) -> list[tuple[int, list[str]]]:
    """(number of the line that it ends with, cells) of each row that isn't blank."""
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(iter(lines), delimiter=delimiter)
    rows: list[tuple[int, list[str]]] = []
    with suppress(csv.Error):
        rows += ((reader.line_num, row) for row in reader if row)
    return rows


def _usual_width(rows: Sequence[Sequence[str]]) -> int:
    return _usual([len(row) for row in rows])


def _usual(widths: Sequence[int]) -> int:
    """The width that most rows have, of equals the greater."""
    counts = Counter(widths)
    return max(counts, key=lambda width: (counts[width], width), default=0)


def _is_comment(row: Sequence[str]) -> bool:
    return bool(row) and COMMENT.match(row[0]) is not None


def _bare(row: Sequence[str]) -> list[str]:
    return [COMMENT.sub("", row[0], count=1), *row[1:]]
