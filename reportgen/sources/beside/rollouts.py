"""Rollouts where trainers dump them: prompts, answers and rewards, beside a run or at a path of their own.

AReaL `rollout/{version}/{task}.jsonl`, `eval-rollout/…` and the older `generated/{version}/*.txt`; verl
`{step}.jsonl` in the folders of rollout_data_dir and validation_data_dir; TRL `completions/*.parquet`; tables
of completions that W&B keeps under `files/media/table`; prime-rl `rollouts/step_{n}/*.jsonl`; and any JSON
Lines or Parquet table with a prompt, an answer and a reward.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reportgen import foreign
from reportgen.errors import NotInstalled, SourceError
from reportgen.samples import Sample, Samples, problem_of, study
from reportgen.sources import place

FOLDERS = {  # name of a folder that holds dumps -> whether they are of evals
    "rollout": False, "rollouts": False, "rollout_data": False, "generated": False, "completions": False,
    "train_rollouts": False, "eval-rollout": True, "generated-eval": True, "validation": True, "val": True,
    "validation_data": True, "eval_rollouts": True,
}  # fmt: skip
PROMPT = ("prompt", "input", "question", "problem", "query", "instruction", "messages", "prompts")
ANSWER = ("completion", "output", "response", "generation", "answer", "text", "completions", "responses")
REWARD = ("reward", "score", "acc", "accuracy", "correct", "rewards", "total_reward", "is_correct")
STEP = ("step", "global_step", "train_step", "head_version", "version", "iteration")
PROBLEM = ("task_id", "problem_id", "example_id", "uid", "qid", "group_id")
LENGTH = ("completion_len", "completion_length", "response_length", "num_tokens", "n_tokens")
CUT = ("truncated", "is_truncated", "no_eos", "clipped")
NUMBERED = re.compile(r"(?:^|[^\d])(\d{1,9})(?:[^\d]|$)")
MOST_FILES = 60  # read of a long run: the first, the last and evenly between
MOST_ROWS = 20_000  # of one file
MOST_BYTES = 256 << 20  # of one file
OLD_AREAL = re.compile(r"^idx: \d+ / \d+, seqlen: (\d+), reward is ([-+\d.e]+)\.[ \t]*$", re.MULTILINE)
ASKED, SAID = "prompt is \n", "\nsequence is: \n"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Dump:
    """One file of rollouts."""

    path: Path
    step: int | None  # of its name or its folder's; None: its rows say
    is_eval: bool


def beside(spec: str) -> Samples | None:
    """What was dumped beside a run; None when nothing was."""
    path = Path(place.parted(spec)[0])
    if not path.exists():
        return None
    dumps = [dump for folder in _near(path) for dump in _dumps(folder)]
    return _studied(dumps, os.path.commonpath([dump.path.parent for dump in dumps]) if dumps else "")


def at(path: str) -> Samples:
    """The rollouts of a file or folder that a person named; SourceError when there are none."""
    named = Path(path)
    if not named.exists():
        raise SourceError(f"--samples {path}: no such file or folder; check the path")
    dumps = list(_all(named, is_eval=False, depth=4)) if named.is_dir() else [Dump(named, _step_of(named), False)]
    if (found := _studied(dumps, path)) is None:
        raise SourceError(f"--samples {path}: no rollouts in it; expected JSON Lines or Parquet with a prompt, "
                          "an answer and a reward in each row")  # fmt: skip
    return found


def _near(run: Path) -> Iterator[Path]:
    """Folders that may hold a run's dumps: its own, W&B's media, and the one above `wandb/` or `logs/`."""
    own = run if run.is_dir() else run.parent
    yield own
    yield own / "files" / "media" / "table"
    for parent in list(own.parents)[:3]:
        if own.name in ("wandb", "logs") or own.parent.name in ("wandb", "logs") or parent.name in ("wandb", "logs"):
            yield parent.parent if parent.name in ("wandb", "logs") else parent


def _dumps(folder: Path) -> Iterator[Dump]:
    """Dumps in the known folders of a folder; W&B's tables where it is their own."""
    if folder.name == "table":
        yield from _all(folder, is_eval=False, depth=3)
        return
    for name in _names(folder):
        if name in FOLDERS and (folder / name).is_dir():
            yield from _all(folder / name, is_eval=FOLDERS[name], depth=2)


