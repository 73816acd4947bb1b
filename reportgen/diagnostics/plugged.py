"""Checks that other packages bring by an entry point: asked after our own, and named when they fail."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import cache, partial
from importlib.metadata import entry_points
from typing import NamedTuple

from reportgen.findings import Check, Evidence, Finding, Skipped
from reportgen.settings import Settings

GROUP = "reportgen.checks"  # of entry points; each is a Check


class Plugged(NamedTuple):
    """The checks of other packages, and in a sentence each those that can't be used."""

    checks: tuple[Check, ...]
    problems: tuple[str, ...]


@cache
def plugged(taken: Collection[str] = ()) -> Plugged:
    """What the entry points bring; what is broken, or called as another check is, is named and left out."""
    good: list[Check] = []
    problems = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            check = point.load()
            if not isinstance(check, Check):
                raise TypeError("no Check")
            if check.name in {*taken, *(one.name for one in good)}:
                raise ValueError(f"a check called {check.name!r} is there already")
        except Exception as error:  # whatever another package's import may raise
            said = " ".join(str(error).split())
            problems.append(f"plugin {point.name} ({point.value}): left out, {type(error).__name__}: {said}; "
                            "update it or uninstall it")  # fmt: skip
            continue
        good.append(replace(check, look=partial(_look, check, point.name)))
    return Plugged(tuple(good), tuple(problems))


def _look(check: Check, origin: str, evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """What another package's check says; skipped, with its name, when it fails."""
    try:
        said = check.look(evidence, settings)
    except Exception as error:  # its own fault, which takes no other check down
        text = " ".join(str(error).split())[:160]
        return Skipped(check.name, (), f"plugin {origin} failed ({type(error).__name__}: {text}); tell its authors")
    if not isinstance(said, Finding | Skipped) or said.check != check.name:
        return Skipped(check.name, (), f"plugin {origin} gave no finding of its own name; tell its authors")
    return said
