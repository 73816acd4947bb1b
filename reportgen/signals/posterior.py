"""Which curves could have made this series: weighted shapes, drawn from.

Every template of the dictionary is fitted in closed form. The likely ones are then refined by
adaptive importance sampling with deterministic-mixture weights (Cornuet et al. 2012): it sharpens
the parameters and keeps the evidence of each family right.
"""

import math
from dataclasses import dataclass, fields, replace

import numpy as np

from reportgen.signals.dictionary import dictionary
from reportgen.signals.fit import Fit, Frame, fit_dictionary, fit_exactly, log_evidence
from reportgen.signals.noise import Whitening, autocorrelations, periodic, whitening
from reportgen.signals.series import Binned
from reportgen.signals.shapes import FAMILIES

TEMPERING = 0.8  # share of the degrees of freedom that counts; absorbs what no shape follows exactly
KEPT = 700  # templates carried into the refinement
REACH = 18.0  # log evidence below the best at which a template is out
ROUNDS = 2
PROPOSED = 1200  # parameters tried a round
CENTRES = 40  # kernels a family and round
SPARED = 80.0  # effective number of curves that proposals are drawn around
SEED = 20250314


@dataclass(frozen=True)
class Proposal:
    """Normal kernels of one covariance around likely parameters."""

    centres: np.ndarray  # (c, d)
    root: np.ndarray  # (d, d) lower triangle
    count: int

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Parameters that fell inside the unit cube, (at most count, d)."""
        picked = self.centres[np.arange(self.count) % len(self.centres)]
        u = picked + rng.standard_normal(picked.shape) @ self.root.T
        return u[((u > 0) & (u < 1)).all(axis=1)]

    def density(self, u: np.ndarray) -> np.ndarray:
        """Density at each parameter, (k,)."""
        inverse = np.linalg.inv(self.root).T
        a, b = u @ inverse, self.centres @ inverse
        square = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2 * a @ b.T
        scale = float(np.prod(np.diag(self.root))) * (2 * math.pi) ** (u.shape[1] / 2)
        return np.exp(-0.5 * np.maximum(square, 0)).mean(axis=1) / scale


@dataclass(frozen=True)
class Pool:
    """Parameters of one family tried so far, with all that is needed to weigh them."""

    family: int
    u: np.ndarray  # (k, d)
    fit: Fit
    frame: Frame
    mixture: np.ndarray  # (k,) expected number of tries per unit volume at each
    proposals: tuple[Proposal, ...]

    def grown(self, u: np.ndarray, fit: Fit, framed: Frame, proposal: Proposal) -> "Pool":
        """The pool with the tries of one more proposal."""
        proposals = (*self.proposals, proposal)
        start = len(dictionary().parameters[self.family])
        fresh = np.full(len(u), float(start))
        for each in proposals:
            fresh += each.count * each.density(u)
        old = self.mixture + proposal.count * proposal.density(self.u)
        names = [field.name for field in fields(Fit)]
        joined = Fit(*(np.concatenate([getattr(self.fit, f), getattr(fit, f)]) for f in names))
        low, size = (np.concatenate([getattr(self.frame, f), getattr(framed, f)]) for f in ("low", "range"))
        return Pool(
            self.family,
            np.concatenate([self.u, u]),
            joined,
            Frame(low, size),
            np.concatenate([old, fresh]),
            proposals,
        )


@dataclass(frozen=True)
class Posterior:
    """Weighted curves under one noise model."""

    pools: tuple[Pool, ...]
    weights: tuple[np.ndarray, ...]  # by pool, together 1
    bins: Binned  # without periodic parts
    noise: Whitening
    variance: float  # of a bin of weight 1
    freedom: float
    wobble: np.ndarray  # (b,) periodic part that was taken out


def softmax(logs: np.ndarray) -> np.ndarray:
    """Weights from their logarithms, together 1."""
    weights = np.exp(logs - logs.max())
    return weights / weights.sum()


def first_look(bins: Binned) -> tuple[Fit, np.ndarray]:
    """Fit of every template and its log posterior, as if noise were white."""
    fit = fit_dictionary(bins)
    best = float(fit.rss.min())
    n = len(bins.y)
    residual = bins.y - curve_at_bins(fit, int(fit.rss.argmin()), bins)
    memory = min(max(autocorrelations(residual * np.sqrt(bins.weight))[0], 0.0), 0.8)
    inflation = (1 + memory) / (1 - memory)
    freedom = TEMPERING * max(n - 3, 1) / inflation
    variance = max(inflation * best / max(n - 4, 1), 1e-12)
    return fit, dictionary().log_prior + log_evidence(fit, best, freedom, variance)


def curve_at_bins(fit: Fit, j: int, bins: Binned) -> np.ndarray:
    """One fitted template at the bins."""
    return fit.level[j] + fit.size[j] * dictionary().curves[j, bins.index]


def denoised(bins: Binned, fit: Fit, logs: np.ndarray) -> tuple[Binned, np.ndarray]:
    """Bins without their periodic part, if there is one."""
    likely = np.argsort(-logs, kind="stable")[:20]
    share = softmax(logs[likely])
    centre = sum(p * curve_at_bins(fit, int(j), bins) for p, j in zip(share, likely, strict=True))
    residual = bins.y - centre
    memory = autocorrelations(residual * np.sqrt(bins.weight))[0]
    wobble = periodic(bins, residual, min(max(memory, 0.0), 0.6))
    return replace(bins, y=bins.y - wobble), wobble


def pools_of(chosen: np.ndarray, bins: Binned, noise: Whitening) -> tuple[Pool, ...]:
    """The chosen templates, fitted exactly, by family."""
    shapes = dictionary()
    pools = []
    for family in np.unique(shapes.family[chosen]):
        mine = chosen[shapes.family[chosen] == family] - shapes.first[family]
        u = shapes.parameters[family][mine]
        fit, framed = fit_exactly(int(family), u, bins, noise)
        start = np.full(len(u), float(len(shapes.parameters[family])))
        pools.append(Pool(int(family), u, fit, framed, start, ()))
    return tuple(pools)


def log_weights(pools: tuple[Pool, ...], freedom: float, n: int) -> tuple[np.ndarray, float]:
    """Log weights of all entries in order, and the noise variance of the best."""
    best = min(float(pool.fit.rss.min()) for pool in pools)
    variance = max(best / max(n - 4, 1), 1e-12)
    logs = [
        math.log(FAMILIES[pool.family].mass) + log_evidence(pool.fit, best, freedom, variance) - np.log(pool.mixture)
        for pool in pools
    ]
    return np.concatenate(logs), variance


def tempered(logs: np.ndarray) -> np.ndarray:
    """Weights flattened until SPARED entries share them."""
    power = 1.0
    for _ in range(12):
        weights = softmax(power * logs)
        if 1 / float(weights @ weights) >= SPARED:
            break
        power *= 0.7
    return weights


def proposal_for(pool: Pool, weights: np.ndarray, count: int) -> Proposal:
    """Kernels around the pool's likely parameters."""
    share = weights / weights.sum()
    mean = share @ pool.u
    spread = pool.u - mean
    dim = pool.u.shape[1]
    narrow = 0.25 / len(dictionary().parameters[pool.family]) ** (1 / dim)
    covariance = (spread * share[:, None]).T @ spread * 0.35 + narrow**2 * np.eye(dim)
    levels = (np.arange(CENTRES) + 0.5) / CENTRES
    centres = pool.u[np.minimum(np.searchsorted(np.cumsum(share), levels), len(share) - 1)]
    return Proposal(centres, np.linalg.cholesky(covariance), count)


