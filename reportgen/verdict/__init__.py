"""From findings to one decision: its sentence, the numbers that carry it, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reportgen import wording
from reportgen.findings import Decision, Evidence, Finding, Move, Severity, Verdict
from reportgen.settings import Settings
from reportgen.signals import Learning, record
from reportgen.signals.learning import LEAST_POINTS
from reportgen.verdict.numbers import distance, numbers_of

SURE = 0.5  # probability of a direction from which it is more likely than both others
LEAST_RECORD = 10  # real runs; fewer are no record: a judgement, not measured
LEAST = 6  # steps with a reward, as many as the guide's example has
FEW_SAMPLES = 256  # answers a step below which their noise is what keeps a plateau open
RULED_OUT = 0.2  # probability of a plateau below which a rising curve is called rising
SEVERITIES: Mapping[Decision, Severity] = {
    "continue": Severity.OK,
    "stop": Severity.NOTE,
    "inconclusive": Severity.NOTE,
    "change_recipe": Severity.WARNING,
    "roll_back": Severity.CRITICAL,
}
Answer = tuple[Decision, str, str, str]  # decision, headline, because, what the curve does
SOLVED = 0.97  # of the highest reward: little is left to learn, and groups without variance teach nothing
KINDS: Mapping[str, str] = {  # policy check -> what broke, so that two signs of one thing count once
    "entropy": "entropy", "kl": "distance", "behaviour_kl": "distance", "clip_fraction": "size", "grad_norm": "size",
    "loss": "size", "truncation": "length", "zero_variance": "signal", "advantages": "signal",
}  # fmt: skip
BROKEN: Mapping[str, tuple[str, str]] = {  # policy check -> (what a headline says of it, why it matters)
    "entropy": ("entropy left its range", "a high reward is no sign of health"),
    "kl": ("KL is over its limit", "it is becoming another model"),
    "behaviour_kl": ("samples are stale", "updates no longer fit their samples"),
    "clip_fraction": ("too many tokens are clipped", "updates are cut"),
    "grad_norm": ("gradients left their range", "updates no longer keep their size"),
    "loss": ("the policy loss jumped", "updates no longer keep their size"),
    "truncation": ("most answers are cut", "cut answers teach length, not the task"),
    "zero_variance": ("most groups teach nothing", "equal rewards have no gradient"),
    "advantages": ("no advantage is left", "equal rewards have no gradient"),
}


def decide(
    evidence: Evidence, findings: Iterable[Finding], settings: Settings, causes: tuple[Move, ...] = ()
) -> Verdict:
    """The decision that the findings allow, without next steps; never more than the tests say."""
    by_check = {found.check: found for found in findings}
    main = evidence.train or evidence.eval
    decision, headline, because, curve = _answer(main, evidence, by_check, settings)
    severity = SEVERITIES[decision]
    broken = [] if is_solved(evidence) else _broke(by_check)  # equal rewards leave no gradient: solved, not broken
    if decision in ("stop", "continue", "inconclusive") and main is not None and broken:
        decision, headline, because, curve = _warned((decision, headline, because, curve), broken[0], main, evidence)
        severity = max(SEVERITIES[decision], Severity.WARNING)
    if decision == "roll_back" and not any(found.severity is Severity.CRITICAL for found in by_check.values()):
        severity = Severity.WARNING
    ahead = _ahead(main, evidence) if decision in ("stop", "continue") and not is_solved(evidence) else ""
    return Verdict(
        decision=decision,
        headline=headline,
        because=because,
        lead=" ".join(sentence for sentence in (_gain(evidence, settings), curve, ahead) if sentence),
        reasons=_reasons(by_check),
        next_steps=(),
        numbers=numbers_of(main, evidence, decision, by_check),
        severity=severity,
    )


def _answer(
    main: Learning | None, evidence: Evidence, found: Mapping[str, Finding], settings: Settings
) -> Answer:
    """The first case that holds."""
    if main is None and evidence.cast.is_blind:
        return ("inconclusive", "Only kept groups were counted", "the reward leaves out what was learned",
                f"{evidence.cast.filtered} counts the groups that {evidence.cast.filter_key} kept: it hovers about one "
                "half whatever is learned, and no eval was logged.")  # fmt: skip
    if main is None:
        return ("inconclusive", "No reward was found in this run", "nothing here can be judged",
                "Name the metric that is the reward with --metric train_reward=NAME.")  # fmt: skip
    last = wording.count(main.last_step)
    return (
        _fallen(evidence, found)
        or _solved(evidence)
        or _dead(found, last)
        or _broken(found)
        or _degenerated(main, evidence, found)
        or _short(main, evidence)
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
                if _is_overfit(found) and not _broke(found) and not _train_falls(evidence):
                    headline = f"Overfits: eval falls since step {wording.count(peak)}"
                    because = "train rises while the eval falls"
            drop = distance(learning.collapse.drop or 0.0, evidence)
            curve = f"The {what} fell {drop} after step {wording.count(peak)}"
            if what == "eval":
                evals = evidence.values("eval_reward")
                best, then = (wording.level(float(evals.loc[at]), evidence.scale.accuracy)
                              for at in (_nearest(evals.index, peak), evals.index[-1]))  # fmt: skip
                curve = f"The eval fell from {best} at step {wording.count(peak)} to {then} at the last"
            target = f"; step {wording.count(back)} is the one to go back to." if back is not None else "."
            return "roll_back", headline, because, curve + target
    return None


def _dead(found: Mapping[str, Finding], last: str) -> Answer | None:
    """No reward at all, hardly any, or none any more."""
    dead = found.get("dead_stretch")
    if dead is None or dead.severity is not Severity.CRITICAL or dead.steps is None:
        return None
    length, since = dead.evidence["longest"], wording.count(dead.steps[0])
    if earned := dead.evidence.get("earned_steps"):
        curve = f"{dead.headline}: too little to learn from, and nothing can be said of what comes."
        headline = f"No reward but at {wording.plural(earned, 'step')} of {last}"
        return "change_recipe", headline, "hardly a step earned anything", curve
    if dead.evidence.get("value"):
        level = wording.number(float(dead.evidence["value"]))
        curve = f"Every batch from step {since} to step {last} earned exactly {level}: equal rewards teach nothing."
        return "change_recipe", f"Reward frozen since step {since}", "equal rewards have no gradient", curve
    curve = f"Every answer from step {since} to step {last} earned nothing, so there was nothing to learn from."
    return "change_recipe", f"No reward since step {since}", f"{wording.count(length)} steps without any reward", curve


def _broken(found: Mapping[str, Finding]) -> Answer | None:
    """Values that steer the run were nan or inf for long."""
    bad = found.get("nonfinite")
    if bad is None or bad.severity is not Severity.CRITICAL or bad.steps is None:
        return None
    since = wording.count(bad.steps[0])
    return "roll_back", f"Went non-finite at step {since}", "nan or inf was logged", f"{bad.headline}."


def _short(main: Learning, evidence: Evidence) -> Answer | None:
    """Below the points where noise can be weighed nothing is for good; only evals that climb are told."""
    if main.is_modelled:
        return None
    if _eval_still_rises(evidence):
        times = wording.plural(main.n_points, "step")
        curve = f"The {_judged(evidence)} was logged at {times}, too few to weigh its noise."
        return "continue", "The eval still rises", "the evals climb by more than chance", curve
    least = LEAST if main.n_points < LEAST else LEAST_POINTS
    what = "to judge by" if main.n_points < LEAST else "by which noise can be weighed"
    who = "A reward" if evidence.train is not None else "The main eval"
    curve = f"{who} was logged at {wording.plural(main.n_points, 'step')}; {least} are the least {what}."
    counted = "steps" if evidence.train is not None else "evals"
    return "inconclusive", f"Too few {counted} to tell anything", f"too few {counted} were logged", curve


def _judged(evidence: Evidence) -> str:
    """What the curve that decides is of."""
    return "train reward" if evidence.train is not None else "main eval"


def is_solved(evidence: Evidence) -> bool:
    """Whether nearly every answer was right from the first step on."""
    seen = evidence.seen.get("train_reward")
    if seen is None or evidence.train is None or len(seen.values) < LEAST:
        return False
    low, high = evidence.scale.range or (0.0, 1.0)
    if seen.values.min() < low - 1e-9 or seen.values.max() > high + 1e-9:
        return False
    least = low + SOLVED * (high - low)
    return min(seen.start, seen.end) >= least and float((seen.values < least).mean()) <= 0.1


def _solved(evidence: Evidence) -> Answer | None:
    """Nothing was left to learn, which no other recipe would change."""
    if not is_solved(evidence) or _eval_still_rises(evidence):
        return None
    values = evidence.seen["train_reward"].values
    few = max(3, len(values) // 10)
    start, end = (wording.level(float(part.mean()), evidence.scale.accuracy) for part in (values[:few], values[-few:]))
    curve = f"The reward was {start} in the first steps and is {end} at the end: these problems leave nothing to learn."
    return "stop", "Solved from the start", "nothing was left to learn", curve


def _broke(found: Mapping[str, Finding]) -> list[Finding]:
    """The policy signals that are no longer sound, one of each kind, the first to break first."""
    broken = [one for check, one in found.items() if check in KINDS and one.evidence.get("broke")]
    broken.sort(key=lambda one: (-one.severity, one.evidence.get("since_step") or 0))
    return list({KINDS[one.check]: one for one in reversed(broken)}.values())[::-1]


def _train_falls(evidence: Evidence) -> bool:
    train = evidence.train
    return train is not None and (train.trend.direction == "falling" or train.collapse.collapsed)


def _degenerated(main: Learning, evidence: Evidence, found: Mapping[str, Finding]) -> Answer | None:
    """Several kinds of signals say that the policy is no longer sound, and the reward doesn't rise."""
    broken = _broke(found)
    is_rising = main.trend.direction == "rising" and main.trend.probability >= SURE
    if len(broken) < 2 or (is_rising and main.plateau.probability < RULED_OUT) or _eval_still_rises(evidence):
        return None
    early = [one for one in broken if one.check != "grad_norm"] or broken  # gradients fade after the signal has
    dated = [int(step) for one in early if (step := one.evidence.get("since_step")) is not None]
    by = f" by step {wording.count(max(dated))}" if dated else ""
    said = "; ".join(f"{one.check.replace('_', ' ')}: {_lower(one.headline)}" for one in broken[:3])
    kept = evidence.checkpoints
    is_back = kept is not None and kept.keep is not None
    curve = f"What the reward says no longer counts: {said}."
    if is_back and kept is not None:
        curve += f" Step {wording.count(kept.keep or 0)} is the best that was evaluated."
    headline = f"The policy degenerated{by}"
    return "roll_back", headline, "its own signals broke", curve


