"""Files opened as bytes, whatever they are compressed with, and what a file that isn't ours looks like."""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from reportgen.errors import SourceError

HEAD = 1 << 16  # bytes that are looked at to tell what a file is
CHUNK = 1 << 18  # bytes read at a time: chunks of this size stay in the processor's cache
LONGEST_LINE = 1 << 24  # bytes; a longer line is cut there, so that memory stays bounded
SUFFIXES = (".gz", ".xz", ".zst", ".bz2")

FOREIGN = (  # first bytes -> what such a file is
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"PK\x03\x04", "a zip archive: unpack it first"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x80\x04", "a Python pickle"),
    (b"\x80\x02", "a Python pickle"),
    (b"\x89HDF", "an HDF5 file"),
    (b"PAR1", "a Parquet file"),
)


def exists(path: str) -> bool:
    """Whether a path is there; never an error, whatever it holds."""
    return os.path.exists(path)  # noqa: PTH110 (Path.exists raises on a NUL and on a name too long)


def is_file(path: str) -> bool:
    """Whether a path is a regular file; never an error, whatever it holds."""
    return os.path.isfile(path)  # noqa: PTH113


def stem(path: str) -> str:
    """The file's name without its suffixes, also those of compression."""
    name = Path(path).name
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return Path(name).stem


def suffix(path: str) -> str:
    """The file's suffix below any of compression, in lower case: ".csv" of "a.CSV.gz"."""
    name = Path(path).name.lower()
    for ending in SUFFIXES:
        name = name.removesuffix(ending)
    return Path(name).suffix


def run_name(path: str) -> str:
    """What a run is called that only its path names: the file's stem, or the folder when that says nothing."""
    own, folder = stem(path), Path(path).parent
    if folder.name.startswith("checkpoint-"):
        folder = folder.parent
    dull = own.lower() in ("trainer", "main", "merged", "metrics", "history", "log", "logs", "logging", "console",
                           "output", "train", "training", "results", "stdout", "trainer_state", "data", "rows", "table")
    return folder.name if dull and folder.name not in ("", ".", "..") else own


def head(path: str, size: int = HEAD) -> bytes:
    """The first bytes of a file, decompressed, as far as they can be read."""
    found = b""
    try:
        with Path(path).open("rb") as raw:
            stream = _unpacked(raw)
            while len(found) < size and (piece := stream.read1(size - len(found))):  # type: ignore[attr-defined]
                found += piece
    except _broken():
        pass
    return found


def chunks(path: str, notes: list[str]) -> Iterator[bytes]:
    """The file in pieces of whole lines, each about CHUNK bytes; a torn archive is read as far as it goes.

    Raises SourceError when the file can't be opened or its first bytes can't be unpacked.
    """
    rest, n_read = b"", 0
    with _opened(path) as stream:
        while piece := _piece(stream, path, n_read, notes):
            n_read += len(piece)
            end = piece.rfind(b"\n")
            if end < 0 and len(rest) < LONGEST_LINE:
                rest += piece
                continue
            yield rest + piece[: end + 1] if end >= 0 else rest + piece
            rest = piece[end + 1 :] if end >= 0 else b""
    if rest:
        yield rest


def lines(path: str, notes: list[str]) -> Iterator[bytes]:
    """The file's lines without their ends."""
    for chunk in chunks(path, notes):
        yield from chunk.removesuffix(b"\n").split(b"\n")


def content(path: str, notes: list[str]) -> str:
    """The whole file as text; bytes that are no UTF-8 are replaced."""
    return b"".join(chunks(path, notes)).decode("utf-8-sig", errors="replace")


def foreign(path: str) -> str:
    """What a file is that no source reads ("a PDF"), or "" when it looks like text."""
    first = head(path, 4096)
    for magic, what in FOREIGN:
        if first.startswith(magic):
            return what
    if first.lstrip().lower().startswith((b"<!doctype html", b"<html", b"<?xml")):
        return "a web page"
    if first.count(b"\0") > len(first) // 10:
        return "binary"
    return ""


def is_text(path: str) -> bool:
    """Whether the first bytes look like text; an empty file does."""
    return is_file(path) and not foreign(path)


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked; SourceError when it can't be opened."""
    try:
        raw = Path(path).open("rb")  # noqa: SIM115
    except IsADirectoryError as error:
        raise SourceError(f"{path}: a folder, not a file; give it to find() or on the command line as it is") from error
    except FileNotFoundError as error:
        raise SourceError(f"{path}: no such file; check the path") from error
    except OSError as error:
        raise SourceError(f"{path}: can't be opened ({error.strerror or error}); check who may read it") from error
    with raw:
        try:
            stream = _unpacked(raw)
        except OSError as error:
            raise SourceError(f"{path}: can't be read ({error.strerror or error}); check the disk it is on") from error
        yield stream


def _unpacked(raw: BinaryIO) -> BinaryIO:
    """The file's bytes, unpacked and in UTF-8."""
    first = raw.read(6)
    raw.seek(0)
    for magic, unpacked in UNPACKERS:
        if first.startswith(magic):
            return unpacked(raw)
    if first.startswith((b"\xff\xfe", b"\xfe\xff")):
        return io.BytesIO(raw.read().decode("utf-16", errors="replace").encode())
    return raw


def _piece(stream: BinaryIO, path: str, n_read: int, notes: list[str]) -> bytes:
    """The next bytes; none after the last, or where an archive is torn (noted)."""
    try:
        return stream.read1(CHUNK)  # type: ignore[attr-defined]
    except _broken() as error:
        if not n_read:
            raise SourceError(f"{path}: can't be read ({error}); unpack it by hand to see what is wrong") from error
        notes.append(f"{Path(path).name} is cut off or damaged after {n_read:,} unpacked bytes; the rest was not read")
        return b""


def _gzip(raw: BinaryIO) -> BinaryIO:
    import gzip

    return gzip.open(raw)  # type: ignore[return-value]


def _xz(raw: BinaryIO) -> BinaryIO:
    import lzma

    return lzma.open(raw)  # type: ignore[return-value]


def _bzip2(raw: BinaryIO) -> BinaryIO:
    import bz2

    return bz2.open(raw)  # type: ignore[return-value]


def _zstd(raw: BinaryIO) -> BinaryIO:
    import zstandard

    return io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True))


UNPACKERS: tuple[tuple[bytes, Callable[[BinaryIO], BinaryIO]], ...] = (
    (b"\x1f\x8b", _gzip),
    (b"\xfd7zXZ\0", _xz),
    (b"\x28\xb5\x2f\xfd", _zstd),
    (b"BZh", _bzip2),
)


def _broken() -> tuple[type[Exception], ...]:
    """What the unpackers raise on damaged bytes."""
    import lzma

    import zstandard

    return OSError, EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError


def parted(spec: str) -> tuple[str, str]:
    """A spec as file and the run asked for in it: "a.csv#one" as both, an existing file always whole."""
    if "#" not in spec or exists(spec):
        return spec, ""
    path, _, name = spec.partition("#")
    while not is_file(path) and "#" in name:
        more, _, name = name.partition("#")
        path = f"{path}#{more}"
    return (path, name) if is_file(path) else (spec, "")
