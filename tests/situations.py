"""Runs in the situations that people bring: what the report says of each is kept in tests/gold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from reportgen.gate import from_rows
from reportgen.run import Run

N = 126
AT = np.arange(1, N + 1)
SHARE = AT / N


def shares(level: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Share of right answers among so many, at each level."""
    return np.random.default_rng(seed).binomial(n, np.clip(level, 0, 1)) / n


def rising(top: float = 0.32, width: float = 25.0, low: float = 0.1835) -> np.ndarray:
    """A level that rises and then holds."""
    return low + (top - low) * (1 - np.exp(-AT / width))


def at(values: Mapping[int, float]) -> np.ndarray:
    """Values at some steps, gaps at all others."""
    return np.array([values.get(step, np.nan) for step in AT])


def verl(name: str, level: np.ndarray, seed: int = 1, config: Mapping[str, Any] | None = None, **more: Any) -> Run:
    """A run with verl's names; more: columns (a name with "." for "/"), or what from_rows takes."""
    columns = {
        "step": AT.astype(float),
        "critic/score/mean": shares(level, 1024, seed),
        "critic/advantages/std": np.full(N, 0.9),
        "actor/pg_loss": 0.02 * np.cos(AT),
        "actor/entropy": 0.5 - 0.2 * SHARE,
        "actor/kl_loss": 0.01 * SHARE,
        "actor/grad_norm": 0.4 + 0.05 * np.sin(AT),
        "actor/pg_clipfrac": np.full(N, 0.01),
        "response_length/mean": 300 + 40 * SHARE,
        "response_length/clip_ratio": np.full(N, 0.01),
        "timing_s/step": 30 + np.sin(AT),
        "timing_s/gen": 18 + np.sin(AT),
        "timing_s/update_actor": 9 + 0 * SHARE,
        "_runtime": 30.0 * AT,
    }
    about: dict[str, Any] = {"state": "finished", "runtime_s": 3780.0}
    for key, value in more.items():
        if isinstance(value, np.ndarray):
            columns[key.replace("__", "/").replace("_at_", "@")] = value
        else:
            about[key] = value
    usual = {
        "actor_rollout_ref.model.path": "Qwen/Qwen2.5-1.5B",
        "data.train_files": "gsm8k/train.parquet",
        "data.train_batch_size": 128,
        "actor_rollout_ref.rollout.n": 8,
        "actor_rollout_ref.actor.optim.lr": 1e-6,
        "actor_rollout_ref.actor.kl_loss_coef": 0.001,
        "trainer.total_epochs": 2,
        "trainer.n_gpus_per_node": 8,
    }
    settings = {**usual, **(config or {})}
    return from_rows(columns, id=name, name=name, source="a test", step="step", config=settings, **about)


def gsm8k(level: np.ndarray, seed: int, *steps: int, n: int = 1319) -> dict[str, np.ndarray]:
    """An eval on gsm8k at some steps."""
    drawn = shares(level, n, seed + 1000)
    return {"val-core__openai__gsm8k__acc__mean_at_1": at({step: float(drawn[step - 1]) for step in steps})}


def seeds() -> list[Run]:
    """Three rates, three seeds each; the middle one is the best."""
    tops = {3e-7: 0.46, 1e-6: 0.56, 3e-6: 0.40}
    return [
        verl(f"lr{rate:g}-s{seed}", rising(top, low=0.3), seed * 7 + place,
             {"actor_rollout_ref.actor.optim.lr": rate, "data.seed": seed},
             **gsm8k(rising(top + 0.01 * (seed - 1), low=0.3), seed * 7 + place, 42, 84, 126))
        for place, (rate, top) in enumerate(tops.items()) for seed in range(3)
    ]  # fmt: skip


def two_seeds() -> list[Run]:
    """One recipe with two seeds: nobody wins."""
    return [
        verl(f"seed{seed}", rising(), seed, {"data.seed": seed}, **gsm8k(rising(), seed, 63, 126)) for seed in (1, 2)
    ]


def two_keys() -> list[Run]:
    """Rates by group sizes, once each."""
    return [
        verl(f"lr{rate:g}-n{group}", rising(0.3 + 0.05 * np.log10(rate / 1e-7) + group / 200), group,
             {"actor_rollout_ref.actor.optim.lr": rate, "actor_rollout_ref.rollout.n": group},
             **gsm8k(rising(0.3 + 0.05 * np.log10(rate / 1e-7) + group / 200), group, 126))
        for rate in (3e-7, 1e-6, 3e-6) for group in (4, 8)
    ]  # fmt: skip


