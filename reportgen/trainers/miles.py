"""miles: https://github.com/radixark/miles, a fork of slime that keeps its names."""

from reportgen.trainers.trainer import Trainer

TRAINER = Trainer(
    name="miles",
    title="miles",
    checked="0.1.0, 31f1ca9 (2026-08-21)",
    config_marks=("use_miles_router", "miles_*"),
    like=("slime",),
)
