"""What AReaL's StatsLogger wrote into a text: its steps, tables, launches and ends, trial by trial.

A table is tabulate's "fancy_grid" of (key, value) pairs, several pairs a row and filled column by column, so
that only neighbours belong together; a cell counts when a bar stands on both its sides.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from reportgen.sources.cells import Column

BAR = "│".encode()
EDGE = "═".encode()[:2]  # the first bytes of ╒ ═ ╘, which only a table's head and foot hold
HEAD, FOOT = "╒".encode(), "╘".encode()
STEP = re.compile(rb"Epoch (\d{1,9})/(\d{1,9}) Step (\d{1,9})/(\d{1,9}) Train step (\d{1,15})/(\d{1,15})")
RECOVERED = re.compile(rb"Recovering from StepInfo\(.*?global_step=(\d{1,15})")
LAUNCH = re.compile(rb"experiment_name=([\w.\-]+),? +trial_name=([\w.\-]+)")
STAMP = re.compile(rb"(\d{4})(\d\d)(\d\d)-(\d\d):(\d\d):(\d\d)\.(\d{3})")
NUMBER = re.compile(rb"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|nan|inf)")
STAMPED_WITHIN = 10_000  # lines; a log without a time stamp so far has none
TRUTH = {b"True": 1.0, b"False": 0.0}


@dataclass
class Trial:
    """What one trial printed, over all its launches."""

    name: str = ""
    experiment: str = ""
    columns: dict[str, Column] = field(default_factory=dict)
    steps: array[int] = field(default_factory=lambda: array("q"))  # (n_tables,) the step that each table is of
    clock: array[float] = field(default_factory=lambda: array("d"))  # (n_tables,) seconds since the first stamp
    done: list[int] = field(default_factory=list)  # steps announced as done, in order
    taken_over: list[int] = field(default_factory=list)  # steps at which a launch recovered
    started: datetime | None = None  # by the log's own clock, which names no time zone
    runtime_s: float | None = None
    steps_per_epoch: int | None = None
    planned_steps: int | None = None
    finished: bool = False


class Lines:
    """Reads lines one after the other; what they said is in `trials` and the counts."""

    def __init__(self, wanted: Callable[[str], bool]) -> None:
        self.trials: dict[str, Trial] = {}
        self.n_lines = 0
        self.n_cut = 0  # cells that other output cut in two
        self.n_early = 0  # tables before any step line
        self.n_launches = 0
        self.in_table = False
        self._wanted = wanted
        self._trial = Trial()
        self._step: int | None = None
        self._row = -1  # the table that cells belong to; -1: none that has a step
        self._slots: dict[bytes, Column | None] = {}

    def feed(self, chunk: bytes) -> None:
        """Take in a piece of whole lines."""
        if self._trial.started is None and self.n_lines < STAMPED_WITHIN:
            self._trial.started = _stamp(chunk)
        self.n_lines += chunk.count(b"\n") + (not chunk.endswith(b"\n"))
        if BAR in chunk or b"Train" in chunk or b"trial_name=" in chunk or b"StepInfo(" in chunk or EDGE in chunk:
            self._read(
                line
                for line in chunk.split(b"\n")
                if BAR in line or b"Train" in line or EDGE in line or b"trial_name=" in line or b"StepInfo(" in line
            )

    def _read(self, telling: Iterable[bytes]) -> None:
        for line in telling:
            if BAR in line:
                if self.in_table:
                    self._cells(line.split(BAR))
            elif EDGE in line and HEAD in line:
                self._open_table()
            elif EDGE in line and FOOT in line:
                self.in_table = False
            else:
                self._mark(line)

    def _mark(self, line: bytes) -> None:
        """A line that is no table: a step, a launch, a recovery, the end, or none of them."""
        if found := STEP.search(line):
            self._begin_step(found, line)
        elif found := RECOVERED.search(line):
            self._trial.taken_over.append(int(found[1]) + 1)
            self.in_table = False
        elif found := LAUNCH.search(line):
            self._launch(found[1].decode(), found[2].decode(), line)
        elif b"Training completes" in line:
            self._trial.finished = True
            self._trial.runtime_s = self._since_start(line) or self._trial.runtime_s

    def _launch(self, experiment: str, trial: str, line: bytes) -> None:
        if trial in ("None", self._trial.name):
            return
        self.n_launches += 1
        self.in_table, self._step = False, None
        self._trial = self.trials.setdefault(trial, Trial(trial, experiment))
        self._trial.started = self._trial.started or _stamp(line)
        self._slots = {}

    def _begin_step(self, found: re.Match[bytes], line: bytes) -> None:
        trial = self.trials.setdefault(self._trial.name, self._trial)
        trial.started = trial.started or _stamp(line)
        trial.steps_per_epoch, trial.planned_steps = int(found[4]), int(found[6])
        trial.finished = False
        trial.runtime_s = self._since_start(line) or trial.runtime_s
        self._step = int(found[5])
        trial.done.append(self._step)
        self.in_table, self._row = False, -1

    def _open_table(self) -> None:
        self.in_table, trial = True, self._trial
        if self._step is None:
            self.n_early += 1
            self._row = -1
            return
        self._row = len(trial.steps)
        trial.steps.append(self._step)
        trial.clock.append(trial.runtime_s if trial.runtime_s is not None else float("nan"))

    def _cells(self, cells: list[bytes]) -> None:
        """The pairs of a table's row, told by their neighbours when the row isn't whole."""
        if self._row < 0:
            return
        inner = cells[1:-1]
        if len(inner) % 2 == 0:
            for key, value in zip(inner[::2], inner[1::2], strict=True):
                try:
                    number = float(value)
                except ValueError:
                    break
                try:
                    column = self._slots[key]
                except KeyError:
                    column = self._slot(key)
                    if key not in self._slots:
                        break
                if column is not None:
                    column.add(self._row, number)
            else:
                return
        self._neighbours(inner)

    def _neighbours(self, inner: list[bytes]) -> None:
        """Every name that a number follows; a row read twice gives the same cells, so nothing is lost."""
        at = 0
        while at < len(inner):
            key, value = inner[at].strip(), inner[at + 1].strip() if at + 1 < len(inner) else b"?"
            if not key:
                at += 1
            elif _is_name(key) and (NUMBER.fullmatch(value) or value in TRUTH):
                column = self._slot(inner[at])
                if column is not None:
                    column.add(self._row, TRUTH[value] if value in TRUTH else float(value))
                at += 2
            elif _is_name(key) and not value:
                at += 2
            else:
                self.n_cut += 1
                at += 1

    def _slot(self, key: bytes) -> Column | None:
        """Where a padded key's cells go; None when it isn't wanted. What is no name gets no slot."""
        text = key.strip()
        if not _is_name(text):
            return None
        name = text.decode("utf-8", errors="replace")
        column = self._trial.columns.setdefault(name, Column()) if self._wanted(name) else None
        self._slots[key] = column
        return column

    def _since_start(self, line: bytes) -> float | None:
        now, start = _stamp(line), self._trial.started
        return (now - start).total_seconds() if now and start and now >= start else None


def _is_name(text: bytes) -> bool:
    return bool(text) and text not in TRUTH and not NUMBER.fullmatch(text)


def _stamp(text: bytes) -> datetime | None:
    """The first of AReaL's time stamps in a text."""
    if not (found := STAMP.search(text)):
        return None
    year, month, day, hour, minute, second, milli = map(int, found.groups())
    try:
        return datetime(year, month, day, hour, minute, second, milli * 1000)
    except ValueError:
        return None
