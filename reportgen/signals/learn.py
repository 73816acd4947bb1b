"""One series of rewards in, all that it tells about learning out."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from reportgen.signals.answers import (
    chances_of,
    collapse_of,
    curve_of,
    forecast_of,
    look,
    next_point,
    noise_of,
    plateau_of,
    point_of,
    still_of,
    trend_of,
    triple,
    widened,
)
from reportgen.signals.learning import LEAST_POINTS, BackTest, Learning
from reportgen.signals.plain import by_definition, plain
from reportgen.signals.posterior import Posterior, drawn, posterior
from reportgen.signals.series import Series, binned, prepare, tidy

LEAST_MODELLED = 6  # fewer: no forecast either
DECAYED = 0.1  # of the highest learning rate: below it a schedule is at its end
STILL = 1e-9  # of the range; moves less than this are rounding
DRAWS = 300
BACK_TEST_DRAWS = 200


def learn(
    steps: Sequence[float] | np.ndarray,
    values: Sequence[float] | np.ndarray,
    *,
    reward_range: tuple[float, float] | None = None,
    samples_per_step: float | None = None,
    forecast_steps: Sequence[int] | None = None,
    plateau_probability: float = 0.6,
    undecided_probability: float = 0.35,
    back_test: bool = True,
    learning_rates: np.ndarray | None = None,
) -> Learning:
    """Plateau, trend, collapse and forecast of one series.

    steps, values: one row each, in logged order; rows that aren't finite are dropped and of a
    repeated step the last counts. reward_range: lowest and highest possible reward, None when
    unknown. samples_per_step: only says what would settle an open answer; the noise is read off
    the series. forecast_steps: None for 1.5 and 2 times the run. learning_rates: as logged, in order, any
    length; None where none were.
    The method is docs/diagnostics.md's: shapes averaged by how well they explain the series.
    """
    series = prepare(*tidy(np.asarray(steps, dtype=float), np.asarray(values, dtype=float)), reward_range)
    limits = (plateau_probability, undecided_probability)
    ahead = tuple(forecast_steps) if forecast_steps is not None else usual_forecast(series)
    if len(series.steps) < LEAST_MODELLED or np.ptp(series.values[series.kept]) < STILL:
        still = plain(series.without_spikes(), ahead, series.values[~series.kept])
        aside = tuple(int(step) for step in series.steps[~series.kept])
        last = int(series.steps[-1]) if len(series.steps) else 0
        return replace(still, n_points=len(series.steps), last_step=last, spikes=aside)
    post = posterior(binned(series))
    view = look(series, post, ahead, DRAWS, rate_left(learning_rates))
    rise, fall = chances_of(series, view)
    learning = Learning(
        plateau=plateau_of(series, view, limits, samples_per_step),
        trend=trend_of(series, view),
        collapse=collapse_of(series, view),
        forecast=forecast_of(series, view, ahead),
        back_test=back_tested(series) if back_test else None,
        next_point_step=next_point(series, view),
        gain_point=point_of(series, view) * series.size,
        spikes=tuple(int(s) for s in series.steps[~series.kept]),
        curve=curve_of(series, view),
        end_level=triple(series, view.curves[:, len(view.inside) - 1]),
        end_draws=series.low + series.size * view.curves[:, len(view.inside) - 1],
        noise_sd=noise_of(series, view) * series.size,
        n_points=len(series.steps),
        first_step=int(series.steps[0]),
        last_step=int(series.steps[-1]),
        notes=notes_of(series, post),
        p_rise=rise,
        p_fall=fall,
        p_still=still_of(series, view),
    )
    return by_definition(learning, series) if len(series.steps) < LEAST_POINTS else learning


def rate_left(rates: np.ndarray | None) -> float:
    """Share of the highest learning rate that is left at the end; 1 where a decay isn't seen.

    Only a rate that has come down below DECAYED is a schedule at its end: one that is half way down still
    teaches, and where it goes from there isn't known.
    """
    if rates is None or len(rates) < LEAST_POINTS:
        return 1.0
    finite = rates[np.isfinite(rates)]
    highest = float(finite.max()) if len(finite) else 0.0
    left = float(finite[-1]) / highest if highest > 0 else 1.0
    return left / DECAYED if left < DECAYED else 1.0


def usual_forecast(series: Series) -> tuple[int, ...]:
    """1.5 and 2 times the run, counted from its first step."""
    if len(series.steps) < 2:
        return ()
    first, n = series.steps[0], series.span + 1
    return (int(first - 1 + 1.5 * n), int(first - 1 + 2 * n))


def back_tested(series: Series) -> BackTest | None:
    """The first two thirds' forecast of the last tenth, beside what came."""
    cut = series.steps[0] + series.span * 2 / 3
    before = series.steps <= cut
    tail = series.steps >= series.steps[-1] - series.span / 10
    if before.sum() < LEAST_POINTS or np.ptp(series.values[before]) < STILL:
        return None
    part = Series(
        series.steps[before], series.values[before], series.kept[before], series.low, series.size, series.is_declared
    )
    post = posterior(binned(part), rounds=1)
    means = drawn(post, BACK_TEST_DRAWS, part.share(series.steps[tail][:: max(1, tail.sum() // 12)])).mean(axis=1)
    seen = series.values[tail & series.kept]
    error = float(seen.std()) / np.sqrt(max(len(seen), 1))
    rng = np.random.default_rng(len(means))
    low, mid, high = widened(series, means + error * rng.standard_normal(len(means)), 0.0)
    return BackTest(int(part.steps[-1]), low, mid, high, float(series.low + series.size * seen.mean()))


def notes_of(series: Series, post: Posterior) -> tuple[str, ...]:
    """What the reader of the numbers should know."""
    notes = []
    if not series.is_declared:
        notes.append("the reward's range was not declared, so the tolerance is 5 % of the gain alone")
    if post.has_wobble:
        notes.append("a periodic part was taken out of the trend")
    if post.goal.noise.matrix is not None:
        notes.append("neighbouring values are correlated; intervals are wider for it")
    return tuple(notes)
