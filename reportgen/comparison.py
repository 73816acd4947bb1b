"""Several diagnoses side by side: what differs, who wins, is it noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reportgen.findings import Diagnosis, Interval
from reportgen.settings import Settings


@dataclass(frozen=True)
class Pair:
    """Two trials on one measure: how far apart, and is it noise."""

    a: str  # run label
    b: str
    metric: str  # "eval" or "train": the measure compared
    difference: float  # a minus b, in the unit logged
    interval: Interval  # 95 %
    p: float | None
    p_holm: float | None  # corrected over all pairs of this measure (Holm 1979)
    winner: str | None  # label of a or b; None: a tie
    paired: bool  # by problem
    settled_by: str | None = None  # how many more seeds or eval problems would tell


@dataclass(frozen=True)
class Comparison:
    """Several diagnoses side by side."""

    diagnoses: tuple[Diagnosis, ...]  # in rank order
    labels: tuple[str, ...]  # unique, same order
    reference: str  # label of the run that the others are compared with
    differences: Mapping[str, tuple[Any, ...]]  # config key -> value of each run, only keys that differ
    pairs: tuple[Pair, ...]
    tiers: tuple[tuple[str, ...], ...]  # labels, best tier first; inside a tier nobody is ahead


def compare(diagnoses: Sequence[Diagnosis], settings: Settings | None = None) -> Comparison:
    """Differences, pairwise tests and tiers of two or more diagnoses."""
    raise NotImplementedError
