"""NeMo-RL: https://github.com/NVIDIA-NeMo/RL (nemo_rl/algorithms/grpo.py)."""

from reportgen.trainers.trainer import EvalName, Sum, Trainer, words

TRAINER = Trainer(
    name="nemo-rl",
    title="NeMo-RL",
    checked="0.7.0, 7ea279a (2026-08-22)",
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
        kl="train/kl_penalty",
        behaviour_kl="train/gen_kl_error train/policy_kl_error",
        entropy="train/approx_entropy",
        grad_norm="train/grad_norm",
        truncation="train/truncation_rate",
        response_length="train/mean_gen_tokens_per_sample",
        learning_rate="train/lr",
        prompt_length="train/mean_prompt_length",
        tokens="train/total_num_tokens",
        step_time="timing/train/total_step_time",
        throughput="performance/tokens_per_sec_per_gpu timing/train/valid_tokens_per_sec_per_gpu",
    ),
    sums={"zero_variance_groups": Sum(("train/baseline_reward/pct_0", "train/baseline_reward/pct_1"), scale=0.01)},
    evals=(EvalName("validation/accuracy", "mean", accuracy=True), EvalName("validation/reward", "reward")),
    filtered=("train/filtered_reward", "grpo.use_dynamic_sampling"),
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
