"""Which curves could have made this series: weighted shapes, drawn from.

Every template of the dictionary is fitted in closed form, the best are zoomed in on, and the likely
ones are refined by adaptive importance sampling with deterministic-mixture weights (Cornuet et al.
2012): it sharpens the parameters and keeps the evidence of each family right.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, ndtri

from reportgen.signals.dictionary import dictionary
from reportgen.signals.fit import Fit, fit_dictionary, fit_exactly, log_evidence
from reportgen.signals.noise import Whitening, autocorrelations, whitening
from reportgen.signals.periodic import periodic
from reportgen.signals.sampling import Pool, Proposal, thinned
from reportgen.signals.series import Binned
from reportgen.signals.shapes import FAMILIES
from reportgen.signals.zoom import Zoomed, zoom

TEMPERING = 0.8  # share of the degrees of freedom that counts; absorbs what no shape follows exactly
KEPT = 600  # templates carried into the refinement
KEPT_POWER = 0.7  # of the weight, in the chance to be carried on
ROUNDS = 1
PROPOSED = 1000  # parameters tried a round
CENTRES = 40  # kernels a family and round
ZOOMED = 8  # families zoomed in on
ZOOM_REACH = 60.0  # log weight below the best at which a family isn't worth it
ZOOM_STARTS = 2  # templates of each
ZOOM_TRIES = 60  # parameters tried around each
TRENDS = 150  # templates beside which a periodic part is looked for
SPARED = 80.0  # effective number of curves that proposals are drawn around
SEED = 20250314


@dataclass(frozen=True)
class Scale:
    """What residuals are measured against; fixed once, so that weights of all rounds compare."""

    best: float  # residual sum of squares of the best curve
    freedom: float
    variance: float  # of a bin of weight 1


@dataclass(frozen=True)
class Chance:
    """How likely a template was to be carried on, as a function of its evidence."""

    factor: float
    offset: float  # first look's log weight minus today's

    def tries(self, family: int, evidence: np.ndarray) -> np.ndarray:
        """Expected number of templates per unit volume at parameters of some evidence."""
        number = len(dictionary().parameters[family])
        logs = math.log(FAMILIES[family].mass / number) + evidence + self.offset
        return number * np.exp(np.minimum(self.factor + KEPT_POWER * logs, 0.0))


@dataclass(frozen=True)
class Posterior:
    """Weighted curves under one noise model."""

    pools: tuple[Pool, ...]
    weights: tuple[np.ndarray, ...]  # by pool, together 1
    bins: Binned  # without periodic parts
    noise: Whitening
    scale: Scale
    wobble: np.ndarray  # (b,) periodic part that was taken out


def softmax(logs: np.ndarray) -> np.ndarray:
    """Weights from their logarithms, together 1."""
    weights = np.exp(logs - logs.max())
    return weights / weights.sum()


def first_look(bins: Binned) -> tuple[Fit, np.ndarray]:
    """Fit of every template and its log weight, noise taken as a plain autoregression."""
    fit = fit_dictionary(bins)
    best, n = int(fit.rss.argmin()), len(bins.y)
    residual = bins.y - template_at(fit, best, bins)
    memory = min(max(autocorrelations(residual * np.sqrt(bins.weight))[0], 0.0), 0.8)
    inflation = (1 + memory) / (1 - memory)
    freedom = TEMPERING * max(n - 3, 1) / inflation
    variance = max(inflation * float(fit.rss[best]) / max(n - 4, 1), 1e-12)
    return fit, dictionary().log_prior + log_evidence(fit, float(fit.rss[best]), freedom, variance)


def template_at(fit: Fit, j: int, bins: Binned) -> np.ndarray:
    """One fitted template at the bins."""
    return fit.level[j] + fit.size[j] * dictionary().curves[j, bins.index]


def zooms(logs: np.ndarray, bins: Binned) -> dict[int, Zoomed]:
    """The local bests of the families that matter."""
    shapes, noise = dictionary(), Whitening(np.sqrt(bins.weight), None)
    tops = np.maximum.reduceat(logs, shapes.first[:-1])
    order = [int(f) for f in np.argsort(-tops, kind="stable") if FAMILIES[f].share > 0]
    found = {}
    for family in order[:ZOOMED]:
        if tops[family] < tops.max() - ZOOM_REACH:
            break
        mine = logs[shapes.first[family] : shapes.first[family + 1]]
        starts = starts_of(mine, shapes.parameters[family], ZOOM_STARTS)
        found[family] = zoom(family, starts, bins, noise, TEMPERING * max(len(bins.y) - 3, 1))
    return found


def starts_of(logs: np.ndarray, u: np.ndarray, count: int) -> np.ndarray:
    """The best parameters and others that are good but not beside them, (at most count, d)."""
    order = np.argpartition(-logs, min(40, len(logs) - 1))[:40]
    order = order[np.argsort(-logs[order], kind="stable")]
    picked = [int(order[0])]
    for j in order[1:]:
        if len(picked) < count and np.abs(u[picked] - u[j]).max(axis=1).min() > 0.15:
            picked.append(int(j))
    return u[picked]


def residual_of(logs: np.ndarray, fit: Fit, found: dict[int, Zoomed], bins: Binned) -> np.ndarray:
    """Residual of the best curve so far, (b,)."""
    j = int(logs.argmax())
    residual, least = bins.y - template_at(fit, j, bins), float(fit.rss[j])
    for each in found.values():
        best = int(each.rss.argmin())
        if each.rss[best] < least:
            residual, least = each.residual[best] / np.sqrt(bins.weight), float(each.rss[best])
    return residual


def trends_of(logs: np.ndarray, fit: Fit, bins: Binned, residual: np.ndarray) -> np.ndarray:
    """Likely trends of all kinds, (k, b): the best curve so far and the best templates."""
    likely = np.argpartition(-logs, TRENDS)[:TRENDS]
    curves = fit.level[likely, None] + fit.size[likely, None] * dictionary().curves[likely][:, bins.index]
    return np.vstack([bins.y - residual, curves])


def is_coarse(logs: np.ndarray) -> bool:
    """Whether so few templates share the weight that there is more to find between them."""
    weights = softmax(logs)
    return 1 / float(weights @ weights) < 400


def carried(
    logs: np.ndarray, bins: Binned, noise: Whitening, found: dict[int, Zoomed]
) -> tuple[tuple[Pool, ...], Scale, Chance]:
    """The templates that matter, fitted exactly, by family; what they are measured against."""
    shapes = dictionary()
    chosen, chance, factor = thinned(logs, KEPT, KEPT_POWER, always=2)  # flat and line have one each
    pools, least = [], [math.inf]
    for family in np.union1d(shapes.family[chosen], list(found)).astype(int):
        here = shapes.family[chosen] == family
        u = shapes.parameters[family][chosen[here] - shapes.first[family]]
        fit, framed = fit_exactly(family, u, bins, noise)
        pools.append(Pool(family, u, fit, framed, len(shapes.parameters[family]) * chance[here], ()))
        least.append(float(fit.rss.min(initial=math.inf)))
        if family in found:
            least.append(float(fit_exactly(family, found[family].u, bins, noise)[0].rss.min()))
    best, n = min(least), len(bins.y)
    scale = Scale(best, TEMPERING * max(n - 3, 1), max(best / max(n - 4, 1), 1e-12))
    now = np.concatenate([evidence(pool, scale) for pool in pools])
    order = np.argsort(shapes.family[chosen], kind="stable")
    shift = logs[chosen[order]] - shapes.log_prior[chosen[order]] - now
    counts = softmax(now) > 0
    return tuple(pools), scale, Chance(factor, float(softmax(now)[counts] @ shift[counts]))


def evidence(pool: Pool, scale: Scale) -> np.ndarray:
    """Log evidence of a pool's entries."""
    return log_evidence(pool.fit, scale.best, scale.freedom, scale.variance)


