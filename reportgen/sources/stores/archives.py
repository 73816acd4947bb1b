"""Offline sessions of ClearML, Comet and Neptune: JSON lines in a folder or a zip archive."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reportgen import foreign
from reportgen.errors import SourceError
from reportgen.run import Run
from reportgen.settings import EXPANDS, EXPANDS_FREELY, LARGEST_WHOLE
from reportgen.sources import place as places
from reportgen.sources.place import Place
from reportgen.sources.source import Claim, Keep, Rank, Source
from reportgen.sources.stores import made

ZIP = b"PK\x03\x04"


class Clearml(Source):
    """ClearML's `offline-…` folder, or its zip."""

    name = "ClearML offline"

    def claim(self, place: Place) -> Claim | None:
        is_it = {"metrics.jsonl", "task.json"} <= members(place)
        return Claim(place, Rank.SURE, "a ClearML offline session", form="tracker") if is_it else None

    def read(self, claim: Claim, keep: Keep) -> Run:
        place = claim.place
        notes: list[str] = []
        logged = made.Logged()
        for line in lines(place, "metrics.jsonl", notes):
            for event in _parsed(line) if isinstance(_parsed(line), list) else [_parsed(line)]:
                said = foreign.mapping(event)
                step, value = foreign.whole(said.get("iter")), made.value_of(said.get("value"))
                title, series = foreign.text(said.get("metric")), foreign.text(said.get("variant"))
                name = f"{series}/{title}" if series in ("train", "eval", "test", "val") else f"{title}/{series}"
                if step is not None and value is not None and title:
                    clock = foreign.number(said.get("timestamp"))
                    logged.add(name.strip("/"), step, value, clock / 1000 if clock else None)
        task = foreign.mapping(_parsed(whole(place, "task.json")))
        general = foreign.mapping(foreign.mapping(task.get("hyperparams")).get("General"))
        config = {str(key).replace("/", "."): foreign.mapping(item).get("value") for key, item in general.items()}
        name = foreign.text(task.get("name"))
        return made.run_of(
            logged.series(),
            keep,
            id=foreign.text(task.get("id")) or Path(place.path).stem,
            name=name or Path(place.path).stem,
            place=place,
            kind="ClearML offline session",
            config=config,
            provenance={"project": foreign.text(task.get("project_name"))},
            state={"completed": "finished", "failed": "failed", "stopped": "crashed"}.get(  # type: ignore[arg-type]
                foreign.text(task.get("status")), "unknown"
            ),
            notes=[*notes, "ClearML writes nan and inf as 0"],
        )


class Comet(Source):
    """Comet's offline archive."""

    name = "Comet offline"

    def claim(self, place: Place) -> Claim | None:
        is_it = {"messages.json", "experiment.json"} <= members(place)
        return Claim(place, Rank.SURE, "a Comet offline archive", form="tracker") if is_it else None

    def read(self, claim: Claim, keep: Keep) -> Run:
        place = claim.place
        notes: list[str] = []
        logged = made.Logged()
        config: dict[str, Any] = {}
        name = ""
        for line in lines(place, "messages.json", notes):
            said = foreign.mapping(_parsed(line))
            payload, kind = foreign.mapping(said.get("payload")), said.get("type")
            if kind == "metric_msg":
                metric = foreign.mapping(payload.get("metric"))
                step = foreign.whole(metric.get("step", payload.get("step")))
                value = made.value_of(metric.get("metricValue"))
                key = foreign.text(metric.get("metricName"))
                clock = foreign.number(payload.get("local_timestamp"))
                if step is not None and value is not None and key:
                    logged.add(key, step, value, clock / 1000 if clock else None)
            elif kind == "parameter_msg":
                param = foreign.mapping(payload.get("param"))
                key = foreign.text(param.get("paramName"))
                if key and key != "curr_step":
                    config[key.replace("|", ".")] = param.get("paramValue")
            elif kind == "log_other" and payload.get("key") == "Name":
                name = foreign.text(payload.get("value"))
        about = foreign.mapping(_parsed(whole(place, "experiment.json")))
        identity = foreign.text(about.get("offline_id")) or Path(place.path).stem
        started, ended = made.moment(about.get("start_time")), made.moment(about.get("stop_time"))
        return made.run_of(
            logged.series(),
            keep,
            id=identity,
            name=name or identity,
            place=place,
            kind="Comet offline archive",
            config=config,
            provenance={"project": foreign.text(about.get("project_name")),
                        "entity": foreign.text(about.get("workspace"))},
            started=started,
            runtime_s=(ended - started).total_seconds() if started and ended else None,
            state="finished" if ended else "unfinished",
            notes=notes,
        )  # fmt: skip


