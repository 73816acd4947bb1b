"""The curves as a thumbnail for the card: two values, no axis."""

from __future__ import annotations

from dataclasses import dataclass

from reportgen import wording
from reportgen.charts import svg
from reportgen.charts.reward import is_share
from reportgen.charts.sheet import Chart, Series, Sheet
from reportgen.charts.theme import colour

WIDTH, HEIGHT, RIGHT = 264, 132, 58  # px; at the right the two values, which may need more
TEXT = 7.3  # px of a character of them, about
MOST_POINTS, FEW_POINTS = 60, 16  # of a line, and of one among many
Ends = list[tuple[float, float, str]]  # px from the top, value, colour


@dataclass(frozen=True)
class Plot:
    """Where steps and values stand in the picture."""

    first: float
    last: float
    low: float
    high: float
    width: float  # px

    @classmethod
    def of(cls, chart: Chart, drawn: list[Series], value: float, several: bool = False) -> Plot:
        """From the first to the last step of these series, of several as far as half of them got.

        value: what is written at the right beside the baseline.
        """
        first = min(item.steps[0] for item in drawn)
        last = sorted(item.steps[-1] for item in drawn)[len(drawn) // 2] if several else max(
            item.steps[-1] for item in drawn)  # fmt: skip
        written = [value, *(row["value"] for row in chart.wide.rows.get("levels", ())[:1])]
        long = max(len(wording.level(each, is_share(chart.figure.unit))) for each in written)
        width = WIDTH - max(RIGHT, 12 + TEXT * long)
        return cls(float(first), float(last), chart.wide.parameters["ylo"], chart.wide.parameters["yhi"], width)

    def x(self, step: float) -> float:
        """Px from the left."""
        return float((step - self.first) / ((self.last - self.first) or 1) * self.width)

    def y(self, value: float) -> float:
        """Px from the top."""
        return float(10 + (self.high - value) / ((self.high - self.low) or 1) * (HEIGHT - 22))

    def line(self, item: Series, looks: str, most: int = MOST_POINTS) -> str:
        """A series as a line, of the points that show at this size."""
        seen = item.steps <= self.last
        steps, values = item.steps[seen], item.values[seen]
        every = len(steps) // most + 1
        points = [*zip(steps[:-1:every], values[:-1:every], strict=True), (steps[-1], values[-1])]
        path = "M" + "L".join(f"{self.x(step):.1f},{self.y(value):.1f}" for step, value in points)
        return f'<path d="{svg.relative(path)}" {looks} stroke-linejoin="round"/>'

    def dots(self, item: Series, looks: str) -> str:
        """A series as dots."""
        path = "".join(f"M{self.x(step):.1f} {self.y(value):.1f}h0" for step, value in item.points())
        return f'<path d="{path}" stroke-linecap="round" {looks}/>'

    def base(self, chart: Chart) -> tuple[list[str], Ends]:
        """The baseline as a rule, and its value."""
        values = [row["value"] for row in chart.wide.rows.get("levels", ())[:1]]
        rules = [f'<path d="M0 {self.y(at):.1f}h{self.width:.1f}" stroke="{colour("base")}"/>' for at in values]
        return rules, [(self.y(value), value, colour("ink-3")) for value in values]


def thumbnail(chart: Chart, sheet: Sheet) -> str:
    """The run's part of a reward chart as a small SVG, hidden from screen readers."""
    series = {layer: sheet.series[aliases[0]] for layer, aliases in chart.series.items()}
    final = series.get("eval") or series.get("trend") or series.get("raw")
    if final is None:
        return ""
    shown = float(final.values[-1])
    plot = Plot.of(chart, [item for layer, item in series.items() if layer in ("raw", "eval", "trend")], shown)
    parts = []
    for row in chart.wide.rows.get("bands", ()):
        left, width = plot.x(row["step"]), plot.x(row["last"]) - plot.x(row["step"])
        place = f'x="{left:.1f}" y="10" width="{width:.1f}" height="{HEIGHT - 22}"'
        parts.append(f'<rect {place} fill="{colour("wash")}"/>')
    rules, ends = plot.base(chart)
    parts += rules
    if "raw" in series:
        parts.append(plot.dots(series["raw"], f'stroke="{colour("train")}" stroke-width="2.2" opacity=".35"'))
    if "trend" in series:
        parts.append(plot.line(series["trend"], f'stroke="{colour("train")}" stroke-width="2.5"'))
    if "eval" in series:
        parts.append(plot.dots(series["eval"], f'stroke="{colour("eval")}" stroke-width="8"'))
    ends.insert(0, (plot.y(shown), shown, colour("eval" if "eval" in series else "train")))
    return _svg(parts, ends, plot.width, is_share(chart.figure.unit))


def overlaid(chart: Chart, sheet: Sheet) -> str:
    """Several trials as a small SVG: each in its colour, of many the median alone; "" without a line."""
    layer = next((name for name in ("spread", "trend") if chart.series.get(name)), None)
    if layer is None:
        return ""
    lines = [
        (sheet.series[alias], str(chart.looks.get(alias, {}).get("color") or colour("ink-2")))
        for alias in chart.series[layer]
    ]
    evals = [sheet.series[alias] for alias in chart.series.get("eval", ())]
    best = evals[0] if evals else lines[0][0]
    value = float(best.values[-1])
    plot = Plot.of(chart, [item for item, _ in lines], value, several=True)
    parts, ends = plot.base(chart)
    faint = [sheet.series[alias] for alias in chart.series.get("faint", ())] if layer == "spread" else []
    parts += [plot.line(item, f'stroke="{colour("ink-3")}" opacity=".35"', FEW_POINTS) for item in faint]
    parts += [plot.line(item, f'stroke="{tint}" stroke-width="2"') for item, tint in reversed(lines)]
    tint = str(chart.looks.get(best.alias, {}).get("color") or lines[0][1])
    return _svg(parts, [(plot.y(value), value, tint), *ends], plot.width, is_share(chart.figure.unit))


def _svg(parts: list[str], ends: Ends, left: float, share: bool) -> str:
    """The picture with the values at its right, pushed apart."""
    if len(ends) == 2 and abs(ends[0][0] - ends[1][0]) < 14:
        middle, sign = (ends[0][0] + ends[1][0]) / 2, -1 if ends[0][0] <= ends[1][0] else 1
        ends = [(middle + 7 * sign, *ends[0][1:]), (middle - 7 * sign, *ends[1][1:])]
    texts = [
        f'<text x="{left + 8:.1f}" y="{at + 4:.1f}" fill="{tint}" font-size="12"'
        f' font-weight="{400 if number else 600}">{wording.level(value, share)}</text>'
        for number, (at, value, tint) in enumerate(ends)
    ]
    return svg.opened(WIDTH, HEIGHT) + "".join(parts + texts) + "</svg>"
