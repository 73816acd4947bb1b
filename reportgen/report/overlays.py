"""The figures of a comparison: curves laid over each other, cost, and each varied key."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd

from reportgen import wording
from reportgen.comparison import Comparison
from reportgen.findings import Diagnosis, Figure, Mark
from reportgen.recipes.effects import LOG_SPAN

MOST_COLOURED = 8  # beyond it lines are faint, under a median with its quartiles
MOST_LINES = 40  # beyond it only the named lines are drawn
NAMED_LINES = 20
BEST_NAMED = 3  # of many
MOST_DOTS = 400  # of one key; of more, those that lie on each other are drawn once
DOT_CELLS = (70, 39)  # places for a dot on such a chart: its plot's size by a dot's of 3 px
TICK_ROOM = 34  # characters beside each other under such a chart
MOST_SWEPT = 6  # keys drawn against the outcome
FEWEST_SWEPT = 4  # runs, and 3 distinct values, that make a sweep
SPREAD_POINTS = 100
SPANS = (("hours", 1), ("minutes", 60), ("seconds", 3600))  # unit of an axis of costs, how many make an hour
SHORTEST = 0.5  # of a unit that the dearest run has to reach


@dataclass(frozen=True)
class Swept:
    """One config key that varies, with the outcome of each run."""

    key: str
    figure: Figure
    ticks: tuple[tuple[float, str], ...]  # position and value, where values are named; else the axis is numeric


def overlay(comparison: Comparison, taken: str | None = None) -> Figure | None:
    """Train trends laid over each other, the final evals as diamonds; None without a curve.

    taken: the trial to take, which is named with the best ones and the reference; of many it is the one strong line.
    """
    parts = [*_lines(comparison, taken)]
    if not parts:
        return None
    accuracy = comparison.diagnoses[0].scale.accuracy
    return Figure(
        id="overlay-chart",
        title="Train accuracy by step" if accuracy else "Train reward by step",
        unit="accuracy" if accuracy else "",
        frame=pd.concat(parts, ignore_index=True),
        marks=(*_baseline(comparison), *_written(comparison, taken)),
        kind="overlay",
    )


def efficiency(comparison: Comparison) -> Figure | None:
    """Level against hours or GPU-hours, a line a trial; None when costs are unknown."""
    costly = all(cost.gpus for cost in comparison.costs)
    accuracy = comparison.diagnoses[0].scale.accuracy
    parts = []
    spent = [hours * (cost.gpus or 1 if costly else 1) for cost in comparison.costs for hours, _ in cost.points[-1:]]
    most = max(spent, default=1.0)
    unit, per_hour = next((span for span in SPANS if most * span[1] >= SHORTEST), SPANS[-1])
    unit = f"GPU-{unit}" if costly else unit
    for label, cost in list(zip(comparison.labels, comparison.costs, strict=True))[:MOST_COLOURED]:
        if len(cost.points) > 1:
            hours, values = (np.array(column) for column in zip(*cost.points, strict=True))
            parts.append(frame(hours * per_hour * (cost.gpus or 1 if costly else 1), values, label, "trend"))
    if not parts:
        return None
    return Figure(
        id="efficiency-chart",
        title=f"Level by {unit}",
        unit="accuracy" if accuracy else "",
        frame=pd.concat(parts, ignore_index=True),
        marks=(*_baseline(comparison), *_written(comparison, None)),
        kind="efficiency",
        caption=unit,
    )


def swept(comparison: Comparison) -> tuple[Swept, ...]:
    """Keys with three or more values over enough runs, each against where the run ended."""
    levels = [level.value if level else None for level in comparison.levels]
    if sum(value is not None for value in levels) < FEWEST_SWEPT:
        return ()
    recipe = {key for label in comparison.labels for key in comparison.varied(label)}
    found = []
    for key, row in comparison.differences.items():
        if key in recipe and len({repr(value) for value in row}) >= 3:
            found.append(_sweep(key, row, levels, comparison))
    return tuple(found[:MOST_SWEPT])


def frame(
    steps: np.ndarray,
    values: np.ndarray,
    name: str,
    layer: str,
    low: np.ndarray | None = None,
    high: np.ndarray | None = None,
) -> pd.DataFrame:
    """Tidy rows of one trial on one layer of the picture."""
    edges = {"low": values if low is None else low, "high": values if high is None else high}
    return pd.DataFrame({"step": steps, "value": values, **edges, "series": name, "layer": layer})


def _sweep(key: str, row: Sequence[Any], levels: Sequence[float | None], comparison: Comparison) -> Swept:
    known = [(value, level) for value, level in zip(row, levels, strict=True) if level is not None]
    values = sorted({value for value, _ in known}, key=_sortable)
    numeric = len(values) > 8 and all(isinstance(value, int | float) and value == value for value in values)
    if numeric and values[0] > 0 and values[-1] / values[0] >= LOG_SPAN:  # rates: each step the same factor
        place = {repr(value): math.log10(value) for value in values}
        ticks = tuple((place[repr(value)], _value(value)) for value in values)
    else:
        place = {repr(value): float(value) if numeric else float(at) for at, value in enumerate(values)}
        ticks = () if numeric else tuple((float(at), _value(value)) for at, value in enumerate(values))
    steps, outcomes = np.array([place[repr(value)] for value, _ in known]), np.array([level for _, level in known])
    places = _apart(steps, outcomes)
    figure = Figure(
        id=f"swept-{crc32(key.encode('utf-8', 'surrogatepass'))}",
        title=key,
        unit="accuracy" if comparison.diagnoses[0].scale.accuracy else "",
        frame=frame(steps[places], outcomes[places], key, "end"),
        kind="scatter",
        caption=f"{len(known):,} runs; dots that would lie on each other are drawn once"
        if len(places) < len(known)
        else "",
    )
    return Swept(key, figure, legible(ticks))


def legible(ticks: tuple[tuple[float, str], ...]) -> tuple[tuple[float, str], ...]:
    """Both ends, and of the others those that stand beside their neighbours without touching."""
    if len(ticks) < 2:
        return ticks
    last, scale = ticks[-1], TICK_ROOM / ((ticks[-1][0] - ticks[0][0]) or 1.0)

    def apart(left: tuple[float, str], right: tuple[float, str]) -> bool:
        return scale * (right[0] - left[0]) - (len(left[1]) + len(right[1])) / 2 >= 1

    kept = [ticks[0]]
    for tick in ticks[1:-1]:
        if apart(kept[-1], tick) and apart(tick, last):
            kept.append(tick)
    return (*kept, last)


def _apart(steps: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Which of many dots to draw so that none is missed: of those that would lie on each other the first."""
    if len(steps) <= MOST_DOTS:
        return np.arange(len(steps))
    cells = [np.floor((column - column.min()) / (np.ptp(column) or 1.0) * size).astype(np.int64)
             for column, size in ((steps, DOT_CELLS[0]), (values, DOT_CELLS[1]))]  # fmt: skip
    _, first = np.unique(cells[0] * (DOT_CELLS[1] + 1) + cells[1], return_index=True)
    return np.sort(first)


