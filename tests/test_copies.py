"""Runs from standard input: copied for the time of a command, and called what they are."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from areal_writer import log
from click.testing import CliRunner

from reportgen.cli import cli
from reportgen.errors import SourceError
from reportgen.sources import find, read
from reportgen.sources.files import copies

TABLE = "step,reward\n" + "".join(f"{step},0.{step}\n" for step in range(10, 60))


def test_a_pipe_is_a_run(tmp_path: Path) -> None:
    """`-` is read from standard input, and the page names no file of the machine."""
    out = tmp_path / "report.json"
    ended = CliRunner().invoke(cli, ["report", "-", "-o", "-", "--json", str(out), "--no-cache"], input=TABLE)
    assert ended.exit_code == 0, ended.output
    (run,) = json.loads(out.read_text())["runs"]
    assert run["source"] == "table standard input"
    assert (run["name"], run["steps"]["count"]) == ("stdin", 50)
    assert "reportgen-" not in ended.output.split("<style")[0] + out.read_text()


def test_two_pipes_are_the_same_report(tmp_path: Path) -> None:
    """Nothing of the copy's place reaches what is written."""
    words = ["diagnose", "-", "--format", "json", "--no-cache"]
    first, second = (CliRunner().invoke(cli, words, input=TABLE).output for _ in "ab")
    assert first == second


def test_a_pipe_without_a_step_says_so() -> None:
    """What came is told as standard input, in one sentence, with exit code 2."""
    ended = CliRunner().invoke(cli, ["diagnose", "-"], input="hello\nworld\n")
    assert ended.exit_code == 2
    assert "standard input: no step found in 2 lines" in ended.output
    assert copies.ORIGIN not in ended.output and "/tmp" not in ended.output


def test_an_empty_pipe() -> None:
    """Nothing on standard input is refused in a sentence."""
    ended = CliRunner().invoke(cli, ["diagnose", "-"], input="")
    assert ended.exit_code == 2
    assert "-: nothing came on standard input" in ended.output


def test_a_compressed_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """A packed log is unpacked as it is from a file."""
    import gzip

    class Pipe:
        buffer = io.BytesIO(gzip.compress(log([0.25, 0.5]).encode()))

        def isatty(self) -> bool:
            return False

    monkeypatch.setattr("sys.stdin", Pipe())
    (spec,) = find("-")
    assert len(read(spec).history) == 2


def test_too_much_on_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit of what is copied is said."""
    monkeypatch.setattr(copies, "MOST", 10)
    with pytest.raises(SourceError, match=r"^-: more than .* write it to a file"):
        copies.of_stdin(io.BytesIO(b"x" * 20))