def log_weights(pools: tuple[Pool, ...], scale: Scale) -> np.ndarray:
    """Log weights of all entries, in order."""
    parts = [math.log(FAMILIES[pool.family].mass) + evidence(pool, scale) - np.log(pool.tries) for pool in pools]
    return np.concatenate(parts)


def tempered(logs: np.ndarray) -> np.ndarray:
    """Weights flattened until SPARED entries share them."""
    power = 1.0
    for _ in range(12):
        weights = softmax(power * logs)
        if 1 / float(weights @ weights) >= SPARED:
            break
        power *= 0.7
    return weights


def kernels(pool: Pool, weights: np.ndarray, count: int) -> Proposal:
    """A proposal around the pool's likely parameters."""
    share = weights / weights.sum()
    spread = pool.u - share @ pool.u
    dim = pool.u.shape[1]
    narrow = 0.1 / len(dictionary().parameters[pool.family]) ** (1 / dim)
    covariance = (spread * share[:, None]).T @ spread * 0.35 + narrow**2 * np.eye(dim)
    levels = (np.arange(CENTRES) + 0.5) / CENTRES
    centres = pool.u[np.minimum(np.searchsorted(np.cumsum(share), levels), len(share) - 1)]
    return Proposal(centres, np.linalg.cholesky(covariance), count)


