"""What a run cost: hours, GPU-hours, and the hours it took to reach a level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reportgen.findings import Diagnosis
from reportgen.run import Run
from reportgen.settings import Settings


@dataclass(frozen=True)
class Cost:
    """Hours of a run, in GPU-hours where the number of GPUs is known."""

    hours: float | None
    gpus: int | None
    points: tuple[tuple[float, float], ...]  # (hours since the start, level) at each eval, else along the trend

    @property
    def gpu_hours(self) -> float | None:
        """Hours times GPUs; None when either is unknown."""
        return self.hours * self.gpus if self.hours is not None and self.gpus else None

    def to_reach(self, level: float) -> float | None:
        """Hours until the level was first reached, straight lines between points; None: never."""
        for (before, low), (after, high) in zip(self.points, self.points[1:], strict=False):
            if low < level <= high:
                return before + (after - before) * (level - low) / (high - low)
        return self.points[0][0] if self.points and self.points[0][1] >= level else None


def cost(diagnosis: Diagnosis, settings: Settings) -> Cost:
    """What one run cost, and its level over time."""
    run = diagnosis.run
    hours = hours_at(run, int(run.history.index[-1]))
    return Cost(hours, gpus(run, settings), _points(diagnosis))


def gpus(run: Run, settings: Settings) -> int | None:
    """GPUs used: as declared, from the config (AReaL's cluster), or as W&B saw them."""
    if settings.gpus:
        return settings.gpus
    nodes, each = run.config.get("cluster.n_nodes"), run.config.get("cluster.n_gpus_per_node")
    if isinstance(nodes, int) and isinstance(each, int):
        return nodes * each
    seen = run.provenance.get("gpu_count")
    return seen if isinstance(seen, int) and seen > 0 else None


def hours_at(run: Run, step: int) -> float | None:
    """Hours from the start to the end of a step, between logged steps by a straight line; None: unknown."""
    elapsed = run.elapsed_s
    if elapsed is None or elapsed.empty:
        return run.runtime_s / 3600 if run.runtime_s and step == run.history.index[-1] else None
    return float(np.interp(step, elapsed.index.to_numpy(), elapsed.to_numpy())) / 3600


def _points(diagnosis: Diagnosis) -> tuple[tuple[float, float], ...]:
    """(hours, level): the baseline at 0 and each eval; without evals, the trend of train."""
    played, run = diagnosis.roles.get("eval_reward"), diagnosis.run
    logged = run.history[played.name].dropna() if played else None
    if logged is not None and len(logged):
        steps, levels = logged.index.to_numpy(), logged.to_numpy()
    elif diagnosis.train is not None:
        inside = diagnosis.train.curve.steps <= diagnosis.train.last_step
        steps, levels = diagnosis.train.curve.steps[inside], diagnosis.train.curve.mid[inside]
    else:
        return ()
    start = [(0.0, diagnosis.improvement.baseline)] if diagnosis.improvement else []
    timed = [(hours_at(run, int(step)), float(level)) for step, level in zip(steps, levels, strict=True)]
    return tuple(start + [(hours, level) for hours, level in timed if hours is not None])
