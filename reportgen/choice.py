"""Which of several trials to take, how sure that is, and what to run next."""

from __future__ import annotations

from dataclasses import dataclass

from reportgen import by_recipe, wording
from reportgen.comparison import Comparison, Pair
from reportgen.costs import Cost
from reportgen.findings import NextStep, Number, Severity

LONGEST = 28  # characters of a trial's name on the card


@dataclass(frozen=True)
class Choice:
    """The decision over several trials, with what carries it."""

    label: str  # the trial to take
    because: str
    headline: str
    lead: str
    numbers: tuple[Number, ...]
    next_steps: tuple[NextStep, ...]
    severity: Severity


def choose(comparison: Comparison) -> Choice:
    """The cheapest trial of the best tier; with no winner it says so."""
    top = comparison.tiers[0]
    label = by_recipe.keep(comparison) if comparison.by_recipe else _cheapest(comparison, top)
    clear = len(top) == 1 and len(comparison.tiers) > 1 and _judged(comparison)
    return Choice(
        label=label,
        because=_because(comparison, label, top),
        headline=_headline(comparison, top),
        lead=_lead(comparison, top, label),
        numbers=tuple(_numbers(comparison, top, label)),
        next_steps=tuple(_next_steps(comparison, top, label))[:3],
        severity=Severity.OK if clear or len(comparison.tiers) > 1 else Severity.NOTE,
    )


def _judged(comparison: Comparison) -> bool:
    """Whether any pair could be tested on the measure of the ranking."""
    return any(pair.metric == comparison.measure and pair.p is not None for pair in comparison.pairs)


def _cost(comparison: Comparison, label: str) -> Cost:
    return comparison.costs[comparison.at[label]]


def _price(cost: Cost) -> float | None:
    """GPU-hours where known, else hours."""
    return cost.gpu_hours if cost.gpu_hours is not None else cost.hours


def _cheapest(comparison: Comparison, top: tuple[str, ...]) -> str:
    """The tier's trial with the lowest cost, one that ended by itself if there is any.

    The best ranked of them when costs are unknown.
    """
    broken = [one.run.state in ("unfinished", "crashed", "failed") for one in comparison.diagnoses]
    whole = [label for label in top if not broken[comparison.at[label]]] or list(top)
    prices = [_price(_cost(comparison, label)) for label in whole]
    known = [price for price in prices if price is not None]
    return whole[prices.index(min(known))] if len(known) == len(prices) else whole[0]


def _because(comparison: Comparison, label: str, top: tuple[str, ...]) -> str:
    if comparison.by_recipe:
        return by_recipe.because(comparison)
    if len(top) == 1 and len(comparison.tiers) > 1:
        return "ahead of every other trial" if _beats_all(comparison, label) else "beaten by no other trial"
    dearest = max((_price(_cost(comparison, other)) or 0.0 for other in top), default=0.0)
    own = _price(_cost(comparison, label))
    if own is not None and dearest > 1.05 * own:
        return f"as good as the best, for {round(100 * (1 - own / dearest))}{wording.THIN}% less"
    return "none is measurably ahead of it"


def _beats_all(comparison: Comparison, label: str) -> bool:
    """Whether a trial won every test against another."""
    pairs = [comparison.pair(label, other) for other in comparison.labels if other != label]
    return all(pair is not None and pair.winner == label for pair in pairs)


def _headline(comparison: Comparison, top: tuple[str, ...]) -> str:
    if _is_one(comparison):
        count = len(comparison.labels)
        return "One run, given twice" if count == 2 else f"One run, given {wording.spelled(count)} times"
    if _apart(comparison):
        return "The trials measure different things"
    if comparison.by_recipe:
        return by_recipe.headline(comparison)
    if not _judged(comparison):
        return "The trials were not tested against each other"
    if len(comparison.tiers) == 1:
        return f"No trial is ahead: all {len(top)} tie" if len(top) > 2 else "The two trials tie"
    if len(top) == 1:
        ahead = "is ahead of all others" if _beats_all(comparison, top[0]) else "leads, though not against all"
        return f"{wording.shortened(top[0], 40)} {ahead}"
    return f"{wording.spelled(len(top)).capitalize()} trials lead, and tie with each other"


