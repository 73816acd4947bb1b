"""One policy or system signal as the checks look at it, and the order in which several moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from reportgen import metrics, wording
from reportgen.findings import Evidence, Figure, Mark, Skipped
from reportgen.signals import robust

LEAST = 8  # values below which a signal has no start and end to compare
BINS = 256  # a long series is looked at through so many medians
PHASE = 0.1  # share of a run that its start and its end are
WATCHED_TOGETHER = (
    "grad_norm", "kl", "behaviour_kl", "entropy", "policy_loss", "clip_fraction", "truncation", "response_length",
    "sequence_length", "train_reward",
)  # fmt: skip


@dataclass(frozen=True)
class Watched:
    """The logged values of one role."""

    role: str
    name: str
    steps: np.ndarray  # (n,) int64, ascending
    values: np.ndarray  # (n,) finite

    @property
    def start(self) -> float:
        """Median of the first tenth."""
        return float(np.median(self.values[: self._phase]))

    @property
    def end(self) -> float:
        """Median of the last tenth."""
        return float(np.median(self.values[-self._phase :]))

    @property
    def _phase(self) -> int:
        return max(3, int(PHASE * len(self.values)))

    @property
    def last_third(self) -> np.ndarray:
        """Values of the last third."""
        return self.values[-max(3, len(self.values) // 3) :]

    def beyond(self, limit: float, stay: int = 5) -> int | None:
        """First step from which `stay` values in a row are above a limit; None: never."""
        start, length = _first_run(self.values > limit, stay)
        return int(self.steps[start]) if length else None

    def thinned(self) -> tuple[np.ndarray, np.ndarray]:
        """Steps and medians of at most BINS bins."""
        n = len(self.values)
        if n <= BINS:
            return self.steps, self.values
        size = -(-n // BINS)
        whole = n // size * size
        medians = np.median(self.values[:whole].reshape(-1, size), axis=1)
        rest = [np.median(self.values[whole:])] if whole < n else []
        return self.steps[::size], np.append(medians, rest)

    def departure(self) -> tuple[int, robust.Departure] | None:
        """The step at which the signal left its level for good, and how; None when it stayed."""
        steps, values = self.thinned()
        found = robust.runs_away(values)
        return (int(steps[found.position]), found) if found is not None else None


def watched(evidence: Evidence, role: str) -> Watched | None:
    """The signal of a role; None when nothing plays it or too little was logged."""
    if role not in evidence.roles:
        return None
    series = evidence.values(role)
    return as_watched(role, evidence.roles[role].name, series) if len(series) >= LEAST else None


def as_watched(role: str, name: str, series: pd.Series) -> Watched:
    """A signal out of a series by step."""
    return Watched(role, name, series.index.to_numpy(), series.to_numpy(dtype=float))


def too_short(check: str, evidence: Evidence, role: str) -> Skipped:
    """A check that has too few values to look at."""
    seen = len(evidence.values(role)) if role in evidence.roles else 0
    logged = f"logged at {wording.plural(seen, 'step')}; {LEAST} are needed" if seen else "not logged"
    reason = f"{metrics.spoken(role)}: {logged}"
    return Skipped(check, (), reason)


def missing(check: str, role: str, evidence: Evidence) -> Skipped:
    """A check whose metric nobody logged, and what to log for it in the trainer's own words."""
    names = metrics.names_for(role, evidence.run.framework, evidence.run.history.columns)
    return Skipped(check, names, f"{metrics.spoken(role)}: not logged; log {names[0]} to have this judged")


def moves(evidence: Evidence) -> tuple[tuple[str, int], ...]:
    """(role, step) of each signal that left its level for good, in the order in which they did."""
    found = []
    for role in WATCHED_TOGETHER:
        seen = watched(evidence, role)
        left = seen.departure() if seen is not None else None
        if left is not None and left[1].is_sudden:
            found.append((role, left[0]))
    return tuple(sorted(found, key=lambda moved: moved[1]))


def order_of_moves(moved: tuple[tuple[str, int], ...]) -> str:
    """A sentence on who moved first; "" when fewer than two did."""
    if len(moved) < 2:
        return ""
    shown = [f"{metrics.spoken(role)} (step {wording.count(step)})" for role, step in moved]
    return "Order of the moves: " + ", then ".join(shown) + "."


def figure_of(seen: Watched, marks: tuple[Mark, ...] = (), caption: str = "") -> Figure:
    """A signal as a figure with what to point at in it."""
    metric = metrics.BY_ROLE[seen.role]
    gaps = np.full(len(seen.values), np.nan)
    frame = pd.DataFrame(
        {"step": seen.steps, "value": seen.values, "low": gaps, "high": gaps, "series": metric.title}, copy=False
    )
    return Figure(seen.role, metric.title, metric.unit, frame, marks, caption=caption or f"Source: {seen.name}.")


def limit_mark(value: float, label: str) -> Mark:
    """A threshold as a level in a figure."""
    return Mark("threshold", label, value=value)


def _first_run(flags: np.ndarray, least: int) -> tuple[int, int]:
    """Start and length of the first stretch of at least `least` True; (0, 0) when there is none."""
    edges = np.diff(np.concatenate([[0], flags.astype(int), [0]]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    long = np.flatnonzero(ends - starts >= min(least, max(1, len(flags))))
    return (int(starts[long[0]]), int(ends[long[0]] - starts[long[0]])) if len(long) else (0, 0)
