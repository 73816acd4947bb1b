"""Which column of a table counts steps: by its name, then by what stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from reportgen.run import STEP_NAMES

ROWS = "rows"  # what a person names to have the rows counted
EPOCHS = ("epoch", "epochs", "train/epoch", "episode", "episodes", "round", "rounds", "batch")
INDEXES = ("", "Unnamed: 0", "index")  # what a table's own row numbers are called
LEAST_WHOLE = 0.9  # of a column's numbers that must be whole for it to count steps
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_COUNTS = frozenset(("step", "steps", "iteration", "iterations", "iter", "iters", "update", "updates", "timestep",
                     "timesteps", "it"))  # fmt: skip
_OF_OTHERS = frozenset(("per", "time", "timing", "sec", "secs", "seconds", "duration", "cost", "size", "max", "total",
                        "num", "per_second", "planned", "warmup", "tokens", "samples", "eval", "val", "ms", "perf",
                        "timeperf"))  # fmt: skip
_FINE = frozenset(("total", "num"))  # total_steps and num_steps count too


def is_step_like(name: str) -> bool:
    """Whether a name says that it counts steps: its last word does, and none makes it another thing."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or words[-1] not in _COUNTS:
        return False
    fine = {*_FINE, "time"} if words[-1].startswith("timestep") else _FINE  # time/total_timesteps counts
    return not (_OF_OTHERS - fine) & set(words[:-1])


def named(names: Iterable[str]) -> list[str]:
    """The names that may count steps, the best first."""
    there = [name for name in names if name]
    exact = [name for name in STEP_NAMES if name in there]
    lower = [name for known in STEP_NAMES for name in there if name.lower() == known.lower() and name not in exact]
    like = sorted((name for name in there if is_step_like(name) and name not in (*exact, *lower)), key=_rank)
    return list(dict.fromkeys([*exact, *lower, *like]))


def chosen(numbers: Mapping[str, np.ndarray], notes: list[str]) -> str | None:
    """The column that counts steps, None when no name says so; what was guessed is added to the notes.

    numbers: column -> (n_rows,) float64, NaN where no number stands.
    """
    candidates = [name for name in named(numbers) if counts(numbers[name])]
    if candidates:
        best = _trainers_own(candidates, numbers)
        if best not in STEP_NAMES:
            notes.append(f"steps are the column {best!r}")
        return best
    for name in STEP_NAMES:  # all the same: a table of one step
        if name in numbers and np.isfinite(numbers[name]).any():
            return name
    for name in EPOCHS:
        for there in numbers:
            if there.lower() == name and counts(numbers[there]) and _grows(numbers[there]):
                notes.append(f"no column counts steps, so {there!r} does")
                return there
    for name in INDEXES:
        if name in numbers and counts(numbers[name]) and _grows(numbers[name]):
            notes.append("no column counts steps, so the table's own row numbers do")
            return name
    return None


def counts(values: np.ndarray) -> bool:
    """Whether a column's numbers are whole and not all the same."""
    there = values[np.isfinite(values)]
    if not len(there):
        return False
    return bool((there == np.rint(there)).mean() >= LEAST_WHOLE) and (len(there) < 2 or there.min() < there.max())


def _grows(values: np.ndarray) -> bool:
    """Whether the numbers of a column grow from row to row."""
    there = values[np.isfinite(values)]
    return len(there) == len(values) and bool((np.diff(there) > 0).all())


def _trainers_own(candidates: Sequence[str], numbers: Mapping[str, np.ndarray]) -> str:
    """The best name, unless it counts rows while the trainer's own step is there too."""
    best = candidates[0]
    own = next((name for name in candidates if name.endswith("/global_step")), None)
    if own is None or own == best:
        return best
    rows, steps = numbers[best], numbers[own]
    both = np.isfinite(rows) & np.isfinite(steps)
    counted = len(rows) > 1 and np.isfinite(rows).all() and bool((np.diff(rows) == 1).all())
    return own if counted and both.mean() > 0.5 and not np.array_equal(rows[both], steps[both]) else best


def _rank(name: str) -> tuple[bool, int, int]:
    """Names of training first, short ones before long ones; total_steps may be what is planned, so it is last."""
    lower = name.lower()
    return ("total" in lower, 0 if "global" in lower or "train" in lower else 1, len(name))
