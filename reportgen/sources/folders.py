"""What lies in a folder: which files are records of a run, and which of those are of one run.

Of a folder's own files the best kind is taken: trainer.log, else main.log, else merged.log, else tables.
A W&B run directory is one record; nothing in it is looked at.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from reportgen.errors import SpecError
from reportgen.sources import place
from reportgen.sources.areal import config
from reportgen.sources.areal import log as areal_log
from reportgen.sources.texts import csv_table, json_rows, trainer_state

JOINED = "+"  # between the records of one run, in one spec
SKIPPED = ("node_modules", "__pycache__", "site-packages")
DEEPEST = 40  # folders below the one named
STAMP = re.compile(r"\d{8}_\d{6}")
EXPECTED = ("a run is a W&B run directory, a .wandb file, a trainer.log, a CSV or JSON Lines table with a step column, "
            "or a folder of those")


def expanded(spec: str) -> str:
    """The spec with ~ as the home folder, for each of several joined."""
    return JOINED.join(os.path.expanduser(part) for part in spec.split(JOINED))  # noqa: PTH111 (never an error)


def parts(spec: str) -> tuple[str, ...]:
    """The records that a joined spec names; the spec itself when it names one."""
    if JOINED not in spec or place.exists(spec):
        return (spec,)
    found: list[str] = []
    names = spec.split(JOINED)
    while names:
        longest = (JOINED.join(names[:n]) for n in range(len(names), 0, -1))
        taken = next((path for path in longest if place.exists(place.parted(path)[0])), None)
        if taken is None:
            return (spec,)
        found.append(taken)
        names = names[taken.count(JOINED) + 1 :]
    return tuple(found)


def matching(spec: str, is_whole: Callable[[str], bool]) -> list[str]:
    """The paths that a glob matches; of files only records of runs where it ends in a bare star."""
    if not glob.has_magic(spec) or "\0" in spec:
        return []
    found = sorted(glob.glob(spec, recursive=True))  # noqa: PTH207
    named = bool(Path(spec).name.strip("*"))
    return [path for path in found if place.is_file(path) and (named or _is_record(path))] + [
        record for path in found if Path(path).is_dir() for record in records(path, is_whole)
    ]


def missing(spec: str) -> str:
    """Why a spec names no run, in one sentence that names each reading of it."""
    shown = spec.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()[:200]
    if not spec.strip():
        return f"an empty name names no run; {EXPECTED}"
    if glob.has_magic(spec):
        return f"{shown}: no run matches; check the pattern, or quote it so that the shell leaves it alone"
    if "/" not in spec and not Path(spec).suffix:
        return (f"{shown}: no such file or folder, and a W&B project of that name is written wandb:ENTITY/{shown}; "
                "check the name")
    return (f"{shown}: no such file or folder, nor a W&B run (written entity/project/run_id, or wandb:entity/… where "
            "a folder has the entity's name); check the path")


def below(folder: str, is_whole: Callable[[str], bool]) -> list[str]:
    """Every record of a run in a folder and below it; SpecError when there is none."""
    try:
        empty = not os.listdir(folder)  # noqa: PTH208
    except OSError as error:
        raise SpecError(f"{folder}: can't be opened ({error.strerror}); check who may read it") from error
    if not (found := records(folder, is_whole)):
        raise SpecError(f"{folder}: {'an empty folder' if empty else 'no run in it or below it'}; {EXPECTED}")
    return found


def records(folder: str, is_whole: Callable[[str], bool]) -> list[str]:
    """Every record of a run in a folder and below it.

    is_whole: whether a source takes a folder as one record.
    """
    found: list[str] = []
    _walk(folder, is_whole, set(), found, DEEPEST)
    return trainer_state.longest(found)


def join(specs: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Spec of a run -> the given specs that are records of it, W&B directories first."""
    wandb, logs, others = _sorted_out(specs)
    joined: dict[str, tuple[str, ...]] = {}
    for run_id, directories in wandb.items():
        own = [log for log in logs if _is_log_of(log, run_id, directories, wandb)]
        logs = [log for log in logs if log not in own]
        members = (*sorted(directories, key=_when), *own)
        joined[JOINED.join(members)] = members
    return joined | {spec: (spec,) for spec in (*logs, *others)}


