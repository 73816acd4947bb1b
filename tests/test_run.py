"""The gate that every row passes: one axis, one value a cell, no secrets."""

from __future__ import annotations

import math
import random

import numpy as np
import pandas as pd
import pytest

from reportgen.errors import NoSteps, SourceError
from reportgen.gate import from_rows
from reportgen.run import NonFinite

ABOUT = {"id": "r", "source": "a test"}
AREAL = "ppo_actor/task_reward/avg"


def test_rows_become_a_table_by_step():
    """Ascending, unique, float64; what a row didn't log is NaN."""
    run = from_rows([{"step": 2, "reward": 0.5}, {"step": 1, "reward": 0.25, "kl": 1}], **ABOUT)
    assert run.history.index.tolist() == [1, 2]
    assert run.history.index.name == "step"
    assert run.history["reward"].tolist() == [0.25, 0.5]
    assert run.history.dtypes.unique().tolist() == [np.dtype("float64")]
    assert math.isnan(run.history.at[2, "kl"])


def test_rows_and_columns_are_the_same_run():
    """Whether a source gives rows or columns changes nothing."""
    rows = [{"step": 1, "a": 1.0, "b": {"c": 2.0}}, {"step": 2, "a": 3.0}]
    columns = {"step": np.array([1.0, 2]), "a": np.array([1.0, 3]), ("b", "c"): np.array([2.0, np.nan])}
    pd.testing.assert_frame_equal(from_rows(rows, **ABOUT).history, from_rows(columns, **ABOUT).history)


def test_a_step_logged_twice_keeps_the_later_values():
    """Cell by cell: what the later row didn't log stays."""
    rows = [{"step": 1, "a": 1, "b": 2}, {"step": 1, "a": 9}, {"step": 2, "a": 5}]
    history = from_rows(rows, **ABOUT).history
    assert history.loc[1].tolist() == [9, 2]


def test_unsorted_rows_are_sorted_and_no_restart():
    """Order of rows doesn't matter where no step repeats."""
    rows = [{"step": step, "a": step / 2} for step in range(200)]
    shuffled = random.Random(1).sample(rows, len(rows))
    run = from_rows(shuffled, **ABOUT)
    pd.testing.assert_frame_equal(run.history, from_rows(rows, **ABOUT).history)
    assert run.restarts == ()


def test_a_rewind_is_a_restart():
    """The step at which logging went back is kept."""
    rows = [{"step": step, "a": 1} for step in [*range(1, 51), *range(41, 81)]]
    assert from_rows(rows, **ABOUT).restarts == (41,)


@pytest.mark.parametrize("name", ["step", "Step", "global_step", "train/global_step", "_step"])
def test_known_names_count_steps(name):
    """Each usual name of a step column is found."""
    assert from_rows([{name: 3, "a": 1}], **ABOUT).history.index.tolist() == [3]


def test_a_named_column_counts_steps():
    """A person or a source may say which."""
    assert from_rows([{"step": 1, "update": 7, "a": 1}], step="update", **ABOUT).history.index.tolist() == [7]


def test_define_metric_gives_the_axis():
    """The train reward's own step metric wins over _step, and it is noted."""
    rows = [{"_step": at, "train/reward": 0.5, "train/n": 10 * at} for at in (1, 2)]
    run = from_rows(rows, step_metrics={"train/*": "train/n"}, **ABOUT)
    assert run.history.index.tolist() == [10, 20]
    assert any("define_metric" in note for note in run.notes)


def test_areal_from_step_0_is_moved_to_the_trainers_step():
    """AReaL prints 1-based steps and logs 0-based ones since 1.0."""
    run = from_rows([{"_step": step, AREAL: 0.5} for step in range(3)], **ABOUT)
    assert run.history.index.tolist() == [1, 2, 3]
    assert run.framework == "areal"


def test_areal_minibatch_rows_are_folded():
    """Up to 0.4.0 each minibatch wrote a row, the reward in the first alone."""
    rows = [{"_step": at, "grpo_actor/lr": 1e-5, **({"grpo_actor/task_reward/avg": at} if at % 4 == 1 else {})}
            for at in range(1, 41)]  # fmt: skip
    history = from_rows(rows, **ABOUT).history
    assert history.index.tolist() == list(range(1, 11))
    assert history["grpo_actor/task_reward/avg"].notna().all()


