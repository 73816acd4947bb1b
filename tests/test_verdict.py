"""One decision a run, in few words, with what carries it and what to do."""

from __future__ import annotations

import numpy as np
import pytest
from curves import EVALS, STEPS, at, collapsing, line, noisy, saturating

from reportgen.diagnostics import diagnose
from reportgen.findings import Severity
from reportgen.gate import from_rows
from reportgen.settings import Settings

TRAIN, EVAL = "grpo_actor/task_reward/avg", "eval-rollout/reward"
CONFIG = {
    "experiment_name": "gsm8k-grpo", "actor.path": "Qwen/Qwen2.5-0.5B", "total_train_epochs": 2,
    "train_dataset": {"batch_size": 256, "max_samples": 500},
    "gconfig": {"n_samples": 4}, "actor": {"optimizer": {"lr": 1.7e-5}, "adv_norm": {"std_level": "group"}},
}  # fmt: skip
KL = np.where(np.arange(STEPS) < 70, 0.02, 0.9) + 0.002 * np.random.default_rng(2).standard_normal(STEPS)
RUNS = {
    "plateau": {TRAIN: noisy(saturating(), 4096), EVAL: at(EVALS)},
    "rising": {TRAIN: noisy(line(), 4096), EVAL: at({63: 0.35, 126: 0.6})},
    "collapse": {TRAIN: noisy(collapsing(), 4096), EVAL: at({40: 0.45, 80: 0.5, 126: 0.05}), "kl": KL},
    "overfit": {TRAIN: noisy(line(), 4096), EVAL: at({63: 0.25, 126: 0.22})},
    "eval falls": {
        TRAIN: noisy(line(), 4096),
        EVAL: at({20: 0.2, 40: 0.3, 60: 0.35, 80: 0.3, 100: 0.2, 126: 0.15}),
    },
    "no signal": {TRAIN: np.zeros(60)},
    "flat from the start": {TRAIN: noisy(np.full(STEPS, 0.3), 4096)},
    "noise": {TRAIN: noisy(saturating(width=30), 32), EVAL: at(EVALS)},
    "short": {TRAIN: [0.1, 0.2, 0.3]},
    "no reward": {"loss": [0.1] * 60},
}
EXPECTED = {
    "plateau": "stop", "rising": "continue", "collapse": "roll_back", "overfit": "change_recipe",
    "eval falls": "roll_back",
    "no signal": "change_recipe", "flat from the start": "change_recipe", "short": "inconclusive",
    "no reward": "inconclusive",
}  # fmt: skip


@pytest.fixture(scope="module")
def diagnosed():
    """Diagnosis of each run, made once."""

    def run(name, columns):
        arrays = {key: np.array(values, dtype=float) for key, values in columns.items()}
        steps = np.arange(1, len(next(iter(arrays.values()))) + 1)
        about = {"id": name, "name": name, "source": "a test", "config": CONFIG, "framework": "areal"}
        return from_rows({"step": steps, **arrays}, **about)

    return {name: diagnose(run(name, columns), Settings()) for name, columns in RUNS.items()}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_decision(diagnosed, name):
    """Each kind of run gets its own."""
    assert diagnosed[name].verdict.decision == EXPECTED[name]


@pytest.mark.parametrize("name", RUNS)
def test_few_words(diagnosed, name):
    """A headline of nine words at most, a reason of seven, three next steps, five numbers."""
    verdict = diagnosed[name].verdict
    assert 2 <= len(verdict.headline.split()) <= 9
    assert not verdict.headline.endswith(".")
    assert 2 <= len(verdict.because.split()) <= 7
    assert verdict.lead.endswith(".")
    assert 1 <= len(verdict.next_steps) <= 3
    assert len(verdict.numbers) <= 5
    assert all(step.action and step.why for step in verdict.next_steps)


@pytest.mark.parametrize("name", RUNS)
def test_numbers_and_steps_point_at_a_check(diagnosed, name):
    """What stands on the card can be looked up below."""
    diagnosis = diagnosed[name]
    known = {item.check for item in (*diagnosis.findings, *diagnosis.skipped)}
    assert {number.check for number in diagnosis.verdict.numbers} <= known
    assert {step.check for step in diagnosis.verdict.next_steps if step.check} <= known


def test_a_plateau_is_told_with_its_onset(diagnosed):
    """The headline's step is the finding's."""
    diagnosis = diagnosed["plateau"]
    onset = diagnosis.train.plateau.onset_step
    assert diagnosis.verdict.headline == f"Stopped paying off at step {onset} of 126"
    assert diagnosis.verdict.severity is Severity.NOTE


def test_the_card_carries_the_gain(diagnosed):
    """+13.70 points with their interval, also where the plateau can't be told."""
    for name in ("plateau", "noise"):
        gain = diagnosed[name].verdict.numbers[0]
        assert (gain.unit, gain.value) == ("points", pytest.approx(0.13701))
        assert gain.interval == pytest.approx((0.104, 0.169), abs=1e-3)
        assert "18.35" in gain.context
        assert "1,319" in gain.context