def _warned(answer: Answer, worst: Finding, main: Learning, evidence: Evidence) -> Answer:
    """An answer that reads the reward alone, with what the policy signal that broke first adds to it."""
    decision, headline, _, curve = answer
    what, why = BROKEN[worst.check]
    since = worst.evidence.get("since_step")
    when = f" at step {wording.count(since)}" if since is not None else ""
    is_gone = worst.check == "entropy" and float(worst.evidence.get("change", 0.0)) < 0
    if worst.check == "entropy":
        what = "entropy is nearly gone" if is_gone else "entropy explodes"
    named = "KL to the sampling policy" if worst.check == "behaviour_kl" else worst.check.replace("_", " ")
    curve = f"{curve} But {named}: {_lower(worst.headline)}."
    is_over = is_gone and main.is_modelled and not (_seen_to_pay(main) or _eval_still_rises(evidence))
    if decision == "stop" or is_over or (decision == "inconclusive" and main.plateau.plateaued):
        return "change_recipe", f"{what[:1].upper()}{what[1:]}{when}", why, curve
    if decision == "continue":
        return decision, f"{headline.split(' at step')[0]}, but {what}", why, curve
    return decision, headline, why, curve


def _seen_to_pay(main: Learning) -> bool:
    """Whether more steps bring more than the forecast's interval can see."""
    return bool(main.forecast) and main.forecast[-1].low > main.end_level[1]


