"""The report for a terminal: aligned, a sparkline, colour only when asked for."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap

from reportgen import evals, trainers, wording
from reportgen.diagnostics.casting import cast
from reportgen.findings import Diagnosis, Severity
from reportgen.metrics import BY_ROLE
from reportgen.render import card as cards
from reportgen.render.compared import MOST_ALIKE, assumed
from reportgen.render.sparkline import reward_line, sparkline
from reportgen.report import Report, titles
from reportgen.run import Run
from reportgen.settings import Settings

WIDTH = 100
IN_FULL = 6  # runs; more of them are a table alone
SIGNS = {Severity.OK: "●", Severity.NOTE: "■", Severity.WARNING: "▲", Severity.CRITICAL: "⬣"}
ANSI = {Severity.OK: "32", Severity.NOTE: "34", Severity.WARNING: "33", Severity.CRITICAL: "31"}
BOLD, FAINT = "1", "2"


def to_text(report: Report, colour: bool = False) -> str:
    """Verdict, numbers, checks and next steps of every run."""
    lines = _since(report)
    if report.comparison is not None:
        lines += [*_compared(report, colour), ""]
    for diagnosis in report.diagnoses if len(report.diagnoses) <= IN_FULL else ():
        lines += [*_run(diagnosis, colour), ""]
    lines += [f"gate {gate.state}: {_line(gate.run, 40)}: {gate.gate}: {_line(gate.said)}" for gate in report.gates]
    for text in assumed(report, MOST_ALIKE):
        lines += _wrapped(f"assumed: {text}")
    lines += [f"not read: {_line(source)}: {_line(problem)}" for source, problem in report.unread]
    return "\n".join(lines).rstrip() + "\n"


def _since(report: Report) -> list[str]:
    """What changed since the last review, a line each."""
    if report.since is None:
        return []
    rows = [
        (_line(change.run, 40), change.what, _line(change.before), "->", _line(change.now))
        for change in report.since.changes
    ]
    said = f"Since {_line(report.since.source)}: {report.since.headline}"
    return [said, *(f"  {line}" for line in aligned(rows)), ""]


def metrics_text(run: Run, settings: Settings) -> str:
    """What was logged, with its curve: which role each metric plays and why, by which steps, which eval it is."""
    run, played, found = cast(run, settings)
    roles = {one.name: one for one in played.values()}
    rows = []
    for name in sorted(run.history.columns, key=lambda name: (name not in roles, str(name))):
        values = run.history[name].dropna().to_numpy(float)
        one = roles.get(name)
        last = wording.number(values[-1]) if len(values) else "never"
        rows.append((_line(name, 60), wording.count(len(values)), last, sparkline(values, 16), one.role if one else "",
                     _line(run.axes.get(name, run.axis), 30), _eval_of(str(name), run.framework),
                     _line(one.why) if one else ""))  # fmt: skip
    size = f"{wording.plural(len(rows), 'metric')} over {wording.plural(len(run.history), 'step')}"
    whose = f", logged by {trainers.title(run.framework)}" if run.framework else ""
    titles = ("metric", "values", "last", "curve", "role", "axis", "eval", "why")
    head = f"{_line(run.name or run.id)}: {size}{whose}"
    if found.main is not None and len(found.evals) > 1:
        head += f"\n  main eval: {_line(found.main.label)}; {_line(found.main.why)}"
    return "\n".join([head, *(f"  {line}" for line in aligned([titles, *rows])), *_notes(run)])


def _eval_of(name: str, trainer: str) -> str:
    """The set and kind of number of an eval's metric: "gsm8k, mean@1"; "" for another metric."""
    found = evals.named(name, trainer)
    return _line(", ".join(part for part in (found.set or "held-out", found.kind, found.part) if part)) if found else ""


def _notes(run: Run) -> list[str]:
    """What the reader skipped or guessed."""
    return [line for note in run.notes for line in _wrapped(f"note: {note}", "  ", "    ")]


