"""SkyRL: https://github.com/NovaSky-AI/SkyRL (skyrl/train/trainer.py, evaluate.py)."""

from reportgen.trainers.trainer import EvalName, Trainer, words

TRAINER = Trainer(
    name="skyrl",
    title="SkyRL",
    checked="0.4.0 and on, a956457 (2026-08-21)",
    marks=("reward/avg_(?:raw_reward$|pass_at_)", "policy/policy_(?:loss|entropy|kl|lr)$", "generate/avg_"),
    config_marks=("trainer.policy.model.path", "generator.n_samples_per_prompt"),
    roles=words(
        train_reward="reward/avg_raw_reward reward/avg_pass_at_*",
        eval_reward="eval/all/avg_score eval/all/pass_at_1 eval/*/avg_score eval/all/pass_at_*",
        policy_loss="policy/policy_loss policy/final_loss",
        advantages="loss/avg_raw_advantages advantages/mean",
        advantages_min="advantages/min",
        advantages_max="advantages/max",
        advantage_spread="advantages/std",
        kl="policy/policy_kl loss/avg_kl",
        entropy="policy/policy_entropy",
        grad_norm="policy/grad_norm policy/raw_grad_norm",
        clip_fraction="policy/loss_metrics/clip_ratio policy/ppo_clip_ratio",
        response_length="generate/avg_num_tokens",
        learning_rate="policy/policy_lr",
        step_time="timing/step",
        throughput="trainer/tokens_per_second_per_gpu",
    ),
    evals=(
        EvalName("eval/{set}/avg_score", "reward"), EvalName("eval/{set}/pass_at_1", "mean", accuracy=True),
        EvalName("eval/{set}/pass_at_{k}", "pass", accuracy=True),
    ),
    filtered=("reward/num_zero_variance_filtered", "trainer.algorithm.dynamic_sampling.type"),
    samples=(("trainer.train_batch_size", "generator.n_samples_per_prompt"),),
    config=words(
        epochs="trainer.epochs", data="data.train_data", lr="trainer.policy.optimizer_config.lr",
        dr_grpo="trainer.algorithm.advantage_estimator", dapo="trainer.algorithm.dynamic_sampling.type",
        samples="generator.n_samples_per_prompt", batch="trainer.train_batch_size",
        length="generator.sampling_params.max_generate_length", kl="trainer.algorithm.kl_loss_coef",
        clipping="trainer.policy.optimizer_config.max_grad_norm", eval="data.val_data",
        eval_freq="trainer.eval_interval", model="trainer.policy.model.path", train_set="data.train_data",
        gpus="trainer.placement.policy_num_nodes trainer.placement.policy_num_gpus_per_node",
    ),
)
