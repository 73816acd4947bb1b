"""Rollouts, step time, restarts, scales, and the whole of a diagnosis."""

from __future__ import annotations

import json

import numpy as np
import pytest
from curves import STEPS, collapsing, line, noisy, saturating

from reportgen.diagnostics import CHECKS, diagnose
from reportgen.errors import SettingsError
from reportgen.findings import Severity
from reportgen.settings import Settings

RNG = np.random.default_rng(1)
STEADY = 5 + 0.1 * RNG.standard_normal(STEPS)


@pytest.mark.parametrize(
    ("check", "metric", "values", "severity", "words"),
    [
        ("truncation", "truncation", [0.01] * 60, Severity.OK, "1.00"),
        ("truncation", "truncation", np.linspace(0.0, 0.6, 60), Severity.WARNING, "are cut"),
        ("response_length", "response_length", 200 + RNG.standard_normal(60), Severity.OK, "tokens"),
        ("response_length", "response_length", np.repeat([200.0, 40.0], 40) + np.arange(80) % 3, Severity.WARNING,
         "a jump at step 41"),
        ("response_length", "response_length", np.linspace(100, 300, 60), Severity.NOTE, "longer"),
        ("step_time", "step_time", STEADY, Severity.OK, "Median 5"),
        ("step_time", "step_time", np.linspace(2, 20, 60), Severity.NOTE, "times slower"),
        ("throughput", "throughput", [900.0] * 60, Severity.OK, "900"),
        ("throughput", "throughput", np.linspace(900, 100, 60), Severity.NOTE, "less"),
    ],
)  # fmt: skip
def test_rollouts_and_machines(make_run, check, metric, values, severity, words):
    """A healthy and a failing series for each check."""
    found = diagnose(make_run({metric: values})).finding(check)
    assert found.severity is severity
    assert words in found.headline


@pytest.mark.parametrize("check", ["truncation", "response_length", "step_time", "throughput"])
def test_too_short_or_not_logged(make_run, check):
    """Three values are skipped, none at all too."""
    for run in (make_run({check: [1.0, 2.0, 3.0]}), make_run(other=[1.0])):
        assert any(item.check == check for item in diagnose(run).skipped)


def test_areals_answers_are_measured_without_the_prompt(make_run):
    """seq_len holds prompt and answer."""
    run = make_run({"ppo_actor/seq_len/avg": [300.0] * 30, "ppo_actor/prompt_len/avg": [100.0] * 30})
    assert diagnose(run).finding("response_length").evidence["end"] == 200


def test_areals_phases_are_added_up(make_run):
    """No step time is logged, its parts are."""
    run = make_run({"timeperf/rollout": [3.0] * 30, "timeperf/train_step": [4.0] * 30})
    assert diagnose(run).finding("step_time").evidence["median_s"] == 7


def test_slow_evals_are_no_slow_steps(make_run):
    """A step with an eval may take longer."""
    times, evals = STEADY.copy(), [None] * STEPS
    times[62], evals[62] = 60.0, 0.3
    found = diagnose(make_run({"step_time": times, "reward": [0.2] * STEPS, "eval_reward": evals})).finding("step_time")
    assert (found.evidence["slow_steps"], found.evidence["slow_evals"]) == ([], 1)


def test_a_shifted_copy_is_recognised(make_run):
    """rollout/reward runs ahead of task_reward by the off-policy lag."""
    values = noisy(saturating(), 256)
    run = make_run({"ppo_actor/task_reward/avg": values[:-4], "rollout/reward": values[4:]})
    assert diagnose(run).finding("rollout_lag").evidence["lag_steps"] == 4


def test_restarts_are_told(make_run):
    """With their steps, and how the run ended."""
    run = make_run({"reward": [0.1] * 60}, steps=[*range(1, 51), *range(41, 51)], state="crashed")
    found = diagnose(run).finding("restarts")
    assert found.evidence["steps"] == [41]
    assert "crashed" in found.headline


@pytest.mark.parametrize(
    ("columns", "settings", "is_share", "bounds"),
    [
        ({"task_reward": [0.1, 0.9]}, Settings(), True, (0, 1)),
        ({"task_reward": [0.1, 1.9]}, Settings(), False, None),
        ({"reward": [0.1, 0.9]}, Settings(), False, None),
        ({"reward": [0.1, 0.9]}, Settings(reward_range=(0.0, 1.0)), True, (0, 1)),
        ({"reward": [-3, 0.9]}, Settings(reward_range=(-5.0, 5.0)), False, (-5, 5)),
        ({"reward": [-3, 0.9]}, Settings(reward_range=(0.0, 1.0)), False, (0, 1)),
        ({"ppo_actor/task_reward/avg": [0.5] * 4, "ppo_actor/task_reward/min": [0.0] * 4,
          "ppo_actor/task_reward/max": [1.1] * 4}, Settings(), False, (0, 1.1)),
    ],
)  # fmt: skip
def test_what_the_reward_is_counted_in(make_run, columns, settings, is_share, bounds):
    """An accuracy by name and by values, or as declared; else unknown, with the reason."""
    scale = diagnose(make_run(columns), settings).scale
    assert (scale.accuracy, scale.range) == (is_share, bounds)
    assert scale.why


@pytest.mark.parametrize(
    ("config", "samples"),
    [({"train_dataset": {"batch_size": 8}, "gconfig": {"n_samples": 4}}, 32),
     ({"rollout_batch_size": "128", "n_samples_per_prompt": 8}, 1024), ({}, None)],
)  # fmt: skip
def test_samples_a_step_from_the_config(make_run, config, samples):
    """Prompts times answers, by the trainer's own keys."""
    said = {item.name: item.value for item in diagnose(make_run(reward=[0.1, 0.2], config=config)).assumptions}
    assert said.get("samples_per_step") == samples


@pytest.mark.parametrize(
    "curve", [saturating(), line(), collapsing(), np.zeros(60), np.array([0.3]), np.array([0.1, 0.2])]
)
def test_every_check_answers_or_says_why_not(make_run, curve):
    """No check is lost, and every finding's evidence is JSON."""
    diagnosis = diagnose(make_run({"task_reward": curve, "kl": curve, "entropy": curve, "eval_reward": curve[:3]}))
    answered = [found.check for found in (*diagnosis.findings, *diagnosis.skipped)]
    assert sorted(answered) == sorted(check.name for check in CHECKS)
    for found in diagnosis.findings:
        json.dumps(found.evidence)


def test_steps_window(make_run):
    """Only the steps asked for are looked at."""
    diagnosis = diagnose(make_run(reward=list(np.linspace(0, 1, 100))), Settings(steps=(10, 40)))
    assert (diagnosis.train.first_step, diagnosis.train.last_step) == (10, 40)


def test_a_metric_that_is_not_there(make_run):
    """A wrong --metric is refused, with what is close."""
    with pytest.raises(SettingsError, match="my_reward"):
        diagnose(make_run(my_reward=[1.0, 2.0]), Settings(metrics={"train_reward": "my_rewards"}))


def test_order_of_rows_changes_nothing(make_run):
    """The diagnosis is the same however the rows came."""
    steps, values = np.arange(1, 61), noisy(line(60), 256)
    order = np.random.default_rng(5).permutation(60)
    one, other = make_run(reward=values), make_run(reward=values[order], steps=steps[order])
    assert diagnose(one).findings[:6] == diagnose(other).findings[:6]
