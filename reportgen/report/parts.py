"""What a page is made of: sections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from reportgen.findings import Diagnosis, Figure, Finding, Skipped
from reportgen.report.figures import Panel

Kind = Literal[
    "curve", "signals", "metrics", "checks", "config", "provenance", "glossary",
    "tiers", "recipes", "overlay", "results", "since", "gates", "samples", "evals", "components", "times",
    "differences", "pairs", "efficiency", "runs", "assumed", "plugged",
]  # fmt: skip


@dataclass(frozen=True)
class Body:
    """What stands in a section of another package."""

    origin: str  # the entry point's name
    template: str
    values: Mapping[str, Any]


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
    kind: Kind = "checks"  # templates/section_<kind>.html places it
    panels: tuple[Panel, ...] = ()
    diagnosis: Diagnosis | None = None  # the run it is about; None: all of them
    body: Body | None = None  # of a section of another package
