"""What all consoles share: a trainer's lines, told by a mark in the first megabytes and read piece by piece."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reportgen.errors import NoSteps
from reportgen.gate import from_rows
from reportgen.gathered import Gathered
from reportgen.run import Run, State
from reportgen.sources import place as places
from reportgen.sources.areal import log
from reportgen.sources.files import growing
from reportgen.sources.logged import wanted
from reportgen.sources.place import Place
from reportgen.sources.source import Claim, Keep, Rank, Source

COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class Printed:
    """What a console's lines say of its run."""

    rows: Gathered
    step: str = "step"  # the key under which a row counts steps
    name: str = ""  # "": the file's
    kind: str = ""  # "TRL console", where the source reads several
    framework: str = ""
    state: State = "unfinished"
    config: Mapping[str, Any] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    runtime_s: float | None = None


class Lines(ABC):
    """A text as it comes in; what it has made of the lines so far is all that it keeps."""

    @abstractmethod
    def feed(self, chunk: bytes, /) -> None:
        """Takes further whole lines."""

    @abstractmethod
    def printed(self, notes: list[str]) -> Printed:
        """Everything that was said; what was odd is added to the notes."""


class Console(Source):
    """A text that one trainer printed; AReaL's own logs are left to their source."""

    looked_at = 1 << 22  # bytes in which the first step is looked for
    line: str  # what a step looks like, for people: "'step:N - name:value' line"
    lines: type[Lines]  # what reads it

    def claim(self, place: Place) -> Claim | None:
        if not place.is_text or log.is_areal(place) or not (why := self.told(place.beginning(self.looked_at))):
            return None
        return Claim(place, Rank.LIKELY, why, form="log")

    def read(self, claim: Claim, keep: Keep) -> Run:
        path, notes, kept = claim.place.path, list[str](), wanted(keep)
        said = growing.text(path, self.lines, notes).printed(notes)
        if not any(name != said.step for name in said.rows.names):
            raise NoSteps(f"{path}: no step yet: no {self.line}; try again when the first step is done")
        name = said.name or places.run_name(path)
        return from_rows(
            said.rows.only(lambda key: key == said.step or kept(str(key))),
            id=name,
            name=name,
            source=f"{said.kind or self.name} {path}",
            step=said.step,
            config=said.config,
            summary=said.summary,
            provenance=said.provenance,
            runtime_s=said.runtime_s,
            state=said.state,
            framework=said.framework,
            notes=notes,
        )

    @abstractmethod
    def told(self, beginning: bytes) -> str:
        """As what a text with this beginning is taken, "" when it is none of this trainer's."""


def plain(line: bytes) -> str:
    """A line as text, without colours."""
    return COLOUR.sub("", line.decode("utf-8", errors="replace"))


def whole_lines(chunk: bytes) -> list[bytes]:
    """The lines of a piece of whole ones, without their ends."""
    return chunk.removesuffix(b"\n").split(b"\n")
