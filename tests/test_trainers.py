"""What is known of each trainer is data that holds together."""

from __future__ import annotations

import re

import pytest

from reportgen import metrics, trainers
from reportgen.gate import from_rows
from reportgen.trainers import CONFIG, EvalName, Trainer
from reportgen.trainers.trainer import words

ALL = pytest.mark.parametrize("trainer", trainers.BUILT_IN, ids=lambda trainer: trainer.name)
OF = {  # trainer -> (names of its current release, role -> the one that plays it); read in its source
    "tinker": (
        "optim/lr env/all/correct env/all/reward/total test/env/all/correct optim/entropy optim/kl_sample_train_v1"
        " env/all/by_group/frac_all_good env/all/by_group/frac_all_bad",
        {"train_reward": "env/all/correct", "eval_reward": "test/env/all/correct", "entropy": "optim/entropy",
         "behaviour_kl": "optim/kl_sample_train_v1", "learning_rate": "optim/lr"}),
    "easyr1": (
        "reward/overall reward/accuracy critic/score/mean val/accuracy_reward val/reward_score actor/ppo_kl"
        " actor/pg_clipfrac_higher actor/pg_clipfrac_lower",
        {"train_reward": "critic/score/mean", "eval_reward": "val/accuracy_reward",
         "clip_fraction": "actor/pg_clipfrac_higher"}),
    "nemo-rl": (
        "train/reward train/probs_ratio_clamped_max train/probs_ratio_clamped train/token_mult_prob_error"
        " validation/accuracy",
        {"train_reward": "train/reward", "eval_reward": "validation/accuracy", "clip_fraction": None}),
    "open-instruct": (
        "training_step episode global_step scores objective/verifiable_correct_rate objective/kl2_avg val/stop_rate"
        " val/sequence_lengths optim/grad_norm lr eval/scores",
        {"train_reward": "objective/verifiable_correct_rate", "eval_reward": "eval/scores",
         "response_length": "val/sequence_lengths"}),
    "nanochat": ("step reward sequence_length lrm pass@1 pass@8", {"train_reward": "reward", "eval_reward": "pass@1"}),
    "art": ("train/reward train/exception_rate val/reward train/kl_div",
            {"train_reward": "train/reward", "eval_reward": "val/reward"}),
    "torchtune": ("rewards successes num_stop_tokens loss policy_loss kl_loss clipfrac ratios lr",
                  {"train_reward": "successes", "kl": "kl_loss", "clip_fraction": "clipfrac"}),
    "torchforge": ("reward/evaluate_response/avg_total_reward reward/evaluate_response/avg_MathReward_reward"
                   " rl_trainer/avg_loss", {"train_reward": "reward/evaluate_response/avg_total_reward"}),
    "oat": ("actor/rewards actor/response_tok_len eval/average/accuracy eval/aime/accuracy train/pg_loss train/kl3",
            {"train_reward": "actor/rewards", "eval_reward": "eval/average/accuracy", "kl": "train/kl3"}),
    "tunix": ("global/train/rewards/score/mean global/eval/rewards/score/mean actor/train/kl actor/train/loss",
              {"train_reward": "global/train/rewards/score/mean", "eval_reward": "global/eval/rewards/score/mean"}),
    "prime-rl": ("train/agg/all/agent/reward/mean train/agg/effective/agent/reward/mean eval/aime/all/agent/avg@8"
                 " mismatch_kl/all/mean",
                 {"train_reward": "train/agg/all/agent/reward/mean", "eval_reward": "eval/aime/all/agent/avg@8"}),
    "skyrl": ("reward/avg_raw_reward reward/avg_pass_at_4 eval/all/avg_score eval/all/pass_at_4 policy/policy_entropy",
              {"train_reward": "reward/avg_raw_reward", "eval_reward": "eval/all/avg_score"}),
    "roll": ("critic/score/mean tokens/response_length/mean val_correct/all/mean val_correct/aime/mean",
             {"train_reward": "critic/score/mean", "eval_reward": "val_correct/all/mean"}),
    "ms-swift": ("reward rewards/Accuracy/mean train_speed(s/it) memory(GiB) completions/mean_length kl",
                 {"train_reward": "reward", "kl": "kl"}),
    "slime": ("rollout/raw_reward eval/aime eval/aime-truncated_ratio train/pg_clipfrac rollout/step",
              {"train_reward": "rollout/raw_reward", "eval_reward": "eval/aime"}),
}  # fmt: skip


