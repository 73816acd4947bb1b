"""What a recipe is judged by: the level of each of its runs, and the noise between them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

BY_NAME = ""  # the key of a recipe that only its name tells
LEAST_FREEDOM = 2  # degrees of freedom below which the noise of seeds is hardly known
PRIOR = 2  # degrees of freedom that sampling's own noise counts for there


@dataclass(frozen=True)
class Trial:
    """What a recipe is judged by: one run's level."""

    label: str
    value: float
    error: float | None  # standard error of the level alone: sampling of the eval, or of the trend
    recipe: Mapping[str, Any]  # the keys that vary between the runs, seeds and names left out


@dataclass(frozen=True)
class Noise:
    """How far runs of one recipe lie apart."""

    sd: float | None  # between runs of a recipe; None: no recipe has two
    freedom: int
    own_sd: float | None
    sampling: float | None  # typical standard error of one run's level

    @property
    def moderated(self) -> tuple[float, int] | None:
        """The standard deviation to reckon with and its degrees of freedom; None where seeds tell nothing.

        Two runs alone tell next to nothing of their noise: it is drawn towards twice the sampling variance, which
        counts for PRIOR degrees of freedom (moderated variances, Smyth 2004).
        """
        if self.sd is None:
            return None
        if self.freedom >= LEAST_FREEDOM:
            return self.sd, self.freedom
        if self.sampling is None:
            return None
        squares = PRIOR * 2 * self.sampling**2 + self.freedom * self.sd**2
        return math.sqrt(squares / (PRIOR + self.freedom)), PRIOR + self.freedom

    def error(self, n: int, given: Sequence[float | None]) -> float | None:
        """Standard error of a mean over n runs; the sampling error alone where seeds tell nothing."""
        if self.moderated is not None:
            return self.moderated[0] / math.sqrt(n)
        known = [one for one in given if one is not None]
        return math.sqrt(sum(one**2 for one in known)) / n if len(known) == n else None

    def critical(self, comparisons: int, significance: float) -> float:
        """How many standard errors a difference must have, for as many comparisons."""
        from scipy.special import ndtri, stdtrit

        upper = 1 - significance / (2 * max(1, comparisons))
        return float(stdtrit(self.moderated[1], upper) if self.moderated else ndtri(upper))

    def p(self, deviates: float, comparisons: int) -> float:
        """Two-sided p of so many standard errors, corrected for as many comparisons."""
        from scipy.special import ndtr, stdtr

        tail = float(stdtr(self.moderated[1], -abs(deviates)) if self.moderated else ndtr(-abs(deviates)))
        return min(1.0, 2 * tail * max(1, comparisons))


def noise_of(groups: Sequence[Sequence[Trial]]) -> Noise:
    """The pooled standard deviation within recipes, no smaller than sampling alone makes it."""
    squares, freedom = 0.0, 0
    for group in groups:
        values = np.array([trial.value for trial in group])
        squares += float(((values - values.mean()) ** 2).sum())
        freedom += len(values) - 1
    errors = [trial.error for group in groups for trial in group if trial.error is not None]
    sampling = math.sqrt(float(np.mean(np.square(errors)))) if errors else None
    if not freedom:
        return Noise(None, 0, None, sampling)
    variance = squares / freedom
    own = math.sqrt(max(0.0, variance - sampling**2)) if sampling is not None else None
    return Noise(math.sqrt(max(variance, (sampling or 0.0) ** 2)), freedom, own, sampling)
