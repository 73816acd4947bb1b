"""Colours as CSS variables with fallbacks, so that one SVG serves light, dark and paper."""

from __future__ import annotations

from typing import Any

LIGHT = {  # name of the CSS variable -> what a viewer without our style sheet shows
    "paper": "#fdfdfb",
    "ink": "#17191d",
    "ink-2": "#454a52",
    "ink-3": "#656b74",
    "line": "#e2e2dc",
    "grid": "#ecece7",
    "wash": "#f3efe2",
    "wash-ink": "#6b5a22",
    "train": "#1d5fb0",
    "eval": "#b84a00",
    "base": "#656b74",
    "ok": "#14735a",
    "note": "#47658a",
    "warn": "#8f5a00",
    "crit": "#b3261e",
    "s1": "#223889",
    "s2": "#316f4a",
    "s3": "#653970",
    "s4": "#a1671c",
    "s5": "#6c4d1d",
    "s6": "#592725",
    "s7": "#07759b",
    "s8": "#9a366a",
}


def colour(name: str) -> str:
    """A colour that follows the page's scheme: `var(--train,#1d5fb0)`."""
    return f"var(--{name},{LIGHT[name]})"


# px drawn and left out, by rank: what tells lines apart where colours don't, in grey and on paper
DASHES: tuple[tuple[float, ...], ...] = (
    (), (10, 3), (3, 3), (12, 3, 3, 3), (6, 3), (16, 4), (2, 4), (10, 3, 3, 3, 3, 3))  # fmt: skip


def series_colour(rank: int) -> str:
    """Colour of a trial by rank from 0; the ninth and later are grey."""
    return colour(f"s{rank + 1}") if rank < len(DASHES) else colour("ink-3")


def series_dash(rank: int) -> list[float]:
    """Dashes of a trial's line by rank from 0, in px; empty: solid."""
    return list(DASHES[rank]) if rank < len(DASHES) else []


def config(font_size: float = 12) -> dict[str, Any]:
    """Vega-Lite's config for every chart of a page."""
    faint, soft = colour("ink-3"), colour("ink-2")
    return {
        "background": "transparent",
        "font": "sans-serif",
        "view": {"stroke": None},
        "axis": {
            "labelColor": faint,
            "titleColor": faint,
            "labelFontSize": font_size,
            "labelPadding": 6,
            "labelLineHeight": 15,
            "domainColor": faint,
            "tickColor": faint,
            "gridColor": colour("grid"),
            "title": None,
        },
        "axisX": {"grid": False, "tickSize": 6, "labelColor": soft, "labelFlush": True},
        "axisY": {"domain": False, "ticks": False, "grid": True},
        "line": {"strokeWidth": 2.75, "strokeCap": "round", "strokeJoin": "round"},
        "area": {"line": False},
        "mark": {"invalid": "show"},  # the rows are finite; else every layer would filter them again
        "rule": {"strokeWidth": 1},
        "text": {"fontSize": font_size, "color": soft},
        "legend": {"disable": True},
        "range": {"category": [colour(f"s{rank}") for rank in range(1, len(DASHES) + 1)]},
    }
