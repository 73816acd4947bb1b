"""Tables in binary forms: Parquet, Feather and Arrow, Excel and OpenDocument sheets, numpy archives."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from reportgen import foreign
from reportgen.errors import NoSteps, NotInstalled, SourceError
from reportgen.run import Run
from reportgen.settings import MOST_ROWS
from reportgen.sources.place import Place
from reportgen.sources.source import Claim, Keep, Rank, Source
from reportgen.sources.texts import table
from reportgen.sources.texts.table import Table

PARQUET, ARROW, STREAM = b"PAR1", b"ARROW1", b"\xff\xff\xff\xff"
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
SHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
MOST_CELLS = 50_000_000  # of one table: 400 MB
DAMAGED = (zlib.error, struct.error)
LARGEST = 1 << 28  # bytes that a numpy archive may unpack to


class ArrowTable(Source):
    """Parquet, Feather or Arrow."""

    name = "Parquet or Arrow table"

    def claim(self, place: Place) -> Claim | None:
        start = place.beginning(8) if place.is_file else b""
        is_stream = start[:4] == STREAM and place.suffix in (".arrow", ".arrows", ".feather", ".ipc")
        if not (start.startswith((PARQUET, ARROW)) or is_stream):
            return None
        return Claim(place, Rank.LIKELY, "a table in Parquet or Arrow", parts=partial(_specs, place, _arrow))

    def read(self, claim: Claim, keep: Keep) -> Run:
        return _read(claim.place, keep, _arrow, "table")


class Workbook(Source):
    """Excel or OpenDocument."""

    name = "workbook"

    def claim(self, place: Place) -> Claim | None:
        start = place.beginning(4) if place.is_file else b""
        if place.suffix not in SHEETS or not start.startswith((ZIP, OLE)):
            return None
        return Claim(place, Rank.LIKELY, "a workbook", parts=partial(_specs, place, _sheets))

    def read(self, claim: Claim, keep: Keep) -> Run:
        return _read(claim.place, keep, _sheets, "workbook")


class NumpyArchive(Source):
    """Arrays by name in one .npz."""

    name = "numpy archive"

    def claim(self, place: Place) -> Claim | None:
        is_it = place.is_file and place.suffix == ".npz" and place.beginning(4).startswith(ZIP)
        return Claim(place, Rank.LIKELY, "arrays of numpy") if is_it else None

    def read(self, claim: Claim, keep: Keep) -> Run:
        return _read(claim.place, keep, _arrays, "numpy archive")


def _specs(place: Place, load: Any) -> tuple[str, ...]:
    return (place.spec,) if place.part else table.specs(place, _runs(place, load))


def _read(place: Place, keep: Keep, load: Any, kind: str) -> Run:
    return table.run_of(_runs(place, load), place, keep, kind=kind)


def _runs(place: Place, load: Any) -> dict[str, Table]:
    """The runs of each table in a file; those of several tables by the table's name."""
    several: dict[str, Table] = load(place)
    found: dict[str, Table] = {}
    for name, one in several.items():
        for run, own in table.runs(one, place.step_column).items():
            found[f"{name} {run}".strip() if len(several) > 1 else run] = own
    if not found:
        raise NoSteps(f"{place.path}: no step yet: no row in it; try again when the first step is done")
    return found


def _arrow(place: Place) -> dict[str, Table]:
    try:
        import pyarrow as pa
        import pyarrow.feather as feather
        import pyarrow.parquet as pq
    except ImportError as error:
        raise NotInstalled.of(place.path, "Parquet and Arrow need", "pyarrow", "parquet") from error
    try:
        start = place.beginning(8)
        if start.startswith(PARQUET):
            _small_enough(pq.ParquetFile(place.path).metadata, place.path)
            read = pq.read_table(place.path)
        elif start.startswith(ARROW):
            read = feather.read_table(place.path)
        else:
            with pa.OSFile(place.path) as file:
                read = pa.ipc.open_stream(file).read_all()
        return {"": _table(read, pa)}
    except (pa.ArrowException, OSError, ValueError, TypeError, OverflowError, RecursionError) as error:
        said = str(error).split("\n")[0][:200]
        raise SourceError(f"{place.path}: a damaged table ({said}); copy it anew") from error


