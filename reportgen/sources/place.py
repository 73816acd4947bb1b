"""A place looked at once: its name, first bytes and listing; files opened as bytes, whatever compresses them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from reportgen.errors import SourceError
from reportgen.settings import LARGEST_WHOLE
from reportgen.sources.files import unpacked

HEAD = 1 << 16  # bytes that are looked at to tell what a file is
CHUNK = 1 << 18  # bytes read at a time: chunks of this size stay in the processor's cache
LONGEST_LINE = 1 << 24  # bytes; a longer line is cut there, so that memory stays bounded
SUFFIXES = (".gz", ".xz", ".zst", ".bz2")
DULL = ("trainer", "main", "merged", "metrics", "history", "log", "logs", "logging", "console", "output", "train",
        "training", "orchestrator", "results", "stdout", "nohup", "trainer_state", "data", "rows",
        "table")  # stems that name no run
EXPECTED = ("a run is a tracker's store (W&B, TensorBoard, MLflow, trackio, SwanLab …), a trainer's log, a table with "
            "a step column, or a folder of those")

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
    (b"version https://git-lfs", "a Git LFS pointer, not the file: run git lfs pull"),
)


class Place:
    """A path or an address as it was typed; what is asked of it is looked up once."""

    def __init__(self, spec: str) -> None:
        self.spec = spec
        self.step_column = ""  # of a table: the column that counts steps, as a person named it
        self.path, self.part = parted(spec)  # part: the run asked for, of a file or folder that holds several

    @classmethod
    def file(cls, path: str) -> Place:
        """The place of what a folder's listing says is a file."""
        made = cls.__new__(cls)
        made.spec = made.path = path
        made.part = made.step_column = ""
        made.__dict__["is_file"], made.__dict__["is_folder"] = True, False
        return made

    def __repr__(self) -> str:
        return f"Place({self.spec!r})"

    @cached_property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return is_file(self.path)

    @cached_property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return os.path.isdir(self.path)  # noqa: PTH112

    @cached_property
    def exists(self) -> bool:
        """Whether it is anything on this machine; an address is not."""
        return self.is_file or self.is_folder or exists(self.path)

    @cached_property
    def name(self) -> str:
        """Its last part, as it is written."""
        return Path(self.path).name

    @cached_property
    def suffix(self) -> str:
        """The name's suffix below any of compression, in lower case."""
        return suffix(self.path)

    @cached_property
    def size(self) -> int:
        """Bytes of the file as it lies there; 0 where it can't be told."""
        try:
            return os.path.getsize(self.path)  # noqa: PTH202
        except OSError:
            return 0

    @cached_property
    def head(self) -> bytes:
        """The file's first bytes, decompressed; empty for a folder."""
        return self.beginning(HEAD)

    @cached_property
    def text(self) -> str:
        """The file's first bytes as text."""
        return self.head.decode("utf-8-sig", errors="replace")

    @cached_property
    def foreign(self) -> str:
        """What the file is when it is no text ("a PDF"), else ""."""
        return foreign_to(self.head[:4096]) if self.is_file else ""

    @cached_property
    def is_text(self) -> bool:
        """Whether it is a file and looks like text; an empty one does."""
        return self.is_file and not self.foreign

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What a folder holds, sorted; nothing when it can't be opened."""
        try:
            return tuple(sorted(os.listdir(self.path))) if self.is_folder else ()  # noqa: PTH208
        except OSError:
            return ()

    def beginning(self, size: int) -> bytes:
        """The first `size` bytes of a file, decompressed; what was read before isn't read again."""
        known = self.__dict__.get("_known", b"")
        if len(known) < size and self.is_file and self.__dict__.get("_asked", 0) < size:
            known = head(self.path, size)
            self.__dict__ |= {"_known": known, "_asked": size}
        return known[:size]

    def inside(self, name: str) -> Place:
        """The place of a name in this folder."""
        return Place(str(Path(self.path, name)))

    def of(self, run: str) -> str:
        """The spec of one of the runs that this place holds."""
        return f"{self.path}#{run}"


def exists(path: str) -> bool:
    """Whether a path is there; never an error, whatever it holds."""
    return os.path.exists(path)  # noqa: PTH110 (Path.exists raises on a NUL and on a name too long)


def is_file(path: str) -> bool:
    """Whether a path is a regular file; never an error, whatever it holds."""
    return os.path.isfile(path)  # noqa: PTH113


def unpacked_name(path: str) -> str:
    """The file's name without the suffix of compression."""
    name = Path(path).name
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def stem(path: str) -> str:
    """The file's name without its suffixes, also those of compression."""
    return Path(unpacked_name(path)).stem


