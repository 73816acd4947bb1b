"""The reward curve: what was logged, what was fitted, what was evaluated, what may come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from reportgen import wording
from reportgen.charts import axis, marks
from reportgen.charts.kinds import Frame
from reportgen.charts.marks import Row
from reportgen.charts.sheet import Chart, Layout, Series, Sheet
from reportgen.findings import Figure, Mark

WIDE = Frame(808, 432, left=44, top=44)
NARROW = Frame(358, 330, left=38, top=44, right=10)
APART = 16  # px between the labels at one end
LINE = 14  # px between two texts, the least
TEXT = 6.4  # px of a character, about
ROOM = 120  # px that two named ticks need
TINY = 1e-3  # an axis that ends below it is written as 2e−5
FEW, DOT, LARGE_DOT = 40, 11.3, 40  # points up to which dots are drawn large; areas of a dot in px²


def draw(figure: Figure, sheet: Sheet, *, run: int = 0, names: Mapping[str, str] | None = None) -> Chart:
    """The reward chart of one run.

    The frame's series are "train", "trend", "forecast" and "eval", any of which may be missing.
    names: series -> the logged metric, for the page's data.
    """
    series = {
        layer: _series(figure.frame, name, sheet, run, (names or {}).get(name, name))
        for layer, name in (("raw", "train"), ("trend", "trend"), ("forecast", "forecast"), ("eval", "eval"))
    }
    train = figure.frame[figure.frame["series"] == "train"]
    shown = (names or {}).get("train", "train")
    series["mean"] = sheet.means(shown, train["step"].to_numpy(float), train["value"].to_numpy(float), run=run)
    there = {layer: item for layer, item in series.items() if item is not None}
    wide, narrow = (frame if marks.of(figure.marks, "onset") else _lower(frame) for frame in (WIDE, NARROW))
    layouts = {"wide": _layout(figure, there, wide), "narrow": _layout(figure, there, narrow, narrow=True)}
    drawn = {layer: [item] for layer, item in there.items()}
    return Chart(
        id=figure.id,
        kind="reward",
        figure=figure,
        described=_described(figure, there),
        series={layer: (item.alias,) for layer, item in there.items()},
        wide=layouts["wide"],
        narrow=layouts["narrow"],
        pictures=tuple((size, sheet.picture("reward", layout, drawn)) for size, layout in layouts.items()),
    )


def _lower(frame: Frame) -> Frame:
    """The frame without the room above the plot, which only an onset's bracket needs."""
    return replace(frame, top=16, height=frame.height - frame.top + 16)


def is_share(unit: str) -> bool:
    """Whether values of this unit are shown in percent."""
    return unit in ("accuracy", "share")


def y_axis(low: float, high: float, unit: str, most: int = 7) -> dict[str, Any]:
    """Parameters of a y axis that holds low and high."""
    shared = is_share(unit)
    positions = axis.ticks(low, high, most)
    if shared and low >= 0:
        most_shown = 1.0 if high <= 1 else positions[-1]
        positions = [position for position in positions if 0 <= position <= most_shown]
    return {
        "ylo": positions[0],
        "yhi": positions[-1],
        "yticks": positions,
        "yfactor": 100 if shared else 1,
        "yunit": f"{wording.THIN}%" if shared else "",
        "yformat": ".2~e" if max(abs(positions[0]), abs(positions[-1])) < TINY else ",.4~g",
    }


def _series(frame: pd.DataFrame, name: str, sheet: Sheet, run: int, shown: str) -> Series | None:
    part = frame[frame["series"] == name]
    if part.empty:
        return None
    values = part["value"].to_numpy(float)
    edges: list[np.ndarray | None] = [None, None]
    if name != "train" and "low" in part:
        edges = [
            np.where(np.isfinite(edge), edge, values)
            for edge in (part["low"].to_numpy(float), part["high"].to_numpy(float))
        ]
    return sheet.add(shown, part["step"].to_numpy(float), values, *edges, run=run, fitted=name in ("trend", "forecast"),
                     dots=name == "train")  # fmt: skip


