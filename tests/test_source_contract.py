"""A source written as docs/architecture.md says is found everywhere: one file and one line, or an entry point."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reportgen.sources import find, is_remote, read, read_all, registry, remarks
from reportgen.sources.place import Place
from reportgen.sources.source import Claim, Rank

ROOM = '''
"""Toy logs: a mark, then a number a step."""

from reportgen.gate import from_rows
from reportgen.sources import place as places
from reportgen.sources.source import Claim, Rank, Source


class Toy(Source):
    name = "toy log"

    def claim(self, place):
        return Claim(place, Rank.SURE, "a toy log", form="log") if place.head.startswith(b"TOY") else None

    def read(self, claim, keep):
        _, *rewards = places.lines(claim.place.path, [])
        rows = [{"step": step, "reward": float(text)} for step, text in enumerate(rewards, start=1) if text]
        name = places.run_name(claim.place.path)
        return from_rows(rows, id=name, name=name, source=f"{self.name} {claim.place.path}", step="step")
'''
METADATA = "Metadata-Version: 2.1\nName: toys\nVersion: 1\n"


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path of imports; the lists of sources are made anew before and after."""
    folder = tmp_path / "installed"
    folder.mkdir()
    (folder / "toyroom.py").write_text(ROOM)
    monkeypatch.syspath_prepend(str(folder))
    forget()
    yield folder
    sys.modules.pop("toyroom", None)
    monkeypatch.undo()
    forget()


def forget() -> None:
    registry.written.cache_clear()
    registry.plugged.cache_clear()
    importlib.invalidate_caches()


def plug(folder: Path, value: str) -> None:
    """Lays an installed package's entry point into a folder of the path."""
    info = folder / "toys-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA)
    (info / "entry_points.txt").write_text(f"[reportgen.sources]\ntoy = {value}\n")


def runs(folder: Path) -> Path:
    """A folder with a toy log among others."""
    (folder / "runs" / "deep").mkdir(parents=True)
    (folder / "runs" / "deep" / "first.bin").write_bytes(b"TOY\n0.25\n0.5\n")
    (folder / "runs" / "graded.csv").write_text("step,reward\n1,0.5\n2,0.25\n")
    return folder / "runs"


def test_one_file_and_one_line(tmp_path: Path, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A room in the written list is found in a folder, by a star and by its path."""
    written = f"{registry.PACKAGE}.toyroom"
    monkeypatch.setitem(sys.modules, written, importlib.import_module("toyroom"))
    monkeypatch.setattr(registry, "SOURCES", (*registry.SOURCES, "toyroom:Toy"))
    everywhere(runs(tmp_path))


def test_an_entry_point(tmp_path: Path, room: Path) -> None:
    """A room of another package is found just so, with no line in reportgen."""
    plug(room, "toyroom:Toy")
    forget()
    everywhere(runs(tmp_path))
    assert remarks([]) == ()


def everywhere(folder: Path) -> None:
    toy, table = str(folder / "deep" / "first.bin"), str(folder / "graded.csv")
    assert find(str(folder)) == (toy, table)
    assert find(f"{folder}/*") == (toy, table)
    assert find(toy) == (toy,)
    assert not is_remote(toy)
    assert read(toy).history["reward"].tolist() == [0.25, 0.5]
    assert [run.name for run in read_all([toy, table]).runs] == ["first", "graded"]


@pytest.mark.parametrize("value", ["toyroom:Nothing", "nowhere:Toy", "toyroom:places"])
def test_a_broken_plugin_is_named_and_left_out(tmp_path: Path, room: Path, value: str) -> None:
    """What can't be loaded is told in a sentence, and everything else is found as ever."""
    plug(room, value)
    forget()
    folder = runs(tmp_path)
    assert find(str(folder)) == (str(folder / "graded.csv"),)
    (told,) = remarks([])
    assert told.startswith(f"plugin toy ({value}): left out, ")
    assert "\n" not in told


def test_a_plugin_that_fails_is_named(tmp_path: Path, room: Path) -> None:
    """What a plugin lets out while it reads becomes one sentence with its name."""
    plug(room, "toyroom:Toy")
    forget()
    broken = tmp_path / "broken.bin"
    broken.write_bytes(b"TOY\nno number\n")
    with pytest.raises(registry.SourceError, match=r"broken\.bin: plugin toy failed \(ValueError: .*tell its authors"):
        read(str(broken))


def test_each_source_is_asked_once_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """find() shows a source every file and folder one time."""
    shown: list[str] = []

    class Counting:
        name, joins = "counting", False

        def claim(self, place: Place) -> Claim | None:
            shown.append(place.path)
            return None

    folder = runs(tmp_path)
    known = registry.written()
    monkeypatch.setattr(registry, "written", lambda: (*known, Counting()))
    find(str(folder))
    assert sorted(shown) == sorted(map(str, [folder, *folder.rglob("*")]))


def test_the_most_telling_claim_has_the_place(tmp_path: Path) -> None:
    """A mark goes before a likeness, and that before a name."""
    assert Rank.SURE > Rank.LIKELY > Rank.NAMED
    state = tmp_path / "trainer_state.json"
    state.write_text('{"log_history": [{"step": 1, "reward": 0.5}]}')
    taken = registry.best(Place(str(state)))
    assert taken is not None
    assert (taken.source.name, taken.claim.rank) == ("trainer_state.json", Rank.SURE)
