"""What the docs show is run: every command of reportgen in its own folder, every Python block with what it prints."""

import doctest
import lzma
import re
import shlex
import shutil
import sys
import types
from pathlib import Path

import pytest
from click.testing import CliRunner

import reportgen
from reportgen.cli import cli

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "sample_runs/gsm8k-grpo-1hour"
WANDB = SAMPLES / "trial1109_2/wandb/offline-run-20251109_100000-gsm8k-grpo-1hour_trial1109_2_train"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "docs/examples/README.md"]
BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
ELSEWHERE = {  # what stands in a command that can't run here -> which test runs it, or why none does
    "my-team/": "W&B's own server; tests/test_wandb_api*.py run these against one on loopback",
    "uvx ": "installs; tests/test_wheel.py does",
    "s3://": "a bucket and a scheduler; tests/test_remote.py and tests/test_cluster.py run them on loopback",
    "completion ": "tests/test_shell.py runs the shells",
    "\"$": "variables of a CI job; tests/test_ci.py runs these as they stand",
}
NO_BLOCK = {  # Python that can't run here
    "transformers": "TRL needs torch; what it calls is run by tests/test_docs_run.py::test_the_callback_of_trl",
    "class Toy(Source)": "tests/test_source_contract.py runs it",
}


def blocks(page):
    """(language, text) of each fenced block."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def commands():
    """(page, command) of every line that calls reportgen."""
    found = []
    for page in PAGES:
        if page.name == "cli.md":
            continue
        for language, text in blocks(page):
            if language in ("", "sh", "bash", "console"):
                lines = re.sub(r"\\\n\s*", " ", text).splitlines()
                bare = [line.split("  #")[0].strip().removeprefix("$ ").removeprefix(".venv/bin/") for line in lines]
                found += [(page, line) for line in bare]
    return [(page, line) for page, line in found if re.match(r"(?:uvx --from \S+ )?reportgen\b", line)]


def pythons():
    return [(page, text) for page in PAGES for language, text in blocks(page) if language == "python"]


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder in which the names that the docs use are real runs."""
    monkeypatch.chdir(tmp_path)
    for name in ("docs", "sample_runs"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "runs").mkdir()
    for at in (1, 2):
        history = reportgen.read(str(SAMPLES / f"trial1109_{at}/wandb")).history
        history.to_csv(tmp_path / f"runs/trial{at}.csv")
    text = lzma.decompress((SAMPLES / "trial1109_2/trainer.log.xz").read_bytes())
    for name in ("trainer.log", "outputs/my-exp/my-trial/trainer.log", "path/to/your/run/trainer.log"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(text)
    (tmp_path / "RUN").symlink_to("runs/trial2.csv")
    (tmp_path / "wandb").mkdir()
    shutil.copytree(WANDB, tmp_path / "wandb/latest-run")
    (tmp_path / "stop_job.py").write_text("import os; open('stopped', 'w').write(os.environ['REPORTGEN_JSON'])")
    return tmp_path


@pytest.mark.parametrize(("page", "line"), commands(), ids=lambda value: str(value)[-70:])
def test_a_command_of_the_docs_runs(page, line, desk, monkeypatch):
    """It ends with 0, or with 1 where a gate fails or what was waited for didn't come."""
    if reason := next((why for what, why in ELSEWHERE.items() if what in line), None):
        pytest.skip(reason)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(desk / "summary.md"))
    line = line.replace('"$GITHUB_STEP_SUMMARY"', "summary.md")
    if "yesterday.html" in line:
        assert CliRunner().invoke(cli, ["report", "runs", "-o", "yesterday.html", "--quiet"]).exit_code == 0
    ended = CliRunner().invoke(cli, shlex.split(line)[1:])
    assert ended.exit_code in ((0, 1) if re.search("--(?:fail-on|min-gain|until)", line) else (0,)), ended.output
    assert not ended.exception or isinstance(ended.exception, SystemExit)


@pytest.mark.parametrize(("page", "text"), pythons(), ids=lambda value: str(value)[:40])
def test_python_of_the_docs_runs(page, text, desk, capsys):
    """Examples with a prompt print what stands there; others run to their end."""
    if reason := next((why for what, why in NO_BLOCK.items() if what in text), None):
        pytest.skip(reason)
    if ">>>" in text:
        test = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
        assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test).failed == 0, capsys.readouterr().out
    else:
        exec(compile(text, str(page), "exec"), {"__name__": "__main__"})


def test_the_callback_of_trl(desk, monkeypatch):
    """The recipe for TRL, with a trainer's state as transformers keeps it."""
    kept = types.ModuleType("transformers")
    kept.TrainerCallback = object
    monkeypatch.setitem(sys.modules, "transformers", kept)
    (text,) = (text for _, text in pythons() if "TrainerCallback" in text)
    places = {"__name__": "recipe"}
    exec(compile(text, "recipes.md", "exec"), places)
    rows = [{"step": at, "reward": 0.2 + at / 100, "kl": 0.001 * at, "epoch": at / 20} for at in range(1, 21)]
    args = types.SimpleNamespace(run_name="grpo", output_dir=str(desk))
    places["Report"]().on_evaluate(args, types.SimpleNamespace(log_history=rows), None)
    assert "grpo" in (desk / "report.html").read_text(encoding="utf-8")
