"""Trials that differ in their seed alone are one recipe: its mean, the noise of seeds, and which recipe leads.

The noise between seeds is pooled over all recipes (one-way analysis of variance): it holds the sampling error of
the evals and what another seed does to training, so an interval made of it covers both. Comparisons with the
best are simultaneous (Dunnett's setting, Bonferroni's bound), so that interval and corrected p agree.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any, Literal

import numpy as np

from reportgen.findings import Interval

State = Literal["measured", "not tested"]
BY_NAME = ""  # the key of a recipe that only its name tells
ENOUGH_SEEDS = 3  # of both recipes, for a probability of improvement
LEAST_FREEDOM = 2  # degrees of freedom below which the noise of seeds isn't known
LOG_SPAN = 9.0  # largest value over smallest from which on a key is a rate, shown on a log axis
MOST_KEYS = 8  # whose effects are told
REACHES = (0.1, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0)  # levels of a key over which recipes resemble each other
SPREADS = (0.3, 1.0, 3.0, 10.0)  # prior variance over that of the means
SURE = 0.05  # two-sided p below which an interaction is told


@dataclass(frozen=True)
class Trial:
    """What a recipe is judged by: one run's level."""

    label: str
    value: float
    error: float | None  # standard error of the level alone: sampling of the eval, or of the trend
    recipe: Mapping[str, Any]  # the keys that vary between the runs, seeds and names left out


@dataclass(frozen=True)
class Recipe:
    """One recipe with all its seeds."""

    name: str  # "lr=1e-06, beta=0"
    labels: tuple[str, ...]  # its runs, best first
    values: tuple[float, ...]  # their levels, same order
    mean: float
    interval: Interval | None  # 95 % of the mean, seeds' noise included; None: that can't be known
    state: State
    iqm: float | None  # mean of the middle half of the values (Agarwal et al. 2021); None: too few
    behind: float | None = None  # what the leader is ahead by; None for the leader
    behind_interval: Interval | None = None  # 95 % simultaneously with all others
    p: float | None = None  # corrected for as many comparisons as there were
    improvement: float | None = None  # probability that a run of the leader is better than one of this

    @property
    def keep(self) -> str:
        """The run to keep of it."""
        return self.labels[0]


@dataclass(frozen=True)
class Effect:
    """What one varied key does, averaged over the others."""

    key: str
    levels: tuple[tuple[Any, float, Interval | None, int], ...]  # value, mean, 95 % interval, how many runs
    p: float | None  # of no effect at all; None: not tested
    is_log: bool  # the values are rates: a log axis
    confounded_with: tuple[str, ...] = ()  # keys that vary together with it


@dataclass(frozen=True)
class Recipes:
    """All recipes of a comparison, best first."""

    recipes: tuple[Recipe, ...]
    tiers: tuple[tuple[int, ...], ...]  # positions of recipes; in a tier nobody is measurably ahead
    seed_sd: float | None  # standard deviation between runs of one recipe, sampling included; None: no seeds
    seed_only_sd: float | None  # what of it is training's own: sampling taken off
    effects: tuple[Effect, ...]
    interactions: tuple[tuple[str, str, float], ...]  # keys whose effects depend on each other, p
    notes: tuple[str, ...]

    @property
    def has_seeds(self) -> bool:
        """Whether any recipe was run more than once."""
        return any(len(recipe.labels) > 1 for recipe in self.recipes)

    def of(self, label: str) -> Recipe | None:
        """The recipe of a run."""
        return next((recipe for recipe in self.recipes if label in recipe.labels), None)


def recipes_of(trials: Sequence[Trial], *, margin: float = 0.0, significance: float = 0.05) -> Recipes | None:
    """Trials grouped into recipes and compared; None without any.

    margin: a lead smaller than this is none, in the unit of the values.
    """
    if not trials:
        return None
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(repr(sorted((key, repr(value)) for key, value in trial.recipe.items())), []).append(trial)
    noise = _noise(list(groups.values()))
    expected = _expected(list(groups.values()), noise)
    members = [list(groups.values())[at] for at in np.argsort(-expected, kind="stable")]
    made = [_recipe(group, noise) for group in members]
    judged = [made[0], *(_behind(made[0], members[0], one, group, noise, len(made) - 1, significance)
                         for one, group in zip(made[1:], members[1:], strict=True))]  # fmt: skip
    effects, interactions = _effects(trials, noise)
    return Recipes(
        tuple(judged), _tiers(judged, members, noise, margin, significance), noise.sd, noise.own_sd, effects,
        interactions, tuple(_notes(judged, noise)),
    )  # fmt: skip


