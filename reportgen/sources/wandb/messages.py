"""The protobuf messages of a `.wandb` log, decoded by hand: only the fields that a run needs.

Importing W&B's own messages costs half a second, and no one version's descriptor reads all generations:
field 26 of a record was reused. Numbers are those of wandb/proto/wandb_internal.proto.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from struct import unpack
from typing import Any, NamedTuple

from reportgen import foreign

HISTORY, SUMMARY, OUTPUT, CONFIG, STATS, TELEMETRY, METRIC, OUTPUT_RAW, RUN, EXIT, HEADER, ENVIRONMENT = (
    2, 3, 4, 5, 7, 11, 12, 13, 17, 18, 21, 26)  # fmt: skip
ABOUT_THE_RECORD = frozenset((1, 16, 19, 200))  # num, control, uuid and _info stand beside the record's one kind
NUM = 0x08  # the tag of a record's number, which comes first
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SUMMARY_FLAGS = {1: "min", 2: "max", 3: "mean", 4: "best", 5: "last", 8: "first"}

Bytes = bytes | bytearray
Path = tuple[str, ...]  # of a value in nested mappings


class Garbled(ValueError):
    """Bytes that are no protobuf message."""


class Item(NamedTuple):
    """One key and its value as JSON text."""

    path: Path
    text: Bytes


class Metric(NamedTuple):
    """What define_metric said of a metric or of a pattern."""

    name: str
    step_metric: str = ""
    step_metric_index: int = 0  # of the metric record that names it, 1 the first; 0: none
    is_glob: bool = False
    summary: tuple[str, ...] = ()
    maximize: bool = False


def varint(buffer: Bytes, position: int) -> tuple[int, int]:
    """The number that begins at a position, and where it ends."""
    value = shift = 0
    while True:
        try:
            byte = buffer[position]
        except IndexError as error:
            raise Garbled("a number is cut off") from error
        value |= (byte & 0x7F) << shift
        position += 1
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 63:
            raise Garbled("a number is too long")


def fields(buffer: Bytes, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int, int, int]]:
    """(number, value, start, end) of every field; value is that of a varint, else 0."""
    end = len(buffer) if end is None else end
    while start < end:
        tag, start = varint(buffer, start)
        wire, value = tag & 7, 0
        if wire == VARINT:
            value, stop = varint(buffer, start)
        elif wire == BYTES:
            length, start = varint(buffer, start)
            stop = start + length
        elif wire in (FIXED64, FIXED32):
            stop = start + (8 if wire == FIXED64 else 4)
        else:
            raise Garbled(f"a field of the unknown wire type {wire}")
        if stop > end or not tag >> 3:
            raise Garbled("a field runs past its message")
        yield tag >> 3, value, start, stop
        start = stop


def kind(buffer: Bytes, start: int, end: int) -> tuple[int, int, int]:
    """(field number, start, end) of the one message in a record; number 0 when it holds none."""
    try:
        found = _only(buffer, start, end)
    except IndexError:
        found = None
    if found:
        return found
    for number, _, begin, stop in fields(buffer, start, end):
        if number not in ABOUT_THE_RECORD:
            return number, begin, stop
    return 0, end, end


def _only(buffer: Bytes, start: int, end: int) -> tuple[int, int, int] | None:
    """What kind() gives for a record of a number and one message alone, as nearly all are; None for others."""
    if buffer[start] != NUM:
        return None
    at = start + 1
    while buffer[at] >= 0x80:
        at += 1
    tag, length = buffer[at + 1], buffer[at + 2]
    at += 3
    if length >= 0x80:
        more = buffer[at]
        length += (more - 1) << 7  # takes back the 0x80 of the byte before
        at += 1
        if more >= 0x80:
            length += (buffer[at] - 1) << 14
            at += 1
    if at + length != end or tag & 0x87 != BYTES or tag < 0x10:
        return None
    return tag >> 3, at, end


def texts(message: Bytes) -> dict[int, str]:
    """Field number -> its text, of fields that aren't repeated."""
    return {number: message[start:stop].decode("utf-8", "replace") for number, _, start, stop in fields(message)}


