"""What the sample reports say, word for word: `make gold` rewrites it, a diff shows what changed."""

from pathlib import Path

import pytest

import reportgen

SAMPLES = Path(__file__).parent.parent / "sample_runs"
TRIALS = sorted(path.name for path in (SAMPLES / "gsm8k-grpo-1hour").iterdir() if path.is_dir())
GOLD = Path(__file__).parent / "gold"


def said(folder):
    """The text report of every run in a folder of sample_runs/, with paths as seen from there."""
    runs = reportgen.read_all(reportgen.find(str(folder))).runs
    report = reportgen.compose([reportgen.diagnose(run) for run in runs])
    return reportgen.to_text(report).replace(f"{SAMPLES}/", "")


@pytest.mark.parametrize("name", TRIALS)
def test_a_sample_says_what_it_should(name, request):
    """The report of each sample run is the one in gold/."""
    gold, text = GOLD / f"{name}.txt", said(SAMPLES / "gsm8k-grpo-1hour" / name)
    if request.config.getoption("--rewrite-gold"):
        gold.parent.mkdir(exist_ok=True)
        gold.write_text(text, encoding="utf-8")
    assert text == gold.read_text(encoding="utf-8")
