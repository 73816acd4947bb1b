"""Fewer points that look the same: what a chart needs of a long series."""

from __future__ import annotations

import numpy as np


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


def even(n: int, points: int) -> np.ndarray:
    """Positions of at most so many of n values, evenly spaced, both ends included."""
    return np.unique(np.linspace(0, n - 1, min(n, points)).round().astype(np.int64))
