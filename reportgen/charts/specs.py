"""The kinds of chart as Vega-Lite specs made with Altair, each over named data and free parameters.

A spec holds no run's text and no run's numbers: the fields are `step`, `value`, `low`, `high` and
`series`, the data have names, and what differs from chart to chart is a parameter. So a kind is
compiled once however many charts a page has.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import altair as alt
from altair.utils.schemapi import debug_mode

from reportgen.charts.theme import colour, config

Layer = alt.UnitSpec

PARAMETERS: dict[str, Any] = {  # name -> value of an empty chart
    "xlo": 0,
    "xhi": 1,
    "xticks": None,  # positions; None: chosen by Vega
    "xlabels": {},  # position -> second line of its label
    "xname": "",  # second line of the first label
    "xformat": ",.7~g",
    "xunit": "",
    "ylo": 0,
    "yhi": 1,
    "yticks": None,
    "yfactor": 1,  # 100 where the unit is shown in percent
    "yformat": ",.4~g",
    "dot": 11.3,
    "yunit": "",  # written at the top tick alone
}
IN_VIEW = "datum.step >= xlo && datum.step <= xhi"
X_LABEL = (
    "xlabels[datum.value] ? [format(datum.value, xformat) + xunit, xlabels[datum.value]]"
    " : datum.index === 0 && xname ? [format(datum.value, xformat) + xunit, xname]"
    " : format(datum.value, xformat) + xunit"
)
Y_LABEL = (
    "(datum.value ? replace(format(datum.value * yfactor, yformat), '-', '\\u2212') : '0')"
    " + (datum.index === 1 ? yunit : '')"
)


def compose(kind: str) -> dict[str, Any]:
    """The Vega-Lite spec of a kind of chart, with the parameters of an empty one."""
    # debug mode validates every object when it is made, which costs ten times the making
    with debug_mode(False):
        layers, font_size = KINDS[kind]()
        params = [alt.VariableParameter(name=name, value=value) for name, value in PARAMETERS.items()]
        chart = alt.TopLevelLayerSpec(layer=list(layers), params=params, autosize="none", width=100, height=100)
        spec = chart.to_dict(validate=False)
    return {"$schema": alt.SCHEMA_URL, **spec, "config": config(font_size)}


def reward() -> tuple[Iterator[Layer], float]:
    """Raw points, trend with its band, forecast fan, evals with whiskers, levels, shade and labels."""
    return _reward(), 12


def small() -> tuple[Iterator[Layer], float]:
    """One metric: as logged and faint, smoothed and strong, its limits, the plateau's shade."""
    return _small(), 11


def lines() -> tuple[Iterator[Layer], float]:
    """Several series: a line each in its own colour, a faint band, diamonds where evaluated, names at the end."""
    return _lines(), 12


KINDS = {"reward": reward, "small": small, "lines": lines}


def _reward() -> Iterator[Layer]:
    train, orange, band = colour("train"), colour("eval"), {"y": _y("low"), "y2": alt.Y2(field="high")}
    yield from _ground()
    yield _layer("raw", "point", filled=True, size=alt.ExprRef("dot"), opacity=0.42, color=train)
    yield _layer("smooth", "line", strokeWidth=1.5, opacity=0.75, color=train)
    yield _layer("trend", "area", band, color=train, opacity=0.18)
    yield _layer("trend", "line", color=train)
    yield _layer("forecast", "area", band, color=train, opacity=0.1)
    for edge in ("low", "high"):
        yield _layer("forecast", "line", {"y": _y(edge)}, color=train, strokeWidth=1, strokeDash=[2, 3])
    yield _layer("forecast", "line", color=train, strokeWidth=2, strokeDash=[5, 4])
    yield _layer("eval", "rule", band, strokeWidth=1.75, color=orange)
    for edge in ("low", "high"):
        yield _layer("eval", "tick", {"y": _y(edge)}, orient="horizontal", size=8, thickness=1.75, color=orange)
    diamond: dict[str, Any] = {
        "shape": "diamond",
        "filled": True,
        "opacity": 1,
        "stroke": colour("paper"),
        "strokeWidth": 1.5,
    }
    yield _layer("eval", "point", **diamond, size=169, color=orange)
    yield from _bracket()
    yield from _labels()


def _small() -> Iterator[Layer]:
    train = colour("train")
    yield from _ground()
    yield _layer("raw", "line", strokeWidth=1, opacity=0.38, color=train)
    yield _layer("smooth", "line", strokeWidth=2.25, color=train)
    yield _layer("end", "point", filled=True, size=28, opacity=1, color=train)
    yield from _labels()


