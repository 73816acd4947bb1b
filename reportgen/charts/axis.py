"""Where ticks stand and how far axes reach."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

Ticks = list[float]
SMALLEST = 1e-300  # a span below it can't be parted: floats end there


def ticks(low: float, high: float, most: int = 7) -> Ticks:
    """Round positions from at or below `low` to at or above `high`, at most so many.

    Ends that differ by less than ticks can show, or not at all, are moved apart.
    """
    if not high - low > max(1e-9 * max(abs(low), abs(high)), SMALLEST):
        spread = abs(low) * 0.5 if abs(low) > SMALLEST else 1.0
        low, high = low - spread, high + spread
    step = _round_step((high - low) / max(1, most - 1))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    while last - first + 1 > most:
        step = _round_step(step * 1.01)
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [_clean(number * step) for number in range(first, last + 1)]


def extent(values: Iterable[float]) -> tuple[float, float]:
    """Lowest and highest of the finite values; 0 and 1 when there are none."""
    finite = [value for value in values if math.isfinite(value)]
    return (min(finite), max(finite)) if finite else (0.0, 1.0)


def spaced(positions: Sequence[float], apart: float) -> list[float]:
    """Positions pushed apart (in px) to at least that distance, order kept, the middle of each group held."""
    order = sorted(range(len(positions)), key=lambda at: positions[at])
    groups = [[positions[at], 1] for at in order]
    sizes = [1] * len(groups)
    at = 1
    while at < len(groups):
        need = apart * (sizes[at - 1] + sizes[at]) / 2
        if groups[at][0] - groups[at - 1][0] < need - 1e-9:
            total = sizes[at - 1] + sizes[at]
            middle = (groups[at - 1][0] * sizes[at - 1] + groups[at][0] * sizes[at]) / total
            groups[at - 1 : at + 1] = [[middle, total]]
            sizes[at - 1 : at + 1] = [total]
            at = max(1, at - 1)
        else:
            at += 1
    placed = [
        group[0] + apart * (number - (size - 1) / 2)
        for group, size in zip(groups, sizes, strict=True)
        for number in range(size)
    ]
    result = [0.0] * len(positions)
    for where, position in zip(order, placed, strict=True):
        result[where] = position
    return result


def kept_inside(positions: Sequence[float], apart: float, low: float, high: float) -> list[float]:
    """Positions that stand so far apart already, moved between low and high as long as there is room."""
    order = sorted(range(len(positions)), key=lambda at: positions[at])
    placed = list(positions)
    limit = high
    for at in reversed(order):
        placed[at] = min(placed[at], limit)
        limit = placed[at] - apart
    limit = low
    for at in order:
        placed[at] = max(placed[at], limit)
        limit = placed[at] + apart
    return placed


def thinned_ticks(positions: Sequence[int], most: int) -> list[int]:
    """At most so many of the positions, evenly chosen, the last one kept."""
    if len(positions) <= most:
        return list(positions)
    every = math.ceil(len(positions) / most)
    return list(positions[len(positions) - 1 :: -every])[::-1]


def _round_step(rough: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))


def _clean(value: float) -> float:
    """Without the dust of binary fractions."""
    return float(f"{value:.12g}")
