"""nanochat: https://github.com/karpathy/nanochat (scripts/chat_rl.py), which trains on gsm8k alone."""

from reportgen.trainers.trainer import EvalName, Trainer, words

TRAINER = Trainer(
    name="nanochat",
    title="nanochat",
    checked="92d63d4 (2026-07-03)",
    marks=("lrm$",),
    config_marks=("examples_per_step",),
    roles=words(
        train_reward="reward",
        eval_reward="pass@1",
        response_length="sequence_length",
    ),
    accuracies=("reward",),  # of a task that is right or wrong
    evals=(
        EvalName("pass@1", "mean", accuracy=True, set="gsm8k"),
        EvalName("pass@{k}", "pass", accuracy=True, set="gsm8k"),
    ),
    samples=(("examples_per_step", "num_samples"),),
    config=words(
        epochs="num_epochs", samples="num_samples", batch="examples_per_step", length="max_new_tokens",
        eval_freq="eval_every", eval_size="eval_examples", lr="matrix_lr", model="model_tag",
    ),
)
