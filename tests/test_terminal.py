"""What reaches a terminal, and how a command ends."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from wandb_server import Fault, Stored, rows

from reportgen import cli as commands
from reportgen import sources, store, terminal
from reportgen.cli import cli
from tests.secrets_list import SHAPES

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
HOSTILE = "a\x1b]0;owned\x07b\x9b31mc\u202ed\x00e\x85f\x1b[2J"
TOKEN = SHAPES["hugging face"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with a sound run of 20 steps, `runs/a/metrics.csv`."""
    monkeypatch.chdir(tmp_path)
    Path("runs/a").mkdir(parents=True)
    table = "step,reward\n" + "".join(f"{step},{0.2 + step / 100}\n" for step in range(1, 21))
    Path("runs/a/metrics.csv").write_text(table)
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(cli, list(arguments))


@pytest.mark.parametrize("command", ["report", "diagnose", "metrics", "fetch"])
def test_no_control_sign_of_what_was_typed_reaches_the_terminal(here, command):
    """A name that no file has, in every command."""
    done = run(command, HOSTILE.replace("\x00", ""), *(["-o", "x"] if command == "fetch" else []))
    assert done.exit_code == 2
    assert not CONTROL.search(done.output)


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_no_control_sign_of_a_run_reaches_the_terminal(here, form):
    """Its name, its metrics, its file's name."""
    Path("b\x1b[31m\x9b.csv").write_text(f"step,reward,{HOSTILE}\n" + "".join(f"{n},0.{n},1\n" for n in range(1, 10)))
    for command in (["diagnose", "--format", form], ["metrics"], ["report", "--json", "-", "-o", "x.html"]):
        assert not CONTROL.search(run(*command, "b\x1b[31m\x9b.csv").output)
    assert not CONTROL.search(run("diagnose", "--format", form, "--label", f"n{HOSTILE}=runs/a/metrics.csv").output)


def test_no_secret_reaches_stderr(here):
    """A path, an option's value and an option's name that hold one."""
    Path(TOKEN).mkdir()
    Path(TOKEN, "t.csv").write_text("step,a\n1,x\n")
    for typed in (["report", TOKEN], ["report", f"{TOKEN}.csv"], ["report", "a", "--baseline", TOKEN], [f"--{TOKEN}"]):
        done = run(*typed)
        assert done.exit_code == 2
        assert TOKEN not in done.output


def test_a_fault_of_our_own_is_a_sentence(here, monkeypatch):
    """Never a trace, unless it is asked for with --debug, before the command or behind it."""

    def broken(**_):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(commands.asked, "report", broken)
    done = run("report", "runs/a")
    assert done.exit_code == 2
    assert "a fault of reportgen's own" in done.output
    assert "Traceback" not in done.output
    assert "Traceback" in run("report", "runs/a", "--debug").output
    assert "Traceback" in run("--debug", "report", "runs/a").output


@pytest.mark.parametrize(
    "places",
    [["-o", "runs/a/metrics.csv"], ["-o", "runs/a/config.yaml"], ["--json", "runs/a/config.yaml"], ["--csv", "runs/a"],
     ["-o", "link.csv"], ["-o", "hard.csv"], ["--markdown", "runs/../runs/a/metrics.csv"]],
)  # fmt: skip
@pytest.mark.parametrize("spec", ["runs", "runs/a", "runs/a/metrics.csv", "runs/*/*.csv"])
def test_an_input_is_never_overwritten(here, spec, places):
    """Whatever way the run was named, and whatever else is written: nothing is."""
    Path("runs/a/config.yaml").write_text("lr: 1\n")
    Path("link.csv").symlink_to("runs/a/metrics.csv")
    os.link("runs/a/metrics.csv", "hard.csv")
    before = {path: path.read_bytes() for path in here.rglob("*") if path.is_file()}
    done = run("report", spec, "-o", "x.html", *places)
    assert done.exit_code == 2, done.output
    assert {path: path.read_bytes() for path in here.rglob("*") if path.is_file()} == before


def test_an_earlier_page_beside_a_run_is_replaced(here):
    """It is no input."""
    for _ in range(2):
        assert run("report", "runs/a", "-o", "runs/a/report.html", "--json", "runs/a/report.json").exit_code == 0


def _started(arguments, folder, **given):
    return subprocess.Popen(
        [sys.executable, "-m", "reportgen", *arguments], cwd=folder, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, **given,
    )  # fmt: skip


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_command_with_its_code(here, number, code):
    """One line, no trace, and nothing half-written."""
    child = _started(["watch", "runs/a/metrics.csv", "-o", "w.html", "--every", "1s"], here)
    while not Path("w.html").exists():
        time.sleep(0.02)
    child.send_signal(number)
    _, said = child.communicate(timeout=30)
    assert child.returncode == code
    assert "Traceback" not in said
    assert sorted(path.name for path in here.iterdir()) == ["runs", "w.html"]


