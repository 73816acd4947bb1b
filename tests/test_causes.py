"""What an expert would say: causes in their order, outages, too short, solved, climbing evals."""

import numpy as np
import pytest

import reportgen
from reportgen.findings import Severity
from reportgen.settings import Settings

RNG = np.random.default_rng


def noisy(level, sd, n=120, seed=0):
    return np.asarray(level) + RNG(seed).normal(0, sd, n)


def broken_at(step, n=120):
    """A run whose clip fraction, entropy and reward break one after the other."""
    x = np.arange(1, n + 1)
    late = lambda start: np.clip((x - start) / 5, 0, 1)  # noqa: E731
    return {
        "clip_ratio": noisy(0.02 + 0.4 * late(step), 0.004, n),
        "entropy": noisy(0.4 + 2.0 * late(step + 8), 0.01, n, 1),
        "kl": noisy(0.05 + 1.5 * late(step + 16), 0.005, n, 2),
        "rewards/accuracy_reward/mean": noisy(0.6 - 0.5 * late(step + 24), 0.02, n, 3).clip(0, 1),
    }


def test_the_causes_stand_in_their_order(make_run):
    """Each signal with the step at which it left its course, the first one first."""
    diagnosis = reportgen.diagnose(make_run(broken_at(60)))
    moves = {move.role: move.step for move in diagnosis.verdict.causes}
    assert list(moves)[:3] == ["clip_fraction", "entropy", "kl"]
    for role, step in (("clip_fraction", 60), ("entropy", 68), ("kl", 76)):
        assert abs(moves[role] - step) <= 4
    assert diagnosis.verdict.cause_line.startswith("Clip fraction at")


def test_the_causes_are_on_page_markdown_text_and_json(make_run):
    """One line, the same words everywhere."""
    report = reportgen.compose([reportgen.diagnose(make_run(broken_at(60)))])
    said = report.diagnoses[0].verdict.cause_line
    assert said in reportgen.page(report)
    assert said.split(",")[0] in reportgen.to_text(report)
    assert said.split(",")[0] in reportgen.to_markdown(report)
    assert said in reportgen.to_json(report)


def test_a_healthy_run_has_no_causes(make_run):
    """Where nothing broke nothing is told, though signals moved."""
    run = make_run({"entropy": noisy(np.linspace(0.6, 0.4, 120), 0.01), "reward": noisy(0.5, 0.02)})
    assert reportgen.diagnose(run).verdict.causes == ()


def test_a_policy_that_came_apart_is_no_plateau(make_run):
    """Entropy gone and every answer cut: roll back, whatever the reward does."""
    x = np.arange(120)
    run = make_run({
        "reward": noisy(-1.1, 0.002), "entropy": np.maximum(noisy(np.exp(-x / 10), 0.002), 0.001),
        "completions/clipped_ratio": np.clip(x / 40, 0, 1), "kl": x / 40,
    })  # fmt: skip
    verdict = reportgen.diagnose(run).verdict
    assert verdict.decision == "roll_back"
    assert verdict.headline.startswith("The policy came apart from step")


def test_entropy_nearly_gone_warns_while_the_reward_holds(make_run):
    """A high reward is no sign of health when almost no exploration is left."""
    run = make_run({"reward": noisy(0.8, 0.02, 85), "entropy": 3.2 * np.exp(-np.arange(85) / 15)})
    diagnosis = reportgen.diagnose(run)
    assert diagnosis.finding("entropy").severity is Severity.WARNING
    assert diagnosis.verdict.decision == "change_recipe"


def test_an_outage_is_named_and_masked(make_run):
    """Fifteen steps near zero that came back: a finding, no collapse, the level as around them."""
    values = noisy(np.linspace(0.7, 0.8, 120), 0.02)
    values[60:75] = 0.01
    diagnosis = reportgen.diagnose(make_run(reward=values), Settings(reward_range=(0, 1)))
    assert diagnosis.finding("outage").headline == "15 steps near 0 at 61\u201375, recovered"
    assert not diagnosis.train.collapse.collapsed
    assert diagnosis.train.end_level[1] == pytest.approx(0.79, abs=0.02)


def test_short_flat_runs_never_collapse(make_run):
    """Of flat runs of 5 to 40 points none is called collapsed, none is told to roll back."""
    rng = RNG(7)
    for seed in range(72):
        values = 0.5 + rng.normal(0, 0.1, 5 + seed % 36)
        verdict = reportgen.diagnose(make_run(reward=values)).verdict
        assert verdict.decision != "roll_back", (seed, len(values))
        assert "ollapsed" not in verdict.headline


def test_flat_evals_seldom_collapse(make_run):
    """Of 50 flat eval series at most one is."""
    rng = RNG(8)
    fallen = 0
    for seed in range(50):
        n = 4 + seed % 12
        evals = np.full(n * 10, np.nan)
        evals[9::10] = rng.binomial(500, 0.4, n) / 500
        run = make_run({"rewards/accuracy_reward/mean": noisy(0.4, 0.03, n * 10, seed).clip(0, 1),
                        "eval_rewards/accuracy_reward/mean": evals})  # fmt: skip
        fallen += reportgen.diagnose(run, Settings(eval_size=500)).eval.collapse.collapsed
    assert fallen <= 1


@pytest.mark.parametrize("n", [6, 14])
def test_a_few_evals_that_climb_are_seen(make_run, n):
    """Train is flat while evals of 1,319 climb from .31 to .49: still learning."""
    evals = np.full(300, np.nan)
    evals[np.linspace(20, 299, n).astype(int)] = np.linspace(0.31, 0.49, n)
    run = make_run({"rewards/accuracy_reward/mean": noisy(0.53, 0.02, 300).clip(0, 1),
                    "eval_rewards/accuracy_reward/mean": evals})  # fmt: skip
    verdict = reportgen.diagnose(run, Settings(eval_size=1319)).verdict
    assert verdict.decision == "continue"


def test_solved_from_the_start_is_not_called_nothing_learned(make_run):
    """99.5 % from the first step."""
    verdict = reportgen.diagnose(make_run(reward=noisy(0.995, 0.003, 200).clip(0, 1))).verdict
    assert verdict.headline == "Solved from the start"


def test_the_checkpoint_to_keep_is_the_best_not_the_earliest(make_run):
    """Evals that can't be told apart: the one to keep is the best by the corrected estimate, its level beside it."""
    evals = np.full(200, np.nan)
    evals[19::20] = [0.30, 0.36, 0.40, 0.43, 0.45, 0.46, 0.47, 0.47, 0.48, 0.47]
    run = make_run({"rewards/accuracy_reward/mean": noisy(0.5, 0.02, 200).clip(0, 1),
                    "eval_rewards/accuracy_reward/mean": evals})  # fmt: skip
    kept = reportgen.diagnose(run, Settings(eval_size=500)).checkpoints
    assert kept.earliest < 180
    assert kept.keep >= 140
    assert kept.level == evals[kept.keep - 1]
    assert kept.interval[0] < kept.level < kept.interval[1]
