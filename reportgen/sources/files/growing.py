"""Files that grow: what one look made of their bytes is kept, so that the next takes only what was added since.

A reader that takes a file's bytes in order leaves its state here and where it ended. Outside `looks()` nothing is
kept and nothing is copied. A file that is another one now, shrank, or was written anew is read from its beginning.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from reportgen.sources import place

CHECKED = 4096  # bytes before the end of a look, which must be as they were


@dataclass(frozen=True)
class Left:
    """What a look left of one file."""

    state: Any
    at: int  # bytes taken
    file: tuple[int, int]  # device and number of the file
    before: bytes  # the last of the bytes taken


class Fed(Protocol):
    """What takes a text in pieces of whole lines."""

    def feed(self, chunk: bytes, /) -> None: ...


T = TypeVar("T")


class Fixed(list[T]):
    """A list whose items never change: a copy of it holds the very same."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Fixed[T]:
        return Fixed(self)


F = TypeVar("F", bound=Fed)
Looks = dict[tuple[str, object], Left]  # by path and reader

_LOOKS: ContextVar[Looks | None] = ContextVar("looks", default=None)


@contextmanager
def looks(kept: Looks) -> Iterator[None]:
    """Inside, readers go on from what is kept of their files, and keep what they read."""
    token = _LOOKS.set(kept)
    try:
        yield
    finally:
        _LOOKS.reset(token)


def resumed(path: str, new: Callable[[], T], *, reader: object = None) -> tuple[T, int]:
    """What the look before made of a file and how many bytes it took; a new state and 0 without one.

    reader: tells the states of one file apart; `new` where it is enough.
    """
    kept = _LOOKS.get()
    left = kept.get((path, reader or new)) if kept is not None else None
    if left is None or _node(path) != left.file or _before(path, left.at) != left.before:
        return new(), 0
    return deepcopy(left.state), left.at


def leave(path: str, new: Callable[[], T], state: T, at: int, *, reader: object = None, last: bytes = b"") -> None:
    """Keeps a copy of what was made of a file's first `at` bytes, of which `last` were the last."""
    kept = _LOOKS.get()
    if kept is None or (node := _node(path)) is None:
        return
    before = _before(path, at)
    if before.endswith(last[-CHECKED:]):  # else it is packed: its bytes are not those of the text
        kept[path, reader or new] = Left(deepcopy(state), at, node, before)


def text(path: str, new: Callable[[], F], notes: list[str]) -> F:
    """The state that has taken the whole text; half a line at the end is taken again by the next look."""
    state, at = resumed(path, new)
    last, is_whole = b"", True
    for chunk in place.chunks(path, notes, at):
        if is_whole and not chunk.endswith(b"\n"):
            leave(path, new, state, at, last=last)
            is_whole = False
        state.feed(chunk)
        at, last = at + len(chunk), chunk
    if is_whole:
        leave(path, new, state, at, last=last)
    return state


def _node(path: str) -> tuple[int, int] | None:
    try:
        about = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return about.st_dev, about.st_ino


def _before(path: str, at: int) -> bytes:
    """The file's bytes before a place; fewer, and so others, of a file that shrank."""
    try:
        with Path(path).open("rb") as stream:
            stream.seek(max(0, at - CHECKED))
            return stream.read(min(at, CHECKED))
    except OSError:
        return b""
