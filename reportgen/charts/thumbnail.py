"""The reward curve as a thumbnail for the card: two values, no axis."""

from __future__ import annotations

from reportgen import wording
from reportgen.charts import svg
from reportgen.charts.reward import is_share
from reportgen.charts.sheet import Chart, Series, Sheet
from reportgen.charts.theme import colour

WIDTH, HEIGHT, RIGHT = 264, 132, 58  # px; at the right the two values


def thumbnail(chart: Chart, sheet: Sheet) -> str:
    """The run's part of a reward chart as a small SVG, hidden from screen readers."""
    series = {layer: sheet.series[aliases[0]] for layer, aliases in chart.series.items()}
    logged = [item for layer, item in series.items() if layer in ("raw", "eval", "trend")]
    first, last = min(item.steps[0] for item in logged), max(item.steps[-1] for item in logged)
    low, high = chart.wide.parameters["ylo"], chart.wide.parameters["yhi"]

    def x(step: float) -> float:
        return float((step - first) / ((last - first) or 1) * (WIDTH - RIGHT))

    def y(value: float) -> float:
        return float(10 + (high - value) / ((high - low) or 1) * (HEIGHT - 22))

    def dots(item: Series, looks: str) -> str:
        path = "".join(f"M{x(step):.1f} {y(value):.1f}h0" for step, value in item.points())
        return f'<path d="{path}" stroke-linecap="round" {looks}/>'

    parts = []
    for row in chart.wide.rows.get("bands", ()):
        left, width = x(row["step"]), x(row["last"]) - x(row["step"])
        place = f'x="{left:.1f}" y="10" width="{width:.1f}" height="{HEIGHT - 22}"'
        parts.append(f'<rect {place} fill="{colour("wash")}"/>')
    ends: list[tuple[float, float, str]] = []  # px from the top, value, colour
    for row in chart.wide.rows.get("levels", ())[:1]:
        parts.append(f'<path d="M0 {y(row["value"]):.1f}h{WIDTH - RIGHT}" stroke="{colour("base")}"/>')
        ends.append((y(row["value"]), row["value"], "ink-3"))
    if "raw" in series:
        parts.append(dots(series["raw"], f'stroke="{colour("train")}" stroke-width="2.2" opacity=".35"'))
    if "trend" in series:
        line = svg.relative("M" + "L".join(f"{x(step):.1f},{y(value):.1f}" for step, value in series["trend"].points()))
        parts.append(f'<path d="{line}" stroke="{colour("train")}" stroke-width="2.5" stroke-linejoin="round"/>')
    if "eval" in series:
        parts.append(dots(series["eval"], f'stroke="{colour("eval")}" stroke-width="8"'))
    final = series.get("eval") or series.get("trend")
    if final is not None:
        last = float(final.values[-1])
        ends.insert(0, (y(last), last, "eval" if "eval" in series else "train"))
    return _svg(parts, ends, is_share(chart.figure.unit))


def _svg(parts: list[str], ends: list[tuple[float, float, str]], share: bool) -> str:
    """The picture with the values at its right, pushed apart."""
    if len(ends) == 2 and abs(ends[0][0] - ends[1][0]) < 14:
        middle, sign = (ends[0][0] + ends[1][0]) / 2, -1 if ends[0][0] <= ends[1][0] else 1
        ends = [(middle + 7 * sign, *ends[0][1:]), (middle - 7 * sign, *ends[1][1:])]
    texts = [
        f'<text x="{WIDTH - RIGHT + 8}" y="{at + 4:.1f}" fill="{colour(tint)}" font-size="12"'
        f' font-weight="{400 if number else 600}">{wording.level(value, share)}</text>'
        for number, (at, value, tint) in enumerate(ends)
    ]
    return svg.opened(WIDTH, HEIGHT) + "".join(parts + texts) + "</svg>"
