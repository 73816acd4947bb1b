"""The framing of a `.wandb` transaction log: blocks, checksums, split records, and what is damaged.

After a header of 7 bytes come LevelDB log blocks of 32 KiB, counted from the file's first byte (in files of
wandb-core up to 0.17.5 from its eighth). A record is one chunk, or several when it crosses a block's edge; a
chunk is crc32 (u32), length (u16), kind (u8) and its bytes, the checksum taken over kind and bytes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from struct import Struct
from typing import BinaryIO, NamedTuple
from zlib import crc32

from reportgen.errors import NoSteps, SourceError
from reportgen.sources.place import foreign_to
from reportgen.sources.wandb.messages import Bytes

IDENT = b":W&B"
HEADER = b":W&B\xe1\xbe\x00"
KNOWN_VERSIONS = (0, 1)
BLOCK = 1 << 15
PIECE = 8 * BLOCK  # bytes read at a time
SNIFFED = 4 * BLOCK  # bytes that tell how blocks are aligned
SHIFTS = (0, len(HEADER))  # where blocks are counted from
FULL, FIRST, MIDDLE, LAST = 1, 2, 3, 4
CHUNK = Struct("<IHB")
MOST_SEARCHES = 64  # blocks that are searched for chunks behind a broken one; further ones are left at once

Record = tuple[Bytes, int, int]  # a buffer, and where in it one whole record begins and ends
POINTER = b"version https://git-lfs"  # what Git leaves of a large file that was not fetched


class Hole(NamedTuple):
    """bytes of the file that could not be read."""

    start: int
    end: int


@dataclass
class Damage:
    """What a pass over a log found wrong with it."""

    holes: list[Hole] = field(default_factory=list)
    torn: Hole | None = None  # a last record that was never finished
    header: str = ""  # what is odd about the file's first bytes
    whole: int = 0  # bytes up to the end of the last whole record; a pass begins there

    def add(self, start: int, end: int) -> None:
        """Notes bytes as unreadable; joins them with those just before."""
        if self.holes and start <= self.holes[-1].end:
            self.holes[-1] = Hole(self.holes[-1].start, max(end, self.holes[-1].end))
        elif end > start:
            self.holes.append(Hole(start, end))


def records(path: str, damage: Damage) -> Iterator[Record]:
    """Every whole record of a log in order; what can't be read is added to `damage`, as is how far it was read.

    A record's buffer is used again when the next record is asked for.
    Raises NoSteps when nothing was written yet, SourceError when the file is no log.
    """
    try:
        stream = Path(path).open("rb")  # noqa: SIM115
    except OSError as error:
        raise SourceError(f"{path}: can't be opened ({error.strerror or error}); check who may read it") from error
    with stream:
        try:
            yield from _Reader(stream, path, damage).records()
        except OSError as error:
            raise SourceError(f"{path}: can't be read ({error.strerror or error}); copy the file anew") from error


def records_below(header: bytes, stream: BinaryIO, path: str, damage: Damage) -> Iterator[Record]:
    """The same of an open stream that begins with another header of this length: SwanLab has this framing too."""
    yield from _Reader(stream, path, damage, own=header).records()


class _Reader:
    """One pass over the blocks of an open log."""

    def __init__(self, stream: BinaryIO, path: str, damage: Damage, *, own: bytes = b"") -> None:
        head = stream.read(SNIFFED)
        head = HEADER + head[len(HEADER) :] if own and head.startswith(own) else head
        damage.header = _odd_header(head, path)
        self._shift = _shift(head)
        self._stream, self._damage = stream, damage
        self._searches = 0
        self._parts: list[Bytes] = []  # of a record that is split, so far
        self._began = 0  # where that record began

    def records(self) -> Iterator[Record]:
        """Every whole record; the buffer of one is used again when the next is asked for."""
        total = self._stream.seek(0, os.SEEK_END)
        begin = self._damage.whole
        at = max(0, (begin - self._shift) // BLOCK * BLOCK + self._shift) if begin else 0
        self._stream.seek(at)
        # one buffer for the whole file: fresh memory for each piece costs more than its checksums
        piece = bytearray(max(0, min(PIECE + self._shift, total - at)))
        wanted = len(piece) if at == 0 else min(PIECE, len(piece))
        while size := self._stream.readinto(memoryview(piece)[:wanted]):  # type: ignore[attr-defined]
            yield from self._of_piece(piece, size, at, max(begin - at, 0), last=at + size >= total)
            at += size
            wanted = min(PIECE, total - at)
        if self._parts:
            self._tear(self._began, at)

    def _of_piece(self, piece: Bytes, size: int, at: int, begin: int, *, last: bool) -> Iterator[Record]:
        """The records of whole blocks, so many bytes in all; `at` is where they stand in the file.

        begin: bytes of the piece that were read before.
        """
        view = memoryview(piece)
        position = max(begin, len(HEADER) if at == 0 else 0)
        edge = self._shift if at == 0 else 0
        while position < size:
            if edge <= position:
                edge += BLOCK
                continue
            block_end = min(edge, size)
            while position + CHUNK.size <= block_end:
                crc, length, kind = CHUNK.unpack_from(piece, position)
                end = position + CHUNK.size + length
                if end <= block_end and crc32(view[position + 6 : end]) == crc and kind:
                    if kind == FULL:
                        self._drop_parts(at + position)
                        self._damage.whole = at + end
                        yield piece, position + CHUNK.size, end
                    elif whole := self._joined(piece, position, end, kind, at):
                        self._damage.whole = at + end
                        yield whole
                    position = end
                    continue
                is_torn = last and block_end == size and end > block_end and kind
                if is_torn and _next_chunk(piece, position, block_end) == block_end:
                    self._tear(self._began if self._parts else at + position, at + block_end)
                    return
                position = self._skip(piece, position, block_end, at)
            if 0 < block_end - position < CHUNK.size and block_end < edge:
                self._tear(at + position, at + block_end)
            position = block_end

    def _joined(self, piece: Bytes, position: int, end: int, kind: int, at: int) -> Record | None:
        """The record that a chunk completes; None while it goes on."""
        content = piece[position + CHUNK.size : end]
        if kind == FIRST:
            self._drop_parts(at + position)
            self._parts, self._began = [content], at + position
            return None
        if not self._parts or kind > LAST:
            self._damage.add(at + position, at + end)
            return None
        self._parts.append(content)
        if kind == MIDDLE:
            return None
        whole, self._parts = b"".join(self._parts), []
        return whole, 0, len(whole)

    def _drop_parts(self, position: int) -> None:
        """Gives up a split record whose end is missing; `position` is where the next one begins."""
        if self._parts:
            self._damage.add(self._began, position)
            self._parts = []

    def _skip(self, piece: Bytes, position: int, block_end: int, at: int) -> int:
        """Where reading goes on behind a broken chunk: at the next sound one, else at the block's edge."""
        self._searches += 1
        begin = self._began if self._parts else at + position
        self._parts = []
        resumed = _next_chunk(piece, position, block_end) if self._searches <= MOST_SEARCHES else block_end
        self._damage.add(begin, at + resumed)
        return resumed

    def _tear(self, start: int, end: int) -> None:
        self._damage.torn = Hole(min(start, self._damage.torn.start) if self._damage.torn else start, end)
        self._parts = []


