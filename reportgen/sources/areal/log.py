"""AReaL's text logs: trainer.log, main.log, merged.log and captured consoles, of every version."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from reportgen.errors import NoSteps, SourceError
from reportgen.gate import from_rows
from reportgen.run import Run
from reportgen.sources import place
from reportgen.sources import place as places
from reportgen.sources.areal import config as areal_config
from reportgen.sources.areal.lines import LAUNCH, Lines, Trial
from reportgen.sources.areal.table import BAR
from reportgen.sources.files import growing
from reportgen.sources.logged import wanted
from reportgen.sources.place import Place
from reportgen.sources.source import Claim, Keep, Rank, Source

NAMES = ("trainer.log", "main.log", "merged.log")  # best first: merged.log holds main.log's lines again
MARKS = (b"StatsLogger", b"Train step", b"areal", b"AReaL", b"realhf")
WORKERS = ("actor.log", "rollout.log", "llm_server.log", "eval-rollout.log", "ref.log", "critic.log", "controller.log")
TAIL_LINES = 60
ENDS = 1 << 18  # bytes in which the last lines are looked for
LOOKED_AT = 1 << 22  # bytes in which the first step is looked for
DRAWN = (BAR, "─".encode(), "═".encode())  # what lines of a table hold
COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
CONTAINER_CLOCK = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?Z ")  # docker logs -t, in UTC


class ArealLog(Source):
    """A log of AReaL's; a person may name any other text too, and hears what it lacks."""

    name = "AReaL log"
    has_config = True  # read with the trial that it is of

    def claim(self, place: Place) -> Claim | None:
        if not place.is_file:
            return None
        named = is_log_name(place.path)
        if not named and place.foreign:
            return None
        if not named and not _tells_steps(place):
            return Claim(place, Rank.NAMED, "a text in which no step was found", form="log")
        run = "_".join(part for part in areal_config.named(place.path) if part)
        in_its_folder = named or places.unpacked_name(place.path) in WORKERS
        again, order = (f"{self.name} {Path(place.path).parent}", _order(place.name)) if in_its_folder else ("", 0)
        return Claim(place, Rank.LIKELY, self.name, run=run, form="log", again=again, order=order,
                     parts=partial(find, place.spec))  # fmt: skip

    def read(self, claim: Claim, keep: Keep) -> Run:
        return read(claim.place.spec, keep=keep)


def find(spec: str) -> tuple[str, ...]:
    """The log itself, or `log#trial` for each of several trials that a console holds."""
    path, trial = place.parted(spec)
    if trial or len(_launched(path)) < 2:
        return (spec,)
    lines, _ = _read_lines(path, [])
    found = [one.name for one in lines.trials.values() if one.done]
    return tuple(f"{path}#{name}" for name in sorted(found)) if len(found) > 1 else (spec,)


def read(spec: str, *, keep: Collection[str] | None = None) -> Run:
    """The run of an AReaL log; NoSteps when it ends before the first table."""
    path, chosen = place.parted(spec)
    notes: list[str] = []
    lines, last = _read_lines(path, notes)
    launch = _number(chosen, lines)
    trial = _chosen(path, "" if launch is not None else chosen, lines)
    config = areal_config.beside(path, notes)
    if trial.name and str(config.get("trial_name") or trial.name) != trial.name:
        notes.append(f"the config.yaml beside it is of trial {config['trial_name']!r} and was left out")
        config = {}
    names = areal_config.named(path, config)
    experiment, name = trial.experiment or names.experiment, trial.name or names.trial
    columns, nans = trial.tables.columns(len(trial.steps), wanted(keep))
    return from_rows(
        {"step": np.array(trial.steps, dtype=np.float64), "_runtime": np.array(trial.clock), **columns},
        id=f"{experiment}_{name}_train" if experiment and name else name or place.run_name(path),
        name=name or place.run_name(path),
        source=f"AReaL log {spec}",
        step="step",
        nonfinite=nans,
        config=config,
        provenance=_provenance(experiment, name, trial),
        started=_container_start(path),
        runtime_s=trial.runtime_s,
        state="finished" if trial.finished or _all_done(trial) else "unfinished",
        framework="areal",
        steps_per_epoch=trial.steps_per_epoch,
        console_tail=_tail(last),
        notes=[*notes, *_remarks(lines, trial)],
        launches=np.array(trial.launches),
        begins=trial.begins,
        spec=path,
        launch=launch,
    )


def _read_lines(path: str, notes: list[str]) -> tuple[Lines, bytes]:
    """Everything the log says, and its last bytes."""
    log = growing.text(path, _Log, notes)
    log.lines.settle()
    return log.lines, log.end


class _Log:
    """A log as it is read: what its lines say, and its end."""

    def __init__(self) -> None:
        self.lines = Lines()
        self.end = b""

    def feed(self, chunk: bytes) -> None:
        self.lines.feed(chunk)
        self.end = (self.end + chunk)[-ENDS:]


def _number(chosen: str, lines: Lines) -> int | None:
    """Which launch of the only trial was asked for, as `main.log#1`; None: none."""
    return int(chosen) if chosen.isdecimal() and len(chosen) < 5 and chosen not in lines.trials else None


