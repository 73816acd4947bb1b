"""Every eval set beside the main one: which rose, which fell, and which the page judges by."""

from __future__ import annotations

from collections.abc import Iterator

from reportgen import wording
from reportgen.evals import Eval
from reportgen.findings import Check, EvalGain, Evidence, Finding, Severity, Skipped
from reportgen.settings import Settings

NAMED = 3  # sets in a headline; the table has them all


def all_evals(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """What each eval set gained, and whether any of them fell."""
    judged = [(one, gain) for one, gain in zip(evidence.cast.evals, evidence.eval_gains, strict=True) if gain]
    if not judged:
        return Skipped("evals", (), "no eval was logged")
    fallen = [(one, gain) for one, gain in judged if gain.fall is not None]
    is_news = any(not _is_told_elsewhere(one, evidence) for one, _ in fallen)
    gains = [gain for _, gain in judged]
    rose, fell = (sum(gain.direction == way for gain in gains) for way in ("rising", "falling"))
    headline = f"{_said(*judged[0], evidence)}"
    if fallen:
        more = f" and {wording.plural(len(fallen) - NAMED, 'other')}" if len(fallen) > NAMED else ""
        headline = "; ".join(_fall(one, gain) for one, gain in fallen[:NAMED]) + more
    elif len(judged) > 1:
        rest = len(judged) - 1
        headline += f"; {wording.plural(rest, 'other eval')}: {_tally(gains[1:])}"
    main = evidence.cast.main
    detail = f"Judged by {main.label}: {main.why}." if main is not None and len(judged) > 1 else ""
    return Finding(
        "evals",
        Severity.WARNING if is_news else Severity.NOTE if fallen else Severity.OK,
        headline,
        detail,
        {
            "main": main.name if main is not None else None,
            "rose": rose,
            "fell": fell,
            "sets": [_row(one, gain) for one, gain in judged],
            "rule": "below the best by more than chance, corrected for picking the best, or a falling line through all",
            "threshold": settings.significance,
        },
        steps=(fallen[0][1].best_step, int(fallen[0][0].values.index[-1])) if fallen else None,
    )


def _is_told_elsewhere(one: Eval, evidence: Evidence) -> bool:
    """The main eval's fall has a check of its own where enough evals were logged for one."""
    return one.main and evidence.eval is not None and evidence.eval.collapse.collapsed


def _fall(one: Eval, gain: EvalGain) -> str:
    top, last = (wording.level(value, one.accuracy) for value in (gain.best, gain.last))
    return f"{one.label} fell from {top} at step {wording.count(gain.best_step)} to {last}"


def _said(one: Eval, gain: EvalGain, evidence: Evidence) -> str:
    accuracy = evidence.scale.accuracy if one.main else one.accuracy
    if len(one.values) == 1:
        return f"{one.label}: {wording.level(gain.last, accuracy)}, one eval"
    first, last = wording.level(gain.first, accuracy), wording.level(gain.last, accuracy)
    best = f", {wording.level(gain.best, accuracy)} at best" if gain.best > max(gain.first, gain.last) else ""
    return f"{one.label}: {first} to {last} over {wording.plural(len(one.values), 'eval')}{best}"


def _tally(gains: list[EvalGain]) -> str:
    """How many rose, how many are flat; what can't be told is said."""
    counted: Iterator[tuple[str, int]] = (
        (word, sum(gain.direction == way for gain in gains))
        for way, word in (("rising", "rose"), ("flat", "flat"), ("falling", "fell"), (None, "can't be told"))
    )
    return ", ".join(f"{number} {word}" for word, number in counted if number)


def _row(one: Eval, gain: EvalGain) -> dict[str, object]:
    return {
        "eval": one.label,
        "problems": one.problems,
        "first": gain.first,
        "best": gain.best,
        "last": gain.last,
        "gain": gain.absolute,
        "interval": list(gain.interval) if gain.interval else None,
        "direction": gain.direction or "can't be told",
    }


CHECKS = (Check("evals", "generalisation", "All evals", "Did every eval set follow?", (), all_evals),)
