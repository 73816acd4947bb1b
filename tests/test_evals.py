"""Evals by their names: set, kind, size, and which of several is the main one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from reportgen import evals
from reportgen.diagnostics import diagnose
from reportgen.errors import SettingsError
from reportgen.evals import sets
from reportgen.settings import Settings
from reportgen.signals import repeated

STEPS = np.arange(1, 121)
TRAIN = 0.25 + 0.37 * (1 - np.exp(-STEPS / 18))
GSM8K, AIME, AMC = (
    f"val-core/{name}" for name in ("openai/gsm8k/acc/mean@1", "aime_2024/acc/mean@32", "amc/acc/mean@8")
)


def every(steps, *values):
    """A column with values at every so many steps."""
    column = np.full(len(STEPS), np.nan)
    column[np.arange(steps, len(STEPS) + 1, steps)[: len(values)] - 1] = values
    return column


SEVERAL = {
    "critic/score/mean": TRAIN + 0.02 * np.sin(7 * STEPS),
    GSM8K: every(20, 0.468, 0.550, 0.577, 0.586, 0.589, 0.590),
    AIME: every(20, 0.06, 0.07, 0.08, 0.09, 0.10, 0.11),
    AMC: every(20, 0.33, 0.31, 0.29, 0.27, 0.25, 0.23),
}


@pytest.mark.parametrize(
    ("name", "trainer", "said"),
    [
        ("val-core/openai/gsm8k/acc/mean@1", "verl", ("openai/gsm8k", "mean@1")),
        ("val-core/aime_2024/acc/best@32/mean", "verl", ("aime_2024", "best@32")),
        ("test_score/openai/gsm8k", "verl", ("openai/gsm8k", "mean@1")),
        ("eval/gsm8k/avg@4", "prime-rl", ("gsm8k", "mean@4")),
        ("eval/all/pass_at_8", "skyrl", ("all", "pass@8")),
        ("eval/eval_gsm8k_pass1", "openrlhf", ("gsm8k", "mean@1")),
        ("eval_gsm8k_reward", "trl", ("gsm8k", "reward")),
        ("eval/aime", "slime", ("aime", "reward")),
        ("val.accuracy_reward", "", ("", "mean@1")),
        ("pass@8", "", ("", "pass@8")),
        ("math500_accuracy", "", ("math500", "mean@1")),
        ("eval/countdown/acc", "", ("countdown", "mean@1")),
    ],
)
def test_a_name_says_set_and_kind(name, trainer, said):
    """In the grammar of each trainer, and in words that anybody would use."""
    named = evals.named(name, trainer)
    assert (named.set, named.kind) == said


@pytest.mark.parametrize(
    "name",
    ["eval_loss", "eval/eval_num_samples", "eval/gsm8k-truncated_ratio", "validation/avg_length", "eval/global_step",
     "val-aux/x/acc/mean@32/std", "test/env/all/total_episodes", "reward", "critic/score/mean"],
)  # fmt: skip
def test_other_names_are_no_evals(name):
    """Lengths, clocks, counts, spreads and train rewards."""
    assert evals.named(name) is None


@pytest.mark.parametrize(
    ("name", "size"),
    [("openai/gsm8k", 1319), ("HuggingFaceH4/MATH-500", 500), ("aime_2024", 30), ("amc23", None), ("gsm8k_val", None),
     ("gpqa", None), ("gpqa_diamond", 198), ("mine", None)],
)  # fmt: skip
def test_sizes_by_name(name, size):
    """Known for well-known sets alone; a part of a set has a size of its own."""
    assert sets.problems(name) == size


def test_kinds_of_one_family():
    """Means and pass@1 estimate one thing, pass@8 another."""
    assert evals.family("mean@32") == evals.family("pass@1") != evals.family("pass@8") == evals.family("best@8")


def test_one_eval_under_two_names(make_run):
    """verl's eval before training has another name; it is the baseline, and one series with the later ones."""
    run = make_run(
        {"critic/score/mean": [None, *TRAIN[:60]], "test_score/openai/gsm8k": [0.521],
         "val/test_score/openai/gsm8k": [None] * 20 + [0.58] + [None] * 39 + [0.63]},
        first_step=0, config={"actor_rollout_ref.model.path": "google/gemma-2-2b-it"},
    )  # fmt: skip
    gain = diagnose(run).improvement
    assert (gain.baseline, gain.baseline_from) == (0.521, "logged at step 0")
    assert gain.absolute == pytest.approx(0.109)


