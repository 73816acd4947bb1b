"""What the events of one file say: scalars by tag, texts, hyperparameters; protobuf read by hand.

Nearly every record is one scalar, and records of one length, one step width and one tag differ in the same few
bytes. So one of each kind is parsed, and the others are compared with it and cut at the same places, all at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from struct import Struct, error
from typing import NamedTuple

import numpy as np

from reportgen.sources.tensorboard import framing
from reportgen.sources.tensorboard.framing import Batch, Damage

TIME = slice(1, 9)  # bytes of an event: its wall time, after one byte that says so
STEP = 10  # where the step's digits begin, when the event has one
MOST_DIGITS = 5  # bytes of a step that is read with the others: up to 2**35
DOUBLE, FLOAT = Struct("<d"), Struct("<f")
VARINT, FIXED64, CHUNK, FIXED32 = 0, 1, 2, 5  # wire types
DT_FLOAT, DT_DOUBLE, DT_STRING = 1, 2, 7
START = 1  # SessionLog's status
SESSION_STATES = {1: "finished", 2: "failed", 3: "running"}  # of the hparams plug-in


class Points(NamedTuple):
    """The values of one tag in the order in which they were written."""

    times: np.ndarray  # (n,) seconds since 1970
    steps: np.ndarray  # (n,) int64
    values: np.ndarray  # (n,) float32 as stored, or float64


NONE = Points(np.empty(0), np.empty(0, dtype=np.int64), np.empty(0))


def joined(parts: Sequence[Points]) -> Points:
    """The points of several pieces in one."""
    return parts[0] if len(parts) == 1 else Points(*(np.concatenate(cells) for cells in zip(*parts, strict=True)))


class Value(NamedTuple):
    """One value of a summary."""

    tag: str
    plugin: str
    number: float | None  # of a scalar
    at: int  # where in the record its four bytes stand; -1 when it has none
    text: str  # of a text
    content: bytes  # of the plug-in


@dataclass
class Event:
    """One parsed record."""

    time: float = 0.0
    step: int = 0
    values: list[Value] = field(default_factory=list)
    restarts: bool = False  # a SessionLog that says START


@dataclass
class Log:
    """All that one event file, or several of one run, say."""

    points: dict[str, list[Points]] = field(default_factory=dict)  # by tag
    texts: dict[str, str] = field(default_factory=dict)  # by tag, the last
    hparams: dict[str, object] = field(default_factory=dict)
    state: str = ""  # as the hparams plug-in says it
    told: float = 0.0  # when it said so, seconds since 1970
    starts: list[int] = field(default_factory=list)  # steps from which on a later start makes earlier points void
    purged: list[int] = field(default_factory=list)  # those of them that had earlier points
    n_other: int = 0  # values that are no scalars: pictures, histograms
    n_unread: int = 0  # records that are no events
    damage: Damage = field(default_factory=Damage)

    def add(self, tag: str, points: Points) -> None:
        """More points of a tag; pieces are joined as they grow, since many small ones leave memory in holes."""
        parts = self.points.setdefault(tag, [])
        parts.append(points)
        while len(parts) > 1 and 2 * len(parts[-1].steps) >= len(parts[-2].steps):
            parts[-2:] = [joined(parts[-2:])]

    def join(self) -> None:
        """Puts the points of each tag into one piece."""
        for parts in self.points.values():
            parts[:] = [joined(parts)]

    def purge(self, step: int) -> None:
        """Drops what was logged at a step and after it, as TensorBoard does when a start says so."""
        self.starts.append(step)
        gone = 0
        for parts in self.points.values():
            for at, part in enumerate(parts):
                keep = part.steps < step
                gone += int((~keep).sum())
                parts[at] = Points(*(cells[keep] for cells in part))
        if gone:
            self.purged.append(step)

    def follow(self, later: Log) -> None:
        """Goes on with what a later file of the same run says."""
        for step in later.starts:
            self.purge(step)
        for tag, parts in later.points.items():
            self.points.setdefault(tag, []).extend(parts)
        self.texts |= later.texts
        self.hparams |= later.hparams
        if later.state:
            self.state, self.told = later.state, later.told
        self.purged += later.purged
        self.n_other += later.n_other
        self.n_unread += later.n_unread
        self.damage.n_bad += later.damage.n_bad
        self.damage.n_lost += later.damage.n_lost


def read(pieces: Iterable[bytes], log: Log, wanted: Callable[[str], bool]) -> None:
    """Adds what one event file holds to a log; only the scalars that are wanted."""
    for batch in framing.records(pieces, log.damage):
        found = _Found()
        if not _may_restart(batch):  # what came before a start may be void, so its piece is read in order
            _plain_scalars(batch, found, wanted)
        for at in np.flatnonzero(~found.taken(len(batch.starts))).tolist():
            _other(batch.record(at), at, log, found, wanted)
        found.into(log)


class _Found:
    """The points of one piece, to be put in the order in which they were written."""

    def __init__(self) -> None:
        self._parts: dict[str, list[tuple[np.ndarray, Points]]] = {}

    def add(self, which: np.ndarray, tag: str, points: Points) -> None:
        """Points of a tag, and the numbers of their records."""
        self._parts.setdefault(tag, []).append((which, points))

    def taken(self, n_records: int) -> np.ndarray:
        """(n_records,) bool: whether a record's points are here."""
        taken = np.zeros(n_records, dtype=bool)
        for parts in self._parts.values():
            for which, _ in parts:
                taken[which] = True
        return taken

    def into(self, log: Log) -> None:
        """Hands all points on to a log."""
        for tag, parts in self._parts.items():
            points = joined([part for _, part in parts])
            if len(parts) > 1 and len(points.steps):
                order = np.argsort(np.concatenate([which for which, _ in parts]), kind="stable")
                points = Points(*(cells[order] for cells in points))
            if len(points.steps):
                log.add(tag, points)
        self._parts.clear()


