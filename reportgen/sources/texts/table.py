"""A table of one or several runs, wherever its cells came from: runs told apart, long form spread, steps found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from reportgen import metrics
from reportgen.errors import NoSteps, SourceError
from reportgen.gate import from_rows
from reportgen.naming import Key
from reportgen.run import STEP_NAMES, Run
from reportgen.sources import place as places
from reportgen.sources.logged import ALWAYS, wanted
from reportgen.sources.place import Place
from reportgen.sources.texts import cells as cell
from reportgen.sources.texts import json_forms, steps
from reportgen.sources.texts.cells import Column

RUNS = (
    "run", "run_name", "run name", "run_id", "run id", "trial", "trial_name", "experiment", "experiment_name", "exp",
    "name", "seed", "algorithm", "algo", "method", "group", "model", "variant", "id",
)  # fmt: skip
NAMED = ("run", "run_name", "run name", "trial", "trial_name", "experiment", "experiment_name")
METRICS = ("metric", "tag", "key", "name", "variable", "metric_name", "attribute_path")
VALUES = ("value", "metric_value", "val", "float_value")
MOST_RUNS = 10_000
MOST_REPEATED = 0.02  # of a run's rows that may repeat a step, as after a restart
MOST_UNREADABLE = 0.1  # of the steps or of the reward; a table with more is refused, never judged
EVALS = ("eval", "val", "test", "valid", "validation")


@dataclass(frozen=True)
class Table:
    """Columns of one length, and what was noted on the way."""

    columns: Mapping[str, Column]
    n_rows: int
    notes: tuple[str, ...] = ()

    def taken(self, rows: np.ndarray) -> Table:
        """The same table, only the rows given."""
        return replace(self, columns={name: one.taken(rows) for name, one in self.columns.items()}, n_rows=len(rows))


def runs(table: Table, step_column: str = "") -> dict[str, Table]:
    """The table of each run by its name, "" for the only one; long forms spread to a column a metric."""
    table = _parted(_spread(table))
    step = step_column or steps.chosen({name: one.numbers for name, one in table.columns.items()}, [])
    if step is None or step not in table.columns:
        return {"": table}
    by = _run_columns(table, step)
    if not by:
        return {_only_name(table): table}
    labels = [" ".join(part for part in row if part) for row in zip(*(table.columns[name].labels() for name in by),
                                                                     strict=True)]  # fmt: skip
    rows: dict[str, list[int]] = defaultdict(list)
    for at, label in enumerate(labels):
        rows[label].append(at)
    rows.pop("", None)
    if len(rows) > MOST_RUNS:
        return {"": table}
    told = f"runs are told apart by {' and '.join(repr(name) for name in by)}"
    kept = replace(table, columns={name: one for name, one in table.columns.items() if name not in by},
                   notes=(*table.notes, told))  # fmt: skip
    return {label: kept.taken(np.array(at)) for label, at in rows.items()}


def _only_name(table: Table) -> str:
    """What the only run is called where a column says it in every row, else ""."""
    for name in NAMED:
        if (column := table.columns.get(name)) is not None and column.is_text:
            told = set(column.labels())
            if len(told) == 1:
                return told.pop()
    return ""


def _parted(table: Table) -> Table:
    """Rows of training and of evals told apart: reward in the rows of split "eval" is eval/reward."""
    for key in json_forms.SPLIT_KEYS:
        column = table.columns.get(key)
        if column is None or not column.is_text:
            continue
        labels = [label.lower() for label in column.labels()]
        told = {label for label in labels if label}
        if len(told) < 2 or not told <= json_forms.PARTS.keys():
            continue
        own = {*steps.named(table.columns), key, *RUNS, *steps.INDEXES}
        columns = {name: one for name, one in table.columns.items() if name in own and name != key}
        for label in sorted(told):
            part = json_forms.PARTS[label]
            inside = np.array([one == label for one in labels])
            for name, one in table.columns.items():
                if name not in own and not one.is_text:
                    columns[name if name.startswith(f"{part}/") else f"{part}/{name}"] = _only(one, inside)
        return replace(table, columns=columns)
    return table


def _only(column: Column, inside: np.ndarray) -> Column:
    """A column as if the rows outside had not been logged."""
    odd = tuple((row, text) for row, text in column.odd if inside[row])
    numbers = np.where(inside, column.numbers, np.nan)
    return replace(column, numbers=numbers, nans=column.nans[inside[column.nans]], odd=odd, n_odd=len(odd))


def specs(place: Place, found: Mapping[str, Table]) -> tuple[str, ...]:
    """The spec of each run in a table."""
    return (place.spec,) if len(found) < 2 or place.part else tuple(place.of(name) for name in sorted(found))


def run_of(found: Mapping[str, Table], place: Place, keep: Collection[str] | None, *, kind: str = "table",
           config: Mapping[str, Any] | None = None) -> Run:  # fmt: skip
    """The run of a table, or the one that is asked for; SourceError: where, what, what to do."""
    path = place.path
    if place.part and place.part not in found:
        if set(found) == {""}:
            raise SourceError(f"{path}: one run, not several; leave out #{place.part}")
        raise SourceError(f"{path}: no run {place.part!r}; it has {', '.join(sorted(found)[:8])}")
    if len(found) > 1 and not place.part:
        raise SourceError(f"{path}: {len(found)} runs in one table; name one, as {place.of(min(found))}")
    name, table = (place.part, found[place.part]) if place.part else next(iter(found.items()))
    notes = list(table.notes)
    if not any(one.n_numbers and not one.is_text for one in table.columns.values()):
        if not table.n_rows:
            raise NoSteps(f"{path}: no step yet: column names but no row; try again when the first step is done")
        raise SourceError(f"{path}: no column with numbers in {table.n_rows:,} rows; a run needs a step and metrics")
    axis = _axis(table, place, notes)
    if axis is not None and (n_repeated := table.n_rows - len(np.unique(table.columns[axis].numbers))):
        notes.append(f"{n_repeated:,} of {table.n_rows:,} rows repeat a step; the later value of each metric was kept")
    columns, nonfinite = _numbers(table, axis, path, keep, notes)
    if not columns.keys() - {axis}:
        raise SourceError(f"{path}: no column with numbers in {table.n_rows:,} rows; a run needs a step and metrics")
    if axis == "":  # an index without a name
        axis, columns["step"] = "step", columns.pop("")
    own = name or places.run_name(path)
    return from_rows(
        columns, id=own, name=own, source=f"{kind} {place.spec}", step=axis, nonfinite=nonfinite, config=config,
        notes=notes,
    )  # fmt: skip


def _axis(table: Table, place: Place, notes: list[str]) -> str | None:
    """The column that counts steps: as asked for, else by its name; None when no column does."""
    asked = place.step_column
    if asked == steps.ROWS:
        return None
    if asked:
        if asked not in table.columns:
            raise SourceError(f"{place.path}: no column {asked!r}; it has {', '.join(list(table.columns)[:8])}")
        return str(asked)
    found = steps.chosen({name: one.numbers for name, one in table.columns.items()}, notes)
    if found is None and table.n_rows:
        shown = ", ".join(list(table.columns)[:8])
        raise SourceError(
            f"{place.path}: no column counts steps; expected one of {', '.join(STEP_NAMES[:3])} …, found {shown}; "
            f"name it with --step-column NAME, or have the rows counted with --step-column {steps.ROWS}"
        )
    if found is not None and (n_odd := table.columns[found].n_odd) > MOST_UNREADABLE * table.n_rows:
        example = next((text for _, text in table.columns[found].odd), "")
        counted = f"{n_odd:,} of {table.n_rows:,} steps in {found!r}"
        raise SourceError(f"{place.path}: {counted} can't be read (as {example!r}); write them as whole numbers")
    return found


def _numbers(
    table: Table, axis: str | None, path: str, keep: Collection[str] | None, notes: list[str]
) -> tuple[dict[Key, np.ndarray], list[tuple[int, Key, float]]]:
    """Columns as the gate takes them, and (row, column, value) of each nan and inf that was logged."""
    kept = wanted(keep)
    chosen = {name: one for name, one in table.columns.items() if name == axis or kept(name)}
    if len(chosen) < 2 or all(name in ALWAYS or name == axis for name in chosen):
        chosen = dict(table.columns)
    whole: dict[Key, Column] = {name: one for name, one in chosen.items() if not one.is_text and not one.is_empty}
    whole = {name: one for name, one in whole.items() if name not in steps.INDEXES or name == axis}
    filled, gaps = cell.with_gaps(whole, _is_eval)
    if gaps:
        notes.append(f"nan stands for a gap in {', '.join(map(repr, gaps[:4]))}")
    reward = metrics.roles([str(name) for name in filled]).get("train_reward")
    arrays: dict[Key, np.ndarray] = {}
    bad: list[tuple[int, Key, float]] = []
    for name, one in filled.items():
        if one.n_odd and name != axis:
            if reward is not None and name == reward.name and one.n_odd > MOST_UNREADABLE * max(one.n_numbers, 1):
                raise SourceError(f"{path}: {one.n_odd:,} values of the reward {name!r} can't be read (as "
                                  f"{one.odd[0][1]!r}); write them as plain numbers")  # fmt: skip
            first = one.odd[0][0] + 1 if one.odd else 0
            notes.append(f"{one.n_odd:,} cells of {name!r} are no numbers (first: row {first:,})")
        if one.form:
            notes.append(f"{name!r} is written with {one.form}" + (" signs: 18.35 % is read as 0.1835" * (
                one.form == "percent")))  # fmt: skip
        values = one.numbers.copy()
        infinite = np.flatnonzero(np.isinf(values))
        bad += [(int(row), name, float(values[row])) for row in infinite]
        bad += [(int(row), name, float("nan")) for row in one.nans]
        values[infinite] = np.nan
        arrays[name] = values
    if axis is None:
        arrays["step"] = np.arange(1.0, table.n_rows + 1)
        notes.append("no column counts steps, so rows are counted, as asked: step 1 is the first row")
    return arrays, [entry for entry in bad if entry[1] != axis]


def _is_eval(name: str) -> bool:
    lower = name.lower()
    return any(lower.startswith(word) or f"/{word}" in lower or f"_{word}" in lower for word in EVALS)


def _spread(table: Table) -> Table:
    """A long form, one value a row, as a column a metric; any other table as it is."""
    lower = {name.lower(): name for name in table.columns}
    value = next((lower[name] for name in VALUES if name in lower), None)
    named = next((lower[name] for name in METRICS if name in lower and table.columns[lower[name]].is_text), None)
    if value is None or named is None or table.columns[value].is_text or not table.n_rows:
        return table
    labels = table.columns[named].labels()
    others = [name for name in table.columns if name not in (value, named)]
    places_of: dict[str, list[int]] = defaultdict(list)
    for at, label in enumerate(labels):
        if label:
            places_of[label].append(at)
    if len(places_of) > max(2_000, table.n_rows // 2):
        return table
    values = table.columns[value]
    nans = set(values.nans.tolist())
    columns = {name: table.columns[name] for name in others}
    for label, rows in places_of.items():
        numbers = np.full(table.n_rows, np.nan)
        numbers[rows] = values.numbers[rows]
        own = np.array([row for row in rows if row in nans], dtype=np.int64)
        columns[label] = Column(numbers, own)
    step = steps.chosen({name: table.columns[name].numbers for name in others}, [])
    told = f"one value a row: {named!r} names the metric"
    return _folded(replace(table, columns=columns, notes=(*table.notes, told)), step, list(places_of))


def _folded(table: Table, step: str | None, names: Sequence[str]) -> Table:
    """Rows of one step and run put together, so that a step is a row."""
    if step is None:
        return table
    texts = [name for name, one in table.columns.items() if name not in names and name.lower() in RUNS]
    labels = [table.columns[name].labels() for name in texts]
    keys = list(zip(table.columns[step].numbers.tolist(), *labels, strict=True))
    firsts: dict[Any, int] = {}
    at = np.array([firsts.setdefault(key, len(firsts)) for key in keys])
    kept = _first_rows(at, len(firsts))
    made = {name: table.columns[name].taken(kept) for name in (step, *texts)}
    for name in names:
        one = table.columns[name]
        numbers = np.full(len(firsts), np.nan)
        there = np.flatnonzero(~np.isnan(one.numbers))
        numbers[at[there]] = one.numbers[there]
        made[name] = Column(numbers, np.unique(at[one.nans]) if len(one.nans) else one.nans)
    return Table(made, len(firsts), table.notes)


def _first_rows(at: np.ndarray, count: int) -> np.ndarray:
    """The first row of each of `count` numbered groups."""
    first = np.full(count, -1, dtype=np.int64)
    first[at[::-1]] = np.arange(len(at))[::-1]
    return first


def _run_columns(table: Table, step: str) -> tuple[str, ...]:
    """The columns that tell the runs of a table apart; none when its steps are one run's."""
    numbers = table.columns[step].numbers
    logged = numbers[np.isfinite(numbers)]
    if len(np.unique(logged)) == len(logged):
        texts = [name for name in _candidates(table, step) if table.columns[name].is_text]
        several = [name for name in texts if 1 < len(set(table.columns[name].labels()) - {""}) < table.n_rows // 2]
        return tuple(several[:1]) if several and several[0].lower().startswith("run") else ()
    there = _candidates(table, step)
    for size in (1, 2, 3):
        for names in combinations(there, size):
            keys = list(zip(numbers.tolist(), *(table.columns[name].labels() for name in names), strict=True))
            are_several = len({key[1:] for key in keys}) > 1
            if are_several and len(keys) - len(set(keys)) <= MOST_REPEATED * len(keys):
                return names
    return ()


def _candidates(table: Table, step: str) -> list[str]:
    """Columns that may name a run, the likeliest first: texts of those names, then numbers."""
    lower = {name.lower(): name for name in table.columns if name != step}
    named = [lower[name] for name in RUNS if name in lower and not table.columns[lower[name]].is_empty]
    return sorted(named, key=lambda name: not table.columns[name].is_text)


def of_arrays(arrays: Mapping[str, tuple[np.ndarray, np.ndarray | None]], texts: Mapping[str, Iterable[Any]],
              n_rows: int, notes: Iterable[str] = ()) -> Table:  # fmt: skip
    """A table of numeric arrays with their valid rows (None: all), and of columns with cells of any kind."""
    columns: dict[str, Column] = {}
    for name, (values, valid) in arrays.items():
        numbers = np.asarray(values, dtype=np.float64).copy()
        there = np.ones(n_rows, dtype=bool) if valid is None else valid
        nans = np.flatnonzero(np.isnan(numbers) & there)
        numbers[~there] = np.nan
        columns[name] = Column(numbers, nans)
    gathered: dict[Key, cell.Cells] = {}
    for name, given in texts.items():
        gathered[name] = cells = cell.Cells()
        for row, value in enumerate(given):
            cells.add(row, value)
    columns |= {str(name): one for name, one in cell.columns(gathered, n_rows).items()}
    ordered = {name: columns[name] for name in (*arrays, *texts)}
    return Table(ordered, n_rows, tuple(notes))
