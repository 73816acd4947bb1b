"""What W&B's files don't hold is told: dropped rows, early ends, damage on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from reportgen import find, read
from reportgen.errors import NoSteps, SourceError
from tests import wandb_bytes
from tests.areal_writer import log as areal_log

TOLD = "wandb: WARNING Tried to log to step {} that is less than the current step {}. Steps must be …\n"
OLDER = "wandb: WARNING Step must only increase in log calls.  Step {} < {}; dropping {{'a': 1}}.\n"


def printed(text: str) -> bytes:
    """A record of what the run wrote on its console."""
    return wandb_bytes.field(13, b"\x08\x01" + wandb_bytes.field(3, text.encode()))


@pytest.mark.parametrize("warning", [TOLD, OLDER])
def test_rows_that_wandb_dropped_are_counted(tmp_path: Path, warning: str) -> None:
    """The warnings in the console say how many log calls were refused, and the first of them."""
    said = [printed(warning.format(step, step + 2)) for step in (1, 2, 3)]
    path = wandb_bytes.write(tmp_path, wandb_bytes.log([*wandb_bytes.rows(5), *said, wandb_bytes.exited()]))
    (note,) = [note for note in read(path).notes if "dropped" in note]
    assert "at least 3 log calls had a step below the current one (first: step 1 < 3)" in note


def test_nothing_is_said_where_none_was_dropped(tmp_path: Path) -> None:
    """A healthy console tells of no dropped rows."""
    content = wandb_bytes.log([*wandb_bytes.rows(5), printed("step 1 < 3\n"), wandb_bytes.exited()])
    assert not any("dropped" in note for note in read(wandb_bytes.write(tmp_path, content)).notes)


def test_a_run_that_failed_before_its_first_step_says_why(tmp_path: Path) -> None:
    """Exit code and last line; no advice to try again later."""
    trace = printed("Traceback (most recent call last):\nAssertionError: lengths differ\n\n")
    path = wandb_bytes.write(tmp_path, wandb_bytes.log([wandb_bytes.run(), trace, wandb_bytes.exited(1)]))
    said = r"failed \(exit code 1\) before its first step.*AssertionError: lengths differ"
    with pytest.raises(NoSteps, match=said) as told:
        read(path)
    assert "try again" not in str(told.value)


def test_a_run_without_an_end_is_to_be_tried_again(tmp_path: Path) -> None:
    """A young run has no end record."""
    path = wandb_bytes.write(tmp_path, wandb_bytes.log([wandb_bytes.run(), printed("loading\n")]))
    with pytest.raises(NoSteps, match="try again"):
        read(path)


def test_changed_line_ends_are_named(tmp_path: Path) -> None:
    """A log that passed through a text conversion is damaged in one known way."""
    content = wandb_bytes.log(wandb_bytes.rows(400, note='"a\nb"'))
    with pytest.raises(SourceError, match="CR LF"):
        read(wandb_bytes.write(tmp_path, content.replace(b"\n", b"\r\n")))


def test_a_git_lfs_pointer_is_named(tmp_path: Path) -> None:
    """What to run to get the file is said."""
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1048576\n"
    with pytest.raises(SourceError, match="run git lfs pull"):
        read(wandb_bytes.write(tmp_path, pointer))


def test_a_directory_that_kept_only_its_output_is_read_from_that(tmp_path: Path) -> None:
    """files/output.log is a console like any other."""
    folder = tmp_path / "run-20261125_191539-abc" / "files"
    folder.mkdir(parents=True)
    (folder / "output.log").write_text(areal_log([0.25, 0.5]))
    (spec,) = find(str(tmp_path))
    assert read(spec).history.index.tolist() == [1, 2]


def test_two_processes_of_one_run_are_one_launch(tmp_path: Path) -> None:
    """Logs of one id that were written at the same time are joined; neither cuts the other."""
    for process, name in enumerate(("reward", "eval_reward")):
        folder = tmp_path / f"run-20261125_19153{process}-both"
        folder.mkdir()
        steps = range(1 + 9 * process, 21, 1 + 4 * process)
        stamps = [f"{1000 + 10 * step + process}" for step in steps]
        rows = [wandb_bytes.row({"_timestamp": stamp, "train/global_step": f"{step}", name: "0.5"})
                for stamp, step in zip(stamps, steps, strict=True)]  # fmt: skip
        wandb_bytes.write(folder, wandb_bytes.log([wandb_bytes.run("both"), *rows]), "run-both.wandb")
    (spec,) = find(str(tmp_path))
    history = read(spec).history
    assert len(history["reward"].dropna()) == 20
    assert history["eval_reward"].dropna().index.tolist() == [10, 15, 20]


def test_a_swanlab_directory_is_not_called_wandbs(tmp_path: Path) -> None:
    """Its name has the same pattern; what it lacks is said in its own words."""
    folder = tmp_path / "run-20261125_191851-sdhbsprs" / "logs" / "1"
    folder.mkdir(parents=True)
    (folder / "1000.log").write_text('{"index": 1, "data": 0.5}\n')
    with pytest.raises(SourceError, match="a SwanLab directory without"):
        read(str(folder.parents[1]))