def test_the_set_that_the_run_trains_on_is_the_main_one(make_run):
    """As the config has it, whatever comes first in the alphabet."""
    diagnosis = diagnose(make_run(SEVERAL, config={"data.train_files": "~/data/gsm8k/train.parquet"}))
    assert diagnosis.roles["eval_reward"].name == GSM8K
    assert [one.is_own for one in diagnosis.evals] == [True, False, False]
    assert diagnosis.eval_n == 1319


def test_without_a_config_the_set_that_starts_with_train_is_taken(make_run):
    """And the page says that nothing else told."""
    diagnosis = diagnose(make_run(SEVERAL))
    assert diagnosis.evals[0].name == GSM8K
    assert "no config says" in diagnosis.roles["eval_reward"].why
    assert diagnosis.gap.gap == pytest.approx(0.03, abs=0.01)


def test_a_person_may_name_the_main_eval(make_run):
    """And another set than the run's own is transfer: no gap."""
    diagnosis = diagnose(make_run(SEVERAL), Settings(eval="amc"))
    assert diagnosis.evals[0].name == AMC
    with pytest.raises(SettingsError, match="there are gsm8k, aime_2024, amc"):
        diagnose(make_run(SEVERAL), Settings(eval="mmlu"))


def test_transfer_has_no_gap(make_run):
    """The mean over sets, none of them the run's own, is not held against train."""
    columns = {"critic/score/mean": TRAIN, AIME: SEVERAL[AIME], AMC: SEVERAL[AMC]}
    diagnosis = diagnose(make_run(columns))
    assert diagnosis.roles["eval_reward"].name == "mean of 2 evals"
    assert diagnosis.gap is None
    assert diagnosis.evals[0].values.iloc[-1] == pytest.approx(0.17)


def test_pass_at_k_is_never_compared_with_a_mean(make_run):
    """Nor taken for the main eval where a mean of the set was logged."""
    columns = {
        "reward/mean": TRAIN,
        "eval/gsm8k/pass@8": every(40, 0.8, 0.85, 0.9),
        "eval/gsm8k/avg@8": every(40, 0.5, 0.6, 0.6),
    }
    assert diagnose(make_run(columns)).evals[0].kind == "mean@8"
    only = diagnose(
        make_run({name: values for name, values in columns.items() if "avg" not in name}), Settings(reward_range=(0, 1))
    )
    assert only.gap is None


def test_a_fall_of_any_set_is_found(make_run):
    """A set that falls eval by eval, though the main one is well."""
    gains = dict(zip([AMC, AIME, GSM8K], reversed(diagnose(make_run(SEVERAL)).eval_gains), strict=True))
    assert gains[AMC].direction == "falling"
    assert gains[AMC].fall == pytest.approx(0.10)
    assert gains[GSM8K].fall is None


@pytest.mark.parametrize(
    ("about", "base"),
    [
        ({"train_dataset.path": "openai/gsm8k", "actor.path": "Qwen/Qwen2.5-0.5B"}, "assumed"),
        ({"train_dataset.path": "openai/gsm8k"}, "first steps"),
        ({"train_dataset.path": "openai/gsm8k", "actor.path": "google/gemma-2-2b"}, "first steps"),
        (
            {"train_dataset.path": "openai/gsm8k", "actor.path": "Qwen/Qwen2.5-7B", "name": "Qwen2.5-0.5B"},
            "first steps",
        ),
        ({"train_dataset.path": "math-ai/aime24", "actor.path": "Qwen/Qwen2.5-0.5B"}, "first steps"),
    ],
)
def test_the_guides_baseline_is_for_its_own_model_and_data(make_run, about, base):
    """gsm8k and Qwen2.5-0.5B, both said, and nothing that speaks against it."""
    run = make_run(
        {"ppo_actor/task_reward/avg": TRAIN - 0.06, "eval-rollout/reward": every(60, 0.5, 0.55)}, config=about
    )
    assert diagnose(run).improvement.baseline_from == base


def test_first_steps_that_contradict_the_guides_baseline(make_run):
    """A run that begins at one per cent did not begin at 18."""
    about = {"train_dataset.path": "openai/gsm8k", "actor.path": "Qwen/Qwen2.5-0.5B"}
    run = make_run({"ppo_actor/task_reward/avg": 0.01 + 0.001 * STEPS}, config=about)
    assert diagnose(run).improvement.baseline_from == "first steps"


