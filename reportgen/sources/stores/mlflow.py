"""MLflow: its SQLite store, known by its tables, and its older folder `mlruns/`."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from reportgen import foreign
from reportgen.errors import SourceError
from reportgen.run import Run, State
from reportgen.sources import points
from reportgen.sources.beside import yaml_text
from reportgen.sources.place import Place
from reportgen.sources.points import Series
from reportgen.sources.source import Claim, Keep, Rank, Source
from reportgen.sources.stores import database, made
from reportgen.sources.stores.made import Known

TABLES = frozenset({"runs", "metrics", "params", "experiments", "alembic_version"})
STATES: Mapping[str, State] = {
    "FINISHED": "finished", "FAILED": "failed", "KILLED": "crashed", "RUNNING": "running", "SCHEDULED": "running",
    "3": "finished", "4": "failed", "5": "crashed", "1": "running", "2": "running",
}  # fmt: skip
LARGEST = sys.float_info.max  # how the store writes inf
ABOUT = "meta.yaml"
LONGEST = 1 << 20  # bytes of a file that holds one value


class Mlflow(Source):
    """A store of either kind."""

    name = "MLflow"

    def claim(self, place: Place) -> Claim | None:
        if place.is_folder:
            if ABOUT in place.names and "metrics" in place.names and "params" in place.names:
                return Claim(place, Rank.SURE, "a run of MLflow's file store", form="tracker")
            return None
        if not database.tables(place) >= TABLES:
            return None
        several = partial(database.specs, place, _runs)
        return Claim(place, Rank.SURE, "an MLflow database", form="tracker", parts=several)

    def read(self, claim: Claim, keep: Keep) -> Run:
        place = claim.place
        return _folder(place, keep) if place.is_folder else _store(place, keep)


def _runs(connection: sqlite3.Connection) -> list[Known]:
    """The runs that were not deleted, in the order in which they began."""
    rows = connection.execute(
        "SELECT run_uuid, name FROM runs WHERE lifecycle_stage IS NOT 'deleted' ORDER BY start_time, run_uuid"
    )
    named = dict(connection.execute("SELECT run_uuid, value FROM tags WHERE key = 'mlflow.runName'"))
    return [Known(str(uuid), foreign.text(name) or foreign.text(named.get(uuid)) or str(uuid)) for uuid, name in rows]


def _store(place: Place, keep: Keep) -> Run:
    with database.opened(place.path) as connection:
        known = made.chosen(place, _runs(connection))
        about = connection.execute(
            "SELECT status, start_time, end_time, user_id, experiment_id FROM runs WHERE run_uuid = ?", (known.id,)
        ).fetchone()
        experiment = connection.execute("SELECT name FROM experiments WHERE experiment_id = ?", about[4:5]).fetchone()
        params = dict(connection.execute("SELECT key, value FROM params WHERE run_uuid = ?", (known.id,)))
        tags = dict(connection.execute("SELECT key, value FROM tags WHERE run_uuid = ?", (known.id,)))
        keys = connection.execute("SELECT DISTINCT key FROM metrics WHERE run_uuid = ?", (known.id,)).fetchall()
        series = {foreign.text(key): _series(connection, known.id, key) for (key,) in keys if foreign.text(key)}
    started, ended = made.moment(about[1]), made.moment(about[2])
    return made.run_of(
        series,
        keep,
        id=known.id,
        name=known.name,
        place=place,
        kind="MLflow store",
        axis=made.own_axis(series),
        config=_config(params),
        provenance=_provenance(tags, about[3], experiment[0] if experiment else ""),
        started=started,
        runtime_s=(ended - started).total_seconds() if started and ended else None,
        state=STATES.get(str(about[0]), "unknown"),
    )


def _series(connection: sqlite3.Connection, run: str, key: str) -> Series:
    """One metric's points: of several at one step the one with the latest timestamp comes last."""
    rows = connection.execute(
        "SELECT step, CASE WHEN is_nan THEN NULL ELSE value END, timestamp FROM metrics "
        "WHERE run_uuid = ? AND key = ? ORDER BY timestamp, rowid", (run, key),
    ).fetchall()  # fmt: skip
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)  # NULL becomes nan
    values = np.where(np.abs(table[:, 1]) >= LARGEST, np.sign(table[:, 1]) * np.inf, table[:, 1])
    return Series(table[:, 0].astype(np.int64), values, table[:, 2] / 1000)


def _folder(place: Place, keep: Keep) -> Run:
    """A run of the file store: a file a metric, `timestamp value step` a line."""
    notes: list[str] = []
    about = yaml_text.beside(Path(place.path, ABOUT), notes)
    found = ((name, _points(text)) for name, text in _files(Path(place.path, "metrics")))
    series = {name: one for name, one in found if one}
    params = {name: text.strip() for name, text in _files(Path(place.path, "params"))}
    tags = {name: text.strip() for name, text in _files(Path(place.path, "tags"))}
    experiment = foreign.text(yaml_text.beside(Path(place.path).parent / ABOUT, []).get("name"))
    started, ended = made.moment(about.get("start_time")), made.moment(about.get("end_time"))
    identity = foreign.text(about.get("run_id") or about.get("run_uuid")) or Path(place.path).name
    if foreign.text(about.get("lifecycle_stage")) == "deleted":
        raise SourceError(f"{place.path}: a run that was deleted in MLflow; restore it there to have it read")
    return made.run_of(
        series,
        keep,
        id=identity,
        name=foreign.text(about.get("run_name")) or tags.get("mlflow.runName") or identity,
        place=place,
        kind="MLflow run",
        axis=made.own_axis(series),
        config=_config(params),
        provenance=_provenance(tags, about.get("user_id"), experiment),
        started=started,
        runtime_s=(ended - started).total_seconds() if started and ended else None,
        state=STATES.get(str(about.get("status")), "unknown"),
        notes=notes,
    )


def _points(text: str) -> Series | None:
    """The whole lines of a metric's file in the order of their clocks; None when there is none."""
    logged = made.Logged()
    for line in text.split("\n")[:-1]:
        parts = line.split()
        try:
            logged.add("", int(parts[2]), float(parts[1]), int(parts[0]) / 1000)
        except (IndexError, ValueError, OverflowError):
            continue
    found = logged.series().get("")
    return found and points.in_time(found)


def _files(folder: Path) -> list[tuple[str, str]]:
    """(name, text) of every file in a folder; folders are parts of the name."""
    found = []
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file():
            size = None if folder.name == "metrics" else LONGEST
            with path.open(encoding="utf-8", errors="replace") as file:
                found.append((path.relative_to(folder).as_posix(), file.read(size)))
    return found


def _config(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with their types back: the store keeps texts."""
    return {str(key).replace("/", "."): _typed(value) for key, value in params.items()}


def _typed(value: Any) -> Any:
    text = foreign.text(value)
    if text in ("True", "False", "None"):
        return {"True": True, "False": False, "None": None}[text]
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        return number if foreign.number(number) is not None else text
    return text


def _provenance(tags: Mapping[str, Any], user: Any, experiment: Any) -> dict[str, Any]:
    return {
        "project": foreign.text(experiment),
        "user": foreign.text(tags.get("mlflow.user")) or foreign.text(user),
        "git_commit": foreign.text(tags.get("mlflow.source.git.commit")),
        "git_remote": foreign.text(tags.get("mlflow.source.git.repoURL")),
        "program": foreign.text(tags.get("mlflow.source.name")),
    }