def _all(folder: Path, *, is_eval: bool, depth: int) -> Iterator[Dump]:
    """Every file of rollouts in a folder, down to so many floors."""
    for name in _names(folder):
        path = folder / name
        if path.is_dir() and depth and not path.is_symlink():
            yield from _all(path, is_eval=is_eval or FOLDERS.get(name, False), depth=depth - 1)
        elif not path.is_file():  # opening a pipe would wait for its writer
            continue
        elif name.endswith((".jsonl", ".jsonl.gz", ".parquet", ".table.json")) or (
            name.endswith(".txt") and folder.name.isdecimal()
        ):
            yield Dump(path, _step_of(path), is_eval or "eval" in name or name.startswith("val"))


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208
    except OSError:
        return []


def _step_of(path: Path) -> int | None:
    """The step that a file's name carries, else its folder's."""
    if path.parent.name.isdecimal():  # AReaL: a folder a version of the weights, a file a task
        return int(path.parent.name)
    for name in (path.name.removesuffix(".jsonl").removesuffix(".parquet"), path.parent.name):
        if found := NUMBERED.search(name):
            return int(found[1])
    return None


def _studied(dumps: list[Dump], source: str) -> Samples | None:
    """The study of the samples in some files; of too many files a part is read, and it is said."""
    if not dumps:
        return None
    notes: list[str] = []
    train, evals = ([dump for dump in dumps if dump.is_eval is kind] for kind in (False, True))
    read: list[list[Sample]] = []
    tokens = True
    for several in (train, evals):
        rows: list[Sample] = []
        for dump in _spaced(several, notes):
            for sample, in_tokens in _read(dump, notes):
                rows.append(sample)
                tokens = tokens and in_tokens
        read.append(rows)
    return study(*read, source=source, counted_in="tokens" if tokens else "characters", notes=notes)


def _spaced(dumps: list[Dump], notes: list[str]) -> list[Dump]:
    """The files in order of their steps; of many the first, the last and some evenly between."""
    ordered = sorted(dumps, key=lambda dump: (dump.step if dump.step is not None else -1, dump.path.name))
    by_step: dict[int | None, list[Dump]] = {}
    for dump in ordered:
        by_step.setdefault(dump.step, []).append(dump)
    steps = list(by_step)
    if len(steps) > MOST_FILES:
        taken = {round(at * (len(steps) - 1) / (MOST_FILES - 1)) for at in range(MOST_FILES)}
        notes.append(f"rollouts of {MOST_FILES} of {len(steps):,} steps were read, evenly spaced")
        steps = [step for at, step in enumerate(steps) if at in taken]
    return [dump for step in steps for dump in by_step[step]]


