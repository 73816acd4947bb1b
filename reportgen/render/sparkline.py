"""A curve in one line of text."""

from __future__ import annotations

import numpy as np

from reportgen.findings import Diagnosis

BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: np.ndarray, width: int = 40) -> str:
    """Means of equal parts of the values as bars, lowest to highest; empty without values.

    values: (n,) any unit; those that aren't finite are left out.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return ""
    means = np.array([part.mean() for part in np.array_split(finite, min(width, len(finite)))])
    low, size = means.min(), np.ptp(means)
    is_flat = size <= 1e-9 * np.abs(means).max()  # a constant, but for the rounding of its means
    heights = np.zeros(len(means), int) if is_flat else ((means - low) / size * (len(BARS) - 1)).round().astype(int)
    return "".join(BARS[height] for height in heights)


def reward_line(diagnosis: Diagnosis, width: int = 40) -> str:
    """Sparkline of the train reward, else of the eval."""
    for role in ("train_reward", "eval_reward"):
        played = diagnosis.roles.get(role)
        if played is not None and played.name in diagnosis.run.history:
            return sparkline(diagnosis.run.history[played.name].to_numpy(float), width)
    return ""
