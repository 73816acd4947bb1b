"""What one series of rewards tells: the promises of signals.learn."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reportgen.signals import Learning, learn

GUIDE = (range(50, 101, 10), [0.25, 0.28, 0.29, 0.29, 0.29, 0.29])
SHARED = Path(__file__).parent.parent.parent / "shared"


def curve(kind, n=300, samples=512, seed=0):
    """A run of 0/1 rewards around a known trend."""
    x = np.linspace(0, 1, n)
    trend = {
        "saturating": 0.2 + 0.3 * (1 - np.exp(-x / 0.08)),
        "line": 0.2 + 0.3 * x,
        "collapse": np.where(x < 0.6, 0.2 + 0.3 * (1 - np.exp(-x / 0.1)), 0.05),
        "decline": 0.2 + 0.3 * (1 - np.exp(-x / 0.08)) - 0.2 * np.maximum(x - 0.4, 0),
        "curriculum": np.where(x < 0.5, 0.5 - 0.3 * np.exp(-x / 0.1), 0.3 + 0.3 * (x - 0.5)),
    }[kind]
    return np.arange(1, n + 1), np.random.default_rng(seed).binomial(samples, trend) / samples


def facts(found: Learning):
    """The discrete part of an answer, with the numbers rounded."""
    numbers = [found.plateau.probability, *(v for f in found.forecast for v in (f.low, f.mid, f.high))]
    return (
        found.plateau.plateaued,
        found.plateau.onset_step,
        found.trend.direction,
        found.collapse.collapsed,
        found.collapse.peak_step,
        [round(number, 6) for number in numbers],
    )


@pytest.mark.parametrize("scale", [lambda v: v, lambda v: 3 + 40 * v, lambda v: -1 + 0.001 * v])
@pytest.mark.parametrize("offset", [0, 200])
def test_the_guides_six_points_give_onset_70(scale, offset):
    """The guide's example is a plateau from step 70 on, on any scale and from any first step."""
    steps, values = np.array(GUIDE[0]) + offset, scale(np.array(GUIDE[1]))
    found = learn(steps, values).plateau
    assert (found.plateaued, found.onset_step) == (True, 70 + offset)


@pytest.mark.parametrize(("last", "plateaued"), [(90, True), (80, False)])
def test_a_plateau_has_to_hold_for_the_dwell(last, plateaued):
    """Cut at 90 the guide's example is a plateau, cut at 80 not yet."""
    n = (last - 50) // 10 + 1
    assert learn(list(GUIDE[0])[:n], GUIDE[1][:n]).plateau.plateaued is plateaued


@pytest.mark.parametrize(
    ("kind", "direction", "plateaued", "collapsed"),
    [
        ("saturating", "flat", True, False),
        ("line", "rising", False, False),
        ("curriculum", "rising", False, False),
        ("decline", "falling", False, False),
        ("collapse", "flat", False, True),
    ],
)
def test_clear_curves_are_told_apart(kind, direction, plateaued, collapsed):
    """Plateau, rise, decline and collapse are named where the data settle them."""
    found = learn(*curve(kind), reward_range=(0, 1))
    assert found.trend.direction == direction
    assert found.plateau.plateaued is plateaued
    assert found.collapse.collapsed is collapsed


def test_a_collapse_is_dated():
    """The peak is where the fall starts, the drop is its size."""
    found = learn(*curve("collapse"), reward_range=(0, 1)).collapse
    assert abs(found.peak_step - 180) <= 6
    assert found.onset_step >= found.peak_step
    assert found.drop == pytest.approx(0.45, abs=0.03)


def test_the_future_of_a_saturating_run_is_its_level():
    """At twice the run the forecast holds the truth, narrowly."""
    far = learn(*curve("saturating"), reward_range=(0, 1)).forecast[-1]
    assert far.step == 600
    assert far.low <= 0.5 <= far.high
    assert far.high - far.low < 0.05


