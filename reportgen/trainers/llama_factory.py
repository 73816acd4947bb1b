"""LLaMA-Factory: https://github.com/hiyouga/LLaMA-Factory (train/ppo, train/callbacks.py)."""

from reportgen.trainers.trainer import Axis, Trainer

TRAINER = Trainer(
    name="llama-factory",
    title="LLaMA-Factory",
    checked="0.9.5, ff6d4d1 (2026-08-18)",
    marks=("current_steps$",),
    config_marks=("finetuning_type",),
    axes=(Axis("*", "current_steps"),),  # of its trainer_log.jsonl
    like=("trl",),
)
