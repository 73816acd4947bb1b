"""What came of real runs after each kind of advice: the record that a page tells beside its own.

    python -m benchmarks.record CURVES_DIR          writes reportgen/signals/record.py

CURVES_DIR holds public reward curves as NAME.csv (step, reward) with NAME.txt beside each; a name begins with
its repository and two underscores. Every curve is cut at a half and at two thirds, the part before is judged
as a run of its own, and what was said is held against the mean of the curve's last tenth. A rise is clear when
it is larger than the tolerance and than 1.645 standard errors of the two means.
"""

import csv
import math
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from reportgen.settings import Settings
from reportgen.signals import learn
from reportgen.verdict import is_spent

CUTS = (1 / 2, 2 / 3)
LEAST_CURVE, LEAST_PART = 60, 15  # points
TARGET = Path(__file__).parents[1] / "reportgen" / "signals" / "record.py"
HEAD = '''"""What came of real runs after each kind of advice. Made by `python -m benchmarks.record`; not by hand.

{curves} public curves of {repositories} repositories, each cut at a half and at two thirds: {cuts} cuts.
"""

from typing import NamedTuple


class Record(NamedTuple):
    """How often the reward rose clearly, and fell clearly, where a run stood like this one."""

    n: int  # cuts of real runs told so
    rose: int
    fell: int


ALL = Record{all}
BY_ADVICE = {{
{advice}}}


def of_advice(advice: str) -> Record | None:
    """The record of an advice that was given often enough to have one."""
    return BY_ADVICE.get(advice)
'''


def curves(folder: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray, tuple[float, float] | None]]:
    """(repository, steps, values, declared range) of each curve that is long enough."""
    for path in sorted(folder.glob("*.csv")):
        rows: dict[float, float] = {}
        with path.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                try:
                    step, value = float(row["step"]), float(row["reward"])
                except (TypeError, ValueError):
                    continue
                if math.isfinite(value):
                    rows[step] = value
        if len(rows) < LEAST_CURVE:
            continue
        steps = np.array(sorted(rows))
        values = np.array([rows[step] for step in steps])
        note = path.with_suffix(".txt")
        words = note.read_text(encoding="utf-8").lower() if note.exists() else ""
        share = values.min() >= 0 and values.max() <= 1 and any(word in words for word in ("accuracy", "0..1", "0/1"))
        yield path.stem.split("__")[0], steps, values, (0.0, 1.0) if share else None


def error_of_mean(values: np.ndarray) -> float:
    """Standard error of a mean, detrended and inflated for correlation with the next value."""
    n = len(values)
    if n < 4:
        return float(np.std(values, ddof=1) / math.sqrt(n)) if n > 1 else 0.0
    x = np.arange(n) - (n - 1) / 2
    rest = values - values.mean() - x * (x @ values) / (x @ x)
    power = float(rest @ rest)
    memory = min(max(float(rest[1:] @ rest[:-1]) / power, 0.0), 0.8) if power > 0 else 0.0
    return math.sqrt(power / max(n - 2, 1) * (1 + memory) / (1 - memory) / n)


def main(folder: Path) -> None:
    """Judges every cut and writes the record."""
    settings = Settings()
    limit = settings.rise_chance
    told: dict[str, list[int]] = defaultdict(list)
    binned: dict[float, list[int]] = defaultdict(list)
    outcomes: list[int] = []
    repositories = set()
    n_curves = 0
    for repository, steps, values, reach in curves(folder):
        repositories.add(repository)
        n_curves += 1
        span = steps[-1] - steps[0]
        tail = values[steps >= steps[-1] - span / 10]
        for cut in CUTS:
            before = steps <= steps[0] + cut * span
            if before.sum() < LEAST_PART:
                continue
            part, known = steps[before], values[before]
            found = learn(part, known, reward_range=reach, back_test=False)
            near = known[part >= part[-1] - (part[-1] - part[0]) / 10]
            error = math.hypot(error_of_mean(tail), error_of_mean(near))
            moved = float(tail.mean() - near.mean())
            least = max(found.plateau.tolerance, 1.645 * error)
            outcome = 1 if moved > least else -1 if moved < -least else 0
            outcomes.append(outcome)
            chance = found.p_rise if found.p_rise is not None else 0.5
            if found.plateau.plateaued:
                told["stop" if is_spent(found, settings) else "levelled off"].append(outcome)
            elif found.trend.direction == "rising" and found.plateau.probability < 0.2:
                told["continue"].append(outcome)
            else:
                told["open"].append(outcome)
            binned[next(edge for edge in (0.35, limit, 0.55, 1.0) if chance <= edge)].append(outcome)
    if not outcomes:
        raise SystemExit(f"{folder}: no curve in it; the record stays as it was")
    for edge in sorted(binned):
        print("chance of a rise up to {}: {} told so, {} rose clearly, {} fell".format(edge, *counted(binned[edge])))
    TARGET.write_text(
        HEAD.format(
            curves=n_curves, repositories=len(repositories), cuts=len(outcomes), all=counted(outcomes),
            advice="".join(f'    "{name}": Record{counted(told[name])},\n' for name in sorted(told)),
        ),
        encoding="utf-8",
    )  # fmt: skip


def counted(outcomes: list[int]) -> tuple[int, int, int]:
    """How many there were, rose and fell."""
    return len(outcomes), outcomes.count(1), outcomes.count(-1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
