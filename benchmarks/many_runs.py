"""What a thousand runs cost: `python -m benchmarks.many_runs [runs]`.

Whole `reportgen report` processes over a folder of CSV runs (200 steps, reward, KL, entropy, learning rate, and
a config beside each): CPU a run in one process, the wall-clock of two processes against one, the CPU of a
second call to which one run was added as a share of the first, and peak memory of the parent.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

FOLDER = Path("build/bench/many_runs")
STEPS = 200


def main() -> None:
    """Prints each figure beside what was asked of it."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    folder = written(FOLDER / f"{runs}", runs)
    cache = FOLDER / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    empty = measured(written(FOLDER / "12", 12), cache, "--no-cache", "--jobs", "1")
    one = measured(folder, cache, "--no-cache", "--jobs", "1")
    two = measured(folder, cache, "--no-cache", "--jobs", "2")
    first = measured(folder, cache, "--jobs", "1")
    write(folder, runs, seed=runs)
    again = measured(folder, cache, "--jobs", "1")
    shutil.rmtree(folder / f"trial_{runs:05}")
    print(f"{runs:,} runs of {STEPS} steps")
    print(f"{'CPU a run, one process':>40} {(one[0] - empty[0]) / (runs - 12) * 1e3:8.1f} ms   (asked: 35)")
    print(f"{'wall-clock, one process / two':>40} {one[1] / two[1]:8.2f}      (asked: 1.8 on two idle cores)")
    print(f"{'CPU after one more run / first call':>40} {again[0] / first[0]:8.1%}    (asked: 5 %)")
    print(f"{'peak memory':>40} {one[2]:8.0f} MB")


def measured(folder: Path, cache: Path, *options: str) -> tuple[float, float, float]:
    """CPU seconds with all children, wall-clock seconds and the largest peak in MB of one report."""
    command = [sys.executable, "-m", "reportgen", "report", str(folder), "-o", str(FOLDER / "page.html"), "--quiet"]
    place = {**os.environ, "REPORTGEN_CACHE": str(cache.resolve()), "OPENBLAS_NUM_THREADS": "1"}
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL, env=place)
    took, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, took, after.ru_maxrss / 1e3


def written(folder: Path, runs: int) -> Path:
    """A folder of so many runs; made once."""
    if not (folder / f"trial_{runs - 1:05}").exists():
        for number in range(runs):
            write(folder, number, seed=number)
    return folder


def write(folder: Path, number: int, seed: int) -> None:
    """One run: a table and its config, in a folder of its own."""
    rng = np.random.default_rng(seed)
    place = folder / f"trial_{number:05}"
    place.mkdir(parents=True, exist_ok=True)
    rate, seen = float(rng.choice([3e-7, 1e-6, 3e-6])), int(rng.integers(5))
    (place / "config.json").write_text(json.dumps({"learning_rate": rate, "seed": seen, "group_size": 8}))
    step = np.arange(STEPS)
    share = 1 - np.exp(-step / rng.uniform(20, 120))
    columns = {
        "step": step,
        "reward": 0.2 + rng.uniform(0.1, 0.4) * share + rng.normal(0, 0.02, STEPS),
        "kl": 0.02 * share + rng.normal(0, 0.001, STEPS),
        "entropy": 1.2 - 0.5 * share + rng.normal(0, 0.01, STEPS),
        "lr": np.full(STEPS, rate),
    }
    rows = "\n".join(",".join(f"{value:.6g}" for value in row) for row in zip(*columns.values(), strict=True))
    (place / "metrics.csv").write_text(",".join(columns) + "\n" + rows + "\n")


if __name__ == "__main__":
    main()
