"""Order and grouping: what stands on a page, and in which section."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reportgen.comparison import Comparison
from reportgen.findings import Assumption, Diagnosis, Figure, Finding, Skipped


@dataclass(frozen=True)
class Section:
    """One part of a page: its finding as title, what stands in it."""

    id: str
    kicker: str  # "Reward curve"
    title: str  # the finding, with its number
    deck: str = ""  # what is drawn, unit, what shading means
    figures: tuple[Figure, ...] = ()
    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True)
class Report:
    """Everything a page shows, in order."""

    title: str
    diagnoses: tuple[Diagnosis, ...]
    comparison: Comparison | None
    sections: tuple[Section, ...]
    unread: tuple[tuple[str, str], ...]
    assumptions: tuple[Assumption, ...]


def compose(diagnoses: Iterable[Diagnosis], unread: Iterable[tuple[str, str]] = ()) -> Report:
    """One or many diagnoses as a report in reading order."""
    raise NotImplementedError
