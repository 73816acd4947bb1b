"""The report as Markdown for a pull request or a job's summary, curves as text."""

from __future__ import annotations

import re
from collections.abc import Iterable

from reportgen import wording
from reportgen.comparison import Comparison
from reportgen.findings import Diagnosis, Severity
from reportgen.render import card as cards
from reportgen.render.compared import MOST_ALIKE, assumed
from reportgen.render.evals_view import EVAL_COLUMNS, PART_COLUMNS, eval_rows, part_rows
from reportgen.render.sparkline import reward_line, sparkline
from reportgen.render.times_view import COLUMNS, spent, time_rows
from reportgen.report import Report, titles

MOST = 60_000  # characters; GitHub refuses a comment of more than 65,536
ROWS = 100  # runs in a table; the page has them all
SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!])")


SIGNS = {Severity.OK: "ok", Severity.NOTE: "note", Severity.WARNING: "**warning**", Severity.CRITICAL: "**critical**"}


def to_markdown(report: Report) -> str:
    """Verdict, table and curves, at most MOST characters."""
    parts = [card(report), _gates(report), _since(report)]
    if report.comparison is not None:
        parts.append(_comparison(report))
    for diagnosis in report.diagnoses[:ROWS] if report.comparison is None else ():
        parts += [_evals(diagnosis), _signals(diagnosis), _checks(diagnosis)]
    parts.append(_footing(report))
    text = "\n\n".join(part for part in parts if part) + "\n"
    return (
        text
        if len(text) <= MOST
        else text[: MOST - 60].rsplit("\n", 1)[0] + "\n\n… shortened; the page has all of it.\n"
    )


def _gates(report: Report) -> str:
    """What became of the gates."""
    rows = [(gate.run, code(gate.gate), gate.outcome, gate.said) for gate in report.gates[:ROWS]]
    return "### Gates\n\n" + table(("Run", "Gate", "Result", "Found"), rows) if rows else ""


def _since(report: Report) -> str:
    """What changed since the last review."""
    if report.since is None:
        return ""
    rows = [(change.run, change.what, change.before, change.now) for change in report.since.changes[:ROWS]]
    said = f"### {escaped(report.since.headline)}"
    return f"{said}\n\n" + table(("Run", "What", "Before", "Now"), rows) if rows else said


def card(report: Report) -> str:
    """The decision card."""
    if report.choice is not None:
        choice = report.choice
        lines = [f"## {escaped(choice.headline)}", f"**{escaped(report.title)}**", escaped(choice.lead)]
        numbers = choice.numbers
        following = [(step.action, step.why, step.key or "") for step in choice.next_steps]
    else:
        (diagnosis,) = report.diagnoses[:1]
        verdict = diagnosis.verdict
        lines = [
            f"## {escaped(verdict.headline)}",
            f"**{escaped(report.title)}**: decision: {cards.DECISIONS[verdict.decision]}, {escaped(verdict.because)}",
            escaped(verdict.lead),
            f"**What moved first:** {escaped(verdict.cause_line)}." if verdict.cause_line else "",
            f"`{reward_line(diagnosis, 60)}`" if reward_line(diagnosis) else "",
        ]
        numbers = verdict.numbers
        following = [(step.action, step.why, step.key or "") for step in verdict.next_steps]
    rows = [
        (item.label, " ".join(filter(None, cards.shown(item))), cards.interval_of(item), item.context)
        for item in numbers
    ]
    lines.append(table(("", "Value", "Interval", ""), rows) if rows else "")
    for number, (action, why, key) in enumerate(following[:3], start=1):
        lines.append(f"{number}. **{escaped(action)}** {escaped(why)}" + (f" ({code(key)})" if key else ""))
    return "\n\n".join(filter(None, lines))


class Marked(str):
    """Markdown of our own making: nothing in it is to be escaped."""


def escaped(text: object) -> str:
    """One line of any text, shown as it is written: no markup, no HTML, no mention, no line of its own."""
    line = SPECIAL.sub(r"\\\1", wording.printable(text, 400))
    return line.replace("@", "@\u200b").replace("&", "&amp;").replace("://", ":\u200b//")


