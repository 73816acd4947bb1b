"""What trainers print: slime, NeMo-RL, OpenRLHF's evals, TRL's bars, and any line that names a step and numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
from tracked import SHARED

from reportgen.run import Run
from reportgen.sources import find, read
from reportgen.sources.texts import pairs


def run_of(folder: Path, text: str, name: str = "trial_7.log") -> Run:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read(str(path))


def lines(form: str, n: int = 12) -> str:
    return "".join(form.format(k=k, r=k / 100, n=n) + "\n" for k in range(1, n + 1))


@pytest.mark.parametrize(
    ("form", "reward"),
    [
        ("step:{k} | policy_loss=0.5 | mean_reward={r} | epoch=0", "mean_reward"),
        ("[gsm8k_8b]  {k:>3}/{n} | loss=-1.19 | reward={r} | acc=32.2%", "reward"),
        ("Epoch:[1/1]({k}/{n}), Reward: {r}, KL_ref: 0.0004, Actor Loss: 0.0010", "reward"),
        ("Step {k} | loss:0.01 reward:{r} lr:1e-06", "reward"),  # torchtune's disk logger
        ("Step {k}/{n} | Average reward: {r} | Average sequence length: 210.00", "average_reward"),  # nanochat
        ("12:33:{k:02} SUCCESS Step {k} | Time: 41.13s | Reward: {r} | Seq. Length: 456.7 tokens/sample", "reward"),
        ("2026-11-20 10:00:{k:02},123 INFO train: iter {k} reward={r} kl=0.1 grad_norm=1.5", "reward"),
        (" 10%|█  | {k}/{n} [00:10<01:00,  5.1s/it, loss=0.01, reward={r}, kl=0.2]", "reward"),
        ("\x1b[32m(Trainer pid=12)\x1b[0m global_step={k} reward={r} kl=1e-3 entropy=.5", "reward"),
    ],
)
def test_any_line_with_a_step_and_numbers(tmp_path: Path, form: str, reward: str) -> None:
    """Hand-written loops and trainers without a reader of their own are read by their pairs."""
    run = run_of(tmp_path, "loading 7473 problems\n" + lines(form) + "Checkpoint saved: /ckpt/step_12\n")
    assert run.history[reward].to_dict() == pytest.approx({k: k / 100 for k in range(1, 13)})


def test_per_cent_is_a_share(tmp_path: Path) -> None:
    """A number with a per cent sign is read as a share, and that is said."""
    run = run_of(tmp_path, lines("step {k} acc={k}.5% loss=1 kl=2"))
    assert run.history["acc"].iloc[0] == pytest.approx(0.015)
    assert any("per cent" in note for note in run.notes)


def test_steps_of_an_epoch_go_on(tmp_path: Path) -> None:
    """Where each epoch counts its steps anew, they are counted over all epochs."""
    text = "".join(f"Epoch:[{e}/2]({k}/6), Reward: 0.{k}, KL: 0.1, Len: 5\n" for e in (1, 2) for k in range(1, 7))
    assert run_of(tmp_path, text).history.index.tolist() == list(range(1, 13))


@pytest.mark.parametrize(
    "text",
    ["Traceback (most recent call last):", "loaded shard 3/10 in 5.1s", "step 5 took 3.2s",
     "2026-11-20 10:00:01 INFO ok", "http://10.0.0.1:8000/v1/step/5?a=b"],
)  # fmt: skip
def test_other_lines_are_no_steps(text: str) -> None:
    """Prose, progress and addresses hold no pairs of a step."""
    assert pairs.line(text) is None


def test_a_log_of_a_server_is_no_run(tmp_path: Path) -> None:
    """A folder with a log whose steps do not grow has no run in it."""
    (tmp_path / "server.log").write_text("INFO step 0 queue=5 running=3 waiting=1\n" * 50)
    with pytest.raises(Exception, match="no run in it"):
        find(str(tmp_path))


def test_two_consoles_of_prime_rl_are_one_run(tmp_path: Path) -> None:
    """The orchestrator's console has the reward, the trainer's the loss; both are of one run."""
    folder = tmp_path / "my-run"
    folder.mkdir()
    (folder / "orchestrator.log").write_text(lines("10:00:01 SUCCESS Step {k} | Time: 41.1s | Reward: {r} | Level: 0"))
    (folder / "trainer.log").write_text(lines("10:00:01 SUCCESS Step {k} | Time: 9.1s | Loss: 0.5 | Entropy: 0.25"))
    (spec,) = find(str(folder))
    assert {"reward", "loss", "entropy"} <= {*read(spec).history.columns}


def test_slime_counts_rollouts(tmp_path: Path) -> None:
    """Two optimiser steps a rollout stand at the rollout they are of, averaged."""
    text = "".join(
        f"(Actor pid=1) [10:00:00] train_metric_utils.py:135 - rollout {k}: {{'rollout/raw_reward': 0.{k}}}\n"
        + "".join(f"(Actor) model.py:918 - step {2 * k + half}: {{'train/kl_loss': {k + half}}}\n" for half in (0, 1))
        for k in range(6)
    )
    run = run_of(tmp_path, text)
    assert run.framework == "slime"
    assert run.history["train/kl_loss"].to_dict() == {k: k + 0.5 for k in range(6)}
    assert run.history["rollout/raw_reward"].to_dict() == pytest.approx({k: k / 10 for k in range(6)})


def test_nemo_rl_blocks(tmp_path: Path) -> None:
    """Numbers under a heading are of the step in the banner above; a validation before training is step 0."""
    block = "📊 Validation Results:\n    • Accuracy: 0.{k}5\n    • Samples processed: 256\n"
    text = "▶ Starting validation at step 0...\n" + block.format(k=1)
    for k in range(1, 5):
        text += (f"{'=' * 25} Step {k}/40 {'=' * 25}\n📊 Training Results:\n  • Loss: 0.0001\n  • Avg Reward: 0.{k}\n"
                 f"  • Mean Generation Length: 1,701.5\n⏱️  Timing:\n  • Total step time: 61.20s\n")  # fmt: skip
    run = run_of(tmp_path, text + block.format(k=4))
    assert run.history["train/reward"].dropna().to_dict() == {1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4}
    assert run.history["validation/accuracy"].dropna().to_dict() == {0: 0.15, 4: 0.45}
    assert run.history.at[2, "train/mean_gen_tokens_per_sample"] == 1701.5
    assert run.provenance["planned_steps"] == 40


def test_openrlhf_evals_stand_in_their_own_lines(tmp_path: Path) -> None:
    """The evals of OpenRLHF's console belong to the step that they name."""
    text = lines("x - ✨ Global step {k}: {{'reward': {r}, 'kl': 0.1}}")
    text += "x - ✨ Evaluation completed in 00:01:10, global_step 12, eval_metrics: {'eval_gsm8k_pass1': 0.5}\n"
    assert run_of(tmp_path, text).history["eval_gsm8k_pass1"].dropna().to_dict() == {12: 0.5}


