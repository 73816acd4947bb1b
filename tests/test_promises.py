"""Promises that only small faults in the code showed to be untested (`make mutants`)."""

import numpy as np
import pandas as pd
import pytest

import reportgen
from reportgen import anonymous, evals, gates, redact, seen, verdict
from reportgen.evals import series
from reportgen.recipes import recipes_of
from reportgen.recipes.trials import Trial
from reportgen.redact import names, shapes
from reportgen.sources.wandb import address
from tests.situations import SITUATIONS, verl

STEPS = pd.Index(range(1, 13), name="step")


def diagnosed(name):
    return reportgen.diagnose(SITUATIONS[name]()[0])


@pytest.mark.parametrize(("tail", "run"), [("abc123", "abc123"), ("workspace", ""), ("table", ""), ("overview", "")])
def test_a_page_of_a_project_is_no_run(tail, run):
    parsed = address.parse(f"https://wandb.ai/team/project/{tail}")
    assert (parsed.run or "") == run and parsed.project == "project"


def test_two_names_of_one_eval_that_agree_are_one():
    """The same values under two names join; values that differ stay two evals."""
    one = pd.Series([0.2, 0.3, 0.4] + [np.nan] * 9, STEPS)
    history = pd.DataFrame({"val-core/gsm8k/acc/mean@1": one, "val/test_score/gsm8k": one.where(one < 0.35)})
    (joined,) = evals.found(history, "verl")
    assert set(joined.names) == set(history) and len(joined.values) == 3
    other = history.assign(**{"val/test_score/gsm8k": one + 0.1})
    assert len(evals.found(other, "verl")) == 2


def test_a_long_signal_is_looked_at_through_medians():
    short = seen.as_seen("entropy", "e", pd.Series(np.arange(20.0), range(20)))
    assert short.thinned()[1] is short.values
    long = seen.as_seen("entropy", "e", pd.Series(np.arange(5000.0), range(5000)))
    steps, values = long.thinned()
    assert len(steps) == len(values) <= seen.BINS and values[0] == pytest.approx(9.5)


def test_tokens_that_are_a_running_total_are_told_from_those_of_a_step():
    """Throughput is tokens of a step over its seconds, whichever way they are counted."""
    seconds = np.full(126, 10.0)
    each = 5000 + 100 * np.sin(np.arange(126))
    for tokens in (each, np.cumsum(each)):
        run = verl("t", np.full(126, 0.3), perf__total_num_tokens=tokens, timing_s__step=seconds)
        roles, settings = reportgen.diagnose(run).roles, reportgen.Settings()
        rate = seen.look(run, roles, settings, reward_range=(0, 1), eval_sizes=None)["throughput"]
        assert rate.values.mean() == pytest.approx(500, rel=0.02)


def test_a_gate_on_collapse_names_what_fell():
    state, said = gates._no_collapse(diagnosed("broken"))
    assert state == "failed" and "train reward collapsed from step 65 on; eval reward collapsed" in said
    assert gates._no_collapse(diagnosed("killed")) == ("passed", "neither train nor eval reward collapsed")


def test_a_record_of_too_few_runs_is_not_told():
    assert verdict._told("no such advice") == ""
    assert "real runs told so" in verdict._told("levelled off")


def test_a_slow_fall_is_told_and_noise_is_not():
    assert diagnosed("falling").verdict.headline == "Falling at the end, step 126"
    assert "alling" not in diagnosed("flat").verdict.headline


def test_a_signal_that_broke_beside_a_rise_is_named_in_words():
    lead = diagnosed("drifting").verdict.lead
    assert "But KL to the sampling policy: passed 0.1 nats at step 81" in lead


def test_recipes_need_a_tier_each_to_lead():
    """One lead over a second tier makes a leader; a single tier of one recipe doesn't."""
    trials = [Trial(f"{lr}{at}", 0.3 + lr + 0.001 * at, 0.01, {"lr": lr}) for lr in (0.1, 0.3) for at in range(3)]
    found = recipes_of(trials)
    assert len(found.tiers) == 2 and found.recipes[0].improvement is None and found.recipes[1].improvement == 1.0
    assert found.has_seeds and not recipes_of(trials[:1]).has_seeds
    assert recipes_of([trials[0], *trials[3:]]).has_seeds  # one of two recipes has seeds


def test_a_flag_is_no_number_on_an_ordered_axis():
    """Effects of a switch are of two states, not of a slope."""
    states = [(on, at) for on in (False, True) for at in range(3)]
    trials = [Trial(f"{on}{at}", 0.3 + 0.1 * on + 0.001 * at, 0.01, {"switch": on}) for on, at in states]
    (effect,) = recipes_of(trials).effects
    assert [level[0] for level in effect.levels] == [False, True]


def test_names_stay_one_each_when_traces_go():
    clean = {"a/host1": "a/host", "a/host2": "a/host", "loss": "loss"}.__getitem__
    named = anonymous._names(["a/host1", "a/host2", "loss"], clean)
    assert named == {"a/host1": "a/host", "a/host2": "a/host'", "loss": "loss"}


@pytest.mark.parametrize(
    ("text", "left"),
    [("s3://bucket", False), ("see s3://bucket/runs/exp7 now", "exp7"), ("gs://bucket/", False)],
)
def test_an_address_keeps_its_last_part_alone(text, left):
    said = anonymous._without_places(text)
    assert "bucket" not in said and (not left or left in said)


def test_a_header_is_secret_by_its_scheme_or_its_value():
    for line, hidden in [("Authorization: Bearer abc", True), ("Authorization: Basic dXNlcjpwYXNz", True),
                         ("authorization: required", False)]:  # fmt: skip
        assert (redact.text(line)[1] > 0) is hidden, line


def test_a_token_mixes_its_letters_as_words_do_not():
    assert shapes._is_by_chance("aB3dE5fG7hJ9kL2m") and not shapes._is_by_chance("Qwen25Instruct7Bv2final")
    assert not shapes._is_by_chance("abcdefghijklmnop")


def test_only_the_last_part_of_a_name_is_undecided():
    """`tokenizer.pad_token` is none for its last word; a key above it decides nothing."""
    assert not names.is_secret("tokenizer.pad_token") and names.is_secret("auth.password")
    assert names.is_secret("services.wandb.api_key") and not names.is_secret("api.timeout")


def test_only_long_lists_of_sets_are_cut():
    run = SITUATIONS["seven_sets"]()[0]
    why = reportgen.diagnose(run).cast.main.why
    listed = why + reportgen.to_json(reportgen.compose([reportgen.diagnose(run)]))
    assert " …" in listed
    assert series.SAME < 1e-3
