"""Any run is kept as Parquet and JSON, whatever it came from, and is the same when it is read again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from areal_writer import log

from reportgen.run import Run
from reportgen.sources import find, read
from reportgen.store import fetch

SAMPLES = Path(__file__).parents[1] / "sample_runs" / "gsm8k-grpo-1hour"
TABLE = "step,reward,kl,_runtime\n1,0.5,nan,1\n2,0.25,inf,2\n4,0.75,,4\n"


def kept(spec: str, folder: Path) -> Run:
    fetched = fetch([spec], folder)
    assert not fetched.unread
    (one,) = find(str(folder))
    return read(one)


def same(run: Run, again: Run) -> None:
    assert again.history[sorted(again.history)].equals(run.history[sorted(run.history)])
    one, other = (sorted((item.step, item.metric, str(item.value)) for item in each.nonfinite) for each in (run, again))
    assert one == other
    for name in ("id", "name", "source", "state", "framework", "restarts", "steps_per_epoch", "started", "runtime_s",
                 "console_tail", "axis", "axes", "sizes"):  # fmt: skip
        assert getattr(again, name) == getattr(run, name), name
    for name in ("config", "summary", "provenance"):
        assert dict(getattr(again, name)) == dict(getattr(run, name)), name
    assert set(run.notes) <= set(again.notes)
    if run.elapsed_s is not None:
        assert again.elapsed_s is not None
        np.testing.assert_allclose(again.elapsed_s, run.elapsed_s)


def test_a_table_with_nan_and_inf(tmp_path: Path) -> None:
    """What was logged as nan or inf is kept apart from what wasn't logged."""
    (tmp_path / "grpo.csv").write_text(TABLE)
    run = read(str(tmp_path / "grpo.csv"))
    assert len(run.nonfinite) == 2
    same(run, kept(str(tmp_path / "grpo.csv"), tmp_path / "archive"))


@pytest.mark.parametrize("what", ["trainer.log", "wandb/offline-run-*"])
def test_a_trial_of_the_samples(tmp_path: Path, what: str) -> None:
    """A log and W&B's files give the same run out of the archive."""
    (path,) = (SAMPLES / "trial1112_1").glob(what) if "*" in what else (SAMPLES / "trial1109_1" / what,)
    same(read(str(path)), kept(str(path), tmp_path))


def test_several_runs_of_one_name(tmp_path: Path) -> None:
    """Two runs that are called the same are two, and to keep one again adds none."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "grpo.csv").write_text(TABLE)
    for _ in range(2):
        fetch([str(tmp_path / "a"), str(tmp_path / "b" / "grpo.csv")], tmp_path / "archive")
    assert len(find(str(tmp_path / "archive"))) == 2


def test_what_is_no_run_is_told(tmp_path: Path) -> None:
    """A miss and a log without a step are named, and the others are kept."""
    (tmp_path / "young.log").write_text(log([0.5])[:100])
    (tmp_path / "grpo.csv").write_text(TABLE)
    fetched = fetch([str(tmp_path / name) for name in ("none.csv", "young.log", "grpo.csv")], tmp_path / "archive")
    assert [Path(spec).name for spec, _ in fetched.unread] == ["none.csv", "young.log"]
    assert len(fetched.lines) == 1
