"""What a report costs: `python -m benchmarks.report_cost [repeats]`.

CPU of a whole `reportgen report` process over real .wandb files, as a ratio to a process that imports
pandas, altair, jinja2, click and scipy.special and draws one static chart, both taken in the same run;
then the page's size, the peak memory, and where the time goes.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path("build/bench/report_cost")
CASES = {"one run, 126 steps": (1, 126), "20 runs, 1,000 steps": (20, 1000)}
LIMITS = {"one run, 126 steps": (1.8, 400), "20 runs, 1,000 steps": (3.5, 800)}  # ratio, kB
REFERENCE = """
import altair, click, jinja2, pandas, scipy.special, vl_convert
frame = pandas.DataFrame({"step": range(126), "value": [0.3 + step / 1000 for step in range(126)]})
chart = altair.Chart(frame).mark_line().encode(x="step:Q", y="value:Q")
vl_convert.vegalite_to_svg(chart.to_dict())
"""


def main() -> None:
    """Writes the runs once, then measures each process in fresh ones, the best of so many."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    base = min(cpu([sys.executable, "-c", REFERENCE]) for _ in range(repeats))
    print(f"{'':>22} {'CPU s':>6} {'ratio':>6} {'at most':>8} {'kB':>6} {'at most':>8} {'peak MB':>8}")
    print(f"{'imports and one chart':>22} {base[0]:6.2f} {1:6.2f} {'':>8} {'':>6} {'':>8} {base[1]:8.0f}")
    for case, (runs, steps) in CASES.items():
        folder = written(runs, steps)
        page = FOLDER / f"{runs}x{steps}.html"
        command = [sys.executable, "-m", "reportgen", "report", str(folder), "-o", str(page), "--quiet"]
        seconds, peak = min(cpu(command) for _ in range(repeats))
        ratio, most = LIMITS[case]
        print(f"{case:>22} {seconds:6.2f} {seconds / base[0]:6.2f} {ratio:8.1f} "
              f"{page.stat().st_size / 1e3:6.0f} {most:8} {peak:8.0f}")  # fmt: skip
    for case, (runs, steps) in CASES.items():
        print(f"\nwhere the time of {case} goes, in CPU seconds")
        subprocess.run(
            [sys.executable, "-m", "benchmarks.report_cost", "stages", str(written(runs, steps))], check=True
        )


def cpu(command: list[str]) -> tuple[float, float]:
    """CPU seconds, user and system, and peak memory in MB of one process."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(command)}: exit code {child.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3


def stages(folder: str) -> None:
    """Prints the CPU of each stage of one report, in this process."""
    started = time.process_time()

    def stage(name: str, make: Callable[[], Any]) -> Any:
        before = time.process_time()
        made = make()
        print(f"{name:>22} {time.process_time() - before:6.2f}")
        return made

    def imports() -> None:
        import altair
        import click
        import jinja2
        import pandas
        import scipy.special
        import vl_convert

        assert all((altair, click, jinja2, pandas, scipy.special, vl_convert))

    stage("imports", imports)
    import reportgen

    runs = stage("reading", lambda: reportgen.read_all(reportgen.find(folder)).runs)
    settings = reportgen.Settings()
    diagnoses = stage("diagnosing", lambda: [reportgen.diagnose(run, settings) for run in runs])
    report = stage("composing, comparing", lambda: reportgen.compose(diagnoses))
    from reportgen.charts import kinds

    for name in sorted({chart for chart in ("reward", "small", "lines") if len(runs) > 1 or chart != "lines"}):
        stage(f"compiling {name}", lambda name=name: kinds.compiled(name))  # type: ignore[misc]
    stage("the page, all of it", lambda: reportgen.page(report))
    print(f"{'together':>22} {time.process_time() - started:6.2f}")
    print(f"{'peak MB':>22} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:6.0f}")


def written(runs: int, steps: int) -> Path:
    """Folder of runs with 4 metrics each, written by the real SDK offline; made once."""
    folder = FOLDER / f"{runs}x{steps}"
    if not (folder / "done").exists():
        subprocess.run(
            [sys.executable, "-m", "benchmarks.report_cost", "write", str(folder), str(runs), str(steps)], check=True
        )
        (folder / "done").touch()
    return folder / "wandb"


def write(folder: str, runs: int, steps: int) -> None:
    """Real offline runs under that folder."""
    import wandb

    Path(folder).mkdir(parents=True, exist_ok=True)
    settings = wandb.Settings(mode="offline", silent=True, x_disable_stats=True, console="off", disable_git=True)
    for number in range(runs):
        rng = np.random.default_rng(number)
        run = wandb.init(
            project="bench",
            name=f"trial_{number}",
            dir=folder,
            settings=settings,
            config={"actor": {"lr": 1e-5 * (1 + number)}},
        )
        at = np.arange(1, steps + 1)
        level = 0.18 + (0.1 + 0.005 * number) * (1 - np.exp(-at / (0.2 * steps)))
        for step in range(steps):
            row = {
                "grpo_actor/task_reward/avg": rng.binomial(256, level[step]) / 256,
                "grpo_actor/entropy/avg": 0.1 + 0.3 * np.exp(-step / steps),
                "grpo_actor/grad_norm": float(rng.lognormal(-0.5, 0.2)),
            }
            if (step + 1) % (steps // 4) == 0:
                row["eval-rollout/reward"] = rng.binomial(1319, level[step]) / 1319
            run.log(row, step=step)
        run.finish()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["stages", folder]:
            stages(folder)
        case ["write", folder, runs, steps]:
            write(folder, int(runs), int(steps))
        case _:
            main()
