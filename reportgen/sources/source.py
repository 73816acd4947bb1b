"""The contract of a source: what it says of a place, and what it gives when that is read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, Protocol

from reportgen.run import Run
from reportgen.sources.place import Place

Keep = Collection[str] | None  # the metrics wanted; None: every one
Form = Literal["tracker", "log", "table"]


class Rank(IntEnum):
    """How telling a claim is: the highest has the place, of equals the source that is asked first."""

    NAMED = 1  # only its name, or that it is a text: enough when a person names it, too little in a folder
    LIKELY = 2  # its first bytes, or a name that nothing else has
    SURE = 3  # a mark that nothing else carries


@dataclass(frozen=True, eq=False)
class Claim:
    """A place is of one source's format."""

    place: Place
    rank: Rank
    why: str  # for people: "event files of 3 writers"
    run: str = ""  # the run's identity where the place tells it; records of one run find each other by it
    form: Form = "table"  # a tracker's store, what a trainer printed, or rows that anybody may have written
    again: str = ""  # of those with one such key, which hold the same again, the one with the highest order is taken
    order: float = 0.0
    parts: Callable[[], Sequence[str]] = tuple  # the specs of the runs in it, when it holds several; find asks
    takes: Collection[str] | None = None  # of a folder: the names in it that are of this run; None: all
    remote: bool = False  # to be fetched from elsewhere
    more: tuple[Claim, ...] = ()  # further places of the same run, for a source that joins


class Source(Protocol):
    """One format, in one room. Subclass it, so that what has a default here needn't be written."""

    name: str  # "TensorBoard folder"
    joins: bool = False  # whether read() takes the places in `claim.more` too
    has_config: bool | None = None  # whether it says what the run was started with; None: when it is a tracker's

    def claim(self, place: Place) -> Claim | None:
        """What this source says of a place, None when it isn't of its format; looks at what Place holds."""
        ...

    def read(self, claim: Claim, keep: Keep) -> Run:
        """The run of a place (of `place.part`, where it holds several), rows and all else handed to the gate.

        Raises SourceError: where, what, what to do; NoSteps when nothing was logged yet.
        """
        ...
