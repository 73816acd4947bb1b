"""CSV tables with a step column: any program's, and the three shapes that W&B's web page exports."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from reportgen.errors import NoSteps, SourceError
from reportgen.gate import from_rows
from reportgen.naming import Key
from reportgen.run import STEP_NAMES, Run
from reportgen.sources import place
from reportgen.sources.place import HEAD, Place
from reportgen.sources.source import Claim, Keep, Rank, Source
from reportgen.sources.texts import csv_text, layout, steps, table
from reportgen.sources.texts.cells import Cells
from reportgen.sources.texts.cells import columns as of_cells

SUFFIXES = (".csv", ".tsv")
LOG_SUFFIXES = (".txt", ".log", ".out", ".dat", "")  # names that a table may have too
CLOCKS = ("relative time (process)", "relative time (wall)", "wall time", "wall_time", "time")
RUNS_TABLE = ({"Name", "State", "Created"}, {"Name", "State", "Runtime"})  # columns of W&B's runs table
MOST_COLUMNS = 100_000
NO_STEP = "a table without a step (--step-column names it)"
DOWNLOAD = re.compile(r"run-(?P<run>.+?)-tag-(?P<tag>.+)\.csv", re.IGNORECASE)
SAVED = ["wall time", "step", "value"]
GROUPS = (
    "train", "eval", "rollout", "actor", "critic", "val-core", "val", "reward", "rewards", "loss", "policy", "perf",
)  # fmt: skip
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
        if (named := DOWNLOAD.fullmatch(place.name)) and place.text.lower().startswith("wall time,step,value"):
            return Claim(place, Rank.LIKELY, "a series that TensorBoard's page saved", run=named["run"])
        if is_table(place):
            chart = _chart(csv_text.header(place.text)[0])
            run = next(iter(chart.runs)) if chart is not None and len(chart.runs) == 1 else ""
            parts = cache(partial(find, place.spec)) if _may_hold_several(place, chart) else tuple
            return Claim(place, Rank.LIKELY, "a table with a step", run=run, parts=parts)
        return Claim(place, Rank.NAMED, NO_STEP) if place.suffix in SUFFIXES else None

    def read(self, claim: Claim, keep: Keep) -> Run:
        return read_place(claim.place, keep)


def is_table(place: Place) -> bool:
    """Whether a file's header names a step, or is that of W&B's exports."""
    if place.suffix not in (*SUFFIXES, *LOG_SUFFIXES):
        return False
    header, _ = csv_text.header(place.text)
    if len(header) > 1 and _chart(header) is not None:
        return True
    names = layout.of_text(place.text).names
    return len(names) > 1 and bool(steps.named(names)) and (place.suffix in SUFFIXES or bool({*names} & {*STEP_NAMES}))


def _may_hold_several(place: Place, chart: Chart | None) -> bool:
    """Whether a table's rows must be looked at for the runs in it: its names, or what is seen of them, say so."""
    names = {name.lower() for name in layout.of_text(place.text).names}
    return chart is not None or bool(names & {*table.RUNS}) or len(place.head) >= HEAD


def find(spec: str) -> tuple[str, ...]:
    """The table itself, or `table#run` for each run of an exported chart or of a table of several runs."""
    file = Place(spec)
    if file.part:
        return (spec,)
    chart = _chart(csv_text.header(place.head(file.path, 1 << 22).decode("utf-8-sig", errors="replace"))[0])
    if chart is not None:
        return (spec,) if len(chart.runs) < 2 else tuple(file.of(name) for name in sorted(chart.runs))
    names = {name.lower() for name in layout.of_text(csv_text.first_lines(file.path)).names}
    if not names & {*table.RUNS}:
        return (spec,)  # one run: no need to look at the rows
    try:
        return table.specs(file, _runs(file))
    except SourceError:
        return (spec,)  # to read it says what is wrong


