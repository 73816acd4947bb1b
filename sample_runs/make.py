"""Writes the sample runs: `python sample_runs/make.py [TRIAL ...]`, needs wandb and tabulate.

Each trial is simulated from a known curve and written by the real writers: W&B's SDK in offline
mode, and `tabulate` in AReaL's line formats. `truth.json` beside it holds what it was made from.
Nothing of the machine that runs this script gets into the files.
"""

from __future__ import annotations

import json
import lzma
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from tabulate import tabulate

HERE = Path(__file__).resolve().parent
EXPERIMENT = "gsm8k-grpo-1hour"
BASELINE, EVAL_SIZE = 0.1835, 1319
START_S = 1762682400.0  # 9 Nov 2025, 10:00 UTC
STEP_S = 27.5
PROBLEM_SPREAD = 0.1  # intra-class correlation of the samples of one problem


@dataclass(frozen=True)
class Trial:
    """What one sample run is made from."""

    name: str
    about: str
    problems_per_step: int
    samples_per_problem: int
    train_problems: int
    epochs: int
    lr: float
    seed: int
    notes: str = ""
    killed_after: int | None = None

    @property
    def steps_per_epoch(self) -> int:
        return math.ceil(self.train_problems / self.problems_per_step)

    @property
    def steps(self) -> int:
        return self.steps_per_epoch * self.epochs

    @property
    def samples_per_step(self) -> int:
        return self.problems_per_step * self.samples_per_problem


Curve = Callable[[int], float]  # 1-based step -> success probability


def levels_off(step: int) -> float:
    """The reference run: .18 to .32, within 5 % of that gain from step 60 on."""
    return 0.18 + 0.14 * (1 - math.exp(-step / 20))


def still_rises(step: int) -> float:
    """As good as a straight line."""
    return 0.185 + 0.0016 * step


def collapses(step: int) -> float:
    """Rises for 58 steps, then loses everything within 30."""
    rise = 0.18 + 0.15 * (1 - math.exp(-min(step, 58) / 25))
    return rise if step <= 58 else max(0.01, rise * (1 - (step - 58) / 30))


def memorises(step: int) -> float:
    """Train reward goes on long after eval has turned."""
    return 0.18 + 0.50 * (1 - math.exp(-step / 150))


def memorised_eval(step: int) -> float:
    """Rises to step 126, then falls."""
    return 0.20 + 0.12 * math.exp(-(((step - 126) / 110) ** 2))


TRIALS: dict[str, tuple[Trial, Curve, Curve]] = {
    trial.name: (trial, train, held_out)
    for trial, train, held_out in (
        (Trial("trial1109_1", "the reference run as the team trained it: 32 samples a step can't settle its plateau",
               8, 4, 500, 2, 1.7e-5, 1109), levels_off, levels_off),
        (Trial("trial1109_2", "its twin with 1,024 samples a step, where the plateau shows",
               64, 16, 4032, 2, 1.7e-5, 1120), levels_off, levels_off),
        (Trial("trial1110_1", "still rising at its end", 64, 16, 4032, 2, 8e-6, 1111), still_rises, still_rises),
        (Trial("trial1111_1", "collapses from step 58 on, policy signals first", 64, 16, 4032, 2, 5e-5, 1112),
         collapses, collapses),
        (Trial("trial1112_1", "overfits: 500 problems seen six times", 8, 16, 500, 6, 1.7e-5, 1113),
         memorises, memorised_eval),
        (Trial("trial1113_1", "killed by the machine in mid-run", 64, 16, 4032, 2, 1.7e-5, 1114, killed_after=88),
         levels_off, levels_off),
    )
}  # fmt: skip
REFERENCE_EVALS = {63: 0.28715, 126: 0.32051}  # the team's own figures


def config(trial: Trial) -> dict[str, Any]:
    """What AReaL would resolve and save; the key in it is not one."""
    return {
        "experiment_name": EXPERIMENT,
        "trial_name": trial.name,
        "seed": 1,
        "total_train_epochs": trial.epochs,
        "tokenizer_path": "Qwen/Qwen2.5-0.5B-Instruct",
        "async_training": True,
        "cluster": {"n_nodes": 1, "n_gpus_per_node": 1},
        "rollout": {"max_head_offpolicyness": 2, "max_concurrent_rollouts": 32},
        "gconfig": {"n_samples": trial.samples_per_problem, "max_new_tokens": 1024, "temperature": 1.0},
        "actor": {
            "path": "Qwen/Qwen2.5-0.5B-Instruct",
            "dtype": "bfloat16",
            "group_size": trial.samples_per_problem,
            "eps_clip": 0.4,
            "kl_ctl": 0.0,
            "reward_scaling": 10.0,
            "reward_bias": -0.5,
            "ppo_n_minibatches": 1,
            "adv_norm": {"mean_level": "batch", "std_level": "batch"},
            "optimizer": {"type": "adam", "lr": trial.lr, "lr_scheduler_type": "constant", "gradient_clipping": 1.0},
        },
        "train_dataset": {"path": "openai/gsm8k", "batch_size": trial.problems_per_step,
                          "max_samples": trial.train_problems, "shuffle": True},
        "valid_dataset": {"path": "openai/gsm8k", "batch_size": 32},
        "evaluator": {"freq_epochs": 1},
        "stats_logger": {"wandb": {"mode": "offline", "wandb_api_key": "sample-runs-hold-no-key"}},
        "version_info": {"version": "0.4.0", "commit_id": "4aef98d8", "is_dirty": False},
    }  # fmt: skip


