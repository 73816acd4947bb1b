"""Tinker cookbook: https://github.com/thinking-machines-lab/tinker-cookbook (rl/train.py, rl/metrics.py)."""

from reportgen.trainers.trainer import EvalName, Sum, Trainer, words

TRAINER = Trainer(
    name="tinker",
    title="Tinker",
    checked="0.5.5, 9dfcc3a (2026-08-19)",
    marks=(r"optim/kl_sample_train_v\d$", "env/all/(?:reward/total|total_episodes|by_group/)", "progress/done_frac$"),
    config_marks=("groups_per_batch",),
    roles=words(
        train_reward="env/all/correct env/all/reward/total",
        eval_reward="test/env/all/correct val/env/all/correct eval/env/all/correct test/env/all/reward/total"
        " val/env/all/reward/total eval/env/all/reward/total",
        behaviour_kl="optim/kl_sample_train_v1",
        kl="kl_policy_base",
        entropy="optim/entropy",
        response_length="env/all/ac_tokens_per_turn",
        learning_rate="optim/lr",
        step_time="time/total",
        sequences="env/all/total_episodes",
    ),
    sums={"zero_variance_groups": Sum(("env/all/by_group/frac_all_good", "env/all/by_group/frac_all_bad"))},
    evals=(
        EvalName("{set}/env/all/correct", "mean", accuracy=True), EvalName("{set}/env/all/reward/total", "reward"),
    ),
    eval_sizes=("{set}/env/all/total_episodes",),
    components=("env/all/{part}",),
    filtered=("remove_constant_reward_groups",),
    samples=(("groups_per_batch", "group_size"), ("dataset_builder.batch_size", "dataset_builder.group_size")),
    config=words(
        lr="learning_rate", samples="group_size dataset_builder.group_size",
        batch="groups_per_batch dataset_builder.batch_size", length="max_tokens", kl="kl_penalty_coef",
        eval_freq="eval_every", model="model_name", dapo="remove_constant_reward_groups", train_set="env",
    ),
)
