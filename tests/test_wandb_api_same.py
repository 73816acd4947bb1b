"""A run is the same run however it came: W&B's file, its API, the local copy and the trainer's log."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from wandb_server import environment, serving

from reportgen import render, sources, store
from reportgen.diagnostics import diagnose
from reportgen.report import compose
from reportgen.settings import Settings

SAMPLE = Path(__file__).parent.parent / "sample_runs" / "gsm8k-grpo-1hour"
TRIALS = ("trial1109_1", "trial1109_2")
FORMS = ("W&B file", "API", "local copy", "trainer.log")


@pytest.fixture(scope="module", params=TRIALS)
def forms(request, tmp_path_factory):
    """One job read in each form; W&B's server got it from the real SDK, which synced the real file."""
    folder, trial = tmp_path_factory.mktemp("same"), SAMPLE / request.param
    (directory,) = (trial / "wandb").glob("offline-run-*")
    shutil.copytree(directory, folder / directory.name)
    with serving() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in environment(server, folder / "home").items():
            patch.setenv(name, value)
        command = [sys.executable, "-m", "wandb", "sync", "--entity", "my-team", "--project", "p", directory.name]
        subprocess.run(command, cwd=folder, env=dict(os.environ), check=True, capture_output=True)
        ((_, _, id),) = server.runs
        runs = [sources.read(str(directory)), sources.read(f"wandb:my-team/p/{id}")]
        store.fetch([f"my-team/p/{id}"], folder / "copy")
    runs.append(sources.read(str(folder / "copy" / "my-team" / "p" / store.part(id))))
    (log,) = trial.rglob("trainer.log*")
    runs.append(sources.read(str(log)))
    return dict(zip(FORMS, runs, strict=True))


@pytest.mark.parametrize("form", FORMS[1:])
def test_the_steps_are_the_same(forms, form):
    """Each form counts the same train steps."""
    assert forms[form].history.index.equals(forms["W&B file"].history.index)


@pytest.mark.parametrize("form", FORMS[1:3])
def test_every_value_is_the_same(forms, form):
    """Over the API and in the local copy no digit of any metric is lost."""
    of_file = forms["W&B file"].history
    assert set(forms[form].history) == set(of_file)
    assert forms[form].history[list(of_file)].equals(of_file)


def test_the_log_has_the_same_values_to_its_precision(forms):
    """What the trainer printed agrees with W&B to the digits that it printed."""
    of_log, of_file = forms["trainer.log"].history, forms["W&B file"].history
    shared = [name for name in of_log if name in of_file]
    assert len(shared) > 10
    np.testing.assert_allclose(of_log[shared], of_file[shared], rtol=1e-4, atol=5e-5)


def judged(run):
    """What the report says of a run, but for where it came from."""
    (said,) = json.loads(render.to_json(compose([diagnose(run, Settings())])))["runs"]
    return {key: said[key] for key in ("steps", "roles", "plateau", "trend", "collapse", "improvement", "verdict")}


@pytest.mark.parametrize("form", FORMS[1:3])
def test_the_diagnosis_is_the_same(forms, form):
    """The report on the API's run and on the local copy says what that on the file says."""
    assert judged(forms[form]) == judged(forms["W&B file"])


def test_the_log_has_the_same_verdict(forms):
    """The report on the trainer's log comes to the same decision."""
    one, other = judged(forms["trainer.log"]), judged(forms["W&B file"])
    assert one["verdict"]["decision"] == other["verdict"]["decision"]
    assert one["steps"] == other["steps"]


@pytest.mark.parametrize("form", FORMS[1:3])
def test_config_and_identity_are_the_same(forms, form):
    """Id, name, framework, state, config and summary don't depend on the way."""
    for field in ("id", "name", "framework", "state", "config", "summary", "steps_per_epoch"):
        assert getattr(forms[form], field) == getattr(forms["W&B file"], field), field
