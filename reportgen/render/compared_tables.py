"""The tables of a comparison: results, config differences, pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reportgen import wording
from reportgen.comparison import Comparison, Level, Pair
from reportgen.costs import Cost
from reportgen.findings import Diagnosis
from reportgen.render import card
from reportgen.render.trials import config_text, tint
from reportgen.report.compared_titles import MOST_IN_MATRIX

MOST_COLUMNS = 12  # beyond it config differences have a row a run
MOST_LISTED = 400
MOST_ROWS = 200  # runs that stand in tables one by one; of more, the script draws those in sight


@dataclass(frozen=True)
class Column:
    """One column of the results."""

    id: str
    title: str
    number: bool = True
    shown: bool = True


COLUMNS = (
    Column("tier", "Tier"),
    Column("level", "Level"),
    Column("interval", "95\u202f% interval"),
    Column("gain", "Gain"),
    Column("plateau", "Plateau, step"),
    Column("trend", "Trend", number=False),
    Column("steps", "Steps"),
    Column("cost", "Hours"),
    Column("per_hour", "Gain per hour"),
    Column("gap", "Train–eval gap", shown=False),
    Column("forecast", "Forecast at 2× the run", shown=False),
    Column("state", "State", number=False, shown=False),
    Column("decision", "Decision", number=False),
)


RECIPE = Column("recipe", "Recipe", number=False, shown=False)  # where several runs share one


@dataclass(frozen=True)
class Cell:
    """One cell of a table: what is read, and what it is sorted by."""

    text: str
    key: str = ""
    look: str = ""


def columns(comparison: Comparison) -> tuple[Column, ...]:
    """The columns of the results, named for this comparison."""
    noun = "Eval" if comparison.measure == "eval" else "Train"
    hours = "GPU-hours" if all(cost.gpus for cost in comparison.costs) else "Hours"
    named = {"level": noun, "cost": hours, "per_hour": "Gain per hour" if hours == "Hours" else "Gain per GPU-hour"}
    shared = (RECIPE,) if comparison.by_recipe else ()
    return (*shared, *(Column(one.id, named.get(one.id, one.title), one.number, one.shown) for one in COLUMNS))


def recipes(comparison: Comparison) -> dict[str, str]:
    """Label -> the name of its recipe; empty where every run is its own."""
    if comparison.recipes is None or not comparison.by_recipe:
        return {}
    return {label: one.name for one in comparison.recipes.recipes for label in one.labels}


def rows(comparison: Comparison) -> tuple[dict[str, Any], ...]:
    """One row a run, in rank order."""
    recipe_of = recipes(comparison)
    return tuple(
        {
            "label": label,
            "tint": tint(comparison, label),
            "href": f"#run-{at}",
            "cells": (
                *((Cell(recipe_of.get(label, "—")),) if recipe_of else ()),
                *_cells(comparison.tier_of[label], comparison.levels[at], comparison.costs[at], one),
            ),
        }
        for at, (label, one) in enumerate(zip(comparison.labels, comparison.diagnoses, strict=True))
    )


def gain(level: Level | None, one: Diagnosis) -> float | None:
    """A run's level over its own baseline; None where either is unknown."""
    return level.value - one.improvement.baseline if level is not None and one.improvement is not None else None


def gain_per_hour(level: Level | None, cost: Cost, one: Diagnosis) -> float | None:
    """The same for each GPU-hour, for each hour where GPUs are unknown."""
    price, gained = _price(cost), gain(level, one)
    return gained / price if gained is not None and price else None


def _price(cost: Cost) -> float | None:
    return cost.gpu_hours if cost.gpu_hours is not None else cost.hours


def _cells(tier: int | None, level: Level | None, cost: Cost, one: Diagnosis) -> list[Cell]:
    """A run's cells, in the order of COLUMNS."""
    accuracy, nothing = one.scale.accuracy, Cell("—")
    gained, rate, price = gain(level, one), gain_per_hour(level, cost, one), _price(cost)
    plateau = one.train.plateau if one.train is not None else None
    ahead = [point for point in (one.train.forecast if one.train else ()) if point.step > one.run.history.index[-1]]
    onset = plateau.onset_step if plateau is not None and plateau.plateaued else None
    return [
        Cell(str(tier), str(tier)) if tier else nothing,
        Cell(wording.level(level.value, accuracy), repr(level.value)) if level else nothing,
        Cell(wording.interval(level.interval, accuracy), repr(level.interval[0]))
        if level and level.interval
        else nothing,
        Cell(wording.difference(gained, accuracy), repr(gained)) if gained is not None else nothing,
        Cell(wording.count(onset), str(onset)) if onset is not None else Cell(_no_plateau(one)),
        Cell(one.train.trend.direction or "not known") if one.train is not None else nothing,
        Cell(wording.count(one.run.n_steps), str(one.run.n_steps)),
        Cell(wording.hours(price), repr(price)) if price is not None else nothing,
        Cell(wording.difference(rate, accuracy), repr(rate)) if rate is not None else nothing,
        Cell(wording.difference(one.gap.gap, accuracy), repr(one.gap.gap)) if one.gap is not None else nothing,
        Cell(wording.level(ahead[-1].mid, accuracy), repr(ahead[-1].mid)) if ahead else nothing,
        Cell(one.run.state),
        Cell(card.DECISIONS[one.verdict.decision], one.verdict.decision, card.LOOKS[one.verdict.severity]),
    ]


