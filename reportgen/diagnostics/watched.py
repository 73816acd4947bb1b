"""Policy and system signals as the checks look at them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reportgen import metrics, wording
from reportgen.findings import Evidence, Figure, Mark, Skipped
from reportgen.seen import LEAST, Seen
from reportgen.signals import robust

CHANGED = 10.0  # times: a signal that has changed so much is nothing to pass over
NOISES = 5.0  # standard deviations of a single value that such a change must exceed
LEAST_SIZE = {"share": 0.001, "nats": 0.001, "tokens": 1.0}  # below it a signal counts as being there


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


def times(seen: Seen) -> str | None:
    """How its end differs from its start, where that is a lot: "26 times more than at the start"; None: it isn't."""
    factor = grown(seen)
    if factor is None or 1 / CHANGED < factor < CHANGED:
        return None
    return f"{wording.number(max(factor, 1 / factor), 2)} times {'more' if factor > 1 else 'less'} than at the start"


def grown(seen: Seen) -> float | None:
    """End over start, the smallest size that counts for less; None: one is nothing, or it is within the noise."""
    floor = LEAST_SIZE.get(seen.unit, 0.0)
    start = max(abs(seen.start), floor)
    ends = [max(abs(end), floor) for end in (seen.end, seen.latest)]
    if min(start, *ends) <= 0:
        return None
    end = max(ends, key=lambda size: max(size / start, start / size))
    return end / start if abs(end - start) > NOISES * robust.difference_sd(seen.values) else None


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
