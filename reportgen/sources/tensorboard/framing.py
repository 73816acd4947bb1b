"""The framing of an event file (TFRecord): lengths, checksums, and what is damaged; many records at a time.

A record is its length (u64), the masked CRC32C of that length (u32), its bytes, and their masked CRC32C.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

HEAD = 12  # bytes before a record's own: its length and the checksum of that
FRAME = HEAD + 4  # bytes a record takes beside its own
BATCH = 1 << 20  # bytes looked at together: enough to pay for numpy, few enough to keep memory flat
LARGEST = 1 << 26  # bytes; a longer record is a picture or an embedding, never a scalar, and is passed over
LONGEST_CHECKED = 1 << 12  # bytes; longer ones are pictures and texts, which give no number
MOST_SEARCHES = 64  # holes of one piece behind which records are looked for
LENGTH = Struct("<Q")
MASK = np.uint32(0xA282EAD8)
POLYNOMIAL = 0x82F63B78  # CRC32C, reflected


@dataclass
class Damage:
    """What a pass over an event file found wrong with it."""

    n_bad: int = 0  # records whose checksum is wrong
    n_lost: int = 0  # bytes that belong to no record
    is_torn: bool = False  # the last record was never finished
    whole: int = 0  # bytes of the file up to the end of its last whole record


class Batch(NamedTuple):
    """Whole records of one piece of a file, checked."""

    data: np.ndarray  # (n_bytes,) uint8
    starts: np.ndarray  # (n_records,) int64, where each record's own bytes begin
    lengths: np.ndarray  # (n_records,) int64

    def record(self, at: int) -> bytes:
        """The bytes of one record."""
        start = int(self.starts[at])
        return self.data[start : start + int(self.lengths[at])].tobytes()


def records(pieces: Iterable[bytes], damage: Damage) -> Iterator[Batch]:
    """The whole records of a file that comes in pieces, in order; what can't be read is added to `damage`.

    The pieces begin where `damage.whole` says that the last whole record ended.
    """
    rest = b""
    skip = 0  # bytes still to come of a record that is passed over
    n_read = damage.whole
    for piece in _large(pieces):
        n_read += len(piece)
        if skip:
            gone = min(skip, len(piece))
            skip, piece = skip - gone, piece[gone:]
        data = rest + piece if rest else piece
        batch, end = _batch(data, damage)
        if len(batch.starts):
            yield batch
        rest = data[end:]
        if len(rest) >= HEAD and (length := LENGTH.unpack_from(rest)[0]) > LARGEST:
            skip = length + FRAME - len(rest)
            rest = b""
        if skip <= 0:
            damage.whole = n_read - len(rest)
    if rest or skip > 0:
        damage.is_torn = True


def masked_crc(columns: np.ndarray) -> np.ndarray:
    """The masked CRC32C of many records of one length at once; columns: (length, n_records) uint8."""
    crc = np.full(columns.shape[1], 0xFFFFFFFF, dtype=np.uint32)
    for at in range(0, len(columns) - 1, 2):
        pair = columns[at].astype(np.uint32) | columns[at + 1].astype(np.uint32) << np.uint32(8)
        crc = DOUBLE[(crc ^ pair) & np.uint32(0xFFFF)] ^ crc >> np.uint32(16)
    if len(columns) % 2:
        crc = SINGLE[(crc ^ columns[-1]) & np.uint32(0xFF)] ^ crc >> np.uint32(8)
    crc = ~crc
    return (crc >> np.uint32(15) | crc << np.uint32(17)) + MASK


def gathered(batch: Batch, which: np.ndarray, length: int) -> np.ndarray:
    """The first bytes of some records as (length, n_records) uint8, each byte's column in one place."""
    return np.ascontiguousarray(sliding_window_view(batch.data, length)[batch.starts[which]].T)


