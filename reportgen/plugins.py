"""What other packages bring by an entry point: loaded one by one; what is broken is named and left out."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Any, Generic, NamedTuple, TypeVar

Kind = TypeVar("Kind")


class Brought(NamedTuple, Generic[Kind]):
    """What can be used, in the order of the entry points' names, and in a sentence each what can't."""

    good: tuple[Kind, ...]
    problems: tuple[str, ...]


def brought(group: str, fit: Callable[[str, Any], Kind]) -> Brought[Kind]:
    """What the entry points of a group bring.

    fit: called with an entry point's name and what it holds, gives what is wanted of it; raises when it is no such.
    """
    good: list[Kind] = []
    problems = []
    for point in sorted(entry_points(group=group), key=lambda point: point.name):
        try:
            good.append(fit(point.name, point.load()))
        except Exception as error:  # whatever another package's import may raise
            said = " ".join(str(error).split())[:160]
            problems.append(f"plugin {point.name} ({point.value}): left out, {type(error).__name__}: {said}; "
                            "update it or uninstall it")  # fmt: skip
    return Brought(tuple(good), tuple(problems))
