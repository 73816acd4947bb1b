"""Our few formulas, held against scipy.stats and statsmodels."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats import contingency_tables, multitest, power, proportion

from reportgen.signals import intervals

SHARES = [(0, 20), (3, 20), (20, 20), (242, 1319), (423, 1319)]


@pytest.mark.parametrize(("hits", "n"), SHARES)
def test_wilson_is_the_score_interval(hits, n):
    """The interval of one share is the textbook's."""
    expected = stats.binomtest(hits, n).proportion_ci(method="wilson")
    assert intervals.wilson(hits / n, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(("first", "second"), [((423, 1319), (242, 1319)), ((9, 10), (3, 10)), ((0, 50), (0, 60))])
def test_newcombe_is_method_ten(first, second):
    """The interval of a difference is Newcombe's."""
    expected = proportion.confint_proportions_2indep(*first, *second, method="newcomb")
    got = intervals.newcombe(first[0] / first[1], first[1], second[0] / second[1], second[1])
    assert got == pytest.approx(expected, abs=1e-12)


def test_newcombe_gives_the_reference_runs_interval():
    """+13.7 pp over 18.35 % on 1,319 problems each is known to about 3 pp."""
    low, high = intervals.newcombe(0.3205, 1319, 0.1835, 1319)
    assert (low, high) == pytest.approx((0.104, 0.1695), abs=5e-4)
    assert intervals.smallest_visible(0.3205, 1319, 1319) == pytest.approx(0.036, abs=5e-4)


@pytest.mark.parametrize("alternative", ["two-sided", "larger", "smaller"])
def test_two_proportions_are_compared_by_a_pooled_z(alternative):
    """The p-value is that of the pooled z test."""
    expected = proportion.proportions_ztest([423, 380], [1319, 1319], alternative=alternative)[1]
    got = intervals.two_proportion_p(423 / 1319, 1319, 380 / 1319, 1319, alternative=alternative)
    assert got == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("ours", "theirs"), [("larger", "greater"), ("smaller", "less")])
@pytest.mark.parametrize("hits", [0, 12, 40])
def test_one_proportion_is_tested_exactly(ours, theirs, hits):
    """Against a known constant the test is the exact binomial one."""
    expected = stats.binomtest(hits, 40, 0.25, alternative=theirs).pvalue
    assert intervals.one_proportion_p(hits / 40, 40, 0.25, alternative=ours) == pytest.approx(expected, rel=1e-9)


def test_holm_is_holm():
    """Corrected p-values keep their order and are the textbook's."""
    p = [0.01, 0.04, 0.03, 0.5, 0.002]
    assert intervals.holm(p) == pytest.approx(multitest.multipletests(p, method="holm")[1])
    assert intervals.holm([]) == ()


@pytest.mark.parametrize(("b", "c"), [(3, 10), (0, 6), (7, 7), (0, 0)])
def test_mcnemar_is_exact(b, c):
    """Runs on the same problems are compared by the problems they differ on."""
    expected = contingency_tables.mcnemar([[50, b], [c, 40]], exact=True).pvalue
    assert intervals.mcnemar_p(b, c) == pytest.approx(expected, rel=1e-9)


def test_paired_difference_covers():
    """The paired interval holds the true difference about 95 times in 100."""
    rng = np.random.default_rng(0)
    counts = rng.multinomial(200, [0.12, 0.06, 0.82], size=2000)
    bounds = np.array([intervals.paired_difference(int(b), int(c), 200) for b, c, _ in counts])
    assert np.mean((bounds[:, 0] <= 0.06) & (bounds[:, 1] >= 0.06)) == pytest.approx(0.95, abs=0.02)


def test_needed_n_agrees_with_its_power():
    """With that many answers a side the test has the power asked for."""
    n = intervals.needed_n(0.30, 0.35, power=0.8)
    effect = proportion.proportion_effectsize(0.35, 0.30)
    assert power.NormalIndPower().power(effect, n, 0.05) == pytest.approx(0.8, abs=0.005)
    assert intervals.needed_n(0.3, 0.3) is None


def test_beta_draws_are_the_posterior():
    """Draws have the Jeffreys posterior's mean and spread, and are always the same."""
    draws, exact = intervals.beta_draws(0.3, 200, 400), stats.beta(60.5, 140.5)
    assert draws.mean() == pytest.approx(exact.mean(), abs=1e-4)
    assert draws.std() == pytest.approx(exact.std(), rel=0.02)
    assert np.array_equal(draws, intervals.beta_draws(0.3, 200, 400))


def test_nothing_measured_says_nothing():
    """Zero answers give the widest interval and no evidence."""
    assert intervals.wilson(0.5, 0) == (0.0, 1.0)
    assert intervals.two_proportion_p(0.5, 0, 0.5, 10) == 1.0
    assert intervals.smallest_visible(0.5, 0) == 1.0