def code(text: object) -> Marked:
    """A name as code, whatever it holds."""
    line = wording.printable(text, 200).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", line)), default=0) + 1)
    pad = " " if line[:1] == "`" or line[-1:] == "`" or not line else ""
    return Marked(f"{fence}{pad}{line}{pad}{fence}")


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; cells are escaped, those that are code already are not."""
    names = list(head)
    lines = [f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
    lines += [
        f"| {' | '.join(cell if isinstance(cell, Marked) else escaped(cell) for cell in row)} |"
        for row in rows
    ]
    return "\n".join(lines)


def _signals(diagnosis: Diagnosis) -> str:
    """Every role with its curve."""
    rows = []
    for played in diagnosis.roles.values():
        if played.name in diagnosis.run.history:
            values = diagnosis.run.history[played.name].dropna().to_numpy(float)
            if len(values):
                rows.append(
                    (
                        code(played.name),
                        Marked(f"`{sparkline(values, 30)}`"),
                        wording.number(values[0]),
                        wording.number(values[-1]),
                    )
                )
    return "### Signals\n\n" + table(("Metric", "Curve", "First", "Last"), rows) if rows else ""


def _evals(diagnosis: Diagnosis) -> str:
    """All evals where there are several, and the parts of the reward."""
    parts = []
    if len(diagnosis.evals) > 1:
        parts.append(f"### {escaped(titles.of_evals(diagnosis))}\n\n{table(EVAL_COLUMNS, eval_rows(diagnosis))}")
    if len(diagnosis.components) > 1:
        parts.append(f"### {escaped(titles.of_components(diagnosis))}\n\n{table(PART_COLUMNS, part_rows(diagnosis))}")
    if diagnosis.times is not None:
        table_ = table(COLUMNS, time_rows(diagnosis))
        title = escaped(titles.of_times(diagnosis.times))
        parts.append(f"### {title}\n\n{table_}\n\n{escaped(spent(diagnosis.times))}")
    return "\n\n".join(parts)


def _checks(diagnosis: Diagnosis) -> str:
    rows: list[tuple[str, str, str]] = []
    rows += [(Marked(SIGNS[found.severity]), titles.title(found.check), found.headline) for found in diagnosis.findings]
    rows += [("skipped", titles.title(item.check), item.reason) for item in diagnosis.skipped]
    return f"### {escaped(titles.of_checks(diagnosis))}\n\n" + table(("Result", "Check", "Finding"), rows)


def _comparison(report: Report) -> str:
    """Ranking in tiers, with each run's curve."""
    comparison = report.comparison
    assert comparison is not None
    rows = []
    for label, diagnosis, level in list(zip(comparison.labels, comparison.diagnoses, comparison.levels, strict=True))[
        :ROWS
    ]:
        accuracy = diagnosis.scale.accuracy
        rows.append((
            str(comparison.tier_of[label] or "–"),
            code(label),
            Marked(f"`{reward_line(diagnosis, 24)}`"),
            wording.level(level.value, accuracy) if level else "not known",
            wording.interval(level.interval, accuracy) if level and level.interval else "",
            diagnosis.verdict.headline,
        ))  # fmt: skip
    more = (
        f"\n\nand {wording.count(len(comparison.labels) - ROWS)} more on the page."
        if len(comparison.labels) > ROWS
        else ""
    )
    keys = list(comparison.differences)
    differ = (
        f"\n\nConfig keys that differ: {', '.join(code(key) for key in keys[:20])}"
        + (f" and {len(keys) - 20} more" if len(keys) > 20 else "")
        if keys
        else ""
    )
    return (
        _recipes(comparison)
        + "### Trials\n\n"
        + table(("Tier", "Trial", "Reward", f"Final {comparison.measure}", "95 %", "Verdict"), rows)
        + more
        + differ
    )


def _recipes(comparison: Comparison) -> str:
    """Recipes best first, where some were run with several seeds."""
    if comparison.recipes is None or not comparison.by_recipe:
        return ""
    recipes, accuracy = comparison.recipes, comparison.diagnoses[0].scale.accuracy
    tier = {at: number for number, places in enumerate(recipes.tiers, start=1) for at in places}
    rows = [
        (str(tier[at]), code(one.name), str(len(one.labels)), wording.level(one.mean, accuracy),
         wording.interval(one.interval, accuracy) if one.interval else "not known",
         wording.difference(-one.behind, accuracy) if one.behind is not None else "",
         wording.p_value(one.p) if one.p is not None else "", code(one.keep))
        for at, one in enumerate(recipes.recipes[:ROWS])
    ]  # fmt: skip
    head = ("Tier", "Recipe", "Seeds", f"Mean final {comparison.measure}", "95 %", "To the first", "", "Its best run")
    notes = "".join(f"\n\n{escaped(note[:1].upper() + note[1:])}." for note in recipes.notes)
    return f"### Recipes\n\n{table(head, rows)}{notes}\n\n"


def _footing(report: Report) -> str:
    lines = [f"- Assumed: {escaped(text)}" for text in assumed(report, MOST_ALIKE)[:20]]
    lines += [f"- Not read: {code(source)}: {escaped(problem)}" for source, problem in report.unread[:20]]
    return "\n".join(lines)
