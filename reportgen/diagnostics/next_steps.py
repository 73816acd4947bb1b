"""What to do next: at most three things, each from this run's own evidence and config."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reportgen import metrics, trainers, wording
from reportgen.diagnostics.declared import is_gsm8k
from reportgen.findings import Decision, Evidence, Finding, NextStep, Severity
from reportgen.run import Run, config_number
from reportgen.settings import Settings
from reportgen.signals import intervals

MOST = 3
GSM8K_TRAINING = 7473  # problems in gsm8k's training set


def advise(
    decision: Decision, evidence: Evidence, findings: Iterable[Finding], settings: Settings
) -> tuple[NextStep, ...]:
    """At most three next steps, the most useful first, none twice."""
    by_check = {found.check: found for found in findings}
    steps = {
        "roll_back": _after_collapse,
        "stop": _after_plateau,
        "change_recipe": _after_failure,
        "continue": _while_rising,
        "inconclusive": _when_open,
    }[decision](evidence, by_check, settings)
    unique = {step.action: step for step in steps}
    return tuple(list(unique.values())[:MOST])


def _while_rising(evidence: Evidence, found: Mapping[str, Finding], settings: Settings) -> Iterator[NextStep]:
    """More epochs or data, for what they would bring."""
    forecast, run = found.get("forecast"), evidence.run
    why = forecast.headline if forecast else "The reward still rises at the end."
    epochs = config_number(run, key_of(run, "epochs") or "")
    action = f"Train on: 3 to 5 epochs instead of {epochs:g}" if epochs and epochs < 3 else "Train on for as long again"
    yield NextStep(action, f"Expected: {why}.", key_of(run, "epochs") or key_of(run, "steps"), "forecast")
    yield from _repairs(evidence, found)
    yield from _more_data(evidence)
    if "eval_reward" not in evidence.roles:
        yield _log_evals(evidence)


def _after_plateau(evidence: Evidence, found: Mapping[str, Finding], settings: Settings) -> Iterator[NextStep]:
    """Keep what there is, then change one thing."""
    kept = evidence.checkpoints
    if kept is not None and kept.best_set:
        if len(kept.best_set) > 1:
            why = f"Steps {wording.listed(map(wording.count, kept.best_set))} can't be told apart."
        else:
            why = "It is the only eval." if _n_evals(evidence) == 1 else "It is better than every other evaluated step."
        yield NextStep(f"Stop here; keep step {wording.count(kept.best_set[-1])}", why, None, "checkpoints")
    else:
        why = "More of the same steps would add nothing."
        yield NextStep("Stop here; keep the last checkpoint", why, None, "plateau")
    yield from _repairs(evidence, found)
    yield from _more_data(evidence)
    yield from _other_algorithms(evidence, found)


def _after_collapse(evidence: Evidence, found: Mapping[str, Finding], settings: Settings) -> Iterator[NextStep]:
    """Back to the last good checkpoint, and the cause that the order of the moves points at."""
    back = evidence.checkpoints.roll_back_to if evidence.checkpoints else None
    fallen = found.get("collapse") if _bad(found, "collapse") else found.get("eval_collapse")
    why = f"{fallen.headline}." if fallen is not None else "Later steps are worse."
    check = fallen.check if fallen is not None else "collapse"
    if back is not None:
        yield NextStep(f"Go back to step {wording.count(back)}, or the checkpoint before it", why, None, check)
    else:
        yield NextStep("Go back to the last checkpoint before the fall", why, None, check)
    yield from _repairs(evidence, found)
    if _bad(found, "gap") and not _bad(found, "collapse"):
        yield from _more_data(evidence)
        yield NextStep("Train for fewer epochs", f"{found['gap'].headline}.", key_of(evidence.run, "epochs"), "gap")
    rate = _shown(evidence.run, "lr")
    yield NextStep(f"Halve the learning rate{rate}", "A fall that lasts is most often too large a step.",
                   key_of(evidence.run, "lr"), check)  # fmt: skip
    key = key_of(evidence.run, "eval_freq")
    yield NextStep("Keep a checkpoint at every eval", "Then less is lost the next time.", key, "checkpoints")


def _after_failure(evidence: Evidence, found: Mapping[str, Finding], settings: Settings) -> Iterator[NextStep]:
    """What to change when the recipe doesn't work: no signal, a fall, or a gap."""
    run = evidence.run
    if _bad(found, "dead_stretch") or _bad(found, "advantages"):
        yield NextStep("Check the reward function on a few answers by hand", "Whole batches earned nothing.", None,
                       "dead_stretch")  # fmt: skip
        yield NextStep("Start with easier problems, or sample more answers each", "A group needs one that is right.",
                       key_of(run, "samples"), "dead_stretch")  # fmt: skip
    yield from _repairs(evidence, found)
    if _bad(found, "gap"):
        yield from _more_data(evidence)
        yield NextStep("Stop earlier: at the step where the gap opened", f"{found['gap'].headline}.",
                       key_of(run, "epochs"), "gap")  # fmt: skip
    if _bad(found, "trend"):
        yield NextStep(f"Lower the learning rate{_shown(run, 'lr')}", f"{found['trend'].headline}.", key_of(run, "lr"),
                       "trend")  # fmt: skip
    yield from _other_algorithms(evidence, found)


