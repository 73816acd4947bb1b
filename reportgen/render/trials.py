"""How a trial looks on a page of several: its colour, its place in a legend, a value of its config."""

from __future__ import annotations

from typing import Any

from reportgen import wording
from reportgen.charts.sheet import LONGEST
from reportgen.charts.theme import colour, series_colour, series_dash
from reportgen.comparison import Comparison
from reportgen.report import overlays


def tint(comparison: Comparison, label: str) -> str:
    """A trial's colour: by rank while there are few, else grey."""
    few = len(comparison.labels) <= overlays.MOST_COLOURED
    return series_colour(comparison.at[label]) if few else colour("ink-3")


def trials(comparison: Comparison) -> tuple[tuple[str, str, str], ...]:
    """Name, colour and dashes of each trial that a legend can isolate."""
    if len(comparison.labels) > overlays.MOST_COLOURED:
        return ()
    return tuple(
        (wording.drawable(label, LONGEST), tint(comparison, label), " ".join(f"{px:g}" for px in series_dash(at)))
        for at, label in enumerate(comparison.labels)
    )


def config_text(value: Any) -> str:
    """A config value as a table shows it."""
    if value is None:
        return "not set"
    if isinstance(value, float):
        return wording.number(value)
    return wording.shortened(str(value), 80)
