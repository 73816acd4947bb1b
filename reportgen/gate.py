"""The one gate through which every source's rows pass: step axis, restarts, nan and inf, secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from reportgen import axis as axes
from reportgen import foreign, metrics, naming, redact, restarts, trainers, wording
from reportgen.errors import NoSteps, SourceError
from reportgen.gathered import Gathered
from reportgen.naming import Key
from reportgen.run import CLOCKS, LARGEST, STEP_NAMES, NonFinite, Run, State
from reportgen.trainers import Trainer

Columns = Mapping[Key, np.ndarray]  # every array (n_rows,); NaN where a row didn't log it
OFTEN = 0.8  # of the steps that hold several rows: then a row is a part of its step
MARK = np.inf  # a logged nan or inf, while rows are folded


_offered: ContextVar[Callable[[list[str]], Mapping[str, Any]]] = ContextVar("a config beside", default=lambda _: {})


@contextmanager
def offering(config: Callable[[list[str]], Mapping[str, Any]]) -> Iterator[None]:
    """Inside, a run whose own record holds no config takes this one, called with the run's notes."""
    before = _offered.set(config)
    try:
        yield
    finally:
        _offered.reset(before)


def from_rows(
    rows: Iterable[Mapping[Key, Any]] | Gathered | Columns,
    *,
    id: str,
    source: str,
    name: str = "",
    step: str | None = None,
    step_metrics: Mapping[str, str] | None = None,
    nonfinite: Sequence[tuple[int, Key, float]] = (),
    config: Mapping[str, Any] | None = None,
    summary: Mapping[str, Any] | None = None,
    provenance: Mapping[str, Any] | None = None,
    system: pd.DataFrame | None = None,
    started: datetime | None = None,
    runtime_s: float | None = None,
    state: State = "unknown",
    framework: str = "",
    steps_per_epoch: int | None = None,
    console_tail: str = "",
    notes: Sequence[str] = (),
    launches: np.ndarray | None = None,
    begins: Mapping[int, float] | None = None,
    spec: str = "",
    launch: int | None = None,
) -> Run:
    """A Run out of logged rows: one axis, one value a cell, no secrets.

    rows: in logged order; each a mapping of metric to value, nested as logged, or all rows at once
    as columns. Values that are no numbers are left out. Parts of a step are averaged, else the later value stands.
    step: the column that counts steps; without it the first of STEP_NAMES that is there.
    step_metrics: metric name (or pattern) -> the metric that define_metric gave it as axis.
    launches: (n_rows,) which launch a row is of, where the source knows. begins: launch -> the step it took over at.
    launch: which of the launches that began at the first step is the run, from 1; None: the last. spec: what is
    typed for the run, to say how the others are asked for.
    nonfinite: (row, metric, value) of nan logged in columns, where NaN alone means "not logged".
    Raises NoSteps when no row has a step and a number, SourceError when no column counts steps.
    """
    id, name, source = (naming.writable(text) for text in (id, name, redact.text(source, keeps_hex=True)[0]))
    columns, bad = _columns(rows, nonfinite)
    names, naming_notes = naming.join(columns)
    names, removed_names = _safe_names(names)
    table = {names[key]: values for key, values in columns.items()}
    remarks = [*notes, *naming_notes]
    config = config or _offered.get()(remarks)
    framework = framework or metrics.framework(table, naming.flatten(config))
    if not table or not len(next(iter(table.values()))):
        raise NoSteps(f"{source}: no step yet: nothing was logged; try again when the first step is done")
    trainer = trainers.by_name(framework)
    played = metrics.roles(table, trainer=framework).get("train_reward")
    reward = played.name if played else None
    for total, (terms, scale) in metrics.sums(table, framework).items():
        summed = np.sum([table[term] for term in terms], axis=0)
        table[total] = np.where(summed == MARK, np.nan, scale * summed)  # what isn't finite is told of its parts
    axis = step or _axis(table, reward, step_metrics or {}, trainer, source, remarks)
    if axis not in table:
        raise SourceError(f"{source}: no column {axis!r}; it has {_some(table)}")
    steps = _integers(table[axis], axis, remarks)
    if axis == "_step" and trainer.step_rule == "from_one":
        steps = _from_one(steps, table, reward, trainer, remarks)
    steps = axes.completed(steps, table, axis, remarks)
    path, number = restarts.typed()
    asked = restarts.Asked(launches, dict(begins or {}), number if launch is None else launch, spec or path)
    found = axes.families(table, steps, axis, step_metrics or {}, trainer, remarks, reward)
    rewards = None if reward is None else table[reward]
    stands, taken_over = restarts.standing(steps, [one.steps for one in found], rewards, asked, remarks)
    steps, kept = found[0].steps, stands[0]
    if nowhere := _nowhere(table, steps, found):
        remarks.append(f"{wording.plural(nowhere, 'row')} without a step in {axis!r} were left out")
    elapsed = _elapsed(table, kept, started)
    frames = [_family(table, one, rows, remarks) for one, rows in zip(found, stands, strict=True)]
    history = frames[0] if len(frames) == 1 else pd.concat(frames, axis=1).sort_index()
    history.index = pd.Index(history.index, name="step", dtype="int64")
    if history.empty:
        raise NoSteps(f"{source}: no step yet: no row has both a step and a number")
    index = steps[kept].astype(np.int64)
    history = history.dropna(axis=1, how="all").dropna(axis=0, how="all")  # marks of nan and inf are no gaps
    if history.empty:
        raise NoSteps(f"{source}: no step yet: no row has both a step and a number")
    logged_bad = _places(bad, names, found, stands)
    history, standing = _without_marks(history, logged_bad)
    safe, removed = _without_secrets(
        name=name, console_tail=console_tail, config=config, summary=summary, provenance=provenance
    )
    return Run(
        id=redact.text(id, keeps_hex=True)[0],
        source=source,
        history=history,
        elapsed_s=None if elapsed is None else _fold(elapsed.to_frame("s"), index)["s"].dropna(),
        system=None if system is None else _measured(system),
        nonfinite=standing,
        restarts=taken_over,
        steps_per_epoch=steps_per_epoch,
        started=_begun(started, table, kept),
        runtime_s=_at_least(runtime_s, elapsed),
        state=state,
        framework=framework,
        axis=axis,
        axes={name: one.axis for one in found[1:] for name in one.names},
        notes=tuple(dict.fromkeys(redact.text(remark)[0] for remark in remarks)),
        removed=(*removed, *removed_names),
        **safe,
    )


