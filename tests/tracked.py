"""The fixtures of tests/trackers/: unpacked once, and what every one of them has to give."""

from __future__ import annotations

import math
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

from reportgen.run import Run

HERE = Path(__file__).parent / "trackers"
sys.path.insert(0, str(HERE))

import truth  # noqa: E402

SHARED = Path(__file__).parents[2] / "shared" / "cases"


def unpacked(kind: str, factory: pytest.TempPathFactory) -> Path:
    """The folder that one tracker's library wrote."""
    folder = factory.mktemp(kind)
    with tarfile.open(HERE / f"{kind}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder / kind


def assert_is_truth(run: Run, *, exact: bool = True, steps_from: int = 1, last: int = 126) -> None:
    """The run has the truth's steps, values, nan and inf; exact: float64, else the float32 nearest to it."""
    rows = truth.rows(last)
    assert list(run.history.index) == list(range(steps_from, steps_from + last))
    shift = steps_from - 1
    for name in ("train/reward", "train/grad_norm", "train/kl", "eval/reward"):
        expected = np.array([row.get(name, math.nan) for row in rows])
        expected[~np.isfinite(expected)] = math.nan
        expected = expected if exact else expected.astype(np.float32).astype(float)
        np.testing.assert_array_equal(run.history[name].to_numpy(), expected, err_msg=name)
    found = {(bad.step - shift, bad.metric): bad.value for bad in run.nonfinite}
    assert set(found) == {(40, "train/grad_norm"), (41, "train/grad_norm")}
    assert math.isnan(found[40, "train/grad_norm"])
    assert found[41, "train/grad_norm"] == math.inf


def assert_keeps_secrets(run: Run) -> None:
    """No fake secret of the truth's config is anywhere in the run, and the rest of the config is."""
    said = repr((run.config, run.summary, run.provenance, run.notes, run.console_tail, run.name, run.source))
    assert not any(secret in said for secret in truth.SECRETS)
    assert run.removed
