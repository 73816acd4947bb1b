"""Every metric stands at its own step on the run's axis."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from reportgen.gate import from_rows
from reportgen.run import Run
from reportgen.sources import read

ABOUT = {"id": "r", "source": "a test"}


def at(run: Run, name: str) -> dict[int, float]:
    """Step -> value of one metric."""
    return run.history[name].dropna().to_dict()


def slime(n: int = 10, updates: int = 2) -> list[dict[str, float]]:
    """Rows as slime writes them: rollouts, updates and evals, each with a step of its own."""
    rows = []
    for step in range(n):
        if step % 5 == 0:
            rows.append({"eval/aime": 0.25 + step / 40, "eval/step": step})
        rows.append({"rollout/raw_reward": step / n, "rollout/step": step})
        rows += [{"train/pg_loss": step + part, "train/step": step * updates + part} for part in range(updates)]
    return [{"_step": number, **row} for number, row in enumerate(rows)]


def test_evals_stand_at_their_own_step() -> None:
    """An eval that counts itself is placed on the rollouts' axis."""
    assert at(from_rows(slime(), **ABOUT), "eval/aime") == {0: 0.25, 5: 0.375}


def test_updates_are_folded_onto_their_rollout() -> None:
    """Two updates a rollout are averaged at its step, and it is said."""
    run = from_rows(slime(), **ABOUT)
    assert at(run, "train/pg_loss") == {step: step + 0.5 for step in range(10)}
    assert any("2 onto each step" in note for note in run.notes)
    assert run.axes["train/pg_loss"] == "train/step"


def test_a_resumed_runs_updates_stand_at_their_rollout() -> None:
    """Steps that don't begin at 0 are folded onto the rollout that they came from."""
    rows = [row for row in slime(20) if min(row.get("rollout/step", 99), row.get("train/step", 99) // 2,
                                            row.get("eval/step", 99)) >= 10]  # fmt: skip
    assert at(from_rows(rows, **ABOUT), "train/pg_loss")[10] == 10.5


def test_no_row_is_dropped() -> None:
    """Rows that count by another axis are no rows without a step."""
    assert not any("left out" in note for note in from_rows(slime(), **ABOUT).notes)


def test_evals_under_their_own_global_step() -> None:
    """OpenRLHF's evals are found although define_metric gives them an axis that is never logged."""
    rows = [{"_step": 2 * step, "train/reward": 0.5, "train/global_step": step} for step in range(1, 21)]
    rows += [{"_step": 2 * step + 1, "eval/eval_gsm8k_pass1": 0.3, "eval/global_step": step} for step in (10, 20)]
    rows.sort(key=lambda row: row["_step"])
    axes = {"train/*": "train/global_step", "eval/*": "eval/epoch"}
    assert at(from_rows(rows, step_metrics=axes, **ABOUT), "eval/eval_gsm8k_pass1") == {10: 0.3, 20: 0.3}


def test_the_eval_before_training_takes_wandbs_step() -> None:
    """A row without the trainer's step is placed by W&B's, where the two agree elsewhere."""
    rows = [{"_step": 0, "val/test_score/gsm8k": 0.31}]
    rows += [{"_step": step, "training/global_step": step, "critic/score/mean": 0.4} for step in range(1, 9)]
    run = from_rows(rows, **ABOUT)
    assert at(run, "val/test_score/gsm8k") == {0: 0.31}
    assert run.history.index.tolist() == list(range(9))


def test_wandbs_step_is_not_taken_where_it_counts_something_else() -> None:
    """Where the two disagree, what is known nowhere else stands at the step before it."""
    rows = [{"_step": 7 * step, "training/global_step": step, "critic/score/mean": 0.4} for step in range(1, 9)]
    rows.append({"_step": 60, "val/test_score/gsm8k": 0.5})
    assert at(from_rows(rows, **ABOUT), "val/test_score/gsm8k") == {8: 0.5}


def test_the_trainers_step_comes_before_a_count_of_log_calls() -> None:
    """`train/global_step` beside a bare `step` that counts calls is the axis."""
    rows = [{"step": call, "train/global_step": 10 * call, "train/reward": 0.5} for call in range(5)]
    assert from_rows(rows, **ABOUT).history.index.tolist() == [0, 10, 20, 30, 40]


