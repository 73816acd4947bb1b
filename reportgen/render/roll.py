"""What a page of more runs than a table can hold carries for its script: every row, and every run's own story."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reportgen import wording
from reportgen.comparison import Comparison
from reportgen.render import embedded
from reportgen.render.compared_tables import MOST_ROWS, Cell
from reportgen.render.trials import config_text

FIRST = 100  # rows that are there without a script
MOST_MEMBERS = 20  # of a tier
MOST_TIERS = 12
MOST_TOLD = 50  # runs whose stories are there without a script
MOST_CHOICES = 300  # recipes to choose from
CHUNK = 250  # stories unpacked together
MOST_SETTINGS = 40  # of a run, by which its recipe differs


def is_long(comparison: Comparison) -> bool:
    """Whether there are more runs than stand in a table one by one."""
    return len(comparison.labels) > MOST_ROWS


def rows(labels: Sequence[str], cells: Sequence[Sequence[Cell]]) -> str:
    """The whole table, packed: labels, and of each column the texts, the sort keys and the looks."""
    columns = [
        {
            "text": [cell.text for cell in column],
            "key": [cell.key for cell in column],
            "look": [cell.look for cell in column] if any(cell.look for cell in column) else None,
        }
        for column in zip(*cells, strict=True)
    ]
    return embedded.packed(embedded.safe({"labels": labels, "columns": columns}))


def stories(comparison: Comparison, told: Sequence[Mapping[str, Any]]) -> tuple[tuple[int, str], ...]:
    """(place of its first run, packed) of each chunk: what is folded away of a run, and by what its recipe differs."""
    every = [_story(comparison, one) for one in told]
    return tuple((at, embedded.packed(every[at : at + CHUNK])) for at in range(0, len(every), CHUNK))


def _story(comparison: Comparison, told: Mapping[str, Any]) -> dict[str, Any]:
    label, at = told["label"], comparison.at[told["label"]]
    changed = [
        f"{key} = {config_text(comparison.differences[key][at])}"
        for key in comparison.changes.get(label, ())[:MOST_SETTINGS]
    ]
    return embedded.safe({**told, "settings": wording.listed(changed, MOST_SETTINGS) if changed else ""})
