"""A page put back into its W&B run, by the real client."""

import copy

import pytest
from click.testing import CliRunner
from wandb_server import Fault, Stored, rows

from reportgen import publish
from reportgen.cli import cli
from reportgen.diagnostics import diagnose
from reportgen.errors import PublishError
from reportgen.report import compose
from reportgen.settings import Settings
from reportgen.sources.wandb import api

DEFINED = [
    {"1": "epoch", "6": [3], "7": []},
    {"1": "train/reward", "5": 1, "6": [1, 3], "7": [2]},
    {"1": "val/acc", "5": 1, "6": [1, 2], "7": [1, 2]},
]
PAGE = "<!doctype html><title>t</title><p>\u00fcber</p>"


@pytest.fixture
def stored(wandb_server):
    """A finished run with everything that attaching must leave alone."""
    run = Stored(
        "done",
        name="Done",
        tags=["keep"],
        notes="kept",
        group="g",
        job_type="train",
        history=rows(30),
        summary={"reward": 0.29, "_wandb": {"runtime": 99}},
        config={"lr": {"value": 1}, "_wandb": {"value": {"m": DEFINED}}},
    )
    wandb_server.add(run)
    return run


def attach(id="done"):
    """Attaches PAGE to a run of the server."""
    run = api.read(f"my-team/gsm8k/{id}")
    return publish.attach(PAGE, run, publish.address_of(run))


def test_the_page_is_a_panel_and_an_artifact(stored):
    """The run has the page, byte for byte, as an HTML panel and as an artifact, and the line says so."""
    line = attach()
    (panel,) = [content for name, content in stored.files.items() if name.startswith("media/html/reportgen")]
    (artifact,) = stored.artifacts
    assert panel.decode() == stored.files["artifacts/v0/report.html"].decode() == PAGE
    assert (artifact["collection"], artifact["committed"]) == ("reportgen-done", True)
    assert stored.history[-1]["reportgen"]["_type"] == "html-file"
    assert line == "my-team/gsm8k/done: the page is in the run as panel 'reportgen' and as artifact reportgen-done:v0"


def test_each_page_is_a_new_version(stored):
    """Attaching again adds a version and keeps the earlier ones."""
    attach()
    assert attach().endswith("reportgen-done:v1")


@pytest.mark.parametrize(("state", "after"), [("finished", "finished"), ("failed", "failed")])
def test_attaching_leaves_the_run_as_it_was(stored, state, after):
    """Name, tags, notes, group, config, metric definitions, summary and state of the run stay."""
    stored.state = state
    before = copy.deepcopy(stored)
    attach()
    for field in ("name", "tags", "notes", "group", "job_type"):
        assert getattr(stored, field) == getattr(before, field)
    assert stored.config["lr"] == {"value": 1}
    assert stored.state == after
    assert stored.summary["reward"] == 0.29
    kept = {entry.get("1") or entry.get("2"): entry for entry in stored.config["_wandb"]["value"]["m"]}
    told = {name: (entry.get("5"), sorted(entry["7"]), 2 in entry["6"]) for name, entry in kept.items()}
    assert {name: told[name][1:] for name in told} == {
        "epoch": ([], False), "train/reward": ([2], False), "val/acc": ([1, 2], True)
    }  # fmt: skip


def test_a_run_reads_the_same_after_its_page_came(stored):
    """The row that holds the panel is no step of the run."""
    before = api.read("my-team/gsm8k/done")
    attach()
    after = api.read("my-team/gsm8k/done")
    assert after.history.equals(before.history)
    assert after.summary == before.summary


def test_the_axis_stays_that_of_define_metric(wandb_server):
    """A pattern that gives the train reward its axis still does after a page came."""
    history = [{"_step": n, "global_step": n * 8, "train/reward": n / 10} for n in range(5)]
    defined = [{"1": "global_step", "6": [3]}, {"2": "train/*", "5": 1, "6": [1]}]
    config, summary = {"_wandb": {"value": {"m": defined}}}, {"train/reward": 0.4, "global_step": 32}
    wandb_server.add(Stored("axis", history=history, config=config, summary=summary))
    attach("axis")
    assert api.read("my-team/gsm8k/axis").history.index.tolist() == [0, 8, 16, 24, 32]


def test_a_running_run_is_left_alone(stored):
    """A run that goes on is not taken up by a second writer."""
    stored.state = "running"
    with pytest.raises(PublishError, match="still running"):
        attach()
    assert stored.history == rows(30)


def test_a_crashed_run_is_said_to_be_failed_then(stored):
    """W&B can't be told that a run crashed, so the line says what it shows now."""
    stored.state = "crashed"
    assert attach().endswith("W&B now shows the run as failed, it was crashed")


def test_a_refusal_is_one_sentence(wandb_server):
    """When W&B doesn't take the page, the run and the reason are named."""
    wandb_server.add(Stored("refused", history=rows(5)))
    run = api.read("my-team/gsm8k/refused")
    wandb_server.faults.append(Fault("RunResumeStatus", status=403, times=100))
    with pytest.raises(PublishError, match="my-team/gsm8k/refused: W&B did not take the page"):
        publish.attach(PAGE, run, publish.address_of(run))


def test_a_report_goes_to_each_of_its_runs(stored, wandb_server):
    """The page of several runs is put into all that W&B holds."""
    wandb_server.add(Stored("two", history=rows(30)))
    runs = [api.read(f"my-team/gsm8k/{id}") for id in ("done", "two")]
    lines = list(publish.attach_all(compose([diagnose(run, Settings()) for run in runs])))
    assert [line.split(":")[0] for line in lines] == ["my-team/gsm8k/done", "my-team/gsm8k/two"]


def test_the_command_attaches_what_it_wrote(stored, tmp_path):
    """`report ENTITY/PROJECT/RUN --attach` writes the page, puts the very same into the run, and says so."""
    page = tmp_path / "page.html"
    ended = CliRunner().invoke(cli, ["report", "my-team/gsm8k/done", "-o", str(page), "--attach"])
    assert ended.exit_code == 0, ended.output
    assert stored.files["artifacts/v0/report.html"] == page.read_bytes()
    assert "as artifact reportgen-done:v0" in ended.stderr


def test_a_report_without_a_run_of_wandb_says_so(make_run):
    """Where no run came from W&B there is nowhere to attach to."""
    report = compose([diagnose(make_run(reward=[0.1, 0.2, 0.3] * 5), Settings())])
    with pytest.raises(PublishError, match="none of these runs came from W&B"):
        list(publish.attach_all(report))