def _lower(text: str) -> str:
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def _nearest(steps: Iterable[int], step: int) -> int:
    return min((int(one) for one in steps), key=lambda one: abs(one - step))


def _plateaued(
    main: Learning, evidence: Evidence, found: Mapping[str, Finding], settings: Settings
) -> Answer | None:
    """The curve is flat: the recipe is spent, or never worked."""
    onset, last = main.plateau.onset_step, wording.count(main.last_step)
    if not main.plateau.plateaued or onset is None:
        return None
    tolerance = distance(main.plateau.tolerance, evidence)
    held = f"The trend has stayed within {tolerance} of its end level since step {wording.count(onset)}."
    if _eval_still_rises(evidence):
        return "continue", "Train is flat, eval still rises", "the eval has not levelled off", held
    is_sure = is_spent(main, settings)
    if onset <= main.first_step and is_sure:
        return "change_recipe", "Flat from the first step to the last", "nothing was learned", held
    if _is_overfit(found):
        return "change_recipe", "Train is far above eval, and flat", "what was learned does not carry over", held
    if not is_sure:
        chance = wording.probability(main.p_rise or 0.0)
        odds = f"{held} More steps are a gamble: the chance of a rise in another half run is {chance}"
        headline = f"Probably levelled off at step {wording.count(onset)} of {last}"
        if onset <= main.first_step:
            headline = f"Probably flat from the first step to step {last}"
        return "inconclusive", headline, "a further rise can't be ruled out", f"{odds}{_told('levelled off')}."
    headline = f"Stopped paying off at step {wording.count(onset)} of {last}"
    return "stop", headline, "this recipe has given what it can", f"{held[:-1]}{_told('stop')}."


