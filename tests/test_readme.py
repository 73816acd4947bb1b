"""What README says is what happens."""

import doctest
import re
from pathlib import Path

import pytest

from reportgen.cli import cli

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_readme_is_short():
    """One reading: at most 700 words."""
    assert len(README.split()) <= 700


def test_the_commands_shown_are_there_with_their_options():
    """No command and no option in README or docs that the program doesn't have."""
    known = {
        name: {flag for option in command.params for flag in option.opts} for name, command in cli.commands.items()
    }
    shown = "\n".join(path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
    shown = shown.replace("\\\n", " ")
    lines = re.findall(r"^reportgen (?:(\w+) )?([^\n#`]*)", shown, re.MULTILINE)
    assert len(lines) > 8
    for command, words in lines:
        flags = set(re.findall(r"(?<!\S)--?[a-z][\w-]*", words))
        assert flags <= known[command if command in known else "report"], (command, words)


def test_every_link_leads_somewhere():
    """Links between README and docs, anchors left aside."""
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#: ]+\.(?:md|txt|png|html))\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), (page.name, link)


def test_the_python_shown_runs_as_shown(monkeypatch):
    """Each line of the Python example gives the output printed under it."""
    monkeypatch.chdir(ROOT)
    (example,) = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text(encoding="utf-8"), re.DOTALL
    )
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
