"""trackio: a SQLite file a project, and its Parquet twin."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from reportgen import foreign, naming
from reportgen.run import Run
from reportgen.sources.place import Place
from reportgen.sources.source import Claim, Keep, Rank, Source
from reportgen.sources.stores import database, made
from reportgen.sources.stores.made import Known

TABLES = frozenset({"metrics", "configs"})
OWN = {"_Username": "user", "_Group": "group"}  # what trackio adds to a config


class Trackio(Source):
    """A project's database."""

    name = "trackio"

    def claim(self, place: Place) -> Claim | None:
        if not database.tables(place) >= TABLES or not _is_own(place):
            return None
        several = partial(database.specs, place, _runs)
        return Claim(place, Rank.SURE, "a trackio database", form="tracker", parts=several)

    def read(self, claim: Claim, keep: Keep) -> Run:
        place = claim.place
        with database.opened(place.path) as connection:
            known = made.chosen(place, _runs(connection))
            has_id = "run_id" in database.columns(connection, "metrics")
            where, wanted = ("run_id = ? AND run_name = ?", (known.id, known.name)) if has_id else (
                "run_name = ?", (known.name,)
            )  # fmt: skip
            points = made.Logged()
            rows = connection.execute(f"SELECT step, metrics FROM metrics WHERE {where} ORDER BY id", wanted)
            for step, logged in rows:
                _add(points.add, step, logged)
            config = _config(connection, where, wanted)
        series = points.series()
        axis = made.own_axis(series)
        return made.run_of(
            series,
            keep,
            id=known.id,
            name=known.name,
            place=place,
            kind="trackio database",
            axis=axis,
            config={key: value for key, value in config.items() if not key.startswith("_")},
            provenance={"project": Path(place.path).stem, **{mine: config.get(own) for own, mine in OWN.items()}},
            started=foreign.moment(config.get("_Created")),
            notes=["trackio keeps no state and no clock of a run"],
        )


def _is_own(place: Place) -> bool:
    with database.opened(place.path) as connection:
        return {"run_name", "step", "metrics"} <= database.columns(connection, "metrics")


def _runs(connection: sqlite3.Connection) -> list[Known]:
    """Each run by its id and its name, since names may come again; in the order in which they began."""
    column = "run_id" if "run_id" in database.columns(connection, "metrics") else "run_name"
    rows = connection.execute(f"SELECT {column}, run_name FROM metrics GROUP BY {column}, run_name ORDER BY min(id)")
    return [Known(str(id), foreign.text(name) or str(id)) for id, name in rows]


def _add(add: Callable[[str, int, float], None], step: Any, logged: Any) -> None:
    """One row's numbers; the clock that is stored is that of the batch that was sent, so none is taken."""
    at = foreign.whole(step)
    try:
        row = foreign.mapping(foreign.parsed(logged if isinstance(logged, bytes | str) else ""))
    except foreign.Unfit:
        return
    if at is None:
        return
    for key, value in row.items():
        if type(value) is float:  # nearly every one is
            add(key, at, value)
            continue
        for name, leaf in naming.leaves({key: value}):
            number = made.value_of(leaf)
            if number is not None:
                add(name if isinstance(name, str) else ".".join(name), at, number)


def _config(connection: sqlite3.Connection, where: str, wanted: tuple[str, ...]) -> dict[str, Any]:
    row = connection.execute(f"SELECT config FROM configs WHERE {where} ORDER BY id DESC LIMIT 1", wanted).fetchone()
    try:
        return foreign.mapping(foreign.parsed(row[0])) if row else {}
    except (foreign.Unfit, AttributeError):
        return {}
