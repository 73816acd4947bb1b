"""Where the time of a step went: its phases as trainers time them, and what a point gained did cost.

A trainer times what it calls a phase: AReaL `timeperf/rollout`, verl `timing_s/gen`, NeMo-RL `timing/train/generation`.
They are told apart by the last words of their names; of two that may hold each other the longer one counts, and what
they leave of the step is "the rest". In asynchronous runs they overlap, which is said.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from reportgen.costs import hours_at
from reportgen.findings import Evidence, Phase, Times

TIMED = re.compile(
    r"(?:^|/)(?:timing_s|timing_raw|timeperf|timing|time|times|perf|profiling)/(?:train/|all/)?([\w ./-]+)$"
)
NO_TIME = re.compile(
    r"per_token|throughput|tokens|tflops|mfu|memory|gpu|util|ratio|percent|num_|count|/(?:max|min|std)$"
)
KINDS: tuple[tuple[str, bool, re.Pattern[str]], ...] = tuple(  # name, whether parts add up, the last words of a name
    (name, adds, re.compile(words))
    for name, adds, words in (
        ("evaluation", False, r"(?:^|_)(?:testing|test|eval|evaluate|evaluation|validation|validate)(?:$|_)"),
        ("waiting", True, r"wait|idle|bubble|queue|blocked"),
        ("weight transfer", False, r"weight|reshard|broadcast|sync|transfer|refit"),
        ("saving", True, r"save|checkpoint|ckpt"),
        ("log-probabilities", True, r"log_?p|logprob|(?:^|_)ref(?:$|_)|values|old_log|reference"),
        ("reward", False, r"reward|score|verif|judge|(?:^|_)rm(?:$|_)"),
        ("rollout", False, r"(?:^|_)gen(?:$|_|erat)|rollout|sampl|infer|collect"),
        ("advantages", False, r"(?:^|_)adv"),
        ("update", True, r"update|train|policy|actor|critic|optim|backward|learn"),
    )
)
WHOLE = re.compile(r"(?:total_|train_|training_)?(?:step|iteration)_time|step|total|iteration|e2e|total_step")
LEAST, LEAST_SHARE = 3, 0.005  # values of a phase; of the step, below which it is a part of the rest
EDGE = 0.1  # of the values: what its start and its end are the mean of


def times_of(evidence: Evidence) -> Times | None:
    """The phases of a step with their shares, and the hours that they add up to; None where no phase was timed.

    Shares are of the whole step where that was timed, else of the phases together. Seconds are means over all steps,
    those in which a phase did not come counted as 0 (an eval at every twentieth step).
    """
    run = evidence.run
    found = _phases(run.history)
    if not found:
        return None
    seen = evidence.seen.get("step_time")
    together = sum(seconds for _, _, seconds, _ in found)
    step = max(float(seen.values.mean()), 1e-9) if seen is not None and not _is_made_of(seen.name, found) else together
    overlap = together / step
    phases = [
        Phase(name, names, seconds, seconds / max(step, together), *_ends(series))
        for name, names, seconds, series in sorted(found, key=lambda one: -one[2])
        if seconds >= LEAST_SHARE * step
    ]
    if not phases:
        return None
    rest = step - together
    if rest > 0.02 * step:
        phases.append(Phase("the rest", (), rest, rest / step, None, None))
    hours = hours_at(run, run.last_step)
    after = _hours_after(evidence, hours)
    overlap = overlap if overlap > 1.02 else 1.0
    share = after / hours if after is not None and hours else None
    return Times(tuple(phases), step, overlap, hours, evidence.gpus, *_prices(evidence, hours), after, share)


def _phases(history: pd.DataFrame) -> list[tuple[str, tuple[str, ...], float, pd.Series]]:
    """(name, metrics, mean seconds of a step, seconds by step) of each kind of phase."""
    members: dict[str, list[tuple[str, pd.Series]]] = {}
    for column in map(str, history.columns):
        last = TIMED.search(column.replace(".", "/"))
        if last is None or NO_TIME.search(column):
            continue
        words = last[1].lower().replace("/", "_").replace(" ", "_").replace("-", "_")
        kind = next((name for name, _, pattern in KINDS if pattern.search(words)), None)
        values = history[column].dropna()
        if kind is not None and not WHOLE.fullmatch(words) and len(values) and values.min() >= 0:
            members.setdefault(kind, []).append((column, values))
    n_steps = len(history)
    found = []
    for name, adds, _ in KINDS:
        inside = sorted(members.get(name, ()), key=lambda one: -float(one[1].sum()))
        kept = inside if adds and not _holds(inside) else inside[:1]
        if not kept:
            continue
        total = pd.concat([values for _, values in kept], axis=1).sum(axis=1)
        if len(total) >= min(LEAST, n_steps):
            found.append((name, tuple(column for column, _ in kept), float(total.sum()) / n_steps, total))
    return found


def _holds(members: list[tuple[str, pd.Series]]) -> bool:
    """Whether the longest holds the others: `training` beside `training/forward`, or one as long as all others."""
    if len(members) < 2:
        return False
    longest, others = members[0], members[1:]
    return any(name.startswith(f"{longest[0]}/") for name, _ in others)


def _is_made_of(name: str, found: list[tuple[str, tuple[str, ...], float, pd.Series]]) -> bool:
    """Whether the time of a step was made by adding the phases up, so that it can't tell a rest."""
    return any(name == one for _, names, _, _ in found for one in names)


def _ends(series: pd.Series) -> tuple[float | None, float | None]:
    few = max(1, int(EDGE * len(series)))
    values = series.to_numpy(dtype=float)
    return (float(np.mean(values[:few])), float(np.mean(values[-few:]))) if len(values) > 1 else (None, None)


def _hours_after(evidence: Evidence, hours: float | None) -> float | None:
    """Hours that were spent after the curve had levelled off."""
    train = evidence.train
    if hours is None or train is None or not train.plateau.plateaued or train.plateau.onset_step is None:
        return None
    before = hours_at(evidence.run, train.plateau.onset_step)
    return hours - before if before is not None else None


def _prices(evidence: Evidence, hours: float | None) -> tuple[float | None, float | None]:
    """(GPU-hours, GPU-hours for each percentage point gained); the second only of a gain that was tested."""
    if hours is None or not evidence.gpus:
        return None, None
    spent, gain = hours * evidence.gpus, evidence.improvement
    is_real = gain is not None and gain.p_value is not None and gain.p_value < 0.05 and gain.absolute > 0
    per_point = spent / (100 * gain.absolute) if gain is not None and is_real and evidence.scale.accuracy else None
    return spent, per_point
