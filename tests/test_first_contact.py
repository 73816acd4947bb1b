"""The first words a new user types: none at all, a path alone, a pipe, a slip of the finger; and gates on a page."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from reportgen.metrics import BY_ROLE
from reportgen.settings import reasons, thresholds

ENV = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[1])}


@pytest.fixture
def told(tmp_path):
    """Runs the command in an empty folder beside a run of 60 steps."""
    rows = [
        {"step": at, "task_reward": 0.2 + 0.3 * (1 - math.exp(-at / 15)) + 0.01 * math.sin(7 * at)}
        for at in range(1, 61)
    ]
    (tmp_path / "run.jsonl").write_text("\n".join(map(json.dumps, rows)))
    words = [sys.executable, "-m", "reportgen"]
    return lambda *given, **kept: subprocess.run(
        [*words, *given], cwd=tmp_path, env=ENV, text=True, capture_output=True, **kept
    )


def test_bare_words_get_one_started(told):
    shown = told()
    assert shown.returncode == 0 and len(shown.stdout.splitlines()) == 3


def test_a_path_alone_is_reported(told, tmp_path):
    assert told("run.jsonl", "--no-cache").returncode == 0
    assert (tmp_path / "report.html").stat().st_size > 10_000


def test_a_slip_of_the_finger_is_named(told):
    shown = told("reprot", "run.jsonl")
    assert shown.returncode == 2 and "did you mean report?" in shown.stderr


def test_a_pipe_is_read_and_its_page_names_no_passing_folder(told, tmp_path):
    text = (tmp_path / "run.jsonl").read_text()
    assert told("-", "-o", "a.html", "--no-cache", input=text).returncode == 0
    assert told("report", "-", "-o", "b.html", "--no-cache", input=text).returncode == 0
    page = (tmp_path / "a.html").read_text()
    assert page == (tmp_path / "b.html").read_text()
    assert "/reportgen-" not in page


def test_thresholds_and_roles_are_listed_with_their_reasons(told):
    shown = told("settings").stdout
    assert all(f"{name} " in shown for name in reasons()) and set(reasons()) == set(thresholds())
    roles = told("metrics", "--roles").stdout
    assert all(role in roles for role in BY_ROLE) and "task_reward" in roles


def test_an_agent_gets_the_decision_in_few_characters(told, tmp_path):
    (tmp_path / "other.jsonl").write_text((tmp_path / "run.jsonl").read_text().replace("0.4", "0.41"))
    one = told("diagnose", "run.jsonl", "--format", "agent", "--no-cache").stdout
    assert len(one) <= 1_500 and one.splitlines()[1].startswith("decision: ")
    assert one == told("diagnose", "run.jsonl", "--format", "agent").stdout
    several = told("diagnose", "run.jsonl", "other.jsonl", "--format", "agent", "--fail-on", "warning").stdout
    assert len(several) <= 1_500 and "decision: take " in several


def test_an_empty_pipe_says_what_to_do(told):
    shown = told("-", input="")
    assert shown.returncode == 2 and "nothing came" in shown.stderr


def test_a_failed_gate_still_leaves_its_page_and_tells_it_everywhere(told, tmp_path):
    given = ("--baseline", "20%", "--min-gain", "90pp", "--json", "r.json", "--markdown", "r.md", "--junit", "r.xml")
    shown = told("run.jsonl", *given, "--no-cache")
    assert shown.returncode == 1 and "gate failed: run: --min-gain" in shown.stderr
    (gate,) = json.loads((tmp_path / "r.json").read_text())["gates"]
    assert gate["state"] in ("failed", "inconclusive") and gate["breaks"]
    assert 'id="gates"' in (tmp_path / "report.html").read_text()
    assert "### Gates" in (tmp_path / "r.md").read_text()
    assert ElementTree.parse(tmp_path / "r.xml").find(".//failure") is not None
    assert told("r.json", "-o", "again.html").returncode == 1
    assert (tmp_path / "again.html").read_text() == (tmp_path / "report.html").read_text()
