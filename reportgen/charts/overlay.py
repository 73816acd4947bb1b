"""Trials laid over each other: a colour and a name for the first few, faint lines under a median for many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from reportgen import wording
from reportgen.charts import axis, marks
from reportgen.charts.kinds import Frame
from reportgen.charts.reward import TEXT, is_share, y_axis
from reportgen.charts.sheet import Chart, Layout, Series, Sheet
from reportgen.charts.theme import colour, series_colour
from reportgen.findings import Figure

WIDE = Frame(808, 420, left=44, top=16, right=132)
NARROW = Frame(358, 320, left=38, top=16, right=86)
APART, LINE = 15, 12  # px between names that may be moved, and between those that may not
MOST_NAMES = 20
LAYERS = ("spread", "faint", "trend", "eval")


def draw(figure: Figure, sheet: Sheet, *, run: int = 0, runs: Mapping[str, int] | None = None) -> Chart:
    """The frame's layers "faint", "trend", "eval" (a series each a trial) and "spread".

    runs: trial -> position of its run on the page. Trials have their colours in the frame's order.
    """
    names = list(dict.fromkeys(figure.frame.loc[figure.frame["layer"] != "spread", "series"]))
    coloured = bool((figure.frame["layer"] == "trend").any())
    items = {layer: _series(figure, layer, sheet, runs or {}) for layer in LAYERS}
    there = {layer: series for layer, series in items.items() if series}
    looks = {
        item.alias: {"series": name, "color": series_colour(names.index(name)) if coloured else colour("ink-3")}
        for layer, series in there.items()
        for name, item in series.items()
        if layer != "spread"
    }
    layouts = {
        size: _layout(figure, names, there, coloured, frame) for size, frame in (("wide", WIDE), ("narrow", NARROW))
    }
    drawn = {layer: list(series.values()) for layer, series in there.items()}
    return Chart(
        id=figure.id,
        kind="lines",
        figure=figure,
        described=_described(figure, names, there),
        series={layer: tuple(item.alias for item in series) for layer, series in drawn.items()},
        wide=layouts["wide"],
        narrow=layouts["narrow"],
        pictures=tuple((size, sheet.picture("lines", layout, drawn, looks)) for size, layout in layouts.items()),
        looks=looks,
    )


def _series(figure: Figure, layer: str, sheet: Sheet, runs: Mapping[str, int]) -> dict[str, Series]:
    """Trial -> its series on one layer, under the page's aliases."""
    found = {}
    part = figure.frame[figure.frame["layer"] == layer]
    for name, rows in part.groupby("series", sort=False):
        columns = [rows[column].to_numpy(float) for column in ("step", "value", "low", "high")]
        if layer == "faint":
            columns = columns[:2]
        shown = f"{figure.title}, {name}: {layer}"
        found[str(name)] = sheet.add(shown, *columns, run=runs.get(str(name), 0), fitted=layer in ("trend", "spread"))
    return found


def _layout(
    figure: Figure, names: list[str], items: Mapping[str, Mapping[str, Series]], coloured: bool, frame: Frame
) -> Layout:
    series = [item for layer in items.values() for item in layer.values()]
    first, last = axis.extent([float(step) for item in series for step in (item.steps.min(), item.steps.max())])
    last = last if last > first else first + 1
    strong = [item for layer in ("spread", "trend", "eval") for item in items.get(layer, {}).values()] or series
    seen = [float(edge) for item in strong for column in (item.values, item.low, item.high) if column is not None
            for edge in (column.min(), column.max())]  # fmt: skip
    raw = [float(value) for item in items.get("faint", {}).values() for value in np.quantile(item.values, (0.02, 0.98))]
    low, high = axis.extent([*seen, *raw, *(mark.value for mark in figure.marks if mark.value is not None)])
    y = y_axis(min(0.0, low) if is_share(figure.unit) else low, high, figure.unit)
    hours = figure.kind == "efficiency"
    positions = [step for step in axis.ticks(first, last, 6 if frame is WIDE else 4) if first < step < last * 0.96]
    x = {
        "xlo": first,
        "xhi": last,
        "xticks": [first, *positions, last],
        "xlabels": {},
        "xname": figure.caption if hours else "step",
    }
    x |= {"xformat": ",.3~g"} if hours else {}
    ends = _ends(_named(names, MOST_NAMES if frame is WIDE else MOST_NAMES // 2), items)
    ends = ends if coloured else _apart(ends, (y["yhi"] - y["ylo"]) / frame.plot[1] * LINE)
    tints = {name: series_colour(names.index(name)) if coloured else colour("ink-3") for name in ends}
    rows = {
        "levels": marks.levels(figure.marks),
        "labels": [*_names(ends, tints, frame, y), *_levels(figure, last)],
        "bands": [],
        "steps": [],
        "notes": [],
    }
    return Layout(frame, {**x, **y}, rows)


def _named(names: list[str], most: int) -> list[str]:
    """Whose names are written: all of them, or the best and the worst, in rank order."""
    return names if len(names) <= most else names[: most - most // 3] + names[-(most // 3) :]


def _apart(ends: dict[str, tuple[float, float]], least: float) -> dict[str, tuple[float, float]]:
    """The ends that stand so far apart that each name can be written at its own: best and worst first."""
    ranked = list(ends)
    order = [ranked[at // 2 if at % 2 == 0 else -1 - at // 2] for at in range(len(ranked))]
    kept: dict[str, tuple[float, float]] = {}
    for name in order:
        if all(abs(ends[name][1] - other) >= least for _, other in kept.values()):
            kept[name] = ends[name]
    return kept


def _ends(names: list[str], items: Mapping[str, Mapping[str, Series]]) -> dict[str, tuple[float, float]]:
    """Trial -> (step, value) at which its line ends; the last eval where there is one."""
    layers = [items.get(layer, {}) for layer in (("trend", "eval") if "trend" in items else ("faint",))]
    return {
        name: (float(layer[name].steps[-1]), float(layer[name].values[-1]))
        for layer in layers
        for name in names
        if name in layer
    }


def _names(
    ends: Mapping[str, tuple[float, float]], tints: Mapping[str, str], frame: Frame, y: Mapping[str, Any]
) -> list[marks.Row]:
    """Names at the ends of the lines, pushed apart."""
    height, room = frame.plot[1], int((frame.right - 8) / TEXT)
    down = [(y["yhi"] - value) / (y["yhi"] - y["ylo"]) * height for _, value in ends.values()]
    apart = min(APART, height / max(len(down), 1))
    places = axis.kept_inside(axis.spaced(down, apart), apart, 0, height)
    return [
        marks.label(
            step,
            value,
            wording.drawable(name, room),
            tints[name],
            dx=9,
            dy=round(place - here, 1),
            bold=tints[name] != colour("ink-3"),
        )
        for (name, (step, value)), here, place in zip(ends.items(), down, places, strict=True)
    ]


def _levels(figure: Figure, last: float) -> list[marks.Row]:
    levels = [mark for mark in figure.marks if mark.kind in marks.LEVEL_LOOKS and mark.value is not None]
    return [marks.label(last, mark.value or 0.0, mark.label, "ink-3", align="right", dx=-4, dy=11) for mark in levels]


def _described(figure: Figure, names: list[str], items: Mapping[str, Mapping[str, Series]]) -> str:
    share = is_share(figure.unit)
    ends = _ends(names, items)
    said = [f"{name} ends at {wording.level(value, share)}" for name, (_, value) in ends.items()]
    return wording.drawable(f"{figure.title}, {wording.plural(len(names), 'trial')}: {wording.listed(said, 6)}.", 600)