def _noise_of(comparison: Comparison) -> str:
    return "the evals" if comparison.measure == "eval" else "the train curve"


def _is_one(comparison: Comparison) -> bool:
    """Whether all runs are the same one, from several places."""
    return len(comparison.twins) == len(comparison.labels) - 1 > 0


def _apart(comparison: Comparison) -> bool:
    """Whether fewer than two trials may be held against each other."""
    is_unlike = any(label not in comparison.twins for label in comparison.unranked)
    return (is_unlike or _is_one(comparison)) and sum(level is not None for level in comparison.levels) < 2


def _lead(comparison: Comparison, top: tuple[str, ...], label: str) -> str:
    noun = "final eval" if comparison.measure == "eval" else "train level at the end"
    if _is_one(comparison):
        again, why = next(iter(comparison.unranked.items()))
        return f"{wording.shortened(again, 40)}: {why}. It is told once below, and once more."
    if _apart(comparison):
        why = next(why for label, why in comparison.unranked.items() if label not in comparison.twins)
        return f"Not comparable: {why}. Each run is judged by itself below."
    if comparison.by_recipe:
        return by_recipe.lead(comparison)
    if not _judged(comparison):
        return f"The {noun} has no interval here, so differences can't be judged; give --eval-size."
    sentences = [f"Trials are ranked by their {noun}; a tier ends where a difference is more than noise."]
    behind = _lead_over_second(comparison, top)
    if behind is not None:
        lead = _difference(comparison, abs(behind.difference))
        sentences.append(f"The best leads the best of the next tier by {lead}.")
    keys = _keys_behind(comparison, top[0])
    if len(keys) > 1 and len(comparison.tiers) > 1:
        sentences.append(f"What made the difference is not settled: {len(keys)} keys changed at once.")
    elif len(keys) == 1 and len(comparison.tiers) > 1:
        key, name = wording.shortened(keys[0], 60), wording.shortened(top[0], 40)
        sentences.append(f"Against the reference, {name} differs in one key: {key}.")
    return " ".join(sentences)


def _keys_behind(comparison: Comparison, label: str) -> tuple[str, ...]:
    return comparison.varied(label)


def _lead_over_second(comparison: Comparison, top: tuple[str, ...]) -> Pair | None:
    """The test of the best trial against the best of the second tier."""
    if len(comparison.tiers) < 2:
        return None
    return comparison.pair(top[0], comparison.tiers[1][0])


def _difference(comparison: Comparison, value: float) -> str:
    return wording.difference(value, comparison.diagnoses[0].scale.accuracy).lstrip("+")


def _numbers(comparison: Comparison, top: tuple[str, ...], label: str) -> list[Number]:
    """Lead, tie between the leaders, gain, level and cost: those that there are."""
    if _apart(comparison) and not _is_one(comparison):
        return []  # nothing was chosen
    found: list[Number] = by_recipe.numbers(comparison) if comparison.by_recipe else []
    unit = "points" if comparison.diagnoses[0].scale.accuracy else ""
    behind = _lead_over_second(comparison, top) if not found else None
    if behind is not None:
        found.append(_of_pair("Lead over tier 2", behind, top[0], unit))
    if not found and len(top) > 1 and (tied := comparison.pair(top[0], top[1])) is not None:
        found.append(_of_pair("Between the leaders", tied, top[0], unit))
    chosen = comparison.diagnoses[comparison.at[label]]
    gain = chosen.improvement
    if gain is not None:
        over = wording.level(gain.baseline, chosen.scale.accuracy)
        n = f", n = {wording.count(gain.n)}" if gain.n else ""
        p = f", {wording.p_value(gain.p_value)}" if gain.p_value is not None else ""
        found.append(
            Number("Gain of the choice", gain.absolute, unit, gain.interval, f"over {over}{n}{p}", "tiers", 0.0)
        )
    level = comparison.levels[comparison.at[label]]
    if level is not None:
        shown = "accuracy" if chosen.scale.accuracy else ""
        found.append(
            Number(
                "Level of the choice", level.value, shown, level.interval, f"step {wording.count(level.step)}", "tiers"
            )
        )
    price, cost = _price(_cost(comparison, label)), _cost(comparison, label)
    if price is not None:
        unit_of_cost = "GPU-hours" if cost.gpu_hours is not None else "hours"
        context = wording.shortened(label, LONGEST)
        found.append(Number("Cost of the choice", price, unit_of_cost, None, context, "efficiency"))
    return found[:5]


