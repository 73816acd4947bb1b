"""AReaL's text logs are read as they were printed, whatever stands around, between and inside their tables."""

from __future__ import annotations

import gzip
import json
import lzma
import random
from pathlib import Path

import pytest
import zstandard
from areal_writer import log, record, step, table

from reportgen.errors import NoSteps, ReportgenError, SourceError
from reportgen.run import Run
from reportgen.sources import find, read
from reportgen.sources.areal import log as areal_log

SHARED = Path(__file__).parents[2] / "shared" / "runs"
REWARD = "grpo_actor/task_reward/avg"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the real runs are not here")


def run_of(folder: Path, text: str, name: str = "trainer.log") -> Run:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return areal_log.read(str(path))


def rewards(run: Run) -> list[float]:
    return run.history[REWARD].tolist()


@pytest.mark.parametrize("version", ["old", "new", "main", "merged"])
def test_every_versions_lines_are_read(tmp_path: Path, version: str) -> None:
    """Colours, the (AReaL) badge and merged.log's prefix change nothing."""
    run = run_of(tmp_path, log([0.25, 0.5, 0.125], version=version))
    assert rewards(run) == [0.25, 0.5, 0.125]
    assert run.history.shape == (3, 14)
    assert run.history["grpo_actor/metric_3/avg"].tolist() == [0.375] * 3


def test_what_the_log_says_of_itself(tmp_path: Path) -> None:
    """Steps, epochs, times and the end mark come from the log."""
    run = run_of(tmp_path, log([0.25, 0.5, 0.125, 0.5]))
    assert run.history.index.tolist() == [1, 2, 3, 4]
    assert run.steps_per_epoch == 2
    assert run.elapsed_s is not None
    assert run.elapsed_s.tolist() == [30.0, 60.0, 90.0, 120.0]
    assert (run.state, run.framework, run.started) == ("finished", "areal", None)


def test_a_container_clock_on_every_line(tmp_path: Path) -> None:
    """Lines that each begin with a container's time stamp are the same run, and its start is known."""
    text = log([0.25, 0.5])
    lines = [f"2025-11-22T16:43:46.34030954{at % 10}Z {line}\n" for at, line in enumerate(text.splitlines())]
    run = run_of(tmp_path, "".join(lines))
    assert rewards(run) == [0.25, 0.5]
    assert run.history.shape == (2, 14)
    assert run.started is not None
    assert run.started.isoformat() == "2025-11-22T16:43:46+00:00"


def test_foreign_lines_inside_a_table(tmp_path: Path) -> None:
    """Whole lines of other programs between a table's lines cost nothing."""
    lines = log([0.25, 0.5]).splitlines(keepends=True)
    noisy = "".join(line + "[rank1]: warning │ 12 of 3\n" for line in lines)
    run = run_of(tmp_path, noisy)
    assert rewards(run) == [0.25, 0.5]
    assert run.history.shape == (2, 14)


def test_output_that_cuts_a_row_invents_nothing(tmp_path: Path) -> None:
    """Where other output lands inside a row, whole pairs are kept, the cut one is left out, and it is noted."""
    text = log([0.25, 0.5]).replace(" 1.2500e-01 │", " 1.25[rank1]: oh no\n00e-01 │", 1)
    run = run_of(tmp_path, text)
    assert run.history["grpo_actor/metric_1/avg"].isna().tolist() == [True, False]
    assert run.history.drop(columns="grpo_actor/metric_1/avg").notna().to_numpy().all()
    assert rewards(run) == [0.25, 0.5]


def test_a_row_cut_before_its_last_value(tmp_path: Path) -> None:
    """A row of known keys that ends before its last value keeps the pairs that are whole."""
    row = {f"m/{number}": float(number) for number in range(8)}
    whole = step(1, row) + step(2, row)
    torn = whole.rpartition(" 7.0000e+00 ")[0]
    run = run_of(tmp_path, torn)
    assert run.history.loc[2].dropna().to_dict() == {f"m/{number}": number for number in range(7)}


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9])
def test_a_torn_last_table_keeps_its_whole_cells(tmp_path: Path, share: float) -> None:
    """Of a log cut anywhere, every value that is kept is the one that was printed."""
    whole = log([0.25, 0.5, 0.125])
    full = run_of(tmp_path, whole).history
    torn = run_of(tmp_path, whole[: int(len(whole) * share)])
    assert torn.state == "unfinished"
    kept = torn.history.stack().dropna()
    assert (full.stack().loc[kept.index] == kept).all()


