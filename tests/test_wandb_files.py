"""W&B runs as the installed SDK writes them: everything that was logged is read, and nothing else."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from wandb_runs import CONFIG, N_KILLED, directories, log, plain_rows, wandb_runs  # noqa: F401

from reportgen import naming
from reportgen.errors import NoSteps, SourceError
from reportgen.sources.place import Place
from reportgen.sources.wandb import files

SAMPLES = Path(__file__).parents[1] / "sample_runs"


def only(folder: Path) -> str:
    """The one run directory of a kind."""
    (directory,) = directories(folder)
    return directory


def test_every_number_is_read_as_it_was_logged(wandb_runs: Path) -> None:  # noqa: F811
    """Each value stands at its step, and nothing stands where nothing was logged."""
    run = files.read_many([only(wandb_runs / "plain")])
    logged = {(step, key): value for step, row in enumerate(plain_rows()) for key, value in row.items()}
    assert run.history.stack().dropna().to_dict() == logged
    assert (run.id, run.name, run.state) == ("plain1", "trial-α", "finished")


def test_config_is_as_given_and_updated(wandb_runs: Path) -> None:  # noqa: F811
    """Nested config is flattened, later updates are in it, W&B's own part is not."""
    run = files.read_many([only(wandb_runs / "plain")])
    assert run.config == naming.flatten(CONFIG) | {"late": 1}


def test_summary_is_what_was_set_over_the_last_values(wandb_runs: Path) -> None:  # noqa: F811
    """What the program set stands beside the last value of each metric."""
    summary = files.read_many([only(wandb_runs / "plain")]).summary
    assert summary == {**plain_rows()[-1], "sparse": 60, "best.step": 12, "best.value": 0.5, "final": 0.3205}


def test_provenance_says_where_the_run_came_from(wandb_runs: Path) -> None:  # noqa: F811
    """Project, group, tags, notes, command and versions are told; what is unknown is left out."""
    run = files.read_many([only(wandb_runs / "plain")])
    wanted = {"project": "gsm8k-grpo-local", "group": "g1", "job_type": "train", "tags": ["t1", "t two"],
              "notes": "a note"}  # fmt: skip
    assert {key: run.provenance[key] for key in wanted} == wanted
    assert "wandb_runs.py plain" in run.provenance["command"]
    assert run.provenance["wandb_version"].count(".") == 2
    assert "entity" not in run.provenance
    assert run.started is not None and run.started.tzinfo is not None


def test_console_tail_is_as_the_screen_showed_it(wandb_runs: Path) -> None:  # noqa: F811
    """A progress bar is its last state, and colours are dropped."""
    lines = files.read_many([only(wandb_runs / "plain")]).console_tail.splitlines()
    assert lines[:3] == ["first line", "progress 99%", "red"]


def test_nan_and_infinity_are_told_apart_from_gaps(wandb_runs: Path) -> None:  # noqa: F811
    """nan and inf are in nonfinite by step; null and text are gaps; true is 1."""
    run = files.read_many([only(wandb_runs / "odd")])
    told = {found.step: str(found.value) for found in run.nonfinite}
    assert told == {1: "nan", 2: "inf", 3: "-inf", 7: "nan"}
    assert run.history["odd"].dropna().to_dict() == {0: 1, 5: 1, 9: 0, 10: 5e-324, 11: float(2**63 - 1), 12: 2}


def test_nested_names_are_joined_and_the_literal_one_keeps_its_own(wandb_runs: Path) -> None:  # noqa: F811
    """Nested keys are joined by dots; one that collides with a literal name gets a slash."""
    history = files.read_many([only(wandb_runs / "nested")]).history
    assert history.loc[2].to_dict() == {
        "train.loss": 12, "train/loss": 2, "train.acc.top1": 4, "sp ace": 2, "Ünï": 2}  # fmt: skip


def test_media_are_no_metrics(wandb_runs: Path) -> None:  # noqa: F811
    """The sizes and bins of pictures, tables and histograms are neither metrics nor summary."""
    run = files.read_many([only(wandb_runs / "media")])
    assert list(run.history.columns) == ["loss"]
    assert run.summary == {"loss": 1}


