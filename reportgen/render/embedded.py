"""What a page carries for its script: series, charts and specs as JSON, each number rounded to what can be seen."""

from __future__ import annotations

import base64
import gzip
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from reportgen.charts import Chart, Layout, Series, Sheet
from reportgen.charts.sheet import clean
from reportgen.run import Run
from reportgen.wording import printable

DIGITS = 6  # of a value, for exact reading; many runs make do with fewer
CLOCK_POINTS = 200
OWN_AXIS = ("efficiency", "scatter")  # kinds of figure whose x axis counts no steps
LONGEST = 4_000  # characters of one text on the page
UNSAFE = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def script_json(value: Any) -> str:
    """JSON that can stand inside a script element: nothing in it ends one, nothing is NaN."""
    return escaped(json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")))


def packed(value: Any) -> str:
    """JSON as gzip in base64, for what only the script reads; the same bytes whenever it is made."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return base64.b64encode(gzip.compress(text.encode("utf-8"), 9, mtime=0)).decode("ascii")


def safe(value: Any) -> Any:
    """A value with each text in it safe to draw and of bounded length."""
    if isinstance(value, str):
        return printable(value, LONGEST)
    if isinstance(value, Mapping):
        return {key: safe(item) for key, item in value.items()}
    return [safe(item) for item in value] if isinstance(value, list | tuple) else value


def escaped(text: str) -> str:
    """JSON text with every character that HTML or JavaScript could take for its own as \\uXXXX."""
    for character, code in UNSAFE.items():
        text = text.replace(character, code)
    return text


def data(sheet: Sheet, charts: Iterable[Chart], runs: Iterable[Run], tokens: Mapping[int, str], **given: Any) -> str:
    """The page's one block of data, as script-safe JSON."""
    series = list(sheet.series.values())
    drawn = {item.run for item in series}
    digits = DIGITS if len(drawn) <= 3 else 5 if len(series) < 200 else 4
    whole = {
        **given,
        "runs": [_run(run, at, tokens.get(at), at in drawn) for at, run in enumerate(runs)],
        "kinds": packed({name: {"vegalite": kind.vegalite, "vega": kind.vega} for name, kind in sheet.kinds.items()}),
        "charts": {chart.id: _chart(chart) for chart in charts},
    }
    columns = ",".join(f'"{item.alias}":{_series(item, digits)}' for item in series)
    return f'{script_json(whole)[:-1]},"series":{{{columns}}}}}'


def numbers(values: Iterable[float], digits: int) -> str:
    """A column as a JSON list; null where a value isn't finite."""
    shown = (f"{value:.{digits}g}" if math.isfinite(value) else "null" for value in values)
    return f"[{','.join(shown)}]"


def positions(steps: np.ndarray) -> str:
    """Steps as first, spacing and count where they are regular, else the first and the differences."""
    gaps = np.diff(steps)
    whole = np.array_equal(steps, np.rint(steps))
    if whole and len(steps) > 2 and (gaps == gaps[0]).all():
        return f'{{"from":{int(steps[0])},"by":{int(gaps[0])},"n":{len(steps)}}}'
    if not len(steps):
        return "[]"
    digits = ".0f" if whole else ".7g"  # hours have three places, a learning rate has eight
    return "[" + ",".join(format(step, digits) for step in (steps[0], *gaps)) + "]"


def _series(series: Series, digits: int) -> str:
    edges = {"lo": series.low, "hi": series.high}
    given = "".join(f',"{key}":{numbers(edge.tolist(), digits)}' for key, edge in edges.items() if edge is not None)
    name = script_json(printable(series.name, LONGEST))
    points = f'"x":{positions(series.steps)},"y":{numbers(series.values.tolist(), digits)}{given}'
    return f'{{"name":{name},"run":{series.run},{points}}}'


def _chart(chart: Chart) -> dict[str, Any]:
    return {
        "kind": chart.kind,
        "title": printable(chart.figure.title),
        "unit": printable(chart.figure.unit),
        "own": chart.figure.kind in OWN_AXIS,
        "series": {name: list(aliases) for name, aliases in chart.series.items()},
        "smoothing": chart.smoothing,
        "looks": clean(chart.looks),
        "wide": _layout(chart.wide),
        "narrow": _layout(chart.narrow) if chart.narrow else None,
    }


def _layout(layout: Layout) -> dict[str, Any]:
    frame = layout.frame
    return {
        "frame": [frame.width, frame.height, frame.left, frame.top, frame.right, frame.bottom],
        "parameters": clean(layout.parameters),
        "rows": clean({name: rows for name, rows in layout.rows.items() if rows}),
    }


def _run(run: Run, at: int, tokens: str | None, is_drawn: bool) -> dict[str, Any]:
    """Name and clocks of one run: seconds and tokens by step, where known and a chart needs them."""
    known: dict[str, Any] = {"name": printable(run.name or run.id), "time": None, "tokens": None}
    if not is_drawn:
        return known
    if run.elapsed_s is not None and len(run.elapsed_s.dropna()) > 1:
        known["time"] = _clock(run.elapsed_s.dropna().index.to_numpy(float), run.elapsed_s.dropna().to_numpy(float))
    if tokens is not None and tokens in run.history:
        used = run.history[tokens].dropna()
        values = used.to_numpy(float)
        # a counter already, else tokens of each step
        total = (
            values
            if len(values) > 1 and (np.diff(values) >= 0).all() and values[-1] > 2 * values[0]
            else values.cumsum()
        )
        if len(total) > 1:
            known["tokens"] = _clock(used.index.to_numpy(float), total)
    return known


def _clock(steps: np.ndarray, values: np.ndarray) -> dict[str, Any]:
    kept = np.unique(np.linspace(0, len(steps) - 1, min(len(steps), CLOCK_POINTS)).round().astype(int))
    return {"x": steps[kept].tolist(), "y": [float(f"{value:.6g}") for value in values[kept].tolist()]}
