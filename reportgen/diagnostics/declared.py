"""What is taken for true about a run: its reward's scale, the baseline, sizes of sets and batches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod

import pandas as pd

from reportgen import trainers, wording
from reportgen.costs import gpus
from reportgen.diagnostics import origins
from reportgen.diagnostics.scale import scale_of
from reportgen.errors import SettingsError
from reportgen.evals import Eval, sets
from reportgen.findings import Assumption, Cast, Scale
from reportgen.metrics import Played
from reportgen.run import Run, config_number
from reportgen.settings import Settings
from reportgen.signals import robust

BASE_ACCURACY = 0.1835  # Qwen2.5-0.5B-Instruct on gsm8k's test set, as the guide has it
BASE_SLACK = 0.06  # between train problems, sampled hotter, and the test set; a judgement, not measured
LEAST_FOR_START = 6  # train rewards below which the first are no level of their own
START = 0.02  # of the train rewards, at least three: what "the first steps" are
CAUTIOUS_PROBLEMS = 30  # AIME, the smallest set in common use: what an unknown set is taken for


@dataclass(frozen=True)
class Declared:
    """What a run, its config or a person says about it, and what had to be assumed."""

    scale: Scale
    baseline: float | None
    baseline_from: str  # "given", "logged at step 0", "assumed", "first steps" …; "" when there is none
    eval_n: int | None  # problems in the eval set; by-step sizes stay in the settings
    samples: int | None  # rollouts that one train point averages
    gpus: int | None
    assumptions: tuple[Assumption, ...]
    baseline_sd: float | None = None  # standard error of a level of the first steps
    main: Eval | None = None


def declared(run: Run, roles: dict[str, Played], found: Cast, settings: Settings) -> Declared:
    """All of it, each with the sentence that the page shows for it."""
    main = found.main
    scale = scale_of(run, roles, main, settings)
    if found.mixture is not None and found.judged_by is None and settings.reward_range is None and scale.accuracy:
        why = f"{found.mixture} mixes several reward functions: no accuracy, so no percent and no binomial interval."
        scale = Scale(False, None, why, comparable=main is None)
    notes = [Assumption("scale", scale.range, scale.why), *_taken(found, roles)]
    eval_n = eval_size(run, main, scale, settings, notes)
    base = baseline(run, roles, main, scale, settings, notes, by_evals=found.is_blind)
    samples = samples_per_step(run, roles, settings)
    if samples:
        text = f"One train point averages {wording.count(samples)} answers{_grouped(run, settings)}."
        notes.append(Assumption("samples_per_step", samples, text))
    text = f"The forecast holds only if nothing new happens after step {_last(run)}."
    notes.append(Assumption("forecast", None, text))
    return Declared(scale, base.value, base.origin, eval_n, samples, gpus(run, settings), tuple(notes), base.sd, main)


def _taken(found: Cast, roles: Mapping[str, Played]) -> Iterator[Assumption]:
    """Which of several metrics were judged, and why."""
    train = roles.get("train_reward")
    if train is not None and found.judged_by == train.name:
        yield Assumption("train_reward", train.name, f"The train reward is {train.name}: {train.why}.")
    if len(found.evals) > 1 and found.main is not None:
        text = f"The main eval is {found.main.label}: {found.main.why}; --eval names another."
        yield Assumption("eval", found.main.name, text)


@dataclass(frozen=True)
class Base:
    """A level to measure the gain from."""

    value: float | None
    origin: str
    sd: float | None = None


def baseline(
    run: Run, roles: Mapping[str, Played], main: Eval | None, scale: Scale, settings: Settings,
    notes: list[Assumption], *, by_evals: bool = False,
) -> Base:  # fmt: skip
    """The level that the gain is counted from: given, logged, assumed, or that of the first steps.

    by_evals: whether train rewards tell no level, so that of the first eval counts.
    """
    if settings.baseline is not None:
        if scale.accuracy and not 0 <= settings.baseline <= 1:
            raise SettingsError(
                f"--baseline {settings.baseline:g}: the reward of {run.name or run.id} is an accuracy, so its baseline "
                "lies between 0% and 100%; give it like 18.35% or 0.1835"
            )
        shown = wording.level(settings.baseline, scale.accuracy)
        text = f"The base model's reward is {shown}, given by --baseline."
        notes.append(Assumption("baseline", settings.baseline, text))
        return Base(settings.baseline, "given")
    logged = evals_at_start(run, roles, main)
    if logged is not None:
        step, value, is_before = logged
        if is_before:
            return Base(value, f"logged at step {step}")
        text = f"The eval of step {step}, after one update or none, stands for the level at the start."
        notes.append(Assumption("baseline", value, text))
        return Base(value, f"logged at the start, step {step}")
    if is_guides_base(run, roles, main, scale):
        text = (
            f"Base accuracy of {wording.percent(BASE_ACCURACY)} is assumed (Qwen2.5-0.5B on gsm8k), so the difference"
            " to it is not tested; it is not in the log: give --baseline."
        )
        notes.append(Assumption("baseline", BASE_ACCURACY, text))
        return Base(BASE_ACCURACY, "assumed")
    return _first_level(run, {} if by_evals else roles, main, scale, notes)


def _first_level(
    run: Run, roles: Mapping[str, Played], main: Eval | None, scale: Scale, notes: list[Assumption]
) -> Base:
    """The level of the first steps, before anything was learned; of the first eval where there is no train reward."""
    if "train_reward" in roles:
        values = run.history[roles["train_reward"].name].dropna()
        if len(values) < LEAST_FOR_START:
            return Base(None, "")
        value, sd, n = first_level(values)
        shown, last = wording.level(value, scale.accuracy), wording.count(int(values.index[n - 1]))
        text = (
            f"The base model's level isn't known; the gain is counted from {shown}, the mean of the first {n} "
            f"train rewards (to step {last}): give --baseline."
        )
        notes.append(Assumption("baseline", value, text))
        return Base(value, "first steps", sd)
    if main is not None and len(main.values) > 1:
        step, value = int(main.values.index[0]), float(main.values.iloc[0])
        text = f"The base model's level isn't known; the gain is counted from the first eval, at step {step}."
        notes.append(Assumption("baseline", value, text))
        return Base(value, f"first eval, step {step}")
    return Base(None, "")


def first_level(values: pd.Series) -> tuple[float, float | None, int]:
    """Mean of the first train rewards, its standard error, and how many they are."""
    n = max(3, round(START * len(values)))
    noise = robust.difference_sd(values.to_numpy(dtype=float)) if len(values) >= 6 else None
    return float(values.iloc[:n].mean()), noise / math.sqrt(n) if noise else None, n


def evals_at_start(run: Run, roles: Mapping[str, Played], main: Eval | None) -> tuple[int, float, bool] | None:
    """(step, value, whether before training) of the main eval at or before the first update; None: there is none.

    An eval in the row of the first train step came after one update or none, where that step is the
    first update and no mean over several.
    """
    if main is None or "train_reward" not in roles:
        return None
    train = run.history[roles["train_reward"].name].dropna()
    if train.empty:
        return None
    first = int(train.index[0])
    before = main.values.loc[main.values.index < first]
    if len(before):
        return int(before.index[-1]), float(before.iloc[-1]), True
    if first <= 1 and first in main.values.index:
        # the row of step 0 is written after the eval of the weights that its answers came from
        return first, float(main.values.loc[first]), first == 0
    return None


def is_guides_base(run: Run, roles: Mapping[str, Played], main: Eval | None, scale: Scale) -> bool:
    """Whether everything says Qwen2.5-0.5B on gsm8k, and neither names nor the first steps speak against it."""
    if not scale.accuracy or not is_gsm8k(run, main) or not origins.is_qwen_half_billion(run):
        return False
    if "train_reward" not in roles:
        return True
    values = run.history[roles["train_reward"].name].dropna()
    if len(values) < LEAST_FOR_START:
        return True
    level, sd, _ = first_level(values)
    return abs(level - BASE_ACCURACY) <= BASE_SLACK + 3 * (sd or 0.0)


def eval_size(run: Run, main: Eval | None, scale: Scale, settings: Settings, notes: list[Assumption]) -> int | None:
    """Problems in the main eval set: given, logged, known by the set's name, or unknown."""
    if main is None:
        return None
    given = settings.eval_size
    if given is not None:
        if not isinstance(given, Mapping):
            text = f"Eval set of {wording.count(given)} problems, given by --eval-size."
            notes.append(Assumption("eval_size", given, text))
            return given
        return None
    logged = len(run.answers) if run.answers is not None else main.problems if main.problems_from == "logged" else None
    logged = logged or _configured_size(run, main)
    if logged:
        return logged
    tested = origins.evaluated_on(run)
    named = main.set or next(iter(tested or origins.trained_on(run)), "")
    if not sets.known(named) and len(tested) == 1:  # verl's DAPO calls the AIME that it tests on "math_dapo"
        named = tested[0]
    known = main.problems or sets.problems(named)
    if scale.accuracy and known:
        text = f"Eval set of {wording.count(known)} problems is assumed, as many as {named.rsplit('/', 1)[-1]} has."
        if main.problems and not main.set:
            text = f"The mean over eval sets is taken to be as telling as {wording.count(known)} problems."
        notes.append(Assumption("eval_size", known, text))
        return known
    if scale.accuracy:
        text = (f"The size of the eval set isn't known, so the gain is not tested; below 4 evals the "
                f"train–eval gap is judged as if there were {CAUTIOUS_PROBLEMS}: give --eval-size.")  # fmt: skip
        notes.append(Assumption("eval_size", None, text))
    return None


def is_gsm8k(run: Run, main: Eval | None = None) -> bool:
    """Whether a run trains and is tested on gsm8k, by its config, the names that people gave it, and its eval."""
    if main is not None and main.set and main.set.lower() != "all" and sets.known(main.set) != "gsm8k":
        return False
    tested = origins.evaluated_on(run)
    if tested and "gsm8k" not in tested and not (main is not None and main.set):
        return False
    trained = origins.trained_on(run)
    return trained == ("gsm8k",) or (not trained and main is not None and sets.known(main.set) == "gsm8k")


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


def _configured_size(run: Run, main: Eval) -> int | None:
    """Problems of the one eval set that a config counts."""
    if main.is_own is False and main.set:
        return None
    sizes = [config_number(run, key) for key in trainers.keys(run.framework, "eval_size")]
    return next((round(size) for size in sizes if size and size >= 1), None)


def _grouped(run: Run, settings: Settings) -> str:
    """How many answers share a problem, in words; their noise is read off the rewards all the same."""
    size = settings.group_size or config_number(run, "actor.group_size") or config_number(run, "gconfig.n_samples")
    return f", in groups of {wording.count(size)}" if size and size > 1 else ""


def _last(run: Run) -> str:
    return wording.count(int(run.history.index[-1]))
