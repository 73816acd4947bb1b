"""Where a signal left its course: a line, then a ramp to another level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEAST = 10  # values; fewer have no course to leave
COARSE = 4  # every so many positions are tried first, then those between
SURE = 10.0  # F of the ramp beside the straight line, deflated for correlated residuals
NOISES = 3.0  # of a single value: a move smaller than that is seen by no eye


@dataclass(frozen=True)
class Hinge:
    """The one lasting change of a series, as a line with a ramp in it says it."""

    position: int  # index of the last value on the old course
    settled: int  # index from which the new level holds; the last one when it still moves
    before: float  # on the old course at the position
    after: float  # median of the values once settled, of the last few when it still moves
    noise_sd: float


def hinge(values: np.ndarray, *, logarithmic: bool = False) -> Hinge | None:
    """The change of course that explains most; None when a straight line says as much.

    values: (n,) finite, by step. logarithmic: a series of sizes that grows by factors (KL, gradient
    norm); it is dated by when it started to, not by when it became large.
    """
    n = len(values)
    if n < LEAST or np.ptp(values) == 0:
        return None
    y = _calm(_logs(values) if logarithmic else np.asarray(values, dtype=float))
    line = _projector(n)
    rest = y - line @ (line.T @ y)
    tried = [
        (start, end)
        for start in range(1, n - 2, COARSE if n > 40 else 1)
        for end in _ends(start, n)
    ]  # fmt: skip
    start, end, rss = _best(rest, line, tried)
    near = [
        (a, b)
        for a in range(max(1, start - COARSE), min(n - 2, start + COARSE) + 1)
        for b in range(max(a + 1, end - COARSE), min(n - 1, end + COARSE) + 1)
    ]
    start, end, rss = _best(rest, line, near)
    sd = float(np.sqrt(max(rss, 0.0) / max(n - 5, 1)))
    moved = _size(y, start, end)
    share = max(float(rest @ rest) - rss, 0.0) / 3 / max(rss / max(n - 5, 1), 1e-300)
    if share / _inflation(y, start, end) < SURE or abs(moved) < NOISES * sd:
        return None
    tail = values[end:] if n - end >= 3 else values[-3:]
    before = values[max(0, start - max(3, n // 10)) : start + 1]
    return Hinge(start, end, float(np.median(before)), float(np.median(tail)), sd)


def _ends(start: int, n: int) -> list[int]:
    """Where a ramp that begins somewhere may end: steps that double, and the last one."""
    reach, found = 1, []
    while start + reach < n - 1:
        found.append(start + reach)
        reach *= 2
    return [*found, n - 1]


def _ramps(pairs: list[tuple[int, int]], n: int) -> np.ndarray:
    """0 up to the start, 1 from the end on, a straight line between; (k, n)."""
    at = np.array(pairs, dtype=float)
    ramp = (np.arange(n)[None, :] - at[:, :1]) / (at[:, 1:] - at[:, :1])
    clipped: np.ndarray = np.clip(ramp, 0.0, 1.0)
    return clipped


def _projector(n: int) -> np.ndarray:
    """An orthonormal base of the straight lines, (n, 2)."""
    x = np.arange(n) - (n - 1) / 2
    return np.stack([np.full(n, 1 / np.sqrt(n)), x / np.sqrt(float(x @ x))], axis=1)


def _best(rest: np.ndarray, line: np.ndarray, pairs: list[tuple[int, int]]) -> tuple[int, int, float]:
    """The ramp that leaves least beside the line: its start, its end and what is left."""
    ramps = _ramps(pairs, len(rest))
    ramps -= (ramps @ line) @ line.T
    power = np.einsum("kn,kn->k", ramps, ramps)
    gained = np.where(power > 1e-9, (ramps @ rest) ** 2 / np.maximum(power, 1e-9), 0.0)
    at = int(np.argmax(gained))
    return (*pairs[at], float(rest @ rest) - float(gained[at]))


def _size(y: np.ndarray, start: int, end: int) -> float:
    """Height of the best ramp."""
    n = len(y)
    base = np.stack([np.ones(n), np.arange(n) / n, _ramps([(start, end)], n)[0]], axis=1)
    return float(np.linalg.lstsq(base, y, rcond=None)[0][2])


def _inflation(y: np.ndarray, start: int, end: int) -> float:
    """By how much correlated residuals make a fit look better than it is."""
    n = len(y)
    base = np.stack([np.ones(n), np.arange(n) / n, _ramps([(start, end)], n)[0]], axis=1)
    rest = y - base @ np.linalg.lstsq(base, y, rcond=None)[0]
    power = float(rest @ rest)
    r = min(max(float(rest[1:] @ rest[:-1]) / power, 0.0), 0.8) if power > 0 else 0.0
    return (1 + r) / (1 - r)


def _calm(y: np.ndarray) -> np.ndarray:
    """Single outliers taken for the middle of three; the ends stay as they are."""
    if len(y) < 3:
        return y
    middle = np.median(np.stack([y[:-2], y[1:-1], y[2:]]), axis=0)
    return np.concatenate([y[:1], middle, y[-1:]])


def _logs(values: np.ndarray) -> np.ndarray:
    """Logarithms of sizes; those far below the usual are raised, or their scatter would drown a rise."""
    sizes = np.abs(np.asarray(values, dtype=float))
    usual = float(np.median(sizes)) or float(sizes.max())
    return np.log(sizes + 0.2 * usual + 1e-12)
