"""Tables as people write them: number formats, runs in one table, long forms, binary forms, JSON of every shape."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tracked import assert_is_truth

from reportgen.errors import SourceError, SpecError
from reportgen.sources import find, read, read_all

sys.path.insert(0, str(Path(__file__).parent / "trackers"))
import truth

ROWS = truth.rows()
FRAME = pd.DataFrame(ROWS)


def written(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("semicolon.csv", {"sep": ";", "decimal": ","}),
        ("tab.tsv", {"sep": "\t", "decimal": ","}),
        ("quoted.csv", {"decimal": ",", "quoting": 2}),
        ("words.csv", {"na_rep": "nan"}),
    ],
)
def test_every_way_that_pandas_writes_numbers(tmp_path, name, arguments):
    """The number format is told from the whole column; nan that fills a column's gaps is no alarm."""
    FRAME.to_csv(tmp_path / name, index=False, **arguments)
    run = read(str(tmp_path / name))
    np.testing.assert_allclose(run.history["train/reward"], FRAME["train/reward"])
    assert run.history["eval/reward"].notna().sum() == 2
    assert not [bad for bad in run.nonfinite if bad.metric == "eval/reward"]


def test_per_cent_signs_are_shares(tmp_path):
    """18.35 % is .1835, and it is said."""
    lines = "".join(f"{row['step']},{100 * row['train/reward']:.4f} %\n" for row in ROWS)
    run = read(written(tmp_path / "a.csv", f"step,train/reward\n{lines}"))
    np.testing.assert_allclose(run.history["train/reward"], FRAME["train/reward"], atol=1e-6)
    assert any("percent signs" in note for note in run.notes)


def test_thousands_are_one_number(tmp_path):
    """1,024 steps are no decimal comma when another step says 1,024,000."""
    lines = "".join(f'"{step:,}",{step / 2000:.4f}\n' for step in range(10, 1300, 10))
    run = read(written(tmp_path / "a.csv", f"step,reward\n{lines}"))
    assert (len(run.history), run.history.index[-1]) == (129, 1290)


def test_unreadable_steps_are_refused(tmp_path):
    """More than a tenth of the steps unreadable: no verdict over the rest."""
    lines = "".join(f"{'later' if step % 5 == 0 else step},{step / 100}\n" for step in range(1, 101))
    with pytest.raises(SourceError, match="20 of 100 steps in 'step' can't be read"):
        read(written(tmp_path / "a.csv", f"step,reward\n{lines}"))


def test_unreadable_rewards_are_refused(tmp_path):
    """The same of the reward."""
    lines = "".join(f"{step},{'?!' if step % 5 == 0 else step / 100}\n" for step in range(1, 101))
    with pytest.raises(SourceError, match="20 values of the reward 'reward' can't be read"):
        read(written(tmp_path / "a.csv", f"step,reward\n{lines}"))


@pytest.mark.parametrize("column", ["run", "seed", "run_id", "trial"])
def test_a_column_of_runs_splits_the_table(tmp_path, column):
    """Runs of one table are runs, not rows of one step."""
    both = pd.concat([FRAME.assign(**{column: 1}), FRAME.assign(**{column: 2})])
    both.to_csv(tmp_path / "a.csv", index=False)
    specs = find(str(tmp_path / "a.csv"))
    assert [spec.rpartition("#")[2] for spec in specs] == ["1", "2"]
    assert [len(read(spec).history) for spec in specs] == [126, 126]


def test_a_config_column_that_is_constant_splits_nothing(tmp_path):
    """A seed that is the same in all rows is one run's."""
    FRAME.assign(seed=7).to_csv(tmp_path / "a.csv", index=False)
    assert len(find(str(tmp_path / "a.csv"))) == 1


@pytest.mark.parametrize("name", ["metric", "tag", "key", "name"])
def test_the_long_form_is_spread(tmp_path, name):
    """One value a row becomes a column a metric."""
    long = FRAME.melt("step", var_name=name, value_name="value").dropna()
    long.to_csv(tmp_path / "a.csv", index=False)
    run = read(str(tmp_path / "a.csv"))
    np.testing.assert_allclose(run.history["train/reward"], FRAME["train/reward"])
    assert run.history.loc[63, "eval/reward"] == 0.287


@pytest.mark.parametrize("before", ["# run trial0\n# exported\n", "sep=,\n", "GRPO gsm8k\n\n"])
def test_lines_before_the_names_are_passed_over(tmp_path, before):
    """Comments, a title and Excel's first line."""
    run = read(written(tmp_path / "a.csv", before + FRAME.to_csv(index=False)))
    assert len(run.history) == 126
    assert any("passed over" in note for note in run.notes)


def test_two_header_rows_are_one_name(tmp_path):
    """What pandas writes of columns on two levels."""
    wide = FRAME.set_index("step")
    wide.columns = pd.MultiIndex.from_tuples([tuple(name.split("/")) for name in wide.columns])
    wide.to_csv(tmp_path / "a.csv")
    np.testing.assert_allclose(read(str(tmp_path / "a.csv")).history["train/reward"], FRAME["train/reward"])


