"""What to do next: at most three things, each from this run's own evidence and config."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reportgen import metrics, trainers, wording
from reportgen.diagnostics.declared import is_gsm8k
from reportgen.findings import Evidence, Finding, NextStep, Severity, Verdict
from reportgen.run import Run, config_number
from reportgen.settings import Settings
from reportgen.signals import intervals
from reportgen.verdict import is_solved

MOST = 3
GSM8K_TRAINING = 7473  # problems in gsm8k's training set


def advise(
    decided: Verdict, evidence: Evidence, findings: Iterable[Finding], settings: Settings
) -> tuple[NextStep, ...]:
    """At most three next steps, the most useful first, none twice; repairs in the order in which signals moved."""
    by_check = {found.check: found for found in findings}
    first = {move.check: at for at, move in reversed(tuple(enumerate(decided.causes)))}
    ordered = dict(sorted(by_check.items(), key=lambda item: first.get(item[0], len(first))))
    steps = {
        "roll_back": _after_collapse,
        "stop": _after_plateau,
        "change_recipe": _after_failure,
        "continue": _while_rising,
        "inconclusive": _when_open,
    }[decided.decision](evidence, ordered, settings)
    unique = {step.action: step for step in steps}
    return tuple(list(unique.values())[:MOST])


def _while_rising(evidence: Evidence, found: Mapping[str, Finding], settings: Settings) -> Iterator[NextStep]:
    """More epochs or data, for what they would bring."""
    forecast, run = found.get("forecast"), evidence.run
    if _broken(found):
        yield from _repairs(evidence, found)
    yield from _resume(evidence)
    more, why = _climbing(evidence) or _worth(evidence)
    action = f"Train on{more}{_epochs(evidence) if more else ''}"
    check = "forecast" if forecast else "trend"
    yield NextStep(action, why, key_of(run, "epochs") or key_of(run, "steps"), check)
    yield from _repairs(evidence, found)
    yield from _more_data(evidence)
    if "eval_reward" not in evidence.roles:
        yield _log_evals(evidence)


def _climbing(evidence: Evidence) -> tuple[str, str] | None:
    """(for how many steps, what the evals gained in as many) where they climb while train is flat."""
    late, train = evidence.late_evals, evidence.train
    if late is None or late.direction != "rising" or train is None or train.trend.direction == "rising":
        return None
    evals = evidence.values("eval_reward")
    evals = evals.iloc[-max(3, len(evals) // 2) :]
    first, last = (wording.level(float(evals.iloc[at]), evidence.scale.accuracy) for at in (0, -1))
    steps = wording.plural(int(evals.index[-1] - evals.index[0]), "more step")
    return f" for {steps}", f"In as many before, the evals rose from {first} to {last}."


def _epochs(evidence: Evidence) -> str:
    """The same in epochs, where the config says how many there were and the run did them all."""
    run, main = evidence.run, evidence.train or evidence.eval
    epochs = config_number(run, key_of(run, "epochs") or "")
    if not epochs or main is None or not main.forecast or run.state in ("crashed", "failed", "unfinished", "running"):
        return ""
    times = (main.forecast[-1].step - main.first_step + 1) / max(main.last_step - main.first_step + 1, 1)
    return f": {wording.number(epochs * times, 2)} epochs instead of {epochs:g}"


def _worth(evidence: Evidence) -> tuple[str, str]:
    """(for how many steps, what they are expected to bring), no gain where it is less than can be seen."""
    main, accuracy = evidence.train or evidence.eval, evidence.scale.accuracy
    if main is None or not main.forecast or not main.is_modelled:
        return "", "The evals still climb." if evidence.late_evals is not None else "The reward still rises at the end."
    far, (_, now, _) = main.forecast[-1], main.end_level
    steps = wording.plural(max(far.step - main.last_step, 0), "more step")
    at = wording.count(far.step)
    if not far.low > now:
        level, reach = wording.level(now, accuracy), wording.interval((far.low, far.high), accuracy)
        return f" for {steps}", f"What it brings can't be seen: {reach} is expected at step {at}, {level} is reached."
    gain, bounds = far.mid - now, (far.low - now, far.high - now)
    shown = f"{wording.difference(gain, accuracy)} {wording.interval(bounds, accuracy, signed=True)}"
    return f" for {steps}", f"Expected: {shown} of train reward by step {at}."


def _after_plateau(evidence: Evidence, found: Mapping[str, Finding], settings: Settings) -> Iterator[NextStep]:
    """Keep what there is, then change one thing."""
    if is_solved(evidence):
        yield from _after_solved(evidence)
        return
    kept = evidence.checkpoints
    if kept is not None and kept.keep is not None:
        if len(kept.best_set) > 1:
            alike = wording.listed(map(wording.count, kept.best_set))
            why = f"Steps {alike} can't be told apart; it is the likeliest best."
        else:
            only = _n_evals(evidence) == 1
            why = "It is the only eval." if only else "It is better than every other evaluated step."
        yield NextStep(f"Stop here; keep step {wording.count(kept.keep)}", why, None, "checkpoints")
    else:
        why = "More of the same steps would add nothing."
        yield NextStep("Stop here; keep the last checkpoint", why, None, "plateau")
    yield from _repairs(evidence, found)
    yield from _more_data(evidence)
    yield from _other_algorithms(evidence, found)


def _after_solved(evidence: Evidence) -> Iterator[NextStep]:
    """Other problems: no recipe learns from those that are solved."""
    yield NextStep("Stop here; these problems are solved", "They were from the first step on.", None, "plateau")
    yield NextStep("Train on harder problems", "Groups that are all right have no gradient.",
                   None, "plateau")
    if "eval_reward" not in evidence.roles:
        yield _log_evals(evidence)


def _after_collapse(evidence: Evidence, found: Mapping[str, Finding], settings: Settings) -> Iterator[NextStep]:
    """Back to the last good checkpoint, and the cause that the order of the moves points at."""
    back = evidence.checkpoints.roll_back_to if evidence.checkpoints else None
    fallen = found.get("collapse") if _bad(found, "collapse") else found.get("eval_collapse")
    is_fallen = fallen is not None and bool(fallen.evidence.get("broke"))
    first = None if is_fallen else _first_broken(found)
    why = f"{(first or fallen).headline}." if (first or fallen) else "Later steps are worse."  # type: ignore[union-attr]
    check = first.check if first is not None else fallen.check if fallen is not None else "collapse"
    if back is not None:
        yield NextStep(f"Go back to step {wording.count(back)}, or the checkpoint before it", why, None, check)
    elif first is not None:
        since = wording.count(first.evidence["since_step"])
        kept = evidence.checkpoints.keep if evidence.checkpoints else None
        if kept is not None and kept >= int(first.evidence["since_step"]):  # the best is of a policy that is no more
            shown = wording.level(float(evidence.values("eval_reward").loc[kept]), evidence.scale.accuracy)
            action = f"Keep step {wording.count(kept)} for use; to train on, go back before step {since}"
            why = f"It is the best that was evaluated, {shown}; but {why[:1].lower()}{why[1:]}"
            yield NextStep(action, why, None, check)
        else:
            yield NextStep(f"Go back to the last checkpoint before step {since}", why, None, check)
    else:
        yield NextStep("Go back to the last checkpoint before the fall", why, None, check)
    yield from _repairs(evidence, found)
    if _bad(found, "gap") and not _bad(found, "collapse"):
        yield from _more_data(evidence)
        yield NextStep("Train for fewer epochs", f"{found['gap'].headline}.", key_of(evidence.run, "epochs"), "gap")
    rate = _shown(evidence.run, "lr")
    why = f"{'A fall that lasts' if is_fallen else 'A policy that comes apart'} is most often too large a step."
    yield NextStep(f"Halve the learning rate{rate}", why, key_of(evidence.run, "lr"), check)
    key = key_of(evidence.run, "eval_freq")
    yield NextStep("Keep a checkpoint at every eval", "Then less is lost the next time.", key, "checkpoints")


def _after_failure(evidence: Evidence, found: Mapping[str, Finding], settings: Settings) -> Iterator[NextStep]:
    """What to change when the recipe doesn't work: no signal, a fall, or a gap."""
    run = evidence.run
    if evidence.checkpoints is not None and evidence.checkpoints.keep is not None and _broken(found):
        kept = evidence.checkpoints
        yield NextStep(f"Keep step {wording.count(kept.keep or 0)}", "It is the best that was evaluated.", None,
                       "checkpoints" if "checkpoints" in found else None)  # fmt: skip
    if _broken(found):
        yield from _repairs(evidence, found)
    if _bad(found, "dead_stretch") and not found["dead_stretch"].evidence.get("value"):
        yield NextStep("Check the reward function on a few answers by hand", "Whole batches earned nothing.", None,
                       "dead_stretch")  # fmt: skip
        yield NextStep("Start with easier problems, or sample more answers each", "A group needs one that is right.",
                       key_of(run, "samples"), "dead_stretch")  # fmt: skip
    yield from _repairs(evidence, found)
    if _bad(found, "gap"):
        yield from _more_data(evidence)
        yield _earlier(evidence, found["gap"])
    if _bad(found, "trend"):
        yield NextStep(f"Lower the learning rate{_shown(run, 'lr')}", f"{found['trend'].headline}.", key_of(run, "lr"),
                       "trend")  # fmt: skip
    yield from _other_algorithms(evidence, found)


