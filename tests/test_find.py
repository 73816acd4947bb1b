"""What a person types becomes runs: files, folders, globs, several runs in a file, several records of a run."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from areal_writer import log

from reportgen.errors import SourceError, SpecError
from reportgen.sources import Unread, find, read, read_all

DUMP = '{"input": "2+2", "output": "4", "gts": "4", "score": 1.0, "step": 1}\n'
CSV = "step,reward\n1,0.5\n2,0.25\n"


def lay(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def found(folder: Path, spec: str | None = None) -> list[str]:
    """What find() gives, as paths inside the folder."""
    return [os.path.relpath(path, folder) for path in find(spec or str(folder))]


def test_of_a_runs_logs_the_best_is_taken(tmp_path: Path) -> None:
    """trainer.log, else main.log, else merged.log; another name is taken where none of those is."""
    text = log([0.25, 0.5])
    lay(tmp_path, **{"a__trainer.log": text, "a__main.log": text, "a__metrics.csv": CSV, "a__actor.log": text})
    lay(tmp_path, **{"b__main.log": text, "b__merged.log": text, "c__merged.log": text, "d__llm_server.log": text})
    lay(tmp_path, **{"d__sglang.log": "ready to serve\n"})
    assert found(tmp_path) == ["a/trainer.log", "b/main.log", "c/merged.log", "d/llm_server.log"]


def test_tables_are_taken_where_no_log_is(tmp_path: Path) -> None:
    """A file is a table in a folder when it has a step; settings, datasets and notes aren't."""
    lay(tmp_path, **{"one.csv": CSV, "two.jsonl": '{"step": 1, "a": 2}\n', "three.json": '[{"step": 1, "a": 2}]'})
    lay(tmp_path, **{"train.jsonl": '{"question": "?", "answer": 3}\n', "config.json": '{"steps": 3}'})
    lay(tmp_path, **{"prices.csv": "city,price\na,1\n", "README.md": "step,reward\n", "truth.json": '{"step": [1]}'})
    assert found(tmp_path) == ["one.csv", "three.json", "two.jsonl"]


def test_compressed_records_are_found(tmp_path: Path) -> None:
    """A log or a table is found under its compressed name too."""
    lay(tmp_path, **{"a__x": "", "b__x": ""})
    (tmp_path / "a" / "trainer.log.gz").write_bytes(gzip.compress(log([0.5]).encode()))
    (tmp_path / "b" / "m.csv.gz").write_bytes(gzip.compress(CSV.encode()))
    assert found(tmp_path) == ["a/trainer.log.gz", "b/m.csv.gz"]


def test_hidden_folders_and_links_in_circles(tmp_path: Path) -> None:
    """Hidden folders are left alone, a linked folder is followed once."""
    lay(tmp_path, **{"real__trainer.log": log([0.5]), ".git__x.csv": CSV})
    (tmp_path / "real" / "back").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "real")
    assert found(tmp_path) == ["real/trainer.log"]


def test_globs(tmp_path: Path) -> None:
    """A glob gives every run that it matches; a bare star passes over what is none."""
    lay(tmp_path, **{"a__trainer.log": log([0.5]), "b__trainer.log": log([0.5]), "c__notes.txt": "x", "one.csv": CSV})
    assert found(tmp_path, f"{tmp_path}/*/trainer.log") == ["a/trainer.log", "b/trainer.log"]
    assert found(tmp_path, f"{tmp_path}/*") == ["a/trainer.log", "b/trainer.log", "one.csv"]
    assert found(tmp_path, f"{tmp_path}/**/*.csv") == ["one.csv"]


def test_a_name_that_looks_like_a_glob(tmp_path: Path) -> None:
    """What exists is what was meant, whatever signs are in its name."""
    lay(tmp_path, **{"run[1]+a.csv": CSV})
    assert found(tmp_path, f"{tmp_path}/run[1]+a.csv") == ["run[1]+a.csv"]


def test_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """~ is the home folder."""
    lay(tmp_path, **{"one.csv": CSV})
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find("~/one.csv") == (str(tmp_path / "one.csv"),)
    assert read("~/one.csv").name == "one"


SAMPLES = Path(__file__).parents[1] / "sample_runs" / "gsm8k-grpo-1hour"
REWARD = "grpo_actor/task_reward/avg"


