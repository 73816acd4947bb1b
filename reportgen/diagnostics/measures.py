"""Gap, gain and checkpoints as numbers, each with what its eval set can tell."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from reportgen.diagnostics.declared import CAUTIOUS_PROBLEMS, Declared
from reportgen.findings import Checkpoints, Evidence, Gap, Improvement, Interval, Label
from reportgen.metrics import Played
from reportgen.run import Run, config_number
from reportgen.settings import Settings
from reportgen.signals import Collapse, Learning, intervals, robust

LEVEL_90 = intervals.z_of(0.90)  # the trend's band is a 90 % one
DRAWS = 400
LEAST_P = 1e-4  # draws of a trend can't speak for rarer events
DATED = 0.05  # of the run: how well the start of a fall is known
LARGE_FALL = 0.2  # of the peak: a fall of evals of unknown error that is more than scatter
BLURRED = 3.0  # times the threshold: a gap known no better than this can't be called good
ErrorAt = Callable[[int, float], float | None]  # (step, value) -> standard error of an eval


def eval_errors(evals: pd.Series, declared: Declared, settings: Settings) -> ErrorAt:
    """Standard error of each eval: binomial where its size is known, else as the evals scatter."""
    scatter = robust.difference_sd(evals.to_numpy()) if len(evals) >= 4 else None

    def error(step: int, value: float) -> float | None:
        n = problems(step, declared, settings)
        if n and declared.scale.accuracy and 0 <= value <= 1:
            share = (value * n + 0.5) / (n + 1)  # never 0 or 1, so never an error of 0
            return math.sqrt(share * (1 - share) / n)
        return scatter or None

    return error


def problems(step: int, declared: Declared, settings: Settings) -> int | None:
    """Problems behind the eval at a step."""
    if isinstance(settings.eval_size, Mapping):
        return settings.eval_size.get(step)
    return declared.eval_n


def problems_behind(step: int, evidence: Evidence, settings: Settings) -> int | None:
    """The same, for a check."""
    return settings.eval_size.get(step) if isinstance(settings.eval_size, Mapping) else evidence.eval_n


def fall_p(evals: pd.Series, n: int | None, accuracy: bool) -> float | None:
    """p-value of the last eval being below the best, corrected for picking the best; None without a size."""
    best, last = float(evals.max()), float(evals.iloc[-1])
    if not n or not accuracy or not 0 <= last <= best <= 1:
        return None
    return min(1.0, len(evals) * intervals.two_proportion_p(best, n, last, n))


def tested(seen: Learning | None, evals: pd.Series | None, declared: Declared, settings: Settings) -> Learning | None:
    """What the evals tell, a collapse withdrawn when it is no more than sampling error or scatter."""
    if seen is None or evals is None or not seen.collapse.collapsed:
        return seen
    p = fall_p(evals, problems(int(evals.index[-1]), declared, settings), declared.scale.accuracy)
    peak, drop = seen.collapse.peak_level or 0.0, seen.collapse.drop or 0.0
    scatter = robust.difference_sd(evals.to_numpy(dtype=float))
    withdrawn = Collapse(False, seen.collapse.probability, None, None, None, None)
    if seen.collapse.peak_step == seen.first_step:  # it never rose: a loss, which the gain tells
        return replace(seen, collapse=withdrawn)
    is_large = drop > max(LARGE_FALL * abs(peak), BLURRED * scatter) and len(evals) >= 4
    if p < settings.significance if p is not None else is_large:
        return seen
    return replace(seen, collapse=withdrawn)


def gap_of(
    train: Learning | None,
    evals: pd.Series | None,
    run: Run,
    roles: Mapping[str, Played],
    declared: Declared,
    settings: Settings,
) -> Gap | None:
    """Train minus eval, at the last eval and over all of them; None when they can't be compared.

    Train is the level of its trend, not its last batch; the interval joins the posterior of that level
    with the eval's own (Jeffreys). An eval set of unknown size is taken for a small one.
    """
    if train is None or evals is None or evals.empty or not declared.scale.comparable:
        return None
    step, value = int(evals.index[-1]), float(evals.iloc[-1])
    if not train.first_step <= step:
        return None
    n = problems(step, declared, settings)
    is_unknown = n is None and len(evals) < 4 and declared.scale.accuracy and 0 <= value <= 1
    error = _cautious_error(value) if is_unknown else eval_errors(evals, declared, settings)(step, value)
    if error is None:
        return None
    level = train_level(train, step)
    differences = level - _eval_draws(value, error, n, declared)
    low, high = (float(q) for q in np.quantile(differences, (0.025, 0.975)))
    mid = float(np.mean(level)) - value
    trend = gap_trend(train, evals, eval_errors(evals, declared, settings))
    return Gap(
        train=float(np.mean(level)),
        eval=value,
        gap=mid,
        interval=(low, high),
        label=label_of(mid, (low, high), _limit(train, declared, settings)),
        first_significant_step=first_significant(trend, mid, _limit(train, declared, settings)),
        trend=trend,
        confounders=confounders(run, roles, declared),
    )


def train_level(train: Learning, step: int) -> np.ndarray:
    """Draws of the train level at a step: the end's where the step is near it, else the trend's."""
    if step >= train.last_step - train.plateau.dwell_steps and len(train.end_draws) > 1:
        return np.resize(train.end_draws, DRAWS)
    low, mid, high = (float(np.interp(step, train.curve.steps, line)) for line in _lines(train))
    spread = (high - low) / (2 * LEVEL_90)
    return mid + spread * np.random.default_rng(step).standard_normal(DRAWS)


def gap_trend(train: Learning, evals: pd.Series, error: ErrorAt) -> tuple[tuple[int, float, float, float], ...]:
    """(step, gap, low, high) at every eval that the train trend covers, 95 %."""
    rows = []
    steps = np.array([step for step in evals.index if train.first_step <= step <= train.last_step])
    low, mid, high = (np.interp(steps, train.curve.steps, line) for line in _lines(train))
    for at, step in enumerate(steps):
        value = float(evals.loc[step])
        eval_error = error(int(step), value)
        if eval_error is not None:
            half = intervals.z_of(0.95) * math.hypot((high[at] - low[at]) / (2 * LEVEL_90), eval_error)
            gap = float(mid[at]) - value
            rows.append((int(step), gap, gap - half, gap + half))
    return tuple(rows)


def first_significant(trend: tuple[tuple[int, float, float, float], ...], end: float, limit: float) -> int | None:
    """First step whose gap is beyond the limit, on the end's side, by more than chance (Bonferroni over evals)."""
    wider = float(intervals.z_of(1 - 0.05 / max(len(trend), 1)) / intervals.z_of(0.95))
    for step, gap, low, high in trend:
        half = wider * (high - low) / 2
        if gap * end > 0 and abs(gap) > max(limit, half):
            return step
    return None


