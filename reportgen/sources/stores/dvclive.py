"""DVCLive's folder: a table a metric under `plots/metrics`, whose path is the metric's name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reportgen.run import Run
from reportgen.sources import place as places
from reportgen.sources.beside import yaml_text
from reportgen.sources.place import Place
from reportgen.sources.source import Claim, Keep, Rank, Source
from reportgen.sources.stores import made

METRICS = Path("plots", "metrics")


class Dvclive(Source):
    """One folder, one run."""

    name = "DVCLive"

    def claim(self, place: Place) -> Claim | None:
        if not place.is_folder or "plots" not in place.names or not any(Path(place.path, METRICS).rglob("*.tsv")):
            return None
        return Claim(place, Rank.SURE, "a DVCLive folder", form="tracker")

    def read(self, claim: Claim, keep: Keep) -> Run:
        folder = Path(claim.place.path)
        notes: list[str] = []
        logged = made.Logged()
        for path in sorted((folder / METRICS).rglob("*.tsv")):
            name = path.relative_to(folder / METRICS).with_suffix("").as_posix()
            for step, value in _points(str(path), notes):
                logged.add(name, step, value)
        return made.run_of(
            logged.series(),
            keep,
            id=folder.resolve().name,
            name=_name(folder.resolve()),
            place=claim.place,
            kind="DVCLive folder",
            config=yaml_text.beside(folder / "params.yaml", notes),
            notes=[*notes, "DVCLive counts steps from 0 and keeps no clock and no state of a run"],
        )


def _points(path: str, notes: list[str]) -> Iterator[tuple[int, float]]:
    """(step, value) of each whole row: DVCLive ends each, so what follows the last end is torn."""
    at, column = 0, 1
    for number, line in enumerate(places.content(path, notes).split("\n")[:-1]):
        cells = line.rstrip("\r").split("\t")
        if number == 0:
            if "step" in cells:
                at = cells.index("step")
                column = next((place for place in range(len(cells) - 1, -1, -1) if place != at), at)
            continue
        if len(cells) > max(at, column):
            step, value = made.value_of(cells[at]), made.value_of(cells[column])
            if step is not None and value is not None and step.is_integer():
                yield int(step), value


def _name(folder: Path) -> str:
    """The folder's name, or that of the one above when it says nothing."""
    return folder.parent.name if folder.name == "live" and folder.parent.name else folder.name