def test_other_runs_keep_the_step_logged():
    """Only AReaL is moved."""
    assert from_rows([{"_step": 0, "reward": 1}], **ABOUT).history.index.tolist() == [0]


def test_fractional_steps_are_counted_instead():
    """An axis that isn't whole numbers can't be one; rows are counted, and it is noted."""
    run = from_rows([{"step": 0.5, "a": 1}, {"step": 1.0, "a": 2}], **ABOUT)
    assert run.history.index.tolist() == [1, 2]
    assert any("rows are counted" in note for note in run.notes)


def test_nan_and_inf_are_kept_apart_from_gaps():
    """A logged nan is listed with its step; a gap isn't."""
    rows = [{"step": 1, "a": math.nan, "b": 1}, {"step": 2, "a": 2, "b": "Infinity"}, {"step": 3, "b": 1}]
    run = from_rows(rows, **ABOUT)
    assert [(item.step, item.metric) for item in run.nonfinite] == [(1, "a"), (2, "b")]
    assert run.nonfinite[1] == NonFinite(2, "b", math.inf)


def test_a_number_logged_later_replaces_a_nan():
    """After a restart the later attempt's value stands, both ways."""
    run = from_rows([{"step": 1, "a": math.nan}, {"step": 2, "a": 1}, {"step": 1, "a": 5}], **ABOUT)
    assert run.nonfinite == ()
    assert run.history.at[1, "a"] == 5


def test_clocks_are_time_and_no_metrics():
    """_timestamp becomes seconds since the start."""
    run = from_rows([{"_step": 0, "_timestamp": 100.0, "a": 1}, {"_step": 1, "_timestamp": 130.0, "a": 1}], **ABOUT)
    assert run.history.columns.tolist() == ["a"]
    assert run.elapsed_s.tolist() == [0, 30]


@pytest.mark.parametrize("rows", [[], [{}], [{"step": 1}], [{"step": 1, "a": "text"}]])
def test_no_step_yet(rows):
    """Nothing logged is no corruption, and is named so."""
    with pytest.raises(NoSteps, match="no step yet"):
        from_rows(rows, **ABOUT)


def test_no_column_counts_steps():
    """The message names what was looked for and what is there."""
    with pytest.raises(SourceError, match=r"global_step.*found.*loss"):
        from_rows([{"loss": 1}], **ABOUT)


def test_nothing_secret_reaches_a_run():
    """Config, provenance, name, notes and console text are cleaned, and what went is counted."""
    run = from_rows(
        [{"step": 1, "a": 1}],
        name="try hf_" + "Ab1" * 11,
        config={"wandb": {"api_key": "hunter2"}, "lr": 1e-5},
        provenance={"git.remote": "https://bob:hunter2@host/r.git"},
        console_tail="WANDB_API_KEY=hunter2",
        notes=["read with --token hunter2"],
        **ABOUT,
    )
    text = " ".join(map(str, (run.name, run.config, run.provenance, run.console_tail, run.notes)))
    assert "hunter2" not in text
    assert "Ab1Ab1" not in text
    assert run.config["lr"] == 1e-5
    assert sorted(run.removed) == ["console_tail", "git.remote", "name", "wandb.api_key"]


def test_between_keeps_both_ends(make_run):
    """Steps outside are gone, from every part of the run."""
    run = make_run(reward=range(10)).between(3, 5)
    assert run.history.index.tolist() == [3, 4, 5]
    with pytest.raises(SourceError, match="no step within 50:"):
        make_run(reward=range(10)).between(50, None)


def test_own_values_win_over_another_record(make_run):
    """A log fills the gaps of a W&B run and changes nothing else."""
    run = make_run(reward=[0.1, None, 0.3], state="finished").filled_from(make_run(reward=[9, 0.2], kl=[1, 1]))
    assert run.history["reward"].tolist() == [0.1, 0.2, 0.3]
    assert run.history["kl"].tolist()[:2] == [1, 1]
    assert run.state == "finished"
