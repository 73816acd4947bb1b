"""A run without what says whose it is: host, user, paths, git remote and W&B link."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from reportgen.run import Run

OWNER = ("host", "user", "username", "email", "entity", "path", "program", "executable", "git_remote", "url", "command")
PATH = re.compile(r"(?<![\w:/.])(?:~|[A-Za-z]:)?(?:[/\\][\w.@+=-]+){2,}[/\\]?")
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


def _cleaner(run: Run) -> Callable[[str], str]:
    """A function that takes paths, links and the owner's names out of a text."""
    names = {str(run.provenance[key]) for key in ("host", "user", "username", "email") if run.provenance.get(key)}
    own = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in sorted(names, key=len, reverse=True)) or r"(?!)")

    def clean(text: str) -> str:
        return own.sub("[removed]", PATH.sub(lambda found: _last_part(found[0]), LINK.sub("[removed]", text)))

    return clean


def _each(values: Mapping[str, Any], clean: Callable[[str], str]) -> dict[str, Any]:
    return {key: _cleaned(value, clean) for key, value in values.items()}


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
