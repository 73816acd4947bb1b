"""Gain, gap and checkpoints, and what the eval set can tell."""

from __future__ import annotations

import numpy as np
import pytest
from curves import EVALS, STEPS, at, noisy, saturating

from reportgen.diagnostics import diagnose
from reportgen.findings import Severity
from reportgen.settings import Settings

TRAIN, EVAL = "grpo_actor/task_reward/avg", "eval-rollout/reward"
GSM8K = {"experiment_name": "gsm8k-grpo", "actor.path": "Qwen/Qwen2.5-0.5B-Instruct"}


def reference(make_run, samples=32, **about):
    """The guide's run: 126 steps, evals at 63 and 126."""
    return make_run({TRAIN: noisy(saturating(width=30), samples), EVAL: at(EVALS)}, **{"config": GSM8K, **about})


def test_the_reference_runs_gain(make_run):
    """+13.70 points, +74.7 %, [10.4, 16.9]; no p-value, since the baseline is assumed."""
    gain = diagnose(reference(make_run)).improvement
    assert (gain.baseline, gain.baseline_from, gain.n) == (0.1835, "assumed", 1319)
    assert gain.absolute == pytest.approx(0.13701)
    assert gain.relative == pytest.approx(0.747, abs=5e-4)
    assert gain.interval == pytest.approx((0.104, 0.169), abs=1e-3)
    assert (gain.p_value, gain.state) == (None, "assumed")


def test_the_gain_is_told_in_one_line(make_run):
    """What, how much, how sure."""
    found = diagnose(reference(make_run)).finding("improvement")
    assert found.severity is Severity.NOTE
    assert found.headline == "+13.70 pp [+10.4, +17.0], not tested: the baseline is assumed"
    assert "+74.7" in found.detail


def test_assumptions_are_said(make_run):
    """What the run doesn't say stands in a sentence."""
    said = {item.name: item for item in diagnose(reference(make_run)).assumptions}
    assert said["baseline"].value == 0.1835
    assert said["eval_size"].value == 1319
    assert all(item.text for item in said.values())


@pytest.mark.parametrize(
    ("settings", "evals", "baseline", "origin"),
    [
        (Settings(baseline=0.2), {0: 0.1, 20: 0.3}, 0.2, "given"),
        (Settings(), {0: 0.1, 20: 0.3}, 0.1, "logged at step 0"),
        (Settings(), {20: 0.3}, 0.1835, "assumed"),
    ],
)
def test_where_the_baseline_comes_from(make_run, settings, evals, baseline, origin):
    """Given, else an eval before the first step, else assumed."""
    columns = {TRAIN: [None] + [0.2] * 20, EVAL: [evals.get(step) for step in range(21)]}
    run = make_run(columns, first_step=0, config=GSM8K)
    gain = diagnose(run, settings).improvement
    assert (gain.baseline, gain.baseline_from) == (baseline, origin)


def test_no_baseline_no_gain(make_run):
    """A reward that is no accuracy has no assumed baseline, and with a given one no percent."""
    assert diagnose(make_run(reward=[-2.0, 1.0, 3.0])).improvement is None
    run = make_run(reward=list(np.linspace(-2, 3, 40)))
    assert diagnose(run).improvement.baseline_from == "first steps"
    gain = diagnose(run, Settings(baseline=-2.0)).improvement
    assert gain.absolute > 4
    assert gain.relative is None


def test_without_a_size_nothing_is_tested(make_run):
    """The gain is told, and that it can't be tested."""
    run = reference(make_run, config={})
    gain = diagnose(run, Settings(baseline=0.1835)).improvement
    assert (gain.n, gain.interval, gain.p_value, gain.state) == (None, None, None, "not tested")
    assert "not tested" in diagnose(run, Settings(baseline=0.1835)).finding("improvement").headline


def test_train_stands_in_for_a_missing_eval(make_run):
    """And the finding says so."""
    diagnosis = diagnose(make_run({TRAIN: noisy(saturating(), 4096)}, config=GSM8K))
    assert diagnosis.improvement.source == "train"
    assert diagnosis.improvement.absolute == pytest.approx(0.32 - 0.1835, abs=0.01)
    assert "stands in" in diagnosis.finding("improvement").detail


