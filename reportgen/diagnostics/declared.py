"""What is taken for true about a run: its reward's scale, the baseline, sizes of sets and batches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
import pandas as pd

from reportgen import metrics, trainers, wording
from reportgen.costs import gpus
from reportgen.errors import SettingsError
from reportgen.findings import Assumption, Scale
from reportgen.metrics import Played
from reportgen.run import Run, config_number
from reportgen.settings import Settings

BASE_ACCURACY = 0.1835  # Qwen2.5-0.5B-Instruct on gsm8k's test set, as the guide has it
GSM8K_PROBLEMS = 1319  # of gsm8k's test set
CAUTIOUS_PROBLEMS = 30  # AIME, the smallest set in common use: what an unknown set is taken for


@dataclass(frozen=True)
class Declared:
    """What a run, its config or a person says about it, and what had to be assumed."""

    scale: Scale
    baseline: float | None
    baseline_from: str  # "given", "logged at step 0", "assumed"; "" when there is none
    eval_n: int | None  # problems in the eval set; by-step sizes stay in the settings
    samples: int | None  # rollouts that one train point averages
    gpus: int | None
    assumptions: tuple[Assumption, ...]


def declared(run: Run, roles: Mapping[str, Played], settings: Settings) -> Declared:
    """All of it, each with the sentence that the page shows for it."""
    scale = scale_of(run, roles, settings)
    notes = [Assumption("scale", scale.range, scale.why)]
    eval_n = eval_size(run, roles, scale, settings, notes)
    base, base_from = baseline(run, roles, scale, settings, notes)
    samples = samples_per_step(run, roles, settings)
    if samples:
        text = f"One train point averages {wording.count(samples)} answers{_grouped(run, settings)}."
        notes.append(Assumption("samples_per_step", samples, text))
    text = f"The forecast holds only if nothing new happens after step {_last(run)}."
    notes.append(Assumption("forecast", None, text))
    return Declared(scale, base, base_from, eval_n, samples, gpus(run, settings), tuple(notes))


def scale_of(run: Run, roles: Mapping[str, Played], settings: Settings) -> Scale:
    """Whether the rewards are accuracies, and why that is believed."""
    if settings.reward_range is not None:
        low, high = settings.reward_range
        is_share = (low, high) == (0.0, 1.0)
        why = f"Rewards lie in [{low:g}, {high:g}], given by --reward-range."
        rewards = run.history[[roles[role].name for role in ("train_reward", "eval_reward") if role in roles]]
        if ((rewards < low) | (rewards > high)).to_numpy().any():
            why += " Some that were logged lie outside."
            is_share = False
        return Scale(is_share, (low, high), why, comparable=is_share or not _is_accuracy(run, roles, "eval_reward"))
    kinds = {role: _is_accuracy(run, roles, role) for role in ("train_reward", "eval_reward") if role in roles}
    if kinds and all(kinds.values()):
        names = " and ".join(roles[role].name for role in kinds)
        return Scale(True, (0.0, 1.0), f"{names}: an accuracy by its name, and every value lies in [0, 1].")
    bounds = answer_range(run, roles)
    if bounds is not None:
        why = f"Answers earned between {bounds[0]:g} and {bounds[1]:g}, as logged: not an accuracy, so no percent."
        return Scale(False, bounds, why, comparable=_within(run, roles, bounds))
    why = "The reward's scale is unknown, so no percent and no binomial interval; --reward-range 0:1 would declare it."
    if any(kinds.values()):
        why = "Train and eval reward are not counted in the same unit; " + why[0].lower() + why[1:]
    return Scale(False, None, why, comparable=not any(kinds.values()))


def answer_range(run: Run, roles: Mapping[str, Played]) -> tuple[float, float] | None:
    """Lowest and highest reward of an answer, where both are logged and most batches reach them."""
    if not {"reward_min", "reward_max"} <= set(roles):
        return None
    lows, highs = (run.history[roles[role].name].dropna() for role in ("reward_min", "reward_max"))
    if len(lows) < 3 or len(highs) < 3 or (lows == lows.min()).mean() < 0.5 or (highs == highs.max()).mean() < 0.5:
        return None
    low, high = float(lows.min()), float(highs.max())
    return (low, high) if low < high else None


def baseline(
    run: Run, roles: Mapping[str, Played], scale: Scale, settings: Settings, notes: list[Assumption]
) -> tuple[float | None, str]:
    """Reward of the base model and where it comes from: given, logged before training, or assumed."""
    if settings.baseline is not None:
        if scale.accuracy and not 0 <= settings.baseline <= 1:
            raise SettingsError(
                f"--baseline {settings.baseline:g}: the reward of {run.name or run.id} is an accuracy, so its baseline "
                "lies between 0% and 100%; give it like 18.35% or 0.1835"
            )
        shown = wording.level(settings.baseline, scale.accuracy)
        text = f"The base model's reward is {shown}, given by --baseline."
        notes.append(Assumption("baseline", settings.baseline, text))
        return settings.baseline, "given"
    before = evals_before_training(run, roles)
    if len(before):
        step = int(before.index[-1])
        return float(before.iloc[-1]), f"logged at step {step}"
    if not scale.accuracy:
        return None, ""
    text = (
        f"Base accuracy of {wording.percent(BASE_ACCURACY)} is assumed (Qwen2.5-0.5B on gsm8k); it is never in the log:"
        " give --baseline."
    )
    notes.append(Assumption("baseline", BASE_ACCURACY, text))
    return BASE_ACCURACY, "assumed"


def evals_before_training(run: Run, roles: Mapping[str, Played]) -> pd.Series:
    """Evals at steps before the first that has a train reward; empty when there are none."""
    if "eval_reward" not in roles or "train_reward" not in roles:
        return pd.Series(dtype=float)
    evals = run.history[roles["eval_reward"].name].dropna()
    train = run.history[roles["train_reward"].name].first_valid_index()
    return evals.loc[evals.index < train] if train is not None else evals.iloc[:0]


def eval_size(
    run: Run, roles: Mapping[str, Played], scale: Scale, settings: Settings, notes: list[Assumption]
) -> int | None:
    """Problems in the eval set: given, logged, gsm8k's when the run is named after it, or unknown."""
    if "eval_reward" not in roles:
        return None
    given = settings.eval_size
    if given is not None:
        if not isinstance(given, Mapping):
            text = f"Eval set of {wording.count(given)} problems, given by --eval-size."
            notes.append(Assumption("eval_size", given, text))
            return given
        return None
    logged = len(run.answers) if run.answers is not None else _logged_eval_size(run, roles["eval_reward"].name)
    if logged:
        return logged
    if scale.accuracy and is_gsm8k(run, roles["eval_reward"].name):
        text = f"Eval set of {wording.count(GSM8K_PROBLEMS)} problems is assumed, since the run is named after gsm8k."
        notes.append(Assumption("eval_size", GSM8K_PROBLEMS, text))
        return GSM8K_PROBLEMS
    if scale.accuracy:
        text = (f"The size of the eval set isn't known, so the gain is not tested; below 4 evals the "
                f"train–eval gap is judged as if there were {CAUTIOUS_PROBLEMS}: give --eval-size.")  # fmt: skip
        notes.append(Assumption("eval_size", None, text))
    return None


