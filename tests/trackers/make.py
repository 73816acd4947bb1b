"""Writes the fixtures anew with the trackers' own libraries: python tests/trackers/make.py KIND...

Each kind becomes KIND.tar.xz beside this file. The libraries are no dependency of the project: run this in an
environment that has them (torch, tensorboard, tensorboardX, mlflow, trackio, swanlab, dvclive, clearml, comet_ml).
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import truth

HERE = Path(__file__).parent


def tensorboard(folder: Path) -> None:
    """Event files of torch, tensorboardX and TensorBoard's own writer, in every layout."""
    import numpy as np
    from tensorboard.summary import Writer
    from tensorboardX import SummaryWriter as TensorboardX
    from torch.utils.tensorboard import SummaryWriter

    def write(writer, rows, *, of=lambda name: True, strip="", **how) -> None:  # type: ignore[no-untyped-def]
        for row in rows:
            for name, value in row.items():
                if name != "step" and of(name):
                    writer.add_scalar(name.removeprefix(strip), value, row["step"], **how)
        writer.close()

    rows = truth.rows()
    writer = SummaryWriter(str(folder / "torch/runs/trial0"))
    writer.add_text("args", json.dumps(truth.CONFIG, indent=2))
    writer.add_histogram("weights", np.arange(5.0), 1)
    write(writer, rows)
    write(SummaryWriter(str(folder / "tensors/trial0")), rows, new_style=True)
    write(TensorboardX(str(folder / "tensorboardX/trial0")), rows)
    own = Writer(str(folder / "own/trial0"))
    for row in rows:
        for name, value in row.items():
            if name != "step":
                own.add_scalar(name, value, row["step"])
    own.close()
    wrong = [{**row, "train/reward": 0.9} for row in rows[:70]]
    for layout, how in (("restart", {}), ("purge", {"purge_step": 63})):
        place = str(folder / layout / "trial0")
        write(SummaryWriter(place, filename_suffix=".a"), wrong[62:] and [*rows[:62], *wrong[62:]])
        write(SummaryWriter(place, filename_suffix=".b", **how), rows[62:])
    for split in ("train", "eval"):
        write(SummaryWriter(str(folder / "keras/trial0" / split)), rows,
              of=lambda name, split=split: name.startswith(split), strip=f"{split}/")  # fmt: skip
    place = str(folder / "two_writers/trial0")
    scalars, texts = SummaryWriter(place), SummaryWriter(place, filename_suffix=".val")
    for row in rows:
        for name, value in row.items():
            if name != "step":
                scalars.add_scalar(name, value, row["step"])
        if row["step"] % 63 == 0:
            texts.add_text("val/generations", "PROMPT never to be read", row["step"])
    scalars.close()
    texts.close()
    writer = SummaryWriter(str(folder / "add_scalars/trial0"))
    for row in rows:
        shown = {name.removesuffix("/reward"): row[name] for name in ("train/reward", "eval/reward") if name in row}
        writer.add_scalars("reward", shown, row["step"])
        writer.add_scalar("train/kl", row["train/kl"], row["step"])
    writer.close()
    writer = SummaryWriter(str(folder / "hparams/trial0"))
    for row in rows:
        for name, value in row.items():
            if name != "step":
                writer.add_scalar(name, value, row["step"])
    writer.add_hparams({"lr": 1.7e-5, "hf_token": truth.SECRETS[1], "bf16": True}, {"final": 0.3205})
    writer.close()


def mlflow(folder: Path) -> None:
    """MLflow's SQLite store and its file store: two runs, one deleted, a value logged twice."""
    from mlflow.tracking import MlflowClient

    os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
    os.chdir(folder)
    for uri in (f"sqlite:///{folder}/store.db", f"file://{folder}/mlruns"):
        client = MlflowClient(uri)
        experiment = client.create_experiment("gsm8k-grpo", artifact_location=str(folder / "artifacts"))
        for name, last, status in (("trial0", 126, "FINISHED"), ("trial1", 100, "FAILED"), ("deleted", 10, "FINISHED")):
            run = client.create_run(experiment, run_name=name, start_time=1_795_000_000_000,
                                    tags={"mlflow.user": "somebody", "mlflow.source.git.commit": "a" * 40})  # fmt: skip
            for key, value in truth.flat_config().items():
                client.log_param(run.info.run_id, key, value)
            for row in truth.rows(last):
                for key, value in row.items():
                    if key != "step":
                        stamp = 1_795_000_000_000 + 60_000 * int(row["step"])
                        client.log_metric(run.info.run_id, key, value, timestamp=stamp, step=int(row["step"]))
            if name == "trial0":
                client.log_metric(run.info.run_id, "train/kl", 0.9, timestamp=1_795_999_999_999, step=5)
            client.set_terminated(run.info.run_id, status, end_time=1_795_000_000_000 + 60_000 * (last + 1))
            if name == "deleted":
                client.delete_run(run.info.run_id)


