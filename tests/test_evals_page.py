"""All evals and the parts of the reward, on the page and in the JSON."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import numpy as np
import pytest
from test_evals import AMC, GSM8K, SEVERAL, STEPS, TRAIN

from reportgen import compose, diagnose, page, to_json, to_markdown
from reportgen.comparable import comparable, groups, why_not
from reportgen.settings import Settings


class Words(HTMLParser):
    """The text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.feed(text)

    def handle_data(self, data: str) -> None:
        self.said.append(data)


@pytest.fixture(scope="module")
def several():
    """The report of a run with three eval sets and two parts."""
    from reportgen.gate import from_rows

    columns = {"step": STEPS, **SEVERAL, "reward/accuracy": TRAIN, "reward/format": np.minimum(1, 0.5 + STEPS / 60)}
    columns["critic/score/mean"] = (columns["reward/accuracy"] + columns["reward/format"]) / 2
    return compose([diagnose(from_rows(columns, id="r", source="a test", name="several"))])


def test_every_eval_stands_in_the_json(several):
    """Set, kind, size, what it gained, and which is the main one."""
    (run,) = json.loads(to_json(several))["runs"]
    assert [one["name"] for one in run["evals"]][:1] == [GSM8K]
    assert {one["set"]: one["problems"] for one in run["evals"]} == {"openai/gsm8k": 1319, "aime_2024": 30, "amc": None}
    assert [one["main"] for one in run["evals"]] == [True, False, False]
    amc = next(one for one in run["evals"] if one["name"] == AMC)
    assert (amc["direction"], amc["gain"]["absolute"]) == ("falling", pytest.approx(-0.1))
    assert {one["part"] for one in run["components"]} == {"accuracy", "format"}


def test_every_eval_stands_on_the_page(several):
    """In a table and a small chart each, the fall as the title."""
    said = " ".join(" ".join(Words(page(several)).said).split())
    for words in ("amc (mean@8) fell from", "aime_2024 (mean@32)", "judged here", "transfer", "at its top since step"):
        assert words in said
    assert "judged here" in to_markdown(several)


def test_a_fall_of_another_set_is_a_warning(several):
    """Though the main eval is well."""
    found = several.diagnoses[0].finding("evals")
    assert found.severity.word == "warning"
    assert found.headline.startswith("amc (mean@8) fell from 33.00")


def test_what_measures_different_things_is_not_comparable(make_run):
    """Log-probabilities beside accuracies; one set beside another."""
    accurate = diagnose(make_run({"ppo_actor/task_reward/avg": TRAIN}))
    likely = diagnose(make_run({"ppo_actor/task_reward/avg": TRAIN - 3}))
    assert "is an accuracy" in why_not(accurate, likely, "train")
    first, other = (diagnose(make_run(SEVERAL), Settings(eval=name)) for name in ("gsm8k", "amc"))
    assert not comparable(first, other)
    assert comparable(first, first)
    assert groups([likely, accurate, accurate], "train") == ((1, 2), (0,))


def test_many_runs_are_grouped_as_each_pair_would_be(make_run, monkeypatch):
    """Runs of one kind are held against the others once; the groups are those of all pairs."""
    shifts = (0.0, -3.0, 0.001, -3.0005, 0.002, 40.0)
    runs = [diagnose(make_run({"ppo_actor/task_reward/avg": TRAIN + shift})) for shift in shifts * 4]
    held = []
    monkeypatch.setattr("reportgen.comparable.why_not", lambda a, b, measure: held.append(1) or why_not(a, b, measure))
    found = groups(runs, "train")
    assert len(held) < len(runs) * 2
    for group in found:
        assert all(comparable(runs[a], runs[b], "train") for a in group for b in group)
    assert sorted(at for group in found for at in group) == list(range(len(runs)))
    assert len(found) > 1