def _of_pair(title: str, pair: Pair, first: str, unit: str) -> Number:
    """A tested difference, seen from `first`."""
    sign = 1 if pair.a == first else -1
    other = pair.b if pair.a == first else pair.a
    low, high = pair.interval or (pair.difference, pair.difference)
    interval = (low, high) if sign > 0 else (-high, -low)
    p = f"corrected {wording.p_value(pair.p_holm)}" if pair.p_holm is not None else "not tested"
    verdict = "real" if pair.winner else "a tie" if pair.p is not None else "not judged"
    names = (wording.shortened(name, LONGEST) for name in (first, other))
    context = f"{' over '.join(names)}, {p}: {verdict}"
    return Number(title, sign * pair.difference, unit, interval if pair.interval else None, context, "pairs", 0.0)


def _confounded(comparison: Comparison) -> tuple[tuple[str, str], ...]:
    """Pairs of keys that the design can't tell apart; none where it varies each by itself."""
    effects = comparison.recipes.effects if comparison.recipes else ()
    return tuple((effect.key, other) for effect in effects for other in effect.confounded_with if effect.key < other)


def _next_steps(comparison: Comparison, top: tuple[str, ...], label: str) -> list[NextStep]:
    chosen = comparison.diagnoses[comparison.at[label]]
    step = chosen.checkpoints.keep if chosen.checkpoints else None
    at = f", step {wording.count(step)}" if step is not None else ""
    found = [
        NextStep(f"Take {wording.shortened(label, 40)}{at}", f"Why: {_because(comparison, label, top)}.", check="tiers")
    ]
    if _is_one(comparison):
        found = [NextStep("Give the run once", "There is nothing to compare it with.", check="tiers")]
    elif _apart(comparison):
        found = [NextStep("Compare what measures the same", "No two of the runs share a measure.", check="tiers")]
    elif comparison.by_recipe:
        found += by_recipe.next_steps(comparison)
    elif len(top) > 1 and (tied := comparison.pair(top[0], top[1])) is not None and tied.settled_by:
        found.append(NextStep("Evaluate the leaders on more problems", f"{tied.settled_by}.", check="pairs"))
    confounded = _confounded(comparison)
    if confounded:
        together = wording.listed([f"{one} and {other}" for one, other in confounded], 2)
        why = f"{together} vary together, so neither is shown to matter."
        found.append(NextStep("Change one key at a time", why, confounded[0][0], "differences"))
    fallen = [name for name, one in zip(comparison.labels, comparison.diagnoses, strict=True)
              if one.train is not None and one.train.collapse.collapsed]  # fmt: skip
    if fallen:
        one = comparison.diagnoses[comparison.at[fallen[0]]]
        peak = one.train.collapse.peak_step if one.train else None
        named = wording.listed([wording.shortened(name, LONGEST) for name in fallen], 2)
        found.append(NextStep(f"Drop the recipe of {named}", f"Its reward fell after step {peak}.", check="runs"))
    if not comparison.by_recipe and not _apart(comparison) and len(found) < 3:
        found.append(
            NextStep(
                "Repeat the choice with two more seeds",
                why=f"Every interval here is the noise of {_noise_of(comparison)}, not that of another seed.",
                key="seed",
                check="pairs",
            )
        )
    return found
