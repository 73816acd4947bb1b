"""What the sample reports and those of many situations say: `make gold` rewrites it, a diff shows what changed.

Words have to be the same; numbers may differ a little, since posterior draws hang on the last digits
of the machine's own linear algebra.
"""

import math
import re
from pathlib import Path

import pytest

import reportgen
from tests.situations import SITUATIONS

SAMPLES = Path(__file__).parent.parent / "sample_runs"
TRIALS = sorted(path.name for path in (SAMPLES / "gsm8k-grpo-1hour").iterdir() if path.is_dir())
GOLD = Path(__file__).parent / "gold"
NUMBER = re.compile(r"(?<![\w.])[−+]?\d[\d,]*(?:\.\d+)?(?:e−?\d+)?")


def said(folder):
    """The text report of every run in a folder of sample_runs/, given as seen from there."""
    runs = reportgen.read_all(reportgen.find(folder)).runs
    return reportgen.to_text(reportgen.compose([reportgen.diagnose(run) for run in runs]))


def words(text):
    """The text with "#" for each number, however it is broken into lines."""
    return NUMBER.sub("#", " ".join(text.split()))


def numbers(text):
    """The numbers of a text, in order."""
    return [float(found.replace(",", "").replace("−", "-")) for found in NUMBER.findall(text)]


@pytest.mark.parametrize("name", TRIALS)
def test_a_sample_says_what_it_should(name, request, monkeypatch):
    """The report of each sample run is the one in gold/: every word, and every number nearly."""
    monkeypatch.chdir(SAMPLES)
    as_in_gold(GOLD / f"{name}.txt", said(f"gsm8k-grpo-1hour/{name}"), request)


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_situation_is_told_as_it_was(name, request):
    """What is said of runs that broke, tie, are too short or not alike: a change shows in the diff, and is meant."""
    report = reportgen.compose([reportgen.diagnose(run) for run in SITUATIONS[name]()])
    as_in_gold(GOLD / "situations" / f"{name}.md", reportgen.to_markdown(report), request, near=0.06)


def as_in_gold(gold, text, request, near=0.25):
    """A text is the one in gold/, numbers nearly; with --rewrite-gold it becomes it."""
    if request.config.getoption("--rewrite-gold"):
        gold.parent.mkdir(parents=True, exist_ok=True)
        gold.write_text(text, encoding="utf-8")
    wanted = gold.read_text(encoding="utf-8")
    assert words(text) == words(wanted)
    for here, there in zip(numbers(text), numbers(wanted), strict=True):
        assert math.isclose(here, there, rel_tol=near * 0.6, abs_tol=near), f"{here} is not {there}"
