"""Runs in an object store and on a web server, against real servers on this machine."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from areal_writer import log

from reportgen.errors import ReportgenError, SourceError, SpecError
from reportgen.sources import find, read, read_all
from reportgen.sources.files import copies, remote

pytest.importorskip("s3fs")
server = pytest.importorskip("moto.server")

TABLE = "step,reward\n1,0.5\n2,0.25\n"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server of S3's protocol with an empty bucket, called runs."""
    import s3fs

    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    running.start()
    host, port = running.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        known = {"ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "word", "DEFAULT_REGION": "us-east-1"}
        for name, value in (known | {"ENDPOINT_URL": f"http://{host}:{port}", "EC2_METADATA_DISABLED": "1"}).items():
            patch.setenv(f"AWS_{name}", value)
        store = s3fs.S3FileSystem()
        store.mkdir("runs")
        store.pipe_file("runs/grpo/trial1/trainer.log", log([0.25, 0.5]).encode())
        store.pipe_file("runs/grpo/trial1/config.yaml", b"experiment_name: grpo\ntrial_name: trial1\n")
        store.pipe_file("runs/grpo/seed2.csv", TABLE.encode())
        store.pipe_file("runs/grpo/model.safetensors", b"x" * 1000)
        store.pipe_file("runs/grpo/weights", b"\0" * (remote.SMALL + 1))
        yield "s3://runs"
    running.stop()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """A plain web server over a folder with one table."""
    (tmp_path / "grpo.csv").write_text(TABLE)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path))) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()


def test_a_prefix_is_a_folder_of_runs(address: str) -> None:
    """Every run below a prefix is found and read, and is called by its address; weights aren't copied."""
    specs = find(f"{address}/grpo")
    runs = read_all(specs).runs
    assert sorted(run.source for run in runs) == ["AReaL log s3://runs/grpo/trial1/trainer.log",
                                                  "table s3://runs/grpo/seed2.csv"]  # fmt: skip
    passed = {Path(path).name: why for path, why in specs.passed_over}
    assert passed["model.safetensors"] == "a model's weights or tokens"
    assert passed["weights"] == "its first bytes are no run's"


def test_one_object(address: str) -> None:
    """A single object is a run, with the settings beside it."""
    run = read(*find(f"{address}/grpo/trial1/trainer.log"))
    assert (run.id, len(run.history)) == ("grpo_trial1_train", 2)


def test_a_glob_of_objects(address: str) -> None:
    """A star in an address matches as it does in a path."""
    (spec,) = find(f"{address}/grpo/*.csv")
    assert read(spec).source == "table s3://runs/grpo/seed2.csv"


def test_nothing_there(address: str) -> None:
    """A prefix without an object, and a bucket that isn't there, are each one sentence."""
    for spec in (f"{address}/none/", "s3://nobucket/x.csv"):
        with pytest.raises((SpecError, SourceError)) as told:
            find(spec)
        assert str(told.value).startswith(f"{spec}: ")
        assert "\n" not in str(told.value)


def test_too_much_is_said(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit of what is copied is told before it is passed."""
    monkeypatch.setattr(copies, "MOST", 10)
    with pytest.raises(SourceError, match=r"^s3://runs/grpo: more than .* name a run in it"):
        find(f"{address}/grpo")
    with pytest.raises(SourceError, match=r"seed2\.csv: .* copy it by hand"):
        find(f"{address}/grpo/seed2.csv")


def test_a_file_on_a_web_server(web: str) -> None:
    """A web address of a file is read, its query not shown."""
    (spec,) = find(f"{web}/grpo.csv?signature=secret")
    run = read(spec)
    assert run.source == f"table {web}/grpo.csv"
    assert len(run.history) == 2
    with pytest.raises(ReportgenError, match=r"none\.csv: "):
        find(f"{web}/none.csv")


def test_pages_of_wandb_are_no_files() -> None:
    """W&B's addresses stay W&B's."""
    assert not remote.is_address("https://wandb.ai/team/project/runs/a.csv")
    assert not remote.is_address("https://elsewhere.example/team/project/runs/abc.log")
    assert remote.is_address("https://elsewhere.example/runs/abc.log")


def test_a_page_into_a_store(address: str, tmp_path: Path) -> None:
    """-o takes an address; what can't be written there is told, and then nothing is written at all."""
    import s3fs
    from click.testing import CliRunner

    from reportgen.cli import cli

    table = tmp_path / "grpo.csv"
    table.write_text("step,reward\n" + "".join(f"{step},0.{step}\n" for step in range(10, 60)))
    told = str(tmp_path / "r.json")
    words = ["report", str(table), "--no-cache", "--json", told, "-o"]
    assert CliRunner().invoke(cli, [*words, "s3://nobucket/r.html"]).exit_code == 2
    assert not Path(told).exists()
    ended = CliRunner().invoke(cli, [*words, f"{address}/reports/r.html"])
    assert ended.exit_code == 0, ended.output
    assert s3fs.S3FileSystem().cat_file("runs/reports/r.html").rstrip().endswith(b"</html>")
    with pytest.raises(ReportgenError, match="a web server takes no page"):
        remote.write("https://elsewhere.example/r.html", b"<html>")
