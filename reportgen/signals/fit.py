"""Closed-form fits of many curves at once, and how well each explains the series."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr

from reportgen.signals.dictionary import dictionary
from reportgen.signals.noise import Whitening
from reportgen.signals.robust import difference_sd
from reportgen.signals.series import Binned
from reportgen.signals.shapes import FAMILIES

FLAT = 0  # index of the flat family
SMALLEST_GAIN = 0.02  # of the range: above it every order of magnitude of a gain is as likely
OUT_OF_REACH = 80.0  # log likelihood below the best at which the prior no longer matters
LOG_PLACES = 7  # of a log weight; the last bits of a sum are those of the machine
LEAST_SPREAD = 2e-3  # a template flatter than this on the occupied bins could fit anything


@dataclass(frozen=True)
class Fit:
    """Weighted least squares of y ~ level + size * f, for many f that run from 0 to 1."""

    level: np.ndarray  # (k,)
    size: np.ndarray  # (k,) most likely, may be negative: the prior cuts at 0
    rss: np.ndarray  # (k,) weighted residual sum of squares; inf where f can't explain the series
    mass: np.ndarray  # (k,) weighted sum of squares of f around its mean
    mean: np.ndarray  # (k,) weighted mean of f

    def subset(self, where: np.ndarray) -> "Fit":
        """The fits at some positions."""
        return Fit(*(getattr(self, name)[where] for name in ("level", "size", "rss", "mass", "mean")))


@dataclass(frozen=True)
class Sums:
    """Weighted products of y with itself and with the constant."""

    yy: float
    y: float
    one: float
    doubt: float  # added to every residual: no fit of a few points is perfect

    @property
    def total(self) -> float:
        """Sum of squares around the mean: the residual of a flat curve."""
        return max(self.yy - self.y * self.y / self.one, 1e-300)


def solve(sums: Sums, fy: np.ndarray, f: np.ndarray, ff: np.ndarray) -> Fit:
    """Fits from the products of each f with y, the constant and itself."""
    mass = ff - f * f / sums.one
    covariance = fy - f * sums.y / sums.one
    usable = mass > LEAST_SPREAD * sums.one
    size = np.where(usable, covariance / np.where(usable, mass, 1), 0.0)
    rss = np.where(usable, sums.doubt + np.maximum(sums.total - size * covariance, 1e-12 * sums.total), np.inf)
    return Fit((sums.y - size * f) / sums.one, size, rss, mass, f / sums.one)


def doubt_of(y: np.ndarray) -> float:
    """Half an observation's variance, by the differences of whitened values.

    A weak prior of the noise: it only counts where shapes could pass through all of a few points.
    """
    spread = difference_sd(y) if len(y) >= 30 else float(np.sqrt(np.mean(np.diff(y) ** 2) / 2))
    return 0.5 * spread**2


def as_flat(fit: Fit, sums: Sums) -> None:
    """Make the first fit that of a constant."""
    fit.size[0], fit.mass[0], fit.level[0] = 0.0, 0.0, sums.y / sums.one
    fit.rss[0] = sums.total + sums.doubt


def fit_dictionary(bins: Binned) -> Fit:
    """Fits of every template, the bins taken as independent."""
    shapes = dictionary()
    centre = float(bins.weight @ bins.y / bins.weight.sum())
    y = bins.y - centre  # float32 products lose digits around a large mean
    columns = np.zeros((2, shapes.curves.shape[1]), dtype=np.float32)
    columns[0, bins.index] = bins.weight * y
    columns[1, bins.index] = bins.weight
    # by einsum, which is the same on every machine of a kind: float32 by BLAS differs in the fifth digit of a weight
    values, ones = (np.einsum("jb,b->j", shapes.curves, column).astype(float) for column in columns)
    squares = np.einsum("jb,b->j", shapes.squares, columns[1]).astype(float)
    sums = Sums(
        float(bins.weight @ (y * y)),
        float(bins.weight @ y),
        float(bins.weight.sum()),
        doubt_of(np.sqrt(bins.weight) * y),
    )
    fit = solve(sums, values, ones, squares)
    as_flat(fit, sums)
    return Fit(fit.level + centre, fit.size, fit.rss, fit.mass, fit.mean)


@dataclass(frozen=True)
class Target:
    """A series as curves are fitted to it: its bins, whitened once."""

    bins: Binned
    noise: Whitening
    y: np.ndarray  # (b,) whitened
    one: np.ndarray  # (b,) the constant, whitened
    sums: Sums


def target(bins: Binned, noise: Whitening) -> Target:
    """The bins under a noise model."""
    y, one = noise.apply(bins.y), noise.apply(np.ones(len(bins.y)))
    return Target(bins, noise, y, one, Sums(float(y @ y), float(y @ one), float(one @ one), doubt_of(y)))


@dataclass(frozen=True)
class Frame:
    """How a curve of a family is brought to run from 0 to 1."""

    low: np.ndarray  # (k,)
    range: np.ndarray  # (k,)


def frame(curves: np.ndarray) -> Frame:
    """Lowest value and range of each curve over the run."""
    low = curves.min(axis=1)
    return Frame(low, np.maximum(curves.max(axis=1) - low, 1e-9))


def fit_exactly(family: int, u: np.ndarray, goal: Target) -> tuple[Fit, Frame]:
    """Fits of one family's curves at the bins' own positions, under correlated noise."""
    curves = FAMILIES[family].evaluate(u, goal.bins.x)
    framed = frame(curves)
    f = goal.noise.apply((curves - framed.low[:, None]) / framed.range[:, None])
    fit = solve(goal.sums, f @ goal.y, f @ goal.one, np.einsum("kb,kb->k", f, f))
    if family == FLAT:
        as_flat(fit, goal.sums)
    return fit, framed


def log_evidence(fit: Fit, best: float, freedom: float, variance: float) -> np.ndarray:
    """Log marginal likelihood of each fit up to a constant, (k,); -inf where rejected.

    The residual against the best, then the integral over a positive size under a prior that is
    even in its logarithm above SMALLEST_GAIN (Laplace's approximation).
    """
    with np.errstate(divide="ignore"):
        logs = -0.5 * freedom * np.log(fit.rss / best)
    near = np.flatnonzero(logs > logs.max(initial=-np.inf) - OUT_OF_REACH)
    mass, size = fit.mass[near], fit.size[near]
    error = np.sqrt(variance / np.maximum(mass, 1e-12))
    likely = np.maximum(size, 0.5 * error)
    prior = -np.log((likely + SMALLEST_GAIN) * math.log1p(1 / SMALLEST_GAIN))
    integral = np.log(error * math.sqrt(2 * math.pi)) + log_ndtr(size / error)
    logs[near] += np.where(mass > 0, prior + integral, 0.0)
    return np.round(logs, LOG_PLACES)
