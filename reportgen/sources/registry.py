"""The written list of sources, one line each, and those that other packages bring by an entry point."""

from __future__ import annotations

import logging
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from reportgen.errors import ReportgenError, SourceError
from reportgen.plugins import Brought, brought
from reportgen.run import Run
from reportgen.sources import place as places
from reportgen.sources.place import Place
from reportgen.sources.source import Claim, Keep, Rank, Source

LOG = logging.getLogger(__name__)
PACKAGE = "reportgen.sources"
GROUP = "reportgen.sources"  # of entry points
SOURCES = (  # room:class, in the order in which they are asked: the telling ones first, any text last
    "stores.swanlab:Swanlab",
    "wandb.files:Files",
    "stores.mlflow:Mlflow",
    "stores.trackio:Trackio",
    "stores.dvclive:Dvclive",
    "stores.archives:Clearml",
    "stores.archives:Comet",
    "stores.archives:Neptune",
    "stores.archives:Aim",
    "tensorboard.folder:Events",
    "local_copy:LocalCopy",
    "texts.trainer_state:TrainerState",
    "texts.json_rows:JsonRows",
    "texts.columnar:ArrowTable",
    "texts.columnar:Workbook",
    "texts.columnar:NumpyArchive",
    "texts.csv_table:CsvTable",
    "texts.verl:Verl",
    "texts.slime:Slime",
    "texts.nemo_rl:NemoRl",
    "texts.dicts:Dicts",
    "areal.log:ArealLog",
    "texts.pairs:Pairs",
    "wandb.api:Api",
)


class Taken(NamedTuple):
    """A place's best claim, and whose it is."""

    claim: Claim
    source: Source


def best(place: Place) -> Taken | None:
    """The most telling claim to a place; None when no source knows it.

    Each source is asked once, and none any more when one is sure: no later one could have the place.
    """
    found: Taken | None = None
    for source in (*written(), *plugged().good):
        claim = source.claim(place)
        if claim is not None:
            LOG.debug("%s: %s claims it, %s: %s", place.spec, source.name, claim.rank.name.lower(), claim.why)
        if claim is not None and (found is None or claim.rank > found.claim.rank):
            found = Taken(claim, source)
            if claim.rank is Rank.SURE:
                break
    return found


def nothing(place: Place) -> Taken:
    """The claim to a place that no source knows: to read it says what it is."""
    return Taken(Claim(place, Rank.NAMED, place.foreign or "of no known form"), Nothing())


class Nothing(Source):
    """What is there and is no run."""

    name = "nothing"

    def claim(self, place: Place) -> Claim | None:
        return None

    def read(self, claim: Claim, keep: Keep) -> Run:
        place = claim.place
        if not place.is_file:  # opening a pipe would wait for its writer
            raise SourceError(f"{place.spec}: neither a file nor a folder; write it to a file first")
        if not place.foreign:
            raise SourceError(f"{place.spec}: nothing that reportgen reads; {places.EXPECTED}")
        raise SourceError(f"{place.spec}: {place.foreign}, not the record of a run; {places.EXPECTED}")


@cache
def written() -> tuple[Source, ...]:
    """The sources of this package."""
    made = []
    for line in SOURCES:
        room, _, name = line.partition(":")
        made.append(getattr(import_module(f"{PACKAGE}.{room}"), name)())
    return tuple(made)


@cache
def plugged() -> Brought[Source]:
    """What the entry points bring; what is broken is named and left out."""
    return brought(GROUP, Foreign)


class Foreign(Source):
    """Another package's source: what it lets out is told with its name, and takes nothing else down."""

    def __init__(self, origin: str, loaded: Any) -> None:
        self._source: Source = loaded() if isinstance(loaded, type) else loaded
        self.name, self.joins = str(self._source.name), bool(getattr(self._source, "joins", False))
        if not callable(self._source.claim) or not callable(self._source.read):
            raise TypeError("claim and read are no functions")
        self._origin = origin

    def claim(self, place: Place) -> Claim | None:
        try:
            claim = self._source.claim(place)
        except Exception:  # its own fault: the place is then none of its format
            return None
        return claim if isinstance(claim, Claim) else None

    def read(self, claim: Claim, keep: Keep) -> Run:
        try:
            run = self._source.read(claim, keep)
        except ReportgenError:
            raise
        except Exception as error:
            raise self._fault(claim, f"{type(error).__name__}: {error}") from error
        if not isinstance(run, Run):
            raise self._fault(claim, f"it gave a {type(run).__name__}, not a Run")
        return run

    def _fault(self, claim: Claim, what: str) -> SourceError:
        return SourceError(f"{claim.place.spec}: plugin {self._origin} failed ({what}); tell its authors")
