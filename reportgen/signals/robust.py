"""Outliers, cliffs, dead stretches and levels that one bad value cannot move."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

NORMAL_MAD = 1.4826  # standard deviation of a normal over its median absolute deviation


def running_median(values: np.ndarray, half: int) -> np.ndarray:
    """Median of each value and its `half` neighbours on both sides.

    values: (n,) finite. Near the ends the window is the nearest full one.
    """
    n, width = len(values), 2 * half + 1
    if n <= width or half < 1:
        return np.full(n, np.median(values)) if n and half >= 1 else values.astype(float)
    middle = np.median(sliding_window_view(values, width), axis=1)
    return np.concatenate([np.full(half, middle[0]), middle, np.full(half, middle[-1])])


def robust_sd(values: np.ndarray) -> float:
    """Standard deviation as the median absolute deviation tells it."""
    return float(NORMAL_MAD * np.median(np.abs(values - np.median(values)))) if len(values) else 0.0


def difference_sd(values: np.ndarray) -> float:
    """Noise around a slowly moving level, from first differences."""
    return robust_sd(np.diff(values)) / math.sqrt(2) if len(values) > 2 else 0.0


def spikes(values: np.ndarray, *, factor: float = 5.0, most: float = 0.08) -> np.ndarray:
    """Positions of single values far from their neighbours.

    values: (n,) any unit, finite. Returns (k,) int positions, ascending. A spike is more than
    `factor` robust standard deviations from the running median (Hampel filter, Davies and Gather
    1993). The first few (steep starts look like spikes) and the last two are never spikes; more
    than the share `most` of outliers is heavy-tailed noise and nothing is flagged.
    """
    n = len(values)
    if n < 15:
        return np.zeros(0, dtype=int)
    half = min(max(3, n // 60), 12)
    residual = values - running_median(values, half)
    scale = robust_sd(residual)
    far = np.abs(residual) > factor * scale if scale > 0 else np.zeros(n, dtype=bool)
    far[: half + 1] = far[-2:] = False
    return np.flatnonzero(far) if far.sum() <= most * n else np.zeros(0, dtype=int)


@dataclass(frozen=True)
class Departure:
    """A lasting move of a level away from where it was."""

    position: int  # index of the first value of the new level, or where the drift left its noise
    before: float  # median level before
    after: float  # median level from there to the end
    noise_sd: float
    is_sudden: bool  # a jump or cliff; False: a smooth drift


def runs_away(values: np.ndarray, *, factor: float = 6.0, speed: float = 4.0) -> Departure | None:
    """The lasting departure of a series, sudden or smooth; None when it stays.

    values: (n,) any unit, finite. Sudden: within one short window (5 % of the series) the level
    moves by more than `factor` noise deviations and a third of the whole range, `speed` times
    faster than in the window before; so a smooth decay, fastest at its start, is a drift.
    """
    values = np.asarray(values, dtype=float)
    n = len(values)
    if n < 12 or np.ptp(values) == 0:
        return None
    noise = max(difference_sd(values), 1e-6 * float(np.ptp(values)))
    return sudden_departure(values, noise, factor, speed) or drift(values, noise, factor)


def sudden_departure(values: np.ndarray, noise: float, factor: float, speed: float) -> Departure | None:
    """The largest lasting jump, or None."""
    n = len(values)
    w = max(3, n // 20)
    level = running_median(values, w // 2)
    starts = np.arange(2 * w + w // 2 + 1, n - w)  # two windows before: a steep start is no cliff
    before, after = level[starts - w // 2 - 1], level[starts + w // 2]
    moved = after - before
    earlier = np.abs(before - level[starts - w // 2 - 1 - w])
    floor = max(factor * noise, float(np.ptp(level)) / 3)
    jumps = (np.abs(moved) > floor) & (np.abs(moved) > speed * np.maximum(earlier, noise / math.sqrt(w)))
    for at in starts[jumps][np.argsort(-np.abs(moved[jumps]), kind="stable")]:
        old, new = float(np.median(values[max(0, at - 3 * w) : at])), float(np.median(values[at:]))
        if abs(new - old) > floor:  # it stayed there: no mere spike or dip
            halfway = np.abs(values[at - w // 2 : at + w // 2 + 1] - old) > abs(new - old) / 2
            first = int(at - w // 2 + np.argmax(halfway))
            return Departure(first, old, new, noise, True)
    return None


def drift(values: np.ndarray, noise: float, factor: float) -> Departure | None:
    """A slow move of the end away from the start, or None."""
    n = len(values)
    w = max(5, n // 10)
    before, after = float(np.median(values[:w])), float(np.median(values[-w:]))
    if abs(after - before) <= factor * noise:
        return None
    smooth = running_median(values, w // 2)
    near = np.flatnonzero(np.abs(smooth - before) <= factor * noise / 2)
    left = int(near[-1]) + 1 if len(near) else 0
    return Departure(min(left, n - 1), before, after, noise, False)


def longest_run(flags: np.ndarray) -> tuple[int, int]:
    """Start and length of the longest stretch of True; (0, 0) when none."""
    padded = np.concatenate([[0], np.asarray(flags, dtype=bool).astype(int), [0]])
    edges = np.diff(padded)
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    if not len(starts):
        return (0, 0)
    best = int(np.argmax(ends - starts))
    return (int(starts[best]), int(ends[best] - starts[best]))
