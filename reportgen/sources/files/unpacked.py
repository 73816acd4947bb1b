"""The bytes of a file, unpacked and in UTF-8, as many as it had when it was opened; bombs and tears end early."""

from __future__ import annotations

import codecs
import os
import sys
import zlib
from collections.abc import Callable
from typing import BinaryIO, Protocol

from reportgen.errors import how_to_get
from reportgen.settings import EXPANDS, EXPANDS_FREELY

PIECE = 1 << 18  # bytes read at a time of a file that is not packed
SNIFFED = 6  # bytes that tell how a file is packed
PACKED = 1 << 11  # bytes unpacked at a time: of the densest zstd these become 64 MB, and memory holds them
BLANK = b"\0" * PIECE


class Torn(Exception):
    """A packed file that ends before its own end, or is damaged; what was unpacked before is sound."""


class Bomb(Torn):
    """A file that unpacks to far more than any text does."""


class Unpacked(Protocol):
    """Bytes as they come."""

    def piece(self) -> bytes:
        """The next bytes, none at the end; Torn or Bomb where no sound bytes follow."""
        ...


def opened(raw: BinaryIO, begin: int = 0) -> Unpacked:
    """The bytes of an open file; what is added to it from now on isn't read.

    begin: bytes that are passed over; the file is then known to be plain.
    """
    size = os.fstat(raw.fileno()).st_size
    if begin:
        raw.seek(begin)
        return _Bounded(raw, max(0, size - begin))
    first = raw.read(SNIFFED)
    raw.seek(0)
    source = _Bounded(raw, size)
    for magic, unpacker in UNPACKERS:
        if first.startswith(magic):
            return _Packed(source, unpacker)
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _Wide(source, "utf-16")
    if not first[1::2].strip(b"\0") and len(first) == SNIFFED and first[::2].isascii() and all(
        byte >= 0x20 or byte in b"\t\r\n" for byte in first[::2]
    ):
        return _Wide(source, "utf-16-le")  # as some programs write it, without its mark
    return source


class _Bounded:
    """A plain file, up to the size that it had; a hole of nothing but zeros ends it."""

    def __init__(self, raw: BinaryIO, size: int) -> None:
        self._raw, self._left = raw, size

    def read(self, size: int) -> bytes:
        found = self._raw.read(min(size, self._left))
        self._left = self._left - len(found) if found else 0
        return found

    def piece(self) -> bytes:
        found = self.read(PIECE)
        if len(found) == PIECE and found == BLANK:
            raise Torn("nothing but zeros from here on")
        return found


class _Wide:
    """A text in UTF-16 as UTF-8."""

    def __init__(self, source: _Bounded, encoding: str) -> None:
        self._source = source
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        self._ended = False

    def piece(self) -> bytes:
        while not self._ended:
            packed = self._source.piece()
            self._ended = not packed
            if found := self._decoder.decode(packed, final=self._ended).encode("utf-8", "replace"):
                return found
        return b""


class Unpacker(Protocol):
    """What zlib, lzma, bz2 and zstandard have in common: one stream of a packed file."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


class _Packed:
    """A packed file of one stream or several, one behind the other."""

    def __init__(self, source: _Bounded, unpacker: Callable[[], Unpacker]) -> None:
        self._source, self._unpacker = source, unpacker
        self._stream: Unpacker | None = None
        self._packed = b""
        self._n_in = self._n_out = 0

    def piece(self) -> bytes:
        found: list[bytes] = []
        size = 0
        while size < PIECE:
            if not self._packed:
                self._packed = self._source.read(PACKED)
                self._n_in += len(self._packed)
            if not self._packed:
                if self._stream is not None and not size:
                    raise Torn("it ends before its own end")
                break
            try:
                found.append(self._step())
            except damaged() as error:
                if not size:
                    raise Torn(str(error) or "damaged") from error
                self._packed = b""
                self._source = _Broken(error)  # told when what was unpacked before has been taken
                self._stream = self._stream or self._unpacker()
                break
            size += len(found[-1])
        self._n_out += size
        if self._n_out > max(EXPANDS_FREELY, EXPANDS * self._n_in):
            raise Bomb(f"it unpacks to more than {EXPANDS} times its size")
        return b"".join(found)

    def _step(self) -> bytes:
        """What the bytes at hand unpack to; a new stream is begun where one ends."""
        if self._stream is None:
            if not self._packed.strip(b"\0"):  # padding behind the last stream
                self._packed = b""
                return b""
            self._stream = self._unpacker()
        found = self._stream.decompress(self._packed)
        self._packed = b""
        if self._stream.eof:
            self._packed, self._stream = self._stream.unused_data, None
        return found


class _Broken(_Bounded):
    """Where a packed file is damaged: asked for more, it says so."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def read(self, size: int) -> bytes:
        raise Torn(str(self._error) or "damaged")


def damaged() -> tuple[type[Exception], ...]:
    """What is raised on damaged bytes."""
    import lzma

    known = (Torn, OSError, EOFError, ValueError, MemoryError, zlib.error, lzma.LZMAError)
    zstandard = sys.modules.get("zstandard")  # loaded by whoever unpacked with it
    return known if zstandard is None else (*known, zstandard.ZstdError)


def _gzip() -> Unpacker:
    return zlib.decompressobj(wbits=31)


def _xz() -> Unpacker:
    import lzma

    return lzma.LZMADecompressor(memlimit=EXPANDS_FREELY << 1)


def _bzip2() -> Unpacker:
    import bz2

    made: Unpacker = bz2.BZ2Decompressor()
    return made


def _zstd() -> Unpacker:
    try:
        import zstandard
    except ImportError as error:
        raise Torn(f"zstd needs zstandard; {how_to_get('zstandard', 'zstd')}") from error

    made: Unpacker = zstandard.ZstdDecompressor(max_window_size=EXPANDS_FREELY << 1).decompressobj()
    return made


UNPACKERS: tuple[tuple[bytes, Callable[[], Unpacker]], ...] = (
    (b"\x1f\x8b", _gzip),
    (b"\xfd7zXZ\0", _xz),
    (b"\x28\xb5\x2f\xfd", _zstd),
    (b"BZh", _bzip2),
)
