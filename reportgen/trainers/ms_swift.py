"""ms-swift: https://github.com/modelscope/ms-swift (rlhf_trainers, megatron): TRL's names and its own clocks."""

from reportgen.trainers.trainer import Trainer

TRAINER = Trainer(
    name="ms-swift",
    title="ms-swift",
    checked="4.5.2, 3602360 (2026-08-22)",
    marks=(r"(?:train/)?memory\(gib\)$", r"(?:train/)?train_speed\("),
    config_marks=("rlhf_type",),
    like=("trl",),
)
