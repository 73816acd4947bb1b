"""The forms in which one JSON value holds a run's rows, and the config beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from reportgen import foreign

ROWS_UNDER = ("history", "log_history", "rows", "data", "metrics", "logs", "records", "scalars", "events")
CONFIG_UNDER = ("config", "args", "hparams", "params", "hyperparameters", "cfg")
SPLITS = ("train", "eval", "val", "valid", "validation", "test")

SPLIT_KEYS = ("split", "phase", "mode", "stage", "subset", "partition", "type", "kind")
PARTS = {**{name: name for name in SPLITS}, "training": "train", "evaluation": "eval", "testing": "test"}

Row = dict[str, Any]
Step = Callable[[Any], str | None]  # the name under which a row counts steps


class Held(NamedTuple):
    """What one JSON value holds."""

    rows: list[Row]
    config: Row


def held(value: Any, step: Step) -> Held:
    """The rows and the config of a value; no rows where it has none of the known forms."""
    if isinstance(value, list):
        return Held([row for row in value if isinstance(row, dict)], {})
    if not isinstance(value, dict):
        return Held([], {})
    config = next((foreign.mapping(value[name]) for name in CONFIG_UNDER if isinstance(value.get(name), dict)), {})
    for form in (_columns, _split, _by_step, _pairs, _by_split, _by_index):
        if rows := list(form(value, step)):
            return Held(rows, config)
    for name in ROWS_UNDER:
        if isinstance(value.get(name), list | dict) and (found := held(value[name], step)).rows:
            return Held(found.rows, config or found.config)
    return Held([value], {}) if step(value) is not None else Held([], config)


def split_of(rows: Sequence[Row], step: Step) -> str | None:
    """The key under which rows say whether they are of training or of an eval; None when none does."""
    for key in SPLIT_KEYS:
        told = {row[key].lower() for row in rows if isinstance(row.get(key), str) and step(row) is not None}
        if len(told) > 1 and told <= PARTS.keys():
            return key
    return None


def of_part(row: Row, split: str, step: Step) -> Row:
    """A row with the name of its part before each metric's: reward of an eval is eval/reward."""
    part = PARTS.get(str(row.get(split)).lower())
    axis = step(row)
    if part is None or axis is None:
        return row
    named = {key if key.startswith(f"{part}/") else f"{part}/{key}": cell for key, cell in row.items()}
    named = {key: cell for key, cell in named.items() if key not in (f"{part}/{axis}", f"{part}/{split}")}
    return {**named, axis: row[axis]}


def _columns(value: Mapping[str, Any], step: Step) -> Iterator[Row]:
    """{"step": [1, 2], "loss": [0.1, 0.2]}."""
    columns = {name: cells for name, cells in value.items() if isinstance(cells, list)}
    axis = step(dict.fromkeys(columns, 0))
    if axis is None or not columns[axis] or isinstance(columns[axis][0], list | dict):
        return
    n_rows = len(columns[axis])
    whole = {name: cells for name, cells in columns.items() if len(cells) == n_rows}
    yield from ({name: cells[at] for name, cells in whole.items()} for at in range(n_rows))


def _split(value: Mapping[str, Any], step: Step) -> Iterator[Row]:
    """pandas' orient="split" and "table": {"columns": […], "index": […], "data": [[…]]}."""
    names, data = value.get("columns"), value.get("data")
    if not isinstance(names, list) or not isinstance(data, list):
        return
    given = value.get("index")
    index: list[Any] = given if isinstance(given, list) else []
    for at, cells in enumerate(data):
        if isinstance(cells, list):
            row = {str(name): cell for name, cell in zip(names, cells, strict=False)}
            if step(row) is None and at < len(index):
                row["step"] = index[at]
            yield row


def _by_step(value: Mapping[str, Any], step: Step) -> Iterator[Row]:
    """{"1": {"loss": 0.1}, "2": {…}}."""
    if len(value) > 1 and all(key.lstrip("-").isdigit() and isinstance(row, dict) for key, row in value.items()):
        own = all(step(row) is not None for row in value.values())  # the keys are then pandas' row numbers
        yield from (dict(row) if own else {**row, "step": int(key)} for key, row in value.items() if len(key) < 16)


def _pairs(value: Mapping[str, Any], step: Step) -> Iterator[Row]:
    """{"loss": [[1, 0.1], [2, 0.2]]}, with a clock in front or not, or of {"step": …, "value": …}."""
    series = {name: cells for name, cells in value.items() if isinstance(cells, list) and cells}
    rows: dict[Any, Row] = {}
    for name, cells in series.items():
        for cell in cells:
            if isinstance(cell, list) and len(cell) in (2, 3):
                at, number = cell[-2:]
            elif isinstance(cell, dict) and "value" in cell and (axis := step(cell)) is not None:
                at, number = cell[axis], cell["value"]
            else:
                return
            if foreign.whole(at) is not None:
                rows.setdefault(foreign.whole(at), {"step": at})[name] = number
    yield from (rows[at] for at in sorted(rows))


def _by_split(value: Mapping[str, Any], step: Step) -> Iterator[Row]:
    """{"train": [rows], "eval": [rows]}: the part's name goes before each metric's."""
    parts = {name: rows for name, rows in value.items() if name in SPLITS and isinstance(rows, list)}
    if len(parts) < 2 and not (parts and set(value) - set(parts) <= set(CONFIG_UNDER)):
        return
    for part, rows in parts.items():
        for row in rows:
            if isinstance(row, dict) and (axis := step(row)) is not None:
                named = {key if key.startswith(f"{part}/") else f"{part}/{key}": cell for key, cell in row.items()}
                named.pop(f"{part}/{axis}", None)
                yield {**named, "step": row[axis]}


def _by_index(value: Mapping[str, Any], step: Step) -> Iterator[Row]:
    """pandas' default: {"loss": {"0": 0.1, "1": 0.2}}, the index being the step where no column is."""
    columns = {name: cells for name, cells in value.items() if isinstance(cells, dict) and cells}
    if len(columns) < 1 or len(columns) < len(value) - 1:
        return
    index = list(next(iter(columns.values())))
    if not all(key.lstrip("-").isdigit() and len(key) < 16 for key in index):
        return
    has_step = step(dict.fromkeys(columns, 0)) is not None
    for key in index:
        row = {name: cells.get(key) for name, cells in columns.items()}
        yield row if has_step else {**row, "step": int(key)}
