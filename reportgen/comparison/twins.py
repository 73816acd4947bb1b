"""Runs that hold the same rewards step by step: one run that was given twice, which tells nothing twice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reportgen.findings import Diagnosis

LEAST = 6  # different rewards; fewer may be alike by chance
ALIKE = 1e-6  # of a value: what a store of 32-bit numbers keeps
PROBES = 5  # values by which runs are told apart before all are looked at


def twins_of(diagnoses: Sequence[Diagnosis]) -> dict[int, int]:
    """Position of a run -> the position of an earlier one of which it holds every train reward again."""
    found: dict[int, int] = {}
    seen: dict[tuple[object, ...], list[tuple[int, np.ndarray, np.ndarray]]] = {}
    for at, one in enumerate(diagnoses):
        played = one.roles.get("train_reward")
        if played is None or played.name not in one.run.history:
            continue
        series = one.run.history[played.name].dropna()
        steps, values = series.index.to_numpy(), series.to_numpy(dtype=float)
        if len(np.unique(values)) < LEAST:
            continue
        picked = np.linspace(0, len(values) - 1, PROBES).astype(int)
        alike = seen.setdefault((len(values), *(f"{value:.3g}" for value in values[picked])), [])
        twin = next((
            other for other, those, theirs in alike
            if np.array_equal(steps - steps[0], those - those[0]) and np.allclose(values, theirs, rtol=ALIKE, atol=0)
            and not _differ(one, diagnoses[other])
        ), None)  # fmt: skip
        if twin is None:
            alike.append((at, steps, values))
        else:
            found[at] = twin
    return found


def _differ(one: Diagnosis, other: Diagnosis) -> bool:
    """Whether a setting or an eval that both have is another: then it is another run after all."""
    shared = one.run.config.keys() & other.run.config.keys()
    if any(str(one.run.config[key]) != str(other.run.config[key]) for key in shared):
        return True
    evals = [run.run.history[run.roles["eval_reward"].name].dropna().to_numpy(dtype=float)
             for run in (one, other) if "eval_reward" in run.roles]  # fmt: skip
    answers = [run.run.answers for run in (one, other) if run.run.answers is not None]
    if len(evals) == 2 and (len(evals[0]) != len(evals[1]) or not np.allclose(evals[0], evals[1], rtol=ALIKE, atol=0)):
        return True
    return len(answers) == 2 and not answers[0].equals(answers[1])
