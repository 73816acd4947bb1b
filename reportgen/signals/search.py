"""The search for likely curves: pools of parameters, grown where the weight is.

Adaptive importance sampling with deterministic-mixture weights (Cornuet et al. 2012): parameters
from the templates, from around the zoomed bests and from kernels around what proved likely are
weighed together, which sharpens the parameters and keeps the evidence of each family right.
"""

import math
from dataclasses import dataclass

import numpy as np

from reportgen.signals.dictionary import dictionary
from reportgen.signals.first_look import freedom_of, softmax
from reportgen.signals.fit import LOG_PLACES, Fit, Target, fit_exactly, log_evidence
from reportgen.signals.rounding import significant
from reportgen.signals.sampling import Pool, Proposal, proposal, thinned
from reportgen.signals.shapes import FAMILIES
from reportgen.signals.zoom import ROOT_DIGITS, Zoomed

KEPT = 500  # templates carried into the search
KEPT_POWER = 0.7  # of the weight, in the chance to be carried on
PROPOSED = 900  # parameters tried a round
CENTRES = 30  # kernels a family and round
ZOOM_TRIES = 50  # parameters tried around each zoomed best
HOPELESS = 14.0  # log evidence below the best at which a zoomed family is left alone
NEGLIGIBLE = 1e-3  # share of the weight below which a family is left out
SPARED = 80.0  # effective number of curves that kernels are put around


@dataclass(frozen=True)
class Scale:
    """What residuals are measured against; fixed once, so that weights of all rounds compare."""

    best: float  # residual sum of squares of the best curve
    freedom: float
    variance: float  # of a bin of weight 1

    def evidence(self, fit: Fit) -> np.ndarray:
        """Log evidence of some fits."""
        return log_evidence(fit, self.best, self.freedom, self.variance)


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


def carried(logs: np.ndarray, goal: Target, found: dict[int, Zoomed]) -> tuple[tuple[Pool, ...], Scale, Chance]:
    """The templates that matter, fitted exactly, by family; what they are measured against."""
    shapes = dictionary()
    chosen, chance, factor = thinned(logs, KEPT, KEPT_POWER, always=2)  # flat and line have one each
    matters = np.add.reduceat(softmax(logs), shapes.first[:-1]) > NEGLIGIBLE
    matters[[0, 1, *found]] = True
    here = matters[shapes.family[chosen]]
    chosen, chance = chosen[here], chance[here]
    family_of = shapes.family[chosen]
    families = np.union1d(family_of, list(found)).astype(int)
    parts, least = [], [goal.sums.total + goal.sums.doubt]
    for family in families:
        here = family_of == family
        u = shapes.parameters[family][chosen[here] - shapes.first[family]]
        parts.append((u, *fit_exactly(family, u, goal), len(shapes.parameters[family]) * chance[here]))
        least.append(float(parts[-1][1].rss.min(initial=math.inf)))
        if family in found:
            least.append(float(fit_exactly(family, found[family].u, goal)[0].rss.min()))
    n = len(goal.y)
    scale = Scale(min(least), freedom_of(goal.bins), max(min(least) / max(n - 4, 1), 1e-12))
    pools = tuple(
        Pool(int(family), u, fit, framed, scale.evidence(fit), tries, ())
        for family, (u, fit, framed, tries) in zip(families, parts, strict=True)
    )
    now = np.concatenate([pool.evidence for pool in pools])  # chosen is sorted, so in its order
    share = softmax(now)
    shift = np.where(share > 0, logs[chosen] - shapes.log_prior[chosen] - now, 0.0)
    return pools, scale, Chance(factor, float(share @ shift))


def log_weights(pools: tuple[Pool, ...]) -> np.ndarray:
    """Log weights of all entries, in order."""
    logs = np.concatenate([math.log(FAMILIES[p.family].mass) + p.evidence - np.log(p.tries) for p in pools])
    return np.round(logs, LOG_PLACES)


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
    return proposal(centres, significant(np.linalg.cholesky(covariance), ROOT_DIGITS), count)


def split(pools: tuple[Pool, ...], flat: np.ndarray) -> list[np.ndarray]:
    """An array over all entries, cut by pool."""
    return np.split(flat, np.cumsum([len(pool.u) for pool in pools])[:-1])


@dataclass(frozen=True)
class Search:
    """What new parameters are drawn, fitted and weighed with."""

    goal: Target
    scale: Scale
    chance: Chance
    rng: np.random.Generator

    def extend(self, pool: Pool, *proposals: Proposal) -> Pool:
        """The pool with what the proposals drew."""
        u = np.concatenate([each.draw(self.rng) for each in proposals])
        if not len(u):
            return pool
        fit, framed = fit_exactly(pool.family, u, self.goal)
        evidence = self.scale.evidence(fit)
        tries = self.chance.tries(pool.family, evidence)
        return pool.grown(Pool(pool.family, u, fit, framed, evidence, tries, proposals))

    def around(self, pools: tuple[Pool, ...], found: dict[int, Zoomed]) -> tuple[Pool, ...]:
        """The pools with parameters around the zoomed bests that can matter."""
        reached = {f: self.scale.evidence(fit_exactly(f, each.u, self.goal)[0]) for f, each in found.items()}
        best = max((float(pool.evidence.max(initial=-math.inf)) for pool in pools), default=0.0)
        best = max([best, *(float(e.max()) for e in reached.values())])
        grown = []
        for pool in pools:
            hopeful = np.flatnonzero(reached.get(pool.family, np.zeros(0)) > best - HOPELESS)
            each = found.get(pool.family)
            if each is not None and len(hopeful):
                proposals = [proposal(each.u[i, None], 1.3 * each.root[i], ZOOM_TRIES) for i in hopeful]
                pool = self.extend(pool, *proposals)
            grown.append(pool)
        return tuple(grown)

    def refine(self, pools: tuple[Pool, ...]) -> tuple[Pool, ...]:
        """Pools grown by one round of kernels, most where most of the weight is."""
        shares = split(pools, tempered(log_weights(pools)))
        pairs = list(zip(pools, shares, strict=True))
        wanted = np.array([math.sqrt(s.sum()) * FAMILIES[p.family].dim for p, s in pairs])
        wanted[[FAMILIES[p.family].share == 0 or s.sum() < 4e-3 for p, s in pairs]] = 0
        counts = (PROPOSED * wanted / max(wanted.sum(), 1e-12)).astype(int)
        return tuple(
            pool if count < 8 else self.extend(pool, kernels(pool, share, int(count)))
            for (pool, share), count in zip(pairs, counts, strict=True)
        )
