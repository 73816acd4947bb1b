"""CSV, JSON Lines and JSON lists are runs when they have a step and numbers; else one sentence says why not."""

from __future__ import annotations

import gzip
import json
import math
import random
from pathlib import Path

import pytest

from reportgen.errors import NoSteps, ReportgenError, SourceError
from reportgen.run import Run
from reportgen.sources import find, read, read_all
from reportgen.sources.texts import csv_table

SHARED = Path(__file__).parents[2] / "shared" / "runs"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the real runs are not here")


def run_of(folder: Path, text: str, name: str = "trial_7.csv") -> Run:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return read(str(path))


@pytest.mark.parametrize("step", ["step", "_step", "global_step", "Step", "train/global_step"])
def test_a_step_column_of_any_usual_name(tmp_path: Path, step: str) -> None:
    """A table with a step column and any numeric column is a run, called after its file."""
    run = run_of(tmp_path, f"{step},my reward\n3,0.25\n5,0.5\n")
    assert run.history["my reward"].to_dict() == {3: 0.25, 5: 0.5}
    assert (run.name, run.state, run.source) == ("trial_7", "unknown", f"table {tmp_path / 'trial_7.csv'}")


@pytest.mark.parametrize("step", ["STEP", "Global_Step", "iteration", "train_step"])
def test_a_step_column_that_is_spelled_alike(tmp_path: Path, step: str) -> None:
    """Another spelling of step is taken and said."""
    run = run_of(tmp_path, f"{step},reward\n1,0.25\n2,0.5\n")
    assert run.history.index.tolist() == [1, 2]
    assert any(step in note for note in run.notes)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_delimiter_quotes_and_mark(tmp_path: Path, delimiter: str) -> None:
    """The delimiter is told from the rows; quotes and a byte order mark are no part of a name."""
    rows = [['"step"', '"a"', '"b"'], ["1", '"0.25"', "2"], ["2", "0.5", '""']]
    run = run_of(tmp_path, "\ufeff" + "\r\n".join(delimiter.join(row) for row in rows))
    assert run.history["a"].tolist() == [0.25, 0.5]
    assert run.history["b"].dropna().to_dict() == {1: 2.0}


def test_decimal_commas(tmp_path: Path) -> None:
    """A table parted by semicolons may write its decimals with a comma."""
    run = run_of(tmp_path, "step;a\n1;0,25\n2;-1,5e-3\n")
    assert run.history["a"].tolist() == [0.25, -0.0015]


def test_a_blank_cell_is_a_gap_and_nan_is_not(tmp_path: Path) -> None:
    """Blank means not logged; nan and inf were logged."""
    run = run_of(tmp_path, "step,a\n1,0.5\n2,\n3,nan\n4,-inf\n5,NaN\n6,1.0\n")
    assert [(bad.step, str(bad.value)) for bad in run.nonfinite] == [(3, "nan"), (4, "-inf"), (5, "nan")]
    assert run.history["a"].dropna().to_dict() == {1: 0.5, 6: 1.0}


def test_texts_among_numbers_are_counted(tmp_path: Path) -> None:
    """A text in a column of numbers is left out and told; a column of texts is none."""
    run = run_of(tmp_path, "step,a,host\n1,0.5,x\n2,oops,y\n3,0.25,z\n4,nan,z\n")
    assert run.history.columns.tolist() == ["a"]
    assert "1 cells of 'a' are no numbers (first: row 2)" in run.notes


def test_columns_of_one_name_stay_apart(tmp_path: Path) -> None:
    """A repeated column name is numbered, and said."""
    run = run_of(tmp_path, "step,a,a (2),a,a\n1,1,2,3,4\n")
    assert run.history.loc[1].to_dict() == {"a": 1, "a (2)": 2, "a (3)": 3, "a (4)": 4}
    assert any("two columns are called 'a'" in note for note in run.notes)


def test_rows_that_repeat_a_step(tmp_path: Path) -> None:
    """Of several rows with one step the later values stand, and it is said."""
    run = run_of(tmp_path, "step,a,b\n1,1,1\n2,2,2\n2,3,\n3,4,4\n")
    assert run.history.loc[2].to_dict() == {"a": 3, "b": 2}
    assert "1 of 4 rows repeat a step; the later value of each metric was kept" in run.notes


def test_thousands_of_columns(tmp_path: Path) -> None:
    """A wide table is read whole."""
    names = [f"m/{number}" for number in range(4000)]
    run = run_of(tmp_path, ",".join(["step", *names]) + "\n" + "\n".join(",".join(["1"] + ["2"] * 4000) for _ in "12"))
    assert run.history.shape == (1, 4000)


