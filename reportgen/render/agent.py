"""The report for a coding agent or a chat bot: decision, evidence, next steps, in few characters and stable order."""

from __future__ import annotations

from collections.abc import Iterable

from reportgen import wording
from reportgen.findings import NextStep, Number
from reportgen.render import card as cards
from reportgen.render.compared import assumed
from reportgen.report import Report

MOST = 1_500  # characters of the whole
LONGEST = 220  # of one line


def to_agent(report: Report) -> str:
    """At most MOST characters of `key: value` lines; what doesn't fit is left out from the end, and said."""
    lines = [f"report: {report.title}"]
    if report.choice is not None:
        choice = report.choice
        lines += [f"decision: take {choice.label}", f"headline: {choice.headline}", f"why: {choice.because}"]
        lines += _numbers(choice.numbers)
        lines += _steps(choice.next_steps)
        lines += [f"run: {label}: {one.verdict.headline}" for label, one in
                  zip(report.comparison.labels if report.comparison else (), report.comparison.diagnoses if
                      report.comparison else (), strict=True)]  # fmt: skip
    else:
        verdict = report.diagnoses[0].verdict
        lines += [f"decision: {cards.DECISIONS[verdict.decision]}", f"headline: {verdict.headline}",
                  f"why: {verdict.because}"]  # fmt: skip
        lines += [f"order: {verdict.cause_line}"] if verdict.cause_line else []
        lines += _numbers(verdict.numbers)
        lines += _steps(verdict.next_steps)
        lines += [f"{found.severity.word}: {found.headline}" for found in
                  sorted(report.diagnoses[0].findings, key=lambda found: -found.severity) if found.severity.value > 1]
    lines[1:1] = [f"gate {one.outcome}: {one.run}: {one.gate}: {one.said}" for one in report.gates if one.breaks]
    lines += [f"assumed: {text}" for text in assumed(report, 1)]
    lines += [f"not read: {source}: {problem}" for source, problem in report.unread]
    return _fitted([wording.printable(line, LONGEST) for line in lines])


def _numbers(numbers: Iterable[Number]) -> list[str]:
    """Each number with its interval and what it rests on, spelled as on the card."""
    said = []
    for item in numbers:
        shown = " ".join(part for part in (*cards.shown(item), cards.interval_of(item)) if part)
        said.append(f"{item.label}: {shown}" + (f" ({item.context})" if item.context else ""))
    return said


def _steps(steps: Iterable[NextStep]) -> list[str]:
    return [f"next {at}: {step.action}: {step.why}" for at, step in enumerate(steps, start=1)]


def _fitted(lines: list[str]) -> str:
    """As many lines as fit, and how many did not."""
    kept: list[str] = []
    for line in lines:
        if sum(map(len, kept)) + len(kept) + len(line) + 1 > MOST - 40:
            return "\n".join([*kept, f"… {len(lines) - len(kept)} lines more: --format text"]) + "\n"
        kept.append(line)
    return "\n".join(kept) + "\n"
