"""What the templates place on a page of several runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from reportgen import wording
from reportgen.charts import Chart, Sheet, draw
from reportgen.charts.theme import colour, series_colour, series_dash
from reportgen.charts.thumbnail import overlaid
from reportgen.comparison import Comparison
from reportgen.findings import Diagnosis, Severity
from reportgen.render import card, compared_tables, recipes_view, roll
from reportgen.render.about_view import changed_settings
from reportgen.render.shape import ReachedSaid
from reportgen.render.trials import config_text, tint, trials
from reportgen.report import Report, Section, overlays, titles

GOALS = (0.5, 0.9)  # shares of the best gain, whose levels are worth reaching
NUMBER = re.compile(r"\d[\d,.]*")
MOST_ALIKE = 4  # assumptions of one kind, of more runs than stand in a table
MOST_OPEN = 12  # trials; beyond it the ranking scrolls and folded runs stay folded in print


def drawn(report: Report, sheet: Sheet) -> dict[str, Chart]:
    """Every chart of a comparison by its id."""
    assert report.comparison is not None
    comparison = report.comparison
    place = {id(one): at for at, one in enumerate(report.diagnoses)}
    runs = {label: place[id(one)] for label, one in zip(comparison.labels, comparison.diagnoses, strict=True)}
    ticks = {one.figure.id: one.ticks for one in overlays.swept(comparison)}
    tints = {label: tint(comparison, label) for label in comparison.labels}
    if report.choice is not None and len(tints) > overlays.MOST_COLOURED:
        tints[report.choice.label] = colour("ink")
    best = {label: series_colour(at) for at, label in enumerate(comparison.labels[: overlays.MOST_COLOURED])}
    dashes = {label: series_dash(at) for at, label in enumerate(best)}
    few = len(tints) <= overlays.MOST_COLOURED
    charts = {}
    for figure in (figure for section in report.sections for figure in section.figures):
        options: dict[str, Any] = {"ticks": ticks[figure.id]} if figure.id in ticks else {
            "runs": runs, "tints": best if figure.kind == "efficiency" else tints,
            "dashes": dashes if few or figure.kind == "efficiency" else {}}  # fmt: skip
        charts[figure.id] = draw(figure, sheet, **options)
    return charts


def of_card(report: Report, charts: Mapping[str, Chart], sheet: Sheet) -> dict[str, Any]:
    """The decision card of several runs."""
    assert report.comparison is not None and report.choice is not None
    comparison, choice = report.comparison, report.choice
    states = [one.run.state for one in comparison.diagnoses]
    finished = states.count("finished")
    fallen = sum(one.train is not None and one.train.collapse.collapsed for one in comparison.diagnoses)
    hours = spent(comparison)
    curves = next((chart for chart in charts.values() if chart.figure.kind == "overlay"), None)
    identity = [
        ("" if report.title == wording.plural(len(states), "run") else wording.plural(len(states), "trial"), False),
        (f"{finished} finished" if finished else "", True),
        (f"{fallen} collapsed" if fallen else "", False),
        (wording.gpu_hours(hours) if hours is not None else "", True),
    ]
    return {
        "name": report.title,
        "identity": tuple((text, optional) for text, optional in identity if text),
        "look": card.LOOKS[choice.severity],
        "decision": f"take {wording.shortened(choice.label, 40)}",
        "because": choice.because,
        "headline": choice.headline,
        "lead": choice.lead,
        "cause": (),
        "keep": "",
        "stats": card.stats_of(choice.numbers),
        "steps": tuple(
            card.Step(step.action, step.why, step.key or "", f"#{step.check}", (step.check or "").capitalize())
            for step in choice.next_steps
        ),
        "thumbnail": Markup(overlaid(curves, sheet)) if curves else None,
    }


def of_section(section: Section, report: Report) -> dict[str, Any]:
    """What one section of a comparison places beside its title."""
    assert report.comparison is not None
    comparison = report.comparison
    if section.kind == "tiers":
        return {
            "tiers": tiers(comparison),
            "further": max(0, len(comparison.tiers) - roll.MOST_TIERS) if roll.is_long(comparison) else 0,
            "scale": _scale(comparison)[2],
            "notes": comparison.notes,
            "many": len(comparison.labels) > MOST_OPEN,
        }
    if section.kind == "recipes":
        return recipes_view.view(comparison)
    if section.kind == "overlay":
        return {"trials": trials(comparison), "notes": ()}
    if section.kind == "results":
        rows = compared_tables.rows(comparison)
        is_long = roll.is_long(comparison)
        return {
            "columns": compared_tables.columns(comparison),
            "rows": rows[: roll.FIRST] if is_long else rows,
            "measure": comparison.measure,
            "count": len(rows),
            "packed": Markup(roll.rows(comparison.labels, [row["cells"] for row in rows])) if is_long else "",
            "recipes": tuple(dict.fromkeys(compared_tables.recipes(comparison).values()))[: roll.MOST_CHOICES],
            "looks": tuple(dict.fromkeys(card.LOOKS.values())),
        }
    if section.kind == "differences":
        return compared_tables.differences(comparison)
    if section.kind == "pairs":
        return {
            "matrix": compared_tables.matrix(comparison),
            "listed": compared_tables.listed(comparison),
            "labels": comparison.labels,
            "which": _which(comparison),
            "notes": comparison.notes,
        }
    if section.kind == "efficiency":
        return {"reached": goals(comparison), "trials": trials(comparison)}
    if section.kind == "assumed":
        settings = changed_settings(report.diagnoses[0])  # the same for all
        return {"assumed": assumed(report), "unread": report.unread, "settings": settings}
    told = [each(*run) for run in zip(comparison.labels, comparison.diagnoses, strict=True)]
    is_long = roll.is_long(comparison)
    return {
        "runs": tuple(told[: roll.MOST_TOLD] if is_long else told),
        "many": len(told) > MOST_OPEN,
        "count": len(told),
        "packed": tuple((first, Markup(text)) for first, text in roll.stories(comparison, told)) if is_long else (),
    }


def assumed(report: Report, most: int | None = None) -> tuple[str, ...]:
    """What was taken for true, with the trials that it was taken for unless it was for all.

    most: texts that differ in their numbers alone; None: as many as there are, few where the runs are many.
    """
    if report.comparison is None:
        return tuple(item.text for item in report.assumptions)
    labels: dict[str, list[str]] = {}
    for label, one in zip(report.comparison.labels, report.comparison.diagnoses, strict=True):
        for item in one.assumptions:
            labels.setdefault(item.text, []).append(wording.shortened(label, 40))
    everywhere = len(report.comparison.labels)
    most = most or (MOST_ALIKE if roll.is_long(report.comparison) else everywhere)
    alike: dict[str, list[str]] = {}  # texts that differ in their numbers alone
    for text in labels:
        alike.setdefault(NUMBER.sub("#", text), []).append(text)
    said = []
    for texts in alike.values():
        for text in texts[:most]:
            named = labels[text]
            said.append(text if len(named) == everywhere else f"{text} ({wording.listed(named, 3)})")
        if more := sum(len(labels[text]) for text in texts[most:]):
            said.append(f"The same with other numbers, for {wording.plural(more, 'further run')}; the JSON has each.")
    return tuple(said)


def _which(comparison: Comparison) -> str:
    """Which pairs a list holds."""
    best, reference = (wording.shortened(name, 40) for name in (comparison.labels[0], comparison.reference))
    return f"all with {best}, the best" + (f", or {reference}, the reference" if reference != best else "")


def tiers(comparison: Comparison) -> tuple[dict[str, Any], ...]:
    """Each tier with its trials: level, interval and where they stand on the shared scale."""
    low, size, _ = _scale(comparison)
    made = []
    is_long = roll.is_long(comparison)
    for at, tier in enumerate(comparison.tiers[: roll.MOST_TIERS] if is_long else comparison.tiers):
        number = comparison.tier_of[tier[0]]
        shown = tier[: roll.MOST_MEMBERS] if is_long else tier
        members = [_ranked(comparison, label, low, size) for label in shown]
        what = "alone" if len(tier) == 1 else "tied with each other"
        above = "beaten by none" if not at else f"beaten by tier {at}"
        said = what if len(comparison.tiers) == 1 else f"{above}; {what}" if len(tier) > 1 else above
        if number is None:
            said = f"not ranked; {_why_unranked(comparison, tier)}"
        name = f"Tier {number}" if number else "No tier"
        made.append({"name": name, "said": said, "members": members, "more": len(tier) - len(shown)})
    return tuple(made)


def _why_unranked(comparison: Comparison, tier: tuple[str, ...]) -> str:
    """Why runs have no place: what they measure is another thing, or nothing."""
    why = [comparison.unranked[label] for label in tier if label in comparison.unranked]
    if why and all(label in comparison.twins for label in tier):
        return f"given twice: {why[0]}"
    return f"not comparable: {why[0]}" if why else "no level to compare"


def _ranked(comparison: Comparison, label: str, low: float, size: float) -> dict[str, Any]:
    at = comparison.at[label]
    one, level = comparison.diagnoses[at], comparison.levels[at]
    shown = {
        "label": label,
        "tint": tint(comparison, label),
        "what": _what(comparison, label),
        "level": "not judged",
        "interval": "",
        "gain": "",
        "strip": None,
    }
    if level is None:
        return shown
    accuracy = one.scale.accuracy
    gain = level.value - one.improvement.baseline if one.improvement else None
    ends = level.interval or (level.value, level.value)
    left, dot = (f"{_share(value, low, size):.1f}%" for value in (ends[0], level.value))
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
    at = comparison.at[label]
    return wording.listed(
        [f"{key.rsplit('.', 1)[-1]} {config_text(comparison.differences[key][at])}" for key in changed], 3
    )


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


def spent(comparison: Comparison) -> float | None:
    """GPU-hours of all runs together; None when those of one are unknown."""
    hours = [cost.gpu_hours for cost in comparison.costs]
    return None if None in hours else sum(known for known in hours if known is not None)


def reached(comparison: Comparison) -> tuple[ReachedSaid, ...]:
    """Levels worth reaching, and the hours each run took to reach them: GPU-hours where GPUs are known for all."""
    gpus = all(cost.gpus for cost in comparison.costs)
    known = [level.value for level in comparison.levels if level is not None]
    if len(known) < 2:
        return ()
    base = comparison.diagnoses[0].improvement.baseline if comparison.diagnoses[0].improvement else min(known)
    made: list[ReachedSaid] = []
    for goal in (base + share * (known[0] - base) for share in GOALS):
        hours = [cost.to_reach(goal) for cost in comparison.costs]
        times = [None if one is None else one * (cost.gpus or 1 if gpus else 1)
                 for one, cost in zip(hours, comparison.costs, strict=True)]  # fmt: skip
        made.append({"level": goal, "unit": "GPU-hours" if gpus else "Hours",
                     "hours": dict(zip(comparison.labels, times, strict=True))})  # fmt: skip
    return tuple(made)


def goals(comparison: Comparison) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """The same as text: "GPU-hours to 27.56 %", and each trial with its number."""
    accuracy = comparison.diagnoses[0].scale.accuracy
    return tuple(
        (
            f"{one['unit']} to {wording.level(one['level'], accuracy)}",
            tuple((label, "never" if hours is None else wording.hours(hours, 2))
                  for label, hours in list(one["hours"].items())[: overlays.MOST_COLOURED]),
        )
        for one in reached(comparison)
    )  # fmt: skip


def each(label: str, one: Diagnosis) -> dict[str, Any]:
    """One run, folded: verdict, what stood out, where it came from."""
    telling = [found for found in one.findings if found.severity >= Severity.NOTE]
    telling.sort(key=lambda found: -found.severity)
    return {
        "label": label,
        "decision": card.DECISIONS[one.verdict.decision],
        "look": card.LOOKS[one.verdict.severity],
        "headline": one.verdict.headline,
        "lead": one.verdict.lead,
        "cause": one.verdict.cause_line,
        "findings": tuple(
            (card.LOOKS[found.severity], found.severity.word, titles.title(found.check), found.headline)
            for found in telling[:8]
        ),
        "steps": tuple((step.action, step.why, step.key or "") for step in one.verdict.next_steps),
        "source": one.run.source,
        "notes": one.run.notes[:6],
    }
