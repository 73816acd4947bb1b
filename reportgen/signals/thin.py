"""Fewer points that look the same: what a chart needs of a long series."""

from __future__ import annotations

import numpy as np

GOLDEN = 0.618034
FARTHEST = 25  # of a cloud's dots one in so many is among the farthest
COARSE = 50  # stretches of a series, whose medians are its middle


def thinned(values: np.ndarray, points: int) -> np.ndarray:
    """Positions of about so many values that keep every extreme (MinMaxLTTB, Van Der Donckt 2023).

    values: (n,) finite. Returns (k,) ascending positions; all of them when n <= points.
    """
    if len(values) <= points:
        return np.arange(len(values))
    from tsdownsample import MinMaxLTTBDownsampler

    return (
        MinMaxLTTBDownsampler()
        .downsample(np.ascontiguousarray(values, dtype=np.float64), n_out=points)
        .astype(np.int64)
    )


def cloud(values: np.ndarray, points: int) -> np.ndarray:
    """Positions of so many values that lie as densely as all of them do, with those farthest from their neighbours.

    For dots: the extremes alone would draw the cloud's outline. values: (n,) finite. Returns (k,) ascending
    positions, the same for the same values; all of them when n <= points.
    """
    n, far = len(values), points // FARTHEST
    if n <= points:
        return np.arange(n)
    edges = np.linspace(0, n, points - far + 1)
    within = (np.arange(points - far) * GOLDEN) % 1  # as good as random, and the same each time
    spread = (edges[:-1] + within * np.diff(edges)).astype(np.int64)
    middle = np.concatenate([np.full(len(part), np.median(part)) for part in np.array_split(values, COARSE)])
    return np.union1d(spread, np.argsort(-np.abs(values - middle), kind="stable")[:far])


def even(n: int, points: int) -> np.ndarray:
    """Positions of at most so many of n values, evenly spaced, both ends included."""
    return np.unique(np.linspace(0, n - 1, min(n, points)).round().astype(np.int64))
