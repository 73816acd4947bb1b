"""What comes back every so often and is no trend: epochs and oscillations."""

from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc

from reportgen.signals.series import Binned

SLOWEST, FASTEST = 2.5, 40.0  # cycles a run; slower is trend, faster can't be told from noise
EPOCHS = 16.0  # more epochs than this are too short to show a saw-tooth in the bins
HARMONICS = 3
LEAST_P = 1e-3  # after Bonferroni
LEAST_BINS = 40


@dataclass(frozen=True)
class Candidates:
    """Waves that might be in the series, each of one or two columns."""

    cycles: np.ndarray  # (w,)
    first: np.ndarray  # (w, b) cosine, or the saw-tooth
    second: np.ndarray  # (w, b) sine; zeros for a saw-tooth
    saw: np.ndarray  # (w,) bool


def saw_tooth(x: np.ndarray, cycles: np.ndarray) -> np.ndarray:
    """Saw-teeth that start with the run, as epochs do; (w, b) within a half of 0."""
    return np.outer(cycles, x) % 1 - 0.5


def candidates(x: np.ndarray) -> Candidates:
    """Sinusoids and saw-teeth that the bins can show."""
    fastest = min(FASTEST, len(x) / 3.2)
    waves = np.arange(SLOWEST + 0.5, fastest + 1e-9, 0.25)
    teeth = np.arange(SLOWEST, min(EPOCHS, fastest) + 1e-9, 0.125)
    angle = 2 * np.pi * np.outer(waves, x)
    saw = np.repeat([False, True], [len(waves), len(teeth)])
    return Candidates(
        np.concatenate([waves, teeth]),
        np.concatenate([np.cos(angle), saw_tooth(x, teeth)]),
        np.concatenate([np.sin(angle), np.zeros((len(teeth), len(x)))]),
        saw,
    )


def periodic(bins: Binned, fitted: np.ndarray, memory: float) -> np.ndarray:
    """The periodic part of the bins, (b,); zeros when there is none.

    fitted: (k, b) likely trends. Every wave is tried beside every trend, since a trend alone bends
    to follow a slow wave (least squares with the trend's size left free; Lomb 1976 for the waves).
    Believed when the F-test passes after Bonferroni, its freedom deflated for autocorrelation.
    """
    n = len(bins.y)
    if n < LEAST_BINS:
        return np.zeros(n)
    root = np.sqrt(bins.weight)
    waves = candidates(bins.x)
    trends = unit_rows(centred(fitted, bins.weight) * root)
    residual = centred(bins.y - fitted, bins.weight) * root
    left = np.einsum("kb,kb->k", residual, residual)
    explained = joint(residual, trends, waves, bins.weight, root)
    rest = left[:, None] - explained
    k, w = np.unravel_index(int(rest.argmin()), rest.shape)
    freedom = max((n - 6) * (1 - memory) / (1 + memory), 3.0)
    columns = 1 if waves.saw[w] else 2
    drop = max(float(left.min() - rest[k, w]), 0.0)
    statistic = drop / columns / max(float(rest[k, w]) / freedom, 1e-300)
    if fdtrc(columns, freedom, statistic) * len(waves.cycles) > LEAST_P:
        return np.zeros(n)
    return wave_of(bins, fitted[k], waves.cycles[w], bool(waves.saw[w]))


def centred(rows: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Rows less their weighted mean."""
    return rows - (rows @ weight / weight.sum())[..., None]


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """Rows scaled to length 1; rows of zeros stay."""
    length = np.sqrt(np.einsum("kb,kb->k", rows, rows))
    return rows / np.where(length > 1e-9, length, np.inf)[:, None]


def joint(
    residual: np.ndarray, trends: np.ndarray, waves: Candidates, weight: np.ndarray, root: np.ndarray
) -> np.ndarray:
    """Sum of squares that each wave explains beside each trend, (k, w)."""
    c, s = centred(waves.first, weight) * root, centred(waves.second, weight) * root
    tc, ts = trends @ c.T, trends @ s.T
    rc, rs = residual @ c.T, residual @ s.T
    cc = np.einsum("wb,wb->w", c, c) - tc * tc
    ss = np.einsum("wb,wb->w", s, s) - ts * ts
    cs = np.einsum("wb,wb->w", c, s) - tc * ts
    both = (rc * rc * ss + rs * rs * cc - 2 * rc * rs * cs) / np.maximum(cc * ss - cs * cs, 1e-9)
    return np.where(waves.saw, rc * rc / np.maximum(cc, 1e-9), both)


def wave_of(bins: Binned, trend: np.ndarray, cycles: float, is_saw: bool) -> np.ndarray:
    """Best wave near a frequency beside one trend, (b,)."""
    best, least = np.zeros(len(bins.y)), np.inf
    spread = 0.06 if is_saw else 0.2
    for near in cycles + np.linspace(-spread, spread, 9):
        columns = columns_of(bins.x, near, is_saw)
        design = np.column_stack([np.ones(len(trend)), trend, columns])
        gram = (design * bins.weight[:, None]).T @ design + 1e-9 * np.eye(design.shape[1])
        solution = np.linalg.solve(gram, design.T @ (bins.weight * bins.y))
        left = float(bins.weight @ (bins.y - design @ solution) ** 2)
        if left < least:
            best, least = columns @ solution[2:], left
    return best - float(bins.weight @ best) / float(bins.weight.sum())


def columns_of(x: np.ndarray, cycles: float, is_saw: bool) -> np.ndarray:
    """The wave's columns, (b, c): a saw-tooth, or a sinusoid with its harmonics."""
    if is_saw:
        return saw_tooth(x, np.array([cycles])).T
    order = np.arange(1, 1 + max(1, min(HARMONICS, int(len(x) / (2.2 * cycles)))))
    angle = 2 * np.pi * np.outer(x, order * cycles)
    return np.hstack([np.cos(angle), np.sin(angle)])