def reference(folder: Path) -> Path:
    """A copy of the reference trial: its W&B run directory, its trainer.log and its config.yaml."""
    return Path(shutil.copytree(SAMPLES / "trial1109_1", folder / "trial1109_1"))


def test_a_log_and_a_wandb_run_of_one_trial_are_one(tmp_path: Path) -> None:
    """The W&B run's values win and the log fills gaps; its spec can be read again."""
    trial = reference(tmp_path)
    (spec,) = find(str(tmp_path))
    both = read(spec)
    (directory,) = trial.glob("wandb/offline-run-*")
    exact = read(str(directory)).history
    assert both.history[REWARD].equals(exact[REWARD])
    assert both.history.index.equals(read(str(trial / "trainer.log")).history.index)
    assert f"gaps filled from AReaL log {trial}/trainer.log" in both.notes


def test_records_of_one_run_named_one_by_one(tmp_path: Path) -> None:
    """The same two records, named apart, are one run too, under the name that was asked for first."""
    trial = reference(tmp_path)
    (directory,) = trial.glob("wandb/offline-run-*")
    runs = read_all([str(trial / "trainer.log"), str(directory)])
    assert len(runs.runs) == 1
    assert runs.specs == (str(trial / "trainer.log"),)


def test_a_wandb_run_directory_is_one_record(tmp_path: Path) -> None:
    """Nothing inside it is looked at, and latest-run is no second run."""
    trial = reference(tmp_path)
    (trial / "trainer.log").unlink()
    (directory,) = trial.glob("wandb/offline-run-*")
    lay(directory, **{"files__metrics.csv": CSV})
    (trial / "wandb" / "latest-run").symlink_to(directory)
    assert find(str(tmp_path)) == (str(directory),)
    assert find(f"{tmp_path}/**") == (str(directory),)


def test_directories_of_one_id_are_one_run(tmp_path: Path) -> None:
    """A restart's second directory with the same id belongs to the first."""
    trial = reference(tmp_path)
    (trial / "trainer.log").unlink()
    (directory,) = trial.glob("wandb/offline-run-*")
    again = directory.with_name(directory.name.replace("20251109", "20251110"))
    shutil.copytree(directory, again)
    assert find(str(tmp_path)) == (f"{directory}+{again}",)
    assert len(read(f"{directory}+{again}").history) == 126


def test_another_trials_log_is_another_run(tmp_path: Path) -> None:
    """A log whose config names another trial stays apart."""
    trial = reference(tmp_path)
    other = tmp_path / "trial_9"
    other.mkdir()
    (trial / "trainer.log").rename(other / "trainer.log")
    (other / "config.yaml").write_text("experiment_name: gsm8k-grpo-1hour\ntrial_name: trial_9\n")
    assert len(find(str(tmp_path))) == 2


def test_a_record_that_fails_does_not_take_the_run_down(tmp_path: Path) -> None:
    """Of two records of a run the one that can be read is the run, and the other is noted."""
    trial = reference(tmp_path)
    (log,) = trial.rglob("*.wandb")
    log.write_bytes(log.read_bytes()[:7])
    run = read(*find(str(tmp_path)))
    assert len(run.history) == 126
    assert any("not read" in note and "W&B has not written a record" in note for note in run.notes)


def test_a_config_that_is_no_yaml_does_not_part_the_records_of_a_run(tmp_path: Path) -> None:
    """Log and W&B run stay one run, which says that its config was left out."""
    (reference(tmp_path) / "config.yaml").write_text("a: [1, 2")
    run = read(*find(str(tmp_path)))
    assert len(run.history) == 126
    assert any("config.yaml was left out (not YAML" in note for note in run.notes)


