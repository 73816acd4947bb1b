"""The command, as a person types it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from reportgen.cli import cli

SAMPLES = Path(__file__).parent.parent / "sample_runs" / "gsm8k-grpo-1hour"
REFERENCE = SAMPLES / "trial1109_1"
COLLAPSED = SAMPLES / "trial1111_1"


@pytest.fixture
def run_in(tmp_path, monkeypatch):
    """Runs the command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(cli, [str(word) for word in words])


@pytest.fixture
def table(tmp_path):
    """A small run as CSV, under any name."""

    def write(name="good.csv", values=(0.1, 0.2, 0.3)):
        path = tmp_path / name
        path.write_text("step,reward\n" + "".join(f"{step},{value}\n" for step, value in enumerate(values, start=1)))
        return path

    return write


@pytest.mark.parametrize("form", ["trainer.log", "wandb", "."])
def test_the_reference_run_says_its_numbers(run_in, form):
    """From each of its forms the JSON says 126 steps, 32.05 %, 18.35 %, +13.70 points, +74.7 %."""
    ended = run_in("report", REFERENCE / form, "--json", "-", "-o", "page.html", "-q")
    assert ended.exit_code == 0, ended.output
    (run,) = json.loads(ended.stdout)["runs"]
    gain = run["improvement"]
    assert run["steps"] == {"first": 1, "last": 126, "count": 126, "logged": 126}
    assert round(gain["final"], 4) == 0.3205
    assert gain["baseline"] == 0.1835
    assert round(gain["absolute"], 3) == 0.137
    assert round(gain["relative"], 3) == 0.747


def test_the_guides_six_points_have_their_onset_at_70(run_in, tmp_path):
    """Steps 50 to 100 with .25 .28 .29 .29 .29 .29 plateau from step 70 on."""
    points = zip(range(50, 101, 10), (0.25, 0.28, 0.29, 0.29, 0.29, 0.29), strict=True)
    (tmp_path / "six.csv").write_text("step,reward\n" + "".join(f"{step},{value}\n" for step, value in points))
    ended = run_in("diagnose", "six.csv", "--reward-range", "0:1", "--format", "json")
    plateau = json.loads(ended.stdout)["runs"][0]["plateau"]
    assert (plateau["plateaued"], plateau["onset_step"]) == (True, 70)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing", None, "no such file"),
        ("empty", "folder", "empty"),
        ("zero.log", "", "zero.log"),
        ("paper.pdf", "%PDF-1.7\n%\u00e2\u00e3\n", "paper.pdf"),
        ("words.csv", "step,who\n1,ada\n2,bob\n", "words.csv"),
        ("stepless.csv", "x,y\n1,2\n", "stepless.csv"),
    ],
)
def test_bad_input_is_one_sentence(run_in, tmp_path, name, content, said):
    """What can't be read is named with a remedy: exit 2, no traceback, no page."""
    if content == "folder":
        (tmp_path / name).mkdir()
    elif content is not None:
        (tmp_path / name).write_text(content)
    ended = run_in("report", name)
    assert ended.exit_code == 2
    assert said in ended.stderr
    assert "Traceback" not in ended.output
    assert not (tmp_path / "report.html").exists()


def test_one_broken_run_does_not_take_down_the_others(run_in, table, tmp_path):
    """Nine good runs and a broken one: a report of nine, the tenth named, exit 0."""
    good = [table(f"run{number}.csv") for number in range(9)]
    (tmp_path / "broken.csv").write_text("step,who\n1,ada\n")
    ended = run_in("report", *good, "broken.csv", "--json", "all.json")
    assert ended.exit_code == 0, ended.output
    report = json.loads((tmp_path / "all.json").read_text())
    assert len(report["runs"]) == 9
    assert report["unread"][0]["source"] == "broken.csv"
    assert "broken.csv" in ended.stderr
    assert "broken.csv" in (tmp_path / "report.html").read_text()


def test_strict_makes_a_broken_run_an_error(run_in, table, tmp_path):
    """With --strict the same report ends with exit code 2."""
    (tmp_path / "broken.csv").write_text("step,who\n1,ada\n")
    assert run_in("report", table(), "broken.csv", "--strict").exit_code == 2


def test_a_page_to_stdout_is_all_there_is_on_it(run_in, table):
    """-o - writes the page and nothing else to stdout."""
    ended = run_in("report", table(), "-o", "-")
    assert ended.stdout.startswith("<!doctype html>")
    assert ended.stdout.rstrip().endswith("</html>")


