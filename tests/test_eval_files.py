"""Evals made elsewhere: results of lm-eval and lighteval, tables by checkpoint."""

from __future__ import annotations

import json

import numpy as np
import pytest

from reportgen.diagnostics import diagnose
from reportgen.errors import SourceError
from reportgen.settings import Settings
from reportgen.sources.beside import eval_files


def lm_eval(path, value, model, n=1319):
    """A result file in lm-eval's form."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({
        "results": {"gsm8k": {"alias": "gsm8k", "exact_match,strict-match": value,
                              "exact_match_stderr,strict-match": 0.01,
                              "exact_match,flexible-extract": value + 0.05}},
        "n-samples": {"gsm8k": {"original": n, "effective": n}},
        "config": {"model": "hf", "model_args": f"pretrained={model},dtype=bfloat16"},
    }))  # fmt: skip


def test_a_folder_of_results_becomes_an_eval(make_run, tmp_path):
    """By the checkpoint's step, with the size that the file tells; the untrained model is the baseline."""
    lm_eval(tmp_path / "base" / "results.json", 0.31, "Qwen/Qwen2.5-1.5B", n=500)
    lm_eval(tmp_path / "b" / "results.json", 0.55, "out/checkpoint-40", n=500)
    lm_eval(tmp_path / "epoch0epochstep59globalstep59" / "results.json", 0.60, "out/model", n=500)
    run = make_run(reward=np.linspace(0.3, 0.6, 60), config={"model.path": "Qwen/Qwen2.5-1.5B"})
    joined = eval_files.joined(run, eval_files.read(str(tmp_path)))
    diagnosis = diagnose(joined, Settings(reward_range=(0, 1)))
    (found,) = diagnosis.evals
    assert found.values.to_dict() == {0: 0.31, 40: 0.55, 60: 0.60}
    assert (found.problems, found.problems_from) == (500, "logged")
    assert (diagnosis.improvement.baseline, diagnosis.improvement.baseline_from) == (0.31, "logged at step 0")


def test_lighteval_results(tmp_path):
    """Task, size and number by their own names."""
    file = tmp_path / "results.json"
    file.write_text(json.dumps({
        "results": {"lighteval|aime24|0": {"pass@1": 0.2, "pass@1_stderr": 0.05}, "all": {"pass@1": 0.2}},
        "config_general": {"model_name": "out/global_step_80"},
        "config_tasks": {"lighteval|aime24|0": {"effective_num_docs": 30}},
    }))  # fmt: skip
    (score,) = eval_files.read(str(file))
    assert (score.set, score.kind, score.value, score.step, score.problems) == ("aime24", "pass@1", 0.2, 80, 30)


@pytest.mark.parametrize(
    ("text", "scores"),
    [
        ("checkpoint,gsm8k\nglobal_step_20,46%\nglobal_step_40,0.5\n", {("gsm8k", 20): 0.46, ("gsm8k", 40): 0.5}),
        ("step,task,value,n\n20,math500,0.2,500\n", {("math500", 20): 0.2}),
    ],
)
def test_tables_by_checkpoint(tmp_path, text, scores):
    """A column a set, or a row a number."""
    file = tmp_path / "evals.csv"
    file.write_text(text)
    assert {(one.set, one.step): pytest.approx(one.value) for one in eval_files.read(str(file))} == scores


def test_what_tells_no_step_is_left_out_and_said(make_run, tmp_path):
    """An eval of some other model is nobody's level."""
    lm_eval(tmp_path / "results.json", 0.9, "org/other")
    run = eval_files.joined(make_run(reward=[0.1, 0.2, 0.3]), eval_files.read(str(tmp_path)))
    assert not run.evals
    assert "org/other tell no step" in run.notes[-1]


def test_several_runs_need_names(make_run, tmp_path):
    """A table without a run's name can't be several runs' evals."""
    file = tmp_path / "evals.csv"
    file.write_text("step,gsm8k\n1,0.5\n")
    with pytest.raises(SourceError, match="column `run`"):
        eval_files.joined(make_run(reward=[0.1, 0.2]), eval_files.read(str(file)), is_alone=False)


def test_a_file_without_evals_is_refused(tmp_path):
    """In a sentence that says what would do."""
    file = tmp_path / "x.json"
    file.write_text("{}")
    with pytest.raises(SourceError, match="no eval results"):
        eval_files.read(str(file))
