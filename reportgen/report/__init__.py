"""Order and grouping: what stands on a page, and in which section."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from reportgen import foreign, redact, wording
from reportgen.choice import Choice, choose
from reportgen.comparison import Comparison, compare
from reportgen.errors import SourceError
from reportgen.findings import Assumption, Diagnosis, Severity
from reportgen.gates import Result
from reportgen.report import compared, figures, plugged, titles
from reportgen.report.parts import Section
from reportgen.report.since import Since, since
from reportgen.saved import diagnosis_of
from reportgen.slim import slim

__all__ = ["Report", "Section", "compose", "from_json", "sections"]


@dataclass(frozen=True)
class Report:
    """Everything a page shows, in order."""

    title: str
    diagnoses: tuple[Diagnosis, ...]
    comparison: Comparison | None
    sections: tuple[Section, ...]
    unread: tuple[tuple[str, str], ...]
    assumptions: tuple[Assumption, ...]
    choice: Choice | None = None  # of several runs: which to take
    since: Since | None = None  # what changed since an earlier report
    passed_over: tuple[tuple[str, str], ...] = ()  # files and folders that are no runs, and why
    gates: tuple[Result, ...] = ()  # what became of each gate that was asked for

    def __repr__(self) -> str:
        """One line: the title and the answer."""
        return f"<Report {self.title!r}: {self.headline}>"

    @property
    def headline(self) -> str:
        """The answer in one sentence, for a terminal's last line."""
        return self.choice.headline if self.choice is not None else self.diagnoses[0].verdict.headline


def compose(
    diagnoses: Iterable[Diagnosis],
    unread: Iterable[tuple[str, str]] = (),
    *,
    title: str | None = None,
    earlier: tuple[str, str] | None = None,
    passed_over: Iterable[tuple[str, str]] = (),
    gates: Iterable[Result] = (),
) -> Report:
    """One or many diagnoses as a report in reading order.

    earlier: text and name of an earlier report (its JSON or its page), against which this one is held.
    gates: what `gates.results` made of the promises asked for; a section of their own.
    """
    given = tuple(slim(one) for one in diagnoses)
    comparison = compare(given, given[0].settings) if len(given) > 1 else None
    changed = since(earlier[0], given, earlier[1]) if earlier is not None else None
    choice = choose(comparison) if comparison is not None else None
    parts = compared.sections(comparison, choice.label) if comparison and choice else sections(given[0])
    judged = tuple(gates)
    head = ((_changed(changed),) if changed is not None else ()) + ((_gated(judged),) if judged else ())
    return Report(
        title=title or titles.of_page(given),
        diagnoses=given,
        comparison=comparison,
        sections=(*head, *parts),
        unread=tuple((_said(source), _said(problem)) for source, problem in unread),
        assumptions=tuple(
            {(item.name, item.text): item for diagnosis in given for item in diagnosis.assumptions}.values()
        ),
        choice=choice,
        since=changed,
        passed_over=tuple((_said(path), _said(why)) for path, why in passed_over),
        gates=judged,
    )


def _changed(changed: Since) -> Section:
    """The section on what changed, before all else: its reader has seen the rest."""
    deck = f"Held against {wording.shortened(changed.source, 80)}."
    return Section("since", "Since the last review", changed.headline, deck, kind="since")


def _gated(judged: Sequence[Result]) -> Section:
    """The section on gates: what was asked of the runs, and what became of it."""
    broken = sum(one.breaks for one in judged)
    title = f"{wording.plural(broken, 'gate')} of {len(judged)} failed" if broken else "All gates passed"
    return Section("gates", "Gates", title, "A gate passes when the whole 95\u202f% interval is on its right side.",
                   kind="gates")  # fmt: skip


def _said(text: object) -> str:
    """A text that came from outside, without secrets."""
    return redact.text(str(text), keeps_hex=True)[0]