def _measured(system: pd.DataFrame) -> pd.DataFrame:
    """Hardware metrics without overflows, their names without secrets."""
    names = [redact.text(naming.writable(str(name)))[0] for name in system.columns]
    return system.where(system.abs() <= LARGEST).set_axis(names, axis=1)


def _safe_names(names: Mapping[Key, str]) -> tuple[dict[Key, str], list[str]]:
    """The metrics' names without secrets, still one each, and those that held one."""
    safe = {key: redact.text(naming.writable(name))[0] for key, name in names.items()}
    removed = [safe[key] for key, name in names.items() if safe[key] != naming.writable(name)]
    taken = {name for key, name in safe.items() if name == names[key]}
    for key, name in names.items():
        while safe[key] != name and safe[key] in taken:
            safe[key] += "'"
        taken.add(safe[key])
    return safe, removed


def _columns(
    rows: Iterable[Mapping[Key, Any]] | Gathered | Columns, nonfinite: Sequence[tuple[int, Key, float]]
) -> tuple[dict[Key, np.ndarray], list[tuple[int, Key, float]]]:
    """Column -> (n_rows,) float64, and (row, column, value) of each nan or inf.

    NaN is a gap; MARK stands where nan or inf was logged, so that it isn't taken for one.
    """
    bad = list(nonfinite)
    if isinstance(rows, Mapping):
        columns = {key: np.asarray(values, dtype=np.float64) for key, values in rows.items()}
        for key, values in columns.items():
            bad += [(int(row), key, float(values[row])) for row in np.flatnonzero(np.abs(values) > LARGEST)]
        columns |= {key: columns[key].copy() for key in dict.fromkeys(key for _, key, _ in bad)}  # marked in a copy
    else:
        gathered = rows if isinstance(rows, Gathered) else Gathered(rows)
        columns, logged = gathered.columns()
        bad += logged
    for row, key, _ in bad:
        columns[key][row] = MARK
    return columns, bad