def suffix(path: str) -> str:
    """The file's suffix below any of compression, in lower case: ".csv" of "a.CSV.gz"."""
    return Path(unpacked_name(path.lower())).suffix


def run_name(path: str) -> str:
    """What a run is called that only its path names: the file's stem, or the folder when that says nothing."""
    folder = Path(path).parent
    if folder.name.startswith("checkpoint-"):
        folder = folder.parent
    return folder.name if is_dull(path) and folder.name not in ("", ".", "..") else stem(path)


def is_dull(path: str) -> bool:
    """Whether a file's name says nothing of the run in it."""
    return stem(path).lower() in DULL


def head(path: str, size: int = HEAD) -> bytes:
    """The first bytes of a file, decompressed, as far as they can be read."""
    found: list[bytes] = []
    there = 0
    try:
        with _opened(path) as stream:
            while there < size and (piece := stream.piece()):
                found.append(piece)
                there += len(piece)
    except SourceError:
        pass
    except unpacked.damaged():
        pass
    return b"".join(found)[:size]


def chunks(path: str, notes: list[str], begin: int = 0) -> Iterator[bytes]:
    """The file in pieces of whole lines, each about CHUNK bytes; a torn archive is read as far as it goes.

    begin: bytes of a plain file that are passed over.

    Raises SourceError when the file can't be opened or its first bytes can't be unpacked.
    """
    rest: list[bytes] = []  # of a line that isn't whole yet
    n_rest = 0
    try:
        for piece in _pieces(path, notes, begin):
            end = piece.rfind(b"\n")
            if end < 0:
                rest.append(piece)
                n_rest += len(piece)
                if n_rest >= LONGEST_LINE:
                    yield b"".join(rest)
                    rest, n_rest = [], 0
                continue
            yield b"".join((*rest, piece[: end + 1]))
            rest, n_rest = [piece[end + 1 :]], len(piece) - end - 1
    except _Ends:
        return  # the last line may be half a line
    if n_rest:
        yield b"".join(rest)


def lines(path: str, notes: list[str]) -> Iterator[bytes]:
    """The file's lines without their ends."""
    for chunk in chunks(path, notes):
        yield from chunk.removesuffix(b"\n").split(b"\n")


def content(path: str, notes: list[str]) -> str:
    """The whole file as text; bytes that are no UTF-8 are replaced."""
    found: list[bytes] = []
    n_read = 0
    for chunk in chunks(path, notes):
        found.append(chunk)
        n_read += len(chunk)
        if n_read > LARGEST_WHOLE:
            notes.append(f"{Path(path).name} is longer than {LARGEST_WHOLE:,} bytes; the rest of it was not read")
            break
    return b"".join(found).decode("utf-8-sig", errors="replace")


def foreign(path: str) -> str:
    """What a file is that no source reads ("a PDF"), or "" when it looks like text."""
    return foreign_to(head(path, 4096))


def foreign_to(first: bytes) -> str:
    """What a file with these first bytes is, or ""."""
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
def _opened(path: str, begin: int = 0) -> Iterator[unpacked.Unpacked]:
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
            stream = unpacked.opened(raw, begin)
        except OSError as error:
            raise SourceError(f"{path}: can't be read ({error.strerror or error}); check the disk it is on") from error
        yield stream


def _pieces(path: str, notes: list[str], begin: int) -> Iterator[bytes]:
    """The file's bytes; of a torn, damaged or overfull one those before, and None as the last piece (noted)."""
    n_read = 0
    with _opened(path, begin) as stream:
        while True:
            try:
                piece = stream.piece()
            except unpacked.Bomb as error:
                notes.append(f"{Path(path).name}: {error}, as no log does; the rest of it was not read")
                raise _Ends from error
            except unpacked.damaged() as error:
                if not n_read:
                    raise SourceError(f"{path}: can't be read ({error}); unpack it by hand to see why") from error
                notes.append(f"{Path(path).name} is cut off or damaged after {n_read:,} bytes "
                             f"({error}); whole rows before that were read")  # fmt: skip
                raise _Ends from error
            if not piece:
                return
            n_read += len(piece)
            yield piece


class _Ends(Exception):
    """A file that can't be read to its end; what was wrong is noted."""


def parted(spec: str) -> tuple[str, str]:
    """A spec as file and the run asked for in it: "a.csv#one" as both, an existing file always whole."""
    if "#" not in spec or exists(spec):
        return spec, ""
    path, _, name = spec.partition("#")
    while not exists(path) and "#" in name:
        more, _, name = name.partition("#")
        path = f"{path}#{more}"
    return (path, name) if path and exists(path) else (spec, "")
