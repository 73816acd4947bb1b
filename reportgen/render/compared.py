"""What the templates place on a page of several runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reportgen import wording
from reportgen.charts import Chart, Sheet, draw
from reportgen.charts.theme import colour, series_colour
from reportgen.comparison import Comparison, Level, Pair
from reportgen.costs import Cost
from reportgen.findings import Diagnosis, Severity
from reportgen.render import card
from reportgen.report import Report, Section, compared

MOST_IN_MATRIX = 12  # beyond it pairs stand in a list
MOST_COLUMNS = 12  # beyond it config differences have a row a run
MOST_LISTED = 400


@dataclass(frozen=True)
class Cell:
    """One cell of a table: what is read, and what it is sorted by."""

    text: str
    key: str = ""
    look: str = ""


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
    Column("interval", "95 % interval"),
    Column("gain", "Gain"),
    Column("plateau", "Plateau, step"),
    Column("trend", "Trend", number=False),
    Column("steps", "Steps"),
    Column("cost", "Hours"),
    Column("per_hour", "Gain per hour"),
    Column("gap", "Train–eval gap", shown=False),
    Column("forecast", "Forecast at 2×", shown=False),
    Column("state", "State", number=False, shown=False),
    Column("decision", "Decision", number=False),
)


def drawn(report: Report, sheet: Sheet) -> dict[str, Chart]:
    """Every chart of a comparison by its id."""
    assert report.comparison is not None
    comparison = report.comparison
    runs = {label: report.diagnoses.index(one) for label, one in zip(comparison.labels, comparison.diagnoses, strict=True)}
    ticks = {one.figure.id: one.ticks for one in compared.swept(comparison)}
    charts = {}
    for figure in (figure for section in report.sections for figure in section.figures):
        options: dict[str, Any] = {"ticks": ticks[figure.id]} if figure.id in ticks else {"runs": runs}
        charts[figure.id] = draw(figure, sheet, **options)
    return charts


def of_card(report: Report) -> dict[str, Any]:
    """The decision card of several runs."""
    assert report.comparison is not None and report.choice is not None
    comparison, choice = report.comparison, report.choice
    states = [one.run.state for one in comparison.diagnoses]
    finished = states.count("finished")
    fallen = sum(one.train is not None and one.train.collapse.collapsed for one in comparison.diagnoses)
    hours = [cost.gpu_hours for cost in comparison.costs]
    spent = sum(known for known in hours if known is not None)
    identity = [
        (wording.plural(len(states), "trial"), False),
        (f"{finished} finished" if finished else "", True),
        (f"{fallen} collapsed" if fallen else "", False),
        (wording.gpu_hours(spent) if all(known is not None for known in hours) else "", True),
    ]
    return {
        "name": report.title,
        "identity": tuple((text, optional) for text, optional in identity if text),
        "look": card.LOOKS[choice.severity],
        "decision": f"take {wording.shortened(choice.label, 40)}",
        "because": choice.because,
        "headline": choice.headline,
        "lead": choice.lead,
        "stats": card.stats_of(choice.numbers),
        "steps": tuple(
            card.Step(at, step.action, step.why, step.key or "", f"#{step.check}", (step.check or "").capitalize())
            for at, step in enumerate(choice.next_steps, start=1)
        ),
        "thumbnail": None,
    }


def of_section(section: Section, report: Report) -> dict[str, Any]:
    """What one section of a comparison places beside its title."""
    assert report.comparison is not None
    comparison = report.comparison
    if section.kind == "tiers":
        return {"tiers": tiers(comparison), "groups": groups(comparison), "scale": _scale(comparison)[2], "notes": comparison.notes}
    if section.kind == "overlay":
        return {"trials": trials(comparison), "notes": ()}
    if section.kind == "results":
        return {"columns": columns(comparison), "rows": rows(comparison), "measure": comparison.measure}
    if section.kind == "differences":
        return differences(comparison)
    if section.kind == "pairs":
        return {"matrix": matrix(comparison), "listed": listed(comparison), "labels": comparison.labels, "notes": comparison.notes}
    if section.kind == "efficiency":
        return {"reached": reached(comparison), "trials": trials(comparison)}
    if section.kind == "assumed":
        return {"assumed": report.assumptions, "unread": report.unread}
    return {"runs": tuple(each(label, one) for label, one in zip(comparison.labels, comparison.diagnoses, strict=True))}


def tint(comparison: Comparison, label: str) -> str:
    """A trial's colour: by rank while there are few, else grey."""
    few = len(comparison.labels) <= compared.MOST_COLOURED
    return series_colour(comparison.labels.index(label)) if few else colour("ink-3")


