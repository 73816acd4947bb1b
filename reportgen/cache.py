"""Diagnoses kept between calls: what was read once and has not changed is not read again.

An entry holds a diagnosis as `saved` writes it, so no more than a page may show, and the size and time
of every file that was opened to make it. Entries are written whole; a damaged one is as good as none.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import reportgen
from reportgen import saved
from reportgen.atomic import write_whole
from reportgen.errors import ReportgenError
from reportgen.findings import Diagnosis

LARGEST_MB = 1_000  # of all entries; the oldest go when there is more
SWEPT_EVERY = 256  # entries written between two looks at the size
LARGEST_ENTRY = 64 << 20  # bytes unpacked; no diagnosis comes near
MOST_FILES = 5_000  # opened for one run; with more it is not kept
EVENTS = ("open", "os.listdir", "os.scandir", "sqlite3.connect")  # audit events that name what was looked at

Stamp = tuple[str, int, int]  # path, size, time of the last change in ns; -1, -1: there was none


def folder() -> Path:
    """Where entries live: the user's own cache folder."""
    base = os.environ.get("REPORTGEN_CACHE") or os.environ.get("XDG_CACHE_HOME")
    return Path(base or os.path.expanduser("~/.cache")) / "reportgen" / "diagnoses"  # noqa: PTH111 (never an error)


@dataclass(frozen=True)
class Cache:
    """Diagnoses by what they were made of."""

    place: Path
    edition: str  # of reportgen's own code: another one judges anew

    @classmethod
    def usual(cls) -> Cache | None:
        """The user's cache; None for a user without a home."""
        place = folder()
        return cls(place, _edition()) if place.is_absolute() else None

    def diagnosis(self, asked: Any, spec: str, make: Callable[[], Diagnosis]) -> tuple[Diagnosis, bool]:
        """What was asked for, from here when nothing that it was made of has changed, else made; and which.

        asked: what decides the result besides the files, with a repr() of its own.
        """
        if not _is_local(spec):
            return make(), False
        name = hashlib.sha256(f"{self.edition}\n{os.path.realpath(spec)}\n{asked!r}".encode(errors="replace"))
        entry = self.place / name.hexdigest()[:2] / f"{name.hexdigest()[2:40]}.z"
        if (known := _known(entry)) is not None:
            return known, True
        with _watching() as looked_at:
            made = make()
        self._keep(entry, made, _standing([*looked_at, *_below(Path(spec))]))
        return made, False

    def _keep(self, entry: Path, made: Diagnosis, stamps: list[Stamp] | None) -> None:
        """Writes an entry; a cache that can't be written is none, and no fault of the run."""
        if stamps is None or len(stamps) > MOST_FILES:
            return
        body = json.dumps({"of": stamps, "diagnosis": saved.packed(made)}, allow_nan=False, separators=(",", ":"))
        with suppress(ReportgenError, OSError):
            is_new = not entry.parent.exists()
            write_whole(entry, zlib.compress(body.encode(), 1))
            if is_new:
                entry.parent.chmod(0o700)
            if int(entry.stem[-4:], 16) % SWEPT_EVERY == 0:
                self.sweep()

    def sweep(self, largest_mb: float = LARGEST_MB) -> None:
        """Lets the entries go that were used longest ago, until all are smaller than that."""
        with suppress(OSError):
            entries = sorted(((entry.stat(), entry) for entry in self.place.glob("*/*.z")), key=lambda e: e[0].st_mtime)
            spare = sum(about.st_size for about, _ in entries) - largest_mb * 1e6
            for about, entry in entries:
                if spare <= 0:
                    return
                entry.unlink(missing_ok=True)
                spare -= about.st_size


def _known(entry: Path) -> Diagnosis | None:
    """The diagnosis of an entry whose files are as they were; None else."""
    try:
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(entry.read_bytes(), LARGEST_ENTRY)
        if unpacker.unconsumed_tail or not unpacker.eof:
            return None
        told = json.loads(text)
        if any(_stamp(path) != (path, size, changed) for path, size, changed in told["of"]):
            return None
        known = saved.diagnosis_of(told["diagnosis"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError, zlib.error, ReportgenError):
        return None
    with suppress(OSError):
        os.utime(entry)  # used just now
    return known


def _standing(looked_at: list[Stamp]) -> list[Stamp] | None:
    """The stamps of what was looked at, scratch files that are gone left out; None when one changed meanwhile."""
    first: dict[str, Stamp] = {}
    for stamp in looked_at:
        first.setdefault(stamp[0], stamp)
    now = {path: _stamp(path) for path in first}
    if any(now[path] != stamp and now[path][1] >= 0 for path, stamp in first.items()):
        return None
    return [stamp for stamp in first.values() if now[stamp[0]] == stamp]


def _stamp(path: str) -> Stamp:
    try:
        about = os.stat(path)  # noqa: PTH116 (a thousand of them)
    except (OSError, ValueError):
        return path, -1, -1
    return path, about.st_size, about.st_mtime_ns


def stamps(place: Path) -> tuple[Stamp, ...]:
    """The state of a run's file, or of everything in its folder: another one means that something was written."""
    return tuple(_below(place))


def _below(place: Path) -> Iterator[Stamp]:
    """The stamps of everything in a run's folder, or of the file that it is."""
    if not place.is_dir():
        yield _stamp(os.path.realpath(place))
        return
    for base, folders, names in os.walk(place):
        folders.sort()
        yield _stamp(os.path.realpath(base))
        yield from (_stamp(os.path.realpath(os.path.join(base, name))) for name in sorted(names))  # noqa: PTH118


def _is_local(spec: str) -> bool:
    return Path(spec).exists()


_looks: list[list[Stamp]] = []  # an audit hook can't be taken back, so there is one, and it asks who listens


@contextmanager
def _watching() -> Iterator[list[Stamp]]:
    """Collects the stamp of every file and folder that is opened meanwhile, as it was when opened."""
    if not _looks:
        _looks.append([])
        sys.addaudithook(_heard)
    mine: list[Stamp] = []
    _looks.append(mine)
    try:
        yield mine
    finally:
        _looks.remove(mine)


def _heard(event: str, given: tuple[Any, ...]) -> None:
    """Notes what is opened for reading, but for Python's own and the machine's files."""
    if event not in EVENTS or len(_looks) < 2 or not given or not isinstance(given[0], str | bytes | os.PathLike):
        return
    path = os.path.realpath(os.fsdecode(given[0]))
    if not path.startswith(OWN):
        stamp = _stamp(path)
        for look in _looks[1:]:
            look.append(stamp)


OWN = (sys.prefix, sys.base_prefix, "/proc", "/dev", "/sys", "/etc", str(Path(reportgen.__file__).parent))


def _edition() -> str:
    """The version and the state of the code that judges."""
    package = Path(reportgen.__file__).parent
    code = [_stamp(str(path)) for path in sorted(package.rglob("*.py"))]
    return hashlib.sha256(f"{reportgen.__version__} {code}".encode()).hexdigest()[:20]
