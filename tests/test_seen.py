"""A signal is judged and drawn from one value."""

from __future__ import annotations

import numpy as np
import pytest

from reportgen.diagnostics import diagnose
from reportgen.render.document import document
from reportgen.report import compose
from reportgen.report.figures import panels, reward
from reportgen.settings import Settings


def drawn(diagnosis, role):
    """Values and level of the small chart of a role."""
    (panel,) = [item for item in panels(diagnosis) if item.figure.id == f"signal-{role.replace('_', '-')}"]
    limits = [mark.value for mark in panel.figure.marks if mark.kind == "threshold"]
    return panel.figure.frame["value"].to_numpy(), panel.level, limits


def test_a_penalty_is_drawn_as_it_was_judged(make_run):
    """AReaL's kl_rewards is KL times kl_ctl: check and chart both divide, and stand under one limit."""
    penalty = np.linspace(1e-5, 9.5e-4, 100)
    diagnosis = diagnose(make_run({"ppo_actor/kl_rewards/avg": penalty}, config={"actor": {"kl_ctl": 0.001}}))
    values, level, limits = drawn(diagnosis, "kl")
    assert values[-1] == pytest.approx(0.95)
    assert level == diagnosis.finding("kl").evidence["end"]
    assert limits == [0.5]


def test_each_eval_is_drawn_with_its_own_size(make_run):
    """An eval of 50 problems has a wider interval than one of 1,319 at the same level."""
    evals = [None] * 60
    evals[19], evals[59] = 0.25, 0.25
    run = make_run(reward=np.linspace(0.2, 0.3, 60), eval_accuracy=evals, **{"train/accuracy": [None] * 60})
    diagnosis = diagnose(run, Settings(eval_size={20: 50, 60: 1319}, reward_range=(0.0, 1.0)))
    frame = reward(diagnosis).frame.query("series == 'eval'").set_index("step")
    assert (frame.loc[20, "low"], frame.loc[20, "high"]) == pytest.approx((0.151, 0.385), abs=0.002)
    assert (frame.loc[60, "low"], frame.loc[60, "high"]) == pytest.approx((0.227, 0.274), abs=0.002)
    first, last = document(compose([diagnosis]))["runs"][0]["eval_points"]
    assert (first["low"], first["n"]) == (pytest.approx(frame.loc[20, "low"]), 50)
    assert (last["high"], last["n"]) == (pytest.approx(frame.loc[60, "high"]), 1319)


def test_an_entropy_logged_as_a_loss_is_drawn_as_entropy(make_run):
    """Its sign is turned for the check and for the chart alike."""
    diagnosis = diagnose(make_run(entropy=np.linspace(-0.6, -0.2, 60)))
    values, level, _ = drawn(diagnosis, "entropy")
    assert values[0] == pytest.approx(0.6)
    assert level == diagnosis.finding("entropy").evidence["end"]


def test_a_spread_read_off_rewards_is_drawn_with_its_own_limit(make_run):
    """Where only the rewards' deviation was logged, that is what is drawn, and its limit a share of the range."""
    run = make_run(reward_std=np.linspace(0.4, 0.3, 60), reward=np.linspace(0.2, 0.5, 60))
    diagnosis = diagnose(run, Settings(reward_range=(0.0, 2.0)))
    values, _, limits = drawn(diagnosis, "advantage_spread")
    assert values[0] == pytest.approx(0.4)
    assert limits == [diagnosis.finding("advantages").evidence["threshold"]] == [pytest.approx(0.1)]


def test_every_panel_shows_what_its_check_judged(make_run):
    """The level beside each chart is the number that the check speaks of."""
    rng = np.random.default_rng(3)
    run = make_run(
        kl=-np.abs(rng.normal(0.1, 0.01, 80)), entropy=rng.normal(0.5, 0.01, 80), clip_ratio=np.full(80, 0.02),
        truncation=np.full(80, 0.3), reward=rng.normal(0.5, 0.05, 80), seq_len=np.full(80, 500.0),
        prompt_len=np.full(80, 100.0), step_time=np.full(80, 30.0), tokens=np.full(80, 1e5),
    )  # fmt: skip
    diagnosis = diagnose(run)
    judged = [item for item in panels(diagnosis) if item.finding and "end" in item.finding.evidence]
    assert {item.finding.check for item in judged} >= {"kl", "entropy", "clip_fraction", "truncation"}
    for item in judged:
        assert item.level == pytest.approx(item.finding.evidence["end"]), item.finding.check
