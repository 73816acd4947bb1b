"""Reading a million points of each store: `python -m benchmarks.store_reading`.

Prints CPU seconds and peak memory of reading one run of 10,000 steps with 100 metrics (TensorBoard: 100,000 with
10), each as a ratio to a plain pass over the same bytes, taken in the same run. Where pyarrow is installed pandas
imports it, which is 35 MB of each peak.
"""

from __future__ import annotations

import json
import sqlite3
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from benchmarks import ways

FOLDER = Path("build/bench/stores")
N_STEPS, N_METRICS = 10_000, 100
STORES = ("tensorboard", "mlflow", "trackio", "swanlab", "parquet", "csv")


def main() -> None:
    """Makes each store once, then times the pass and the reading in processes of their own."""
    print(f"{'':>12}  {'MB':>6} {'plain s':>8} {'s':>7} {'ratio':>7} {'peak MB':>8}")
    for store in STORES:
        path = FOLDER / store / NAMES[store]
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            MAKERS[store](path)
        plain, _ = ways.measured("benchmarks.store_reading", "plain", path)
        seconds, peak = ways.measured("benchmarks.store_reading", "read", path)
        size = path.stat().st_size / 1e6
        print(f"{store:>12}  {size:6.0f} {plain:8.3f} {seconds:7.2f} {seconds / max(plain, 1e-3):7.0f} {peak:8.0f}")


def _ways() -> dict[str, Callable[[str], object]]:
    from reportgen.sources import read

    return {"plain": _plain, "read": read}


