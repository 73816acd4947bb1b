"""One training run as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from math import isfinite
from typing import Any, Literal

import numpy as np
import pandas as pd

from reportgen import evals, naming
from reportgen.errors import SourceError
from reportgen.evals import Eval

State = Literal["finished", "failed", "crashed", "running", "unfinished", "unknown"]

STEP_NAMES = (
    "step",
    "Step",
    "global_step",
    "train/global_step",
    "training/global_step",
    "trainer/global_step",
    "_step",
)
CLOCKS = ("_timestamp", "_runtime")
INTERNAL = ("_step", *CLOCKS)
END_SHARE = 0.1  # of the values: what "the level at the end" is the median of
LARGEST = 1e100  # beyond: an overflow, told with nan and inf; squares of larger numbers overflow too


@dataclass(frozen=True)
class NonFinite:
    """A logged nan or inf; it must not look like a gap."""

    step: int
    metric: str
    value: float


@dataclass(frozen=True)
class Logged:
    """All values of one metric in a few numbers."""

    count: int
    first: float
    last: float
    lowest: float
    highest: float
    end_level: float  # median of the last tenth, at least three values

    @classmethod
    def of(cls, values: np.ndarray) -> Logged:
        """The numbers of (n,) finite values, n > 0."""
        ends = values[-max(3, int(END_SHARE * len(values))) :]
        return cls(
            len(values),
            float(values[0]),
            float(values[-1]),
            float(values.min()),
            float(values.max()),
            float(np.median(ends)),
        )


@dataclass(frozen=True)
class Extent:
    """How much a run logged: what a slim run still knows of its whole history."""

    first: int  # step
    last: int
    n_steps: int
    logged: Mapping[str, Logged]  # metric -> its numbers; metrics without a value are left out


@dataclass(frozen=True, eq=False)
class Run:
    """One training run: what it logged step by step, and what is known about it."""

    id: str
    name: str
    source: str  # where every number came from, as a person would write it
    history: pd.DataFrame  # (n_steps, n_metrics) float64 by "step", ascending, unique; NaN: not logged at this step
    elapsed_s: pd.Series | None = None  # by step, seconds since the start
    system: pd.DataFrame | None = None  # hardware metrics by seconds since the start
    nonfinite: tuple[NonFinite, ...] = ()
    restarts: tuple[int, ...] = ()  # steps at which a later attempt took over
    steps_per_epoch: int | None = None
    config: Mapping[str, Any] = None  # type: ignore[assignment]  # flat dotted keys, secrets out
    summary: Mapping[str, Any] = None  # type: ignore[assignment]
    provenance: Mapping[str, Any] = None  # type: ignore[assignment]  # commit, host, command, tags, W&B link …
    started: datetime | None = None  # aware, UTC
    runtime_s: float | None = None
    state: State = "unknown"
    framework: str = ""  # "areal" …
    axis: str = ""  # the column that counts the steps, as logged
    axes: Mapping[str, str] = None  # type: ignore[assignment]  # metric -> its own axis, where that is another one
    console_tail: str = ""
    answers: pd.Series | None = None  # by problem: share of its samples solved in the last eval
    notes: tuple[str, ...] = ()  # what the reader skipped or guessed, shown on the page
    removed: tuple[str, ...] = ()  # where a secret was taken out, one entry each
    whole: Extent | None = None  # of a slim run, whose history holds only the points that a page draws
    sizes: Mapping[str, int] = None  # type: ignore[assignment]  # eval's metric -> problems, as a joined file says

    def __repr__(self) -> str:
        """One line: name, state and size; the numbers are in `history`."""
        rows, columns = self.history.shape
        return f"<Run {self.name or self.id!r}: {self.state}, {rows} steps, {columns} metrics>"

    def __post_init__(self) -> None:
        for name in ("config", "summary", "provenance", "axes", "sizes"):
            if getattr(self, name) is None:
                object.__setattr__(self, name, {})

    @property
    def extent(self) -> Extent:
        """How much was logged, of a slim run too."""
        if self.whole is not None:
            return self.whole
        columns = {str(name): column.to_numpy(float) for name, column in self.history.items()}
        finite = {name: values[np.isfinite(values)] for name, values in columns.items()}
        index = self.history.index
        return Extent(
            int(index[0]),
            int(index[-1]),
            len(index),
            {name: Logged.of(values) for name, values in finite.items() if len(values)},
        )

    @property
    def last_step(self) -> int:
        """The last step of the history."""
        return self.whole.last if self.whole is not None else int(self.history.index[-1])

    @property
    def n_steps(self) -> int:
        """How many steps the whole history has."""
        return self.whole.n_steps if self.whole is not None else len(self.history)

    @property
    def evals(self) -> tuple[Eval, ...]:
        """Every eval that was logged or joined, with its set, its kind and its values by step."""
        return evals.found(self.history, self.framework, self.sizes)

    def between(self, first: int | None, last: int | None) -> Run:
        """The same run, only the steps from first to last, both included."""
        history = self.history.loc[first:last]
        if history.empty:
            asked = f"{'' if first is None else first}:{'' if last is None else last}"
            there = f"{self.history.index[0]} to {self.history.index[-1]}"
            raise SourceError(f"{self.source}: no step within {asked}; it has {there}, so give --steps inside that")
        low, high = history.index[0], history.index[-1]
        return replace(
            self,
            history=history,
            elapsed_s=None if self.elapsed_s is None else self.elapsed_s.loc[low:high],
            nonfinite=tuple(item for item in self.nonfinite if low <= item.step <= high),
            restarts=tuple(step for step in self.restarts if low <= step <= high),
        )

    def filled_from(self, other: Run) -> Run:
        """This run with its gaps filled from another record of the same job; own values win."""
        elapsed = self.elapsed_s if self.elapsed_s is not None else other.elapsed_s
        return replace(
            self,
            history=self.history.combine_first(other.history).astype("float64"),
            elapsed_s=elapsed,
            system=self.system if self.system is not None else other.system,
            nonfinite=tuple(dict.fromkeys(self.nonfinite + other.nonfinite)),
            restarts=tuple(sorted({*self.restarts, *other.restarts})),
            steps_per_epoch=self.steps_per_epoch or other.steps_per_epoch,
            config={**other.config, **self.config},
            summary={**other.summary, **self.summary},
            provenance={**other.provenance, **self.provenance},
            started=self.started or other.started,
            runtime_s=self.runtime_s or other.runtime_s,
            state=other.state if self.state in ("unknown", "unfinished") and other.state != "unknown" else self.state,
            framework=self.framework or other.framework,
            axes={**other.axes, **self.axes},
            console_tail=self.console_tail or other.console_tail,
            notes=(*self.notes, f"gaps filled from {other.source}", *other.notes),
            removed=tuple(dict.fromkeys(self.removed + other.removed)),
            sizes={**other.sizes, **self.sizes},
        )


def config_number(run: Run, key: str) -> float | None:
    """A number of the config, also where it was saved as text; None when it is none."""
    value = run.config.get(key)
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    number = naming.number(value)
    return number if number is not None and isfinite(number) else None
