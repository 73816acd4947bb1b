"""The files that the SDK keeps beside a log: a second source for what the log itself lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from reportgen import foreign
from reportgen.sources.beside import yaml_text
from reportgen.sources.wandb import common, console

LONGEST = 64 << 20  # bytes of a file that is read whole


@dataclass(frozen=True)
class Beside:
    """What the files of a run directory say."""

    config: Mapping[str, Any] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, Any] = field(default_factory=dict)  # provenance, and the name where it is told
    metadata: Mapping[str, Any] = field(default_factory=dict)  # as it stands
    started: datetime | None = None
    console_tail: str = ""
    dropped: str = ""  # a sentence on rows that W&B refused


def read(folder: Path, remarks: list[str]) -> Beside:
    """What stands beside a log, in its files/ or in the folder itself; what is odd is added to `remarks`."""
    inside = folder / "files" if (folder / "files").is_dir() else folder
    metadata = mapping(inside / "wandb-metadata.json", remarks)
    wrapped = yaml_text.beside(inside / "config.yaml", remarks) if _is_ours(inside) else {}
    return Beside(
        config=common.config(wrapped),
        summary=common.summary(mapping(inside / "wandb-summary.json", remarks)),
        known={"wandb_version": common.version(wrapped), **common.metadata(metadata)},
        metadata=metadata,
        started=common.started(metadata.get("startedAt")),
        console_tail=_console(inside / "output.log"),
        dropped=_dropped(inside / "output.log"),
    )


def mapping(path: Path, remarks: list[str]) -> dict[str, Any]:
    """A JSON object in a file; nothing, with a remark, when it holds none."""
    content = _content(path)
    if content is None:
        return {}
    try:
        found = foreign.parsed(content)
    except foreign.Unfit:
        found = None
    if not isinstance(found, dict):
        remarks.append(f"{path.name} is no JSON object and was left out")
        return {}
    return found


def _is_ours(folder: Path) -> bool:
    """Whether a config.yaml there is the SDK's: beside a bare log it may be anyone's."""
    return folder.name == "files" or (folder / "wandb-metadata.json").is_file()


def _content(path: Path) -> bytes | None:
    try:
        if not path.is_file():  # opening a pipe would wait for its writer
            return None
        with path.open("rb") as stream:
            return stream.read(LONGEST)
    except OSError:
        return None


def _console(path: Path) -> str:
    """The end of a console capture, "" when there is none."""
    if not path.is_file():
        return ""
    try:
        with path.open("rb") as stream:
            stream.seek(0, 2)
            stream.seek(max(stream.tell() - console.KEPT // 4, 0))
            return console.tail([(0, stream.read().decode("utf-8", "replace"))])
    except OSError:
        return ""


def _dropped(path: Path) -> str:
    """What a console capture says of rows that W&B refused."""
    content = _content(path)
    if content is None:
        return ""
    dropped = console.Dropped()
    dropped.count(content.decode("utf-8", "replace"))
    return dropped.note()