def trials(comparison: Comparison) -> tuple[tuple[str, str], ...]:
    """Name and colour of each trial that a legend can isolate."""
    if len(comparison.labels) > compared.MOST_COLOURED:
        return ()
    return tuple((label, tint(comparison, label)) for label in comparison.labels)


def tiers(comparison: Comparison) -> tuple[dict[str, Any], ...]:
    """Each tier with its trials: level, interval and where they stand on the shared scale."""
    low, size, _ = _scale(comparison)
    made = []
    for number, tier in enumerate(comparison.tiers, start=1):
        members = [_ranked(comparison, label, low, size) for label in tier]
        what = "alone" if len(tier) == 1 else "tied with each other"
        above = "ahead of every other trial" if number == 1 and len(comparison.tiers) > 1 else f"behind tier {number - 1}"
        if all(member["level"] == "not judged" for member in members):
            what, above = "no level to compare", "not ranked"
        said = what if len(comparison.tiers) == 1 else f"{above}; {what}" if len(tier) > 1 else above
        made.append({"name": f"Tier {number}", "said": said, "members": members})
    return tuple(made)


def _ranked(comparison: Comparison, label: str, low: float, size: float) -> dict[str, Any]:
    at = comparison.labels.index(label)
    one, level = comparison.diagnoses[at], comparison.levels[at]
    shown = {"label": label, "tint": tint(comparison, label), "what": _what(comparison, label), "level": "not judged", "interval": "", "gain": "", "strip": None}
    if level is None:
        return shown
    accuracy = one.scale.accuracy
    gain = level.value - one.improvement.baseline if one.improvement else None
    ends = level.interval or (level.value, level.value)
    left, right, dot = (f"{_share(value, low, size):.1f}%" for value in (*ends, level.value))
    width = f"{_share(ends[1], low, size) - _share(ends[0], low, size):.1f}%"
    return shown | {
        "level": wording.level(level.value, accuracy),
        "interval": wording.interval(level.interval, accuracy) if level.interval else "no interval",
        "gain": wording.difference(gain, accuracy) if gain is not None else "",
        "strip": {"low": left, "width": width, "dot": dot},
    }


def _what(comparison: Comparison, label: str) -> str:
    """What a trial is, by how its recipe differs from the reference's."""
    if label == comparison.reference:
        return "reference"
    changed = comparison.changes.get(label, ())
    at = comparison.labels.index(label)
    return wording.listed([f"{key.rsplit('.', 1)[-1]} {_config(comparison.differences[key][at])}" for key in changed], 3)


def _scale(comparison: Comparison) -> tuple[float, float, dict[str, Any]]:
    """Low end, width and the ticks of the scale on which the tiers are drawn."""
    levels = [level for level in comparison.levels if level is not None]
    ends = [end for level in levels for end in (level.interval or (level.value, level.value))]
    base = {one.improvement.baseline for one in comparison.diagnoses if one.improvement}
    ends += list(base) if len(base) == 1 else []
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    pad = 0.04 * (high - low or 1.0)
    low, size = low - pad, (high - low or 1.0) + 2 * pad
    accuracy = comparison.diagnoses[0].scale.accuracy
    baseline = base.pop() if len(base) == 1 else None
    shown = {
        "base": None if baseline is None else f"{_share(baseline, low, size):.1f}%",
        "base_text": "" if baseline is None else f"base {wording.level(baseline, accuracy)}",
        "low": wording.level(low + pad, accuracy),
        "high": wording.level(low + size - pad, accuracy),
    }
    return low, size, shown