def label_of(gap: float, interval: Interval, limit: float) -> Label:
    """What a gap means: beyond the limit and beyond chance, near zero, or can't be told."""
    low, high = interval
    if gap > limit and low > 0:
        return "overfitting"
    if gap < -limit and high < 0:
        return "underfitting"
    if abs(gap) <= limit and (high - low) / 2 <= BLURRED * limit:
        return "good_generalisation"
    return "inconclusive"


def confounders(run: Run, roles: Mapping[str, Played], declared: Declared) -> tuple[str, ...]:
    """What else may part train from eval."""
    found = []
    if "rollout_reward" in roles and roles["rollout_reward"].name == roles["train_reward"].name:
        found.append(f"Train is {roles['train_reward'].name}, of rollouts that run ahead by the off-policy lag.")
    train = config_number(run, "gconfig.temperature") or config_number(run, "temperature")
    test = config_number(run, "eval_gconfig.temperature") or config_number(run, "eval_temperature")
    if test is None and run.framework == "areal":
        test = 0.6  # gconfig.new(temperature=0.6) in AReaL's examples
    if train is not None and test is not None and train != test:
        found.append(f"Train samples at temperature {train:g}, eval at {test:g}: cooler reads higher at equal skill.")
    if declared.eval_n is None and not found:
        found.append("The eval's size is unknown; its error is read off its scatter, or taken for a small set's.")
    return tuple(found)


def improvement_of(
    train: Learning | None, evals: pd.Series | None, declared: Declared, settings: Settings
) -> Improvement | None:
    """The gain over the baseline, from the last eval, else from the end of train; None without a baseline."""
    if declared.baseline is None:
        return None
    if evals is not None and len(evals):
        return _gain_of_eval(evals, declared, settings)
    return _gain_of_train(train, declared) if train is not None and train.n_points else None


def _gain_of_eval(evals: pd.Series, declared: Declared, settings: Settings) -> Improvement:
    base, step, value = declared.baseline or 0.0, int(evals.index[-1]), float(evals.iloc[-1])
    is_share = declared.scale.accuracy and 0 <= base <= 1 and 0 <= value <= 1
    n = problems(step, declared, settings) if is_share else None
    base_n = _baseline_n(n, declared, settings)
    return Improvement(
        baseline=base,
        baseline_from=declared.baseline_from,
        final=value,
        final_step=step,
        source="eval",
        absolute=value - base,
        relative=_relative(value, declared),
        interval=intervals.newcombe(value, n, base, base_n) if n and base_n else None,
        p_value=intervals.two_proportion_p(value, n, base, base_n) if n and base_n else None,
        smallest_visible=intervals.smallest_visible(base, n, base_n, power=0.8) if n else None,
        n=n,
    )


