"""Ready-made curves of every family, drawn once a process."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from reportgen.signals.shapes import FAMILIES

BINS = 128  # equal shares of the run
TEMPLATES = 9_000  # 5 MB twice over, 50 ms to draw; 16k and 60k were no better once the best are zoomed in on


@dataclass(frozen=True)
class Dictionary:
    """Templates on the centres of the bins, each from 0 to 1 over the run."""

    parameters: tuple[np.ndarray, ...]  # by family: (k, d) in the unit cube
    family: np.ndarray  # (j,) index into FAMILIES
    curves: np.ndarray  # (j, BINS) float32
    squares: np.ndarray  # (j, BINS) float32
    log_prior: np.ndarray  # (j,)
    first: np.ndarray  # (families + 1,) where each family starts


def centres() -> np.ndarray:
    """Middle of each bin as a share of the run, (BINS,)."""
    return (np.arange(BINS) + 0.5) / BINS


def spread(count: int, dim: int) -> np.ndarray:
    """Evenly spread points of the unit cube, (count, dim).

    The additive recurrence of Roberts 2018: without clusters or holes, for any count.
    """
    ratio = 2.0
    for _ in range(30):
        ratio = (1 + ratio) ** (1 / (dim + 1))
    steps = ratio ** -np.arange(1, dim + 1)
    return (0.5 + np.arange(1, count + 1)[:, None] * steps) % 1


def normalised(curves: np.ndarray) -> np.ndarray:
    """Curves moved and scaled to run from 0 to 1; constant ones become 0."""
    low = curves.min(axis=1, keepdims=True)
    size = curves.max(axis=1, keepdims=True) - low
    return (curves - low) / np.where(size > 1e-12, size, np.inf)


@lru_cache(maxsize=1)
def dictionary(templates: int = TEMPLATES) -> Dictionary:
    """The templates; built on first use, so that importing costs nothing."""
    x = centres().astype(np.float32)
    parameters, curves, log_prior = [], [], []
    total = sum(family.mass for family in FAMILIES)
    for family in FAMILIES:
        u = spread(max(1, int(templates * family.share)), family.dim)
        parameters.append(u)
        curves.append(normalised(family.evaluate(u.astype(np.float32), x)).astype(np.float32))
        log_prior.append(np.full(len(u), np.log(family.mass / total / len(u))))
    counts = [len(u) for u in parameters]
    stacked = np.concatenate(curves)
    return Dictionary(
        tuple(parameters),
        np.repeat(np.arange(len(counts)), counts),
        stacked,
        stacked * stacked,
        np.concatenate(log_prior),
        np.concatenate([[0], np.cumsum(counts)]),
    )