def begins_a_file(head: bytes) -> bool:
    """Whether these are the first bytes of an event file: its first record names the format's version."""
    return b"brain.Event:" in head[:80]


def _plain_scalars(batch: Batch, found: _Found, wanted: Callable[[str], bool]) -> None:
    """Finds the scalars of records that are alike."""
    for length, which in framing.by_value(batch.lengths):
        if len(which) < 2 or not STEP + 8 <= length <= framing.LONGEST_CHECKED:
            continue
        columns = framing.gathered(batch, which, length)
        for digits, some in framing.by_value(_digits(columns)):
            if 0 <= digits <= MOST_DIGITS:
                for alike, tag, points in _alike(columns[:, some], digits, wanted):
                    found.add(which[some[alike]], tag, points)


def _may_restart(batch: Batch) -> bool:
    """Whether a session log, field 7, stands where an event has its kind."""
    short = np.flatnonzero(batch.lengths < 64)
    at = batch.starts[short] + 9
    at = at[at + 12 < len(batch.data)]
    kinds = batch.data[at[None, :] + np.arange(12)[:, None]]
    digits = np.where(kinds[0] == 0x10, 1 + np.argmax(kinds[1:11] < 0x80, axis=0) + 1, 0)
    return bool((np.take_along_axis(kinds, np.minimum(digits, 11)[None, :], axis=0)[0] == 0x3A).any())


def _digits(columns: np.ndarray) -> np.ndarray:
    """(n,) how many bytes the step takes, 0 when it is left out; -1 for records that begin otherwise."""
    ends = np.argmax(columns[STEP : STEP + MOST_DIGITS] < 0x80, axis=0) + 1
    has_time = columns[0] == 0x09
    return np.where(has_time & (columns[9] == 0x10), ends, np.where(has_time & (columns[9] == 0x2A), 0, -1))


