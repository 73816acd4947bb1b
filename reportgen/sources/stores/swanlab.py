"""SwanLab's run folders of every version: `*.swanlab` records, and the older `logs/` of JSON lines."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from reportgen import foreign
from reportgen.errors import NoSteps, SourceError
from reportgen.run import Run, State
from reportgen.sources import place as places
from reportgen.sources.beside import yaml_text
from reportgen.sources.place import Place
from reportgen.sources.source import Claim, Keep, Rank, Source
from reportgen.sources.stores import database, made
from reportgen.sources.wandb import framing, messages

MARK = b":SWL"
HEADER = 7  # bytes before the first block, as W&B has them
SUFFIX = ".swanlab"
RUN = re.compile(r"run-\d{8}_\d{6}-\w+")
OWN_METRICS = "__swanlab__"  # begins the keys of the machine's metrics
SCALAR, START, FINISH = 13, 10, 11  # fields of a record of version 2
ENDED: Mapping[int, State] = {1: "finished", 2: "crashed", 3: "crashed"}


class Swanlab(Source):
    """A run's folder."""

    name = "SwanLab"

    def claim(self, place: Place) -> Claim | None:
        if place.is_file:
            is_record = place.beginning(4) == MARK
            return Claim(place, Rank.SURE, "SwanLab records", form="tracker") if is_record else None
        names = place.names
        is_run = any(name.endswith(SUFFIX) and not name.startswith("runs.") for name in names) or (
            RUN.fullmatch(place.name) is not None and ("files" in names or "logs" in names)
            and not any(name.endswith(".wandb") for name in names)
            and _is_swanlab(Path(place.path))
        )  # fmt: skip
        return Claim(place, Rank.SURE, "a SwanLab run", form="tracker") if is_run else None

    def read(self, claim: Claim, keep: Keep) -> Run:
        place = claim.place
        folder = Path(place.path) if place.is_folder else Path(place.path).parent
        told = _Told()
        records = [place.path] if place.is_file else [str(path) for path in sorted(folder.glob(f"*{SUFFIX}"))]
        for path in records:
            told.read(path)
        if not told.logged:
            told.read_logs(folder)
        return _run(told, folder, place, keep)


def _is_swanlab(folder: Path) -> bool:
    return (folder / "files" / "swanlab-metadata.json").exists() or (folder.parent / f"runs{SUFFIX}").exists()


def _run(told: _Told, folder: Path, place: Place, keep: Keep) -> Run:
    about = _json(folder / "files" / "swanlab-metadata.json")
    runtime = foreign.mapping(about.get("runtime")) or about
    git = foreign.mapping(about.get("git"))
    series = told.logged.series()
    system = {name: series.pop(name) for name in list(series) if name.startswith(OWN_METRICS)}
    if not series:
        raise NoSteps(f"{place.path}: no step yet: SwanLab has written no metric; try again when a step is done")
    notes = list(told.notes)
    config = _unwrapped(yaml_text.beside(folder / "files" / "config.yaml", notes))
    identity = told.id or folder.name
    return made.run_of(
        series,
        keep,
        id=identity,
        name=told.name or identity,
        place=place,
        kind="SwanLab run",
        axis=made.own_axis(series),
        config=config,
        provenance={
            "project": told.project,
            "host": foreign.text(runtime.get("hostname")),
            "command": foreign.text(runtime.get("command")),
            "python": foreign.text(runtime.get("python_version") or runtime.get("python")),
            "git_commit": foreign.text(git.get("commit")),
            "git_remote": foreign.text(git.get("remote_url")),
        },
        system=_system(system),
        state=told.state,
        notes=notes,
    )


