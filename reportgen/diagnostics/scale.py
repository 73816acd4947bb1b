"""What rewards are counted in: whether they are accuracies, and whether train and eval are one quantity."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from reportgen import metrics
from reportgen.evals import Eval, sets
from reportgen.findings import Scale
from reportgen.metrics import Played
from reportgen.run import Run
from reportgen.settings import Settings

ROLES = ("train_reward", "eval_reward")
NEAR = 0.1  # of [0, 1]: train and eval that start no farther apart, both shares, are taken for one accuracy
BINARY = 0.03  # how far a logged standard deviation may be from that of a 0/1 reward of the logged mean, relative
SCOPES = frozenset((
    "eval", "evals", "evaluation", "val", "valid", "validation", "test", "train", "training", "trainer", "rollout",
    "rollouts", "critic", "grpo", "ppo", "actor", "mean", "avg", "env", "all", "core", "aux", "task", "raw",
    "objective", "batch", "total", "final", "score", "scores", "reward", "rewards", "func", "fn",
))  # fmt: skip
RIGHT = frozenset(("accuracy", "acc", "correct", "correctness", "pass", "solve", "success"))


def scale_of(run: Run, roles: dict[str, Played], main: Eval | None, settings: Settings) -> Scale:
    """Whether the rewards are accuracies, whether train and eval are one unit, and why that is believed."""
    names = [roles[role].name for role in ROLES if role in roles]
    twins = len(names) == 2 and quantity(names[0], "") == quantity(names[1], main.set if main else "")
    twins = twins and _meet(run, names)
    if settings.reward_range is not None:
        return _given(run, names, twins, main, settings.reward_range)
    kinds = {role: _is_accuracy(run, roles, role, main) for role in ROLES if role in roles}
    if twins and len(set(kinds.values())) == 2:
        # "eval_reward" sounds like a share, "reward" doesn't, and both are one function
        if main is not None and main.accuracy and sets.known(main.set) and _is_share(run, names[0]):
            why = f"{names[0]} and {names[1]} are one quantity, a share of {main.set} in the evals; all lies in [0, 1]."
            return Scale(True, (0.0, 1.0), why)
        kinds = dict.fromkeys(kinds, kinds["train_reward"] or is_binary(run, roles["train_reward"].name))
    if kinds and all(kinds.values()):
        said = " and ".join(names)
        return Scale(True, (0.0, 1.0), f"{said}: an accuracy by its name, and every value lies in [0, 1].")
    if len(kinds) == 2 and kinds["eval_reward"] and _starts_with(run, names):
        why = (f"{names[0]} is taken for the accuracy that {names[1]} is: every value lies in [0, 1] and both start at "
               "one level. --reward-range 0:1 would declare it.")  # fmt: skip
        return Scale(True, (0.0, 1.0), why)
    bounds = answer_range(run, roles)
    if bounds is not None:
        why = f"Answers earned between {bounds[0]:g} and {bounds[1]:g}, as logged: not an accuracy, so no percent."
        return Scale(False, bounds, why, comparable=twins or (_within(run, roles, bounds) and not any(kinds.values())))
    why = "The reward's scale is unknown, so no percent and no binomial interval; --reward-range 0:1 would declare it."
    if twins:
        return Scale(False, None, f"{names[0]} and {names[1]} are one quantity. {why}")
    if any(kinds.values()):
        why = "Train and eval reward are not counted in the same unit; " + why[0].lower() + why[1:]
    return Scale(False, None, why, comparable=not any(kinds.values()))


def _meet(run: Run, names: list[str]) -> bool:
    """Whether evals lie no farther from the train rewards than these reach: a share is no log-probability."""
    train, evals = (run.history[name].dropna() for name in names)
    if train.empty or evals.empty:
        return True
    low, high = float(train.min()), float(train.max())
    return not (float(evals.min()) > high + (high - low) or float(evals.max()) < low - (high - low)) and not (
        float(evals.min()) >= 0 > high
    )


def quantity(name: str, of_set: str = "") -> str:
    """What a metric measures, without where it was measured: "accuracy", "reward", "format" …"""
    plain = name.lower().replace(".", "/")
    if of_set:
        plain = plain.replace(of_set.lower(), "")
    words = {word for word in re.split(r"[/_@\- ]+", plain) if word and not word.isdigit()}
    if words & RIGHT or re.search(r"pass_?@?\d", plain):
        return "accuracy"
    return " ".join(sorted(words - SCOPES)) or "reward"


def is_binary(run: Run, name: str) -> bool:
    """Whether a reward is 0 or 1 for each answer: its logged spread is that of such a reward everywhere."""
    spread = re.sub(r"mean$|avg$", "std", name)
    if spread == name:
        spread = f"{name}_std"
    if spread not in run.history.columns or name not in run.history.columns:
        return False
    both = run.history[[name, spread]].dropna()
    mean, sd = both[name].to_numpy(float), both[spread].to_numpy(float)
    if len(both) < 5 or mean.min() < 0 or mean.max() > 1:
        return False
    expected = np.sqrt(mean * (1 - mean))
    return bool((np.abs(sd - expected) <= BINARY * np.maximum(expected, 0.05)).mean() > 0.9)


def answer_range(run: Run, roles: dict[str, Played]) -> tuple[float, float] | None:
    """Lowest and highest reward of an answer, where both are logged and most batches reach them."""
    if not {"reward_min", "reward_max"} <= set(roles):
        return None
    lows, highs = (run.history[roles[role].name].dropna() for role in ("reward_min", "reward_max"))
    if len(lows) < 3 or len(highs) < 3 or (lows == lows.min()).mean() < 0.5 or (highs == highs.max()).mean() < 0.5:
        return None
    low, high = float(lows.min()), float(highs.max())
    return (low, high) if low < high else None


def _given(run: Run, names: list[str], twins: bool, main: Eval | None, bounds: tuple[float, float]) -> Scale:
    """What a person declared, and whether it can be true."""
    low, high = bounds
    is_share = (low, high) == (0.0, 1.0)
    why = f"Rewards lie in [{low:g}, {high:g}], given by --reward-range."
    rewards = run.history[names]
    if ((rewards < low) | (rewards > high)).to_numpy().any():
        why += " Some that were logged lie outside."
        is_share = False
    is_other = main is not None and main.accuracy and not twins
    return Scale(is_share, (low, high), why, comparable=is_share or not is_other)


def _is_accuracy(run: Run, roles: dict[str, Played], role: str, main: Eval | None) -> bool:
    """By its name, and with no value outside [0, 1]; for train the lowest and highest answer count too."""
    name = roles[role].name
    by_main = role == "eval_reward" and main is not None and main.accuracy
    by_name = metrics.is_accuracy_name(name, run.framework) or by_main
    also = ("reward_min", "reward_max") if role == "train_reward" else ()
    seen = run.history[[name, *(roles[key].name for key in also if key in roles)]].to_numpy()
    return bool(by_name and np.isfinite(seen).any() and np.nanmin(seen) >= 0 and np.nanmax(seen) <= 1)


def _is_share(run: Run, name: str) -> bool:
    return bool(run.history[name].dropna().between(0, 1).all())


def _starts_with(run: Run, names: list[str]) -> bool:
    """Whether a train reward that is a share begins where the first third of the evals stands."""
    train, evals = (run.history[name].dropna() for name in names)
    if train.empty or evals.empty or not train.between(0, 1).all():
        return False
    early = evals.iloc[: max(1, len(evals) // 3)]
    return bool(
        np.mean(
            [
                abs(value - level_near(train, step))
                for step, value in zip(early.index.tolist(), early.tolist(), strict=True)
            ]
        )
        <= NEAR
    )


def level_near(train: pd.Series, step: int) -> float:
    """Mean of the ten logged values around a step."""
    at = int(np.searchsorted(train.index.to_numpy(), step))
    near = train.to_numpy(dtype=float)[max(0, at - 5) : at + 5]
    return float(near.mean()) if len(near) else float("nan")


def _within(run: Run, roles: dict[str, Played], bounds: tuple[float, float]) -> bool:
    """Whether the evals could be means of such answers."""
    if "eval_reward" not in roles:
        return True
    return bool(run.history[roles["eval_reward"].name].dropna().between(*bounds).all())
