"""What stands beside an AReaL log: its config.yaml, and the experiment and trial that it is of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from reportgen.sources.beside import yaml_text


class Named(NamedTuple):
    """The experiment and trial of a log; "" where neither config nor path says."""

    experiment: str
    trial: str


def beside(log: str, notes: list[str]) -> dict[str, Any]:
    """The config.yaml beside a log as a mapping; empty without one, and with a note when it can't be read."""
    found = yaml_text.beside(Path(log).parent / "config.yaml", notes)
    wrapped = {key: value for key, value in found.items() if key not in ("wandb_version", "_wandb")}
    if wrapped and all(isinstance(value, Mapping) and "value" in value for value in wrapped.values()):
        return {key: value["value"] for key, value in wrapped.items()}  # as W&B writes it
    return found


def named(log: str, config: Mapping[str, Any] | None = None) -> Named:
    """The experiment and trial of a log: as its config says, else as AReaL's folders are named."""
    config = beside(log, []) if config is None else config
    experiment, trial = (str(config.get(key) or "") for key in ("experiment_name", "trial_name"))
    if experiment and trial:
        return Named(experiment, trial)
    parts = Path(log).parts[:-1]
    if len(parts) >= 4 and parts[-4] == "logs":  # {fileroot}/logs/{user}/{experiment}/{trial}
        return Named(experiment or parts[-2], trial or parts[-1])
    return Named(experiment, trial)
