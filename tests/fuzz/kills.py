"""`python -m tests.fuzz.kills`: kills report, fetch and watch at random moments, and looks at what is left."""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from reportgen import sources
from reportgen.errors import ReportgenError

SAMPLE = Path(__file__).parents[2] / "sample_runs" / "gsm8k-grpo-1hour" / "trial1109_1" / "trainer.log"
COMMANDS: dict[str, tuple[str, ...]] = {
    "report": ("report", "t/trainer.log", "-o", "out/page.html", "--csv", "out/tables"),
    "fetch": ("fetch", "t/trainer.log", "-o", "out/copies"),
    "watch": ("watch", "t/trainer.log", "-o", "out/page.html", "--every", "1s"),
}


def main() -> int:
    """Exit code 1 when a kill left something half-written, or the next call failed."""
    asked = argparse.ArgumentParser(prog="kills", description=__doc__)
    asked.add_argument("--times", type=int, default=200)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--check-every", type=int, default=10, help="kills after which a call is let through")
    given = asked.parse_args()
    chance = random.Random(given.seed)
    faults = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "t").mkdir()
        shutil.copy(SAMPLE, folder / "t")
        lasts = {name: _lasts(name, folder) for name in COMMANDS}
        number = 0
        while number < given.times:
            name = chance.choice(sorted(COMMANDS))
            if not _killed(name, folder, chance.uniform(0.1, lasts[name])):
                continue  # it had ended before
            number += 1
            faults += [f"kill {number} of {name}: {left}" for left in _half_written(folder)]
            if number % given.check_every == 0:
                faults += [f"after kill {number}: {said}" for said in map(_completes(folder), COMMANDS) if said]
    print(f"kills: {given.times} over report, fetch and watch; {len(faults)} faults")
    for fault in faults:
        print(f"  {fault}")
    return 1 if faults else 0


def _command(name: str) -> list[str]:
    return [sys.executable, "-m", "reportgen", *COMMANDS[name]]


def _lasts(name: str, folder: Path) -> float:
    begun = time.monotonic()
    subprocess.run(_command(name), cwd=folder, check=True, capture_output=True)
    return time.monotonic() - begun


def _killed(name: str, folder: Path, after_s: float) -> bool:
    """Whether a command was still at work when it was killed."""
    process = subprocess.Popen(_command(name), cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        process.wait(after_s)
        return False
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True


def _half_written(folder: Path) -> list[str]:
    """What stands there under its own name and isn't whole."""
    out = folder / "out"
    ends = dict.fromkeys(out.glob("*.html"), "</html>") | dict.fromkeys(out.glob("tables/*.csv"), "\n")
    left = [f"{path.name} ends early" for path, end in ends.items() if not path.read_text().rstrip(" ").endswith(end)]
    for copy in out.glob("copies/*/run.json"):
        try:
            sources.read(str(copy.parent))
        except ReportgenError as error:
            left.append(f"{copy.parent.name}: {error}")
    return left


def _completes(folder: Path) -> Callable[[str], str]:
    def call(name: str) -> str:
        done = subprocess.run(_command(name), cwd=folder, capture_output=True, text=True)
        return "" if done.returncode == 0 else f"{name} ended with {done.returncode}: {done.stderr[-200:]}"

    return call


if __name__ == "__main__":
    sys.exit(main())
