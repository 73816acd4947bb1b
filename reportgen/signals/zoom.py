"""The best parameters near a template, found in a few steps.

Templates are coarse: where the data say much, the best of them can miss by many standard errors
and a wrong family can win by luck. Gauss-Newton steps with level and size projected out (variable
projection, Golub and Pereyra 1973; damped as Levenberg-Marquardt) bring each family to its best.
"""

from dataclasses import dataclass

import numpy as np

from reportgen.signals.fit import Target
from reportgen.signals.rounding import significant
from reportgen.signals.shapes import FAMILIES

STEPS = 4
STRIDE = 1e-3  # of the unit cube, for derivatives
LONGEST = 0.25  # a step, in the unit cube
SETTLED = 3e-3  # share of the residual; a step that gains less was the last
ROOT_DIGITS = 8  # of the width of a kernel around it
PLACES = 6  # of a parameter in the unit cube; its uncertainty is a thousand times as large
SAME = 0.03  # two bests closer than this are one
EDGE = 0.004  # parameters stay this far inside
WIDEST = 0.25  # standard deviation of a direction that the data leave open


@dataclass(frozen=True)
class Zoomed:
    """Parameters of one family at a local best."""

    u: np.ndarray  # (s, d)
    rss: np.ndarray  # (s,)
    residual: np.ndarray  # (s, b) whitened
    root: np.ndarray  # (s, d, d) lower triangle of the posterior covariance, by Laplace


@dataclass(frozen=True)
class Local:
    """A curve and its derivatives, level and size projected out."""

    rss: np.ndarray  # (s,)
    residual: np.ndarray  # (s, b)
    slopes: np.ndarray  # (s, d, b)


def local(family: int, u: np.ndarray, goal: Target) -> Local:
    """Residuals at parameters (s, d), and how they change."""
    s, d = u.shape
    stride = np.where(u > 0.5, -STRIDE, STRIDE)
    shifted = np.repeat(u[:, None], d + 1, axis=1)
    shifted[:, np.arange(1, d + 1), np.arange(d)] += stride
    curves = FAMILIES[family].evaluate(shifted.reshape(-1, d), goal.bins.x).reshape(s, d + 1, -1)
    one = goal.one / np.sqrt(goal.sums.one)
    f = goal.noise.apply(curves)
    f = f - (f @ one)[..., None] * one
    y = goal.y - (goal.y @ one) * one
    length = np.sqrt(np.maximum(np.einsum("sb,sb->s", f[:, 0], f[:, 0]), 1e-18))
    unit = f[:, 0] / length[:, None]
    size = np.maximum(unit @ y, 0)
    residual = y - size[:, None] * unit
    slopes = (f[:, 1:] - f[:, :1]) / stride[..., None] * (size / length)[:, None, None]
    slopes -= np.einsum("sdb,sb->sd", slopes, unit)[..., None] * unit[:, None]
    return Local(np.einsum("sb,sb->s", residual, residual), residual, slopes)


def zoom(family: int, u: np.ndarray, goal: Target, freedom: float) -> Zoomed:
    """The local best near each of some parameters (s, d)."""
    here, damping = local(family, u, goal), np.full(len(u), 1e-2)
    for _ in range(STEPS):
        tried = np.clip(u + step_from(here, damping), EDGE, 1 - EDGE)
        there = local(family, tried, goal)
        better = there.rss < here.rss
        gained = float(((here.rss - there.rss) / np.maximum(here.rss, 1e-300)).max())
        u = np.where(better[:, None], tried, u)
        here = Local(
            np.where(better, there.rss, here.rss),
            np.where(better[:, None], there.residual, here.residual),
            np.where(better[:, None, None], there.slopes, here.slopes),
        )
        damping = np.where(better, damping / 5, damping * 10)
        if gained < SETTLED:
            break
    # BLAS kernels differ in the last bits, which decide when a search ends: what is kept is rounded to what is known
    u = np.clip(np.round(u, PLACES), EDGE, 1 - EDGE)
    here = local(family, u, goal)
    return distinct(Zoomed(u, here.rss, here.residual, significant(laplace(here, freedom), ROOT_DIGITS)))


def distinct(found: Zoomed) -> Zoomed:
    """The local bests, the same one only once."""
    kept: list[int] = []
    for i in np.argsort(found.rss, kind="stable"):
        if all(np.abs(found.u[i] - found.u[j]).max() > SAME for j in kept):
            kept.append(int(i))
    return Zoomed(found.u[kept], found.rss[kept], found.residual[kept], found.root[kept])


def step_from(here: Local, damping: np.ndarray) -> np.ndarray:
    """Damped Gauss-Newton step, (s, d), no longer than LONGEST in any parameter."""
    gram = np.einsum("sdb,seb->sde", here.slopes, here.slopes)
    pull = np.einsum("sdb,sb->sd", here.slopes, here.residual)
    diagonal = np.einsum("sdd->sd", gram)
    floor = 1e-6 * (here.rss + 1e-12)[:, None] + damping[:, None] * diagonal
    step = np.linalg.solve(gram + floor[..., None] * np.eye(gram.shape[1]), pull[..., None])[..., 0]
    longest = np.abs(step).max(axis=1, keepdims=True)
    return step * np.minimum(1, LONGEST / np.maximum(longest, 1e-12))


def laplace(here: Local, freedom: float) -> np.ndarray:
    """Lower triangles of the parameters' covariances."""
    variance = np.maximum(here.rss / max(freedom, 1), 1e-14)
    gram = np.einsum("sdb,seb->sde", here.slopes, here.slopes) / variance[:, None, None]
    precision = gram + np.eye(gram.shape[1]) / WIDEST**2
    size = np.sqrt(np.einsum("sdd->sd", precision))
    # without noise the parameters' scales lie so far apart that only the correlation can be inverted
    correlation = precision / (size[:, :, None] * size[:, None, :]) + 1e-9 * np.eye(gram.shape[1])
    return _root_of_inverse(correlation) / size[:, :, None]


def _root_of_inverse(correlation: np.ndarray) -> np.ndarray:
    """R with R R' the inverse of each matrix (s, d, d); of one that rounding has made indefinite, the nearest."""
    try:
        return np.linalg.cholesky(np.linalg.inv(correlation))
    except np.linalg.LinAlgError:  # points exactly on a curve
        size, directions = np.linalg.eigh(correlation)
        root = directions / np.sqrt(np.maximum(size, 1e-9))[:, None, :]
        _, upper = np.linalg.qr(np.swapaxes(root, 1, 2))
        lower = np.swapaxes(upper, 1, 2)
        return lower * np.sign(np.einsum("sdd->sd", lower) + 1e-300)[:, None, :]