def _next_chunk(piece: Bytes, position: int, block_end: int) -> int:
    """Where the next chunk with a true checksum begins in the block; the block's end when there is none.

    After a chunk whose own bytes are damaged that is where its length says; else every place is tried.
    """
    if not any(piece[position:block_end]):
        return block_end
    length = CHUNK.unpack_from(piece, position)[1]
    said = position + CHUNK.size + length
    if said < block_end and _is_sound(piece, said, block_end):
        return said
    for found in re.finditer(rb"[\1-\4]", piece[position + CHUNK.size : block_end]):
        candidate = position + found.end()  # the kind is the last byte of a chunk's header
        if _is_sound(piece, candidate, block_end):
            return candidate
    return block_end


def _is_sound(piece: Bytes, position: int, block_end: int) -> bool:
    """Whether a chunk with a true checksum begins here."""
    if position + CHUNK.size > block_end:
        return False
    crc, length, kind = CHUNK.unpack_from(piece, position)
    end = position + CHUNK.size + length
    return FULL <= kind <= LAST and end <= block_end and crc32(piece[position + 6 : end]) == crc


def _odd_header(head: Bytes, path: str) -> str:
    """What is odd about the first bytes, "" when nothing is; raises when no log begins so."""
    if len(head) <= len(HEADER) and HEADER.startswith(head):
        raise NoSteps(f"{path}: no step yet: W&B has not written a record; try again when the first steps are done")
    if head[:6] != HEADER[:6]:
        if len(head) > len(HEADER) and _is_sound(head, len(HEADER), min(BLOCK, len(head))):
            return "the file's first 7 bytes are damaged"
        if head[: len(POINTER)] == POINTER:
            raise SourceError(f"{path}: {foreign_to(POINTER)}")
        raise SourceError(f"{path}: not a W&B log, which begins with ':W&B'; give the .wandb file that the SDK wrote")
    if len(head) < len(HEADER) or head[6] not in KNOWN_VERSIONS:
        return f"the log's version is {head[6] if len(head) > 6 else 'cut off'}; it was read as version 0"
    return ""


def _shift(head: Bytes) -> int:
    """Where blocks are counted from, judged by how many bytes have true checksums."""
    sound = {shift: _sound_bytes(head, shift) for shift in SHIFTS} if len(head) > BLOCK else {0: 0}
    return max(sound, key=lambda shift: (sound[shift], -shift))


def _sound_bytes(head: Bytes, shift: int) -> int:
    """How many bytes lie in chunks with true checksums when blocks are counted from `shift`."""
    sound, position = 0, len(HEADER)
    for block_end in range(BLOCK + shift, len(head) + 1, BLOCK):
        while _is_sound(head, position, block_end):
            length = CHUNK.unpack_from(head, position)[1]
            sound += CHUNK.size + length
            position += CHUNK.size + length
        position = block_end
    return sound
