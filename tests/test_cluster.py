"""The same map on a real Dask scheduler and two workers on loopback."""

import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from reportgen import many, workers
from reportgen.errors import SettingsError

distributed = pytest.importorskip("distributed")
TESTS = Path(__file__).parent


def begin(*words):
    """One process of the cluster, its words on a pipe."""
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *words],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        env={**os.environ, "PYTHONPATH": paths, "PYTHONWARNINGS": "ignore"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def cluster():
    """A scheduler's address, two workers with one thread each behind it."""
    scheduler = begin("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--dashboard-address", ":0")
    address = next(found[0] for line in scheduler.stderr if (found := re.search(r"tcp://127\.0\.0\.1:\d+", line)))
    each = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--dashboard-address", ":0", "--host", "127.0.0.1")
    team = [begin("worker", address, *each) for _ in range(2)]
    with distributed.Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    yield address
    for process in (*team, scheduler):
        process.kill()
        process.communicate()


def slowly(task, *, victim=None, marked=""):
    """What the workers do here: one of them kills itself once, in mid-run."""
    if task == victim and not Path(marked).exists():
        Path(marked).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.02)
    return task * task


def test_a_cluster_gives_what_one_process_gives(cluster, tmp_path):
    """Workers read the specs themselves; what can't be read is told."""
    for name, words in (("a", "0.5"), ("b", "0.25"), ("c", "none")):
        (tmp_path / f"{name}.csv").write_text("step,reward\n" + "".join(f"{step},{words}\n" for step in range(1, 20)))
    specs = [str(tmp_path / f"{name}.csv") for name in "abc"]
    alone, spread = many.diagnose_all(specs), many.diagnose_all(specs, cluster=cluster)
    assert [one.run.name for one in spread.diagnoses] == [one.run.name for one in alone.diagnoses] == ["a", "b"]
    assert spread.unread == alone.unread


def test_a_worker_killed_in_mid_run_loses_nothing(cluster, tmp_path):
    """The other worker takes over what the dead one had."""
    work = partial(slowly, victim=7, marked=str(tmp_path / "killed"))
    outcomes = dict(workers.spread(work, range(40), cluster=cluster))
    assert (tmp_path / "killed").exists()
    assert outcomes == {at: at * at for at in range(40)}


def test_a_scheduler_that_is_not_there_is_named(monkeypatch):
    """One sentence that says which address did not answer."""
    monkeypatch.setattr(workers, "PATIENCE_S", 1.0)
    with pytest.raises(SettingsError, match=r"--cluster tcp://127.0.0.1:1: no scheduler answers there"):
        list(workers.spread(slowly, range(3), cluster="tcp://127.0.0.1:1"))
