"""Gates: what passes, what fails, what can't be judged."""

from dataclasses import replace

import pytest

import reportgen
from reportgen.gates import Gates, failures
from reportgen.settings import Settings


@pytest.fixture
def judged(make_run):
    """A diagnosis with a gain of ten points, give or take four."""
    columns = {
        "task_reward": [0.2, 0.25, 0.28, 0.29, 0.29, 0.29],
        "eval_accuracy": [0.2, None, None, None, None, 0.2835],
    }
    return reportgen.diagnose(make_run(columns), Settings(eval_size=1319, baseline=0.1835))


@pytest.mark.parametrize(
    ("gates", "said"),
    [
        (Gates(min_gain=0.05), None),
        (Gates(min_gain=0.09), "inconclusive"),
        (Gates(min_gain=0.20), "asked for at least 0.2"),
        (Gates(max_gap=0.30), None),
        (Gates(fail_on="critical"), None),
    ],
)
def test_a_gate_is_judged_by_the_whole_interval(judged, gates, said):
    """Inside passes, outside fails, across is inconclusive."""
    failed = failures([judged], gates)
    assert failed == () if said is None else said in failed[0]


def test_an_inconclusive_gate_may_be_allowed(judged):
    """--allow-inconclusive lets pass what can't be judged, not what fails."""
    assert failures([judged], Gates(min_gain=0.09, allow_inconclusive=True)) == ()
    assert failures([judged], Gates(min_gain=0.20, allow_inconclusive=True))


@pytest.mark.parametrize(
    "gates", [Gates(min_gain=0.01), Gates(max_gap=0.01), Gates(no_plateau=True), Gates(no_collapse=True)]
)
def test_what_was_not_logged_cannot_be_judged(judged, gates):
    """Without its number a gate fails as inconclusive and names the remedy."""
    blind = replace(judged, improvement=None, gap=None, train=None)
    (failed,) = failures([blind], gates)
    assert "inconclusive" in failed