@dataclass(frozen=True)
class _Noise:
    """How far runs of one recipe lie apart."""

    sd: float | None  # between runs of a recipe; None: no recipe has two
    freedom: int
    own_sd: float | None
    sampling: float | None  # typical standard error of one run's level

    def error(self, n: int, given: Sequence[float | None]) -> float | None:
        """Standard error of a mean over n runs; the sampling error alone where seeds tell nothing."""
        if self.sd is not None and self.freedom >= LEAST_FREEDOM:
            return self.sd / math.sqrt(n)
        known = [one for one in given if one is not None]
        return math.sqrt(sum(one**2 for one in known)) / n if len(known) == n else None

    def critical(self, comparisons: int, significance: float) -> float:
        """How many standard errors a difference must have, for as many comparisons."""
        from scipy.special import ndtri, stdtrit

        upper = 1 - significance / (2 * max(1, comparisons))
        known = self.sd is not None and self.freedom >= LEAST_FREEDOM
        return float(stdtrit(self.freedom, upper) if known else ndtri(upper))

    def p(self, deviates: float, comparisons: int) -> float:
        """Two-sided p of so many standard errors, corrected for as many comparisons."""
        from scipy.special import ndtr, stdtr

        known = self.sd is not None and self.freedom >= LEAST_FREEDOM
        tail = float(stdtr(self.freedom, -abs(deviates)) if known else ndtr(-abs(deviates)))
        return min(1.0, 2 * tail * max(1, comparisons))


def _noise(groups: Sequence[Sequence[Trial]]) -> _Noise:
    """The pooled standard deviation within recipes, no smaller than sampling alone makes it."""
    squares, freedom = 0.0, 0
    for group in groups:
        values = np.array([trial.value for trial in group])
        squares += float(((values - values.mean()) ** 2).sum())
        freedom += len(values) - 1
    errors = [trial.error for group in groups for trial in group if trial.error is not None]
    sampling = math.sqrt(float(np.mean(np.square(errors)))) if errors else None
    if not freedom:
        return _Noise(None, 0, None, sampling)
    variance = squares / freedom
    own = math.sqrt(max(0.0, variance - sampling**2)) if sampling is not None else None
    return _Noise(math.sqrt(max(variance, (sampling or 0.0) ** 2)), freedom, own, sampling)


def _expected(groups: Sequence[Sequence[Trial]], noise: _Noise) -> np.ndarray:
    """What another seed of each recipe should reach, drawn to its neighbours along each ordered key.

    A Gaussian process over the keys' levels (Rasmussen and Williams 2006, ch. 2 and 5); averaged over its reach
    and spread by how likely they make the means; the shortest reach is Stein's shrinking to the mean of all.
    """
    means = np.array([np.mean([trial.value for trial in group]) for group in groups])
    errors = [noise.error(len(group), [trial.error for trial in group]) for group in groups]
    spread = float(np.var(means))
    if len(groups) < 3 or spread <= 0 or any(error is None for error in errors):
        return means
    noises = np.diag(np.square(np.array(errors, dtype=float)))
    distance = _distances(groups)
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


def _recipe(group: Sequence[Trial], noise: _Noise) -> Recipe:
    ranked = sorted(group, key=lambda trial: -trial.value)
    values = tuple(trial.value for trial in ranked)
    mean = float(np.mean(values))
    error = noise.error(len(values), [trial.error for trial in group])
    half = noise.critical(1, 0.05) * error if error is not None else None
    return Recipe(
        name=_name(group[0].recipe),
        labels=tuple(trial.label for trial in ranked),
        values=values,
        mean=mean,
        interval=(mean - half, mean + half) if half is not None else None,
        state="measured" if half is not None else "not tested",
        iqm=_iqm(values),
    )


def _name(recipe: Mapping[str, Any]) -> str:
    told = (f"{key.rsplit('.', 1)[-1]}={value}" if key != BY_NAME else str(value) for key, value in recipe.items())
    return ", ".join(told) or "one recipe"