def test_a_line_gains_its_next_point_on_schedule():
    """A rise of 0.1 pp a step gains the next point in about ten steps."""
    found = learn(*curve("line", samples=4096), reward_range=(0, 1))
    assert found.next_point_step == pytest.approx(310, abs=3)
    assert found.gain_point == pytest.approx(0.01)


def test_a_plateau_gains_no_next_point():
    """No finite estimate where nothing more is to be gained."""
    assert learn(*curve("saturating", samples=4096), reward_range=(0, 1)).next_point_step is None


def test_an_open_answer_says_what_would_settle_it():
    """So few samples can't settle a small gain; the answer names steps and samples."""
    steps = np.arange(126)
    values = np.random.default_rng(0).binomial(32, 0.32 - 0.14 * np.exp(-steps / 38)) / 32
    found = learn(steps, values, reward_range=(0, 1), samples_per_step=32).plateau
    assert found.plateaued is None
    assert re.fullmatch(r"about [\d,]+ more steps or about [\d,]+ samples a step", found.settled_by)


def test_the_back_test_sees_two_thirds():
    """The forecast of the end is made without it and held against it."""
    test = learn(*curve("saturating"), reward_range=(0, 1)).back_test
    assert test.cut_step == 200
    assert test.hit
    assert test.seen == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("kind", ["saturating", "line", "collapse"])
def test_the_order_of_rows_does_not_matter(kind):
    """Shuffled rows give the same answer."""
    steps, values = curve(kind)
    order = np.random.default_rng(1).permutation(len(steps))
    assert facts(learn(steps[order], values[order])) == facts(learn(steps, values))


def test_of_a_repeated_step_the_last_row_counts():
    """A resumed run's later values win."""
    steps, values = curve("saturating")
    again = learn(np.r_[steps[100:200], steps], np.r_[np.zeros(100), values])
    assert facts(again) == facts(learn(steps, values))


@pytest.mark.parametrize("kind", ["saturating", "line", "decline"])
def test_a_constant_offset_of_steps_shifts_the_answer(kind):
    """Steps that start elsewhere change no probability."""
    steps, values = curve(kind)
    here, there = learn(steps, values), learn(steps + 5000, values)
    assert there.plateau.probability == here.plateau.probability
    assert there.plateau.onset_step in (None, (here.plateau.onset_step or 0) + 5000)


@pytest.mark.parametrize(("a", "b"), [(0, 40), (-7, 0.01)])
@pytest.mark.parametrize("kind", ["saturating", "line", "collapse"])
def test_the_unit_of_the_reward_does_not_matter(kind, a, b):
    """Under a + b x the answer is the same, its numbers in the new unit."""
    steps, values = curve(kind)
    here, there = learn(steps, values), learn(steps, a + b * values)
    assert there.plateau.probability == pytest.approx(here.plateau.probability, abs=0.02)
    assert there.trend.direction == here.trend.direction
    assert there.forecast[0].mid == pytest.approx(a + b * here.forecast[0].mid, abs=0.002 * b)


def test_a_declared_range_moves_with_the_reward():
    """Range and values scaled together give the same answer."""
    steps, values = curve("saturating")
    here = learn(steps, values, reward_range=(0, 1))
    there = learn(steps, 3 + 40 * values, reward_range=(3, 43))
    assert there.plateau.probability == pytest.approx(here.plateau.probability, abs=0.02)
    assert there.gain_point == pytest.approx(0.4)


def test_the_same_rows_give_the_same_numbers():
    """Nothing is random from one call to the next."""
    first, second = learn(*curve("line")), learn(*curve("line"))
    assert np.array_equal(first.end_draws, second.end_draws)
    assert facts(first) == facts(second)