def _walk(folder: str, is_whole: Callable[[str], bool], seen: set[str], found: list[str], deepest: int) -> None:
    real = os.path.realpath(folder)
    if real in seen or deepest < 0:
        return
    seen.add(real)
    if is_whole(folder):
        found.append(folder)
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: (entry.is_symlink(), entry.name))
    except OSError:
        return
    beside_wandb = any(entry.name == "wandb" and entry.is_dir() for entry in entries)
    found += _records([entry.path for entry in entries if entry.is_file()], tables=not beside_wandb)
    for entry in entries:
        if entry.is_dir() and not entry.name.startswith(".") and entry.name not in SKIPPED:
            _walk(entry.path, is_whole, seen, found, deepest - 1)


def _records(files: Sequence[str], *, tables: bool) -> list[str]:
    """Of one folder's files those that are a run: W&B's, else the best log, else the tables."""
    if wandb := [path for path in files if path.endswith(".wandb")]:
        return wandb
    for name in areal_log.NAMES:
        for suffix in ("", *place.SUFFIXES):
            if log := [path for path in files if Path(path).name == name + suffix]:
                return log
    return [path for path in files if tables and _is_table(path)]


def _is_record(path: str) -> bool:
    return path.endswith(".wandb") or areal_log.is_log_name(path) or _is_table(path)


def _is_table(path: str) -> bool:
    return any(room.is_table(path) for room in (trainer_state, csv_table, json_rows))


def _sorted_out(specs: Iterable[str]) -> tuple[dict[str, list[str]], list[str], list[str]]:
    """W&B directories by run id, AReaL logs, and everything else."""
    wandb: dict[str, list[str]] = {}
    logs, others = [], []
    for part in _once(part for spec in specs for part in parts(spec)):
        if run_id := _wandb_id(part):
            wandb.setdefault(run_id, []).append(part)
        elif areal_log.is_log_name(part):
            logs.append(part)
        else:
            others.append(part)
    return wandb, logs, others


def _once(paths: Iterable[str]) -> list[str]:
    """The paths without those that lead to another of them, or into one that is a folder."""
    every = list(dict.fromkeys(paths))
    real = {path: os.path.realpath(path) if place.exists(path) else path for path in every}
    folders = {where for where in real.values() if os.path.isdir(where)}  # noqa: PTH112
    best: dict[str, str] = {}
    for path in sorted(every, key=lambda path: real[path] != os.path.abspath(path)):  # noqa: PTH100
        if not any(str(above) in folders for above in Path(real[path]).parents):
            best.setdefault(real[path], path)
    return [path for path in every if best.get(real[path]) == path]


def _wandb_id(path: str) -> str:
    """The run id of W&B's record; "" when the path is none."""
    from reportgen.sources.wandb import files as wandb_files

    return (wandb_files.run_id(path) or path) if place.exists(path) and wandb_files.claims(path) else ""


def _is_log_of(log: str, run_id: str, directories: Sequence[str], wandb: dict[str, list[str]]) -> bool:
    """Whether a log is of the W&B run: of its experiment and trial, or the only one beside its folder."""
    experiment, trial = config.named(log)
    if experiment and trial:
        own = f"{experiment}_{trial}_"
        if run_id == f"{own}train" or (run_id.startswith(own) and not run_id[len(own) :].strip("0123456789_-")):
            return True
    folder = Path(log).parent
    beside = {one for one, paths in wandb.items() if any(folder in Path(path).parents for path in paths)}
    return beside == {run_id} and all(Path(path).parent.parent == folder for path in directories)


def _when(directory: str) -> tuple[str, str]:
    """What puts a run's directories in the order they were begun."""
    stamp = STAMP.search(Path(directory).name)
    return (stamp[0] if stamp else "", directory)