def test_a_folder_of_one_run_can_be_read(tmp_path: Path) -> None:
    """read() takes a folder that holds one run; of several it names one."""
    lay(tmp_path, **{"a__trainer.log": log([0.5])})
    assert read(str(tmp_path / "a")).name == "a"
    lay(tmp_path, **{"b__trainer.log": log([0.5])})
    with pytest.raises(SourceError, match="2 runs; read one of them"):
        read(str(tmp_path))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("nowhere", "no such file or folder, and a W&B project of that name is written wandb:ENTITY/nowhere"),
        ("/no/where", "no such file or folder, nor a W&B run"),
        ("nowhere.csv", "no such file or folder"),
        ("no*where", "no run matches"),
        ("", "an empty name"),
        ("a\0b", "no such file or folder"),
        ("x" * 5000, "no such file or folder"),
        ("~nobody/x.csv", "no such file or folder"),
        ("no.csv#run", "no such file or folder"),
        ("a.csv+b.csv", "no such file or folder"),
    ],
)
def test_a_miss_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str, words: str
) -> None:
    """What names no run is told with its readings and a way out."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError) as told:
        find(spec)
    assert words in str(told.value)
    assert "\n" not in str(told.value)
    with pytest.raises(SpecError):
        read(spec)


def test_folders_without_runs(tmp_path: Path) -> None:
    """An empty folder and one without runs are told apart, each with what a run is."""
    (tmp_path / "empty").mkdir()
    lay(tmp_path, other__notes__x="hello")
    with pytest.raises(SpecError, match="empty: an empty folder; a run is a tracker"):
        find(str(tmp_path / "empty"))
    with pytest.raises(SpecError, match="other: no run in it or below it; a run is"):
        find(str(tmp_path / "other"))


def test_nine_good_runs_and_a_broken_one(tmp_path: Path) -> None:
    """Those that can be read are, the other is named with its reason."""
    for number in range(9):
        lay(tmp_path, **{f"{number}.csv": CSV})
    lay(tmp_path, **{"bad.csv": "step,a\n1,x\n"})
    runs = read_all(find(str(tmp_path)))
    assert [run.name for run in runs.runs] == [str(number) for number in range(9)]
    (problem,) = runs.unread
    assert problem.spec == str(tmp_path / "bad.csv")
    assert "no column with numbers" in problem.problem
    assert runs.by_spec[str(tmp_path / "3.csv")].name == "3"


def test_when_none_can_be_read(tmp_path: Path) -> None:
    """All failing is an error that tells the first, or the only one."""
    lay(tmp_path, **{"a.csv": "step,a\n", "b.csv": ""})
    with pytest.raises(SourceError, match=r"none of 2 runs could be read; the first: .*a\.csv"):
        read_all([str(tmp_path / "a.csv"), str(tmp_path / "b.csv")])
    with pytest.raises(SourceError, match=r"^gone: missing$"):
        read_all([], unread=[Unread("gone", "gone: missing")])
    with pytest.raises(SpecError, match="no run was named"):
        read_all([])


def test_progress_counts_every_spec(tmp_path: Path) -> None:
    """The callback is called for each run, read or not."""
    lay(tmp_path, **{"a.csv": CSV, "b.csv": ""})
    calls: list[int] = []
    read_all([str(tmp_path / "a.csv"), str(tmp_path / "b.csv")], progress=lambda done, what: calls.append(done))
    assert calls == [1, 1]


def test_devices_are_no_runs() -> None:
    """What is neither a file nor a folder is told so, and never read."""
    with pytest.raises(SourceError, match="/dev/zero: neither a file nor a folder"):
        read("/dev/zero")


def test_importing_the_sources_is_cheap() -> None:
    """The list of sources brings in no W&B, no YAML, no Zstandard."""
    code = "import sys, reportgen.sources as s; [x.name for x in s.registry.written()]; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not {"wandb", "yaml", "zstandard"} & {*loaded}


def test_a_folder_of_every_form_under_any_name(tmp_path: Path) -> None:
    """Runs are found whatever their files are called, a broken one among them, and what is none is told with why."""
    step = "step:{} - actor/entropy:0.5 - critic/rewards/mean:0.{}\n"
    lay(tmp_path, **{"grpo_seed1.log": log([0.25, 0.5]), "grpo_seed2.log": log([0.5, 0.25])})
    lay(tmp_path, **{"verl__nohup.out": step.format(1, 25) + step.format(2, 5), "flat__train.txt": CSV})
    lay(tmp_path, **{"flat__bad.csv": "step,a\n1,x\n", "verl__rollout__1.jsonl": DUMP * 3, "notes.md": "# notes"})
    lay(tmp_path, **{"code__train.py": "step,reward\n", "data__gsm8k.jsonl": '{"question": "?", "answer": "3"}\n'})
    names = ["flat/bad.csv", "flat/train.txt", "grpo_seed1.log", "grpo_seed2.log", "verl/nohup.out"]
    assert found(tmp_path) == names
    passed = {os.path.relpath(path, tmp_path): why for path, why in find(str(tmp_path)).passed_over}
    assert passed["code/train.py"] == "source code"
    assert passed["verl/rollout/1.jsonl"] == "rows of one step: a dump of answers, no run"
    assert passed.keys() == {"code/train.py", "data/gsm8k.jsonl", "notes.md", "verl/rollout/1.jsonl"}
    runs = read_all(find(str(tmp_path)))
    assert (len(runs.runs), [Path(one.spec).name for one in runs.unread]) == (4, ["bad.csv"])


def test_our_own_outputs_are_no_runs(tmp_path: Path) -> None:
    """A report's page, JSON and tables are passed over; the tables alone are runs again."""
    from reportgen.cli import cli

    lay(tmp_path, **{"one.csv": "step,reward,_runtime\n" + "".join(f"{n},0.{n},{n}0\n" for n in range(10, 60))})
    out = tmp_path / "out"
    cli(["report", str(tmp_path / "one.csv"), "-o", str(out / "r.html"), "--json", str(out / "r.json"),
         "--csv", str(out / "tables"), "--quiet", "--no-cache"], standalone_mode=False)  # fmt: skip
    assert found(tmp_path) == ["one.csv"]
    passed = [(Path(path).name, why) for path, why in find(str(tmp_path)).passed_over]
    assert ("r.json", "a report of reportgen's own") in passed
    assert ("one.csv", "a table that reportgen wrote") in passed
    assert found(out / "tables") == ["one.csv"]


