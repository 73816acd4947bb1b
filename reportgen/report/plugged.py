"""Sections that other packages bring by an entry point: a template, and the values that it places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any, NamedTuple

from reportgen.findings import Diagnosis
from reportgen.report.parts import Body, Section

GROUP = "reportgen.sections"  # of entry points; each is an Extra


@dataclass(frozen=True)
class Extra:
    """A section of one run's page, written by another package."""

    kicker: str  # "Carbon"
    template: str  # of Jinja, autoescaped; without style and script, which the page's policy refuses
    values: Callable[[Diagnosis], Mapping[str, Any] | None]  # `title` among them; None: no such section for this run


class Plugged(NamedTuple):
    """The sections of other packages by their entry point's name, and in a sentence each those that can't be used."""

    extras: tuple[tuple[str, Extra], ...]
    problems: tuple[str, ...]


@cache
def plugged() -> Plugged:
    """What the entry points bring; what is broken is named and left out."""
    good: list[tuple[str, Extra]] = []
    problems = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            extra = point.load()
            if not isinstance(extra, Extra):
                raise TypeError("no Extra")
        except Exception as error:  # whatever another package's import may raise
            said = " ".join(str(error).split())
            problems.append(f"plugin {point.name} ({point.value}): left out, {type(error).__name__}: {said}; "
                            "update it or uninstall it")  # fmt: skip
            continue
        good.append((point.name, extra))
    return Plugged(tuple(good), tuple(problems))


def sections(diagnosis: Diagnosis, key: str = "") -> Iterator[Section]:
    """The sections of other packages for one run; one that fails says so in its place."""
    for name, extra in plugged().extras:
        try:
            values = extra.values(diagnosis)
            title = None if values is None else str(values["title"])
        except Exception as error:  # its own fault, which takes no page down
            values, title = {}, f"Plugin {name} failed ({type(error).__name__}); tell its authors"
        if values is not None and title is not None:
            body = Body(name, extra.template if values else "", values)
            number = plugged().extras.index((name, extra)) + 1
            yield Section(f"{key}plugged-{number}", extra.kicker, title, kind="plugged", diagnosis=diagnosis, body=body)