def test_a_folders_name_decides_nothing(make_run):
    """Neither the baseline nor the size of the eval set."""
    columns = {"ppo_actor/task_reward/avg": TRAIN, "eval-rollout/reward": every(60, 0.5, 0.6)}
    run = make_run(columns, source="2 rows /home/me/gsm8k_Qwen2.5-0.5B/run.csv", name="run")
    diagnosis = diagnose(run)
    assert diagnosis.eval_n is None
    assert diagnosis.improvement.baseline_from == "first steps"


def test_an_eval_in_the_row_of_the_first_update_counts_as_the_start(make_run):
    """AReaL's eval_before_train and Tinker's first row; not a first row that averages many steps."""
    columns = {"ppo_actor/task_reward/avg": TRAIN, "eval-rollout/reward": every(1, 0.22)}
    columns["eval-rollout/reward"][-1] = 0.6
    assert diagnose(make_run(columns)).improvement.baseline_from == "logged at the start, step 1"
    every_ten = make_run(columns, steps=10 * STEPS)
    assert diagnose(every_ten).improvement.baseline_from == "first steps"


def test_the_level_of_the_first_steps_is_never_the_base_model(make_run):
    """The words say over what was gained."""
    diagnosis = diagnose(make_run({"ppo_actor/task_reward/avg": SEVERAL["critic/score/mean"]}))
    assert diagnosis.improvement.over == "the first steps"
    assert "base model" not in diagnosis.verdict.lead


def test_a_filtered_reward_gives_way_to_the_unfiltered_one(make_run):
    """With dynamic sampling the kept groups' reward says nothing."""
    run = make_run(
        {"ppo_actor/task_reward/avg": 0.5 + 0.01 * np.sin(STEPS), "rollout/reward": TRAIN,
         "eval-rollout/reward": every(30, 0.4, 0.5, 0.55, 0.6)}, config={"actor.dynamic_sampling": True},
    )  # fmt: skip
    diagnosis = diagnose(run)
    assert diagnosis.roles["train_reward"].name == "rollout/reward"
    assert diagnosis.cast.filtered == "ppo_actor/task_reward/avg"
    assert diagnosis.verdict.decision != "change_recipe"


def test_a_mixture_is_no_accuracy(make_run):
    """The accuracy among its parts is judged instead, and it is said."""
    parts = {"reward/accuracy": TRAIN, "reward/format": np.minimum(1, 0.5 + STEPS / 60)}
    run = make_run({**parts, "critic/score/mean": sum(parts.values()) / 2, "reward/overall": sum(parts.values()) / 2})
    diagnosis = diagnose(run)
    assert diagnosis.roles["train_reward"].name == "reward/accuracy"
    assert (diagnosis.cast.mixture, diagnosis.scale.accuracy) == ("critic/score/mean", True)
    assert {one.part: one.direction for one in diagnosis.components} == {"accuracy": "rising", "format": "rising"}
    assert next(one for one in diagnosis.components if one.part == "format").saturated_step == 29


def test_one_function_on_two_data_sets_is_one_unit(make_run):
    """TRL's reward and eval_reward: compared, whatever their scale."""
    run = make_run(reward=TRAIN, eval_reward=every(20, 0.468, 0.55, 0.577, 0.586, 0.589, 0.59))
    diagnosis = diagnose(run)
    assert (diagnosis.scale.comparable, diagnosis.scale.accuracy) == (True, False)
    assert diagnosis.gap.gap == pytest.approx(0.03, abs=0.01)
    assert diagnosis.gap.label != "overfitting"


def test_a_gap_on_a_fixed_set_covers_what_it_should():
    """The same 300 problems again and again: 95 % intervals of a difference hold it nearly so often."""
    from reportgen.signals import repeated

    rng = np.random.default_rng(5)
    held = []
    for _ in range(400):
        chance = rng.beta(0.6, 0.9, 300)
        values = np.array([(rng.random((300, 1)) < chance[:, None]).mean() for _ in range(8)])
        noise = repeated.noise_of(np.arange(8), values, 300)
        held.append(abs(values[-1] - values[0]) <= noise.half_width(np.sqrt(2)))
    assert 0.92 < np.mean(held) < 0.985


def test_evals_of_a_history_without_any():
    """Nothing is nothing."""
    assert evals.found(pd.DataFrame({"reward": [0.1, 0.2]})) == ()


