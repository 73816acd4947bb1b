"""Evals made elsewhere: result files of lm-eval and lighteval, or a table of evals by checkpoint."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from reportgen import evals, foreign
from reportgen.errors import SourceError
from reportgen.run import Run
from reportgen.sources import place
from reportgen.sources.texts import csv_table

STEP_COLUMNS = ("step", "global_step", "checkpoint", "train_step", "iteration", "ckpt")
SET_COLUMNS, SCORE_COLUMNS = ("task", "set", "dataset", "eval", "benchmark"), ("value", "score", "accuracy", "acc")
SIZE_COLUMNS, KIND_COLUMNS = ("n", "problems", "num_samples", "samples"), ("kind", "metric")
RUN_COLUMNS = ("run", "run_name", "trial", "name")
# what a checkpoint's name says of its step; AReaL counts its global steps from 0
STEPS = (
    (re.compile(r"epochstep\d+globalstep(\d+)"), 1),
    (re.compile(r"(?:checkpoint|ckpt)[-_]?(\d+)"), 0),
    (re.compile(r"(?:global_?)?step[-_=]?(\d+)"), 0),
    (re.compile(r"iter(?:ation)?[-_=]?(\d+)"), 0),
)
BEST = (  # of a task's numbers in lm-eval and lighteval, the one that the task is known by
    "exact_match,strict-match", "exact_match,flexible-extract", "extractive_match", "acc_norm,none", "acc,none",
    "prompt_level_strict_acc,none", "pass@1", "exact_match", "em", "acc_norm", "acc", "qem",
)  # fmt: skip
MOST_FILES = 2000


@dataclass(frozen=True)
class Score:
    """One number of one eval set at one checkpoint."""

    set: str
    kind: str
    value: float
    step: int | None  # None: the file doesn't say
    problems: int | None = None
    run: str = ""  # of which run; "": of the one that is read
    model: str = ""  # what was evaluated, where no step is told
    file: str = ""


def read(path: str) -> tuple[Score, ...]:
    """Every score of a result file, a folder of them, or a table; SourceError when there is none."""
    if not Path(path).exists():
        raise SourceError(f"{path}: no such file; --evals takes a result file, a folder of them, or a table")
    if Path(path).is_dir():
        found = [score for file in _below(path) for score in _results(file, path)]
    else:
        found = _results(path, path) if path.endswith(".json") else []
        found = found or list(_table(path))
    if not found:
        raise SourceError(
            f"{path}: no eval results; expected lm-eval's or lighteval's JSON, or a table with a step column"
        )
    return tuple(found)


def joined(run: Run, scores: Sequence[Score], *, is_alone: bool = True) -> Run:
    """The run with evals from elsewhere as columns of its history, each with the size that its file tells.

    is_alone: it is the only run, so that scores without a run's name are its own. Raises SourceError
    when scores name no run and several are read.
    """
    if not is_alone and any(not score.run for score in scores):
        raise SourceError("--evals: several runs are read and the file names none; give it a column `run`")
    own = [score for score in scores if not score.run or score.run in (run.name, run.id)]
    cells: dict[str, dict[int, float]] = {}
    sizes: dict[str, int] = {}
    nowhere = []
    for score in own:
        name, step = f"evals/{score.set}/{score.kind}", _step_of(score, run)
        if step is None:
            nowhere.append(score)
            continue
        cells.setdefault(name, {})[step] = score.value
        if score.problems:
            sizes[name] = score.problems
    notes = [f"evals joined from elsewhere: {', '.join(sorted(cells))}"] if cells else []
    if nowhere:
        models = ", ".join(dict.fromkeys(score.model or "a result file" for score in nowhere))
        notes.append(f"{len(nowhere)} evals of {models} tell no step and were left out; name a checkpoint's folder")
    history = run.history
    if cells:
        added = pd.DataFrame({name: pd.Series(values, dtype="float64") for name, values in cells.items()})
        history = history.combine_first(added.sort_index()).astype("float64")
        history.index.name = run.history.index.name
    return replace(run, history=history, sizes={**run.sizes, **sizes}, notes=(*run.notes, *notes))


def _step_of(score: Score, run: Run) -> int | None:
    """Where a score stands: at its step, or before training where the run's own base model was evaluated."""
    if score.step is not None:
        return score.step
    base = {str(value).rstrip("/") for value in run.config.values() if isinstance(value, str)}
    is_untrained = bool(score.model) and score.model.rstrip("/") in base
    return min(0, int(run.history.index[0]) - 1) if is_untrained else None


def _below(folder: str) -> Iterator[str]:
    """JSON files in and below a folder, in order."""
    found = sorted(str(file) for file in Path(folder).rglob("*.json"))
    yield from found[:MOST_FILES]


