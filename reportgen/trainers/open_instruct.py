"""open-instruct: https://github.com/allenai/open-instruct (grpo_fast.py, data_loader.py)."""

from reportgen.trainers.trainer import Axis, EvalName, Trainer, words

TRAINER = Trainer(
    name="open-instruct",
    title="open-instruct",
    checked="0.3.0, e6c3044 (2026-08-20)",
    marks=(
        "val/stop_rate$", "objective/verifiable_(?:reward|correct_rate)$", "unsolved_batch_size_ratio$",
        r"objective/kl\d_avg$", "learner_tokens_per_second",
    ),
    config_marks=("num_unique_prompts_rollout", "num_samples_per_prompt_rollout"),
    axes=(Axis("*", "training_step"),),  # global_step counts episodes
    roles=words(
        train_reward="objective/verifiable_correct_rate objective/verifiable_reward scores",
        eval_reward="eval/pass_at_1 eval/objective/verifiable_correct_rate eval/objective/verifiable_reward"
        " eval/scores",
        policy_loss="loss/policy_avg",
        advantages="val/advantages_mean",
        advantages_min="val/advantages_min",
        advantages_max="val/advantages_max",
        kl="objective/kl2_avg objective/kl_avg",
        entropy="policy/entropy_avg",
        clip_fraction="policy/clipfrac_avg",
        response_length="val/sequence_lengths",
        learning_rate="lr",
        step_time="time/total",
        throughput="learner_tokens_per_second_step",
        tokens="val/num_step_tokens",
    ),
    evals=(
        EvalName("eval/pass_at_1", "mean", accuracy=True), EvalName("eval/pass_at_{k}", "pass", accuracy=True),
        EvalName("eval/pass_at_{k}_unbiased", "pass", accuracy=True),
        EvalName("eval/objective/verifiable_correct_rate", "mean", accuracy=True),
        EvalName("eval/objective/{set}_correct_rate", "mean", accuracy=True),
        EvalName("eval/objective/{set}_reward", "reward"), EvalName("eval/scores", "reward"),
    ),
    components=("objective/{part}_reward",),
    filtered=("filter_zero_std_samples", "active_sampling"),
    samples=(("num_unique_prompts_rollout", "num_samples_per_prompt_rollout"),),
    config=words(
        epochs="num_epochs", steps="num_training_steps total_episodes", data="dataset_mixer_list", lr="learning_rate",
        dr_grpo="advantage_normalization_type", dapo="filter_zero_std_samples",
        samples="num_samples_per_prompt_rollout", batch="num_unique_prompts_rollout", length="response_length",
        kl="beta", clipping="max_grad_norm", lag="async_steps", eval="dataset_mixer_eval_list",
        eval_freq="local_eval_every", model="model_name_or_path", train_set="dataset_mixer_list",
    ),
)
