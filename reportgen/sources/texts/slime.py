"""slime's and miles' consoles: "rollout 3: {…}", "step 6: {…}", "eval 20: {…}", each with its own counter."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from reportgen.gathered import Gathered
from reportgen.naming import Key
from reportgen.sources.files.growing import Fixed
from reportgen.sources.texts.console import Console, Lines, Printed
from reportgen.sources.texts.dicts import values

LINE = re.compile(
    rb"(?:^|[\s\-])(rollout|perf|eval|passrate|multi_turn|step) (\d{1,12}): "
    rb"(\{'(?:rollout|perf|eval|passrate|multi_turn|train)/[^\n{}]*\})", re.MULTILINE
)  # fmt: skip


class _Lines(Lines):
    """The lines so far: those of rollouts and evals, and those of updates, whose counter is another."""

    def __init__(self) -> None:
        self._rollouts = Fixed[dict[Key, float]]()
        self._updates = Fixed[dict[Key, float]]()

    def feed(self, chunk: bytes, /) -> None:
        for kind, number, printed in _lines(chunk):
            row = values(printed)
            row["rollout"] = float(number)
            (self._updates if kind == b"step" else self._rollouts).append(row)

    def printed(self, notes: list[str]) -> Printed:
        rollouts = self._rollouts
        per_rollout = _updates_each(rollouts, self._updates)
        updates = [
            {name: value for name, value in row.items() if name != "train/step"}
            | {"rollout": row["rollout"] // per_rollout}
            for row in self._updates
        ]
        if per_rollout > 1:
            notes.append(f"{per_rollout} optimiser steps a rollout; their numbers stand at the rollout they are of")
        has_rollouts = any(len(row) > 1 for row in rollouts)
        rows = Gathered([*_averaged(updates), *rollouts] if has_rollouts else [])
        return Printed(rows, step="rollout", framework="slime")


class Slime(Console):
    """A text with a line of slime's rollouts in its first megabytes."""

    name = "slime console"
    line = "line of a rollout's numbers"
    lines = _Lines

    def told(self, beginning: bytes) -> str:
        is_own = b"'rollout/" in beginning and any(kind == b"rollout" for kind, _, _ in _lines(beginning))
        return self.name if is_own else ""


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
