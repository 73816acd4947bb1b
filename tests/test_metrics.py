"""The catalogue: which logged metric plays which role."""

from __future__ import annotations

import random

import pytest

from reportgen import metrics
from reportgen.errors import SettingsError

OLD = "grpo_actor/"
NEW = "ppo_actor/"
NAMES = {  # (framework, role) -> logged name that plays it; facts/runs.md, section 3
    ("areal", "train_reward"): (OLD + "task_reward/avg", NEW + "task_reward/avg", "rollout/task_reward/avg",
                                "actor/task_reward/avg", "rollout/reward"),
    ("areal", "eval_reward"): ("eval-rollout/reward", "eval-rollout/task_reward/avg", "grpo-eval/task_reward/avg"),
    ("areal", "policy_loss"): (OLD + "actor_loss/avg", NEW + "update/actor_loss/avg", OLD + "ppo_loss/avg"),
    ("areal", "advantages"): (OLD + "advantages/avg", NEW + "advantages/avg"),
    ("areal", "kl"): (OLD + "kl_rewards/avg", NEW + "kl_rewards/avg"),
    ("areal", "behaviour_kl"): (OLD + "behave_approx_kl/avg", NEW + "update/behave_approx_kl/avg"),
    ("areal", "entropy"): (OLD + "entropy/avg", NEW + "update/entropy/avg"),
    ("areal", "grad_norm"): (OLD + "grad_norm", NEW + "update/grad_norm"),
    ("areal", "clip_fraction"): (OLD + "clip_ratio/avg", NEW + "update/clip_ratio/avg"),
    ("areal", "truncation"): (OLD + "no_eos_ratios/avg", NEW + "no_eos_ratios/avg"),
    ("areal", "sequence_length"): (OLD + "seq_len/avg",),
    ("areal", "prompt_length"): (NEW + "prompt_len/avg",),
    ("areal", "learning_rate"): (OLD + "lr", NEW + "update/lr"),
    ("areal", "update_successful"): (NEW + "update/update_successful",),
    ("areal", "sequences"): (NEW + "n_seqs",),
    ("trl", "train_reward"): ("reward", "train/reward", "objective/scores"),
    ("trl", "eval_reward"): ("eval_reward", "eval/reward", "eval_rewards/accuracy_reward/mean"),
    ("trl", "policy_loss"): ("loss", "train/loss", "policy_loss"),
    ("trl", "kl"): ("kl", "train/kl", "objective/kl"),
    ("trl", "entropy"): ("entropy", "train/entropy"),
    ("trl", "clip_fraction"): ("clip_ratio", "clip_ratio/region_mean", "train/clip_ratio/region_mean"),
    ("trl", "response_length"): ("completion_length", "completions/mean_length", "train/completions/mean_length"),
    ("trl", "truncation"): ("completions/clipped_ratio",),
    ("trl", "learning_rate"): ("learning_rate", "train/learning_rate"),
    ("trl", "zero_variance_groups"): ("frac_reward_zero_std", "train/frac_reward_zero_std"),
    ("trl", "reward_spread"): ("reward_std", "train/reward_std"),
    ("trl", "step_time"): ("step_time",),
    ("verl", "train_reward"): ("critic/score/mean", "critic/rewards/mean"),
    ("verl", "eval_reward"): ("val-core/openai/gsm8k/acc/mean@1", "val-core/math/reward/mean@8",
                              "val/test_score/openai/gsm8k", "val-core/gsm8k/acc/mean_at_1"),
    ("verl", "policy_loss"): ("actor/pg_loss",),
    ("verl", "advantages"): ("critic/advantages/mean",),
    ("verl", "kl"): ("actor/kl_loss", "actor/reward_kl_penalty"),
    ("verl", "behaviour_kl"): ("actor/ppo_kl",),
    ("verl", "entropy"): ("actor/entropy", "actor/entropy_loss"),
    ("verl", "clip_fraction"): ("actor/pg_clipfrac",),
    ("verl", "truncation"): ("response_length/clip_ratio",),
    ("verl", "response_length"): ("response_length/mean",),
    ("verl", "step_time"): ("timing_s/step", "perf/time_per_step"),
    ("verl", "throughput"): ("perf/throughput",),
    ("openrlhf", "train_reward"): ("train/reward", "reward"),
    ("openrlhf", "eval_reward"): ("eval/eval_gsm8k_pass1",),
    ("openrlhf", "grad_norm"): ("train/actor_grad_norm",),
    ("openrlhf", "clip_fraction"): ("train/ppo_clip_ratio",),
    ("openrlhf", "learning_rate"): ("train/actor_lr",),
    ("nemo-rl", "eval_reward"): ("validation/accuracy",),
    ("nemo-rl", "kl"): ("train/kl_penalty",),
    ("nemo-rl", "step_time"): ("timing/train/total_step_time",),
    ("nemo-rl", "throughput"): ("performance/tokens_per_sec_per_gpu",),
    ("prime-rl", "train_reward"): ("reward/mean", "gsm8k/all/solver/reward/mean"),
    ("prime-rl", "eval_reward"): ("eval/gsm8k/avg@8",),
    ("prime-rl", "behaviour_kl"): ("mismatch_kl/all/mean",),
    ("skyrl", "train_reward"): ("reward/avg_raw_reward", "reward/avg_pass_at_8"),
    ("skyrl", "eval_reward"): ("eval/all/pass_at_1", "eval/all/avg_score"),
    ("skyrl", "policy_loss"): ("policy/policy_loss",),
    ("skyrl", "clip_fraction"): ("policy/loss_metrics/clip_ratio",),
    ("slime", "train_reward"): ("rollout/raw_reward",),
    ("slime", "policy_loss"): ("train/pg_loss",),
    ("slime", "truncation"): ("rollout/truncated_ratio",),
    ("slime", "learning_rate"): ("train/lr-pg_0",),
    ("roll", "policy_loss"): ("actor/pg_loss@sum",),
    ("roll", "response_length"): ("tokens/response_length/mean",),
    ("roll", "step_time"): ("time/step_total",),
    ("", "train_reward"): ("reward", "train_reward", "accuracy", "reward_mean", "Reward"),
    ("", "eval_reward"): ("eval_accuracy", "eval_reward", "val_accuracy", "test/accuracy", "eval.reward"),
    ("", "kl"): ("kl", "approx_kl")[:1],
    ("", "learning_rate"): ("lr",),
}  # fmt: skip
MARKERS = {
    "areal": "timeperf/rollout", "trl": "completions/min_length", "verl": "timing_s/gen",
    "openrlhf": "train/group_reward_std",
    "nemo-rl": "train/token_mult_prob_error", "prime-rl": "entropy/all/mean", "skyrl": "generate/avg_num_tokens",
    "slime": "train/pg_clipfrac", "roll": "actor/policykl", "": "epoch",
}  # fmt: skip