STEPS = ("TrainStep", "iterations", "update", "train/step", "time/total_timesteps", "num_steps")


@pytest.mark.parametrize("step", STEPS)
def test_other_names_of_steps(tmp_path, step):
    """A name whose last word counts steps does."""
    FRAME.rename(columns={"step": step}).to_csv(tmp_path / "a.csv", index=False)
    assert read(str(tmp_path / "a.csv")).history.index[-1] == 126


def test_a_person_names_the_step_column(tmp_path):
    """--step-column, by name, or the rows themselves; without it the sentence says so."""
    path = written(tmp_path / "a.csv", "when,reward\n" + "".join(f"{at},0.5\n" for at in range(5, 50, 5)))
    with pytest.raises(SourceError, match="--step-column"):
        read(path)
    assert list(read(path, step_column="when").history.index) == list(range(5, 50, 5))
    assert list(read(path, step_column="rows").history.index) == list(range(1, 10))


@pytest.mark.parametrize("form", ["parquet", "feather"])
def test_arrow_keeps_nan_apart_from_gaps(tmp_path, form):
    """A null is a gap, a nan a nan, as the file says."""
    pa = pytest.importorskip("pyarrow")
    columns = {name: [row.get(name) for row in ROWS] for name in FRAME.columns}
    table = pa.table(columns)
    if form == "parquet":
        __import__("pyarrow.parquet").parquet.write_table(table, tmp_path / "a.parquet")
    else:
        __import__("pyarrow.feather").feather.write_feather(table, tmp_path / "a.feather")
    (spec,) = find(str(tmp_path))
    assert_is_truth(read(spec))


def test_sheets_of_a_workbook_are_runs(tmp_path):
    """One sheet is a run, two are two, by their names."""
    with pd.ExcelWriter(tmp_path / "a.xlsx", engine="openpyxl") as book:
        for name in ("one", "two"):
            FRAME[["step", "train/reward", "eval/reward"]].to_excel(book, sheet_name=name, index=False)
    runs = read_all(find(str(tmp_path / "a.xlsx"))).runs
    assert [run.name for run in runs] == ["one", "two"]
    np.testing.assert_allclose(runs[0].history["train/reward"], FRAME["train/reward"])


def test_arrays_of_numpy_are_a_table(tmp_path):
    """An .npz by its names."""
    np.savez(tmp_path / "a.npz", step=FRAME["step"], reward=FRAME["train/reward"])
    np.testing.assert_allclose(read(str(tmp_path / "a.npz")).history["reward"], FRAME["train/reward"])


PLAIN = [{key: value for key, value in row.items() if math.isfinite(value)} for row in ROWS]
JSON_FORMS = {
    "columns": {"step": [row["step"] for row in ROWS], "train/reward": [row["train/reward"] for row in ROWS]},
    "history": {"config": {"lr": 1e-6}, "history": PLAIN},
    "by step": {str(row["step"]): {"train/reward": row["train/reward"]} for row in PLAIN},
    "pairs": {"train/reward": [[row["step"], row["train/reward"]] for row in PLAIN]},
    "parts": {"train": [{"step": row["step"], "reward": row["train/reward"]} for row in PLAIN],
              "eval": [{"step": 63, "reward": 0.287}]},
    "pandas": json.loads(FRAME[["step", "train/reward"]].to_json()),
    "split": json.loads(FRAME[["step", "train/reward"]].to_json(orient="split")),
    "list": PLAIN,
}  # fmt: skip


@pytest.mark.parametrize("form", JSON_FORMS)
@pytest.mark.parametrize("indent", [None, 1])
def test_json_of_every_shape(tmp_path, form, indent):
    """Whatever shape the rows have, in one line or indented."""
    run = read(written(tmp_path / "a.json", json.dumps(JSON_FORMS[form], indent=indent)))
    np.testing.assert_allclose(run.history["train/reward"], FRAME["train/reward"], rtol=1e-9)
    assert run.history.index[-1] == 126
    assert run.config == ({"lr": 1e-6} if form == "history" else {})


def test_panels_of_one_run_are_joined(tmp_path):
    """W&B's page exports one CSV a panel: the same run's are one run."""
    for name, last in (("ppo_actor/task_reward/avg", 126), ("eval-rollout/reward", 100)):
        head = f'"Step","trial1 - {name}","trial1 - {name}__MIN","trial1 - {name}__MAX"'
        lines = "".join(f'"{step}","{step / 200}","{step / 200}","{step / 200}"\n' for step in range(1, last))
        written(tmp_path / f"wandb_export_{last}.csv", f"{head}\n{lines}")
    (spec,) = find(str(tmp_path))
    assert {"ppo_actor/task_reward/avg", "eval-rollout/reward"} <= {*read(spec).history}


