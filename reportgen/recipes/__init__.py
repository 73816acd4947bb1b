"""Trials that differ in their seed alone are one recipe: its mean, the noise of seeds, and which recipe leads.

The noise between seeds is pooled over all recipes (one-way analysis of variance): it holds the sampling error of
the evals and what another seed does to training, so an interval made of it covers both. Comparisons with the
best are simultaneous (Dunnett's setting, Bonferroni's bound), so that interval and corrected p agree.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from reportgen.findings import Interval
from reportgen.recipes.effects import Effect, effects_of
from reportgen.recipes.expected import expected_of
from reportgen.recipes.trials import BY_NAME, LEAST_FREEDOM, Noise, Trial, noise_of

State = Literal["measured", "not tested"]
ENOUGH_SEEDS = 3  # of both recipes, for a probability of improvement


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
    noise = noise_of(list(groups.values()))
    expected = expected_of(list(groups.values()), noise)
    members = [list(groups.values())[at] for at in np.argsort(-expected, kind="stable")]
    made = [_recipe(group, noise) for group in members]
    judged = [made[0], *(_behind(made[0], members[0], one, group, noise, len(made) - 1, significance)
                         for one, group in zip(made[1:], members[1:], strict=True))]  # fmt: skip
    effects, interactions = effects_of(trials, noise)
    return Recipes(
        tuple(judged), _tiers(judged, members, noise, margin, significance), noise.sd, noise.own_sd, effects,
        interactions, tuple(_notes(judged, noise)),
    )  # fmt: skip


def _recipe(group: Sequence[Trial], noise: Noise) -> Recipe:
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
    best: Recipe, leaders: Sequence[Trial], one: Recipe, group: Sequence[Trial], noise: Noise, comparisons: int,
    significance: float,
) -> Recipe:  # fmt: skip
    """The recipe with what the leader is ahead by."""
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
    ranked: Sequence[Recipe], members: Sequence[Sequence[Trial]], noise: Noise, margin: float, significance: float
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


def _notes(recipes: Sequence[Recipe], noise: Noise) -> list[str]:
    """What a reader must know of the noise of seeds."""
    single = sum(len(recipe.labels) == 1 for recipe in recipes)
    if noise.sd is None:
        return ["each recipe was run once: what another seed would do can't be known, so the intervals are too narrow"]
    if noise.freedom < LEAST_FREEDOM:
        return ["one recipe alone was run twice: too little to know what another seed does, so its interval also "
                "leans on the noise of sampling"]
    if single:
        return [f"{single} of {len(recipes)} recipes were run once: the noise of their seeds is taken from the others"]
    return []
