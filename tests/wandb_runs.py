"""Real W&B runs, written offline by the installed SDK once a test session, and what was logged to them.

`python wandb_runs.py KIND FOLDER` writes one kind of run; the fixture `wandb_runs` gives every kind's folder.
"""

from __future__ import annotations

import fcntl
import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CONFIG = {
    "lr": 1e-5,
    "actor": {"path": "Qwen/Qwen2.5-1.5B", "betas": [0.9, 0.999]},
    "text": 'héllo "quoted"\nline',
    "big": 2**53 + 1,
    "a/b": 1,
    "dotted.key": 3,
}
N_KILLED = 3000  # rows logged before the kill


def plain_rows() -> list[dict[str, float]]:
    """What the plain run logs: 126 rows, one metric with gaps."""
    rows = []
    for step in range(126):
        row = {"reward": 0.18 + 0.13 * (1 - math.exp(-step / 40)), "loss": math.exp(-step / 50), "count": step * 3}
        rows.append(row | ({"sparse": step / 2} if step % 10 == 0 else {}))
    return rows


def plain() -> None:
    about: dict[str, Any] = {"name": "trial-α", "group": "g1", "job_type": "train", "tags": ["t1", "t two"]}
    run = _init("plain1", notes="a note", config=CONFIG, **about)
    print("first line")
    print("\rprogress 10%\rprogress 99%\n\x1b[31mred\x1b[0m", end="\n")
    for row in plain_rows():
        run.log(row)
    run.config.update({"late": 1}, allow_val_change=True)
    run.summary["best"] = {"step": 12, "value": 0.5}
    run.summary["final"] = 0.3205
    run.finish()


def odd() -> None:
    run = _init("odd1")
    values = (1.0, math.nan, math.inf, -math.inf, None, True, "text", "NaN", [1, 2], -0.0, 5e-324, 2**63 - 1, 2.0)
    for value in values:
        run.log({"odd": value, "even": 1})
    run.finish()


def nested() -> None:
    run = _init("nested1")
    for step in range(3):
        inner = {"loss": step, "acc": {"top1": step * 2}}
        run.log({"train": inner, "train.loss": 10 + step, "sp ace": step, "Ünï": step})
    run.finish()


def media() -> None:
    import numpy as np
    import wandb

    run = _init("media1")
    for step in range(3):
        picture = wandb.Image(np.zeros((4, 4, 3), dtype=np.uint8), caption="c")
        table = wandb.Table(columns=["a", "b"], data=[[1, "x"]])
        run.log({"loss": step * 0.5, "hist": wandb.Histogram([1, 2, 3]), "img": picture, "eval": {"table": table}})
    run.finish()


def define() -> None:
    run = _init("define1")
    run.define_metric("trainer_step")
    run.define_metric("val/*", step_metric="trainer_step")
    run.define_metric("reward", step_metric="trainer_step", summary="max")
    for step in range(20):
        run.log({"reward": step / 20, "trainer_step": 5 + step // 2, **({"val/acc": step} if step % 5 == 4 else {})})
    run.finish()


def resumed() -> None:
    for part in range(3):
        run = _init("resumed1", resume="allow", config={"part": part})
        for step in range(20):
            run.log({"loss": part * 100 + step})
        run.finish()


def overlapping() -> None:
    for part in range(2):
        run = _init("overlap1")
        for step in range(part * 15, part * 15 + 20):
            run.log({"loss": part * 100 + step}, step=step)
        run.finish()


def rewound() -> None:
    run = _init("base1")
    for step in range(20):
        run.log({"loss": step})
    run.finish()
    import wandb

    run = wandb.init(project="p", resume_from="base1?_step=10")
    for step in range(11, 16):
        run.log({"loss": 1000 + step}, step=step)
    run.finish()


def failed() -> None:
    run = _init("failed1")
    for step in range(5):
        run.log({"loss": step})
    run.finish(exit_code=1)


def killed() -> None:
    run = _init("killed1")
    for step in range(N_KILLED):
        run.log({"loss": step, "text": "x" * 40})
    os.kill(os.getpid(), signal.SIGKILL)


KINDS: dict[str, Callable[[], None]] = {
    kind.__name__: kind for kind in (plain, odd, nested, media, define, resumed, overlapping, rewound, failed, killed)
}


@pytest.fixture(scope="session")
def wandb_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one folder a kind of run; written by the first test process that asks."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own
    folder = shared / "wandb_runs"
    with (shared / "wandb_runs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            making = [_making(kind, folder / kind) for kind in KINDS]
            for kind, process in zip(KINDS, making, strict=True):
                output, _ = process.communicate()
                assert process.returncode == (-signal.SIGKILL if kind == "killed" else 0), (kind, output)
    return folder


def directories(folder: Path) -> list[str]:
    """The run directories of a kind, in the order in which they were made."""
    return sorted(str(path) for path in folder.glob("wandb/offline-run-*"))


def log(folder: Path) -> Path:
    """The first `.wandb` file of a kind."""
    return next(Path(directories(folder)[0]).glob("*.wandb"))


def _making(kind: str, folder: Path) -> subprocess.Popen[str]:
    folder.mkdir(parents=True)
    command = [sys.executable, __file__, kind, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _init(run_id: str, **given: Any) -> Any:
    import wandb

    return wandb.init(project="gsm8k-grpo-local", id=run_id, **given)


if __name__ == "__main__":
    os.environ |= {"WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_DIR": sys.argv[2]}
    KINDS[sys.argv[1]]()