def _iqm(values: Sequence[float]) -> float | None:
    """Mean of the middle half of the values, outliers weighed out (Agarwal et al. 2021)."""
    if len(values) < 4:
        return None
    ordered = np.sort(np.array(values))
    cut = len(ordered) / 4
    at = np.arange(len(ordered))
    weight = np.clip(np.minimum(at + 1 - cut, len(ordered) - at - cut), 0, 1)
    return float(weight @ ordered / weight.sum())


def _behind(
    best: Recipe, leaders: Sequence[Trial], one: Recipe, group: Sequence[Trial], noise: _Noise, comparisons: int,
    significance: float,
) -> Recipe:  # fmt: skip
    """The recipe with what the leader is ahead by."""
    from dataclasses import replace

    errors = [noise.error(len(each), [trial.error for trial in each]) for each in (leaders, group)]
    difference = best.mean - one.mean
    improvement = None
    if min(len(leaders), len(group)) >= ENOUGH_SEEDS:
        wins = [(a > b) + 0.5 * (a == b) for a in best.values for b in one.values]
        improvement = float(np.mean(wins))
    if errors[0] is None or errors[1] is None:
        return replace(one, behind=difference, improvement=improvement)
    error = math.hypot(errors[0], errors[1])
    half = noise.critical(comparisons, significance) * error
    p = noise.p(difference / error, comparisons) if error > 0 else float(difference == 0)
    return replace(one, behind=difference, behind_interval=(difference - half, difference + half), p=p,
                   improvement=improvement)  # fmt: skip


def _tiers(
    ranked: Sequence[Recipe], members: Sequence[Sequence[Trial]], noise: _Noise, margin: float, significance: float
) -> tuple[tuple[int, ...], ...]:
    """Positions in tiers: a recipe that a member of the tier is measurably ahead of begins the next one."""
    errors = [noise.error(len(group), [trial.error for trial in group]) for group in members]
    critical = noise.critical(len(ranked) - 1, significance)
    tiers: list[list[int]] = []
    for at, one in enumerate(ranked):
        rivals = tiers[-1] if tiers else []
        beaten = any(
            errors[rival] is not None and errors[at] is not None
            and ranked[rival].mean - one.mean > max(margin, critical * math.hypot(errors[rival], errors[at]))  # type: ignore[arg-type]
            for rival in rivals
        )  # fmt: skip
        if not tiers or beaten:
            tiers.append([at])
        else:
            tiers[-1].append(at)
    return tuple(map(tuple, tiers))


def _effects(trials: Sequence[Trial], noise: _Noise) -> tuple[tuple[Effect, ...], tuple[tuple[str, str, float], ...]]:
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


def _columns(key: str, trials: Sequence[Trial], levels: Mapping[str, list[str]]) -> np.ndarray:
    """An indicator of each level but the first, (n, levels - 1)."""
    values = [repr(trial.recipe.get(key)) for trial in trials]
    return np.array([[float(value == level) for level in levels[key][1:]] for value in values])


def _rank_of(blocks: Sequence[np.ndarray]) -> int:
    return int(np.linalg.matrix_rank(np.column_stack(blocks)))


def _rest(blocks: Sequence[np.ndarray], y: np.ndarray) -> float:
    design = np.column_stack(blocks)
    return float(((y - design @ np.linalg.lstsq(design, y, rcond=None)[0]) ** 2).sum())


def _effect(
    key: str, trials: Sequence[Trial], y: np.ndarray, keys: Sequence[str], levels: Mapping[str, list[str]],
    noise: _Noise,
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


def _notes(recipes: Sequence[Recipe], noise: _Noise) -> list[str]:
    """What a reader must know of the noise of seeds."""
    single = sum(len(recipe.labels) == 1 for recipe in recipes)
    if noise.sd is None:
        return ["each recipe was run once: what another seed would do can't be known, so the intervals are too narrow"]
    if noise.freedom < LEAST_FREEDOM:
        return ["one recipe alone was run twice: too little to know what another seed does"]
    if single:
        return [f"{single} of {len(recipes)} recipes were run once: the noise of their seeds is taken from the others"]
    return []
