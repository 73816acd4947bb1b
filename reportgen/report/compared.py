"""The sections of a comparison, in reading order."""

from __future__ import annotations

from reportgen import wording
from reportgen.comparison import Comparison
from reportgen.report import compared_titles as titles
from reportgen.report import overlays
from reportgen.report.parts import Section

AHEAD = "ahead by more than noise (Holm-corrected) and by more than the tie margin"


def sections(comparison: Comparison, taken: str | None = None) -> tuple[Section, ...]:
    """Tiers, overlay, results, config differences, pairs, efficiency, then each run, folded.

    taken: the trial to take.
    """
    noun = "final eval" if comparison.measure == "eval" else "train level at the end"
    one_by_one = f"{wording.spelled(len(comparison.labels)).capitalize()} runs, one by one"
    head = (
        *_recipes(comparison),
        Section("tiers", "Ranking", titles.of_tiers(comparison), f"{noun.capitalize()} with 95\u202f% intervals. "
                f"A trial drops a tier when one above it is {AHEAD}.", kind="tiers"),
        *_curves(comparison, taken),
        Section("results", "Results", titles.of_results(comparison, noun), "Sort by any column; choose which to see.",
                kind="results"),
        _differences(comparison),
        Section("pairs", "Pairwise differences", titles.of_pairs(comparison), titles.pairs_deck(comparison, noun),
                kind="pairs"),
        *_costs(comparison),
    )  # fmt: skip
    return (
        *head,
        Section("runs", "Each run", one_by_one, "What stood out in each; a page of its own has more.", kind="runs"),
        Section("assumed", "Assumptions", "What was assumed, and what was not read", kind="assumed"),
        Section("glossary", "Glossary", "The terms, for readers from other fields", kind="glossary"),
    )


def _recipes(comparison: Comparison) -> tuple[Section, ...]:
    """Recipes with all their seeds and the effect of each key; nothing when neither is there to tell."""
    recipes = comparison.recipes
    if recipes is None or not (recipes.has_seeds or recipes.effects):
        return ()
    deck = ("Runs that differ in their seed alone are one recipe: its mean with a 95\u202f% interval that holds the "
            "noise of seeds, pooled over recipes. Corrected p: against the first, for all at once.")  # fmt: skip
    if not recipes.has_seeds:
        deck = "Mean level at each value of each key that varies, averaged over the other keys."
    return (Section("recipes", "Recipes", titles.of_recipes(recipes), deck, kind="recipes"),)


def _curves(comparison: Comparison, taken: str | None) -> tuple[Section, ...]:
    """The overlay; nothing when no run has a curve."""
    figure = overlays.overlay(comparison, taken)
    if figure is None:
        return ()
    title, deck = titles.of_overlay(comparison), titles.overlay_deck(comparison)
    return (Section("overlay", "Reward curves", title, deck, (figure,), kind="overlay"),)


def _differences(comparison: Comparison) -> Section:
    """Config differences, with each varied key against the outcome."""
    reference = wording.shortened(comparison.reference, 40)
    title, deck = titles.of_differences(comparison), f"Only keys that differ, against {reference}."
    drawn = tuple(one.figure for one in overlays.swept(comparison))
    return Section("differences", "Config differences", title, deck, drawn, kind="differences")


def _costs(comparison: Comparison) -> tuple[Section, ...]:
    """Learning efficiency; nothing when no run's time is known."""
    figure = overlays.efficiency(comparison)
    if figure is None:
        return ()
    deck = f"Level against {titles.unit_of_cost(comparison)} spent; up and to the left is better."
    if len(comparison.labels) > overlays.MOST_COLOURED:
        deck += f" The {wording.spelled(overlays.MOST_COLOURED)} best of {wording.count(len(comparison.labels))}."
    return (Section("efficiency", "Efficiency", titles.of_efficiency(comparison), deck, (figure,), kind="efficiency"),)
