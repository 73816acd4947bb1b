"""The decision card as text and geometry, ready to be placed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from reportgen import trainers, wording
from reportgen.charts.theme import colour
from reportgen.diagnostics import causes
from reportgen.findings import Decision, Diagnosis, NextStep, Number, Severity

DECISIONS: dict[Decision, str] = {
    "continue": "continue",
    "stop": "stop",
    "roll_back": "roll back",
    "change_recipe": "change the recipe",
    "inconclusive": "inconclusive",
}
LOOKS = {Severity.OK: "ok", Severity.NOTE: "note", Severity.WARNING: "warn", Severity.CRITICAL: "crit"}
PAD = 0.08  # of a strip's scale, at either end


@dataclass(frozen=True)
class Strip:
    """An interval on a scale; every position in per cent of the width."""

    low: str
    width: str
    dot: str
    reference: str | None
    tint: str


@dataclass(frozen=True)
class Stat:
    """One number of the card, as text."""

    label: str
    href: str
    value: str
    unit: str
    interval: str
    context: str
    strip: Strip | None


@dataclass(frozen=True)
class Step:
    """One thing to do, with the link to its evidence."""

    action: str
    why: str
    key: str
    href: str
    check: str


def stats(diagnosis: Diagnosis, anchors: Iterable[str]) -> tuple[Stat, ...]:
    """The numbers that carry the verdict, at most five."""
    known, index = set(anchors), diagnosis.run.history.index
    reach = (float(index[0]), float(index[-1]))
    return _stats(diagnosis.verdict.numbers[:5], lambda check: href(check, known), reach)


def stats_of(given: Sequence[Number]) -> tuple[Stat, ...]:
    """The numbers that carry a choice between runs; each leads to a section."""
    return _stats(given, lambda section: f"#{section}", (0.0, 1.0))


def _stats(given: Sequence[Number], place: Callable[[str], str], reach: tuple[float, float]) -> tuple[Stat, ...]:
    return tuple(
        Stat(
            item.label,
            place(item.check),
            *shown(item),
            interval_of(item),
            unbroken(item.context),
            _strip(item, given, reach),
        )
        for item in given
    )


@dataclass(frozen=True)
class Cause:
    """Signals that moved at one step, with the link to the first one's evidence."""

    said: str
    href: str


def cause(diagnosis: Diagnosis, anchors: Iterable[str]) -> tuple[Cause, ...]:
    """What moved, in the order in which it did; empty when nothing broke."""
    known = set(anchors)
    said = [(words, href(moves[0].check, known)) for words, moves in causes.grouped(diagnosis.verdict.causes)]
    return tuple(
        Cause(words[:1].upper() + words[1:] if at == 0 else words, place) for at, (words, place) in enumerate(said)
    )


def keep(diagnosis: Diagnosis) -> str:
    """The checkpoint to keep, with its level."""
    return causes.keep_line(diagnosis.checkpoints, diagnosis.scale.accuracy)


def steps(following: Sequence[NextStep], anchors: Iterable[str], titles: dict[str, str]) -> tuple[Step, ...]:
    """What to do next, at most three."""
    known = set(anchors)
    return tuple(
        Step(item.action, item.why, item.key or "", href(item.check or "", known), titles.get(item.check or "", ""))
        for item in following[:3]
    )


def unbroken(text: str) -> str:
    """The text with "p < 0.001" and "n = 1,319" kept on one line."""
    return re.sub(r"\b([pn]) ([=<]) ", "\\1\u00a0\\2\u00a0", text)


def href(check: str, known: set[str]) -> str:
    """Where on the page the evidence of a check stands."""
    return f"#check-{check.replace('_', '-')}" if check in known else "#checks"


def shown(item: Number) -> tuple[str, str]:
    """Value and unit of a number, apart: ("+13.70", "pp")."""
    if item.unit == "accuracy":
        return wording.percent(item.value).removesuffix(f"{wording.THIN}%"), "%"
    if item.unit == "points":
        return wording.points(item.value).removesuffix(" pp"), "pp"
    if item.unit == "step":
        return f"step {wording.count(item.value)}", ""
    return (wording.hours if item.unit.endswith("hours") else wording.number)(item.value), item.unit


def interval_of(item: Number) -> str:
    """Its interval in the same unit; empty when there is none."""
    if item.interval is None:
        return ""
    if item.unit in ("accuracy", "points"):
        return wording.interval(item.interval, True, signed=item.unit == "points")
    return wording.interval(item.interval)


def identity(diagnosis: Diagnosis) -> tuple[tuple[str, bool], ...]:
    """What the run is, in a few words each; True: can be left out on a phone."""
    run = diagnosis.run
    logged, end = counted(diagnosis), wording.count(run.last_step)
    parts = [(trainers.title(run.framework) if run.framework else "", True)]
    parts.append(
        (
            f"{wording.plural(logged, 'step')}, to step {end}"
            if str(logged) != end
            else wording.plural(logged, "step"),
            False,
        )
    )
    if run.steps_per_epoch:
        epochs = logged / run.steps_per_epoch
        parts.append((f"{wording.number(epochs, 2)} epochs × {wording.count(run.steps_per_epoch)}", True))
    when = f" {run.started.day} {run.started:%b %Y}" if run.started else ""
    parts.append((("" if run.state == "unknown" else run.state) + when, False))
    if run.runtime_s:
        parts.append((wording.duration(run.runtime_s), True))
    return tuple((text.strip(), optional) for text, optional in parts if text.strip())


def counted(diagnosis: Diagnosis) -> int:
    """Steps that have a train reward; all steps when it plays no role."""
    played = diagnosis.roles.get("train_reward")
    logged = diagnosis.run.extent.logged
    return logged[played.name].count if played and played.name in logged else diagnosis.run.n_steps


def _strip(item: Number, beside: Sequence[Number], reach: tuple[float, float]) -> Strip | None:
    """The interval on the scale that it shares with the others of its unit."""
    if item.interval is None:
        return None
    if item.unit == "step":
        low, high = reach[0], max(reach[1], item.interval[1])
    else:
        same = [other for other in beside if other.unit == item.unit and other.interval]
        ends = [
            end for other in same for end in (*(other.interval or ()), other.value, other.reference) if end is not None
        ]
        low, high = min(ends), max(ends)
        low, high = low - PAD * (high - low), high + PAD * (high - low)
    size = (high - low) or 1.0

    def at(value: float) -> float:
        return min(100.0, max(0.0, 100 * (value - low) / size))

    left, right = at(item.interval[0]), at(item.interval[1])
    of_eval = item.check == "improvement" or "eval" in item.label.lower().replace("train–eval", "")
    tick = None if item.reference is None else f"{at(item.reference):.1f}%"
    return Strip(
        f"{left:.1f}%", f"{right - left:.1f}%", f"{at(item.value):.1f}%", tick, colour("eval" if of_eval else "train")
    )
