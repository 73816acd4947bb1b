"""Small multiples: one metric each, same width, same x, its limits and the plateau's shade."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from reportgen import wording
from reportgen.charts import axis, marks
from reportgen.charts.kinds import Frame
from reportgen.charts.reward import is_share, y_axis
from reportgen.charts.sheet import Chart, Layout, Series, Sheet, smoothed
from reportgen.findings import Figure

FRAME = Frame(259, 118, left=40, top=8, right=6, bottom=20)
SMOOTHING = 4  # per cent of the axis; where the reader's slider stands at first


def draw(
    figure: Figure,
    sheet: Sheet,
    *,
    run: int = 0,
    reach: tuple[float, float] | None = None,
    names: Mapping[str, str] | None = None,
) -> Chart:
    """One metric as a small chart; reach: first and last step of the shared x axis."""
    (name,) = figure.frame["series"].unique()
    steps, values = figure.frame["step"].to_numpy(float), figure.frame["value"].to_numpy(float)
    raw = sheet.add((names or {}).get(name, name), steps, values, run=run)
    means = sheet.means(raw.name, steps, values, run=run)
    layout = _layout(figure, raw, reach or (float(steps[0]), float(steps[-1])))
    base = means or raw
    strong = smoothed(base.steps, base.values, SMOOTHING)
    drawn = Series("", "", run, base.steps, strong)
    end = Series("", "", run, base.steps[-1:], strong[-1:])
    return Chart(
        id=figure.id,
        kind="small",
        figure=figure,
        described=_described(figure, steps, values),
        series={"raw": (raw.alias,)} | ({"mean": (means.alias,)} if means else {}),
        wide=layout,
        narrow=None,
        pictures=(("wide", sheet.picture("small", layout, {"raw": [raw], "smooth": [drawn], "end": [end]})),),
        smoothing=SMOOTHING,
    )


def _layout(figure: Figure, raw: Series, reach: tuple[float, float]) -> Layout:
    """Axes with ticks at their ends alone, and the limits in words."""
    first, last = reach if reach[1] > reach[0] else (reach[0], reach[0] + 1)
    low, high = axis.extent(raw.values.tolist())
    limits = [mark for mark in marks.of(figure.marks, "threshold") if mark.value is not None]
    near = [mark for mark in limits if low - 2 * (high - low or 1) <= (mark.value or 0) <= high + 2 * (high - low or 1)]
    low, high = axis.extent([low, high, *(mark.value or 0.0 for mark in near)])
    y = y_axis(low, high, figure.unit, 4)
    y["yticks"] = [y["ylo"], y["yhi"]]
    middle = round((first + last) / 2)
    x = {"xlo": first, "xhi": last, "xticks": sorted({first, middle, last}), "xlabels": {}, "xname": ""}
    top = (y["ylo"] + y["yhi"]) / 2
    labels = [
        marks.label(first, mark.value or 0.0, mark.label, "ink-3", dx=4, dy=-7 if (mark.value or 0) < top else 9)
        for mark in near
    ]
    rows = {
        "bands": marks.bands(figure.marks),
        "levels": marks.levels(near),
        "steps": marks.steps(figure.marks, ("restart", "collapse")),
        "labels": labels,
        "notes": [],
    }
    return Layout(FRAME, {**x, **y}, rows)


def _described(figure: Figure, steps: np.ndarray, values: np.ndarray) -> str:
    """The metric in one sentence, with the levels that its check speaks of, for those who can't see it."""
    share = is_share(figure.unit)
    start, end, low, high = (
        wording.level(float(value), share)
        for value in (*(figure.ends or (values[0], values[-1])), values.min(), values.max())
    )
    between = f"steps {wording.count(steps[0])} to {wording.count(steps[-1])}"
    return wording.drawable(f"{figure.title}, {between}: from {start} to {end}, lowest {low}, highest {high}.", 400)