def read_place(file: Place, keep: Collection[str] | None) -> Run:
    """The run of a place that is a table, or the one of several that is asked for."""
    path = file.path
    notes: list[str] = []
    first = csv_text.first_lines(path)
    header, _ = csv_text.header(first)
    if not header:
        raise NoSteps(f"{path}: no step yet: the table is empty; try again when the first step is done")
    if len(header) > MOST_COLUMNS:
        raise SourceError(f"{path}: {len(header):,} columns; give those of one run, {MOST_COLUMNS:,} at most")
    if any(columns <= {*header} for columns in RUNS_TABLE):
        raise NoSteps(f"{path}: a W&B runs table, one row a run and no steps; export a chart's CSV, or give the "
                      "runs themselves as entity/project/run_id")
    chart, found = _chart(header), layout.of_text(first)
    if (named := DOWNLOAD.fullmatch(file.name)) and [name.lower() for name in header] == SAVED:
        return _read_download(file, named["run"], tag_of(named["tag"]))
    if chart is not None:
        return _read_chart(path, file.part, found, chart, notes)
    if layout.is_data(found.names):
        raise SourceError(f"{path}: the first row holds numbers, not names; put a row of column names on top")
    return table.run_of(_runs(file), file, keep)


def _read_download(file: Place, run: str, tag: str) -> Run:
    """One series as TensorBoard's page saves it: its tag stands in the file's name alone."""
    found = _runs(file)[""]
    lower = {name.lower(): one for name, one in found.columns.items()}
    columns = {"step": lower["step"], "_timestamp": lower["wall time"], tag: lower["value"]}
    made = table.run_of({"": table.Table(columns, found.n_rows, found.notes)}, file, None, kind="TensorBoard series")
    return replace(made, id=run, name=run)


def tag_of(text: str) -> str:
    """A tag whose "/" was written as "_" in a file's name, as trainers write it."""
    first, _, rest = text.partition("_")
    return f"{first}/{rest}" if rest and first in GROUPS else text


def _runs(file: Place) -> dict[str, table.Table]:
    """The runs in a table by their names."""
    notes: list[str] = []
    found = layout.of_text(csv_text.first_lines(file.path))
    if found.passed_over:
        notes.append(f"{len(found.passed_over)} lines before the column names were passed over: "
                     f"{found.passed_over[0][:80]!r}")  # fmt: skip
    names = _distinct(found.names, notes)
    cells: dict[Key, Cells] = {name: Cells() for at, name in enumerate(names) if name or at == 0}
    n_rows = _filled(file.path, found, [cells.get(name) for name in names], notes)
    columns = {str(name): one for name, one in of_cells(cells, n_rows, found.delimiter).items()}
    return table.runs(table.Table(columns, n_rows, tuple(notes)), file.step_column)


def _filled(path: str, found: layout.Layout, cells: Sequence[Cells | None], notes: list[str]) -> int:
    """How many rows a table has; each cell goes to its column."""
    n_rows = n_short = 0
    width = len(cells)
    for row in csv_text.rows(path, found.delimiter, notes, after=found.n_lines):
        n_short += len(row) < width
        for column, text in zip(cells, row, strict=False):
            if column is None or not text:
                continue
            try:
                value = float(text)
            except ValueError:
                column.add(n_rows, text)
            else:
                column.at.append(n_rows)
                column.values.append(value)
        n_rows += 1
    if n_short:
        notes.append(f"{n_short:,} of {n_rows:,} rows are shorter than the header; what they hold was kept")
    return n_rows


def rows(path: str) -> list[dict[str, str]]:
    """Every row of a table as text by column; of a W&B runs table, what it says of each run."""
    header, delimiter = csv_text.header(csv_text.first_lines(path))
    return [dict(zip(header, row, strict=False)) for row in csv_text.rows(path, delimiter, [])]


def _read_chart(path: str, chosen: str, found: layout.Layout, chart: Chart, notes: list[str]) -> Run:
    """One run of a chart exported from W&B's page; its rows are those in which the run has a value."""
    if not chosen and len(chart.runs) > 1:
        raise SourceError(f"{path}: a chart of {len(chart.runs)} runs; name one, as {path}#{min(chart.runs)}")
    name = chosen or next(iter(chart.runs))
    if name not in chart.runs:
        raise SourceError(f"{path}: no run {name!r}; it has {', '.join(chart.runs)}")
    metrics = chart.runs[name]
    cells: dict[Key, Cells] = {own: Cells() for own in ("step", *metrics.values())}
    own_at = {0: "step", **metrics}
    n_rows = _filled(path, found, [cells.get(own_at.get(at, "")) for at in range(len(found.names))], notes)
    read = {str(own): one for own, one in of_cells(cells, n_rows, found.delimiter).items()}
    notes += [f"{one.n_odd:,} cells of {own!r} are no numbers" for own, one in read.items() if one.n_odd]
    columns: dict[Key, np.ndarray] = {own: one.numbers for own, one in read.items()}
    nans = [(row, metric, math.nan) for metric in metrics.values() for row in read[metric].nans.tolist()]
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
