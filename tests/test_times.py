"""Where the time went: phases of real trainers' names, their shares, and what a point gained did cost."""

import numpy as np
import pytest

import reportgen
from reportgen.render.times_view import spent, time_rows
from tests.situations import AT, N, gsm8k, rising, verl

HALF = np.full(N, 0.5)


def times(run, **settings):
    return reportgen.diagnose(run, reportgen.Settings(**settings)).times


def test_phases_of_verl_and_the_rest():
    """timing_s/gen is the rollout; an eval at every 42nd step counts over all; what is left of the step is the rest."""
    evals = np.where(AT % 42 == 0, 84.0, np.nan)
    run = verl("t", rising(), timing_s__step=np.full(N, 40.0), timing_s__gen=np.full(N, 20.0), timing_s__testing=evals,
               timing_s__update_actor=np.full(N, 6.0), timing_s__update_critic=np.full(N, 4.0),
               timing_s__ref=np.full(N, 1.0), timing_s__old_log_prob=np.full(N, 1.0))  # fmt: skip
    found = times(run)
    shares = {phase.name: round(phase.share, 3) for phase in found.phases}
    assert shares == {"rollout": 0.5, "update": 0.25, "evaluation": 0.05, "log-probabilities": 0.05, "the rest": 0.15}
    assert found.step_s == 40 and found.overlap == 1 and sum(shares.values()) == pytest.approx(1)
    assert {phase.name: phase.seconds for phase in found.phases}["evaluation"] == pytest.approx(2.0)
    assert {phase.name: phase.first for phase in found.phases}["evaluation"] == 84.0


def test_of_two_that_may_hold_each_other_the_longer_counts():
    run = verl("t", rising(), timing_s__gen=np.full(N, 20.0), timing_s__generate_sequences=np.full(N, 18.0))
    (rollout,) = (phase for phase in times(run).phases if phase.name == "rollout")
    assert rollout.metrics == ("timing_s/gen",) and rollout.seconds == 20


def test_phases_side_by_side_are_said_to_be():
    """An asynchronous run's rollouts go on while it trains."""
    run = verl("t", rising(), timing_s__step=np.full(N, 20.0), timing_s__gen=np.full(N, 19.0),
               timing_s__update_actor=np.full(N, 9.0))  # fmt: skip
    found = times(run)
    assert found.overlap == pytest.approx(1.4) and sum(phase.share for phase in found.phases) == pytest.approx(1)
    assert "together they are 140\u202f% of the step" in reportgen.page(reportgen.compose([reportgen.diagnose(run)]))


def test_hours_gpu_hours_and_the_price_of_a_point():
    """126 steps of 30 s on 8 GPUs; only a gain that was tested has a price."""
    run = verl("t", rising(0.4), **gsm8k(rising(0.4), 3, 1, 63, 126))
    found = times(run, gpus=8, baseline=0.2)
    assert found.hours == pytest.approx(125 * 30 / 3600, rel=0.02) and found.gpu_hours == pytest.approx(8 * found.hours)
    gain = reportgen.diagnose(run, reportgen.Settings(gpus=8, baseline=0.2)).improvement.absolute
    assert found.gpu_hours_per_point == pytest.approx(found.gpu_hours / (100 * gain))
    assert 0 < found.hours_after_plateau < found.hours and "after the curve had levelled off" in spent(found)
    flat = verl("f", np.full(N, 0.3), **gsm8k(np.full(N, 0.3), 3, 1, 63, 126))
    assert times(flat, gpus=8, baseline=0.3).gpu_hours_per_point is None


def test_a_run_without_phases_has_no_section(make_run):
    diagnosis = reportgen.diagnose(make_run(reward=np.linspace(0.1, 0.5, 30)))
    assert diagnosis.times is None
    assert "Where the time went" not in reportgen.page(reportgen.compose([diagnosis]))


def test_page_markdown_and_json_tell_the_same():
    report = reportgen.compose([reportgen.diagnose(verl("t", rising()))])
    page, text = reportgen.page(report), reportgen.to_markdown(report)
    for row in time_rows(report.diagnoses[0]):
        assert all(cell in page for cell in row[:3]) and row[1].replace("\u202f", "\u202f") in text
    assert reportgen.page(reportgen.from_json(reportgen.to_json(report))) == page
    assert '"phases"' in reportgen.to_json(report)


@pytest.mark.parametrize("name", ["perf/max_memory_allocated_gb", "timing_per_token_ms/gen", "perf/throughput"])
def test_what_is_no_time_is_no_phase(name, make_run):
    assert reportgen.diagnose(make_run({name: np.full(30, 5.0), "reward": np.linspace(0.1, 0.5, 30)})).times is None
