"""Proportions and differences of proportions: intervals, tests, sizes.

Plain formulas over scipy.special, since scipy.stats costs half a second to import; the tests hold
them against scipy.stats and statsmodels. Every `p` is a share in [0, 1] and every `n` a count of
answers; p * n need not be whole (a mean of partial scores is taken as it is).
"""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy import special

Alternative = Literal["two-sided", "larger", "smaller"]
Interval = tuple[float, float]


def z_of(level: float) -> float:
    """Half-width of a central normal interval, in standard deviations."""
    return float(special.ndtri(0.5 + level / 2))


def wilson(p: float, n: float, *, level: float = 0.95) -> Interval:
    """Interval of one share (Wilson 1927, score interval).

    n = 0 gives (0, 1): nothing is known.
    """
    if not n > 0:
        return (0.0, 1.0)
    p, z = min(max(p, 0.0), 1.0), z_of(level)
    spread = 1 + z * z / n
    centre = (p + z * z / (2 * n)) / spread
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / spread
    return (max(0.0, centre - half), min(1.0, centre + half))


def newcombe(p1: float, n1: float, p2: float, n2: float, *, level: float = 0.95) -> Interval:
    """Interval of p1 - p2, both measured on their own answers.

    Newcombe (1998), method 10: Wilson limits in square and add. Honest near 0 and 1, where Wald is not.
    """
    (low1, high1), (low2, high2) = wilson(p1, n1, level=level), wilson(p2, n2, level=level)
    down = math.hypot(p1 - low1, high2 - p2)
    up = math.hypot(high1 - p1, p2 - low2)
    return (max(-1.0, p1 - p2 - down), min(1.0, p1 - p2 + up))


def tail(z: float, alternative: Alternative) -> float:
    """p-value of a standard normal statistic."""
    if alternative == "larger":
        return float(special.ndtr(-z))
    if alternative == "smaller":
        return float(special.ndtr(z))
    return float(min(1.0, 2 * special.ndtr(-abs(z))))


def two_proportion_p(p1: float, n1: float, p2: float, n2: float, *, alternative: Alternative = "two-sided") -> float:
    """p-value of p1 = p2, both measured (pooled z test).

    alternative "larger": p1 > p2. 1.0 when there is nothing to compare.
    """
    if not (n1 > 0 and n2 > 0):
        return 1.0
    pooled = (p1 * n1 + p2 * n2) / (n1 + n2)
    variance = pooled * (1 - pooled) * (1 / n1 + 1 / n2)
    if variance <= 0:
        return 1.0
    return tail((p1 - p2) / math.sqrt(variance), alternative)


def one_proportion_p(p: float, n: float, known: float, *, alternative: Alternative = "larger") -> float:
    """p-value of a share against a known constant (exact binomial test).

    Two-sided: twice the smaller tail, at most 1 (Clopper and Pearson's convention).
    """
    n, hits = round(n), round(p * n)
    if n <= 0:
        return 1.0
    at_most = float(special.bdtr(hits, n, known))
    at_least = 1.0 if hits == 0 else float(special.bdtrc(hits - 1, n, known))
    if alternative == "two-sided":
        return min(1.0, 2 * min(at_most, at_least))
    return at_least if alternative == "larger" else at_most


def smallest_visible(p: float, n: float, n2: float | None = None, *, power: float = 0.5) -> float:
    """Smallest difference from level p that n answers can show, two-sided 5 %.

    n2: answers behind the other side, None when that is a known constant. At the default power a
    true difference of this size is seen every second time: it is the half-width of the interval of
    "no difference"; power=0.8 is what a study would plan for.
    """
    if not n > 0 or (n2 is not None and not n2 > 0):
        return 1.0
    p = min(max(p, 0.5 / n), 1 - 0.5 / n)
    variance = p * (1 - p) * (1 / n + (0 if n2 is None else 1 / n2))
    return float((z_of(0.95) + special.ndtri(power)) * math.sqrt(variance))


def needed_n(p1: float, p2: float, *, power: float = 0.8, level: float = 0.95) -> int | None:
    """Answers a side needed to tell p1 from p2 (Fleiss 1981, no continuity correction).

    None when they are equal: no number would do.
    """
    if p1 == p2:
        return None
    mean = (p1 + p2) / 2
    null = z_of(level) * math.sqrt(2 * mean * (1 - mean))
    other = float(special.ndtri(power)) * math.sqrt(p1 * (1 - p1) + p2 * (1 - p2))
    return math.ceil(((null + other) / (p1 - p2)) ** 2)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """p-values corrected for their number (Holm 1979), in the order given."""
    given = np.asarray(p_values, dtype=float)
    order = np.argsort(given, kind="stable")
    stepped = np.maximum.accumulate(given[order] * np.arange(len(given), 0, -1))
    corrected = np.empty_like(given)
    corrected[order] = np.minimum(stepped, 1.0)
    return tuple(float(p) for p in corrected)


def mcnemar_p(only_first: int, only_second: int) -> float:
    """p-value of two runs judged on the same problems (exact McNemar 1947).

    only_first: problems that the first alone solved; only_second: the second alone.
    """
    return one_proportion_p(
        only_first / max(only_first + only_second, 1),
        only_first + only_second,
        0.5,
        alternative="two-sided",
    )


def paired_difference(only_first: int, only_second: int, n: int, *, level: float = 0.95) -> Interval:
    """Interval of p1 - p2 on the same n problems (Bonett and Price 2012)."""
    if n <= 0:
        return (-1.0, 1.0)
    first, second = (only_first + 1) / (n + 2), (only_second + 1) / (n + 2)
    half = z_of(level) * math.sqrt((first + second - (first - second) ** 2) / (n + 2))
    return (max(-1.0, first - second - half), min(1.0, first - second + half))


def beta_draws(p: float, n: float, size: int, *, seed: int = 0) -> np.ndarray:
    """Posterior draws of a share (Jeffreys prior), (size,) in [0, 1].

    Evenly spaced quantiles in a seeded order: as exact as `size` allows, and always the same.
    """
    levels = (np.arange(size) + 0.5) / size
    draws = special.betaincinv(p * n + 0.5, (1 - p) * n + 0.5, levels)
    return np.random.default_rng(seed).permutation(draws)
