"""Config keys that differ between runs, and which of them make another recipe."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

IDENTITY = ("trial_name", "experiment_name", "name", "run_name", "run_id", "id", "group", "timestamp", "exp_name")
PLACES = ("dir", "path_prefix", "fileroot", "output_dir", "log_dir", "logging_dir", "save_path", "checkpoint_dir")
SEEDS = ("seed", "random_seed", "data_seed")
MACHINES = ("host", "hostname", "port", "pid", "user", "username", "cuda_visible_devices", "start_time", "git_commit")
SEED_IN_NAME = re.compile(r"(?:^|[ _.\-/])(?:s|seed|rs)[ _=\-]?\d+(?=$|[ _.\-/])", re.IGNORECASE)


def differences_of(configs: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """Config keys whose values differ -> the value in each run; None where a run has no such key."""
    keys = dict.fromkeys(key for config in configs for key in config)
    values = {key: tuple(config.get(key) for config in configs) for key in keys}
    return {key: row for key, row in values.items() if any(repr(value) != repr(row[0]) for value in row)}


def changes_of(
    differences: Mapping[str, tuple[Any, ...]], labels: Sequence[str], reference: str
) -> dict[str, tuple[str, ...]]:
    """Label -> keys in which its recipe differs from the reference's; names and places don't count."""
    at = labels.index(reference)
    recipe = {key: row for key, row in differences.items() if _last(key) not in (*IDENTITY, *PLACES)}
    return {
        label: tuple(key for key, row in recipe.items() if repr(row[mine]) != repr(row[at]))
        for mine, label in enumerate(labels)
    }


def is_seed(key: str) -> bool:
    """Whether a key only sets where randomness starts: it repeats a recipe, it doesn't change it."""
    return _last(key) in SEEDS


def makes_recipe(key: str) -> bool:
    """Whether a key is part of the recipe: no name, place, seed or machine."""
    return _last(key) not in (*IDENTITY, *PLACES, *SEEDS, *MACHINES)


def without_seed(name: str) -> str:
    """The name of a run without the seed in it; the name itself where nothing else is left."""
    return SEED_IN_NAME.sub("", name) or name


def _last(key: str) -> str:
    return key.rsplit(".", 1)[-1]
