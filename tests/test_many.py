"""Many runs: side by side, one lost worker costs one run, nothing is read twice, nothing is left behind."""

import os
import signal
import subprocess
import sys
import time
import zlib
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from reportgen import many, workers
from reportgen.cache import Cache, folder
from reportgen.settings import Settings


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Fourteen small CSV runs in a folder of their own; the last is no run."""
    place = tmp_path_factory.mktemp("many")
    rng = np.random.default_rng(1)
    for seed in range(14):
        rewards = rng.binomial(64, 0.3 + 0.01 * seed, 20) / 64
        rows = "".join(f"{step},{reward}\n" for step, reward in enumerate(rewards, 1))
        (place / f"seed{seed:02}.csv").write_text(f"step,reward\n{rows}")
    (place / "seed13.csv").write_text("step,reward\nonly,words\n")
    return [str(path) for path in sorted(place.glob("*.csv"))]


@pytest.fixture
def cache(tmp_path):
    """An empty cache."""
    return Cache(tmp_path / "cache", "edition")


def doubled(task, *, dies=None):
    """What a worker of these tests does: ends itself at one task, else says which process it is."""
    if task == dies:
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * task, os.getpid()


def test_processes_give_what_one_gives(runs):
    """Over two processes the same diagnoses come in the same order, and the broken one is told."""
    alone, spread = many.diagnose_all(runs), many.diagnose_all(runs, jobs=2)
    assert [one.run.source for one in spread.diagnoses] == [one.run.source for one in alone.diagnoses]
    assert [one.verdict.headline for one in spread.diagnoses] == [one.verdict.headline for one in alone.diagnoses]
    assert [spec for spec, _ in spread.unread] == [runs[-1]] == [spec for spec, _ in alone.unread]


def test_what_runs_have_alike_is_held_once(runs):
    """Thousands of runs fit: steps, settings and rules are one object for all, over processes and alone."""
    for found in (many.diagnose_all(runs), many.diagnose_all(runs, jobs=2)):
        first, *others = found.diagnoses
        assert others
        for one in others:
            assert one.settings is first.settings
            assert one.seen["train_reward"].steps is first.seen["train_reward"].steps
            assert one.skipped[0] is first.skipped[0]


def test_a_worker_that_dies_costs_one_task():
    """The task is named with the signal; every other one is done."""
    outcomes = dict(workers.spread(partial(doubled, dies=5), range(12), jobs=2))
    assert outcomes[5] == workers.Lost("its process was ended by SIGKILL (out of memory?)")
    assert [outcomes[at][0] for at in range(12) if at != 5] == [2 * at for at in range(12) if at != 5]


def test_work_is_spread():
    """Two jobs are two processes, neither of them this one."""
    seen = {process for _, (_, process) in workers.spread(doubled, range(40), jobs=2)}
    assert len(seen) == 2
    assert os.getpid() not in seen


def test_nothing_is_read_twice(runs, cache):
    """The second time everything is known, and the diagnoses are equal."""
    first, second = (many.diagnose_all(runs[:3], cache=cache) for _ in range(2))
    assert (first.n_cached, second.n_cached) == (0, 3)
    assert [one.verdict for one in second.diagnoses] == [one.verdict for one in first.diagnoses]


def test_a_changed_run_is_read_again(tmp_path, runs, cache):
    """A run that grew, or a config that appeared beside it, is read anew."""
    path = tmp_path / "a.csv"
    path.write_bytes(Path(runs[0]).read_bytes())
    once = partial(many.diagnose_all, [str(path)], cache=cache)
    assert (once().n_cached, once().n_cached) == (0, 1)
    with path.open("a") as file:
        file.write("21,0.9\n")
    grown = once()
    assert grown.n_cached == 0
    assert grown.diagnoses[0].run.last_step == 21
    (tmp_path / "a.yaml").write_text("lr: 1e-6")
    assert (once().n_cached, once().n_cached) == (0, 1)
    assert once().diagnoses[0].run.config == {"lr": "1e-6"}


def test_other_settings_are_another_diagnosis(runs, cache):
    """A threshold, a label or leaving out names is part of what was asked for."""
    once = partial(many.diagnose_all, cache=cache)
    assert once(runs[:1]).n_cached == 0
    assert once(runs[:1], many.Wanted(Settings(gap=0.1))).n_cached == 0
    assert once({runs[0]: "mine"}).n_cached == 0
    assert once(runs[:1], many.Wanted(anonymous=True)).n_cached == 0
    assert once(runs[:1]).n_cached == 1


def test_a_torn_entry_is_none(runs, cache):
    """An entry that was cut at any place is made anew."""
    many.diagnose_all(runs[:1], cache=cache)
    (entry,) = cache.place.glob("*/*.z")
    whole = entry.read_bytes()
    for end in (0, 1, len(whole) // 2, len(whole) - 1):
        entry.write_bytes(whole[:end])
        assert many.diagnose_all(runs[:1], cache=cache).n_cached == 0
    assert many.diagnose_all(runs[:1], cache=cache).n_cached == 1


def test_the_cache_is_bounded(runs, cache):
    """The entries used longest ago go first."""
    many.diagnose_all(runs[:3], cache=cache)
    entries = sorted(cache.place.glob("*/*.z"))
    os.utime(entries[1], (1, 1))
    cache.sweep(largest_mb=(sum(entry.stat().st_size for entry in entries) - 1) / 1e6)
    assert sorted(cache.place.glob("*/*.z")) == [entries[0], entries[2]]


def test_a_cache_that_cannot_be_written_is_no_fault(runs, tmp_path):
    """A file where the folder should be: the diagnosis comes all the same."""
    (tmp_path / "cache").write_text("")
    assert len(many.diagnose_all(runs[:1], cache=Cache(tmp_path / "cache", "edition")).diagnoses) == 1


def test_the_cache_holds_no_secret(tmp_path, cache):
    """What is taken out of a run isn't in its entry either."""
    secret = "hf_" + "Ab3" * 12
    rows = "".join(f"{step},0.5,1\n" for step in range(1, 20))
    (tmp_path / "a.csv").write_text(f"step,reward,token={secret}\n{rows}")
    many.diagnose_all([str(tmp_path / "a.csv")], cache=cache)
    (entry,) = cache.place.glob("*/*.z")
    kept = zlib.decompress(entry.read_bytes())
    assert b"reward" in kept
    assert secret.encode() not in kept


def test_the_cache_lives_with_the_user(monkeypatch):
    """XDG's folder where it is set, ~/.cache else."""
    monkeypatch.delenv("REPORTGEN_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert folder() == Path("/somewhere/reportgen/diagnoses")


SLOW = """
import os, sys, time
from reportgen import workers
def slow(task):
    os.write(1, b"%d\\n" % os.getpid())  # in one piece: two workers print at once
    time.sleep(60)
if __name__ == "__main__":
    list(workers.spread(slow, range(8), jobs=2))
"""


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_stops_at_once_and_leaves_no_process(tmp_path):
    """An interrupt ends parent and workers within moments."""
    script = tmp_path / "slow.py"
    script.write_text(SLOW)
    begun = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, stderr=subprocess.PIPE)
    pids = [int(begun.stdout.readline()) for _ in range(2)]
    begun.send_signal(signal.SIGINT)
    _, errors = begun.communicate(timeout=20)
    assert "KeyboardInterrupt" in errors
    for _ in range(100):
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            break
        time.sleep(0.05)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
