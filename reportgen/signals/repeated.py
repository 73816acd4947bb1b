"""A set of problems evaluated again and again: its noise, its trend, its fall.

The same problems come back at every eval, so what differs between two evals is the sampling of
answers alone, not the drawing of problems: less than a binomial error, which holds for new problems.
Where answers by problem aren't logged, that smaller noise is read off the evals themselves.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

LEAST = 5  # evals from which on their own scatter says something
PRIOR = 2.0  # evals' worth of belief in the share below
SHARE = 0.6  # of the binomial variance that stays when the same problems come back, before any is seen
LARGE = 2000  # problems that hardly an eval set of unknown size exceeds: smoother evals than theirs are luck
SURE = 0.95  # probability of a direction below which a series is called flat, two-sided
Move = Literal["rising", "flat", "falling"]


@dataclass(frozen=True)
class Noise:
    """Standard deviation of one eval around its level, and how well that is known."""

    sd: float
    dof: float  # inf: known
    is_same_set: bool  # read off the evals; else the binomial one, of new problems
    least_p: float = 0.0  # no test of so few evals of unknown size is surer than their best possible order

    def half_width(self, factor: float = 1.0, level: float = 0.95) -> float:
        """Half of an interval for a value whose deviation is `factor` times an eval's."""
        return factor * self.sd * quantile(level, self.dof)

    def p_value(self, difference: float, factor: float) -> float:
        """Two-sided p of a difference whose deviation is `factor` times an eval's."""
        if self.sd <= 0:
            return float(difference == 0)
        z = -abs(difference) / (factor * self.sd)
        p = float(2 * (special.stdtr(self.dof, z) if math.isfinite(self.dof) else special.ndtr(z)))
        return max(p, self.least_p)


@dataclass(frozen=True)
class Course:
    """Where a series of evals is heading, by a weighted line through all of them."""

    direction: Move | None  # None: too few evals, or an unknown error
    slope_per_step: float
    p_value: float | None


def noise_of(steps: np.ndarray, values: np.ndarray, n: int | None, answers: int = 1) -> Noise | None:
    """What one eval is off by when the same problems come back; None when nothing tells.

    steps, values: (m,) ascending, finite. n: problems, where known and the values are shares: then
    (n known, m small) the binomial error stands, and it is never exceeded. answers: of each problem that a value
    averages, which makes the same problems tell the same more nearly, and new ones no more.
    """
    binomial = binomial_sd(float(values[-1]), n) if n else None
    if len(values) < LEAST:
        return Noise(binomial, math.inf, False) if binomial else None
    scatter, dof = _scatter(steps.astype(float), values)
    if binomial is None:
        if np.ptp(values) <= 0:
            return None
        if values.min() >= 0 and values.max() <= 1:
            scatter = max(scatter, math.sqrt(SHARE) * binomial_sd(float(values[-1]), LARGE))
        return Noise(scatter, dof, True, 2 / math.factorial(min(len(values), 20))) if scatter > 0 else None
    variance = (PRIOR * SHARE * binomial**2 / answers + dof * scatter**2) / (PRIOR + dof)
    own, new = Noise(math.sqrt(variance), PRIOR + dof, True), Noise(binomial, math.inf, False)
    return own if own.half_width() < new.half_width() else new


def binomial_sd(value: float, n: int) -> float:
    """Error of a share of n new problems, never 0."""
    share = (value * n + 0.5) / (n + 1)
    return math.sqrt(share * (1 - share) / n)


def course_of(steps: np.ndarray, values: np.ndarray, noise: Noise | None) -> Course:
    """The direction of a series, tested by its slope in units of its own noise."""
    m = len(values)
    if noise is None or m < 3 or (m < LEAST and noise.is_same_set) or noise.sd <= 0:
        return Course(None, 0.0, None)
    x = steps.astype(float) - steps.mean()
    spread = float(np.sqrt((x * x).sum()))
    slope = float((x * values).sum() / spread**2)
    p = noise.p_value(slope, 1 / spread)
    direction: Move = "flat" if p > 1 - SURE else "rising" if slope > 0 else "falling"
    return Course(direction, slope, p)


def fall_of(values: np.ndarray, noise: Noise | None) -> tuple[float, float] | None:
    """(drop, p) of the last value below the best, corrected for picking the best; None when it can't be told."""
    if noise is None or len(values) < 2 or noise.sd <= 0:
        return None
    drop = float(values.max() - values[-1])
    p = noise.p_value(drop, math.sqrt(2)) if drop > 0 else 1.0
    return drop, min(1.0, (len(values) - 1) * p)


def quantile(level: float, dof: float) -> float:
    """Half-width of a central interval in standard deviations, Student's where the deviation is estimated."""
    chance = 0.5 + level / 2
    return float(special.stdtrit(dof, chance) if math.isfinite(dof) else special.ndtri(chance))


def _scatter(steps: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """Deviation of each inner value from the line between its neighbours, and its degrees of freedom."""
    share = (steps[1:-1] - steps[:-2]) / (steps[2:] - steps[:-2])
    off = values[1:-1] - (1 - share) * values[:-2] - share * values[2:]
    variance = off**2 / (1 + (1 - share) ** 2 + share**2)
    # neighbouring residuals share two of three values: about 0.6 of them count
    return math.sqrt(float(variance.mean())), max(1.0, 0.6 * len(off))