def split(pools: tuple[Pool, ...], flat: np.ndarray) -> list[np.ndarray]:
    """An array over all entries, cut by pool."""
    return np.split(flat, np.cumsum([len(pool.u) for pool in pools])[:-1])


@dataclass(frozen=True)
class Search:
    """What a proposal's parameters are fitted and weighed with."""

    bins: Binned
    noise: Whitening
    scale: Scale
    chance: Chance
    rng: np.random.Generator

    def extend(self, pool: Pool, proposal: Proposal) -> Pool:
        """The pool with what the proposal drew."""
        u = proposal.draw(self.rng)
        if not len(u):
            return pool
        fit, framed = fit_exactly(pool.family, u, self.bins, self.noise)
        size = self.scale
        tries = self.chance.tries(pool.family, log_evidence(fit, size.best, size.freedom, size.variance))
        return pool.grown(u, fit, framed, tries, proposal)

    def around(self, pool: Pool, found: Zoomed) -> Pool:
        """The pool with parameters around its local bests."""
        for centre, root in zip(found.u, found.root, strict=True):
            pool = self.extend(pool, Proposal(centre[None], 1.3 * root, ZOOM_TRIES))
        return pool

    def refine(self, pools: tuple[Pool, ...]) -> tuple[Pool, ...]:
        """Pools grown by one round of proposals, most where most of the weight is."""
        shares = split(pools, tempered(log_weights(pools, self.scale)))
        pairs = list(zip(pools, shares, strict=True))
        wanted = np.array([math.sqrt(s.sum()) * FAMILIES[p.family].dim for p, s in pairs])
        wanted[[FAMILIES[p.family].share == 0 or s.sum() < 2e-3 for p, s in pairs]] = 0
        counts = (PROPOSED * wanted / max(wanted.sum(), 1e-12)).astype(int)
        return tuple(
            pool if count < 5 else self.extend(pool, kernels(pool, share, int(count)))
            for (pool, share), count in zip(pairs, counts, strict=True)
        )


def posterior(bins: Binned, *, rounds: int = ROUNDS) -> Posterior:
    """The curves that could have made these bins."""
    fit, logs = first_look(bins)
    found = zooms(logs, bins) if is_coarse(logs) else {}
    residual = residual_of(logs, fit, found, bins)
    memory = autocorrelations(residual * np.sqrt(bins.weight))[0]
    wobble = periodic(bins, trends_of(logs, fit, bins, residual), min(max(memory, 0.0), 0.6))
    if wobble.any():
        bins = replace(bins, y=bins.y - wobble)
        fit, logs = first_look(bins)
        found = zooms(logs, bins) if is_coarse(logs) else {}
        residual = residual_of(logs, fit, found, bins)
    noise = whitening(bins, residual)
    pools, scale, chance = carried(logs, bins, noise, found)
    search = Search(bins, noise, scale, chance, np.random.default_rng(SEED))
    pools = tuple(search.around(p, found[p.family]) if p.family in found else p for p in pools)
    for _ in range(rounds):
        pools = search.refine(pools)
    return Posterior(pools, tuple(split(pools, softmax(log_weights(pools, scale)))), bins, noise, scale, wobble)


def positive(mean: np.ndarray, error: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Normal draws that are above 0, one for each mean."""
    from_top = rng.uniform(size=len(mean)) * ndtr(mean / error)
    return np.maximum(mean - error * ndtri(np.clip(from_top, 1e-300, 1 - 1e-16)), 0.0)


def drawn(post: Posterior, count: int, x: np.ndarray) -> np.ndarray:
    """Curves drawn from the posterior at positions x, (count, m), in model units."""
    rng = np.random.default_rng(SEED + 1)
    cumulative = np.cumsum(np.concatenate(post.weights))
    picked = np.minimum(np.searchsorted(cumulative, (np.arange(count) + 0.5) / count), len(cumulative) - 1)
    one = post.noise.apply(np.ones(len(post.bins.y)))
    curves, start = [], 0
    for pool in post.pools:
        mine = picked[(picked >= start) & (picked < start + len(pool.u))] - start
        start += len(pool.u)
        if len(mine):
            curves.append(drawn_from(pool, mine, x, post.scale, float(one @ one), rng))
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
