"""The catalogue: what each logged metric means to us, whatever its trainer calls it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Metric:
    """One role: what it is, which way is better, and the names that trainers log for it."""

    role: str  # "train_reward"
    title: str  # "Train reward"
    unit: str  # "accuracy", "nats", "tokens", "s", "" when it has none
    better: Literal["higher", "lower", ""]
    range: tuple[float, float] | None  # (0, 1) for accuracies and shares
    names: tuple[str, ...]  # best first; fnmatch patterns, "*" stands for any scope


@dataclass(frozen=True)
class Played:
    """Which logged metric plays a role, and why that one."""

    role: str
    name: str
    why: str  # "AReaL's name for it", "given by --metric", …


def roles(names: Iterable[str], overrides: Mapping[str, str] | None = None) -> dict[str, Played]:
    """Role -> the metric that plays it, best alias first."""
    raise NotImplementedError
