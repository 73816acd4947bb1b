"""Policy and system signals as the checks look at them, and the order in which several moved."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reportgen import metrics, wording
from reportgen.findings import Evidence, Figure, Mark, Skipped
from reportgen.seen import LEAST, Seen

GROWN = 5.0  # times its start: a signal that grew so is told, though it is within its limit
WATCHED_TOGETHER = (
    "grad_norm", "kl", "behaviour_kl", "entropy", "policy_loss", "clip_fraction", "truncation", "response_length",
    "sequence_length", "train_reward",
)  # fmt: skip


def watched(evidence: Evidence, role: str) -> Seen | None:
    """The signal of a role; None when nothing plays it or too little was logged."""
    seen = evidence.seen.get(role)
    return seen if seen is not None and len(seen.values) >= LEAST else None


def too_short(check: str, evidence: Evidence, role: str) -> Skipped:
    """A check that has too few values to look at."""
    seen = len(evidence.values(role)) if role in evidence.roles else 0
    logged = f"logged at {wording.plural(seen, 'step')}; {LEAST} are needed" if seen else "not logged"
    reason = f"{metrics.spoken(role)}: {logged}"
    return Skipped(check, (), reason)


def missing(check: str, role: str, evidence: Evidence) -> Skipped:
    """A check whose metric nobody logged, and what to log for it in the trainer's own words."""
    names = metrics.names_for(role, evidence.run.framework, evidence.run.history.columns)
    return Skipped(check, names, f"{metrics.spoken(role)}: not logged; log {names[0]} to have this judged")


def moves(evidence: Evidence) -> tuple[tuple[str, int], ...]:
    """(role, step) of each signal that left its level for good, in the order in which they did."""
    found = []
    for role in WATCHED_TOGETHER:
        seen = watched(evidence, role)
        left = seen.departure() if seen is not None else None
        if left is not None and left[1].is_sudden:
            found.append((role, left[0]))
    return tuple(sorted(found, key=lambda moved: moved[1]))


def order_of_moves(moved: tuple[tuple[str, int], ...]) -> str:
    """A sentence on who moved first; "" when fewer than two did."""
    if len(moved) < 2:
        return ""
    shown = [f"{metrics.spoken(role)} (step {wording.count(step)})" for role, step in moved]
    return "Order of the moves: " + ", then ".join(shown) + "."


def moved_with(evidence: Evidence) -> str:
    """A sentence on which signals left their levels, and in what order."""
    return order_of_moves(moves(evidence))


def times(seen: Seen) -> str | None:
    """How many times its start a signal is at its end; None where that is nothing to speak of."""
    now = max(seen.end, seen.latest)
    if seen.start <= 0 or now < GROWN * seen.start:
        return None
    return f"{wording.number(now / seen.start, 2)} times its start, {wording.number(seen.start)}"


def figure_of(seen: Seen, marks: tuple[Mark, ...] = (), caption: str = "") -> Figure:
    """A signal as a figure with what to point at in it."""
    gaps = np.full(len(seen.values), np.nan)
    frame = pd.DataFrame(
        {"step": seen.steps, "value": seen.values, "low": gaps, "high": gaps, "series": seen.title}, copy=False
    )
    return Figure(seen.role, seen.title, seen.unit, frame, marks, caption=caption or f"Source: {seen.name}.")


def limit_of(seen: Seen) -> tuple[Mark, ...]:
    """The threshold that judges a signal, as a level in its figure."""
    return () if seen.limit is None else (Mark("threshold", seen.limit_words, value=seen.limit),)


def limit_mark(value: float, label: str) -> Mark:
    """A threshold as a level in a figure."""
    return Mark("threshold", label, value=value)
