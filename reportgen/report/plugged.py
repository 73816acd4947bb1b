"""Sections that other packages bring by an entry point: a template, and the values that it places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from reportgen.findings import Diagnosis
from reportgen.plugins import Brought, brought
from reportgen.report.parts import Body, Section

GROUP = "reportgen.sections"  # of entry points; each is an Extra


@dataclass(frozen=True)
class Extra:
    """A section of one run's page, written by another package."""

    kicker: str  # "Carbon"
    template: str  # of Jinja, autoescaped; without style and script, which the page's policy refuses
    values: Callable[[Diagnosis], Mapping[str, Any] | None]  # `title` among them; None: no such section for this run


@cache
def plugged() -> Brought[tuple[str, Extra]]:
    """What the entry points bring, each with its name; what is broken is named and left out."""

    def fit(origin: str, extra: Any) -> tuple[str, Extra]:
        if not isinstance(extra, Extra):
            raise TypeError("no Extra")
        return origin, extra

    return brought(GROUP, fit)


def sections(diagnosis: Diagnosis, key: str = "") -> Iterator[Section]:
    """The sections of other packages for one run; one that fails says so in its place."""
    for number, (name, extra) in enumerate(plugged().good, start=1):
        try:
            values = extra.values(diagnosis)
            title = None if values is None else str(values["title"])
        except Exception as error:  # its own fault, which takes no page down
            values, title = {}, f"Plugin {name} failed ({type(error).__name__}); tell its authors"
        if values is not None and title is not None:
            body = Body(name, extra.template if values else "", values)
            yield Section(f"{key}plugged-{number}", extra.kicker, title, kind="plugged", diagnosis=diagnosis, body=body)