def is_spent(main: Learning, settings: Settings) -> bool:
    """Whether a plateau is sure enough to stop at, however often the run is looked at while it grows."""
    if main.p_rise is None:
        return True
    return main.plateau.probability >= settings.stop_probability and main.p_rise < settings.rise_chance


def _told(advice: str) -> str:
    """What came of real runs that stood like this one."""
    known = record.of_advice(advice)
    if known is None or known.n < LEAST_RECORD:
        return ""
    return f"; of {known.n} real runs told so {known.rose} rose clearly"


def _may_be_noise(main: Learning) -> bool:
    """Whether one level would explain the series as well as a trend does."""
    return main.is_modelled and not main.is_seen_to_move


def _falling(main: Learning, last: str) -> Answer | None:
    if main.trend.direction != "falling" or main.trend.probability < SURE or _may_be_noise(main):
        return None
    curve = "The reward is on its way down, though not far enough to be called a collapse."
    return "change_recipe", f"Falling at the end, step {last}", "the reward is going down", curve


def _rising(main: Learning, evidence: Evidence, found: Mapping[str, Finding], last: str) -> Answer | None:
    if main.trend.direction != "rising" or main.trend.probability < SURE or main.plateau.probability >= RULED_OUT:
        return None
    if _may_be_noise(main):
        return None
    odds = wording.probability(main.trend.probability)
    if _is_overfit(found):
        curve = "Train still rises, but it is far above eval: more of the same would widen the gap."
        return "change_recipe", "Train rises, eval does not follow", "what is learned does not carry over", curve
    rises = f"The {_judged(evidence)} still rises at step {last}"
    curve = f"{rises} (probability {odds})."
    if not main.is_modelled:
        curve = f"{rises}; {main.n_points} points are too few to weigh its noise."
    return "continue", f"Still rising at step {last}", "the curve has not levelled off", curve


