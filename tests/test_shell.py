"""Help, completion, places of pages, the settings file and --verbose: what a person meets before any diagnosis."""

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from reportgen.cli import cli

ROOT = Path(__file__).parents[1]
RUN = str(ROOT / "sample_runs/gsm8k-grpo-1hour/trial1109_2/trainer.log.xz")
ENV = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def said(*words, **more):
    return subprocess.run([sys.executable, "-m", "reportgen", *words], capture_output=True, text=True,
                          env={**ENV, **more.pop("env", {})}, **more)  # fmt: skip


@pytest.mark.parametrize("command", ["", *cli.commands])
def test_help_is_whole_at_80_columns(command):
    """No line is longer, no sentence is cut; commands of many options have their panels."""
    shown = CliRunner().invoke(cli, [*filter(None, [command]), "--help"], terminal_width=78).output  # of 80
    assert max(map(len, shown.splitlines())) <= 80
    assert not re.search(r"\w\.\.\.$", shown.replace("RUN...", "").replace("SPEC...", ""), re.MULTILINE)
    if command in ("report", "diagnose", "metrics", "watch"):
        assert all(f"\n{panel}:\n" in shown for panel in ("Input", "Judging", "Output"))


@pytest.mark.parametrize("place", ["a.pdf", "a.json", "a.PNG", "there/a.md"])
def test_a_page_of_another_kind_is_refused_before_any_work(place, tmp_path):
    done = said("report", "no-such-run", "-o", place, cwd=tmp_path)
    assert done.returncode == 2 and "the page is HTML" in done.stderr and not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["pages/", "there"])
def test_a_folder_takes_the_page(place, tmp_path):
    (tmp_path / "there").mkdir()
    assert said("report", RUN, "-o", place, "-q", cwd=tmp_path).returncode == 0
    assert (tmp_path / place / "report.html").is_file()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script_of_its_own(shell):
    script = said("completion", shell).stdout
    assert f"_REPORTGEN_COMPLETE={shell}_complete" in script


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("reportgen rep", "plain,report"),
        ("reportgen wandb/la", "file,wandb/la"),
        ("reportgen report wandb/la", "file,wandb/la"),
        ("reportgen wandb/latest-run --base", "plain,--baseline"),
        ("reportgen diagnose x --json ", "file,"),
        ("reportgen diagnose x --format ag", "plain,agent"),
        ("reportgen ", "plain,watch"),
    ],
)
def test_bash_is_offered_commands_options_and_files(words, offered):
    given = {"_REPORTGEN_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    assert offered in said(env=given).stdout.splitlines()


def test_one_settings_file_serves_every_command(tmp_path):
    """A gate in it stops no command that has none; a slip is named with the nearest key."""
    (tmp_path / "reportgen.toml").write_text("fail_on = 'critical'\nevery = '5m'\nbaseline = '18.35%'\n")
    assert "train_reward" in said("metrics", RUN, cwd=tmp_path).stdout
    (tmp_path / "reportgen.toml").write_text("basline = 0.2\n")
    assert "such as baseline" in said("metrics", RUN, cwd=tmp_path).stderr


def test_verbose_tells_what_was_claimed_and_why_and_only_then():
    told = said("metrics", RUN, "--verbose").stderr
    assert "claims it" in told and "AReaL" in told
    assert "claims it" not in said("metrics", RUN).stderr


def test_a_near_miss_of_a_threshold_is_named():
    done = said("metrics", RUN, "--set", "plateau_probabilty=0.9")
    assert done.returncode == 2 and "did you mean plateau_probability?" in done.stderr


def test_every_long_option_that_takes_a_file_completes_one():
    for command in cli.commands.values():
        for param in command.params:
            if param.metavar in ("FILE", "DIR", "PATH", "RUN...", "SPEC..."):
                (item,) = param.shell_complete(click.Context(command), "a/")
                assert item.type == "file" and item.value == "a/"
