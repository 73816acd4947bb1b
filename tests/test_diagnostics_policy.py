"""Each policy check on a healthy, a failing and a too short run."""

from __future__ import annotations

import numpy as np
import pytest

from reportgen.diagnostics import diagnose
from reportgen.findings import Severity
from reportgen.settings import Settings

RNG = np.random.default_rng(0)
STEPS = 200


def noisy(level, sd, n=STEPS):
    """A level with noise; level may be (n,)."""
    return level + sd * RNG.standard_normal(n)


def jump(before, after, sd, at=120):
    """A level that leaps for good."""
    return noisy(np.where(np.arange(STEPS) < at, before, after), sd)


WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
CASES = [  # check, metric, healthy values, failing values, severity, words of the headline
    ("loss", "loss", noisy(-0.002, 0.01), jump(0.0, 2.0, 0.02), WARNING, "Jumped"),
    ("advantages", "advantages/std", noisy(0.9, 0.03), 0.9 * np.exp(-np.arange(STEPS) / 40), WARNING, "little signal"),
    ("advantages", "advantages/std", noisy(0.9, 0.03), np.zeros(STEPS), CRITICAL, "No spread"),
    ("zero_variance", "frac_reward_zero_std", noisy(0.2, 0.02), np.linspace(0.2, 0.9, STEPS), WARNING, "teaches"),
    ("kl", "kl", np.abs(noisy(0.05, 0.01)), jump(0.05, 0.8, 0.01), CRITICAL, "Passed 0.5 nats at step 121"),
    ("kl", "kl", np.linspace(0.05, 0.3, STEPS), np.linspace(0, 1.0, STEPS), WARNING, "Passed 0.5 nats"),
    ("behaviour_kl", "ppo_kl", -np.abs(noisy(0.01, 0.002)), -jump(0.01, 0.3, 0.01), CRITICAL, "Passed 0.1"),
    ("entropy", "entropy", noisy(0.4, 0.01), jump(0.4, 0.05, 0.01), WARNING, "a cliff"),
    ("entropy", "entropy", noisy(0.4, 0.01), np.linspace(0.2, 1.0, STEPS), WARNING, "losing its shape"),
    ("grad_norm", "grad_norm", noisy(0.5, 0.05), jump(0.5, 8.0, 0.1), WARNING, "Ran away at step 121"),
    ("clip_fraction", "clip_ratio", np.abs(noisy(0.01, 0.002)), np.linspace(0.01, 0.5, STEPS), WARNING, "50"),
    ("learning_rate", "lr", np.full(STEPS, 1e-5), np.where(np.arange(STEPS) < 100, 1e-5, 0), WARNING, "0 from"),
    ("updates", "grad_norm", noisy(0.5, 0.05), np.where(np.arange(STEPS) < 100, 0.5, 0), WARNING, "exactly 0"),
]  # fmt: skip
SHORT = 4


@pytest.mark.parametrize(("check", "metric", "healthy"), [case[:3] for case in CASES])
def test_a_healthy_signal_is_ok(make_run, check, metric, healthy):
    """Noise, and a level inside the limit, is nothing to report."""
    assert diagnose(make_run({metric: healthy})).finding(check).severity is Severity.OK


@pytest.mark.parametrize(
    ("check", "metric", "failing", "severity", "words"), [(*case[:2], *case[3:]) for case in CASES]
)
def test_a_failing_signal_is_named(make_run, check, metric, failing, severity, words):
    """The severity, and what and how much, are said."""
    found = diagnose(make_run({metric: failing})).finding(check)
    assert found.severity is severity
    assert words in found.headline
    assert {"rule", "threshold"} <= set(found.evidence)


@pytest.mark.parametrize(("check", "metric", "failing"), [(*case[:2], case[3]) for case in CASES])
def test_a_short_signal_is_not_judged(make_run, check, metric, failing):
    """A few values tell nothing, and that is said."""
    diagnosis = diagnose(make_run({metric: failing[:SHORT]}))
    assert diagnosis.finding(check) is None
    assert any(skipped.check == check for skipped in diagnosis.skipped)


def test_a_sudden_kl_points_at_its_steps(make_run):
    """A leap that stays is critical, from its first step to the last."""
    found = diagnose(make_run(kl=[0.05] * 100 + [0.6] * 20)).finding("kl")
    assert found.severity is Severity.CRITICAL
    assert found.steps == (101, 120)


def test_a_smooth_entropy_decay_is_no_cliff(make_run):
    """A decay that leaves something to explore with is a note."""
    found = diagnose(make_run(entropy=noisy(0.4 * np.exp(-np.arange(STEPS) / 150), 0.003))).finding("entropy")
    assert found.severity is Severity.NOTE
    assert "no cliff" in found.headline


def test_a_mean_of_advantages_says_nothing(make_run):
    """Their mean is zero by construction: no verdict on it, and what to log instead."""
    (skipped,) = [item for item in diagnose(make_run(advantages=[1e-8] * 50)).skipped if item.check == "advantages"]
    assert "zero by construction" in skipped.reason


