"""The built wheel works in an environment of its own, away from the sources."""

import json
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "sample_runs" / "gsm8k-grpo-1hour" / "trial1109_1" / "trainer.log"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The reportgen command of a new environment that holds the wheel; dependencies are this one's."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT], check=True, capture_output=True
    )
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "env", with_pip=True)
    subprocess.run([folder / "env/bin/pip", "install", "--no-deps", "--quiet", wheel], check=True)
    (packages,) = (folder / "env/lib").glob("python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "env/bin/reportgen"


def test_the_wheel_renders_elsewhere(installed, tmp_path):
    """A page and its JSON come out of the installed wheel, templates included."""
    subprocess.run([installed, "report", SAMPLE, "-o", "page.html", "--json", "page.json"], cwd=tmp_path, check=True)
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert json.loads((tmp_path / "page.json").read_text())["runs"][0]["steps"]["count"] == 126


def test_the_wheel_is_what_runs(installed, tmp_path):
    """The installed package is imported, not the checkout."""
    shown = subprocess.run(
        [installed.parent / "python", "-c", "import reportgen; print(reportgen.__file__)"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert str(installed.parent.parent) in shown.stdout
