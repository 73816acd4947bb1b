"""verl's console: lines `step:N - name:value - name:value …`, under any prefix that Ray puts before them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from reportgen.errors import NoSteps
from reportgen.gate import from_rows
from reportgen.naming import Key
from reportgen.run import Run
from reportgen.sources import place
from reportgen.sources.areal import log
from reportgen.sources.logged import wanted
from reportgen.sources.place import Place
from reportgen.sources.source import Claim, Keep, Rank, Source

LOOKED_AT = 1 << 23  # bytes in which a console's first step is looked for
MARK = b"step:"
STEP = re.compile(rb"(?:^|[\s\)m])step:(\d{1,15}) - (?=[^\s:]+:)", re.MULTILINE)
NUMBER = re.compile(r"(?:np\.\w+\(|tensor\()?(-?(?:\d+\.?\d*(?:e[-+]?\d+)?|inf|nan))\b", re.IGNORECASE)
NAMED = re.compile(rb"'(project_name|experiment_name)': '([^']{1,200})'")
FINISHED = b"Final validation metrics"  # printed when fit() ends
COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Verl(Source):
    """A text with a line of verl's in its first megabytes."""

    name = "verl console"

    def claim(self, place: Place) -> Claim | None:
        if not place.is_text or log.is_areal(place):
            return None
        beginning = place.beginning(LOOKED_AT)
        if MARK not in beginning or not STEP.search(beginning):
            return None
        return Claim(place, Rank.LIKELY, self.name, form="log")

    def read(self, claim: Claim, keep: Keep) -> Run:
        return read(claim.place.path, keep=keep)


def read(spec: str, *, keep: Collection[str] | None = None) -> Run:
    """The run of a verl console."""
    notes: list[str] = []
    kept = wanted(keep)
    rows: list[dict[Key, float]] = []
    names: dict[str, str] = {}
    finished = False
    for chunk in place.chunks(spec, notes):
        for key, value in NAMED.findall(chunk):
            names.setdefault(key.decode(), value.decode("utf-8", errors="replace"))
        finished = finished or FINISHED in chunk
        at = 0
        while found := STEP.search(chunk, at):
            end = chunk.find(b"\n", found.end())
            at = end if end >= 0 else len(chunk)
            rows.append({"step": float(found[1]), **_values(chunk[found.end() : at], kept, whole=end >= 0)})
    if not any(len(row) > 1 for row in rows):
        raise NoSteps(f"{spec}: no step yet: no 'step:N - name:value' line; try again when the first step is done")
    experiment = names.get("experiment_name", "")
    return from_rows(
        rows,
        id=experiment or place.run_name(spec),
        name=experiment or place.run_name(spec),
        source=f"verl console {spec}",
        step="step",
        config={f"trainer.{key}": value for key, value in names.items()},
        provenance={"project": names["project_name"]} if "project_name" in names else None,
        state="finished" if finished else "unfinished",
        framework="verl",
        notes=notes,
    )


def _values(line: bytes, kept: Callable[[str], bool], *, whole: bool) -> dict[Key, float]:
    """The numbers of one line; the last is left out when the line is cut off."""
    pairs = COLOUR.sub("", line.decode("utf-8", errors="replace").split("\r", 1)[0]).split(" - ")
    values: dict[Key, float] = {}
    for pair in pairs if whole else pairs[:-1]:
        name, _, text = pair.strip().rpartition(":")
        if name and kept(name) and (number := NUMBER.match(text)):
            values[name] = float(number[1])
    return values
