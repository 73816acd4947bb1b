"""The same promises with the oldest W&B client that setup.cfg allows."""

import configparser
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SAME = ["tests/test_wandb_api.py", "tests/test_publish.py"]


@pytest.fixture(scope="module")
def oldest():
    """A folder with that client, made once."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    (version,) = re.findall(r"^wandb>=([\d.]+)", config["options"]["install_requires"], re.MULTILINE)
    folder = ROOT / "build" / f"wandb-{version}"
    if not (folder / "whole").exists():
        shutil.rmtree(folder, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--target", str(folder), f"wandb=={version}"], check=True)
        (folder / "whole").touch()
    return folder


def test_the_oldest_client_keeps_the_same_promises(oldest):
    """Every test of the API source and of publishing passes with it too."""
    given = {**os.environ, "PYTHONPATH": str(oldest)}
    given.pop("PYTEST_XDIST_WORKER", None)
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *SAME],
        cwd=ROOT,
        env=given,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout[-4000:]


def test_it_is_the_oldest_that_was_tried(oldest):
    """The client under test is the one in that folder, not the installed one."""
    code = "import wandb; print(wandb.__version__, wandb.__file__)"
    ended = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(oldest)}, capture_output=True, text=True
    )
    version, place = ended.stdout.split()
    assert f"wandb-{version}" == oldest.name
    assert Path(place).is_relative_to(oldest)
