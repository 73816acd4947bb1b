"""Trials laid over each other: a colour and a name for the first few, faint lines under a median for many."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from reportgen import wording
from reportgen.charts import axis, marks
from reportgen.charts.kinds import Frame
from reportgen.charts.reward import TEXT, is_share, y_axis
from reportgen.charts.sheet import LONGEST, Chart, Layout, Series, Sheet
from reportgen.charts.theme import colour
from reportgen.findings import Figure

WIDE = Frame(1120, 520, left=44, top=16, right=152)
BESIDE = Frame(808, 420, left=44, top=16, right=132)  # where text stands beside it
NARROW = Frame(358, 320, left=38, top=16, right=86)
APART, LINE = 15, 12  # px between names that may be moved, and between those that may not
LAYERS = ("spread", "faint", "trend", "eval")


def draw(figure: Figure, sheet: Sheet, *, run: int = 0, runs: Mapping[str, int] | None = None,
         tints: Mapping[str, str] | None = None,
         dashes: Mapping[str, list[float]] | None = None) -> Chart:  # fmt: skip
    """The frame's layers "faint", "trend", "eval" (a series each a trial) and "spread".

    runs: trial -> position of its run on the page. tints: trial -> its colour; faint grey without one.
    dashes: trial -> those of its line; solid without.
    """
    names = list(dict.fromkeys(figure.frame.loc[figure.frame["layer"] != "spread", "series"]))
    tints = {name: (tints or {}).get(name, colour("ink-3")) for name in names}
    items = {layer: _series(figure, layer, sheet, runs or {}) for layer in LAYERS}
    there = {layer: series for layer, series in items.items() if series}
    looks = {
        item.alias: {"series": wording.drawable(name, LONGEST), "color": tints[name]}
        | {"dash": (dashes or {}).get(name, [])}
        for layer, series in there.items()
        for name, item in series.items()
        if layer != "spread"
    }
    wide = BESIDE if figure.kind == "efficiency" else WIDE
    layouts = {size: _layout(figure, tints, there, frame) for size, frame in (("wide", wide), ("narrow", NARROW))}
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
    figure: Figure, tints: Mapping[str, str], items: Mapping[str, Mapping[str, Series]], frame: Frame
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
    positions = [step for step in axis.ticks(first, last, 4 if frame is NARROW else 6) if first < step < last * 0.96]
    x = {
        "xlo": first,
        "xhi": last,
        "xticks": [first, *positions, last],
        "xlabels": {},
        "xname": figure.caption if hours else "step",
    }
    x |= {"xformat": ",.3~g"} if hours else {}
    rows = {
        "levels": marks.levels(figure.marks),
        "labels": [*_names(figure, tints, _ends(list(tints), items), frame, y), *_levels(figure, last)],
        "bands": [],
        "steps": [],
        "notes": [],
    }
    return Layout(frame, {**x, **y}, rows)


def _ends(names: list[str], items: Mapping[str, Mapping[str, Series]]) -> dict[str, tuple[float, float]]:
    """Trial -> (step, value) at which its own line ends; its eval's only where it has no line."""
    layers = [items.get(layer, {}) for layer in ("trend", "faint", "eval")]
    found = {name: next((layer[name] for layer in layers if name in layer), None) for name in names}
    return {name: (float(item.steps[-1]), float(item.values[-1])) for name, item in found.items() if item is not None}


def _names(
    figure: Figure,
    tints: Mapping[str, str],
    ends: Mapping[str, tuple[float, float]],
    frame: Frame,
    y: Mapping[str, Any],
) -> list[marks.Row]:
    """Names at the ends of their lines: those of the figure pushed apart, others where there is room, best first."""
    height, room = frame.plot[1], int((frame.right - 8) / TEXT)
    whole = {name: wording.drawable(name, LONGEST) for name in tints}
    short = wording.told_apart(whole.values(), room)
    down = {name: (y["yhi"] - value) / (y["yhi"] - y["ylo"]) * height for name, (_, value) in ends.items()}
    first = list(dict.fromkeys(mark.label for mark in marks.of(figure.marks, "named") if mark.label in ends))
    apart = min(APART, height / max(len(first), 1))
    placed = axis.kept_inside(axis.spaced([down[name] for name in first], apart), apart, 0, height)
    places = dict(zip(first, placed, strict=True))
    ranked = list(ends)
    for name in (ranked[at // 2 if at % 2 == 0 else -1 - at // 2] for at in range(len(ranked))):  # best, worst, …
        if name not in places and all(abs(down[name] - other) >= LINE for other in places.values()):
            places[name] = down[name]
    return [
        marks.label(*ends[name], short[whole[name]], tints[name], dx=9, dy=round(place - down[name], 1),
                    bold=tints[name] != colour("ink-3")) | {"series": whole[name]}
        for name, place in places.items()
    ]  # fmt: skip


def _levels(figure: Figure, last: float) -> list[marks.Row]:
    levels = [mark for mark in figure.marks if mark.kind in marks.LEVEL_LOOKS and mark.value is not None]
    return [marks.label(last, mark.value or 0.0, mark.label, "ink-3", align="right", dx=-4, dy=11) | {"pinned": True}
            for mark in levels]  # fmt: skip


def _described(figure: Figure, names: list[str], items: Mapping[str, Mapping[str, Series]]) -> str:
    share = is_share(figure.unit)
    ends, evals = _ends(names, items), items.get("eval", {})
    said = [
        f"{name} ends at {wording.level(value, share)}"
        + (f", its eval at {wording.level(float(evals[name].values[-1]), share)}" if name in evals else "")
        for name, (_, value) in ends.items()
    ]
    return wording.drawable(f"{figure.title}, {wording.plural(len(names), 'trial')}: {wording.listed(said, 6)}.", 600)