def roles_text() -> str:
    """Every role that `--metric` takes: what it is, and the first names that it is found by."""
    rows = [(role, f"{one.title}{f' [{one.unit}]' if one.unit else ''}", ", ".join(one.names[:3]) or "none")
            for role, one in BY_ROLE.items()]  # fmt: skip
    return "\n".join(aligned(rows)) + "\n"


def aligned(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Rows as lines, each column as wide as its widest cell."""
    table = list(rows)
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))] if table else []
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]


def _run(diagnosis: Diagnosis, colour: bool) -> list[str]:
    verdict, run = diagnosis.verdict, diagnosis.run
    about = ", ".join(text for text, _ in cards.identity(diagnosis))
    said = f"{SIGNS[verdict.severity]} {verdict.headline}"
    unjudged = [] if "train_reward" in diagnosis.roles else _notes(run)  # they may say why
    lines = [
        _painted(f"{_line(run.name or run.id)}  ({_line(about)})", FAINT, colour),
        _painted(said, f"{BOLD};{ANSI[verdict.severity]}", colour),
        f"  decision: {cards.DECISIONS[verdict.decision]}; {_line(verdict.because)}",
        *_wrapped(verdict.lead, "  "),
        *(_wrapped(f"what moved first: {verdict.cause_line}", "  ", "    ") if verdict.cause_line else ()),
        *unjudged,
    ]
    curve = reward_line(diagnosis, 60)
    lines += ["", f"  {curve}"] if curve else []
    numbers = [
        (item.label, " ".join(filter(None, cards.shown(item))), cards.interval_of(item), _line(item.context))
        for item in verdict.numbers
    ]
    lines += ["", *(f"  {line}" for line in aligned(numbers))]
    lines += ["", *_checks(diagnosis, colour), ""]
    for number, step in enumerate(verdict.next_steps, start=1):
        key = f" [{_line(step.key)}]" if step.key else ""
        lines += _wrapped(f"{number}. {step.action}: {step.why}{key}", "  ", "     ")
    return lines if unjudged else [*lines, *_notes(run)]


def _checks(diagnosis: Diagnosis, colour: bool) -> list[str]:
    """Worst first; the skipped ones in one line each at the end."""
    lines = []
    width = max((len(titles.title(found.check)) for found in diagnosis.findings), default=0)
    for found in sorted(diagnosis.findings, key=lambda found: -found.severity):
        word = _painted(f"{SIGNS[found.severity]} {found.severity.word:<8}", ANSI[found.severity], colour)
        lines.append(f"  {word}  {titles.title(found.check):<{width}}  {_line(found.headline)}")
    lines += [
        _painted(f"  – skipped   {titles.title(item.check):<{width}}  {_line(item.reason)}", FAINT, colour)
        for item in diagnosis.skipped
    ]
    return lines


def _compared(report: Report, colour: bool) -> list[str]:
    comparison = report.comparison
    assert comparison is not None
    rows: list[tuple[str, ...]] = [("tier", "trial", "reward", f"final {comparison.measure}", "95 %", "verdict")]
    for label, diagnosis, level in zip(comparison.labels, comparison.diagnoses, comparison.levels, strict=True):
        accuracy = diagnosis.scale.accuracy
        shown = wording.level(level.value, accuracy) if level else "not known"
        bounds = wording.interval(level.interval, accuracy) if level and level.interval else ""
        rows.append(
            (
                str(comparison.tier_of[label] or "–"),
                _line(label, 40),
                reward_line(diagnosis, 24),
                shown,
                bounds,
                _line(diagnosis.verdict.headline),
            )
        )
    lead = [_painted(_line(report.headline), BOLD, colour)]
    if report.choice is not None:
        lead += _wrapped(report.choice.lead, "  ")
    return [*lead, "", *(f"  {line}" for line in aligned(rows))]


def _line(text: object, limit: int = 300) -> str:
    """One line of any text that no terminal takes for a command."""
    return wording.printable(text, limit)


def _wrapped(text: str, first: str = "", later: str | None = None) -> list[str]:
    return wrap(_line(text, 2000), WIDTH, initial_indent=first, subsequent_indent=first if later is None else later)


def _painted(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text
