"""What README says is what happens."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_shown_runs_as_shown(monkeypatch):
    """Each line of the Python example gives the output printed under it."""
    monkeypatch.chdir(ROOT)
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    test = doctest.DocTestParser().get_doctest(example, {}, "README", "README.md", 0)
    assert doctest.DocTestRunner().run(test).failed == 0


@pytest.mark.parametrize("path", sorted(set(re.findall(r"(?:docs|templates)/[\w./-]+\.\w+", README))))
def test_every_file_that_readme_names_is_there(path):
    """Pictures, docs and licences that README points at exist."""
    assert (ROOT / path).exists()


def test_every_test_that_the_security_page_names_is_there():
    """A promise is tested where it says so."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/\w+\.py)(?:::(\w+))?`", text)
    assert len(named) > 20
    for file, test in named:
        assert f"def {test}" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{test}"
