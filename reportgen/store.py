"""The local copy of fetched runs (docs/store.md): each run written whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import numpy as np

from reportgen.atomic import write_whole
from reportgen.errors import NotInstalled, ReportgenError
from reportgen.naming import Key
from reportgen.run import Run
from reportgen.sources import Unread, find, local_copy, read
from reportgen.sources.local_copy import ABOUT, AXIS, FORMAT, MEASURED, VERSION
from reportgen.sources.logged import Record, plain
from reportgen.sources.wandb import address as wandb_address
from reportgen.sources.wandb import api as wandb_api
from reportgen.sources.wandb import fetch as wandb_fetch
from reportgen.sources.wandb.address import Address
from reportgen.sources.wandb.login import USUAL, Limits, connect

Progress = Callable[..., None]  # (runs done, of which, runs in all)
LOCK = ".lock"  # in a run's folder; held while it is fetched
LONGEST_PART = 100  # characters of a folder's name


class Fetched(NamedTuple):
    """What fetch() did, in lines to be told, and what it could not fetch."""

    lines: tuple[str, ...]
    unread: tuple[Unread, ...]


def fetch(
    specs: Sequence[str],
    folder: str | Path,
    *,
    refresh: bool = False,
    jobs: int = 4,
    progress: Progress = lambda *_: None,
    limits: Limits = USUAL,
) -> Fetched:
    """Stores the runs that specs name, `jobs` at a time; a finished run that is there already isn't asked for again.

    progress: called with how many runs are done since the last call, which, and once with how many there are.
    Raises NotInstalled without pyarrow.
    """
    if find_spec("pyarrow") is None:
        raise NotInstalled.of(str(folder), "a local copy needs", "pyarrow", "parquet")
    unread: list[Unread] = []
    root = Path(folder)
    here = [spec for spec in specs if not wandb_api.claims(spec)]
    found = tuple(dict.fromkeys(_found([spec for spec in specs if spec not in here], unread, root, refresh)))
    kept = tuple(dict.fromkeys(_here(here, unread)))
    lines = list(wandb_address.remarks(found))
    addresses = [wandb_api.addressed(spec) for spec in found]
    progress(0, "", len(addresses) + len(kept) or 1)
    for spec in kept:
        try:
            lines.append(_keep(spec, root))
        except ReportgenError as error:
            unread.append(Unread(spec, str(error)))
        progress(1, spec)

    clients = cache(lambda site: connect(next(one for one in addresses if one.site == site), limits))
    workers = ThreadPoolExecutor(max_workers=max(1, jobs), thread_name_prefix="fetch")
    try:
        waiting = {workers.submit(_stored, address, root, refresh, limits, clients): address for address in addresses}
        for done in as_completed(waiting):
            progress(1, waiting[done].where)
    finally:
        workers.shutdown(cancel_futures=True)  # when a person interrupts, runs that wait are not begun
    for future, address in waiting.items():
        try:
            lines.append(future.result())
        except ReportgenError as error:
            unread.append(Unread(address.spec, str(error)))
    return Fetched(tuple(lines), tuple(unread))


def _found(specs: Sequence[str], unread: list[Unread], root: Path, refresh: bool) -> Iterator[str]:
    """Specs of single runs at W&B; what is none goes to `unread`. A finished run that is there isn't looked for."""
    for spec in specs:
        try:
            address = wandb_api.addressed(spec)
            known = None if refresh or not (address.run and address.entity) or address.site else _there(address, root)
            yield from (address.spec,) if known is not None and known.is_over else wandb_api.find(spec)
        except ReportgenError as error:
            unread.append(Unread(spec, str(error)))


def _here(specs: Sequence[str], unread: list[Unread]) -> Iterator[str]:
    """Specs of single runs on this machine; what is none goes to `unread`."""
    for spec in specs:
        try:
            yield from find(spec)
        except ReportgenError as error:
            unread.append(Unread(spec, str(error)))


