"""NeMo-RL: what it calls things."""

from reportgen.trainers.trainer import EvalName, Trainer, words

TRAINER = Trainer(
    name="nemo-rl",
    title="NeMo-RL",
    marks=("train/token_mult_prob_error$", "timing/(?:train|validation)/", "performance/tokens_per_sec"),
    config_marks=("grpo.num_prompts_per_step",),
    roles=words(
        train_reward="train/reward",
        eval_reward="validation/accuracy validation/reward",
        policy_loss="train/loss",
        advantages="train/advantages/mean",
        advantages_min="train/advantages/min",
        advantages_max="train/advantages/max",
        advantage_spread="train/advantages/std",
        zero_variance_groups="train/frac_reward_zero_std",
        kl="train/kl_penalty",
        behaviour_kl="train/gen_kl_error",
        entropy="train/approx_entropy",
        grad_norm="train/grad_norm",
        clip_fraction="train/probs_ratio_clamped_*",
        truncation="train/truncation_rate",
        response_length="train/mean_gen_tokens_per_sample",
        learning_rate="train/lr",
        step_time="timing/train/total_step_time",
        throughput="performance/tokens_per_sec_per_gpu",
    ),
    evals=(EvalName("validation/accuracy", "mean", accuracy=True), EvalName("validation/reward", "reward")),
    filtered=("grpo.use_dynamic_sampling",),
    samples=(("grpo.num_prompts_per_step", "grpo.num_generations_per_prompt"),),
    config=words(
        epochs="grpo.max_num_epochs", steps="grpo.max_num_steps", data="data.dataset_name",
        lr="policy.optimizer.kwargs.lr", dr_grpo="grpo.normalize_rewards", dapo="grpo.use_dynamic_sampling",
        samples="grpo.num_generations_per_prompt", batch="grpo.num_prompts_per_step",
        length="policy.generation.max_new_tokens", kl="loss_fn.reference_policy_kl_penalty",
        clipping="policy.max_grad_norm", eval="data.val_dataset_name", eval_freq="grpo.val_period",
        eval_size="grpo.max_val_samples", model="policy.model_name", train_set="data.dataset_name",
        gpus="cluster.num_nodes cluster.gpus_per_node",
    ),
)
