"""Which curves could have made this series: weighted shapes, drawn from."""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, ndtri

from reportgen.signals.first_look import first_look, is_coarse, residual_of, softmax, trends_of, zooms
from reportgen.signals.fit import Fit, Target, target
from reportgen.signals.noise import autocorrelations, whitening
from reportgen.signals.periodic import periodic
from reportgen.signals.sampling import Pool
from reportgen.signals.search import Scale, Search, carried, log_weights, split
from reportgen.signals.series import Binned
from reportgen.signals.shapes import FAMILIES
from reportgen.signals.zoom import Zoomed

ROUNDS = 2  # of refinement, at most
ENOUGH = 60.0  # effective number of curves at which refinement stops
SEED = 20250314


@dataclass(frozen=True)
class Look:
    """What the first look found."""

    fit: Fit
    logs: np.ndarray
    found: dict[int, Zoomed]
    residual: np.ndarray  # (b,) of the best curve


@dataclass(frozen=True)
class Posterior:
    """Weighted curves under one noise model."""

    pools: tuple[Pool, ...]
    weights: tuple[np.ndarray, ...]  # by pool, together 1
    goal: Target  # the bins without periodic parts
    scale: Scale
    has_wobble: bool  # a periodic part was taken out


def look_at(bins: Binned) -> Look:
    """The best curves so far."""
    fit, logs = first_look(bins)
    found = zooms(logs, bins) if is_coarse(logs) else {}
    return Look(fit, logs, found, residual_of(logs, fit, found, bins))


def posterior(bins: Binned, *, rounds: int = ROUNDS) -> Posterior:
    """The curves that could have made these bins."""
    look = look_at(bins)
    memory = autocorrelations(look.residual * np.sqrt(bins.weight))[0]
    trends = trends_of(look.logs, look.fit, bins, look.residual)
    wobble = periodic(bins, trends, min(max(memory, 0.0), 0.6))
    if wobble.any():
        bins = replace(bins, y=bins.y - wobble)
        look = look_at(bins)
    goal = target(bins, whitening(bins, look.residual))
    pools, scale, chance = carried(look.logs, goal, look.found)
    search = Search(goal, scale, chance, np.random.default_rng(SEED))
    pools = search.around(pools, look.found)
    weights = softmax(log_weights(pools))
    for _ in range(rounds):
        if 1 / float(weights @ weights) > ENOUGH:
            break
        pools = search.refine(pools)
        weights = softmax(log_weights(pools))
    return Posterior(pools, tuple(split(pools, weights)), goal, scale, bool(wobble.any()))


def positive(mean: np.ndarray, error: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Normal draws that are above 0, one for each mean."""
    from_top = rng.uniform(size=len(mean)) * ndtr(mean / error)
    return np.maximum(mean - error * ndtri(np.clip(from_top, 1e-300, 1 - 1e-16)), 0.0)


def drawn(post: Posterior, count: int, x: np.ndarray) -> np.ndarray:
    """Curves drawn from the posterior at positions x, (count, m), in model units."""
    rng = np.random.default_rng(SEED + 1)
    cumulative = np.cumsum(np.concatenate(post.weights))
    picked = np.minimum(np.searchsorted(cumulative, (np.arange(count) + 0.5) / count), len(cumulative) - 1)
    curves, start = [], 0
    for pool in post.pools:
        mine = picked[(picked >= start) & (picked < start + len(pool.u))] - start
        start += len(pool.u)
        if len(mine):
            curves.append(drawn_from(pool, mine, x, post.scale, post.goal.sums.one, rng))
    return np.concatenate(curves)


def drawn_from(
    pool: Pool, picked: np.ndarray, x: np.ndarray, scale: Scale, total: float, rng: np.random.Generator
) -> np.ndarray:
    """Curves of some entries of a pool, level and size drawn too."""
    unique, back = np.unique(picked, return_inverse=True)
    shape = FAMILIES[pool.family].evaluate(pool.u[unique], x) - pool.frame.low[unique, None]
    f = (shape / pool.frame.range[unique, None])[back]
    fit, n = pool.fit.subset(picked), len(picked)
    sd = np.sqrt(scale.variance * scale.freedom / rng.chisquare(max(scale.freedom, 3), n))
    size = positive(fit.size, sd / np.sqrt(np.maximum(fit.mass, 1e-12)), rng) * (fit.mass > 0)
    centre = fit.level + fit.size * fit.mean + sd * rng.standard_normal(n) / math.sqrt(total)
    return centre[:, None] + size[:, None] * (f - fit.mean[:, None])
