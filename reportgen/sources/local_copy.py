"""Runs stored on this machine as open files (docs/store.md): Parquet for numbers, JSON for all else."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd

from reportgen import foreign, wording
from reportgen.errors import NotInstalled, SourceError
from reportgen.gate import from_rows
from reportgen.naming import Key
from reportgen.run import Run, State
from reportgen.settings import LARGEST_WHOLE
from reportgen.sources.logged import Record, kept
from reportgen.sources.place import Place
from reportgen.sources.source import Claim, Keep, Rank, Source

FORMAT = "reportgen run"  # the mark in run.json
VERSION = 1
ABOUT = "run.json"
AXIS = "reportgen/step"  # the steps of a run that another source than W&B gave
MEASURED = "s"  # the index of hardware metrics


class LocalCopy(Source):
    """A folder that `reportgen fetch` wrote."""

    name = "local copy"

    def claim(self, place: Place) -> Claim | None:
        if ABOUT not in place.names or not claims(place.path):
            return None
        return Claim(place, Rank.SURE, "local copy of a run", run=place.path, form="tracker")

    def read(self, claim: Claim, keep: Keep) -> Run:
        return read(claim.place.path, keep=keep)


def claims(spec: str) -> bool:
    """Whether a folder holds one stored run: its run.json says so."""
    return _marked(Path(spec) / ABOUT)


def read(spec: str, *, keep: Collection[str] | None = None) -> Run:
    """The run stored in a folder, the same as the one that was fetched; SourceError when a file is damaged."""
    record = load(Path(spec), keep)
    return record.run(keep) if record.kept is None else _run(record, record.kept, spec)


def _run(record: Record, known: Mapping[str, Any], spec: str) -> Run:
    """The run of another source than W&B, as it was when it was kept; it passes the gate once more."""
    run = from_rows(
        record.columns,
        id=record.id, name=record.name, source=foreign.text(known.get("source")) or f"local copy {spec}",
        step=AXIS, nonfinite=record.nonfinite,
        config=record.config, summary=record.summary, provenance=record.provenance, system=record.system,
        started=record.started, runtime_s=record.runtime_s,
        state=next((state for state in get_args(State) if state == record.state), "unknown"),
        framework=foreign.text(known.get("framework")), console_tail=foreign.text(known.get("console_tail")),
        steps_per_epoch=foreign.whole(known.get("steps_per_epoch")), notes=record.notes,
    )  # fmt: skip
    answers = {name: number for name, value in foreign.mapping(known.get("answers")).items()
               if (number := foreign.number(value)) is not None}  # fmt: skip
    sizes = {name: foreign.whole(value) for name, value in foreign.mapping(known.get("sizes")).items()}
    return replace(
        run,
        axis=foreign.text(known.get("axis")),
        axes={name: foreign.text(axis) for name, axis in foreign.mapping(known.get("axes")).items()},
        restarts=tuple(step for each in foreign.items(known.get("restarts"))
                       if (step := foreign.whole(each)) is not None),
        answers=pd.Series(answers, name="reward", dtype="float64").rename_axis("problem") if answers else None,
        sizes={name: size for name, size in sizes.items() if size},
        removed=tuple(dict.fromkeys((*record.removed, *run.removed))),
    )  # fmt: skip


def load(folder: Path, keep: Collection[str] | None = None) -> Record:
    """The record stored in a folder; only the metrics in `keep`, every one when that is None."""
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise NotInstalled.of(str(folder), "a local copy needs", "pyarrow", "parquet") from error
    try:
        about = _about(folder)
        if about["version"] != VERSION:
            raise SourceError(f"{folder}: stored by another version of reportgen; fetch it again with --refresh")
        wanted = kept(keep, about["step_metrics"])
        paths = {name: foreign.texts(parts) for name, parts in about["nested"].items()}
        columns, bad = _history(folder / about["history"], paths, [name for name in about["metrics"] if wanted(name)])
        return Record(
            **{name: about[name] for name in ("entity", "project", "id", "name", "state", "runtime_s")},
            **{name: about[name] for name in ("step_metrics", "config", "summary", "provenance")},
            columns=columns,
            nonfinite=bad,
            system=_system(folder / about["system"]) if about["system"] else None,
            started=foreign.moment(about["started"]),
            notes=foreign.texts(about["notes"]),
            removed=foreign.texts(about["removed"]),
            kept=foreign.mapping(about["run"]) if about.get("run") is not None else None,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:  # pyarrow's are among these
        reason = wording.shortened(str(error), 120) or type(error).__name__
        raise SourceError(f"{folder}: a damaged local copy ({reason}); fetch it again with --refresh") from error


SCHEMA: Mapping[str, tuple[type, ...]] = {  # of run.json
    "version": (int,), "entity": (str,), "project": (str,), "id": (str,), "name": (str,), "state": (str,),
    "runtime_s": (int, float, type(None)), "started": (str, type(None)), "history": (str,), "system": (str, type(None)),
    "metrics": (list,), "nested": (dict,), "step_metrics": (dict,), "config": (dict,), "summary": (dict,),
    "provenance": (dict,), "notes": (list,), "removed": (list,),
}  # fmt: skip


def _about(folder: Path) -> dict[str, Any]:
    """The run.json of a folder, each value of its own type; ValueError names the first that isn't."""
    with (folder / ABOUT).open("rb") as file:
        about = foreign.parsed(file.read(LARGEST_WHOLE))
    for name, types in SCHEMA.items():
        value = about[name] if isinstance(about, dict) and name in about else Ellipsis
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise ValueError(f"{ABOUT} has no fit {name!r}")
    for name in ("history", "system"):
        if about[name] and Path(about[name]).name != about[name]:
            raise ValueError(f"{ABOUT} names a file outside its folder")
    if not all(isinstance(item, str) for item in (*about["metrics"], *about["step_metrics"].values())):
        raise ValueError(f"{ABOUT} has a metric without a name")
    about["runtime_s"] = foreign.number(about["runtime_s"])
    return dict(about)


def _marked(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as file:
            return f'"format": "{FORMAT}"' in file.read(200)
    except (OSError, ValueError):
        return False


def _history(
    path: Path, paths: Mapping[str, tuple[str, ...]], names: list[str]
) -> tuple[dict[Key, np.ndarray], tuple[tuple[int, Key, float], ...]]:
    """Columns with NaN for what wasn't logged, and (row, metric, value) of each logged nan and inf."""
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=names)
    columns: dict[Key, np.ndarray] = {}
    bad: list[tuple[int, Key, float]] = []
    for name in table.column_names:
        key: Key = paths.get(name, name)
        column = table.column(name).combine_chunks()
        values = column.to_numpy(zero_copy_only=False).astype(float)
        logged = column.is_valid().to_numpy(zero_copy_only=False)
        bad += [(int(row), key, float(values[row])) for row in np.flatnonzero(logged & ~np.isfinite(values))]
        columns[key] = np.where(np.isfinite(values), values, np.nan)
    return columns, tuple(bad)


def _system(path: Path) -> pd.DataFrame:
    """Hardware metrics by seconds since the start."""
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    columns: dict[str, Any] = {
        name: table.column(name).to_numpy() for name in table.column_names if name != MEASURED
    }
    return pd.DataFrame(columns, index=pd.Index(table.column(MEASURED).to_numpy(), name=MEASURED), dtype="float64")
