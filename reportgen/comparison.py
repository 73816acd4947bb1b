"""Several diagnoses side by side: what differs, who wins, is it noise."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any, Literal

import numpy as np

from reportgen.comparable import groups as comparable_groups
from reportgen.comparable import why_not
from reportgen.costs import Cost, cost
from reportgen.errors import SettingsError
from reportgen.findings import Diagnosis, Interval
from reportgen.recipes import BY_NAME, Recipes, Trial, recipes_of
from reportgen.settings import Settings
from reportgen.signals import intervals

Measure = Literal["eval", "train"]

MOST_IN_ALL_PAIRS = 40  # beyond it only pairs with the best run and with the reference are tested
IDENTITY = ("trial_name", "experiment_name", "name", "run_name", "run_id", "id", "group", "timestamp", "exp_name")
PLACES = ("dir", "path_prefix", "fileroot", "output_dir", "log_dir", "logging_dir", "save_path", "checkpoint_dir")
SEEDS = ("seed", "random_seed", "data_seed")
MACHINES = ("host", "hostname", "port", "pid", "user", "username", "cuda_visible_devices", "start_time", "git_commit")
SEED_IN_NAME = re.compile(r"(?:^|[ _.\-/])(?:s|seed|rs)[ _=\-]?\d+(?=$|[ _.\-/])", re.IGNORECASE)
MOST_PROBLEMS = 50_000  # of an eval set that anybody would make to settle a tie


@dataclass(frozen=True)
class Level:
    """Where one run ended on one measure."""

    value: float
    interval: Interval | None  # 95 %
    step: int
    n: int | None  # problems of the eval set; None for train
    draws: np.ndarray | None = None  # posterior of a train level


@dataclass(frozen=True)
class Pair:
    """Two trials on one measure: how far apart, and is it noise."""

    a: str  # label
    b: str
    metric: Measure
    difference: float  # a minus b, in the unit logged
    interval: Interval | None  # 95 %; None: the eval size is unknown
    p: float | None
    p_holm: float | None  # corrected over all pairs of this measure (Holm 1979)
    winner: str | None  # label of a or b; None: a tie
    paired: bool  # judged problem by problem
    settled_by: str | None = None  # how many more problems would tell a tie


@dataclass(frozen=True)
class Group:
    """Runs of one config that differ in their seed alone."""

    labels: tuple[str, ...]
    mean: float
    interval: Interval  # 95 % of the mean over seeds (Student's t)


@dataclass(frozen=True)
class Comparison:
    """Several diagnoses side by side, in rank order."""

    diagnoses: tuple[Diagnosis, ...]
    labels: tuple[str, ...]  # unique, same order
    reference: str  # label of the run that the others are compared with
    measure: Measure  # what the ranking goes by
    levels: tuple[Level | None, ...]  # same order; None: a run without the measure, ranked last
    differences: Mapping[str, tuple[Any, ...]]  # config key -> value of each run, only keys that differ
    changes: Mapping[str, tuple[str, ...]]  # label -> keys in which its recipe differs from the reference's
    pairs: tuple[Pair, ...]
    tiers: tuple[tuple[str, ...], ...]  # labels, best first; inside a tier nobody is ahead
    groups: tuple[Group, ...]
    costs: tuple[Cost, ...]  # same order
    notes: tuple[str, ...]
    recipes: Recipes | None = None  # trials that differ in their seed alone taken together; None: no levels
    unranked: Mapping[str, str] = field(default_factory=dict)  # label -> why it may not be compared

    def __repr__(self) -> str:
        """One line: how many runs in how many tiers."""
        return f"<Comparison: {len(self.labels)} runs, {len(self.tiers)} tiers, first {self.labels[0]!r}>"

    @property
    def by_recipe(self) -> bool:
        """Whether ranking and choice go by recipes: some recipe was run with several seeds."""
        return self.recipes is not None and self.recipes.has_seeds

    def varied(self, label: str) -> tuple[str, ...]:
        """The changes of a trial that make it another recipe: all but its seeds."""
        return tuple(key for key in self.changes.get(label, ()) if not is_seed(key))

    def pair(self, a: str, b: str, metric: Measure | None = None) -> Pair | None:
        """The test of two runs, whichever was named first; None when it was not made."""
        wanted = metric or self.measure
        return next((pair for pair in self.pairs if pair.metric == wanted and {pair.a, pair.b} == {a, b}), None)


def compare(diagnoses: Sequence[Diagnosis], settings: Settings | None = None) -> Comparison:
    """Differences, pairwise tests and tiers of two or more diagnoses.

    Levels are the final eval (Newcombe's interval, two-proportion test; paired by problem where both
    runs carry their answers, McNemar's test) and the end level of train (posterior of the trend).
    A winner needs p < `significance` after Holm's correction and a lead over `tie_margin`.
    Raises SettingsError when the reference is none of the runs.
    """
    settings = settings or diagnoses[0].settings
    levels = {measure: [level_of(one, measure) for one in diagnoses] for measure in ("eval", "train")}
    measure: Measure = "eval" if _by_evals(levels["eval"], levels["train"]) else "train"
    apart = {name: _kept_apart(diagnoses, levels[name], name) for name in ("eval", "train")}
    names = _labels(diagnoses)
    recipes = recipes_of(_trials(diagnoses, names, levels[measure]), margin=settings.tie_margin * _span(diagnoses[0]),
                         significance=settings.significance)  # fmt: skip
    order = _order(names, levels[measure], recipes)
    ranked, labels = tuple(diagnoses[at] for at in order), tuple(names[at] for at in order)
    reference = _reference(ranked, labels, diagnoses[0], settings)
    by_label = {name: dict(zip(labels, (levels[name][at] for at in order), strict=True)) for name in levels}
    pairs = tuple(
        _within(pair, recipes)
        for name in ("eval", "train")
        for pair in _pairs(dict(zip(labels, ranked, strict=True)), by_label[name], name, reference, settings)
    )
    differences = _differences([one.run.config for one in ranked])
    seeded = recipes is not None and recipes.has_seeds
    return Comparison(
        diagnoses=ranked,
        labels=labels,
        reference=reference,
        measure=measure,
        levels=tuple(by_label[measure].values()),
        differences=differences,
        changes=_changes(differences, labels, reference),
        pairs=pairs,
        tiers=_recipe_tiers(recipes, by_label[measure])
        if recipes is not None and seeded
        else _tiers(by_label[measure], pairs, measure, len(labels) > MOST_IN_ALL_PAIRS),
        groups=_groups(ranked, labels, by_label[measure]),
        costs=tuple(cost(one, settings) for one in ranked),
        notes=_notes(labels, reference, pairs, recipes, settings.reference is None),
        recipes=recipes,
        unranked={names[at]: why for at, why in apart[measure].items()},
    )


def _by_evals(evals: Sequence[Level | None], trains: Sequence[Level | None]) -> bool:
    """Whether evals rank the runs: most have one, and where they can't be tested train levels can't either."""
    if sum(level is not None for level in evals) * 2 <= len(evals):
        return False
    testable = sum(level is not None and level.n is not None for level in evals)
    return testable * 2 > len(evals) or sum(level is not None for level in trains) * 2 <= len(evals)


def _kept_apart(diagnoses: Sequence[Diagnosis], levels: list[Level | None], measure: Measure) -> dict[int, str]:
    """Positions of runs that measure something else than most, and why; their levels are taken out."""
    found = comparable_groups(diagnoses, measure)
    apart = {at: why_not(diagnoses[found[0][0]], diagnoses[at], measure) for group in found[1:] for at in group}
    for at in apart:
        levels[at] = None
    return apart


def _trials(diagnoses: Sequence[Diagnosis], labels: Sequence[str], levels: Sequence[Level | None]) -> list[Trial]:
    """What recipes are judged by; of runs without a config the name tells recipe and seed."""
    differences = _differences([one.run.config for one in diagnoses])
    keys = [key for key in differences if _last(key) not in (*IDENTITY, *PLACES, *SEEDS, *MACHINES)]
    bare = not any(one.run.config for one in diagnoses)
    trials = []
    for at, (label, level) in enumerate(zip(labels, levels, strict=True)):
        if level is None:
            continue
        recipe = {key: differences[key][at] for key in keys}
        if bare:
            recipe = {BY_NAME: SEED_IN_NAME.sub("", label) or label}
        trials.append(Trial(label, level.value, _error(level), recipe))
    return trials


def _error(level: Level) -> float | None:
    """Standard error of a level alone: an eval's sampling, or the trend's."""
    if level.draws is not None:
        return float(np.std(level.draws))
    if level.n and 0 <= level.value <= 1:
        share = (level.value * level.n + 1) / (level.n + 2)  # never nought at 0 and 1
        return math.sqrt(share * (1 - share) / level.n)
    return None


def _order(labels: Sequence[str], levels: Sequence[Level | None], recipes: Recipes | None) -> list[int]:
    """Positions of the runs, best first: by their recipe where seeds tell more than a single run."""
    at = {label: place for place, label in enumerate(labels)}
    if recipes is None or not recipes.has_seeds:
        return sorted(range(len(labels)), key=lambda place: _rank(levels[place]))
    ranked = [at[label] for recipe in recipes.recipes for label in recipe.labels]
    return ranked + [place for place in range(len(labels)) if place not in set(ranked)]


def _recipe_tiers(recipes: Recipes, levels: Mapping[str, Level | None]) -> tuple[tuple[str, ...], ...]:
    """The tiers of recipes, as labels of their runs; unmeasured runs last."""
    tiers = [tuple(label for at in tier for label in recipes.recipes[at].labels) for tier in recipes.tiers]
    unmeasured = tuple(label for label, level in levels.items() if level is None)
    return (*tiers, unmeasured) if unmeasured else tuple(tiers)


def _within(pair: Pair, recipes: Recipes | None) -> Pair:
    """The pair without a winner where its recipes, seeds' noise included, have none."""
    if recipes is None or not recipes.has_seeds or pair.winner is None:
        return pair
    tier = {label: number for number, places in enumerate(recipes.tiers)
            for place in places for label in recipes.recipes[place].labels}  # fmt: skip
    loser = pair.b if pair.winner == pair.a else pair.a
    ahead = tier.get(pair.winner, -1) < tier.get(loser, -1)
    return pair if ahead else replace(pair, winner=None)


def _notes(
    labels: Sequence[str], reference: str, pairs: Sequence[Pair], recipes: Recipes | None, is_assumed: bool
) -> tuple[str, ...]:
    """What a reader must know of how the runs were compared."""
    notes = []
    if len(labels) > MOST_IN_ALL_PAIRS:
        notes.append(f"only pairs with {labels[0]} and with {reference} were tested: "
                     f"{len(labels)} runs are too many for all")  # fmt: skip
    if is_assumed:
        notes.append(f"the reference is assumed: {reference}, the run given first (--reference names another)")
    if any(pair.metric == "eval" for pair in pairs) and not any(pair.paired for pair in pairs):
        notes.append("answers problem by problem were not found beside the runs, so evals are compared unpaired")
    return (*notes, *(recipes.notes if recipes is not None else ()))


def level_of(diagnosis: Diagnosis, measure: Measure) -> Level | None:
    """Where a run ended: its last eval, or the end of its train trend; None when it has neither."""
    if measure == "eval":
        return _eval_level(diagnosis)
    learning = diagnosis.train
    if learning is None or not len(learning.end_draws):
        return None
    mean, sd = float(np.mean(learning.end_draws)), float(np.std(learning.end_draws))
    half = intervals.z_of(0.95) * sd
    return Level(mean, (mean - half, mean + half), learning.last_step, None, learning.end_draws)


def _eval_level(diagnosis: Diagnosis) -> Level | None:
    played = diagnosis.roles.get("eval_reward")
    if played is None:
        return None
    logged = diagnosis.run.history[played.name].dropna()
    if logged.empty:
        return None
    step, value = int(logged.index[-1]), float(logged.iloc[-1])
    n = diagnosis.eval_size(step)
    binomial = n is not None and diagnosis.scale.accuracy and 0 <= value <= 1
    return Level(value, intervals.wilson(value, n) if binomial and n else None, step, n if binomial else None)


def _rank(level: Level | None) -> tuple[bool, float]:
    return level is None, -level.value if level is not None else 0.0


def _labels(diagnoses: Sequence[Diagnosis]) -> tuple[str, ...]:
    """A name for each run; equal names are told apart by id, then by number."""
    names = [one.run.name or one.run.id for one in diagnoses]
    twice = {name for name, count in Counter(names).items() if count > 1}
    names = [f"{name} ({one.run.id})" if name in twice else name for name, one in zip(names, diagnoses, strict=True)]
    seen: Counter[str] = Counter()
    labels = []
    for name in names:
        seen[name] += 1
        labels.append(name if seen[name] == 1 else f"{name} #{seen[name]}")
    return tuple(labels)


def _reference(ranked: Sequence[Diagnosis], labels: Sequence[str], first: Diagnosis, settings: Settings) -> str:
    """The label of the reference: as asked for by name, id or source, else the run given first."""
    wanted = settings.reference
    for label, one in zip(labels, ranked, strict=True):
        known = (label, one.run.name, one.run.id, one.run.source)
        if one is first if wanted is None else wanted in known or one.run.source.endswith(wanted):
            return label
    raise SettingsError(f"--reference {wanted}: none of the runs; one of {', '.join(labels[:8])}")


def _pairs(
    runs: Mapping[str, Diagnosis],
    levels: Mapping[str, Level | None],
    measure: Measure,
    reference: str,
    settings: Settings,
) -> list[Pair]:
    """Every pair on one measure, p-values corrected for their number; of too many runs only the telling ones."""
    known = [label for label, level in levels.items() if level is not None]
    asked = list(combinations(known, 2))
    if len(known) > MOST_IN_ALL_PAIRS:
        asked = [(a, b) for a, b in asked if known[0] in (a, b) or reference in (a, b)]
    tested = [_test(a, b, runs, levels[a], levels[b], measure) for a, b in asked]
    corrected = iter(intervals.holm([pair.p for pair in tested if pair.p is not None]))
    return [_judged(pair, next(corrected) if pair.p is not None else None, runs, levels, settings) for pair in tested]


def _test(
    a: str, b: str, runs: Mapping[str, Diagnosis], one: Level | None, other: Level | None, measure: Measure
) -> Pair:
    """Difference, interval and raw p of two runs."""
    assert one is not None and other is not None  # only runs with a level are paired
    difference, interval, p, paired = one.value - other.value, None, None, False
    if measure == "train" and one.draws is not None and other.draws is not None:
        interval, p = _posterior(difference, one.draws, other.draws)
    elif one.n and other.n:
        discordant = _discordant(runs[a], runs[b])
        if discordant is not None:
            only_a, only_b, n = discordant
            difference, paired = (only_a - only_b) / n, True
            interval, p = intervals.paired_difference(only_a, only_b, n), intervals.mcnemar_p(only_a, only_b)
        else:
            interval = intervals.newcombe(one.value, one.n, other.value, other.n)
            p = intervals.two_proportion_p(one.value, one.n, other.value, other.n, alternative="two-sided")
    return Pair(a, b, measure, difference, interval, p, None, None, paired)


def _posterior(difference: float, one: np.ndarray, other: np.ndarray) -> tuple[Interval, float]:
    """95 % interval and two-sided p of a difference of end levels, normal by their spread."""
    sd = math.hypot(float(np.std(one)), float(np.std(other)))
    half = intervals.z_of(0.95) * sd
    p = math.erfc(abs(difference) / sd / math.sqrt(2)) if sd > 0 else float(difference == 0)
    return (difference - half, difference + half), p


def _discordant(a: Diagnosis, b: Diagnosis) -> tuple[int, int, int] | None:
    """Problems that only a solved, that only b solved, and all; None unless both carry the same problems."""
    if a.run.answers is None or b.run.answers is None:
        return None
    both = a.run.answers.index.intersection(b.run.answers.index)
    if len(both) < 0.9 * max(len(a.run.answers), len(b.run.answers)):
        return None
    solved_a, solved_b = a.run.answers.loc[both] >= 0.5, b.run.answers.loc[both] >= 0.5
    return int((solved_a & ~solved_b).sum()), int((solved_b & ~solved_a).sum()), len(both)


def _judged(
    pair: Pair,
    p_holm: float | None,
    runs: Mapping[str, Diagnosis],
    levels: Mapping[str, Level | None],
    settings: Settings,
) -> Pair:
    """The pair with its corrected p, and its winner or what would settle the tie."""
    span = _span(runs[pair.a])
    real = p_holm is not None and p_holm < settings.significance
    winner = (pair.a if pair.difference > 0 else pair.b) if real else None
    if abs(pair.difference) < settings.tie_margin * span:
        winner = None
    settled_by = None if winner else _settled_by(levels[pair.a], levels[pair.b])
    return Pair(pair.a, pair.b, pair.metric, pair.difference, pair.interval, pair.p, p_holm, winner, pair.paired,
                settled_by)  # fmt: skip


def _span(diagnosis: Diagnosis) -> float:
    """Width of the reward's range; without a declared one, the range that train covered."""
    if diagnosis.scale.range is not None:
        return diagnosis.scale.range[1] - diagnosis.scale.range[0]
    return float(np.ptp(diagnosis.train.curve.mid)) if diagnosis.train and len(diagnosis.train.curve.mid) else 0.0


def _settled_by(one: Level | None, other: Level | None) -> str | None:
    """How many eval problems would tell a tie; None when that can't be said."""
    if one is None or other is None or not one.n or not other.n or one.value == other.value:
        return None
    needed = intervals.needed_n(one.value, other.value)
    have = min(one.n, other.n)
    if needed is None or needed <= have:
        return None
    if needed > MOST_PROBLEMS:
        return f"no eval set of a sensible size would tell them apart; there are {have:,} problems"
    return f"{needed:,} eval problems a run would tell them apart (80\u202f% power); there are {have:,}"


def _tiers(
    levels: Mapping[str, Level | None], pairs: Sequence[Pair], measure: Measure, by_leader: bool
) -> tuple[tuple[str, ...], ...]:
    """Labels in tiers: who is beaten by a member (with too many runs: by the leader) starts the next."""
    beaten = {(pair.winner, pair.b if pair.winner == pair.a else pair.a)
              for pair in pairs if pair.metric == measure and pair.winner}  # fmt: skip
    tiers: list[list[str]] = []
    for label in (label for label, level in levels.items() if level is not None):
        rivals = (tiers[-1][:1] if by_leader else tiers[-1]) if tiers else []
        if not tiers or any((rival, label) in beaten for rival in rivals):
            tiers.append([label])
        else:
            tiers[-1].append(label)
    unmeasured = [label for label, level in levels.items() if level is None]
    return tuple(map(tuple, [*tiers, unmeasured] if unmeasured else tiers))


def _differences(configs: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """Config keys whose values differ -> the value in each run; None where a run has no such key."""
    keys = dict.fromkeys(key for config in configs for key in config)
    values = {key: tuple(config.get(key) for config in configs) for key in keys}
    return {key: row for key, row in values.items() if any(repr(value) != repr(row[0]) for value in row)}


def _changes(
    differences: Mapping[str, tuple[Any, ...]], labels: Sequence[str], reference: str
) -> dict[str, tuple[str, ...]]:
    """Label -> keys in which its recipe differs from the reference's; names and places don't count."""
    at = labels.index(reference)
    recipe = {key: row for key, row in differences.items() if _last(key) not in (*IDENTITY, *PLACES)}
    return {
        label: tuple(key for key, row in recipe.items() if repr(row[mine]) != repr(row[at]))
        for mine, label in enumerate(labels)
    }


def is_seed(key: str) -> bool:
    """Whether a key only sets where randomness starts: it repeats a recipe, it doesn't change it."""
    return _last(key) in SEEDS


def _last(key: str) -> str:
    return key.rsplit(".", 1)[-1]


def _groups(
    diagnoses: Sequence[Diagnosis], labels: Sequence[str], levels: Mapping[str, Level | None]
) -> tuple[Group, ...]:
    """Runs of one recipe and different seeds, with the mean over seeds."""
    same: dict[str, list[str]] = {}
    for label, one in zip(labels, diagnoses, strict=True):
        hidden = (*IDENTITY, *PLACES, *SEEDS)
        recipe = repr(sorted((key, repr(value)) for key, value in one.run.config.items() if _last(key) not in hidden))
        if one.run.config:
            same.setdefault(recipe, []).append(label)
    return tuple(group for members in same.values() if (group := _group(members, levels)) is not None)


def _group(members: Sequence[str], levels: Mapping[str, Level | None]) -> Group | None:
    values = [level.value for label in members if (level := levels[label]) is not None]
    if len(values) < 2:
        return None
    from scipy.special import stdtrit

    mean = float(np.mean(values))
    half = float(stdtrit(len(values) - 1, 0.975)) * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return Group(tuple(members), mean, (mean - half, mean + half))