def test_trl_steps_are_those_of_the_bar(tmp_path: Path) -> None:
    """The progress bar before each dict says its step; an eval's own bar does not."""
    text = "".join(
        f" 1%|█ | {5 * k}/600 [10:00<20:00, 12.00s/it]\r{{'loss': 0.1, 'reward': 0.{k}, 'epoch': 0.1}}\n"
        f"100%|██| 83/83 [00:01<00:00]\n"
        for k in range(1, 8)
    )
    run = run_of(tmp_path, text)
    assert run.history.index.tolist() == [5, 10, 15, 20, 25, 30, 35]
    assert any("mean over 5 steps" in note for note in run.notes)


def test_ms_swift_says_its_step_in_the_dict(tmp_path: Path) -> None:
    """ms-swift's dicts name the step; an eval belongs to the step that it names, whatever bars stand around."""
    text = "".join(
        f"{{'loss': 0.1, 'reward': 0.{k}, 'memory(GiB)': 40.1, 'epoch': 0.1, 'global_step/max_steps': '{5 * k}/500'}}\n"
        + ("{'eval_reward': 0.5, 'epoch': 0.1, 'global_step/max_steps': '20/500'}\n" if k == 4 else "")
        for k in range(1, 10)
    )
    run = run_of(tmp_path, text)
    assert (run.framework, run.history.index.tolist()) == ("ms-swift", list(range(5, 50, 5)))
    assert run.history["eval_reward"].dropna().to_dict() == {20: 0.5}
    assert not any("rows are counted" in note for note in run.notes)


@pytest.mark.parametrize(
    ("case", "steps"),
    [("key-value-console", [(1, 120), (0, 119), (1, 120)]), ("slime-console", [(0, 119)]),
     ("nemo-rl-console", [(1, 120)]), ("openrlhf-console-evals", [(1, 120)]),
     ("trl-console-logging-steps", [(5, 600)]), ("folder_of_consoles", [(1, 30), (1, 40)])],
)  # fmt: skip
def test_shared_cases(case: str, steps: list[tuple[int, int]]) -> None:
    """Every console that others made gives the steps it has."""
    if not SHARED.exists():
        pytest.skip("the shared cases are not here")
    found = [read(spec).history.index for spec in find(str(SHARED / case))]
    assert sorted((int(index[0]), int(index[-1])) for index in found) == sorted(steps)