def from_json(text: str, *, title: str | None = None) -> Report:
    """The report that to_json() wrote, its page the same to the byte; SourceError when the text is none."""
    try:
        told = foreign.parsed(text)
        kept = told["saved"]
        unread = [(str(one["source"]), str(one["problem"])) for one in told["unread"]]
        passed = [(str(one["path"]), str(one["why"])) for one in (told.get("passed_over") or {}).get("places", ())]
        judged = [Result.of(one) for one in told.get("gates") or ()]
        packed, known = list(kept["diagnoses"]), str(kept["title"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SourceError(
            "no report that can be made anew: its JSON lacks `saved`; write it with `reportgen report --json`"
        ) from error
    if not packed:
        raise SourceError("a report without a run; make it anew from its runs")
    diagnoses = [diagnosis_of(one) for one in packed]
    try:
        return compose(diagnoses, unread, title=title or known, passed_over=passed, gates=judged)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError) as error:  # parts don't fit
        raise SourceError("a stored report is damaged (its parts don't fit); make it anew from its runs") from error


def _sets(diagnosis: Diagnosis, key: str) -> Iterator[Section]:
    """All evals where there are several, then the parts of the reward."""
    if len(diagnosis.evals) > 1:
        yield Section(f"{key}evals", "Evals", titles.of_evals(diagnosis), titles.evals_deck(diagnosis), kind="evals",
                      panels=figures.eval_panels(diagnosis, f"{key}eval"), diagnosis=diagnosis)  # fmt: skip
    if len(diagnosis.components) > 1:
        yield Section(f"{key}parts", "Parts of the reward", titles.of_components(diagnosis),
                      titles.components_deck(diagnosis), kind="components",
                      panels=figures.part_panels(diagnosis, f"{key}part"), diagnosis=diagnosis)  # fmt: skip


def _wrote(diagnosis: Diagnosis, key: str) -> tuple[Section, ...]:
    """What the model wrote; nothing where no rollouts were dumped, or none may be shown."""
    samples = diagnosis.samples
    if samples is None:
        return ()
    deck = (f"{wording.count(samples.n)} answers. A group is the answers to one problem at one step: where all are "
            "right, or all wrong, it teaches nothing.")  # fmt: skip
    return (Section(f"{key}samples", "What the model wrote", titles.of_samples(samples), deck, kind="samples",
                    diagnosis=diagnosis),)  # fmt: skip


def _timed(diagnosis: Diagnosis, key: str) -> tuple[Section, ...]:
    """Where the time went; nothing where no phase was timed."""
    if diagnosis.times is None:
        return ()
    return (Section(f"{key}times", "Where the time went", titles.of_times(diagnosis.times),
                    titles.times_deck(diagnosis.times), kind="times", diagnosis=diagnosis),)  # fmt: skip


def sections(diagnosis: Diagnosis, key: str = "") -> tuple[Section, ...]:
    """One run's sections; key goes before every id, for a page of several runs."""
    curve, panels = figures.reward(diagnosis, f"{key}curve-chart"), figures.panels(diagnosis, f"{key}signal")
    run, noun = diagnosis.run, "accuracy" if diagnosis.scale.accuracy else "reward"
    shown = {panel.finding.check for panel in panels if panel.finding}
    pointed = tuple(
        replace(found.figure, id=f"{key}figure-{found.check.replace('_', '-')}")
        for found in diagnosis.findings
        if found.figure and found.severity >= Severity.WARNING and found.check not in shown
    )
    about = partial(Section, diagnosis=diagnosis)
    title, deck = titles.of_curve(diagnosis), titles.curve_deck(diagnosis)
    found, skipped = diagnosis.findings, diagnosis.skipped
    terms = f"The terms behind {noun} and checks, for readers from other fields"
    parts = [
        about(f"{key}curve", "Reward curve", title, deck, (curve,) if curve else (), kind="curve"),
        *_sets(diagnosis, key),
        about(f"{key}signals", "Policy signals", titles.of_signals(diagnosis, len(panels)),
              titles.signals_deck(diagnosis, len(panels)), pointed,
              kind="signals", panels=panels),
        about(f"{key}checks", "Checks", titles.of_checks(diagnosis), "", (), found, skipped, kind="checks"),
        *_wrote(diagnosis, key),
        *_timed(diagnosis, key),
        *plugged.sections(diagnosis, key),
        about(f"{key}config", "Config", titles.of_config(run), titles.config_deck(run), kind="config"),
        about(f"{key}provenance", "Provenance and assumptions", titles.of_provenance(diagnosis), kind="provenance"),
        about(f"{key}glossary", "Glossary", terms, kind="glossary"),
    ]  # fmt: skip
    return tuple(part for part in parts if part.kind != "curve" or part.figures)
