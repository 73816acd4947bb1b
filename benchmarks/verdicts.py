"""What short flat noise is called: the verdict must not see a fall, a rise or a recipe's end where nothing is.

    python -m benchmarks.verdicts [N]

N flat train rewards of 5 to 40 points (normal, counts of few answers, heavy tails), N whose neighbours are alike,
and N flat series of 3 to 30 evals of 30 to 1,319 problems, each diagnosed as a user's run is. Told: how many are
said to have collapsed, and which advice they get by length.
"""

import sys
from collections import Counter
from collections.abc import Callable

import numpy as np

from reportgen import Diagnosis, Run, Settings, diagnose, from_rows

TRAIN, EVAL = "rewards/accuracy_reward/mean", "eval_rewards/accuracy_reward/mean"
Kind = Callable[[np.random.Generator, int], np.ndarray]
LENGTHS = ((5, 14), (15, 24), (25, 40))  # points; below 15 noise isn't weighed


def normal(rng: np.random.Generator, n: int) -> np.ndarray:
    """A mean of many answers."""
    return rng.normal(rng.uniform(0.2, 0.8), rng.uniform(0.01, 0.1), n)


def counted(rng: np.random.Generator, n: int) -> np.ndarray:
    """A share of few answers."""
    answers = int(rng.choice([8, 16, 32, 64, 128]))
    return rng.binomial(answers, rng.uniform(0.1, 0.9), n) / answers


def heavy(rng: np.random.Generator, n: int) -> np.ndarray:
    """Single batches far off (Student's t with 2.5 degrees of freedom)."""
    return rng.uniform(-1, 1) + rng.uniform(0.02, 0.3) * rng.standard_t(2.5, n)


def alike(rng: np.random.Generator, n: int) -> np.ndarray:
    """Neighbours that resemble each other, as batches of one epoch's order do."""
    steps = rng.normal(0, 1, n)
    for at in range(1, n):
        steps[at] += 0.4 * steps[at - 1]
    return 0.5 + rng.uniform(0.01, 0.1) * steps


KINDS: tuple[Kind, ...] = (normal, counted, heavy)


def run_of(columns: dict[str, np.ndarray]) -> Run:
    """A run with these metrics, a value a step."""
    n = len(next(iter(columns.values())))
    return from_rows({"step": np.arange(1, n + 1), **columns}, id="flat", source="made", step="step")


def flat(rng: np.random.Generator, kind: Kind) -> tuple[int, Diagnosis]:
    """One flat run of 5 to 40 points."""
    n = int(rng.integers(5, 41))
    return n, diagnose(run_of({"reward": kind(rng, n)}))


def flat_evals(rng: np.random.Generator) -> Diagnosis:
    """A flat train reward with flat evals beside it."""
    m, problems, level = int(rng.integers(3, 31)), int(rng.integers(30, 1320)), rng.uniform(0.1, 0.9)
    evals = np.full(10 * m, np.nan)
    evals[9::10] = rng.binomial(problems, level, m) / problems
    train = rng.binomial(128, level, 10 * m) / 128
    return diagnose(run_of({TRAIN: train, EVAL: evals}), Settings(eval_size=problems, reward_range=(0.0, 1.0)))


def is_fallen(found: Diagnosis) -> bool:
    """Whether anything of it is said to have fallen for good."""
    learned = [one for one in (found.train, found.eval) if one is not None]
    return found.verdict.decision == "roll_back" or any(one.collapse.collapsed for one in learned)


def _advice(runs: list[tuple[int, Diagnosis]]) -> None:
    for low, high in LENGTHS:
        told = Counter(one.verdict.decision for length, one in runs if low <= length <= high)
        print(f"  {low} to {high} points: " + ", ".join(f"{count} {what}" for what, count in sorted(told.items())))


def main(n: int) -> None:
    """Prints the figures."""
    rng = np.random.default_rng(20261126)
    runs = [flat(rng, KINDS[at % len(KINDS)]) for at in range(n)]
    print(f"{n} flat runs of 5 to 40 points: {sum(is_fallen(one) for _, one in runs)} collapsed")
    _advice(runs)
    runs = [flat(rng, alike) for _ in range(n)]
    print(f"{n} whose neighbours are alike (.4): {sum(is_fallen(one) for _, one in runs)} collapsed")
    _advice(runs)
    evals = [flat_evals(rng) for _ in range(n)]
    fallen = sum(is_fallen(one) for one in evals)
    told = Counter(one.verdict.decision for one in evals)
    print(f"{n} flat eval series of 3 to 30: {fallen} collapsed ({100 * fallen / n:.1f} %); "
          + ", ".join(f"{count} {what}" for what, count in sorted(told.items())))  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