@pytest.mark.parametrize(
    ("steps", "values"),
    [
        ([], []),
        ([1], [2]),
        ([1, 2], [1, 2]),
        (range(50), [0] * 50),
        (range(50), [np.nan] * 50),
        (range(50), [np.inf] * 20 + [0.5, 0.4] * 15),
        (range(50), [-1e308, 1e308, 0, 1, 1e300] * 10),
        ([1] * 50, np.arange(50)),
        (np.arange(50) * 10**15, np.arange(50) % 7),
        (range(40), [0] * 39 + [1]),
        (range(40), [1] + [0] * 39),
        (range(40), [0, 1] * 20),
        (range(20), range(20)),
        (range(16), 1e-320 * np.arange(16)),
        (np.arange(40)[::-1], -np.arange(40)),
    ],
)
@pytest.mark.parametrize("reward_range", [None, (0, 1)])
@pytest.mark.filterwarnings("error")
def test_odd_series_neither_raise_nor_warn(steps, values, reward_range):
    """Whatever was logged, there is an answer, and no number in it is invented."""
    found = learn(steps, values, reward_range=reward_range)
    assert found.n_points == len({s for s, v in zip(steps, values, strict=True) if np.isfinite(v)})
    assert all(point.low <= point.mid <= point.high for point in found.forecast)


def test_a_constant_series_has_plateaued_from_the_start():
    """Nothing moved: a plateau from the first step on."""
    found = learn(range(100, 200), [0.3] * 100, reward_range=(0, 1))
    assert (found.plateau.plateaued, found.plateau.onset_step) == (True, 100)
    assert found.forecast[-1].mid == 0.3


def test_a_single_spike_changes_little():
    """An outlier is listed and set aside."""
    steps, values = curve("saturating")
    spoilt = values.copy()
    spoilt[200] = 0.0
    found = learn(steps, spoilt, reward_range=(0, 1))
    assert found.spikes == (201,)
    assert found.end_level[1] == pytest.approx(learn(steps, values, reward_range=(0, 1)).end_level[1], abs=0.005)


def test_epochs_are_no_trend():
    """A saw-tooth of epochs is taken out of a flat trend."""
    steps, values = curve("saturating", samples=2048)
    found = learn(steps, values + 0.03 * ((steps / 60) % 1 - 0.5), reward_range=(0, 1))
    assert found.plateau.plateaued
    assert any("periodic" in note for note in found.notes)


def test_the_band_reaches_the_furthest_forecast():
    """The curve to draw covers the run and the steps asked for, its band around its middle."""
    drawn = learn(*curve("line"), forecast_steps=(450, 1100)).curve
    assert drawn.steps[0] == 1
    assert drawn.steps[-1] >= 1100
    assert np.all((drawn.low <= drawn.mid) & (drawn.mid <= drawn.high))
    assert len(drawn.steps) <= 250


def test_values_outside_the_declared_range_undo_it():
    """A range that the values leave is not believed."""
    steps, values = curve("line")
    left, unknown = learn(steps, 5 * values, reward_range=(0, 1)), learn(steps, 5 * values)
    assert left.plateau == unknown.plateau


def test_import_needs_no_heavy_statistics():
    """The report's path does without scipy.stats."""
    code = "import sys, reportgen.signals.learn; print('scipy.stats' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


@pytest.mark.skipif(not (SHARED / "runs" / "areal_logs").exists(), reason="real runs are not here")
def test_the_reference_log_is_not_settled():
    """32 samples a step can't settle the reference run's plateau."""
    truth = json.loads((SHARED / "runs" / "areal_logs" / "truth.json").read_text())
    found = learn(truth["steps"], truth["train_task_reward_avg"], reward_range=(0, 1), samples_per_step=32)
    assert found.plateau.plateaued is None or (
        found.trend.direction == "rising" and 0.2 <= found.plateau.probability <= 0.6
    )


def test_learning_is_frozen():
    """Nothing downstream changes an answer."""
    found = learn(*GUIDE)
    with pytest.raises(AttributeError):
        found.n_points = 3
    assert replace(found, n_points=3).n_points == 3
