"""Several series in one chart: a colour and a name at the end of each, a band where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from reportgen import wording
from reportgen.charts import axis, marks
from reportgen.charts.kinds import Frame
from reportgen.charts.reward import TEXT, is_share, y_axis
from reportgen.charts.sheet import LONGEST, Chart, Layout, Series, Sheet
from reportgen.charts.theme import series_colour, series_dash
from reportgen.findings import Figure

WIDE = Frame(808, 380, left=44, top=16, right=120)
NARROW = Frame(358, 300, left=38, top=16, right=92)
MOST_LABELS = 12


def draw(figure: Figure, sheet: Sheet, *, run: int = 0, names: Mapping[str, str] | None = None) -> Chart:
    """One line a series, in the frame's order; the first six have colours, the others are grey."""
    there = list(dict.fromkeys(figure.frame["series"]))
    series = [_series(figure, name, sheet, run, f"{figure.id}: {(names or {}).get(name, name)}") for name in there]
    layouts = {size: _layout(figure, there, series, frame) for size, frame in (("wide", WIDE), ("narrow", NARROW))}
    looks = {
        item.alias: {"series": wording.drawable(name, LONGEST), "color": series_colour(at), "dash": series_dash(at)}
        for at, (name, item) in enumerate(zip(there, series, strict=True))
    }
    return Chart(
        id=figure.id,
        kind="lines",
        figure=figure,
        described=_described(figure, there, series),
        series={"trend": tuple(item.alias for item in series)},
        wide=layouts["wide"],
        narrow=layouts["narrow"],
        pictures=tuple(
            (size, sheet.picture("lines", layout, {"trend": series}, looks)) for size, layout in layouts.items()
        ),
        looks=looks,
    )


def _series(figure: Figure, name: str, sheet: Sheet, run: int, shown: str) -> Series:
    part = figure.frame[figure.frame["series"] == name]
    values = part["value"].to_numpy(float)
    low, high = (
        np.where(np.isfinite(edge), edge, values)
        for edge in (part[side].to_numpy(float) if side in part else values for side in ("low", "high"))
    )
    return sheet.add(shown, part["step"].to_numpy(float), values, low, high, run=run)


def _layout(figure: Figure, names: list[str], series: list[Series], frame: Frame) -> Layout:
    first, last = axis.extent([step for item in series for step in (float(item.steps[0]), float(item.steps[-1]))])
    last = last if last > first else first + 1
    seen = [
        float(edge)
        for item in series
        for column in (item.low, item.high)
        if column is not None
        for edge in (column.min(), column.max())
    ]
    low, high = axis.extent([*seen, *(mark.value for mark in figure.marks if mark.value is not None)])
    y = y_axis(min(0.0, low) if is_share(figure.unit) else low, high, figure.unit)
    inner = [step for step in axis.ticks(first, last, 6) if first < step < last]
    x = {"xlo": first, "xhi": last, "xticks": [first, *inner, last], "xlabels": {}, "xname": "step"}
    rows = {
        "bands": marks.bands(figure.marks),
        "levels": marks.levels(figure.marks),
        "steps": marks.steps(figure.marks),
        "labels": _names(names, series, frame, y, figure),
        "notes": [],
    }
    return Layout(frame, {**x, **y}, rows)


def _names(
    names: list[str], series: list[Series], frame: Frame, y: Mapping[str, Any], figure: Figure
) -> list[marks.Row]:
    """Names at the ends of the lines, pushed apart; levels labelled in words."""
    height, room = frame.plot[1], int(frame.right / TEXT)
    ends = [float(item.values[-1]) for item in series[:MOST_LABELS]]
    down = [(y["yhi"] - value) / (y["yhi"] - y["ylo"]) * height for value in ends]
    places = axis.spaced(down, 16)
    rows = [
        marks.label(
            float(item.steps[-1]),
            value,
            wording.drawable(name, room),
            series_colour(at),
            dx=8,
            dy=round(place - here, 1),
            bold=True,
        )
        for at, (item, name, value, here, place) in enumerate(zip(series, names, ends, down, places, strict=False))
    ]
    first = min(float(item.steps[0]) for item in series)
    levels = [mark for mark in figure.marks if mark.kind in marks.LEVEL_LOOKS and mark.value is not None]
    return rows + [marks.label(first, mark.value or 0.0, mark.label, "ink-3", dx=4, dy=-8) for mark in levels]


def _described(figure: Figure, names: list[str], series: list[Series]) -> str:
    share = is_share(figure.unit)
    ends = [
        f"{name} ends at {wording.level(float(item.values[-1]), share)}"
        for name, item in zip(names, series, strict=True)
    ]
    return wording.drawable(f"{figure.title}: {wording.listed(ends, 6)}.", 600)
