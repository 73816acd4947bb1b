"""The built wheel works in an environment of its own, away from the sources."""

import configparser
import json
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "sample_runs" / "gsm8k-grpo-1hour" / "trial1109_1" / "trainer.log"


PYTHONS = os.environ.get("REPORTGEN_PYTHONS", "").split()  # `make wheel` names each that it finds
LARGEST_MB = 450  # of a plain install, byte code and pip left aside


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT], check=True, capture_output=True
    )
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel):
    """The reportgen command of a new environment that holds the wheel; dependencies are this one's."""
    folder = wheel.parent
    venv.create(folder / "env", with_pip=True)
    subprocess.run([folder / "env/bin/pip", "install", "--no-deps", "--quiet", wheel], check=True)
    (packages,) = (folder / "env/lib").glob("python*/site-packages")
    here = [path for path in sys.path if path.endswith("site-packages")]  # a worktree borrows another's
    (packages / "dependencies.pth").write_text("\n".join(here) + "\n")
    return folder / "env/bin/reportgen"


def test_the_wheel_renders_elsewhere(installed, tmp_path):
    """A page and its JSON come out of the installed wheel, templates included."""
    subprocess.run([installed, "report", SAMPLE, "-o", "page.html", "--json", "page.json"], cwd=tmp_path, check=True)
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert json.loads((tmp_path / "page.json").read_text())["runs"][0]["steps"]["count"] == 126


def test_every_room_is_packed():
    """setup.cfg names each package of the tree: one forgotten is found here, not by who installs it."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    packed = set(setup["options"]["packages"].split()) - {"reportgen.templates"}
    rooms = (ROOT / "reportgen").rglob("__init__.py")
    assert packed == {".".join(room.parent.relative_to(ROOT).parts) for room in rooms}


def test_the_wheel_is_what_runs(installed, tmp_path):
    """The installed package is imported, not the checkout."""
    shown = subprocess.run(
        [installed.parent / "python", "-c", "import reportgen; print(reportgen.__file__)"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert str(installed.parent.parent) in shown.stdout


def test_its_name_is_free_and_its_notices_are_in_it(wheel):
    """On PyPI `reportgen` is another project's; licence and third-party notices travel in the wheel."""
    assert wheel.name.startswith("reportgen_rl-")
    held = subprocess.run([sys.executable, "-m", "zipfile", "-l", wheel], capture_output=True, text=True, check=True)
    assert all(name in held.stdout for name in ("licenses/LICENSE", "THIRD_PARTY.md", "LICENSES.txt"))


@pytest.mark.parametrize("python", PYTHONS)
def test_a_plain_install_renders_on_each_python_and_is_small(python, wheel, tmp_path):
    """The wheel with what it asks for, on another Python: a page of a log, and less on the disk than promised."""
    subprocess.run([python, "-m", "venv", tmp_path / "env"], check=True)
    pip = [tmp_path / "env/bin/python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--no-compile", wheel], check=True)
    subprocess.run([tmp_path / "env/bin/reportgen", SAMPLE, "-o", "page.html"], cwd=tmp_path, check=True)
    assert (tmp_path / "page.html").stat().st_size > 100_000
    (packages,) = (tmp_path / "env/lib").glob("python*/site-packages")
    assert not (packages / "pyarrow").exists()
    kept = [
        file
        for file in packages.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and file.relative_to(packages).parts[0] != "pip"
    ]
    assert sum(file.stat().st_size for file in kept) < LARGEST_MB * 1e6


def test_every_package_that_is_asked_for_stands_in_the_notices():
    """THIRD_PARTY.md names each dependency, those of extras with their extra; versions are the same everywhere."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    notices = (ROOT / "THIRD_PARTY.md").read_text()
    extras = setup["options.extras_require"]
    extras = {name: extras[name] for name in extras if name not in ("test", "lint", "all")}
    for extra, text in {"": setup["options"]["install_requires"], **extras}.items():
        for package in re.findall(r"^[\w-]+", text.replace("[server]", ""), re.MULTILINE):
            assert re.search(rf"^\| {package} \| {f'`{extra}` . ' if extra else ''}", notices, re.MULTILINE), package
    version = re.search(r'__version__ = "(.*)"', (ROOT / "reportgen" / "__init__.py").read_text())[1]
    assert f"version: {version}\n" in (ROOT / "CITATION.cff").read_text()