def _no_plateau(one: Diagnosis) -> str:
    if one.train is None:
        return "—"
    if one.train.collapse.collapsed:
        return f"fell from {one.train.collapse.peak_step}"
    return "undecided" if one.train.plateau.plateaued is None else "none"


def differences(comparison: Comparison) -> dict[str, Any]:
    """Keys that differ, by key or by run, and what can be concluded for each run."""
    first = comparison.at[comparison.reference]
    order = [first, *(at for at in range(len(comparison.labels)) if at != first)]
    labels = [comparison.labels[at] for at in order]
    named = [repr(label) for label in comparison.labels]  # a key that only repeats the names says nothing
    by_key = [
        (key, tuple(_compared(row[at], row[order[0]], first=at == order[0]) for at in order))
        for key, row in comparison.differences.items()
        if [repr(value) for value in row] != named
    ]
    concluded = tuple(_concluded(comparison, label) for label in labels)
    tall = len(labels) > MOST_COLUMNS
    return {
        "tall": tall,
        "labels": tuple((label, tint(comparison, label)) for label in labels),
        "names": tuple(key for key, _ in by_key),
        "by_key": () if tall else tuple(by_key),
        "by_run": tuple(zip(labels, zip(*(row for _, row in by_key), strict=True), concluded, strict=True))[:MOST_ROWS]
        if tall and by_key
        else (),
        "more": max(0, len(labels) - MOST_ROWS) if by_key else 0,
        "concluded": concluded,
    }


def _compared(value: Any, reference: Any, *, first: bool) -> Cell:
    same = repr(value) == repr(reference)
    return (
        Cell(config_text(value), look="" if first else "same" if same else "changed")
        if first or not same
        else Cell("same", look="same")
    )


def _concluded(comparison: Comparison, label: str) -> str:
    """What a trial's result can say about its recipe."""
    changed, varied = comparison.changes.get(label, ()), comparison.varied(label)
    if label == comparison.reference:
        return "reference"
    if not changed:
        return "a repeat: the same recipe"
    if len(varied) > 1:
        return f"confounded: {len(varied)} keys changed"
    if not varied:
        return "a repeat: only the seed differs"
    return "differs in one key" + (" and the seed" if len(changed) > 1 else "")


def matrix(comparison: Comparison) -> tuple[tuple[str, str, tuple[Cell | None, ...]], ...]:
    """Row minus column, the lower triangle; empty when there are too many runs for it."""
    if len(comparison.labels) > MOST_IN_MATRIX:
        return ()
    accuracy = comparison.diagnoses[0].scale.accuracy
    made = []
    for at, row in enumerate(comparison.labels[1:], start=1):
        cells = tuple(_pair_cell(comparison.pair(row, column), row, accuracy) for column in comparison.labels[:at])
        made.append((row, tint(comparison, row), cells + (None,) * (len(comparison.labels) - 1 - at)))
    return tuple(made)


def _pair_cell(pair: Pair | None, row: str, accuracy: bool) -> Cell | None:
    """Difference in `text`, interval and p in `key`."""
    if pair is None:
        return None
    sign = 1 if pair.a == row else -1
    shown = wording.difference(sign * pair.difference, accuracy)
    under = [wording.interval(_seen_from(pair, sign), accuracy, signed=True)] if pair.interval else ["no interval"]
    under += [wording.p_value(pair.p_holm)] if pair.p_holm is not None else []
    tie = "" if pair.winner else " tie" if pair.p is not None else " not tested"
    return Cell(f"{shown}{tie}", "\n".join(under), "real" if pair.winner else "tie")


def _seen_from(pair: Pair, sign: int) -> tuple[float, float]:
    low, high = pair.interval or (0.0, 0.0)
    return (low, high) if sign > 0 else (-high, -low)


def listed(comparison: Comparison) -> tuple[tuple[str, str, Cell], ...]:
    """Pairs one below the other: where the matrix would be too wide."""
    if len(comparison.labels) <= MOST_IN_MATRIX:
        return ()
    accuracy = comparison.diagnoses[0].scale.accuracy
    pairs = [pair for pair in comparison.pairs if pair.metric == comparison.measure]
    telling = [
        pair for pair in pairs if comparison.labels[0] in (pair.a, pair.b) or comparison.reference in (pair.a, pair.b)
    ]
    return tuple(
        (pair.a, pair.b, cell)
        for pair in telling[:MOST_LISTED]
        if (cell := _pair_cell(pair, pair.a, accuracy)) is not None
    )