def test_several_tables_a_step_fold_onto_it(tmp_path: Path) -> None:
    """With several minibatches later tables fill the step up and their update values win."""
    text = step(1, {REWARD: 0.25, "grpo_actor/lr": 0.5}, {"grpo_actor/lr": 0.25}) + step(2, {REWARD: 0.5})
    run = run_of(tmp_path, text)
    assert run.history.index.tolist() == [1, 2]
    assert rewards(run) == [0.25, 0.5]
    assert run.history.at[1, "grpo_actor/lr"] == 0.25


def test_nan_and_inf_are_not_gaps(tmp_path: Path) -> None:
    """A logged nan or inf is kept as such, an absent key is a gap."""
    text = step(1, {REWARD: 0.5, "a": float("nan"), "b": float("inf")}) + step(2, {REWARD: 0.5, "a": 1.0})
    run = run_of(tmp_path, text)
    assert [(bad.step, bad.metric, str(bad.value)) for bad in run.nonfinite] == [(1, "a", "nan"), (1, "b", "inf")]
    assert run.history["a"].isna().tolist() == [True, False]


def test_ints_bools_and_blanks(tmp_path: Path) -> None:
    """Ints stay whole, True is 1, None is a gap, and 3-digit exponents are read."""
    text = step(1, {"n_seqs": 32, "n_tokens": 6767}) + step(2, {"flag": True, "none": None, "tiny": 1e-300, "x": -2.5})
    run = run_of(tmp_path, text)
    assert run.history.loc[1, ["n_seqs", "n_tokens"]].tolist() == [32, 6767]
    assert run.history.loc[2, ["flag", "tiny", "x"]].tolist() == [1.0, 1e-300, -2.5]
    assert "none" not in run.history


@pytest.mark.parametrize("count", range(1, 18))
def test_any_number_of_keys(tmp_path: Path, count: int) -> None:
    """A table of any number of keys is read in pairs, whatever its padding."""
    row = {f"m/{number}": float(number) for number in range(count)}
    run = run_of(tmp_path, step(1, row))
    assert run.history.loc[1].to_dict() == row


def test_keys_that_come_and_go(tmp_path: Path) -> None:
    """Eval keys that shift every column are read where they stand."""
    row = {f"m/{number}": float(number) for number in range(10)}
    run = run_of(tmp_path, step(1, row) + step(2, {"eval-rollout/reward": 0.5, **row}) + step(3, row))
    assert run.history["m/7"].tolist() == [7.0] * 3
    assert run.history["eval-rollout/reward"].dropna().to_dict() == {2: 0.5}


def test_a_recovery_that_prints_steps_again(tmp_path: Path) -> None:
    """The later value of a step is the valid one, and the step is marked as a restart."""
    first = "".join(step(number, {REWARD: 0.25}) for number in (1, 2, 3))
    marker = record("Recovering from StepInfo(epoch=0, epoch_step=1, global_step=1, steps_per_epoch=2).")
    run = run_of(tmp_path, first + marker + "".join(step(number, {REWARD: 0.5}) for number in (2, 3, 4)))
    assert rewards(run) == [0.25, 0.5, 0.5, 0.5]
    assert run.restarts == (2,)


def test_a_recovery_without_overlap_is_marked(tmp_path: Path) -> None:
    """A launch that goes on where the last one ended is a restart too."""
    marker = record("Recovering from StepInfo(epoch=0, epoch_step=1, global_step=2, steps_per_epoch=2).")
    run = run_of(tmp_path, step(1, {REWARD: 0.25}) + step(2, {REWARD: 0.25}) + marker + step(3, {REWARD: 0.5}))
    assert run.restarts == (3,)