def _large(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of at least BATCH, but for the last."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= BATCH:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def _batch(data: bytes, damage: Damage) -> tuple[Batch, int]:
    """The checked records of some bytes, and where what follows them begins."""
    array = np.frombuffer(data, dtype=np.uint8)
    starts: list[np.ndarray] = []
    lengths: list[np.ndarray] = []
    at = 0
    for n_searches in range(MOST_SEARCHES + 1):
        found, sizes, end = _walk(data, at)
        good = _sound_heads(array, found)
        starts.append(found[:good])
        lengths.append(sizes[:good])
        if good == len(found) and (len(data) - end < HEAD or _sound_heads(array, np.array([end + HEAD]))):
            break
        bad = int(found[good]) - HEAD if good < len(found) else end
        at = _next_head(array, bad + 1) if n_searches < MOST_SEARCHES else len(data)
        damage.n_lost += at - bad
        end = at
        if at >= len(data) - HEAD:
            break
    batch = Batch(array, np.concatenate(starts), np.concatenate(lengths))
    sound = _sound_bodies(batch)
    damage.n_bad += int((~sound).sum())
    return (batch if sound.all() else Batch(array, batch.starts[sound], batch.lengths[sound])), end


def _walk(data: bytes, at: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Where records begin and how long they are, by their lengths alone, up to the last whole one."""
    starts: list[int] = []
    lengths: list[int] = []
    total, unpack = len(data), LENGTH.unpack_from
    while at + FRAME <= total:
        (length,) = unpack(data, at)
        after = at + length + FRAME
        if after > total:
            break
        starts.append(at + HEAD)
        lengths.append(length)
        at = after
    return np.array(starts, dtype=np.int64), np.array(lengths, dtype=np.int64), at


def _sound_heads(array: np.ndarray, starts: np.ndarray) -> int:
    """How many records from the first on have a length whose checksum is right."""
    if not len(starts):
        return 0
    right = masked_crc(array[starts[None, :] - HEAD + np.arange(8)[:, None]]) == _word(array, starts - 4)
    return len(starts) if right.all() else int(np.argmin(right))


def _sound_bodies(batch: Batch) -> np.ndarray:
    """(n_records,) bool: whether the checksum of each record's own bytes is right."""
    sound = np.ones(len(batch.starts), dtype=bool)
    for length, which in by_value(batch.lengths):
        if length > LONGEST_CHECKED:
            continue
        stored = _word(batch.data, batch.starts[which] + length)
        if len(which) == 1:
            sound[which] = crc_of_one(batch.record(int(which[0]))) == int(stored[0])
        else:
            sound[which] = masked_crc(gathered(batch, which, length)) == stored
    return sound


def by_value(values: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """(value, where it stands) of each distinct value, places ascending."""
    order = np.argsort(values, kind="stable")
    edges = np.flatnonzero(np.diff(values[order])) + 1
    for which in np.split(order, edges):
        if len(which):
            yield int(values[which[0]]), which


def _next_head(array: np.ndarray, at: int) -> int:
    """Where the next length with a right checksum stands; as many bytes as a head has before the end when none does."""
    last = max(at, len(array) - HEAD)
    places = np.arange(at, last)
    if len(places):  # lengths are far below 4 GiB: their upper half is zero
        places = places[_word(array, places + 4) == 0]
    for some in np.array_split(places, max(1, len(places) >> 16)):
        right = masked_crc(array[some[None, :] + np.arange(8)[:, None]]) == _word(array, some + 8)
        if right.any():
            return int(some[np.argmax(right)])
    return last


def _word(array: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The little-endian u32 at each place."""
    columns = array[places[None, :] + np.arange(4)[:, None]].astype(np.uint32)
    return columns[0] | columns[1] << np.uint32(8) | columns[2] << np.uint32(16) | columns[3] << np.uint32(24)


def crc_of_one(body: bytes) -> int:
    """The masked CRC32C of one record, byte by byte: for a single one numpy costs more."""
    crc, table = 0xFFFFFFFF, PLAIN
    for byte in body:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + int(MASK)) & 0xFFFFFFFF


def _tables() -> tuple[np.ndarray, np.ndarray]:
    """The checksum of each byte, and of each pair of bytes."""
    single = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        single = np.where(single & 1, single >> np.uint32(1) ^ np.uint32(POLYNOMIAL), single >> np.uint32(1))
    pairs = np.arange(1 << 16, dtype=np.uint32)
    once = single[pairs & np.uint32(0xFF)] ^ pairs >> np.uint32(8)
    return single, single[once & np.uint32(0xFF)] ^ once >> np.uint32(8)


SINGLE, DOUBLE = _tables()
PLAIN = SINGLE.tolist()