def _axis(
    table: axes.Table, reward: str | None, step_metrics: Mapping[str, str], trainer: Trainer, source: str,
    remarks: list[str],
) -> str:  # fmt: skip
    """The column that counts the run's steps."""
    axis = axes.main(table, reward, step_metrics, trainer)
    if axis is None:
        raise SourceError(
            f"{source}: no column counts steps; expected one of {', '.join(STEP_NAMES)}, found {_some(table)}"
        )
    if reward is not None and axis != "_step" and axis == naming.most_specific(reward, step_metrics):
        remarks.append(f"steps are {axis!r}, which define_metric gives {reward!r} as its axis")
    return axis


def _nowhere(table: axes.Table, steps: np.ndarray, found: Sequence[axes.Family]) -> int:
    """How many rows with a number stand at no step."""
    bare = ~np.isfinite(steps)
    if not bare.any():
        return 0
    lost = np.zeros(len(steps), dtype=bool)
    for one in found:
        rows = np.flatnonzero(bare & ~np.isfinite(one.steps))
        for name in one.names if len(rows) else ():
            lost[rows[~np.isnan(table[name][rows])]] = True
    return int(lost.sum())


def _family(table: axes.Table, one: axes.Family, stands: np.ndarray, remarks: list[str]) -> pd.DataFrame:
    """The metrics of one axis by step; several rows of a step averaged where they are its parts."""
    rows = np.flatnonzero(stands)
    cells = np.empty((len(one.names), len(rows)))  # as pandas keeps them, so that a million aren't there twice
    for number, name in enumerate(one.names):
        cells[number] = table[name][rows]
    frame = pd.DataFrame(cells.T, columns=list(one.names), copy=False)
    return _fold(frame, one.steps[rows].astype(np.int64), mean=one.is_folded, remarks=remarks)


def _places(
    bad: Sequence[tuple[int, Key, float]], names: Mapping[Key, str], found: Sequence[axes.Family],
    stands: Sequence[np.ndarray],
) -> dict[tuple[int, str], float]:  # fmt: skip
    """(step, metric) -> the nan or inf that was logged there."""
    if not bad:
        return {}
    family = {name: at for at, one in enumerate(found) for name in one.names}
    logged = {}
    for row, key, value in bad:
        at = family.get(names[key])
        if at is not None and stands[at][row]:
            logged[int(found[at].steps[row]), names[key]] = value
    return logged


def _integers(values: np.ndarray, axis: str, remarks: list[str]) -> np.ndarray:
    """Steps as whole numbers (float64, NaN where a row has none); row numbers when they aren't whole."""
    logged = values[np.isfinite(values)]
    if np.array_equal(logged, np.rint(logged)) and (not logged.size or np.abs(logged).max() < 2**53):
        return values
    remarks.append(f"{axis!r} isn't whole numbers, so rows are counted instead: step 1 is the first row")
    return np.arange(1.0, len(values) + 1)


def _from_one(
    steps: np.ndarray, table: axes.Table, reward: str | None, trainer: Trainer, remarks: list[str]
) -> np.ndarray:
    """The 1-based step that a trainer prints, for each W&B `_step`.

    AReaL 1.0 and later count `_step` from 0; up to 0.4.0 each of M minibatches wrote a row, the task
    reward in the first of them alone (facts: areal/utils/stats_logger.py).
    """
    if not np.isfinite(steps).any():
        return steps
    if reward is not None and (per_step := _rows_per_step(steps, table[reward])) > 1:
        first = steps[np.isfinite(table[reward])].min()
        remarks.append(f"{per_step} W&B rows a train step (minibatches) were folded onto one")
        return (steps - first) // per_step + 1 + np.floor((first - 1) / per_step).clip(0)
    if np.nanmin(steps) == 0:
        remarks.append(f"steps were logged from 0; {trainer.title} prints them from 1, and that is used")
        return steps + 1
    return steps


def _rows_per_step(steps: np.ndarray, reward: np.ndarray) -> int:
    """How many rows were logged a train step, judged by where the reward stands; 1 unless it is regular."""
    at = np.unique(steps[np.isfinite(reward) & np.isfinite(steps)])
    if len(at) < 2:
        return 1
    gaps = np.diff(at)
    usual = int(np.median(gaps))
    dense = len(np.unique(steps[np.isfinite(steps)])) >= 0.9 * usual * len(at)
    return usual if usual > 1 and dense and (gaps == usual).mean() > 0.9 else 1


