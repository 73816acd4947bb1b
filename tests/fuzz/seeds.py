# ruff: noqa: E501 (files as they are written)
"""Small sound runs of every format, as files; made by the writers that people use, or as those write."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import zstandard

from reportgen import compose, diagnose, from_rows, store, to_json
from reportgen.sources.logged import Record
from tests import areal_writer, wandb_bytes

Files = dict[str, bytes]  # path in a folder -> content
TRACKERS = Path(__file__).parents[1] / "trackers"
STEPS = range(1, 13)
REWARDS = [0.2 + 0.02 * step + 0.01 * (step % 3) for step in STEPS]
CONFIG = "experiment_name: e\ntrial_name: t\nactor:\n  path: Qwen/Qwen2.5-0.5B\n  lr: 1.0e-5\nlist: [1, 2, {a: b}]\nx: &x {y: 1}\nz: *x\n"
METADATA = {
    "host": "h",
    "username": "u",
    "program": "t.py",
    "args": ["--lr", "1"],
    "startedAt": "2025-11-09T10:00:00Z",
    "git": {"commit": "abc", "remote": "git@x:y"},
    "gpu_nvidia": [{"name": "A100"}],
    "exitcode": 0,
}


def rows() -> list[dict[str, float]]:
    """What every run logs."""
    return [
        {
            "step": step,
            "reward": reward,
            "loss": 1 / step,
            "kl": 0.01 * step,
            "eval/acc": reward / 2,
            "lr": 1e-5,
            "step_time": 3.0 + step % 2,
            "entropy": 1.0 - step / 40,
        }
        for step, reward in zip(STEPS, REWARDS, strict=True)
    ]


def csv_table() -> Files:
    """pandas' own."""
    return {"a.csv": pd.DataFrame(rows()).to_csv(index=False).encode()}


def csv_semicolon() -> Files:
    """As a German spreadsheet writes it."""
    return {"a.csv": pd.DataFrame(rows()).to_csv(index=False, sep=";", decimal=",").encode()}


def csv_chart() -> Files:
    """As W&B's page exports a chart."""
    head = '"Step","run a - reward","run a - reward__MIN","run a - reward__MAX","b - reward","b - reward__MIN","b - reward__MAX"'
    lines = [
        f'"{step}",' + ",".join(f'"{value}"' for value in [reward] * 6)
        for step, reward in zip(STEPS, REWARDS, strict=True)
    ]
    return {"chart.csv": "\n".join([head, *lines, ""]).encode()}


def json_lines() -> Files:
    """A row a line."""
    return {"a.jsonl": "".join(json.dumps(row) + "\n" for row in rows()).encode()}


def json_list() -> Files:
    """All rows in one list, some nested."""
    return {"a.json": json.dumps([{**row, "nested": {"a": {"b": 1}}} for row in rows()]).encode()}


def json_under() -> Files:
    """Rows under a key, columns, and one number a metric."""
    return {"h.json": json.dumps({"history": rows(), "name": "x"}).encode()}


def verl_lines() -> Files:
    """verl's file logger."""
    return {"v.jsonl": "".join(json.dumps({"step": row["step"], "data": row}) + "\n" for row in rows()).encode()}


def trainer_state() -> Files:
    """transformers' Trainer."""
    logged = [{**row, "epoch": row["step"] / 4} for row in rows()] + [{"train_runtime": 5.0, "step": 12}]
    state = {"log_history": logged, "global_step": 12, "max_steps": 12, "logging_steps": 1, "trial_name": None}
    return {"trainer_state.json": json.dumps(state, indent=2).encode()}


def verl_console() -> Files:
    """verl under Ray."""
    lines = [
        f"\x1b[36m(TaskRunner pid=1)\x1b[0m step:{row['step']} - " + " - ".join(f"{k}:{v}" for k, v in row.items())
        for row in rows()
    ]
    return {"run.log": ("'project_name': 'p'\n" + "\n".join(lines) + "\nFinal validation metrics: {}\n").encode()}


def openrlhf_console() -> Files:
    """OpenRLHF."""
    return {"o.log": "".join(f"✨ Global step {row['step']}: {row}\n" for row in rows()).encode()}


def trl_console() -> Files:
    """TRL, with tqdm's bars."""
    lines = [
        f"\r  1%|x| {row['step']}/12{{'loss': {row['loss']}, 'reward': '{row['reward']}', 'epoch': 0.1}}".replace(
            "/12{", "/12 {"
        )
        for row in rows()
    ]
    return {"t.log": ("\n".join(lines) + "\n{'train_runtime': 12.0, 'epoch': 1.0}\n").encode()}


def areal_log() -> Files:
    """AReaL, with its config and its answers."""
    answers = "".join(json.dumps({"task_id": n, "reward": n % 2, "prompt": f"q{n}"}) + "\n" for n in range(6))
    return {
        "trainer.log": areal_writer.log(REWARDS).encode(),
        "config.yaml": CONFIG.encode(),
        "eval-rollout/12/t.jsonl": answers.encode(),
    }


def wandb_log() -> Files:
    """A run directory of W&B's SDK with the files beside its log."""
    logged = [
        wandb_bytes.row({key: json.dumps(value) for key, value in row.items()}, step=row["step"]) for row in rows()
    ]
    return {
        "wandb/offline-run-20251109_100000-hand1/run-hand1.wandb": wandb_bytes.log(
            [wandb_bytes.run(), *logged, wandb_bytes.exited()]
        ),
        "wandb/offline-run-20251109_100000-hand1/files/config.yaml": b"lr:\n  desc: null\n  value: 1.0e-05\n_wandb:\n  value: {cli_version: 0.31.0}\n",
        "wandb/offline-run-20251109_100000-hand1/files/wandb-summary.json": b'{"reward": 0.4, "_runtime": 12, "_wandb": {"runtime": 12}}',
        "wandb/offline-run-20251109_100000-hand1/files/wandb-metadata.json": json.dumps(METADATA).encode(),
        "wandb/offline-run-20251109_100000-hand1/files/output.log": b"hello\r\x1b[31mred\x1b[0m\n",
    }


