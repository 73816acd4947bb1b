"""A diagnosis as plain JSON values, and back: the same value, so the same page."""

from __future__ import annotations

import base64
import json
import math
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
import pandas as pd

from reportgen import foreign
from reportgen.errors import SourceError
from reportgen.findings import Diagnosis
from reportgen.slim import slim

KIND = "$"  # the key that says what an object stands for; an array stands for a tuple
LEAVES = frozenset({str, int, float, bool, type(None)})  # of JSON: they stand for themselves
DEEPEST = 60  # values within values; no diagnosis comes near, a hostile text might


def to_json(diagnosis: Diagnosis) -> str:
    """One diagnosis as JSON, without its run's full history."""
    return json.dumps(packed(slim(diagnosis)), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def from_json(text: str) -> Diagnosis:
    """The diagnosis of a text that to_json wrote; SourceError when it is none."""
    try:
        return diagnosis_of(foreign.parsed(text))
    except (ValueError, RecursionError) as error:
        raise SourceError(f"a stored diagnosis can't be read ({error}); make the report anew from its run") from error


def diagnosis_of(value: Any) -> Diagnosis:
    """The diagnosis that packed() made plain; SourceError when it is none, or of another edition."""
    try:
        made = _unpacked(value, 0)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError) as error:
        raise SourceError(f"a stored diagnosis is damaged ({error}); make the report anew from its run") from error
    if not isinstance(made, Diagnosis):
        raise SourceError("a stored diagnosis is damaged (it is something else); make the report anew from its run")
    return made


