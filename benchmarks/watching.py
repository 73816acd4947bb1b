"""A look at a run that goes on: `python -m benchmarks.watching [looks]`.

For a `.wandb` log of the real SDK, an AReaL log, an event file and a console of verl, each grown by a thousandth
between looks: CPU of reading what is new as a share of reading the file anew, taken in turns, and how far the peak
memory rises over all looks.
"""

from __future__ import annotations

import resource
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks import log_reading, store_reading, wandb_reading

FOLDER = Path("build/bench")
LIMIT = 15  # per cent
LOG_MB = 60


def main() -> None:
    """Each kind of run in a process of its own."""
    if len(sys.argv) > 2:
        _measured(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
        return
    looks = sys.argv[1] if len(sys.argv) > 1 else "100"
    log = FOLDER / f"areal_{LOG_MB}mb" / "trainer.log"
    if not log.exists():
        log_reading.write(log, LOG_MB)
    wandb = next(wandb_reading.FOLDER.glob("wandb/offline-run-*/*.wandb"), None) or wandb_reading.write()
    events, console = FOLDER / "watched" / store_reading.NAMES["tensorboard"], FOLDER / "watched" / "verl.log"
    events.parent.mkdir(parents=True, exist_ok=True)
    if not events.exists():
        store_reading.write_events(events, _values())
    if not console.exists():
        lines = (" - ".join(f"actor/metric_{at}:{cell:.6f}" for at, cell in enumerate(row)) for row in _values())
        console.write_text("".join(f"step:{step} - {line}\n" for step, line in enumerate(lines, start=1)))
    kinds = {"W&B log": wandb, "AReaL log": log, "TensorBoard": events, "verl console": console}
    print(f"{'':>12} {'MB':>5} {'anew ms':>8} {'look ms':>8} {'share':>6} {'at most':>8} {'memory +MB':>11}")
    for name, path in kinds.items():
        subprocess.run([sys.executable, "-m", "benchmarks.watching", name, str(path), looks], check=True)


def _values() -> np.ndarray:
    """10,000 steps of 60 metrics."""
    return np.random.default_rng(13).normal(size=(10_000, 60))


def _measured(name: str, path: Path, looks: int) -> None:
    from reportgen.sources import read
    from reportgen.sources.files import growing

    grown = FOLDER / "growing" / path.name
    grown.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, grown)
    size = path.stat().st_size
    step, kept, times, anew = size // 1000, growing.Looks(), [], []
    with grown.open("r+b") as file:
        file.truncate(size - (looks + 2) * step)
    with path.open("rb") as whole, grown.open("ab") as file:
        whole.seek(file.tell())
        for at in range(looks + 2):
            file.write(whole.read(step))
            file.flush()
            begun = time.process_time()
            with growing.looks(kept):
                read(str(grown))
            times.append(time.process_time() - begun)
            if at == 1:
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            if at % max(1, looks // 5) == 0:
                begun = time.process_time()
                read(str(grown))
                anew.append(time.process_time() - begun)
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) / 1e3
    look, fresh = statistics.median(times[2:]), statistics.median(anew)
    print(f"{name:>12} {size / 1e6:5.0f} {1e3 * fresh:8.0f} {1e3 * look:8.1f} {100 * look / fresh:5.1f}% {LIMIT:7}% "
          f"{more:11.0f}")  # fmt: skip
    grown.unlink()


if __name__ == "__main__":
    main()
