"""A short part of `make fuzz`, the same each time."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import breaking, promises, seeds

CORPUS = {**dict(seeds.made()), **dict(seeds.by_trackers())}
SHORT = settings(
    derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck), max_examples=12
)  # fmt: skip


@pytest.mark.parametrize("name", CORPUS)
@SHORT
@given(begin=st.integers(0, 1 << 32))
def test_a_broken_input_is_a_report_or_a_sentence(tmp_path_factory, name, begin):
    """No other error, nothing that takes long, and a run that every room can rely on."""
    promises.read(breaking.broken(CORPUS[name], Random(begin)), tmp_path_factory.getbasetemp() / "fuzz")


@pytest.mark.parametrize("name", ["csv", "jsonl", "areal", "wandb", "trainer-state"])
@settings(SHORT, max_examples=3)
@given(begin=st.integers(0, 1 << 32))
def test_a_broken_input_makes_a_sound_page(tmp_path_factory, name, begin):
    """Through to every output, and back from the JSON."""
    folder = tmp_path_factory.getbasetemp() / "fuzz"
    promises.shown(promises.read(breaking.broken(CORPUS[name], Random(begin)), folder))


@pytest.mark.parametrize("name", sorted(set(CORPUS) - {"own-json"}))
def test_every_seed_is_a_run(tmp_path, name):
    """What is broken was whole before."""
    assert promises.read(CORPUS[name], tmp_path / "in")
