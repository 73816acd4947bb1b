"""verl's console: lines `step:N - name:value - name:value …`, under any prefix that Ray puts before them."""

from __future__ import annotations

import re

from reportgen.gathered import Gathered
from reportgen.naming import Key
from reportgen.sources.texts.console import Console, Lines, Printed, plain

MARK = b"step:"
STEP = re.compile(rb"(?:^|[\s\)m])step:(\d{1,15}) - (?=[^\s:]+:)", re.MULTILINE)
NUMBER = re.compile(r"(?:np\.\w+\(|tensor\()?(-?(?:\d+\.?\d*(?:e[-+]?\d+)?|inf|nan))\b", re.IGNORECASE)
NAMED = re.compile(rb"'(project_name|experiment_name)': '([^']{1,200})'")
FINISHED = b"Final validation metrics"  # printed when fit() ends


class _Lines(Lines):
    """The steps so far, and what the config among them said."""

    def __init__(self) -> None:
        self._rows = Gathered()
        self._names: dict[str, str] = {}
        self._finished = False

    def feed(self, chunk: bytes, /) -> None:
        for key, value in NAMED.findall(chunk):
            self._names.setdefault(key.decode(), value.decode("utf-8", errors="replace"))
        self._finished = self._finished or FINISHED in chunk
        at = 0
        while found := STEP.search(chunk, at):
            end = chunk.find(b"\n", found.end())
            at = end if end >= 0 else len(chunk)
            self._rows.add({"step": float(found[1]), **_values(chunk[found.end() : at], whole=end >= 0)})

    def printed(self, notes: list[str]) -> Printed:
        names = self._names
        return Printed(
            self._rows,
            name=names.get("experiment_name", ""),
            framework="verl",
            state="finished" if self._finished else "unfinished",
            config={f"trainer.{key}": value for key, value in names.items()},
            provenance={"project": names["project_name"]} if "project_name" in names else {},
        )


class Verl(Console):
    """A text with a line of verl's in its first megabytes."""

    name = "verl console"
    looked_at = 1 << 23
    line = "'step:N - name:value' line"
    lines = _Lines

    def told(self, beginning: bytes) -> str:
        return self.name if MARK in beginning and STEP.search(beginning) else ""


def _values(line: bytes, *, whole: bool) -> dict[Key, float]:
    """The numbers of one line; the last is left out when the line is cut off."""
    pairs = plain(line.split(b"\r", 1)[0]).split(" - ")
    values: dict[Key, float] = {}
    for pair in pairs if whole else pairs[:-1]:
        name, _, text = pair.strip().rpartition(":")
        if name and (number := NUMBER.match(text)):
            values[name] = float(number[1])
    return values
