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
        scratch = _scratch(path, content.encode() if isinstance(content, str) else content)
        scratch.replace(path)
    except OSError as error:
        raise ReportgenError(f"{path}: can't be written: {error.strerror or error}; choose another place with -o") from error


def _scratch(path: Path, content: bytes) -> Path:
    """A finished file beside the path, with the permissions that a new file gets."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    scratch = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        scratch.chmod(0o666 & ~mask)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    return scratch
