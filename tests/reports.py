"""Runs and reports that several tests of pages share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np

from reportgen.diagnostics import diagnose
from reportgen.gate import from_rows
from reportgen.report import Report, compose
from reportgen.run import Run
from reportgen.settings import Settings


def learning_run(*, steps: int = 126, seed: int = 3, metrics: Mapping[str, Any] | None = None, **about: Any) -> Run:
    """A GRPO run of AReaL's names that climbs and then holds, with its usual signals."""
    rng, at = np.random.default_rng(seed), np.arange(1, steps + 1)
    level = 0.1835 + 0.137 * (1 - np.exp(-at / (0.22 * steps)))
    evals = np.full(steps, np.nan)
    evals[steps // 2 - 1], evals[-1] = 0.2873, 0.3205
    columns = {
        "step": at.astype(float),
        "grpo_actor/task_reward/avg": rng.binomial(4096, level) / 4096,
        "eval-rollout/reward": evals,
        "grpo_actor/actor_loss/avg": rng.normal(-0.005, 0.006, steps),
        "grpo_actor/entropy/avg": 0.12 + 0.27 * np.exp(-at / 30),
        "grpo_actor/grad_norm": rng.lognormal(-0.5, 0.15, steps),
        "grpo_actor/behave_approx_kl/avg": 0.006 + 0.012 * at / steps,
        "grpo_actor/n_valid_tokens": np.full(steps, 7000.0),
        "timeperf/rollout": rng.normal(20, 1, steps),
        "_runtime": 27.4 * at,
        **(metrics or {}),
    }
    given: dict[str, Any] = {
        "id": "abc123",
        "source": "a test",
        "name": "gsm8k-grpo-1hour_trial1109_1",
        "framework": "areal",
        "steps_per_epoch": 63,
        "started": datetime(2025, 11, 9, 13, 4, tzinfo=UTC),
        "runtime_s": 3492.0,
        "state": "finished",
        "config": {
            "actor": {"path": "Qwen/Qwen2.5-0.5B", "optimizer": {"lr": 1.7e-5}, "group_size": 4},
            "seed": 1,
        },
        "provenance": {"command": "python train.py", "url": "https://wandb.ai/team/project/runs/abc123"},
    }
    return from_rows(columns, **(given | about))


def report_of(*runs: Run, settings: Settings | None = None) -> Report:
    """The composed report of some runs."""
    return compose([diagnose(run, settings or Settings()) for run in runs])
