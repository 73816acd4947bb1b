"""What the policy writes: truncation, length, and rewards that are shifted copies."""

from __future__ import annotations

import numpy as np

from reportgen import wording
from reportgen.diagnostics.watched import figure_of, limit_of, missing, times, too_short, watched
from reportgen.findings import Check, Evidence, Finding, Severity, Skipped
from reportgen.seen import LEAST
from reportgen.settings import Settings

MOST_LAG = 16  # steps; AReaL's max_head_offpolicyness is below it in every shipped config
MOST_CUT = 0.5  # share of answers cut at the end from which what is learned is length
SAME = 0.9  # share of steps that must agree for one reward to be the other, shifted


def truncation(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """Whether answers are cut at the length limit."""
    seen = watched(evidence, "truncation")
    if seen is None:
        return too_short("truncation", evidence, "truncation")
    limit, end = settings.truncation, seen.end
    since = seen.beyond(limit)
    is_over = end > limit and since is not None
    is_most = end > MOST_CUT
    grown = None if is_over else times(seen)
    headline = f"{wording.percent(end)} of answers at the end, {wording.percent(float(seen.values.max()))} at most"
    if is_over and since is not None:
        since_when = f"above {wording.percent(limit, 0)} since step {wording.count(since)}"
        headline = f"{wording.percent(end)} of answers are cut at the end, {since_when}"
    elif grown is not None:
        headline += f"; {grown}"
    return Finding(
        "truncation",
        Severity.WARNING if is_most or (is_over and end > seen.start)
        else Severity.NOTE if is_over or grown or seen.values.max() > limit else Severity.OK,
        headline,
        "A cut answer earns nothing and teaches length, not the task." if is_over else "",
        {"start": seen.start, "end": end, "highest": float(seen.values.max()),
         "since_step": seen.ends_beyond(MOST_CUT) if is_most else since, "broke": is_most,
         "rule": "share of answers cut at the limit, at the end", "threshold": limit},
        steps=(since, int(seen.steps[-1])) if is_over and since is not None else None,
        figure=figure_of(seen, limit_of(seen)) if is_over else None,
    )  # fmt: skip


def response_length(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """How far the length of answers has drifted from the start."""
    seen = watched(evidence, "response_length") or watched(evidence, "sequence_length")
    if seen is None:
        is_there = "response_length" in evidence.roles or "sequence_length" in evidence.roles
        return _short(evidence) if is_there else missing("response_length", "response_length", evidence)
    change = seen.end / seen.start - 1 if seen.start > 0 else 0.0
    left = seen.departure()
    jump = abs(left[1].after / max(left[1].before, 1e-9) - 1) if left is not None and left[1].is_sudden else 0.0
    is_sudden = jump > settings.length_drift
    moved = abs(change) > settings.length_drift
    way = "longer" if change > 0 else "shorter"
    headline = (
        f"{wording.number(seen.start)} to {wording.number(seen.end)} tokens, {wording.percent(abs(change), 0)} {way}"
    )
    if is_sudden and left is not None:
        headline += f"; a jump at step {wording.count(left[0])}"
    return Finding(
        "response_length",
        Severity.WARNING if moved and is_sudden else Severity.NOTE if moved or is_sudden else Severity.OK,
        headline,
        f"Source: {seen.name}{', which counts the prompt too' if seen.role == 'sequence_length' else ''}.",
        {"start": seen.start, "end": seen.end, "change": change, "sudden_at": left[0] if is_sudden and left else None,
         "rule": "relative change from the first to the last tenth", "threshold": settings.length_drift},
        figure=figure_of(seen),
    )  # fmt: skip


def rollout_lag(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """Whether the reward of collected rollouts is the train reward, shifted by the off-policy lag."""
    if "rollout_reward" not in evidence.roles:
        reason = "the reward of collected rollouts was not logged; AReaL does as rollout/reward"
        return Skipped("rollout_lag", ("rollout/reward",), reason)
    if evidence.roles["rollout_reward"].name == evidence.roles["train_reward"].name:
        return Skipped("rollout_lag", (), "only the reward of collected rollouts was logged; it is the train reward")
    both = evidence.run.history[[evidence.roles[role].name for role in ("rollout_reward", "train_reward")]]
    rollout, train = both.iloc[:, 0].to_numpy(), both.iloc[:, 1].to_numpy()
    lag = lag_of(rollout, train)
    numbers = {"lag_steps": lag, "rule": "share of steps at which the shifted values agree", "threshold": SAME}
    if lag is None:
        text = "The reward of collected rollouts is not the train reward shifted"
        return Finding("rollout_lag", Severity.OK, text, "", numbers)
    if lag == 0:
        return Finding("rollout_lag", Severity.OK, "Rollouts and training see the same rewards at once", "", numbers)
    headline = f"{both.columns[0]} is the train reward, {wording.plural(lag, 'step')} early"
    return Finding("rollout_lag", Severity.NOTE, headline, "The unshifted one was used.", numbers)


def lag_of(rollout: np.ndarray, train: np.ndarray) -> int | None:
    """Steps by which rollouts run ahead of training; None when they are different numbers.

    rollout, train: (n,) by step, NaN where not logged.
    """
    shares = []
    for lag in range(min(MOST_LAG, len(train) // 3) + 1):
        early, late = rollout[: len(rollout) - lag or None], train[lag:]
        there = np.isfinite(early) & np.isfinite(late)
        same = np.isclose(early[there], late[there], rtol=1e-4, atol=1e-6)
        shares.append(float(same.mean()) if there.sum() >= LEAST else 0.0)
    best = int(np.argmax(shares)) if shares else 0
    return best if shares and shares[best] >= SAME and np.nanstd(train) > 0 else None


def _short(evidence: Evidence) -> Skipped:
    role = "response_length" if "response_length" in evidence.roles else "sequence_length"
    return too_short("response_length", evidence, role)


CHECKS = (
    Check("truncation", "rollouts", "Truncation", "Are answers cut at the limit?", ("truncation",), truncation),
    Check("response_length", "rollouts", "Response length", "Did answers grow or shrink?", (), response_length),
    Check("rollout_lag", "rollouts", "Off-policy lag", "Is the rollout reward a shifted copy?",
          ("train_reward",), rollout_lag),
)  # fmt: skip
