"""torchforge: https://github.com/meta-pytorch/torchforge (apps/grpo, src/forge/actors)."""

from reportgen.trainers.trainer import Trainer, words

TRAINER = Trainer(
    name="torchforge",
    title="torchforge",
    checked="0.1.0rc1, 6e77f0b (2025-11-15)",
    marks=("reward/evaluate_response/", "rl_trainer/(?:avg_loss|learning_rate)$", "generator/generate/"),
    roles=words(
        train_reward="reward/evaluate_response/avg_total_reward",
        policy_loss="rl_trainer/avg_loss",
        learning_rate="rl_trainer/learning_rate",
        response_length="generator/generate/avg_tokens_generated",
        sequences="reward/evaluate_response/count_total_reward",
    ),
    components=("reward/evaluate_response/avg_{part}_reward",),
    samples=(("local_batch_size", "group_size"),),
    config=words(
        steps="trainer.training.steps", lr="trainer.optimizer.lr", samples="group_size", length="max_res_tokens",
        lag="off_by_n", model="model", train_set="dataset.path",
    ),
)
