"""JSON: a row a line, or a list of rows; also verl's file logger and ms-swift's logging.jsonl."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from itertools import chain, islice
from typing import Any

from reportgen import foreign
from reportgen.errors import NoSteps, SourceError
from reportgen.gate import from_rows
from reportgen.naming import Key, number
from reportgen.run import STEP_NAMES, Run
from reportgen.settings import MOST_ROWS
from reportgen.sources import place
from reportgen.sources.logged import wanted
from reportgen.sources.place import Place
from reportgen.sources.source import Claim, Keep, Rank, Source

SUFFIXES = (".json", ".jsonl", ".ndjson")
LOOKED_AT = 1_000  # rows that tell what counts steps
STEP_LIKE = ("train_step", "training_step", "iteration", "iter", "steps")
ROWS_UNDER = ("history", "rows", "data", "metrics", "logs", "records")
WRAPPED = ("data", "metrics", "scalars", "logs")  # a row's numbers stand under one of them
COUNTED = "global_step/max_steps"  # ms-swift writes "10/438" under it
NAMES = (*STEP_NAMES, COUNTED)
FIRST_SIGNS = (b"{", b"[", b" ", b"\n", b"\r", b"\t", b"\xef")  # \xef: a byte order mark
FIRST = re.compile(r"(?:\s*\[)?\s*(\{)")


class JsonRows(Source):
    """A file that is called JSON, or begins with a row that has a step."""

    name = "JSON rows"

    def claim(self, place: Place) -> Claim | None:
        if not place.is_text:
            return None
        if is_table(place):
            return Claim(place, Rank.LIKELY, "rows of JSON with a step")
        return Claim(place, Rank.NAMED, "JSON, but no rows with a step") if place.suffix in SUFFIXES else None

    def read(self, claim: Claim, keep: Keep) -> Run:
        return read(claim.place.spec, keep=keep)


def is_table(place: Place) -> bool:
    """Whether a file is a list of rows, or one a line, and the first has a step."""
    if place.head[:1] not in FIRST_SIGNS or not (found := FIRST.match(text := place.text)):
        return False
    try:
        row, _ = json.JSONDecoder().raw_decode(text, found.start(1))
    except (ValueError, RecursionError):
        return False
    listed = found[0].lstrip().startswith("[") or place.suffix != ".json"
    return listed and isinstance(row, dict) and any(isinstance(row.get(name), int | float | str) for name in NAMES)


def read(spec: str, *, keep: Collection[str] | None = None) -> Run:
    """The run of a JSON file; SourceError when it holds no rows with a step."""
    notes: list[str] = []
    kept = wanted(keep)
    every = iter(_listed(spec, notes) if _is_whole(spec) else _lines(spec, notes))
    found = list(islice(every, LOOKED_AT))  # the rest is read row by row: a million rows as mappings take a gigabyte
    if not found:
        raise NoSteps(f"{spec}: no step yet: the file holds no rows; try again when the first step is done")
    if len(found) == 1 and any(isinstance(value, list) for value in found[0].values()):
        found = _under(spec, found[0])
    step = next((name for name in map(_step, found) if name), None)
    if step is None:
        found += every
        step = next((name for name in map(_step, found) if name), None)
    if step is None:
        raise SourceError(f"{spec}: no row has a step; expected one of {', '.join(STEP_NAMES)} in each row")

    def narrow(row: dict[Key, Any]) -> dict[Key, Any]:
        return {key: value for key, value in row.items() if key == step or isinstance(value, Mapping) or kept(str(key))}

    is_narrow = any(len(narrow(_row(row, step))) > 1 for row in found)
    rows = (_row(row, step) for row in chain(found, every))
    try:
        return from_rows(
            map(narrow, rows) if is_narrow else rows,
            id=place.run_name(spec),
            name=place.run_name(spec),
            source=f"JSON rows {spec}",
            step=step,
            notes=notes,
        )
    except RecursionError as error:
        raise SourceError(f"{spec}: rows nested deeper than any metric; flatten them") from error


def _is_whole(path: str) -> bool:
    """Whether the file is one JSON value, not a row a line: it begins with "[", or its first line is no row."""
    text = place.head(path).decode("utf-8-sig", errors="replace").lstrip()
    if not text.startswith("{"):
        return text.startswith("[")
    return not isinstance(_parsed(text.split("\n", 1)[0]), dict) and place.suffix(path) == ".json"


def _lines(path: str, notes: list[str]) -> Iterator[dict[str, Any]]:
    """The rows of a file with one a line; what is none is counted in the notes."""
    n_lines = n_bad = first_bad = 0
    for n_lines, line in enumerate(place.lines(path, notes), start=1):
        row = _parsed(line.decode("utf-8-sig", errors="replace")) if line.strip() else {}
        if isinstance(row, dict):
            if row:
                yield row
            if n_lines > MOST_ROWS:
                notes.append(f"read up to line {MOST_ROWS:,} only")
                break
            continue
        n_bad += 1
        first_bad = first_bad or n_lines
    if n_bad == n_lines and n_lines:
        raise SourceError(f"{path}: none of its {n_lines:,} lines is a row of JSON; expected one object a line")
    if n_bad:
        notes.append(f"{n_bad:,} of {n_lines:,} lines were not rows (first: line {first_bad:,})")


def _listed(path: str, notes: list[str]) -> Iterator[dict[str, Any]]:
    """The rows of one JSON list; of one that is cut off, those that are whole."""
    text = place.content(path, notes)
    at, n_rows, n_other = text.find("[") + 1, 0, 0
    if text.lstrip().startswith("{"):
        yield from _under(path, _parsed(text))
        return
    while found := re.compile(r"[\s,]*").match(text, at):
        at = found.end()
        if text[at : at + 1] in ("]", ""):
            break
        try:
            row, at = foreign.row(text, at)
        except foreign.Unfit as reason:
            if not n_rows:
                raise SourceError(f"{path}: not JSON from its first row on ({reason}); give it as written") from reason
            notes.append(f"the list is cut off or damaged after {at:,} of {len(text):,} characters; "
                         f"the rows before are kept ({reason})")
            break
        if isinstance(row, dict):
            n_rows += 1
            yield row
        else:
            n_other += 1
    if n_other:
        notes.append(f"{n_other:,} items of the list were not rows")


def _under(path: str, value: Any) -> list[dict[str, Any]]:
    """The rows of a JSON object: the list it holds, its columns, or itself when it is one row."""
    if not isinstance(value, dict):
        raise SourceError(f"{path}: not JSON; expected a list of rows, or one row a line")
    for name in ROWS_UNDER:
        if isinstance(value.get(name), list) and any(isinstance(row, dict) for row in value[name]):
            return [row for row in value[name] if isinstance(row, dict)]
    columns = {name: cells for name, cells in value.items() if isinstance(cells, list)}
    if (step := _step(dict.fromkeys(columns, 0))) is not None:
        n_rows = len(columns[step])
        whole = {name: cells for name, cells in columns.items() if len(cells) == n_rows}
        return [{name: cells[at] for name, cells in whole.items()} for at in range(n_rows)]
    if _step(value) is not None:
        return [value]
    raise SourceError(f"{path}: one JSON object without rows; expected a list of rows, each with a step")


def _row(row: Mapping[Any, Any], step: str) -> dict[Key, Any]:
    """A row with its step as a number and its metrics on top."""
    at = row.get(step)
    if step == COUNTED and isinstance(at, str):
        at = number_of(at.partition("/")[0])
    if isinstance(at, str):
        at = number_of(at)
    wrapped = next((name for name in WRAPPED if isinstance(row.get(name), dict)), None)
    if wrapped is not None:
        return {**{name: value for name, value in row.items() if name != wrapped}, **row[wrapped], step: at}
    return {**row, step: at}


def number_of(text: str) -> float | None:
    """A number that was written as text."""
    try:
        return float(text)
    except ValueError:
        return number(text)


def _step(row: Any) -> str | None:
    """The name under which a row counts steps."""
    if not isinstance(row, dict):
        return None
    there = {str(name).lower(): str(name) for name in row}
    exact = next((name for name in NAMES if name in row), None)
    return exact or next((there[name] for name in STEP_LIKE if name in there), None)


def _parsed(text: str) -> Any:
    """The JSON value of a text; None when it is none."""
    try:
        return foreign.parsed(text)
    except foreign.Unfit:
        return None
