"""What stands beside an AReaL log: its config.yaml, and the experiment and trial that it is of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from reportgen.errors import SourceError

LARGEST = 10_000_000  # bytes; a resolved config has some 20,000
REMEDY = "mend it or move it away: the run is read without it too"
MOST_LEAVES = 20_000  # aliases can make a small file unfold into millions
DEEPEST = 100  # levels; an alias of what it stands in has no end


class Named(NamedTuple):
    """The experiment and trial of a log; "" where neither config nor path says."""

    experiment: str
    trial: str


def beside(log: str) -> dict[str, Any]:
    """The config.yaml beside a log as a mapping, empty without one; SourceError when it can't be read."""
    path = Path(log).parent / "config.yaml"
    if not path.is_file():
        return {}
    found = read(path)
    wrapped = {key: value for key, value in found.items() if key not in ("wandb_version", "_wandb")}
    if wrapped and all(isinstance(value, Mapping) and "value" in value for value in wrapped.values()):
        return {key: value["value"] for key, value in wrapped.items()}  # as W&B writes it
    return found


def named(log: str, config: Mapping[str, Any] | None = None) -> Named:
    """The experiment and trial of a log: as its config says, else as AReaL's folders are named."""
    config = _quietly(log) if config is None else config
    experiment, trial = (str(config.get(key) or "") for key in ("experiment_name", "trial_name"))
    if experiment and trial:
        return Named(experiment, trial)
    parts = Path(log).parts[:-1]
    if len(parts) >= 4 and parts[-4] == "logs":  # {fileroot}/logs/{user}/{experiment}/{trial}
        return Named(experiment or parts[-2], trial or parts[-1])
    return Named(experiment, trial)


def read(path: Path) -> dict[str, Any]:
    """A YAML file as a mapping of plain values; SourceError: where it isn't YAML."""
    import yaml

    try:
        text = path.read_bytes()[: LARGEST + 1].decode("utf-8", errors="replace")
    except OSError as error:
        raise SourceError(f"{path}: can't be opened ({error.strerror}); check who may read it") from error
    if len(text) > LARGEST:
        raise SourceError(f"{path}: larger than any config; {REMEDY}")
    try:
        found = yaml.load(text, Loader=_loader())
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SourceError(f"{path}: not YAML ({_where(error)}); {REMEDY}") from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise SourceError(f"{path}: not a YAML mapping of settings; {REMEDY}")
    if _leaves(found, MOST_LEAVES) < 0:
        raise SourceError(f"{path}: unfolds into more than {MOST_LEAVES:,} settings, or without end; {REMEDY}")
    plain: dict[str, Any] = _plain(found)
    return plain


def _quietly(log: str) -> dict[str, Any]:
    """The config beside a log, empty when it can't be read: reading the run will say so."""
    try:
        return beside(log)
    except SourceError:
        return {}


def _loader() -> type:
    """A safe loader that takes what it doesn't know, a Python tag say, as None."""
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        pass

    Loader.add_constructor(None, lambda loader, node: None)
    return Loader


def _where(error: Exception) -> str:
    """Line and reason of a YAML error, in one line."""
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or str(error).split("\n", 1)[0]
    return f"line {mark.line + 1}: {reason}" if mark else reason


def _leaves(value: Any, left: int, deeper: int = DEEPEST) -> int:
    """How many more leaves may follow after those of a value; negative when it has too many, or is too deep."""
    if not isinstance(value, dict | list):
        return left - 1
    if not deeper:
        return -1
    for item in value.values() if isinstance(value, dict) else value:
        left = _leaves(item, left - 1, deeper - 1)
        if left < 0:
            break
    return left


def _plain(value: Any) -> Any:
    """The value with text keys, and what JSON doesn't know, a date say, as text."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