class Neptune(Source):
    """A run's folder below `.neptune/offline`."""

    name = "Neptune offline"

    def claim(self, place: Place) -> Claim | None:
        is_it = place.is_folder and "data-1.log" in place.names and "metadata.json" in place.names
        return Claim(place, Rank.SURE, "a Neptune offline run", form="tracker") if is_it else None

    def read(self, claim: Claim, keep: Keep) -> Run:
        place, notes = claim.place, ["Neptune's client leaves nan and inf out"]
        logged = made.Logged()
        config: dict[str, Any] = {}
        logs = sorted(name for name in place.names if name.startswith("data-"))
        for said in (foreign.mapping(_parsed(line)) for log in logs for line in lines(place, log, notes)):
            entry = foreign.mapping(said.get("obj"))
            path = [foreign.text(part) for part in foreign.items(entry.get("path")) if isinstance(part, str | int)]
            if entry.get("type") == "LogFloats":
                for point in foreign.items(entry.get("values")):
                    step, value = (foreign.mapping(point).get(key) for key in ("step", "value"))
                    at, number = foreign.whole(step), made.value_of(value)
                    clock = foreign.number(foreign.mapping(point).get("ts"))
                    if at is not None and number is not None:
                        logged.add("/".join(path), at, number, clock or None)
            elif str(entry.get("type", "")).startswith("Assign"):
                config[".".join(path)] = entry.get("value")
        hidden = ("sys.", "monitoring.", "source_code.")
        name = foreign.text(config.get("sys.name"))
        return made.run_of(
            logged.series(),
            keep,
            id=place.name,
            name=name or place.name,
            place=place,
            kind="Neptune offline run",
            config={key.removeprefix("config."): value for key, value in config.items() if not key.startswith(hidden)},
            provenance={"host": foreign.text(config.get("sys.hostname"))},
            state="failed" if config.get("sys.failed") is True else "unknown",
            notes=notes,
        )


class Aim(Source):
    """An Aim repository, whose values only Aim itself can decode."""

    name = "Aim"

    def claim(self, place: Place) -> Claim | None:
        is_it = place.is_folder and "run_metadata.sqlite" in place.names and "seqs" in place.names
        return Claim(place, Rank.SURE, "an Aim repository", form="tracker") if is_it else None

    def read(self, claim: Claim, keep: Keep) -> Run:
        raise SourceError(f"{claim.place.path}: an Aim repository, whose values lie in Aim's own encoding; write each "
                          "run's metrics to a CSV with Aim's SDK (run.metrics(), a column a metric, and a step) and "
                          "give that")  # fmt: skip


def members(place: Place) -> frozenset[str]:
    """The names in a folder, or at the top of a zip archive."""
    if place.is_folder:
        return frozenset(place.names)
    if not place.is_file or not place.beginning(4).startswith(ZIP):
        return frozenset()
    try:
        with zipfile.ZipFile(place.path) as archive:
            return frozenset(archive.namelist())
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError, struct.error):
        return frozenset()


def lines(place: Place, name: str, notes: list[str]) -> Iterator[bytes]:
    """The lines of a member; a torn last one too, which no JSON reader takes."""
    if place.is_folder:
        yield from places.lines(str(Path(place.path, name)), notes)
    else:
        yield from whole(place, name).split(b"\n")


def whole(place: Place, name: str) -> bytes:
    """A member's bytes; SourceError where it can't be read or unpacks to more than any log."""
    try:
        if place.is_folder:
            return places.content(str(Path(place.path, name)), []).encode()
        with zipfile.ZipFile(place.path) as archive, archive.open(name) as member:
            most = max(EXPANDS_FREELY, min(LARGEST_WHOLE, EXPANDS * archive.getinfo(name).compress_size))
            found = member.read(most)
            if member.read(1):
                raise SourceError(f"{place.path}: {name} unpacks to more than {most:,} bytes; unpack it by hand")
            return found
    except (OSError, zipfile.BadZipFile, KeyError, NotImplementedError, RuntimeError, EOFError, ValueError,
            struct.error) as error:  # fmt: skip
        raise SourceError(f"{place.path}: {name} can't be read ({error}); copy the session anew") from error
    except Exception as error:
        if type(error).__module__ != "zlib":
            raise
        raise SourceError(f"{place.path}: {name} is damaged ({error}); copy the session anew") from error


def _parsed(line: bytes) -> Any:
    try:
        return foreign.parsed(line)
    except foreign.Unfit:
        return None


