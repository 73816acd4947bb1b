"""Other trainers' own records: trainer_state.json, verl's console and file logger, OpenRLHF, TRL, ms-swift."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reportgen.errors import NoSteps, SourceError
from reportgen.run import Run
from reportgen.sources import find, read

SHARED = Path(__file__).parents[2] / "shared" / "runs"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the real runs are not here")


def run_of(folder: Path, text: str, name: str) -> Run:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return read(str(path))


def trainer_state(last: int, **more: object) -> str:
    rows: list[dict[str, object]] = [
        {"epoch": step / 8, "step": step, "reward": step / 16, "kl": None} for step in range(2, last + 1, 2)
    ]
    rows.append({"epoch": last / 8, "step": last, "eval_reward": 0.5})
    return json.dumps({"global_step": last, "max_steps": 8, "logging_steps": 2, "log_history": rows, **more}, indent=2)


def test_a_trainer_state(tmp_path: Path) -> None:
    """Rows, evals at a train row's step, epochs, and what a row averages over."""
    run = run_of(tmp_path, trainer_state(6), "out/checkpoint-6/trainer_state.json")
    assert run.history["reward"].to_dict() == {2: 0.125, 4: 0.25, 6: 0.375}
    assert run.history["eval_reward"].dropna().to_dict() == {6: 0.5}
    assert (run.name, run.state, run.framework, run.steps_per_epoch) == ("out", "unfinished", "trl", 8)
    assert "each row is the mean over 2 steps (logging_steps)" in run.notes


def test_the_closing_row_is_no_step(tmp_path: Path) -> None:
    """The row that sums a training up repeats rewards; it is the summary."""
    rows = [{"step": 1, "reward": 0.5}, {"step": 1, "train_runtime": 60.0, "reward": 0.75}]
    run = run_of(tmp_path, trainer_state(8, log_history=rows), "trainer_state.json")
    assert run.history["reward"].to_dict() == {1: 0.5}
    assert (run.state, run.runtime_s, run.summary["reward"]) == ("finished", 60.0, 0.75)


def test_of_checkpoints_the_last_is_read(tmp_path: Path) -> None:
    """Checkpoints hold the same rows again, so the highest number stands for the run."""
    for last in (2, 4, 6):
        run_of(tmp_path, trainer_state(last), f"out/checkpoint-{last}/trainer_state.json")
    assert find(str(tmp_path)) == (f"{tmp_path}/out/checkpoint-6/trainer_state.json",)
    run_of(tmp_path, trainer_state(8), "out/trainer_state.json")
    assert find(str(tmp_path)) == (f"{tmp_path}/out/trainer_state.json",)


@pytest.mark.parametrize(
    ("text", "words"),
    [('{"log_history": []}', "log_history holds no row"), ('{"log_history": 3}', "no log_history"),
     (trainer_state(6)[:-30], "not whole JSON")],
)  # fmt: skip
def test_a_trainer_state_without_rows(tmp_path: Path, text: str, words: str) -> None:
    """A state without rows, or cut off, is one sentence."""
    with pytest.raises(SourceError, match=words):
        run_of(tmp_path, text, "trainer_state.json")


def test_verls_console(tmp_path: Path) -> None:
    """Step lines under Ray's prefix, NumPy's way to print numbers, evals in the train row, other lines between."""
    ray = "\x1b[36m(TaskRunner pid=28)\x1b[0m "
    text = (
        f"{ray}{{'trainer': {{'project_name': 'math', 'experiment_name': 'e1'}}}}\n"
        f"{ray}step:0 - val-core/openai/gsm8k/acc/mean@1:np.float64(0.25)\n"
        "Next step: move the cursor\n"
        f"{ray}step:1 - actor/lr:1e-06 - critic/score/mean:0.500 - actor/kl_loss:nan\r\n"
        f"{ray}step:2 - critic/score/mean:np.float64(0.75) - val-core/openai/gsm8k/acc/mean@1:0.5\n"
    )
    run = run_of(tmp_path, text, "console.log")
    assert (run.name, run.provenance["project"], run.framework) == ("e1", "math", "verl")
    assert run.history["critic/score/mean"].dropna().to_dict() == {1: 0.5, 2: 0.75}
    assert run.history["val-core/openai/gsm8k/acc/mean@1"].dropna().to_dict() == {0: 0.25, 2: 0.5}
    assert run.history.at[1, "actor/lr"] == 1e-6
    assert [(bad.step, bad.metric) for bad in run.nonfinite] == [(1, "actor/kl_loss")]


