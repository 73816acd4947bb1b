"""Order and grouping: what stands on a page, and in which section."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from reportgen import wording
from reportgen.comparison import Comparison, compare
from reportgen.findings import Assumption, Diagnosis, Figure, Finding, Skipped
from reportgen.report import figures, titles
from reportgen.report.figures import Panel

Kind = Literal[
    "curve", "signals", "metrics", "checks", "config", "provenance", "glossary",
    "tiers", "overlay", "results", "differences", "pairs", "efficiency", "runs",
]  # fmt: skip


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


@dataclass(frozen=True)
class Report:
    """Everything a page shows, in order."""

    title: str
    diagnoses: tuple[Diagnosis, ...]
    comparison: Comparison | None
    sections: tuple[Section, ...]
    unread: tuple[tuple[str, str], ...]
    assumptions: tuple[Assumption, ...]

    @property
    def headline(self) -> str:
        """The answer in one sentence, for a terminal's last line."""
        if self.comparison is None:
            return self.diagnoses[0].verdict.headline
        return f"{wording.plural(len(self.diagnoses), 'run')} in {wording.plural(len(self.comparison.tiers), 'tier')}"


def compose(
    diagnoses: Iterable[Diagnosis], unread: Iterable[tuple[str, str]] = (), *, title: str | None = None
) -> Report:
    """One or many diagnoses as a report in reading order."""
    given = tuple(diagnoses)
    comparison = compare(given, given[0].settings) if len(given) > 1 else None
    return Report(
        title=title or titles.of_page(given),
        diagnoses=given,
        comparison=comparison,
        sections=sections(given[0]) if comparison is None else (),
        unread=tuple((str(source), str(problem)) for source, problem in unread),
        assumptions=tuple({(item.name, item.text): item for diagnosis in given for item in diagnosis.assumptions}.values()),
    )


def sections(diagnosis: Diagnosis, key: str = "") -> tuple[Section, ...]:
    """One run's sections; key goes before every id, for a page of several runs."""
    curve, panels = figures.reward(diagnosis, f"{key}curve-chart"), figures.panels(diagnosis, f"{key}signal")
    run, noun = diagnosis.run, "accuracy" if diagnosis.scale.accuracy else "reward"
    pointed = tuple(found.figure for found in diagnosis.findings if found.figure and found.severity >= 2)
    parts = [
        Section(f"{key}curve", "Reward curve", titles.of_curve(diagnosis), titles.curve_deck(diagnosis), (curve,) if curve else (),
                kind="curve", diagnosis=diagnosis),
        Section(f"{key}signals", "Policy signals", titles.of_signals(diagnosis), titles.signals_deck(diagnosis), pointed,
                kind="signals", panels=panels, diagnosis=diagnosis),
        Section(f"{key}checks", "Checks", titles.of_checks(diagnosis), "", (), diagnosis.findings, diagnosis.skipped,
                kind="checks", diagnosis=diagnosis),
        Section(f"{key}config", "Config", titles.of_config(run), titles.config_deck(run), kind="config", diagnosis=diagnosis),
        Section(f"{key}provenance", "Provenance and assumptions", titles.of_provenance(diagnosis), kind="provenance",
                diagnosis=diagnosis),
        Section(f"{key}glossary", "Glossary", f"The terms behind {noun} and checks, for readers from other fields",
                kind="glossary", diagnosis=diagnosis),
    ]  # fmt: skip
    return tuple(part for part in parts if part.kind != "curve" or part.figures)
