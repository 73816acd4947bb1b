"""The guide's four signs of diminishing returns, as one table with evidence."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from reportgen import wording
from reportgen.diagnostics.watched import watched
from reportgen.findings import Check, Evidence, Finding, Severity
from reportgen.seen import Seen
from reportgen.settings import Settings

FLAT_STEPS = 20  # the guide's: no increase for so many steps
FALLING_T = -2.0  # t of a slope below which a loss still decreases


@dataclass(frozen=True)
class Sign:
    """One sign: whether it holds, None when it can't be judged, and why."""

    sign: str
    holds: bool | None
    evidence: str
    number: float | None = None  # that the evidence names


def diminishing_returns(evidence: Evidence, settings: Settings) -> Finding:
    """How many of the four signs hold."""
    signs = (_reward(evidence), _loss(evidence), _advantages(evidence), _eval(evidence))
    held = [sign for sign in signs if sign.holds]
    judged = [sign for sign in signs if sign.holds is not None]
    headline = f"{len(held)} of {wording.plural(len(judged), 'sign')} that could be judged"
    if held:
        headline += ": " + "; ".join(sign.sign for sign in held)
    return Finding(
        "diminishing_returns",
        Severity.NOTE if len(held) >= 2 else Severity.OK,
        headline,
        " ".join(f"{sign.sign.capitalize()}: {sign.evidence}." for sign in signs),
        {
            "signs": [asdict(sign) for sign in signs],
            "rule": f"no increase for {FLAT_STEPS} steps; loss not decreasing; advantages near zero; eval plateaued",
            "threshold": FLAT_STEPS,
        },
    )


def _reward(evidence: Evidence) -> Sign:
    name = f"task reward flat for {FLAT_STEPS} or more steps"
    learning = evidence.train
    if learning is None or learning.plateau.plateaued is None:
        return Sign(name, None, "can't be told from noise")
    if not learning.plateau.plateaued or learning.plateau.onset_step is None:
        return Sign(name, False, f"probability of a plateau {wording.probability(learning.plateau.probability)}")
    length = learning.last_step - learning.plateau.onset_step
    return Sign(name, length >= FLAT_STEPS, f"flat for the last {wording.plural(length, 'step')}", length)


def _loss(evidence: Evidence) -> Sign:
    name = "loss no longer decreasing"
    seen = watched(evidence, "policy_loss")
    if seen is None:
        return Sign(name, None, "not logged")
    t = _slope_t(seen)
    said = f"slope of the last half {wording.fixed(t, 1, signed=True)} standard errors"
    return Sign(name, t > FALLING_T, said, t)


def _advantages(evidence: Evidence) -> Sign:
    name = "advantages near zero"
    seen = watched(evidence, "advantage_spread")
    if seen is None or seen.limit is None:
        return Sign(name, None, "their spread was not logged, and their mean is zero by construction")
    said = f"spread {wording.number(seen.end)} at the end, from {seen.name}"
    return Sign(name, seen.end < seen.limit, said, seen.end)


def _eval(evidence: Evidence) -> Sign:
    name = "eval plateaued"
    learning = evidence.eval
    if learning is None:
        return Sign(name, None, "not logged")
    if learning.plateau.plateaued is None or learning.n_points < 3:
        return Sign(name, None, f"{wording.plural(learning.n_points, 'eval')} can't tell")
    return Sign(name, learning.plateau.plateaued, f"probability {wording.probability(learning.plateau.probability)}")


def _slope_t(seen: Seen) -> float:
    """Slope of the last half over its standard error (least squares)."""
    values = seen.values[len(seen.values) // 2 :]
    x = np.arange(len(values)) - (len(values) - 1) / 2
    power = float(x @ x)
    slope = float(x @ values) / power
    rest = values - values.mean() - slope * x
    error = np.sqrt(float(rest @ rest) / max(len(values) - 2, 1) / power)
    return slope / float(error) if error > 0 else 0.0


CHECKS = (
    Check("diminishing_returns", "learning", "Diminishing returns", "How many of the guide's four signs hold?",
          ("train_reward",), diminishing_returns),
)  # fmt: skip