def _layout(figure: Figure, series: Mapping[str, Series], frame: Frame, narrow: bool = False) -> Layout:
    """Frame, axes and rows of one size; the narrow one ends at the first forecast."""
    first, last = _ends(series)
    end = max([last, *_forecast_ends(figure, last)[: 1 if narrow else None]])
    end = end if end > first else first + 1
    y = y_axis(*_reach(figure, series, end), figure.unit, 7 if not narrow else 6)
    ticks, names = _x_ticks(figure, first, last, end, frame.plot[0])
    x = {"xlo": first, "xhi": end, "xticks": ticks, "xlabels": names, "xname": "step"}
    x["dot"] = LARGE_DOT if "raw" in series and len(series["raw"].steps) <= FEW else DOT
    labels, notes = _texts(figure, series, frame, {**x, **y}, narrow)
    rows = {
        "bands": marks.bands(figure.marks),
        "levels": marks.levels(figure.marks),
        "steps": [row for row in marks.steps(figure.marks) if row["step"] <= end],
        "spans": [
            {"step": mark.first, "last": mark.last, "value": mark.value}
            for mark in marks.of(figure.marks, "onset")
            if None not in (mark.first, mark.last, mark.value)
        ],
        "labels": labels,
        "notes": notes,
    }
    rows["steps"] += [
        row for mark in rows["spans"] for row in marks.steps([Mark("onset", "", first=mark["value"])], ("onset",))
    ]
    return Layout(frame, {**x, **y}, rows)


def _ends(series: Mapping[str, Series]) -> tuple[float, float]:
    """First and last step at which anything was logged."""
    logged = [item for layer, item in series.items() if layer in ("raw", "eval", "trend")]
    if not logged:
        return 0.0, 1.0
    return min(float(item.steps[0]) for item in logged), max(float(item.steps[-1]) for item in logged)


def _forecast_ends(figure: Figure, last: float) -> list[float]:
    return sorted(
        mark.first for mark in marks.of(figure.marks, "forecast") if mark.first is not None and mark.first > last
    )


def _reach(figure: Figure, series: Mapping[str, Series], end: float) -> tuple[float, float]:
    """Lowest and highest of what is drawn; from 0 for an accuracy."""
    seen: list[float] = [
        mark.value for mark in figure.marks if mark.value is not None and mark.kind in marks.LEVEL_LOOKS
    ]
    for item in series.values():
        inside = item.steps <= end
        for column in (item.values, item.low, item.high):
            if column is not None and inside.any():
                seen += [float(column[inside].min()), float(column[inside].max())]
    low, high = axis.extent(seen)
    return (min(0.0, low), high) if is_share(figure.unit) else (low, high)


def _x_ticks(figure: Figure, first: float, last: float, end: float, width: float) -> tuple[list[float], dict[str, str]]:
    """Ticks at the run's ends, its epochs and its forecasts, each with a second line that names it."""
    scale = width / (end - first)
    epochs = [
        int(mark.first)
        for mark in marks.of(figure.marks, "epoch")
        if mark.first is not None and first < mark.first <= last
    ]
    kept = axis.thinned_ticks(epochs, max(1, int((last - first) * scale / 64)))
    labels = {str(step): f"epoch {epochs.index(step) + 1}" for step in kept}
    positions = {first, last, *kept}
    if not epochs and (last - first) * scale > 260:
        positions |= {step for step in axis.ticks(first, last, 5) if first < step < last}
    for mark in marks.of(figure.marks, "forecast"):
        if mark.first is not None and last < mark.first <= end:
            positions.add(mark.first)
            beside = (mark.first - last) * scale < ROOM  # the label at the line's end says of what
            label = mark.label.removesuffix(" the run") if beside else mark.label
            labels[str(int(mark.first))] = wording.drawable(label)
    chosen: list[float] = []
    for step in sorted(positions):
        if chosen and (step - chosen[-1]) * scale < 44:
            if step in (last, end):
                chosen[-1] = step
            continue
        chosen.append(step)
    return chosen, labels