def test_range_of_advantages_stands_in_for_their_spread(make_run):
    """AReaL logs lowest and highest, no deviation."""
    run = make_run({"ppo_actor/advantages/min": [-2.0] * 50, "ppo_actor/advantages/max": [2.0] * 50})
    assert diagnose(run).finding("advantages").evidence["end"] == pytest.approx(1.0)


def test_areals_kl_is_read_without_its_coefficient(make_run):
    """kl_rewards is logged times kl_ctl."""
    run = make_run({"ppo_actor/kl_rewards/avg": np.full(50, -0.01)}, config={"actor": {"kl_ctl": 0.1}})
    assert diagnose(run).finding("kl").evidence["end"] == pytest.approx(0.1)


def test_a_reference_that_was_not_run_is_said(make_run):
    """KL of 0 throughout is no good news."""
    (skipped,) = [item for item in diagnose(make_run(kl=[0.0] * 50)).skipped if item.check == "kl"]
    assert "reference was not run" in skipped.reason


def test_gradient_spikes_are_counted_and_marked(make_run):
    """Two single outliers are a note with two marks."""
    values = noisy(0.5, 0.02)
    values[[46, 87]] = 9.0
    found = diagnose(make_run(grad_norm=values)).finding("grad_norm")
    assert found.severity is Severity.NOTE
    assert [mark.first for mark in found.figure.marks] == [47, 88]


def test_a_rate_printed_as_zero_is_no_alarm(make_run):
    """verl's console prints three decimals."""
    assert diagnose(make_run({"actor/lr": [0.0] * 50})).finding("learning_rate").severity is Severity.NOTE


def test_updates_not_applied_are_counted(make_run):
    """A bad gradient leaves the weights as they were."""
    run = make_run({"ppo_actor/update/update_successful": [1.0] * 40 + [0.0] * 10})
    assert diagnose(run).finding("updates").severity is Severity.WARNING


def test_thresholds_are_settings(make_run):
    """What is too much is for a person to say."""
    run = make_run(kl=[0.2] * 50)
    assert diagnose(run).finding("kl").severity is Severity.OK
    assert diagnose(run, Settings(kl_nats=0.1)).finding("kl").severity is Severity.WARNING


def test_what_was_not_logged_is_skipped_with_a_name(make_run):
    """Each skipped check names a metric in the trainer's own words."""
    run = make_run({"grpo_actor/task_reward/avg": [0.2, 0.3, 0.4]})
    reasons = {item.check: item for item in diagnose(run).skipped}
    assert reasons["entropy"].missing[0] == "grpo_actor/entropy/avg"
    assert "grpo_actor/entropy/avg" in reasons["entropy"].reason


def test_moves_are_told_in_order(make_run):
    """When something runs away, the reader sees what moved first, each from the step at which it left."""
    run = make_run(
        kl=jump(0.05, 0.9, 0.01, at=110), grad_norm=jump(0.5, 9.0, 0.1, at=80), entropy=jump(0.4, 0.02, 0.005, at=140)
    )
    diagnosis = diagnose(run)
    moved = [(move.role, move.step) for move in diagnosis.verdict.causes]
    assert moved == [("grad_norm", 81), ("kl", 111), ("entropy", 141)]
    assert diagnosis.verdict.cause_line == "Gradient norm at 81, KL to the reference at 111, entropy at 141"


def test_a_healthy_run_has_no_cause(make_run):
    """Signals that decay and grow as they should are no cause of anything."""
    run = make_run(entropy=noisy(np.linspace(0.4, 0.2, STEPS), 0.01), reward=noisy(np.linspace(0.2, 0.6, STEPS), 0.02))
    diagnosis = diagnose(run)
    assert (diagnosis.verdict.causes, diagnosis.verdict.cause_line) == ((), "")


def test_a_change_of_many_times_is_never_ok(make_run):
    """Even below its limit."""
    found = diagnose(make_run(clip_ratio=noisy(np.linspace(0.004, 0.12, STEPS), 0.001))).finding("clip_fraction")
    assert found.severity is Severity.NOTE
    assert "times more than at the start" in found.headline


def test_an_entropy_that_is_nearly_gone_is_a_warning(make_run):
    """Also when it went smoothly and the reward holds; and the verdict weighs it."""
    reward = noisy(np.full(85, 0.8), 0.02, 85)
    diagnosis = diagnose(make_run(entropy=3.9 * np.exp(-np.arange(85) / 14), reward=reward))
    found = diagnosis.finding("entropy")
    assert found.severity is Severity.WARNING
    assert "almost no exploration is left" in found.headline
    assert diagnosis.verdict.severity >= Severity.WARNING


def test_a_signal_that_leaves_in_the_last_steps_is_seen(make_run):
    """Three values are too few to stay, and enough to be told."""
    kl = np.append(np.abs(noisy(0.006, 0.001, 247)), [0.096, 0.22, 0.555])
    found = diagnose(make_run(ppo_kl=kl)).finding("behaviour_kl")
    assert found.severity is Severity.WARNING
    assert "0.555 at the last step" in found.headline
