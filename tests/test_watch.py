"""A run that goes on is looked at again and again, and what changed since the last review is told."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

import reportgen
from reportgen.cli import cli
from reportgen.errors import SpecError
from reportgen.looks import Look, Steady, watch
from reportgen.settings import Settings


def grows(path, values, *, by=20, last=None):
    """A `sleep` that appends rows to a CSV instead of waiting; `last` is called when there are none left."""
    left = [list(enumerate(values, 1))]

    def sleep(_):
        rows, left[0] = left[0][:by], left[0][by:]
        if not rows:
            return last(path) if last else None
        with path.open("a") as file:
            file.writelines(f"{step},{value:.4f}\n" for step, value in rows)
        return None

    return sleep


@pytest.fixture
def log(tmp_path):
    """A CSV that has only its header yet."""
    path = tmp_path / "run.csv"
    path.write_text("step,reward\n")
    return path


def test_each_growth_is_a_look(log):
    """A young run has no step yet; then every growth is looked at, and no look is made of nothing new."""
    looks = list(watch(str(log), sleep=grows(log, np.linspace(0.2, 0.4, 60)), every_s=60, idle_s=600))
    assert looks[0].diagnosis is None
    assert looks[0].problem == "no step yet"
    assert [look.diagnosis.run.last_step for look in looks[1:]] == [20, 40, 60, 60]
    assert looks[-1].holds == ("end",)


def test_a_torn_and_rotated_log_is_looked_at_again(log):
    """A file that is gone for a while, and comes back smaller, takes nothing down."""
    steps = iter([lambda: log.unlink(), lambda: log.write_text("step,reward\n1,0.5\n2,0.5\n")])
    log.write_text("step,reward\n1,0.1\n2,0.2\n3,0.3\n")
    looks = list(watch(str(log), sleep=lambda _: next(steps, lambda: None)(), every_s=60, idle_s=300))
    assert "can't be read just now" in looks[1].problem
    assert looks[2].diagnosis.run.last_step == 2


def test_nothing_to_watch_is_an_error(tmp_path):
    """A path that names no run is refused at once."""
    with pytest.raises(SpecError, match="no such file"):
        next(watch(str(tmp_path / "none.csv")))


def test_stop_must_hold_under_repeated_looks(make_run):
    """One look that says stop isn't enough; three over a tenth of the run are."""
    rng = np.random.default_rng(0)
    values = np.r_[np.linspace(0.1, 0.5, 60), np.full(400, 0.5)] + rng.normal(0, 0.004, 460)
    steady, held, settings = Steady(), [], Settings(reward_range=(0, 1))
    for last in (400, 401, 402, 430, 460):
        look = steady.judged(Look(reportgen.diagnose(make_run(reward=values[:last]), settings)))
        assert look.diagnosis.verdict.decision == "stop"
        held.append("stop" in look.holds)
    assert held == [False, False, False, False, True]


def test_a_watched_page_is_kept_fresh_and_the_command_is_run(tmp_path, log):
    """`watch --until collapse --then` writes page and JSON, and hands the JSON's path to the command."""
    rng = np.random.default_rng(0)
    values = np.r_[np.linspace(0.1, 0.6, 80), np.linspace(0.6, 0.05, 20), np.full(60, 0.05)] + rng.normal(0, 0.01, 160)
    log.write_text("step,reward\n" + "".join(f"{step},{value:.4f}\n" for step, value in enumerate(values, 1)))
    page, heard = tmp_path / "page.html", tmp_path / "heard"
    words = ["watch", str(log), "-o", str(page), "--until", "collapse", "--then", f"cp $REPORTGEN_JSON {heard}"]
    ended = CliRunner().invoke(cli, words)
    assert ended.exit_code == 0, ended.output
    assert 'data-act="refresh"' in page.read_text()
    assert json.loads(heard.read_text())["runs"][0]["collapse"]["collapsed"] is True


def test_an_ordinary_page_does_not_reload():
    """Only a watched page has the control."""
    run = reportgen.from_rows([{"step": step, "reward": 0.5} for step in range(30)], id="a", source="a test")
    assert 'data-act="refresh"' not in reportgen.page(reportgen.compose([reportgen.diagnose(run)]))


@pytest.mark.parametrize("kind", ["json", "html"])
def test_what_changed_since_the_last_review(tmp_path, log, kind):
    """New steps, another verdict and new runs are told against an earlier page or JSON."""
    old, page, told = tmp_path / f"old.{kind}", tmp_path / "new.html", tmp_path / "new.json"
    first = {"json": ["-o", str(tmp_path / "x.html"), "--json", str(old)], "html": ["-o", str(old)]}[kind]
    log.write_text("step,reward\n" + "".join(f"{step},{step / 200:.4f}\n" for step in range(1, 101)))
    run = CliRunner().invoke
    assert run(cli, ["report", str(log), *first]).exit_code == 0
    with log.open("a") as file:
        file.writelines(f"{step},0.5\n" for step in range(101, 301))
    (tmp_path / "other.csv").write_text(log.read_text())
    words = ["report", str(log), str(tmp_path / "other.csv"), "-o", str(page), "--json", str(told), "--since", str(old)]
    ended = run(cli, words)
    assert ended.exit_code == 0, ended.output
    changes = {(change["run"], change["what"]): change for change in json.loads(told.read_text())["since"]["changes"]}
    assert (changes["run", "last step"]["before"], changes["run", "last step"]["now"]) == ("100", "300")
    assert changes["run", "verdict"]["before"].startswith("train on")
    assert changes["other", "run"]["before"] == "not there"
    assert "Since the last review" in page.read_text()


def test_the_same_again_is_no_change(tmp_path, log):
    """Nothing is told where nothing changed."""
    log.write_text("step,reward\n" + "".join(f"{step},{step / 200:.4f}\n" for step in range(1, 101)))
    old = tmp_path / "old.html"
    run = CliRunner().invoke
    run(cli, ["report", str(log), "-o", str(old)])
    ended = run(cli, ["diagnose", str(log), "--since", str(old)])
    assert "Nothing changed in 1 run" in ended.output


def test_what_is_no_report_is_refused(tmp_path, log):
    """A file of another kind is named with the remedy; exit code 2."""
    log.write_text("step,reward\n1,0.1\n2,0.2\n")
    ended = CliRunner().invoke(cli, ["report", str(log), "-o", str(tmp_path / "x.html"), "--since", str(log)])
    assert ended.exit_code == 2
    assert "neither a page nor a JSON of reportgen's" in ended.output