def test_unicode_names_and_separators(tmp_path: Path) -> None:
    """Names in any script are kept, and an exotic line separator parts no rows."""
    run = run_of(tmp_path, "step,précision — 报酬,note\n1,0.5,a\u2028b\n2,0.25,c\n")
    assert run.history["précision — 报酬"].tolist() == [0.5, 0.25]


def test_huge_integers(tmp_path: Path) -> None:
    """An integer that float64 can't hold whole is read as near as it can."""
    run = run_of(tmp_path, f"step,tokens\n1,{10**30}\n2,{'9' * 400}\n")
    assert run.history.at[1, "tokens"] == 1e30
    assert [bad.value for bad in run.nonfinite] == [math.inf]


def test_short_rows_are_kept(tmp_path: Path) -> None:
    """A row with fewer cells than names keeps those that it has."""
    run = run_of(tmp_path, "step,a,b\n1,2,3\n2,4\n")
    assert run.history["a"].tolist() == [2, 4]
    assert any("shorter than the header" in note for note in run.notes)


def test_an_export_of_wandbs_history(tmp_path: Path) -> None:
    """run.history().to_csv(): an index without a name, W&B's own columns, gaps."""
    rows = "0,0,0,1000000000,0.5\n1,5,2,1000000002,\n2,9,5.5,1000000005.5,0.25\n"
    run = run_of(tmp_path, ",_step,_runtime,_timestamp,loss\n" + rows)
    assert run.history.columns.tolist() == ["loss"]
    assert run.history["loss"].dropna().to_dict() == {0: 0.5, 9: 0.25}
    assert run.elapsed_s is not None
    assert run.elapsed_s.tolist() == [0, 2, 5.5]


CHART = (
    '"Step","x/a - b - loss","x/a - b - loss__MIN","x/a - b - loss__MAX","c - loss","c - loss__MIN","c - loss__MAX"\n'
    '"1","0.5","0.25","0.75","","",""\n"3","","","","2.5","2.5","2.5"\n"5","0.25","0.25","0.25","1.5","1.5","1.5"\n'
)


def test_an_exported_chart_holds_a_run_each(tmp_path: Path) -> None:
    """W&B's chart export is a run for each triple of columns, parted at the last " - "."""
    path = tmp_path / "chart.csv"
    path.write_text(CHART)
    assert find(str(path)) == (f"{path}#c", f"{path}#x/a - b")
    first, second = read_all(find(str(path))).runs
    assert (first.name, first.history["loss"].to_dict()) == ("c", {3: 2.5, 5: 1.5})
    assert (second.name, second.history["loss"].to_dict()) == ("x/a - b", {1: 0.5, 5: 0.25})
    with pytest.raises(SourceError, match="a chart of 2 runs; name one"):
        read(str(path))


def test_a_chart_over_time_counts_rows(tmp_path: Path) -> None:
    """A chart whose axis is time gives rows as steps and the time as time."""
    run = run_of(tmp_path, '"Relative Time (Process)","c - loss","c - loss__MIN","c - loss__MAX"\n'
                           '"10.5","2","2","2"\n"20","1","1","1"\n')  # fmt: skip
    assert run.history["loss"].to_dict() == {1: 2.0, 2: 1.0}
    assert run.elapsed_s is not None
    assert run.elapsed_s.tolist() == [0, 9.5]


def test_a_file_name_with_a_number_sign(tmp_path: Path) -> None:
    """A # that is part of a file's name asks for no run."""
    assert run_of(tmp_path, "step,a\n1,2\n", "run#3.csv").history["a"].tolist() == [2]