def test_noise_claims_no_plateau(diagnosed):
    """32 samples a step can't settle it, and nothing says that they do."""
    verdict = diagnosed["noise"].verdict
    assert verdict.decision in ("inconclusive", "continue")
    assert "Stopped" not in verdict.headline


def test_next_steps_touch_the_runs_own_keys(diagnosed):
    """After a plateau: keep a checkpoint, more data, another scaling, by the keys of this config."""
    steps = diagnosed["plateau"].verdict.next_steps
    assert steps[0].action == "Stop here; keep step 126"
    assert (steps[1].action, steps[1].key) == ("Train on all 7,473 problems", "train_dataset.max_samples")
    assert (steps[2].action, steps[2].key) == ("Try Dr.GRPO's scaling of advantages", "actor.adv_norm.std_level")


def test_still_rising_asks_for_more(diagnosed):
    """More epochs, with what they would bring."""
    first = diagnosed["rising"].verdict.next_steps[0]
    assert first.key == "total_train_epochs"
    assert first.action == "Train on for 126 more steps: 4 epochs instead of 2"
    assert "Expected" in first.why


def test_a_collapse_names_its_cause_first(diagnosed):
    """Where KL left first, the step after rolling back is about KL."""
    verdict = diagnosed["collapse"].verdict
    assert verdict.severity is Severity.CRITICAL
    assert verdict.next_steps[0].action.startswith("Go back to step 80")
    assert verdict.next_steps[1].check == "kl"


def test_a_falling_eval_under_a_rising_train_is_overfitting(diagnosed):
    """The word is said, and more data is asked for before anything else."""
    verdict = diagnosed["eval falls"].verdict
    assert verdict.headline == "Overfits: eval falls since step 60"
    assert verdict.next_steps[1].action == "Train on all 7,473 problems"


def test_without_a_reward_the_way_out_is_said(diagnosed):
    """The option that names it."""
    assert "--metric train_reward" in diagnosed["no reward"].verdict.next_steps[0].action


def test_what_is_assumed_is_said_on_the_card(diagnosed):
    """A gain over an assumed baseline says so."""
    verdict = diagnosed["plateau"].verdict
    assert "assumed" in verdict.lead
    assert "assumed" in verdict.numbers[0].context


@pytest.mark.parametrize(("name", "said"), [("plateau", "levelled off"), ("flat from the start", "flat from")])
def test_a_plateau_that_is_only_probable_is_no_advice_to_stop(name, said):
    """Below stop_probability, or with a chance of a rise, more steps are a gamble with odds; both are asked."""
    for limits in ({"stop_probability": 1.0}, {"rise_chance": 0.0}):
        run = from_rows(rows_of(RUNS[name]), id="run", source="run", step="step")
        verdict = diagnose(run, Settings(**limits)).verdict
        assert verdict.decision == "inconclusive"
        assert verdict.headline.startswith(f"Probably {said}")
        assert "the chance of a rise" in verdict.lead


def rows_of(columns):
    """The rows of some columns, an empty cell left out."""
    return [
        {"step": at + 1, **{name: values[at] for name, values in columns.items() if values[at] is not None}}
        for at in range(STEPS)
    ]


def test_a_line_looked_at_while_it_grows_is_never_told_to_stop():
    """At every 5 % from 30 % on, under more noise than the whole gain of a look."""
    for seed in range(4):
        values = noisy(line(low=0.2, high=0.4), 128, seed)
        for end in range(38, STEPS + 1, 6):
            verdict = diagnose(from_rows(rows_of({TRAIN: values})[:end], id="run", source="run", step="step")).verdict
            assert verdict.decision not in ("stop", "change_recipe"), (seed, end)


def flat_of(n, seed, memory=0.0):
    """A flat reward of n points whose neighbours are alike by so much."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 1, n)
    for place in range(1, n):
        values[place] += memory * values[place - 1]
    columns = {"step": np.arange(1.0, n + 1), "reward": 0.5 + 0.05 * values}
    return diagnose(from_rows(columns, id="flat", source="made"))


def test_short_flat_noise_is_neither_a_rise_nor_a_fall_nor_a_collapse():
    """Of forty flat runs of 15 to 34 points at most two are told to go on or back; their trend is called noise."""
    made = [flat_of(15 + seed % 20, seed, 0.4 * (seed % 2)) for seed in range(40)]
    told = [one.verdict.decision for one in made]
    assert told.count("continue") + told.count("roll_back") <= 2
    noise = [one for one in made if one.verdict.headline.endswith("from noise yet") and "rise" in one.verdict.headline]
    assert noise
    (trend,) = (found for found in noise[0].findings if found.check == "trend")
    assert (trend.severity, "may be noise" in trend.headline) == (Severity.NOTE, True)


def test_a_short_rise_that_stands_out_of_its_noise_is_a_rise():
    """The test doesn't silence what is plain to see."""
    values = 0.2 + 0.01 * np.arange(20) + np.random.default_rng(1).normal(0, 0.01, 20)
    made = diagnose(from_rows({"step": np.arange(1.0, 21), "reward": values}, id="up", source="made"))
    assert made.verdict.decision == "continue"
    assert made.train is not None and made.train.p_still is not None and made.train.p_still < 1e-6