def test_define_metric_gives_the_axis(wandb_runs: Path) -> None:  # noqa: F811
    """The train reward's step metric is the axis, also where it repeats: then its rows are averaged."""
    run = files.read_many([only(wandb_runs / "define")])
    assert run.history.index.tolist() == list(range(5, 15))
    assert run.history.loc[7, "reward"] == pytest.approx(4.5 / 20)
    assert run.summary["reward.max"] == 19 / 20


def test_define_metric_axis_is_kept_when_only_roles_are_read(wandb_runs: Path) -> None:  # noqa: F811
    """The axis is read though it plays no role."""
    run = files.read_many([only(wandb_runs / "define")], keep={"reward"})
    assert run.history["reward"].index.tolist() == list(range(5, 15))


def test_only_wanted_metrics_are_read(wandb_runs: Path) -> None:  # noqa: F811
    """keep decides by name, and nested names count as they are joined."""
    assert list(files.read_many([only(wandb_runs / "plain")], keep={"loss"}).history.columns) == ["loss"]
    assert "train.acc.top1" in files.read_many([only(wandb_runs / "nested")], keep={"train.acc.top1"}).history


def test_resumed_segments_are_counted_on(wandb_runs: Path) -> None:  # noqa: F811
    """Segments that each count from 0 follow one another, as wandb sync has it."""
    run = files.read_many(directories(wandb_runs / "resumed"))
    assert run.history["loss"].tolist() == [part * 100 + step for part in range(3) for step in range(20)]
    assert run.history.index.tolist() == list(range(60))
    assert run.restarts == (20, 40)
    assert run.config["part"] == 2


def test_later_values_win_where_segments_overlap(wandb_runs: Path) -> None:  # noqa: F811
    """Steps that the program gave stay as they are; a restart's values replace the earlier ones."""
    run = files.read_many(directories(wandb_runs / "overlapping")[::-1])
    assert run.history["loss"].tolist() == [*range(15), *range(115, 135)]
    assert run.restarts == (15,)


def test_a_rewound_run_forgets_what_it_rewound(wandb_runs: Path) -> None:  # noqa: F811
    """Rows behind the branching point are cut before the new ones follow."""
    run = files.read_many(directories(wandb_runs / "rewound"))
    assert run.history["loss"].tolist() == [*range(11), *range(1011, 1016)]
    assert any("rewound to step 10" in note for note in run.notes)


def test_a_failed_run_says_so(wandb_runs: Path) -> None:  # noqa: F811
    """An exit code that isn't 0 is a failure."""
    assert files.read_many([only(wandb_runs / "failed")]).state == "failed"


def test_a_killed_run_is_read_to_its_last_whole_record(wandb_runs: Path) -> None:  # noqa: F811
    """Every row up to the last whole one is there and true; the run is unfinished and says so."""
    run = files.read_many([only(wandb_runs / "killed")])
    n_rows = len(run.history)
    assert 0.5 * N_KILLED < n_rows <= N_KILLED
    assert run.history["loss"].tolist() == list(range(n_rows))
    assert run.state == "unfinished"
    assert any("killed" in note for note in run.notes)