def _elapsed(table: Mapping[str, np.ndarray], kept: np.ndarray, started: datetime | None) -> pd.Series | None:
    """Seconds since the start by kept row, from W&B's clocks.

    `_timestamp` first: `_runtime` begins at 0 again in every segment of a resumed offline run.
    """
    for name in CLOCKS:
        if name in table and np.isfinite(table[name][kept]).any():
            seconds = table[name][kept]
            first = float(np.nanmin(seconds))
            begin = min(first, started.timestamp()) if started else first
            return pd.Series(seconds - begin if name == "_timestamp" else seconds)
    return None


def _begun(started: datetime | None, table: Mapping[str, np.ndarray], kept: np.ndarray) -> datetime | None:
    """When the run started: never after its first row."""
    stamps = table.get("_timestamp")
    if started is None or stamps is None or not np.isfinite(stamps[kept]).any():
        return started
    first = foreign.since_1970(float(np.nanmin(stamps[kept])))
    return started if first is None else min(started, first)


def _at_least(runtime_s: float | None, elapsed: pd.Series | None) -> float | None:
    """The run's duration; never shorter than what its own rows span."""
    spans = [seconds for seconds in (runtime_s, None if elapsed is None else elapsed.max()) if seconds is not None]
    return float(max(spans)) if spans else None


def _fold(
    frame: pd.DataFrame, steps: np.ndarray, *, mean: bool = False, remarks: list[str] | None = None
) -> pd.DataFrame:
    """One row a step, ascending; of several values for a cell their mean or the last logged.

    The mean where nearly every step has several, as parts of its batch.
    """
    frame = frame.set_axis(pd.Index(steps, name="step", dtype="int64"), axis=0)
    if (np.diff(steps) > 0).all():
        return frame
    if frame.index.is_unique:
        return frame.sort_index()
    grouped = frame.groupby(level="step", sort=True)
    if remarks is None:
        return grouped.last()
    most = grouped.count().max(axis=1)
    mean = mean or bool(len(most) > 1 and (most > 1).mean() >= OFTEN)
    folded = grouped.mean() if mean else grouped.last()
    remarks += _several(frame, folded, most, mean)
    return folded


def _several(frame: pd.DataFrame, folded: pd.DataFrame, most: pd.Series, mean: bool) -> list[str]:
    """That steps held more than one value of a metric, and what became of them. most: of any metric, by step."""
    n_several = int((most > 1).sum())
    if not n_several:
        return []
    if mean:
        usual = int(most[most > 1].median())
        return [f"{wording.plural(n_several, 'step')} hold several rows, {usual} as a rule: their mean is taken"]
    differ = frame.sub(folded.reindex(frame.index)).abs().gt(0).to_numpy().any()
    return [f"{wording.plural(n_several, 'step')} hold several rows: the last value logged stands"] if differ else []


def _without_marks(
    history: pd.DataFrame, logged: Mapping[tuple[int, str], float]
) -> tuple[pd.DataFrame, tuple[NonFinite, ...]]:
    """The history with marks as gaps, and the nan or inf that stood at each, by step and metric."""
    marked = np.isposinf(history.to_numpy())
    if not marked.any():
        return history, ()
    steps, names = history.index, history.columns
    places = [(int(steps[row]), str(names[column])) for row, column in zip(*np.nonzero(marked), strict=True)]
    return history.mask(marked), tuple(NonFinite(step, name, logged[step, name]) for step, name in places)


def _without_secrets(
    *,
    name: str,
    console_tail: str,
    config: Mapping[str, Any] | None,
    summary: Mapping[str, Any] | None,
    provenance: Mapping[str, Any] | None,
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The texts and flat mappings of a run with secrets out, and where each was."""
    texts = {"name": redact.text(name), "console_tail": redact.text(console_tail)}
    safe: dict[str, Any] = {key: text for key, (text, _) in texts.items()}
    removed = [key for key, (_, count) in texts.items() for _ in range(count)]
    for key, values in (("config", config), ("summary", summary), ("provenance", provenance)):
        safe[key], where = redact.mapping(naming.flatten(foreign.plain(values or {}) or {}))
        removed += where
    return safe, tuple(removed)


def _some(table: Mapping[str, Any], most: int = 6) -> str:
    names = list(table)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