def trackio(folder: Path) -> None:
    """trackio's database: two runs with their steps, and one logged as transformers' callback does."""
    os.environ["TRACKIO_DIR"] = str(folder)
    import trackio

    for name, last in (("trial0", 126), ("trial1", 100)):
        trackio.init(project="gsm8k-grpo", name=name, config=truth.CONFIG)
        for row in truth.rows(last):
            trackio.log({key: value for key, value in row.items() if key != "step"}, step=int(row["step"]))
        trackio.finish()
    trackio.init(project="hf-trainer", name="trial0", config=truth.CONFIG)
    for row in truth.rows():
        step = int(row["step"])
        train = {key: value for key, value in row.items() if key.startswith("train/")}
        trackio.log({**train, "train/global_step": step})
        if "eval/reward" in row:
            trackio.log({"eval/reward": row["eval/reward"], "train/global_step": step})
    trackio.finish()


def swanlab(folder: Path) -> None:
    """SwanLab's folders of both modes, as the installed version writes them."""
    import swanlab

    is_new = int(swanlab.__version__.split(".")[1]) >= 10
    for mode in ("offline", "local") if is_new else ("offline",):
        os.chdir(folder)
        swanlab.init(project="gsm8k-grpo", experiment_name="trial0", config=truth.CONFIG, mode=mode,
                     logdir=str(folder / mode))  # fmt: skip
        for row in truth.rows():
            swanlab.log({key: value for key, value in row.items() if key != "step"}, step=int(row["step"]))
        swanlab.finish()


def swanlab06(folder: Path) -> None:
    """The same, made where SwanLab 0.6 is installed: its files are of another version."""
    swanlab(folder)


def dvclive(folder: Path) -> None:
    """DVCLive's folder."""
    from dvclive import Live

    os.chdir(folder)
    with Live(str(folder / "dvclive"), save_dvc_exp=False, report=None) as live:
        live.log_params(truth.CONFIG)
        for row in truth.rows():
            for key, value in row.items():
                if key != "step":
                    live.log_metric(key, value)
            live.next_step()


def clearml(folder: Path) -> None:
    """ClearML's offline session, as transformers' callback reports."""
    os.environ["CLEARML_CACHE_DIR"] = str(folder)
    from clearml import Task

    Task.set_offline(True)
    task = Task.init("gsm8k-grpo", "trial0", auto_connect_frameworks=False, auto_resource_monitoring=False)
    task.connect(truth.flat_config())
    for row in truth.rows():
        for key, value in row.items():
            if key != "step":
                variant, _, title = key.partition("/")
                task.get_logger().report_scalar(title, variant, value, int(row["step"]))
    task.close()


def comet(folder: Path) -> None:
    """Comet's offline archive."""
    import comet_ml

    experiment = comet_ml.OfflineExperiment(
        project_name="gsm8k-grpo", workspace="nobody", offline_directory=str(folder), log_code=False,
        log_git_metadata=False, log_git_patch=False, auto_metric_logging=False, display_summary_level=0,
        log_env_details=False)  # fmt: skip
    experiment.set_name("trial0")
    experiment.log_parameters(truth.CONFIG)
    for row in truth.rows():
        experiment.log_metrics({key: value for key, value in row.items() if key != "step"}, step=int(row["step"]))
    experiment.end()


def neptune(folder: Path) -> None:
    """Neptune's offline folder."""
    import neptune

    os.chdir(folder)
    run = neptune.init_run(mode="offline", name="trial0", capture_hardware_metrics=False, capture_stdout=False,
                           capture_stderr=False, source_files=[], git_ref=False)  # fmt: skip
    run["config"] = truth.CONFIG
    for row in truth.rows():
        for key, value in row.items():
            if key != "step":
                run[key].append(value, step=int(row["step"]))
    run.stop()


MAKERS: dict[str, Callable[[Path], None]] = {
    maker.__name__: maker
    for maker in (tensorboard, mlflow, trackio, swanlab, swanlab06, dvclive, clearml, comet, neptune)
}


def main() -> None:
    """Makes each kind that is named."""
    for kind in sys.argv[1:] or MAKERS:
        with tempfile.TemporaryDirectory() as folder:
            MAKERS[kind](Path(folder))
            os.chdir(HERE)
            for name in ("artifacts", "logs"):
                shutil.rmtree(Path(folder) / name, ignore_errors=True)
            with tarfile.open(HERE / f"{kind}.tar.xz", "w:xz") as archive:
                archive.add(folder, arcname=kind)
        print(kind, (HERE / f"{kind}.tar.xz").stat().st_size)


if __name__ == "__main__":
    main()