def _when_open(evidence: Evidence, found: Mapping[str, Finding], settings: Settings) -> Iterator[NextStep]:
    """What would settle it, in steps, samples and problems."""
    run, main = evidence.run, evidence.train or evidence.eval
    if main is None:
        close = metrics.names_for("train_reward", run.framework)[0]
        why = f"None of the metrics is known; {close} would be."
        yield NextStep("Name the reward: --metric train_reward=NAME", why)
        return
    if main.plateau.settled_by:
        settled, samples = main.plateau.settled_by, evidence.samples
        now = f"; a step averages {wording.count(samples)}." if samples else "."
        why = f"{settled[:1].upper()}{settled[1:]} would settle it{now}"
        key = key_of(run, "samples") or key_of(run, "batch")
        yield NextStep("Average more samples a step, or go on", why, key, "plateau")
    else:
        odds = wording.probability(main.plateau.probability)
        why = f"The chance of a plateau, {odds}, is too open to stop or to count on more."
        yield NextStep("Go on, and look again", why, key_of(run, "epochs"), "plateau")
    yield from _sharper_eval(evidence, settings)
    yield from _repairs(evidence, found)
    if evidence.scale.range is None:
        action = "Declare the reward's range: --reward-range LOW:HIGH"
        yield NextStep(action, "The tolerance depends on it.", None, "plateau")


def _repairs(evidence: Evidence, found: Mapping[str, Finding]) -> Iterator[NextStep]:
    """One step for each policy signal that is out of bounds."""
    run = evidence.run
    for check, action, what in (
        ("kl", "Hold the policy closer to its reference", "kl"),
        ("grad_norm", "Clip gradients harder, or lower the learning rate", "clipping"),
        ("entropy", "Lower the learning rate: entropy left its level", "lr"),
        ("behaviour_kl", "Use fresher samples", "lag"),
        ("truncation", "Allow longer answers, or reward short ones", "length"),
        ("zero_variance", "Drop groups without variance (DAPO's dynamic sampling)", "dapo"),
        ("learning_rate", "Check the schedule: the rate is zero", "lr"),
        ("updates", "Find out why updates had no effect", "lr"),
        ("clip_fraction", "Take smaller steps: too many tokens are clipped", "lr"),
    ):
        if _bad(found, check):
            yield NextStep(action, f"{found[check].headline}.", key_of(run, what), check)


