"""What the machine did: step time, throughput, restarts."""

from __future__ import annotations

import numpy as np

from reportgen import wording
from reportgen.diagnostics.watched import figure_of, limit_mark, too_short, watched
from reportgen.findings import Check, Evidence, Finding, Severity, Skipped
from reportgen.settings import Settings

ACTING = ("train_reward", "policy_loss", "grad_norm", "kl", "behaviour_kl", "entropy")  # roles that steer the run
SHIFT = 0.3  # lasting relative change of throughput that a reader should know of


def seconds_per_step(evidence: Evidence) -> float | None:
    """Mean seconds of a step, slow ones included, since they are paid for too."""
    seen = evidence.seen.get("step_time")
    return float(seen.values.mean()) if seen is not None else None


def step_time(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """Whether steps kept their pace."""
    seen = watched(evidence, "step_time")
    if seen is None:
        return Skipped("step_time", ("step_time",), "the time of a step was not logged; log step_time in seconds")
    middle = float(np.median(seen.values))
    slow = seen.values > settings.step_time_factor * middle
    evals = set(evidence.values("eval_reward").index) if "eval_reward" in evidence.roles else set()
    others = [int(step) for step in seen.steps[slow] if int(step) not in evals]
    n_evals = int(slow.sum()) - len(others)
    text = f"Median {wording.duration(middle)}"
    if n_evals:
        text += f"; {wording.plural(n_evals, 'slow step')} with an eval"
    if others:
        text += f"; {wording.plural(len(others), 'other slow step')}: {wording.listed(others)}"
    is_slower = 0 < settings.step_time_factor * seen.start < seen.end
    if is_slower:
        text += f"; the end is {seen.end / seen.start:.1f} times slower than the start"
    return Finding(
        "step_time",
        Severity.NOTE if is_slower or len(others) > 0.05 * len(seen.values) else Severity.OK,
        text,
        f"Source: {seen.name}.",
        {
            "median_s": middle,
            "start_s": seen.start,
            "end_s": seen.end,
            "slow_steps": others[:50],
            "slow_evals": n_evals,
            "rule": "a slow step takes more than so many times the median",
            "threshold": settings.step_time_factor,
        },
        figure=figure_of(seen, (limit_mark(settings.step_time_factor * middle, "slow step"),)),
    )


def throughput(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """Whether the tokens a second held."""
    seen = watched(evidence, "throughput")
    if seen is None:
        return too_short("throughput", evidence, "throughput")
    change = seen.end / seen.start - 1 if seen.start else 0.0
    return Finding(
        "throughput",
        Severity.NOTE if change < -SHIFT else Severity.OK,
        f"{wording.number(seen.end)} tokens a second at the end, {wording.percent(abs(change), 0)} "
        f"{'less' if change < 0 else 'more'} than at the start",
        f"Source: {seen.name}.",
        {"start": seen.start, "end": seen.end, "change": change, "rule": "relative fall from start to end",
         "threshold": SHIFT},
    )  # fmt: skip


def restarts(evidence: Evidence, settings: Settings) -> Finding:
    """Whether a later attempt took over, and whether the reward jumped there."""
    found = evidence.run.restarts
    numbers = {
        "steps": list(found),
        "state": evidence.run.state,
        "rule": "steps at which logging went back",
        "threshold": 0,
    }
    state = {"crashed": "; the run crashed", "failed": "; the run ended with an error"}.get(evidence.run.state, "")
    if evidence.run.state == "unfinished":
        state = "; the file has no end record, so the job was killed or still runs"
    if not found:
        return Finding("restarts", Severity.NOTE if state else Severity.OK, f"None{state}", "", numbers)
    headline = f"{wording.plural(len(found), 'restart')}, at step {wording.listed(found)}{state}"
    detail = "Where attempts overlap, the later one's values stand."
    return Finding("restarts", Severity.NOTE, headline, detail, numbers, (found[0], found[-1]))


CHECKS = (
    Check("step_time", "system", "Step time", "Did steps keep their pace?", (), step_time),
    Check("throughput", "system", "Throughput", "Did the tokens a second hold?", (), throughput),
    Check("restarts", "system", "Restarts", "Was the run interrupted?", (), restarts),
)
