"""AReaL's per-problem eval answers, where a run dumped them beside its log.

`{log folder}/eval-rollout/{version}/{task}.jsonl`, one record a sample:
{task_id, sample_idx, reward, prompt, completion, …} (AReaL 0.5 and later, dump_to_file).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from reportgen import foreign

FOLDER = "eval-rollout"


def beside(run_path: Path) -> pd.Series | None:
    """Share of samples solved by problem in the last eval dumped near a run; None when there is none.

    Indexed by a digest of the prompt, since task ids are numbered anew in each run.
    """
    try:
        return _beside(run_path)
    except OSError:  # a folder or a file that can't be opened: the run is read without it
        return None


def _beside(run_path: Path) -> pd.Series | None:
    versions = [
        folder
        for place in _places(run_path)
        for folder in _folders(place / FOLDER)
        if folder.name.isdecimal() and any(folder.glob("*.jsonl"))
    ]
    if not versions:
        return None
    last = max(versions, key=lambda folder: int(folder.name))
    samples = [sample for file in sorted(last.glob("*.jsonl")) if file.is_file() for sample in _samples(file)]
    if not samples:
        return None
    frame = pd.DataFrame(samples, columns=["problem", "reward"])
    return frame.groupby("problem", sort=True)["reward"].mean()


def _places(run_path: Path) -> Iterator[Path]:
    """Folders that may hold the dump: the log's own, or the one that holds W&B's `wandb/`."""
    folder = run_path if run_path.is_dir() else run_path.parent
    yield folder
    for parent in folder.parents:
        if parent.name == "wandb":
            yield parent.parent
            return


def _folders(place: Path) -> Iterator[Path]:
    if place.is_dir():
        yield from (folder for folder in place.iterdir() if folder.is_dir())


def _samples(file: Path) -> Iterator[tuple[str, float]]:
    """(problem, reward) of each whole record; a torn last line is passed over."""
    with file.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                record = foreign.parsed(line)
            except foreign.Unfit:
                continue
            reward = foreign.number(record.get("reward")) if isinstance(record, dict) else None
            if reward is not None:
                yield _problem(record), reward


def _problem(record: dict[str, Any]) -> str:
    asked = str(record.get("prompt") or record.get("task_id"))
    return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()[:16]
