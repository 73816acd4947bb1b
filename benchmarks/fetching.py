"""Fetching runs from W&B over loopback: `python -m benchmarks.fetching [RUNS] [STEPS]`.

Prints the seconds and peak memory of `store.fetch`, which also asks for hardware metrics and metadata and writes
the copy, as a ratio to W&B's bare client reading the same pages one run after another, taken in the same run.
The server (tests/wandb_server.py) is a process of its own.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path("build/bench/fetching")
METRICS = 12
ROUNDS = 3


def main() -> None:
    """Times each way, in processes of their own, in turns; the best of each counts."""
    n_runs, n_steps = (int(word) for word in (*sys.argv[1:], "50", "1000")[:2])
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.fetching", "serve", str(n_runs), str(n_steps)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    url, key = server.stdout.readline().split()
    try:
        best = {way: min(measured(way, url, key) for _ in range(ROUNDS)) for way in ("bare", "fetch", "fetch --jobs 1")}
    finally:
        server.terminate()
    print(f"{n_runs} runs x {n_steps:,} steps x {METRICS} metrics\n{'':>16}  {'s':>6} {'ratio':>6} {'peak MB':>8}")
    for way, (seconds, peak) in best.items():
        print(f"{way:>16}  {seconds:6.2f} {seconds / best['bare'][0]:6.2f} {peak:8.0f}")


def measured(way: str, url: str, key: str) -> tuple[float, float]:
    """Seconds and peak MB of one way to get all runs, in a process of its own."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    places = {name: str(FOLDER.resolve()) for name in ("HOME", "WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR")}
    given = {**os.environ, **places, "WANDB_BASE_URL": url, "WANDB_API_KEY": key, "WANDB_ERROR_REPORTING": "false"}
    command = [sys.executable, "-m", "benchmarks.fetching", way]
    seconds, peak = subprocess.run(command, check=True, capture_output=True, env=given).stdout.split()
    return float(seconds), float(peak)


def once(way: str) -> None:
    """Prints the seconds that one way takes and the peak memory of this process."""
    import wandb

    from reportgen import store

    wandb.setup()  # the client's own process is up before the clock starts
    started = time.perf_counter()
    if way == "bare":
        api = wandb.Api()
        n_rows = sum(len(list(run.scan_history(use_cache=False))) for run in api.runs("my-team/gsm8k", lazy=False))
    else:
        jobs = 1 if way.endswith("1") else 4
        n_rows = len(store.fetch(["wandb:my-team/gsm8k?limit=1000"], FOLDER / "copy", jobs=jobs).lines)
    seconds = time.perf_counter() - started
    assert n_rows, "nothing was fetched"
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)


def serve(n_runs: int, n_steps: int) -> None:
    """Keeps runs ready at a free port and prints where, until it is ended."""
    sys.path.insert(0, "tests")
    from wandb_server import Stored, serving

    chance = random.Random(0)
    with serving() as server:
        for number in range(n_runs):
            rows = [
                {"_step": step, "_timestamp": 1.77e9 + step, "_runtime": step + 0.5}
                | {f"train/metric_{name}": chance.gauss(0, 1) for name in range(METRICS)}
                for step in range(n_steps)
            ]
            server.add(Stored(f"run{number}", history=rows, config={"lr": {"value": 1e-5 * number}}))
        print(server.url, server.key, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(int(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[1:] and not sys.argv[1].isdecimal():
        once(sys.argv[1])
    else:
        main()