def test_a_folder_that_cannot_be_opened_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is passed over with its reason, and the others are found."""
    lay(tmp_path, **{"a__one.csv": CSV, "locked__two.csv": CSV})
    scan = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)
    specs = find(str(tmp_path))
    assert [Path(spec).name for spec in specs] == ["one.csv"]
    assert (str(tmp_path / "locked"), "can't be opened (Permission denied)") in specs.passed_over


def test_looking_says_how_far_it_is(tmp_path: Path) -> None:
    """The callback counts every file and folder that was looked at."""
    lay(tmp_path, **{"a__one.csv": CSV, "a__notes.md": "", "b__c__x.bin": "x"})
    counts: list[int] = []
    find(str(tmp_path), looking=lambda more, where: counts.append(more))
    assert sum(counts) == len([tmp_path, *tmp_path.rglob("*")]) + 3  # a folder counts where it lies and once inside


def test_a_tracker_beside_a_log_is_the_same_run(tmp_path: Path) -> None:
    """A log and the only tracker's run of its folder are one run, directly beside it too."""
    case = Path(__file__).parents[2] / "shared" / "cases" / "swanlab-beside-log"
    if not case.is_dir():
        pytest.skip("needs the shared cases")
    (spec,) = find(str(case))
    assert len(read(spec).history) == 126


@pytest.mark.parametrize(
    ("case", "n_runs"),
    [("folder_of_consoles", 2), ("verl-output-folder", 1), ("ui_export_a_metric_a_file", 1), ("git_lfs_pointer", 1),
     ("latest_run_is_a_text_file", 1), ("broken/one-bad-of-three", 3), ("broken/self-link-in-folder", 1)],
)  # fmt: skip
def test_shared_folders(case: str, n_runs: int) -> None:
    """Folders as people have them give the runs that are in them."""
    folder = Path(__file__).parents[2] / "shared" / "cases" / case
    if not folder.is_dir():
        pytest.skip("needs the shared cases")
    assert len(find(str(folder))) == n_runs


def test_the_shared_runs_as_one_folder() -> None:
    """Every run that can be read is, and the others say why not."""
    folder = Path(__file__).parents[2] / "shared" / "runs"
    if not folder.is_dir():
        pytest.skip("needs the shared runs")
    runs = read_all(find(str(folder)))
    assert len(runs.runs) == 11
    assert all("no step" in problem or "runs table" in problem for _, problem in runs.unread)


def test_a_folder_without_a_run_says_what_comes_near(tmp_path):
    """Tables without a step and archives are named with the way out; source code and pictures are not."""
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("reward,kl\n0.1,0.2\n0.2,0.3\n")
    (tmp_path / "runs.tar.xz").write_bytes(b"\xfd7zXZ\0 not looked at")
    (tmp_path / "train.py").write_text("print(1)\n")
    with pytest.raises(SpecError) as error:
        find(str(tmp_path))
    said = str(error.value)
    assert "(a.csv and 1 more: a table without a step (--step-column names it); runs.tar.xz: an archive: unpack" in said
    assert "train.py" not in said