def is_gsm8k(run: Run, eval_name: str = "") -> bool:
    """Whether the config, the experiment or the project is named after gsm8k."""
    named = [run.name, run.id, run.source, eval_name, *run.config.values(), *run.provenance.values()]
    return any("gsm8k" in text.lower() for text in named if isinstance(text, str))


def samples_per_step(run: Run, roles: Mapping[str, Played], settings: Settings) -> int | None:
    """Rollouts that one train point averages: given, from the config, or logged; None: unknown."""
    if settings.samples_per_step:
        return settings.samples_per_step
    for keys in trainers.samples(run.framework):
        factors = [config_number(run, key) for key in keys]
        if all(factor and factor >= 1 for factor in factors):
            return round(prod(factor for factor in factors if factor))
    if "sequences" in roles:
        counts = run.history[roles["sequences"].name].dropna()
        return round(float(counts.median())) or None if len(counts) else None
    return None


def _logged_eval_size(run: Run, eval_name: str) -> int | None:
    sizes = [config_number(run, key) for key in trainers.keys(run.framework, "eval_size")]
    if run.answers is not None:
        sizes.insert(0, float(len(run.answers)))
    scope = eval_name.split("/")[0] if "/" in eval_name else "eval"
    names = (f"{scope}/n_seqs", f"{scope}/n", f"{scope}_n", "eval_n")
    sizes += [_median(run.history[name].dropna()) for name in names if name in run.history.columns]
    return next((round(size) for size in sizes if size and size >= 1), None)


def _median(values: Iterable[float]) -> float | None:
    found = np.asarray(list(values), dtype=float)
    return float(np.median(found)) if found.size else None


def _is_accuracy(run: Run, roles: Mapping[str, Played], role: str) -> bool:
    """By its name, and with no value outside [0, 1]; for train the lowest and highest answer count too."""
    if role not in roles or not metrics.is_accuracy_name(roles[role].name):
        return False
    also = ("reward_min", "reward_max") if role == "train_reward" else ()
    names = [roles[key].name for key in (role, *also) if key in roles]
    seen = run.history[names].to_numpy()
    return bool(np.isfinite(seen).any() and np.nanmin(seen) >= 0 and np.nanmax(seen) <= 1)


def _within(run: Run, roles: Mapping[str, Played], bounds: tuple[float, float]) -> bool:
    """Whether the evals could be means of such answers."""
    if "eval_reward" not in roles:
        return True
    evals = run.history[roles["eval_reward"].name].dropna()
    return bool(evals.between(*bounds).all())


def _grouped(run: Run, settings: Settings) -> str:
    """How many answers share a problem, in words; their noise is read off the rewards all the same."""
    size = settings.group_size or config_number(run, "actor.group_size") or config_number(run, "gconfig.n_samples")
    return f", in groups of {wording.count(size)}" if size and size > 1 else ""


def _last(run: Run) -> str:
    return wording.count(int(run.history.index[-1]))
