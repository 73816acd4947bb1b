"""The cells of a table's columns as numbers: one number format a column, decided by all of its cells."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from reportgen.naming import NON_FINITE, Key

WORDS = {"true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0}
GAPS = frozenset(
    ("na", "n/a", "#n/a", "null", "none", "nil", "-", "--", "\u2013", "\u2014", "<na>", "missing", ".", "?")
)
SPACES = "   \u2007\u2009\u202f'\u2019"  # what parts thousands, comma and point aside

_THOUSANDS = re.compile(rf"[-+]?\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|[-+]?\d{{1,3}}(?:[{SPACES}]\d{{3}})+(?:\.\d+)?")
_COMMA = re.compile(
    rf"[-+]?(?:\d+|\d{{1,3}}(?:[.{SPACES}]\d{{3}})+)?,\d+(?:[eE][-+]?\d+)?|[-+]?\d{{1,3}}(?:[.{SPACES}]\d{{3}})+"
)
_EITHER = re.compile(r"[-+]?[1-9]\d{0,2},\d{3}")  # 1,024: a thousand, or one and a bit
_PERCENT = re.compile(r"(.*\d)\s*%")
_NO_PLAIN = str.maketrans("", "", SPACES)


@dataclass(frozen=True, eq=False)
class Column:
    """One column: its numbers, and what in it is none."""

    numbers: np.ndarray  # (n_rows,) float64; NaN where no number stands
    nans: np.ndarray  # rows with a literal nan
    odd: tuple[tuple[int, str], ...] = ()  # (row, text) of cells that are neither a number nor a gap
    n_odd: int = 0
    form: str = ""  # "percent", "decimal comma", "thousands", or "" for plain numbers

    @property
    def n_numbers(self) -> int:
        """How many cells are numbers, nan and inf included."""
        return int((~np.isnan(self.numbers)).sum()) + len(self.nans)

    @property
    def is_text(self) -> bool:
        """Whether its cells are texts rather than numbers."""
        return self.n_odd > self.n_numbers

    @property
    def is_empty(self) -> bool:
        """Whether no cell holds anything."""
        return not self.n_odd and not self.n_numbers

    def labels(self) -> list[str]:
        """Each row's cell as a text, "" where it has none."""
        found = [""] * len(self.numbers)
        for row in np.flatnonzero(~np.isnan(self.numbers)).tolist():
            found[row] = f"{self.numbers[row]:.12g}"
        for row, text in self.odd:
            found[row] = text.strip()
        return found

    def taken(self, rows: np.ndarray) -> Column:
        """The same column, only the rows given, in that order."""
        place = {int(row): at for at, row in enumerate(rows)}
        return Column(
            self.numbers[rows],
            np.array([place[row] for row in self.nans.tolist() if row in place], dtype=np.int64),
            tuple((place[row], text) for row, text in self.odd if row in place),
            sum(1 for row, _ in self.odd if row in place),
            self.form,
        )


@dataclass
class Cells:
    """One column as it comes in."""

    at: array[int] = field(default_factory=lambda: array("q"))  # rows of what is a plain number
    values: array[float] = field(default_factory=lambda: array("d"))
    odd: list[tuple[int, str]] = field(default_factory=list)  # (row, text) of all else but blank cells

    def add(self, row: int, value: Any) -> None:
        """Takes a cell that is a number, a text, a bool or nothing."""
        if isinstance(value, str):
            if value.strip():
                self.odd.append((row, value))
        elif value is not None:
            try:
                number = float(value)
            except (TypeError, ValueError, OverflowError):
                return
            self.at.append(row)
            self.values.append(number)


class _Sorted(NamedTuple):
    """The odd cells of a column by what they may be."""

    known: list[tuple[int, float]]  # nan, inf, yes, no
    percents: list[tuple[int, str]]  # without their sign
    others: list[tuple[int, str]]


def columns(cells: Mapping[Key, Cells], n_rows: int, delimiter: str = "") -> dict[Key, Column]:
    """Every column with its numbers; how one column writes them helps to tell what another means by 1,024."""
    parts = {name: _sorted(one.odd) for name, one in cells.items()}
    forms = {name: _form([text for _, text in part.others or part.percents]) for name, part in parts.items()}
    comma = delimiter == ";" or "decimal comma" in forms.values()
    return {name: _column(one, parts[name], forms[name], n_rows, comma=comma) for name, one in cells.items()}


