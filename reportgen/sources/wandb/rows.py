"""History records of a `.wandb` log as columns, many records at a time; odd ones field by field."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np

from reportgen import naming
from reportgen.naming import Key
from reportgen.run import INTERNAL, STEP_NAMES
from reportgen.sources.wandb import items as wandb_items
from reportgen.sources.wandb import messages
from reportgen.sources.wandb import numbers as wandb_numbers
from reportgen.sources.wandb.items import Items
from reportgen.sources.wandb.messages import Bytes

BATCH = 1 << 19  # bytes of records decoded at once: stays in the processor's cache
ROOM = len(wandb_items.BEFORE) + BATCH + len(wandb_items.BEHIND)
NESTED = 0x12  # first byte of a key that is a path
UNWANTED = -1
ALWAYS = frozenset((*INTERNAL, *STEP_NAMES))
SLOT = np.uint64(51)


class Logged(NamedTuple):
    """The last value of a key that was logged, and in which row."""

    row: int
    value: Any


class Rows:
    """The rows of a log as they come, and their columns in the end."""

    def __init__(self, keep: Collection[str] | None, also: Collection[str] = (), starting_step: int = 0) -> None:
        self._keep, self._also = keep, also
        self.ids: dict[Key, int] = {}  # UNWANTED for a key that was refused
        self.keys: list[Key] = []  # by column
        self._hashes = np.zeros(1, np.uint64)  # of the bytes of known keys, ascending
        self._hash_ids = np.full(1, UNWANTED)
        self._slots = np.zeros(1 << 13, np.intp)  # first bits of a hash -> where it may stand among them
        self._matrices: list[np.ndarray] = []  # each (n_columns so far, n_rows of the batch)
        # freed at once: from then on glibc keeps blocks of this size, where it else gives each batch's back to the
        # system (measured: 46,000 page faults and a third of the time less for a log of 145 MB)
        np.empty(1 << 22, np.uint8)
        self._batch = bytearray(ROOM)  # records one after the other
        self._ends: list[int] = []  # of each in it
        self._end = len(wandb_items.BEFORE)  # of the last
        self._n_values = 0
        self.n_rows = 0  # decoded so far
        self.last_step = starting_step - 1.0
        self.nonfinite: list[tuple[int, Key, float]] = []
        self.others: dict[Key, Logged] = {}  # last value that is no number, by key
        self.typed: set[tuple[str, ...]] = set()  # paths of media values, whose leaves are no metrics
        self.n_garbled = 0
        self._column("_step")

    def add(self, buffer: Bytes, start: int, end: int) -> None:
        """Takes the bytes of one history record."""
        size = end - start
        if self._end + size > len(self._batch) - len(wandb_items.BEHIND):
            self.flush()
            if size > BATCH:
                self._batch = bytearray(ROOM + size)
        self._batch[self._end : self._end + size] = memoryview(buffer)[start:end]
        self._end += size
        self._ends.append(self._end)

    @property
    def n_taken(self) -> int:
        """How many records were taken, decoded or not."""
        return self.n_rows + len(self._ends)

    def refused(self, names: Collection[str]) -> bool:
        """Whether a metric of one of these names was logged and not kept."""
        return any(self.ids.get(name) == UNWANTED for name in names)

    def columns(self) -> dict[Key, np.ndarray]:
        """Key -> (n_rows,) float64, NaN where a row didn't log it; leaves of media left out."""
        self.flush()
        if [matrix.shape for matrix in self._matrices] != [(len(self.keys), self.n_rows)]:
            table = np.full((len(self.keys), self.n_rows), np.nan)
            row = 0
            for matrix in self._matrices:
                table[: matrix.shape[0], row : row + matrix.shape[1]] = matrix
                row += matrix.shape[1]
            self._matrices = [table]
        (table,) = self._matrices
        return {key: table[i] for i, key in enumerate(self.keys) if not self.is_media(key)}

    def is_media(self, key: Key) -> bool:
        """Whether a key is part of a picture, table or histogram."""
        return isinstance(key, tuple) and any(key[:n] in self.typed for n in range(1, len(key)))

    def flush(self) -> None:
        """Decodes the records taken so far."""
        if not self._ends:
            return
        buffer, ends = self._batch, np.array(self._ends)
        starts = np.append(len(wandb_items.BEFORE), ends[:-1])
        self._ends, self._end = [], len(wandb_items.BEFORE)
        items, left, odd = wandb_items.find(buffer, starts, ends)
        cells: list[tuple[int, int, float]] = []  # (column, record, value) of values that come one by one
        steps = {record: self._slowly(buffer[starts[record] : ends[record]], record, cells) for record in odd.tolist()}
        ids = self._ids(buffer, items)
        if len(wanted := np.flatnonzero(ids >= 0)) < len(ids):
            items, ids = items.at(wanted), ids[wanted]
        if len(others := np.flatnonzero(~wandb_numbers.are(buffer, items.value, items.end))):
            self._others(buffer, items.at(others), ids[others], cells)
            numbers = np.delete(np.arange(len(ids)), others)
            items, ids = items.at(numbers), ids[numbers]
        values = wandb_numbers.floats(buffer, items.value, items.end, self._n_values)
        self._n_values += len(values)
        matrix = np.full((len(self.keys), len(starts)), np.nan)
        matrix.reshape(-1)[ids * len(starts) + items.record] = values
        for column, record, cell in cells:
            matrix[column, record] = cell
        for at in np.flatnonzero(~np.isfinite(values)):
            self._odd_number(int(items.record[at]), self.keys[ids[at]], float(values[at]))
        self._number_steps(matrix[0], buffer, left, ends, steps)
        self._matrices.append(matrix)
        self.n_rows += len(starts)

    def _others(self, buffer: Bytes, items: Items, ids: np.ndarray, cells: list[tuple[int, int, float]]) -> None:
        """Takes items that are no plain numbers; what is a number all the same goes to `cells`."""
        for record, value, end, column in zip(items.record, items.value, items.end, ids, strict=True):
            self._other(self.keys[column], buffer[value:end], int(record), cells)

    def _other(self, key: Key, text: Bytes, record: int, cells: list[tuple[int, int, float]]) -> None:
        """Takes a value that is no plain number: text, true, null, a list or nested values."""
        value = messages.value(text)
        if isinstance(value, dict):
            path = key if isinstance(key, tuple) else (key,)
            for deeper, leaf in naming.leaves({path: value}):
                self._leaf(deeper, leaf, record, cells)
        else:
            self._leaf(key, value, record, cells)

    def _leaf(self, key: Key, value: Any, record: int, cells: list[tuple[int, int, float]]) -> None:
        column = self._column(key)
        number = naming.number(value)
        if column != UNWANTED and number is not None:
            cells.append((column, record, number))
            if not np.isfinite(number):
                self._odd_number(record, key, number)
        if number is None or isinstance(value, bool):
            self.others[key] = Logged(self.n_rows + record, value)
            if isinstance(key, tuple) and len(key) > 1 and key[-1] == "_type" and isinstance(value, str):
                self.typed.add(key[:-1])

    def _odd_number(self, record: int, key: Key, value: float) -> None:
        self.nonfinite.append((self.n_rows + record, key, value))

    def _slowly(self, message: Bytes, record: int, cells: list[tuple[int, int, float]]) -> float:
        """Takes a record field by field; gives its step, NaN when it has none."""
        step = np.nan
        try:
            for field, _, start, end in messages.fields(message):
                if field == 1:
                    path, text = messages.item(message[start:end])
                    key = _key(path)
                    if key is not None and self._column(key, holds_more=text[:1] == b"{") != UNWANTED:
                        self._other(key, text, record, cells)
                elif field == 2:
                    step = _step(message[start:end])
        except messages.Garbled:
            self.n_garbled += 1
        return step

    def _number_steps(
        self, row_steps: np.ndarray, buffer: Bytes, left: np.ndarray, ends: np.ndarray, steps: dict[int, float]
    ) -> None:
        """Fills in the steps of rows that carry no `_step`: the record's own, else one more than before."""
        for record in np.flatnonzero(np.isnan(row_steps)):
            step = steps.get(int(record), np.nan)
            if np.isnan(step) and left[record] < ends[record] and buffer[left[record]] == wandb_items.STEP:
                step = _step(buffer[left[record] + 2 : ends[record]])
            if np.isnan(step):
                step = (row_steps[record - 1] if record else self.last_step) + 1
            row_steps[record] = step
        if len(row_steps):
            self.last_step = float(row_steps[-1])

    def _column(self, key: Key, *, holds_more: bool = False) -> int:
        """The column of a key, a new one for a new key that is wanted or holds nested values."""
        known = self.ids.get(key)
        if known is None:
            known = self.ids[key] = len(self.keys) if holds_more or self._is_wanted(key) else UNWANTED
            if known != UNWANTED:
                self.keys.append(key)
        return known

    def _is_wanted(self, key: Key) -> bool:
        if self._keep is None or (isinstance(key, tuple) and key[-1] == "_type"):
            return True
        names = (key,) if isinstance(key, str) else (".".join(key), "/".join(key))
        return any(name in ALWAYS or name in self._also or name in self._keep for name in names)

    def _ids(self, buffer: Bytes, items: Items) -> np.ndarray:
        """Column of every item (n_items,), UNWANTED where it isn't kept."""
        hashes = wandb_items.hashes(buffer, items.key, items.mark)
        at = self._slots[hashes >> SLOT]
        elsewhere = np.flatnonzero(self._hashes[at] != hashes)
        if len(elsewhere):
            at[elsewhere] = np.minimum(np.searchsorted(self._hashes, hashes[elsewhere]), len(self._hashes) - 1)
            new = elsewhere[self._hashes[at[elsewhere]] != hashes[elsewhere]]
            if len(new):
                self._learn(buffer, items, hashes, new)
                at = np.searchsorted(self._hashes, hashes)
        return self._hash_ids[at]

    def _learn(self, buffer: Bytes, items: Items, hashes: np.ndarray, unknown: np.ndarray) -> None:
        """Gives each new key its column."""
        _, first = np.unique(hashes[unknown], return_index=True)
        named: list[tuple[int, str, int, Key | None]] = []
        for at in unknown[np.sort(first)].tolist():  # in the order in which they were logged
            name = buffer[items.key[at] : items.mark[at]]
            key = _named(name)
            # wandb-core, which writes nested keys, shuffles each row
            sorted_by = ".".join(key or "") if name[0] == NESTED else ""
            named.append((int(items.record[at]), sorted_by, at, key))
        named.sort(key=lambda one: one[:3])
        new = np.array([at for _, _, at, _ in named], np.intp)
        columns = [
            UNWANTED if key is None else self._column(key, holds_more=buffer[items.value[at]] == ord("{"))
            for _, _, at, key in named
        ]
        joined = np.concatenate([self._hashes, hashes[new]])
        order = np.argsort(joined)
        self._hashes = joined[order]
        self._hash_ids = np.concatenate([self._hash_ids, np.array(columns, np.intp)])[order]
        self._slots[self._hashes >> SLOT] = np.arange(len(self._hashes))


def _step(message: Bytes) -> float:
    """The step that a history record's own step message says; NaN when it is garbled."""
    try:
        return float(messages.number(message, 1) or 0)
    except messages.Garbled:
        return float("nan")


def _named(name: Bytes) -> Key | None:
    """The key that an item's first bytes name, None when they name none."""
    try:
        return _key(messages.item(name).path)
    except messages.Garbled:
        return None


def _key(path: tuple[str, ...]) -> Key | None:
    return None if not path else path[0] if len(path) == 1 else path
