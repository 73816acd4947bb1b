"""The local copy: whole or not at all, open to others, the same run when read back, and no key in it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from wandb_server import Fault, Stored, environment, rows

from reportgen import sources, store
from reportgen.errors import SourceError
from reportgen.sources import local_copy
from reportgen.sources.wandb import api

ODD = [{"_step": 0, "a": 1.0, "n": {"a": 2.0}}, {"_step": 5, "a": "NaN", "n.a": 3.0}, {"_step": 6, "a": float("inf")}]


def same(one, other):
    """Whether two runs are equal in every field."""
    for field in fields(one):
        left, right = getattr(one, field.name), getattr(other, field.name)
        if isinstance(left, pd.DataFrame):
            pd.testing.assert_frame_equal(left, right)
        elif isinstance(left, pd.Series):
            pd.testing.assert_series_equal(left, right)
        else:
            assert repr(left) == repr(right), field.name
    return True


@pytest.fixture
def rich(wandb_server):
    """A run with something odd in every part."""
    stored = Stored(
        "rich",
        name="r\u00eeche </script>",
        history=ODD,
        config={"lr": {"value": [1e-5, None]}, "hf_token": {"value": "hf_abcdefghijklmnopqrstuvwx"}},
        summary={"best": {"max": 3}, "late": "NaN"},
        tags=["a"],
        events=[{"system.cpu": 5.0, "_timestamp": 1.77e9}, {"system.gpu.0.gpu": 9.0, "_timestamp": 1.77e9 + 9}],
    )
    wandb_server.add(stored)
    return wandb_server


def test_a_stored_run_is_the_run_that_was_fetched(rich, tmp_path):
    """Reading the copy gives the Run that the API gives, field by field, without W&B."""
    store.fetch(["my-team/gsm8k/rich"], tmp_path / "copy")
    from_api = api.read("my-team/gsm8k/rich")
    rich.asked.clear()
    (spec,) = sources.find(str(tmp_path / "copy"))
    assert same(from_api, sources.read(spec))
    assert not rich.asked


def test_reading_a_copy_imports_no_wandb(rich, tmp_path):
    """The copy is read where W&B's client isn't even installed."""
    store.fetch(["my-team/gsm8k/rich"], tmp_path / "copy")
    place = str(tmp_path / "copy" / "my-team" / "gsm8k" / "rich")
    code = f"import sys; sys.modules['wandb'] = None\nfrom reportgen import sources\nsources.read({place!r})"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)


def test_the_copy_is_open_to_others(rich, tmp_path):
    """Any reader of Parquet and JSON sees the values: null is "not logged", NaN is NaN."""
    store.fetch(["my-team/gsm8k/rich"], tmp_path)
    folder = tmp_path / "my-team" / "gsm8k" / "rich"
    about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    table = pq.read_table(folder / about["history"])
    assert table.column("_step").to_pylist() == [0, 5, 6]
    assert str(table.column("a").to_pylist()) == "[1.0, nan, inf]"
    assert table.column("n.a").to_pylist() == [None, 3.0, None]
    assert (about["state"], about["nested"]) == ("finished", {"n/a": ["n", "a"]})


def test_only_wanted_metrics_are_read(wandb_server, tmp_path):
    """A read of some metrics opens those columns alone."""
    wandb_server.add(Stored("some", history=[row | {"other": 1.0} for row in rows(20)]))
    store.fetch(["my-team/gsm8k/some"], tmp_path)
    run = local_copy.read(str(tmp_path / "my-team" / "gsm8k" / "some"), keep={"reward"})
    assert (list(run.history), len(run.history)) == (["reward"], 20)


def test_a_finished_run_is_never_fetched_twice(wandb_server, tmp_path):
    """The second fetch of a finished run asks W&B nothing; --refresh asks again."""
    wandb_server.add(Stored("done", history=rows(10)))
    store.fetch(["my-team/gsm8k/done"], tmp_path)
    wandb_server.asked.clear()
    (line,) = store.fetch(["my-team/gsm8k/done"], tmp_path).lines
    assert "there already" in line
    assert not wandb_server.asked
    store.fetch(["my-team/gsm8k/done"], tmp_path, refresh=True)
    assert wandb_server.count("HistoryPage") == 1


def test_a_running_run_goes_on_from_its_last_step(wandb_server, tmp_path):
    """Of a run that was running, only what is new is asked for, and nothing of the old is lost."""
    stored = Stored("live", history=rows(1500), state="running")
    wandb_server.add(stored)
    store.fetch(["my-team/gsm8k/live"], tmp_path)
    stored.history, stored.state = rows(1600), "finished"
    wandb_server.asked.clear()
    (line,) = store.fetch(["my-team/gsm8k/live"], tmp_path).lines
    (page,) = [variables for operation, variables in wandb_server.asked if operation == "HistoryPage"]
    assert (page["minStep"], "1,600 rows, 100 of them new, finished" in line) == (1499, True)
    assert same(api.read("my-team/gsm8k/live"), local_copy.read(str(tmp_path / "my-team" / "gsm8k" / "live")))


def test_a_limit_that_bites_is_told(wandb_server, tmp_path, monkeypatch):
    """What a query left out stands in the lines of a fetch."""
    monkeypatch.setattr(api, "NEWEST", 1)
    wandb_server.add(Stored("a", history=rows(3)), Stored("b", history=rows(3)))
    assert "the 1 newest of 2 runs" in store.fetch(["wandb:gsm8k"], tmp_path).lines[0]


def test_one_bad_run_does_not_stop_the_others(wandb_server, tmp_path):
    """A run that can't be read is named with its problem, the others are stored, and so is a path that isn't there."""
    wandb_server.add(Stored("good", history=rows(3)), Stored("bad", history=rows(3)))
    wandb_server.faults.append(Fault("HistoryPage", errors="permission denied", times=1))
    fetched = store.fetch(["wandb:gsm8k", "./folder"], tmp_path, jobs=1)
    assert len(fetched.lines) == 1
    assert [("permission denied" in problem, "no such file or folder" in problem) for _, problem in fetched.unread] == [
        (False, True),
        (True, False),
    ]


def test_several_runs_are_fetched_side_by_side(wandb_server, tmp_path):
    """Of four runs whose answers take a while, all are asked for at once, and progress counts them."""
    wandb_server.add(*(Stored(f"r{number}", history=rows(5)) for number in range(4)))
    wandb_server.faults.append(Fault("HistoryPage", hang_s=0.5, times=4))
    done = []
    store.fetch(["wandb:gsm8k"], tmp_path, jobs=4, progress=lambda n=1, what="", total=None: done.append((n, total)))
    assert done == [(0, 4), (1, None), (1, None), (1, None), (1, None)]
    assert wandb_server.most_at_once == 4


def test_names_cannot_leave_the_folder(wandb_server, tmp_path):
    """Runs called like paths or like each other but for case and signs stay below the folder, each in its own."""
    for name in ("..", "a:b", "a_b", "CON", "x" * 300):
        wandb_server.add(Stored(name, project="p.", history=rows(3)))
    fetched = store.fetch(["wandb:my-team/p."], tmp_path / "copy")
    assert not fetched.unread
    assert len(sources.find(str(tmp_path / "copy"))) == 5
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["copy"]


@pytest.mark.parametrize("damage", ["run.json", "history"])
def test_a_damaged_copy_is_named_and_fetched_again(wandb_server, tmp_path, damage):
    """Half a file is an error in words when read, and no obstacle to the next fetch."""
    wandb_server.add(Stored("d", history=rows(50)))
    store.fetch(["my-team/gsm8k/d"], tmp_path)
    folder = tmp_path / "my-team" / "gsm8k" / "d"
    (hurt,) = folder.glob(f"{damage}*")
    hurt.write_bytes(hurt.read_bytes()[:150])
    with pytest.raises(SourceError, match="--refresh"):
        local_copy.read(str(folder))
    store.fetch(["my-team/gsm8k/d"], tmp_path)
    assert len(local_copy.read(str(folder)).history) == 50


@pytest.mark.parametrize("moment", range(6))
def test_a_killed_fetch_is_completed_by_the_next(wandb_server, tmp_path, moment):
    """kill -9 at any moment leaves whole runs only, and the next call gets the rest."""
    wandb_server.add(*(Stored(f"r{number}", history=rows(300)) for number in range(6)))
    wandb_server.faults.append(Fault("HistoryPage", hang_s=0.15, times=6))
    copy = tmp_path / "copy"
    code = f"from reportgen import store; store.fetch(['wandb:gsm8k'], {str(copy)!r}, jobs=2)"
    child = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    seen = (".lock", "*.parquet", "run.json")[moment % 3]
    while child.poll() is None and len(list(copy.rglob(seen))) < 1 + moment // 3:
        time.sleep(0.0005)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    whole = sources.find(str(copy)) if any(copy.rglob("run.json")) else ()
    assert all(len(sources.read(spec).history) == 300 for spec in whole)
    assert not store.fetch(["wandb:gsm8k"], copy).unread
    assert [len(sources.read(spec).history) for spec in sources.find(str(copy))] == [300] * 6
    assert not list(copy.rglob("*.part"))


def test_the_key_appears_nowhere(wandb_server, tmp_path):
    """Neither what is printed nor any file that a fetch leaves holds the key, also when all goes wrong."""
    leaky = {"stats_logger": {"wandb_api_key": wandb_server.key}, "note": f"WANDB_API_KEY={wandb_server.key}"}
    config = {key: {"value": value} for key, value in leaky.items()}
    wandb_server.add(Stored("leaky", history=rows(5), config=config, name=f"key={wandb_server.key}"))
    wandb_server.add(Stored("denied"))
    given = {**os.environ, **environment(wandb_server, tmp_path / "home"), "WANDB_DEBUG": "true"}
    for spec in ("wandb:gsm8k", "my-team/gsm8k/nope", "https://evil.example/a/b/runs/c"):
        command = [sys.executable, "-m", "reportgen", "fetch", spec, "-o", "copy"]
        ended = subprocess.run(command, env=given, cwd=tmp_path, capture_output=True, timeout=120)
        assert wandb_server.key.encode() not in ended.stdout + ended.stderr
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "run.json" for path in left)
    assert not [path for path in left if wandb_server.key.encode() in path.read_bytes()]


def test_nothing_but_loopback_is_contacted(wandb_server, tmp_path):
    """A whole fetch sends nothing to any other host: a proxy for all of them is never asked."""
    wandb_server.add(Stored("quiet", history=rows(5)))
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(0.1)
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        proxies = {"HTTPS_PROXY": address, "HTTP_PROXY": address, "NO_PROXY": "127.0.0.1"}
        given = {**os.environ, **environment(wandb_server, tmp_path / "home"), **proxies}
        code = "from reportgen import store; assert not store.fetch(['wandb:gsm8k'], 'copy').unread"
        subprocess.run([sys.executable, "-c", code], env=given, cwd=tmp_path, check=True, timeout=120)
        with pytest.raises(TimeoutError):
            proxy.accept()
    assert Path(tmp_path, "copy/my-team/gsm8k/quiet/run.json").exists()
