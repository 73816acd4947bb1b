"""Folders with TensorBoard's event files: which files are one run, what it is called, what it says of itself."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from reportgen import foreign
from reportgen.errors import NoSteps
from reportgen.gate import from_rows
from reportgen.run import Run, State
from reportgen.sources import place, points
from reportgen.sources.files import growing
from reportgen.sources.logged import wanted
from reportgen.sources.place import Place
from reportgen.sources.points import Series
from reportgen.sources.source import Claim, Keep, Rank, Source
from reportgen.sources.tensorboard import events
from reportgen.sources.tensorboard.events import Log, Points

MARK = "tfevents"  # TensorBoard's own rule: the name contains it
SPLITS = ("train", "eval", "val", "valid", "validation", "test")  # sub-folders that are parts of one run
STAMP = re.compile(r"\d{9,11}\.\d+")  # the sub-folder that add_hparams makes
DATED = re.compile(r"[A-Z][a-z]{2}\d\d_\d\d-\d\d-\d\d_")  # what transformers calls a launch: "Sep10_10-00-00_host"
DULL = ("tensorboard", "tensorboard_log", "tensorboard_logs", "tb", "tb_logs", "tblogs", "events", "runs", "logs")
CONFIG = ("args", "config", "model_config", "hparams", "hyperparameters", "params", "parameters", "cfg", "settings")
STATES: Mapping[str, State] = {"finished": "finished", "failed": "failed"}
SOON = 60.0  # seconds between the last scalar and the end that add_hparams tells, which it may also tell at once


class Part(NamedTuple):
    """One folder with event files of a run."""

    folder: str
    name: Callable[[str], str]  # a tag as it is told apart from those of the run's other folders


class Events(Source):
    """An event file, or a folder that holds those of one run."""

    name = "TensorBoard"
    has_config = False  # unless hparams or texts say it

    def claim(self, place: Place) -> Claim | None:
        if place.is_file:
            return Claim(place, Rank.SURE, "event file", form="tracker") if _is_events(place.path) else None
        if not place.is_folder or not (own := parts(place.path)):
            return None
        inside = [Path(part.folder).relative_to(place.path).parts[:1] for part in own]
        taken = {name for name in place.names if MARK in name} | {name for names in inside for name in names}
        several = lambda: find(place.path)  # noqa: E731 (asked only when the folder is found)
        return Claim(place, Rank.LIKELY, "event files", form="tracker", parts=several, takes=taken)

    def read(self, claim: Claim, keep: Keep) -> Run:
        return read(claim.place.path, keep=keep)


def find(spec: str) -> tuple[str, ...]:
    """The run itself, then those in folders below it that are runs of their own."""
    if place.is_file(spec):
        return (spec,)
    own = {part.folder for part in parts(spec)}
    found = [spec]
    for folder in _folders(spec):
        if folder not in own and not STAMP.fullmatch(Path(folder).name):
            found += find(folder) if parts(folder) else _below(folder)
    return tuple(found)


def read(spec: str, *, keep: Collection[str] | None = None) -> Run:
    """The run of a folder with event files, or of one such file; NoSteps when no scalar was written."""
    notes: list[str] = []
    kept = wanted(keep)
    read_parts = [Part(spec, str)] if place.is_file(spec) else parts(spec)
    series: dict[str, Series] = {}
    last: Series | None = None
    logs = []
    for part in read_parts:
        log = _log(part, kept, notes, is_whole=keep is None)
        logs.append(log)
        for tag in sorted(log.points):  # each file's points are let go as they are joined
            one = _series(log.points.pop(tag))
            if last is not None and np.array_equal(one.steps, last.steps):
                one = one._replace(steps=last.steps)  # nearly all tags share their steps: a million are kept once
            series[part.name(tag)] = last = one
    rows = points.rows(series)
    if not len(rows.columns[points.AXIS]):
        raise NoSteps(f"{spec}: no step yet: no scalar in the event files; try again when the first step is done")
    config, told = _about(spec, logs)
    started, state = _started(series), _state(told, logs, series)
    series.clear()  # a million points are many: the rows hold them now
    made = from_rows(
        rows.columns,
        id=name_of(spec),
        name=name_of(spec),
        source=f"TensorBoard {'events' if place.is_file(spec) else 'folder'} {spec}",
        step=points.AXIS,
        nonfinite=rows.nonfinite,
        config=config,
        started=started,
        state=state,
        notes=notes,
    )
    purged = {step for log in logs for step in log.purged}
    return replace(made, restarts=tuple(sorted({*made.restarts, *purged})))


def parts(folder: str) -> list[Part]:
    """The folders whose event files are of the run that a folder is; none when it is no run."""
    below = _folders(folder)
    if _event_files(folder):
        return [Part(folder, str), *_parts_below(below)]
    with_events = [path for path in below if Path(path).name in SPLITS and _event_files(path)]
    if with_events and any(Path(path).name == "train" for path in with_events):
        others = [path for path in below if path not in with_events and _event_files(path)]
        return [] if others else _parts_below(with_events)
    return []


def name_of(spec: str) -> str:
    """What a run is called: its folder, or the one above when that says nothing."""
    folder = Path(os.path.abspath(spec))  # noqa: PTH100
    if place.is_file(spec):
        folder = folder.parent
    if DATED.match(folder.name) and folder.parent.name in DULL and folder.parent.parent.name:
        return folder.parent.parent.name
    while folder.name.lower() in (*DULL, *SPLITS) and folder.parent.name:
        folder = folder.parent
    return folder.name


def _parts_below(folders: Sequence[str]) -> list[Part]:
    """Of the folders below a run those that hold further scalars of it."""
    found = []
    for folder in folders:
        name = Path(folder).name
        if not _event_files(folder):
            continue
        if name in SPLITS or STAMP.fullmatch(name):
            found.append(Part(folder, _prefixed(name)))
        elif (tag := _only_tag(folder)) and name.startswith(start := f"{tag.replace('/', '_')}_"):
            found.append(Part(folder, _prefixed(name.removeprefix(start))))
    return found


def _prefixed(name: str) -> Callable[[str], str]:
    """How a folder's tags are called beside others: "reward" of eval/ is "eval/reward"."""
    return lambda tag: f"{name}/{tag}" if name in SPLITS else f"{tag}/{name}"