@pytest.mark.parametrize(
    ("framework", "role", "name"),
    [(framework, role, name) for (framework, role), names in NAMES.items() for name in names],
)
def test_every_trainers_name_plays_its_role(framework, role, name):
    """Each name of the table is recognised, alone beside one that tells the trainer."""
    marker = MARKERS[framework] if not name.startswith(MARKERS[framework]) else "epoch"
    assert metrics.roles([name, marker, "epoch"])[role].name == name


@pytest.mark.parametrize("framework", [name for name in MARKERS if name])
def test_framework_is_told_from_names(framework):
    """One telling name is enough, also where parts are joined by dots."""
    assert metrics.framework(["epoch", MARKERS[framework]]) == framework
    assert metrics.framework(["epoch", MARKERS[framework].replace("/", ".")]) == framework


@pytest.mark.parametrize("names", [["reward", "kl"], ["step", "accuracy"], ["train/loss", "eval/loss"], []])
def test_plain_names_tell_no_framework(names):
    """Names that anyone may log are nobody's."""
    assert metrics.framework(names) == ""


@pytest.mark.parametrize(
    ("role", "better", "worse"),
    [
        ("train_reward", NEW + "task_reward/avg", "rollout/reward"),
        ("train_reward", "critic/score/mean", "critic/rewards/mean"),
        ("policy_loss", "train/pg_loss", "train/loss"),
        ("eval_reward", "eval-rollout/reward", "eval-rollout/task_reward/avg"),
    ],
)
def test_the_better_name_wins(role, better, worse):
    """Of two names for a role the catalogue's order decides."""
    assert metrics.roles([worse, better])[role].name == better


