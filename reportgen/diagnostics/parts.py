"""What a reward is made of: its logged parts, which of them moved, and what a filter leaves of it."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from reportgen import trainers
from reportgen.findings import Component
from reportgen.metrics import Played
from reportgen.run import Run
from reportgen.signals import intervals, robust
from reportgen.signals.learning import Direction

PARTS = tuple(re.compile(pattern, re.IGNORECASE) for pattern in (  # group 1: the part's name
    r"(?:train[/_])?rewards/([^/]+)/mean",  # TRL, and `rewards/<function>` before 0.17
    r"(?:train[/_])?rewards/([^/]+)",
    r"reward/((?!overall|all/|mean|avg|std|min|max|raw)[a-z_]+?)(?:/(?:mean|avg|all/mean))?",  # EasyR1, prime-rl
    r"env/all/(correct|format)",  # Tinker
    r"(?:critic|reward)/(?:reward_)?((?!score|rewards|advantages|returns|values|vf)[a-z_]*(?:acc|format|correct|length|penalty)[a-z_]*)/mean",
    r"(?:rollout|train)/((?!raw_reward|reward$)[a-z_]+_(?:reward|score))(?:/(?:avg|mean))?",
    r"(?:[^/]+/)?(?:all|effective)/[^/]+/metrics/([^/]+)/mean",
    r"metrics/([^/]+_(?:reward|func|score))(?:/mean)?",
))  # fmt: skip
NO_PART = re.compile(r"(?:^|[/_])(?:std|min|max|num|count|time|tokens|length|len|kl)(?:$|[/_])", re.IGNORECASE)
ACCURATE = re.compile(r"acc(?:uracy)?(?:$|[/_])|correct|exact_match|pass_rate|solve", re.IGNORECASE)
EQUAL = 1e-6
MOST = 0.9  # of the train steps: a part logged at fewer is no stand-in for the reward
SATURATED = 0.02  # of the range: a part whose end is this close to its top has nothing left to give
SMOOTH = 3  # values on either side: one odd batch ends no saturation
PHASE = 0.1  # of the values: what its start and its end are the mean of
SURE = 2.6  # standard errors of a change that is more than noise
FILTERS = (  # config keys of dynamic sampling: groups all right or all wrong are left out of the batch
    "actor.dynamic_sampling", "algorithm.filter_groups.enable", "dynamic_filtering", "grpo.use_dynamic_sampling",
    "trainer.algorithm.dynamic_sampling.type", "dynamic_sampling_filter_path", "active_sampling",
    "filter_zero_std_samples", "dynamic_sample", "rollout.dynamic_filter_path", "train.dynamic_filtering_enable",
    "orchestrator.buffer.online_difficulty_filtering", "filter_overlong_prompts_and_zero_std",
)  # fmt: skip
UNFILTERED = re.compile(
    r"(?:^|/)(?:rollout/reward(?:/avg)?|unfiltered[_/]reward(?:/mean)?|(?:train/)?total_reward/mean"
    r"|rollout/task_reward/avg)$"
)
NO_FILTER = ("epsilon_high",)  # DAPO's clipping, not its sampling
OFF = ("", "none", "null", "false", "0", "no", "off")


def found(history: pd.DataFrame) -> dict[str, str]:
    """Part -> the metric that holds it, in logged order; {} when the reward isn't told by its parts."""
    parts: dict[str, str] = {}
    for column in history.columns:
        name = str(column)
        plain = name.replace(".", "/")
        if NO_PART.search(plain) and not plain.endswith("/mean"):
            continue
        for pattern in PARTS:
            match = pattern.fullmatch(plain)
            if match is not None and history[column].notna().any():
                parts.setdefault(match[1], name)
                break
    return parts


def components(history: pd.DataFrame, parts: Mapping[str, str]) -> tuple[Component, ...]:
    """Which parts rose, which fell, which have nothing left to give."""
    return tuple(
        _component(part, name, values) for part, name in parts.items() if len(values := history[name].dropna()) >= 2
    )


def _component(part: str, name: str, values: pd.Series) -> Component:
    numbers = values.to_numpy(dtype=float)
    size = max(min(3, len(numbers) // 2), int(PHASE * len(numbers)))
    first, last = float(numbers[:size].mean()), float(numbers[-size:].mean())
    noise = robust.difference_sd(numbers) if len(numbers) >= 4 else float("nan")
    half = intervals.z_of(0.95) * noise * float(np.sqrt(2 / size))
    change = last - first
    direction: Direction | None = None
    if np.isfinite(half):
        is_moved = abs(change) > max(SURE * noise * float(np.sqrt(2 / size)), 1e-12)
        direction = ("rising" if change > 0 else "falling") if is_moved else "flat"
    return Component(
        name=name,
        part=part,
        first=first,
        last=last,
        change=change,
        interval=(change - half, change + half) if np.isfinite(half) else None,
        direction=direction,
        saturated_step=_saturated(values),
        accuracy=bool(ACCURATE.search(part)) and bool(values.between(0, 1).all()),
    )


def _saturated(values: pd.Series) -> int | None:
    """The step from which a share stays at its top; None when it doesn't, or is no share."""
    numbers = values.to_numpy(dtype=float)
    if numbers.min() < 0 or numbers.max() > 1 or numbers.max() < 1 - SATURATED:
        return None
    below = np.flatnonzero(robust.running_median(numbers, SMOOTH if len(numbers) > 2 * SMOOTH else 0) < 1 - SATURATED)
    at = int(below[-1]) + 1 if len(below) else 0
    return int(values.index[at]) if len(numbers) - at >= max(3, PHASE * len(numbers)) else None


def is_mixture(history: pd.DataFrame, total: str, parts: Mapping[str, str]) -> bool:
    """Whether a reward is a sum of parts of different kinds, so no accuracy whatever it is called."""
    others = {part: name for part, name in parts.items() if name != total}
    if len(others) < 2 or total in parts.values():
        return False
    whole = history[total]
    return not any(_equal(whole, history[name]) for part, name in others.items() if ACCURATE.search(part))


def accurate_part(history: pd.DataFrame, total: str, parts: Mapping[str, str]) -> str | None:
    """The part that is a share of right answers and was logged as often as the reward; None when there is none."""
    steps = history[total].notna()
    for part, name in parts.items():
        values = history.loc[steps, name].dropna()
        if ACCURATE.search(part) and len(values) >= MOST * steps.sum() and values.between(0, 1).all():
            return name
    return None


def filter_key(run: Run) -> str | None:
    """The config key that leaves out groups without variance; None when none is on."""
    for key in dict.fromkeys((*trainers.by_name(run.framework).filtered, *trainers.keys("", "dapo"), *FILTERS)):
        if key not in NO_FILTER and key in run.config and str(run.config[key]).strip().lower() not in OFF:
            return key
    return None


def unfiltered(run: Run, roles: Mapping[str, Played]) -> str | None:
    """The metric that holds the reward of all groups; None when only the kept ones' was logged."""
    train = roles["train_reward"].name
    for name in map(str, run.history.columns):
        if name != train and UNFILTERED.search(name.replace(".", "/")) and run.history[name].notna().sum() >= 2:
            return name
    return None


def _equal(one: pd.Series, other: pd.Series) -> bool:
    both = one.notna() & other.notna()
    return bool(both.any()) and bool(((one - other)[both].abs() < EQUAL).all())
