"""The numbers that carry a decision: gain, final eval, plateau or fall, forecast, gap, each with its interval."""

from __future__ import annotations

from collections.abc import Mapping

from reportgen import wording
from reportgen.findings import Decision, Evidence, Finding, Number, Severity
from reportgen.signals import Learning


def numbers_of(
    main: Learning | None, evidence: Evidence, decision: Decision, found: Mapping[str, Finding]
) -> tuple[Number, ...]:
    """The four or five numbers of the card, with their intervals."""
    given = (_gain_number(evidence), _final_number(evidence), _curve_number(main, evidence, decision, found),
             _forecast_number(main, evidence, decision), _gap_number(evidence, found.get("gap")))  # fmt: skip
    return tuple(one for one in given if one is not None)


def _gain_number(evidence: Evidence) -> Number | None:
    found, accuracy = evidence.improvement, evidence.scale.accuracy
    if found is None:
        return None
    of_train = "train; " if found.source == "train" and "eval_reward" in evidence.roles else ""
    context = f"{of_train}over {wording.level(found.baseline, accuracy)}"
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


def _curve_number(
    main: Learning | None, evidence: Evidence, decision: Decision, found: Mapping[str, Finding]
) -> Number | None:
    """What the curve says: where it fell, since when it is flat, or how fast it moves."""
    dead = found.get("dead_stretch")
    if main is None or (dead is not None and dead.severity is Severity.CRITICAL):
        return None
    last, fallen = wording.count(main.last_step), [one for one in (evidence.train, evidence.eval) if one is not None]
    collapse = next((one.collapse for one in fallen if one.collapse.collapsed), None)
    if decision == "roll_back" and collapse is not None and collapse.peak_step is not None:
        context = f"of {last}; down {distance(collapse.drop or 0.0, evidence)} since"
        return Number("Peak before the fall", float(collapse.peak_step), "step", None, context, "collapse")
    if main.plateau.plateaued and main.plateau.onset_step is not None:
        context = f"of {last}; probability {wording.probability(main.plateau.probability)}"
        bounds = main.plateau.onset_interval
        if not main.is_modelled:
            context, bounds = f"of {last}; noise not weighed", None
        return Number("Plateau onset", float(main.plateau.onset_step), "step", bounds, context, "plateau")
    if "eval_reward" not in evidence.roles or evidence.train is None or not main.is_modelled:
        return None  # the level at the end stands there already
    low, mid, high = evidence.train.end_level
    context = f"train; chance of a plateau {wording.probability(main.plateau.probability)}"
    unit = "accuracy" if evidence.scale.accuracy else ""
    return Number("Level at the end", mid, unit, (low, high) if low < high else None, context, "plateau")


def _forecast_number(main: Learning | None, evidence: Evidence, decision: Decision) -> Number | None:
    """What the double run would bring; nothing where it would be run by another policy, or noise wasn't weighed."""
    if main is None or not main.forecast or decision == "roll_back" or not main.is_modelled:
        return None
    far, unit = main.forecast[-1], "accuracy" if evidence.scale.accuracy else ""
    reach = (far.step - main.first_step + 1) / max(main.last_step - main.first_step + 1, 1)
    whose = "train; " if "eval_reward" in evidence.roles and evidence.train is not None else ""
    context = f"{whose}step {wording.count(far.step)}; 90{wording.THIN}% interval"
    label = f"Forecast at {wording.number(reach, 2)}× the run"
    return Number(label, far.mid, unit, (far.low, far.high), context, "forecast")


def _gap_number(evidence: Evidence, gap: Finding | None) -> Number | None:
    found = evidence.gap
    if found is None or gap is None:
        return None
    context = str(gap.evidence["said"])
    context = "none visible; good generalisation" if found.label == "good_generalisation" else context
    unit = "points" if evidence.scale.accuracy else ""
    return Number("Train–eval gap", found.gap, unit, found.interval, context, "gap", 0.0)


def distance(value: float, evidence: Evidence) -> str:
    """A difference of rewards in the run's own unit: percentage points of an accuracy."""
    return f"{wording.fixed(100 * value, 2)} pp" if evidence.scale.accuracy else wording.number(value)
