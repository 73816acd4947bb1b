"""Is there a signal to learn from, and do updates keep their size."""

from __future__ import annotations

import numpy as np

from reportgen import wording
from reportgen.diagnostics.watched import figure_of, limit_of, missing, times, too_short, watched
from reportgen.findings import Check, Evidence, Finding, Mark, Severity, Skipped
from reportgen.seen import LEAST
from reportgen.settings import Settings
from reportgen.signals import robust

AWAY = 3.0  # times the gradient norm before, to stay: it ran away
FADED = 0.02  # share of the gradient norm at the start that moves nothing any more
NONE_LEFT = 0.9  # share of groups without variance from which next to nothing teaches
IDLE = 0.1  # share of recent updates without effect that a reader should know of
MEDIAN_HALF = 10  # steps on each side of a gradient norm's running median


def loss(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """Whether the policy loss stays bounded; near zero it is by construction."""
    seen = watched(evidence, "policy_loss")
    if seen is None:
        return too_short("loss", evidence, "policy_loss")
    left = seen.departure()
    rises = left is not None and abs(left[1].after) > abs(left[1].before)
    jumped = rises and left is not None and left[1].is_sudden
    numbers = {"start": seen.start, "end": seen.end, "left_at": left[0] if left else None,
               "since_step": left[0] if jumped and left else None, "broke": jumped,
               "rule": "lasting departure of the level from its noise", "threshold": 6.0}  # fmt: skip
    if left is None or not rises:
        text = f"Bounded: {wording.number(seen.start)} at the start, {wording.number(seen.end)} at the end"
        return Finding("loss", Severity.OK, text, f"Source: {seen.name}.", numbers)
    way, step = "Jumped" if left[1].is_sudden else "Drifted", wording.count(left[0])
    return Finding(
        "loss",
        Severity.WARNING if left[1].is_sudden else Severity.NOTE,
        f"{way} from {wording.number(left[1].before)} to {wording.number(left[1].after)}, from step {step} on",
        f"Source: {seen.name}.",
        numbers,
        steps=(left[0], int(seen.steps[-1])),
        figure=figure_of(seen, (Mark("onset", way.lower(), float(left[0])),)),
    )


def advantages(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """Whether advantages still spread; their mean is zero by construction and says nothing."""
    seen = watched(evidence, "advantage_spread")
    if seen is None or seen.limit is None:
        if "advantages" in evidence.roles:
            reason = "only the mean of advantages was logged, which is zero by construction; log their spread"
            return Skipped("advantages", ("advantages/std",), reason)
        return missing("advantages", "advantage_spread", evidence)
    is_dead, is_low = not seen.values.any(), seen.end < seen.limit
    since = seen.ends_below(seen.limit) if is_low and not is_dead else None
    headline = f"{wording.number(seen.end)} at the end; never below {wording.number(float(seen.values.min()))}"
    if is_dead:
        headline = "No spread at any step: there was nothing to learn from"
    elif is_low:
        was = f"{wording.number(seen.start)} at the start"
        headline = f"{wording.number(seen.end)} at the end, {was}: little signal left"
    grown = None if is_low else times(seen)
    headline += f"; {grown}" if grown else ""
    return Finding(
        "advantages",
        Severity.CRITICAL if is_dead else Severity.WARNING if is_low else Severity.NOTE if grown else Severity.OK,
        headline,
        f"Source: {seen.name}.",
        {"start": seen.start, "end": seen.end, "lowest": float(seen.values.min()),
         "since_step": since, "broke": is_low, "rule": "spread of advantages at the end", "threshold": seen.limit},
        figure=figure_of(seen, limit_of(seen)) if is_low else None,
    )  # fmt: skip


def zero_variance(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """Share of groups whose answers all earned the same, so that they teach nothing."""
    seen = watched(evidence, "zero_variance_groups")
    if seen is None:
        return too_short("zero_variance", evidence, "zero_variance_groups")
    is_over = seen.end > settings.zero_variance_share
    since = seen.ends_beyond(settings.zero_variance_share) if is_over else None
    grown = None if is_over else times(seen)
    headline = f"{wording.percent(seen.end, 0)} of groups at the end, {wording.percent(seen.start, 0)} at the start"
    headline += f": {grown}" if grown else ""
    return Finding(
        "zero_variance",
        Severity.WARNING if is_over else Severity.NOTE if grown else Severity.OK,
        headline + (": most of a batch teaches nothing" if is_over else ""),
        f"Source: {seen.name}.",
        {"start": seen.start, "end": seen.end, "since_step": since, "broke": seen.end > NONE_LEFT,
         "rule": "share of groups without variance, at the end",
         "threshold": settings.zero_variance_share},
    )  # fmt: skip


def grad_norm(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """Spikes of the gradient norm, and whether it ran away."""
    seen = watched(evidence, "grad_norm")
    if seen is None:
        return too_short("grad_norm", evidence, "grad_norm")
    usual = np.maximum(robust.running_median(seen.values, MEDIAN_HALF), 1e-12)
    ratio = np.where(seen.values > 0, seen.values / usual, 0.0)
    high = (ratio > settings.grad_norm_factor) & (seen.values > np.median(seen.values))
    spikes = [int(step) for step in seen.steps[high]]
    left = seen.departure()
    is_away = left is not None and left[1].is_sudden and left[1].after > AWAY * max(left[1].before, 1e-12)
    faded = seen.ends_below(FADED * seen.start) if seen.end < FADED * seen.start else None
    grown, latest = times(seen), float(seen.values[-1])
    is_grown = not is_away and seen.end > settings.grad_norm_factor * seen.start > 0
    usual_size = settings.grad_norm_factor * float(np.median(seen.values))
    is_late = not is_away and not is_grown and seen.latest > usual_size > 0
    headline = f"{wording.number(seen.end)} at the end, {wording.number(float(seen.values.max()))} at most; no spikes"
    if is_away and left is not None:
        before, after = wording.number(left[1].before), wording.number(left[1].after)
        headline = f"Ran away at step {wording.count(left[0])}: {before} to {after}"
    elif is_grown:
        times_more = wording.number(seen.end / seen.start, 2)
        headline = f"{wording.number(seen.end)} at the end, {times_more} times more than at the start"
    elif is_late:
        last, was = wording.number(latest), wording.number(seen.end)
        headline = f"Running away at the end: {last} at the last step, {was} before"
    elif faded is not None:
        was = f"{wording.number(seen.start)} at the start"
        headline = f"Faded to {wording.number(seen.end)} of {was}: since step {wording.count(faded)} nothing moves"
    elif spikes:
        sizes = wording.listed([f"{size:.0f}" for size in ratio[high]])
        headline = f"{wording.plural(len(spikes), 'spike')}, at step {wording.listed(spikes)}: {sizes} times the median"
    elif grown is not None:
        headline += f"; {grown}"
    elif seen.values[-3:].max() > AWAY * seen.end:
        headline += f"; {wording.number(latest)} at the last step"
    is_noted = bool(spikes) or grown is not None or latest > AWAY * seen.end
    is_broken = is_away or is_grown or is_late or faded is not None
    marks = tuple(Mark("spike", "spike", float(step)) for step in spikes[:20])
    return Finding(
        "grad_norm",
        Severity.WARNING if is_broken else Severity.NOTE if is_noted else Severity.OK,
        headline,
        f"Source: {seen.name}.",
        {"spikes": spikes[:50], "times_the_median": [float(size) for size in ratio[high][:50]],
         "highest": float(seen.values.max()), "left_at": left[0] if is_away and left else None,
         "since_step": left[0] if is_away and left else seen.ends_beyond(AWAY * seen.start) if is_grown else faded,
         "broke": is_broken, "faded": faded is not None and not (is_away or is_grown or is_late),
         "start": seen.start, "end": seen.end,
         "rule": "times the running median of 21 steps", "threshold": settings.grad_norm_factor},
        steps=(left[0], int(seen.steps[-1])) if is_away and left is not None else None,
        figure=figure_of(seen, marks) if spikes or is_broken else None,
    )  # fmt: skip


def clip_fraction(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """Share of tokens whose update was cut."""
    seen = watched(evidence, "clip_fraction")
    if seen is None:
        return too_short("clip_fraction", evidence, "clip_fraction")
    highest, limit = float(seen.values.max()), settings.clip_fraction
    is_over, grown = seen.end > limit or seen.latest > limit, times(seen)
    since = seen.ends_beyond(limit) if is_over else None
    headline = f"{wording.percent(seen.end)} at the end, {wording.percent(highest)} at most"
    if is_over:
        headline += f"; above {wording.percent(limit, 0)}" + (f" since step {wording.count(since)}" if since else "")
    elif grown is not None:
        headline += f"; {grown}"
    if not highest:
        headline = "0 throughout: one update a batch leaves nothing to clip"
    return Finding(
        "clip_fraction",
        Severity.WARNING if is_over else Severity.NOTE if grown or highest > limit else Severity.OK,
        headline,
        f"Source: {seen.name}.",
        {"start": seen.start, "end": seen.end, "highest": highest, "since_step": since, "broke": is_over,
         "rule": "share of clipped tokens at the end", "threshold": limit},
        figure=figure_of(seen, limit_of(seen)) if is_over else None,
    )


def learning_rate(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """Whether the learning rate was zero while the run went on."""
    seen = watched(evidence, "learning_rate")
    if seen is None:
        return too_short("learning_rate", evidence, "learning_rate")
    start, length = robust.longest_run(seen.values == 0)
    n = len(seen.values)
    numbers = {"start": seen.start, "end": seen.end, "zero_steps": length,
               "rule": "share of steps in a row with a rate of 0", "threshold": IDLE}  # fmt: skip
    if length == n:
        text = "0 throughout, as logged: printed with too few digits, or training was off"
        return Finding("learning_rate", Severity.NOTE, text, f"Source: {seen.name}.", numbers)
    headline = f"{wording.number(seen.start)} at the start, {wording.number(seen.end)} at the end"
    if seen.values.min() == seen.values.max():
        headline = f"Constant at {wording.number(seen.end)}"
    is_idle = length > IDLE * n and length >= LEAST
    if is_idle:
        first, last = int(seen.steps[start]), int(seen.steps[start + length - 1])
        headline = f"0 from step {wording.count(first)} to {wording.count(last)}: nothing was learned there"
    return Finding(
        "learning_rate", Severity.WARNING if is_idle else Severity.OK, headline, f"Source: {seen.name}.", numbers
    )


def updates(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """Whether updates had an effect: applied, and with a gradient that isn't zero."""
    applied, norm = watched(evidence, "update_successful"), watched(evidence, "grad_norm")
    if applied is None and norm is None:
        return missing("updates", "grad_norm", evidence)
    skipped = float((applied.values < 1).mean()) if applied is not None else 0.0
    idle = float((norm.last_third == 0).mean()) if norm is not None else 0.0
    parts = []
    if skipped:
        parts.append(f"{wording.percent(skipped, 1)} of updates were not applied")
    if idle:
        parts.append(f"{wording.percent(idle, 0)} of recent gradients are exactly 0")
    return Finding(
        "updates",
        Severity.WARNING if max(skipped, idle) > IDLE else Severity.NOTE if parts else Severity.OK,
        "; ".join(parts).capitalize() if parts else "Every update was applied, none had a zero gradient",
        "",
        {"not_applied": skipped, "zero_gradient": idle, "rule": "share of updates without effect", "threshold": IDLE},
    )


CHECKS = (
    Check("loss", "policy", "Policy loss", "Is the loss bounded?", ("policy_loss",), loss),
    Check("advantages", "policy", "Advantage spread", "Is there a signal to learn from?", (), advantages),
    Check("zero_variance", "policy", "Zero-variance groups", "How much of a batch teaches nothing?",
          ("zero_variance_groups",), zero_variance),
    Check("grad_norm", "policy", "Gradient norm", "Are updates of one size?", ("grad_norm",), grad_norm),
    Check("clip_fraction", "policy", "Clip fraction", "Are updates cut?", ("clip_fraction",), clip_fraction),
    Check("learning_rate", "policy", "Learning rate", "Was training on?", ("learning_rate",), learning_rate),
    Check("updates", "policy", "Updates without effect", "Did gradient steps do anything?", (), updates),
)  # fmt: skip
