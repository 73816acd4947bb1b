"""What a run was started with, where its trainer or a person wrote it beside the run's own file."""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path
from typing import Any

from reportgen import foreign
from reportgen.settings import LARGEST_CONFIG
from reportgen.sources import place
from reportgen.sources.beside import yaml_text

NAMES = (
    "config.yaml", "config.yml", "config.json", "config.toml", ".hydra/config.yaml", "args.json", "args.yaml",
    "params.json", "params.yaml", "hparams.yaml", "hparams.json", "training_args.yaml", "training_args.json",
    "torchtune_config.yaml",
)  # in this order  # fmt: skip
OWN = (".yaml", ".yml", ".json", ".toml", "_config.yaml", "_config.json")  # behind the stem of the run's own file
OF_A_MODEL = ("architectures", "model_type")  # keys of a checkpoint's own config.json


def beside(path: str, notes: list[str]) -> dict[str, Any]:
    """The settings in the file that stands beside a run's file or in its folder, nested as written; {} without one.

    One of the run's own name (`seed1.yaml` beside `seed1.log`) comes first. One that names no run is the run's only
    where no second file of the kind lies there, so that one config is never given to several runs.
    """
    file = Path(path)
    folder = file if file.is_dir() else file.parent
    own = [place.stem(path) + ending for ending in OWN]
    for name in (*own, *NAMES):
        if name == file.name or not _is_there(folder / name) or (name not in own and _has_a_second(file, folder)):
            continue
        found = _settings(folder / name, notes)
        if found and not all(key in found for key in OF_A_MODEL):
            notes.append(f"the config is that of {name} beside it")
            return found
    return {}


def _is_there(file: Path) -> bool:
    """Whether a file can be opened: asked by opening it, so that the cache hears of it when it comes later."""
    try:
        handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK)  # of a pipe nobody waits for its writer
    except (OSError, ValueError):
        return False
    try:
        return stat.S_ISREG(os.fstat(handle).st_mode)
    finally:
        os.close(handle)


def _has_a_second(file: Path, folder: Path) -> bool:
    """Whether another file of the same kind lies there, that may be another run's."""
    if file == folder or place.is_dull(str(file)):
        return False  # "metrics.jsonl" is what its folder's run wrote
    kind = place.suffix(str(file))
    names = {one.name for one in folder.iterdir()} - {file.name, *NAMES}
    return any(place.suffix(name) == kind for name in names)


def _settings(file: Path, notes: list[str]) -> dict[str, Any]:
    """A file of settings as plain values; {} with a note where it is none."""
    if file.suffix in (".yaml", ".yml"):
        return _unwrapped(yaml_text.beside(file, notes))
    try:
        if not file.is_file() or file.stat().st_size > LARGEST_CONFIG:
            return {}
        text = file.read_text(encoding="utf-8", errors="replace")
        found = tomllib.loads(text) if file.suffix == ".toml" else foreign.parsed(text)
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or f"not {file.suffix[1:].upper()}"
        notes.append(f"{file.name} was left out ({reason}); the rest of the run was read")
        return {}
    return _unwrapped(foreign.mapping(found))


def _unwrapped(found: dict[str, Any]) -> dict[str, Any]:
    """Settings without the `value` that W&B writes around each."""
    found = {key: value for key, value in found.items() if key not in ("wandb_version", "_wandb")}
    if found and all(isinstance(value, dict) and {*value} <= {"value", "desc"} for value in found.values()):
        return {key: value.get("value") for key, value in found.items()}
    return found
