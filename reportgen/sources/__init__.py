"""From what a person types to runs: the list of sources, find, read and read_all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from reportgen.run import Run


@dataclass(frozen=True)
class Source:
    """One format: whether a spec is of it, and how it is read."""

    name: str  # "W&B run directory"
    claims: Callable[[str], bool]  # cheap: a look at the name, at most at the first bytes
    read: Callable[..., Run]  # read(spec, *, keep: Collection[str] | None) -> Run; keep None: every metric


class Unread(NamedTuple):
    """A spec that could not be read, and why."""

    spec: str
    problem: str


class Runs(NamedTuple):
    """What read_all gives: the runs that could be read, and those that could not."""

    runs: tuple[Run, ...]
    unread: tuple[Unread, ...]


def find(spec: str) -> tuple[str, ...]:
    """A path, glob, address or folder as specs of single runs, sorted; SpecError when there is none."""
    raise NotImplementedError


def read(spec: str, *, only_roles: bool = False, keep: Collection[str] = ()) -> Run:
    """The run that a spec of find() names; SourceError: where, what, what to do."""
    raise NotImplementedError


def read_all(specs: Iterable[str], *, only_roles: bool = False) -> Runs:
    """Every run that can be read, and why each other can't; SourceError when none can."""
    raise NotImplementedError
