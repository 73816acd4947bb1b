"""Plateau, trend, forecast, collapse, outliers, dead stretches on curves of known shape."""

from __future__ import annotations

import numpy as np
import pytest
from curves import STEPS, at, collapsing, line, noisy, saturating

from reportgen.diagnostics import diagnose
from reportgen.findings import Severity
from reportgen.settings import Settings

SHARES = Settings(reward_range=(0.0, 1.0))
SAMPLES = 4096


@pytest.fixture(scope="module")
def diagnosed():
    """Diagnosis of each curve, made once."""
    from reportgen.gate import from_rows

    curves = {
        "flat at the end": noisy(saturating(), SAMPLES),
        "rising": noisy(line(), SAMPLES),
        "collapsed": noisy(collapsing(), SAMPLES),
        "falling": noisy(line(low=0.6, high=0.35), SAMPLES),
        "too short": np.array([0.1, 0.2]),
    }
    return {
        name: diagnose(from_rows({"step": np.arange(1, len(y) + 1), "reward": y}, id=name, source="a test"), SHARES)
        for name, y in curves.items()
    }


@pytest.mark.parametrize(
    ("curve", "check", "severity", "words"),
    [
        ("flat at the end", "plateau", Severity.NOTE, "Flat since step"),
        ("rising", "plateau", Severity.OK, "No plateau"),
        ("rising", "trend", Severity.OK, "Rising at the end"),
        ("flat at the end", "trend", Severity.NOTE, "Flat at the end"),
        ("rising", "collapse", Severity.OK, "None"),
        ("collapsed", "collapse", Severity.CRITICAL, "did not recover"),
        ("rising", "forecast", Severity.NOTE, "more by step"),
        ("rising", "dead_stretch", Severity.OK, "0 steps"),
        ("rising", "nonfinite", Severity.OK, "None in 126 steps"),
    ],
)
def test_each_curve_is_told_as_it_is(diagnosed, curve, check, severity, words):
    """Severity and words of the finding."""
    found = diagnosed[curve].finding(check)
    assert found.severity is severity
    assert words in found.headline
    assert {"rule", "threshold"} <= set(found.evidence)


def test_a_decline_is_a_warning(diagnosed):
    """A curve on its way down is told, whatever else it is called."""
    diagnosis = diagnosed["falling"]
    assert diagnosis.finding("trend").severity is Severity.WARNING or diagnosis.train.collapse.collapsed


@pytest.mark.parametrize("check", ["plateau", "trend", "forecast", "collapse", "spikes", "dead_stretch"])
def test_two_steps_are_too_few(diagnosed, check):
    """What can't be judged is skipped, with how much is needed."""
    assert diagnosed["too short"].finding(check) is None
    assert any(item.check == check and "needed" in item.reason for item in diagnosed["too short"].skipped)


def test_the_collapse_is_dated(diagnosed):
    """The peak is near the true one."""
    assert abs(diagnosed["collapsed"].train.collapse.peak_step - 80) <= 5


def test_healthy_curves_have_no_warning(diagnosed):
    """A plateau is a note; nothing in a sound run is more."""
    for curve in ("flat at the end", "rising"):
        assert all(found.severity <= Severity.NOTE for found in diagnosed[curve].findings)


def test_the_guides_six_points(make_run):
    """.25 .28 .29 .29 .29 .29 at 50 to 100: plateau, its onset at step 70."""
    run = make_run(reward=[0.25, 0.28, 0.29, 0.29, 0.29, 0.29], steps=range(50, 101, 10))
    found = diagnose(run).finding("plateau")
    assert found.evidence["onset_step"] == 70


def test_what_settles_an_open_plateau_is_said(make_run):
    """32 samples a step can't settle the reference curve; the finding doesn't claim it."""
    run = make_run(reward=noisy(saturating(width=30), 32))
    found = diagnose(run, SHARES).finding("plateau")
    assert found.evidence["probability"] < 0.9


def test_forecast_costs_gpu_hours(make_run):
    """With step time and GPUs the next point has a price."""
    run = make_run(reward=noisy(line(), SAMPLES), step_time=[36.0] * STEPS)
    evidence = diagnose(run, Settings(reward_range=(0, 1), gpus=8)).finding("forecast").evidence
    steps = evidence["next_point_step"] - STEPS
    assert evidence["next_point_gpu_hours"] == pytest.approx(steps * 36 * 8 / 3600)


def test_a_dead_end_is_critical(make_run):
    """Ten steps and more of no reward, to the end."""
    found = diagnose(make_run(reward=[0.4] * 60 + [0.0] * 12), SHARES).finding("dead_stretch")
    assert found.severity is Severity.CRITICAL
    assert found.steps == (61, 72)


def test_a_dead_stretch_that_ends_is_a_warning(make_run):
    """It recovered, so it isn't the end."""
    found = diagnose(make_run(reward=[0.4] * 60 + [0.0] * 12 + [0.4] * 30), SHARES).finding("dead_stretch")
    assert found.severity is Severity.WARNING


def test_rare_rewards_are_no_dead_stretch(make_run):
    """Where zeros are usual, ten in a row are chance."""
    values = np.random.default_rng(3).binomial(32, 0.004, 300) / 32
    assert diagnose(make_run(reward=values), SHARES).finding("dead_stretch").severity <= Severity.NOTE


@pytest.mark.parametrize(("bad", "severity"), [(1, Severity.WARNING), (40, Severity.CRITICAL)])
def test_nan_in_what_steers_the_run(make_run, bad, severity):
    """One nan of the gradient is a warning, many are the end."""
    run = make_run(
        reward=[0.2] * 100, grad_norm=[0.5] * 100, nonfinite=[(at, "grad_norm", float("nan")) for at in range(bad)]
    )
    assert diagnose(run, SHARES).finding("nonfinite").severity is severity


def test_nan_elsewhere_is_a_note(make_run):
    """A metric that plays no role changes nothing."""
    run = make_run({"reward": [0.2] * 20, "odd": [1.0] * 20}, nonfinite=[(3, "odd", float("nan"))])
    assert diagnose(run).finding("nonfinite").severity is Severity.NOTE


def test_evals_are_judged_in_their_own_right(make_run):
    """An eval can fall while train stands."""
    levels = [0.3, 0.45, 0.5, 0.52, 0.53, 0.53, 0.52, 0.53, 0.4, 0.2, 0.1, 0.1]
    evals = dict(zip(range(10, 121, 10), levels, strict=True))
    run = make_run({"task_reward": noisy(saturating(high=0.55), SAMPLES), "eval_reward": at(evals)})
    diagnosis = diagnose(run, Settings(eval_size=1000))
    assert diagnosis.finding("collapse").severity is Severity.OK
    assert diagnosis.finding("eval_collapse").severity is Severity.WARNING


def test_a_fall_of_evals_within_their_error_is_none(make_run):
    """Thirty problems can't show a fall of ten points."""
    run = make_run({"task_reward": [0.5] * 60, "eval_reward": at({10: 0.3, 20: 0.5, 30: 0.52, 40: 0.5, 60: 0.42}, 60)})
    assert diagnose(run, Settings(eval_size=30)).finding("eval_collapse").severity is Severity.OK


def test_four_signs_stand_in_one_table(make_run):
    """Each sign is there, with its evidence; one that can't be judged says so."""
    run = make_run(reward=noisy(saturating(), SAMPLES), loss=np.linspace(1, 0.2, STEPS))
    signs = diagnose(run, SHARES).finding("diminishing_returns").evidence["signs"]
    assert [sign["holds"] for sign in signs] == [True, False, None, None]
    assert all(sign["evidence"] for sign in signs)