def split(pools: tuple[Pool, ...], flat: np.ndarray) -> list[np.ndarray]:
    """An array over all entries, cut by pool."""
    return np.split(flat, np.cumsum([len(pool.u) for pool in pools])[:-1])


def refined(
    pools: tuple[Pool, ...], bins: Binned, noise: Whitening, freedom: float, rng: np.random.Generator
) -> tuple[Pool, ...]:
    """Pools grown by one round of proposals."""
    logs, _ = log_weights(pools, freedom, len(bins.y))
    shares = split(pools, tempered(logs))
    wanted = np.array([math.sqrt(s.sum()) * FAMILIES[p.family].dim for p, s in zip(pools, shares, strict=True)])
    wanted[[FAMILIES[p.family].share == 0 or s.sum() < 2e-3 for p, s in zip(pools, shares, strict=True)]] = 0
    counts = (PROPOSED * wanted / max(wanted.sum(), 1e-12)).astype(int)
    grown = []
    for pool, share, count in zip(pools, shares, counts, strict=True):
        if count < 5:
            grown.append(pool)
            continue
        proposal = proposal_for(pool, share, int(count))
        u = proposal.draw(rng)
        fit, framed = fit_exactly(pool.family, u, bins, noise)
        grown.append(pool.grown(u, fit, framed, proposal))
    return tuple(grown)