def with_gaps(table: Mapping[Key, Column], is_eval: Callable[[str], bool]) -> tuple[dict[Key, Column], list[Key]]:
    """The columns with literal nans as gaps where they stand for "not logged", and which those are.

    So they do where a table has no other gaps in that column and nan fills half of it, or its beginning, or
    a column of evals: pandas, polars and numpy write it so. A nan among numbers was logged.
    """
    found: dict[Key, Column] = {}
    filled: list[Key] = []
    for name, column in table.items():
        n_nan, n_rows = len(column.nans), len(column.numbers)
        dense = column.n_numbers + column.n_odd == n_rows
        words = name if isinstance(name, str) else "/".join(name)
        if n_nan and dense and (n_nan * 2 >= n_rows or (n_nan * 10 >= n_rows and is_eval(words))):
            found[name] = Column(column.numbers, np.empty(0, dtype=np.int64), column.odd, column.n_odd, column.form)
            filled.append(name)
        else:
            found[name] = column
    return found, filled


def number_in(text: str) -> float | None:
    """A text that is a plain number, nan, inf, yes or no; None when it is another."""
    try:
        return float(text)
    except ValueError:
        word = text.strip().lower()
        return NON_FINITE.get(word, WORDS.get(word))


def _sorted(odd: Iterable[tuple[int, str]]) -> _Sorted:
    found = _Sorted([], [], [])
    for row, raw in odd:
        text = raw.strip()
        if text.lower() in GAPS:
            continue
        if (value := number_in(text)) is not None:
            found.known.append((row, value))
        elif percent := _PERCENT.fullmatch(text):
            found.percents.append((row, percent[1]))
        else:
            found.others.append((row, text))
    return found


def _form(texts: list[str]) -> str:
    """How a column's numbers are written, "" when its odd cells are no numbers; "either" when they may be both."""
    n_either = sum(1 for text in texts if _EITHER.fullmatch(text))
    n_comma = sum(1 for text in texts if _COMMA.fullmatch(text))
    n_thousands = sum(1 for text in texts if _THOUSANDS.fullmatch(text))
    if max(n_comma, n_thousands) * 2 <= len(texts):
        return ""
    if n_either == n_comma == n_thousands:
        return "either"
    return "decimal comma" if n_comma >= n_thousands else "thousands"


def _column(cells: Cells, part: _Sorted, form: str, n_rows: int, *, comma: bool) -> Column:
    """One column, its odd cells read in the form that was decided on."""
    numbers = np.full(n_rows, np.nan)
    values = np.frombuffer(cells.values) if cells.values else np.empty(0)
    at = np.frombuffer(cells.at, dtype=np.int64) if cells.at else np.empty(0, dtype=np.int64)
    if form == "either":
        form = "decimal comma" if comma else "thousands"
    is_percent = len(part.percents) > len(part.others) and len(part.percents) > len(at) // 10
    odd: list[tuple[int, str]] = []
    if is_percent:
        odd += [(int(row), f"{value:g}") for row, value in zip(at, values, strict=True) if value and np.isfinite(value)]
        at, values = at[:0], values[:0]
        odd += part.others
    elif form == "decimal comma":  # a point would part thousands here
        whole = (values == np.rint(values)) | ~np.isfinite(values)
        odd += [(int(row), f"{value:g}") for row, value in zip(at[~whole], values[~whole], strict=True)]
        at, values = at[whole], values[whole]
    numbers[at] = values
    signed = [(row, f"{text}%") for row, text in part.percents]
    for row, text in part.percents if is_percent else [*part.others, *signed]:
        value = _written(text, form)
        if value is None:
            odd.append((row, text))
        else:
            numbers[row] = value / 100 if is_percent else value
    for row, value in part.known:
        numbers[row] = value
    told = {int(row) for row in at[np.isnan(values)]} | {row for row, value in part.known if value != value}
    nans = np.array(sorted(told), dtype=np.int64)
    return Column(numbers, nans, tuple(sorted(odd)), len(odd), "percent" if is_percent else form)


def _written(text: str, form: str) -> float | None:
    """A number in its column's form."""
    if form == "decimal comma" and _COMMA.fullmatch(text):
        return float(text.translate(_NO_PLAIN).replace(".", "").replace(",", "."))
    if form == "thousands" and _THOUSANDS.fullmatch(text):
        return float(text.translate(_NO_PLAIN).replace(",", ""))
    try:
        return float(text)
    except ValueError:
        return None
