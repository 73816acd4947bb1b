"""What W&B says of a run, shaped alike for its files and its API: config, summary, provenance, hardware."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import pandas as pd

from reportgen import foreign, naming

INTERNAL = "_wandb"  # the SDK's own corner of config and summary
PROVENANCE = (  # in the order in which they are shown
    "project", "entity", "group", "job_type", "tags", "notes", "host", "user", "git_commit", "git_remote", "command",
    "program", "python", "gpu", "gpu_count", "cpu_count", "os", "wandb_version", "url", "path",
)  # fmt: skip
NO_PROGRAM = "<python with no main file>"
METADATA = {  # wandb-metadata.json, in any version's spelling -> provenance
    "host": "host",
    "username": "user",
    "program": "program",
    "python": "python",
    "gpu": "gpu",
    "gpu_count": "gpu_count",
    "cpu_count": "cpu_count",
    "os": "os",
    "project": "project",
    "entity": "entity",
    "name": "name",
    "notes": "notes",
    "jobType": "job_type",
}


class Axis(NamedTuple):
    """What define_metric said of one metric, or of a pattern."""

    name: str
    step_metric: str = ""  # "": none was given
    is_glob: bool = False


def config(wrapped: Mapping[str, Any]) -> dict[str, Any]:
    """A config as it was given to the SDK: values out of their {"desc", "value"}, W&B's own part left out."""
    plain = {}
    for key, value in wrapped.items():
        if key == INTERNAL or (key == "wandb_version" and value == 1):
            continue
        is_wrapped = isinstance(value, Mapping) and "value" in value and set(value) <= {"value", "desc"}
        plain[key] = value["value"] if is_wrapped else value
    return plain


def version(wrapped: Mapping[str, Any]) -> str:
    """The SDK's version as its own corner of a config tells it, "" when it doesn't."""
    own = wrapped.get(INTERNAL)
    own = own.get("value", own) if isinstance(own, Mapping) else {}
    return str(own.get("cli_version") or "") if isinstance(own, Mapping) else ""


def summary(values: Mapping[str, Any]) -> dict[str, Any]:
    """A summary without W&B's own keys, media and what is absent."""
    shown = {}
    for key, value in values.items():
        if key.startswith("_") or value is None:
            continue
        if isinstance(value, Mapping) and ("_type" in value or not (value := summary(value))):
            continue
        shown[key] = value
    return shown


def provenance(known: Mapping[str, Any]) -> dict[str, Any]:
    """What is known of where a run came from, in the order shown; what is empty is left out."""
    return {key: known[key] for key in PROVENANCE if known.get(key) not in (None, "", [], (), 0, NO_PROGRAM)}


def metadata(found: Mapping[str, Any]) -> dict[str, Any]:
    """Provenance out of a wandb-metadata.json, of any version of the SDK."""
    known = {ours: found[theirs] for theirs, ours in METADATA.items() if found.get(theirs) not in (None, "")}
    git = found.get("git")
    if isinstance(git, Mapping):
        known["git_commit"] = git.get("commit")
        known["git_remote"] = git.get("remote") or git.get("remote_url")
    arguments = found.get("args")
    known["command"] = command(found.get("program"), arguments if isinstance(arguments, list) else [])
    for theirs, ours in (("gpu_nvidia", "gpu"), ("gpuapple", "gpu")):
        devices = found.get(theirs)
        if not known.get(ours) and isinstance(devices, list) and devices and isinstance(devices[0], Mapping):
            known[ours] = devices[0].get("name")
    return known


def command(program: Any, arguments: Sequence[Any]) -> str:
    """The program and its arguments as one types them; "" when there is no program."""
    if not isinstance(program, str) or not program or program == NO_PROGRAM:
        return ""
    return shlex.join([program, *map(str, arguments)])


def started(found: Any) -> datetime | None:
    """A moment written as ISO text, in UTC; None when it is none."""
    return foreign.moment(found)


def axes(defined: Iterable[Axis]) -> dict[str, str]:
    """Metric or pattern -> its step metric, as from_rows takes it.

    A metric defined by its own name without an axis keeps `_step`, whatever pattern matches it too.
    """
    given = {axis.name: axis.step_metric for axis in defined if axis.step_metric}
    patterns = [name for name in given if "*" in name]
    plain = (axis.name for axis in defined if not axis.step_metric and not axis.is_glob)
    return given | {
        name: "_step"
        for name in plain
        if name not in given and name not in given.values() and any(fnmatchcase(name, each) for each in patterns)
    }


def system(measured: Iterable[tuple[float, Mapping[str, Any]]], begin: float | None) -> pd.DataFrame | None:
    """Hardware metrics by seconds since the start, None when there are none.

    measured: (seconds since 1970, values) of each measurement; begin: of the start, else the first.
    """
    times: list[float] = []
    rows: list[dict[str, float]] = []
    for at, values in measured:
        numbers = {name.removeprefix("system."): naming.number(value) for name, value in naming.flatten(values).items()
                   if not name.startswith("_") and not isinstance(value, str)}  # fmt: skip
        if numbers:
            times.append(at)
            rows.append({name: value for name, value in numbers.items() if value is not None})
    if not rows:
        return None
    first = min(times) if begin is None else begin
    frame = pd.DataFrame(rows, index=pd.Index(times, name="s") - first, dtype="float64")
    return frame.groupby(level="s", sort=True).last()
