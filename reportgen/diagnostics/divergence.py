"""Does the policy stay where updates are valid: its distance from others, and its own entropy."""

from __future__ import annotations

import numpy as np

from reportgen import wording
from reportgen.diagnostics.watched import figure_of, limit_of, times, too_short, watched
from reportgen.findings import Check, Evidence, Finding, Mark, Severity, Skipped
from reportgen.seen import Seen
from reportgen.settings import Settings

DISSOLVING = 3.0  # times the entropy at the start
GROWING = 1.5
LOST = 0.05  # share of the entropy at the start that is next to nothing
HALVED = 0.5  # an entropy that was low from the start isn't gone before it has lost this much


def kl(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """How far the policy has gone from its reference."""
    seen = watched(evidence, "kl")
    if seen is None:
        return too_short("kl", evidence, "kl")
    if not seen.values.any():
        return Skipped("kl", (), f"{seen.name} is 0 throughout: its coefficient is 0, so the reference was not run")
    return _beyond("kl", seen, settings.kl_nats)


def behaviour_kl(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """How far the policy that learns has gone from the one that sampled."""
    seen = watched(evidence, "behaviour_kl")
    if seen is None:
        return too_short("behaviour_kl", evidence, "behaviour_kl")
    if not seen.values.any():
        text = "0 throughout: each batch is used for one update, so there is nothing between the policies"
        numbers = {"rule": "KL", "threshold": 0.0, "broke": False}
        return Finding("behaviour_kl", Severity.OK, text, f"Source: {seen.name}.", numbers)
    return _beyond("behaviour_kl", seen, settings.behaviour_kl_nats)


def _beyond(check: str, seen: Seen, limit: float) -> Finding:
    """A KL that is beyond its limit to stay or at the very end; critical when it got there in a leap."""
    since, left = seen.beyond(limit), seen.departure()
    is_over = since is not None and seen.end > limit
    is_late = not is_over and seen.latest > limit
    if is_late:
        since = seen.ends_beyond(limit)
    is_leap = is_over and left is not None and left[1].is_sudden and left[1].after > left[1].before
    highest, grown = float(seen.values.max()), times(seen)
    headline = f"{wording.number(seen.end)} nats at the end, {wording.number(highest)} at most"
    if is_over and since is not None:
        passed = f"Passed {wording.number(limit)} nats at step {wording.count(since)}"
        headline = f"{passed} and stayed above it; {wording.number(seen.end)} at the end"
    elif is_late and since is not None:
        last, usual = float(seen.values[-1]), float(np.median(seen.values))
        headline = (
            f"Passed {wording.number(limit)} nats at step {wording.count(since)}, just before the end: "
            f"{wording.number(last)} at the last step, {wording.number(usual)} before"
        )
    elif highest > limit:
        above = f"; above {wording.number(limit)} for a while from step {wording.count(since)} on" if since else ""
        headline += above or f", {wording.number(highest / limit, 2)} times the limit, at single steps"
    elif grown is not None:
        headline += f"; {grown}"
    is_noted = since is not None or highest > limit or grown is not None
    return Finding(
        check,
        Severity.CRITICAL if is_leap else Severity.WARNING if is_over or is_late
        else Severity.NOTE if is_noted else Severity.OK,
        headline,
        f"Source: {seen.name}.",
        {"start": seen.start, "end": seen.end, "latest": seen.latest, "highest": highest, "since_step": since,
         "broke": is_over or is_late, "rule": "nats, five values in a row and at the end", "threshold": limit},
        steps=(since, int(seen.steps[-1])) if (is_over or is_late) and since is not None else None,
        figure=figure_of(seen, limit_of(seen)) if since else None,
    )  # fmt: skip


def gone_below(start: float, settings: Settings) -> float:
    """Entropy below which next to no exploration is left, of a run that began with so much."""
    return max(min(settings.entropy_gone, HALVED * start), LOST * start)


def entropy(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """Whether the policy keeps its choices open: a cliff, a decay to nothing, or a dissolving."""
    seen = watched(evidence, "entropy")
    if seen is None:
        return too_short("entropy", evidence, "entropy")
    low, high = gone_below(seen.start, settings), DISSOLVING * seen.start
    end = seen.latest if max(seen.latest, seen.end) > high else seen.end
    change = end / seen.start - 1 if seen.start else 0.0
    left = seen.departure()
    is_cliff = left is not None and left[1].is_sudden and left[1].after < (1 - settings.entropy_cliff) * left[1].before
    is_gone, is_wild = seen.end < low, end > high
    since = seen.ends_below(low) if is_gone else seen.ends_beyond(high) if is_wild else None
    severity, ending = Severity.OK, "steady"
    if is_gone and since is not None:
        severity = Severity.WARNING
        ending = f"under {wording.number(low, 2)} since step {wording.count(since)}: almost no exploration is left"
    elif is_cliff and left is not None:
        severity, ending = Severity.WARNING, f"most of it at step {wording.count(left[0])}, a cliff"
        since = left[0]
    elif is_wild and since is not None:
        severity = Severity.WARNING
        ending = f"above {wording.number(high, 2)} since step {wording.count(since)}: the policy is losing its shape"
    elif change < -settings.entropy_cliff:
        severity, ending = Severity.NOTE, "a smooth decay, no cliff"
    elif change > GROWING - 1:
        severity, ending = Severity.NOTE, "growing"
    if is_gone and is_cliff and left is not None:
        ending += f"; a cliff at step {wording.count(left[0])}"
    marked = Mark("onset", "cliff" if is_cliff else "gone" if is_gone else "passed", float(since or 0))
    return Finding(
        "entropy",
        severity,
        f"{_way(change, seen.start, end)}, {wording.number(seen.start)} to {wording.number(end)} nats; {ending}",
        f"Source: {seen.name}.",
        {"start": seen.start, "end": end, "change": change, "since_step": since,
         "cliff_step": left[0] if is_cliff and left else None, "broke": is_gone or is_wild,
         "rule": f"nats left at the end; share lost in a leap of about {settings.entropy_cliff_steps} steps",
         "threshold": {"gone": low, "dissolving": high, "cliff": settings.entropy_cliff}},
        steps=(since, int(seen.steps[-1])) if since is not None else None,
        figure=figure_of(seen, (marked,)) if since is not None else None,
    )  # fmt: skip


def _way(change: float, start: float, end: float) -> str:
    """ "Fell 8 %", "Rose 5.1 times"."""
    if change > 1:
        return f"Rose {wording.number(end / start, 2)} times"
    return f"{'Fell' if change < 0 else 'Rose'} {wording.percent(abs(change), 0)}"


CHECKS = (
    Check("kl", "policy", "KL to the reference", "Is it still the same model?", ("kl",), kl),
    Check("behaviour_kl", "policy", "KL to the sampling policy", "Are the samples stale?", ("behaviour_kl",),
          behaviour_kl),
    Check("entropy", "policy", "Entropy", "Does it still explore?", ("entropy",), entropy),
)  # fmt: skip
