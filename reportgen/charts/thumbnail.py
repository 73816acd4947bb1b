"""The reward curve as a thumbnail for the card: two values, no axis."""

from __future__ import annotations

from reportgen import wording
from reportgen.charts import svg
from reportgen.charts.reward import is_share
from reportgen.charts.sheet import Chart, Sheet
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

    parts = [
        f'<rect x="{x(row["step"]):.1f}" y="10" width="{x(row["last"]) - x(row["step"]):.1f}" height="{HEIGHT - 22}" fill="{colour("wash")}"/>'
        for row in chart.wide.rows.get("bands", ())
    ]
    ends: list[tuple[float, float, str]] = []  # px from the top, value, colour
    for row in chart.wide.rows.get("levels", ())[:1]:
        parts.append(f'<path d="M0 {y(row["value"]):.1f}h{WIDTH - RIGHT}" stroke="{colour("base")}"/>')
        ends.append((y(row["value"]), row["value"], "ink-3"))
    if "raw" in series:
        dots = "".join(
            f"M{x(s):.1f} {y(v):.1f}h0" for s, v in zip(series["raw"].steps, series["raw"].values, strict=True)
        )
        parts.append(
            f'<path d="{dots}" stroke="{colour("train")}" stroke-width="2.2" stroke-linecap="round" opacity=".35"/>'
        )
    if "trend" in series:
        line = "L".join(
            f"{x(s):.1f},{y(v):.1f}" for s, v in zip(series["trend"].steps, series["trend"].values, strict=True)
        )
        parts.append(
            f'<path d="{svg.relative("M" + line)}" stroke="{colour("train")}" stroke-width="2.5" stroke-linejoin="round"/>'
        )
    if "eval" in series:
        dots = "".join(
            f"M{x(s):.1f} {y(v):.1f}h0" for s, v in zip(series["eval"].steps, series["eval"].values, strict=True)
        )
        parts.append(f'<path d="{dots}" stroke="{colour("eval")}" stroke-width="8" stroke-linecap="round"/>')
    final = series.get("eval") or series.get("trend")
    if final is not None:
        ends.insert(0, (y(float(final.values[-1])), float(final.values[-1]), "eval" if "eval" in series else "train"))
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
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" fill="none" aria-hidden="true" focusable="false">'
        + "".join(parts + texts)
        + "</svg>"
    )
