"""CSV tables with a step column: any program's, and the three shapes that W&B's web page exports."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from reportgen.errors import NoSteps, SourceError
from reportgen.gate import from_rows
from reportgen.run import STEP_NAMES, Run
from reportgen.sources import place
from reportgen.sources.logged import ALWAYS, wanted
from reportgen.sources.place import Place
from reportgen.sources.source import Claim, Keep, Rank, Source
from reportgen.sources.texts import csv_text

SUFFIXES = (".csv", ".tsv")
LOG_SUFFIXES = (".txt", ".log", ".out", ".dat", "")  # names that a table may have too
STEP_LIKE = ("global step", "train step", "train_step", "training step", "training_step", "iteration", "iter", "steps")
CLOCKS = ("relative time (process)", "relative time (wall)", "wall time", "wall_time", "time")
RUNS_TABLE = ({"Name", "State", "Created"}, {"Name", "State", "Runtime"})  # columns of W&B's runs table
MOST_COLUMNS = 100_000
BOUNDS = ("__MIN", "__MAX")


@dataclass(frozen=True)
class Chart:
    """What the header of a chart exported from W&B's page says: which columns are of which run."""

    axis: str
    runs: dict[str, dict[int, str]]  # run -> position -> metric


class CsvTable(Source):
    """A file that is called CSV, or whose header names a step."""

    name = "CSV table"

    def claim(self, place: Place) -> Claim | None:
        if not place.is_text:
            return None
        if is_table(place):
            return Claim(place, Rank.LIKELY, "a table with a step", parts=partial(find, place.spec))
        return Claim(place, Rank.NAMED, "a table without a step") if place.suffix in SUFFIXES else None

    def read(self, claim: Claim, keep: Keep) -> Run:
        return read(claim.place.spec, keep=keep)


def is_table(place: Place) -> bool:
    """Whether a file's header names a step, or is that of W&B's exports."""
    if place.suffix not in (*SUFFIXES, *LOG_SUFFIXES):
        return False
    header, _ = csv_text.header(place.text)
    names = {name.strip() for name in header}
    return len(header) > 1 and (bool(names & {*STEP_NAMES}) or _chart(header) is not None)


def find(spec: str) -> tuple[str, ...]:
    """The table itself, or `table#run` for each run of an exported chart of several."""
    path, run = place.parted(spec)
    chart = _chart(csv_text.header(place.head(path, 1 << 22).decode("utf-8-sig", errors="replace"))[0])
    if run or chart is None or len(chart.runs) < 2:
        return (spec,)
    return tuple(f"{path}#{name}" for name in sorted(chart.runs))


def read(spec: str, *, keep: Collection[str] | None = None) -> Run:
    """The run of a table; SourceError when no column counts steps or none holds numbers."""
    path, chosen = place.parted(spec)
    notes: list[str] = []
    header, delimiter = csv_text.header(csv_text.first_lines(path))
    if not header:
        raise NoSteps(f"{path}: no step yet: the table is empty; try again when the first step is done")
    if len(header) > MOST_COLUMNS:
        raise SourceError(f"{path}: {len(header):,} columns; give those of one run, {MOST_COLUMNS:,} at most")
    if any(columns <= {*header} for columns in RUNS_TABLE):
        raise NoSteps(f"{path}: a W&B runs table, one row a run and no steps; export a chart's CSV, or give the "
                      "runs themselves as entity/project/run_id")
    if all(csv_text.number(name, delimiter) is not None for name in header):
        raise SourceError(f"{path}: the first row holds numbers, not names; put a row of column names on top")
    chart = _chart(header)
    if chart is not None:
        return _read_chart(path, chosen, header, delimiter, chart, notes)
    if chosen:
        raise SourceError(f"{path}: one run, not several; leave out #{chosen}")
    return _read_plain(path, header, delimiter, keep, notes)


def rows(path: str) -> list[dict[str, str]]:
    """Every row of a table as text by column; of a W&B runs table, what it says of each run."""
    header, delimiter = csv_text.header(csv_text.first_lines(path))
    return [dict(zip(header, row, strict=False)) for row in csv_text.rows(path, delimiter, [])]


