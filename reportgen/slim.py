"""A diagnosis without its run's full history: what pages, caches and workers live on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from reportgen.findings import Diagnosis, Figure, Finding, Severity
from reportgen.run import Run
from reportgen.settings import Settings
from reportgen.signals.thin import even, thinned
from reportgen.steady import steady

DRAWN = 500  # points of one series that a chart can show: about its width in px
FEW = 250  # of a metric that is drawn only when opened, and of the hardware's
WHOLE = 2_000  # values of a role that are kept as they are; a chart smooths and opens them
REWARDS = 20_000  # the same of rewards, evals and clocks, from which levels and costs are read
KEPT_LONG = ("train_reward", "rollout_reward", "eval_reward", "tokens")
FIGURES = Severity.WARNING  # a milder finding's picture is on no page


def slim(diagnosis: Diagnosis) -> Diagnosis:
    """The diagnosis with the points of its run that a page draws; itself when it is slim already.

    Every page, JSON and text is written from slim diagnoses, so that one that was stored gives the same.
    """
    run = diagnosis.run
    if run.whole is not None:
        return diagnosis
    short = replace(
        run,
        whole=run.extent,
        history=_history(run, diagnosis),
        elapsed_s=None if run.elapsed_s is None else _evenly(run.elapsed_s.dropna(), REWARDS),
        system=None if run.system is None else run.system.iloc[even(len(run.system), FEW)],
    )
    findings = tuple(_without_picture(found) for found in diagnosis.findings)
    seen = {role: one.only(_positions(one.values, role)) for role, one in diagnosis.seen.items()}
    made: Diagnosis = steady(replace(diagnosis, run=short, findings=findings, seen=seen))
    return made


@dataclass
class Shared:
    """What many diagnoses have alike, held once: steps, rules and other words, settings, frames without rows."""

    known: dict[Any, Any] = field(default_factory=dict)
    settings: list[Settings] = field(default_factory=list)

    def within(self, diagnosis: Diagnosis) -> Diagnosis:
        """The same diagnosis, of which only that is its own in which it differs from those before it."""
        if diagnosis.settings not in self.settings:
            self.settings.append(diagnosis.settings)
        return replace(
            diagnosis,
            settings=self.settings[self.settings.index(diagnosis.settings)],
            seen={role: replace(one, steps=self._steps(one.steps)) for role, one in diagnosis.seen.items()},
            findings=tuple(self._finding(found) for found in diagnosis.findings),
            skipped=tuple(self._one(one) for one in diagnosis.skipped),
        )

    def _one(self, value: Any) -> Any:
        return self.known.setdefault(value, value)

    def _steps(self, steps: np.ndarray) -> np.ndarray:
        return self.known.setdefault((steps.dtype.str, steps.tobytes()), steps)

    def _finding(self, found: Finding) -> Finding:
        evidence = {self._one(key): self._one(value) if isinstance(value, str) else value
                    for key, value in found.evidence.items()}  # fmt: skip
        figure = found.figure
        if figure is not None and not len(figure.frame):
            figure = replace(figure, frame=self.known.setdefault(tuple(figure.frame.columns), figure.frame))
        return replace(found, check=self._one(found.check), evidence=evidence, figure=figure)


def _history(run: Run, diagnosis: Diagnosis) -> pd.DataFrame:
    """The steps and values that are drawn; NaN where a metric's value isn't."""
    roles = {played.name: role for role, played in diagnosis.roles.items()}
    kept = np.zeros(run.history.shape, dtype=bool)
    for at, (name, column) in enumerate(run.history.items()):
        logged = np.flatnonzero(np.isfinite(column.to_numpy(float)))
        kept[logged[_positions(column.to_numpy(float)[logged], roles.get(str(name)))], at] = True
    rows = np.flatnonzero(kept.any(axis=1))
    ends = {0, len(kept) - 1}  # first and last step stand for the whole
    return run.history.where(kept).iloc[sorted({*rows.tolist(), *ends})]


def _positions(values: np.ndarray, role: str | None) -> np.ndarray:
    """Which values of a metric are kept."""
    if role in KEPT_LONG:
        return even(len(values), REWARDS)
    if role is not None:
        return np.arange(len(values)) if len(values) <= WHOLE else thinned(values, DRAWN)
    return thinned(values, FEW)


def _evenly(series: pd.Series, points: int) -> pd.Series:
    return series.iloc[even(len(series), points)] if len(series) else series


def _without_picture(found: Finding) -> Finding:
    """A finding whose figure holds what is drawn of it: its marks alone where it is no warning."""
    figure = found.figure
    if figure is None:
        return found
    frame = figure.frame.iloc[:0] if found.severity < FIGURES else _frame(figure)
    return replace(found, figure=replace(figure, frame=frame))


def _frame(figure: Figure) -> pd.DataFrame:
    """Each series of a figure, thinned to what can be seen."""
    return pd.concat(list(_series(figure)), ignore_index=True) if len(figure.frame) > DRAWN else figure.frame


def _series(figure: Figure) -> Iterator[pd.DataFrame]:
    for _, part in figure.frame.groupby("series", sort=False):
        yield part.iloc[thinned(part["value"].to_numpy(float), DRAWN)]