def unlike() -> list[Run]:
    """An accuracy beside a reward of log-probabilities."""
    other = -2 + 0.5 * SHARE + 0.02 * np.sin(7 * AT)
    accuracy = verl("accuracy", rising(), **gsm8k(rising(), 1, 63, 126))
    return [accuracy, verl("logprob", rising(), critic__score__mean=other)]


def of_two_lengths() -> list[Run]:
    """One trial ran twice as long, one has no eval."""
    short = np.where(AT <= 63, rising(0.4), np.nan)
    return [
        verl("long", rising(0.42), 1, {"data.seed": 1}, **gsm8k(rising(0.42), 1, 63, 126)),
        verl("short", rising(), 2, critic__score__mean=short, **gsm8k(rising(0.4), 2, 63)),
        verl("blind", rising(0.3), 3),
    ]


def broken() -> list[Run]:
    """Entropy trebles, the KL passes its limit, the eval falls; the reward holds."""
    late = np.clip(AT - 60, 0, None) / 66
    fallen = np.where(AT < 66, rising(0.4), 0.4 - 0.3 * late)
    return [
        verl("broken", np.where(AT < 72, rising(0.4), 0.4 - 0.35 * late), actor__entropy=0.5 + 1.2 * late,
             actor__kl_loss=0.01 + 2.5 * late, actor__grad_norm=0.4 + 6 * late, actor__pg_clipfrac=0.01 + 0.4 * late,
             response_length__clip_ratio=0.01 + 0.7 * late, **gsm8k(fallen, 5, 21, 42, 63, 84, 105, 126))
    ]  # fmt: skip


def certain() -> list[Run]:
    """The entropy is nearly gone and every answer is cut, while the reward holds."""
    return [
        verl("certain", rising(0.4), actor__entropy=0.5 * np.exp(-AT / 25),
             response_length__clip_ratio=0.01 + 0.98 * SHARE, **gsm8k(rising(0.4), 3, 42, 84, 126))
    ]  # fmt: skip


def short() -> list[Run]:
    """Eight steps of flat noise."""
    noise = shares(np.full(N, 0.3), 64, 2)
    return [verl("short", rising(), critic__score__mean=np.where(AT < 9, noise, np.nan))]


def outage() -> list[Run]:
    """Ten steps of zeros that came back."""
    return [verl("outage", np.where((AT > 60) & (AT < 71), 0.0, rising(0.45)), **gsm8k(rising(0.45), 2, 42, 84, 126))]


def sets() -> list[Run]:
    """Three eval sets, means and the best of 8, measured before training too."""
    columns = {}
    for name, top, n in (("openai__gsm8k", 0.7, 1319), ("math500", 0.45, 500), ("aime24", 0.1, 30)):
        drawn = shares(rising(top, low=top - 0.2 if top > 0.3 else 0.03), n, len(name))
        columns[f"val-core__{name}__acc__mean_at_8"] = at({step: float(drawn[step - 1]) for step in (1, 42, 84, 126)})
    columns["val-core__aime24__acc__best_at_8__mean"] = at({1: 0.13, 42: 0.2, 84: 0.23, 126: 0.23})
    return [verl("sets", rising(0.6, low=0.4), **columns)]


def filtered() -> list[Run]:
    """Only groups with variance count in the reward."""
    return [verl("filtered", np.full(N, 0.5), config={"algorithm.filter_groups.enable": True},
                 **gsm8k(rising(0.5), 2, 42, 84, 126))]  # fmt: skip


def killed() -> list[Run]:
    """It still rose when it was killed."""
    return [verl("killed", 0.2 + 0.3 * SHARE, state="failed", console_tail="CUDA out of memory\n",
                 **gsm8k(0.2 + 0.3 * SHARE, 2, 42, 84, 126))]  # fmt: skip


def solved() -> list[Run]:
    """Solved from the first step."""
    return [verl("solved", np.full(N, 0.995), **gsm8k(np.full(N, 0.99), 2, 63, 126))]


def dead() -> list[Run]:
    """One success after fifty-nine zeros."""
    return [verl("dead", rising(), critic__score__mean=np.where(AT < 60, 0.0, np.where(AT == 60, 1 / 1024, np.nan)))]


