"""The one run that every tracker's fixture holds, and the config with fake secrets that was logged with it."""

from __future__ import annotations

import math
import random

STEPS = range(1, 127)
NAME = "trial0"
SECRETS = ("FAKE0secret0FAKE0secret0FAKE0secret0FAKE0", "hf_FAKEfakeFAKEfakeFAKE0001")
CONFIG = {
    "trial_name": NAME,
    "seed": 1,
    "actor": {"path": "Qwen/Qwen2.5-0.5B-Instruct", "optimizer": {"lr": 1.7e-5}},
    "train_dataset": {"path": "openai/gsm8k", "batch_size": 256},
    "wandb_api_key": SECRETS[0],
    "hf_token": SECRETS[1],
}


def rows(last: int = 126, seed: int = 7) -> list[dict[str, float]]:
    """One mapping a step: reward .18 to .32, evals at 63 and 126, a nan at 40 and an inf at 41."""
    noise = random.Random(seed)
    table: list[dict[str, float]] = []
    for step in STEPS:
        row = {
            "train/reward": round(0.18 + 0.14 * (1 - math.exp(-step / 20)) + noise.gauss(0, 0.015), 6),
            "train/grad_norm": round(0.6 + noise.gauss(0, 0.1), 6),
            "train/kl": round(0.0004 * step + abs(noise.gauss(0, 0.001)), 6),
        }
        if step == 40:
            row["train/grad_norm"] = math.nan
        if step == 41:
            row["train/grad_norm"] = math.inf
        if step in (63, 126):
            row["eval/reward"] = 0.287 if step == 63 else 0.3205
        table.append({"step": step, **row})
    return table[:last]


def flat_config() -> dict[str, object]:
    """The config as trackers without nesting take it: keys joined by slashes."""
    flat: dict[str, object] = {}
    for key, value in CONFIG.items():
        inner = value if isinstance(value, dict) else {"": value}
        for name, item in inner.items():
            deep = item if isinstance(item, dict) else {"": item}
            for last, leaf in deep.items():
                flat["/".join(part for part in (key, name, last) if part)] = leaf
    return flat
