"""The stats tables in an AReaL log: tabulate's "fancy_grid" of (key, value) pairs, several pairs a row.

A table is filled column by column and one more key shifts all that follow, so that cells are told by their
neighbours, never by their place. A cell counts when a bar stands on both its sides.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Sequence

import numpy as np

from reportgen.naming import Key

BAR = "│".encode()
RULE_END = "┤".encode()
NUMBER = re.compile(rb"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|nan|inf)")
TRUTH = {b"True": 1.0, b"False": 0.0}


class Block:
    """The cells of table rows that hold the same keys: one matrix, 8 bytes a cell."""

    __slots__ = ("at", "keys", "values")

    def __init__(self, keys: Sequence[bytes]) -> None:
        self.keys = [key.strip().decode("utf-8", errors="replace") for key in keys]
        self.at = array("q")  # (n_rows,) the table that each row is of
        self.values = array("d")  # (n_rows * n_keys,)


class Tables:
    """The cells of every table of a trial."""

    def __init__(self) -> None:
        self.n_cut = 0  # cells that other output cut in two
        self._blocks: dict[tuple[bytes, ...], Block] = {}

    def read(self, text: bytes, number: int) -> None:
        """Take in lines of table number `number`; what is no row of it is passed over."""
        for line in text.split(b"\n"):
            if not line.endswith(RULE_END) and BAR in line:
                self._row(line.split(BAR)[1:-1], number)

    def columns(
        self, n_tables: int, wanted: Callable[[str], bool]
    ) -> tuple[dict[Key, np.ndarray], list[tuple[int, Key, float]]]:
        """Name -> (n_tables,) float64 with NaN for gaps; and (table, name, nan) of each nan that was logged."""
        arrays: dict[Key, np.ndarray] = {}
        nans: list[tuple[int, Key, float]] = []
        for block in self._blocks.values():
            at = np.frombuffer(block.at, dtype=np.int64)
            matrix = np.frombuffer(block.values).reshape(len(at), -1)
            for place, name in enumerate(block.keys):
                if wanted(name):
                    values = matrix[:, place]
                    arrays.setdefault(name, np.full(n_tables, np.nan))[at] = values
                    nans += [(int(row), name, float("nan")) for row in at[np.isnan(values)]]
        return arrays, nans

    def _row(self, cells: list[bytes], number: int) -> None:
        """The pairs of a row, all at once when it is whole."""
        keys = tuple(cells[::2])
        try:
            values = [float(value) for value in cells[1::2]]
        except ValueError:  # a blank pair at the table's end, a bool, or a row that is cut
            self._neighbours(cells, number)
            return
        block = self._blocks.get(keys)
        if block is None or len(keys) != len(values):
            if len(keys) != len(values) or not all(_is_name(key.strip()) for key in keys):
                self._neighbours(cells, number)
                return
            block = self._blocks.setdefault(keys, Block(keys))
        block.at.append(number)
        block.values.extend(values)

    def _neighbours(self, cells: list[bytes], number: int) -> None:
        """Every name that a number follows; what is neither is counted as cut."""
        place = 0
        while place < len(cells):
            key, value = cells[place].strip(), cells[place + 1].strip() if place + 1 < len(cells) else b"?"
            if not key:
                place += 1
            elif _is_name(key) and (NUMBER.fullmatch(value) or value in TRUTH):
                block = self._blocks.setdefault((key,), Block((key,)))
                block.at.append(number)
                block.values.append(TRUTH[value] if value in TRUTH else float(value))
                place += 2
            elif _is_name(key) and not value:
                place += 2
            else:
                self.n_cut += 1
                place += 1


def _is_name(text: bytes) -> bool:
    return bool(text) and text not in TRUTH and not NUMBER.fullmatch(text)
