"""Every threshold and everything a person may declare, with its unit and why it has that value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from typing import Any

from reportgen.errors import SettingsError

FARTHEST = 1e100  # no reward lies beyond: squares would overflow

# What is read from foreign files is bounded, so that none takes the machine with it; what was cut is said.
DEEPEST = 64  # levels of a nested value; configs of real runs have at most 9
MOST_DIGITS = 300  # of a whole number: a float holds no more
LARGEST_CONFIG = 10_000_000  # bytes of a YAML file; a resolved config has some 20,000
MOST_LEAVES = 20_000  # settings in a config; aliases can make a small file unfold into millions
LONGEST_TEXT = 200_000  # characters of one value; a page shows 4,000 of them
LARGEST_WHOLE = 256 << 20  # bytes of a file that can't be read row by row; ten times the largest real JSON
EXPANDS = 200  # times its size that a packed file may unpack to; logs of numbers unpack to 10 to 50 times
EXPANDS_FREELY = 64 << 20  # bytes unpacked before EXPANDS is looked at: short files of zeros do no harm
MOST_ROWS = 1_000_000  # of one run: a row a second for eleven days; they are read in seconds, in 500 MB
LARGEST_PAGE = 10_000_000  # bytes of a page: mail and code review take no more; beyond, metrics are dropped


def _threshold(value: float, why: str) -> Any:
    """A threshold with its unit and why it has that value, as `reportgen settings` lists it."""
    return field(default=value, metadata={"why": why})


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
    eval: str | None = None  # set or metric of the main eval; None: the set that the run trains on
    reference: str | None = None  # name or spec of the run that the others are compared with

    # learning (facts behind each: docs/diagnostics.md)
    plateau_probability: float = _threshold(0.6, "above: plateaued; calibrated on the labelled benchmark")
    undecided_probability: float = _threshold(0.35, "between this and plateau_probability: inconclusive")
    stop_probability: float = _threshold(
        0.8,
        "of a plateau, below it 'probably', and no advice to stop: of still-rising labelled curves looked at 15 times "
        "while they grew .18 were ever told to; at .6 it is .29",
    )
    rise_chance: float = _threshold(
        0.38,
        "of a rise in the next half run; above it a plateau is 'probably' too, and no advice to stop",
    )
    zero_streak_steps: int = _threshold(10, "dead stretch of zero reward; the guide's circuit breaker")
    # generalisation
    gap: float = _threshold(0.03, "train minus eval, as share of the reward range; below the noise of most eval sets")
    significance: float = _threshold(0.05, "two-sided p below which a difference is called real")
    tie_margin: float = _threshold(0.01, "trials whose end levels differ by less are as good as equal")
    # policy
    advantage_spread: float = _threshold(0.05, "std of advantages below which no learning signal is left")
    zero_variance_share: float = _threshold(
        0.5, "share of groups whose rewards are all equal: half the batch teaches nothing"
    )
    kl_nats: float = _threshold(0.5, "KL to the reference beyond which the policy is another model")
    behaviour_kl_nats: float = _threshold(
        0.1, "KL between sampler and learner beyond which off-policy corrections fail"
    )
    clip_fraction: float = _threshold(0.2, "share of clipped tokens; PPO runs are healthy below it")
    truncation: float = _threshold(0.1, "share of answers cut at the length limit")
    length_drift: float = _threshold(0.5, "relative change of response length from start to end")
    entropy_cliff: float = _threshold(0.5, "share of entropy lost within entropy_cliff_steps")
    entropy_cliff_steps: int = _threshold(10, "steps within which entropy falls off a cliff")
    entropy_gone: float = _threshold(0.05, "nats a token at the end: 19 of 20 choices are no choice any more")
    grad_norm_factor: float = _threshold(10.0, "times its running median: a spike")
    # system
    step_time_factor: float = _threshold(2.0, "times its median: a slow step")

    def __post_init__(self) -> None:
        """Refuses values that no run could be judged by; SettingsError names the option."""
        _declarable(self)
        for name, low, high in LIMITS:
            value = getattr(self, name)
            if not low <= value <= high:
                raise SettingsError(f"--set {name}={value:g}: out of range; give {low:g} to {high:g}")
        if self.undecided_probability > self.plateau_probability:
            raise SettingsError(
                f"--set undecided_probability={self.undecided_probability:g}: above plateau_probability, "
                f"{self.plateau_probability:g}; give a lower one"
            )

    def with_thresholds(self, values: Mapping[str, str]) -> Settings:
        """Settings with thresholds replaced by what a person typed.

        Raises SettingsError for an unknown name or a value that is no number.
        """
        numbers: dict[str, Any] = {name: _number(name, text) for name, text in values.items()}
        return replace(self, **numbers)


MANY = 1e9
LIMITS = (  # threshold, lowest, highest; nan is in no range
    ("plateau_probability", 0, 1), ("undecided_probability", 0, 1), ("stop_probability", 0, 1), ("rise_chance", 0, 1),
    ("zero_streak_steps", 1, MANY), ("gap", 0, MANY),
    ("significance", 1e-12, 0.5), ("tie_margin", 0, MANY), ("advantage_spread", 0, MANY), ("zero_variance_share", 0, 1),
    ("kl_nats", 0, MANY), ("behaviour_kl_nats", 0, MANY), ("clip_fraction", 0, 1), ("truncation", 0, 1),
    ("length_drift", 0, MANY), ("entropy_cliff", 0, 1), ("entropy_cliff_steps", 1, MANY),
    ("entropy_gone", 0, MANY), ("grad_norm_factor", 1, MANY),
    ("step_time_factor", 1, MANY),
)  # fmt: skip


def _declarable(given: Settings) -> None:
    """Refuses what can be true of no run: a size of 0, a range without width, a baseline of nan."""
    if given.baseline is not None and not abs(given.baseline) < FARTHEST:
        raise SettingsError(f"--baseline {given.baseline:g}: no reward level; give one like 18.35% or 0.1835")
    if given.reward_range is not None:
        low, high = given.reward_range
        if not -FARTHEST < low < high < FARTHEST:
            raise SettingsError(f"--reward-range {low:g}:{high:g}: no range; give two rising numbers like 0:1")
    sizes = given.eval_size.values() if isinstance(given.eval_size, Mapping) else (given.eval_size,)
    counts = [("--eval-size", size) for size in sizes]
    counts += [("--samples-per-step", given.samples_per_step), ("--gpus", given.gpus), ("group_size", given.group_size)]
    for option, count in counts:
        if count is not None and not 1 <= count <= MANY:
            raise SettingsError(f"{option} {count}: impossible; give a number from 1 to {MANY:,.0f}")
    if given.reference is not None and not given.reference.strip():
        raise SettingsError("--reference: an empty name; give a run's name or path")
    first, last = given.steps or (None, None)
    if first is not None and last is not None and first > last:
        raise SettingsError(f"--steps {first}:{last}: no step lies between them; give the smaller one first")


def thresholds() -> dict[str, float]:
    """Name and default of every threshold that `--set` takes."""
    return {item.name: item.default for item in fields(Settings) if isinstance(item.default, int | float)}


def reasons() -> dict[str, str]:
    """Name of every threshold, and its unit with the reason for its value."""
    return {item.name: item.metadata["why"] for item in fields(Settings) if "why" in item.metadata}


def _number(name: str, text: str) -> float:
    known = thresholds()
    if name not in known:
        hint = f"did you mean {close[0]}? " if (close := get_close_matches(name, known, n=1)) else ""
        raise SettingsError(f"--set {name}: no such threshold; {hint}`reportgen settings` lists all {len(known)}")
    try:
        return type(known[name])(text)
    except ValueError as error:
        raise SettingsError(f"--set {name}={text}: not a number") from error
