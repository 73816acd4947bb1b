"""One varied config key against the outcome: a point a run."""

from __future__ import annotations

from collections.abc import Sequence

from reportgen import wording
from reportgen.charts import axis, marks
from reportgen.charts.kinds import Frame
from reportgen.charts.reward import is_share, y_axis
from reportgen.charts.sheet import Chart, Layout, Sheet
from reportgen.findings import Figure

FRAME = Frame(259, 150, left=40, top=8, right=12, bottom=24)


def draw(figure: Figure, sheet: Sheet, *, run: int = 0, ticks: Sequence[tuple[float, str]] = ()) -> Chart:
    """Points (position, outcome); ticks: positions that stand for named values."""
    item = sheet.add(
        f"{figure.title} against the outcome",
        figure.frame["step"].to_numpy(float),
        figure.frame["value"].to_numpy(float),
        whole=True,
    )
    first, last = axis.extent(item.steps.tolist())
    pad = 0.5 if ticks else 0.05 * (last - first or 1.0)
    low, high = axis.extent(item.values.tolist())
    y = y_axis(low, high, figure.unit, 4)
    x = {
        "xlo": first - pad,
        "xhi": last + pad,
        "xticks": [] if ticks else [first, last],
        "xlabels": {},
        "xname": "",
        "xformat": ",.4~g",
    }
    named = [marks.label(position, y["ylo"], text, "ink-2", align="center", dy=14) for position, text in ticks]
    layout = Layout(FRAME, {**x, **y}, {"labels": named, "bands": [], "levels": [], "steps": [], "notes": []})
    share = is_share(figure.unit)
    ends = f"from {wording.level(low, share)} to {wording.level(high, share)}"
    said = f"; {figure.caption}" if figure.caption else ""
    return Chart(
        id=figure.id,
        kind="small",
        figure=figure,
        described=wording.drawable(f"{figure.title} against where each run ended, {ends}{said}.", 400),
        series={"end": (item.alias,)},
        wide=layout,
        narrow=None,
        pictures=(("wide", sheet.picture("small", layout, {"end": [item]})),),
    )
