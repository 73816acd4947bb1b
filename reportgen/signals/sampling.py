"""Proposals of parameters and the pools they fill (adaptive importance sampling)."""

import math
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np

from reportgen.signals.fit import Fit, Frame

Arrays = TypeVar("Arrays", Fit, Frame)


@dataclass(frozen=True)
class Proposal:
    """Normal kernels of one covariance around likely parameters."""

    centres: np.ndarray  # (c, d)
    root: np.ndarray  # (d, d) lower triangle
    inverse: np.ndarray  # (d, d) of the root, transposed
    count: int

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Parameters that fell inside the unit cube, (at most count, d)."""
        picked = self.centres[np.arange(self.count) % len(self.centres)]
        u = picked + rng.standard_normal(picked.shape) @ self.root.T
        return u[((u > 0) & (u < 1)).all(axis=1)]

    def number(self, u: np.ndarray) -> np.ndarray:
        """Expected tries per unit volume at each parameter, (k,)."""
        a, b = u @ self.inverse, self.centres @ self.inverse
        square = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2 * a @ b.T
        scale = float(np.prod(np.diag(self.root))) * (2 * math.pi) ** (u.shape[1] / 2)
        return self.count / scale * np.exp(-0.5 * np.maximum(square, 0)).mean(axis=1)


def proposal(centres: np.ndarray, root: np.ndarray, count: int) -> Proposal:
    """Kernels with the root of their covariance."""
    return Proposal(centres, root, np.linalg.inv(root).T, count)


@dataclass(frozen=True)
class Pool:
    """Parameters of one family tried so far, with all that is needed to weigh them."""

    family: int
    u: np.ndarray  # (k, d)
    fit: Fit
    frame: Frame
    evidence: np.ndarray  # (k,) log marginal likelihood
    tries: np.ndarray  # (k,) expected tries per unit volume at each, all proposals together
    proposals: tuple[Proposal, ...]

    def grown(self, new: "Pool") -> "Pool":
        """The pool with the entries of another of its family, both weighed by all proposals."""
        tries = self.tries + sum(each.number(self.u) for each in new.proposals)
        fresh = new.tries + sum(each.number(new.u) for each in (*self.proposals, *new.proposals))
        return Pool(
            self.family,
            np.concatenate([self.u, new.u]),
            joined(self.fit, new.fit),
            joined(self.frame, new.frame),
            np.concatenate([self.evidence, new.evidence]),
            np.concatenate([tries, fresh]),
            (*self.proposals, *new.proposals),
        )


def joined(first: Arrays, second: Arrays) -> Arrays:
    """Two sets of arrays, one after the other."""
    names = [field.name for field in fields(first)]
    return type(first)(*(np.concatenate([getattr(first, n), getattr(second, n)]) for n in names))


def thinned(logs: np.ndarray, count: int, power: float, always: int) -> tuple[np.ndarray, np.ndarray, float]:
    """About `count` entries picked with a chance that grows with their weight.

    logs: (j,) log weights. Returns their positions, the chance that each had, and f in
    chance = min(1, exp(f + power * log weight)). Where few matter all of them are taken; where
    thousands do, an even sample. The first `always` are taken in any case.
    """
    top = float(logs.max())
    height = np.exp(power * (logs - top))
    factor = 1.0
    for _ in range(20):
        total = float(np.minimum(factor * height, 1).sum())
        if total >= count or factor > 1e6:
            break
        factor *= min(max(count / max(total, 1e-12), 1.05), 3.0)
    chance = np.minimum(factor * height, 1)
    chance[:always] = 1
    crossed = np.floor(np.cumsum(chance) + 0.5)
    picked = np.flatnonzero(np.diff(crossed, prepend=0) > 0)
    return picked, chance[picked], math.log(factor) - power * top