def numbers(message: Bytes) -> dict[int, int]:
    """Field number -> its signed integer."""
    return {number: _signed(value) for number, value, _, _ in fields(message)}


def parts(message: Bytes, wanted: int) -> Iterator[Bytes]:
    """The bytes of every field with one number."""
    return (message[start:stop] for number, _, start, stop in fields(message) if number == wanted)


def part(message: Bytes, wanted: int) -> Bytes:
    """The bytes of the last field with a number; none when it isn't there."""
    found: Bytes = b""
    for found in parts(message, wanted):  # noqa: B007
        pass
    return found


def text(message: Bytes, wanted: int) -> str:
    """The text of a field, "" when it isn't there."""
    return part(message, wanted).decode("utf-8", "replace")


def number(message: Bytes, wanted: int) -> int | None:
    """The signed integer of a field, None when it isn't there."""
    return numbers(message).get(wanted)


def double(message: Bytes, wanted: int) -> float | None:
    """The floating-point number of a field, None when it isn't there."""
    found = part(message, wanted)
    return float(unpack("<d", found)[0]) if len(found) == 8 else None


def seconds(message: Bytes) -> float:
    """A Timestamp as seconds since 1970."""
    found = numbers(message)
    return found.get(1, 0) + found.get(2, 0) / 1e9


def moment(message: Bytes) -> datetime | None:
    """A Timestamp as UTC, None when it is empty or impossible."""
    since = seconds(message)
    try:
        return EPOCH + timedelta(seconds=since) if since else None
    except OverflowError:
        return None


def item(message: Bytes) -> Item:
    """A key with its JSON text: of history, summary, config and stats alike."""
    keys: list[str] = []
    value: Bytes = b""
    for field, _, start, stop in fields(message):
        if field == 1 or field == 2:
            keys.append(message[start:stop].decode("utf-8", "replace"))
        elif field == 16:
            value = message[start:stop]
    return Item(tuple(keys), value)


def items(message: Bytes, wanted: int = 1) -> Iterator[Item]:
    """The items of a history (field 1), summary or config (1 updates, 2 removes) or stats (3) record."""
    return (item(found) for found in parts(message, wanted))


def value(text: Bytes) -> Any:
    """What a JSON text says, nan and inf included; None when it isn't JSON."""
    try:
        return foreign.parsed(text)
    except foreign.Unfit:
        return None


def put(values: dict[str, Any], path: Path, value: Any) -> None:
    """Sets a value in nested ones; what stands in its way gives place."""
    at = values
    for name in path[:-1]:
        deeper = at.get(name)
        if not isinstance(deeper, dict):
            deeper = at[name] = {}
        at = deeper
    at[path[-1]] = value


def update(values: dict[str, Any], message: Bytes) -> None:
    """Applies the updates and removals of a config or summary record to nested values."""
    for path, content in items(message):
        if path:
            put(values, path, value(content))
    for path, _ in items(message, 2):
        at = values
        for name in path[:-1]:
            at = at.get(name, {}) if isinstance(at, dict) else {}
        if path and isinstance(at, dict):
            at.pop(path[-1], None)


def metric(message: Bytes) -> Metric:
    """What a metric record defines."""
    words = {field: message[start:stop].decode("utf-8", "replace") for field, _, start, stop in fields(message)}
    said = numbers(message)
    flags = numbers(part(message, 7))
    return Metric(
        name=words.get(1) or words.get(2, ""),
        step_metric=words.get(4, ""),
        step_metric_index=said.get(5, 0),
        is_glob=not words.get(1),
        summary=tuple(name for flag, name in SUMMARY_FLAGS.items() if flags.get(flag)),
        maximize=said.get(8) == 2,
    )


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value
