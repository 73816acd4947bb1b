"""W&B's server may answer anything: one sentence in time, and the key goes nowhere else."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from wandb_server import KEY, Fault, Stored, rows, serving

from reportgen.errors import ReportgenError, SourceError
from reportgen.sources.wandb import api, fetch
from reportgen.sources.wandb.login import USUAL

AT_ONCE = replace(USUAL, attempts=1, pause_s=0.01, answer_s=3, total_s=6.0, client_attempts=0)
ANYTHING = (
    b"",
    b"[]",
    b"null",
    b"5",
    b'"x"',
    b"{",
    b'{"data": []}',
    b'{"data": {"project": []}}',
    b'{"data": {"project": {"run": []}}}',
    b'{"data": {"project": {"run": {"name": 5, "id": [], "history": "x", "config": "[]"}}}}',
    b"[" * 2000,
    b'{"data": null}',
)


@pytest.mark.parametrize("operation", ["Run", "HistoryPage", "*"])
@pytest.mark.parametrize("answer", ANYTHING, ids=range(len(ANYTHING)))
def test_any_answer_is_a_sentence_or_a_run(wandb_server, operation, answer):
    """Lists for objects, missing parts, no JSON at all."""
    wandb_server.add(Stored("r", history=rows(5)))
    wandb_server.faults.append(Fault(operation, answer=answer, times=100))
    try:
        fetch.record(api.addressed("my-team/gsm8k/r"), limits=AT_ONCE)
    except ReportgenError as error:
        assert KEY not in str(error)


ODD = {
    "config": {"lr": 5, "x": {"value": [None, {"a": []}]}, "_wandb": []},
    "summary": {"_wandb": 7, "a": {"b": []}},
    "tags": [None, 5, "a"],
    "notes": ["x"],
    "created_at": "99999-01-01",
    "line_count": -5,
    "name": "",
    "events": [{"_timestamp": "x"}, {"_timestamp": 1e300, "system.cpu": []}],
}


@pytest.mark.parametrize("part", ODD)
def test_an_odd_part_of_a_run_does_not_take_it_down(wandb_server, part):
    """A config that is a list, a summary of a number, a year beyond the calendar."""
    wandb_server.add(Stored("r", history=rows(5), **{part: ODD[part]}))
    try:
        assert len(fetch.record(api.addressed("my-team/gsm8k/r"), limits=AT_ONCE).run().history) == 5
    except ReportgenError as error:
        assert "\n" not in str(error)


def test_steps_without_end_are_not_asked_for_one_by_one(wandb_server):
    """A run that says its last step is 10^15 is read in a bounded number of pages."""
    wandb_server.add(Stored("r", history=[{"_step": 0, "a": 1.0}, {"_step": 10**15, "a": 2.0}], line_count=10**9))
    run = fetch.record(api.addressed("my-team/gsm8k/r"), limits=replace(USUAL, total_s=60.0)).run()
    assert run.history["a"].tolist() == [1.0, 2.0]
    assert any("the rest is missing" in note for note in run.notes)


def test_an_answer_that_drips_ends_in_time(wandb_server):
    """A byte now and then keeps nothing waiting."""
    wandb_server.add(Stored("r", history=rows(5)))
    wandb_server.faults.append(Fault("Run", drip=True, times=100))
    with pytest.raises(SourceError, match=r"could not be read|no whole answer"):
        fetch.record(api.addressed("my-team/gsm8k/r"), limits=replace(AT_ONCE, total_s=1.0))


@pytest.mark.parametrize("operation", ["Run", "HistoryPage", "*"])
def test_a_redirect_takes_no_key_with_it(wandb_server, operation):
    """To another host, whatever asked."""
    wandb_server.add(Stored("r", history=rows(5)))
    with serving() as other:
        elsewhere = other.url.replace("127.0.0.1", "localhost") + "/graphql"
        wandb_server.faults.append(Fault(operation, to=elsewhere, times=100))
        try:
            fetch.record(api.addressed("my-team/gsm8k/r"), limits=AT_ONCE)
        except ReportgenError as error:
            assert "\n" not in str(error)
        assert KEY not in json.dumps(sorted(other.keys_seen))


def test_no_key_goes_over_plain_http(wandb_server, monkeypatch):
    """To anything but this machine, netrc's key neither."""
    monkeypatch.setenv("WANDB_BASE_URL", "http://wandb.example.org")
    for spec in ("a/b/c", "http://wandb.example.org/a/b/runs/c"):
        with pytest.raises(SourceError, match="in the clear, so nothing was sent"):
            api.find(spec)
