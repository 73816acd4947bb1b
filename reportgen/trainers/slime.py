"""slime: https://github.com/THUDM/slime (slime/observability)."""

from reportgen.trainers.trainer import Axis, EvalName, Trainer, words

TRAINER = Trainer(
    name="slime",
    title="slime",
    checked="0.3.1, 624b824 (2026-08-21)",
    marks=("rollout/raw_reward$", "train/pg_clipfrac$", "train/lr-pg_"),
    config_marks=("num_rollout", "rollout_function_path"),
    roles=words(
        train_reward="rollout/raw_reward rollout/rewards",
        eval_reward="eval/*",
        policy_loss="train/pg_loss train/loss",
        advantages="rollout/advantages",
        zero_variance_groups="rollout/zero_std/frac",
        kl="train/kl_loss",
        behaviour_kl="train/ppo_kl",
        entropy="train/entropy_loss",
        grad_norm="train/grad_norm",
        clip_fraction="train/pg_clipfrac",
        truncation="rollout/truncated_ratio",
        response_length="rollout/response_len/mean rollout/response_lengths",
        learning_rate="train/lr-pg_0",
        step_time="perf/step_time",
        throughput="perf/actor_train_tok_per_s",
    ),
    axes=(
        Axis("rollout/*", "rollout/step"), Axis("train/*", "train/step"), Axis("eval/*", "eval/step"),
        Axis("perf/*", "rollout/step"), Axis("multi_turn/*", "rollout/step"), Axis("passrate/*", "rollout/step"),
    ),
    evals=(
        EvalName("eval/{set}-pass@1", "mean", accuracy=True),
        EvalName("eval/{set}-pass@{k}", "pass", accuracy=True), EvalName("eval/{set}", "reward"),
    ),
    filtered=("dynamic_sampling_filter_path",),
    samples=(("rollout_batch_size", "n_samples_per_prompt"),),
    config=words(
        epochs="num_epoch", steps="num_rollout", data="prompt_data", lr="lr", dr_grpo="advantage_estimator",
        dapo="dynamic_sampling_filter_path", samples="n_samples_per_prompt", batch="rollout_batch_size",
        length="rollout_max_response_len", kl="kl_loss_coef kl_coef", clipping="clip_grad",
        eval="eval_prompt_data", eval_freq="eval_interval", model="hf_checkpoint", train_set="prompt_data",
        gpus="actor_num_nodes actor_num_gpus_per_node",
    ),
)
