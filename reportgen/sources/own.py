"""What reportgen itself has written: a report's JSON, from which the report is made anew."""

from __future__ import annotations

import re

from reportgen.sources import place

MARK = re.compile(rb'\A\s*\{\s*"schema": \d+,\s*"tool": \{\s*"name": "reportgen"')


def is_report(spec: str) -> bool:
    """Whether a file is a report's JSON."""
    return place.is_file(spec) and MARK.match(place.head(spec, 400)) is not None


def is_table(head: bytes) -> bool:
    """Whether a file that begins so is one of the tables that --csv writes."""
    first = head.split(b"\n", 1)[0]
    return first.startswith(b"step,") and first.endswith(b",elapsed_s")


def text(spec: str) -> str:
    """The whole of such a file; SourceError when it can't be read."""
    return place.content(spec, [])
