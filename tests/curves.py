"""Reward curves of known shape, for the tests of the diagnostics."""

from __future__ import annotations

import numpy as np

STEPS = 126
EVALS = {63: 0.28715, 126: 0.32051}


def noisy(level: np.ndarray, samples: int, seed: int = 0) -> np.ndarray:
    """Mean of so many 0/1 answers at each step."""
    return np.random.default_rng(seed).binomial(samples, np.clip(level, 0, 1)) / samples


def saturating(n: int = STEPS, low: float = 0.18, high: float = 0.32, width: float = 15.0) -> np.ndarray:
    """A rise that is over after some five widths."""
    return high - (high - low) * np.exp(-np.arange(n) / width)


def line(n: int = STEPS, low: float = 0.1, high: float = 0.6) -> np.ndarray:
    """A rise that goes on."""
    return np.linspace(low, high, n)


def collapsing(n: int = STEPS, peak: int = 80) -> np.ndarray:
    """A rise, and from the peak on a fall to nothing."""
    level = 0.1 + 0.4 * np.minimum(np.arange(n) / 40, 1)
    level[peak:] = 0.5 * np.exp(-np.arange(n - peak) / 5)
    return level


def at(values: dict[int, float], n: int = STEPS) -> list[float | None]:
    """Values at some steps, nothing at the others."""
    return [values.get(step) for step in range(1, n + 1)]
