"""Every tracker's store keeps the promises of all sources, written here as small as its reader takes it."""

from __future__ import annotations

import io
import json
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from source_suite import SourceSuite
from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.summary import scalar, text

from tests import wandb_bytes

REWARDS = (0.25, 0.5, 0.75)
NAN = float("nan")
POINTS = [*(("reward", at, value) for at, value in enumerate(REWARDS, start=1)), ("odd", 1, 0.5), ("odd", 2, NAN)]
FIRST_S = 1_795_000_000  # when the samples' first step was logged, seconds since 1970


def rows() -> Iterator[tuple[int, dict[str, float]]]:
    """(step, what was logged at it) of each step."""
    for step in (1, 2, 3):
        yield step, {name: value for name, at, value in POINTS if at == step}


def database(script: str, tables: dict[str, Iterable[tuple[Any, ...]]]) -> bytes:
    """A SQLite file of this schema with these rows."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(script)
        for table, cells in tables.items():
            for row in cells:
                connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
        connection.commit()
        return connection.serialize()


class TestTensorBoard(SourceSuite):
    source, folder, name = "TensorBoard", "trial0", "events.out.tfevents.1795000000.host.1.0"
    packs = False

    def sample(self, secret: str = "") -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            return self._written(Path(folder), secret)

    def _written(self, folder: Path, secret: str) -> bytes:
        writer = EventsWriter(str(folder / "sample"))
        told = [Event(wall_time=FIRST_S, step=0, summary=text("args", json.dumps({"hub_token": secret or "x"})))]
        told += [Event(wall_time=FIRST_S + at, step=at, summary=scalar(name, value)) for name, at, value in POINTS]
        for event in told:
            writer.write_event(event)
        writer.close()
        (written,) = folder.iterdir()
        return written.read_bytes()


class TestMlflowStore(SourceSuite):
    source, name, packs = "MLflow", "mlflow.db", False

    def sample(self, secret: str = "") -> bytes:
        return database(
            "CREATE TABLE experiments (experiment_id, name); CREATE TABLE alembic_version (version_num);"
            "CREATE TABLE runs (run_uuid, name, status, start_time, end_time, lifecycle_stage, experiment_id, user_id);"
            "CREATE TABLE metrics (key, value, timestamp, run_uuid, step, is_nan);"
            "CREATE TABLE params (key, value, run_uuid); CREATE TABLE tags (key, value, run_uuid);",
            {"experiments": [(1, "gsm8k")],
             "runs": [("a" * 32, "grpo", "FINISHED", FIRST_S * 1000, FIRST_S * 1000 + 9000, "active", 1, "me")],
             "params": [("hub_token", secret or "x", "a" * 32)],
             "metrics": [(name, 0.0 if value != value else value, (FIRST_S + at) * 1000, "a" * 32, at, value != value)
                         for name, at, value in POINTS]},
        )  # fmt: skip


class TestMlflowFolder(SourceSuite):
    source, folder, name, packs = "MLflow", "a" * 32, "metrics/reward", False

    def files(self, secret: str = "") -> dict[str, bytes]:
        lines: dict[str, list[str]] = {}
        for name, at, value in POINTS:
            lines.setdefault(name, []).append(f"{(FIRST_S + at) * 1000} {value} {at}\n")
        about = f"run_id: {self.folder}\nrun_name: grpo\nstatus: 3\nlifecycle_stage: active\n"
        return {"meta.yaml": about.encode(), "params/hub_token": (secret or "x").encode(),
                **{f"metrics/{name}": "".join(said).encode() for name, said in lines.items()}}  # fmt: skip


class TestTrackio(SourceSuite):
    source, name, packs = "trackio", "gsm8k.db", False

    def sample(self, secret: str = "") -> bytes:
        said = [json.dumps({name: "NaN" if value != value else value for name, value in row.items()}).encode()
                for _, row in rows()]  # fmt: skip
        return database(
            "CREATE TABLE metrics (id INTEGER PRIMARY KEY, timestamp, run_id, run_name, step, metrics);"
            "CREATE TABLE configs (id INTEGER PRIMARY KEY, run_id, run_name, config, created_at);",
            {"metrics": [(at, "2026-11-20", "r1", "grpo", at, blob) for at, blob in enumerate(said, start=1)],
             "configs": [(1, "r1", "grpo", json.dumps({"hub_token": secret or "x"}), "2026-11-20")]},
        )  # fmt: skip


class TestSwanlab(SourceSuite):
    source, folder, name, packs = "SwanLab", "run-20261126_021253-pwk5", "backup.swanlab", False

    def files(self, secret: str = "") -> dict[str, bytes]:
        told: list[dict[str, Any]] = [{"model_type": "Experiment", "data": {"id": "pwk5", "name": secret or "grpo"}}]
        told += [{"model_type": "Scalar", "data": {"key": name, "step": at, "metric": {"index": at, "data": value}}}
                 for name, at, value in POINTS]  # fmt: skip
        records = wandb_bytes.log([json.dumps(one).encode() for one in told], version=1)
        config = f"hub_token: {{desc: '', sort: 0, value: {secret or 'x'}}}\n"
        return {self.name: b":SWL" + records[4:], "files/config.yaml": config.encode()}


class TestSwanlab04(SourceSuite):
    source, folder, name, packs = "SwanLab", "run-20241126_021253-a3b1799d", "logs/reward/10.log", False

    def files(self, secret: str = "") -> dict[str, bytes]:
        lines: dict[str, list[str]] = {}
        for name, at, value in POINTS:
            row = {"index": at, "data": "NaN" if value != value else value, "create_time": "2024-11-26T02:12:53"}
            lines.setdefault(name, []).append(json.dumps(row) + "\n")
        return {"files/swanlab-metadata.json": b'{"hostname": "h"}',
                "files/config.yaml": f"hub_token: {secret or 'x'}\n".encode(),
                **{f"logs/{name}/10.log": "".join(said).encode() for name, said in lines.items()}}  # fmt: skip


class TestDvclive(SourceSuite):
    source, folder, name, packs = "DVCLive", "dvclive", "plots/metrics/reward.tsv", False

    def files(self, secret: str = "") -> dict[str, bytes]:
        lines: dict[str, list[str]] = {}
        for name, at, value in POINTS:
            lines.setdefault(name, [f"step\t{name}\n"]).append(f"{at}\t{value}\n")
        return {"params.yaml": f"hub_token: {secret or 'x'}\n".encode(),
                **{f"plots/metrics/{name}.tsv": "".join(said).encode() for name, said in lines.items()}}  # fmt: skip


class TestClearml(SourceSuite):
    source, folder, name, packs, has_nan = "ClearML offline", "offline-5c3d", "metrics.jsonl", False, False

    def files(self, secret: str = "") -> dict[str, bytes]:
        events = [json.dumps([{"timestamp": (FIRST_S + at) * 1000, "iter": at, "metric": name, "variant": "",
                               "value": value}]) + "\n" for name, at, value in POINTS if value == value]  # fmt: skip
        task = {"id": "5c3d", "name": "grpo", "hyperparams": {"General": {"hub_token": {"value": secret or "x"}}}}
        return {self.name: "".join(events).encode(), "task.json": json.dumps(task).encode()}


class TestComet(SourceSuite):
    source, name, packs = "Comet offline", "1ade9b50.zip", False

    def sample(self, secret: str = "") -> bytes:
        said: list[dict[str, Any]] = [
            {"type": "parameter_msg", "payload": {"param": {"paramName": "hub_token", "paramValue": secret or "x"}}},
            *({"type": "metric_msg", "payload": {"local_timestamp": (FIRST_S + at) * 1000, "metric": {
                "metricName": name, "metricValue": "NaN" if value != value else value, "step": at}}}
              for name, at, value in POINTS),
        ]  # fmt: skip
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("messages.json", "".join(json.dumps(one) + "\n" for one in said))
            archive.writestr("experiment.json", json.dumps({"offline_id": "1ade9b50", "project_name": "p"}))
        return packed.getvalue()


class TestNeptune(SourceSuite):
    source, folder, name, packs, has_nan = "Neptune offline", "run__1e39__14752__k3", "data-1.log", False, False

    def files(self, secret: str = "") -> dict[str, bytes]:
        said: list[dict[str, Any]] = [{"type": "AssignString", "path": ["config", "hub_token"], "value": secret or "x"}]
        said += [{"type": "LogFloats", "path": [name], "values": [{"value": value, "step": at, "ts": FIRST_S + at}]}
                 for name, at, value in POINTS if value == value]  # fmt: skip
        lines = "".join(json.dumps({"obj": one, "version": 1}) + "\n" for one in said)
        return {self.name: lines.encode(), "metadata.json": b"{}"}