class _Told:
    """What the records of a run say, as they come."""

    def __init__(self) -> None:
        self.logged = made.Logged()
        self.id = self.name = self.project = ""
        self.state: State = "unfinished"
        self.notes: list[str] = []

    def read(self, path: str) -> None:
        """Every whole record of a file; what is torn is noted."""
        damage = framing.Damage()
        try:
            with Path(path).open("rb") as file:
                head = file.read(HEADER)
                if head[:4] != MARK:
                    raise SourceError(f"{path}: not SwanLab's records, which begin with ':SWL'; give the run's folder")
                if not file.read(1):
                    return
                file.seek(0)
                take = self._json if head[-1] == 1 else self._message
                for buffer, start, end in framing.records_below(head, file, path, damage):
                    try:
                        take(bytes(buffer[start:end]))
                    except (messages.Garbled, foreign.Unfit, ValueError):
                        continue
        except OSError as error:
            raise SourceError(f"{path}: can't be opened ({error.strerror or error}); check who may read it") from error
        if damage.torn or damage.holes:
            self.notes.append(f"{Path(path).name}: its end is torn or a part damaged; whole records were read")

    def _message(self, record: bytes) -> None:
        if scalar := messages.part(record, SCALAR):
            said = messages.numbers(scalar)
            value = messages.double(messages.part(scalar, 5), 1)
            self._add(messages.text(scalar, 1), said.get(2, 0), value if value is not None else 0.0, None)
        elif start := messages.part(record, START):
            self.project, self.name = messages.text(start, 1), messages.text(start, 4)
            self.id = messages.text(start, 10)
        elif finish := messages.part(record, FINISH):
            self.state = ENDED.get(messages.numbers(finish).get(1, 1), "unknown")

    def _json(self, record: bytes) -> None:
        told = foreign.mapping(foreign.parsed(record))
        data = foreign.mapping(told.get("data"))
        kind = told.get("model_type")
        if kind == "Scalar":
            metric = foreign.mapping(data.get("metric"))
            value = made.value_of(metric.get("data"))
            step = foreign.whole(data.get("step", metric.get("index")))
            if value is not None and step is not None:
                self._add(foreign.text(data.get("key")), step, value, made.seconds(metric.get("create_time")))
        elif kind == "Project":
            self.project = foreign.text(data.get("name"))
        elif kind == "Experiment":
            self.id, self.name = foreign.text(data.get("id")), foreign.text(data.get("name"))
        elif kind == "Footer":
            self.state = "finished" if data.get("success") else "crashed"

    def _add(self, key: str, step: int, value: float, clock: float | None) -> None:
        if key:
            self.logged.add(key, step, value, clock)

    def read_logs(self, folder: Path) -> None:
        """`logs/<number>/*.log`; what a number stands for is told by the database above."""
        names = self._from_database(folder)
        logs = folder / "logs"
        for part in sorted(os.listdir(logs)) if logs.is_dir() else ():  # noqa: PTH208
            for path in sorted((logs / part).glob("*")) if (logs / part).is_dir() else ():
                if path.suffix in (".log", ".json") and not path.name.startswith("_"):
                    for row in _lines(path):
                        step, value = foreign.whole(row.get("index")), made.value_of(row.get("data"))
                        if step is not None and value is not None:
                            self._add(names.get(part, part), step, value, made.seconds(row.get("create_time")))

    def _from_database(self, folder: Path) -> dict[str, str]:
        """Folder of a metric -> its name; and what else the database knows of this run."""
        path = folder.parent / f"runs{SUFFIX}"
        if not path.is_file():
            return {}
        with database.opened(str(path)) as connection:
            row = connection.execute(
                "SELECT id, name, status FROM experiment WHERE run_id = ?", (folder.name,)
            ).fetchone()
            if row is None:
                return {}
            self.name = foreign.text(row[1])
            states: dict[int, State] = {1: "finished", 0: "running", -1: "crashed"}
            self.state = states.get(row[2], "unknown")
            project = connection.execute("SELECT name FROM project LIMIT 1").fetchone()
            self.project = foreign.text(project[0]) if project else ""
            tags = connection.execute("SELECT folder, name FROM tag WHERE experiment_id = ?", (row[0],))
            return {foreign.text(place): foreign.text(name) for place, name in tags}


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in places.lines(str(path), []):
        try:
            yield foreign.mapping(foreign.parsed(line))
        except foreign.Unfit:
            continue


def _json(path: Path) -> dict[str, Any]:
    try:
        return foreign.mapping(foreign.parsed(path.read_bytes()[: 1 << 22])) if path.exists() else {}
    except (OSError, foreign.Unfit):
        return {}


def _unwrapped(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config without the {desc, sort, value} round each key."""
    return {
        key: value["value"] if isinstance(value, dict) and {"value", "sort"} <= value.keys() else value
        for key, value in config.items()
    }


def _system(series: Mapping[str, Any]) -> pd.DataFrame | None:
    """The machine's metrics by seconds since their first; None without a clock."""
    clocked = {name.removeprefix(OWN_METRICS): one for name, one in series.items() if one.times is not None}
    if not clocked:
        return None
    begin = min(float(one.times.min()) for one in clocked.values())
    columns = {
        name: pd.Series(one.values, index=one.times - begin).groupby(level=0).last() for name, one in clocked.items()
    }
    return pd.DataFrame(columns).rename_axis("s")
