"""Everything that is asked of one run, in reading order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from reportgen import seen
from reportgen.diagnostics import (
    diminishing,
    divergence,
    evals,
    generalisation,
    learning,
    plugged,
    policy,
    rewards,
    rollouts,
    system,
)
from reportgen.diagnostics.casting import cast
from reportgen.diagnostics.causes import causes_of, line_of
from reportgen.diagnostics.declared import Declared, declared
from reportgen.diagnostics.keeping import checkpoints_of
from reportgen.diagnostics.measures import gain_of_set, gap_of, improvement_of, late_course, problems, tested, weighed
from reportgen.diagnostics.next_steps import advise
from reportgen.diagnostics.phases import times_of
from reportgen.diagnostics.watched import missing
from reportgen.findings import Cast, Check, Diagnosis, Evidence, Finding, Skipped
from reportgen.metrics import Played
from reportgen.run import Run
from reportgen.settings import Settings
from reportgen.signals import Learning, learn
from reportgen.signals.outages import outages
from reportgen.verdict import decide

CHECKS: tuple[Check, ...] = (
    *learning.CHECKS,
    *diminishing.CHECKS,
    *rewards.CHECKS,
    *generalisation.CHECKS,
    *evals.CHECKS,
    *divergence.CHECKS,
    *policy.CHECKS,
    *rollouts.CHECKS,
    *system.CHECKS,
)
NAMES = frozenset(check.name for check in CHECKS)


def diagnose(run: Run, settings: Settings | None = None) -> Diagnosis:
    """One run with every check answered or skipped, and the decision that follows.

    Raises SettingsError for a role or metric of `settings.metrics` that isn't there, SourceError
    when `settings.steps` leaves nothing.
    """
    settings = settings or Settings()
    if settings.steps is not None:
        run = run.between(*settings.steps)
    run, roles, found = cast(run, settings)
    known = declared(run, roles, found, settings)
    evidence = gather(run, roles, found, known, settings)
    answers = [answer(check, evidence, settings) for check in asked()]
    findings = tuple(found for found in answers if isinstance(found, Finding))
    causes = causes_of(evidence, findings)
    decided = replace(
        decide(evidence, findings, settings, causes),
        causes=causes,
        cause_line=line_of(causes, evidence.checkpoints, evidence.scale.accuracy),
    )
    return Diagnosis(
        run=run,
        roles=roles,
        scale=known.scale,
        train=evidence.train,
        eval=evidence.eval,
        gap=evidence.gap,
        improvement=evidence.improvement,
        checkpoints=evidence.checkpoints,
        findings=findings,
        skipped=tuple(found for found in answers if isinstance(found, Skipped)),
        verdict=replace(decided, next_steps=advise(decided, evidence, findings, settings)),
        assumptions=known.assumptions,
        settings=settings,
        eval_n=known.eval_n,
        seen=evidence.seen,
        cast=found,
        eval_gains=evidence.eval_gains,
        times=times_of(evidence),
    )


def asked() -> tuple[Check, ...]:
    """Every check in reading order, those of other packages last."""
    return (*CHECKS, *plugged.plugged(NAMES).good)


def remarks() -> tuple[str, ...]:
    """What a person must hear: which checks of other packages can't be used."""
    return plugged.plugged(NAMES).problems


def answer(check: Check, evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """What one check says of a run; skipped when a role that it needs is not played."""
    absent = next((role for role in check.needs if role not in evidence.roles), None)
    return missing(check.name, absent, evidence) if absent else check.look(evidence, settings)


def gather(run: Run, roles: Mapping[str, Played], found: Cast, known: Declared, settings: Settings) -> Evidence:
    """The run with all that is fitted once, for the checks to look at."""
    tested_on = _series(run, roles, "eval_reward")
    trained = _series(run, roles, "train_reward")
    if found.is_blind:
        trained = None  # it hovers about one half whatever is learned; the evals decide
    rates = _series(run, roles, "learning_rate")
    down = _outages(trained, known)
    up = _without(trained, down)
    train = weighed(_learning(up, known.samples, known, settings, rates=rates), up)
    is_bare = up is not None and learning.hardly_any(up.to_numpy(dtype=float)) > 0
    if is_bare and train is not None:  # a success or two among zeros are neither a gain nor a course to draw on
        train = replace(train, forecast=(), next_point_step=None, p_rise=None, p_fall=None)
    size = known.eval_n if not isinstance(settings.eval_size, Mapping) else None
    judged = tested(_learning(tested_on, size, known, settings, back_test=False), tested_on, known, settings)
    sizes = (lambda step: problems(step, known, settings)) if known.scale.accuracy else None
    signals = seen.look(run, roles, settings, reward_range=known.scale.range, eval_sizes=sizes)
    return Evidence(
        run=run,
        roles=roles,
        scale=known.scale,
        train=train,
        eval=judged,
        gap=gap_of(train, tested_on, run, roles, known, settings),
        improvement=improvement_of(None if is_bare else train, tested_on, known, settings),
        checkpoints=checkpoints_of(train, judged, tested_on, known, settings, signals.get("eval_reward")),
        samples=known.samples,
        gpus=known.gpus,
        eval_n=known.eval_n,
        late_evals=late_course(tested_on, known, settings),
        seen=signals,
        cast=found,
        eval_gains=tuple(gain_of_set(one, known, settings) for one in found.evals),
        outages=down,
    )


def _outages(series: pd.Series | None, known: Declared) -> tuple[tuple[int, int], ...]:
    """First and last step of each stretch in which the rewards were near nothing and came back."""
    if series is None:
        return ()
    floor = known.scale.range[0] if known.scale.range is not None else 0.0
    values = series.to_numpy(dtype=float)
    if values.min() < floor:
        return ()
    return tuple((int(series.index[a]), int(series.index[b])) for a, b in outages(values, floor=floor))


def _without(series: pd.Series | None, stretches: tuple[tuple[int, int], ...]) -> pd.Series | None:
    """The series without its outages, which say nothing of the policy."""
    if series is None:
        return None
    for first, last in stretches:
        series = series[(series.index < first) | (series.index > last)]
    return series


def _learning(
    series: pd.Series | None, samples: int | None, known: Declared, settings: Settings, *, back_test: bool = True,
    rates: pd.Series | None = None,
) -> Learning | None:  # fmt: skip
    if series is None or series.empty:
        return None
    return learn(
        series.index.to_numpy(),
        series.to_numpy(dtype=float),
        reward_range=known.scale.range,
        samples_per_step=samples,
        forecast_steps=settings.forecast_steps,
        plateau_probability=settings.plateau_probability,
        undecided_probability=settings.undecided_probability,
        back_test=back_test,
        learning_rates=None if rates is None else rates.to_numpy(dtype=float),
    )


def _series(run: Run, roles: Mapping[str, Played], role: str) -> pd.Series | None:
    return run.history[roles[role].name].dropna() if role in roles else None
