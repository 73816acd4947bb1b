"""JSON: a row a line, or a list of rows; also verl's file logger and ms-swift's logging.jsonl."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, islice
from typing import Any

import numpy as np

from reportgen import foreign
from reportgen.axis import BARE, QUALIFIED
from reportgen.errors import NoSteps, SourceError
from reportgen.gate import from_rows
from reportgen.naming import Key, number
from reportgen.run import STEP_NAMES, Run
from reportgen.settings import MOST_ROWS
from reportgen.sources import place
from reportgen.sources.logged import wanted
from reportgen.sources.place import Place
from reportgen.sources.source import Claim, Keep, Rank, Source
from reportgen.sources.texts import json_forms, steps, table
from reportgen.sources.texts.csv_table import tag_of

SUFFIXES = (".json", ".jsonl", ".ndjson")
LOOKED_AT = 1_000  # rows that tell what counts steps
MOST_NAMES = 5_000  # of a row, in which one that is like a step is looked for
STEP_LIKE = ("train_step", "training_step", "iteration", "iter", "steps")
WRAPPED = ("data", "metrics", "scalars", "logs")  # a row's numbers stand under one of them
BEGINNING, LEAST_DUMPED = 40, 3  # rows that tell a dump of answers
COUNTED = "global_step/max_steps"  # ms-swift writes "10/438" under it
NAMES = (*STEP_NAMES, COUNTED)
FIRST_SIGNS = (b"{", b"[", b" ", b"\n", b"\r", b"\t", b"\xef")  # \xef: a byte order mark
# one value that holds all rows
HELD = re.compile(r'\s*\{\s*"(?:(?:global_)?step"\s*:\s*\[\s*-?\d+\s*,|(?:log_)?history"\s*:\s*\[\s*\{)')
LARGE = re.compile(  # the same further on, as pairs, by split, and as pandas writes tables
    r'"(?:\w+/)?(?:global_)?step"\s*:\s*(?:\[\s*-?\d+|\{\s*"\d)|"columns"\s*:\s*\[[^\]]{0,2000}"(?:global_)?step"'
    r'|\A\s*\{\s*"[^"]{1,200}"\s*:\s*\[\s*\[\s*\d'
    r'|\A\s*\{\s*"(?:train|eval)"\s*:\s*\[\s*\{|"(?:history|data|rows)"\s*:\s*\[\s*\{'
)
DOWNLOAD = re.compile(r"run-(?P<run>.+?)-tag-(?P<tag>.+)\.json", re.IGNORECASE)  # from TensorBoard's page
TRIPLE = re.compile(r"\s*\[\s*\[\s*[\d.eE+]+\s*,\s*[\d.]+\s*,")
FIRST = re.compile(r"(?:\s*\[)?\s*(\{)")


class JsonRows(Source):
    """A file that is called JSON, or begins with a row that has a step."""

    name = "JSON rows"

    def claim(self, place: Place) -> Claim | None:
        if not place.is_text:
            return None
        if is_table(place) and _is_of_one_step(place):
            return Claim(place, Rank.NAMED, "rows of one step: a dump of answers, no run")
        if (named := DOWNLOAD.fullmatch(place.name)) and TRIPLE.match(place.text):
            return Claim(place, Rank.LIKELY, "a series that TensorBoard's page saved", run=named["run"])
        if is_table(place) or HELD.match(place.text) or _holds_rows(place):
            return Claim(place, Rank.LIKELY, "rows of JSON with a step", parts=partial(_find, place))
        return Claim(place, Rank.NAMED, "JSON, but no rows with a step") if place.suffix in SUFFIXES else None

    def read(self, claim: Claim, keep: Keep) -> Run:
        return read_place(claim.place, keep)


def _holds_rows(place: Place) -> bool:
    """Whether a JSON object holds rows in one of the known forms; a large one is judged by its beginning.

    Any object may look like one: only a step by its usual name is telling, unless a person names the file.
    """
    if place.suffix != ".json" or not place.text.lstrip().startswith("{"):
        return False
    if place.size != len(place.head):  # larger than what is looked at, or compressed
        return LARGE.search(place.text) is not None
    value = _parsed(place.text)
    if isinstance(value, dict) and all(key.isdigit() and _usual(row) is None for key, row in value.items()):
        return False
    rows = json_forms.held(value, _usual).rows
    return len({str(row.get(name)) for row in rows if (name := _usual(row)) is not None}) > 1


def _usual(row: Any) -> str | None:
    """The usual name under which a row counts steps."""
    return next((name for name in NAMES if name in row), None) if isinstance(row, dict) else None


def is_table(place: Place) -> bool:
    """Whether a file is a list of rows, or one a line, and the first has a step."""
    if place.head[:1] not in FIRST_SIGNS or not (found := FIRST.match(text := place.text)):
        return False
    try:
        row, _ = json.JSONDecoder().raw_decode(text, found.start(1))
    except (ValueError, RecursionError):
        return False
    listed = found[0].lstrip().startswith("[") or place.suffix != ".json"
    if not listed or not isinstance(row, dict):
        return False
    axis = _step(row)
    return any(isinstance(row.get(name), int | float | str) for name in (*NAMES, axis or NAMES[0]))


def _is_of_one_step(place: Place) -> bool:
    """Whether the first rows are several and all of one step."""
    rows = [_parsed(line) for line in place.text.split("\n")[:BEGINNING]]
    found = [row[name] for row in rows if isinstance(row, dict) and (name := _step(row)) is not None]
    return len(found) >= LEAST_DUMPED and len({str(step) for step in found}) == 1 and any(
        isinstance(row, dict) and any(isinstance(value, str) for value in row.values()) for row in rows
    )  # fmt: skip


def read_place(file: Place, keep: Collection[str] | None) -> Run:
    """The run of a place with rows of JSON, or the one of several that is asked for."""
    spec, notes = file.path, list[str]()
    kept = wanted(keep)
    if (named := DOWNLOAD.fullmatch(file.name)) and TRIPLE.match(file.text):
        return _read_download(file, named["run"], named["tag"])
    found, every, config = _loaded(spec, notes)
    if not found:
        raise NoSteps(f"{spec}: no step yet: the file holds no rows; try again when the first step is done")
    step = file.step_column or next((name for name in map(_step, found) if name), None)
    if not file.step_column and step in BARE:
        step = _trainers_own(step, found, notes)
    if step is None or not any(step in row for row in found):
        found += every
        step = step or next((name for name in map(_step, found) if name), None)
    if step is None or not any(step in row for row in found):
        raise SourceError(f"{spec}: no row has a step; expected one of {', '.join(STEP_NAMES)} in each row, or name "
                          "it with --step-column NAME")  # fmt: skip
    if _is_of_runs(found):
        return table.run_of(_runs([*found, *every], step), file, keep, kind="JSON rows", config=config)

    def narrow(row: dict[Key, Any]) -> dict[Key, Any]:
        return {key: value for key, value in row.items() if key == step or isinstance(value, Mapping) or kept(str(key))}

    is_narrow = any(len(narrow(_row(row, step))) > 1 for row in found)
    filling = _filling([_row(row, step) for row in found], notes)
    rows = (_without(_row(row, step), filling) for row in chain(found, every))
    try:
        return from_rows(
            map(narrow, rows) if is_narrow else rows,
            id=place.run_name(spec),
            name=place.run_name(spec),
            source=f"JSON rows {spec}",
            step=step,
            config=config,
            notes=notes,
        )
    except RecursionError as error:
        raise SourceError(f"{spec}: rows nested deeper than any metric; flatten them") from error


def _loaded(path: str, notes: list[str]) -> tuple[list[dict[str, Any]], Iterable[dict[str, Any]], dict[str, Any]]:
    """The first rows of a file, those after them as they are asked for, and the config beside or among the first.

    A million rows as mappings take a gigabyte: only what tells the file's form is held.
    """
    if _is_whole(path) and not place.head(path).decode("utf-8-sig", "replace").lstrip().startswith("["):
        value = _parsed(place.content(path, notes))
        if not isinstance(value, dict):
            raise SourceError(f"{path}: not JSON; expected a list of rows, or one row a line")
        held = json_forms.held(value, _step)
        return held.rows, (), held.config
    every = iter(_listed(path, notes) if _is_whole(path) else _lines(path, notes))
    rows = list(islice(every, LOOKED_AT))
    if (split := json_forms.split_of(rows, _step)) is not None:
        return [json_forms.of_part(row, split, _step) for row in rows], (
            json_forms.of_part(row, split, _step) for row in every
        ), {}
    if len(rows) == 1 and any(isinstance(value, list | dict) for value in rows[0].values()):
        held = json_forms.held(rows[0], _step)
        return (held.rows, (), held.config) if held.rows else (rows, (), {})
    config: dict[str, Any] = {}
    kept = []
    for row in rows:
        told = next((row[name] for name in json_forms.CONFIG_UNDER if isinstance(row.get(name), dict)), None)
        if told is not None and _step(row) is None:
            config |= told  # an event log tells it in a row of its own
        else:
            kept.append(row)
    return kept, every, config


def _read_download(file: Place, run: str, tag: str) -> Run:
    """One series as TensorBoard's page saves it: [wall time, step, value] each."""
    notes: list[str] = []
    points = foreign.items(_parsed(place.content(file.path, notes)))
    whole = [point for point in points if isinstance(point, list) and len(point) == 3]
    rows: list[dict[Key, Any]] = [{"_timestamp": at, "step": step, tag_of(tag): value} for at, step, value in whole]
    source = f"TensorBoard's download {file.path}"
    return from_rows(rows, id=run, name=run, source=source, step="step", notes=notes)


