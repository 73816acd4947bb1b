"""torchtune: https://github.com/pytorch/torchtune (recipes/dev/grpo_full_finetune_distributed.py)."""

from reportgen.trainers.trainer import Trainer, words

TRAINER = Trainer(
    name="torchtune",
    title="torchtune",
    checked="0.6.1, bd2a0fc (2026-04-23)",
    marks=("successes$", "num_stop_tokens$"),
    config_marks=("grpo_samples",),
    roles=words(
        train_reward="successes rewards scores",
        policy_loss="policy_loss loss",
        kl="kl_loss kl",
        grad_norm="grad_norm",
        clip_fraction="clipfrac",
        response_length="response_lengths",
        learning_rate="lr",
        throughput="tokens_per_second_per_gpu",
    ),
    accuracies=("successes",),
    samples=(("batch_size", "grpo_samples"),),
    config=words(
        epochs="epochs", steps="num_steps", lr="optimizer.lr", samples="grpo_samples", batch="batch_size",
        length="max_generated_tokens", kl="loss.kl_coeff", clipping="clip_grad_norm", train_set="dataset.source",
    ),
)