def _more_data(evidence: Evidence) -> Iterator[NextStep]:
    """All of gsm8k's training problems, or just more, where the config says how many were used."""
    run = evidence.run
    key = next((key for key in trainers.keys(run.framework, "data") if config_number(run, key)), None)
    used = config_number(run, key) if key else None
    if is_gsm8k(run) and (used is None or used < GSM8K_TRAINING):
        why = f"This run used {wording.count(used)}; problems seen again teach less." if used else (
            "A part of them, seen often, leaves little to learn.")  # fmt: skip
        action = f"Train on all {wording.count(GSM8K_TRAINING)} problems"
        yield NextStep(action, why, key or key_of(run, "data"), "plateau")
    elif used:
        yield NextStep("Train on more problems", f"This run used {wording.count(used)}.", key, "plateau")


def _other_algorithms(evidence: Evidence, found: Mapping[str, Finding]) -> Iterator[NextStep]:
    """The guide's other recipes, the one first that the signals point at."""
    run, entropy = evidence.run, found.get("entropy")
    fell = entropy is not None and float(entropy.evidence.get("change", 0.0)) < -0.5
    why = "It takes the bias towards easy and long answers out."
    if fell and entropy is not None:
        why = f"Entropy: {entropy.headline}."
    check = "entropy" if fell else "plateau"
    yield NextStep("Try Dr.GRPO's scaling of advantages", why, key_of(run, "dr_grpo"), check)
    yield NextStep(f"Try another learning rate{_shown(run, 'lr')}", "The cheapest thing to vary, one key at a time.",
                   key_of(run, "lr"), "plateau")  # fmt: skip
    yield NextStep("Try DAPO: drop groups that teach nothing", "Groups all right or all wrong have no gradient.",
                   key_of(run, "dapo"), "zero_variance" if "zero_variance" in found else "plateau")  # fmt: skip
    yield NextStep("Try another reward scaling", "It sets how far one batch moves the policy.", key_of(run, "scaling"),
                   "advantages")  # fmt: skip


def _sharper_eval(evidence: Evidence, settings: Settings) -> Iterator[NextStep]:
    """More eval problems, with how many."""
    if "eval_reward" not in evidence.roles:
        yield _log_evals(evidence)
        return
    found, n = evidence.improvement, evidence.eval_n
    if found is not None and n and found.p_value is not None and found.p_value >= settings.significance:
        wanted = intervals.needed_n(found.final, found.baseline)
        if wanted and wanted > n:
            gain, problems = wording.difference(found.absolute, True), wording.count(wanted)
            why = f"To see {gain} at 80{wording.THIN}% power; this eval has {wording.count(n)}."
            yield NextStep(f"Evaluate on {problems} problems", why, key_of(evidence.run, "eval"), "improvement")
    elif _n_evals(evidence) < 5:
        why = f"{wording.plural(_n_evals(evidence), 'eval')} can't show where the eval stands still."
        yield NextStep("Evaluate more often", why, key_of(evidence.run, "eval_freq"), "eval_plateau")


def _log_evals(evidence: Evidence) -> NextStep:
    name = metrics.names_for("eval_reward", evidence.run.framework, evidence.run.history.columns)[0]
    return NextStep("Evaluate on held-out problems", f"No eval was logged; log it as {name}.",
                    key_of(evidence.run, "eval_freq"), "gap")  # fmt: skip


def key_of(run: Run, what: str) -> str | None:
    """The run's own config key for something; AReaL's when only its log is there; None: not in the config."""
    keys = trainers.keys(run.framework, what)
    found = next((key for key in keys if key in run.config), None)
    return keys[0] if found is None and run.framework == "areal" and not run.config else found


def _shown(run: Run, what: str) -> str:
    """The present value of a key, in brackets; "" when it isn't known."""
    value = config_number(run, key_of(run, what) or "")
    return f" (now {wording.number(value)})" if value else ""


def _bad(found: Mapping[str, Finding], check: str) -> bool:
    return check in found and found[check].severity >= Severity.WARNING


def _n_evals(evidence: Evidence) -> int:
    return len(evidence.values("eval_reward")) if "eval_reward" in evidence.roles else 0
