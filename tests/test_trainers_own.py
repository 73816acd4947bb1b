"""A trainer of one's own, out of a settings file."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from reportgen import metrics, trainers
from reportgen.cli import cli
from reportgen.errors import SettingsError
from reportgen.trainers.tables import trainers_of

MINE = """
[trainer.mine]
title = "Our trainer"
marks = ["^quality/solved$"]
accuracies = "quality/solved"
axes = {"heldout/*" = "heldout/round"}
evals = [{name = "heldout/{set}/solved", kind = "mean", accuracy = true}]
samples = ["batch", "answers"]
roles = {train_reward = "quality/solved", eval_reward = "heldout/*/solved"}
sums = {zero_variance_groups = {parts = ["groups/none", "groups/all"], scale = 0.01}}
config = {lr = "opt.lr"}
"""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Rows of such a trainer, with evals that count themselves."""
    rows = [{"step": step, "quality/solved": step / 40, "groups/none": 10, "groups/all": 15} for step in range(1, 21)]
    rows += [{"heldout/round": step, "heldout/gsm8k/solved": step / 50} for step in (10, 20)]
    (tmp_path / "reportgen.toml").write_text(MINE)
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path / "log.jsonl"


def test_the_commands_know_it(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`reportgen metrics` says role, axis, eval set, kind and why, in its words."""
    monkeypatch.chdir(log.parent)
    said = CliRunner().invoke(cli, ["metrics", "log.jsonl"], catch_exceptions=False).output
    eval_line = next(line for line in said.splitlines() if line.startswith("  heldout"))
    for word in ("eval_reward", "heldout/round", "gsm8k, mean@1", "Our trainer's name for it"):
        assert word in eval_line
    assert "groups/none + groups/all" in said and "zero_variance_groups" in said


def test_it_is_forgotten_afterwards(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command's trainers are no other's."""
    monkeypatch.chdir(log.parent)
    CliRunner().invoke(cli, ["metrics", "log.jsonl"], catch_exceptions=False)
    assert trainers.own() == ()
    assert metrics.framework(["quality/solved"]) == ""


def test_a_diagnosis_speaks_of_it(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its accuracy is one, and the eval is found."""
    monkeypatch.chdir(log.parent)
    said = CliRunner().invoke(cli, ["diagnose", "log.jsonl", "--format", "json"], catch_exceptions=False).output
    (run,) = json.loads(said)["runs"]
    assert (run["framework"], run["roles"]["train_reward"]) == ("mine", "quality/solved")
    assert [one["n"] for one in run["eval_points"]] == [1319, 1319]  # gsm8k's, so its set was told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[trainer.mine]\ntitle = 'x'", "nothing tells its runs"),
        ("[trainer.mine]\nmarks = ['(']", "no regular expression"),
        ("[trainer.mine]\nmarks = 3", "expected a text"),
        ("[trainer.mine]\nmarks = ['a']\nrules = {}", "no such key"),
        ("[trainer.mine]\nmarks = ['a']\nroles = {reward = 'x'}", "train_reward"),
        ("[trainer.mine]\nmarks = ['a']\nconfig = {rate = 'x'}", "lr"),
        ("[trainer.mine]\nmarks = ['a']\nevals = [{name = 'x', kind = 'avg'}]", "kinds: mean"),
        ("[trainer.mine]\nmarks = ['a']\nevals = [{nom = 'x'}]", "expected rows like"),
        ("[trainer.mine]\nmarks = ['a']\nsums = {kl = 'x'}", "expected rows like"),
        ("[trainer.mine]\nmarks = ['a']\nsamples = 'x'", "keys to multiply"),
        ("[trainer.mine]\nmarks = ['a']\nstep_rule = 'from_two'", "from_one"),
        ("[trainer.'My Own']\nmarks = ['a']", "no name"),
        ("trainer = 'mine'", "write \\[trainer.mine\\]"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    """Each key that can't be used is named, with what goes there."""
    with pytest.raises(SettingsError, match=said):
        trainers_of(tomllib.loads(text)["trainer"], metrics.BY_ROLE)


def test_the_example_of_the_docs_is_one() -> None:
    """docs/trainers.md shows a table that is taken."""
    text = (Path(__file__).parents[1] / "docs" / "trainers.md").read_text(encoding="utf-8")
    (mine,) = trainers_of(tomllib.loads(text.split("```toml\n")[1].split("```")[0])["trainer"], metrics.BY_ROLE)
    assert (mine.title, len(mine.evals), mine.samples) == ("Our trainer", 2, (("batch", "answers"),))


def test_every_trainer_is_in_the_docs_with_its_version() -> None:
    """The coverage table has a row a trainer, with the version that its file says."""
    text = (Path(__file__).parents[1] / "docs" / "trainers.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    for trainer in trainers.BUILT_IN:
        (row,) = [line for line in rows if line.split("|")[1].strip().removesuffix(" cookbook") == trainer.title]
        assert trainer.name == "unsloth" or trainer.checked.removeprefix("0.3.3.dev, ") in row
