"""From findings to one decision: its sentence, the numbers that carry it, and why."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from reportgen import causes, wording
from reportgen.findings import Decision, Evidence, Finding, Number, Severity, Verdict
from reportgen.seen import Seen
from reportgen.settings import Settings
from reportgen.signals import Learning, record

SURE = 0.5  # probability of a direction from which it is more likely than both others
SOLVED = 0.98  # of problems: a run that begins and ends above it has nothing to learn
LEAST_FITTED = 15  # evals from which on the curve model judges them
LEAST_EVALS = 5  # fewer show no trend
SURE_SLOPE = 2.5  # standard errors
SURE_END = 1.3  # of the climb within the last two thirds, one-sided 10 %
LEAST_RECORD = 10  # real runs; fewer are no record
LEAST = 6  # steps with a reward, as many as the guide's example has
FEW_SAMPLES = 256  # answers a step below which their noise is what keeps a plateau open
RULED_OUT = 0.2  # probability of a plateau below which a rising curve is called rising
AHEAD = (10, 100, 1000, 10_000)  # steps over which a slope is shown: the most that is at most half a run
SEVERITIES: Mapping[Decision, Severity] = {
    "continue": Severity.OK,
    "stop": Severity.NOTE,
    "inconclusive": Severity.NOTE,
    "change_recipe": Severity.WARNING,
    "roll_back": Severity.CRITICAL,
}
Answer = tuple[Decision, str, str, str]  # decision, headline, because, what the curve does


def decide(evidence: Evidence, findings: Iterable[Finding], settings: Settings) -> Verdict:
    """The decision that the findings allow, without next steps; never more than the tests say."""
    by_check = {found.check: found for found in findings}
    main = evidence.train or evidence.eval
    decision, headline, because, curve = _answer(main, evidence, by_check, settings)
    severity = SEVERITIES[decision]
    if decision == "roll_back" and not any(found.severity is Severity.CRITICAL for found in by_check.values()):
        severity = Severity.WARNING
    ahead = _ahead(main, evidence) if decision in ("stop", "continue") else ""
    moved = causes.causes(evidence, tuple(by_check.values()))
    return Verdict(
        decision=decision,
        headline=headline,
        because=because,
        lead=" ".join(sentence for sentence in (_gain(evidence, settings), curve, ahead) if sentence),
        reasons=_reasons(by_check),
        next_steps=(),
        numbers=_numbers(main, evidence, decision),
        severity=severity,
        causes=moved,
        cause_line=causes.line(moved, _keep(evidence)),
    )


def _keep(evidence: Evidence) -> str:
    """Which checkpoint to keep, with its level."""
    found, accuracy = evidence.checkpoints, evidence.scale.accuracy
    if found is None or found.keep is None or found.level is None:
        return ""
    interval = f" {wording.interval(found.interval, accuracy)}" if found.interval is not None else ""
    return f"keep step {wording.count(found.keep)}: {wording.level(found.level, accuracy)}{interval}"


def _answer(
    main: Learning | None, evidence: Evidence, found: Mapping[str, Finding], settings: Settings
) -> Answer:
    """The first case that holds."""
    if main is None:
        return ("inconclusive", "No reward was found in this run", "nothing here can be judged",
                "Name the metric that is the reward with --metric train_reward=NAME.")  # fmt: skip
    last = wording.count(main.last_step)
    return (
        _fallen(evidence, found)
        or _dead(found, last)
        or _broken(found)
        or _degenerate(evidence, found, last)
        or _short(main)
        or _solved(main, evidence)
        or _plateaued(main, evidence, found, settings)
        or _falling(main, last)
        or _rising(main, evidence, found, last)
        or _open(main, evidence, last)
    )


def _fallen(evidence: Evidence, found: Mapping[str, Finding]) -> Answer | None:
    """The train or the eval reward fell for good."""
    for check, learning, what in (("collapse", evidence.train, "reward"), ("eval_collapse", evidence.eval, "eval")):
        if check in found and learning is not None and learning.collapse.collapsed:
            peak = learning.collapse.peak_step or 0
            back = evidence.checkpoints.roll_back_to if evidence.checkpoints is not None else None
            headline, because = f"Collapsed after step {wording.count(peak)}", "the reward fell for good"
            if what == "eval":
                headline, because = f"Eval collapsed after step {wording.count(peak)}", "the eval fell for good"
                if _is_overfit(found):
                    headline = f"Overfits: eval falls since step {wording.count(peak)}"
                    because = "train rises while the eval falls"
            curve = f"The {what} fell {_size(learning.collapse.drop or 0.0, evidence)} after step {wording.count(peak)}"
            target = f"; step {wording.count(back)} is the one to go back to." if back is not None else "."
            return "roll_back", headline, because, curve + target
    return None


def _dead(found: Mapping[str, Finding], last: str) -> Answer | None:
    """No reward at all, or none any more."""
    dead = found.get("dead_stretch")
    if dead is None or dead.severity is not Severity.CRITICAL or dead.steps is None:
        return None
    length, since = dead.evidence["longest"], wording.count(dead.steps[0])
    curve = f"Every answer from step {since} to step {last} earned nothing, so there was nothing to learn from."
    return "change_recipe", f"No reward since step {since}", f"{wording.count(length)} steps without any reward", curve


def _broken(found: Mapping[str, Finding]) -> Answer | None:
    """Values that steer the run were nan or inf for long."""
    bad = found.get("nonfinite")
    if bad is None or bad.severity is not Severity.CRITICAL or bad.steps is None:
        return None
    since = wording.count(bad.steps[0])
    return "roll_back", f"Went non-finite at step {since}", "nan or inf was logged", f"{bad.headline}."


def _degenerate(evidence: Evidence, found: Mapping[str, Finding], last: str) -> Answer | None:
    """Policy signals are where no policy should be: whatever the reward does, it won't last."""
    broke = causes.broken(tuple(found.values()))
    if not broke:
        return None
    moved = causes.causes(evidence, tuple(found.values()))
    when = f" from step {wording.count(moved[0].step)}" if moved else ""
    curve = f"{'; '.join(one.headline for one in broke[:3])}."
    if len(broke) > 1:
        return "roll_back", f"The policy came apart{when}", f"{wording.spelled(len(broke))} policy signals broke", curve
    names = {"entropy": "entropy", "kl": "the KL", "behaviour_kl": "the KL to the sampler"}
    what = names.get(broke[0].check, "answers")
    if broke[0].check == "entropy" and broke[0].evidence.get("change", 0.0) < 0:
        return "change_recipe", f"Almost no exploration is left at step {last}", "the entropy is nearly gone", curve
    return "change_recipe", f"The policy drifts off{when}", f"{what} left its bounds", curve


