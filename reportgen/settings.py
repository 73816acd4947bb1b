"""Every threshold and everything a person may declare, with its unit and why it has that value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from reportgen.errors import SettingsError


@dataclass(frozen=True)
class Settings:
    """What a person declared about the runs, then the thresholds that judge them."""

    # declared by a person; None: taken from the run, assumed and said, or unknown
    baseline: float | None = None  # reward of the base model, in the unit logged
    eval_size: int | Mapping[int, int] | None = None  # problems in the eval set; by step where it differs
    reward_range: tuple[float, float] | None = None  # lowest and highest possible reward
    samples_per_step: int | None = None  # rollouts that one train point averages
    group_size: int | None = None  # rollouts of one problem
    gpus: int | None = None
    forecast_steps: tuple[int, ...] | None = None  # None: 1.5 and 2 times the run
    metrics: Mapping[str, str] = field(default_factory=dict)  # role -> metric name, overriding the catalogue
    steps: tuple[int | None, int | None] | None = None  # only these steps, both ends included
    reference: str | None = None  # name or spec of the run that the others are compared with

    # learning (facts behind each: docs/diagnostics.md)
    plateau_probability: float = 0.6  # above: plateaued; calibrated on the labelled benchmark
    undecided_probability: float = 0.35  # between this and plateau_probability: inconclusive
    zero_streak_steps: int = 10  # dead stretch of zero reward; the guide's circuit breaker
    # generalisation
    gap: float = 0.03  # train minus eval, as share of the reward range; below the noise of most eval sets
    significance: float = 0.05  # two-sided p below which a difference is called real
    tie_margin: float = 0.01  # trials whose end levels differ by less are as good as equal
    # policy
    advantage_spread: float = 0.05  # std of advantages below which no learning signal is left
    zero_variance_share: float = 0.5  # share of groups whose rewards are all equal: half the batch teaches nothing
    kl_nats: float = 0.5  # KL to the reference beyond which the policy is another model
    behaviour_kl_nats: float = 0.1  # KL between sampler and learner beyond which off-policy corrections fail
    clip_fraction: float = 0.2  # share of clipped tokens; PPO runs are healthy below it
    truncation: float = 0.1  # share of answers cut at the length limit
    length_drift: float = 0.5  # relative change of response length from start to end
    entropy_cliff: float = 0.5  # share of entropy lost within entropy_cliff_steps
    entropy_cliff_steps: int = 10
    grad_norm_factor: float = 10.0  # times its running median: a spike
    # system
    step_time_factor: float = 2.0  # times its median: a slow step

    def with_thresholds(self, values: Mapping[str, str]) -> Settings:
        """Settings with thresholds replaced by what a person typed.

        Raises SettingsError for an unknown name or a value that is no number.
        """
        numbers: dict[str, Any] = {name: _number(name, text) for name, text in values.items()}
        return replace(self, **numbers)


def thresholds() -> dict[str, float]:
    """Name and default of every threshold that `--set` takes."""
    return {item.name: item.default for item in fields(Settings) if isinstance(item.default, int | float)}


def _number(name: str, text: str) -> float:
    known = thresholds()
    if name not in known:
        raise SettingsError(f"--set {name}: no such threshold; one of {', '.join(known)}")
    try:
        return type(known[name])(text)
    except ValueError as error:
        raise SettingsError(f"--set {name}={text}: not a number") from error