def posterior(bins: Binned, *, rounds: int = ROUNDS) -> Posterior:
    """The curves that could have made these bins."""
    fit, logs = first_look(bins)
    quiet, wobble = denoised(bins, fit, logs)
    if wobble.any():
        fit, logs = first_look(quiet)
    residual = quiet.y - curve_at_bins(fit, int(logs.argmax()), quiet)
    noise = whitening(quiet, residual)
    order = np.argsort(-logs, kind="stable")[:KEPT]
    chosen = np.union1d(order[logs[order] > logs[order[0]] - REACH], [0, 1])
    pools = pools_of(chosen, quiet, noise)
    freedom = TEMPERING * max(len(quiet.y) - 3, 1)
    rng = np.random.default_rng(SEED)
    for _ in range(rounds):
        pools = refined(pools, quiet, noise, freedom, rng)
    logs, variance = log_weights(pools, freedom, len(quiet.y))
    return Posterior(pools, tuple(split(pools, softmax(logs))), quiet, noise, variance, freedom, wobble)


def drawn(post: Posterior, count: int, x: np.ndarray) -> np.ndarray:
    """Curves drawn from the posterior at positions x, (count, m), in model units."""
    rng = np.random.default_rng(SEED + 1)
    weights = np.concatenate(post.weights)
    levels = (np.arange(count) + 0.5) / count
    picked = np.minimum(np.searchsorted(np.cumsum(weights), levels), len(weights) - 1)
    one = post.noise.apply(np.ones(len(post.bins.y)))
    total = float(one @ one)
    curves, start = [], 0
    for pool in post.pools:
        mine = picked[(picked >= start) & (picked < start + len(pool.u))] - start
        start += len(pool.u)
        if not len(mine):
            continue
        unique, back = np.unique(mine, return_inverse=True)
        framed = FAMILIES[pool.family].evaluate(pool.u[unique], x) - pool.frame.low[unique, None]
        f = (framed / pool.frame.range[unique, None])[back]
        scale = np.sqrt(post.variance * post.freedom / rng.chisquare(max(post.freedom, 3), len(mine)))
        fit = pool.fit.subset(mine)
        slope = fit.size + scale * rng.standard_normal(len(mine)) / np.sqrt(np.maximum(fit.mass, 1e-12)) * (
            fit.mass > 0
        )
        centre = fit.level + fit.size * fit.mean + scale * rng.standard_normal(len(mine)) / math.sqrt(total)
        curves.append(centre[:, None] + np.maximum(slope, 0)[:, None] * (f - fit.mean[:, None]))
    return np.concatenate(curves)
