"""Does it carry over to problems that were held out: gain, gap, checkpoints."""

from __future__ import annotations

from reportgen import metrics, wording
from reportgen.diagnostics import divergence
from reportgen.diagnostics.measures import problems_behind, why_not_compared
from reportgen.findings import Check, Evidence, Finding, Improvement, Severity, Skipped
from reportgen.settings import Settings
from reportgen.signals import intervals

SURE_P = 0.01  # of a loss against the baseline that is a warning
WIDE_GAP = 5.0  # times the threshold that even the low end of the gap's interval must pass to be a warning
LABELS = {
    "overfitting": "overfitting",
    "good_generalisation": "good generalisation",
    "underfitting": "eval reads higher than train",
    "inconclusive": "can't tell a gap that matters",
}


def improvement(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """What was gained over the level at the start, and whether it is more than chance."""
    found, accuracy = evidence.improvement, evidence.scale.accuracy
    if found is None:
        reason = "no level at the start is known; give --baseline, or log an eval before the first step"
        return Skipped("improvement", (), reason)
    is_real = found.p_value is not None and found.p_value < settings.significance
    is_loss = is_real and found.absolute < 0
    gain = wording.difference(found.absolute, accuracy)
    bounds = f" {wording.interval(found.interval, accuracy, signed=True)}" if found.interval else ""
    unknown = "the eval's size is unknown" if accuracy else "the reward's scale is unknown"
    outcome = f"not tested: {unknown if found.source == 'eval' else 'too few points'}"
    if found.state == "assumed":
        outcome = "not tested: the baseline is assumed"
    if found.p_value is not None:
        outcome = f"{wording.p_value(found.p_value)}: {'real' if is_real else 'may be chance'}"
    base = f"over {wording.level(found.baseline, accuracy)} ({found.baseline_from})"
    detail = f"From the {found.source} reward at step {wording.count(found.final_step)}, {base}."
    if found.relative is not None:
        detail += f" Relative: {wording.fixed(100 * found.relative, 1, signed=True)}{wording.THIN}%."
    if found.source == "train":
        detail += _why_train(evidence)
    if found.interval_new is not None:
        new = wording.interval(found.interval_new, accuracy, signed=True)
        detail += f" The interval is for these problems seen again; for new ones of the kind it is {new}."
    if found.smallest_visible is not None:
        detail += f" This eval set sees {_size(found.smallest_visible, accuracy)} or more (80{wording.THIN}% power)."
    is_trusted = found.state != "assumed" and found.source == "eval" and (found.p_value or 1.0) < SURE_P
    return Finding(
        "improvement",
        Severity.WARNING if is_loss and is_trusted else Severity.OK if is_real and not is_loss else Severity.NOTE,
        f"{gain}{bounds}, {outcome}",
        detail,
        {
            "baseline": found.baseline,
            "baseline_from": found.baseline_from,
            "final": found.final,
            "absolute": found.absolute,
            "relative": found.relative,
            "interval": list(found.interval) if found.interval else None,
            "p_value": found.p_value,
            "smallest_visible": found.smallest_visible,
            "n": found.n,
            "state": found.state,
            "interval_new_problems": list(found.interval_new) if found.interval_new else None,
            "rule": _rule_of_gain(found),
            "threshold": settings.significance,
        },
    )


def gap(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """How far train is above eval, at the end levels and over all evals."""
    found, accuracy = evidence.gap, evidence.scale.accuracy
    if found is None:
        return Skipped("gap", (), _why_no_gap(evidence))
    size = evidence.scale.range[1] - evidence.scale.range[0] if evidence.scale.range else None
    limit = settings.gap * size if size else None
    first = found.at_first
    said = "there from the first eval on" if found.is_old else LABELS[found.label]
    is_broken = found.label == "overfitting" and _came_apart(evidence, settings)
    if is_broken:
        said = "opened when the policy came apart"
    is_over = found.label == "overfitting" and not is_broken
    is_wide = is_over and limit is not None and found.interval[0] > WIDE_GAP * limit
    shown = f"{wording.difference(found.gap, accuracy)} {wording.interval(found.interval, accuracy, signed=True)}"
    detail = f"Train {wording.level(found.train, accuracy)}, eval {wording.level(found.eval, accuracy)}."
    if found.is_old and first is not None:
        detail += (f" It stood at {wording.difference(first, accuracy)} at the first eval already: other problems or "
                   "other sampling, more than something learned by heart.")  # fmt: skip
    if found.interval_new is not None:
        bounds = wording.interval(found.interval_new, accuracy, signed=True)
        detail += f" The interval is for these problems seen again; for new ones of the kind it is {bounds}."
    if found.first_significant_step is not None:
        detail += f" Beyond the threshold since step {wording.count(found.first_significant_step)}."
    return Finding(
        "gap",
        _severity_of_gap(found.label, is_wide=is_wide),
        f"{shown}: {said}",
        " ".join((detail, *found.confounders)),
        {
            "train": found.train,
            "eval": found.eval,
            "gap": found.gap,
            "interval": list(found.interval),
            "label": found.label,
            "said": said,
            "state": found.state,
            "at_first_eval": found.at_first,
            "interval_new_problems": list(found.interval_new) if found.interval_new else None,
            "first_significant_step": found.first_significant_step,
            "trend": [list(row) for row in found.trend],
            "rule": "end level of the train trend minus the last eval; beyond the threshold and beyond chance",
            "threshold": limit,
        },
        steps=(found.first_significant_step, found.trend[-1][0]) if found.first_significant_step is not None else None,
    )


def _came_apart(evidence: Evidence, settings: Settings) -> bool:
    """Whether the eval fell while the policy left its bounds: that is no learning by heart."""
    if evidence.eval is None or not evidence.eval.collapse.collapsed:
        return False
    looked = (check.look(evidence, settings) for check in divergence.CHECKS if check.name in ("entropy", "kl"))
    return any(isinstance(one, Finding) and bool(one.evidence.get("broke")) for one in looked)


def eval_resolution(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """What this eval set can see at all."""
    evals = evidence.values("eval_reward")
    n = problems_behind(int(evals.index[-1]), evidence, settings) if len(evals) else None
    if not n or not evidence.scale.accuracy or not 0 <= evals.iloc[-1] <= 1:
        reason = "the eval's size is unknown, or it is no accuracy; --eval-size would tell what it can see"
        return Skipped("eval_resolution", (), reason)
    level = float(evals.iloc[-1])
    sees = intervals.smallest_visible(level, n, n, power=0.8)
    is_blind = sees > 2 * settings.gap
    headline = f"{wording.plural(n, 'problem')} see differences of {_size(sees, True)} or more"
    wanted = intervals.needed_n(level, min(level + settings.gap, 0.999)) if level < 0.999 else None
    detail = f"To see {_size(settings.gap, True)}, {wording.count(wanted)} would be needed." if wanted else ""
    return Finding(
        "eval_resolution",
        Severity.NOTE if is_blind else Severity.OK,
        headline,
        detail,
        {"n": n, "smallest_visible": sees, "needed_for_gap": wanted,
         "rule": "difference of two evals seen at 80\u202f% power, two-sided 5\u202f%", "threshold": 2 * settings.gap},
    )  # fmt: skip


def checkpoints(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """Which evaluated steps can't be told from the best."""
    found, accuracy = evidence.checkpoints, evidence.scale.accuracy
    if found is None or (not found.best_set and found.roll_back_to is None):
        return Skipped("checkpoints", (), "the evals' error is unknown; --eval-size would tell which are as good")
    evals = evidence.values("eval_reward")
    numbers = {
        "best_set": list(found.best_set),
        "earliest": found.earliest,
        "roll_back_to": found.roll_back_to,
        "rule": "not behind the best by more than chance, corrected for picking the best (Hsu 1984)",
        "threshold": settings.significance,
    }
    steps = wording.listed([wording.count(step) for step in found.best_set])
    if len(found.best_set) > 1:
        headline = f"Steps {steps} can't be told apart; step {wording.count(found.best_set[0])} is the earliest"
    elif found.best_set:
        shown = wording.level(float(evals.loc[found.best_set[0]]), accuracy)
        only = "the only eval" if len(evals) == 1 else "better than every other eval"
        headline = f"Step {steps} with {shown}: {only}"
    else:
        headline = "Which eval is best can't be told"
    if found.roll_back_to is not None:
        headline += f"; go back to step {wording.count(found.roll_back_to)}"
    is_note = len(found.best_set) > 1 or found.roll_back_to is not None
    return Finding("checkpoints", Severity.NOTE if is_note else Severity.OK, headline, "", numbers)


def _why_no_gap(evidence: Evidence) -> str:
    if "eval_reward" not in evidence.roles:
        name = metrics.names_for("eval_reward", evidence.run.framework, evidence.run.history.columns)[0]
        return f"no eval was logged; log {name}"
    if evidence.train is None and evidence.cast.filtered:
        return f"{evidence.cast.filtered} counts kept groups only, so it says nothing beside the evals"
    if why := why_not_compared(evidence.scale, evidence.cast.main):
        return why
    return "the eval's error is unknown; give --eval-size"


def _severity_of_gap(label: str, *, is_wide: bool) -> Severity:
    if is_wide:
        return Severity.WARNING
    return Severity.OK if label == "good_generalisation" else Severity.NOTE


def _why_train(evidence: Evidence) -> str:
    """Why the gain is one of the train reward."""
    if "eval_reward" not in evidence.roles:
        return " No eval was logged, so the train level stands in for it."
    return " No eval was made at the start, so both levels are of the train reward."


def _rule_of_gain(found: Improvement) -> str:
    if found.source == "train":
        start = "the mean of the first rewards" if found.baseline_from == "first steps" else "the baseline"
        return f"end level of the train trend minus {start}"
    if found.state == "assumed":
        return "difference to an assumed baseline, Newcombe's interval; not tested" if found.n else "difference alone"
    if found.interval_new is not None:
        return "difference of two evals of the same problems, noise read off the evals (Student's t)"
    return "two-proportion test, Newcombe's interval" if found.n else "difference alone"


def _size(value: float, accuracy: bool) -> str:
    return f"{wording.fixed(100 * value, 1)} pp" if accuracy else wording.number(value)


CHECKS = (
    Check("improvement", "generalisation", "Gain", "What was gained?", (), improvement),
    Check("gap", "generalisation", "Train–eval gap", "Does it carry over?", (), gap),
    Check("eval_resolution", "generalisation", "Reach of the eval", "What can this eval set see?", ("eval_reward",),
          eval_resolution),
    Check("checkpoints", "generalisation", "Checkpoint", "Which checkpoint to keep?", ("eval_reward",), checkpoints),
)  # fmt: skip
