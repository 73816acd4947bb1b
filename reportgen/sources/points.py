"""Stores that keep a series a metric: their points put into rows, with restarts told from single corrections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from reportgen.naming import Key
from reportgen.run import LARGEST

AXIS = "_step"  # the column that counts steps: one that no metric is shown under
CLOCK = "_timestamp"
MOST_REWINDS = 0.05  # of a series' points; above it they are unsorted, not restarted


class Series(NamedTuple):
    """What was logged of one metric, in the order in which that was done."""

    steps: np.ndarray  # (n,) int64
    values: np.ndarray  # (n,) float64; nan and inf are such as were logged
    times: np.ndarray | None = None  # (n,) seconds since 1970; None when the store keeps none


class Rows(NamedTuple):
    """The points of all metrics as the gate takes them."""

    columns: dict[Key, np.ndarray]  # (n_rows,) by launch and step, AXIS among them; NaN: not logged
    nonfinite: list[tuple[int, Key, float]]  # (row, metric, value) of each logged nan and inf


def rows(series: Mapping[str, Series]) -> Rows:
    """One row a launch and step; of several values for one cell the last logged stands."""
    there = {name: one for name, one in series.items() if len(one.steps)}
    if not there:
        return Rows({AXIS: np.empty(0)}, [])
    begun = launches(there)
    lowest = min(int(one.steps.min()) for one in there.values())
    span = max(int(one.steps.max()) for one in there.values()) - lowest + 1
    every = np.empty(0, dtype=np.int64)
    for one in there.values():
        keys = _keys(one, begun, lowest, span)
        shared = min(len(keys), len(every))
        if np.array_equal(keys[:shared], every[:shared]):  # nearly all series share their steps, but for the last
            keys = keys[shared:]
        if len(keys):
            every = np.union1d(every, keys)
    columns: dict[Key, np.ndarray] = {AXIS: (every % span + lowest).astype(np.float64)}
    nonfinite: list[tuple[int, Key, float]] = []
    clock = np.full(len(every), np.nan)
    for name, one in there.items():
        at = np.searchsorted(every, _keys(one, begun, lowest, span))
        columns[name] = np.full(len(every), np.nan)
        columns[name][at] = one.values
        logged = np.zeros(len(every), dtype=bool)
        logged[at] = True
        bad = np.flatnonzero(logged & ~(np.abs(columns[name]) <= LARGEST))
        nonfinite += [(int(row), name, float(columns[name][row])) for row in bad]
        columns[name][bad] = np.nan
        if one.times is not None:
            clock[at] = np.fmax(clock[at], one.times)
    if np.isfinite(clock).any():
        columns[CLOCK] = clock
    return Rows(columns, nonfinite)


def launches(series: Mapping[str, Series]) -> list[float]:
    """When each launch after the first began, by the series with the most points; none without a clock.

    A launch goes back to a step that was logged before, and logs further old ones again; a point that goes
    back alone is a correction.
    """
    longest = max(series.values(), key=lambda one: len(one.steps))
    if longest.times is None:
        return []
    steps, times = longest.steps, longest.times
    back = np.flatnonzero(np.diff(steps) < 0) + 1
    if len(back) > max(1.0, MOST_REWINDS * len(steps)):
        return []
    begun = []
    for at in back.tolist():
        before = int(steps[:at].max())
        if at + 1 < len(steps) and steps[at] < steps[at + 1] <= before:
            begun.append(_earliest(series, int(steps[at]), float(times[at - 1]), float(times[at])))
    return begun if begun == sorted(begun) else []


def _earliest(series: Mapping[str, Series], step: int, after: float, until: float) -> float:
    """When the first point of a step was logged within a span: a launch writes one series after the other."""
    found = until
    for one in series.values():
        if one.times is not None:
            within = (one.steps == step) & (one.times > after) & (one.times <= until)
            found = min(found, float(one.times[within].min())) if within.any() else found
    return found


def _keys(one: Series, begun: list[float], lowest: int, span: int) -> np.ndarray:
    """(n,) int64 that grow with the launch that logged each point, then with its step."""
    keys = one.steps - lowest
    if begun and one.times is not None:
        keys += np.searchsorted(np.array(begun), one.times, side="right").astype(np.int64) * span
    return keys


def in_time(one: Series) -> Series:
    """The same points by their clock, where several writers logged at once."""
    if one.times is None or not (np.diff(one.times) < 0).any():
        return one
    order = np.argsort(one.times, kind="stable")
    return Series(one.steps[order], one.values[order], one.times[order])