def test_a_torn_line_of_verls(tmp_path: Path) -> None:
    """The last value of a line that is cut off may lack digits, so it is left out."""
    run = run_of(tmp_path, "step:1 - a/b:0.25 - c:0.5\nstep:2 - a/b:0.75 - c:0.1", "verl.txt")
    assert run.history["c"].dropna().to_dict() == {1: 0.5}


def test_verls_file_logger(tmp_path: Path) -> None:
    """{"step": n, "data": {…}} a line."""
    lines = [json.dumps({"step": step, "data": {"critic/score/mean": step / 4}}) for step in (1, 2)]
    run = run_of(tmp_path, "\n".join(lines), "math/e1.jsonl")
    assert run.history["critic/score/mean"].to_dict() == {1: 0.25, 2: 0.5}
    assert (run.name, run.framework) == ("e1", "verl")
    assert find(str(tmp_path)) == (f"{tmp_path}/math/e1.jsonl",)


def test_openrlhfs_console(tmp_path: Path) -> None:
    """Global-step lines with a dict, numbers as they were printed."""
    text = ("\x1b[36m(PPOTrainer pid=1)\x1b[0m ✨ Global step 1: {'policy_loss': np.float64(0.5), 'reward': 0.25}\n"
            "✨ Global step 2: {'policy_loss': -1e-05, 'reward': tensor(0.5), 'timing/step_total': 12}\n")  # fmt: skip
    run = run_of(tmp_path, text, "rlhf.log")
    assert run.history["reward"].to_dict() == {1: 0.25, 2: 0.5}
    assert run.history["policy_loss"].tolist() == [0.5, -1e-5]
    assert run.framework == "openrlhf"


def test_trls_console(tmp_path: Path) -> None:
    """Bare dict lines are counted as steps, which is said; an eval joins the row before; the last is no step."""
    text = ("\r  0%|          | 0/4 [00:00<?]{'loss': 0.5, 'reward': '0.25', 'epoch': 0.01}\n"
            "{'loss': 0.25, 'reward': 0.5, 'epoch': 0.02}\n{'eval_reward': 0.75, 'epoch': 0.02}\n"
            "{'train_runtime': 60.5, 'reward': 0.5, 'epoch': 0.02}\n")  # fmt: skip
    run = run_of(tmp_path, text, "stdout.txt")
    assert run.history["reward"].to_dict() == {1: 0.25, 2: 0.5}
    assert run.history["eval_reward"].dropna().to_dict() == {2: 0.75}
    assert (run.state, run.runtime_s) == ("finished", 60.5)
    assert any("rows are counted" in note for note in run.notes)


def test_ms_swifts_rows(tmp_path: Path) -> None:
    """A step written "10/438" is step 10."""
    rows = [json.dumps({"reward": 0.5, "global_step/max_steps": f"{step}/438"}) for step in (5, 10)]
    run = run_of(tmp_path, "\n".join(rows), "swift/logging.jsonl")
    assert run.history["reward"].to_dict() == {5: 0.5, 10: 0.5}
    assert run.name == "swift"


def test_a_console_of_nothing_we_know(tmp_path: Path) -> None:
    """A text without steps says what steps look like."""
    with pytest.raises(NoSteps, match=r"expected AReaL's 'Train step' tables, verl's 'step:N"):
        run_of(tmp_path, "epoch one done\n" * 5, "train.log")


@needs_shared
def test_a_real_verl_console() -> None:
    """61 steps from .007 to .56, evals every tenth step."""
    (path,) = SHARED.glob("Unakar__Logic-RL/*.log")
    run = read(str(path))
    assert run.history.index.tolist() == list(range(61))
    score = run.history["critic/score/mean"]
    assert score.iloc[:5].mean() < 0.02 < 0.5 < score.iloc[-5:].mean()
    held_out = run.history.filter(regex="^val/test_score/").dropna().iloc[:, 0]
    assert held_out.to_dict() == {9: 0.004, 19: 0.187, 29: 0.344, 39: 0.454, 49: 0.466, 59: 0.478}


@needs_shared
def test_real_trainer_states() -> None:
    """250 steps of an older TRL, 300 rows up to step 600 of a newer one."""
    (older,) = SHARED.glob("IMJONEZZ__UnslothGRPO/*.json")
    (newer,) = SHARED.glob("qhy991__GRPO-Clean-2/*.json")
    assert read(str(older)).history.index[[0, -1]].tolist() == [1, 250]
    assert read(str(older)).history["rewards/correctness_reward_func"].max() == 2
    assert (len(read(str(newer)).history), read(str(newer)).history.index[-1]) == (300, 600)
    reward = read(str(newer)).history["reward"]
    assert reward.iloc[:10].mean() < 4.5 < reward.iloc[-50:].mean()
