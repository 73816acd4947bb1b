"""Checks that other packages bring by an entry point: asked after our own, and named when they fail."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import cache, partial
from typing import Any

from reportgen.findings import Check, Evidence, Finding, Skipped
from reportgen.plugins import Brought, brought
from reportgen.settings import Settings

GROUP = "reportgen.checks"  # of entry points; each is a Check


@cache
def plugged(taken: Collection[str] = ()) -> Brought[Check]:
    """What the entry points bring; what is broken, or called as another check is, is named and left out."""
    names = {*taken}

    def fit(origin: str, check: Any) -> Check:
        if not isinstance(check, Check):
            raise TypeError("no Check")
        if check.name in names:
            raise ValueError(f"a check called {check.name!r} is there already")
        names.add(check.name)
        return replace(check, look=partial(_look, check, origin))

    return brought(GROUP, fit)


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
