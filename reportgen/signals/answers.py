"""From drawn curves to answers: plateau, trend, collapse, forecast, each with its spread."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc, ndtri

from reportgen.signals.judge import Judgement, dwell_of, judge
from reportgen.signals.learning import Collapse, Curve, ForecastPoint, Plateau, Trend
from reportgen.signals.plain import DIRECTIONS
from reportgen.signals.posterior import Posterior, drawn
from reportgen.signals.robust import difference_sd
from reportgen.signals.series import Series

GRID = 193  # steps at which a long run's trend is judged
DRAWN = 120  # points of the trend that a picture needs
AHEAD = 40  # steps at which the future is drawn
HORIZON = 5.0  # runs ahead within which a next point is looked for
SHRUNK = 30.0  # z at which half of a forecast rise came
EVENT_FADES = 40.0  # z at which events are half as large
EVENT_OF_GAIN = 0.2  # sd of the level after one more run, of the gain
EVENT_OF_NOISE = 0.45  # the same, of one value's noise …
RISE_BASE, RISE_SLOPE = 0.15, 0.7  # calibration of the chance of a rise
FITTED_ON = 100  # … in runs of about so many values; a longer one has shown less of it
GENTLE = 8.0  # how late a rise that nears its ceiling begins to bend
MISFIT = 0.006  # of the gain, added in quadrature: where data say much, shapes are what is uncertain
LEAST_MOVE = 0.05  # of the noise of one value: where the range is unknown, a trend within it is flat
BENDS = 3  # degrees of freedom of a trend beside a level
POINT = 0.01  # of the reward range
POINT_OF_GAIN = 0.05  # of the gain so far, when the range is unknown


@dataclass(frozen=True)
class View:
    """Drawn curves and what the definitions say of each."""

    inside: np.ndarray  # (m,) steps within the run, the last is the run's last
    future: np.ndarray  # (f,) steps after it, ascending
    curves: np.ndarray  # (k, m + f) model units
    judgement: Judgement


def grid_of(series: Series) -> np.ndarray:
    """Steps at which the trend is judged: all logged ones of a short run."""
    if len(series.steps) <= GRID:
        return series.steps
    return np.linspace(series.steps[0], series.steps[-1], GRID)


def look(
    series: Series, post: Posterior, ahead: Sequence[int], draws: int, rate_left: float = 1.0
) -> View:
    """Curves drawn and judged; rate_left: share of the highest learning rate that is left at the end."""
    inside = grid_of(series)
    last, span = float(series.steps[-1]), series.span
    reach = last + span * np.linspace(0.05, 1, AHEAD // 2)
    far = last + span * np.geomspace(1.1, HORIZON - 1, AHEAD // 2)
    future = np.unique(np.concatenate([reach, far, [float(s) for s in ahead if s > last]]))
    curves = drawn(post, draws, series.share(np.concatenate([inside, future])))
    curves[:, len(inside) :] = expected(series, curves[:, : len(inside)], curves[:, len(inside) :], future, rate_left)
    curves = np.clip(curves, *series.bounds)
    judgement = judge(
        inside,
        curves[:, : len(inside)],
        reward_size=series.floor,
        low=0.0 if series.is_declared else None,
        least=0.0 if series.is_declared else LEAST_MOVE * difference_sd(series.values[series.kept]),
    )
    return View(inside, future, curves, judgement)


def expected(
    series: Series, past: np.ndarray, ahead: np.ndarray, future: np.ndarray, rate_left: float
) -> np.ndarray:
    """Drawn futures as real runs have kept them: rises shrunk, and something may happen.

    past, ahead: (k, m) and (k, f) of the same draws; future: (f,) steps. What a run says of its trend is its
    gain in standard errors of one level, z = gain * sqrt(n) / noise. Of a rise that was forecast the share
    z^2 / (z^2 + SHRUNK^2) came, and a new event (a schedule, a phase, a collapse) moves the level as a random
    walk whose size fades with z too. Fitted on real curves, a repository left out at a time, and on labelled
    ones together (docs/diagnostics.md). With a learning rate that has decayed to nothing, nothing more is
    learned: a rise shrinks with the share of the rate that is left.
    """
    kept = series.values[series.kept]
    noise, gain = difference_sd(kept), float(np.median(np.ptp(past, axis=1)))
    z = gain * math.sqrt(len(kept)) / max(noise, 1e-12)
    end = past[:, -1:]
    move = ahead - end
    share = np.sqrt((future - series.steps[-1]) / max(series.span, 1e-9))
    if not series.is_declared:  # where no range bounds it: in another run no more than the run has moved
        reach = np.ptp(past, axis=1)[:, None] * share
        move = np.clip(move, -reach, reach)
    most = series.bounds[1]
    if np.isfinite(most):  # the nearer the ceiling, the fewer failures are left to learn from
        room = np.maximum(most - end, 1e-9)
        move = np.where(move > 0, move * (1 + (np.maximum(move, 0) / room) ** GENTLE) ** (-1 / GENTLE), move)
    shrunk = np.where(move > 0, move * rate_left * (z * z / (z * z + SHRUNK**2)), move)
    doubt = EVENT_FADES**2 / (z * z + EVENT_FADES**2) * math.hypot(
        EVENT_OF_GAIN * gain, EVENT_OF_NOISE * noise * math.sqrt(min(1.0, FITTED_ON / len(kept)))
    )
    # the same even normals for every series: draws must not hang on chance
    normals = ndtri((np.random.default_rng(len(past)).permutation(len(past)) + 0.5) / len(past))
    return end + shrunk + doubt * share * normals[:, None]


def logged_at(series: Series, step: float) -> int:
    """The first logged step at or after a step."""
    at = int(np.searchsorted(series.steps, step - 1e-9))
    return int(series.steps[min(at, len(series.steps) - 1)])


def triple(series: Series, values: np.ndarray) -> tuple[float, float, float]:
    """Central 90 % of draws, in reward units."""
    low, mid, high = np.quantile(values, (0.05, 0.5, 0.95))
    return tuple(float(series.low + series.size * v) for v in (low, mid, high))  # type: ignore[return-value]


def plateau_of(series: Series, view: View, limits: tuple[float, float], samples: float | None) -> Plateau:
    """Share of the curves that have plateaued, and since when."""
    found = view.judgement.plateaued
    probability = float(found.mean())
    verdict = True if probability > limits[0] else False if probability < limits[1] else None
    onset, interval = None, None
    if found.any() and verdict is not False:
        onsets = view.inside[view.judgement.onset[found]]
        low, mid, high = (logged_at(series, float(s)) for s in np.quantile(onsets, (0.05, 0.5, 0.95)))
        onset, interval = mid, (low, high)
    return Plateau(
        verdict,
        onset,
        interval,
        probability,
        float(np.median(view.judgement.tolerance)) * series.size,
        round(dwell_of(series.span)),
        settling(series, view, samples) if verdict is None else None,
    )


def settling(series: Series, view: View, samples: float | None) -> str:
    """What would settle an open plateau.

    The answer hangs on how far another half run would move the mean, against the tolerance. That
    movement's standard error falls with the square root of the answers behind the run; where it
    equals the tolerance about four runs in five are settled (measured: docs/diagnostics.md).
    """
    moves = view.judgement.slope * series.span / 2
    error = float(np.subtract(*np.quantile(moves, (0.84, 0.16)))) / 2
    tolerance = float(np.median(view.judgement.tolerance))
    if tolerance <= 0:
        return "the reward's range, which was not declared"
    factor = min(max((error / tolerance) ** 2, 1.5), 1000.0)
    steps = rounded((factor - 1) * (series.span + 1))
    if samples:
        return f"about {steps:,} more steps or about {rounded(factor * samples):,} samples a step"
    return f"about {steps:,} more steps"


def rounded(number: float) -> int:
    """Two significant digits."""
    return int(float(f"{max(number, 1):.1e}"))


def trend_of(series: Series, view: View) -> Trend:
    """Most frequent direction of the end, and its slope."""
    shares = {d: float((view.judgement.direction == d).mean()) for d in DIRECTIONS}
    best = max(shares, key=lambda d: shares[d])
    low, mid, high = (float(s) * series.size for s in np.quantile(view.judgement.slope, (0.05, 0.5, 0.95)))
    return Trend(DIRECTIONS[best], mid, (low, high), shares[best])


def collapse_of(series: Series, view: View) -> Collapse:
    """Share of the curves that collapsed, and when."""
    judged = view.judgement
    probability = float(judged.collapsed.mean())
    if probability <= 0.5:
        return Collapse(False, probability, None, None, None, None)
    found = judged.collapsed
    return Collapse(
        True,
        probability,
        logged_at(series, float(np.median(view.inside[judged.peak[found]]))),
        logged_at(series, float(np.median(view.inside[judged.fallen[found]]))),
        float(series.low + series.size * np.median(judged.peak_level[found])),
        float(series.size * np.median(judged.drop[found])),
    )


def widened(series: Series, values: np.ndarray, gain: float) -> tuple[float, float, float]:
    """Central 90 % of forecasts, with what MISFIT of the gain adds, within the range."""
    low, mid, high = np.quantile(values, (0.05, 0.5, 0.95))
    low = mid - math.hypot(mid - low, MISFIT * gain)
    high = mid + math.hypot(high - mid, MISFIT * gain)
    least, most = series.bounds
    low, mid, high = max(low, least), min(max(mid, least), most), min(high, most)
    return tuple(float(series.low + series.size * v) for v in (low, mid, high))  # type: ignore[return-value]


def forecast_of(series: Series, view: View, ahead: Sequence[int]) -> tuple[ForecastPoint, ...]:
    """The mean at each step asked for, in the order asked."""
    places = np.concatenate([view.inside, view.future])
    gain = gain_of(view)
    points = []
    for step in ahead:
        at = int(np.argmin(np.abs(places - step)))
        points.append(ForecastPoint(int(step), *widened(series, view.curves[:, at], gain)))
    return tuple(points)


def chances_of(series: Series, view: View) -> tuple[float, float]:
    """That the mean will have risen, and fallen, by more than the tolerance after another half run.

    Shares of the draws, drawn to what happened on real runs: of a share s RISE_BASE + RISE_SLOPE * s rose
    (linear calibration, a repository left out at a time; docs/diagnostics.md).
    """
    at = len(view.inside) + int(np.argmin(np.abs(view.future - (series.steps[-1] + series.span / 2))))
    move = view.curves[:, at] - view.curves[:, len(view.inside) - 1]
    rises = float((move > view.judgement.tolerance).mean())
    falls = float((move < -view.judgement.tolerance).mean())
    rise = RISE_BASE + RISE_SLOPE * rises
    return round(rise, 3), round(min(RISE_BASE + RISE_SLOPE * falls, 1 - rise), 3)


def gain_of(view: View) -> float:
    """Range of the trend over the run, model units."""
    return float(np.median(np.ptp(view.curves[:, : len(view.inside)], axis=1)))


def point_of(series: Series, view: View) -> float:
    """Size of the next point, in model units."""
    if series.is_declared:
        return POINT
    return POINT_OF_GAIN * gain_of(view)


def next_point(series: Series, view: View) -> int | None:
    """Step at which the middle forecast has gained one more point, or None."""
    mid = np.median(view.curves[:, len(view.inside) - 1 :], axis=0)
    reached = np.flatnonzero(mid >= mid[0] + max(point_of(series, view), 1e-12))
    if not len(reached):
        return None
    at = int(reached[0])
    places = np.concatenate([view.inside[-1:], view.future])
    share = (mid[0] + point_of(series, view) - mid[at - 1]) / (mid[at] - mid[at - 1])
    return int(np.ceil(places[at - 1] + share * (places[at] - places[at - 1])))


def curve_of(series: Series, view: View) -> Curve:
    """Trend and band for drawing, through the run and beyond the last forecast."""
    thin = np.unique(np.append(np.arange(0, len(view.inside), 2), len(view.inside) - 1))
    shown = thin if len(view.inside) > DRAWN else np.arange(len(view.inside))
    shown = np.concatenate([shown, np.arange(len(view.inside), view.curves.shape[1])])
    low, mid, high = np.quantile(view.curves[:, shown], (0.05, 0.5, 0.95), axis=0)
    places = np.concatenate([view.inside, view.future])[shown]
    return Curve(places, *(series.low + series.size * v for v in (low, mid, high)))


def still_of(series: Series, view: View) -> float:
    """p of one level explaining the series as well as its trend does.

    F of the trend beside the mean, with as many degrees of freedom as an ascent and its bend take; residuals that
    remember count for fewer. Of flat noise of 15 to 40 points 3 % are below .05 (benchmarks/verdicts.py).
    """
    y = series.values[series.kept]
    mid = np.median(view.curves[:, : len(view.inside)], axis=0)
    rest = y - np.interp(series.steps[series.kept], view.inside, mid)
    level = y - y.mean()
    left, whole = float(rest @ rest), float(level @ level)
    memory = min(max(float(rest[1:] @ rest[:-1]) / max(left, 1e-300), 0.0), 0.8)
    counted = (1 - memory) / (1 + memory)
    freedom = max(len(y) - BENDS - 1, 1)
    statistic = (whole - left) / BENDS / max(left / freedom, 1e-300) * counted
    return float(fdtrc(BENDS, max(freedom * counted, 1.0), max(statistic, 0.0)))


def noise_of(series: Series, view: View) -> float:
    """Standard deviation of one logged value around the trend, in model units."""
    mid = np.median(view.curves[:, : len(view.inside)], axis=0)
    residual = series.values - np.interp(series.steps, view.inside, mid)
    return float(residual[series.kept].std())
