"""The definitions of plateau, trend and collapse, applied to curves.

A curve is a drawn trend (or the data themselves) at ascending steps; all functions work on many
curves at once, (k, m) over (m,) steps, and know nothing of noise.
"""

from dataclasses import dataclass

import numpy as np

LEAST_DWELL = 20  # steps
DWELL_SHARE = 0.10  # of the run
RANGE_TOLERANCE = 0.005  # of the reward range; below what a batch resolves
GAIN_TOLERANCE = 0.05  # of the gain: the usual settling band, "95 % of the gain is in"
COLLAPSE_RANGE = 0.05  # of the reward range: a smaller fall is no collapse
COLLAPSE_GAIN = 0.5  # of what was gained before the peak
COLLAPSE_LEVEL = 0.2  # of the level at the peak above the lowest reward


def dwell_of(span: float) -> float:
    """Steps that a level has to hold."""
    return max(LEAST_DWELL, DWELL_SHARE * span)


@dataclass(frozen=True)
class Judgement:
    """What the definitions say of each curve; (k,) arrays."""

    tolerance: np.ndarray
    slope: np.ndarray  # per step, secant over the last dwell
    direction: np.ndarray  # -1 falling, 0 flat, 1 rising
    onset: np.ndarray  # index of the first step from which the curve stays within tolerance
    plateaued: np.ndarray  # bool
    collapsed: np.ndarray  # bool
    peak: np.ndarray  # index of the last step at the top
    fallen: np.ndarray  # index of the first step clearly below the top
    peak_level: np.ndarray
    drop: np.ndarray


def judge(
    steps: np.ndarray, curves: np.ndarray, *, reward_size: float, low: float | None, least: float = 0.0
) -> Judgement:
    """Each curve judged.

    steps: (m,) ascending. curves: (k, m). reward_size: the declared range, 0 when unknown; low: the
    lowest possible reward, None when unknown. least: moves smaller than this matter on no scale.
    """
    span = float(steps[-1] - steps[0])
    dwell = dwell_of(span)
    gain = np.ptp(curves, axis=1)
    tolerance = np.maximum(max(RANGE_TOLERANCE * reward_size, least), GAIN_TOLERANCE * gain)
    slope = end_slope(steps, curves, dwell)
    half_run = slope * span / 2  # what another half run at the present rate would bring
    direction = np.where(half_run > tolerance, 1, np.where(half_run < -tolerance, -1, 0))
    onset = onsets(curves, tolerance)
    holds = steps[-1] - steps[onset] >= dwell
    top = curves.max(axis=1)
    near = curves >= (top - tolerance)[:, None]
    peak = len(steps) - 1 - np.argmax(near[:, ::-1], axis=1)
    before = np.arange(len(steps)) <= peak[:, None]
    gained = top - np.where(before, curves, np.inf).min(axis=1)
    tail = min(dwell, span / 2)  # of a run shorter than two dwells the second half is its end
    fell = (steps >= steps[-1] - tail) & ~before  # a rise inside the tail, up to the peak, is no fall
    drop = np.where(fell, top[:, None] - curves, 0.0).sum(axis=1) / np.maximum(fell.sum(axis=1), 1)
    collapsed = (drop >= COLLAPSE_RANGE * reward_size) & (drop >= COLLAPSE_GAIN * gained) & (drop > 2 * tolerance)
    if low is not None:
        collapsed &= drop >= COLLAPSE_LEVEL * (top - low)
    plateaued = (direction == 0) & holds & ~collapsed
    fallen = np.minimum(peak + 1, len(steps) - 1)
    return Judgement(tolerance, slope, direction, onset, plateaued, collapsed, peak, fallen, top, drop)


def end_slope(steps: np.ndarray, curves: np.ndarray, dwell: float) -> np.ndarray:
    """Secant slope of each curve over the last dwell, per step."""
    start = max(float(steps[-1]) - dwell, float(steps[0]))
    right = min(max(int(np.searchsorted(steps, start)), 1), len(steps) - 1)
    left, width = right - 1, float(steps[right] - steps[right - 1])
    share = (start - float(steps[left])) / width
    then = curves[:, left] * (1 - share) + curves[:, right] * share
    return (curves[:, -1] - then) / max(float(steps[-1]) - start, 1e-9)


def onsets(curves: np.ndarray, tolerance: np.ndarray) -> np.ndarray:
    """Index from which each curve never again leaves its value by more than the tolerance."""
    later = curves[:, ::-1]
    highest = np.maximum.accumulate(later, axis=1)[:, ::-1]
    lowest = np.minimum.accumulate(later, axis=1)[:, ::-1]
    slack = (tolerance * (1 + 1e-9) + 1e-15)[:, None]
    return np.argmax((highest - curves <= slack) & (curves - lowest <= slack), axis=1)
