"""What each varied key does: main effects over the design, and pairs of keys that depend on each other."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any, NamedTuple

import numpy as np

from reportgen import wording
from reportgen.findings import Interval
from reportgen.recipes.trials import BY_NAME, Noise, Trial

LOG_SPAN = 9.0  # largest value over smallest from which on a key is a rate, shown on a log axis
MOST_KEYS = 8  # whose effects are told
MOST_TOLD = 12  # distinct numbers of a key; of more, as in a random search, ranges are told
N_RANGES = 6
MOST_LEVELS = 60  # of a key that is no number; more are names, not settings
MOST_CROSSED = 144  # pairs of levels, beyond which no dependence is looked for
SURE = 0.05  # two-sided p below which an interaction is told


class Range(NamedTuple):
    """Neighbouring values of a key, told as one level."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{wording.number(self.low)} to {wording.number(self.high)}"


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
    values = {key: _in_ranges([trial.recipe.get(key) for trial in trials]) for key in keys}
    values = {key: own for key, own in values.items() if 1 < _count(own) <= min(MOST_LEVELS, max(2, len(trials) // 2))}
    y = np.array([trial.value for trial in trials])
    design = {key: _columns(own) for key, own in values.items()}
    effects = tuple(_effect(key, values, y, design, noise) for key in values)
    pairs = list(combinations(values, 2))
    found = []
    for one, other in pairs:
        p = _interaction(one, other, y, design)
        if p is not None and p < SURE / len(pairs):
            found.append((one, other, p))
    return effects, tuple(found)


def _count(values: Sequence[Any]) -> int:
    return len({repr(value) for value in values})


def _in_ranges(values: list[Any]) -> list[Any]:
    """Numbers of which nearly each run has its own as the range that they fall in, a sixth of the values in each."""
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) < len(values) or _count(values) <= MOST_TOLD or not all(map(math.isfinite, numbers)):
        return values
    parts = np.array_split(np.unique(np.array(numbers, dtype=float)), N_RANGES)
    ranges = [Range(float(part[0]), float(part[-1])) for part in parts]
    starts = [one.low for one in ranges]
    return [ranges[bisect(starts, float(number)) - 1] for number in numbers]


def _effect(
    key: str, values: Mapping[str, Sequence[Any]], y: np.ndarray, design: Mapping[str, np.ndarray], noise: Noise
) -> Effect:
    """Mean of each level, and a test of the key beside all others (F)."""
    from scipy.special import fdtrc

    one, own = np.ones((len(y), 1)), design[key]
    others = {other: columns for other, columns in design.items() if other != key}
    confounded = tuple(
        other for other, columns in others.items()
        if _rank_of([one, own, columns]) < own.shape[1] + columns.shape[1] + 1
    )  # fmt: skip
    full, less = [one, *others.values(), own], [one, *others.values()]
    rank = _rank_of(full)
    gained, freedom = rank - _rank_of(less), len(y) - rank
    rest = _rest(full, y) if freedom > 0 else 0.0
    p = None
    if gained and freedom > 0 and not confounded:
        statistic = (_rest(less, y) - rest) / gained / max(rest / freedom, 1e-300)
        p = float(fdtrc(gained, freedom, max(statistic, 0.0)))
    spread = math.sqrt(rest / freedom) if freedom > 0 else noise.sd
    levels: dict[str, list[int]] = {}
    for at, value in enumerate(values[key]):
        levels.setdefault(repr(value), []).append(at)
    told = []
    for places in levels.values():
        mean, half = float(y[places].mean()), 1.96 * spread / math.sqrt(len(places)) if spread else None
        told.append((values[key][places[0]], mean, (mean - half, mean + half) if half else None, len(places)))
    numbers = [value for value, *_ in told if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(numbers) == len(told):
        told.sort(key=lambda row: float(str(row[0])))
    elif isinstance(told[0][0], Range):
        told = [(str(row[0]), *row[1:]) for row in sorted(told, key=lambda row: row[0])]
    positive = len(numbers) == len(told) and min(numbers, default=0) > 0
    is_log = positive and (max(numbers) / min(numbers) >= LOG_SPAN or _is_geometric(sorted(numbers)))
    return Effect(key, tuple(told), p, is_log, confounded)


def _columns(values: Sequence[Any]) -> np.ndarray:
    """An indicator of each level but the first, (n, levels - 1)."""
    places = {level: at for at, level in enumerate(dict.fromkeys(map(repr, values)))}
    columns = np.zeros((len(values), len(places)))
    columns[np.arange(len(values)), [places[repr(value)] for value in values]] = 1.0
    return columns[:, 1:]


def _rank_of(blocks: Sequence[np.ndarray]) -> int:
    return int(np.linalg.matrix_rank(np.column_stack(blocks)))


def _rest(blocks: Sequence[np.ndarray], y: np.ndarray) -> float:
    design = np.column_stack(blocks)
    return float(((y - design @ np.linalg.lstsq(design, y, rcond=None)[0]) ** 2).sum())


def _is_geometric(numbers: Sequence[float]) -> bool:
    """Whether three and more values grow by about one factor."""
    ratios = [after / before for before, after in pairwise(numbers)]
    return len(ratios) >= 2 and max(ratios) <= 2 * min(ratios) and min(ratios) > 1.5


def _interaction(one: str, other: str, y: np.ndarray, design: Mapping[str, np.ndarray]) -> float | None:
    """p of two keys' effects being independent; None where the design can't tell."""
    from scipy.special import fdtrc

    blocks = [np.ones((len(y), 1)), *design.values()]
    crossed = np.einsum("ni,nj->nij", design[one], design[other]).reshape(len(y), -1)
    if crossed.shape[1] > MOST_CROSSED:
        return None
    full = [*blocks, crossed]
    rank = _rank_of(full)
    gained, freedom = rank - _rank_of(blocks), len(y) - rank
    if gained < 1 or freedom < 2:
        return None
    rest = _rest(full, y)
    statistic = (_rest(blocks, y) - rest) / gained / max(rest / freedom, 1e-300)
    return float(fdtrc(gained, freedom, max(statistic, 0.0)))
