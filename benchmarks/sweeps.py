"""How often the right recipe is chosen: made sweeps of learning rates and seeds, judged as a person's would be.

    python -m benchmarks.sweeps [N]

Rates x seeds with known true levels, noise of seeds and binomial evals. Told: how often the recipe chosen is
within one point of the best, how often a wrong one is called measurably ahead, and how often two seeds of one
recipe get a winner.
"""

import math
import sys

import numpy as np

from reportgen.recipes import Trial, recipes_of

POINT = 0.01


def sweep(rng: np.random.Generator) -> tuple[list[Trial], dict[str, float]]:
    """Trials of 3 to 10 rates x 2 to 5 seeds, and the true level of each rate."""
    n_rates, n_seeds = int(rng.integers(3, 11)), int(rng.integers(2, 6))
    seed_sd, size = float(rng.uniform(0, 0.02)), int(rng.integers(500, 1320))
    rates = np.geomspace(1e-7, 1e-5, n_rates)
    peak = rng.uniform(0, n_rates - 1)
    width = rng.uniform(0.5, 3)
    truth = {f"{rate:.3g}": 0.3 + 0.15 * math.exp(-(((at - peak) / width) ** 2)) for at, rate in enumerate(rates)}
    trials = []
    for rate, level in truth.items():
        for seed in range(n_seeds):
            true = min(max(level + rng.normal(0, seed_sd), 0.01), 0.99)
            value = rng.binomial(size, true) / size
            trials.append(Trial(f"{rate} s{seed}", value, math.sqrt(value * (1 - value) / size), {"lr": float(rate)}))
    return trials, truth


def main(n: int) -> None:
    """Prints the three figures."""
    rng = np.random.default_rng(20261126)
    near = wrong = claims = 0
    for _ in range(n):
        trials, truth = sweep(rng)
        found = recipes_of(trials, margin=POINT)
        assert found is not None
        chosen = truth[f"{_rate(found.recipes[0].labels[0], trials):.3g}"]
        near += chosen >= max(truth.values()) - POINT
        ahead = len(found.tiers[0]) == 1 and len(found.tiers) > 1
        claims += ahead
        wrong += ahead and chosen < max(truth.values()) - 1e-9
    twins = 0
    for _ in range(n):
        size, sd = int(rng.integers(500, 1320)), rng.uniform(0, 0.02)
        values = [rng.binomial(size, 0.4 + rng.normal(0, sd)) / size for _ in range(2)]
        trials = [Trial(str(at), value, math.sqrt(value * (1 - value) / size), {}) for at, value in enumerate(values)]
        twins += len(recipes_of(trials, margin=POINT).tiers) > 1  # type: ignore[union-attr]
    print(f"{n} sweeps: chosen within 1 pp of the best {near / n:.3f}; measurably ahead claimed {claims}, "
          f"wrongly {wrong / n:.3f} of all; two seeds of one recipe with a winner {twins / n:.3f}")  # fmt: skip


def _rate(label: str, trials: list[Trial]) -> float:
    return float(next(trial.recipe["lr"] for trial in trials if trial.label == label))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
