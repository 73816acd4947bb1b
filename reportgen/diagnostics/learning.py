"""Does it still learn: plateau, trend, forecast, collapse, spikes, dead stretches."""

from __future__ import annotations

from typing import Any

import numpy as np

from reportgen import wording
from reportgen.diagnostics import system
from reportgen.diagnostics.measures import fall_p, problems_behind
from reportgen.findings import Check, Evidence, Finding, Severity, Skipped
from reportgen.settings import Settings
from reportgen.signals import Learning, robust

RULED_OUT = 0.2  # probability of a plateau below which there is none to speak of
SURE = 0.9  # probability from which a collapse or a decline is more than a warning sign
SPARSE = 0.5  # share of zeros before a stretch of them above which it is no news
CHANCE = 1e-4  # of a stretch of zeros this long where zeros are as frequent as just before it
STILL = 0.01  # of the tolerance over a dwell: a slope below it is 0
BENT = 0.6  # of what the slope would bring: a forecast of less says why
BARE = 0.02  # share of steps that earned anything, up to which there is hardly a reward to learn from
LEAST_BARE = 20  # steps from which on a single one that earned something is next to nothing
BEGINNING = 5  # last steps: what was earned in these alone may be the start of something
RULE_PLATEAU = "the trend stays within τ of its end level for at least w steps, and half a run more would not leave it"
RULE_COLLAPSE = "the trend fell by 5\u202f% of the range and by half of what it had gained, and stayed there"
RULE_TREND = "rising or falling when half a run more at the end's slope would move the mean by more than τ"


