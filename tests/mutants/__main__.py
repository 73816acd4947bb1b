"""`python -m tests.mutants [ROOM …]`: each fault in a copy of the project, its room's tests over it, who survives.

A fault is killed when a test fails or hangs. Two run side by side, each in a process that is forked from one that
has imported what the tests need of other packages.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.made import Mutant, chosen

ROOT = Path(__file__).parents[2]
PER_ROOM = 20
SIDE_BY_SIDE = 2
LONGEST = 240.0  # seconds that tests may take over a fault
COPIED = ("reportgen", "templates", "tests", "docs", "sample_runs", "setup.cfg", "README.md", "Makefile")
HEAVY = ("numpy", "pandas", "scipy.special", "scipy.stats", "altair", "jinja2", "click", "yaml")
ROOMS = {  # room -> its files, and the tests that keep its promises
    "signals": ("signals", "gold promises signals signals_judge signals_intervals signals_robust signals_real"),
    "comparison": ("comparison by_recipe.py comparable.py", "gold promises comparison recipes"),
    "choice": ("choice.py recipes", "gold promises recipes comparison verdict"),
    "verdict": ("verdict gates.py", "gold promises verdict gates diagnostics_learning causes"),
    "diagnostics": (
        "diagnostics settings.py",
        "gold diagnostics_learning diagnostics_policy diagnostics_system diagnostics_generalisation causes evals",
    ),
    "evals": ("evals seen.py", "gold promises evals seen evals_page"),
    "redact": ("redact anonymous.py", "promises redact anonymous"),
    "login": ("sources/wandb/login.py sources/wandb/address.py", "promises wandb_login wandb_address"),
    "report": ("report", "gold page charts evals_page comparison"),
    "render": ("render", "gold render evidence page evals_page page_hand wording"),
    "scripts": ("../templates/*.js", "page_scripts page_live page_hand"),
}


def main() -> None:
    """Prints each survivor as it is found, then the share of each room and of all."""
    asked = sys.argv[1:] or list(ROOMS)
    for name in HEAVY:
        importlib.import_module(name)
    n_all = n_survived = 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copies = [_copy(Path(folder) / str(number)) for number in range(SIDE_BY_SIDE)]
        for room in asked:
            mutants = chosen(_files(room), ROOT, PER_ROOM)
            tests = [f"tests/test_{name}.py" for name in ROOMS[room][1].split()]
            if not _survivors([None], copies, tests):
                said = "\n".join(found.read_text() for place in copies for found in place.glob("said.txt"))
                raise SystemExit(f"{room}: its tests fail without any fault:\n{said[-3000:]}")
            survived = _survivors(mutants, copies, tests)
            n_all, n_survived = n_all + len(mutants), n_survived + len(survived)
            print(f"{room}: {len(survived)} of {len(mutants)} survived", flush=True)
    print(f"all: {n_survived} of {n_all} survived ({n_survived / max(n_all, 1):.0%})")


def _files(room: str) -> list[Path]:
    found: list[Path] = []
    for name in ROOMS[room][0].split():
        place = ROOT / "reportgen" / name
        found += sorted(place.rglob("*.py")) if place.is_dir() else sorted(place.parent.resolve().glob(place.name))
    return found


def _copy(to: Path) -> Path:
    """The project without what was built, its templates where an import finds them first."""
    for name in COPIED:
        where, ignored = ROOT / name, shutil.ignore_patterns("__pycache__", "node_modules")
        if where.is_dir():
            shutil.copytree(where, to / name, ignore=ignored)
        else:
            shutil.copy2(where, to / name)
    (to / "reportgen" / "templates").symlink_to("../templates")
    return to


def _survivors(mutants: Sequence[Mutant | None], copies: list[Path], tests: list[str]) -> list[Mutant | None]:
    """The faults over which every test passes."""
    waiting, free, survived = list(mutants), list(copies), []
    running: dict[int, tuple[Path, Mutant | None, str, float]] = {}
    while waiting or running:
        while waiting and free:
            place, mutant = free.pop(), waiting.pop(0)
            whole = (place / mutant.file).read_text(encoding="utf-8") if mutant else ""
            if mutant:
                (place / mutant.file).write_text(mutant.put_into(whole), encoding="utf-8")
            running[_started(place, tests)] = place, mutant, whole, time.monotonic()
        ended, status = os.waitpid(-1, os.WNOHANG)
        for child, (place, mutant, whole, since) in list(running.items()):
            if child != ended and time.monotonic() - since < LONGEST:
                continue
            if child != ended:
                os.killpg(child, signal.SIGKILL)
                _, status = os.waitpid(child, 0)
            del running[child]
            free.append(place)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)  # what its tests left behind
            if mutant:
                (place / mutant.file).write_text(whole, encoding="utf-8")
            if os.waitstatus_to_exitcode(status) == 0:
                survived.append(mutant)
                if mutant:
                    print(f"  survived: {mutant}", flush=True)
        time.sleep(0.05)
    return survived


def _started(place: Path, tests: list[str]) -> int:
    """A forked process that runs tests over a copy, and leaves with their exit code."""
    child = os.fork()
    if child:
        return child
    os.setpgid(0, 0)
    os.chdir(place)
    os.environ |= {"PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(place.parent)}
    sys.dont_write_bytecode = True
    sys.path[:] = [str(place), *(one for one in sys.path if Path(one or ".").resolve() != ROOT)]
    for name in [name for name in sys.modules if name == "tests" or name.startswith("tests.")]:
        del sys.modules[name]
    with (place / "said.txt").open("w") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    import pytest

    code = 3
    try:
        code = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]))
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