def _short(main: Learning) -> Answer | None:
    if main.n_points >= LEAST:
        return None
    curve = f"A reward was logged at {wording.plural(main.n_points, 'step')}; {LEAST} are the least to judge by."
    return "inconclusive", "Too few steps to tell anything", "too few steps were logged", curve


def _solved(main: Learning, evidence: Evidence) -> Answer | None:
    """Nearly every problem was solved from the first steps on."""
    role = "train_reward" if evidence.train is main else "eval_reward"
    values = evidence.values(role).to_numpy(float) if role in evidence.roles else np.empty(0)
    tenth = max(1, len(values) // 10)
    if len(values) < LEAST_FITTED or values.max() > 1 or values.min() < 0:
        return None
    level = float(min(np.median(values[:tenth]), np.median(values), np.median(values[-tenth:])))
    if level < SOLVED:
        return None
    shown = wording.level(float(values.mean()), evidence.scale.accuracy)
    curve = f"The reward was at {shown} from the first steps to the last: these problems teach nothing more."
    return "stop", "Solved from the start", "nothing is left to learn here", curve


def _plateaued(
    main: Learning, evidence: Evidence, found: Mapping[str, Finding], settings: Settings
) -> Answer | None:
    """The curve is flat: the recipe is spent, or never worked."""
    onset, last = main.plateau.onset_step, wording.count(main.last_step)
    if not main.plateau.plateaued or onset is None:
        return None
    tolerance = _size(main.plateau.tolerance, evidence)
    held = f"The trend has stayed within {tolerance} of its end level since step {wording.count(onset)}."
    if onset <= main.first_step and not _eval_still_rises(evidence):
        return "change_recipe", "Flat from the first step to the last", "nothing was learned", held
    if _eval_still_rises(evidence):
        return "continue", "Train is flat, eval still rises", "the eval has not levelled off", held
    if _is_overfit(found):
        return "change_recipe", "Train is far above eval, and flat", "what was learned does not carry over", held
    if main.p_rise is not None and main.p_rise >= settings.rise_chance:
        chance = wording.probability(main.p_rise)
        odds = f"{held} More steps are a gamble: the chance of a rise in another half run is {chance}"
        headline = f"Probably levelled off at step {wording.count(onset)} of {last}"
        return "inconclusive", headline, "a further rise can't be ruled out", f"{odds}{_told('levelled off')}."
    headline = f"Stopped paying off at step {wording.count(onset)} of {last}"
    return "stop", headline, "this recipe has given what it can", f"{held[:-1]}{_told('stop')}."


def _told(advice: str) -> str:
    """What came of real runs that stood like this one."""
    known = record.of_advice(advice)
    if known is None or known.n < LEAST_RECORD:
        return ""
    return f"; of {known.n} real runs told so {known.n - known.rose} did not rise clearly"


def _falling(main: Learning, last: str) -> Answer | None:
    if main.trend.direction != "falling" or main.trend.probability < SURE:
        return None
    curve = "The reward is on its way down, though not far enough to be called a collapse."
    return "change_recipe", f"Falling at the end, step {last}", "the reward is going down", curve


def _rising(main: Learning, evidence: Evidence, found: Mapping[str, Finding], last: str) -> Answer | None:
    if main.trend.direction != "rising" or main.trend.probability < SURE or main.plateau.probability >= RULED_OUT:
        return None
    odds = wording.probability(main.trend.probability)
    if _is_overfit(found):
        curve = "Train still rises, but it is far above eval: more of the same would widen the gap."
        return "change_recipe", "Train rises, eval does not follow", "what is learned does not carry over", curve
    curve = f"The train reward still rises at step {last} (probability {odds})."
    if not main.is_modelled:
        curve = f"The train reward still rises at step {last}; {main.n_points} points are too few to weigh its noise."
    return "continue", f"Still rising at step {last}", "the curve has not levelled off", curve


def _open(main: Learning, evidence: Evidence, last: str) -> Answer:
    """What can't be told, and what would settle it."""
    plateau = main.plateau
    odds = f"The chance that the curve has levelled off is {wording.probability(plateau.probability)}"
    if not main.is_modelled:
        odds = f"{main.n_points} points are too few to weigh the noise of the curve"
    settled = f"; {plateau.settled_by} would settle it." if plateau.settled_by else "."
    if plateau.probability < RULED_OUT:
        curve = f"{odds}, and too little of it has been flat to call it a plateau."
        return "inconclusive", f"Flat at step {last}, but only just", "the flat part is too short", curve
    because = "the end is too short to tell"
    if evidence.samples and evidence.samples <= FEW_SAMPLES:
        because = f"{wording.count(evidence.samples)} samples a step are too few"
    return "inconclusive", "Can't tell a plateau from noise yet", because, odds + settled


def _eval_still_rises(evidence: Evidence) -> bool:
    learned, seen = evidence.eval, evidence.seen.get("eval_reward")
    if learned is None or learned is evidence.train or seen is None:
        return False
    if learned.n_points >= LEAST_FITTED:
        return learned.trend.direction == "rising" and learned.plateau.plateaued is False
    return rises(seen)


def rises(seen: Seen) -> bool:
    """Whether a few evals climb by more than their own sampling errors, to their end.

    A weighted line through at least LEAST_EVALS of them, each by its own error, else by their scatter round it;
    its slope must be SURE_SLOPE standard errors above 0, and the last third SURE_END above the middle one:
    a curve that has bent over rises no more.
    """
    n = len(seen.values)
    if n < LEAST_EVALS:
        return False
    x = seen.steps - seen.steps.mean()
    known = seen.low is not None and seen.high is not None and bool(np.isfinite(seen.high - seen.low).all())
    errors = (seen.high - seen.low) / 3.92 if known and seen.high is not None and seen.low is not None else np.ones(n)
    weight = 1 / np.maximum(errors, 1e-9) ** 2
    centre = float(weight @ seen.values / weight.sum())
    middle = float(weight @ x / weight.sum())
    spread = float(weight @ (x - middle) ** 2)
    slope = float(weight @ ((x - middle) * (seen.values - centre))) / max(spread, 1e-300)
    rest = seen.values - centre - slope * (x - middle)
    scatter = math.sqrt(max(float(weight @ rest**2) / max(n - 2, 1), 1.0 if known else 0.0))
    third = max(1, n // 3)
    climbed = float(np.mean(seen.values[-third:])) - float(np.mean(seen.values[-2 * third : -third]))
    error = scatter * float(np.sqrt(np.mean(1 / weight[-2 * third :]) * 2 / third))
    return climbed > SURE_END * error and slope > SURE_SLOPE * scatter / math.sqrt(max(spread, 1e-300))


def _is_overfit(found: Mapping[str, Finding]) -> bool:
    return "gap" in found and found["gap"].severity >= Severity.WARNING


def _gain(evidence: Evidence, settings: Settings) -> str:
    """What was gained, and whether that is more than chance."""
    found, accuracy = evidence.improvement, evidence.scale.accuracy
    if found is None:
        return ""
    shown = wording.difference(found.absolute, accuracy)
    base = found.over
    if found.state == "assumed":
        return f"The difference to {base} is {shown}; its level is assumed, so this is not tested."
    if found.p_value is None:
        missing = "size" if accuracy else "scale"
        return f"The difference to {base} is {shown}; without the eval's {missing} it is not tested."
    if found.p_value >= settings.significance:
        return f"The difference to {base}, {shown}, may be chance."
    return f"The {'gain over' if found.absolute > 0 else 'loss against'} {base} is real: {shown}."


def _ahead(main: Learning | None, evidence: Evidence) -> str:
    """What the double run would bring."""
    if main is None or not main.forecast:
        return ""
    far, accuracy = main.forecast[-1], evidence.scale.accuracy
    bounds = wording.interval((far.low, far.high), accuracy)
    return f"On this curve, step {wording.count(far.step)} would be at {wording.level(far.mid, accuracy)} {bounds}."


def _reasons(found: Mapping[str, Finding]) -> tuple[str, ...]:
    """Headlines of what matters, worst first, then what carries the decision."""
    worst = sorted((one for one in found.values() if one.severity >= Severity.WARNING), key=lambda one: -one.severity)
    carrying = [found[check] for check in ("plateau", "trend", "improvement", "gap") if check in found]
    return tuple(dict.fromkeys(f"{one.check.replace('_', ' ')}: {one.headline}" for one in (*worst, *carrying)))[:6]


def _numbers(main: Learning | None, evidence: Evidence, decision: Decision) -> tuple[Number, ...]:
    """The four or five numbers of the card, with their intervals."""
    given = (_gain_number(evidence), _final_number(evidence), _curve_number(main, evidence, decision),
             _forecast_number(main, evidence), _gap_number(evidence))  # fmt: skip
    return tuple(one for one in given if one is not None)


def _gain_number(evidence: Evidence) -> Number | None:
    found, accuracy = evidence.improvement, evidence.scale.accuracy
    if found is None:
        return None
    context = f"over {wording.level(found.baseline, accuracy)}"
    context += " (assumed)" if found.baseline_from == "assumed" else ""
    context += f", n = {wording.count(found.n)}" if found.n else ""
    context += f"; {wording.p_value(found.p_value)}" if found.p_value is not None else "; not tested"
    return Number(f"Gain over {found.over}", found.absolute, "points" if accuracy else "", found.interval, context,
                  "improvement", 0.0)  # fmt: skip


def _final_number(evidence: Evidence) -> Number | None:
    """The last eval, or the end of train when there is none."""
    accuracy, unit = evidence.scale.accuracy, "accuracy" if evidence.scale.accuracy else ""
    base = evidence.improvement.baseline if evidence.improvement else None
    if "eval_reward" in evidence.roles and len(evals := evidence.values("eval_reward")):
        context = f"step {wording.count(evals.index[-1])}"
        if len(evals) > 1:
            before = wording.level(float(evals.iloc[-2]), accuracy)
            context += f"; {before} at step {wording.count(evals.index[-2])}"
        seen = evidence.seen.get("eval_reward")
        interval = seen.interval_at(int(evals.index[-1])) if seen is not None else None
        return Number("Final eval", float(evals.iloc[-1]), unit, interval, context, "improvement", base)
    if evidence.train is None:
        return None
    low, mid, high = evidence.train.end_level
    bounds = (low, high) if low < high else None
    return Number("Level at the end", mid, unit, bounds, "train; no eval was logged", "trend", base)


def _curve_number(main: Learning | None, evidence: Evidence, decision: Decision) -> Number | None:
    """What the curve says: where it fell, since when it is flat, or how fast it moves."""
    if main is None:
        return None
    last, fallen = wording.count(main.last_step), [one for one in (evidence.train, evidence.eval) if one is not None]
    collapse = next((one.collapse for one in fallen if one.collapse.collapsed), None)
    if decision == "roll_back" and collapse is not None and collapse.peak_step is not None:
        context = f"of {last}; down {_size(collapse.drop or 0.0, evidence)} since"
        return Number("Peak before the fall", float(collapse.peak_step), "step", None, context, "collapse")
    if main.plateau.plateaued and main.plateau.onset_step is not None:
        context = f"of {last}; probability {wording.probability(main.plateau.probability)}"
        bounds = main.plateau.onset_interval
        if not main.is_modelled:
            context, bounds = f"of {last}; noise not weighed", None
        return Number("Plateau onset", float(main.plateau.onset_step), "step", bounds, context, "plateau")
    if main.trend.direction is None:
        return None
    context = f"at the end's slope; chance of a plateau {wording.probability(main.plateau.probability)}"
    ahead = max((n for n in AHEAD if 2 * n <= main.last_step - main.first_step), default=1)
    low, high = (ahead * slope for slope in main.trend.interval)
    unit, label = "points" if evidence.scale.accuracy else "", f"{wording.plural(ahead, 'more step')}"
    reach = (low, high) if main.is_modelled else None
    context = context if main.is_modelled else "at the end's slope; noise not weighed"
    return Number(label, ahead * main.trend.slope_per_step, unit, reach, context, "trend", 0.0)


def _forecast_number(main: Learning | None, evidence: Evidence) -> Number | None:
    if main is None or not main.forecast:
        return None
    far, unit = main.forecast[-1], "accuracy" if evidence.scale.accuracy else ""
    reach = (far.step - main.first_step + 1) / max(main.last_step - main.first_step + 1, 1)
    context = f"step {wording.count(far.step)}; 90{wording.THIN}% interval"
    return Number(f"Forecast at {wording.number(reach, 2)}×", far.mid, unit, (far.low, far.high), context, "forecast")


def _gap_number(evidence: Evidence) -> Number | None:
    found = evidence.gap
    if found is None:
        return None
    context = found.label.replace("good_generalisation", "none visible; good generalisation").replace("_", " ")
    context = context.replace("inconclusive", "can't tell a gap that matters")
    context = context.replace("underfitting", "eval reads higher")
    unit = "points" if evidence.scale.accuracy else ""
    return Number("Train–eval gap", found.gap, unit, found.interval, context, "gap", 0.0)


def _size(value: float, evidence: Evidence) -> str:
    return f"{wording.fixed(100 * value, 2)} pp" if evidence.scale.accuracy else wording.number(value)