def _earlier(evidence: Evidence, gap: Finding) -> NextStep:
    """Back to the best eval, where one before the last is known to be; else fewer steps."""
    kept, key = evidence.checkpoints, key_of(evidence.run, "epochs")
    if kept is None or kept.keep is None or not _n_evals(evidence) or kept.keep >= _last_eval(evidence):
        return NextStep("Stop earlier: at the step where the gap opened", f"{gap.headline}.", key, "gap")
    evals = evidence.values("eval_reward")
    best, last = (wording.level(float(evals.loc[at]), evidence.scale.accuracy) for at in (kept.keep, evals.index[-1]))
    why = f"The eval was {best} there and is {last} at the end; train–eval gap {gap.headline}."
    return NextStep(f"Keep step {wording.count(kept.keep)}, and stop there the next time", why, key, "gap")


def _last_eval(evidence: Evidence) -> int:
    return int(evidence.values("eval_reward").index[-1])


def _when_open(evidence: Evidence, found: Mapping[str, Finding], settings: Settings) -> Iterator[NextStep]:
    """What would settle it, in steps, samples and problems."""
    run, main = evidence.run, evidence.train or evidence.eval
    yield from _resume(evidence)
    if evidence.cast.is_blind:
        yield NextStep("Log the reward before the filter, or evaluate more often",
                       f"{evidence.cast.filtered} leaves out the groups that {evidence.cast.filter_key} dropped.",
                       key_of(run, "eval_freq"), "filtered")  # fmt: skip
    if evidence.cast.is_blind and main is None:
        return
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
    elif not main.is_modelled:
        why = f"{wording.plural(main.n_points, 'point')} are too few to weigh their noise."
        yield NextStep("Log every step, or go on", why, key_of(run, "epochs"), "plateau")
    else:
        odds = wording.probability(main.plateau.probability)
        why = f"The chance of a plateau, {odds}, is too open to stop or to count on more."
        yield NextStep("Go on, and look again", why, key_of(run, "epochs"), "plateau")
    yield from _sharper_eval(evidence, settings)
    yield from _repairs(evidence, found)
    if evidence.scale.range is None:
        action = "Declare the reward's range: --reward-range LOW:HIGH"
        yield NextStep(action, "The tolerance depends on it.", None, "plateau")


