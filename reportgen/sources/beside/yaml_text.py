"""YAML as plain values: read event by event, so that no tag makes an object and no alias unfolds without end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from reportgen.settings import DEEPEST, LARGEST_CONFIG, MOST_LEAVES

LONGEST_SCALAR = 64  # characters of a number, a truth value or a null; a longer scalar is a text
MOST_NUMBER = 40  # digits of a whole number
TRUTH = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
TAG = "tag:yaml.org,2002:"


class Unfit(ValueError):
    """A text that is no YAML, or YAML beyond the limits."""


def beside(path: Path, notes: list[str]) -> dict[str, Any]:
    """A YAML file beside a run as a mapping of plain values; {} where none is, and with a note where it is none."""
    try:
        if not path.is_file():  # opening a pipe would wait for its writer
            return {}
        with path.open("rb") as file:
            return mapping(file.read(LARGEST_CONFIG + 1))
    except OSError as error:
        reason = f"can't be opened: {error.strerror}"
    except Unfit as error:
        reason = str(error)
    notes.append(f"{path.name} was left out ({reason}); the rest of the run was read")
    return {}


def mapping(content: bytes) -> dict[str, Any]:
    """A YAML mapping as plain values, {} for an empty text; Unfit says why it is none."""
    import yaml

    if len(content) > LARGEST_CONFIG:
        raise Unfit("larger than any config")
    try:
        found = _Reader(content.decode("utf-8", errors="replace")).value()
    except yaml.YAMLError as error:
        raise Unfit(f"not YAML ({_where(error)})") from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Unfit("not a YAML mapping of settings")
    return found


class _Reader:
    """One document's events as values; an alias is the value again, counted as often as it stands there."""

    def __init__(self, text: str) -> None:
        import yaml

        self._names = yaml
        self._events: Iterator[Any] = yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self._anchored: dict[str, tuple[Any, int]] = {}  # anchor -> its value, how many leaves that has
        self._n_leaves = 0

    def value(self) -> Any:
        """The first document; None when there is none."""
        for event in self._events:
            if isinstance(event, self._names.DocumentStartEvent):
                return self._of(next(self._events), DEEPEST)
        return None

    def _of(self, event: Any, deeper: int) -> Any:
        if isinstance(event, self._names.AliasEvent):
            if event.anchor not in self._anchored:
                raise Unfit(f"not YAML (*{str(event.anchor)[:40]} is nothing said before, or holds itself without end)")
            found, n_leaves = self._anchored[event.anchor]
            self._count(n_leaves)
            return found
        if not deeper:
            raise Unfit(f"nested deeper than {DEEPEST} levels")
        before = self._n_leaves
        self._count(1)
        if isinstance(event, self._names.ScalarEvent):
            found = _scalar(event.value, event.tag, plain=event.implicit[0])
        elif isinstance(event, self._names.SequenceStartEvent):
            found = self._items(deeper - 1)
        else:
            found = self._pairs(deeper - 1)
        if event.anchor:
            self._anchored[event.anchor] = (found, self._n_leaves - before)
        return found

    def _items(self, deeper: int) -> list[Any]:
        found = []
        while not isinstance(event := next(self._events), self._names.SequenceEndEvent):
            found.append(self._of(event, deeper))
        return found

    def _pairs(self, deeper: int) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while not isinstance(event := next(self._events), self._names.MappingEndEvent):
            is_merge = isinstance(event, self._names.ScalarEvent) and event.value == "<<" and event.implicit[0]
            key = self._of(event, deeper)
            value = self._of(next(self._events), deeper)
            if is_merge:
                for one in value if isinstance(value, list) else [value]:
                    merged = {**one, **merged} if isinstance(one, dict) else merged
            else:
                own[key if isinstance(key, str) else _name(key)] = value
        return {**merged, **own} if merged else own

    def _count(self, n_leaves: int) -> None:
        self._n_leaves += n_leaves
        if self._n_leaves > MOST_LEAVES:
            raise Unfit(f"unfolds into more than {MOST_LEAVES:,} settings, or without end")


def _scalar(text: str, tag: str | None, *, plain: bool) -> Any:
    """A scalar as the value that it is written for; what only a tag would make of it stays a text."""
    kind = tag.removeprefix(TAG) if tag else ""
    if plain and not kind and len(text) <= LONGEST_SCALAR:
        kind = _kind()(text)
    if kind == "null":
        return None
    if kind == "bool":
        return TRUTH.get(text.lower(), text)
    try:
        if kind == "int":
            return _integer(text)
        if kind == "float":
            return _float(text)
    except ValueError:
        pass
    return text


@cache
def _kind() -> Callable[[str], str]:
    """A function that tells what a plain scalar is written for: "int", "float", "bool", "null", else anything."""
    import yaml

    resolver = yaml.resolver.Resolver()
    return lambda text: str(resolver.resolve(yaml.ScalarNode, text, (True, False))).removeprefix(TAG)


def _integer(text: str) -> int:
    """A whole number, also in base 2, 8 and 16; ValueError for 12:30, which is a time of day."""
    digits = text.replace("_", "").lower()
    if len(digits) > MOST_NUMBER:
        raise ValueError(text)
    sign, digits = (-1, digits[1:]) if digits[:1] == "-" else (1, digits.removeprefix("+"))
    for start, base in (("0b", 2), ("0x", 16)):
        if digits.startswith(start):
            return sign * int(digits[2:], base)
    return sign * int(digits, 8 if len(digits) > 1 and digits[0] == "0" else 10)


def _float(text: str) -> float:
    digits = text.replace("_", "").lower()
    return float(digits.replace(".inf", "inf").replace(".nan", "nan"))


def _name(key: Any) -> str:
    """A key that is no text as one: a list's items joined."""
    return str(key) if not isinstance(key, list | dict) else ",".join(map(str, key))


def _where(error: Exception) -> str:
    """Line and reason of a YAML error, in one line."""
    mark = getattr(error, "problem_mark", None)
    reason = getattr(error, "problem", None) or str(error).split("\n", 1)[0]
    return f"line {mark.line + 1}: {reason}" if mark else reason
