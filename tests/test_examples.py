"""The example packages of docs/examples work as they stand, each by its own entry point."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from reportgen import diagnostics, render, sources, trainers
from reportgen.diagnostics import plugged as checks
from reportgen.report import compose
from reportgen.report import plugged as sections
from reportgen.sources import registry

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
TABLE = "step,reward,_runtime\n" + "".join(f"{step},0.{step},{step}00\n" for step in range(10, 45))
CACHES = (registry.plugged, checks.plugged, sections.plugged, trainers._installed, trainers._all)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """All examples as installed packages; a folder for what else a test installs."""
    site = tmp_path / "site"
    for package in sorted(EXAMPLES.glob("toy_*")):
        project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        monkeypatch.syspath_prepend(str(package))
        lay(site, project["name"], project["entry-points"])
    monkeypatch.syspath_prepend(str(site))
    forget()
    yield site
    monkeypatch.undo()
    forget()
    for name in [name for name in sys.modules if name.startswith("reportgen_toy")]:
        del sys.modules[name]


def lay(site: Path, name: str, groups: dict[str, dict[str, str]]) -> None:
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in points.items())
             for group, points in groups.items()]  # fmt: skip
    (info / "entry_points.txt").write_text("\n".join(lines))


def forget() -> None:
    for cached in CACHES:
        cached.cache_clear()


def report(folder: Path, name: str = "grpo.csv", text: str = TABLE):
    (folder / name).write_text(text)
    return compose([diagnostics.diagnose(sources.read(str(folder / name)))])


def test_a_source(installed: Path, tmp_path: Path) -> None:
    """The toy format is found in a folder and read."""
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "one").write_text("TOY\n0.25\n0.5\n")
    (spec,) = sources.find(str(tmp_path / "runs"))
    assert sources.read(spec).history["reward"].tolist() == [0.25, 0.5]


def test_a_trainer(installed: Path, tmp_path: Path) -> None:
    """Its runs are recognised and its names play their roles."""
    made = report(tmp_path, "t.csv", TABLE.replace("reward", "toyrl/solved"))
    assert made.diagnoses[0].run.framework == "toy-rl"
    assert made.diagnoses[0].roles["train_reward"].name == "toyrl/solved"


def test_a_check(installed: Path, tmp_path: Path) -> None:
    """Its finding stands on the page, under its title, and in the JSON."""
    made = report(tmp_path)
    (found,) = [one for one in made.diagnoses[0].findings if one.check == "team_length"]
    assert found.headline == "35 steps, fewer than 50"
    assert "35 steps, fewer than 50" in render.page(made)
    assert '"team_length"' in render.to_json(made)


def test_a_section(installed: Path, tmp_path: Path) -> None:
    """Its template's words stand on the page, what a run is called escaped."""
    page = render.page(report(tmp_path, "a<b>.csv"))
    assert "0.49 kWh a GPU" in page
    assert "a&lt;b&gt; took 0.49 kWh a GPU, at 400 W." in page


def test_broken_ones_are_named_and_left_out(installed: Path, tmp_path: Path) -> None:
    """What can't be loaded or fails is told with its name, and the rest of the page stands."""
    (installed / "broken_toys.py").write_text(
        "from reportgen.findings import Check\nfrom reportgen.report.plugged import Extra\n"
        "CHECK = Check('bad', 'policy', 'Bad', 'Is it?', ('train_reward',), lambda evidence, settings: 1 / 0)\n"
        "EXTRA = Extra('Bad', '{{ nothing }}', lambda diagnosis: {'title': 'Bad'})\n"
        "WORSE = Extra('Worse', '', lambda diagnosis: 1 / 0)\n"
        "from reportgen.trainers import Trainer\n"
        "TRAINER = Trainer('odd', 'Odd', marks=('(',))\n"
        "class SOURCE: name = 'half'\n"
    )
    lay(installed, "broken-toys", {"reportgen.checks": {"bad": "broken_toys:CHECK", "none": "broken_toys:NONE"},
                                   "reportgen.sources": {"half": "broken_toys:SOURCE"},
                                   "reportgen.trainers": {"odd": "broken_toys:TRAINER", "lost": "nowhere:TRAINER"},
                                   "reportgen.sections": {"bad": "broken_toys:EXTRA", "worse": "broken_toys:WORSE",
                                                          "gone": "nowhere:X"}})  # fmt: skip
    forget()
    made = report(tmp_path)
    (skipped,) = [one for one in made.diagnoses[0].skipped if one.check == "bad"]
    assert skipped.reason == "plugin bad failed (ZeroDivisionError: division by zero); tell its authors"
    assert [told.split(":")[0] for told in diagnostics.remarks()] == ["plugin none (broken_toys"]
    assert [told.split(" (")[0] for told in sections.plugged().problems] == ["plugin gone"]
    told = [one.split(" (")[0] for one in sources.remarks([])]
    assert told == ["plugin lost", "plugin odd", "plugin half"]
    assert made.diagnoses[0].run.framework == ""
    page = render.page(made)
    assert "Plugin bad failed (UndefinedError); tell its authors." in page
    assert "Plugin worse failed (ZeroDivisionError); tell its authors" in page
