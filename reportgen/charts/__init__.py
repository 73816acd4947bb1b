"""A figure drawn: its Vega-Lite spec, the compiled form that the page runs, its static SVG.

The only room that knows Altair and vl_convert. Names from runs reach a chart only as text that
`wording.drawable` has made safe, never as field names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reportgen.charts import lines, overlay, reward, scatter, small
from reportgen.charts.sheet import Chart, Layout, Series, Sheet
from reportgen.findings import Figure

__all__ = ["Chart", "Layout", "Series", "Sheet", "draw"]

KINDS: dict[str, Callable[..., Chart]] = {"reward": reward.draw, "small": small.draw, "lines": lines.draw,
         "overlay": overlay.draw, "efficiency": overlay.draw, "scatter": scatter.draw}  # fmt: skip


def draw(figure: Figure, sheet: Sheet, **options: Any) -> Chart:
    """The chart of a figure, its series and its kind added to the page's sheet.

    options: `run`, the position of its run on the page; `names`, series of the frame -> the metric's
    own name where the two differ; `reach`, first and last step of the x axis that small charts share.
    """
    return KINDS[figure.kind](figure, sheet, **options)