def test_two_outputs_cannot_share_stdout(run_in, table):
    """Asking for the page and the JSON on stdout is refused before anything is written."""
    ended = run_in("report", table(), "-o", "-", "--json", "-")
    assert (ended.exit_code, ended.stdout) == (2, "")


def test_a_label_names_a_run(run_in, table):
    """--label NAME=RUN reads the run under that name."""
    ended = run_in("diagnose", "--label", f"mine={table()}", "--format", "json")
    assert json.loads(ended.stdout)["runs"][0]["name"] == "mine"


def test_a_reference_that_is_no_run_is_refused(run_in, table):
    """--reference names one of the runs or is an error that lists them."""
    ended = run_in("report", table("a.csv"), table("b.csv"), "--reference", "c")
    assert ended.exit_code == 2
    assert "--reference c" in ended.stderr


def test_only_the_steps_asked_for_are_judged(run_in):
    """--steps A:B looks at these steps alone."""
    ended = run_in("diagnose", REFERENCE, "--steps", "10:60", "--format", "json")
    assert json.loads(ended.stdout)["runs"][0]["steps"] == {"first": 10, "last": 60, "count": 51, "logged": 51}


def test_csv_holds_every_logged_value(run_in, tmp_path):
    """--csv DIR writes one table a run, with all its steps."""
    run_in("report", REFERENCE, "--csv", "tables", "-q")
    (table,) = (tmp_path / "tables").glob("*.csv")
    assert len(table.read_text().splitlines()) == 127


@pytest.mark.parametrize(
    ("gate", "code"),
    [
        (("--min-gain", "5pp"), 0),
        (("--min-gain", "20pp"), 1),
        (("--min-gain", "12pp"), 1),
        (("--min-gain", "12pp", "--allow-inconclusive"), 0),
        (("--no-plateau",), 1),
        (("--no-plateau", "--allow-inconclusive"), 0),
        (("--fail-on", "critical"), 0),
    ],
)
def test_gates_decide_the_exit_code(run_in, gate, code):
    """A gate passes, fails with 1, or can't be judged, which fails unless that is allowed."""
    assert run_in("diagnose", REFERENCE, *gate).exit_code == code


def test_a_collapse_fails_its_gates(run_in):
    """A collapsed run fails --no-collapse and --fail-on critical, and says why."""
    ended = run_in("diagnose", COLLAPSED, "--no-collapse", "--fail-on", "critical")
    assert ended.exit_code == 1
    assert "collapsed" in ended.stderr


def test_metrics_shows_roles_and_reasons(run_in):
    """`metrics` names the metric behind each role."""
    ended = run_in("metrics", REFERENCE)
    assert ended.exit_code == 0
    assert "grpo_actor/task_reward/avg" in ended.stdout


def test_an_override_plays_the_role(run_in):
    """--metric train_reward=NAME changes what is judged."""
    ended = run_in("diagnose", REFERENCE, "--metric", "train_reward=rollout/reward", "--format", "json")
    assert json.loads(ended.stdout)["runs"][0]["roles"]["train_reward"] == "rollout/reward"


def test_an_unknown_metric_is_refused(run_in):
    """An override that names no logged metric is one sentence and exit 2."""
    ended = run_in("diagnose", REFERENCE, "--metric", "train_reward=rolout/reward")
    assert ended.exit_code == 2
    assert "rollout/reward" in ended.stderr


def test_an_unknown_threshold_is_refused(run_in, table):
    """--set names its thresholds when one is misspelt."""
    ended = run_in("diagnose", table(), "--set", "gapp=1")
    assert ended.exit_code == 2
    assert "did you mean gap?" in ended.stderr and "reportgen settings" in ended.stderr


def test_no_run_at_all_is_a_usage_error(run_in):
    """Without a RUN the command says what one is."""
    ended = run_in("report")
    assert ended.exit_code == 2
    assert "W&B run directory" in ended.stderr


@pytest.mark.parametrize("command", sorted(cli.commands))
def test_every_command_has_help_with_an_example_that_the_readme_shows(command):
    """Each command's help has an example, and the README has the command."""
    shown = CliRunner().invoke(cli, [command, "--help"]).output
    assert "Example" in shown
    assert f"reportgen {command}" in (SAMPLES.parent.parent / "README.md").read_text(encoding="utf-8")


def test_the_same_input_gives_the_same_bytes(run_in, tmp_path):
    """Two reports of one run are equal, byte for byte."""
    run_in("report", REFERENCE, "-o", "one.html")
    run_in("report", REFERENCE, "-o", "two.html")
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()
