"""Stretches in which a reward was near its floor and came back: a server that was down, not a policy."""

from __future__ import annotations

import numpy as np

NEAR = 0.1  # of the level on both sides: what is below it counts as nothing
LEAST = 3  # values in a row; one or two are outliers
LONGEST = 0.25  # of the run; what lasts longer is no outage
BACK = 0.7  # of the level before that must be reached again right after
AROUND = 8  # values on each side by which the level is told


def outages(values: np.ndarray, *, floor: float = 0.0) -> tuple[tuple[int, int], ...]:
    """(first, last) positions of each stretch near the floor that came back.

    values: (n,) finite; floor: the lowest possible reward. The level before and after must both be far above.
    """
    n = len(values)
    if n < 4 * LEAST:
        return ()
    heights = values - floor
    level = float(np.median(heights))
    if level <= 0:
        return ()
    low = heights < NEAR * level
    edges = np.flatnonzero(np.diff(np.r_[False, low, False].astype(int)))
    found = []
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        if not LEAST <= end - start <= LONGEST * n or start < LEAST or n - end < LEAST:
            continue
        before, after = heights[max(0, start - AROUND) : start], heights[end : end + AROUND]
        known = float(np.median(before))
        if known > NEAR * level * 3 and float(np.median(after)) >= BACK * known:
            found.append((int(start), int(end) - 1))
    return tuple(found)
