"""Everything that one `.wandb` log says: rows, config, summary, where it ran, how it ended."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from reportgen import wording
from reportgen.errors import SourceError
from reportgen.sources.files import growing
from reportgen.sources.wandb import common, framing
from reportgen.sources.wandb import messages as records
from reportgen.sources.wandb.console import Console
from reportgen.sources.wandb.explicit import Explicit
from reportgen.sources.wandb.rows import Rows

FEEDS = 8  # line feeds from which on it is no chance that each has a carriage return before it
ANNOUNCED = 1 << 4  # holes told one by one


@dataclass
class Segment:
    """One log as it was read; of several with one run id each is a segment."""

    path: str
    rows: Rows
    run_id: str = ""
    display_name: str = ""
    known: dict[str, Any] = field(default_factory=dict)  # provenance
    arguments: list[str] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    explicit: Explicit = field(default_factory=Explicit)
    metrics: list[records.Metric] = field(default_factory=list)
    measured: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    console: Console = field(default_factory=Console)
    started: datetime | None = None
    exit_code: int | None = None
    runtime_s: float | None = None
    is_resumed: bool = False
    branch: tuple[str, float] | None = None  # the run and step that this one goes on from
    damage: framing.Damage = field(default_factory=framing.Damage)
    hole_rows: list[int] = field(default_factory=list)  # of each hole, how many rows came before it
    n_garbled: int = 0

    def axes(self) -> dict[str, str]:
        """Metric or pattern -> its step metric."""
        named = [metric.name for metric in self.metrics]
        return common.axes(
            [
                common.Axis(
                    metric.name,
                    metric.step_metric
                    or (named[metric.step_metric_index - 1] if 0 < metric.step_metric_index <= len(named) else ""),
                    metric.is_glob,
                )
                for metric in self.metrics
            ]
        )

    @property
    def lost_first_row(self) -> bool:
        """Whether bytes are damaged before the first row that is left, and that isn't step 0."""
        steps = self.rows.columns()["_step"]
        return 0 in self.hole_rows and len(steps) > 0 and steps[0] > (self.explicit.first_step or 0)

    def notes(self) -> list[str]:
        """What of the log could not be read, and where."""
        said = [self.damage.header] if self.damage.header else []
        for hole, row in list(zip(self.damage.holes, self.hole_rows, strict=False))[:ANNOUNCED]:
            said.append(f"bytes {hole.start:,} to {hole.end:,} are damaged (their checksum is wrong) and were left out"
                        f"{_around(self.rows.columns()['_step'], row)}")  # fmt: skip
        if len(self.damage.holes) > ANNOUNCED:
            lost = sum(hole.end - hole.start for hole in self.damage.holes)
            said.append(f"{len(self.damage.holes):,} places are damaged, {lost:,} bytes in all")
        if torn := self.damage.torn:
            said.append(f"the last record is torn: {torn.end - torn.start:,} bytes from byte {torn.start:,} left out")
        if n_garbled := self.n_garbled + self.rows.n_garbled + self.explicit.n_garbled:
            said.append(f"{wording.plural(n_garbled, 'record')} made no sense")
        if self.exit_code is None:
            said.append("unfinished: no end record, so the job was killed or still runs; read to the last whole record")
        return [f"{Path(self.path).name}: {remark}" for remark in said]


def read(path: str, keep: Collection[str] | None) -> Segment:
    """The log at a path; NoSteps when nothing was written yet, SourceError when it is none."""
    segment = _pass(path, keep, ())
    axes = set(segment.axes().values())
    if keep is not None and segment.rows.refused(axes):  # its define_metric came after its first rows
        segment = _pass(path, keep, axes)
    if segment.damage.holes and _has_new_line_ends(path):
        raise SourceError(f"{path}: its line ends were changed to CR LF on the way, which ruins a binary file; copy it "
                          "again as it is (in git: '*.wandb binary' in .gitattributes)")  # fmt: skip
    return segment


def _has_new_line_ends(path: str) -> bool:
    """Whether every line feed of a log's beginning has a carriage return before it, as no binary file has by chance."""
    with Path(path).open("rb") as stream:
        beginning = stream.read(1 << 20)
    n_feeds = beginning.count(b"\n")
    return n_feeds >= FEEDS and beginning.count(b"\r\n") == n_feeds


def _pass(path: str, keep: Collection[str] | None, also: Collection[str]) -> Segment:
    axes = set(also)

    def new() -> Segment:
        return Segment(path, Rows(keep, axes, _starting_step(path)))

    reader = Segment if keep is None else None  # one that wants a few metrics only reads them anew
    segment, _ = growing.resumed(path, new, reader=reader)
    segment.damage.torn = None
    rows, explicit, holes = segment.rows, segment.explicit, segment.damage.holes
    for buffer, start, end in framing.records(path, segment.damage):
        if holes:
            segment.hole_rows += [rows.n_taken] * (len(holes) - len(segment.hole_rows))
            explicit.bytes_lost()
        try:
            kind, start, end = records.kind(buffer, start, end)
            if kind == records.HISTORY:
                explicit.row_follows(end - start)
                rows.add(buffer, start, end)
            elif kind == records.SUMMARY:
                explicit.add(buffer[start:end])
            elif take := TAKERS.get(kind):
                take(segment, buffer[start:end])
                if kind == records.METRIC and segment.metrics[-1].step_metric:
                    axes.add(segment.metrics[-1].step_metric)
        except records.Garbled:
            segment.n_garbled += 1
    if reader and not holes:
        rows.columns()
        growing.leave(path, new, segment, segment.damage.whole, reader=reader)
    explicit.settle()
    segment.hole_rows += [rows.n_taken] * (len(holes) - len(segment.hole_rows))
    rows.flush()
    return segment