def _plain(path: str) -> int:
    """Every byte once, as a sum over whole words."""
    total = 0
    with Path(path).open("rb") as stream:
        while piece := stream.read(1 << 20):
            total += int(np.frombuffer(piece[: len(piece) // 8 * 8], dtype=np.uint64).sum())
    return total


def _values() -> np.ndarray:
    return np.random.default_rng(12).normal(size=(N_STEPS, N_METRICS))


def _tensorboard(path: Path) -> None:
    """10 tags over 100,000 steps."""
    write_events(path, _values().reshape(-1, 10))


def write_events(path: Path, values: np.ndarray) -> None:
    """An event file as torch writes it, a record a scalar; values: (n_steps, n_tags)."""
    from reportgen.sources.tensorboard import framing

    def records() -> Iterator[bytes]:
        for step, row in enumerate(values):
            for number, value in enumerate(row.tolist()):
                tag = f"train/metric_{number}".encode()
                one = b"\x0a" + bytes([len(tag)]) + tag + b"\x15" + struct.pack("<f", value)
                summary = b"\x0a" + bytes([len(one)]) + one
                yield (struct.pack("<Bd", 9, 1.8e9 + step) + b"\x10" + _varint(step) + b"\x2a" + bytes([len(summary)])
                       + summary)  # fmt: skip

    with path.open("wb") as stream:
        for record in records():
            length = struct.pack("<Q", len(record))
            stream.write(length + struct.pack("<I", framing.crc_of_one(length)))
            stream.write(record + struct.pack("<I", framing.crc_of_one(record)))


def _mlflow(path: Path) -> None:
    """The tables that MLflow 3.17 makes, as far as a run's metrics go, with its primary key."""
    with closing(sqlite3.connect(path)) as store:
        store.executescript("""
            CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
            CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name VARCHAR(256));
            CREATE TABLE runs (run_uuid VARCHAR(32) PRIMARY KEY, name VARCHAR(250), status VARCHAR(9),
              start_time BIGINT, end_time BIGINT, lifecycle_stage VARCHAR(20), experiment_id INTEGER,
              user_id VARCHAR(256), artifact_uri VARCHAR(200));
            CREATE TABLE params (key VARCHAR(250), value VARCHAR(8000), run_uuid VARCHAR(32));
            CREATE TABLE tags (key VARCHAR(250), value VARCHAR(8000), run_uuid VARCHAR(32));
            CREATE TABLE metrics (key VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT NOT NULL,
              run_uuid VARCHAR(32) NOT NULL, step BIGINT DEFAULT '0' NOT NULL, is_nan BOOLEAN DEFAULT '0' NOT NULL,
              CONSTRAINT metric_pk PRIMARY KEY (key, timestamp, step, run_uuid, value, is_nan));
            CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);
            INSERT INTO experiments VALUES (1, 'gsm8k');
        """)
        store.execute("INSERT INTO runs VALUES (?, 'trial', 'FINISHED', 1, 2, 'active', 1, 'me', '')", ("a" * 32,))
        rows = ((f"train/metric_{number}", value, 1_800_000_000_000 + step, "a" * 32, step, 0)
                for step, row in enumerate(_values().tolist()) for number, value in enumerate(row))  # fmt: skip
        store.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?, ?, ?)", rows)
        store.commit()


def _trackio(path: Path) -> None:
    """trackio's tables: a row a step, its metrics as one JSON text."""
    with closing(sqlite3.connect(path)) as store:
        store.executescript("""
            CREATE TABLE metrics (id INTEGER PRIMARY KEY, run_id TEXT, timestamp TEXT, run_name TEXT, step INTEGER,
              metrics BLOB);
            CREATE TABLE configs (id INTEGER PRIMARY KEY, run_id TEXT, run_name TEXT, config TEXT, created_at TEXT);
        """)
        rows = (("r", "2026-11-20T10:00:00", "trial", step, json.dumps(_named(row)).encode())
                for step, row in enumerate(_values().tolist()))  # fmt: skip
        columns = "run_id, timestamp, run_name, step, metrics"
        store.executemany(f"INSERT INTO metrics ({columns}) VALUES (?, ?, ?, ?, ?)", rows)
        store.commit()


def _swanlab(path: Path) -> None:
    """Records of SwanLab 0.6: a JSON text a scalar, in W&B's blocks under another header."""
    from tests import wandb_bytes

    def records() -> Iterator[bytes]:
        for step, row in enumerate(_values().tolist()):
            for name, value in _named(row).items():
                metric = {"index": step, "data": value, "create_time": "2026-11-26T02:12:53.384436+00:00"}
                data = {"key": name, "step": step, "metric": metric}
                yield json.dumps({"model_type": "Scalar", "data": data}).encode()

    path.write_bytes(b":SWL" + wandb_bytes.log(records(), version=1)[4:])


def _parquet(path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = dict(zip(_named([0.0] * N_METRICS), _values().T, strict=True))
    pq.write_table(pa.table({"step": np.arange(N_STEPS), **columns}), path)


def _csv(path: Path) -> None:
    table = np.column_stack([np.arange(N_STEPS), _values()])
    names = ",".join(["step", *_named([0.0] * N_METRICS)])
    np.savetxt(path, table, delimiter=",", header=names, comments="", fmt="%.8g")


def _named(row: list[float]) -> dict[str, float]:
    return {f"train/metric_{number}": value for number, value in enumerate(row)}


def _varint(value: int) -> bytes:
    digits = bytearray()
    while value >= 0x80:
        digits.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*digits, value])


NAMES = {"tensorboard": "events.out.tfevents.1.host", "mlflow": "store.db", "trackio": "gsm8k.db",
         "swanlab": "backup.swanlab", "parquet": "history.parquet", "csv": "history.csv"}  # fmt: skip
MAKERS: dict[str, Callable[[Path], None]] = {
    "tensorboard": _tensorboard, "mlflow": _mlflow, "trackio": _trackio, "swanlab": _swanlab, "parquet": _parquet,
    "csv": _csv,
}  # fmt: skip

if __name__ == "__main__":
    if len(sys.argv) == 3:
        ways.once(_ways()[sys.argv[1]], sys.argv[2])
    else:
        main()