def test_evals_counted_one_by_one_stand_where_they_were_logged() -> None:
    """An axis that numbers the evals is not taken for steps."""
    rows: list[dict[str, float]] = []
    for step in range(1, 101):
        rows.append({"train/reward": 0.5, "train/global_step": step})
        if step % 20 == 0:
            rows.append({"eval/score": step / 100, "eval/step": step // 20})
    assert list(at(from_rows(rows, **ABOUT), "eval/score")) == [20, 40, 60, 80, 100]


def test_parts_of_a_step_are_averaged() -> None:
    """Four micro-batches a step are one value, and it is said."""
    rows = [{"step": step, "reward": part / 4} for step in range(6) for part in range(4)]
    run = from_rows(rows, **ABOUT)
    assert run.history["reward"].tolist() == [0.375] * 6
    assert any("mean is taken" in note for note in run.notes)


def test_a_correction_stands_and_is_said() -> None:
    """A single step that was logged again keeps its later value."""
    rows = [{"step": step, "reward": 0.5} for step in (1, 2, 3, 4, 4, 5)]
    rows[4]["reward"] = 0.75
    run = from_rows(rows, **ABOUT)
    assert run.history["reward"].loc[4] == 0.75
    assert any("last value logged stands" in note for note in run.notes)


def test_a_nan_on_another_axis_is_kept() -> None:
    """A nan that was logged by train/step is told at the rollout that it belongs to."""
    rows = slime()
    bad = next(at for at, row in enumerate(rows) if row.get("train/step") == 6)
    rows[bad]["train/pg_loss"] = float("nan")
    (entry,) = from_rows(rows, **ABOUT).nonfinite
    assert (entry.step, entry.metric) == (3, "train/pg_loss")


def test_rows_and_columns_are_placed_alike() -> None:
    """A source that gives columns gets the same run."""
    rows = slime()
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: np.array([row.get(name, np.nan) for row in rows], dtype=float) for name in names}
    assert from_rows(columns, **ABOUT).history.equals(from_rows(rows, **ABOUT).history)


def test_minibatches_of_the_updates_alone_are_averaged() -> None:
    """AReaL's old tables hold the reward in the first of a step's rows, and an update in each."""
    rows = [{"step": step, "grpo_actor/lr": part, **({"grpo_actor/task_reward/avg": 0.5} if not part else {})}
            for step in range(1, 6) for part in range(4)]  # fmt: skip
    history = from_rows(rows, **ABOUT).history
    assert history["grpo_actor/lr"].tolist() == [1.5] * 5
    assert history["grpo_actor/task_reward/avg"].tolist() == [0.5] * 5


def test_each_process_of_a_run_counts_its_own_steps() -> None:
    """Rows of trainer, rollouts and evals in turn, no define_metric: the reward's own scope counts, not W&B's step."""
    rows: list[dict[str, float]] = []
    for step in range(8):
        rows += [{"train/step": step, "train/loss": 0.1}, {"rollout/step": step, "rollout/reward": step / 10}]
        rows += [{"eval/step": step, "eval/accuracy": 0.3}] if step % 4 == 0 else []
    run = from_rows([{**row, "_step": at} for at, row in enumerate(rows)], id="x", name="x", source="x")
    assert run.history["rollout/reward"].to_dict() == {step: step / 10 for step in range(8)}
    assert run.history["eval/accuracy"].dropna().index.tolist() == [0, 4]


def test_json_rows_count_by_the_trainers_step(tmp_path: Path) -> None:
    """A bare step that counts log calls gives way to train/global_step beside it, as in a CSV table."""
    rows = [{"step": at, "train/global_step": 10 * at, "train/reward": at / 10} for at in range(9)]
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    assert read(str(path)).history.index.tolist() == list(range(0, 90, 10))


def test_updates_are_folded_where_the_tracker_has_one_step_for_all() -> None:
    """slime's TensorBoard: updates at steps 0 to 19 belong to rollouts 0 to 9, and no step lies beyond those."""
    rows = [{"step": step, "train/pg_loss": float(step), "train/pg_clipfrac": 0.1} for step in range(20)]
    for step in range(10):
        rows[step] |= {"rollout/raw_reward": step / 10, "rollout/response_lengths": 300.0}
    run = from_rows(rows, **ABOUT, name="x", step="step")
    assert (run.framework, run.history.index.tolist()) == ("slime", list(range(10)))
    assert at(run, "train/pg_loss") == {step: 2 * step + 0.5 for step in range(10)}