def wandb_legacy() -> Files:
    """The SDK before it had logs."""
    history = "".join(
        json.dumps({**row, "_step": row["step"], "_timestamp": 1.5e9 + row["step"], "_runtime": row["step"]}) + "\n"
        for row in rows()
    )
    events = "".join(json.dumps({"system.cpu": 5.0, "_timestamp": 1.5e9 + n, "_runtime": n}) + "\n" for n in range(4))
    folder = "run-20190101_100000-old1"
    return {
        f"{folder}/wandb-history.jsonl": history.encode(),
        f"{folder}/wandb-events.jsonl": events.encode(),
        f"{folder}/wandb-metadata.json": json.dumps(METADATA | {"state": "finished"}).encode(),
    }


def local_copy() -> Files:
    """What `reportgen fetch` stores."""
    columns = {key: np.array([row[key] for row in rows()]) for key in rows()[0] if key != "step"}
    system = pd.DataFrame({"cpu": [1.0, 2.0]}, index=pd.Index([0.0, 5.0], name="s"))
    record = Record(
        "e",
        "p",
        "r",
        "name",
        "finished",
        {"_step": np.arange(1.0, 13), **columns},
        config={"lr": 1},
        summary={"a": 1},
        provenance={"host": "h", "tags": ["t"]},
        system=system,
        runtime_s=5.0,
    )
    return _written(lambda folder: store.write(record, folder / "r"))


def own_json() -> Files:
    """A report's own JSON."""
    run = from_rows(rows(), id="r", source="s")
    return {"report.json": to_json(compose([diagnose(run)])).encode()}


def tensorboard() -> Files:
    """tensorboardX's own."""
    from tensorboardX import SummaryWriter

    def write(folder: Path) -> None:
        with SummaryWriter(str(folder / "run1")) as writer:
            for row in rows():
                for name, value in row.items():
                    writer.add_scalar(name, value, int(row["step"]), walltime=1.7e9 + row["step"])
            writer.add_text("config", CONFIG, 0)

    return _written(write)


def packed(how: Callable[[bytes], bytes], suffix: str) -> Callable[[], Files]:
    """A log, packed."""

    def files() -> Files:
        return {f"trainer.log{suffix}": how(areal_writer.log(REWARDS).encode())}

    return files


def parquet() -> Files:
    """A table of columns."""
    sink = io.BytesIO()
    pd.DataFrame(rows()).to_parquet(sink)
    return {"a.parquet": sink.getvalue()}


def numpy_archive() -> Files:
    """Arrays by name."""
    sink = io.BytesIO()
    np.savez_compressed(sink, **{key: np.array([row[key] for row in rows()]) for key in rows()[0]})
    return {"a.npz": sink.getvalue()}


SEEDS: dict[str, Callable[[], Files]] = {
    "csv": csv_table,
    "csv-semicolon": csv_semicolon,
    "csv-chart": csv_chart,
    "jsonl": json_lines,
    "json": json_list,
    "json-under": json_under,
    "verl-jsonl": verl_lines,
    "trainer-state": trainer_state,
    "verl": verl_console,
    "openrlhf": openrlhf_console,
    "trl": trl_console,
    "areal": areal_log,
    "wandb": wandb_log,
    "wandb-legacy": wandb_legacy,
    "local-copy": local_copy,
    "own-json": own_json,
    "tensorboard": tensorboard,
    "parquet": parquet,
    "npz": numpy_archive,
    "gzip": packed(gzip.compress, ".gz"),
    "xz": packed(lzma.compress, ".xz"),
    "zstd": packed(zstandard.ZstdCompressor().compress, ".zst"),
}


@cache
def seed(name: str) -> Files:
    """The files of a seed, made once."""
    return SEEDS[name]()


def made() -> Iterator[tuple[str, Files]]:
    """Every seed whose writer is installed."""
    for name in SEEDS:
        with suppress(ImportError):
            yield name, seed(name)


def by_trackers() -> Iterator[tuple[str, Files]]:
    """Seeds that trackers' own libraries wrote: the small folders of tests/trackers/."""
    for packed_up in sorted(TRACKERS.glob("*.tar.xz")):
        kind = packed_up.name.removesuffix(".tar.xz")
        with tempfile.TemporaryDirectory() as place, tarfile.open(packed_up) as archive:
            archive.extractall(place, filter="data")
            for name, files in found(Path(place, kind)):
                yield f"{kind}/{name}", files


def found(folder: Path, most: int = 200_000) -> Iterator[tuple[str, Files]]:
    """Further seeds out of a folder of sample runs: each of its folders whose files are small."""
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        paths = [path for path in place.rglob("*") if path.is_file()]
        if 0 < sum(path.stat().st_size for path in paths) <= most:
            yield place.name, {str(path.relative_to(place)): path.read_bytes() for path in paths}


def _written(write: Callable[[Path], None]) -> Files:
    with tempfile.TemporaryDirectory() as place:
        write(Path(place))
        return {
            str(path.relative_to(place)): path.read_bytes()
            for path in sorted(Path(place).rglob("*"))
            if path.is_file() and path.name != ".lock"
        }