def _folder(address: Address, root: Path) -> Path:
    """Where a run is kept; runs of another server than the usual one stand below its name."""
    host = (urlsplit(address.site).netloc,) if address.site else ()
    return root.joinpath(*map(part, (*host, address.entity, address.project, address.run)))


def _there(address: Address, root: Path) -> Record | None:
    """The run as it is stored; None when it isn't, or is damaged."""
    folder = _folder(address, root)
    if not local_copy.claims(str(folder)):
        return None
    try:
        return local_copy.load(folder)
    except ReportgenError:
        return None


def _stored(
    address: Address, root: Path, refresh: bool, limits: Limits, clients: Callable[[str], Any]
) -> str:
    """Fetches one run into its folder; what was done, in one line. A second fetch of it waits for the first."""
    folder = _folder(address, root)
    with _alone(folder):
        return _fetched(address, root, folder, refresh, limits, clients)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """While this lasts, no other fetch writes into a folder; where files can't be locked, as if it did."""
    try:
        import fcntl
    except ImportError:  # not on Windows
        yield
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / LOCK).open("a")
    except OSError as error:
        raise ReportgenError(f"{folder}: can't be written: {error.strerror}; choose another place") from error
    with lock:
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fetched(
    address: Address, root: Path, folder: Path, refresh: bool, limits: Limits, clients: Callable[[str], Any]
) -> str:
    before = None if refresh else _there(address, root)
    if before is not None and before.is_over:
        return f"{folder}: there already ({before.n_rows:,} rows, {before.state})"
    fetched = wandb_fetch.record(address, before=before, api=clients(address.site), limits=limits)
    write(fetched, folder)
    more = f", {fetched.n_rows - before.n_rows:,} of them new" if before is not None else ""
    return f"{folder}: {fetched.n_rows:,} rows{more}, {fetched.state}"


def record_of(run: Run) -> Record:
    """A run of any source as it is stored: what passed the gate, and what only its own source knew."""
    at = {int(step): row for row, step in enumerate(run.history.index)}
    columns: dict[Key, np.ndarray] = {AXIS: run.history.index.to_numpy(dtype=float)}
    if run.elapsed_s is not None:
        columns["_runtime"] = run.elapsed_s.reindex(run.history.index).to_numpy(dtype=float)
    columns |= {str(name): run.history[name].to_numpy(dtype=float) for name in run.history}
    for lost in run.nonfinite:  # a metric that was never finite has no column
        columns.setdefault(lost.metric, np.full(len(at), np.nan))
    known = {
        "source": run.source, "framework": run.framework, "console_tail": run.console_tail, "axis": run.axis,
        "axes": dict(run.axes), "steps_per_epoch": run.steps_per_epoch, "restarts": list(run.restarts),
        "sizes": dict(run.sizes), "answers": None if run.answers is None else run.answers.to_dict(),
    }  # fmt: skip
    return Record(
        entity="", project="", id=run.id, name=run.name, state=run.state, columns=columns,
        nonfinite=tuple((at[one.step], one.metric, one.value) for one in run.nonfinite if one.step in at),
        step_metrics={"*": AXIS}, config=run.config, summary=run.summary, provenance=run.provenance,
        system=run.system, started=run.started, runtime_s=run.runtime_s, notes=run.notes, removed=run.removed,
        kept=known,
    )  # fmt: skip


def _keep(spec: str, root: Path) -> str:
    """Stores a run that lies on this machine; what was done, in one line."""
    run = read(spec)
    folder = root / part(run.name or run.id)
    if local_copy.claims(str(folder)) and not _is_of(folder, run):
        folder = root / part(f"{run.name or run.id} of {run.source}")
    with _alone(folder):
        write(record_of(run), folder)
    return f"{folder}: {len(run.history):,} steps, {run.state}"


def _is_of(folder: Path, run: Run) -> bool:
    """Whether what is stored in a folder came from the same place as a run."""
    try:
        return (local_copy.load(folder, ()).kept or {}).get("source") == run.source
    except ReportgenError:
        return True  # damaged: to be written anew


