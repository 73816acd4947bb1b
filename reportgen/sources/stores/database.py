"""SQLite files opened for reading alone, with what a live writer has not merged into them yet."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from reportgen.errors import SourceError
from reportgen.sources.place import Place
from reportgen.sources.stores import made
from reportgen.sources.stores.made import Known

MAGIC = b"SQLite format 3\0"
LOG = "-wal"  # beside a database that is being written


@contextmanager
def opened(path: str) -> Iterator[sqlite3.Connection]:
    """A connection that can't write; SourceError where the file is none, or damaged.

    A write-ahead log is read with a copy of both files: to read it in place would write beside it.
    """
    with tempfile.TemporaryDirectory(prefix="reportgen-") as folder:
        try:
            if Path(path + LOG).exists():
                copy = Path(folder) / "store.db"
                shutil.copyfile(path, copy)
                shutil.copyfile(path + LOG, f"{copy}{LOG}")
                connection = sqlite3.connect(copy)
            else:
                connection = sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro&immutable=1", uri=True)
            try:
                connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
                connection.execute("PRAGMA query_only = ON")
                connection.execute("PRAGMA trusted_schema = OFF")  # what a stranger's schema calls does nothing
                yield connection
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise SourceError(f"{path}: a damaged SQLite database ({error}); copy it anew, or give a backup") from error
        except OSError as error:
            raise SourceError(f"{path}: can't be read ({error.strerror or error}); check who may read it") from error


def tables(place: Place) -> frozenset[str]:
    """The tables of a database; none where a file is no database, or can't be read."""
    if not place.is_file or not place.beginning(64).startswith(MAGIC):
        return frozenset()
    return _tables(place.path, place.size)


@lru_cache(maxsize=256)
def _tables(path: str, size: int) -> frozenset[str]:  # size: a file that grew is looked at again
    try:
        with opened(path) as connection:
            found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            return frozenset(name for (name,) in found)
    except SourceError:
        return frozenset()


def specs(place: Place, runs: Callable[[sqlite3.Connection], Sequence[Known]]) -> tuple[str, ...]:
    """The spec of each run that `runs` finds in a database; of a place that names one, its own."""
    if place.part:
        return (place.spec,)
    with opened(place.path) as connection:
        return made.specs(place, runs(connection))


def columns(connection: sqlite3.Connection, table: str) -> frozenset[str]:
    """The columns of a table of ours."""
    return frozenset(row[1] for row in connection.execute(f"PRAGMA table_info({table})"))
