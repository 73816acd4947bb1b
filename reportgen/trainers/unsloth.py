"""Unsloth: https://github.com/unslothai/unsloth, which patches TRL's trainers."""

from reportgen.trainers.trainer import Trainer

TRAINER = Trainer(
    name="unsloth",
    title="Unsloth",
    checked="its GRPO is TRL's, patched; names as of TRL 1.9",
    config_marks=("unsloth_*",),
    like=("trl",),
)