def test_a_table_before_any_step_is_left_out(tmp_path: Path) -> None:
    """A rotated log that begins inside a table gives no step to it, and says so."""
    run = run_of(tmp_path, table({REWARD: 0.75}) + "\n" + step(7, {REWARD: 0.5}, of=9))
    assert run.history[REWARD].to_dict() == {7: 0.5}
    assert any("before the first step" in note for note in run.notes)


def test_other_programs_tables_are_no_metrics(tmp_path: Path) -> None:
    """A box that no StatsLogger announced, and boxes of other shapes, are passed over."""
    rich = "┌──────┬───┐\n│ lines │ 3 │\n└──────┴───┘\n"
    run = run_of(tmp_path, step(1, {REWARD: 0.5}) + table({"files": 3}) + "\n" + rich + step(2, {REWARD: 0.5}))
    assert run.history.columns.tolist() == [REWARD]


def test_progress_bars_before_a_step(tmp_path: Path) -> None:
    """A progress bar that ends in the same line as a step hides nothing."""
    bar = "\r  0%|          | 0/4 [00:00<?]\r 50%|█████     | 2/4 [00:01<00:01]"
    run = run_of(tmp_path, bar + step(1, {REWARD: 0.25}) + bar + step(2, {REWARD: 0.5}))
    assert rewards(run) == [0.25, 0.5]


def test_windows_line_ends(tmp_path: Path) -> None:
    """A log whose lines end in CR LF is the same log."""
    assert rewards(run_of(tmp_path, log([0.25, 0.5]).replace("\n", "\r\n"))) == [0.25, 0.5]


def test_several_trials_in_one_console(tmp_path: Path) -> None:
    """Each trial that finished a step is a run of its own; one that didn't is passed over."""
    launch = "LocalLauncher: experiment_name=exp, trial_name={}, fileroot=/x, run_id=0"
    text = "".join(record(launch.format(name)) + "".join(step(n, {REWARD: 0.25 * n}) for n in range(1, last + 1))
                   for name, last in (("b", 2), ("dead", 0), ("a", 3)))  # fmt: skip
    path = tmp_path / "console.txt"
    path.write_text(text, encoding="utf-8")
    assert find(str(path)) == (f"{path}#a", f"{path}#b")
    run = read(f"{path}#a")
    assert (run.name, run.id, run.provenance["project"]) == ("a", "exp_a_train", "exp")
    assert rewards(run) == [0.25, 0.5, 0.75]
    with pytest.raises(SourceError, match="2 trials in one file"):
        read(str(path))


def test_a_trial_launched_again_is_one_run(tmp_path: Path) -> None:
    """The same trial launched twice from its first step is its last launch, and the earlier one is named."""
    launch = record("LocalLauncher: experiment_name=exp, trial_name=a, fileroot=/x, run_id=0")
    text = launch + step(1, {REWARD: 0.25}) + step(2, {REWARD: 0.25}) + launch + step(1, {REWARD: 0.5})
    (spec,) = find(str(_written(tmp_path, text)))
    run = read(spec)
    assert rewards(run) == [0.5]
    assert any("#1 reads it" in note for note in run.notes)
    assert rewards(read(f"{spec}#1")) == [0.25, 0.25]


def test_the_config_beside_it(tmp_path: Path) -> None:
    """config.yaml names the run and is its config, in dotted keys."""
    names = "experiment_name: gsm8k\ntrial_name: t1\n"
    (tmp_path / "config.yaml").write_text(f"{names}actor:\n  optimizer:\n    lr: 1.7e-5\n    kind: constant\n")
    run = run_of(tmp_path, log([0.25, 0.5]))
    assert (run.name, run.id, run.provenance["project"]) == ("t1", "gsm8k_t1_train", "gsm8k")
    assert run.config["actor.optimizer.lr"] == 1.7e-5
    assert run.config["actor.optimizer.kind"] == "constant"


