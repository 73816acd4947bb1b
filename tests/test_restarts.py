"""A later launch cuts away everything from its first step on."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

import reportgen
from reportgen.errors import SourceError
from reportgen.gate import from_rows
from reportgen.run import Run


def run_of(*launches: Iterable[int], **given: object) -> Run:
    """A run whose launches logged these steps; the reward is the launch's number."""
    rows = [{"step": step, "reward": number} for number, steps in enumerate(launches, start=1) for step in steps]
    return from_rows(rows, id="r", source="a test", **given)  # type: ignore[arg-type]


def test_a_later_launch_takes_over() -> None:
    """The rows of the earlier launch stand up to the step at which the later began."""
    run = run_of(range(1, 51), range(41, 61))
    assert run.history["reward"].tolist() == [1.0] * 40 + [2.0] * 20
    assert run.restarts == (41,)


def test_the_tail_of_lost_weights_is_cut() -> None:
    """A recovery that was killed early leaves nothing standing behind it, and it is said."""
    run = run_of(range(1, 51), [31, 32])
    assert run.history.index[-1] == 32
    assert any("steps 33 to 50 were logged by an earlier launch" in note for note in run.notes)


def test_a_recovery_killed_before_its_first_step_cuts_too() -> None:
    """Where the source knows that a launch took over, its first step need not have been logged."""
    run = run_of(range(1, 51), launches=np.zeros(50, dtype=int), begins={1: 41})
    assert run.history.index[-1] == 40


def test_a_launch_from_the_first_step_is_a_new_run() -> None:
    """The last one is read, and the earlier one is named with how to ask for it."""
    run = run_of(range(1, 61), range(1, 26), spec="main.log")
    assert run.history["reward"].tolist() == [2.0] * 25
    assert run.restarts == ()
    assert any("steps 1 to 60" in note and "main.log#1 reads it" in note for note in run.notes)


def test_the_earlier_run_can_be_asked_for() -> None:
    """`run#1` is the first of the launches that began at the first step."""
    assert run_of(range(1, 61), range(1, 26), launch=1).history["reward"].tolist() == [1.0] * 60
    with pytest.raises(SourceError, match="2 launches"):
        run_of(range(1, 61), range(1, 26), launch=3)


def test_a_new_run_keeps_its_own_restarts() -> None:
    """A new run that was resumed later is cut by its own launches alone."""
    run = run_of(range(1, 61), range(1, 31), range(21, 41))
    assert run.history["reward"].tolist() == [2.0] * 20 + [3.0] * 20
    assert run.restarts == (21,)


def test_evals_that_come_late_are_no_launch() -> None:
    """An eval logged after later train steps cuts nothing."""
    rows: list[dict[str, float]] = [{"step": step, "reward": 0.5} for step in range(1, 31)]
    rows.insert(25, {"step": 20, "eval_reward": 0.4})
    run = from_rows(rows, id="r", source="a test")
    assert (len(run.history), run.restarts, run.history["eval_reward"].loc[20]) == (30, (), 0.4)


def test_a_row_that_comes_late_is_no_launch() -> None:
    """One step logged out of turn, with the next one beyond, cuts nothing."""
    run = run_of([1, 2, 3, 4, 5, 4, 6, 7])
    assert (run.history.index.tolist(), run.restarts) == ([1, 2, 3, 4, 5, 6, 7], ())


def test_rows_in_any_order_are_no_launches() -> None:
    """A table that is merely unsorted keeps all its steps."""
    steps = random.Random(3).sample(range(1, 101), 100)
    assert run_of(steps).history.index.tolist() == list(range(1, 101))
    assert run_of(range(100, 0, -1)).history.index.tolist() == list(range(1, 101))


def test_every_files_earlier_run_can_be_asked_for(tmp_path: Path) -> None:
    """`rows.jsonl#1` is the first of two launches in one file, and the note of the other says so."""
    path = tmp_path / "rows.jsonl"
    steps = [*range(1, 31), *range(1, 16)]
    path.write_text("".join(json.dumps({"step": step, "reward": at / 100}) + "\n" for at, step in enumerate(steps)))
    last = reportgen.read(str(path))
    assert len(last.history) == 15
    assert any(f"{path}#1 reads it" in note for note in last.notes)
    assert len(reportgen.read(f"{path}#1").history) == 30