def _alike(columns: np.ndarray, digits: int, wanted: Callable[[str], bool]) -> Iterator[tuple[np.ndarray, str, Points]]:
    """(which, tag, their points) of each kind among records of one length and one width of step."""
    begin = STEP + digits if digits else 9
    length = len(columns)
    for _, some in framing.by_value(_fingerprints(columns[begin:])):
        first = columns[:, some[0]].tobytes()
        event = parsed(first)
        if event is None or len(event.values) != 1 or event.values[0].at < 0:
            continue
        (value,) = event.values
        fixed = np.ones(length, dtype=bool)
        fixed[TIME] = False
        fixed[STEP : STEP + digits] = False
        fixed[value.at : value.at + 4] = False
        own = columns[:, some]
        same = (own[fixed] == own[fixed, :1]).all(axis=0) & ((own[STEP : STEP + digits] >= 0x80) == (
            own[STEP : STEP + digits, :1] >= 0x80)).all(axis=0)  # fmt: skip
        if not wanted(value.tag):
            yield some[same], value.tag, NONE
            continue
        own = own[:, same]
        steps = np.zeros(own.shape[1], dtype=np.int64)
        for at in range(digits):
            steps |= (own[STEP + at].astype(np.int64) & 0x7F) << 7 * at
        yield some[same], value.tag, Points(_cut(own, 1, "<f8"), steps, _cut(own, value.at, "<f4"))


def _fingerprints(columns: np.ndarray) -> np.ndarray:
    """(n,) int64, equal for records with the same tag: a sum over what stands from the summary's head to the tag's end.

    Different tags may share one: the comparison of whole records that follows tells them apart.
    """
    tag_length = columns[5] if len(columns) > 5 else np.zeros(columns.shape[1], dtype=np.uint8)
    last = int(tag_length.max(initial=0)) + 6
    total = np.zeros(columns.shape[1], dtype=np.int64)
    for at in range(min(last, len(columns) - 4)):
        inside = at < tag_length.astype(np.int64) + 6
        total = np.where(inside, total * 1000003 + columns[at], total)
    return total


def _cut(columns: np.ndarray, at: int, kind: str) -> np.ndarray:
    """The numbers that stand at one place of each record."""
    size = np.dtype(kind).itemsize
    return np.ascontiguousarray(columns[at : at + size].T).view(kind)[:, 0].astype(np.dtype(kind).newbyteorder("="))


def _other(record: bytes, at: int, log: Log, found: _Found, wanted: Callable[[str], bool]) -> None:
    """Adds what a record says that was not read with its like."""
    event = parsed(record)
    if event is None:
        log.n_unread += 1
        return
    if event.restarts:
        found.into(log)
        log.purge(event.step)
    for value in event.values:
        if value.plugin == "hparams" or value.tag.startswith("_hparams_/"):
            _hparams(value, event.time, log)
        elif value.number is not None:
            if wanted(value.tag):
                cells = (np.array([cell]) for cell in (event.time, event.step, value.number))
                found.add(np.array([at]), value.tag, Points(*cells))
        elif value.text:
            log.texts[value.tag] = value.text
        else:
            log.n_other += 1


def parsed(record: bytes) -> Event | None:
    """A record as an event; None when it is none."""
    event = Event()
    try:
        for number, kind, at, end in _fields(record, 0, len(record)):
            if number == 1 and kind == FIXED64:
                (event.time,) = DOUBLE.unpack_from(record, at)
            elif number == 2 and kind == VARINT:
                event.step = _signed(_varint(record, at)[0])
            elif number == 5 and kind == CHUNK:
                spans = [span for inner, wire, *span in _fields(record, at, end) if inner == 1 and wire == CHUNK]
                event.values += [_value(record, *span) for span in spans]
            elif number == 7 and kind == CHUNK:
                event.restarts = any(
                    inner == 1 and wire == VARINT and _varint(record, begin)[0] == START
                    for inner, wire, begin, _ in _fields(record, at, end)
                )
    except (IndexError, ValueError, error):
        return None
    return event


def _value(record: bytes, start: int, stop: int) -> Value:
    """One value of a summary: a scalar in any of its three spellings, a text, or something else."""
    tag = name = plugin = text = ""
    content = b""
    scalar, place = None, -1
    for number, kind, at, end in _fields(record, start, stop):
        if number == 1 and kind == CHUNK:
            tag = record[at:end].decode("utf-8", errors="replace")
        elif number == 7 and kind == CHUNK:
            name = record[at:end].decode("utf-8", errors="replace")
        elif number == 2 and kind == FIXED32:
            (scalar,), place = FLOAT.unpack_from(record, at), at
        elif number == 8 and kind == CHUNK:
            scalar, place, text = _tensor(record, at, end)
        elif number == 9 and kind == CHUNK:
            plugin, content = _plugin(record, at, end)
    if plugin not in ("", "scalars"):
        scalar, place = None, -1
    return Value(tag or name, plugin, scalar, place, text, content)