def test_another_trials_config_is_left_out(tmp_path: Path) -> None:
    """A config beside a console that names another trial than the console is not this run's."""
    (tmp_path / "config.yaml").write_text("experiment_name: gsm8k\ntrial_name: t1\n")
    launch = record("LocalLauncher: experiment_name=exp, trial_name=a, fileroot=/x, run_id=0")
    run = run_of(tmp_path, launch + step(1, {REWARD: 0.25}), "console.txt")
    assert (run.id, dict(run.config)) == ("exp_a_train", {})
    assert any("of trial 't1'" in note for note in run.notes)


BOMB = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{p: *a{n - 1}, q: *a{n - 1}}}\n" for n in range(1, 40))


@pytest.mark.parametrize(
    ("text", "words"),
    [("a: [1, 2", "not YAML"), ("just words", "not a YAML mapping"), ("{a: &x [*x, *x]", "not YAML"),
     ("\x00\x01\x02", "not YAML"), ("- 1\n- 2\n", "not a YAML mapping"), (BOMB, "unfolds into more")],
)  # fmt: skip
def test_a_config_that_is_no_yaml_is_left_out(tmp_path: Path, text: str, words: str) -> None:
    """The run is read without it, named as AReaL's folders are, and says so."""
    folder = tmp_path / "logs" / "root" / "gsm8k" / "t1"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(text)
    run = run_of(folder, log([0.25, 0.5]))
    assert (run.id, dict(run.config), rewards(run)) == ("gsm8k_t1_train", {}, [0.25, 0.5])
    assert any(f"config.yaml was left out ({words}" in note for note in run.notes)


def test_areals_folders_name_a_run_without_config(tmp_path: Path) -> None:
    """{fileroot}/logs/{user}/{experiment}/{trial} says what config.yaml would."""
    folder = tmp_path / "logs" / "root" / "gsm8k" / "t1"
    folder.mkdir(parents=True)
    assert run_of(folder, log([0.25, 0.5])).id == "gsm8k_t1_train"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the log is empty"),
        ("hello\n" * 3, "no step found in 3 lines"),
        (record("loading"), "no 'Train step' line in 1 lines"),
        (record("Epoch 1/2 Step 1/2 Train step 1/4 done."), "no stats table"),
        (table({REWARD: 0.5}), "no 'Train step' line"),
    ],
)
def test_a_log_without_a_step(tmp_path: Path, text: str, words: str) -> None:
    """A log that has no step yet is no corruption, and says what it lacks."""
    with pytest.raises(NoSteps, match=words):
        run_of(tmp_path, text)


@pytest.mark.parametrize(
    ("suffix", "packed"),
    [(".gz", gzip.compress), (".xz", lzma.compress), (".zst", zstandard.ZstdCompressor().compress), ("", bytes)],
)
def test_compressed_logs_are_read_as_they_are(tmp_path: Path, suffix: str, packed: object) -> None:
    """What a log is compressed with is told by its bytes."""
    path = tmp_path / f"trainer.log{suffix}"
    path.write_bytes(packed(log([0.25, 0.5]).encode()))  # type: ignore[operator]
    run = areal_log.read(str(path))
    assert rewards(run) == [0.25, 0.5]
    assert run.name == tmp_path.name