def test_a_log_probability_and_a_share_are_two_units(make_run):
    """Though a trainer logs both under its one name for a reward."""
    run = make_run(
        {"ppo_actor/task_reward/avg": TRAIN - 2.6, "eval-rollout/reward": every(20, 0.0, 0.1, 0.0, 0.1, 0.0, 0.1)}
    )
    diagnosis = diagnose(run)
    assert (diagnosis.scale.comparable, diagnosis.gap) == (False, None)


def test_evals_that_start_far_below_train_are_of_other_problems(make_run):
    """An eval before anything was learned, 18 points below: no overfitting, whatever the gap grows to."""
    run = make_run(
        {"ppo_actor/task_reward/avg": TRAIN, "eval-rollout/reward": [0.03, *every(40, 0.02, 0.05, 0.07)[1:]]}
    )
    assert diagnose(run).gap.label == "inconclusive"


def test_evals_after_the_last_train_reward(make_run):
    """A run whose only eval was made at its end, one step on."""
    run = make_run({"ppo_actor/task_reward/avg": TRAIN, "eval-rollout/reward": [None] * 120 + [0.2]})
    assert diagnose(run, Settings(eval_size=1319)).gap.label == "overfitting"


def test_data_that_no_eval_is_of_makes_all_evals_transfer(make_run):
    """The config names what the run trains on, so no set is taken for its own by where it starts."""
    diagnosis = diagnose(make_run(SEVERAL, config={"data.train_files": "/data/dapo-math-17k.parquet"}))
    assert not any(one.is_own for one in diagnosis.evals)
    assert "trains on dapo-math-17k and none of the evals is of it" in diagnosis.roles["eval_reward"].why
    assert diagnosis.gap is None


def test_the_mean_over_one_set_gives_way_to_the_set(make_run):
    """SkyRL logs its only set under its name and under "all"; the name tells how many problems it has."""
    evals = {f"eval/{name}/pass_at_1": every(20, 0.4, 0.5, 0.6) for name in ("all", "openai_gsm8k")}
    diagnosis = diagnose(make_run({"reward/avg_raw_reward": TRAIN, **evals}, framework="skyrl",
                                  config={"data.train_data": "~/data/gsm8k/train.parquet"}))  # fmt: skip
    assert diagnosis.roles["eval_reward"].name == "eval/openai_gsm8k/pass_at_1"
    assert diagnosis.eval_n == 1319


def test_a_filtered_reward_gives_way_to_the_evals(make_run):
    """Their first is the level that was gained over, never that of the kept groups; the words speak of them."""
    rising = 0.05 + 0.3 * (1 - np.exp(-np.arange(10, 121, 10) / 40))
    run = make_run(
        {"critic/score/mean": 0.5 + 0.01 * np.sin(STEPS),
         "val-core/math_dapo/acc/mean@32": every(10, *rising)}, framework="verl",
        config={"algorithm.filter_groups.enable": True, "data.val_files": "aime-2024.parquet"},
    )  # fmt: skip
    diagnosis = diagnose(run)
    assert (diagnosis.improvement.baseline, diagnosis.improvement.baseline_from) == (rising[0], "first eval, step 10")
    assert diagnosis.eval_n == 30
    assert diagnosis.verdict.headline == "The eval still rises"
    assert "train reward" not in diagnosis.verdict.lead


def test_more_answers_a_problem_tell_a_rise_sooner():
    """The same 30 problems with 32 answers each are surer of a small rise than with one answer each."""
    steps, values = np.arange(10, 101, 10), np.linspace(0.2, 0.26, 10) + np.tile([0.004, -0.004], 5)
    once, often = (repeated.noise_of(steps, values, 30, answers) for answers in (1, 32))
    assert often.sd < once.sd / 2
    assert repeated.noise_of(steps[:3], values[:3], 30, 32).sd == repeated.binomial_sd(values[2], 30)


def test_scores_below_nothing_are_no_shares(make_run):
    """Logic-RL's test_score goes from -3 to 3: a reward, no mean of right answers."""
    run = make_run({"critic/score/mean": 3 * TRAIN - 2, "val/test_score/3ppl": every(20, -1.2, 0.1, 0.7)})
    assert [(one.kind, one.accuracy) for one in diagnose(run).evals] == [("reward", False)]


def test_the_reward_of_all_is_no_part_of_itself(make_run):
    """prime-rl logs reward/mean and reward/all/mean, one number."""
    assert not diagnose(make_run({"reward/mean": TRAIN, "reward/all/mean": TRAIN}, framework="prime-rl")).components