def _filling(rows: Sequence[Mapping[Key, Any]], notes: list[str]) -> frozenset[Key]:
    """Metrics whose nans only fill gaps: those that are nan in half of the rows or more."""
    counts: dict[Key, int] = {}
    for row in rows:
        for key, value in row.items():
            if isinstance(value, float) and value != value:
                counts[key] = counts.get(key, 0) + 1
    filling = frozenset(key for key, count in counts.items() if 2 * count >= len(rows) and len(rows) > 3)
    if filling:
        notes.append(f"nan stands for a gap in {', '.join(sorted(map(repr, filling))[:4])}")
    return filling


def _without(row: dict[Key, Any], filling: frozenset[Key]) -> dict[Key, Any]:
    """A row without the nans that fill gaps."""
    if not filling:
        return row
    return {key: cell for key, cell in row.items() if key not in filling or not isinstance(cell, float) or cell == cell}


def _is_of_runs(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether rows hold one value each with its metric's name, or a column that may tell runs apart."""
    first = {str(key).lower(): value for key, value in rows[0].items()}
    if any(isinstance(value, list | dict) for value in first.values()):
        return False
    is_long = any(name in first for name in table.VALUES) and any(
        isinstance(first.get(name), str) for name in table.METRICS
    )
    return is_long or any(isinstance(first.get(name), str | int) for name in table.RUNS)


def _runs(rows: Sequence[Mapping[str, Any]], step: str) -> dict[str, table.Table]:
    """The runs in flat rows by their names."""
    names = dict.fromkeys(str(key) for row in rows for key in row)
    texts = {name: [row.get(name) for row in rows] for name in names}
    if step in texts:
        texts[step] = [_row(row, step).get(step) for row in rows]
    return table.runs(table.of_arrays({}, texts, len(rows)), step)


def _find(file: Place) -> tuple[str, ...]:
    """The file itself, or `file#run` for each of several runs in it."""
    if file.part:
        return (file.spec,)
    try:
        rows, every, _ = _loaded(file.path, [])
        step = next((name for name in map(_step, rows) if name), None)
        if step is None or not _is_of_runs(rows):
            return (file.spec,)
        return table.specs(file, _runs([*rows, *every], step))
    except SourceError:
        return (file.spec,)  # to read it says what is wrong


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
    like = exact or next((there[name] for name in STEP_LIKE if name in there), None)
    if like is None and len(row) <= MOST_NAMES:
        like = next(iter(steps.named(name for name in row if isinstance(name, str))), None)
    return like


def _trainers_own(step: str, rows: list[dict[str, Any]], notes: list[str]) -> str:
    """The trainer's own step, where the one by its usual name counts log calls."""
    seen = [_row(row, step) for row in rows]
    numbers = {
        name: np.array([np.nan if (at := number(row.get(name))) is None else at for row in seen])
        for name in (step, *QUALIFIED)
    }
    return steps.chosen(numbers, notes) or step


def _parsed(text: str) -> Any:
    """The JSON value of a text; None when it is none."""
    try:
        return foreign.parsed(text)
    except foreign.Unfit:
        return None