def _texts(
    figure: Figure, series: Mapping[str, Series], frame: Frame, at: Mapping[str, Any], narrow: bool
) -> tuple[list[Row], list[Row]]:
    """Labels inside the plot, and notes above it."""
    share = is_share(figure.unit)
    ends = _end_labels(figure, series, frame, at, narrow)
    labels = [*_cleared(_eval_labels(series.get("eval"), share), ends, frame, at), *ends]
    taken = [_box(row, frame, at) for row in labels]
    notes = [
        _centred(mark.value, -30, mark.label, "wash-ink", frame, at)
        for mark in marks.of(figure.marks, "onset")
        if mark.value is not None and mark.value <= at["xhi"]
    ]
    notes += [
        marks.note(mark.first, 9, mark.label, "ink-3", dx=7)
        for mark in marks.of(figure.marks, "end")
        if mark.first is not None and mark.label and mark.first < at["xhi"]
    ]
    notes = [row for row in notes if row["top"] < 0 or not _meets(_box(row, frame, at), taken)]
    for kind, tint in (("restart", "ink-3"), ("collapse", "crit")):
        for mark in marks.of(figure.marks, kind)[: 4 if not narrow else 2]:
            if mark.first is not None:
                right = mark.first > (at["xlo"] + at["xhi"]) / 2
                side = {"align": "right", "dx": -6} if right else {"align": "left", "dx": 6}
                notes.append(marks.note(mark.first, 25, mark.label, tint, **side))  # type: ignore[arg-type]
    return labels, notes


def _cleared(rows: list[Row], ends: list[Row], frame: Frame, at: Mapping[str, Any]) -> list[Row]:
    """The labels of the evals, the last one's raised above those at the right end that it would meet."""
    if not rows:
        return rows
    final = dict(rows[0])
    for row in sorted((_box(row, frame, at) for row in ends), key=lambda box: -box[2]):
        box = _box(final, frame, at)
        if _meets(box, [row]):
            final["dy"] = round(final["dy"] - (box[2] - row[2]) - LINE, 1)
    return [final, *rows[1:]]


def _box(row: Row, frame: Frame, at: Mapping[str, Any]) -> tuple[float, float, float]:
    """Left, right and height of a text in px from the plot's upper left corner."""
    width, height = frame.plot
    x = (row["step"] - at["xlo"]) / (at["xhi"] - at["xlo"]) * width + row["dx"]
    y = row["top"] if "top" in row else (at["yhi"] - row["value"]) / (at["yhi"] - at["ylo"]) * height + row["dy"]
    long = len(row["text"]) * TEXT
    left = x - long if row["align"] == "right" else x - long / 2 if row["align"] == "center" else x
    return left, left + long, y


def _meets(box: tuple[float, float, float], others: list[tuple[float, float, float]]) -> bool:
    """Whether a text stands on the line of another and runs into it."""
    return any(abs(box[2] - other[2]) < LINE and box[0] < other[1] and other[0] < box[1] for other in others)


def _centred(step: float, top: float, text: str, tint: str, frame: Frame, at: Mapping[str, Any]) -> Row:
    """A note centred at a step, or pushed inside the picture."""
    width = frame.plot[0]
    x = (step - at["xlo"]) / (at["xhi"] - at["xlo"]) * width
    half = len(text) * TEXT / 2
    shift = max(0, half - x - frame.left) - max(0, x + half - width - frame.right)
    return marks.note(step, top, text, tint, align="center", dx=round(shift, 1), bold=True)


def _eval_labels(series: Series | None, share: bool, most: int = 4) -> list[Row]:
    """The last eval in bold; the others small when they are few."""
    if series is None:
        return []
    high = series.values if series.high is None else series.high
    final = float(series.steps[-1])
    rows = [
        marks.label(
            final,
            float(high[-1]),
            f"Eval {wording.level(float(series.values[-1]), share)}",
            "eval",
            dx=10,
            dy=-16,
            bold=True,
        )
    ]
    if len(series.steps) <= most:
        for step, value in zip(series.steps[:-1].tolist(), series.values[:-1].tolist(), strict=True):
            text = wording.percent(value, 1) if share else wording.number(value)
            rows.append(marks.label(step, value, text, "eval", align="right", dx=-11, dy=15))
    return rows