def test_a_flipped_byte_costs_one_record(wandb_runs: Path, tmp_path: Path) -> None:  # noqa: F811
    """The note says where; every other row stays, none is changed."""
    content = bytearray(log(wandb_runs / "plain").read_bytes())
    whole = files.read_many([only(wandb_runs / "plain")]).history
    content[len(content) // 2] ^= 4
    (tmp_path / "run-plain1.wandb").write_bytes(content)
    run = files.read_many([str(tmp_path / "run-plain1.wandb")])
    assert len(run.history) >= len(whole) - 1
    assert run.history.equals(whole.loc[run.history.index])
    assert any("damaged" in note and "checksum" in note for note in run.notes)


def test_files_beside_the_log_fill_what_it_lacks(wandb_runs: Path, tmp_path: Path) -> None:  # noqa: F811
    """config.yaml, metadata and summary are a second source; the log's own values win."""
    directory = Path(shutil.copytree(only(wandb_runs / "plain"), tmp_path / "offline-run-20250101_000000-plain1"))
    (directory / "files").mkdir(exist_ok=True)
    config = "lr:\n  value: 7\nseed:\n  desc: null\n  value: 3\n_wandb: {value: {}}\n"
    (directory / "files" / "config.yaml").write_text(config)
    (directory / "files" / "wandb-metadata.json").write_text('{"gpu": "H100", "gpu_count": 8, "host": "other"}')
    (directory / "files" / "wandb-summary.json").write_text('{"online": 1, "final": 0, "_wandb": {"runtime": 1}}')
    run = files.read_many([str(directory)])
    assert (run.config["lr"], run.config["seed"]) == (1e-5, 3)
    assert (run.provenance["gpu"], run.provenance["gpu_count"]) == ("H100", 8)
    assert run.provenance["host"] != "other"
    assert (run.summary["online"], run.summary["final"]) == (1, 0.3205)


def test_a_config_that_is_no_yaml_costs_the_config_alone(wandb_runs: Path, tmp_path: Path) -> None:  # noqa: F811
    """A config.yaml that isn't YAML is a note; the run is kept."""
    directory = Path(shutil.copytree(only(wandb_runs / "plain"), tmp_path / "offline-run-20250101_000000-plain1"))
    (directory / "files").mkdir(exist_ok=True)
    (directory / "files" / "config.yaml").write_text("{: [not yaml\n\t:")
    run = files.read_many([str(directory)])
    assert len(run.history) == 126
    assert any("config.yaml" in note for note in run.notes)


def test_run_directories_and_logs_are_claimed_and_folders_of_many_are_not(wandb_runs: Path) -> None:  # noqa: F811
    """A run directory, latest-run and a .wandb file are one run each; wandb/ is a folder."""
    directory = only(wandb_runs / "plain")
    latest = str(Path(directory).parent / "latest-run")
    assert all(files.Files().claim(Place(spec)) for spec in (directory, latest, str(log(wandb_runs / "plain"))))
    assert files.Files().claim(Place(str(Path(directory).parent))) is None
    assert files.Files().claim(Place("entity/project/id")) is None
    assert {files.run_id(spec) for spec in (directory, latest, str(log(wandb_runs / "plain")))} == {"plain1"}


def test_a_directory_without_a_log_has_no_step_yet(tmp_path: Path) -> None:
    """A run directory whose .wandb is missing is named so."""
    directory = tmp_path / "run-20250101_000000-abc"
    directory.mkdir()
    assert files.Files().claim(Place(str(directory)))
    with pytest.raises(NoSteps, match=r"no \.wandb file"):
        files.read_many([str(directory)])


def test_what_is_no_log_is_refused(tmp_path: Path) -> None:
    """A file of another kind named .wandb is refused with what to give instead."""
    (tmp_path / "run-a.wandb").write_bytes(b"%PDF-1.7 and so on")
    with pytest.raises(SourceError, match="not a W&B log"):
        files.read_many([str(tmp_path / "run-a.wandb")])


def test_reading_loads_neither_the_sdk_nor_protobuf(wandb_runs: Path) -> None:  # noqa: F811
    """A log is read without wandb, google.protobuf or yaml."""
    code = ("import sys; from reportgen.sources.wandb import files; files.read_many([sys.argv[1]]); "
            "assert not {'wandb', 'google.protobuf', 'yaml'} & set(sys.modules), sorted(sys.modules)")  # fmt: skip
    subprocess.run([sys.executable, "-c", code, only(wandb_runs / "plain")], check=True)


@pytest.mark.parametrize("trial", sorted(path.name for path in SAMPLES.glob("gsm8k-grpo-1hour/trial*")))
def test_samples_are_read(trial: str) -> None:
    """Each sample run has its reward at every step up to its end."""
    (directory,) = SAMPLES.glob(f"gsm8k-grpo-1hour/{trial}/wandb/*run-*")
    run = files.read_many([str(directory)])
    reward = run.history["grpo_actor/task_reward/avg"]
    assert reward.notna().all() and run.history.index.tolist() == list(range(1, len(reward) + 1))
    assert run.framework == "areal"
    assert not math.isnan(run.runtime_s or math.nan)
