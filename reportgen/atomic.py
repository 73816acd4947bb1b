"""Files written whole or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from reportgen.errors import ReportgenError


def write_whole(path: Path, content: str | bytes) -> None:
    """Puts the content at the path, replacing a file there; never leaves half of it.

    Raises ReportgenError when the place can't be written.
    """
    write_all([(path, content)])


def write_all(files: Iterable[tuple[Path, str | bytes]]) -> None:
    """Puts each content at its path; when one of the places can't be written, none is touched.

    A link is followed, and a device or a pipe is written into: neither is replaced by a file.
    """
    staged: list[tuple[Path, Path]] = []
    streams: list[tuple[Path, bytes]] = []
    path = Path()
    try:
        for path, content in files:
            place, written = Path(os.path.realpath(path)), _encoded(content)
            if _is_stream(place):
                streams.append((path, written))
            else:
                staged.append((_staged(place, written), place))
        for path, written in streams:
            path.write_bytes(written)
        for scratch, path in staged:
            scratch.replace(path)
    except OSError as error:
        reason = error.strerror or error
        raise ReportgenError(f"{path}: can't be written: {reason}; choose another place") from error
    finally:
        for scratch, _ in staged:
            scratch.unlink(missing_ok=True)


def _encoded(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _is_stream(place: Path) -> bool:
    return place.exists() and not place.is_file() and not place.is_dir()


def _staged(place: Path, content: bytes) -> Path:
    """A scratch file beside the place that holds the content, ready to be moved there in one step."""
    if place.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a folder")
    place.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}."[:100], suffix=".part")
    scratch = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        scratch.chmod(0o666 & ~_umask())
    except OSError:
        scratch.unlink(missing_ok=True)
        raise
    return scratch


def _umask() -> int:
    """The permissions that new files of this process don't get."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
