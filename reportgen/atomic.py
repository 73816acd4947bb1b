"""Files written whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from reportgen.errors import ReportgenError

Content = str | bytes | Iterable[str]


def write_whole(path: Path, content: Content) -> None:
    """Puts the content at the path, replacing a file there; never leaves half of it.

    Raises ReportgenError when the place can't be written.
    """
    write_all([(path, content)])


def write_all(files: Iterable[tuple[Path, Content]]) -> None:
    """Puts each content at its path; when one of the places can't be written, none is touched.

    content: a text may come in pieces, of something that can be gone through more than once.

    A link is followed, and a device or a pipe is written into: neither is replaced by a file.
    """
    staged: list[tuple[Path, Path]] = []
    streams: list[tuple[Path, Content]] = []
    path = Path()
    try:
        for path, content in files:
            place = Path(os.path.realpath(path))
            if _is_stream(place):
                streams.append((path, content))
            else:
                scratch = _scratch(place)
                staged.append((scratch, place))  # before it is there, so that it goes whatever happens
                _stage(scratch, content)
        for path, content in streams:
            with path.open("wb") as stream:
                _put(stream, content)
        for scratch, path in staged:
            scratch.replace(path)
    except (OSError, ValueError) as error:  # a NUL in a name is the latter
        reason = getattr(error, "strerror", None) or error
        raise ReportgenError(f"{path}: can't be written: {reason}; choose another place") from error
    finally:
        for scratch, _ in staged:
            scratch.unlink(missing_ok=True)


def _put(file: BinaryIO, content: Content) -> None:
    pieces = (content,) if isinstance(content, str | bytes) else content
    for piece in pieces:
        file.write(piece.encode("utf-8", "replace") if isinstance(piece, str) else piece)


def _is_stream(place: Path) -> bool:
    return place.exists() and not place.is_file() and not place.is_dir()


def _scratch(place: Path) -> Path:
    """Where the content of a place is put together: beside it, so that it is moved there in one step."""
    if place.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a folder")
    place.parent.mkdir(parents=True, exist_ok=True)
    return place.parent / f".{place.name[:60]}.{os.getpid()}-{os.urandom(6).hex()}.part"


def _stage(scratch: Path, content: Content) -> None:
    """A scratch file with the content; where the system can, it has no name before it is whole."""
    if hasattr(os, "O_TMPFILE") and _linked(scratch, content):
        return
    number = os.open(scratch, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    with os.fdopen(number, "wb") as file:
        _fill(file, content)


def _linked(scratch: Path, content: Content) -> bool:
    """The same by a file without a name: a kill at any moment leaves nothing. False where that can't be."""
    try:
        number = os.open(scratch.parent, os.O_TMPFILE | os.O_WRONLY, 0o666)
    except OSError:
        return False  # a file system without such files; if the folder can't be written, that will be said
    with os.fdopen(number, "wb") as file:
        _fill(file, content)
        try:  # the descriptor of a folder makes Python follow the link in /proc
            os.link(f"/proc/self/fd/{number}", scratch, src_dir_fd=number, follow_symlinks=True)
        except OSError:
            return False
    return True


def _fill(file: BinaryIO, content: Content) -> None:
    _put(file, content)
    file.flush()
    os.fsync(file.fileno())
