"""What must hold whatever is read: a report or a sentence, in time, and outputs without what harms."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from reportgen import compose, diagnose, page, sources, to_json, to_markdown
from reportgen.errors import ReportgenError
from reportgen.findings import Diagnosis
from reportgen.render import to_csv, to_text
from reportgen.report import from_json
from reportgen.run import Run
from reportgen.sources import own
from tests.fuzz.seeds import Files

LONGEST_S = 5  # of computing, for one input as far as the reader goes, and for one page: a busy machine breaks nothing
LONGEST_WAIT_S = 60  # by the clock
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
LONG_SENTENCE = 1_000  # characters of an error


class TooSlow(Exception):
    """An input that takes longer than it may."""


def read(files: Files, folder: Path) -> list[Run]:
    """The runs in these files; any error that is no ReportgenError is let out."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    with in_time():
        runs = []
        try:
            found = sources.find(str(folder))
        except ReportgenError as error:
            said(error)
            found = tuple(str(folder / name) for name in files)  # as a person would name it
        for spec in found:
            try:
                runs.append(sources.read(spec))
            except ReportgenError as error:
                said(error)
        for path in map(str, folder.glob("*.json")):
            if own.is_report(path):
                try:
                    from_json(own.text(path))
                except ReportgenError as error:
                    said(error)
    for run in runs:
        sound(run)
    return runs


def shown(runs: list[Run]) -> None:
    """Every output of the runs, held to its promises."""
    with in_time():
        diagnoses: list[Diagnosis] = []
        for run in runs:
            try:
                diagnoses.append(diagnose(run))
            except ReportgenError as error:
                said(error)
        if not diagnoses:
            return
        report = compose(diagnoses, [("a\x1bb", "c\x9bd")])
        texts = [to_text(report), to_markdown(report), to_json(report), page(report)]
        texts += [table for run in runs for table in to_csv(run).values()]
    for text in texts:
        assert not CONTROL.search(text), f"a control sign: {CONTROL.search(text)}"
    for table in texts[4:]:
        assert not any(cell.lstrip('"')[:1] in ("=", "+", "@") for cell in table.split("\n", 1)[0].split(","))
    if own.MARK.match(texts[2].encode()):
        assert page(from_json(texts[2])) == texts[3]


def sound(run: Run) -> None:
    """What every room behind the gate relies on."""
    assert run.history.index.is_monotonic_increasing and run.history.index.is_unique
    assert len(run.history) and len(run.history.columns)
    assert all(isinstance(text, str) for text in (run.id, run.name, run.source, run.console_tail, *run.notes))
    assert run.history.columns.is_unique
    assert all(isinstance(name, str) for name in run.history.columns)
    assert all(isinstance(key, str) for values in (run.config, run.summary, run.provenance) for key in values)


def said(error: ReportgenError) -> None:
    """One line, not too long."""
    text = str(error)
    assert text and "\n" not in text, repr(text)
    assert len(text) < LONG_SENTENCE, text


@contextmanager
def in_time() -> Iterator[None]:
    """Raises TooSlow in what computes or waits for too long."""

    def late(number: int, frame: FrameType | None) -> None:
        raise TooSlow(f"more than {LONGEST_S} s of computing, or {LONGEST_WAIT_S} s of waiting")

    before = [signal.signal(which, late) for which in (signal.SIGPROF, signal.SIGALRM)]
    signal.setitimer(signal.ITIMER_PROF, LONGEST_S)
    signal.alarm(LONGEST_WAIT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
        for which, handler in zip((signal.SIGPROF, signal.SIGALRM), before, strict=True):
            signal.signal(which, handler)
