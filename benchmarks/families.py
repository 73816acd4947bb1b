"""How the curve model does on curves of families that it was not made for.

    python -m benchmarks.families [PER_FAMILY [SEED]]

Curves of every family of `benchmarks.made_curves` are judged one at a time, as a run's reward is, and held against
the truth: plateau (F1, and how many rising curves are called one), trend, onset, and the forecast at twice the run
(coverage of the 90 % interval, interval score in shares of the range that the curve has).
"""

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from os import cpu_count, environ

import numpy as np

from benchmarks.made_curves import FAMILIES, Made, Truth, made
from reportgen.signals import learn
from reportgen.signals.outages import outages

PER_FAMILY, SEED = 21, 7
INFORMED = 3.0  # ident from which there is enough information to be right


@dataclass(frozen=True)
class Judged:
    """What was said of one curve, beside the truth."""

    family: str
    truth: Truth
    plateaued: bool | None
    trend: str | None
    onset_error: float | None  # share of the run
    covers: tuple[bool, bool]  # at 1.5 and 2 times the run
    score: float  # interval score at twice the run
    milliseconds: float  # CPU


def judged(curve: Made) -> Judged:
    """One curve's answers."""
    start = time.process_time()
    values = curve.values.copy()
    for first, last in outages(values):  # as the diagnosis leaves them out
        values[first : last + 1] = np.nan
    found = learn(curve.steps, values, reward_range=curve.reward_range, samples_per_step=curve.samples,
                  forecast_steps=curve.ahead, back_test=False, learning_rates=curve.rates)  # fmt: skip
    spent = 1000 * (time.process_time() - start)
    low, high = curve.reward_range or (0.0, max(float(np.ptp(curve.values)), 1e-9))
    size = high - low
    points = [(point.low, point.high) for point in found.forecast]
    inside = tuple(
        low - 1e-9 <= true <= high + 1e-9 for (low, high), true in zip(points, curve.truth.ahead, strict=True)
    )
    low, high = points[-1]
    true = curve.truth.ahead[-1]
    missed = max(low - true, 0.0) + max(true - high, 0.0)
    onset = found.plateau.onset_step
    return Judged(
        curve.family,
        curve.truth,
        found.plateau.plateaued,
        found.trend.direction,
        abs(onset - curve.truth.onset) / float(curve.steps[-1]) if onset is not None else None,
        (inside[0], inside[1]),
        (high - low + 20 * missed) / size,
        spent,
    )


def row_of(curve: Made) -> list[dict[str, float]]:
    """The curve as a trainer would have logged it."""
    rows = [{"step": int(s), "reward": float(v)} for s, v in zip(curve.steps, curve.values, strict=True)]
    if curve.rates is not None:
        rows = [{**row, "learning_rate": float(rate)} for row, rate in zip(rows, curve.rates, strict=True)]
    return rows


def row(name: str, those: list[Judged]) -> str:
    """One line of the table."""
    asked = [one for one in those if one.truth.plateaued is not None and not one.truth.is_open]
    hit = sum(one.plateaued is True and one.truth.plateaued is True for one in asked)
    said, true = sum(one.plateaued is True for one in asked), sum(one.truth.plateaued is True for one in asked)
    rising = [one for one in asked if one.truth.trend == "rising"]
    false = [one.plateaued is True for one in rising]
    onsets = [one.onset_error for one in asked if one.plateaued and one.truth.plateaued and one.onset_error is not None]
    sharp = [one.covers[1] for one in those if one.truth.ident >= INFORMED]
    settled = [one for one in those if not one.truth.is_open]
    cells = (
        2 * hit / (said + true) if said + true else None,
        np.mean(false) if false else None,
        np.mean([one.trend == one.truth.trend for one in settled]) if settled else None,
        np.median(onsets) if onsets else None,
        np.mean([one.covers[0] for one in those]),
        np.mean([one.covers[1] for one in those]),
        np.mean(sharp) if sharp else None,
        np.mean([one.score for one in those]),
        np.median([one.milliseconds for one in those]),
    )
    return f"{name:20s}{len(those):5d}" + "".join("     -" if cell is None else f"{cell:7.3f}"[:7] for cell in cells)


def judge_one(job: tuple[int, int]) -> Judged:
    """One curve made and judged, in a process of its own."""
    family, seed = job
    return judged(made(FAMILIES[family], seed))


def judged_all(per_family: int, seed: int, jobs: int) -> list[Judged]:
    """Every family, so many curves each."""
    environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    work = [(family, seed * 1000 + i) for family in range(len(FAMILIES)) for i in range(per_family)]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        return list(pool.map(judge_one, work, chunksize=16))


def main() -> None:
    """Prints the table, by family and by information."""
    words = [int(word) for word in sys.argv[1:3]]
    per_family, seed = (*words, *(PER_FAMILY, SEED)[len(words) :])
    found = judged_all(per_family, seed, cpu_count() or 1)
    print("family                  n     F1  false  trend  onset  cov15   cov2  sharp     IS     ms")
    for family in FAMILIES:
        print(row(family.__name__, [one for one in found if one.family == family.__name__]))
    for name, least, most in (("ident < 1", 0.0, 1.0), ("1 to 3", 1.0, 3.0), ("3 and more", 3.0, np.inf)):
        print(row(name, [one for one in found if least <= one.truth.ident < most]))
    print(row("all", found))


if __name__ == "__main__":
    main()