def _resume(evidence: Evidence) -> Iterator[NextStep]:
    """Where a run that was killed goes on, when it says how far it was to go."""
    run = evidence.run
    if run.state not in ("crashed", "failed", "unfinished"):
        return
    last = wording.count(run.last_step)
    ended = {"crashed": "It crashed", "failed": "It ended with an error"}.get(run.state, "It has no end record")
    yield NextStep(f"Resume from the last checkpoint up to step {last}", f"{ended}; nothing says that it was done.",
                   None, "restarts")  # fmt: skip


def _first_broken(found: Mapping[str, Finding]) -> Finding | None:
    """The policy signal that left its bounds first; None when none says when."""
    dated = [one for one in found.values() if one.check in REPAIRS and one.evidence.get("broke")
             and one.evidence.get("since_step") is not None and not one.evidence.get("faded")]  # fmt: skip
    return min(dated, key=lambda one: int(one.evidence["since_step"]), default=None)


def _broken(found: Mapping[str, Finding]) -> bool:
    return any(one.evidence.get("broke") for one in found.values())


REPAIRS: Mapping[str, tuple[str, str]] = {  # check -> (action, what the key is of)
    "kl": ("Hold the policy closer to its reference", "kl"),
    "grad_norm": ("Clip gradients harder, or lower the learning rate", "clipping"),
    "entropy": ("Lower the learning rate: entropy left its level", "lr"),
    "behaviour_kl": ("Use fresher samples", "lag"),
    "truncation": ("Allow longer answers, or reward short ones", "length"),
    "zero_variance": ("Drop groups without variance (DAPO's dynamic sampling)", "dapo"),
    "learning_rate": ("Check the schedule: the rate is zero", "lr"),
    "updates": ("Find out why updates had no effect", "lr"),
    "clip_fraction": ("Take smaller steps: too many tokens are clipped", "lr"),
}


def _repairs(evidence: Evidence, found: Mapping[str, Finding]) -> Iterator[NextStep]:
    """One step for each policy signal that is out of bounds, in the order of the findings given."""
    moved = [check for check in found if check in REPAIRS]
    for check in moved:
        one = found[check]
        if one.severity >= Severity.WARNING and not one.evidence.get("faded"):  # a gradient fades when all else has
            action, what = REPAIRS[check]
            yield NextStep(action, f"{one.headline}.", key_of(evidence.run, what), check)


def _more_data(evidence: Evidence) -> Iterator[NextStep]:
    """All of gsm8k's training problems, or just more, where the config says how many were used."""
    run = evidence.run
    key = next((key for key in trainers.keys(run.framework, "data") if config_number(run, key)), None)
    used = config_number(run, key) if key else None
    if used and used < GSM8K_TRAINING and is_gsm8k(run, evidence.cast.main):
        why = f"This run used {wording.count(used)}; problems seen again teach less."
        yield NextStep(f"Train on all {wording.count(GSM8K_TRAINING)} problems", why, key, "plateau", GSM8K_TRAINING)
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
