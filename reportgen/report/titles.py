"""What each section says in one line: the finding, with its number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from reportgen import wording
from reportgen.findings import Diagnosis, Finding, Severity, Times
from reportgen.run import Run
from reportgen.samples import Samples

POLICY = frozenset({"policy", "rollouts", "system"})


def of_page(diagnoses: Sequence[Diagnosis]) -> str:
    """Title of the page, made from the runs."""
    if len(diagnoses) == 1:
        return diagnoses[0].run.name or diagnoses[0].run.id
    projects = {str(item.run.provenance.get("project") or "") for item in diagnoses} - {""}
    return projects.pop() if len(projects) == 1 else wording.plural(len(diagnoses), "run")


def topic(check: str) -> str:
    """What a check is about: "learning", "policy" …"""
    from reportgen.diagnostics import asked

    return next((item.topic for item in asked() if item.name == check), "learning")


def title(check: str) -> str:
    """A check as a person names it."""
    from reportgen.diagnostics import asked

    return next((item.title for item in asked() if item.name == check), check.replace("_", " ").capitalize())


def of_curve(diagnosis: Diagnosis) -> str:
    """What the reward did, in one line."""
    train, accuracy = diagnosis.train or diagnosis.eval, diagnosis.scale.accuracy
    noun = "Accuracy" if accuracy else "Reward"
    if train is None:
        return "No reward was logged often enough for a curve"

    def shown(value: float) -> str:
        return wording.percent(value, 0) if accuracy else wording.number(value)

    end = shown(train.end_level[1])
    start = shown(float(train.curve.mid[0])) if len(train.curve.mid) else end
    if train.collapse.collapsed and train.collapse.onset_step is not None:
        peak = shown(train.collapse.peak_level or 0.0)
        return f"{noun} reached {peak}, then fell from step {wording.count(train.collapse.onset_step)} on"
    evals = diagnosis.eval
    if evals is not None and evals.collapse.collapsed and diagnosis.scale.comparable and evals is not train:
        played = diagnosis.roles["eval_reward"]
        last = float(diagnosis.run.history[played.name].dropna().iloc[-1])
        return f"{noun} in training went from {start} to {end}, while eval fell to {shown(last)}"
    if train.plateau.plateaued and train.plateau.onset_step is not None:
        onset = wording.count(train.plateau.onset_step)
        verb = "climbed" if train.end_level[1] >= train.curve.mid[0] else "fell"
        return f"{noun} {verb} until step {onset}, then held at {end}"
    if train.trend.direction == "falling":
        return f"{noun} is falling: from {start} to {end}"
    if train.plateau.plateaued is None:
        return f"{noun} went from {start} to {end}; whether it still climbs can't be told"
    return f"{noun} went from {start} to {end} and is still climbing"


def curve_deck(diagnosis: Diagnosis) -> str:
    """What is drawn and in which unit."""
    run = diagnosis.run
    noun = "Accuracy" if diagnosis.scale.accuracy else "Reward, in the unit logged,"
    parts = [f"{noun} by optimizer step."]
    if run.steps_per_epoch:
        parts.append(f"Epochs are {wording.plural(run.steps_per_epoch, 'step')}.")
    train = diagnosis.train
    if train is not None and any(point.step > train.last_step for point in train.forecast):
        parts.append(f"To the right of step {wording.count(train.last_step)} is forecast.")
    if train is not None and train.plateau.plateaued:
        parts.append("The shaded part is the plateau.")
    if diagnosis.eval is not None and not diagnosis.scale.comparable:
        parts.append("Eval is in another unit and not drawn here.")
    return " ".join(parts)


def of_evals(diagnosis: Diagnosis) -> str:
    """What the evals did: a fall first, else how many there are and which is judged."""
    found = diagnosis.finding("evals")
    main = diagnosis.cast.main
    if found is not None and found.severity > Severity.OK:
        return found.headline
    rose = found.evidence.get("rose", 0) if found is not None else 0
    judged = f", judged by {main.label}" if main is not None else ""
    return f"{rose} of {wording.plural(len(diagnosis.evals), 'eval')} rose{judged}"


def evals_deck(diagnosis: Diagnosis) -> str:
    """Why the main eval is that one, and what the others are good for."""
    main = diagnosis.cast.main
    why = f"{main.label} is the main one: {main.why}. " if main is not None else ""
    return (f"{why}Transfer: other problems than the run trains on, so no gap is measured against them. A mean is "
            "never held against pass@k.")  # fmt: skip


def of_components(diagnosis: Diagnosis) -> str:
    """Which parts of the reward moved."""
    found = diagnosis.finding("components")
    return found.headline if found is not None else "What the reward is made of"


def components_deck(diagnosis: Diagnosis) -> str:
    """What is judged of a reward of several parts."""
    found = diagnosis.finding("components")
    return found.detail if found is not None else ""


def of_times(times: Times) -> str:
    """Which phase takes most of a step."""
    first = times.phases[0]
    name = "What isn't timed" if not first.metrics else first.name.capitalize()
    return f"{name} takes {wording.percent(first.share, 0)} of a step of {wording.duration(times.step_s)}"


def times_deck(times: Times) -> str:
    """How the shares are meant."""
    deck = ("Means over all steps, those without a phase counted as 0; start and end are means of the first and last "
            "tenth.")  # fmt: skip
    if times.overlap > 1:
        share = wording.percent(times.overlap, 0)
        deck += f" Phases run side by side: together they are {share} of the step, and shares are of all of them."
    return deck


def of_signals(diagnosis: Diagnosis, panels: int) -> str:
    """Which policy signals gave trouble."""
    if not panels:
        return "No signal of the policy was logged"
    there = [found for found in diagnosis.findings if topic(found.check) in POLICY]
    bad = [found for found in there if found.severity >= Severity.WARNING]
    noted = [found for found in there if found.severity is Severity.NOTE]
    if bad:
        verb = "need" if len(bad) > 1 else "needs"
        return f"{_capital(wording.spelled(len(bad)))} of {len(there)} signals {verb} a look: {_names(bad)}"
    if noted:
        return f"Nothing broke; worth knowing: {_names(noted)}"
    return "Nothing broke" if there else "What the policy did, judged by no check"


def signals_deck(diagnosis: Diagnosis, panels: int) -> str:
    """How to read the small charts."""
    if not panels:
        return "None of the metrics that were logged plays a role here; the checks say which to log."
    index = diagnosis.run.history.index
    shade = "the shaded part is the plateau. " if diagnosis.train and diagnosis.train.plateau.plateaued else ""
    return (
        f"One step axis, {wording.count(index[0])} to {wording.count(index[-1])}; {shade}"
        "Faint: as logged. Strong: smoothed. At the right: the level at the end."
    ).replace("; Faint", ". Faint")


def of_checks(diagnosis: Diagnosis) -> str:
    """How many checks could be made, and the worst of them."""
    made = wording.plural(len(diagnosis.findings), "check")
    counted = Counter(found.severity for found in diagnosis.findings)
    for severity in (Severity.CRITICAL, Severity.WARNING):
        if counted[severity]:
            bad = [found for found in diagnosis.findings if found.severity is severity]
            what = f"{_capital(wording.spelled(len(bad)))} {wording.plural(len(bad), _noun(severity)).split(' ', 1)[1]}"
            return f"{what} in {made}: {_names(bad)}"
    missed = len(diagnosis.skipped)
    return f"No warning in {made}" + (f"; {missed} could not be made" if missed > len(diagnosis.findings) else "")


def of_config(run: Run) -> str:
    """The recipe in a line, from the keys that trainers share."""
    config = run.config
    said: list[str] = []
    for key, text in (
        ("batch_size", "{} prompts a step"),
        ("group_size", "{} answers a prompt"),
        ("n_samples", "{} answers a prompt"),
    ):
        value = _found(config, key)
        if value is not None and not any(text[3:] in item for item in said):
            said.append(text.format(wording.count(value)))
    rate = _found(config, "lr") or _found(config, "learning_rate")
    if rate is not None:
        said.append(f"learning rate {wording.number(rate)}")
    return (
        f"Recipe: {', '.join(said)}"
        if said
        else f"{wording.plural(len(config), 'key')} as logged"
        if config
        else "No config was logged"
    )


def config_deck(run: Run) -> str:
    """How many keys, and how many secrets were taken out."""
    if not run.config:
        return ""
    removed = len(run.removed)
    secrets = f"{wording.plural(removed, 'secret')} removed." if removed else "Nothing in it looked like a secret."
    return f"{wording.plural(len(run.config), 'key')} as logged. {secrets}"


def of_provenance(diagnosis: Diagnosis) -> str:
    """How many steps and metrics were read, and from what."""
    run = diagnosis.run
    noted = f", {wording.plural(len(run.notes), 'remark')}" if run.notes else ", nothing skipped"
    size = f"{wording.plural(run.n_steps, 'step')} of {wording.plural(len(run.history.columns), 'metric')}"
    return f"Read {size}{noted}"


def _found(config: Mapping[str, Any], last: str) -> float | None:
    """The number under the shortest key whose last part is that."""
    keys = sorted(
        (key for key in config if str(key).rsplit(".", 1)[-1] == last), key=lambda key: (str(key).count("."), key)
    )
    values = [config[key] for key in keys if isinstance(config[key], int | float) and not isinstance(config[key], bool)]
    return float(values[0]) if values else None


def _names(findings: list[Finding]) -> str:
    names = [title(found.check) for found in findings]
    return wording.listed([name if name[:2].isupper() else name[:1].lower() + name[1:] for name in names], 3)


def _noun(severity: Severity) -> str:
    return "critical finding" if severity is Severity.CRITICAL else "warning"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def of_samples(samples: Samples) -> str:
    """The finding on what was written: what share of the groups still taught, else how the rewards moved."""
    first, last = samples.steps[0], samples.steps[-1]
    if last.all_right is not None and last.all_wrong is not None:
        mixed = wording.percent(1 - last.all_right - last.all_wrong, 0)
        return f"{mixed} of the groups were mixed at step {wording.count(last.step)}"
    return f"Mean reward of the answers: {wording.number(first.reward)} at first, {wording.number(last.reward)} at last"
