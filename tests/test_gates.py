"""Gates: what passes, what fails, what can't be judged."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest

import reportgen
from reportgen.errors import SettingsError
from reportgen.gates import Gates, junit, results, told
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
        (Gates(min_gain=0.20), "asked for at least 20.00"),
        (Gates(max_gap=0.30), None),
        (Gates(fail_on="critical"), None),
    ],
)
def test_a_gate_is_judged_by_the_whole_interval(judged, gates, said):
    """Inside passes, outside fails, across is inconclusive."""
    failed = told(results([judged], gates))
    assert failed == () if said is None else said in failed[0]


def test_an_inconclusive_gate_may_be_allowed(judged):
    """--allow-inconclusive lets pass what can't be judged, not what fails."""
    assert told(results([judged], Gates(min_gain=0.09, allow_inconclusive=True))) == ()
    assert told(results([judged], Gates(min_gain=0.20, allow_inconclusive=True)))


@pytest.mark.parametrize(
    "gates", [Gates(min_gain=0.01), Gates(max_gap=0.01), Gates(no_plateau=True), Gates(no_collapse=True)]
)
def test_what_was_not_logged_cannot_be_judged(judged, gates):
    """Without its number a gate fails as inconclusive and names the remedy."""
    blind = replace(judged, improvement=None, gap=None, train=None)
    (failed,) = told(results([blind], gates))
    assert "inconclusive" in failed


def test_each_gate_tells_what_became_of_it(judged):
    """Passed ones too, in percentage points; what is allowed says so."""
    asked = Gates(min_gain=0.05, max_gap=-0.05, no_plateau=True, allow_inconclusive=True)
    found = {one.gate: one for one in results([judged], asked)}
    assert found["--min-gain"].state == "passed" and "pp" in found["--min-gain"].said
    assert {gate: one.outcome for gate, one in found.items()} == {
        "--min-gain": "passed", "--max-gap": "failed", "--no-plateau": "passed",
    }


def test_what_no_run_can_answer_breaks_unless_it_is_allowed(judged):
    """An inconclusive gate breaks the run, or is said to have been allowed."""
    asked = [Gates(min_gain=0.09, allow_inconclusive=allowed) for allowed in (False, True)]
    found = [results([judged], gates)[0] for gates in asked]
    assert [one.state for one in found] == ["inconclusive", "inconclusive"]
    assert [one.breaks for one in found] == [True, False]
    assert found[1].outcome == "inconclusive, allowed"


def test_a_gain_that_no_accuracy_can_have_is_refused(judged):
    with pytest.raises(SettingsError, match="5pp"):
        results([judged], Gates(min_gain=5))


def test_junit_holds_a_case_a_gate(judged):
    root = ElementTree.fromstring(junit(results([judged], Gates(min_gain=0.20, fail_on="critical"))))
    cases = root.findall("./testsuite/testcase")
    assert [case.get("name") for case in cases] == ["--fail-on critical", "--min-gain"]
    assert cases[1].find("failure").get("type") == "failed"