def plateau(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """Whether the train reward has stopped paying off, and since when."""
    return _plateau("plateau", evidence.train, evidence, settings, "train reward")


def eval_plateau(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """The same of the evals."""
    return _plateau("eval_plateau", evidence.eval, evidence, settings, "eval reward")


def _plateau(
    check: str, learning: Learning | None, evidence: Evidence, settings: Settings, what: str
) -> Finding | Skipped:
    if learning is None or learning.n_points < 3:
        return _too_few(check, learning, what, 3)
    found, accuracy = learning.plateau, evidence.scale.accuracy
    odds = f"probability {wording.probability(found.probability)}" if learning.is_modelled else "noise not weighed"
    if found.plateaued and found.onset_step is not None:
        since = f"Flat since step {wording.count(found.onset_step)}"
        shown = f" {wording.steps(found.onset_interval)}" if found.onset_interval else ""
        headline, severity = f"{since}{shown}; {odds}", Severity.NOTE
    elif found.plateaued is None:
        headline = f"Can't tell a plateau from noise: {odds}"
        severity = Severity.NOTE
    elif found.probability >= RULED_OUT:
        headline = f"Not shown, not ruled out: {odds}"
        severity = Severity.NOTE
    else:
        headline, severity = f"No plateau: {odds}", Severity.OK
    noise = _plain(learning.noise_sd, accuracy)
    detail = f"One logged value scatters by {noise} round the trend; τ is {_plain(found.tolerance, accuracy)}."
    if found.settled_by:
        detail += f" {found.settled_by[:1].upper()}{found.settled_by[1:]} would settle it."
    return Finding(
        check,
        severity,
        headline,
        detail,
        {
            "probability": found.probability,
            "onset_step": found.onset_step,
            "onset_interval": _listed(found.onset_interval),
            "noise_sd": learning.noise_sd,
            "settled_by": found.settled_by,
            "rule": RULE_PLATEAU,
            "threshold": {
                "tau": found.tolerance,
                "dwell_steps": found.dwell_steps,
                "probability": settings.plateau_probability,
            },
        },
        steps=(found.onset_step, learning.last_step) if found.onset_step is not None else None,
    )


def trend(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """Where the train reward is heading at its end."""
    learning, accuracy = evidence.train, evidence.scale.accuracy
    if learning is None or learning.trend.direction is None:
        return _too_few("trend", learning, "train reward", 3)
    found = learning.trend
    severity = {"rising": Severity.OK, "flat": Severity.NOTE, "falling": Severity.WARNING}[found.direction or "flat"]
    is_unseen = learning.is_modelled and found.direction != "flat" and not learning.is_seen_to_move
    if (found.direction == "falling" and (found.probability < SURE or not learning.is_modelled)) or is_unseen:
        severity = Severity.NOTE
    dwell = min(learning.plateau.dwell_steps, learning.last_step - learning.first_step)
    still = STILL * learning.plateau.tolerance / max(dwell, 1)
    rate, low, high = (0.0 if abs(one) < still else one for one in (found.slope_per_step, *found.interval))
    slope = wording.points(rate, 3) if accuracy else wording.number(rate, signed=True)
    bounds = " " + wording.interval((low, high), accuracy, signed=True, decimals=3) if learning.is_modelled else ""
    odds = f"Probability of this direction: {wording.probability(found.probability)}.{_bend(learning, accuracy)}"
    return Finding(
        "trend",
        severity,
        f"{str(found.direction).capitalize()} at the end: {slope} a step{bounds} over the last {dwell}"
        f"{'; may be noise' if is_unseen else '' if bounds else '; noise not weighed'}",
        odds if learning.is_modelled else "",
        {
            "direction": found.direction,
            "slope_per_step": found.slope_per_step,
            "interval": list(found.interval),
            "probability": found.probability,
            "forecast_gain": _gain_ahead(learning)[1] if learning.forecast else None,
            "p_still": learning.p_still,
            "rule": RULE_TREND,
            "threshold": learning.plateau.tolerance,
        },
        steps=(max(learning.first_step, learning.last_step - learning.plateau.dwell_steps), learning.last_step),
    )


def _bend(learning: Learning, accuracy: bool) -> str:
    """Why the forecast is less than the slope goes on to, where it is by far."""
    if not learning.forecast or learning.trend.direction != "rising" or not learning.is_modelled:
        return ""
    more, gain = _gain_ahead(learning)
    if more <= 0 or gain > BENT * learning.trend.slope_per_step * more:
        return ""
    shown = wording.difference(gain, accuracy)
    return f" The curve bends, and forecast rises have come short: {wording.plural(more, 'more step')} bring {shown}."


def _gain_ahead(learning: Learning) -> tuple[int, float]:
    """How many steps the last forecast is ahead, and what it gains over the level at the end."""
    far = learning.forecast[-1]
    return far.step - learning.last_step, far.mid - learning.end_level[1]


def forecast(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """What more steps would bring, what the next point would cost, and how good such forecasts were here."""
    learning, accuracy = evidence.train, evidence.scale.accuracy
    if learning is None or not learning.forecast:
        return _too_few("forecast", learning, "train reward", 6)
    far = learning.forecast[-1]
    level = f"{wording.level(far.mid, accuracy)} {wording.interval((far.low, far.high), accuracy)}"
    ahead = _next_point(learning, evidence)
    return Finding(
        "forecast",
        Severity.NOTE,
        f"{level} at step {wording.count(far.step)}; {ahead['text']}",
        f"{_back_test(learning, accuracy)} It holds only if nothing new happens.",
        {
            "forecast": [{"step": f.step, "low": f.low, "mid": f.mid, "high": f.high} for f in learning.forecast],
            "next_point_step": learning.next_point_step,
            "next_point_gpu_hours": ahead["gpu_hours"],
            "back_test_hit": learning.back_test.hit if learning.back_test else None,
            "rule": "90\u202f% interval of the mean reward, over all curve shapes that explain the run",
            "threshold": None,
        },
        steps=(learning.last_step, far.step),
    )


def _next_point(learning: Learning, evidence: Evidence) -> dict[str, Any]:
    """When the next point would be gained, and for how many GPU-hours."""
    if learning.next_point_step is None:
        return {"text": "the next point has no finite estimate", "gpu_hours": None}
    more = learning.next_point_step - learning.last_step
    seconds = system.seconds_per_step(evidence)
    point = _plain(learning.gain_point, evidence.scale.accuracy)
    text = f"{point} more by step {wording.count(learning.next_point_step)}"
    if seconds is None or evidence.gpus is None:
        return {"text": text, "gpu_hours": None}
    hours = more * seconds * evidence.gpus / 3600
    return {"text": f"{text}, {wording.gpu_hours(hours)} away", "gpu_hours": hours}


def _back_test(learning: Learning, accuracy: bool) -> str:
    test = learning.back_test
    if test is None:
        return "The run is too short for a back-test."
    bounds = wording.interval((test.low, test.high), accuracy)
    outcome = "covered" if test.hit else "missed"
    return (
        f"Back-test: from the steps up to {wording.count(test.cut_step)}, {wording.level(test.mid, accuracy)} {bounds}"
        f" was expected and {wording.level(test.seen, accuracy)} came: {outcome}."
    )


def collapse(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """Whether the train reward rose, fell for good, and what moved first."""
    learning = evidence.train
    if learning is None or learning.n_points < 3:
        return _too_few("collapse", learning, "train reward", 3)
    return _collapse("collapse", learning, evidence, is_sure=learning.collapse.probability >= SURE)


def eval_collapse(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """The same of the evals, where a fall must be more than the sampling error of two evals."""
    learning = evidence.eval
    if learning is None or learning.n_points < 3:
        return _too_few("eval_collapse", learning, "eval reward", 3)
    evals = evidence.values("eval_reward")
    n = problems_behind(int(evals.index[-1]), evidence, settings)
    p = fall_p(evals, n, evidence.scale.accuracy)
    return _collapse("eval_collapse", learning, evidence, is_sure=False, p=p)


def _collapse(
    check: str, learning: Learning, evidence: Evidence, *, is_sure: bool, p: float | None = None
) -> Finding:
    found, accuracy = learning.collapse, evidence.scale.accuracy
    inside = learning.curve.mid[learning.curve.steps <= learning.last_step]
    fall = max(0.0, float(np.max(inside) - inside[-1])) if len(inside) else 0.0
    numbers: dict[str, Any] = {
        "collapsed": found.collapsed,
        "probability": found.probability,
        "peak_step": found.peak_step,
        "onset_step": found.onset_step,
        "drop": found.drop if found.collapsed else fall,
        "p_value": p,
        "rule": RULE_COLLAPSE,
        "threshold": {"share_of_range": 0.05, "share_of_gain": 0.5},
    }
    if not found.collapsed or found.drop is None or found.peak_step is None:
        text = f"None; deepest fall from the peak of the trend {_plain(fall, accuracy)}"
        return Finding(check, Severity.OK, text, evidence=numbers)
    numbers["broke"] = True
    numbers["since_step"] = found.onset_step
    since = found.onset_step if found.onset_step is not None else found.peak_step
    return Finding(
        check,
        Severity.CRITICAL if is_sure else Severity.WARNING,
        f"Fell {_plain(found.drop, accuracy)} after step {wording.count(found.peak_step)} and did not recover",
        "What moved before it stands on the card.",
        numbers,
        steps=(since, learning.last_step),
    )


def spikes(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """Single train rewards far from their neighbours."""
    learning = evidence.train
    if learning is None or learning.n_points < 15:
        return _too_few("spikes", learning, "train reward", 15)
    found = learning.spikes
    headline = f"{wording.plural(len(found), 'outlier')} at step {wording.listed(found)}" if found else "None"
    return Finding(
        "spikes",
        Severity.NOTE if found else Severity.OK,
        headline,
        "Set aside before the trend was fitted." if found else "",
        {"steps": list(found), "count": len(found), "rule": "robust deviations from the running median",
         "threshold": 5.0},
        steps=(found[0], found[-1]) if found else None,
    )  # fmt: skip


def outage(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """Stretches near zero that came back: the reward was not measured, rather than not earned."""
    if evidence.train is None or len(evidence.values("train_reward")) < 12:
        return _too_few("outage", evidence.train, "train reward", 12)
    found = evidence.outages
    numbers = {"stretches": [list(one) for one in found],
               "rule": "values in a row below a tenth of the level, which came back", "threshold": 3}  # fmt: skip
    if not found:
        return Finding("outage", Severity.OK, "None", "", numbers)
    first, last = found[0]
    more = f", and {wording.plural(len(found) - 1, 'more')}" if len(found) > 1 else ""
    counted = wording.plural(int(((evidence.values("train_reward").index >= first)
                                  & (evidence.values("train_reward").index <= last)).sum()), "step")  # fmt: skip
    headline = f"{counted} near 0 at {wording.count(first)}\u2013{wording.count(last)}, recovered{more}"
    detail = "Left out of the trend: a reward server that is down scores 0, whatever the policy writes."
    return Finding("outage", Severity.NOTE, headline, detail, numbers, steps=(first, last))


def dead_stretch(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """The longest stretch of steps whose rewards were all zero, or all the same."""
    series = evidence.values("train_reward")
    limit, values = settings.zero_streak_steps, series.to_numpy()
    if len(values) < limit:
        return _too_few("dead_stretch", evidence.train, "train reward", limit)
    level, (start, length) = _stillest(values, limit)
    is_still = values == level
    first, last = (int(series.index[start]), int(series.index[start + length - 1])) if length else (0, 0)
    before = is_still[max(0, start - 5 * length) : start]
    usual = float((before.sum() + 0.5) / (len(before) + 1))  # share of such values just before
    severity = Severity.OK
    top = evidence.scale.range[1] if evidence.scale.range is not None else max(1.0, float(values.max()))
    is_top = level != 0 and level >= top and values.min() >= 0
    if length >= limit:
        is_sparse = len(before) < limit or usual > SPARSE or usual**length > CHANCE
        severity = Severity.NOTE if is_sparse or is_top else Severity.WARNING
        ends_so = severity is Severity.WARNING and start + length == len(values)
        if ends_so or (length == len(values) and not is_top):
            severity = Severity.CRITICAL
    earned = hardly_any(values) if level == 0 and length >= limit else 0
    if earned:
        severity = Severity.CRITICAL
    where = f": steps {wording.count(first)} to {wording.count(last)}" if length > 1 else ""
    what = "zero reward" if level == 0 else f"a reward of exactly {wording.number(level)}"
    headline = f"Longest run of {what}: {wording.plural(length, 'step')}{where}"
    if earned:
        headline = f"{wording.count(len(values) - earned)} of {wording.plural(len(values), 'step')} earned nothing"
    return Finding(
        "dead_stretch",
        severity,
        headline,
        "The run ends in it." if severity is Severity.CRITICAL and not earned else "",
        {"longest": length, "earned_steps": earned, "first_step": first, "last_step": last, "value": level,
         "share_of_zeros_before": usual, "broke": severity is Severity.CRITICAL, "since_step": first,
         "rule": "steps in a row with a train reward of exactly 0, or of exactly the same", "threshold": limit},
        steps=(first, last) if length >= limit else None,
    )  # fmt: skip


def hardly_any(values: np.ndarray) -> int:
    """How many steps earned something, where next to none did; 0: none at all, or enough to learn from."""
    earned = np.flatnonzero(values)
    if len(values) < LEAST_BARE or values.min() < 0 or len(earned) > max(1, int(BARE * len(values))):
        return 0
    is_beginning = len(earned) > 1 and earned[0] >= len(values) - BEGINNING
    return 0 if is_beginning else len(earned)


def _stillest(values: np.ndarray, limit: int) -> tuple[float, tuple[int, int]]:
    """The reward that stood still for long, and where: zero, else the one it ends at, else the longest."""
    zero = robust.longest_run(values == 0)
    moved = np.flatnonzero(values != values[-1])
    ends = len(values) - (int(moved[-1]) + 1 if len(moved) else 0)
    if zero[1] < limit <= ends:
        return float(values[-1]), (len(values) - ends, ends)
    start, length = robust.longest_run(np.append(False, np.diff(values) == 0))
    if zero[1] < limit <= length + 1:
        return float(values[start]), (start - 1, length + 1)
    return 0.0, zero


def nonfinite(evidence: Evidence, settings: Settings) -> Finding:
    """Values that were logged as nan or inf."""
    run = evidence.run
    acting = {played.name for role, played in evidence.roles.items() if role in system.ACTING}
    bad = [item for item in run.nonfinite if item.metric in acting]
    steps = sorted({item.step for item in run.nonfinite})
    n_steps, n_metrics = run.history.shape
    numbers = {
        "count": len(run.nonfinite),
        "metrics": sorted({item.metric for item in run.nonfinite}),
        "steps": steps[:50],
        "rule": "any nan or inf",
        "threshold": 0,
    }
    if not run.nonfinite:
        text = f"None in {wording.plural(n_steps, 'step')} × {n_metrics} metrics"
        return Finding("nonfinite", Severity.OK, text, "", numbers)
    many = len({item.step for item in bad}) > max(3, 0.05 * n_steps)
    severity = Severity.CRITICAL if many else Severity.WARNING if bad else Severity.NOTE
    numbers |= {"broke": many, "since_step": steps[0]}
    names = wording.listed(sorted({item.metric for item in bad or run.nonfinite}), 3)
    headline = f"{wording.plural(len(run.nonfinite), 'value')} of nan or inf, at step {wording.listed(steps)}: {names}"
    return Finding("nonfinite", severity, headline, "", numbers, steps=(steps[0], steps[-1]))


def _points(learning: Learning | None) -> int:
    """Points of a series; 0 when there is none."""
    return learning.n_points if learning is not None else 0


def _too_few(check: str, learning: Learning | None, what: str, least: int) -> Skipped:
    n = _points(learning)
    if not n:
        return Skipped(check, (), f"no {what} that could be judged was logged")
    return Skipped(check, (), f"{what} was logged at {wording.plural(n, 'step')}; {least} are needed")


def _plain(size: float, accuracy: bool) -> str:
    """A size of reward, unsigned: "0.68 pp"."""
    return f"{wording.fixed(100 * size, 2)} pp" if accuracy else wording.number(size)


def _listed(pair: tuple[int, int] | None) -> list[int] | None:
    return list(pair) if pair is not None else None


_TRAIN, _EVAL = ("train_reward",), ("eval_reward",)
CHECKS = (
    Check("plateau", "learning", "Plateau", "Has the reward stopped paying off?", _TRAIN, plateau),
    Check("eval_plateau", "learning", "Plateau of eval", "Has the eval stopped rising?", _EVAL, eval_plateau),
    Check("trend", "learning", "Trend at the end", "Where is the reward heading?", _TRAIN, trend),
    Check("forecast", "learning", "Forecast", "What would more steps bring?", _TRAIN, forecast),
    Check("collapse", "learning", "Collapse", "Did the reward fall for good?", _TRAIN, collapse),
    Check("eval_collapse", "learning", "Collapse of eval", "Did the eval fall for good?", _EVAL, eval_collapse),
    Check("spikes", "learning", "Outliers", "Which single steps stand out?", _TRAIN, spikes),
    Check("outage", "learning", "Outages", "Was the reward not measured for a while?", _TRAIN, outage),
    Check("dead_stretch", "learning", "Dead stretches", "Did whole batches earn nothing, or the same?", _TRAIN,
          dead_stretch),
    Check("nonfinite", "learning", "Non-finite values", "Was nan or inf logged?", (), nonfinite),
)  # fmt: skip
