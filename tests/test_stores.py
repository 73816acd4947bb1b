"""MLflow, trackio, SwanLab, DVCLive, ClearML, Comet and Neptune, as their own libraries wrote them."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from tracked import SHARED, assert_is_truth, assert_keeps_secrets, unpacked

from reportgen.errors import NoSteps, SourceError
from reportgen.sources import find, read


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every store's folder."""
    kinds = ("mlflow", "trackio", "swanlab", "swanlab06", "dvclive", "clearml", "comet", "neptune")
    return {kind: unpacked(kind, tmp_path_factory) for kind in kinds}


def test_mlflows_database_holds_two_runs(stores):
    """Two runs by name, the deleted one left out, their states and configs told."""
    specs = find(str(stores["mlflow"] / "store.db"))
    assert [Path(spec).name for spec in specs] == ["store.db#trial0", "store.db#trial1"]
    first, second = map(read, specs)
    assert (first.name, first.state, second.name, second.state) == ("trial0", "finished", "trial1", "failed")
    assert second.history.index[-1] == 100
    assert first.history.loc[5, "train/kl"] == 0.9
    assert first.config["actor.optimizer.lr"] == 1.7e-5
    assert_keeps_secrets(first)


@pytest.mark.parametrize("kind", ["store.db", "mlruns"])
def test_mlflow_equals_the_truth(stores, kind):
    """Both of MLflow's stores give every value, nan and inf."""
    spec = next(spec for spec in find(str(stores["mlflow"] / kind)) if read(spec).name == "trial0")
    run = read(spec)
    run.history.loc[5, "train/kl"] = __import__("truth").rows()[4]["train/kl"]  # the one that was logged again
    assert_is_truth(run)
    assert_keeps_secrets(run)


def test_mlflows_folder_leaves_deleted_runs_out(stores):
    """Of three runs the deleted one is refused by name."""
    specs = find(str(stores["mlflow"] / "mlruns"))
    problems = []
    for spec in specs:
        try:
            read(spec)
        except SourceError as error:
            problems.append(str(error))
    assert len(specs) - len(problems) == 2
    assert "deleted in MLflow" in problems[0]


def test_mlflows_broken_meta_file_is_left_out(stores, tmp_path):
    """The run is read without it, under its folder's name, and says so."""
    spec = next(spec for spec in find(str(stores["mlflow"] / "mlruns")) if read(spec).name == "trial0")
    folder = shutil.copytree(spec, tmp_path / "a1b2")
    (folder / "meta.yaml").write_text("a: [1, 2")
    run = read(str(folder))
    assert (run.id, run.state) == ("a1b2", "unknown")
    assert any("meta.yaml was left out (not YAML" in note for note in run.notes)


def test_trackio_holds_two_runs(stores):
    """Each run by its name, values as logged, no secret."""
    first, second = map(read, find(str(stores["trackio"] / "gsm8k-grpo.db")))
    assert_is_truth(first)
    assert second.history.index[-1] == 100
    assert_keeps_secrets(first)


def test_trackios_count_of_calls_is_no_step(stores):
    """What transformers logs has its own step beside it: 126 steps, not 128 rows."""
    (spec,) = find(str(stores["trackio"] / "hf-trainer.db"))
    run = read(spec)
    assert list(run.history["train/reward"].dropna().index) == list(range(1, 127))
    assert run.history.loc[63, "eval/reward"] == 0.287


@pytest.mark.parametrize(("kind", "mode"), [("swanlab", "offline"), ("swanlab", "local"), ("swanlab06", "offline")])
def test_swanlabs_records_equal_the_truth(stores, kind, mode):
    """The folder is found, is no W&B directory, and tells state, config and values."""
    (spec,) = find(str(stores[kind] / mode))
    run = read(spec)
    assert_is_truth(run)
    assert (run.name, run.state, run.framework) != ("", "unknown", "W&B")
    assert run.name == "trial0"
    assert run.config["actor.path"] == "Qwen/Qwen2.5-0.5B-Instruct"
    assert_keeps_secrets(run)


