"""Outliers, departures and levels."""

import numpy as np
import pytest

from reportgen.signals import robust


def noisy(trend, sd=0.02, seed=0):
    return np.asarray(trend) + np.random.default_rng(seed).normal(0, sd, len(trend))


def test_spikes_are_single_values_far_off():
    """One value far from its neighbours is a spike, a level shift is none."""
    values = noisy(np.r_[np.full(100, 0.2), np.full(100, 0.6)])
    values[[40, 150]] += 0.5
    assert set(robust.spikes(values)) == {40, 150}


def test_steep_starts_are_no_spikes():
    """A fast rise at the start is learning."""
    assert not len(robust.spikes(noisy(1 - np.exp(-np.arange(200) / 5))))


def test_heavy_tails_are_noise():
    """When many values are far off none is called a spike."""
    values = noisy(np.zeros(400))
    values[::8] += 0.5
    assert not len(robust.spikes(values))


@pytest.mark.parametrize("jump", [0.55, -0.55])
def test_a_lasting_jump_is_sudden(jump):
    """A level that jumps and stays is found where it jumps."""
    found = robust.runs_away(noisy(np.r_[np.full(150, 0.6), np.full(150, 0.6 + jump)]))
    assert found is not None
    assert found.is_sudden
    assert abs(found.position - 150) <= 2


@pytest.mark.parametrize("decay", [10, 60, 300])
def test_a_smooth_decay_is_a_drift(decay):
    """Entropy that decays smoothly, fast or slow, is no cliff."""
    found = robust.runs_away(noisy(np.exp(-np.arange(300) / decay)))
    assert found is not None
    assert not found.is_sudden


@pytest.mark.parametrize("values", [noisy(np.zeros(300)), np.zeros(300), np.zeros(3)])
def test_what_stays_does_not_run_away(values):
    """Noise, a constant and a handful of values have not departed."""
    assert robust.runs_away(values) is None


def test_longest_run_is_found():
    """Start and length of the longest stretch."""
    assert robust.longest_run(np.array([0, 1, 1, 0, 1, 1, 1]) == 1) == (4, 3)
    assert robust.longest_run(np.zeros(3, dtype=bool)) == (0, 0)


def test_running_median_keeps_short_series():
    """A window wider than the series gives its median."""
    assert robust.running_median(np.array([1.0, 2.0, 9.0]), 5).tolist() == [2.0, 2.0, 2.0]
