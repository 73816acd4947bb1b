"""slime's and miles' consoles: "rollout 3: {…}", "step 6: {…}", "eval 20: {…}", each with its own counter."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

import numpy as np

from reportgen.errors import NoSteps
from reportgen.gate import from_rows
from reportgen.naming import Key
from reportgen.run import Run
from reportgen.sources import place
from reportgen.sources.logged import wanted
from reportgen.sources.place import Place
from reportgen.sources.source import Claim, Keep, Rank, Source
from reportgen.sources.texts.dicts import LOOKED_AT, values

LINE = re.compile(
    rb"(?:^|[\s\-])(rollout|perf|eval|passrate|multi_turn|step) (\d{1,12}): "
    rb"(\{'(?:rollout|perf|eval|passrate|multi_turn|train)/[^\n{}]*\})", re.MULTILINE
)  # fmt: skip


class Slime(Source):
    """A text with a line of slime's rollouts in its first megabytes."""

    name = "slime console"

    def claim(self, place: Place) -> Claim | None:
        if not place.is_text:
            return None
        beginning = place.beginning(LOOKED_AT)
        if b"'rollout/" not in beginning or not any(kind == b"rollout" for kind, _, _ in _lines(beginning)):
            return None
        return Claim(place, Rank.LIKELY, self.name, form="log")

    def read(self, claim: Claim, keep: Keep) -> Run:
        return read(claim.place.path, keep=keep)


def read(spec: str, *, keep: Collection[str] | None = None) -> Run:
    """The run of a slime console, by its rollouts."""
    notes: list[str] = []
    kept = wanted(keep)
    rollouts: list[dict[Key, float]] = []
    updates: list[dict[Key, float]] = []
    for chunk in place.chunks(spec, notes):
        for kind, number, printed in _lines(chunk):
            row: dict[Key, float] = dict(values(printed, kept).items())
            row["rollout"] = float(number)
            (updates if kind == b"step" else rollouts).append(row)
    if not any(len(row) > 1 for row in rollouts):
        raise NoSteps(f"{spec}: no step yet: no line of a rollout's numbers; try again when the first is done")
    per_rollout = _updates_each(rollouts, updates)
    for row in updates:
        row["rollout"] = row["rollout"] // per_rollout
        row.pop("train/step", None)
    if per_rollout > 1:
        notes.append(f"{per_rollout} optimiser steps a rollout; their numbers stand at the rollout they are of")
    return from_rows(
        [*_averaged(updates), *rollouts],
        id=place.run_name(spec),
        name=place.run_name(spec),
        source=f"slime console {spec}",
        step="rollout",
        state="unfinished",
        framework="slime",
        notes=notes,
    )


def _lines(text: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """(kind, number, dict) of each such line."""
    return ((found[1], found[2], found[3]) for found in LINE.finditer(text))


def _updates_each(rollouts: list[dict[Key, float]], updates: list[dict[Key, float]]) -> int:
    """How many optimiser steps a rollout has."""
    n_rollouts = len({row["rollout"] for row in rollouts if any(str(name).startswith("rollout/") for name in row)})
    n_updates = len({row["rollout"] for row in updates})
    return max(1, round(n_updates / n_rollouts)) if n_rollouts else 1


def _averaged(updates: list[dict[Key, float]]) -> list[dict[Key, float]]:
    """One row a rollout: the mean over its optimiser steps."""
    cells: dict[float, dict[Key, list[float]]] = {}
    for row in updates:
        mine = cells.setdefault(row["rollout"], {})
        for name, value in row.items():
            mine.setdefault(name, []).append(value)
    return [{name: float(np.mean(some)) for name, some in mine.items()} for mine in cells.values()]