def _chosen(path: str, name: str, lines: Lines) -> Trial:
    """The trial that is asked for, or the only one; NoSteps when it has no table."""
    found = {trial.name: trial for trial in lines.trials.values() if trial.steps}
    if name and name in lines.trials and name not in found:
        raise NoSteps(f"{path}: no step yet: trial {name!r} was launched, but no step of it was finished")
    if name and name not in found:
        raise SourceError(f"{path}: no trial {name!r}; it has {', '.join(found) or 'none'}")
    if len(found) > 1 and not name:
        raise SourceError(f"{path}: {len(found)} trials in one file; name one, as {path}#{min(found)}")
    if not found:
        raise NoSteps(_nothing(path, lines))
    return found[name] if name else next(iter(found.values()))


def _nothing(path: str, lines: Lines) -> str:
    """Why a log without a stats table is none to report on."""
    if not lines.n_lines:
        return f"{path}: no step yet: the log is empty; try again when the first step is done"
    counted = f"in {lines.n_lines:,} lines"
    if lines.n_launches:
        launches = f"{lines.n_launches} launch{'es' if lines.n_launches > 1 else ''}"
        return f"{path}: no step yet: {launches} {counted}, and no train step was finished; its last lines say why"
    if lines.n_early:
        return f"{path}: no step yet: a stats table but no 'Train step' line {counted}; give the log from its start"
    if any(trial.done for trial in lines.trials.values()):
        return f"{path}: no step yet: a 'Train step' line but no stats table {counted}; give the log of rank 0"
    if is_areal(Place(path)):
        return f"{path}: no step yet: no 'Train step' line {counted}; try again when the first step is done"
    return (f"{path}: no step found {counted}; expected AReaL's 'Train step' tables, verl's 'step:N - …', "
            "JSON Lines or a CSV with a step column")


def _provenance(experiment: str, name: str, trial: Trial) -> dict[str, Any]:
    known = {
        "project": experiment,
        "experiment_name": experiment,
        "trial_name": name,
        "started (no time zone)": trial.started.isoformat(" ", "seconds") if trial.started else "",
        "planned_steps": trial.planned_steps,
    }
    return {key: value for key, value in known.items() if value}


def _remarks(lines: Lines, trial: Trial) -> list[str]:
    """What was skipped or guessed, a sentence each."""
    remarks = []
    if n_cut := trial.tables.n_cut:
        remarks.append(f"{n_cut} table cells were cut by other output or by the end of the log and left out")
    if lines.n_early:
        remarks.append(f"{lines.n_early} tables stand before the first step line and were left out")
    if trial.is_torn:
        remarks.append(f"the last table, of step {trial.steps[-1]}, is cut off; its whole cells were kept")
    if _all_done(trial) and not trial.finished:
        remarks.append(f"the log has no end mark, but its last planned step, {trial.planned_steps}, was done")
    if trial.steps and min(trial.steps) > 1:
        remarks.append(f"the log begins at step {min(trial.steps)}; what was logged before is not in it")
    if bare := len(set(trial.done) - set(trial.steps)):
        remarks.append(f"{bare} steps were announced without a table")
    return remarks


def _all_done(trial: Trial) -> bool:
    """Whether the last of the planned steps is there, its table whole."""
    return bool(trial.done) and trial.done[-1] == trial.planned_steps and not trial.is_torn


def _container_start(path: str) -> datetime | None:
    """When the container's log began, in UTC; None when its lines carry no such clock."""
    found = CONTAINER_CLOCK.match(place.head(path, 64))
    try:
        return datetime.fromisoformat(found[1].decode()).replace(tzinfo=UTC) if found else None
    except ValueError:
        return None


def _tail(last: bytes) -> str:
    """The last lines that are no table, without colours."""
    shown = [line for line in last.split(b"\n") if not any(drawn in line for drawn in DRAWN)]
    text = b"\n".join(line[-2000:] for line in shown[-TAIL_LINES:]).decode("utf-8", errors="replace")
    return COLOUR.sub("", text.replace("\r\n", "\n")).strip("\n")


def _launched(path: str) -> set[bytes]:
    """The trials that launch lines name."""
    found: set[bytes] = set()
    for chunk in place.chunks(path, []):
        if b"trial_name=" in chunk:
            found.update(match[2] for match in LAUNCH.finditer(chunk))
    return found


def _tells_steps(place: Place) -> bool:
    """Whether a text of AReaL's tells of steps or launches in its first megabytes."""
    if not is_areal(place):
        return False
    signs = (b"StatsLogger", b"Train step ", b"master worker INFO: Epoch ")
    return any(sign in place.head for sign in signs) or LAUNCH.search(place.head) is not None or (
        any(sign in place.beginning(LOOKED_AT) for sign in signs)
    )


def is_areal(place: Place) -> bool:
    """Whether the first lines of a text are AReaL's."""
    return any(mark in place.head for mark in MARKS)


def is_log_name(path: str) -> bool:
    """Whether a file has one of the names that AReaL gives its logs, rotated or compressed or not."""
    name = Path(path).name
    return any(name == own or name.startswith(f"{own}.") for own in NAMES)


def _order(name: str) -> float:
    """The larger, the better is a log of that name: trainer.log before main.log, the latest before rotated ones."""
    own = next((at for at, own in enumerate(NAMES) if name == own or name.startswith(f"{own}.")), None)
    if own is None:
        return -len(NAMES)
    return -own - (0 if place.unpacked_name(name) == NAMES[own] else 0.5)
