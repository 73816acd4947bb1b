"""Files written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from reportgen.errors import ReportgenError


def write_whole(path: Path, content: str | bytes) -> None:
    """Puts the content at the path, replacing a file there; never leaves half of it.

    Raises ReportgenError when the place can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, content.encode() if isinstance(content, str) else content)
    except OSError as error:
        reason = error.strerror or error
        raise ReportgenError(f"{path}: can't be written: {reason}; choose another place") from error


def _replace(path: Path, content: bytes) -> None:
    """Writes beside the path, then moves it there in one step; the scratch file never stays."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    scratch = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        scratch.chmod(0o666 & ~_umask())
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def _umask() -> int:
    """The permissions that new files of this process don't get."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