def _gain_of_train(train: Learning, declared: Declared) -> Improvement:
    base, (_, level, _) = declared.baseline or 0.0, train.end_level
    spread = float(np.std(train.end_draws)) if len(train.end_draws) > 1 else 0.0
    gain, half = level - base, intervals.z_of(0.95) * spread
    return Improvement(
        baseline=base,
        baseline_from=declared.baseline_from,
        final=level,
        final_step=train.last_step,
        source="train",
        absolute=gain,
        relative=_relative(level, declared),
        interval=(gain - half, gain + half) if spread else None,
        p_value=max(LEAST_P, intervals.tail(gain / spread, "two-sided")) if spread else None,
        smallest_visible=None,
        n=None,
    )


def checkpoints_of(
    train: Learning | None, seen: Learning | None, evals: pd.Series | None, declared: Declared, settings: Settings
) -> Checkpoints | None:
    """Evaluated steps that can't be told from the best, the earliest, and where to go back to.

    The best was picked for being best, so each other must be behind by more than the largest of all
    those differences would be by chance (comparisons with the best, Hsu 1984; Bonferroni's bound).
    """
    fallen = [one.collapse for one in (train, seen) if one is not None and one.collapse.collapsed]
    if evals is None or evals.empty:
        if not fallen:
            return None
        return Checkpoints((), None, fallen[0].peak_step)
    best_set = _best_set(evals, eval_errors(evals, declared, settings), settings)
    if best_set is None:
        return None if not fallen else Checkpoints((), None, _last_before(fallen[0].peak_step, evals))
    target = None
    if fallen:
        begun = min(one.onset_step or one.peak_step or int(evals.index[-1]) for one in fallen)
        until = begun + round(DATED * (int(evals.index[-1]) - int(evals.index[0])))
        target = max((step for step in best_set if step <= until), default=None)
        target = target if target is not None else _last_before(until, evals)
    return Checkpoints(best_set, best_set[0], target)


def _best_set(evals: pd.Series, error: ErrorAt, settings: Settings) -> tuple[int, ...] | None:
    values = evals.to_numpy(dtype=float)
    errors = [error(int(step), float(value)) for step, value in zip(evals.index, values, strict=True)]
    if len(values) == 1:
        return (int(evals.index[0]),)
    if any(one is None for one in errors):
        return None
    spread = np.array(errors, dtype=float)
    best = int(np.argmax(values))
    critical = intervals.z_of(1 - settings.significance / (len(values) - 1))
    near = values[best] - values <= critical * np.hypot(spread, spread[best])
    near[best] = True
    return tuple(int(step) for step in evals.index[near])


def _last_before(step: int | None, evals: pd.Series) -> int | None:
    """The last evaluated step up to a step, or that step itself when none is."""
    before = evals.index[evals.index <= (step or 0)]
    return int(before[-1]) if len(before) else step


def _lines(train: Learning) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return train.curve.low, train.curve.mid, train.curve.high


def _cautious_error(value: float) -> float:
    share = (value * CAUTIOUS_PROBLEMS + 0.5) / (CAUTIOUS_PROBLEMS + 1)
    return math.sqrt(share * (1 - share) / CAUTIOUS_PROBLEMS)


def _eval_draws(value: float, error: float, n: int | None, declared: Declared) -> np.ndarray:
    if n and declared.scale.accuracy and 0 <= value <= 1:
        return intervals.beta_draws(value, n, DRAWS)
    return value + error * np.random.default_rng(1).standard_normal(DRAWS)


def _limit(train: Learning, declared: Declared, settings: Settings) -> float:
    """The gap that counts, in the unit logged; a share of the train trend's own range when none is declared."""
    if declared.scale.range is not None:
        return settings.gap * (declared.scale.range[1] - declared.scale.range[0])
    inside = train.curve.mid[train.curve.steps <= train.last_step]
    return settings.gap * float(np.ptp(inside)) if len(inside) else 0.0


def _baseline_n(n: int | None, declared: Declared, settings: Settings) -> int | None:
    """Problems behind the baseline: its own eval's where it was logged, else as many as the final's."""
    if n and declared.baseline_from.startswith("logged"):
        return problems(int(declared.baseline_from.rsplit(" ", 1)[-1]), declared, settings) or n
    return n


def _relative(value: float, declared: Declared) -> float | None:
    base = declared.baseline
    return (value - base) / base if base and base > 0 and declared.scale.accuracy else None
