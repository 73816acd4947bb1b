"""W&B's local files: a run directory, or a bare `.wandb` file, of any SDK since 0.8."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from reportgen import redact, wording
from reportgen.errors import NoSteps, SourceError
from reportgen.gate import from_rows
from reportgen.naming import Key
from reportgen.run import Run
from reportgen.sources.place import Place
from reportgen.sources.source import Claim, Keep, Rank, Source
from reportgen.sources.wandb import beside as wandb_beside
from reportgen.sources.wandb import common, resume
from reportgen.sources.wandb import legacy as wandb_legacy
from reportgen.sources.wandb import segment as wandb_segment
from reportgen.sources.wandb import summary as wandb_summary
from reportgen.sources.wandb.beside import Beside
from reportgen.sources.wandb.framing import IDENT
from reportgen.sources.wandb.segment import Segment

SUFFIX = ".wandb"
DIRECTORY = re.compile(r"(?:offline-|dry)?run-\d{8}_\d{6}-(?P<id>.+)")
LATEST = "latest-run"


class Files(Source):
    """A run directory or a log."""

    name = "W&B run directory"
    joins = True

    def claim(self, place: Place) -> Claim | None:
        place = _pointed(place)
        if place.is_folder:
            if not _may_be_run(place) or not is_run_directory(place.path):
                return None
            if not _has_log(place.path) and Path(place.path, "files", "output.log").is_file():
                return None  # only what it printed was kept: that is read as any other console
            rank, why = (Rank.SURE, "W&B run directory") if _has_log(place.path) else (Rank.LIKELY, "named as W&B's")
        elif place.path.endswith(SUFFIX) or place.head.startswith(IDENT):
            rank, why = Rank.SURE, "W&B log"
        else:
            return None
        return Claim(place, rank, why, run=run_id(place.path) or place.path, form="tracker")

    def read(self, claim: Claim, keep: Keep) -> Run:
        return read_many([one.place.path for one in (claim, *claim.more)], keep=keep)


def is_run_directory(path: str) -> bool:
    """Whether a folder is one run's: by its name, or by what the SDK puts in it."""
    folder = Path(path)
    name = Path(os.path.realpath(path)).name
    if DIRECTORY.fullmatch(name) or folder.name == LATEST:
        return _has_log(path) or DIRECTORY.fullmatch(name) is not None
    return wandb_legacy.is_run_directory(folder) or (len(_logs(path)) == 1 and (folder / "files").is_dir())


def run_id(path: str) -> str:
    """The id of the run of a directory or log, by its name; "" when the name doesn't say."""
    log = path if path.endswith(SUFFIX) else next(iter(_logs(path)), "")
    if log:
        return Path(log).name.removesuffix(SUFFIX).removeprefix("run-")
    found = DIRECTORY.fullmatch(Path(os.path.realpath(path)).name)
    return found["id"] if found else ""


def read_many(directories: Sequence[str], *, keep: Collection[str] | None = None) -> Run:
    """The one run that several directories or logs are segments of, as restarts leave them.

    Raises NoSteps when none has a step, SourceError when none can be read.
    """
    segments: list[Segment] = []
    legacy: list[Run] = []
    problems: list[SourceError] = []
    notes: list[str] = []
    for spec in directories:
        try:
            log = _log(spec)
            if log:
                segments.append(wandb_segment.read(log, keep))
            else:
                legacy.append(wandb_legacy.read(spec, _source((spec,)), run_id(spec), keep))
        except SourceError as error:
            problems.append(error)
            notes.append(f"not read: {error}")
    segments = resume.in_order(segments)
    if len(segments) > 1:
        segments, others = resume.of_last_run(segments)
        notes += others
        if others:
            of_run = {segment.path for segment in segments}
            directories = [spec for spec in directories if _log(spec) in of_run]
    if not segments and not legacy:
        raise next((problem for problem in problems if not isinstance(problem, NoSteps)), problems[0])
    if not segments:
        later_first = legacy[::-1]
        run = later_first[0]
        for earlier in later_first[1:]:
            run = run.filled_from(earlier)
        return replace(run, notes=(*run.notes, *notes))
    return _run(segments, directories, notes)


