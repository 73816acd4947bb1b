"""What another seed of each recipe should reach: its mean, drawn to those of its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from reportgen.recipes.trials import Noise, Trial

MOST_RELATED = 300  # recipes whose neighbours count; of more, each is drawn to the mean of all
REACHES = (0.1, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0)  # levels of a key over which recipes resemble each other
SPREADS = (0.3, 1.0, 3.0, 10.0)  # prior variance over that of the means


def expected_of(groups: Sequence[Sequence[Trial]], noise: Noise) -> np.ndarray:
    """What another seed of each recipe should reach, drawn to its neighbours along each ordered key.

    A Gaussian process over the keys' levels (Rasmussen and Williams 2006, ch. 2 and 5); averaged over its reach
    and spread by how likely they make the means; the shortest reach is Stein's shrinking to the mean of all.
    """
    means = np.array([np.mean([trial.value for trial in group]) for group in groups])
    errors = [noise.error(len(group), [trial.error for trial in group]) for group in groups]
    spread = float(np.var(means))
    if len(groups) < 3 or spread <= 0 or any(error is None for error in errors):
        return means
    variances = np.square(np.array(errors, dtype=float))
    if len(groups) > MOST_RELATED:
        centre, kept = float(means.mean()), spread / (spread + variances)
        return np.asarray(centre + kept * (means - centre))
    noises, distance = np.diag(variances), _distances(groups)
    likely, expected = [], []
    for reach, factor in product(REACHES, SPREADS):
        prior = factor * spread * np.exp(-0.5 * (distance / reach) ** 2)
        solved = np.linalg.inv(prior + noises)
        centre = float(solved.sum(axis=0) @ means / solved.sum())
        off = means - centre
        likely.append(-0.5 * (float(off @ solved @ off) + float(np.linalg.slogdet(prior + noises)[1])))
        expected.append(centre + prior @ solved @ off)
    weights = np.exp(np.array(likely) - max(likely))
    averaged: np.ndarray = weights @ np.array(expected) / weights.sum()
    return averaged


def _distances(groups: Sequence[Sequence[Trial]]) -> np.ndarray:
    """How many levels lie between two recipes, (n, n): one for two values of a key that has no order."""
    squares = np.zeros((len(groups), len(groups)))
    for key in groups[0][0].recipe:
        values = [group[0].recipe.get(key) for group in groups]
        if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            at = np.unique(np.array(values, dtype=float), return_inverse=True)[1].astype(float)
            squares += (at[:, None] - at[None, :]) ** 2
        else:
            names = np.array([repr(value) for value in values])
            squares += names[:, None] != names[None, :]
    return np.sqrt(squares)
