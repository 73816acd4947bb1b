"""The definitions of plateau, trend, collapse and outage, each at its edge."""

import numpy as np
import pytest

from reportgen.signals.judge import dwell_of, judge
from reportgen.signals.outages import outages

STEPS = np.arange(1.0, 201.0)  # the dwell is 20 steps, the span 199


def judged(curve, *, steps=STEPS, size=1.0, low=0.0, least=0.0):
    """What the definitions say of one curve."""
    values = np.asarray(curve, dtype=float)[None, :]
    return judge(np.asarray(steps, dtype=float), values, reward_size=size, low=low, least=least)


def pieces(*parts):
    """A curve of levels that each hold until a step."""
    return np.concatenate([np.full(round(n), level) for n, level in parts])


@pytest.mark.parametrize(("span", "dwell"), [(50, 20), (199, 20), (400, 40)])
def test_a_level_holds_for_twenty_steps_or_a_tenth_of_the_run(span, dwell):
    assert dwell_of(span) == dwell


def test_a_dip_in_the_last_dwell_is_no_plateau():
    """The end is where it was, but it has not held for twenty steps yet."""
    curve = np.full(200, 0.5)
    curve[189] = 0.3
    found = judged(curve)
    assert found.direction[0] == 0 and not found.plateaued[0]
    curve[189], curve[170] = 0.5, 0.3
    assert judged(curve).plateaued[0]


@pytest.mark.parametrize(("gain", "direction"), [(0.009, 0), (0.012, 1), (-0.012, -1)])
def test_another_half_run_must_move_more_than_half_a_percent_of_the_range(gain, direction):
    """A line that gains 0.012 in the run gains 0.006 in half a run, more than 0.005."""
    assert judged(0.3 + gain * (STEPS - 1) / 199).direction[0] == direction


def test_a_plateau_begins_when_all_but_a_twentieth_of_the_gain_is_in():
    """Of an exponential rise that is after three of its time constants."""
    found = judged(1 - np.exp(-(STEPS - 1) / 20))
    assert found.tolerance[0] == pytest.approx(0.05, abs=1e-4)
    assert STEPS[found.onset[0]] == pytest.approx(1 + 3 * 20, abs=1)


@pytest.mark.parametrize(
    ("top", "start", "end", "collapsed"),
    [
        (0.20, 0.15, 0.16, False),  # under a twentieth of the range
        (0.30, 0.18, 0.20, True),  # a tenth of the range, most of the gain, a third of the level
        (0.50, 0.10, 0.35, False),  # less than half of what was gained
        (0.90, 0.80, 0.79, False),  # less than a fifth of the level
        (0.90, 0.80, 0.70, True),
    ],
)
def test_a_collapse_is_a_large_part_of_range_gain_and_level(top, start, end, collapsed):
    found = judged(pieces((50, start), (100, top), (50, end)))
    assert found.collapsed[0] == collapsed
    assert found.drop[0] == pytest.approx(top - end)


def test_a_collapse_that_holds_is_no_plateau():
    found = judged(pieces((50, 0.1), (100, 0.5), (50, 0.1)))
    assert found.collapsed[0] and found.direction[0] == 0 and not found.plateaued[0]


def test_where_no_range_is_known_a_fall_within_the_noise_is_none():
    """`least` says what matters on no scale; a fall must be more than twice that."""
    curve = pieces((150, 0.5), (50, 0.485))
    assert not judged(curve, size=0.0, low=None, least=0.01).collapsed[0]
    assert judged(curve, size=0.0, low=None, least=0.005).collapsed[0]


def test_the_peak_is_the_last_step_near_the_top_and_the_fall_begins_after_it():
    """A top that wears off within the tolerance still counts as the top."""
    found = judged(pieces((40, 0.1), (40, 0.5), (40, 0.495), (80, 0.1)))
    assert STEPS[found.peak[0]] == 120
    assert STEPS[found.fallen[0]] == 121


def test_of_a_short_run_the_second_half_is_the_end():
    """Eleven steps: the drop is the mean fall over the last six, not over all since the peak."""
    found = judged(pieces((3, 0.6), (3, 0.5), (5, 0.1)), steps=np.arange(1, 12))
    assert found.drop[0] == pytest.approx((0.1 + 5 * 0.5) / 6)


def reward(*lows, n=60, level=0.5):
    """A level with stretches that lie lower: (first, last, value)."""
    values = np.full(n, level)
    for first, last, value in lows:
        values[first : last + 1] = value
    return values


def test_a_stretch_near_the_floor_that_came_back_is_an_outage():
    assert outages(reward((20, 22, 0.01), (40, 44, 0.0))) == ((20, 22), (40, 44))


@pytest.mark.parametrize(
    "values",
    [
        reward((20, 21, 0.0)),  # two values are outliers
        reward((20, 25, 0.2)),  # low, but a policy that earns
        reward((20, 40, 0.0)),  # a third of the run
        np.r_[reward(n=30), np.zeros(5), reward(n=25, level=0.2)],  # it came back to less than before
        reward((57, 59, 0.0)),  # the end: nobody knows whether it comes back
        np.zeros(60),
    ],
)
def test_what_is_no_outage(values):
    assert outages(values) == ()


def test_an_outage_is_told_from_the_floor_of_the_range():
    """Rewards from -1 on: -1 is nothing, 0 is halfway."""
    assert outages(reward((20, 24, -1.0)), floor=-1.0) == ((20, 24),)
    assert outages(reward((20, 24, 0.0)), floor=-1.0) == ()