def packed(value: Any) -> Any:
    """A value of a diagnosis as what JSON can hold."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Enum):
        return {KIND: type(value).__name__, "of": value.value}
    if isinstance(value, int | np.integer | np.bool_):
        return value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else {KIND: "float", "of": repr(float(value))}
    if isinstance(value, tuple):
        return [packed(one) for one in value]
    if isinstance(value, list):
        return {KIND: "list", "of": [packed(one) for one in value]}
    if isinstance(value, Mapping):
        if KIND not in value and all(type(key) is str for key in value):
            return {key: packed(one) for key, one in value.items()}
        return {KIND: "map", "of": [[packed(key), packed(one)] for key, one in value.items()]}
    return _packed_object(value)


def _packed_object(value: Any) -> dict[str, Any]:
    if isinstance(value, datetime):
        return {KIND: "time", "of": value.isoformat()}
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, pd.DataFrame):
        columns = [[packed(name), _array(column.to_numpy())] for name, column in value.items()]
        return {KIND: "frame", "index": _index(value.index), "columns": columns}
    if isinstance(value, pd.Series):
        cells = _array(value.to_numpy())
        return {KIND: "series", "index": _index(value.index), "name": packed(value.name), "of": cells}
    if is_dataclass(value) and type(value).__name__ in _known():
        return {KIND: type(value).__name__} | {item.name: packed(getattr(value, item.name)) for item in fields(value)}
    raise TypeError(f"a diagnosis can't hold a {type(value).__name__}")


def _index(index: pd.Index) -> dict[str, Any]:
    return {"name": packed(index.name), "of": _array(index.to_numpy())}


def _array(values: np.ndarray) -> dict[str, Any]:
    """Numbers as their bytes, gaps left out; anything else one by one."""
    if values.dtype.kind not in "fiub":
        return {KIND: "array", "of": [packed(one) for one in values.tolist()]}
    plain = values.astype(values.dtype.newbyteorder("<"))
    there = ~np.isnan(plain) if plain.dtype.kind == "f" else np.ones(plain.shape, dtype=bool)
    full = bool(there.all())
    at = None if full else _bytes(np.flatnonzero(there.ravel()).astype("<u4"))
    return {
        KIND: "array", "type": plain.dtype.str, "shape": list(plain.shape), "at": at, "of": _bytes(plain[there])
    }  # fmt: skip


def _bytes(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")


def _unpacked(value: Any, depth: int) -> Any:
    """What packed() was given."""
    if type(value) in LEAVES:
        return value
    if depth > DEEPEST:
        raise ValueError("nested too deeply")
    depth += 1
    if isinstance(value, list):
        return tuple([one if type(one) in LEAVES else _unpacked(one, depth) for one in value])
    if KIND not in value:
        return {key: one if type(one) in LEAVES else _unpacked(one, depth) for key, one in value.items()}
    kind = value[KIND]
    if kind in READERS:
        return READERS[kind](value, depth)
    made = _known()[kind]
    if issubclass(made, Enum):
        return made(value["of"])
    fits = _fields(kind)
    given = {}
    for name, one in value.items():
        if name == KIND:
            continue
        given[name] = found = one if type(one) in LEAVES else _unpacked(one, depth)
        if name not in fits or not fits[name](found):
            raise ValueError(f"{kind} has no such {name}")
    return made(**given)


def _array_of(value: dict[str, Any], depth: int) -> np.ndarray:
    if "type" not in value:
        cells = np.empty(len(value["of"]), dtype=object)
        cells[:] = [_unpacked(one, depth) for one in value["of"]]
        return cells
    if (kind := np.dtype(value["type"])).kind not in "fiub":
        raise ValueError(f"an array of {value['type']}")
    shape = tuple(int(size) for size in value["shape"])
    found = np.frombuffer(base64.b64decode(value["of"]), dtype=kind).astype(kind.newbyteorder("="))
    if value["at"] is None:
        return found.reshape(shape)
    at = np.frombuffer(base64.b64decode(value["at"]), dtype="<u4")
    if math.prod(shape) > 1 << 26:
        raise ValueError("an array larger than any run's")
    whole = np.full(math.prod(shape), np.nan, dtype=found.dtype)
    whole[at] = found
    return whole.reshape(shape)


def _index_of(value: dict[str, Any], depth: int) -> pd.Index:
    return pd.Index(_array_of(value["of"], depth), name=_unpacked(value["name"], depth))


def _frame_of(value: dict[str, Any], depth: int) -> pd.DataFrame:
    columns = {_unpacked(name, depth): _array_of(cells, depth) for name, cells in value["columns"]}
    return pd.DataFrame(columns, index=_index_of(value["index"], depth))


def _series_of(value: dict[str, Any], depth: int) -> pd.Series:
    name = _unpacked(value["name"], depth)
    return pd.Series(_array_of(value["of"], depth), index=_index_of(value["index"], depth), name=name)


READERS: Mapping[str, Callable[[dict[str, Any], int], Any]] = {
    "float": lambda value, _: float(value["of"]),
    "list": lambda value, depth: [_unpacked(one, depth) for one in value["of"]],
    "map": lambda value, depth: {_unpacked(key, depth): _unpacked(one, depth) for key, one in value["of"]},
    "time": lambda value, _: datetime.fromisoformat(value["of"]),
    "array": _array_of,
    "frame": _frame_of,
    "series": _series_of,
}


@cache
def _known() -> dict[str, type]:
    """Every type that a diagnosis is made of, by name: nothing else is ever made of a text."""
    found: dict[str, type] = {}
    waiting: list[Any] = [Diagnosis]
    while waiting:
        hint = waiting.pop()
        waiting += get_args(hint)
        if isinstance(hint, type) and hint.__name__ not in found and (is_dataclass(hint) or issubclass(hint, Enum)):
            found[hint.__name__] = hint
            waiting += list(get_type_hints(hint).values()) if is_dataclass(hint) else []
    return found


@cache
def _fields(kind: str) -> dict[str, Callable[[Any], bool]]:
    """Field of one of the known types -> whether a value may stand there."""
    return {name: _fits(hint) for name, hint in get_type_hints(_known()[kind]).items()}


@cache
def _fits(hint: Any) -> Callable[[Any], bool]:
    """Whether a value is what a type says, as deep as its own containers go."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        return lambda value: True
    if leaves := _leaves(hint):
        return lambda value: type(value) in leaves
    if origin in (Union, types.UnionType):
        several = [_fits(one) for one in inner]
        return lambda value: any(fits(value) for fits in several)
    if origin is Literal:
        return lambda value: value in inner
    if origin is tuple and inner[-1] is Ellipsis and (leaves := _leaves(inner[0])):
        return lambda value: isinstance(value, tuple) and leaves.issuperset(map(type, value))
    if origin is tuple and inner[-1] is Ellipsis:
        each = _fits(inner[0])
        return lambda value: isinstance(value, tuple) and all(map(each, value))
    if origin is tuple:
        places = [_fits(one) for one in inner]
        return lambda value: (
            isinstance(value, tuple)
            and len(value) == len(places)
            and all(fits(one) for fits, one in zip(places, value, strict=True))
        )
    if isinstance(origin, type) and issubclass(origin, Mapping):
        key, held = map(_fits, inner)
        return lambda value: isinstance(value, dict) and all(map(key, value)) and all(map(held, value.values()))
    return lambda value: isinstance(value, hint) if isinstance(hint, type) else value is hint


@cache
def _leaves(hint: Any) -> frozenset[type]:
    """The JSON types that a type of plain values stands for; none when it is more than that."""
    if get_origin(hint) in (Union, types.UnionType):
        several = [_leaves(one) for one in get_args(hint)]
        return frozenset().union(*several) if all(several) else frozenset()
    if hint is float:  # JSON writes 1.0 and 1 alike; True is no number
        return frozenset({float, int})
    return frozenset({hint}) if hint in LEAVES else frozenset()
