"""What each varied key does: main effects over the design, and pairs of keys that depend on each other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from reportgen.findings import Interval
from reportgen.recipes.trials import BY_NAME, Noise, Trial

LOG_SPAN = 9.0  # largest value over smallest from which on a key is a rate, shown on a log axis
MOST_KEYS = 8  # whose effects are told
SURE = 0.05  # two-sided p below which an interaction is told


@dataclass(frozen=True)
class Effect:
    """What one varied key does, averaged over the others."""

    key: str
    levels: tuple[tuple[Any, float, Interval | None, int], ...]  # value, mean, 95 % interval, how many runs
    p: float | None  # of no effect at all; None: not tested
    is_log: bool  # the values are rates: a log axis
    confounded_with: tuple[str, ...] = ()  # keys that vary together with it


def effects_of(trials: Sequence[Trial], noise: Noise) -> tuple[tuple[Effect, ...], tuple[tuple[str, str, float], ...]]:
    """Main effects of each varied key, and pairs of keys whose effects depend on each other."""
    keys = list(dict.fromkeys(key for trial in trials for key in trial.recipe if key != BY_NAME))[:MOST_KEYS]
    levels = {key: list(dict.fromkeys(repr(trial.recipe.get(key)) for trial in trials)) for key in keys}
    keys = [key for key in keys if 1 < len(levels[key]) <= max(2, len(trials) // 2)]
    y = np.array([trial.value for trial in trials])
    effects = tuple(_effect(key, trials, y, keys, levels, noise) for key in keys)
    found = []
    for at, one in enumerate(keys):
        for other in keys[at + 1 :]:
            p = _interaction(one, other, trials, y, keys, levels)
            if p is not None and p < SURE / max(1, len(keys) * (len(keys) - 1) // 2):
                found.append((one, other, p))
    return effects, tuple(found)


def _effect(
    key: str, trials: Sequence[Trial], y: np.ndarray, keys: Sequence[str], levels: Mapping[str, list[str]],
    noise: Noise,
) -> Effect:  # fmt: skip
    """Mean of each level, and a test of the key beside all others (F)."""
    from scipy.special import fdtrc

    one = np.ones((len(trials), 1))
    own = _columns(key, trials, levels)
    others = [_columns(other, trials, levels) for other in keys if other != key]
    confounded = tuple(
        other for other in keys
        if other != key
        and _rank_of([one, own, _columns(other, trials, levels)]) < own.shape[1] + len(levels[other])
    )  # fmt: skip
    full, less = [one, *others, own], [one, *others]
    gained = _rank_of(full) - _rank_of(less)
    freedom = len(trials) - _rank_of(full)
    p = None
    if gained and freedom > 0 and not confounded:
        rest = _rest(full, y)
        statistic = (_rest(less, y) - rest) / gained / max(rest / freedom, 1e-300)
        p = float(fdtrc(gained, freedom, max(statistic, 0.0)))
    told = []
    for level in levels[key]:
        at = [trial for trial in trials if repr(trial.recipe.get(key)) == level]
        mean = float(np.mean([trial.value for trial in at]))
        spread = math.sqrt(_rest(full, y) / freedom) if freedom > 0 else noise.sd
        half = 1.96 * spread / math.sqrt(len(at)) if spread else None
        told.append((at[0].recipe.get(key), mean, (mean - half, mean + half) if half else None, len(at)))
    numbers = [value for value, *_ in told if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) == len(told):
        told.sort(key=lambda row: float(str(row[0])))
    positive = len(numbers) == len(told) and min(numbers, default=0) > 0
    is_log = positive and (max(numbers) / min(numbers) >= LOG_SPAN or _is_geometric(sorted(numbers)))
    return Effect(key, tuple(told), p, is_log, confounded)


def _columns(key: str, trials: Sequence[Trial], levels: Mapping[str, list[str]]) -> np.ndarray:
    """An indicator of each level but the first, (n, levels - 1)."""
    values = [repr(trial.recipe.get(key)) for trial in trials]
    return np.array([[float(value == level) for level in levels[key][1:]] for value in values])


def _rank_of(blocks: Sequence[np.ndarray]) -> int:
    return int(np.linalg.matrix_rank(np.column_stack(blocks)))


def _rest(blocks: Sequence[np.ndarray], y: np.ndarray) -> float:
    design = np.column_stack(blocks)
    return float(((y - design @ np.linalg.lstsq(design, y, rcond=None)[0]) ** 2).sum())


def _is_geometric(numbers: Sequence[float]) -> bool:
    """Whether three and more values grow by about one factor."""
    ratios = [after / before for before, after in pairwise(numbers)]
    return len(ratios) >= 2 and max(ratios) <= 2 * min(ratios) and min(ratios) > 1.5


def _interaction(
    one: str, other: str, trials: Sequence[Trial], y: np.ndarray, keys: Sequence[str], levels: Mapping[str, list[str]]
) -> float | None:
    """p of two keys' effects being independent; None where the design can't tell."""
    from scipy.special import fdtrc

    blocks = [np.ones((len(trials), 1)), *(_columns(key, trials, levels) for key in keys)]
    a, b = _columns(one, trials, levels), _columns(other, trials, levels)
    crossed = np.einsum("ni,nj->nij", a, b).reshape(len(trials), -1)
    full = [*blocks, crossed]
    gained, freedom = _rank_of(full) - _rank_of(blocks), len(trials) - _rank_of(full)
    if gained < 1 or freedom < 2:
        return None
    rest = _rest(full, y)
    statistic = (_rest(blocks, y) - rest) / gained / max(rest / freedom, 1e-300)
    return float(fdtrc(gained, freedom, max(statistic, 0.0)))
