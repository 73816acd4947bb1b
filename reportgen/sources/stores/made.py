"""From a store's series to a Run, and which of several runs of one store is meant."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from reportgen import foreign
from reportgen.errors import NoSteps, SourceError
from reportgen.gate import from_rows
from reportgen.run import Run, State
from reportgen.sources import points
from reportgen.sources.logged import wanted
from reportgen.sources.place import Place
from reportgen.sources.points import Series

FARTHEST = 2.0**53  # a step beyond is none: neighbours can't be told apart
EARLIEST_S, LATEST_S = 0.0, 4e9  # seconds since 1970 that a clock may show


class Known(NamedTuple):
    """One run of a store."""

    id: str
    name: str


def specs(place: Place, runs: Sequence[Known]) -> tuple[str, ...]:
    """The store itself when it holds one run, else `store#run` for each: by name where that is its own."""
    if len(runs) < 2:
        return (place.path,)
    names = Counter(run.name for run in runs)
    return tuple(place.of(run.name if run.name and names[run.name] == 1 else run.id) for run in runs)


def chosen(place: Place, runs: Sequence[Known]) -> Known:
    """The run that is asked for, or the only one; SourceError when that can't be told."""
    if not runs:
        raise NoSteps(f"{place.path}: no step yet: no run in it; try again when the first step is done")
    if not place.part:
        if len(runs) > 1:
            raise SourceError(f"{place.path}: {len(runs)} runs; name one, as {specs(place, runs)[0]}")
        return runs[0]
    for run in runs:
        if place.part in (run.name, run.id):
            return run
    raise SourceError(f"{place.path}: no run {place.part!r}; it has {', '.join(run.name for run in runs[:8])}")


def run_of(
    series: Mapping[str, Series],
    keep: Collection[str] | None,
    *,
    place: Place,
    kind: str,
    id: str,
    name: str,
    axis: str = "",
    config: Mapping[str, Any] | None = None,
    provenance: Mapping[str, Any] | None = None,
    system: pd.DataFrame | None = None,
    started: datetime | None = None,
    runtime_s: float | None = None,
    state: State = "unknown",
    notes: Sequence[str] = (),
) -> Run:
    """A Run out of series as a store keeps them; NoSteps when there is none.

    kind: what the place is, for people: "MLflow run".
    axis: a metric that counts the trainer's own steps, where the store counted calls.
    """
    kept = wanted(keep)
    rows = points.rows({key: one for key, one in series.items() if kept(key) or key == axis})
    if not len(rows.columns[points.AXIS]):
        raise NoSteps(f"{place.spec}: no step yet: no metric was logged; try again when the first step is done")
    return from_rows(
        rows.columns,
        id=id,
        name=name,
        source=f"{kind} {place.spec}",
        step=axis or points.AXIS,
        nonfinite=rows.nonfinite,
        config=config,
        provenance={key: value for key, value in (provenance or {}).items() if value},
        system=system,
        started=started,
        runtime_s=runtime_s,
        state=state,
        notes=notes,
    )


class Logged:
    """Points as they come in, each metric's in the order in which they were logged; a million are 24 MB."""

    def __init__(self) -> None:
        self._cells: dict[str, tuple[array[int], array[float], array[float]]] = {}

    def __bool__(self) -> bool:
        return bool(self._cells)

    def add(self, name: str, step: int, value: float, clock: float | None = None) -> None:
        """One point; clock: seconds since 1970."""
        if not -FARTHEST < step < FARTHEST:
            return
        cells = self._cells.get(name)
        if cells is None:
            cells = self._cells[name] = (array("q"), array("d"), array("d"))
        cells[0].append(step)
        cells[1].append(value)
        if clock is not None:
            cells[2].append(clock)

    def series(self) -> dict[str, Series]:
        """The series; those with a clock whose every point has one."""
        made = {}
        for name, (steps, values, clocks) in self._cells.items():
            times = np.array(clocks)
            clocked = len(times) == len(steps) and bool(np.isfinite(times).all())
            made[name] = Series(np.array(steps), np.array(values), times if clocked else None)
        return made


def own_axis(series: Mapping[str, Series]) -> str:
    """The trainer's own step where a store counted calls beside it, else ""."""
    for name in ("train/global_step", "training/global_step", "trainer/global_step", "global_step"):
        found = series.get(name)
        if found is not None and len(found.steps) > 1 and not np.array_equal(found.steps, found.values):
            return name
    return ""


def moment(milliseconds: Any) -> datetime | None:
    """A moment of milliseconds since 1970; None for anything else."""
    number = foreign.number(milliseconds)
    if number is None or not EARLIEST_S < number / 1000 < LATEST_S:
        return None
    return datetime.fromtimestamp(number / 1000, UTC)


def seconds(stamp: Any) -> float | None:
    """Seconds since 1970 of an ISO stamp; None where it is none."""
    found = foreign.moment(stamp)
    return found.timestamp() if found is not None else None


WORDS: Mapping[str, float] = {
    "nan": float("nan"), "infinity": float("inf"), "inf": float("inf"), "-infinity": float("-inf"),
    "-inf": float("-inf"),
}  # fmt: skip


def value_of(logged: Any) -> float | None:
    """A logged number, nan and inf as a number or a word; None for anything else."""
    if isinstance(logged, str):
        word = logged.strip().lower()
        if word in WORDS:
            return WORDS[word]
        try:
            return float(word)
        except ValueError:
            return None
    if isinstance(logged, bool) or not isinstance(logged, int | float):
        return float(logged) if isinstance(logged, bool) else None
    try:
        return float(logged)
    except OverflowError:
        return None
