"""What a notebook shows of a run, a diagnosis, a comparison and a report; executed by the real IPython where it is."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import reportgen
from reportgen import notebook

RUN = Path(__file__).parents[1] / "sample_runs" / "gsm8k-grpo-1hour" / "trial1109_2" / "trainer.log.xz"


@pytest.fixture(scope="module")
def diagnosis():
    return reportgen.diagnose(reportgen.read(str(RUN)))


def test_the_last_line_of_a_cell_is_short(diagnosis):
    report = reportgen.compose([diagnosis])
    several = reportgen.compare([diagnosis, diagnosis])
    for shown in (diagnosis.run, diagnosis, several, report):
        assert len(repr(shown)) < 200 and "\n" not in repr(shown)
    assert "126 steps" in repr(diagnosis.run)


def test_each_is_a_page_in_a_frame_and_a_summary(diagnosis):
    for shown in (diagnosis.run, diagnosis, reportgen.compare([diagnosis, diagnosis])):
        framed = notebook.to_html(shown)
        assert re.fullmatch(r'<iframe sandbox="allow-scripts allow-downloads" [^>]*></iframe>', framed, re.DOTALL)
        assert "allow-same-origin" not in framed
        assert notebook.to_markdown(shown).startswith("## ")


def test_without_a_notebook_nothing_is_registered():
    code = "import reportgen, sys; print(*(name in sys.modules for name in ('reportgen.notebook', 'pandas')))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[1])
    assert said.stdout.split() == ["False", "False"]


def test_ipython_shows_a_diagnosis_as_a_page():
    pytest.importorskip("IPython")
    code = f"""
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
import reportgen
data, _ = shell.display_formatter.format(reportgen.diagnose(reportgen.read({str(RUN)!r})))
print(sorted(data), data["text/html"][:7], len(data["text/plain"]))
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[1])
    assert said.returncode == 0, said.stderr
    assert "['text/html', 'text/markdown', 'text/plain'] <iframe" in said.stdout