def _run(segments: Sequence[Segment], directories: Sequence[str], notes: Sequence[str]) -> Run:
    """The run that the logs tell of, in order, filled up with the files beside them."""
    source = _source(directories)
    last = segments[-1]
    joined = resume.join(segments)
    remarks = [*notes, *joined.notes, *(note for segment in segments for note in segment.notes())]
    beside = [wandb_beside.read(Path(segment.path).parent, remarks) for segment in segments]
    if segments[0].lost_first_row and segments[0].explicit.first_step is None:
        remarks.append("the log's first rows may be lost; where steps are counted from the first, they may be too low")
    said = [segment.console.dropped.note() or files.dropped for segment, files in zip(segments, beside, strict=True)]
    remarks += [note for note in said if note]
    console_tail = next((text for s in reversed(segments) if (text := s.console.tail())), beside[-1].console_tail)
    if not any(len(columns) for columns in joined.columns.values()):
        raise NoSteps(_unlogged(source, last, console_tail))
    known = _known(segments, beside)
    identity = last.run_id or run_id(last.path)
    if last.branch and last.branch[0] != identity:
        remarks.append(f"forked from run {last.branch[0]} at step {last.branch[1]:.0f}; that run's rows are its own")
    begun = [moment for moment in (*(s.started for s in segments), *(b.started for b in beside)) if moment]
    started = min(begun, default=None)
    begin = started.timestamp() if started else None
    axes = {name: axis for segment in segments for name, axis in segment.axes().items()}
    runtimes = [segment.runtime_s for segment in segments if segment.runtime_s is not None]
    run = from_rows(
        _logged(joined),
        id=identity,
        name=last.display_name or str(known.get("name") or "") or identity,
        source=source,
        step_metrics=axes,
        nonfinite=joined.nonfinite,
        config=_config(segments, beside),
        summary={**beside[-1].summary, **wandb_summary.of(segments)},
        provenance=common.provenance(known),
        system=common.system([each for segment in segments for each in segment.measured], begin),
        started=started,
        runtime_s=sum(runtimes) if runtimes else None,
        state="unfinished" if last.exit_code is None else "failed" if last.exit_code else "finished",
        console_tail=console_tail,
        notes=remarks,
        launches=joined.launches,
    )
    is_empty = segments[0].lost_first_row and len(run.history) > 1 and run.history.iloc[0].isna().all()
    return replace(run, history=run.history.iloc[1:]) if is_empty else run


def _unlogged(source: str, last: Segment, console_tail: str) -> str:
    """Why a run has no step: it failed before its first, or none is done yet."""
    if last.exit_code is None:
        return f"{source}: no step yet: nothing was logged; try again when the first step is done"
    line = next((line.strip() for line in reversed(console_tail.splitlines()) if line.strip()), "")
    said = f"; the last line of its output: {redact.text(wording.drawable(line, 200))[0]}" if line else ""
    if not last.exit_code:
        return f"{source}: finished without logging a step{said}; log metrics, or give another run"
    return f"{source}: no step: failed (exit code {last.exit_code}) before its first step{said}"


def _config(segments: Sequence[Segment], beside: Sequence[Beside]) -> dict[str, Any]:
    """The config of all logs, the later ones' values over the earlier ones', a log's over its files'."""
    merged: dict[str, Any] = {}
    for segment, files in zip(segments, beside, strict=True):
        merged |= {**files.config, **common.config(segment.config)}
    return merged


def _known(segments: Sequence[Segment], beside: Sequence[Beside]) -> dict[str, Any]:
    """Where the run came from, as _config() merges it."""
    merged: dict[str, Any] = {}
    for segment, files in zip(segments, beside, strict=True):
        command = common.command(segment.known.get("program"), segment.arguments)
        merged |= {**files.known, **segment.known, **({"command": command} if command else {})}
    return merged


def _logged(joined: resume.Joined) -> dict[Key, np.ndarray]:
    """The columns that hold a number, nan and inf included; a log without rows gives none."""
    odd = {key for _, key, _ in joined.nonfinite}
    columns = joined.columns.items()
    return {key: values for key, values in columns if len(values) and (key in odd or not np.isnan(values).all())}


def _source(specs: Sequence[str]) -> str:
    """Where the numbers come from, as a person would write it."""
    first, *others = specs
    kind = "W&B run directory" if os.path.isdir(first) else "W&B file"  # noqa: PTH112
    return f"{kind} {first}" + (f" and {len(others)} more of the same run" if others else "")


def _log(spec: str) -> str:
    """The log that a spec names, "" for a legacy run; NoSteps when a directory has none."""
    if not os.path.isdir(spec):  # noqa: PTH112
        return spec
    logs = _logs(spec)
    if len(logs) > 1:
        raise SourceError(f"{spec}: {len(logs)} .wandb files, where a run directory has one; name one of them")
    if not logs and any(Path(spec).glob("logs/*/*.log")):
        raise SourceError(f"{spec}: a SwanLab directory without runs.swanlab, the file beside it that names its "
                          "metrics; copy the whole swanlog folder")  # fmt: skip
    if not logs and not wandb_legacy.is_run_directory(Path(spec)):
        raise NoSteps(f"{spec}: no step yet: no .wandb file in it; copy the whole run directory, or try again later")
    return logs[0] if logs else ""


def _logs(folder: str) -> list[str]:
    """The .wandb files of a folder, sorted."""
    try:
        names = os.listdir(folder)  # noqa: PTH208
    except OSError:
        return []
    return sorted(str(Path(folder, name)) for name in names if name.endswith(SUFFIX) and Path(folder, name).is_file())


def _has_log(folder: str) -> bool:
    return bool(_logs(folder)) or wandb_legacy.is_run_directory(Path(folder))


def _may_be_run(place: Place) -> bool:
    """Whether a folder's name, or what lies in it, is worth a closer look."""
    if DIRECTORY.fullmatch(place.name) or place.name == LATEST:
        return True
    return any(name == "files" or name.startswith("wandb-") or name.endswith(SUFFIX) for name in place.names) or (
        os.path.islink(place.path)  # noqa: PTH114
    )


def _pointed(place: Place) -> Place:
    """The run directory that a `latest-run` of a checkout without symbolic links names, else the place itself."""
    if place.name == LATEST and place.is_file and place.size < 1000:
        named = place.text.strip()
        if DIRECTORY.fullmatch(named):
            directory = Place(str(Path(place.path).with_name(named)))
            return directory if directory.is_folder else place
    return place
