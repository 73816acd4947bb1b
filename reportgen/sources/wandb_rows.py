"""History records of a `.wandb` log as columns, many records at a time.

A history record is a run of items; an item is `0a len`, the bytes that name its key, `82 01 len` and a value
as JSON text. Every `82 01` of a batch is looked up at once and each item checked to end where the next one
begins; a record where that fails is decoded field by field instead.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import numpy as np

from reportgen import naming
from reportgen.naming import Key
from reportgen.run import INTERNAL, STEP_NAMES
from reportgen.sources import wandb_numbers, wandb_records

BATCH = 1 << 20  # bytes of records decoded at once: stays in the processor's cache
PAD = bytes(8)  # around a batch, so that 8 bytes may be read at any place
ITEM, STEP, VALUE = 0x0A, 0x12, 0x82  # first bytes of a history item, of the record's step, of an item's value
UNWANTED = -1
ALWAYS = frozenset((*INTERNAL, *STEP_NAMES))
MIX = np.uint64(0x9E3779B97F4A7C15)
OTHER = wandb_numbers.KINDS[ord('"')]


class Logged(NamedTuple):
    """The last value of a key that was logged, and in which row."""

    row: int
    value: Any


class _Items(NamedTuple):
    """Where the items of a batch lie; each an array (n_items,)."""

    record: np.ndarray  # which record an item is of
    key: np.ndarray  # where the bytes of its key begin
    mark: np.ndarray  # where they end
    value: np.ndarray  # where its value begins
    end: np.ndarray  # where it ends

    def at(self, chosen: np.ndarray) -> _Items:
        return _Items(*(array[chosen] for array in self))


class Rows:
    """The rows of a log as they come, and their columns in the end."""

    def __init__(self, keep: Collection[str] | None, also: Collection[str] = (), starting_step: int = 0) -> None:
        self._keep, self._also = keep, also
        self.ids: dict[Key, int] = {}  # UNWANTED for a key that was refused
        self.keys: list[Key] = []  # by column
        self._hashes = np.empty(0, np.uint64)  # of the bytes of known keys, ascending
        self._hash_ids = np.empty(0, np.intp)
        self._matrices: list[np.ndarray] = []  # each (n_columns so far, n_rows of the batch)
        self._batch: list[memoryview] = []
        self._batch_bytes = 0
        self._n_values = 0
        self.n_rows = 0  # decoded so far
        self.last_step = starting_step - 1.0
        self.nonfinite: list[tuple[int, Key, float]] = []
        self.others: dict[Key, Logged] = {}  # last value that is no number, by key
        self.typed: set[tuple[str, ...]] = set()  # paths of media values, whose leaves are no metrics
        self.n_garbled = 0
        self._column("_step")

    def add(self, buffer: bytes, start: int, end: int) -> None:
        """Takes the bytes of one history record."""
        self._batch.append(memoryview(buffer)[start:end])
        self._batch_bytes += end - start
        if self._batch_bytes >= BATCH:
            self.flush()

    @property
    def n_taken(self) -> int:
        """How many records were taken, decoded or not."""
        return self.n_rows + len(self._batch)

    def refused(self, names: Collection[str]) -> bool:
        """Whether a metric of one of these names was logged and not kept."""
        return any(self.ids.get(name) == UNWANTED for name in names)

    def columns(self) -> dict[Key, np.ndarray]:
        """Key -> (n_rows,) float64, NaN where a row didn't log it; leaves of media left out."""
        self.flush()
        table = np.full((len(self.keys), self.n_rows), np.nan)
        row = 0
        for matrix in self._matrices:
            table[: matrix.shape[0], row : row + matrix.shape[1]] = matrix
            row += matrix.shape[1]
        self._matrices = [table]
        return {key: table[i] for i, key in enumerate(self.keys) if not self.is_media(key)}

    def is_media(self, key: Key) -> bool:
        """Whether a key is part of a picture, table or histogram."""
        return isinstance(key, tuple) and any(key[:n] in self.typed for n in range(1, len(key)))

    def flush(self) -> None:
        """Decodes the records taken so far."""
        if not self._batch:
            return
        lengths = np.fromiter(map(len, self._batch), np.int64, len(self._batch))
        buffer = b"".join((PAD, *self._batch, PAD))
        ends = np.cumsum(lengths) + len(PAD)
        starts = ends - lengths
        self._batch, self._batch_bytes = [], 0
        found = np.frombuffer(buffer, np.uint8)
        items, left, odd = _items(found, starts, ends)
        cells: list[tuple[int, int, float]] = []  # (column, record, value) of values that come one by one
        steps: dict[int, float] = {}
        for record in odd:
            steps[record] = self._slowly(buffer[starts[record] : ends[record]], record, cells)
        ids = self._ids(buffer, items)
        wanted = ids >= 0
        items, ids = items.at(wanted), ids[wanted]
        numbers = self._numbers(buffer, found, items, ids, cells)
        matrix = np.full((len(self.keys), len(starts)), np.nan)
        is_number, values = numbers
        matrix[ids[is_number], items.record[is_number]] = values
        for column, record, cell in cells:
            matrix[column, record] = cell
        for at in np.flatnonzero(~np.isfinite(values)):
            where = np.flatnonzero(is_number)[at]
            self._odd_number(int(items.record[where]), self.keys[ids[where]], float(values[at]))
        self._number_steps(matrix[0], buffer, left, ends, steps)
        self._matrices.append(matrix)
        self.n_rows += len(starts)

    def _numbers(
        self, buffer: bytes, found: np.ndarray, items: _Items, ids: np.ndarray, cells: list[tuple[int, int, float]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Which items are numbers, and those; what else is told goes to `cells` and `others`."""
        kinds = wandb_numbers.KINDS[found[items.value]]
        kinds[items.value == items.end] = OTHER
        is_number = kinds == wandb_numbers.NUMBER
        values = wandb_numbers.floats(buffer, items.value[is_number], items.end[is_number], self._n_values)
        self._n_values += len(values)
        for at in np.flatnonzero(~is_number):
            text = buffer[items.value[at] : items.end[at]]
            self._other(self.keys[ids[at]], text, int(items.record[at]), cells)
        return is_number, values

    def _other(self, key: Key, text: bytes, record: int, cells: list[tuple[int, int, float]]) -> None:
        """Takes a value that is no plain number: text, true, null, a list or nested values."""
        value = wandb_records.value(text)
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

    def _slowly(self, message: bytes, record: int, cells: list[tuple[int, int, float]]) -> float:
        """Takes a record field by field; gives its step, NaN when it has none."""
        step = np.nan
        try:
            for field, _, start, end in wandb_records.fields(message):
                if field == 1:
                    path, text = wandb_records.item(message[start:end])
                    if path and (column_key := _key(path)) is not None and self._column(column_key) != UNWANTED:
                        self._other(column_key, text, record, cells)
                elif field == 2:
                    step = float(wandb_records.number(message[start:end], 1) or 0)
        except wandb_records.Garbled:
            self.n_garbled += 1
        return step

    def _number_steps(
        self, row_steps: np.ndarray, buffer: bytes, left: np.ndarray, ends: np.ndarray, steps: dict[int, float]
    ) -> None:
        """Fills in the steps of rows that carry no `_step`: the record's own, else one more than before."""
        for record in np.flatnonzero(np.isnan(row_steps)):
            step = steps.get(int(record), np.nan)
            if np.isnan(step) and left[record] < ends[record] and buffer[left[record]] == STEP:
                step = float(wandb_records.number(buffer[left[record] + 2 : ends[record]], 1) or 0)
            if np.isnan(step):
                step = (row_steps[record - 1] if record else self.last_step) + 1
            row_steps[record] = step
        if len(row_steps):
            self.last_step = float(row_steps[-1])

    def _column(self, key: Key) -> int:
        """The column of a key, a new one for a new key that is wanted."""
        known = self.ids.get(key)
        if known is None:
            known = self.ids[key] = len(self.keys) if self._is_wanted(key) else UNWANTED
            if known != UNWANTED:
                self.keys.append(key)
        return known

    def _is_wanted(self, key: Key) -> bool:
        if self._keep is None or (isinstance(key, tuple) and key[-1] == "_type"):
            return True
        names = (key,) if isinstance(key, str) else (".".join(key), "/".join(key))
        return any(name in ALWAYS or name in self._also or name in self._keep for name in names)

    def _ids(self, buffer: bytes, items: _Items) -> np.ndarray:
        """Column of every item (n_items,), UNWANTED where it isn't kept."""
        hashes = _hashes(buffer, items.key, items.mark)
        for _ in range(2):
            at = np.searchsorted(self._hashes, hashes)
            at[at == len(self._hashes)] = 0
            known = self._hashes[at] == hashes if len(self._hashes) else np.zeros(len(hashes), bool)
            if known.all():
                break
            self._learn(buffer, items, hashes, np.flatnonzero(~known))
        return self._hash_ids[at] if len(hashes) else np.empty(0, np.intp)

    def _learn(self, buffer: bytes, items: _Items, hashes: np.ndarray, unknown: np.ndarray) -> None:
        """Gives each new key its column."""
        _, first = np.unique(hashes[unknown], return_index=True)
        new = unknown[np.sort(first)]  # in the order in which they were logged
        columns = []
        for at in new:
            key = _key(wandb_records.item(buffer[items.key[at] : items.mark[at]]).path)
            columns.append(UNWANTED if key is None else self._column(key))
        joined = np.concatenate([self._hashes, hashes[new]])
        order = np.argsort(joined)
        self._hashes = joined[order]
        self._hash_ids = np.concatenate([self._hash_ids, np.array(columns, np.intp)])[order]


def _key(path: tuple[str, ...]) -> Key | None:
    return None if not path else path[0] if len(path) == 1 else path


def _items(found: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> tuple[_Items, np.ndarray, Iterator[int]]:
    """The items of a batch, where each record's items end, and the records that must be taken slowly.

    found: bytes of the batch; starts, ends: (n_records,) of each record in them.
    """
    mark = np.flatnonzero(found[: ends[-1] - 1] == VALUE)
    mark = mark[found[mark + 1] == 1]
    n_marks = np.diff(np.searchsorted(mark, np.append(starts, ends[-1])))
    record = np.repeat(np.arange(len(starts)), n_marks)
    length, value, sound = _lengths(found, mark + 2)
    end = value + length
    begin = np.empty_like(end)
    begin[1:] = end[:-1]
    firsts = np.cumsum(n_marks) - n_marks
    begin[firsts[n_marks > 0]] = starts[n_marks > 0]
    sound &= (end <= ends[record]) & (begin < mark)
    begin = np.where(sound, begin, 0)
    length, key, is_short = _lengths(found, begin + 1)
    sound &= is_short & (found[begin] == ITEM) & (key + length == end) & (key < mark)
    left = starts.copy()
    left[record] = end  # the last item of a record stands
    is_odd = np.zeros(len(starts), bool)
    is_odd[record[~sound]] = True
    inside = np.where(left < ends, left, 0)
    rest_is_step = (found[inside] == STEP) & (inside + 2 + found[inside + 1] == ends) & (found[inside + 1] < 0x80)
    is_odd |= (left != ends) & ~((left < ends) & rest_is_step)
    items = _Items(record, key, mark, value, end)
    if is_odd.any():
        items = items.at(~is_odd[record])
    return items, left, map(int, np.flatnonzero(is_odd))


def _lengths(found: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The lengths that begin at places (n,), where what they count begins, and whether they are under 2^21."""
    length = found[at].astype(np.int64)
    begin = at + 1
    sound = np.ones(len(at), bool)
    longer = np.flatnonzero(length >= 0x80)
    for shift in (7, 14):
        if not len(longer):
            break
        more = found[np.minimum(begin[longer], len(found) - 1)].astype(np.int64)
        length[longer] += (more - 1) << shift  # takes back the 0x80 of the byte before
        begin[longer] += 1
        longer = longer[more >= 0x80]
    sound[longer] = False
    return length, begin, sound


def _hashes(buffer: bytes, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """A 64-bit hash of the bytes from start to end, for each place (n,)."""
    words = np.ndarray((len(buffer) - 7,), "<u8", buffer, strides=(1,))
    length = end - start
    hashes = length.astype(np.uint64) * MIX
    last = words[end - 8]
    short = np.flatnonzero(length < 8)
    last[short] >>= (8 * (8 - length[short])).astype(np.uint64)
    for offset in range(0, int(length.max(initial=0)), 8):
        at = start + offset
        whole = at <= end - 8
        hashes ^= np.where(whole, words[np.where(whole, at, 0)], last)
        hashes *= MIX
        hashes ^= hashes >> np.uint64(29)
    return hashes
