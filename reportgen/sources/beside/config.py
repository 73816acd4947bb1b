"""What a run was started with, where its trainer or a person wrote it beside the run's own file."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from reportgen import foreign
from reportgen.settings import LARGEST_CONFIG
from reportgen.sources import place
from reportgen.sources.beside import yaml_text

STEMS = ("config", ".hydra/config", "args", "params", "hparams", "hyperparameters", "hyperparams", "training_args",
         "torchtune_config", "rl", "settings")  # in this order  # fmt: skip
ENDINGS = (".yaml", ".yml", ".json", ".toml")
NAMES = tuple(stem + ending for stem in STEMS for ending in ENDINGS)
OF_A_MODEL = ("architectures", "model_type", "vocab_size")  # keys of a checkpoint's own config.json


def beside(path: str, notes: list[str]) -> dict[str, Any]:
    """The settings in the file that stands beside a run's file or in its folder, nested as written; {} without one.

    One of the run's own name (`seed1.yaml` beside `seed1.log`) comes first. One that names no run is the run's only
    where no second file of the kind lies there, so that one config is never given to several runs.
    """
    folder = Path(path) if Path(path).is_dir() else Path(path).parent
    stem, names = place.stem(path), _names(folder)
    own = [f"{stem}{middle}{ending}" for middle in ("", "_config", ".config") for ending in ENDINGS]
    shared = () if folder != Path(path) and _has_a_second(path, names) else NAMES
    for name in (*own, *shared):
        known = name in names or ("/" in name and (folder / name).is_file())
        if not known or name == Path(path).name:
            continue
        found = _settings(folder / name, notes)
        if found and not all(key in found for key in OF_A_MODEL[:2]):
            notes.append(f"the config is that of {name} beside it")
            return found
    return {}


def _names(folder: Path) -> Collection[str]:
    try:
        return {one.name for one in folder.iterdir()}
    except OSError:
        return ()


def _has_a_second(path: str, names: Collection[str]) -> bool:
    """Whether another file of the same kind lies there, that may be another run's."""
    if place.is_dull(path):
        return False  # "metrics.jsonl" is what its folder's run wrote
    mine, kind = Path(path).name, place.suffix(path)
    return any(place.suffix(name) == kind and name != mine and name not in NAMES for name in names)


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