def test_series_that_tensorboards_page_saved_are_joined(tmp_path):
    """The tag stands in the file's name alone; files of one run are one run."""
    for tag in ("train_reward", "train_kl"):
        lines = "".join(f"{1.7e9 + step},{step},{step / 100}\n" for step in range(1, 50))
        written(tmp_path / f"run-trial0-tag-{tag}.csv", f"Wall time,Step,Value\n{lines}")
    (spec,) = find(str(tmp_path))
    run = read(spec)
    assert run.name == "trial0"
    assert {*run.history} == {"train/reward", "train/kl"}


def test_dumps_of_answers_are_no_runs(tmp_path):
    """verl writes a file of answers a step: every row has the same step."""
    for step in (1, 2):
        rows = "".join(json.dumps({"input": "q", "output": "a", "score": 1.0, "step": step}) + "\n" for _ in range(9))
        written(tmp_path / f"{step}.jsonl", rows)
    written(tmp_path / "exp.jsonl", "".join(json.dumps({"step": at, "data": {"critic/score/mean": 0.5}}) + "\n"
                                            for at in range(1, 20)))  # fmt: skip
    found = find(str(tmp_path))
    assert [Path(spec).name for spec in found] == ["exp.jsonl"]
    assert {Path(passed.path).name for passed in found.passed_over} == {"1.jsonl", "2.jsonl"}


FEW = [{"step": step, "reward": step / 100, "kl": 0.5} for step in range(1, 13)]


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_rows_of_evals_stay_apart_from_those_of_training(tmp_path, suffix):
    """Where a column says train or eval, an eval's reward never takes the place of the train reward."""
    rows = [{**row, "split": "train"} for row in FEW] + [{"step": 12, "reward": 0.9, "split": "eval"}]
    path = tmp_path / f"trial.{suffix}"
    if suffix == "csv":
        path.write_text("step,split,reward,kl\n" + "".join(
            f"{row['step']},{row['split']},{row['reward']},{row.get('kl', '')}\n" for row in rows))  # fmt: skip
    else:
        path.write_text("\n".join(map(json.dumps, rows)))
    history = read(str(path)).history
    assert history["train/reward"].to_dict() == pytest.approx({step: step / 100 for step in range(1, 13)})
    assert history["eval/reward"].dropna().to_dict() == {12: 0.9}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("split.json", {"train": FEW, "eval": [{"step": 12, "reward": 0.9}]}),
        ("pairs.json", {"train/reward": [[row["step"], row["reward"]] for row in FEW]}),
        ("columns.json", {"config": {"lr": 1}, "metrics": {"step": list(range(1, 13)), "train/reward": [0.1] * 12}}),
        ("index.json", {str(at): {"step": at + 1, "train/reward": 0.1} for at in range(12)}),
        ("trainer_log.jsonl", [{"current_steps": at, "total_steps": 12, "train/reward": 0.1} for at in range(1, 13)]),
        ("run-a-tag-train_reward.json", [[1.8e9 + at, at, 0.1] for at in range(1, 13)]),
    ],
)
def test_json_of_any_form_is_found_in_a_folder(tmp_path, name, value):
    """The steps and the reward are the same, whatever JSON holds them, and a folder shows them."""
    text = "\n".join(map(json.dumps, value)) if name.endswith("jsonl") else json.dumps(value)
    (tmp_path / name).write_text(text)
    (spec,) = find(str(tmp_path))
    assert read(spec).history["train/reward"].dropna().index.tolist() == list(range(1, 13))


def test_mappings_under_numbers_are_no_run_of_a_folder(tmp_path):
    """Any file may map numbers to mappings; a person who means it names the file."""
    (tmp_path / "m.json").write_text(json.dumps({str(row["step"]): {"reward": row["reward"]} for row in FEW}))
    with pytest.raises(SpecError, match="no run in it"):
        find(str(tmp_path))
    assert len(read(str(tmp_path / "m.json")).history) == 12


def test_a_runs_name_is_what_its_column_says(tmp_path):
    """A table of one run whose every row names it is called so."""
    (tmp_path / "table.csv").write_text("run_name,step,reward\n" + "".join(f"grpo-3,{k},0.{k}\n" for k in range(1, 9)))
    assert read(str(tmp_path / "table.csv")).name == "grpo-3"


def test_a_restart_in_one_run_of_several_keeps_the_runs_apart(tmp_path):
    """A few steps logged again are no reason to fold all runs of a table onto one axis."""
    rows = [f"{seed},{k},{seed + k / 1000}" for seed in (1, 2) for k in range(1, 101)] + ["2,100,2.5"]
    (tmp_path / "table.csv").write_text("seed,step,reward\n" + "\n".join(rows))
    assert len(find(str(tmp_path / "table.csv"))) == 2


def test_utf16_without_its_mark(tmp_path):
    """Text in UTF-16 is read though the mark that should begin it is missing."""
    (tmp_path / "a.csv").write_bytes("step,reward\n1,0.5\n2,0.75\n".encode("utf-16-le"))
    assert read(str(tmp_path / "a.csv")).history["reward"].tolist() == [0.5, 0.75]