def _share(value: float, low: float, size: float) -> float:
    return min(100.0, max(0.0, 100 * (value - low) / size))


def groups(comparison: Comparison) -> tuple[str, ...]:
    """A sentence on each group of seeds."""
    accuracy = comparison.diagnoses[0].scale.accuracy
    return tuple(
        f"{wording.plural(len(group.labels), 'seed')} of one recipe ({wording.listed(group.labels)}): mean "
        f"{wording.level(group.mean, accuracy)} {wording.interval(group.interval, accuracy)} over seeds."
        for group in comparison.groups
    )


def columns(comparison: Comparison) -> tuple[Column, ...]:
    """The columns of the results, named for this comparison."""
    noun = "Eval" if comparison.measure == "eval" else "Train"
    hours = "GPU-hours" if all(cost.gpus for cost in comparison.costs) else "Hours"
    named = {"level": noun, "cost": hours, "per_hour": f"Gain per {hours[:-1]}"}
    return tuple(Column(one.id, named.get(one.id, one.title), one.number, one.shown) for one in COLUMNS)


def rows(comparison: Comparison) -> tuple[dict[str, Any], ...]:
    """One row a run, in rank order."""
    tier_of = {label: at for at, tier in enumerate(comparison.tiers, start=1) for label in tier}
    return tuple(
        {
            "label": label,
            "tint": tint(comparison, label),
            "href": f"#run-{at}",
            "cells": tuple(_cells(tier_of[label], comparison.levels[at], comparison.costs[at], one)),
        }
        for at, (label, one) in enumerate(zip(comparison.labels, comparison.diagnoses, strict=True))
    )


