"""Run directories of the SDK before transaction logs, in the shape that 0.8.36 writes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reportgen import sources
from reportgen.errors import NoSteps
from reportgen.sources.wandb import files

METADATA = {"program": "train.py", "args": ["--lr", "1"], "host": "node-1", "startedAt": "2020-03-01T10:00:00.5",
            "name": "old run", "project": "p", "jobType": "train", "exitcode": 0, "state": "finished"}  # fmt: skip
CONFIG = """wandb_version: 1

_wandb:
  desc: null
  value:
    cli_version: 0.8.36
lr:
  desc: null
  value: 1.0e-05
actor:
  desc: null
  value:
    path: Qwen/Qwen2.5
"""
BEGIN = 1583056800  # seconds since 1970
EVENT = {"system.cpu": 49.5, "system.network.sent": 2853, "_wandb": True, "_timestamp": BEGIN + 10.5, "_runtime": 10}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A dryrun directory of 0.8."""
    folder = tmp_path / "dryrun-20200301_100000-old1"
    folder.mkdir()
    rows = [
        {"reward": n / 10, "nest": {"q": n}, "_step": n, "_runtime": 1.5 + n, "_timestamp": BEGIN + 2 + n}
        for n in range(5)
    ]
    rows[3]["loss"] = float("nan")
    (folder / "wandb-history.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "wandb-events.jsonl").write_text(json.dumps(EVENT) + "\n")
    (folder / "wandb-summary.json").write_text('{"reward": 0.4, "best": {"step": 2}, "_step": 4}')
    (folder / "wandb-metadata.json").write_text(json.dumps(METADATA))
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "output.log").write_text("hello\n10%\r99%\n")
    return folder


def test_rows_are_read(old: Path) -> None:
    """Every number stands at its step, nested ones joined, nan told."""
    run = files.read_many([str(old)])
    assert run.history["reward"].to_dict() == {0: 0.0, 1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4}
    assert run.history["nest.q"].tolist() == list(range(5))
    assert [(found.step, found.metric) for found in run.nonfinite] == [(3, "loss")]


def test_what_is_known_of_the_run_is_read(old: Path) -> None:
    """Name, config, summary, provenance, hardware, console and end are told."""
    run = files.read_many([str(old)])
    assert (run.id, run.name, run.state, run.runtime_s) == ("old1", "old run", "finished", 5.5)
    assert run.config == {"lr": 1e-5, "actor.path": "Qwen/Qwen2.5"}
    assert run.summary == {"reward": 0.4, "best.step": 2}
    assert run.provenance["command"] == "train.py --lr 1"
    assert (run.provenance["wandb_version"], run.provenance["job_type"]) == ("0.8.36", "train")
    assert run.system is not None and run.system["cpu"].to_dict() == {10.0: 49.5}
    assert run.console_tail == "hello\n99%"


def test_a_legacy_directory_is_found_as_one_run(old: Path) -> None:
    """Nothing inside a run directory is looked at as a run of its own."""
    assert sources.find(str(old.parent)) == (str(old),)


def test_a_torn_line_is_noted(old: Path) -> None:
    """A line that is no JSON object is left out and counted."""
    with (old / "wandb-history.jsonl").open("a") as history:
        history.write('{"reward": 0.5, "_st')
    run = files.read_many([str(old)])
    assert len(run.history) == 5
    assert any("1 line held no JSON object" in note for note in run.notes)


def test_only_wanted_metrics_are_read(old: Path) -> None:
    """keep decides by name."""
    assert list(files.read_many([str(old)], keep={"nest.q"}).history.columns) == ["nest.q"]


def test_no_row_is_no_step_yet(old: Path) -> None:
    """An empty history is named so."""
    (old / "wandb-history.jsonl").write_text("")
    with pytest.raises(NoSteps, match="no step yet"):
        files.read_many([str(old)])


def test_without_an_end_it_is_unfinished(old: Path) -> None:
    """Metadata that say "running" are of a job that was killed or still runs."""
    (old / "wandb-metadata.json").write_text('{"state": "running"}')
    run = files.read_many([str(old)])
    assert run.state == "unfinished"
    assert any("killed" in note for note in run.notes)