def _end_labels(
    figure: Figure, series: Mapping[str, Series], frame: Frame, at: Mapping[str, Any], narrow: bool
) -> list[Row]:
    """At the right: the forecast above its fan, its value below, the baseline under its rule; pushed apart."""
    height, end = frame.plot[1], at["xhi"]
    share = is_share(figure.unit)

    def down(value: float) -> float:
        return (at["yhi"] - value) / (at["yhi"] - at["ylo"]) * height

    wanted: list[tuple[float, float, str, str, bool]] = []  # px from the top, value, text, colour, bold
    fan = series.get("forecast")
    if fan is not None and fan.low is not None and fan.high is not None:
        last = int(np.flatnonzero(fan.steps <= end)[-1])
        mid, low, high = float(fan.values[last]), float(fan.low[last]), float(fan.high[last])
        shown = (wording.percent(mid, 1) if share else wording.number(mid)) + " " + wording.interval((low, high), share)
        ratio = next((mark.label for mark in marks.of(figure.marks, "forecast") if mark.first == end), "")
        title = "Forecast" + (f" at {ratio}" if ratio else "")
        if down(low) + 13 > height - 8:  # no room under the fan, where a dash before a number is a minus
            brief = title.removesuffix(" the run") if narrow else title  # the tick below says of what
            wanted.append((down(high) - 12, high, f"{brief}: {shown}", "train", True))
        else:
            wanted.append((down(high) - 12, high, title, "train", True))
            wanted.append((down(low) + 13, low, shown, "train", False))
    wanted += [
        (down(mark.value) + 12, mark.value, mark.label, "ink-2", False)
        for mark in marks.of(figure.marks, "baseline")
        if mark.value is not None
    ]
    places = axis.kept_inside(axis.spaced([item[0] for item in wanted], APART), APART, 6, height - 8)
    return [
        marks.label(end, value, text, tint, align="right", dy=round(place - down(value), 1), bold=bold)
        | ({"pinned": True} if tint == "ink-2" else {})  # the baseline's stays at the right when zoomed
        for place, (_, value, text, tint, bold) in zip(places, wanted, strict=True)
    ]


def _described(figure: Figure, series: Mapping[str, Series]) -> str:
    """The curve in one sentence with its numbers, for those who can't see it."""
    share = is_share(figure.unit)
    said = []
    trend = series.get("trend") or series.get("raw")
    if trend is not None:
        start, end = (wording.level(float(trend.values[at]), share) for at in (0, -1))
        said.append(
            f"the {'trend' if 'trend' in series else 'logged value'} goes from {start} at step "
            f"{wording.count(trend.steps[0])} to {end} at step {wording.count(trend.steps[-1])}"
        )
    evals = series.get("eval")
    if evals is not None:
        pairs = [
            f"{wording.level(value, share)} at step {wording.count(step)}"
            for step, value in zip(evals.steps.tolist(), evals.values.tolist(), strict=True)
        ]
        said.append(f"eval is {wording.listed(pairs, 4)}")
    said += [
        mark.label[:1].lower() + mark.label[1:]
        for mark in figure.marks
        if mark.kind in ("onset", "baseline", "collapse") and mark.label
    ]
    fan = series.get("forecast")
    if fan is not None:
        steps = [mark.first for mark in figure.marks if mark.kind == "forecast" and mark.first is not None]
        last = max(steps, default=float(fan.steps[-1]))  # the one that the numbers speak of, not the curve's far end
        level = wording.level(float(np.interp(last, fan.steps, fan.values)), share)
        said.append(f"the forecast at step {wording.count(last)} is {level}")
    return wording.drawable(f"{figure.title}: " + "; ".join(said) + ".", 600)
