"""Several diagnoses side by side: what differs, who wins, is it noise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from reportgen.comparable import groups as comparable_groups
from reportgen.comparable import why_not
from reportgen.comparison.keys import changes_of, differences_of, is_seed, makes_recipe, without_seed
from reportgen.comparison.pairs import MOST_IN_ALL_PAIRS, Level, Measure, Pair, error_of, level_of, pairs_of, span_of
from reportgen.comparison.twins import twins_of
from reportgen.costs import Cost, cost
from reportgen.errors import SettingsError
from reportgen.findings import Diagnosis
from reportgen.recipes import BY_NAME, Recipes, Trial, recipes_of
from reportgen.settings import Settings


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
    costs: tuple[Cost, ...]  # same order
    notes: tuple[str, ...]
    recipes: Recipes | None = None  # trials that differ in their seed alone taken together; None: no levels
    unranked: Mapping[str, str] = field(default_factory=dict)  # label -> why it may not be compared
    twins: frozenset[str] = frozenset()  # labels of runs that were given twice

    def __repr__(self) -> str:
        """One line: how many runs in how many tiers."""
        return f"<Comparison: {len(self.labels)} runs, {len(self.tiers)} tiers, first {self.labels[0]!r}>"

    @cached_property
    def at(self) -> dict[str, int]:
        """Label -> its place in rank order."""
        return {label: at for at, label in enumerate(self.labels)}

    @cached_property
    def tier_of(self) -> dict[str, int | None]:
        """Label -> its tier, from 1; None for a run without a level to be ranked by."""
        ranked = {label: level is not None for label, level in zip(self.labels, self.levels, strict=True)}
        return {
            label: at if ranked[label] else None for at, tier in enumerate(self.tiers, start=1) for label in tier
        }

    @property
    def by_recipe(self) -> bool:
        """Whether ranking and choice go by recipes: some recipe was run with several seeds."""
        return self.recipes is not None and self.recipes.has_seeds

    def varied(self, label: str) -> tuple[str, ...]:
        """The changes of a trial that make it another recipe: all but its seeds."""
        return tuple(key for key in self.changes.get(label, ()) if not is_seed(key))

    def pair(self, a: str, b: str, metric: Measure | None = None) -> Pair | None:
        """The test of two runs, whichever was named first; None when it was not made."""
        return self._by_labels.get((metric or self.measure, frozenset((a, b))))

    @cached_property
    def _by_labels(self) -> dict[tuple[Measure, frozenset[str]], Pair]:
        return {(pair.metric, frozenset((pair.a, pair.b))): pair for pair in self.pairs}


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
    fallback: tuple[str, ...] = ()
    if measure == "eval" and _n_known(levels["eval"]) < 2 <= _n_known(levels["train"]):
        measure = "train"  # their evals are of other problems, their train rewards are not
        fallback = tuple(f"evals are not compared: {why}; train levels are" for why in [*apart["eval"].values()][:1])
    names = _labels(diagnoses)
    twins = twins_of(diagnoses)
    for at in twins:  # its numbers are there already, and would pass for those of another seed
        levels["eval"][at] = levels["train"][at] = None
    again = {names[at]: f"it holds the rewards of {names[other]} again, step by step" for at, other in twins.items()}
    recipes = recipes_of(_trials(diagnoses, names, levels[measure]), margin=settings.tie_margin * span_of(diagnoses[0]),
                         significance=settings.significance)  # fmt: skip
    order = _order(names, levels[measure], recipes)
    ranked, labels = tuple(diagnoses[at] for at in order), tuple(names[at] for at in order)
    reference = _reference(ranked, labels, diagnoses[0], settings)
    by_label = {name: dict(zip(labels, (levels[name][at] for at in order), strict=True)) for name in levels}
    tier = _places(recipes)
    pairs = tuple(
        _within(pair, tier)
        for name in ("eval", "train")
        for pair in pairs_of(dict(zip(labels, ranked, strict=True)), by_label[name], name, reference, settings)
    )
    differences = differences_of([one.run.config for one in ranked])
    seeded = recipes is not None and recipes.has_seeds
    return Comparison(
        diagnoses=ranked,
        labels=labels,
        reference=reference,
        measure=measure,
        levels=tuple(by_label[measure].values()),
        differences=differences,
        changes=changes_of(differences, labels, reference),
        pairs=pairs,
        tiers=_recipe_tiers(recipes, by_label[measure])
        if recipes is not None and seeded
        else _tiers(by_label[measure], pairs, measure, len(labels) > MOST_IN_ALL_PAIRS),
        costs=tuple(cost(one, settings) for one in ranked),
        notes=(*fallback, *_notes(labels, reference, pairs, recipes, settings.reference is None)),
        recipes=recipes,
        unranked={names[at]: why for at, why in apart[measure].items()} | again,
        twins=frozenset(again),
    )


def _by_evals(evals: Sequence[Level | None], trains: Sequence[Level | None]) -> bool:
    """Whether evals rank the runs: most have one, and where they can't be tested train levels can't either."""
    if sum(level is not None for level in evals) * 2 <= len(evals):
        return False
    testable = sum(level is not None and level.n is not None for level in evals)
    return testable * 2 > len(evals) or sum(level is not None for level in trains) * 2 <= len(evals)


def _n_known(levels: Sequence[Level | None]) -> int:
    return sum(level is not None for level in levels)


def _kept_apart(diagnoses: Sequence[Diagnosis], levels: list[Level | None], measure: Measure) -> dict[int, str]:
    """Positions of runs that measure something else than most, and why; their levels are taken out."""
    found = comparable_groups(diagnoses, measure)
    apart = {at: why_not(diagnoses[found[0][0]], diagnoses[at], measure) for group in found[1:] for at in group}
    for at in apart:
        levels[at] = None
    return apart


def _trials(diagnoses: Sequence[Diagnosis], labels: Sequence[str], levels: Sequence[Level | None]) -> list[Trial]:
    """What recipes are judged by; of runs without a config the name tells recipe and seed."""
    differences = differences_of([one.run.config for one in diagnoses])
    keys = [key for key in differences if makes_recipe(key)]
    bare = not any(one.run.config for one in diagnoses)
    trials = []
    for at, (label, level) in enumerate(zip(labels, levels, strict=True)):
        if level is None:
            continue
        recipe = {key: differences[key][at] for key in keys}
        if bare:
            recipe = {BY_NAME: without_seed(label)}
        trials.append(Trial(label, level.value, error_of(level), recipe))
    return trials


def _order(labels: Sequence[str], levels: Sequence[Level | None], recipes: Recipes | None) -> list[int]:
    """Positions of the runs, best first: by their recipe where seeds tell more than a single run."""
    at = {label: place for place, label in enumerate(labels)}
    if recipes is None or not recipes.has_seeds:
        return sorted(range(len(labels)), key=lambda place: _rank(levels[place]))
    ranked = [at[label] for recipe in recipes.recipes for label in recipe.labels]
    rest = set(range(len(labels))) - set(ranked)
    return ranked + sorted(rest)


def _recipe_tiers(recipes: Recipes, levels: Mapping[str, Level | None]) -> tuple[tuple[str, ...], ...]:
    """The tiers of recipes, as labels of their runs; unmeasured runs last."""
    tiers = [tuple(label for at in tier for label in recipes.recipes[at].labels) for tier in recipes.tiers]
    unmeasured = tuple(label for label, level in levels.items() if level is None)
    return (*tiers, unmeasured) if unmeasured else tuple(tiers)


def _places(recipes: Recipes | None) -> dict[str, int] | None:
    """Label -> the tier of its recipe; None where recipes are not what is ranked."""
    if recipes is None or not recipes.has_seeds:
        return None
    return {label: number for number, places in enumerate(recipes.tiers)
            for place in places for label in recipes.recipes[place].labels}  # fmt: skip


def _within(pair: Pair, tier: Mapping[str, int] | None) -> Pair:
    """The pair without a winner where its recipes, seeds' noise included, have none."""
    if tier is None or pair.winner is None:
        return pair
    loser = pair.b if pair.winner == pair.a else pair.a
    ahead = tier.get(pair.winner, -1) < tier.get(loser, -1)
    return pair if ahead else replace(pair, winner=None)


def _notes(
    labels: Sequence[str], reference: str, pairs: Sequence[Pair], recipes: Recipes | None, is_assumed: bool
) -> tuple[str, ...]:
    """What a reader must know of how the runs were compared."""
    notes = []
    if len(labels) > MOST_IN_ALL_PAIRS:
        tested = " and with ".join(dict.fromkeys((labels[0], reference)))
        notes.append(f"only pairs with {tested} were tested: {len(labels):,} runs are too many for all")
    if is_assumed:
        notes.append(f"the reference is assumed: {reference}, the run given first (--reference names another)")
    if any(pair.metric == "eval" for pair in pairs) and not any(pair.paired for pair in pairs):
        notes.append("answers problem by problem were not found beside the runs, so evals are compared unpaired")
    return (*notes, *(recipes.notes if recipes is not None else ()))


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
