"""What the sample reports say: `make gold` rewrites it, a diff shows what changed.

Words have to be the same; numbers may differ a little, since posterior draws hang on the last digits
of the machine's own linear algebra.
"""

import math
import re
from pathlib import Path

import pytest

import reportgen

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
    gold, text = GOLD / f"{name}.txt", said(f"gsm8k-grpo-1hour/{name}")
    if request.config.getoption("--rewrite-gold"):
        gold.parent.mkdir(exist_ok=True)
        gold.write_text(text, encoding="utf-8")
    wanted = gold.read_text(encoding="utf-8")
    assert words(text) == words(wanted)
    for here, there in zip(numbers(text), numbers(wanted), strict=True):
        assert math.isclose(here, there, rel_tol=0.15, abs_tol=0.25), f"{here} is not {there}"