@pytest.mark.parametrize(
    ("value", "label", "severity"),
    [
        (0.32, "good_generalisation", Severity.OK),
        (0.25, "overfitting", Severity.NOTE),
        (0.05, "overfitting", Severity.WARNING),
        (0.45, "underfitting", Severity.NOTE),
    ],
)
def test_gap_labels(make_run, value, label, severity):
    """Beyond the threshold and beyond chance, on either side."""
    run = make_run({TRAIN: noisy(saturating(), 4096), EVAL: at({63: value, 126: value})})
    diagnosis = diagnose(run, Settings(eval_size=5000))
    assert diagnosis.gap.label == label
    assert diagnosis.finding("gap").severity is severity
    low, high = diagnosis.gap.interval
    assert low < 0.32 - value < high


def test_a_small_eval_cannot_tell(make_run):
    """Thirty problems don't show five points."""
    run = make_run({TRAIN: noisy(saturating(), 4096), EVAL: at({126: 0.27})})
    assert diagnose(run, Settings(eval_size=30)).gap.label == "inconclusive"


def test_when_the_gap_opened(make_run):
    """The first eval at which it is significant; one row for each eval."""
    evals = {step: 0.32 if step < 80 else 0.2 for step in range(20, 127, 20)}
    run = make_run({TRAIN: noisy(saturating(), 4096), EVAL: at(evals)})
    gap = diagnose(run, Settings(eval_size=5000)).gap
    assert gap.first_significant_step == 80
    assert [row[0] for row in gap.trend] == list(evals)


def test_different_units_are_not_compared(make_run):
    """A log-probability and an accuracy have no gap."""
    run = make_run({TRAIN: np.linspace(-2.4, -1.5, STEPS), EVAL: at(EVALS)})
    assert diagnose(run).gap is None


def test_checkpoints_that_cannot_be_told_apart(make_run):
    """The best was picked for being best; 63 isn't clearly behind it."""
    found = diagnose(reference(make_run)).checkpoints
    assert (found.best_set, found.earliest, found.roll_back_to) == ((63, 126), 63, None)


def test_a_clearly_best_checkpoint_stands_alone(make_run):
    """Where the eval set can tell, it does."""
    run = make_run({TRAIN: noisy(saturating(), 4096), EVAL: at({63: 0.2, 126: 0.4})})
    assert diagnose(run, Settings(eval_size=1319)).checkpoints.best_set == (126,)


def test_eval_size_by_step(make_run):
    """Each eval has its own error."""
    run = make_run({TRAIN: noisy(saturating(), 4096), EVAL: at({63: 0.30, 126: 0.34})})
    assert diagnose(run, Settings(eval_size={63: 50, 126: 20_000})).checkpoints.best_set == (63, 126)
    assert diagnose(run, Settings(eval_size={63: 20_000, 126: 20_000})).checkpoints.best_set == (126,)


def test_the_eval_sets_reach(make_run):
    """What it can see, and how many problems would see the gap."""
    found = diagnose(reference(make_run)).finding("eval_resolution")
    assert found.evidence["n"] == 1319
    assert 0.03 < found.evidence["smallest_visible"] < 0.06


@pytest.mark.parametrize(
    ("about", "n"),
    [({"config": {"valid_dataset.max_samples": 200}}, 200), ({"config": {"train_dataset.path": "openai/gsm8k"}}, 1319),
     ({"name": "gsm8k-1"}, 1319), ({}, None)],
)  # fmt: skip
def test_eval_size_from_the_run(make_run, about, n):
    """Logged, or gsm8k's where the run is named after it, else unknown."""
    assert diagnose(reference(make_run, **{"config": {}, **about})).eval_n == n


def test_a_run_that_rises_is_compared_at_its_last_eval(make_run):
    """Train and eval of one course, the last eval 19 steps before the end: the rise since then is no gap."""
    course = 0.25 + 0.37 * (1 - np.exp(-np.arange(60) / 18))
    noise = 0.025 * np.random.default_rng(0).standard_normal(60)
    run = make_run({TRAIN: course + noise, EVAL: at({step: course[step] - 0.01 for step in (1, 21, 41)}, 60)})
    found = diagnose(run, Settings(eval_size=1319)).gap
    assert found.label == "good_generalisation"
    assert found.gap == pytest.approx(0.01, abs=0.015)
