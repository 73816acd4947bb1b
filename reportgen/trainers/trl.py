"""TRL: https://github.com/huggingface/trl (trl/trainer/grpo_trainer.py, experimental/ppo)."""

from reportgen.trainers.trainer import Axis, EvalName, Trainer, words

TRAINER = Trainer(
    name="trl",
    title="TRL",
    checked="1.9.0, f2cd577 (2026-07-24)",
    marks=(
        "(?:train/)?(?:frac_reward_zero_std|completion_length|completions/|clip_ratio/(?:region|low|high)_"
        "|objective/(?:rlhf_reward|scores|non_score_reward)|sampling/|rewards/.*(?:func|fn|reward)"
        "|rewards/[^/]+/(?:mean|std)$)", "eval_rewards/", "ppo/loss/policy$",
    ),
    config_marks=("num_generations", "max_completion_length"),
    roles=words(
        train_reward="reward rewards/*accuracy*/mean rewards/*accuracy* objective/scores env/reward_mean",
        eval_reward="eval_reward eval/reward eval_rewards/*accuracy* eval/rewards/*accuracy*"
        " eval_rewards/*/mean eval/rewards/*/mean",
        policy_loss="policy_loss loss loss/policy_avg ppo/loss/policy",
        reward_spread="reward_std",
        zero_variance_groups="frac_reward_zero_std",
        kl="kl objective/kl",
        behaviour_kl="policy/approxkl_avg",
        entropy="entropy objective/entropy policy/entropy_avg",
        grad_norm="grad_norm",
        clip_fraction="clip_ratio/region_mean clip_ratio policy/clipfrac_avg",
        truncation="completions/clipped_ratio",
        response_length="completions/mean_length completion_length",
        learning_rate="learning_rate lr",
        step_time="step_time",
        tokens="num_tokens",
    ),
    prefixes=("", "train/"),
    axes=(Axis("train/*", "train/global_step"), Axis("eval/*", "train/global_step")),
    evals=(
        EvalName("eval_reward", "reward"), EvalName("eval/reward", "reward"),
        EvalName("eval_{set}_reward", "reward"), EvalName("eval/{set}_reward", "reward"),
    ),
    components=(
        "rewards/{part}/mean", "train/rewards/{part}/mean", "eval_rewards/{part}/mean", "eval/rewards/{part}/mean",
        "rewards/{part}", "train/rewards/{part}",
    ),
    samples=(("generation_batch_size",),),
    config=words(
        epochs="num_train_epochs", steps="max_steps", data="max_train_samples dataset_name", lr="learning_rate",
        scaling="scale_rewards", dr_grpo="loss_type", dapo="epsilon_high", samples="num_generations",
        batch="per_device_train_batch_size", length="max_completion_length", kl="beta", clipping="max_grad_norm",
        eval="eval_dataset", eval_freq="eval_steps", model="_name_or_path model_name_or_path",
        train_set="dataset_name",
    ),
)
