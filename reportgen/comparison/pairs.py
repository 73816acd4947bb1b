"""Where each run ended, and every pair of them: how far apart, and is it noise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from reportgen.findings import Diagnosis, Interval
from reportgen.settings import Settings
from reportgen.signals import intervals

Measure = Literal["eval", "train"]
MOST_IN_ALL_PAIRS = 40  # beyond it only pairs with the best run and with the reference are tested
MOST_PROBLEMS = 50_000  # of an eval set that anybody would make to settle a tie


@dataclass(frozen=True)
class Level:
    """Where one run ended on one measure."""

    value: float
    interval: Interval | None  # 95 %
    step: int
    n: int | None  # problems of the eval set; None for train
    draws: np.ndarray | None = None  # posterior of a train level


@dataclass(frozen=True)
class Pair:
    """Two trials on one measure: how far apart, and is it noise."""

    a: str  # label
    b: str
    metric: Measure
    difference: float  # a minus b, in the unit logged
    interval: Interval | None  # 95 %; None: the eval size is unknown
    p: float | None
    p_holm: float | None  # corrected over all pairs of this measure (Holm 1979)
    winner: str | None  # label of a or b; None: a tie
    paired: bool  # judged problem by problem
    settled_by: str | None = None  # how many more problems would tell a tie


def level_of(diagnosis: Diagnosis, measure: Measure) -> Level | None:
    """Where a run ended: its last eval, or the end of its train trend; None when it has neither."""
    if measure == "eval":
        return _eval_level(diagnosis)
    learning = diagnosis.train
    if learning is None or not len(learning.end_draws):
        return None
    mean, sd = float(np.mean(learning.end_draws)), float(np.std(learning.end_draws))
    half = intervals.z_of(0.95) * sd
    return Level(mean, (mean - half, mean + half), learning.last_step, None, learning.end_draws)


def _eval_level(diagnosis: Diagnosis) -> Level | None:
    played = diagnosis.roles.get("eval_reward")
    if played is None:
        return None
    logged = diagnosis.run.history[played.name].dropna()
    if logged.empty:
        return None
    step, value = int(logged.index[-1]), float(logged.iloc[-1])
    n = diagnosis.eval_size(step)
    binomial = n is not None and diagnosis.scale.accuracy and 0 <= value <= 1
    return Level(value, intervals.wilson(value, n) if binomial and n else None, step, n if binomial else None)


def error_of(level: Level) -> float | None:
    """Standard error of a level alone: an eval's sampling, or the trend's."""
    if level.draws is not None:
        return float(np.std(level.draws))
    if level.n and 0 <= level.value <= 1:
        share = (level.value * level.n + 1) / (level.n + 2)  # never nought at 0 and 1
        return math.sqrt(share * (1 - share) / level.n)
    return None


def pairs_of(
    runs: Mapping[str, Diagnosis],
    levels: Mapping[str, Level | None],
    measure: Measure,
    reference: str,
    settings: Settings,
) -> list[Pair]:
    """Every pair on one measure, p-values corrected for their number; of too many runs only the telling ones."""
    known = [label for label, level in levels.items() if level is not None]
    if len(known) <= MOST_IN_ALL_PAIRS:
        asked = list(combinations(known, 2))
    else:  # the best and the reference against all, in the order of all pairs
        asked = [(known[0], label) for label in known[1:]]
        if reference in known[1:]:
            at = known.index(reference)
            asked += [(label, reference) for label in known[1:at]] + [(reference, label) for label in known[at + 1 :]]
    tested = [_test(a, b, runs, levels[a], levels[b], measure) for a, b in asked]
    corrected = iter(intervals.holm([pair.p for pair in tested if pair.p is not None]))
    return [_judged(pair, next(corrected) if pair.p is not None else None, runs, levels, settings) for pair in tested]


def _test(
    a: str, b: str, runs: Mapping[str, Diagnosis], one: Level | None, other: Level | None, measure: Measure
) -> Pair:
    """Difference, interval and raw p of two runs."""
    assert one is not None and other is not None  # only runs with a level are paired
    difference, interval, p, paired = one.value - other.value, None, None, False
    if measure == "train" and one.draws is not None and other.draws is not None:
        interval, p = _posterior(difference, one.draws, other.draws)
    elif one.n and other.n:
        discordant = _discordant(runs[a], runs[b])
        if discordant is not None:
            only_a, only_b, n = discordant
            difference, paired = (only_a - only_b) / n, True
            interval, p = intervals.paired_difference(only_a, only_b, n), intervals.mcnemar_p(only_a, only_b)
        else:
            interval = intervals.newcombe(one.value, one.n, other.value, other.n)
            p = intervals.two_proportion_p(one.value, one.n, other.value, other.n, alternative="two-sided")
    return Pair(a, b, measure, difference, interval, p, None, None, paired)


def _posterior(difference: float, one: np.ndarray, other: np.ndarray) -> tuple[Interval, float]:
    """95 % interval and two-sided p of a difference of end levels, normal by their spread."""
    sd = math.hypot(float(np.std(one)), float(np.std(other)))
    half = intervals.z_of(0.95) * sd
    p = math.erfc(abs(difference) / sd / math.sqrt(2)) if sd > 0 else float(difference == 0)
    return (difference - half, difference + half), p


def _discordant(a: Diagnosis, b: Diagnosis) -> tuple[int, int, int] | None:
    """Problems that only a solved, that only b solved, and all; None unless both carry the same problems."""
    if a.run.answers is None or b.run.answers is None:
        return None
    both = a.run.answers.index.intersection(b.run.answers.index)
    if len(both) < 0.9 * max(len(a.run.answers), len(b.run.answers)):
        return None
    solved_a, solved_b = a.run.answers.loc[both] >= 0.5, b.run.answers.loc[both] >= 0.5
    return int((solved_a & ~solved_b).sum()), int((solved_b & ~solved_a).sum()), len(both)


def _judged(
    pair: Pair,
    p_holm: float | None,
    runs: Mapping[str, Diagnosis],
    levels: Mapping[str, Level | None],
    settings: Settings,
) -> Pair:
    """The pair with its corrected p, and its winner or what would settle the tie."""
    span = span_of(runs[pair.a])
    real = p_holm is not None and p_holm < settings.significance
    winner = (pair.a if pair.difference > 0 else pair.b) if real else None
    if abs(pair.difference) < settings.tie_margin * span:
        winner = None
    settled_by = None if winner else _settled_by(levels[pair.a], levels[pair.b])
    return Pair(pair.a, pair.b, pair.metric, pair.difference, pair.interval, pair.p, p_holm, winner, pair.paired,
                settled_by)  # fmt: skip


def span_of(diagnosis: Diagnosis) -> float:
    """Width of the reward's range; without a declared one, the range that train covered."""
    if diagnosis.scale.range is not None:
        return diagnosis.scale.range[1] - diagnosis.scale.range[0]
    return float(np.ptp(diagnosis.train.curve.mid)) if diagnosis.train and len(diagnosis.train.curve.mid) else 0.0


def _settled_by(one: Level | None, other: Level | None) -> str | None:
    """How many eval problems would tell a tie; None when that can't be said."""
    if one is None or other is None or not one.n or not other.n or one.value == other.value:
        return None
    needed = intervals.needed_n(one.value, other.value)
    have = min(one.n, other.n)
    if needed is None or needed <= have:
        return None
    if needed > MOST_PROBLEMS:
        return f"no eval set of a sensible size would tell them apart; there are {have:,} problems"
    return f"{needed:,} eval problems a run would tell them apart (80\u202f% power); there are {have:,}"
