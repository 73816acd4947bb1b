"""A run without what says whose it is: host, user, paths, git remote and W&B link."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from reportgen.run import Run

OWNED = frozenset({"host", "hostname", "user", "username", "email"})  # last words of a config's keys
SPOKEN_OF_ALL = frozenset({"", "user", "assistant", "system", "localhost", "default", "none", "null", "auto", "root"})
HOME = re.compile(r"(?:/home/|/Users/|\\Users\\)([\w.-]+)")
OWNER = ("host", "user", "username", "email", "entity", "path", "program", "executable", "git_remote", "url", "command")
PATH = re.compile(r"(?<![\w:/.])(?:~|[A-Za-z]:)?(?:[/\\][\w.@+=-]+){2,}[/\\]?")
PLACE = re.compile(r"\b(?!https?:)[a-z][a-z0-9+.-]{1,20}://[^\s\"'<>]+")  # file:///home/…, s3://bucket/…
LINK = re.compile(r"https?://(?:[\w.-]+\.)?(?:wandb\.ai|coreweave\.com|github\.com|gitlab\.com)/\S+|git@\S+")


def anonymous(run: Run) -> Run:
    """The run with its owner's traces out of every text; paths keep their last part."""
    without = _cleaner(run)
    return replace(
        run,
        id=without(run.id),
        name=without(run.name),
        source=without(_last_part(run.source)),
        config=_each(run.config, without),
        summary=_each(run.summary, without),
        provenance=_each({key: value for key, value in run.provenance.items() if key not in OWNER}, without),
        console_tail=without(run.console_tail),
        notes=tuple(without(note) for note in run.notes),
    )


def told(text: str, typed: Iterable[str]) -> str:
    """A message without the folders of what was typed, and of any other path in it."""
    for spec in sorted(filter(None, typed), key=len, reverse=True):
        text = re.sub(rf"{re.escape(spec)}(?:/[^\s:]*)?", lambda found: _last_part(found[0]), text)
    return _without_places(text)


def _cleaner(run: Run) -> Callable[[str], str]:
    """A function that takes paths, links and the owner's names out of a text."""
    names = {str(run.provenance[key]) for key in ("host", "user", "username", "email") if run.provenance.get(key)}
    names |= {value for key, value in run.config.items() if _is_owned(key) and isinstance(value, str)} - SPOKEN_OF_ALL
    names |= {re.split("[.@]", name)[0] for name in names}
    every = [run.source, run.notes, run.console_tail, run.config, run.summary, run.provenance]
    names |= {name for text in _texts(every) for name in HOME.findall(text)}
    ordered = sorted(filter(None, names), key=len, reverse=True)
    own = re.compile("|".join(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])" for name in ordered) or r"(?!)")
    return lambda text: own.sub("[removed]", _without_places(text))


def _without_places(text: str) -> str:
    """The text without links; paths and addresses of storage keep their last part."""
    for places in (PLACE, PATH):
        text = places.sub(lambda found: _last_part(found[0]), LINK.sub("[removed]", text))
    return text


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(item)


def _each(values: Mapping[str, Any], clean: Callable[[str], str]) -> dict[str, Any]:
    return {clean(key): "[removed]" if _is_owned(key) and isinstance(value, str) and value else _cleaned(value, clean)
            for key, value in values.items()}  # fmt: skip


def _is_owned(key: str) -> bool:
    return re.split(r"[^a-z]", key.lower())[-1] in OWNED


def _cleaned(value: Any, clean: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list | tuple):
        return [_cleaned(item, clean) for item in value]
    if isinstance(value, Mapping):
        return _each(value, clean)
    return value


def _last_part(path: str) -> str:
    """What a source or a path is called, without the folders above it."""
    head, space, tail = path.rpartition(" ")
    return head + space + tail.replace("\\", "/").rstrip("/").rpartition("/")[2]
