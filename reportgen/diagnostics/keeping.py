"""Which checkpoint to keep: the best once sampling error is taken out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reportgen.diagnostics.declared import Declared
from reportgen.diagnostics.measures import ErrorAt, eval_errors
from reportgen.findings import Checkpoints, Interval
from reportgen.seen import Seen
from reportgen.settings import Settings
from reportgen.signals import Learning, intervals

DRIFTS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)  # tried: how far levels wander over the run, in errors of one eval
MOST_SMOOTHED = 400  # evals; of more the last so many are looked at


def checkpoints_of(
    train: Learning | None,
    seen: Learning | None,
    evals: pd.Series | None,
    declared: Declared,
    settings: Settings,
    signal: Seen | None = None,
) -> Checkpoints | None:
    """Evaluated steps that can't be told from the best, and the one to keep.

    The best was picked for being best, so each other must be behind by more than the largest of all
    those differences would be by chance (comparisons with the best, Hsu 1984; Bonferroni's bound).
    signal: the evals with their intervals.
    """
    fallen = [one.collapse for one in (train, seen) if one is not None and one.collapse.collapsed]
    if evals is None or evals.empty:
        if not fallen:
            return None
        whole = train if train is not None and train.collapse.collapsed else seen
        assert whole is not None
        step, level = _kept_by_trend(whole)
        return Checkpoints((), None, step, step, level)
    errors = eval_errors(evals, declared, settings)
    best_set = _best_set(evals, errors, settings)
    if best_set is None:
        if not fallen:
            return None
        best = int(evals.index[int(np.argmax(evals.to_numpy()))])
        return Checkpoints((), None, best, best, float(evals.loc[best]))
    kept, estimate = _kept(evals, errors)
    interval: Interval | None = signal.interval_at(kept) if signal is not None else None
    back = kept if fallen else None
    return Checkpoints(best_set, best_set[0], back, kept, float(evals.loc[kept]), interval, estimate)


def _kept_by_trend(train: Learning) -> tuple[int, float]:
    """The step before the fall at which the trend is surest to be high, and its level there.

    The highest point itself is the start of the fall, or a step or two inside it.
    """
    steps = train.curve.steps
    before = steps <= min(train.collapse.peak_step or train.last_step, train.last_step)
    at = int(np.argmax(np.where(before, train.curve.low, -np.inf)))
    return round(float(steps[at])), float(train.curve.mid[at])


def _kept(evals: pd.Series, error: ErrorAt) -> tuple[int, float]:
    """The step with the highest level once each eval is drawn to its neighbours, and that level.

    The best of many evals is best by luck too, so it reads too high. Levels are taken for a random walk
    over steps that evals see with their own error (a Kalman smoother, written out); how far it wanders is
    what makes the evals likeliest.
    """
    recent = evals.iloc[-MOST_SMOOTHED:]
    values = recent.to_numpy(dtype=float)
    errors = np.array([error(int(step), float(value)) or 0.0 for step, value in zip(recent.index, values, strict=True)])
    scale = float(np.median(errors)) + float(np.ptp(values))
    if len(values) < 3 or not (errors > 0).all() or scale < 1e-9:  # nothing to smooth
        at = int(np.argmax(values))
        return int(recent.index[at]), float(values[at])
    steps = recent.index.to_numpy(dtype=float)
    share = (steps - steps[0]) / max(steps[-1] - steps[0], 1.0)
    walk = np.minimum(share[:, None], share[None, :])
    errors = np.maximum(errors, 1e-3 * scale)  # evals without any noise would leave no inverse
    noise, usual = np.diag(errors**2), float(np.median(errors))
    wide = (10 * (usual + float(np.ptp(values)))) ** 2  # where it starts isn't known
    best = max(
        (_likelihood(values, wide + (drift * usual) ** 2 * len(values) * walk, noise) for drift in DRIFTS),
        key=lambda fit: fit[0],
    )
    at = int(np.argmax(best[1]))
    return int(recent.index[at]), float(best[1][at])


def _likelihood(values: np.ndarray, prior: np.ndarray, noise: np.ndarray) -> tuple[float, np.ndarray]:
    """How likely a prior makes the evals, and the levels that it sees in them."""
    whole = prior + noise
    rest = values - values.mean()
    solved = np.linalg.solve(whole, rest)
    _, size = np.linalg.slogdet(whole)
    return -0.5 * (float(rest @ solved) + float(size)), values.mean() + prior @ solved


def _best_set(evals: pd.Series, error: ErrorAt, settings: Settings) -> tuple[int, ...] | None:
    values = evals.to_numpy(dtype=float)
    errors = [error(int(step), float(value)) for step, value in zip(evals.index, values, strict=True)]
    if len(values) == 1:
        return (int(evals.index[0]),)
    if any(one is None for one in errors):
        return None
    spread = np.array(errors, dtype=float)
    best = int(np.argmax(values))
    critical = intervals.z_of(1 - settings.significance / (len(values) - 1))
    near = values[best] - values <= critical * np.hypot(spread, spread[best])
    near[best] = True
    return tuple(int(step) for step in evals.index[near])
