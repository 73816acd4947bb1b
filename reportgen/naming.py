"""Nested names made flat, as W&B joins them, and logged values read as numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from numbers import Real
from typing import Any

Key = str | tuple[str, ...]  # a literal name, or the path of a nested one

INFINITE = float("inf")
NON_FINITE = {
    "nan": float("nan"), "inf": INFINITE, "infinity": INFINITE, "-inf": -INFINITE, "-infinity": -INFINITE,
}  # fmt: skip


def writable(text: str) -> str:
    """The text with lone surrogates, which no file and no table of pandas takes, as the replacement sign."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def leaves(row: Mapping[Key, Any]) -> Iterator[tuple[Key, Any]]:
    """(key, value) of every leaf; a nested key is its path. A media value has no leaves."""
    for key, value in row.items():
        if not isinstance(value, Mapping):
            yield key, value
        elif "_type" not in value:
            path = key if isinstance(key, tuple) else (key,)
            for deeper, leaf in leaves(value):
                yield path + (deeper if isinstance(deeper, tuple) else (str(deeper),)), leaf


def number(value: Any) -> float | None:
    """A logged value as float, nan and inf included; None when it is no number."""
    if isinstance(value, str):
        return NON_FINITE.get(value.strip().lower())
    if isinstance(value, Real):
        try:
            return float(value)
        except OverflowError:
            return None
    return None


def join(keys: Iterable[Key]) -> tuple[dict[Key, str], list[str]]:
    """Key -> name with parts joined by "."; where a literal name is taken, by "/", with a note of it."""
    keys = list(keys)
    taken = {key for key in keys if isinstance(key, str)} | {key[0] for key in keys if len(key) == 1}
    names: dict[Key, str] = {}
    notes = []
    for key in keys:
        if isinstance(key, str) or len(key) == 1:
            names[key] = key if isinstance(key, str) else key[0]
            continue
        name = ".".join(key)
        if name in taken:
            name = "/".join(key)
            while name in taken:
                name += "'"
            notes.append(f"nested {'.'.join(key)!r} is shown as {name!r}: a metric of that very name was logged too")
        taken.add(name)
        names[key] = name
    return names, notes


def flatten(values: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mapping as one of dotted keys; lists stay values, an empty mapping is left out."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{name}."))
        else:
            flat[name] = value
    return flat


def most_specific(name: str, patterns: Mapping[str, str]) -> str | None:
    """What the best matching pattern maps to: the exact name, else the longest that matches."""
    if name in patterns:
        return patterns[name]
    matching = [pattern for pattern in patterns if fnmatchcase(name, pattern)]
    return patterns[max(matching, key=len)] if matching else None
