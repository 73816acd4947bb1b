"""What the recipes section places: each recipe with all its seeds, and what each varied key does."""

from __future__ import annotations

from typing import Any

from reportgen import wording
from reportgen.comparison import Comparison
from reportgen.recipes import Effect, Recipe
from reportgen.render.trials import config_text, tint

MOST_ROWS = 200  # recipes in the table
MOST_SEEDS = 12  # of a recipe, drawn one by one
MOST_LEVELS = 12  # of one key, in the table


def view(comparison: Comparison) -> dict[str, Any]:
    """Everything that section_recipes.html places."""
    recipes = comparison.recipes
    assert recipes is not None
    ends = [end for one in recipes.recipes for end in (*(one.interval or ()), *one.values)]
    low, high = min(ends), max(ends)
    pad = 0.04 * (high - low or 1.0)
    low, size = low - pad, (high - low or 1.0) + 2 * pad
    accuracy = comparison.diagnoses[0].scale.accuracy
    tier = {at: number for number, places in enumerate(recipes.tiers, start=1) for at in places}
    return {
        "recipes": tuple(
            _row(comparison, one, tier[at], low, size) for at, one in enumerate(recipes.recipes[:MOST_ROWS])
        ),
        "more": max(0, len(recipes.recipes) - MOST_ROWS),
        "seeded": recipes.has_seeds,
        "low": wording.level(low + pad, accuracy),
        "high": wording.level(low + size - pad, accuracy),
        "noise": _noise(comparison),
        "effects": tuple(_effect(effect, accuracy) for effect in recipes.effects),
        "interactions": tuple(
            f"What {one} does depends on {other} ({wording.p_value(p)})" for one, other, p in recipes.interactions
        ),
        "notes": recipes.notes,
    }


def _row(comparison: Comparison, one: Recipe, tier: int, low: float, size: float) -> dict[str, Any]:
    accuracy = comparison.diagnoses[0].scale.accuracy

    def at(value: float) -> str:
        return f"{min(100.0, max(0.0, 100 * (value - low) / size)):.1f}%"

    ends = one.interval or (one.mean, one.mean)
    behind = "leads" if one.behind is None else wording.difference(-one.behind, accuracy)
    return {
        "name": one.name,
        "what": f"tier {tier}, {wording.plural(len(one.labels), 'seed')}",
        "tint": tint(comparison, one.keep),
        "keep": one.keep,
        "mean": wording.level(one.mean, accuracy),
        "interval": wording.interval(one.interval, accuracy) if one.interval else "not tested",
        "behind": behind,
        "p": wording.p_value(one.p) if one.p is not None else "" if one.behind is None else "not tested",
        "improvement": "" if one.improvement is None else wording.percent(one.improvement, 0),
        "strip": {"low": at(ends[0]), "width": f"{100 * (ends[1] - ends[0]) / size:.1f}%", "dot": at(one.mean),
                  "seeds": tuple(at(value) for value in one.values[:MOST_SEEDS])},
    }  # fmt: skip


def _noise(comparison: Comparison) -> str:
    """How far runs of one recipe lie apart, and how much of it is training's own."""
    recipes, accuracy = comparison.recipes, comparison.diagnoses[0].scale.accuracy
    if recipes is None or recipes.seed_sd is None:
        return ""
    said = f"Runs of one recipe lie {wording.difference(recipes.seed_sd, accuracy).lstrip('+')} apart"
    if recipes.seed_only_sd is None:
        return f"{said} (standard deviation, over all recipes)."
    own = wording.difference(recipes.seed_only_sd, accuracy).lstrip("+")
    return (
        f"{said} (standard deviation, over all recipes); {own} of it is training's own, the rest the eval's sampling."
    )


def _effect(effect: Effect, accuracy: bool) -> dict[str, Any]:
    levels = tuple(
        (
            config_text(value),
            wording.level(mean, accuracy),
            wording.interval(bounds, accuracy) if bounds else "",
            str(n),
        )
        for value, mean, bounds, n in effect.levels[:MOST_LEVELS]
    )
    if effect.confounded_with:
        said = f"confounded with {wording.listed(effect.confounded_with, 2)}: they vary together"
    elif effect.p is None:
        said = "not tested: too few runs beside it"
    else:
        said = f"{'matters' if effect.p < 0.05 else 'no effect seen'}, {wording.p_value(effect.p)}"
    return {"key": effect.key, "said": said, "levels": levels, "more": len(effect.levels) - len(levels)}
