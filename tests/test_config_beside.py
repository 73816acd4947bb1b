"""The config that a trainer or a person wrote beside a run's file is the run's, unless it may be another's."""

import json
import os
from pathlib import Path

import pytest
from tensorboardX import SummaryWriter

import reportgen

ROWS = "\n".join(json.dumps({"step": step, "reward": 0.2 + step / 100}) for step in range(1, 21)) + "\n"
LOG = "\n".join(f"step {step} reward=0.{step + 20} kl=0.01 entropy=1.1" for step in range(1, 21)) + "\n"


def put(folder: Path, **files: str) -> Path:
    """Files by name, "__" for "." and "___" for "/"."""
    for name, text in files.items():
        path = folder / name.replace("___", "/").replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config__json", '{"learning_rate": 1e-6, "model": {"name": "Qwen/Qwen2.5-0.5B"}}'),  # Tinker cookbook
        ("args__json", '{"learning_rate": 1e-6, "model": {"name": "Qwen/Qwen2.5-0.5B"}}'),  # ms-swift
        ("___hydra___config__yaml", "learning_rate: 1.0e-6\nmodel: {name: Qwen/Qwen2.5-0.5B}\n"),
        ("config__toml", 'learning_rate = 1e-6\n[model]\nname = "Qwen/Qwen2.5-0.5B"\n'),
        ("metrics__yaml", "learning_rate: 1.0e-6\nmodel: {name: Qwen/Qwen2.5-0.5B}\n"),  # of the file's own name
        ("hparams__yaml", "learning_rate: {value: 1.0e-6}\nmodel: {value: {name: Qwen/Qwen2.5-0.5B}}\n"),
    ],
)
def test_a_config_beside_rows_is_the_run_s(tmp_path, name, text):
    name = name.replace("___hydra", "__hydra")
    run = reportgen.read(str(put(tmp_path, metrics__jsonl=ROWS, **{name: text}) / "metrics.jsonl"))
    assert run.config == {"learning_rate": 1e-6, "model.name": "Qwen/Qwen2.5-0.5B"}
    assert any("beside it" in note for note in run.notes)


def test_a_console_and_its_folder_have_it_too(tmp_path):
    put(tmp_path / "one", run1__log=LOG, config__yaml="lr: 3.0e-6\n")
    (spec,) = found = reportgen.find(str(tmp_path))
    assert reportgen.read(spec).config == {"lr": 3e-6}
    assert not any(passed.path.endswith("config.yaml") for passed in found.passed_over)


def test_one_config_is_never_given_to_two_runs(tmp_path):
    put(tmp_path, seed1__log=LOG, seed2__log=LOG, config__yaml="lr: 3.0e-6\n", seed2__yaml="lr: 1.0e-6\n")
    assert reportgen.read(str(tmp_path / "seed1.log")).config == {}
    assert reportgen.read(str(tmp_path / "seed2.log")).config == {"lr": 1e-6}


def test_a_model_s_config_is_none(tmp_path):
    model = '{"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "vocab_size": 151936}'
    assert reportgen.read(str(put(tmp_path, metrics__jsonl=ROWS, config__json=model) / "metrics.jsonl")).config == {}


def test_a_folder_or_a_pipe_of_that_name_is_none(tmp_path):
    put(tmp_path, metrics__jsonl=ROWS)
    (tmp_path / "config.yaml").mkdir()
    os.mkfifo(tmp_path / "config.json")
    assert reportgen.read(str(tmp_path / "metrics.jsonl")).config == {}


def test_what_is_broken_or_secret_takes_nothing_down(tmp_path):
    run = reportgen.read(str(put(tmp_path / "a", metrics__jsonl=ROWS, config__json="{broken") / "metrics.jsonl"))
    assert run.config == {} and any("config.json was left out" in note for note in run.notes)
    secret = '{"wandb_api_key": "0123456789abcdef0123456789abcdef01234567", "lr": 1e-6}'
    run = reportgen.read(str(put(tmp_path / "b", metrics__jsonl=ROWS, args__json=secret) / "metrics.jsonl"))
    assert run.config["lr"] == 1e-6 and "0123456789" not in str(run.config) and run.removed


def test_event_files_without_hparams_have_it(tmp_path):
    with SummaryWriter(str(tmp_path / "tb")) as writer:
        for step in range(1, 21):
            writer.add_scalar("train/reward", 0.2 + step / 100, step)
    put(tmp_path / "tb", hparams__yaml="lr: 2.0e-6\nseed: 3\n")
    (spec,) = reportgen.find(str(tmp_path))
    assert reportgen.read(spec).config == {"lr": 2e-6, "seed": 3}


def test_trials_are_told_apart_by_their_configs(tmp_path):
    for at, rate in enumerate((1e-6, 3e-6)):
        put(tmp_path / f"t{at}", metrics__jsonl=ROWS, config__yaml=f"lr: {rate}\n")
    runs = reportgen.read_all(reportgen.find(str(tmp_path))).runs
    compared = reportgen.compose([reportgen.diagnose(run) for run in runs])
    assert compared.comparison is not None and dict(compared.comparison.differences) == {"lr": ("1e-06", "3e-06")}