def test_a_runs_table_has_no_steps(tmp_path: Path) -> None:
    """W&B's runs table is told for what it is, and its rows are there."""
    path = tmp_path / "export.csv"
    path.write_text('"Name","State","Notes","Created","Runtime","lr","train/step"\n"a","finished","-","2026","5","1e-5","135"\n')
    with pytest.raises(NoSteps, match="a W&B runs table, one row a run and no steps"):
        read(str(path))
    assert csv_table.rows(str(path))[0]["lr"] == "1e-5"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", "", "the table is empty"),
        ("a.csv", "step,a\n", "no row"),
        ("a.csv", "step,a\n1,x\n2,y\n", "no column with numbers in 2 rows"),
        ("a.csv", "name,city\nx,y\n", "no column with numbers"),
        ("a.csv", "1,2\n3,4\n", "the first row holds numbers, not names"),
        ("a.csv", "lr,a\n1,2\n", "no column counts steps"),
        ("a.jsonl", "", "holds no rows"),
        ("a.jsonl", "hello\nworld\n", "none of its 2 lines is a row"),
        ("a.jsonl", '{"loss": 1}\n', "no row has a step"),
        ("a.json", "[]", "holds no rows"),
        ("a.json", "{}", "holds no rows"),
        ("a.json", '{"lr": 1}', "no row has a step"),
        ("a.json", "[1, 2]", "holds no rows"),
        ("a.json", "not json", "none of its 1 lines"),
        ("a.json", "[" * 100_000, "not JSON from its first row on"),
        ("a.pdf", "%PDF-1.7 \n", "a PDF, not the record of a run"),
        ("a.csv", "%PDF-1.7 \n", "a PDF"),
        ("a.html", "<!DOCTYPE html><p>step", "a web page"),
        ("a.zip", "PK\x03\x04", "a zip archive"),
        ("a.bin", "\0\1\2\0" * 99, "binary"),
        ("README.md", "# hello\n", "no step found in 1 lines"),
    ],
)
def test_what_is_no_table_is_one_sentence(tmp_path: Path, name: str, content: str, words: str) -> None:
    """Bad input: where, what, and what to do, in one line."""
    with pytest.raises(SourceError) as told:
        run_of(tmp_path, content, name)
    assert words in str(told.value)
    assert str(tmp_path / name) in str(told.value)
    assert "\n" not in str(told.value)
    assert ";" in str(told.value)


def test_a_file_that_cannot_be_read() -> None:
    """A file that the system refuses to read is told in one sentence."""
    with pytest.raises(SourceError, match="/proc/self/mem: can't be read"):
        read("/proc/self/mem")


def test_json_lines_with_bad_ones(tmp_path: Path) -> None:
    """Lines that are no rows are counted, those that are rows are kept."""
    lines = [json.dumps({"step": step, "a": step / 4}) for step in range(1, 9)]
    lines[2] = "Traceback (most recent call last):"
    lines[7] = lines[7][:-4]
    run = run_of(tmp_path, "\n".join(lines), "metrics.jsonl")
    assert run.history["a"].tolist() == [0.25, 0.5, 1.0, 1.25, 1.5, 1.75]
    assert "2 of 8 lines were not rows (first: line 3)" in run.notes
    assert run.name == tmp_path.name


def test_json_values_of_every_kind(tmp_path: Path) -> None:
    """Nested names, bare and quoted non-finite numbers, nulls and huge integers."""
    run = run_of(tmp_path, '{"step": 1, "a": {"b": 0.5}, "c": NaN, "d": "Infinity", "e": null, "f": true}\n'
                           f'{{"step": "2", "a": {{"b": 0.25}}, "c": 1, "g": {"9" * 400}}}\n', "m.jsonl")  # fmt: skip
    assert run.history["a.b"].tolist() == [0.5, 0.25]
    assert [(bad.step, bad.metric) for bad in run.nonfinite] == [(1, "c"), (1, "d")]
    assert run.history.at[1, "f"] == 1


def test_a_list_of_rows(tmp_path: Path) -> None:
    """A JSON list of rows is a run; of one that is cut off, the whole rows."""
    text = json.dumps([{"step": step, "accuracy": step / 8} for step in range(1, 5)], indent=1)
    assert run_of(tmp_path, text, "rows.json").history["accuracy"].tolist() == [0.125, 0.25, 0.375, 0.5]
    torn = run_of(tmp_path, text[:-20], "rows.json")
    assert torn.history["accuracy"].tolist() == [0.125, 0.25, 0.375]
    assert any("cut off" in note for note in torn.notes)


@pytest.mark.parametrize(
    "value",
    [
        {"step": [1, 2], "a": [0.5, 0.25]},
        {"history": [{"step": 1, "a": 0.5}, {"step": 2, "a": 0.25}], "name": "x"},
    ],
)
def test_columns_and_lists_inside_an_object(tmp_path: Path, value: object) -> None:
    """A JSON object of columns, or with a list of rows in it, is a run."""
    assert run_of(tmp_path, json.dumps(value, indent=2), "x.json").history["a"].to_dict() == {1: 0.5, 2: 0.25}


