"""What AReaL wrote into a text: steps, tables, launches, recoveries and ends, trial by trial."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from reportgen.sources.areal.table import Tables

HEAD, FOOT = "╒".encode(), "╘".encode()
MARKS = (HEAD, FOOT, b"Train step ", b"(global step ", b"Stats (", b"StepInfo(", b"trial_name=", b"Training completes")
STEP = re.compile(rb"Epoch (\d{1,9})/(\d{1,9}) Step (\d{1,9})/(\d{1,9}) Train step (\d{1,15})/(\d{1,15})")
REALHF = re.compile(rb"Epoch (\d{1,9})/(\d{1,9}) step (\d{1,9})/(\d{1,9}) \(global step (\d{1,15})\) finishes")
STATS = re.compile(rb"Stats \(\d+/\d+\)")
RECOVERED = re.compile(rb"Recovering from StepInfo\(.{0,300}?global_step=(\d{1,15})")
LAUNCH = re.compile(rb"experiment_name=([\w.\-]+),? +trial_name=([\w.\-]+)")
STAMP = re.compile(rb"(\d{4})(\d\d)(\d\d)-(\d\d):(\d\d):(\d\d)\.(\d{3})")
STAMPED_WITHIN = 1 << 24  # bytes; a log without a time stamp so far has none


@dataclass
class Trial:
    """What one trial printed, over all its launches."""

    name: str = ""
    experiment: str = ""
    tables: Tables = field(default_factory=Tables)
    steps: array[int] = field(default_factory=lambda: array("q"))  # (n_tables,) the step that each table is of
    clock: array[float] = field(default_factory=lambda: array("d"))  # (n_tables,) seconds since the first stamp
    done: array[int] = field(default_factory=lambda: array("q"))  # steps announced as done, in order
    launch: int = 0  # the number of the launch that is being read
    launches: array[int] = field(default_factory=lambda: array("q"))  # (n_tables,) the launch that each table is of
    begins: dict[int, float] = field(default_factory=dict)  # launch -> the step at which it recovered
    started: datetime | None = None  # by the log's own clock, which names no time zone
    runtime_s: float | None = None
    steps_per_epoch: int | None = None
    planned_steps: int | None = None
    finished: bool = False  # its end mark was printed
    is_torn: bool = False  # its last table has no foot


class Lines:
    """Takes a log in, piece by piece; what it said is in `trials` and the counts."""

    def __init__(self) -> None:
        self.trials: dict[str, Trial] = {}
        self.n_lines = 0
        self.n_early = 0  # tables before any step line
        self.n_launches = 0  # of one trial after another
        self._trial = Trial()
        self._step: int | None = None
        self._table: int | None = None  # the number of the table that is open
        self._pending: int | None = None  # up to 0.3 (realhf) a step's tables stand before its line: the first of them
        self._is_realhf: bool | None = None
        self._due = False  # a step or "Stats (i/n)" was announced and its table not seen yet
        self._n_bytes = 0

    def feed(self, chunk: bytes) -> None:
        """Take in a piece of whole lines; only lines with a mark, or inside a table, are looked at."""
        if self._trial.started is None and self._n_bytes < STAMPED_WITHIN:
            self._trial.started = _stamp(chunk)
        self._n_bytes += len(chunk)
        if self._is_realhf is None and (first := STEP.search(chunk) or REALHF.search(chunk)):
            self._is_realhf = first.re is REALHF
        self.n_lines += chunk.count(b"\n") + (not chunk.endswith(b"\n"))
        at = 0
        for start, end in _marked(chunk):
            if self._table is not None:
                self._trial.tables.read(chunk[at:start], self._table)
            self._mark(chunk[start:end])
            at = end
        if self._table is not None:
            self._trial.tables.read(chunk[at:], self._table)

    def _mark(self, line: bytes) -> None:
        """A line that may begin or end something."""
        if found := STEP.search(line):
            self._begin_step(found, line)
        elif self._is_realhf and (found := REALHF.search(line)):
            self._end_step(found, line)
        elif found := RECOVERED.search(line):
            self._trial.launch += 1
            self._trial.begins[self._trial.launch] = int(found[1]) + 1
            self._table, self._due = None, False
        elif found := LAUNCH.search(line):
            self._launch(found[1].decode(), found[2].decode(), line)
        elif HEAD in line and (self._due or self._step is None):
            self._open_table()
        elif FOOT in line:
            self._table, self._trial.is_torn = None, False
        elif STATS.search(line):
            self._table, self._due = None, True
        elif b"Training completes" in line:
            self._trial.finished = True
            self._trial.runtime_s = self._since_start(line) or self._trial.runtime_s
        elif self._table is not None:  # the words of a mark in a foreign line, or in a table's row
            self._trial.tables.read(line, self._table)

    def _launch(self, experiment: str, trial: str, line: bytes) -> None:
        if trial in ("None", self._trial.name):
            return
        self.n_launches += 1
        self._table, self._step, self._due = None, None, False
        self._trial = self.trials.setdefault(trial, Trial(trial, experiment))
        self._trial.started = self._trial.started or _stamp(line)

    def _begin_step(self, found: re.Match[bytes], line: bytes) -> None:
        trial = self.trials.setdefault(self._trial.name, self._trial)
        trial.started = trial.started or _stamp(line)
        trial.steps_per_epoch = int(found[4])
        trial.planned_steps = int(found[2]) * int(found[4]) if found.re is REALHF else int(found[6])
        trial.finished = False
        trial.runtime_s = self._since_start(line) or trial.runtime_s
        self._step = int(found[5])
        if trial.done and self._step < trial.done[-1] and self._step != trial.begins.get(trial.launch):
            trial.launch += 1  # launched again: a log may hold no line that says so
        trial.done.append(self._step)
        self._table, self._due = None, True

    def _end_step(self, found: re.Match[bytes], line: bytes) -> None:
        """A step is done, and the tables since the last one are its own."""
        pending, self._pending = self._pending, None
        self._begin_step(found, line)
        self._due, self._step, trial = False, None, self._trial
        for at in range(len(trial.steps) if pending is None else pending, len(trial.steps)):
            trial.steps[at], trial.launches[at] = trial.done[-1], trial.launch
            trial.clock[at] = trial.runtime_s if trial.runtime_s is not None else float("nan")

    def settle(self) -> None:
        """After the last piece: tables whose step never ended are of the next one."""
        if self._pending is not None and self._trial.done:
            for at in range(self._pending, len(self._trial.steps)):
                self._trial.steps[at] = self._trial.done[-1] + 1
        self._pending = None

    def _open_table(self) -> None:
        self._due, trial = False, self._trial
        if self._is_realhf:
            trial = self.trials.setdefault(trial.name, trial)
            self._pending = len(trial.steps) if self._pending is None else self._pending
        elif self._step is None:
            self.n_early += 1
            return
        self._table, trial.is_torn = len(trial.steps), True
        trial.steps.append(self._step or 0)
        trial.launches.append(trial.launch)
        trial.clock.append(trial.runtime_s if trial.runtime_s is not None else float("nan"))

    def _since_start(self, line: bytes) -> float | None:
        now, start = _stamp(line), self._trial.started
        return (now - start).total_seconds() if now and start and now >= start else None


def _marked(chunk: bytes) -> Iterator[tuple[int, int]]:
    """(start, end) of each line that holds a mark, in order, the line's end included."""
    found = []
    for mark in MARKS:
        at = chunk.find(mark)
        while at >= 0:
            found.append(at)
            at = chunk.find(mark, at + len(mark))
    past = 0
    for at in sorted(found):
        if at >= past:
            start = chunk.rfind(b"\n", past, at) + 1 or past
            past = chunk.find(b"\n", at) + 1 or len(chunk)
            yield start, past


def _stamp(text: bytes) -> datetime | None:
    """The first of AReaL's time stamps in a text."""
    if not (found := STAMP.search(text)):
        return None
    year, month, day, hour, minute, second, milli = map(int, found.groups())
    try:
        return datetime(year, month, day, hour, minute, second, milli * 1000)
    except ValueError:
        return None