def _cells(tier: int, level: Level | None, cost: Cost, one: Diagnosis) -> list[Cell]:
    """A run's cells, in the order of COLUMNS."""
    accuracy, nothing = one.scale.accuracy, Cell("—")
    gain = level.value - one.improvement.baseline if level is not None and one.improvement is not None else None
    price = cost.gpu_hours if cost.gpu_hours is not None else cost.hours
    plateau = one.train.plateau if one.train is not None else None
    ahead = [point for point in (one.train.forecast if one.train else ()) if point.step > one.run.history.index[-1]]
    onset = plateau.onset_step if plateau is not None and plateau.plateaued else None
    return [
        Cell(str(tier), str(tier)),
        Cell(wording.level(level.value, accuracy), repr(level.value)) if level else nothing,
        Cell(wording.interval(level.interval, accuracy), repr(level.interval[0])) if level and level.interval else nothing,
        Cell(wording.difference(gain, accuracy), repr(gain)) if gain is not None else nothing,
        Cell(wording.count(onset), str(onset)) if onset is not None else Cell(_no_plateau(one)),
        Cell(one.train.trend.direction or "not known") if one.train is not None else nothing,
        Cell(wording.count(len(one.run.history)), str(len(one.run.history))),
        Cell(wording.number(price), repr(price)) if price is not None else nothing,
        Cell(wording.difference(gain / price, accuracy), repr(gain / price)) if gain is not None and price else nothing,
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
    order = [comparison.labels.index(comparison.reference)]
    order += [at for at in range(len(comparison.labels)) if at not in order]
    labels = [comparison.labels[at] for at in order]
    by_key = [
        (key, tuple(_compared(row[at], row[order[0]], first=at == order[0]) for at in order))
        for key, row in comparison.differences.items()
    ]
    concluded = tuple(_concluded(comparison, label) for label in labels)
    tall = len(labels) > MOST_COLUMNS
    return {
        "tall": tall,
        "labels": tuple((label, tint(comparison, label)) for label in labels),
        "names": tuple(key for key, _ in by_key),
        "by_key": () if tall else tuple(by_key),
        "by_run": tuple(zip(labels, zip(*(row for _, row in by_key), strict=True), concluded, strict=True)) if tall and by_key else (),
        "concluded": concluded,
    }


def _compared(value: Any, reference: Any, *, first: bool) -> Cell:
    same = repr(value) == repr(reference)
    return Cell(_config(value), look="" if first else "same" if same else "changed") if first or not same else Cell("same", look="same")


def _config(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, float):
        return wording.number(value)
    return wording.shortened(str(value), 80)


def _concluded(comparison: Comparison, label: str) -> str:
    """What a trial's result can say about its recipe."""
    changed = comparison.changes.get(label, ())
    if label == comparison.reference:
        return "reference"
    if not changed:
        return "a repeat: the same recipe"
    if len(changed) > 1:
        return f"confounded: {len(changed)} keys changed"
    return "a repeat: only the seed differs" if changed[0].rsplit(".", 1)[-1] == "seed" else "differs in one key"


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
    return Cell(shown if pair.winner else f"{shown} tie", "\n".join(under), "real" if pair.winner else "tie")


def _seen_from(pair: Pair, sign: int) -> tuple[float, float]:
    low, high = pair.interval or (0.0, 0.0)
    return (low, high) if sign > 0 else (-high, -low)


def listed(comparison: Comparison) -> tuple[tuple[str, str, Cell], ...]:
    """Pairs one below the other: where the matrix would be too wide."""
    if len(comparison.labels) <= MOST_IN_MATRIX:
        return ()
    accuracy = comparison.diagnoses[0].scale.accuracy
    pairs = [pair for pair in comparison.pairs if pair.metric == comparison.measure]
    telling = [pair for pair in pairs if comparison.labels[0] in (pair.a, pair.b) or comparison.reference in (pair.a, pair.b)]
    return tuple((pair.a, pair.b, cell) for pair in telling[:MOST_LISTED] if (cell := _pair_cell(pair, pair.a, accuracy)) is not None)


def reached(comparison: Comparison) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Levels worth reaching and the hours each trial took to reach them."""
    accuracy, gpus = comparison.diagnoses[0].scale.accuracy, all(cost.gpus for cost in comparison.costs)
    known = [level.value for level in comparison.levels if level is not None]
    if len(known) < 2:
        return ()
    base = comparison.diagnoses[0].improvement.baseline if comparison.diagnoses[0].improvement else min(known)
    goals = {wording.level(base + share * (known[0] - base), accuracy): base + share * (known[0] - base) for share in (0.5, 0.9)}
    unit = "GPU-hours" if gpus else "Hours"
    return tuple((f"{unit} to {text}", tuple(_times(comparison, goal, gpus))) for text, goal in goals.items())


def _times(comparison: Comparison, goal: float, gpus: bool) -> list[tuple[str, str]]:
    shown = []
    for label, cost in list(zip(comparison.labels, comparison.costs, strict=True))[: compared.MOST_COLOURED]:
        hours = cost.to_reach(goal)
        shown.append((label, "never" if hours is None else wording.number(hours * (cost.gpus or 1 if gpus else 1), 2)))
    return shown


def each(label: str, one: Diagnosis) -> dict[str, Any]:
    """One run, folded: verdict, what stood out, where it came from."""
    telling = [found for found in one.findings if found.severity >= Severity.NOTE]
    return {
        "label": label,
        "decision": card.DECISIONS[one.verdict.decision],
        "look": card.LOOKS[one.verdict.severity],
        "headline": one.verdict.headline,
        "lead": one.verdict.lead,
        "findings": tuple((card.LOOKS[found.severity], found.severity.word, found.headline) for found in telling[:8]),
        "steps": tuple((step.action, step.why, step.key or "") for step in one.verdict.next_steps),
        "source": one.run.source,
        "notes": one.run.notes[:6],
    }