def _read_plain(
    path: str, header: Sequence[str], delimiter: str, keep: Collection[str] | None, notes: list[str]
) -> Run:
    names = _distinct(header, notes)
    kept = wanted(keep)
    step = _step_column(names)
    chosen = {at: name for at, name in enumerate(names) if name and (name == step or kept(name))}
    if len(chosen) < 2 or all(name in ALWAYS or name == step for name in chosen.values()):
        chosen = {at: name for at, name in enumerate(names) if name}
    read_columns, nans, n_rows = csv_text.columns(path, delimiter, chosen, notes)
    numeric = {name for name, values in read_columns.items() if np.isfinite(values).any()}
    numeric |= {name for _, name, _ in nans}
    columns = {name: values for name, values in read_columns.items() if name in numeric or name == step}
    if not numeric - {step}:
        if not n_rows:
            raise NoSteps(f"{path}: no step yet: column names but no row; try again when the first step is done")
        raise SourceError(f"{path}: no column with numbers in {n_rows:,} rows; a run needs a step and metrics")
    if step and step not in STEP_NAMES:
        notes.append(f"steps are the column {step!r}")
    if step and (n_repeated := n_rows - len(np.unique(columns[step]))):
        notes.append(f"{n_repeated:,} of {n_rows:,} rows repeat a step; the later value of each metric was kept")
    return from_rows(
        columns,
        id=place.run_name(path),
        name=place.run_name(path),
        source=f"table {path}",
        step=step,
        nonfinite=nans,
        notes=notes,
    )


def _read_chart(path: str, chosen: str, header: Sequence[str], delimiter: str, chart: Chart, notes: list[str]) -> Run:
    """One run of a chart exported from W&B's page; its rows are those in which the run has a value."""
    if not chosen and len(chart.runs) > 1:
        raise SourceError(f"{path}: a chart of {len(chart.runs)} runs; name one, as {path}#{min(chart.runs)}")
    name = chosen or next(iter(chart.runs))
    if name not in chart.runs:
        raise SourceError(f"{path}: no run {name!r}; it has {', '.join(chart.runs)}")
    metrics = chart.runs[name]
    columns, nans, n_rows = csv_text.columns(path, delimiter, {0: "step", **metrics}, notes)
    logged = np.zeros(n_rows, dtype=bool)
    for metric in metrics.values():
        logged |= np.isfinite(columns[metric])
    logged[[row for row, _, _ in nans]] = True
    if not logged.any():
        raise NoSteps(f"{path}: no step yet: run {name!r} has no value in this chart")
    if chart.axis.lower() in CLOCKS:
        columns["_runtime"] = columns["step"] - np.nanmin(columns["step"][logged])
        columns["step"] = np.cumsum(logged).astype(np.float64)
        notes.append(f"the chart's axis is {chart.axis!r}, so rows are counted as steps")
    elif chart.axis not in STEP_NAMES:
        notes.append(f"the chart's axis is {chart.axis!r}")
    notes.append("a chart exported from W&B's page: at most some 1,500 points a run, each may stand for several steps")
    moved = dict(zip(np.flatnonzero(logged).tolist(), range(n_rows), strict=False))
    return from_rows(
        {key: values[logged] for key, values in columns.items()},
        id=name,
        name=name,
        source=f"W&B chart export {path}",
        step="step",
        nonfinite=[(moved[row], metric, value) for row, metric, value in nans],
        notes=notes,
    )


def _chart(header: Sequence[str]) -> Chart | None:
    """The runs of an exported chart: columns `run - metric`, most with `__MIN` and `__MAX` beside them."""
    names = {*header}
    own = {at: name for at, name in enumerate(header) if at and not name.endswith(BOUNDS)}
    if len(header) < 2 or not own or not all(" - " in name for name in own.values()):
        return None
    if not any(f"{name}{bound}" in names for name in own.values() for bound in BOUNDS) and header[0] not in STEP_NAMES:
        return None
    runs: dict[str, dict[int, str]] = {}
    for at, name in own.items():
        run, _, metric = name.rpartition(" - ")
        runs.setdefault(run, {})[at] = metric
    return Chart(header[0], runs)






def _distinct(header: Sequence[str], notes: list[str]) -> list[str]:
    """Column names, each once; a repeated one is numbered, and an index without a name is none."""
    names: list[str] = []
    seen = {*header}
    count: dict[str, int] = {}
    for at, logged in enumerate(header):
        name = "" if at == 0 and logged in ("", "Unnamed: 0") else logged or f"column {at + 1}"
        count[name] = count.get(name, 0) + 1
        if count[name] > 1:
            while (name := f"{logged} ({count[logged]})") in seen:
                count[logged] += 1
            notes.append(f"two columns are called {logged!r}: a later one is shown as {name!r}")
        seen.add(name)
        names.append(name)
    return names


def _step_column(names: Iterable[str]) -> str | None:
    """The column that counts steps: one of STEP_NAMES, else one that is spelled alike."""
    there = [name for name in names if name]
    alike = {name.lower(): name for name in reversed(there)}
    exact = (name for name in STEP_NAMES if name in there)
    return next(exact, next((alike[name.lower()] for name in (*STEP_NAMES, *STEP_LIKE) if name.lower() in alike), None))