def _only_tag(folder: str) -> str:
    """The one tag of a folder that add_scalars made; "" when it has several."""
    log = Log()
    for path in _event_files(folder):
        events.read([place.head(path)], log, lambda tag: True)
    return next(iter(log.points)) if len(log.points) == 1 else ""


def _log(part: Part, kept: Callable[[str], bool], notes: list[str], *, is_whole: bool) -> Log:
    """What the event files of one folder say, read in the order of their names as TensorBoard does."""
    log = Log()
    scalars_count = not STAMP.fullmatch(Path(part.folder).name)  # add_hparams repeats last values at step 0
    for path in [part.folder] if place.is_file(part.folder) else _event_files(part.folder):
        one = _file(path, lambda tag: scalars_count and kept(part.name(tag)), notes, is_whole=is_whole)
        log.follow(one)
        if one.damage.is_torn:
            notes.append(f"{Path(path).name}: the last record is torn: its writer was stopped in the middle of it")
    if log.damage.n_bad:
        notes.append(f"{log.damage.n_bad:,} records with a wrong checksum were left out")
    if log.damage.n_lost:
        notes.append(f"{log.damage.n_lost:,} bytes belong to no record and were left out")
    if log.n_unread:
        notes.append(f"{log.n_unread:,} records are no events and were left out")
    return log


