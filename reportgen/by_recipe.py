"""Which recipe to take where some were run with several seeds, and which of its runs to keep."""

from __future__ import annotations

import math

from reportgen import wording
from reportgen.comparison import Comparison
from reportgen.findings import NextStep, Number
from reportgen.recipes import Recipe, Recipes

MOST_SEEDS = 20  # of a recipe that anybody would run to settle a tie
LONGEST = 40  # characters of a recipe's name in a sentence; a longer one is called by its run
BESIDE = 28  # the same beside a number


def keep(comparison: Comparison) -> str:
    """The run to keep of the leading recipe."""
    return _recipes(comparison).recipes[0].keep


def called(recipe: Recipe, room: int = LONGEST) -> str:
    """What a sentence calls a recipe: its keys where they are few, else the run to keep of it."""
    if len(recipe.name) <= room:
        return recipe.name
    run = wording.shortened(recipe.keep, room)
    return run if len(recipe.labels) == 1 else f"{run}'s recipe"


def _recipes(comparison: Comparison) -> Recipes:
    assert comparison.recipes is not None
    return comparison.recipes


def because(comparison: Comparison) -> str:
    recipes = _recipes(comparison)
    best = recipes.recipes[0]
    if len(recipes.recipes) == 1:
        return "the best seed of the one recipe there is"
    if len(recipes.tiers[0]) == 1 and len(recipes.tiers) > 1:
        ahead = "the recipe is ahead of every other"
    else:
        ahead = "no recipe is measurably ahead of its own"
    return ahead if len(best.labels) == 1 else f"{ahead}; it is its best seed of {len(best.labels)}"


def headline(comparison: Comparison) -> str:
    """What the recipes, not their lucky seeds, come to."""
    recipes = _recipes(comparison)
    best, count = recipes.recipes[0], len(recipes.recipes)
    if count == 1:
        return f"One recipe, {wording.plural(len(best.labels), 'seed')}: there is nothing to choose but a run"
    if any(recipe.state != "measured" for recipe in recipes.recipes):
        return "The recipes were not tested against each other"
    if len(recipes.tiers) == 1:
        return f"No recipe is measurably ahead of the other{'s' if count > 2 else ''}"
    if len(recipes.tiers[0]) == 1:
        others = "all other recipes" if count > 2 else "the other recipe"
        return f"{called(best)} is ahead of {others}"
    lead = wording.spelled(len(recipes.tiers[0])).capitalize()
    return f"{lead} recipes of {wording.spelled(count)} lead, and none of them is measurably ahead of the others"


def lead(comparison: Comparison) -> str:
    recipes, accuracy = _recipes(comparison), comparison.diagnoses[0].scale.accuracy
    best, noun = recipes.recipes[0], "final eval" if comparison.measure == "eval" else "train level at the end"
    mean, seeds = wording.level(best.mean, accuracy), wording.plural(len(best.labels), "seed")
    said = [f"Runs that differ in their seed alone are one recipe; recipes are ranked by their mean {noun}."]
    name = called(best)
    bounds = f" {wording.interval(best.interval, accuracy)}" if best.interval else ""
    said.append(f"{name}: {mean}{bounds} over {seeds}.")
    rival = _rival(recipes)
    if rival is not None and rival.behind is not None:
        lead = _points(comparison, abs(rival.behind))
        word = "ahead of" if rival.behind >= 0 else "behind"
        p = f", corrected {wording.p_value(rival.p)}" if rival.p is not None else ", not tested"
        said.append(f"It is {lead} {word} {called(rival)}{p}.")
    if recipes.seed_sd is not None:
        said.append(f"Seeds of one recipe lie {_points(comparison, recipes.seed_sd)} apart (standard deviation).")
    return " ".join(said)


def _rival(recipes: Recipes) -> Recipe | None:
    """The best recipe of the next tier, else the second."""
    if len(recipes.tiers) > 1:
        return recipes.recipes[recipes.tiers[1][0]]
    return recipes.recipes[1] if len(recipes.recipes) > 1 else None


def numbers(comparison: Comparison) -> list[Number]:
    """The leading recipe's level, its lead, and the noise between its seeds."""
    recipes, accuracy = _recipes(comparison), comparison.diagnoses[0].scale.accuracy
    best, rival, unit = recipes.recipes[0], _rival(recipes), "points" if accuracy else ""
    name = called(best, BESIDE)
    found = [Number("Leading recipe", best.mean, "accuracy" if accuracy else "", best.interval,
                    f"{name}, {wording.plural(len(best.labels), 'seed')}", "recipes")]  # fmt: skip
    if rival is not None and rival.behind is not None:
        p = f"corrected {wording.p_value(rival.p)}" if rival.p is not None else "not tested"
        found.append(Number("Lead of the recipe", rival.behind, unit, rival.behind_interval,
                            f"over {called(rival, BESIDE)}, {p}", "recipes", 0.0))  # fmt: skip
    if recipes.seed_sd is not None:
        found.append(Number("Noise between seeds", recipes.seed_sd, unit, None, "standard deviation of one run",
                            "recipes"))  # fmt: skip
    return found


def next_steps(comparison: Comparison) -> list[NextStep]:
    """More seeds where they could tell the leading recipes apart."""
    recipes = _recipes(comparison)
    if len(recipes.recipes) < 2 or len(recipes.tiers[0]) < 2:
        return []
    best, second = recipes.recipes[0], recipes.recipes[1]
    if recipes.seed_sd is None or not second.behind or second.behind <= 0:
        return []
    needed = math.ceil(2 * ((1.96 + 0.84) * recipes.seed_sd / second.behind) ** 2)
    have = min(len(best.labels), len(second.labels))
    if needed <= have:
        return []
    if needed > MOST_SEEDS:
        why = f"Telling {called(second)} apart would take more than {MOST_SEEDS} seeds of each."
        return [NextStep("Take whichever of the leading recipes is cheaper", why, check="recipes")]
    why = (f"About {needed} seeds of each would tell the first two recipes apart (80\u202f% power); "
           f"there are {have}.")  # fmt: skip
    return [NextStep("Run more seeds of the leading recipes", why, "seed", "recipes")]


def _points(comparison: Comparison, value: float) -> str:
    return wording.difference(value, comparison.diagnoses[0].scale.accuracy).lstrip("+")