def _results(path: str, given: str) -> list[Score]:
    """Scores of one result file; [] when it is none."""
    try:
        told = foreign.parsed(place.content(path, []))
    except foreign.Unfit:
        return []
    results = foreign.mapping(foreign.mapping(told).get("results"))
    if not results:
        return []
    model = _model(foreign.mapping(told))
    step = _step_in(model) if model else None
    step = step if step is not None else _step_in(str(Path(path).relative_to(Path(given).parent)))
    scores = []
    for task, numbers in results.items():
        best = _best(foreign.mapping(numbers))
        name = task.split("|")[1] if task.count("|") else task
        if best is not None and task != "all":
            kind = best[0] if "@" in best[0] else "mean@1"
            size = _size(foreign.mapping(told), task)
            scores.append(Score(name, kind, best[1], step, size, model=model, file=path))
    return scores


def _model(told: Mapping[str, Any]) -> str:
    """What was evaluated: a checkpoint's path, or a model's name."""
    config, general = foreign.mapping(told.get("config")), foreign.mapping(told.get("config_general"))
    arguments = config.get("model_args")
    if isinstance(arguments, str) and (named := re.search(r"pretrained=([^,]+)", arguments)):
        return named[1]
    for value in (foreign.mapping(arguments).get("pretrained"), told.get("model_name"), general.get("model_name")):
        if isinstance(value, str) and value:
            return value
    return ""


def _size(told: Mapping[str, Any], task: str) -> int | None:
    """Problems of a task, as lm-eval and lighteval count them."""
    counts = foreign.mapping(foreign.mapping(told.get("n-samples")).get(task))
    tasks = foreign.mapping(foreign.mapping(told.get("config_tasks")).get(task))
    for value in (counts.get("effective"), counts.get("original"), tasks.get("effective_num_docs")):
        number = foreign.number(value)
        if number is not None and number >= 1:
            return round(number)
    return None


def _best(numbers: Mapping[str, Any]) -> tuple[str, float] | None:
    """The number that a task is known by."""
    known = {
        name: number for name, value in numbers.items()
        if "stderr" not in name and name not in ("alias", "samples") and (number := foreign.number(value)) is not None
    }  # fmt: skip
    name = next((name for name in BEST if name in known), next(iter(known), None))
    return (name, known[name]) if name is not None else None


def _step_in(text: str) -> int | None:
    """The step that a checkpoint's name speaks of, the last one in it."""
    for pattern, more in STEPS:
        found = pattern.findall(text.lower())
        if found:
            return int(found[-1]) + more
    return None


def _table(path: str) -> Iterator[Score]:
    """Scores of a table: a row a checkpoint and a column an eval, or a row a score."""
    for row in _rows(path):
        cells = {str(name).strip().lower(): value for name, value in row.items()}
        step = _whole(_first(cells, STEP_COLUMNS))
        run, which, size = (_first(cells, names) for names in (RUN_COLUMNS, SET_COLUMNS, SIZE_COLUMNS))
        if which is not None:
            value, kind = _number(_first(cells, SCORE_COLUMNS)), str(_first(cells, KIND_COLUMNS) or "mean@1")
            if value is not None and step is not None:
                kind = kind if "@" in kind else "mean@1"
                yield Score(str(which), kind, value, step, _whole(size), str(run or ""), file=path)
            continue
        for name, cell in row.items():
            said, value = _column(str(name)), _number(cell)
            if said is not None and value is not None and step is not None:
                yield Score(said[0], said[1], value, step, run=str(run or ""), file=path)


def _column(name: str) -> tuple[str, str] | None:
    """(set, kind) of a wide table's column: an eval's name, or a known set alone."""
    told = evals.named(name.strip())
    if told is not None and told.set:
        return told.set, told.kind
    if evals.sets.known(name):
        return name.strip(), "mean@1"
    mentioned = evals.sets.mentioned([name])
    return (mentioned[0], "mean@1") if len(mentioned) == 1 else None


def _rows(path: str) -> Iterable[Mapping[str, Any]]:
    if not path.lower().endswith((".json", ".jsonl", ".ndjson")):
        return csv_table.rows(path)
    text = place.content(path, [])
    try:
        told = foreign.parsed(text)
        return [foreign.mapping(row) for row in (told if isinstance(told, list) else [told])]
    except foreign.Unfit:
        return [foreign.mapping(_parsed(line)) for line in text.splitlines() if line.strip()]


def _parsed(line: str) -> Any:
    try:
        return foreign.parsed(line)
    except foreign.Unfit:
        return None


def _first(cells: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((cells[name] for name in names if cells.get(name) not in (None, "")), None)


def _number(value: Any) -> float | None:
    """A score, also as a text and in percent."""
    if isinstance(value, str):
        text = value.strip()
        try:
            return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            return None
    return foreign.number(value)


def _whole(value: Any) -> int | None:
    number = _number(value)
    if number is None:
        return _step_in(str(value)) if value is not None else None
    return int(number)