@pytest.mark.parametrize(("closed", "code"), [(">&-", 0), ("2>&-", 0), (">/dev/full", 2), ("-o /dev/full", 2)])
def test_a_closed_or_full_output_is_no_trace(here, closed, code):
    """stdout or stderr closed by the caller, a disk without room."""
    what = "report" if "-o" in closed else "diagnose"
    command = f"exec {sys.executable} -m reportgen {what} runs/a/metrics.csv {closed}"
    done = subprocess.run(["sh", "-c", command], cwd=here, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_links_in_circles_are_passed_over(here):
    """A link to itself, to its own folder, and two that name each other."""
    for link, to in (("self", "self"), ("here", "."), ("one", "two"), ("two", "one")):
        Path("runs", link).symlink_to(to)
    assert run("diagnose", "runs").exit_code == 0


def test_a_working_folder_that_is_gone_is_a_sentence(here):
    """As after `rm -r` of it in another window."""
    command = f"mkdir gone; cd gone; rmdir ../gone; exec {sys.executable} -m reportgen diagnose x"
    given = {**os.environ, "PYTHONPATH": str(Path(terminal.__file__).parents[1])}
    done = subprocess.run(["sh", "-c", command], cwd=here, env=given, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("Error: the working folder is gone")


def test_a_machine_without_home_name_and_unicode(here):
    """No HOME, a user without a name, a latin-1 terminal: the same bytes as ever."""
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(terminal.__file__).parents[1]), "PYTHONUTF8": "0",
             "PYTHONIOENCODING": "latin-1", "OPENBLAS_NUM_THREADS": "1", "TZ": "Asia/Kathmandu"}  # fmt: skip
    child = subprocess.run(
        [sys.executable, "-m", "reportgen", "diagnose", "runs/a/metrics.csv"], cwd=here, env=given, capture_output=True,
        check=False, user=54321 if os.geteuid() == 0 and os.access("/", os.R_OK) and _open_to_all(here) else None,
    )  # fmt: skip
    assert child.returncode == 0, child.stderr
    assert child.stdout.decode() == run("diagnose", "runs/a/metrics.csv").output
    assert not Path("~").exists()


def test_the_same_input_gives_the_same_bytes(tmp_path):
    """With another BLAS kernel, another number of threads, another zone, locale, hash seed, umask and folder."""
    sample = Path(terminal.__file__).parents[1] / "sample_runs" / "gsm8k-grpo-1hour" / "trial1109_1" / "trainer.log"
    made = []
    for number, given in enumerate((
        {"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_NUM_THREADS": "1", "TZ": "UTC"},
        {"OPENBLAS_CORETYPE": "Prescott", "OPENBLAS_NUM_THREADS": "2", "TZ": "Asia/Kathmandu", "LC_ALL": "C",
         "PYTHONHASHSEED": "7"},
    )):  # fmt: skip
        place = tmp_path / str(number)
        place.mkdir()
        child = _started(["report", str(sample), "-o", "x.html", "--json", "x.json", "--no-cache"], place,
                         env={**os.environ, **given}, umask=number * 0o077)  # fmt: skip
        _, said = child.communicate(timeout=120)
        assert child.returncode == 0, said
        made.append([(place / name).read_bytes() for name in ("x.html", "x.json")])
    assert made[0] == made[1]


def _open_to_all(folder):
    """Whether any user may look into a folder and into the package."""
    places = [folder, Path(terminal.__file__), Path(sys.executable).resolve()]
    return all(above.stat().st_mode & 0o005 == 0o005 for place in places for above in place.resolve().parents)


def test_two_fetches_of_one_run_at_once_are_both_right(wandb_server, tmp_path):
    """The later waits for the earlier."""
    wandb_server.add(Stored("r", history=rows(300)))
    wandb_server.faults.append(Fault("HistoryPage", hang_s=0.1, times=4))
    done: list[store.Fetched] = []
    fetches = [threading.Thread(target=lambda: done.append(store.fetch(["my-team/gsm8k/r"], tmp_path, refresh=True)))
               for _ in range(4)]  # fmt: skip
    for one in fetches:
        one.start()
    for one in fetches:
        one.join()
    assert [one.unread for one in done] == [()] * 4
    assert len(sources.read(*sources.find(str(tmp_path))).history) == 300


def test_a_bare_key_reaches_no_terminal():
    """Forty hex digits in a message go; in a path and as a commit they stay."""
    digits = "4f1d2c3b5a69788796a5b4c3d2e1f00f1e2d3c4b"
    assert digits not in terminal.line(f"a.csv: no column counts steps, found {digits}")
    assert digits in terminal.line(f"runs/{digits}/a.csv: no such file")
    assert digits in terminal.line(f"commit {digits}")