def _tensor(record: bytes, start: int, stop: int) -> tuple[float | None, int, str]:
    """A tensor of one element as number, where its four bytes stand, and as text."""
    dtype = 0
    number: float | None = None
    place, text = -1, ""
    for field_number, kind, at, end in _fields(record, start, stop):
        if field_number == 1 and kind == VARINT:
            dtype = _varint(record, at)[0]
        elif field_number == 2 and kind == CHUNK and _n_elements(record, at, end) != 1:
            return None, -1, ""
        elif dtype == DT_FLOAT and field_number in (4, 5) and end - at == 4:
            (number,), place = FLOAT.unpack_from(record, at), at
        elif dtype == DT_DOUBLE and field_number in (4, 6) and end - at == 8:
            (number,) = DOUBLE.unpack_from(record, at)
        elif dtype == DT_STRING and field_number == 8 and kind == CHUNK:
            text = record[at:end].decode("utf-8", errors="replace")
    return number, place, text


def _n_elements(record: bytes, start: int, stop: int) -> int:
    """How many elements a tensor of this shape has."""
    total = 1
    for number, kind, at, end in _fields(record, start, stop):
        if number == 2 and kind == CHUNK:
            sizes = [_varint(record, begin)[0] for inner, _, begin, _ in _fields(record, at, end) if inner == 1]
            total *= sizes[0] if sizes else 0
    return total


def _plugin(record: bytes, start: int, stop: int) -> tuple[str, bytes]:
    """The name of a value's plug-in and what that keeps with it."""
    name, content = "", b""
    for number, kind, at, end in _fields(record, start, stop):
        if number == 1 and kind == CHUNK:
            for inner, wire, begin, finish in _fields(record, at, end):
                if inner == 1 and wire == CHUNK:
                    name = record[begin:finish].decode("utf-8", errors="replace")
                elif inner == 2 and wire == CHUNK:
                    content = record[begin:finish]
    return name, content


def _hparams(value: Value, time: float, log: Log) -> None:
    """Hyperparameters and the state of the session, as the hparams plug-in keeps them."""
    data = value.content
    for number, kind, at, end in _fields(data, 0, len(data)):
        if kind != CHUNK:
            continue
        for inner, wire, begin, finish in _fields(data, at, end):
            if number == 3 and inner == 1 and wire == CHUNK:
                name, found = _entry(data, begin, finish)
                log.hparams[name] = found
            elif number == 4 and inner == 1 and wire == VARINT:
                log.state, log.told = SESSION_STATES.get(_varint(data, begin)[0], ""), time


def _entry(data: bytes, start: int, stop: int) -> tuple[str, object]:
    """One entry of the map of hyperparameters: a number, a text or a bool."""
    name, found = "", None
    for number, kind, at, end in _fields(data, start, stop):
        if number == 1 and kind == CHUNK:
            name = data[at:end].decode("utf-8", errors="replace")
        elif number == 2 and kind == CHUNK:
            for inner, wire, begin, finish in _fields(data, at, end):
                if inner == 2 and wire == FIXED64:
                    (found,) = DOUBLE.unpack_from(data, begin)
                elif inner == 3 and wire == CHUNK:
                    found = data[begin:finish].decode("utf-8", errors="replace")
                elif inner == 4 and wire == VARINT:
                    found = bool(_varint(data, begin)[0])
    return name, found


def _fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """(number, wire type, start, end) of each field of a message."""
    while at < end:
        key, at = _varint(data, at)
        kind = key & 7
        if kind == VARINT:
            stop = _varint(data, at)[1]
        elif kind == CHUNK:
            size, at = _varint(data, at)
            stop = at + size
        elif kind in (FIXED64, FIXED32):
            stop = at + (8 if kind == FIXED64 else 4)
        else:
            raise ValueError("no such wire type")
        if stop > end:
            raise ValueError("a field is longer than its message")
        yield key >> 3, kind, at, stop
        at = stop


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at a place, and where the next byte is."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number longer than 64 bits")


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value