def rows(trial: Trial, train: Curve, held_out: Curve) -> Iterator[dict[str, float]]:
    """What AReaL logs at each step, in its key order: sorted update and global keys, timing, eval, rollout."""
    draw = np.random.default_rng(trial.seed)
    for step in range(1, trial.steps + 1):
        chance = train(step)
        trouble = max(0.0, min(1.0, (step - 50) / 20)) if train is collapses else 0.0
        solved = batch(draw, chance, trial)
        length = 212 - 25 * step / trial.steps + draw.normal(0, 4) + 260 * trouble
        spread = math.sqrt(max(solved * (1 - solved), 1e-4)) / math.sqrt(chance * (1 - chance))
        row = {
            "grpo_actor/actor_loss/avg": draw.normal(-0.002, 0.006) + 0.05 * trouble,
            "grpo_actor/advantages/avg": draw.normal(0, 1e-8),
            "grpo_actor/advantages/max": 2.4 * spread + draw.normal(0, 0.05),
            "grpo_actor/advantages/min": -1.3 * spread + draw.normal(0, 0.05),
            "grpo_actor/approx_kl/avg": 0.0,
            "grpo_actor/behave_approx_kl/avg": -abs(draw.normal(0.004, 0.001)) - 0.4 * trouble**2,
            "grpo_actor/clip_ratio/avg": abs(draw.normal(0.011, 0.003)) + 0.3 * trouble,
            "grpo_actor/entropy/avg": 0.39 - 0.2 * step / trial.steps + draw.normal(0, 0.008) + 1.5 * trouble,
            "grpo_actor/final_reward/avg": draw.normal(0, 1e-6),
            "grpo_actor/grad_norm": abs(draw.normal(0.57, 0.08)) * (1 + 30 * trouble),
            "grpo_actor/importance_weight/avg": 1.0,
            "grpo_actor/kl_rewards/avg": 0.0,
            "grpo_actor/lr": trial.lr,
            "grpo_actor/no_eos_ratios/avg": min(1.0, abs(draw.normal(0.006, 0.003)) + 0.6 * trouble),
            "grpo_actor/prompt_len/avg": 104 + draw.normal(0, 2),
            "grpo_actor/seq_len/avg": 104 + length,
            "grpo_actor/task_reward/avg": solved,
            "grpo_actor/task_reward/max": 1.0 if solved else 0.0,
            "grpo_actor/task_reward/min": 0.0,
            "grpo_actor/update_successful": 1.0,
            "timeperf/eval": 1e-5,
            "timeperf/rollout": abs(draw.normal(14.0, 1.0)),
            "timeperf/train_step": abs(draw.normal(11.5, 0.3)),
            "timeperf/update_weights": abs(draw.normal(1.4, 0.1)),
        }
        if step % trial.steps_per_epoch == 0:
            row["timeperf/eval"] = abs(draw.normal(38, 2))
            row["eval-rollout/reward"] = evaluated(draw, held_out(step), trial, step)
        row["rollout/reward"] = solved
        yield row


def batch(draw: np.random.Generator, chance: float, trial: Trial) -> float:
    """Share solved of one step's samples: problems differ in difficulty, so samples of one go together."""
    weight = 1 / PROBLEM_SPREAD - 1
    difficulty = draw.beta(max(chance * weight, 1e-3), max((1 - chance) * weight, 1e-3), trial.problems_per_step)
    return float(draw.binomial(trial.samples_per_problem, difficulty).sum() / trial.samples_per_step)


def evaluated(draw: np.random.Generator, chance: float, trial: Trial, step: int) -> float:
    """Share solved of the eval set; for the reference trial what the team measured."""
    if trial.name == "trial1109_1":
        return REFERENCE_EVALS[step]
    return float(draw.binomial(EVAL_SIZE, chance) / EVAL_SIZE)


