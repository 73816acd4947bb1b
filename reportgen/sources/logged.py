"""What a source hands on: named numbers by row as they come in, and a run's whole record as W&B keeps it."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from reportgen import naming, redact
from reportgen.gate import from_rows
from reportgen.naming import Key
from reportgen.run import INTERNAL, STEP_NAMES, Run, State

STATES: Mapping[str, State] = {  # W&B's word -> ours
    "finished": "finished", "failed": "failed", "killed": "failed", "crashed": "crashed", "preempted": "crashed",
    "running": "running", "preempting": "running", "pending": "running",
}  # fmt: skip
OVER = ("finished", "failed", "killed")  # states after which W&B takes no more rows, unless the run is resumed


ALWAYS = ("step", "_step", "_runtime", "_timestamp")


def wanted(keep: Collection[str] | None) -> Callable[[str], bool]:
    """Whether a metric is to be kept: everything without `keep`, else its names and patterns."""
    if keep is None:
        return lambda name: True
    names = {*keep, *ALWAYS}
    patterns = tuple(pattern for pattern in keep if any(sign in pattern for sign in "*?["))
    return lambda name: name in names or any(fnmatchcase(name, pattern) for pattern in patterns)


@dataclass(frozen=True, eq=False)
class Record:
    """One run as fetched: its rows as columns, and all that W&B knows about it; secrets are out."""

    entity: str
    project: str
    id: str
    name: str
    state: str  # W&B's word
    columns: Mapping[Key, np.ndarray]  # (n_rows,) float64 by _step, ascending; NaN: not logged, or in `nonfinite`
    nonfinite: tuple[tuple[int, Key, float], ...] = ()  # (row, metric, value) of each logged nan and inf
    step_metrics: Mapping[str, str] = field(default_factory=dict)  # metric or pattern -> its axis
    config: Mapping[str, Any] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    system: pd.DataFrame | None = None
    started: datetime | None = None
    runtime_s: float | None = None
    notes: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()  # where a secret was taken out
    kept: Mapping[str, Any] | None = None  # of a run from elsewhere: what only its own source knew

    @property
    def is_over(self) -> bool:
        """Whether no row will be added any more."""
        return self.state in OVER

    @property
    def n_rows(self) -> int:
        """How many rows were logged."""
        return len(next(iter(self.columns.values()), ()))

    @property
    def last_step(self) -> int:
        """The last step logged, -1 when there is none."""
        return int(self.columns["_step"][-1]) if self.n_rows else -1

    def run(self, keep: Collection[str] | None = None, *, notes: Iterable[str] = ()) -> Run:
        """The Run of this record; only the metrics in `keep`, every one when that is None."""
        wanted = kept(keep, self.step_metrics)
        columns = {key: values for key, values in self.columns.items() if wanted(plain(key))}
        made = from_rows(
            columns,
            id=self.id,
            source=f"W&B {self.entity}/{self.project}/{self.id}",
            name=self.name,
            step_metrics=self.step_metrics,
            nonfinite=[entry for entry in self.nonfinite if entry[1] in columns],
            config=self.config,
            summary=self.summary,
            provenance=self.provenance,
            system=self.system,
            started=self.started,
            runtime_s=self.runtime_s,
            state=STATES.get(self.state, "unknown"),
            notes=(*self.notes, *notes),
        )
        return replace(made, removed=tuple(dict.fromkeys((*self.removed, *made.removed))))


class Rows:
    """Rows as they come in, kept as columns; a step that comes again adds to its row, later values win."""

    def __init__(self, wanted: Callable[[str], bool] = lambda name: True, record: Record | None = None) -> None:
        self._wanted = lru_cache(maxsize=None)(lambda key: wanted(plain(key)))
        self._cells: dict[Key, tuple[array[int], array[float]]] = {}
        self._at: dict[int, int] = {}  # step -> row
        if record is not None:
            self._take_over(record)

    def __len__(self) -> int:
        return len(self._at)

    @property
    def last_step(self) -> int:
        """The last step that came, -1 before any did."""
        return max(self._at, default=-1)

    def add(self, row: Mapping[Key, Any]) -> None:
        """Takes the numbers of one row; a row without any (a picture, a page) is none."""
        cells: list[tuple[Key, float]] = []
        for name, logged in row.items():
            if type(logged) is float:  # nearly every value is
                cells.append((name, logged))
            else:
                pairs = ((key, naming.number(value)) for key, value in naming.leaves({name: logged}))
                cells += [(key, value) for key, value in pairs if value is not None]
        if all(key in INTERNAL for key, _ in cells):
            return
        step = naming.number(row.get("_step"))
        at = self._at.setdefault(int(step) if step is not None else self.last_step + 1, len(self._at))
        for key, value in cells:
            if (cell := self._cells.get(key)) is None:
                if not self._wanted(key):
                    continue
                cell = self._cells[key] = (array("q"), array("d"))
            cell[0].append(at)
            cell[1].append(value)

    def columns(self) -> tuple[dict[Key, np.ndarray], tuple[tuple[int, Key, float], ...]]:
        """Columns by ascending step, and (row, metric, value) of each logged nan and inf."""
        steps = np.fromiter(self._at, dtype=np.int64, count=len(self._at))
        order = np.argsort(steps, kind="stable")
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        columns: dict[Key, np.ndarray] = {"_step": steps[order].astype(float)}
        bad: list[tuple[int, Key, float]] = []
        for key in sorted(self._cells, key=str):
            if key == "_step":
                continue
            places, numbers = (np.array(part) for part in self._cells[key])
            values, logged = np.full(len(order), np.nan), np.zeros(len(order), dtype=bool)
            values[rank[places]] = numbers
            logged[rank[places]] = True
            bad += [(int(at), key, float(values[at])) for at in np.flatnonzero(logged & ~np.isfinite(values))]
            columns[key] = np.where(np.isfinite(values), values, np.nan)
        return columns, tuple(bad)

    def _take_over(self, record: Record) -> None:
        """Begins with the rows of a record."""
        self._at = {int(step): row for row, step in enumerate(record.columns.get("_step", ()))}
        for key, values in record.columns.items():
            logged = np.flatnonzero(np.isfinite(values))
            self._cells[key] = (array("q", logged.tolist()), array("d", values[logged].tolist()))
        for row, key, value in record.nonfinite:
            places, numbers = self._cells[key]
            places.append(row)
            numbers.append(value)


def plain(key: Key) -> str:
    """A metric's name as W&B shows it: the parts of a nested one joined by dots."""
    return key if isinstance(key, str) else ".".join(key)


def kept(keep: Collection[str] | None, step_metrics: Mapping[str, str]) -> Callable[[str], bool]:
    """Whether a metric is wanted; what counts steps or time always is."""
    axes = {*INTERNAL, *STEP_NAMES, *step_metrics.values()}
    return lambda name: keep is None or name in axes or name in keep


def without_secrets(
    name: str, mappings: Mapping[str, Mapping[str, Any]]
) -> tuple[str, dict[str, dict[str, Any]], tuple[str, ...]]:
    """A run's name and flat mappings with secrets out, and where each was."""
    safe_name, count = redact.text(name)
    removed, safe = ["name"] * count, {}
    for which, values in mappings.items():
        safe[which], where = redact.mapping(naming.flatten(values))
        removed += where
    return safe_name, safe, tuple(removed)
