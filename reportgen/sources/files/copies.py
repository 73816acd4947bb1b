"""Copies of what lies elsewhere, kept while a command runs: each folder of them says what it is a copy of."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from reportgen.errors import SourceError
from reportgen.run import Run

STDIN = "-"
ORIGIN = ".reportgen-origin"  # a file in the folder of a copy: what was typed
MOST = 2 << 30  # bytes that are copied for one spec: what a laptop's disk has to spare
PIECE = 1 << 20


def folder(origin: str) -> Path:
    """A new folder for copies of what was typed; it goes when the process ends."""
    made = Path(tempfile.mkdtemp(prefix="reportgen-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    (made / ORIGIN).write_text(origin, encoding="utf-8")
    return made


def of_stdin(stream: BinaryIO | None = None) -> str:
    """The path of a copy of standard input; SourceError when a person sits there, or nothing came."""
    given = stream or getattr(sys.stdin, "buffer", None)
    if given is None or (stream is None and sys.stdin.isatty()):
        raise SourceError("-: standard input is a terminal; pipe a log or a table into it")
    path = folder(STDIN) / "stdin"
    n_read = 0
    with path.open("wb") as file:
        while piece := given.read(PIECE):
            n_read += len(piece)
            if n_read > MOST:
                raise SourceError(f"-: more than {MOST >> 30} GB of standard input; write it to a file and give that")
            file.write(piece)
    if not n_read:
        raise SourceError("-: nothing came on standard input; check the command before the pipe")
    return str(path)


def origin(path: str) -> tuple[str, str]:
    """The folder of copies that a path stands in, and what it is a copy of; "" twice when it is none."""
    root = os.path.realpath(tempfile.gettempdir())
    for above in Path(os.path.realpath(path)).parents:
        if str(above.parent) == root and above.name.startswith("reportgen-") and (above / ORIGIN).is_file():
            return str(above), (above / ORIGIN).read_text(encoding="utf-8")
    return "", ""


def said(text: str, path: str) -> str:
    """A text about a copy as one about what it is a copy of."""
    where, typed = origin(path)
    if not where:
        return text
    if typed == STDIN:
        return text.replace(f"{where}/stdin", "standard input")
    return text.replace(where, typed.rstrip("/"))


def told(run: Run, path: str) -> Run:
    """The run of a copy, which names what it is a copy of."""
    if not origin(path)[0]:
        return run
    return replace(run, source=said(run.source, path), notes=tuple(said(note, path) for note in run.notes))
