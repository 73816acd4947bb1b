"""Reading a large `.wandb` log of the real SDK: `python -m benchmarks.wandb_reading [repeats]`.

Prints seconds, MB/s and peak memory of files.read for every metric and for those with a role, each as a
ratio to a plain pass over the same bytes with their checksums. Every reading has a process of its own; the
ways take turns, so that each ratio is of neighbours in time.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

from benchmarks import ways

FOLDER = Path("build/bench/wandb_10000x150")
N_STEPS, N_METRICS = 10_000, 150
PIECE = 1 << 20  # bytes
WAYS = ("plain", "roles", "every metric")
LIMITS = {"roles": 6, "every metric": 12}  # times a plain pass


def main() -> None:
    """Makes the log once, then times each reading, the ways taking turns."""
    path = _log() or write()
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    runs = [{way: ways.measured("benchmarks.wandb_reading", way, path) for way in WAYS} for _ in range(repeats)]
    size = path.stat().st_size / 1e6
    print(f"{size:,.0f} MB of {N_STEPS:,} steps x {N_METRICS} metrics, {repeats} rounds")
    print(f"{'':>16}  {'s':>6} {'MB/s':>6} {'ratio min':>10} {'median':>7} {'at most':>8} {'peak MB':>8}")
    for way in WAYS:
        seconds = min(run[way][0] for run in runs)
        ratios = [run[way][0] / run["plain"][0] for run in runs]
        peak = max(run[way][1] for run in runs)
        print(f"{way:>16}  {seconds:6.2f} {size / seconds:6.0f} {min(ratios):10.1f} {statistics.median(ratios):7.1f} "
              f"{LIMITS.get(way, ''):>8} {peak:8.0f}")  # fmt: skip


def _ways() -> dict[str, Callable[[str], object]]:
    from reportgen.sources import Playing
    from reportgen.sources.wandb import files

    return {
        "plain": _plain,
        "roles": lambda path: files.read_many([path], keep=Playing()),
        "every metric": files.read,
    }


def _plain(path: str) -> int:
    """The checksum of a file, read in pieces."""
    checksum = 0
    with Path(path).open("rb") as stream:
        while piece := stream.read(PIECE):
            checksum = crc32(piece, checksum)
    return checksum


def _log() -> Path | None:
    return next(FOLDER.glob("wandb/offline-run-*/*.wandb"), None)


def write() -> Path:
    """The log of one offline run of the installed SDK."""
    import numpy as np

    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    os.environ |= {"WANDB_MODE": "offline", "WANDB_SILENT": "true", "WANDB_DIR": str(FOLDER.absolute())}
    import wandb

    walk = np.cumsum(np.random.default_rng(3).normal(0, 0.1, (N_STEPS, N_METRICS)), axis=0)
    run = wandb.init(project="benchmark", id="big", name=f"{N_STEPS} x {N_METRICS}")
    for step, row in enumerate(walk.tolist()):
        run.log(dict(zip(names(), row, strict=True)), step=step)
    run.finish()
    path = _log()
    if path is None:
        raise SystemExit(f"{FOLDER}: the SDK wrote no log; look into its debug-internal.log")
    return path


def names() -> list[str]:
    """150 metric names, the first of which play a role."""
    playing = ("task_reward/avg", "actor_loss/avg", "advantages/avg", "kl_rewards/avg", "entropy/avg", "grad_norm",
               "seq_len/avg", "lr")  # fmt: skip
    scopes = ("stats", "buffer", "perf", "grpo_actor/layer")
    others = (f"{scopes[number % 4]}/metric_{number:03d}/avg" for number in range(N_METRICS))
    return [*(f"grpo_actor/{name}" for name in playing), "eval-rollout/reward", *others][:N_METRICS]


if __name__ == "__main__":
    if len(sys.argv) == 3:
        ways.once(_ways()[sys.argv[1]], sys.argv[2])
    else:
        main()
