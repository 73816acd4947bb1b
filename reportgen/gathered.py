"""Rows kept as columns while they come in: 8 bytes a number, copied at once, where a mapping a row takes hundreds."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from reportgen import naming
from reportgen.naming import Key
from reportgen.run import LARGEST


class Gathered:
    """The numbers of logged rows by metric, in logged order; what is no number is left out."""

    def __init__(self, rows: Iterable[Mapping[Key, Any]] = ()) -> None:
        self.n_rows = 0
        self._cells: dict[Key, tuple[array[int], array[float]]] = {}  # (rows, values)
        self._bad: list[tuple[int, Key, float]] = []
        for row in rows:
            self.add(row)

    def add(self, row: Mapping[Key, Any]) -> None:
        """Takes the next row, nested as logged."""
        self.n_rows += 1
        self.more(row)

    def more(self, row: Mapping[Key, Any]) -> None:
        """Takes further numbers of the last row; the later of two for one metric stands."""
        at = self.n_rows - 1
        cells = self._cells
        for key, value in naming.leaves(row):
            number = naming.number(value)
            if number is None:
                continue
            if not abs(number) <= LARGEST:
                self._bad.append((at, key, number))
            if key not in cells:
                cells[key] = (array("q"), array("d"))
            rows, values = cells[key]
            rows.append(at)
            values.append(number)

    def put(self, key: Key, values: Sequence[float]) -> None:
        """Sets a whole column, (n_rows,) of finite numbers."""
        self._cells[key] = (array("q", range(self.n_rows)), array("d", values))

    @property
    def names(self) -> list[Key]:
        """The metrics that any row has, in the order of their first numbers."""
        return list(self._cells)

    def only(self, wanted: Callable[[Key], bool]) -> Gathered:
        """The same rows with the wanted metrics alone."""
        found = Gathered()
        found.n_rows = self.n_rows
        found._cells = {key: cells for key, cells in self._cells.items() if wanted(key)}
        found._bad = [entry for entry in self._bad if entry[1] in found._cells]
        return found

    def columns(self) -> tuple[dict[Key, np.ndarray], list[tuple[int, Key, float]]]:
        """Metric -> (n_rows,) float64, NaN where a row didn't log it, and (row, metric, value) of each nan and inf."""
        columns = {}
        for key, (rows, values) in self._cells.items():
            columns[key] = np.full(self.n_rows, np.nan)
            columns[key][np.frombuffer(rows, dtype=np.int64)] = np.frombuffer(values)
        return columns, list(self._bad)
