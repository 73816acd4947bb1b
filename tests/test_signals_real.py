"""What real runs taught: wild ends, still runs, formats learned at once, forecasts that stay modest."""

import numpy as np
import pytest

from reportgen.signals import learn
from reportgen.signals.record import ALL, BY_ADVICE

RNG = np.random.default_rng


def exponential(n, low=0.2, high=0.5, k=0.15, sd=0.02, seed=0):
    x = np.arange(n) / (n - 1)
    return low + (high - low) * (1 - np.exp(-x / k)) + RNG(seed).normal(0, sd, n)


def test_a_rise_within_the_last_dwell_is_no_collapse():
    """Dead for nine tenths, then a steep rise: rising, and nothing fell."""
    values = np.full(200, 0.05) + RNG(1).normal(0, 0.01, 200)
    values[180:] += np.linspace(0, 0.35, 20)
    found = learn(np.arange(200), values, reward_range=(0, 1))
    assert not found.collapse.collapsed
    assert found.trend.direction == "rising"


@pytest.mark.parametrize("last", [0.0, 1.0, 5.0])
def test_one_odd_last_value_moves_nothing(last):
    """Whatever the last batch says, plateau, level and forecast are those of the run without it."""
    values = exponential(200)
    calm = learn(np.arange(200), values)
    odd = learn(np.arange(201), np.append(values, last))
    assert odd.plateau.plateaued == calm.plateau.plateaued
    assert odd.end_level[1] == pytest.approx(calm.end_level[1], abs=0.01)
    assert odd.forecast[-1].mid == pytest.approx(calm.forecast[-1].mid, abs=0.02)
    assert odd.spikes == (200,)


def test_one_success_after_many_zeros_is_no_certainty():
    """59 zeros and a one: near zero ahead, and how near is left open."""
    found = learn(np.arange(60), np.append(np.zeros(59), 1.0), reward_range=(0, 1))
    far = found.forecast[-1]
    assert far.mid == 0
    assert 0.02 < far.high < 0.2


def test_a_share_seen_at_the_floor_is_no_exact_zero():
    """Sixty zeros leave the last twentieth of a Beta(1, 60) open; all ones the same on the other side."""
    zeros, ones = (learn(np.arange(60), np.full(60, value), reward_range=(0, 1)) for value in (0.0, 1.0))
    assert zeros.forecast[-1].high == pytest.approx(1 - 0.05 ** (1 / 61), rel=1e-6)
    assert ones.forecast[-1].low == pytest.approx(0.05 ** (1 / 61), rel=1e-6)


def test_a_format_learned_at_once_hides_no_slow_climb():
    """A jump and then a slow rise that still pays is no plateau."""
    x = np.arange(200) / 199
    slow = 0.15 * (1 - np.exp(-np.maximum(x - 0.1, 0) / 0.8))
    values = 0.1 + 0.3 / (1 + np.exp(-(x - 0.1) / 0.01)) + slow + RNG(2).normal(0, 0.02, 200)
    found = learn(np.arange(200), values, reward_range=(0, 1))
    assert found.plateau.plateaued is not True
    assert found.trend.direction == "rising"


def test_long_flat_noise_of_unknown_range_is_flat():
    """5,000 values of noise around one level."""
    found = learn(np.arange(5000), 3 + RNG(3).normal(0, 1, 5000))
    assert found.plateau.plateaued is True
    assert found.trend.direction == "flat"


def test_a_forecast_rise_is_shrunk_where_noise_is_large():
    """The same line under more noise: less of it is expected to come."""
    line, steps = np.linspace(0.2, 0.4, 100), np.arange(100)
    calm, loud = (
        learn(steps, line + RNG(4).normal(0, sd, 100), reward_range=(0, 1)) for sd in (0.005, 0.15)
    )
    moves = [found.forecast[-1].mid - found.end_level[1] for found in (calm, loud)]
    assert moves[1] < 0.6 * moves[0]


def test_the_chances_of_a_rise_and_a_fall_are_told():
    """A clear line will rise, a settled curve hardly; together no more than certain."""
    steps = np.arange(200)
    rising = learn(steps, np.linspace(0.2, 0.6, 200) + RNG(5).normal(0, 0.01, 200), reward_range=(0, 1))
    settled = learn(steps, exponential(200, k=0.05, sd=0.005), reward_range=(0, 1))
    assert rising.p_rise > 0.7
    assert settled.p_rise < 0.38
    for found in (rising, settled):
        assert found.p_rise + found.p_fall <= 1


def test_the_record_is_of_real_runs_and_told_to_stop_is_better_than_chance():
    """The shipped table adds up, and fewer rose after a stop than of all."""
    assert sum(record.n for record in BY_ADVICE.values()) == ALL.n
    stop = BY_ADVICE["stop"]
    assert stop.rose / stop.n < ALL.rose / ALL.n - 0.04


def test_a_decayed_learning_rate_ends_the_rise():
    """The same rising curve, once with its rate at full height and once come down to nothing."""
    steps, values = np.arange(200), np.linspace(0.2, 0.5, 200) + RNG(6).normal(0, 0.01, 200)
    flat, decayed = np.full(200, 1e-6), 1e-6 * np.clip((199 - steps) / 60, 0, 1)
    going, ended = (learn(steps, values, reward_range=(0, 1), learning_rates=rates) for rates in (flat, decayed))
    assert going.forecast[-1].mid > going.end_level[1] + 0.15
    assert ended.forecast[-1].mid < ended.end_level[1] + 0.03
