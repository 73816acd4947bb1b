"""Named numbers by row as they come out of a text, in 16 bytes each, and which of them are wanted."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection
from fnmatch import fnmatchcase

import numpy as np

from reportgen.naming import Key

ALWAYS = ("step", "_step", "_runtime", "_timestamp")


def wanted(keep: Collection[str] | None) -> Callable[[str], bool]:
    """Whether a metric is to be kept: everything without `keep`, else its names and patterns."""
    if keep is None:
        return lambda name: True
    names = {*keep, *ALWAYS}
    patterns = tuple(pattern for pattern in keep if any(sign in pattern for sign in "*?["))
    return lambda name: name in names or any(fnmatchcase(name, pattern) for pattern in patterns)


class Column:
    """The cells of one name: where they stand and what they hold."""

    __slots__ = ("at", "values")

    def __init__(self) -> None:
        self.at = array("q")  # row numbers
        self.values = array("d")

    def add(self, row: int, value: float) -> None:
        self.at.append(row)
        self.values.append(value)


def table(columns: dict[str, Column], n_rows: int) -> tuple[dict[Key, np.ndarray], list[tuple[int, Key, float]]]:
    """Name -> (n_rows,) float64 with NaN for gaps; and (row, name, value) of each nan that was logged."""
    arrays: dict[Key, np.ndarray] = {}
    nans: list[tuple[int, Key, float]] = []
    for name, column in columns.items():
        at = np.frombuffer(column.at, dtype=np.int64) if column.at else np.empty(0, dtype=np.int64)
        values = np.frombuffer(column.values) if column.values else np.empty(0)
        arrays[name] = np.full(n_rows, np.nan)
        arrays[name][at] = values
        nans += [(int(row), name, float("nan")) for row in at[np.isnan(values)]]
    return arrays, nans
