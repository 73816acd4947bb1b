"""`make fuzz`: breaks seeds for a given time, keeps what breaks a promise, and says how many inputs there were."""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from random import Random

from tests.fuzz import breaking, promises, seeds

MEMORY = 3 << 30  # bytes; beyond, an input ends in a MemoryError
GROWTH = 500 << 10  # kilobytes by which one input may raise the highest memory use


def main() -> int:
    """Exit code 1 when a promise was broken."""
    asked = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    asked.add_argument("--seconds", type=float, default=600)
    asked.add_argument("--only", nargs="*", default=[], help="names of seeds")
    asked.add_argument("--seed", type=int, default=None, help="where chance begins")
    asked.add_argument("--pages", type=float, default=0.02, help="share of the inputs that are taken to the page")
    asked.add_argument("--kept", default="build/fuzz", help="folder for inputs that broke something")
    asked.add_argument("--more", nargs="*", default=[], help="folders of further sample runs")
    given = asked.parse_args()
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", category=ResourceWarning)
    begin = time.time_ns() if given.seed is None else given.seed
    corpus = {**dict(seeds.made()), **dict(seeds.by_trackers())}
    for folder in map(Path, given.more):
        corpus |= dict(seeds.found(folder))
    corpus = {name: files for name, files in corpus.items() if not given.only or name in given.only}
    print(f"fuzz: {len(corpus)} seeds, chance begins at {begin}", flush=True)
    faults, inputs, pages = _run(corpus, begin, given.seconds, given.pages, Path(given.kept))
    print(f"fuzz: {inputs:,} inputs read, {pages:,} of them to the page; {len(faults)} kinds of faults")
    for where, count in faults.most_common():
        print(f"  {count:6,}  {where}")
    return 1 if faults else 0


def _run(
    corpus: dict[str, seeds.Files], begin: int, seconds: float, share: float, kept: Path
) -> tuple[Counter[str], int, int]:
    faults: Counter[str] = Counter()
    inputs = pages = 0
    ends = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as scratch:
        while time.monotonic() < ends:
            chance = Random(begin + inputs)
            name = chance.choice(sorted(corpus))
            files = breaking.broken(corpus[name], chance)
            inputs += 1
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            try:
                runs = promises.read(files, Path(scratch) / "in")
                if runs and chance.random() < share:
                    pages += 1
                    promises.shown(runs)
                grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
                assert grown < GROWTH, f"{grown >> 10} MB more memory"
            except Exception as error:
                where = _where(name, error)
                faults[where] += 1
                if faults[where] == 1:
                    _keep(kept / f"{name}-{begin + inputs - 1}", files, error)
                    print(f"fuzz: {where}", flush=True)
            if inputs % 20_000 == 0:
                print(f"fuzz: {inputs:,} inputs, {pages:,} pages, {len(faults)} kinds of faults", flush=True)
    return faults, inputs, pages


def _where(name: str, error: Exception) -> str:
    """What tells one fault from another: its kind, and the last place of ours."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if "/reportgen/" in one.filename]
    last = frames[-1] if frames else traceback.extract_tb(error.__traceback__)[-1]
    place = last.filename.rpartition("/reportgen/")[2]
    return f"{type(error).__name__} at {place}:{last.lineno} ({name}): {str(error)[:100]}"


def _keep(folder: Path, files: seeds.Files, error: Exception) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "fault.txt").write_text("".join(traceback.format_exception(error)))


if __name__ == "__main__":
    sys.exit(main())
