"""One way to do a thing, in a process of its own: its CPU seconds and its peak memory."""

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path


def measured(module: str, way: str, path: Path) -> tuple[float, float]:
    """CPU seconds and peak MB of `python -m MODULE WAY PATH`, as once() prints them."""
    command = [sys.executable, "-m", module, way, str(path)]
    seconds, peak = subprocess.run(command, check=True, capture_output=True).stdout.split()
    return float(seconds), float(peak)


def once(read: Callable[[str], object], path: str) -> None:
    """Prints the CPU seconds of one reading and the peak memory of this process."""
    started = time.process_time()
    read(path)
    seconds = time.process_time() - started
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