def _sortable(value: Any) -> tuple[int, float, str]:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return (0 if number else 1, float(value) if number else 0.0, str(value))


def _value(value: Any) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return wording.number(float(value)) if number else wording.drawable(str(value), 14)


def _written(comparison: Comparison, taken: str | None) -> Iterator[Mark]:
    """Whose names are written whatever stands beside them: all of few, else the choice, the best, the reference."""
    named = comparison.labels[: MOST_COLOURED if len(comparison.labels) <= MOST_COLOURED else BEST_NAMED]
    for label in dict.fromkeys((*([taken] if taken else []), *named, comparison.reference)):
        yield Mark("named", label)


def _lines(comparison: Comparison, taken: str | None) -> Iterator[pd.DataFrame]:
    """Rows of every layer: few runs in colour with their raw values, many faint under a median band."""
    runs = list(zip(comparison.labels, comparison.diagnoses, strict=True))
    few = len(runs) <= MOST_COLOURED
    for label, one in runs if len(runs) <= MOST_LINES else _named(comparison, taken, runs):
        if one.train is None or not len(one.train.curve.steps):
            continue
        curve, inside = one.train.curve, one.train.curve.steps <= one.train.last_step
        columns = (curve.steps[inside], curve.mid[inside])
        if few:
            yield _raw(label, one)
            yield frame(*columns, label, "trend", curve.low[inside], curve.high[inside])
        elif label == taken:
            yield frame(*columns, label, "trend", curve.low[inside], curve.high[inside])
        else:
            yield frame(*columns, label, "faint")
    if few:
        yield from _final_evals(comparison)
    else:
        yield from _spread([one for _, one in runs])


def _named(
    comparison: Comparison, taken: str | None, runs: list[tuple[str, Diagnosis]]
) -> list[tuple[str, Diagnosis]]:
    """Best, worst, the reference, the one to take and evenly chosen ones between: twenty lines in all."""
    count = len(runs)
    named = (comparison.at[comparison.reference], comparison.at[taken or runs[0][0]])
    picked = {*range(8), *range(count - 6, count), *named}
    between = np.linspace(8, count - 7, NAMED_LINES).round().astype(int).tolist()
    for at in between:
        if len(picked) >= NAMED_LINES:
            break
        picked.add(at)
    return [runs[at] for at in sorted(picked)]


def _raw(label: str, one: Diagnosis) -> pd.DataFrame:
    values = one.run.history[one.roles["train_reward"].name].dropna()
    return frame(values.index.to_numpy(float), values.to_numpy(float), label, "faint")


def _final_evals(comparison: Comparison) -> Iterator[pd.DataFrame]:
    if comparison.measure != "eval":
        return
    for label, level in zip(comparison.labels, comparison.levels, strict=True):
        if level is not None:
            low, high = level.interval or (level.value, level.value)
            step, value = np.array([float(level.step)]), np.array([level.value])
            yield frame(step, value, label, "eval", np.array([low]), np.array([high]))


def _spread(diagnoses: Sequence[Diagnosis]) -> Iterator[pd.DataFrame]:
    """Median and quartiles of the trends at each step that half of the runs reached."""
    curves = [one.train for one in diagnoses if one.train is not None and len(one.train.curve.steps)]
    if len(curves) < 4:
        return
    first = min(train.first_step for train in curves)
    last = float(np.median([train.last_step for train in curves]))
    steps = np.linspace(first, last, SPREAD_POINTS)
    levels = np.array([np.interp(steps, train.curve.steps, train.curve.mid, left=np.nan) for train in curves])
    levels[steps > np.array([[train.last_step] for train in curves])] = np.nan
    there = np.isfinite(levels).sum(axis=0) >= 3
    low, middle, high = np.nanquantile(levels[:, there], (0.25, 0.5, 0.75), axis=0)
    yield frame(steps[there], middle, "median", "spread", low, high)


def _baseline(comparison: Comparison) -> Iterator[Mark]:
    """The base model's level, when all runs were judged against the same."""
    known = {(one.improvement.baseline, one.improvement.level_name) for one in comparison.diagnoses if one.improvement}
    if len(known) == 1:
        level, name = known.pop()
        yield Mark("baseline", f"{name} {wording.level(level, comparison.diagnoses[0].scale.accuracy)}", value=level)