def peaked() -> list[Run]:
    """The eval was best at a third, the train reward goes on: what was learned doesn't carry over."""
    evals = np.where(AT < 50, rising(0.5, 12), 0.5 - 0.2 * (SHARE - 0.4))
    return [verl("peaked", rising(0.85, 60), **gsm8k(evals, 4, 21, 42, 63, 84, 105, 126))]


def flat() -> list[Run]:
    """Nothing is learned, and the advantages are gone."""
    return [verl("flat", np.full(N, 0.25), critic__advantages__std=np.full(N, 0.0), actor__grad_norm=np.full(N, 0.0),
                 **gsm8k(np.full(N, 0.25), 2, 63, 126))]  # fmt: skip


def recipes_tie() -> list[Run]:
    """Two recipes, three seeds each, of one level."""
    return [
        verl(f"kl{penalty:g}-s{seed}", rising(0.4), 30 + seed + place,
             {"actor_rollout_ref.actor.kl_loss_coef": penalty, "data.seed": seed},
             **gsm8k(rising(0.4), 30 + 3 * seed + place, 63, 126))
        for place, penalty in enumerate((0.0, 0.001)) for seed in range(3)
    ]  # fmt: skip


def three_tie() -> list[Run]:
    """Three trials with a key of their own each, of one level."""
    keys = {"actor_rollout_ref.actor.optim.lr": 2e-6, "actor_rollout_ref.rollout.n": 16, "trainer.total_epochs": 3}
    return [
        verl(f"trial{at}", rising(0.4), 40 + at, {key: value}, **gsm8k(rising(0.4), 40 + at, 63, 126))
        for at, (key, value) in enumerate(keys.items())
    ]


def few_evals() -> list[Run]:
    """One of three has evals, so the train level ranks them."""
    tops = (0.32, 0.42, 0.36)
    return [
        verl(f"trial{at}", rising(top), 50 + at, {"actor_rollout_ref.rollout.n": 4 + 4 * at},
             **(gsm8k(rising(top), 50, 63, 126) if not at else {}))
        for at, top in enumerate(tops)
    ]  # fmt: skip


def other_sets() -> list[Run]:
    """One is evaluated on gsm8k, one on MATH-500."""
    drawn = shares(rising(0.4), 500, 9)
    return [
        verl("gsm", rising(0.4), 1, **gsm8k(rising(0.4), 1, 63, 126)),
        verl("math", rising(0.4), 2, **{"val-core__math500__acc__mean_at_1": at({63: drawn[62], 126: drawn[125]})}),
    ]


def falling() -> list[Run]:
    """A slow way down that is no collapse."""
    return [verl("falling", 0.42 - 0.08 * SHARE, 4, **gsm8k(0.42 - 0.06 * SHARE, 4, 42, 84, 126))]


def drifting() -> list[Run]:
    """The reward rises while the policy leaves the one that samples."""
    return [verl("drifting", 0.2 + 0.3 * SHARE, 5, actor__ppo_kl=0.002 + 0.5 * np.clip(AT - 70, 0, None) / 56,
                 **gsm8k(0.2 + 0.3 * SHARE, 5, 42, 84, 126))]  # fmt: skip


def seven_sets() -> list[Run]:
    """Seven eval sets, the config names none of them; one starts where the train reward does."""
    tops = {"math500": (0.5, 500), "amc23": (0.35, 40), "minerva_math": (0.2, 272), "olympiad_bench": (0.25, 675),
            "gaokao2023en": (0.4, 385), "aime24": (0.1, 30), "aime25": (0.08, 30)}  # fmt: skip
    columns = {}
    for name, (top, n) in tops.items():
        drawn = shares(rising(top, low=0.6 * top), n, len(name))
        columns[f"val-core__{name}__acc__mean_at_1"] = at({step: float(drawn[step - 1]) for step in (1, 42, 84, 126)})
    return [verl("seven", rising(0.5, low=0.3), 6, {"data.train_files": "mixed/train.parquet"}, **columns)]


SITUATIONS: Mapping[str, Callable[[], list[Run]]] = {
    made.__name__: made
    for made in (seeds, two_seeds, two_keys, unlike, of_two_lengths, broken, certain, short, outage, sets, filtered,
                 killed, solved, dead, peaked, flat, recipes_tie, three_tie, few_evals, other_sets, falling, drifting,
                 seven_sets)
}  # fmt: skip
