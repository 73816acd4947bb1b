"""What each section of a comparison says in one line, and what it draws."""

from __future__ import annotations

from reportgen import wording
from reportgen.comparison import Comparison
from reportgen.recipes import Recipes
from reportgen.report import overlays

MOST_IN_MATRIX = 12  # trials; beyond it pairs stand in a list


def of_tiers(comparison: Comparison) -> str:
    """How many tiers there are."""
    count = len(comparison.tiers)
    if count == 1:
        return "One tier: nobody is ahead"
    return f"{wording.spelled(count).capitalize()} tiers; inside a tier nobody is ahead"


def of_recipes(recipes: Recipes) -> str:
    """How many recipes there are, and how many of them lead."""
    count, first = len(recipes.recipes), len(recipes.tiers[0])
    if not recipes.has_seeds:
        return f"{wording.spelled(count).capitalize()} recipes, each run once"
    if count == 1:
        return f"One recipe, {wording.plural(len(recipes.recipes[0].labels), 'seed')}"
    lead = (
        "one leads"
        if first == 1 and len(recipes.tiers) > 1
        else f"{wording.spelled(first)} can't be told apart at the top"
    )
    return f"{wording.spelled(count).capitalize()} recipes; {lead}"


def of_overlay(comparison: Comparison) -> str:
    """How many trials fell and how many still rise."""
    trains = [one.train for one in comparison.diagnoses if one.train is not None]
    fallen = sum(train.collapse.collapsed for train in trains)
    rising = sum(train.trend.direction == "rising" and not train.collapse.collapsed for train in trains)
    said = [f"{wording.spelled(fallen)} collapsed"] if fallen else []
    rise = "rises" if rising == 1 else "rise"
    said.append(f"{wording.spelled(rising)} of {wording.spelled(len(trains))} still {rise} at the end")
    text = ", ".join(said)
    return text[:1].upper() + text[1:]


def overlay_deck(comparison: Comparison) -> str:
    """What the lines and bands are."""
    if len(comparison.labels) <= overlays.MOST_COLOURED:
        lines = "Trend of the train reward by step with its 90\u202f% band, faint as logged."
        return f"{lines} Diamonds: final eval with its 95\u202f% interval."
    named = (
        f"{overlays.NAMED_LINES} lines (best, worst, the reference, some between)"
        if len(comparison.labels) > overlays.MOST_LINES
        else "every trend"
    )
    return f"Strong: the trial to take. Faint: {named}. Dashed: the median of all trends; shaded: the middle half."


def of_results(comparison: Comparison, noun: str) -> str:
    """How many runs, by what."""
    return f"All {wording.spelled(len(comparison.labels))}, by {noun}"


def of_differences(comparison: Comparison) -> str:
    """How many keys differ, and whether one at a time."""
    varied = [comparison.varied(label) for label in comparison.labels]
    keys = {key for changed in varied for key in changed}
    if not keys and any(comparison.changes.values()):
        return "One recipe; only the seed differs"
    if not keys:
        return "No recipe key differs" if comparison.differences else "The configs are the same, or none was logged"
    most = max(map(len, varied))
    told = "each trial changes one" if most == 1 else f"up to {wording.spelled(most)} changed at once"
    return (
        f"{wording.spelled(len(keys)).capitalize()} recipe {'key differs' if len(keys) == 1 else 'keys differ'}; {told}"
    )


def of_pairs(comparison: Comparison) -> str:
    """How many differences are real."""
    tested = [pair for pair in comparison.pairs if pair.metric == comparison.measure and pair.p is not None]
    if not tested:
        return "No difference could be tested"
    real = sum(pair.winner is not None for pair in tested)
    are = "is" if real == 1 else "are"
    return f"{wording.spelled(real).capitalize()} of {wording.spelled(len(tested))} differences {are} real"


def pairs_deck(comparison: Comparison, noun: str) -> str:
    """What is compared, and how it is tested."""
    how = "Newcombe's interval" if comparison.measure == "eval" else "the trends' posterior"
    paired = sum(pair.paired for pair in comparison.pairs)
    by_problem = f" {wording.plural(paired, 'pair')} compared problem by problem." if paired else ""
    way = "Row minus column" if len(comparison.labels) <= MOST_IN_MATRIX else "The first minus the second"
    return f"{way}, {noun}: 95\u202f% interval ({how}), Holm-corrected p. Bold: real. Grey: not ahead.{by_problem}"


def of_efficiency(comparison: Comparison) -> str:
    """What the best level cost."""
    label, cost = comparison.labels[0], comparison.costs[0]
    if cost.hours is None:
        return "What the level cost"
    spent = wording.gpu_hours(cost.gpu_hours) if cost.gpu_hours is not None else wording.duration(3600 * cost.hours)
    return f"{wording.shortened(label, 40)} reached its level in {spent}"


def unit_of_cost(comparison: Comparison) -> str:
    """GPU-hours where every run's GPUs are known, else hours."""
    return "GPU-hours" if all(cost.gpus for cost in comparison.costs) else "hours"