def test_compressed_tables(tmp_path: Path) -> None:
    """A compressed table is the same table."""
    path = tmp_path / "trial.csv.gz"
    path.write_bytes(gzip.compress(b"step,a\n1,0.5\n"))
    assert (read(str(path)).name, read(str(path)).history["a"].tolist()) == ("trial", [0.5])


def test_utf16_tables(tmp_path: Path) -> None:
    """What a spreadsheet saves as Unicode text is read."""
    path = tmp_path / "sheet.csv"
    path.write_bytes("step\ta\r\n1\t0.5\r\n".encode("utf-16"))
    assert read(str(path)).history["a"].tolist() == [0.5]


def test_only_metrics_with_a_role(tmp_path: Path) -> None:
    """With only_roles what plays no role is left out, unless it is named; a table without roles stays whole."""
    text = "step,grpo_actor/task_reward/avg,x,y\n1,0.5,1,2\n2,0.25,1,2\n"
    run_of(tmp_path, text)
    path = str(tmp_path / "trial_7.csv")
    assert read(path, only_roles=True).history.columns.tolist() == ["grpo_actor/task_reward/avg"]
    assert "y" in read(path, only_roles=True, keep=("y",)).history
    assert run_of(tmp_path, "step,x\n1,2\n", "b.csv").history.columns.tolist() == ["x"]


@pytest.mark.parametrize("seed", range(60))
def test_damaged_tables_never_end_in_a_traceback(tmp_path: Path, seed: int) -> None:
    """Whatever happened to a table, it is a run or one sentence."""
    draw = random.Random(seed)
    rows = [{"step": step, "a": draw.random(), "b": None} for step in range(1, 20)]
    name, text = draw.choice([
        ("a.csv", "step,a,b\n" + "".join(f"{row['step']},{row['a']},\n" for row in rows)),
        ("a.jsonl", "\n".join(map(json.dumps, rows))),
        ("a.json", json.dumps(rows)),
        ("trainer_state.json", json.dumps({"log_history": rows})),
        ("chart.csv", CHART),
    ])  # fmt: skip
    damaged = bytearray(text.encode())
    for _ in range(draw.randint(1, 10)):
        at, length = draw.randrange(len(damaged)), draw.choice([1, 2, 9, 60])
        damaged[at : at + length] = draw.choice([b"", b"\0" * length, draw.randbytes(length), b'"', b"\n", b",", b"{["])
    path = tmp_path / name
    path.write_bytes(bytes(damaged))
    try:
        runs = [read(spec) for spec in find(str(path))]
    except ReportgenError as error:
        assert "\n" not in str(error)
    else:
        assert runs


@needs_shared
def test_real_csvs_are_read_as_their_readme_says() -> None:
    """Steps and turning points of the real AReaL tables."""
    (grpo,) = SHARED.glob("ethanewer__teacher-answer-rl/*grpo_baseline*.csv")
    run = read(str(grpo))
    assert run.history.shape == (250, 116)
    held_out = run.history["eval-rollout/reward"].dropna()
    assert held_out.index.tolist() == [1, 50, 100, 150, 200, 250]
    assert held_out.round(3).tolist() == [0.357, 0.593, 0.632, 0.618, 0.619, 0.378]
    (collapse,) = SHARED.glob("fooSynaptic__kimi3-align/*.csv")
    reward = read(str(collapse)).history["ppo_actor/task_reward/avg"]
    assert len(reward) == 151
    assert (reward.loc[109:] == 0).all()


@needs_shared
def test_real_exports_of_wandbs_page() -> None:
    """The real chart export is one run of 2,269 points; the real runs table has no steps."""
    (chart,) = SHARED.glob("gradio-app__trackio/*.csv")
    run = read(*find(str(chart)))
    assert run.name == "17/04/2025_22:06:37_elie-48n-1704-part1_tp_group_0"
    assert run.history["lm_loss"].iloc[[0, -1]].round(3).to_dict() == {4: 12.172, 42509: 2.329}
    (table,) = SHARED.glob("oraby8__research_tts/*.csv")
    with pytest.raises(NoSteps, match="runs table"):
        read(str(table))


@needs_shared
def test_a_real_list_of_rows() -> None:
    """50 steps of accuracy, from .11 to above .7."""
    (path,) = SHARED.glob("tonywang1990__gsm8k-grpo/*.json")
    accuracy = read(str(path)).history["accuracy"]
    assert len(accuracy) == 50
    assert accuracy.iloc[:5].mean() < 0.2 < 0.7 < accuracy.iloc[-5:].mean()