def _lines() -> Iterator[Layer]:
    grey, band = colour("ink-3"), {"y": _y("low"), "y2": alt.Y2(field="high")}
    own = {
        "color": alt.Color(field="color", type="nominal", scale=None),
        "detail": alt.Detail(field="series", type="nominal"),
    }
    yield from _ground()
    yield _layer("spread", "area", band, color=grey, opacity=0.16)
    yield _layer("spread", "line", color=grey, strokeWidth=2, strokeDash=[5, 4])
    yield _layer("faint", "line", own, strokeWidth=1, opacity=0.35)
    yield _layer("trend", "area", {**own, **band}, opacity=0.06)
    dashed = {**own, "strokeDash": alt.StrokeDash(field="dash", type="nominal", scale=None)}
    yield _layer("trend", "line", dashed, strokeWidth=2.5, strokeCap="butt")
    yield _layer("eval", "rule", {**own, **band}, strokeWidth=1.75)
    diamond: dict[str, Any] = {
        "shape": "diamond",
        "filled": True,
        "opacity": 1,
        "stroke": colour("paper"),
        "strokeWidth": 1.5,
    }
    yield _layer("eval", "point", own, **diamond, size=110)
    yield from _labels()


def _layer(name: str, mark: Any, channels: dict[str, Any] | None = None, where: str = "", **looks: Any) -> Layer:
    """One mark over the data of that name, on the shared axes."""
    clip: dict[str, Any] = {} if mark in ("text", "point") or name == "spans" else {"clip": True}
    where = where or (IN_VIEW if mark == "point" else "")
    encoding = {"x": _x(), "y": _y("value"), **(channels or {})}
    kept: dict[str, Any] = {"transform": [alt.FilterTransform(filter=where)]} if where else {}
    return alt.UnitSpec(
        data=alt.NamedData(name=name, format=alt.DataFormat(parse=None)),
        mark=alt.MarkDef(type=mark, **clip, **looks),
        encoding=alt.FacetedEncoding(**{key: channel for key, channel in encoding.items() if channel is not None}),
        **kept,
    )


def _x() -> alt.X:
    scale = alt.Scale(domain=[{"expr": "xlo"}, {"expr": "xhi"}], nice=False, zero=False)
    axis = alt.Axis(values={"expr": "xticks"}, labelExpr=X_LABEL, title=None, tickCount=8, labelOverlap=False)
    return alt.X(field="step", type="quantitative", scale=scale, axis=axis)


def _y(field: str) -> alt.Y:
    scale = alt.Scale(domain=[{"expr": "ylo"}, {"expr": "yhi"}], nice=False, zero=False)
    axis = alt.Axis(values={"expr": "yticks"}, labelExpr=Y_LABEL, title=None, tickCount=8, labelOverlap=False)
    return alt.Y(field=field, type="quantitative", scale=scale, axis=axis)


def _ground() -> Iterator[Layer]:
    """Shade, levels and steps pointed at: what lies under the marks."""
    line = {
        "color": alt.Color(field="color", type="nominal", scale=None),
        "strokeDash": alt.StrokeDash(field="dash", type="nominal", scale=None),
        "size": alt.Size(field="width", type="quantitative", scale=None),  # of a rule: its width
    }
    yield _layer("bands", "rect", {"x2": alt.X2(field="last"), "y": None}, color=colour("wash"), opacity=0.85)
    yield _layer("levels", "rule", {**line, "x": None})
    yield _layer("steps", "rule", {**line, "y": None})


def _bracket() -> Iterator[Layer]:
    """Above the plot: the interval of the onset, with caps, and the onset as a dot."""
    ink, above, within = colour("wash-ink"), {"y": alt.YValue(-14)}, "datum.step >= xlo && datum.last <= xhi"
    yield _layer("spans", "rule", {**above, "x2": alt.X2(field="last")}, within, strokeWidth=1.5, color=ink)
    for end in ("step", "last"):
        at = {**above, "x": alt.X(field=end, type="quantitative")}
        yield _layer("spans", "tick", at, within, orient="vertical", size=8, thickness=1.5, color=ink)
    at = {**above, "x": alt.X(field="value", type="quantitative")}
    yield _layer("spans", "point", at, within, filled=True, size=40, opacity=1, color=ink)


def _labels() -> Iterator[Layer]:
    """Text at a point, with a halo of paper; notes stand in pixels from the plot's upper edge instead."""
    given = {key: alt.ExprRef(expr=f"datum.{key}") for key in ("align", "dx", "dy", "fontWeight")}
    text = alt.Text(field="text", type="nominal")
    tint = alt.Fill(field="color", type="nominal", scale=None)
    # the page paints the stroke of text first, which makes it a halo
    halo = {"stroke": colour("paper"), "strokeWidth": 4, "strokeJoin": "round"}
    yield _layer("labels", "text", {"text": text, "fill": tint}, IN_VIEW, **given, **halo)
    top = alt.YValue(value=alt.ExprRef(expr="datum.top"))
    yield _layer("notes", "text", {"text": text, "fill": tint, "y": top}, IN_VIEW, **given)