@pytest.mark.parametrize(
    ("trap", "role"),
    [
        ("response_length/clip_ratio", "clip_fraction"),
        ("grpo-eval/task_reward/avg", "train_reward"),
        ("ppo_critic/grad_norm", "grad_norm"),
        ("critic/lr", "learning_rate"),
        ("eval/loss", "eval_reward"),
        ("ref/entropy/avg", "entropy"),
        ("key_metric", "train_reward"),
    ],
)
def test_name_traps_play_no_role(trap, role):
    """A name that looks like a role's, and is another's, doesn't play it."""
    assert role not in metrics.roles([trap, "timeperf/rollout"])


def test_greedy_scope_counts_only_for_its_trainer():
    """slime's eval/<data set> is an eval reward in a slime run alone."""
    assert "eval_reward" not in metrics.roles(["eval/aime", "reward"])
    assert metrics.roles(["eval/aime", "eval/step", "rollout/raw_reward"])["eval_reward"].name == "eval/aime"


def test_order_of_names_does_not_matter():
    """However the columns stand, the same metrics play the same roles."""
    names = [name for names in NAMES.values() for name in names]
    expected = metrics.roles(names)
    for seed in range(5):
        random.Random(seed).shuffle(names)
        assert metrics.roles(names) == expected


def test_a_person_overrides():
    """--metric wins, and says so."""
    played = metrics.roles(["reward", "my/score"], {"train_reward": "my/score"})["train_reward"]
    assert (played.name, played.why) == ("my/score", "given by --metric")


def test_an_override_that_is_not_there_names_what_is_close():
    """A typo is answered with the metric that was meant."""
    with pytest.raises(SettingsError, match="my/score"):
        metrics.roles(["my/score", "reward"], {"train_reward": "my/scores"})
    with pytest.raises(SettingsError, match="train_reward"):
        metrics.roles(["reward"], {"train_rewards": "reward"})


def test_why_names_the_trainer():
    """The reason is in words."""
    assert metrics.roles(["critic/score/mean", "timing_s/step"])["train_reward"].why == "verl's name for it"


@pytest.mark.parametrize("name", [name for names in NAMES.values() for name in names] + ["timeperf/train_step"])
def test_all_that_plays_a_role_is_wanted(name):
    """A read of roles only keeps every name that can play one, and AReaL's phases."""
    assert metrics.wanted(name)


@pytest.mark.parametrize("name", ["grpo_actor/vocab_max_logits/avg", "critic/vf_loss", "gpu.0.temp", "epoch"])
def test_the_rest_is_not_wanted(name):
    """What no role needs is left out."""
    assert not metrics.wanted(name)


@pytest.mark.parametrize(
    ("name", "is_share"),
    [
        ("grpo_actor/task_reward/avg", True), ("eval-rollout/reward", True), ("rewards/accuracy_reward/mean", True),
        ("val-core/gsm8k/acc/mean@1", True), ("critic/score/mean", True), ("eval/eval_gsm8k_pass1", True),
        ("reward", False), ("rewards/correctness_reward_func", False), ("rollout/raw_reward", False),
    ],
)  # fmt: skip
def test_accuracies_are_told_by_name(name, is_share):
    """A task reward may be an accuracy; a weighted sum is none."""
    assert metrics.is_accuracy_name(name) is is_share


def test_names_to_log_are_the_trainers_own():
    """What to log is said in the words, and the scope, of the run."""
    assert metrics.names_for("kl", "areal", ["ppo_actor/lr"])[0] == "ppo_actor/kl_rewards/avg"
    assert metrics.names_for("entropy", "areal", ["grpo_actor/lr"])[0] == "grpo_actor/entropy/avg"
    assert metrics.names_for("entropy", "verl")[0] == "actor/entropy"
    assert metrics.names_for("entropy")[0] == "entropy"


def test_every_role_has_a_title_and_names():
    """The catalogue is whole, and no role stands twice."""
    assert len(metrics.BY_ROLE) == len(metrics.CATALOGUE)
    assert all(metric.title and metric.names for metric in metrics.CATALOGUE)