def _read(dump: Dump, notes: list[str]) -> Iterator[tuple[Sample, bool]]:
    """Each whole sample of a file, and whether its length is in tokens."""
    try:
        if dump.path.stat().st_size > MOST_BYTES:
            notes.append(f"{dump.path.name}: larger than {MOST_BYTES >> 20} MB, so not read")
            return
        for n_rows, row in enumerate(_rows(dump.path)):
            if n_rows >= MOST_ROWS:
                notes.append(f"{dump.path.name}: only its first {MOST_ROWS:,} rows were read")
                return
            if (sample := _sample(row, dump.step)) is not None:
                yield sample
    except (OSError, SourceError, foreign.Unfit) as error:
        notes.append(f"{dump.path.name}: not read ({error})"[:200])


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """The rows of one file, whatever its form."""
    if path.name.endswith(".parquet"):
        yield from _parquet(path)
    elif path.name.endswith(".table.json"):
        whole = foreign.mapping(foreign.parsed(place.content(str(path), [])))
        names = [str(name) for name in whole.get("columns", ())]
        yield from (dict(zip(names, row, strict=False)) for row in whole.get("data", ()) if isinstance(row, list))
    elif path.name.endswith(".txt"):
        text = COLOUR.sub("", place.content(str(path), []))
        _, *blocks = OLD_AREAL.split(text)
        for length, reward, block in zip(blocks[::3], blocks[1::3], blocks[2::3], strict=False):
            prompt, _, answer = block.partition(SAID)
            yield {"reward": reward, "seqlen": length, "prompt": prompt.partition(ASKED)[2], "answer": answer.strip()}
    else:
        for line in place.lines(str(path), []):
            try:
                yield foreign.mapping(foreign.parsed(line))
            except foreign.Unfit:
                continue


def _parquet(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise NotInstalled.of(str(path), "Parquet needs", "pyarrow", "parquet") from error
    try:
        for batch in pq.ParquetFile(path).iter_batches(batch_size=256):
            yield from batch.to_pylist()
    except (pa.ArrowException, ValueError) as error:
        raise SourceError(str(error)) from error


def _sample(row: Mapping[str, Any], step: int | None) -> tuple[Sample, bool] | None:
    """A row as a sample; None when it lacks an answer, a reward or a step."""
    answer, prompt = (_text(_first(row, names)) for names in (ANSWER, PROMPT))
    reward = _reward(row)
    said = foreign.whole(_first(row, STEP))
    at = said if said is not None and "step" in row else step if step is not None else said
    if answer is None or reward is None or at is None:
        return None
    length, in_tokens = _length(row, answer)
    asked = _first(row, PROBLEM) if prompt is None else prompt
    cut = _first(row, CUT)
    is_cut = bool(cut) if isinstance(cut, bool | int | float) else None
    if is_cut is None and isinstance(reason := row.get("finish_reason"), str):
        is_cut = reason == "length"
    return Sample(at, prompt or "", answer, reward, length, problem_of(str(asked)), is_cut), in_tokens


def _first(row: Mapping[str, Any], names: Iterable[str]) -> Any:
    lower = {str(key).lower().replace(" ", "_"): value for key, value in row.items()}
    return next((lower[name] for name in names if lower.get(name) is not None), None)


def _reward(row: Mapping[str, Any]) -> float | None:
    """The reward of a row: the total where there is one, else the sum of its reward functions (TRL)."""
    value = _first(row, REWARD)
    found = float(value) if isinstance(value, bool) else foreign.number(value)
    if found is None and isinstance(value, str):
        try:
            found = foreign.number(float(value))
        except ValueError:
            return None
    if found is not None:
        return found
    parts = [
        foreign.number(value)
        for key, value in row.items()
        if "reward" in str(key).lower() or str(key).endswith("_func")
    ]
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


def _length(row: Mapping[str, Any], answer: str) -> tuple[int, bool]:
    """How long an answer is, and whether that is in tokens."""
    counted = foreign.whole(_first(row, LENGTH))
    if counted is None:
        whole, asked = foreign.whole(row.get("seqlen")), foreign.whole(row.get("prompt_len"))
        counted = whole - asked if whole is not None and asked is not None else None
    return (len(answer), False) if counted is None else (max(0, counted), True)


def _text(value: Any) -> str | None:
    """A text, or the texts of a chat's messages one after the other."""
    if isinstance(value, str):
        return foreign.text(value)
    if isinstance(value, list | tuple):
        said = [foreign.mapping(part).get("content") if isinstance(part, Mapping) else part for part in value]
        return "\n".join(foreign.text(part) for part in said if isinstance(part, str)) or None
    return None
