"""The CI recipes run as they are written: the steps of action.yml and the script of the GitLab job."""

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

ROOT = Path(__file__).parents[1]
RUN = ROOT / "sample_runs/gsm8k-grpo-1hour/trial1109_2/trainer.log.xz"
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
JOB = re.findall(r"```yaml\n(report:.*?)```", (ROOT / "docs/ci.md").read_text(), re.DOTALL)[0]


@pytest.fixture
def machine(tmp_path):
    """A runner's folders, with reportgen installed in place of a download; runs a script in them."""
    bin_ = tmp_path / "temp" / "reportgen" / "bin"
    bin_.mkdir(parents=True)
    command = bin_ / "reportgen"
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m reportgen "$@"\n')
    command.chmod(0o755)
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "RUNNER_TEMP": str(tmp_path / "temp"),
           "PATH": f"{bin_}:{os.environ['PATH']}", "GITHUB_OUTPUT": str(tmp_path / "out"),
           "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}  # fmt: skip
    return lambda script, **given: subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script], cwd=tmp_path, env={**env, **given},
        capture_output=True, text=True,
    )  # fmt: skip


def step(name):
    """A step of the action: its script, and the inputs that it gets, at their defaults."""
    (found,) = [one for one in ACTION["runs"]["steps"] if one["name"] == name]
    inputs = {key: str(value.get("default", "")) for key, value in ACTION["inputs"].items()}
    given = {key: re.sub(r"\$\{\{ inputs\.(\w+) }}", lambda held: inputs[held[1]], text)
             for key, text in found["env"].items()}  # fmt: skip
    return found["run"], given


@pytest.mark.parametrize(("gates", "code"), [("--baseline 18.35% --min-gain 5pp --allow-inconclusive", 0),
                                             ("--baseline 18.35% --min-gain 90pp", 1)])  # fmt: skip
def test_the_action_writes_everything_before_it_fails(machine, tmp_path, gates, code):
    script, given = step("Report and judge")
    done = machine(script, **{**given, "RUN": str(RUN), "GATES": gates})
    assert done.returncode == code, done.stderr
    assert {path.name for path in (tmp_path / "reportgen").iterdir()} == {
        "report.html", "report.json", "report.md", "gates.xml"}  # fmt: skip
    assert (tmp_path / "summary.md").read_text().startswith("## ")
    assert (tmp_path / "out").read_text() == "page=reportgen/report.html\n"


def test_the_action_takes_no_command_from_its_inputs(machine, tmp_path):
    script, given = step("Report and judge")
    done = machine(script, **{**given, "RUN": f"{RUN}", "GATES": '--fail-on critical $(touch broken) ; touch broken "'})
    assert "not read: $(touch" in done.stderr and not (tmp_path / "broken").exists()


def test_the_action_installs_what_it_stands_in(machine, tmp_path):
    """The first step makes an environment and gives pip the folder of this action; pip says that it is not there."""
    script, given = step("Install")
    assert given["HERE"] == "${{ github.action_path }}"
    done = machine(script.replace(" install --quiet", " install --dry-run --no-deps --no-build-isolation --quiet"),
                   **{**given, "HERE": str(tmp_path / "no such folder")})  # fmt: skip
    assert done.returncode != 0 and "no such folder" in done.stderr


def test_the_gitlab_job_runs_as_written(machine, tmp_path):
    job = yaml.safe_load(JOB)["report"]
    script = "\n".join(line for line in job["script"] if not line.startswith("pip "))
    assert machine(script, RUN=str(RUN)).returncode in (0, 1)
    assert ElementTree.parse(tmp_path / job["artifacts"]["reports"]["junit"]).find(".//testcase") is not None
