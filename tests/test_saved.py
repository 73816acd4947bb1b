"""A diagnosis survives JSON: the same page, byte for byte, without the run's full history."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import reportgen
from reportgen import saved
from reportgen.cli import cli
from reportgen.errors import SourceError
from reportgen.slim import slim

SAMPLES = Path(__file__).parents[1] / "sample_runs" / "gsm8k-grpo-1hour"
SHARED = Path(__file__).parents[2] / "shared"
REAL = sorted((SHARED / "runs").glob("[!o]*/*.[cj]s[vo]*"))


@pytest.fixture(scope="module")
def samples():
    """The sample runs, diagnosed."""
    specs = reportgen.find(str(SAMPLES))
    return [reportgen.diagnose(run) for run in reportgen.read_all(specs).runs]


def test_every_sample_gives_the_same_page(samples):
    """What was stored and what is fresh make the same page, JSON, Markdown and text."""
    fresh = reportgen.compose(samples)
    stored = reportgen.compose([saved.from_json(saved.to_json(one)) for one in samples])
    for made in (reportgen.page, reportgen.to_json, reportgen.to_markdown, reportgen.to_text):
        assert made(stored) == made(fresh)


@pytest.mark.skipif(not SHARED.exists(), reason="needs the real runs beside the checkout")
@pytest.mark.parametrize("path", REAL, ids=lambda path: path.parent.name)
def test_a_real_run_gives_the_same_page(path):
    """Other people's runs survive too."""
    diagnosis = reportgen.diagnose(reportgen.read(str(path)))
    stored = saved.from_json(saved.to_json(diagnosis))
    assert reportgen.page(reportgen.compose([stored])) == reportgen.page(reportgen.compose([diagnosis]))


def test_a_long_run_is_slim(make_run):
    """Of 30,000 steps a stored diagnosis keeps what is drawn, and still counts them all."""
    rng = np.random.default_rng(0)
    run = make_run({"reward": rng.uniform(size=30_000), "kl": rng.uniform(size=30_000), "own": np.arange(30_000.0)})
    short = slim(reportgen.diagnose(run)).run
    assert short.history["kl"].notna().sum() <= 500
    assert short.history["own"].notna().sum() <= 250
    assert (short.n_steps, short.last_step, short.extent.logged["own"].highest) == (30_000, 30_000, 29_999.0)


def test_slim_twice_is_slim(samples):
    """A slim diagnosis is left as it is."""
    once = slim(samples[0])
    assert slim(once) is once


def test_a_report_is_made_anew_from_its_json(tmp_path, samples):
    """`reportgen report report.json` writes the page that the run itself gave."""
    first, again = tmp_path / "first.html", tmp_path / "again.html"
    told = tmp_path / "report.json"
    run = CliRunner().invoke
    assert run(cli, ["report", str(SAMPLES / "trial1109_1"), "-o", str(first), "--json", str(told)]).exit_code == 0
    ended = run(cli, ["report", str(told), "-o", str(again)])
    assert ended.exit_code == 0, ended.output
    assert again.read_bytes() == first.read_bytes()


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"$":"Popen","args":["ls"]}', '{"$":"Diagnosis"}', '{"$":"Run","id":"a"}', "[" * 5000,
     '{"$":"array","type":"|O","shape":[1],"at":null,"of":"AA=="}'],
)  # fmt: skip
def test_what_is_no_diagnosis_is_refused(text):
    """A hostile or torn text makes an error in a sentence, and nothing else is ever made of it."""
    with pytest.raises(SourceError, match="make the report anew"):
        saved.from_json(text)


def test_a_field_of_another_type_is_refused(samples):
    """A list where a text belongs doesn't reach the page."""
    told = json.loads(saved.to_json(samples[0]))
    told["run"]["name"] = ["<b>"]
    with pytest.raises(SourceError, match="no such name"):
        saved.from_json(json.dumps(told))


def test_nan_and_gaps_survive(make_run):
    """A logged nan stays one, a gap stays a gap."""
    run = make_run({"reward": [0.1, None, 0.3, 0.4] * 10, "kl": [0.1, float("nan"), 0.2, 0.1] * 10, "lr": [1e-5] * 40})
    stored = saved.from_json(saved.to_json(reportgen.diagnose(run))).run
    assert stored.history["reward"].isna().sum() == 10
    assert stored.nonfinite == run.nonfinite