def test_a_torn_swanlab_record_is_left_out(stores, tmp_path):
    """A killed job's file is read up to its last whole record, and it says so."""
    (spec,) = find(str(stores["swanlab"] / "offline"))
    copy = tmp_path / Path(spec).name
    shutil.copytree(spec, copy)
    (records,) = copy.glob("*.swanlab")
    records.write_bytes(records.read_bytes()[:-200])
    run = read(str(copy))
    assert run.state == "unfinished"
    assert any("torn" in note for note in run.notes)
    assert run.history["train/reward"].iloc[0] == 0.18299


def test_dvclives_metrics_are_one_run(stores):
    """The path is the metric's name, the folder the run; steps are counted from 0."""
    (spec,) = find(str(stores["dvclive"]))
    run = read(spec)
    assert_is_truth(run, steps_from=0)
    assert_keeps_secrets(run)


@pytest.mark.parametrize("form", ["offline", "zip"])
def test_clearmls_session_is_read_from_folder_and_zip(stores, form):
    """Every event of every line; ClearML itself writes nan and inf as 0."""
    specs = find(str(stores["clearml"]))
    spec = next(spec for spec in specs if spec.endswith(".zip") == (form == "zip"))
    run = read(spec)
    assert len(run.history) == 126
    assert run.history.loc[126, "eval/reward"] == 0.3205
    assert run.name == "trial0"
    assert_keeps_secrets(run)


def test_comets_archive_equals_the_truth(stores):
    """Metrics, parameters and the name out of the zip."""
    (spec,) = find(str(stores["comet"]))
    run = read(spec)
    assert_is_truth(run)
    assert (run.name, run.state) == ("trial0", "finished")
    assert_keeps_secrets(run)


def test_neptunes_folder_is_read(stores):
    """126 steps; the client leaves nan and inf out."""
    (spec,) = find(str(stores["neptune"]))
    run = read(spec)
    assert (run.name, len(run.history)) == ("trial0", 126)
    assert run.history.loc[63, "eval/reward"] == 0.287
    assert_keeps_secrets(run)


def test_a_live_databases_log_is_read(stores, tmp_path):
    """What a writer has not merged yet counts, and nothing is written beside it."""
    path = tmp_path / "gsm8k-grpo.db"
    shutil.copyfile(stores["trackio"] / "gsm8k-grpo.db", path)
    writer = sqlite3.connect(path)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute(
        "INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) SELECT run_id, timestamp, run_name, 200, ? "
        "FROM metrics WHERE run_name = 'trial0' LIMIT 1", (b'{"train/reward": 0.5}',),
    )  # fmt: skip
    writer.commit()
    before = sorted(item.name for item in tmp_path.iterdir())
    assert read(f"{path}#trial0").history.loc[200, "train/reward"] == 0.5
    assert sorted(item.name for item in tmp_path.iterdir()) == before
    writer.close()


def test_a_damaged_database_is_named(stores, tmp_path):
    """One sentence with the file and the remedy."""
    path = tmp_path / "store.db"
    whole = (stores["mlflow"] / "store.db").read_bytes()
    path.write_bytes(whole[: len(whole) // 3])
    with pytest.raises((SourceError, NoSteps), match=r"store\.db"):
        read(str(path))


def test_an_unknown_run_of_a_store_is_named(stores):
    """The runs that are there are told."""
    with pytest.raises(SourceError, match="no run 'other'; it has trial0, trial1"):
        read(f"{stores['mlflow'] / 'store.db'}#other")


@pytest.mark.skipif(not SHARED.exists(), reason="needs the cases beside the checkout")
@pytest.mark.parametrize(
    ("case", "n"), [("mlflow-sqlite", 2), ("trackio-db", 3), ("dvclive", 1), ("neptune-offline", 1)]
)
def test_other_peoples_stores(case, n):
    """Stores that another machine wrote."""
    runs = [read(spec) for spec in find(str(SHARED / case))]
    assert len(runs) == n
    assert all("train/reward" in run.history for run in runs)


def test_an_aim_repository_has_a_way_out(tmp_path):
    """Its values can't be decoded: one true sentence says how to export them."""
    (tmp_path / ".aim" / "seqs").mkdir(parents=True)
    (tmp_path / ".aim" / "run_metadata.sqlite").write_bytes(b"")
    (spec,) = find(str(tmp_path))
    with pytest.raises(SourceError, match=r"an Aim repository, .*CSV with Aim's SDK"):
        read(spec)