def write_wandb(trial: Trial, logged: list[dict[str, float]], folder: Path) -> None:
    """One offline run directory, by the SDK in a process of its own (it may have to be killed)."""
    with tempfile.TemporaryDirectory() as scratch:
        request = Path(scratch) / "request.json"
        request.write_text(json.dumps({"trial": asdict(trial), "rows": logged, "config": config(trial)}))
        ended = subprocess.run([sys.executable, __file__, "--log", str(request)], cwd=scratch, check=False)
        if trial.killed_after is None and ended.returncode:
            sys.exit(f"{trial.name}: the SDK failed")
        (made,) = Path(scratch).glob("wandb/offline-run-*")
        stamp = "20251109_100000"
        target = folder / "wandb" / f"offline-run-{stamp}-{made.name.split('-', 3)[3]}"
        target.mkdir(parents=True)
        for file in made.glob("*.wandb"):
            shutil.copy(file, target / file.name)


def log_offline(request: Path) -> None:
    """In the child: what AReaL's stats logger does with W&B."""
    import wandb

    asked = json.loads(request.read_text())
    trial = Trial(**asked["trial"])
    settings = wandb.Settings(
        mode="offline", host="gpu-node-1", console="off", disable_git=True, save_code=False, silent=True,
        x_disable_meta=True, x_disable_machine_info=True, x_disable_stats=True,
        git_remote_url="https://github.com/inclusionAI/AReaL.git", git_commit="4aef98d8" + "0" * 32,
    )  # fmt: skip
    run = wandb.init(project=EXPERIMENT, name=trial.name, id=f"{EXPERIMENT}_{trial.name}_train", config=asked["config"],
                     group=f"{EXPERIMENT}_{trial.name}", notes=f"made by sample_runs/make.py: {trial.about}",
                     tags=["sample"], settings=settings)  # fmt: skip
    for step, row in enumerate(asked["rows"], start=1):
        run.log({**row, "_timestamp": START_S + STEP_S * step}, step=step)
        if step == trial.killed_after:
            children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(os.getpid())], capture_output=True, text=True)
            for child in map(int, children.stdout.split()):
                try:
                    os.kill(child, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            os.kill(os.getpid(), signal.SIGKILL)
    run.finish()


def write_log(trial: Trial, logged: list[dict[str, float]], path: Path) -> None:
    """trainer.log in the format of AReaL 0.4."""
    lines = []
    for step, row in enumerate(logged, start=1):
        epoch, within = divmod(step - 1, trial.steps_per_epoch)
        head = (f"Epoch {epoch + 1}/{trial.epochs} Step {within + 1}/{trial.steps_per_epoch} "
                f"Train step {step}/{trial.steps} done.")  # fmt: skip
        lines += [stamped(step, head), stamped(step, "Stats (1/1):"), stamped(step, "\n" + table(row))]
    lines.append(stamped(trial.steps, f"Training completes! Total time elapsed {STEP_S * trial.steps:.2f}."))
    text = "\n".join(lines) + "\n"
    path.write_bytes(lzma.compress(text.encode(), preset=9) if path.suffix == ".xz" else text.encode())


def stamped(step: int, message: str) -> str:
    """One record as AReaL's logger prints it, colours and all."""
    second = int(STEP_S * step)
    clock = f"20251109-{10 + second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.000"
    return f"\x1b[92m{clock} StatsLogger INFO: {message}\x1b[0m"


def table(row: dict[str, float], pairs: int = 4) -> str:
    """AReaL's table: key and value cells, filled column by column."""
    cells = list(row.items())
    height = math.ceil(len(cells) / pairs)
    columns = [cells[at : at + height] for at in range(0, len(cells), height)]
    lines = [
        [part for column in columns for part in (column[at] if at < len(column) else ("", ""))] for at in range(height)
    ]
    return tabulate(lines, tablefmt="fancy_grid", floatfmt=".4e")


def make(trial: Trial, train: Curve, held_out: Curve) -> None:
    """One trial's folder, anew."""
    folder = HERE / EXPERIMENT / trial.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    logged = list(rows(trial, train, held_out))
    write_wandb(trial, logged, folder)
    if trial.name in ("trial1109_1", "trial1109_2"):
        write_log(trial, logged, folder / ("trainer.log" if trial.name == "trial1109_1" else "trainer.log.xz"))
        (folder / "config.yaml").write_text(yaml.safe_dump(config(trial), sort_keys=False))
    truth = {**asdict(trial), "steps": trial.steps, "samples_per_step": trial.samples_per_step,
             "baseline": BASELINE, "eval_size": EVAL_SIZE,
             "success_probability": [round(train(step), 5) for step in range(1, trial.steps + 1)],
             "eval_probability": [round(held_out(step), 5) for step in range(1, trial.steps + 1)]}  # fmt: skip
    (folder / "truth.json").write_text(json.dumps(truth, indent=1) + "\n")
    print(f"{trial.name}: {trial.about}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--log"]:
        log_offline(Path(sys.argv[2]))
    else:
        for chosen in sys.argv[1:] or TRIALS:
            make(*TRIALS[chosen])
