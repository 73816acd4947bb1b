"""A run that was launched more than once: which rows a later launch cut away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import numpy as np

from reportgen.errors import SourceError

MOST_REWINDS = 0.05  # of the rows; above it a table is unsorted, not restarted


_typed: ContextVar[tuple[str, str]] = ContextVar("the file that is read, and the part of it", default=("", ""))


@contextmanager
def reading(path: str, part: str) -> Iterator[None]:
    """While a file is read: its path, and which of its runs was asked for (`log#1`), whatever its format."""
    before = _typed.set((path, part))
    try:
        yield
    finally:
        _typed.reset(before)


def typed() -> tuple[str, int | None]:
    """The path of the file that is being read, and the number of the launch asked for; "" and None: not known."""
    path, part = _typed.get()
    return path, int(part) if part.isdecimal() and len(part) < 5 else None


@dataclass(frozen=True)
class Asked:
    """What a source knows of a run's launches, and which of them was asked for."""

    launches: np.ndarray | None  # (n_rows,) the launch of each row, ascending; None: told from the steps
    begins: Mapping[int, float]  # launch -> the step at which it took over, where the source knows
    number: int | None  # which of the runs that began at the first step, from 1; None: the last
    spec: str  # what is typed for the run; "": launches can't be asked for


def standing(
    steps: np.ndarray, placed: Sequence[np.ndarray], reward: np.ndarray | None, asked: Asked, remarks: list[str]
) -> tuple[list[np.ndarray], tuple[int, ...]]:
    """Which rows of each family still stand after every restart, and the steps at which launches took over.

    A later launch cuts away everything from its first step on; one that begins at the first step again is a
    run of its own.
    """
    launch = _launches(steps, reward) if asked.launches is None else asked.launches
    firsts = dict(sorted((_first_steps(steps, launch, reward) | dict(asked.begins)).items()))
    runs: list[list[int]] = []
    for number, first in firsts.items():
        if runs and first > firsts[runs[-1][0]]:
            runs[-1].append(number)
        else:
            runs.append([number])
    if len(runs) < 2:
        members, low, high = list(firsts), -1, len(launch)
    else:
        if asked.number is not None and not 1 <= asked.number <= len(runs):
            many = f"{len(runs)} launches began at the first step; give 1 to {len(runs)}"
            raise SourceError(f"{asked.spec}#{asked.number}: {many}")
        chosen = len(runs) - 1 if asked.number is None else asked.number - 1
        members = runs[chosen]
        low = -1 if chosen == 0 else members[0] - 1
        high = len(launch) if chosen == len(runs) - 1 else runs[chosen + 1][0] - 1
        remarks += _other_runs(steps, launch, runs, chosen, firsts, asked)
    of_run = (launch > low) & (launch <= high)
    own = {number: firsts[number] for number in members[1:]}
    stands = [of_run & _uncut(each, launch, own) for each in placed]
    last = float(np.nanmax(np.where(stands[0], steps, np.nan))) if stands[0].any() else -np.inf
    highest = np.nanmax(np.where(of_run, steps, np.nan)) if np.isfinite(steps[of_run]).any() else last
    if highest > last:
        remarks.append(f"steps {last + 1:.0f} to {highest:.0f} were logged by an earlier launch; their weights are "
                       "gone, so they are left out")  # fmt: skip
    began = {int(first) for first in own.values() if first <= last and (steps[stands[0]] < first).any()}
    return stands, tuple(sorted(began))


def _other_runs(
    steps: np.ndarray, launch: np.ndarray, runs: Sequence[Sequence[int]], chosen: int, firsts: Mapping[int, float],
    asked: Asked,
) -> list[str]:  # fmt: skip
    """A sentence for each run beside the one that is read."""
    said = []
    for at, numbers in enumerate(runs):
        if at != chosen:
            own = steps[np.isin(launch, numbers) & np.isfinite(steps)]
            which = "an earlier" if at < chosen else "a later"
            how = f"; {asked.spec}#{at + 1} reads it" if asked.spec else ""
            said.append(f"{which} launch logged steps {firsts[numbers[0]]:.0f} to {own.max():.0f} from the first step "
                        f"on and is another run{how}")  # fmt: skip
    return said


def _launches(steps: np.ndarray, reward: np.ndarray | None) -> np.ndarray:
    """Which launch each row (n_rows,) is of, counted from 0: a later one goes back and logs on from there.

    Judged by the rows with a train reward, since evals come late; rows that are merely unsorted log no step again.
    """
    told = np.isfinite(steps) if reward is None else np.isfinite(steps) & np.isfinite(reward)
    rows = np.flatnonzero(told)
    number = np.zeros(len(steps), dtype=np.int64)
    at = steps[rows]
    if len(rows) < 2:
        return number
    highest = np.maximum.accumulate(at)
    back = [row for row in (np.flatnonzero(np.diff(at) < 0) + 1).tolist() if _goes_on(at, row, highest[row - 1])]
    if len(back) > max(1.0, MOST_REWINDS * len(at)):
        return number
    number[rows[np.array(back, dtype=np.intp)]] = 1
    return np.cumsum(number)


def _goes_on(at: np.ndarray, row: int, highest: float) -> bool:
    """Whether a launch begins at a row: it logs steps again, and no single row came late."""
    if row + 1 < len(at) and at[row + 1] > highest:
        return False
    beyond = np.flatnonzero(at[row:] > highest)
    again = at[row : row + int(beyond[0])] if len(beyond) else at[row:]
    return bool(np.isin(again, at[:row]).any())


def _uncut(steps: np.ndarray, launch: np.ndarray, firsts: Mapping[int, float]) -> np.ndarray:
    """Whether each row (n_rows,) is still of the run: no later launch began at or before its step.

    firsts: the first step of each launch.
    """
    kept = np.isfinite(steps)
    for number, first in firsts.items():
        kept &= (launch >= number) | ~(steps >= first)
    return kept


def _first_steps(steps: np.ndarray, launch: np.ndarray, reward: np.ndarray | None) -> dict[int, float]:
    """The first step of each launch that logged any, those that began at an earlier one's first step or before last."""
    firsts: dict[int, float] = {}
    for number in np.unique(launch).tolist():
        own = (launch == number) & np.isfinite(steps)
        trained = own if reward is None else own & np.isfinite(reward)
        if (own := trained if trained.any() else own).any():
            firsts[number] = float(steps[own].min())
    return firsts
