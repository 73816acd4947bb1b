"""How a trial looks on a page of several: its colour, its place in a legend, a value of its config."""

from __future__ import annotations

from typing import Any

from reportgen import wording
from reportgen.charts.sheet import LONGEST
from reportgen.charts.theme import colour, series_colour
from reportgen.comparison import Comparison
from reportgen.report import overlays


def tint(comparison: Comparison, label: str) -> str:
    """A trial's colour: by rank while there are few, else grey."""
    few = len(comparison.labels) <= overlays.MOST_COLOURED
    return series_colour(comparison.at[label]) if few else colour("ink-3")


def trials(comparison: Comparison) -> tuple[tuple[str, str], ...]:
    """Name and colour of each trial that a legend can isolate."""
    if len(comparison.labels) > overlays.MOST_COLOURED:
        return ()
    return tuple((wording.drawable(label, LONGEST), tint(comparison, label)) for label in comparison.labels)


def config_text(value: Any) -> str:
    """A config value as a table shows it."""
    if value is None:
        return "not set"
    if isinstance(value, float):
        return wording.number(value)
    return wording.shortened(str(value), 80)