def test_a_torn_archive_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """Of an archive that is cut off the whole steps are kept, and the page is told."""
    text = log([random.Random(n).random() for n in range(400)])
    path = tmp_path / "trainer.log.gz"
    packed = gzip.compress(text.encode())
    path.write_bytes(packed[: len(packed) // 2])
    run = areal_log.read(str(path))
    assert 50 < len(run.history) < 400
    assert any("cut off or damaged" in note for note in run.notes)


def test_the_console_tail_is_plain_text(tmp_path: Path) -> None:
    """The last lines are kept without colours and without tables."""
    tail = run_of(tmp_path, log([0.25, 0.5])).console_tail
    assert tail.endswith("StatsLogger INFO: Training completes! Total time elapsed 5.")
    assert "\x1b" not in tail
    assert "│" not in tail


def test_a_long_table_across_pieces(tmp_path: Path) -> None:
    """Tables that fall across the pieces in which a file is read lose nothing."""
    row = {f"metric_{number}": number / 64 for number in range(3000)}
    run = run_of(tmp_path, "".join(step(number, row, of=6) for number in range(1, 7)))
    assert run.history.shape == (6, 3000)
    assert (run.history == run.history.iloc[0]).to_numpy().all()


@pytest.mark.parametrize("seed", range(60))
def test_damaged_logs_never_end_in_a_traceback(tmp_path: Path, seed: int) -> None:
    """Bytes lost, doubled, overwritten or filled with zeros give a run or one sentence."""
    draw = random.Random(seed)
    text = bytearray(log([0.25, 0.5, 0.125], version=draw.choice(["old", "new", "merged"])).encode())
    for _ in range(draw.randint(1, 12)):
        at, length = draw.randrange(len(text)), draw.choice([1, 3, 50, 2000])
        text[at : at + length] = draw.choice([b"", b"\0" * length, draw.randbytes(length), b"\n", "│".encode() * 9])
    path = tmp_path / "trainer.log"
    path.write_bytes(bytes(text))
    try:
        run = areal_log.read(str(path))
    except ReportgenError as error:
        assert str(path) in str(error)
    else:
        assert len(run.history) <= 3


@needs_shared
@pytest.mark.parametrize("name", ["trainer.log.xz", "trainer_new.log.xz", "console_docker_prefixed.log.xz"])
def test_the_reference_logs_say_what_they_were_made_from(name: str) -> None:
    """126 steps, every train reward, and the two evals of the reference run."""
    truth = json.loads((SHARED / "areal_logs" / "truth.json").read_text())
    run = areal_log.read(str(SHARED / "areal_logs" / name))
    (train,) = run.history.filter(regex="actor/task_reward/avg$")
    assert run.history[train].round(5).tolist() == pytest.approx(truth["train_task_reward_avg"], abs=5e-6)
    held_out = run.history.filter(regex=r"^eval-rollout/(reward|task_reward/avg)$").dropna().iloc[:, 0]
    assert held_out.to_dict() == {63: 0.28715, 126: 0.32051}
    assert (run.state, run.steps_per_epoch, run.restarts) == ("finished", 63, ())


@needs_shared
def test_five_launches_without_a_step() -> None:
    """A real console of five launches, none of which came to a step, is told in one sentence."""
    (path,) = SHARED.glob("nexthybrid__AReaL/*.xz")
    with pytest.raises(NoSteps, match="5 launches in 1,371 lines"):
        areal_log.read(str(path))


def _written(folder: Path, text: str) -> Path:
    path = folder / "console.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_log_of_the_first_areal(tmp_path: Path) -> None:
    """Up to 0.3 (realhf) a step's tables stand before the line that ends it, each line behind Ray's prefix."""
    prefix = "\x1b[36m(MasterWorker pid=11559)\x1b[0m "
    lines = []
    for number, reward in enumerate([0.25, 0.5, 0.75], start=1):
        stamp = f"20250616-06:0{number}:00.000"
        lines.append(f"{stamp} realhf.system.model_function_call INFO: RPC name actor_train returns (1/1)")
        lines += table({REWARD: reward}).splitlines() + table({"ppo_critic/lr": 1e-5}).splitlines()
        lines.append(f"{stamp} master worker INFO: Epoch 1/2 step {number}/4 (global step {number}) finishes. Average")
    path = tmp_path / "master.log"
    path.write_text("".join(f"{prefix}{line}\n" for line in [*lines, *table({REWARD: 1.0}).splitlines()[:2]]))
    run = read(str(path))
    assert rewards(run)[:3] == [0.25, 0.5, 0.75]
    assert (run.history.index.tolist()[:3], run.steps_per_epoch, run.state) == ([1, 2, 3], 4, "unfinished")
    assert run.elapsed_s is not None and run.elapsed_s.loc[3] == 120