def _file(path: str, kept: Callable[[str], bool], notes: list[str], *, is_whole: bool) -> Log:
    """What one event file says; while it grows a look goes on behind the last whole record of the one before.

    is_whole: all scalars are kept: a reading of a few leaves nothing for the next look.
    """
    log, at = growing.resumed(path, Log) if is_whole else (Log(), 0)
    log.damage.is_torn = False
    last, n_read = b"", 0

    def pieces() -> Iterator[bytes]:
        nonlocal last, n_read
        for last in place.chunks(path, notes, at):
            n_read += len(last)
            yield last

    events.read(pieces(), log, kept)
    n_torn = at + n_read - log.damage.whole
    if is_whole and n_torn < len(last) and not log.damage.n_lost:
        if at:  # else looks that add little leave a piece each
            log.join()
        growing.leave(path, Log, log, log.damage.whole, last=last[: len(last) - n_torn])
    return log


def _series(chunks: Sequence[Points]) -> Series:
    """All points of a tag, by their clock."""
    times, steps, values = events.joined(chunks)
    return points.in_time(Series(steps, values, times))


def _about(spec: str, logs: Sequence[Log]) -> tuple[dict[str, Any], str]:
    """The config that texts and the hparams plug-in hold, and the state that the latter tells."""
    config: dict[str, Any] = {}
    for log in logs:
        for tag, text in log.texts.items():
            name = tag.removesuffix("/text_summary")
            last = name.rpartition("/")[2]
            if last.lower() in CONFIG and (found := _settings(text)):
                config.update({last: found} if last == "model_config" else found)
        config.update(log.hparams)
    return config, next((log.state for log in reversed(logs) if log.state), "")


def _settings(text: str) -> dict[str, Any]:
    """A config that was written as text: JSON, or a table in Markdown."""
    bare = re.sub(r"^\s*(?:<pre>|```\w*)\s*|\s*(?:</pre>|```)\s*$", "", text)
    if bare.startswith("{"):
        try:
            return foreign.mapping(foreign.parsed(bare))
        except foreign.Unfit:
            return {}
    lines = [line.strip().strip("|").partition("|") for line in bare.splitlines() if "|" in line]
    return {name.strip(): value.strip() for name, _, value in lines[2:] if name.strip()}  # names and a rule come first


def _state(state: str, logs: Sequence[Log], series: Mapping[str, Series]) -> State:
    """What the hparams plug-in says, unless it was told before the run had ended."""
    told = max((log.told for log in logs), default=0.0)
    timed = [one.times for one in series.values() if one.times is not None and len(one.times)]
    last = max((float(times.max()) for times in timed), default=0.0)
    return STATES.get(state, "unknown") if told >= last - SOON else "unknown"


def _started(series: Mapping[str, Series]) -> datetime | None:
    """When the first scalar was written."""
    timed = [one.times for one in series.values() if one.times is not None and len(one.times)]
    first = min((float(times.min()) for times in timed), default=0.0)
    try:
        return datetime.fromtimestamp(first, UTC) if first > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def _is_events(path: str) -> bool:
    """Whether a file is an event file: by its name, else by its first record."""
    return MARK in Path(path).name or events.begins_a_file(place.head(path, 128))


def _event_files(folder: str) -> list[str]:
    """The event files of a folder, by name; TensorFlow's profiler leaves an empty one, which is none."""
    files = _entries(folder, files=True)
    return [path for path in files if MARK in Path(path).name and not path.endswith(".profile-empty")]


def _folders(folder: str) -> list[str]:
    return _entries(folder, files=False)


def _below(folder: str) -> list[str]:
    """Every run in the folders below one that is none itself."""
    found: list[str] = []
    for below in _folders(folder):
        found += find(below) if parts(below) else _below(below)
    return found


def _entries(folder: str, *, files: bool) -> list[str]:
    """The files or the folders in a folder, sorted; none when it can't be opened. Links are not followed."""
    try:
        with os.scandir(folder) as entries:
            if files:
                return sorted(entry.path for entry in entries if entry.is_file())
            visible = (entry for entry in entries if not entry.name.startswith("."))
            return sorted(entry.path for entry in visible if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []
