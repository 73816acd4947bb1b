"""The table of checks: answers by topic, each opening to its evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reportgen import wording
from reportgen.findings import Finding, Severity, Skipped
from reportgen.render import card
from reportgen.render.evidence import Piece, pieces, shown
from reportgen.report import Report, Section, titles

TOPICS = {
    "learning": "Learning",
    "generalisation": "Generalisation",
    "policy": "Policy",
    "rollouts": "Rollouts",
    "system": "System",
}


@dataclass(frozen=True)
class Row:
    """One check of the table: its answer and the evidence that it opens to."""

    id: str
    look: str  # "ok", "note", "warn", "crit", "skipd"
    word: str
    title: str
    headline: str
    detail: str
    judged: str
    evidence: tuple[Piece, ...]
    chart: str | None  # id of its chart


@dataclass(frozen=True)
class Group:
    """Rows or keys that belong together, under one name."""

    name: str
    rows: tuple[Any, ...]
    count: str


@dataclass(frozen=True)
class Tally:
    """How many checks gave one answer."""

    look: str
    text: str


def chart_ids(section: Section, report: Report) -> dict[str, str]:
    """Check -> the chart that shows what it judged."""
    beside = next(
        (item for item in report.sections if item.kind == "signals" and item.diagnosis is section.diagnosis), None
    )
    panels = beside.panels if beside is not None else ()
    pointed = {
        figure.id.partition("figure-")[2].replace("-", "_"): figure.id for figure in (beside.figures if beside else ())
    }
    return pointed | {panel.finding.check: panel.figure.id for panel in panels if panel.finding is not None}


def check_groups(section: Section, charts: Mapping[str, str]) -> tuple[Group, ...]:
    """The checks by topic, in reading order; the skipped ones after those of their topic.

    charts: check -> id of the chart that shows it.
    """
    accuracy = section.diagnosis is not None and section.diagnosis.scale.accuracy
    rows: dict[str, list[Row]] = {topic: [] for topic in TOPICS}
    for found in section.findings:
        rows[titles.topic(found.check)].append(_judged(found, charts.get(found.check), accuracy))
    for item in section.skipped:
        rows[titles.topic(item.check)].append(_skipped(item))
    return tuple(Group(TOPICS[topic], tuple(group), str(len(group))) for topic, group in rows.items() if group)


def tally(section: Section) -> tuple[Tally, ...]:
    """How many of each answer, worst first."""
    counted = Counter(found.severity for found in section.findings)
    said = [
        Tally(card.LOOKS[severity], _counted(counted[severity], severity))
        for severity in sorted(Severity, reverse=True)
        if counted[severity]
    ]
    return (*said, *([Tally("skipd", f"{len(section.skipped)} skipped")] if section.skipped else []))


def _counted(number: int, severity: Severity) -> str:
    """How many of one answer: "3 notes", "2 critical"."""
    many = severity in (Severity.NOTE, Severity.WARNING)
    return wording.plural(number, severity.word) if many else f"{number} {severity.word}"


def _judged(found: Finding, chart: str | None, accuracy: bool) -> Row:
    judged = str(found.evidence.get("rule") or shown(found.evidence.get("threshold", "")))
    return Row(
        id=f"check-{found.check.replace('_', '-')}",
        look=card.LOOKS[found.severity],
        word=found.severity.word,
        title=titles.title(found.check),
        headline=found.headline,
        detail=found.detail,
        judged=wording.shortened(judged, 120),
        evidence=pieces(found, accuracy),
        chart=chart,
    )


def _skipped(item: Skipped) -> Row:
    missing = (Piece("Would need", ", ".join(item.missing)),) if item.missing else ()
    return Row(
        f"check-{item.check.replace('_', '-')}",
        "skipd",
        "skipped",
        titles.title(item.check),
        _sentence(item.reason),
        "",
        "",
        missing,
        None,
    )


def _sentence(text: str) -> str:
    """The text with a capital, unless it begins with the name of a metric."""
    is_name = any(mark in text.split(" ", 1)[0] for mark in "/_.")
    return text if is_name else text[:1].upper() + text[1:]