def _starting_step(path: str) -> int:
    """The step at which an online run went on, of the note that newer SDKs keep beside a log."""
    note = Path(path + ".syncstate")
    try:
        found = records.value(note.read_bytes())
    except OSError:
        return 0
    step = found.get("starting_step") if isinstance(found, dict) else None
    return step if isinstance(step, int) else 0


def _around(steps: np.ndarray, row: int) -> str:
    """Which steps stand on either side of a row."""
    before = f"_step {steps[row - 1]:.0f}" if 0 < row <= len(steps) else "the start"
    after = f"_step {steps[row]:.0f}" if row < len(steps) else "the end"
    return f", between {before} and {after}"


def _take_run(segment: Segment, message: records.Bytes) -> None:
    words = records.texts(message)
    names = {"entity": 2, "project": 3, "group": 6, "job_type": 7, "notes": 9, "host": 13}
    segment.known.update({name: words[field] for name, field in names.items() if words.get(field)})
    if tags := [tag.decode("utf-8", "replace") for tag in records.parts(message, 10)]:
        segment.known["tags"] = tags
    segment.run_id = words.get(1) or segment.run_id
    segment.display_name = words.get(8) or segment.display_name
    segment.started = segment.started or records.moment(records.part(message, 17))
    said = records.numbers(message)
    segment.is_resumed = bool(said.get(24)) or segment.is_resumed
    if said.get(14) and not segment.rows.n_taken and segment.rows.last_step < 0:
        segment.rows.last_step = said[14] - 1.0
    records.update(segment.config, records.part(message, 4))
    records.update(segment.explicit.values, records.part(message, 5))
    _take_git(segment, records.part(message, 21))
    if branch := records.part(message, 23):
        segment.branch = (records.text(branch, 1), records.double(branch, 2) or 0.0)
    _take_telemetry(segment, records.part(message, 19))


def _take_git(segment: Segment, message: records.Bytes) -> None:
    remote, commit = records.text(message, 1), records.text(message, 2)
    segment.known.update({key: text for key, text in (("git_remote", remote), ("git_commit", commit)) if text})


def _take_telemetry(segment: Segment, message: records.Bytes) -> None:
    words = records.texts(message)
    for name, number in (("python", 4), ("wandb_version", 5)):
        if words.get(number):
            segment.known.setdefault(name, words[number])


def _take_header(segment: Segment, message: records.Bytes) -> None:
    producer = records.text(records.part(message, 1), 1)
    if producer:
        segment.known["wandb_version"] = producer.partition("+")[0]


def _take_environment(segment: Segment, message: records.Bytes) -> None:
    words, said = records.texts(message), records.numbers(message)
    names = {"os": 1, "python": 2, "program": 6, "host": 12, "user": 13, "gpu": 18}
    segment.known.update({name: words[field] for name, field in names.items() if words.get(field)})
    counts = {"cpu_count": 16, "gpu_count": 19}
    segment.known.update({name: said[field] for name, field in counts.items() if said.get(field)})
    segment.arguments = [part.decode("utf-8", "replace") for part in records.parts(message, 5)] or segment.arguments
    _take_git(segment, records.part(message, 9))
    segment.started = segment.started or records.moment(records.part(message, 3))


def _take_stats(segment: Segment, message: records.Bytes) -> None:
    values = {path[-1]: records.value(text) for path, text in records.items(message, 3) if path}
    segment.measured.append((records.seconds(records.part(message, 2)), values))


def _take_output(segment: Segment, message: records.Bytes) -> None:
    segment.console.add(records.number(message, 1) or 0, records.text(message, 3))


def _take_exit(segment: Segment, message: records.Bytes) -> None:
    said = records.numbers(message)
    segment.exit_code = said.get(1, 0)
    segment.runtime_s = float(said[2]) if said.get(2) else segment.runtime_s


def _take_config(segment: Segment, message: records.Bytes) -> None:
    records.update(segment.config, message)


def _take_metric(segment: Segment, message: records.Bytes) -> None:
    segment.metrics.append(records.metric(message))


TAKERS: dict[int, Callable[[Segment, records.Bytes], None]] = {
    records.RUN: _take_run,
    records.CONFIG: _take_config,
    records.METRIC: _take_metric,
    records.STATS: _take_stats,
    records.OUTPUT: _take_output,
    records.OUTPUT_RAW: _take_output,
    records.EXIT: _take_exit,
    records.HEADER: _take_header,
    records.TELEMETRY: _take_telemetry,
    records.ENVIRONMENT: _take_environment,
}