def write(record: Record, folder: Path) -> None:
    """Puts a record into a folder: the numbers first, then in one step the run.json that points to them.

    The names of the number files hold a digest of their content, so that a run.json never meets numbers
    that it wasn't written for, wherever a process is killed. Older number files are removed last.
    """
    history = _parquet(*_history(record))
    system = None if record.system is None else _parquet(*_system(record))
    files = {_named("history", history): history} | ({} if system is None else {_named("system", system): system})
    for name, content in files.items():
        write_whole(folder / name, content)
    names = list(files)
    write_whole(folder / ABOUT, _about(record, names[0], names[1] if len(names) > 1 else None))
    for old in (*folder.glob("*.parquet"), *folder.glob(".*.part")):
        if old.name not in files:
            old.unlink(missing_ok=True)


def part(name: str) -> str:
    """A name as that of a folder: readable, on any file system, and two names never the same."""
    safe = re.sub(r"[^A-Za-z0-9._=+-]", "_", name).strip(".")[:LONGEST_PART]
    if safe == name and safe.upper().split(".")[0] not in ("CON", "PRN", "AUX", "NUL"):
        return safe
    return f"{safe}~{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def _named(what: str, content: bytes) -> str:
    return f"{what}-{hashlib.sha256(content).hexdigest()[:16]}.parquet"


def _names(record: Record) -> dict[Key, str]:
    """Column names, unique: a nested one joined by dots, by "/" where that is taken."""
    taken = {key for key in record.columns if isinstance(key, str)}
    names: dict[Key, str] = {}
    for key in record.columns:
        name = plain(key)
        while not isinstance(key, str) and name in taken:
            name = "/".join(key) if "/".join(key) not in taken else f"{name}'"
        names[key] = name
        taken.add(name)
    return names


def _history(record: Record) -> tuple[list[str], list[np.ndarray], list[np.ndarray]]:
    """Names, values and what was not logged, a column each; the step first."""
    bad: dict[Key, list[tuple[int, float]]] = {}
    for row, key, value in record.nonfinite:
        bad.setdefault(key, []).append((row, value))
    names, values, absent = [], [], []
    for key, name in _names(record).items():
        column = np.array(record.columns[key], dtype=float)
        missing = np.isnan(column)
        for row, value in bad.get(key, ()):
            column[row], missing[row] = value, False
        names.append(name)
        values.append(column.astype(np.int64) if key == "_step" else column)
        absent.append(missing)
    return names, values, absent


def _system(record: Record) -> tuple[list[str], list[np.ndarray], list[np.ndarray]]:
    """The same of the hardware metrics, the seconds first."""
    assert record.system is not None
    columns = [record.system.index.to_numpy(dtype=float), *record.system.to_numpy(dtype=float).T]
    return [MEASURED, *map(str, record.system.columns)], columns, [np.isnan(column) for column in columns]


def _parquet(names: list[str], values: list[np.ndarray], absent: list[np.ndarray]) -> bytes:
    """A Parquet file: null where nothing was logged, NaN where NaN was."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = [pa.array(column, mask=missing) for column, missing in zip(values, absent, strict=True)]
    sink = io.BytesIO()
    pq.write_table(pa.table(arrays, names=names), sink, compression="zstd")
    return sink.getvalue()


def _about(record: Record, history: str, system: str | None) -> str:
    """All but the numbers, as JSON."""
    names = _names(record)
    about: dict[str, Any] = {"format": FORMAT, "version": VERSION}
    about |= {name: getattr(record, name) for name in ("entity", "project", "id", "name", "state", "runtime_s")}
    about |= {
        "started": record.started.isoformat() if record.started else None,
        "history": history,
        "system": system,
        "metrics": list(names.values()),
        "nested": {name: list(key) for key, name in names.items() if not isinstance(key, str)},
    }
    about |= {name: dict(getattr(record, name)) for name in ("step_metrics", "config", "summary", "provenance")}
    about |= {"notes": list(record.notes), "removed": list(record.removed)}
    about |= {} if record.kept is None else {"run": dict(record.kept)}
    return json.dumps(about, indent=1, ensure_ascii=False, default=str) + os.linesep
