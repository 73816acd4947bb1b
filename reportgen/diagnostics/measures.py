"""Gap, gain and checkpoints as numbers, each with what its eval set can tell."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import special

from reportgen.diagnostics.declared import CAUTIOUS_PROBLEMS, Declared
from reportgen.evals import Eval
from reportgen.findings import EvalGain, Evidence, Gap, Improvement, Interval, Label, Scale
from reportgen.metrics import Played
from reportgen.run import Run, config_number
from reportgen.settings import Settings
from reportgen.signals import Collapse, Learning, intervals, repeated, robust

LEVEL_90 = intervals.z_of(0.90)  # the trend's band is a 90 % one
DRAWS = 400
LEAST_P = 1e-4  # draws of a trend can't speak for rarer events
LONG = 60  # points from which on the fit itself tells noise that remembers from a fall
PICKED = 1e-3  # one-sided p that a fall of a shorter run must be below: its peak was picked among all points
LEAST_FALL = 4.0  # standard errors of the two levels that a fall of train must exceed
LARGE_FALL = 0.2  # of the peak: a fall of evals of unknown error that is more than scatter
BLURRED = 3.0  # times their scatter: a fall of evals of unknown error that is more than that
SEEN = 1.4  # times the threshold: the widest half interval with which a gap of twice it is seen at 80 % power
AT_ONCE = 0.02  # of the run: an eval by then is of a model that has learned nothing yet
APART = 3.0  # times the threshold: train and eval that start so far apart are of other problems
LEAST_BASE = 0.02  # below: hardly a success a batch, and "+8,000 %" says nothing
EARLY = 0.34  # of the run, a judgement: a gap that stands by then, and grows no more, was not learned by heart
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


def weighed(train: Learning | None, rewards: pd.Series | None) -> Learning | None:
    """What train tells, a collapse withdrawn where noise isn't weighed, or explains it.

    rewards: as logged. The peak of a short run was picked for being high, so there the values after it must be below
    as many before it by more than such a pick brings (Welch's t, neighbours that are alike counted for fewer).
    """
    if train is None or rewards is None or not train.collapse.collapsed:
        return train
    drop, n = train.collapse.drop or 0.0, train.n_points
    span = max(train.last_step - train.first_step, 1)
    fallen = max(1.0, n * (train.last_step - (train.collapse.peak_step or 0)) / span)
    chance = LEAST_FALL * train.noise_sd * math.sqrt(1 / fallen + 1 / max(n - fallen, 1.0))
    is_seen = n >= LONG or _fall_of_short(rewards, train) < PICKED
    if train.is_modelled and drop > chance and is_seen:
        return train
    return replace(train, collapse=Collapse(False, train.collapse.probability, None, None, None, None))


def _fall_of_short(rewards: pd.Series, train: Learning) -> float:
    """One-sided p of the values after the peak being as high as those before it."""
    kept = rewards[~rewards.index.isin(train.spikes)]
    peak = train.collapse.peak_step or train.first_step
    after = kept[kept.index > peak].to_numpy(dtype=float)
    before = kept[kept.index <= peak].to_numpy(dtype=float)[-max(len(after), 3) :]
    if len(before) < 3 or len(after) < 3:
        return 1.0
    rest = np.concatenate([before - before.mean(), after - after.mean()])
    memory = min(max(float(rest[1:] @ rest[:-1]) / max(float(rest @ rest), 1e-300), 0.0), 0.8)
    squares = [float(part.var(ddof=1)) / len(part) * (1 + memory) / (1 - memory) for part in (before, after)]
    error = max(sum(squares), 1e-300)
    freedom = error**2 / max(sum(one**2 / (len(part) - 1) for one, part in zip(squares, (before, after), strict=True)),
                             1e-300)  # fmt: skip
    return float(special.stdtr(max(freedom, 1.0), (after.mean() - before.mean()) / math.sqrt(error)))


def late_course(evals: pd.Series | None, declared: Declared, settings: Settings) -> repeated.Course | None:
    """Where the second half of the evals is heading, tested against their own noise; None: they are too few."""
    if evals is None or len(evals) < repeated.LEAST:
        return None
    n = problems(int(evals.index[-1]), declared, settings)
    noise = eval_noise(evals, n, declared.scale.accuracy, declared.main)
    if noise is None:
        return None
    late = evals.iloc[-max(3, len(evals) // 2) :]
    noise = replace(noise, is_same_set=False)  # it was read off all of them, so few may be tested with it
    return repeated.course_of(late.index.to_numpy(), late.to_numpy(dtype=float), noise)


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
        return _as_evaluated(seen, evals)
    return replace(seen, collapse=withdrawn)


def _as_evaluated(seen: Learning, evals: pd.Series) -> Learning:
    """The fall told by the evals at its ends, not by a smoothed level beside them."""
    peak = seen.collapse.peak_step
    if peak is None or peak not in evals.index:
        return seen
    top, last = float(evals.loc[peak]), float(evals.iloc[-1])
    if top <= last:
        return seen
    return replace(seen, collapse=replace(seen.collapse, peak_level=top, drop=top - last))


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
    if train is None or evals is None or evals.empty or why_not_compared(declared.scale, declared.main):
        return None
    step, value = int(evals.index[-1]), float(evals.iloc[-1])
    if not train.first_step <= step:
        return None
    n = problems(step, declared, settings)
    is_unknown = n is None and len(evals) < 4 and declared.scale.accuracy and 0 <= value <= 1
    error = _cautious_error(value) if is_unknown else eval_errors(evals, declared, settings)(step, value)
    if error is None:
        return None
    level, mid = train_level(train, step), float(np.mean(train_level(train, step))) - value
    low, high = (float(q) for q in np.quantile(level - _eval_draws(value, error, n, declared), (0.025, 0.975)))
    again = _seen_again(level, evals, declared, settings)
    trend = gap_trend(train, evals, eval_errors(evals, declared, settings))
    limit = _limit(train, declared, settings)
    at_first = trend[0][1] if len(trend) > 1 and trend[0][0] <= _early(train) else None
    if at_first is not None and float(np.median([row[1] for row in trend])) < at_first / 2:
        at_first = None  # it closed meanwhile, so what stands at the end is another
    label = label_of(mid, again or (low, high), limit, at_first)
    if label == "overfitting" and (_was_other(trend, train, limit) or _may_stand_still(train)):
        label = "inconclusive"
    return Gap(
        train=float(np.mean(level)),
        eval=value,
        gap=mid,
        interval=again or (low, high),
        label=label,
        first_significant_step=first_significant(trend, mid, limit),
        trend=trend,
        confounders=confounders(run, roles, declared),
        state="not tested" if is_unknown else "measured",
        at_first=at_first,
        interval_new=(low, high) if again else None,
    )


def _may_stand_still(train: Learning) -> bool:
    """Whether train never rose by more than its noise: then nothing was learned, by heart or otherwise."""
    return train.is_modelled and not train.is_seen_to_move


def _was_other(trend: tuple[tuple[int, float, float, float], ...], train: Learning, limit: float) -> bool:
    """Whether the evals stood far below train before anything was learned: they are of other problems."""
    if not trend:  # every eval came after the last train reward
        return False
    step, gap, low, _ = trend[0]
    at_once = train.first_step + AT_ONCE * (train.last_step - train.first_step)
    return step <= at_once and gap > APART * limit and low > limit


def _early(train: Learning) -> float:
    """The last step at which an eval still shows the start."""
    return train.first_step + EARLY * (train.last_step - train.first_step)


def why_not_compared(scale: Scale, main: Eval | None) -> str:
    """Why train and the main eval have no gap; "" when they have one."""
    if not scale.comparable:
        return "train and eval reward are not counted in the same unit"
    if main is not None and main.family not in ("mean", "reward"):
        return f"{main.label} is no mean over answers, so it is not compared with the train reward"
    if main is not None and main.is_own is False:
        return f"{main.label} is of other problems than the run trains on: transfer, not generalisation"
    return ""


def eval_noise(evals: pd.Series, n: int | None, accuracy: bool, of: Eval | None) -> repeated.Noise | None:
    """What one eval is off by when the same problems come back; None when nothing tells."""
    values = evals.to_numpy(dtype=float)
    is_share = accuracy and bool(values.min() >= 0 and values.max() <= 1)
    answers = of.answers if of is not None else 1
    return repeated.noise_of(evals.index.to_numpy(), values, n if is_share else None, answers)


def _seen_again(level: np.ndarray, evals: pd.Series, declared: Declared, settings: Settings) -> Interval | None:
    """95 % interval of the gap for the same problems seen again; None where the evals don't tell their own noise."""
    n = problems(int(evals.index[-1]), declared, settings)
    noise = eval_noise(evals, n, declared.scale.accuracy, declared.main)
    if noise is None or not noise.is_same_set or not n:
        return None
    mid = float(np.mean(level)) - float(evals.iloc[-1])
    half = math.hypot(intervals.z_of(0.95) * float(np.std(level)), noise.half_width())
    return (mid - half, mid + half)


def gain_of_set(one: Eval, declared: Declared, settings: Settings) -> EvalGain | None:
    """What one eval set gained from its first eval to its last, and whether it fell from its best."""
    values = one.values.to_numpy(dtype=float)
    if not len(values):
        return None
    n = problems(int(one.values.index[-1]), declared, settings) if one.main else one.problems
    accuracy = declared.scale.accuracy if one.main else one.accuracy
    noise = eval_noise(one.values, n, accuracy, one)
    change, at = float(values[-1] - values[0]), int(np.argmax(values))
    is_tested = noise is not None and len(values) > 1
    interval = None
    if is_tested and noise is not None:
        half = noise.half_width(math.sqrt(2))
        interval = (change - half, change + half)
        if not noise.is_same_set and n:
            interval = intervals.newcombe(float(values[-1]), n, float(values[0]), n)
    course = repeated.course_of(one.values.index.to_numpy(), values, noise)
    fall = repeated.fall_of(values, noise)
    fell = fall is not None and fall[1] < settings.significance
    is_down = course.direction == "falling" and values[-1] < values[0]
    return EvalGain(
        first=float(values[0]),
        best=float(values[at]),
        best_step=int(one.values.index[at]),
        last=float(values[-1]),
        absolute=change,
        interval=interval,
        p_value=noise.p_value(change, math.sqrt(2)) if is_tested and noise is not None else None,
        direction=course.direction,
        fall=float(values[at] - values[-1]) if fell or is_down else None,
        fall_p=fall[1] if fall is not None and fell else course.p_value if is_down else None,
        state="measured" if is_tested else "not tested",
    )


def train_level(train: Learning, step: int) -> np.ndarray:
    """Draws of the train level at a step: near the end the end's, less what the trend rose since; else the trend's."""
    low, mid, high = (float(np.interp(step, train.curve.steps, line)) for line in _lines(train))
    if step >= train.last_step - train.plateau.dwell_steps and len(train.end_draws) > 1:
        since = float(np.interp(train.last_step, train.curve.steps, _lines(train)[1])) - mid
        return np.resize(train.end_draws, DRAWS) - since
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


def label_of(gap: float, interval: Interval, limit: float, at_first: float | None = None) -> Label:
    """What a gap means: beyond the limit and beyond chance, near zero, or can't be told.

    at_first: the gap at an early eval. One that stood by then and has not grown by more than the limit
    is another set of problems or another way of sampling, nothing that was learned by heart.
    """
    low, high = interval
    if gap > limit and low > 0:
        return "inconclusive" if at_first is not None and gap - at_first <= limit else "overfitting"
    if gap < -limit and high < 0:
        return "underfitting"
    if abs(gap) <= limit and (high - low) / 2 <= SEEN * limit:
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
    is_of_train = declared.baseline_from == "first steps"  # train's own level then, so train's own end
    if evals is not None and len(evals) and not is_of_train:
        return _gain_of_eval(evals, declared, settings)
    return _gain_of_train(train, declared) if train is not None and train.n_points else None


def _gain_of_eval(evals: pd.Series, declared: Declared, settings: Settings) -> Improvement:
    base, step, value = declared.baseline or 0.0, int(evals.index[-1]), float(evals.iloc[-1])
    is_share = declared.scale.accuracy and 0 <= base <= 1 and 0 <= value <= 1
    n = problems(step, declared, settings) if is_share else None
    base_n = _baseline_n(n, declared, settings)
    interval = intervals.newcombe(value, n, base, base_n) if n and base_n else None
    p_value = intervals.two_proportion_p(value, n, base, base_n) if n and base_n else None
    noise = eval_noise(evals, n, is_share, declared.main)
    is_same_set = noise is not None and noise.is_same_set and _is_measured_here(declared) and n is not None
    new = None
    if is_same_set and noise is not None:
        half, new = noise.half_width(math.sqrt(2)), interval
        interval, p_value = (value - base - half, value - base + half), noise.p_value(value - base, math.sqrt(2))
    is_assumed = declared.baseline_from == "assumed"
    return Improvement(
        baseline=base,
        baseline_from=declared.baseline_from,
        final=value,
        final_step=step,
        source="eval",
        absolute=value - base,
        relative=_relative(value, declared),
        interval=interval,
        p_value=None if is_assumed else p_value,
        smallest_visible=intervals.smallest_visible(base, n, base_n, power=0.8) if n else None,
        n=n,
        state="assumed" if is_assumed else "measured" if p_value is not None else "not tested",
        interval_new=new,
    )


def _is_measured_here(declared: Declared) -> bool:
    """Whether the baseline is an eval of this run, so of the same problems."""
    return declared.baseline_from.startswith(("logged", "first eval"))


def _gain_of_train(train: Learning, declared: Declared) -> Improvement:
    base, (_, level, _) = declared.baseline or 0.0, train.end_level
    spread = float(np.std(train.end_draws)) if len(train.end_draws) > 1 else 0.0
    spread = math.hypot(spread, declared.baseline_sd or 0.0) if spread else 0.0
    gain, half = level - base, intervals.z_of(0.95) * spread
    is_assumed = declared.baseline_from == "assumed"
    p_value = max(LEAST_P, intervals.tail(gain / spread, "two-sided")) if spread and not is_assumed else None
    return Improvement(
        baseline=base,
        baseline_from=declared.baseline_from,
        final=level,
        final_step=train.last_step,
        source="train",
        absolute=gain,
        relative=_relative(level, declared),
        interval=(gain - half, gain + half) if spread else None,
        p_value=p_value,
        smallest_visible=None,
        n=None,
        state="assumed" if is_assumed else "measured" if p_value is not None else "not tested",
    )


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
    if n and _is_measured_here(declared):
        return problems(int(declared.baseline_from.rsplit(" ", 1)[-1]), declared, settings) or n
    return n


def _relative(value: float, declared: Declared) -> float | None:
    base = declared.baseline
    return (value - base) / base if base and base >= LEAST_BASE and declared.scale.accuracy else None