def _open(main: Learning, evidence: Evidence, last: str) -> Answer:
    """What can't be told, and what would settle it."""
    plateau = main.plateau
    odds = f"The chance that the curve has levelled off is {wording.probability(plateau.probability)}"
    if not main.is_modelled:
        odds = f"{main.n_points} points are too few to weigh the noise of the curve"
    settled = f"; {plateau.settled_by} would settle it." if plateau.settled_by else "."
    if main.trend.direction != "flat" and _may_be_noise(main):
        way = "rise" if main.trend.direction == "rising" else "fall"
        curve = f"Over {main.n_points} points the reward moved no more than its noise does (p = {_p(main)})."
        return "inconclusive", f"Can't tell a {way} from noise yet", "one level explains it as well", curve
    if plateau.probability < RULED_OUT:
        curve = f"{odds}, and too little of it has been flat to call it a plateau."
        return "inconclusive", f"Flat at step {last}, but only just", "the flat part is too short", curve
    because = "the end is too short to tell"
    if evidence.samples and evidence.samples <= FEW_SAMPLES:
        because = f"{wording.count(evidence.samples)} samples a step are too few"
    return "inconclusive", "Can't tell a plateau from noise yet", because, odds + settled


def _p(main: Learning) -> str:
    return wording.number(main.p_still or 0.0, 2)


def _eval_still_rises(evidence: Evidence) -> bool:
    seen = evidence.eval
    if seen is None or seen is evidence.train:
        return False
    if evidence.late_evals is not None:
        return evidence.late_evals.direction == "rising" and seen.plateau.plateaued is not True
    return seen.n_points >= LEAST_POINTS and seen.trend.direction == "rising" and seen.plateau.plateaued is False


def _is_overfit(found: Mapping[str, Finding]) -> bool:
    return "gap" in found and found["gap"].severity >= Severity.WARNING


def _gain(evidence: Evidence, settings: Settings) -> str:
    """What was gained, and whether that is more than chance."""
    found, accuracy = evidence.improvement, evidence.scale.accuracy
    if found is None:
        return ""
    if found.source == "eval" and found.absolute == 0 and _is_silent(evidence):
        return f"The eval read {wording.level(found.final, accuracy)} every time, so it says nothing."
    shown = wording.difference(found.absolute, accuracy)
    if found.source == "train" and "eval_reward" in evidence.roles:
        shown += " of train reward"
    base = found.over
    if found.state == "assumed":
        return f"The difference to {base} is {shown}; its level is assumed, so this is not tested."
    if found.p_value is None:
        missing = "size" if accuracy else "scale"
        return f"The difference to {base} is {shown}; without the eval's {missing} it is not tested."
    if found.p_value >= settings.significance:
        return f"The difference to {base}, {shown}, may be chance."
    return f"The {'gain over' if found.absolute > 0 else 'loss against'} {base} is real: {shown}."


def _is_silent(evidence: Evidence) -> bool:
    """Whether all evals, three and more, read the same."""
    evals = evidence.values("eval_reward") if "eval_reward" in evidence.roles else ()
    return len(evals) > 2 and len(set(evals)) == 1


def _ahead(main: Learning | None, evidence: Evidence) -> str:
    """What the double run would bring."""
    if main is None or not main.forecast:
        return ""
    far, accuracy = main.forecast[-1], evidence.scale.accuracy
    bounds = wording.interval((far.low, far.high), accuracy)
    curve = "the train curve" if "eval_reward" in evidence.roles and evidence.train is not None else "this curve"
    return f"On {curve}, step {wording.count(far.step)} would be at {wording.level(far.mid, accuracy)} {bounds}."


def _reasons(found: Mapping[str, Finding]) -> tuple[str, ...]:
    """Headlines of what matters, worst first, then what carries the decision."""
    worst = sorted((one for one in found.values() if one.severity >= Severity.WARNING), key=lambda one: -one.severity)
    carrying = [found[check] for check in ("plateau", "trend", "improvement", "gap") if check in found]
    return tuple(dict.fromkeys(f"{one.check.replace('_', ' ')}: {one.headline}" for one in (*worst, *carrying)))[:6]