def _small_enough(about: Any, path: str) -> None:
    """SourceError for a table that says it has more cells than memory: runs of one value pack to nothing."""
    if about.num_rows > MOST_ROWS or about.num_rows * about.num_columns > MOST_CELLS:
        raise SourceError(f"{path}: {about.num_rows:,} rows of {about.num_columns:,} columns; give a smaller table")


def _table(read: Any, pa: Any) -> Table:
    arrays: dict[str, tuple[np.ndarray, np.ndarray | None]] = {}
    texts: dict[str, Any] = {}
    for name, column in zip(read.column_names, read.columns, strict=True):
        kind = column.type
        if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
            whole = column.combine_chunks().cast(pa.float64(), safe=False)
            valid = whole.is_valid().to_numpy(zero_copy_only=False) if whole.null_count else None
            arrays[name] = (whole.fill_null(float("nan")).to_numpy(zero_copy_only=False), valid)
        elif pa.types.is_decimal(kind):
            texts[name] = [None if value is None else float(value) for value in column.to_pylist()]
        elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind):
            texts[name] = [value if isinstance(value, str | int | float) else None for value in column.to_pylist()]
    arrays |= _ranges(read.schema.pandas_metadata or {}, read.num_rows)
    return table.of_arrays(arrays, texts, read.num_rows)


def _ranges(about: Any, n_rows: int) -> dict[str, tuple[np.ndarray, np.ndarray | None]]:
    """The index that pandas describes instead of storing it."""
    found: dict[str, tuple[np.ndarray, np.ndarray | None]] = {}
    for index in about.get("index_columns", ()):
        if isinstance(index, dict) and index.get("kind") == "range" and isinstance(index.get("name"), str):
            start, by = foreign.number(index.get("start")), foreign.number(index.get("step"))
            if start is not None and by is not None:
                found[index["name"]] = (start + by * np.arange(n_rows), None)
    return found


def _sheets(place: Place) -> dict[str, Table]:
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError as error:
        raise NotInstalled.of(place.path, "a workbook needs", "python-calamine", "sheets") from error
    try:
        book = CalamineWorkbook.from_path(place.path)
        found = {name: book.get_sheet_by_name(name).to_python(nrows=MOST_ROWS) for name in book.sheet_names}
    except (CalamineError, OSError, ValueError) as error:
        raise SourceError(f"{place.path}: a damaged workbook ({error}); save it anew, or as CSV") from error
    made = {name: sheet for name, rows in found.items() if (sheet := _sheet(rows)) is not None}
    return made if len(made) != 1 else {"": next(iter(made.values()))}


def _sheet(rows: Sequence[Sequence[Any]]) -> Table | None:
    """A sheet with the names in its first row of several texts; None when there is no such row."""
    for at, row in enumerate(rows):
        names = [value if isinstance(value, str) else "" for value in row]
        if sum(bool(name.strip()) for name in names) >= 2:
            body = rows[at + 1 :]
            columns = {
                name.strip() or f"column {place + 1}": [cells[place] if place < len(cells) else None for cells in body]
                for place, name in enumerate(names)
            }
            texts = {name: [None if value == "" else value for value in values] for name, values in columns.items()}
            return table.of_arrays({}, texts, len(body)) if body else None
    return None


def _arrays(place: Place) -> dict[str, Table]:
    try:
        with zipfile.ZipFile(place.path) as archive:
            if sum(member.file_size for member in archive.infolist()) > LARGEST:
                raise SourceError(f"{place.path}: unpacks to more than {LARGEST:,} bytes; give a smaller table")
        with np.load(Path(place.path), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files if archive[name].dtype.kind in "fiub"}
    except (OSError, ValueError, LookupError, EOFError, RuntimeError, zipfile.BadZipFile, *DAMAGED) as error:
        raise SourceError(f"{place.path}: a damaged numpy archive ({error}); write it anew, or as CSV") from error
    flat = {name: values for name, values in arrays.items() if values.ndim == 1}
    longest = max((len(values) for values in flat.values()), default=0)
    same: dict[str, tuple[np.ndarray, np.ndarray | None]] = {
        name: (values, None) for name, values in flat.items() if len(values) == longest
    }
    left = sorted(set(arrays) - set(same))
    notes = [f"arrays of another length or shape were left out: {', '.join(left[:6])}"] if left else []
    return {"": table.of_arrays(same, {}, longest, notes)}
