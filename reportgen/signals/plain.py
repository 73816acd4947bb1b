"""Series too short or too still for a model: the definitions, applied to the values themselves."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from reportgen.signals.judge import Judgement, dwell_of, judge
from reportgen.signals.learning import (
    Collapse,
    Curve,
    Direction,
    ForecastPoint,
    Learning,
    Plateau,
    Trend,
)
from reportgen.signals.series import Series

DIRECTIONS: dict[int, Direction] = {-1: "falling", 0: "flat", 1: "rising"}
NO_COLLAPSE = Collapse(False, 0.0, None, None, None, None)


def by_definition(learning: Learning, series: Series) -> Learning:
    """The answer with plateau, trend and collapse as the values themselves have them."""
    if len(series.steps) < 3:
        return learning
    low = 0.0 if series.is_declared else None
    judged = judge(series.steps, series.values[None, :], reward_size=series.floor, low=low)
    slope = float(judged.slope[0]) * series.size
    note = f"{len(series.steps)} points: the definitions were applied to the values themselves; noise was not weighed"
    return replace(
        learning,
        plateau=plateau(series, judged),
        p_rise=None,
        p_fall=None,
        p_still=None,
        trend=Trend(DIRECTIONS[int(judged.direction[0])], slope, (slope, slope), 1.0),
        collapse=collapse(series, judged) if judged.collapsed[0] else NO_COLLAPSE,
        notes=(*learning.notes, note),
    )


def plateau(series: Series, judged: Judgement) -> Plateau:
    """Plateau of the values."""
    found, onset = bool(judged.plateaued[0]), int(series.steps[judged.onset[0]])
    return Plateau(
        plateaued=found,
        onset_step=onset if found else None,
        onset_interval=(onset, onset) if found else None,
        probability=float(found),
        tolerance=float(judged.tolerance[0]) * series.size,
        dwell_steps=round(dwell_of(series.span)),
        settled_by=None,
    )


def collapse(series: Series, judged: Judgement) -> Collapse:
    """Collapse of the values."""
    return Collapse(
        collapsed=True,
        probability=1.0,
        peak_step=int(series.steps[judged.peak[0]]),
        onset_step=int(series.steps[judged.fallen[0]]),
        peak_level=float(series.low + series.size * judged.peak_level[0]),
        drop=float(series.size * judged.drop[0]),
    )


def _within_sampling(series: Series, last: float, aside: np.ndarray) -> tuple[float, float, float]:
    """A still series' forecast: of n values, k were set aside, and sampling allows more of them.

    The exact bound of k successes in n (Clopper and Pearson 1934; of none the last twentieth of a Beta(1, n)),
    one sample a step, since more are not known. The other outcome is what was set aside, or the far end of a range.
    """
    from scipy.special import betaincinv

    k, n = len(aside), len(series.steps) + len(aside)
    others = [series.low + series.size * float(value) for value in aside]
    if series.is_declared and not others:
        others = [series.low, series.low + series.size]
    elif not others and last in (0.0, 1.0):  # of an undeclared reward these are the ends that nearly all have
        others = [0.0, 1.0]
    chance = float(betaincinv(k + 1, n - k, 0.95)) if k else 1 - 0.05 ** (1 / (n + 1))
    reach = [chance * (other - last) for other in others]
    return last + min([0.0, *reach]), last, last + max([0.0, *reach])


def _chance_of_stillness(k: int, n: int) -> float:
    """That half a run more is without another such value, where k of n were (Jeffreys)."""
    from scipy.special import betaln

    return float(np.exp(betaln(k + 0.5, n - k + 0.5 + n / 2) - betaln(k + 0.5, n - k + 0.5)))


def plain(series: Series, ahead: Sequence[int], aside: np.ndarray | None = None) -> Learning:
    """The answer without a model; only a still series is forecast.

    aside: values that were set aside as outliers, in the series' own scale; they leave a still one in doubt.
    """
    n = len(series.steps)
    rewards = series.low + series.size * series.values
    last = float(rewards[-1]) if n else float("nan")
    is_still = n >= 3 and float(np.ptp(series.values)) < 1e-9
    odd = aside if aside is not None else np.zeros(0)
    within = _within_sampling(series, last, odd)
    learning = Learning(
        plateau=Plateau(None, None, None, 0.0, 0.0, round(dwell_of(series.span)), "more logged steps"),
        trend=Trend(None, 0.0, (0.0, 0.0)),
        collapse=NO_COLLAPSE,
        forecast=tuple(ForecastPoint(int(s), *within) for s in ahead) if is_still else (),
        back_test=None,
        next_point_step=None,
        gain_point=0.01 * series.size if series.is_declared else 0.0,
        spikes=(),
        curve=Curve(series.steps, rewards, rewards, rewards),
        end_level=(last, last, last),
        end_draws=np.full(1, last),
        noise_sd=0.0,
        n_points=n,
        first_step=int(series.steps[0]) if n else 0,
        last_step=int(series.steps[-1]) if n else 0,
        notes=() if is_still else (f"{n} points are too few to forecast",),
    )
    judged = by_definition(learning, series)
    if not is_still or not len(odd):
        return judged
    chance = _chance_of_stillness(len(odd), n + len(odd))  # it isn't certain to stay so: it didn't
    return replace(judged, plateau=replace(judged.plateau, plateaued=None, onset_step=None, onset_interval=None,
                                           probability=chance, settled_by="more logged steps"))  # fmt: skip