@pytest.mark.parametrize("name", OF)
def test_todays_names_are_told_and_cast(name: str) -> None:
    """The names of a trainer's current source tell it, and play their roles."""
    logged, cast = OF[name]
    assert metrics.framework(logged.split()) == name
    played = metrics.roles(logged.split())
    for role, metric in cast.items():
        assert (played[role].name if role in played else None) == metric


@ALL
def test_a_trainer_holds_together(trainer: Trainer) -> None:
    """It says what it was checked against, and every role, key and pattern is one that is looked for."""
    assert trainer.checked and trainer.title
    assert set(trainer.roles) | set(trainer.sums) <= set(metrics.BY_ROLE)
    assert set(trainer.config) <= set(CONFIG)
    assert set(trainer.like) <= {other.name for other in trainers.BUILT_IN}
    assert trainer.marks or trainer.config_marks
    for mark in trainer.marks:
        re.compile(mark)


@ALL
def test_a_trainers_evals_are_found_by_their_roles(trainer: Trainer) -> None:
    """What may play the eval reward is named as an eval too."""
    for alias in trainer.roles.get("eval_reward", ()):
        everyone = [each for one in trainers.kin(trainer) for each in one.evals]
        is_part = "rewards/" in alias or "accuracy*" in alias
        assert is_part or any(each.match(alias.replace("*", "7")) for each in everyone), alias


def test_an_eval_says_its_set_and_k() -> None:
    """A pattern gives the set and the number of samples of a name."""
    assert EvalName("val-core/{set}/acc/mean@{k}", "mean").match("val-core/openai/gsm8k/acc/mean@4") == (
        "openai/gsm8k", 4)  # fmt: skip
    assert EvalName("eval/{set}", "reward").match("train/aime") is None


def test_groups_without_variance_are_summed() -> None:
    """Groups all right and all wrong are one share where a trainer logs them apart, in percent or not."""
    rows = [{"step": step, "train/reward": 0.4, "train/token_mult_prob_error": 1.0, "train/baseline_reward/pct_0": 20.0,
             "train/baseline_reward/pct_1": 15.0} for step in range(3)]  # fmt: skip
    run = from_rows(rows, id="r", source="a test")
    played = metrics.roles(run.history.columns)["zero_variance_groups"]
    assert run.history[played.name].tolist() == pytest.approx([0.35] * 3)


def test_a_sum_of_what_is_not_finite_is_a_gap() -> None:
    """Where a part is nan or inf its own record says so, and the sum says nothing."""
    rows = [{"step": step, "train/reward": 0.4, "train/token_mult_prob_error": 1.0, "train/baseline_reward/pct_0": 20.0,
             "train/baseline_reward/pct_1": float("nan") if step == 1 else 15.0} for step in range(3)]  # fmt: skip
    run = from_rows(rows, id="r", source="a test")
    total = metrics.roles(run.history.columns)["zero_variance_groups"].name
    assert run.history[total].dropna().index.tolist() == [0, 2]
    assert [(one.step, one.metric) for one in run.nonfinite] == [(1, "train/baseline_reward/pct_1")]


def test_a_rare_name_is_not_taken_from_another_trainer() -> None:
    """A run that is recognised plays no role by the names of a trainer that it isn't."""
    assert "clip_fraction" not in metrics.roles(["env/all/reward/total", "ppo_clip_ratio"])


def test_the_config_tells_what_names_dont() -> None:
    """Plain names are verl's where the config is verl's; slime's names are miles's where the config is."""
    assert metrics.framework(["score"], ["actor_rollout_ref.model.path"]) == "verl"
    assert metrics.framework(["rollout/raw_reward"], ["use_miles_router"]) == "miles"
    assert metrics.framework(["rollout/raw_reward"], ["actor_rollout_ref.model.path"]) == "slime"


def test_a_persons_own_trainer_comes_first() -> None:
    """While it is known, its names tell it and play their roles; afterwards they don't."""
    mine = Trainer("mine", "Mine", marks=("my/score$",), roles=words(train_reward="my/score"))
    with trainers.also([mine]):
        assert metrics.framework(["my/score"]) == "mine"
        assert metrics.roles(["my/score"])["train_reward"].why == "Mine's name for it"
    assert metrics.roles(["my/score"]) == {}


@pytest.mark.parametrize("name", ["training_step", "eval/step", "train/step", "heldout/global_step", "solved_none"])
def test_what_places_or_makes_a_role_is_wanted(name: str) -> None:
    """A read of roles only keeps the axes that metrics stand on, and the parts of sums."""
    assert metrics.wanted(name)
