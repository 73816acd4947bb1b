"""Marks of a figure as rows that any kind of chart draws: shade, levels, steps, labels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from reportgen.charts.theme import colour
from reportgen.findings import Mark
from reportgen.wording import drawable

Row = dict[str, Any]

STEP_LOOKS = {  # kind of mark -> colour, dash, width of its vertical line
    "onset": ("wash-ink", [], 1),
    "end": ("ink-3", [1, 3], 1),
    "restart": ("ink-3", [4, 3], 1),
    "collapse": ("crit", [], 1.25),
    "spike": ("warn", [1, 2], 1),
}
LEVEL_LOOKS = {"baseline": ("base", [], 1.5), "threshold": ("ink-3", [3, 3], 1)}


def of(marks: Iterable[Mark], kind: str) -> list[Mark]:
    """The marks of one kind, in order."""
    return [mark for mark in marks if mark.kind == kind]


def bands(marks: Iterable[Mark]) -> list[Row]:
    """The plateau's shade."""
    return [{"step": mark.first, "last": mark.last} for mark in of(marks, "plateau") if mark.first is not None]


def levels(marks: Iterable[Mark]) -> list[Row]:
    """Horizontal rules: the baseline and thresholds."""
    return [
        _look(LEVEL_LOOKS[mark.kind]) | {"value": mark.value}
        for mark in marks
        if mark.kind in LEVEL_LOOKS and mark.value is not None
    ]


def steps(marks: Iterable[Mark], kinds: Iterable[str] = ("end", "restart", "collapse", "spike")) -> list[Row]:
    """Vertical rules at single steps."""
    wanted = set(kinds)
    return [
        _look(STEP_LOOKS[mark.kind]) | {"step": mark.first}
        for mark in marks
        if mark.kind in wanted and mark.first is not None
    ]


def label(
    step: float,
    value: float,
    text: str,
    tint: str,
    *,
    align: str = "left",
    dx: float = 0,
    dy: float = 0,
    bold: bool = False,
) -> Row:
    """Text at a point of the plot, dx and dy px away from it."""
    return _text(step, text, tint, align, dx, dy, bold) | {"value": value}


def note(
    step: float, top: float, text: str, tint: str, *, align: str = "left", dx: float = 0, bold: bool = False
) -> Row:
    """Text at a step, `top` px below the plot's upper edge."""
    return _text(step, text, tint, align, dx, 0, bold) | {"top": top}


def _text(step: float, text: str, tint: str, align: str, dx: float, dy: float, bold: bool) -> Row:
    shown = tint if tint.startswith("var(") else colour(tint)
    weight = 600 if bold else 400
    return {
        "step": step,
        "text": drawable(text),
        "color": shown,
        "align": align,
        "dx": dx,
        "dy": dy,
        "fontWeight": weight,
    }


def _look(look: tuple[str, list[int], float]) -> Row:
    tint, dash, width = look
    return {"color": colour(tint), "dash": dash, "width": width}
