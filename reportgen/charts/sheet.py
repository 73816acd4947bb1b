"""What the charts of one page share: each series once under an alias, each kind compiled once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reportgen.charts.kinds import Frame, Kind, compiled
from reportgen.findings import Figure
from reportgen.signals.thin import cloud, even, thinned
from reportgen.wording import drawable

MOST_POINTS = 500  # of one series: about the width of a plot in px
MOST_DRAWN = 5_000  # of one chart, above which a zoom stutters in the browser
FEWEST_POINTS = 100
LONGEST = 200  # characters of a text in a chart
MOST_MEANS = 200  # stretches of a thinned series that are averaged, to smooth from
FITTED_POINTS = 100  # of a smooth curve


@dataclass(frozen=True)
class Series:
    """One drawn line or set of points, thinned; what the page holds of it."""

    alias: str  # "m0"
    name: str  # the metric's own name, or what was computed
    run: int  # position of its run on the page
    steps: np.ndarray
    values: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None

    def points(self) -> Iterator[tuple[float, float]]:
        """(step, value) of each point."""
        return zip(self.steps.tolist(), self.values.tolist(), strict=True)

    def rows(self) -> list[dict[str, Any]]:
        """What Vega draws, a row a point."""
        columns = {"step": self.steps, "value": self.values, "low": self.low, "high": self.high}
        given = {key: column.tolist() for key, column in columns.items() if column is not None}
        return [dict(zip(given, row, strict=True)) for row in zip(*given.values(), strict=True)]


@dataclass(frozen=True)
class Layout:
    """One drawing of a chart: its frame, its parameters, the few rows that are its own."""

    frame: Frame
    parameters: Mapping[str, Any]
    rows: Mapping[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Chart:
    """A drawn figure: static pictures for everyone, and what a script needs to draw it anew."""

    id: str
    kind: str
    figure: Figure
    described: str  # the curve in one sentence with its numbers
    series: Mapping[str, tuple[str, ...]]  # name of the data -> aliases of the series in it
    wide: Layout
    narrow: Layout | None
    pictures: tuple[tuple[str, str], ...]  # ("wide", svg) and, when drawn anew, ("narrow", svg)
    smoothing: int = 0  # where the reader's slider stands at first
    looks: Mapping[str, Mapping[str, Any]] = field(
        default_factory=dict
    )  # alias -> colour and key of a line, where there are several


@dataclass
class Sheet:
    """The series and kinds of one page, in the order in which charts asked for them."""

    points: int = MOST_POINTS
    series: dict[str, Series] = field(default_factory=dict)
    kinds: dict[str, Kind] = field(default_factory=dict)
    _known: dict[tuple[int, str], str] = field(default_factory=dict)

    @classmethod
    def of(cls, n_runs: int) -> Sheet:
        """A sheet that thins for so many runs side by side."""
        return cls(points=min(MOST_POINTS, max(FEWEST_POINTS, MOST_DRAWN // max(1, n_runs))))

    def kind(self, name: str) -> Kind:
        """A kind of chart, compiled the first time it is asked for."""
        if name not in self.kinds:
            self.kinds[name] = compiled(name)
        return self.kinds[name]

    def add(
        self,
        name: str,
        steps: np.ndarray,
        values: np.ndarray,
        low: np.ndarray | None = None,
        high: np.ndarray | None = None,
        *,
        run: int = 0,
        fitted: bool = False,
        whole: bool = False,
        dots: bool = False,
    ) -> Series:
        """The series of that name and run, thinned; the same one when it is already there.

        fitted: a smooth curve, which needs few points, evenly spaced. whole: every point is drawn. dots: drawn as
        dots, whose density has to stay.
        """
        if (run, name) in self._known:
            return self.series[self._known[run, name]]
        if whole:
            kept = np.arange(len(values))
        else:
            kept = even(len(values), FITTED_POINTS) if fitted else (cloud if dots else thinned)(values, self.points)
        alias = f"m{len(self.series)}"
        edges = [None if edge is None else edge[kept] for edge in (low, high)]
        self.series[alias] = Series(alias, name, run, steps[kept], values[kept], *edges)
        self._known[run, name] = alias
        return self.series[alias]

    def means(self, name: str, steps: np.ndarray, values: np.ndarray, *, run: int = 0) -> Series | None:
        """Means of equal stretches of a series that is drawn thinned, to smooth from; None when it isn't.

        What is left after thinning are mostly extremes, whose mean is not the mean of the values.
        """
        if len(values) <= self.points:
            return None
        parts = min(MOST_MEANS, self.points)
        middle, mean = (np.array([part.mean() for part in np.array_split(column, parts)]) for column in (steps, values))
        return self.add(f"{name}, mean of {round(len(values) / parts)}", np.round(middle, 1), mean, run=run)

    def picture(
        self,
        kind: str,
        layout: Layout,
        series: Mapping[str, Sequence[Series]],
        looks: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> str:
        """One layout as static SVG; of each series only what lies on its axis.

        looks: alias -> what to add to every row of that series.
        """
        parameters, own, safe_looks = clean(layout.parameters), clean(layout.rows), clean(looks or {})
        low, high = parameters["xlo"], parameters["xhi"]
        drawn = {
            name: [
                {**row, **safe_looks.get(item.alias, {})}
                for item in items
                for row in item.rows()
                if low <= row["step"] <= high
            ]
            for name, items in series.items()
        }
        return self.kind(kind).static(layout.frame, parameters, {**own, **drawn})


def clean(value: Any) -> Any:
    """Parameters and rows with every text in them safe to draw; nothing else reaches Vega, here or in the page."""
    if isinstance(value, str):
        return drawable(value, LONGEST)
    if isinstance(value, Mapping):
        return {drawable(key, LONGEST): clean(inner) for key, inner in value.items()}
    return [clean(inner) for inner in value] if isinstance(value, list | tuple) else value


def smoothed(steps: np.ndarray, values: np.ndarray, level: int) -> np.ndarray:
    """Values averaged over their neighbours with a bell of `level` per cent of the axis; 0: as they are.

    The page's script does the same for its slider, so that nothing jumps when it takes over.
    """
    if level <= 0 or len(steps) < 3:
        return values
    width = max((steps[-1] - steps[0]) * level / 100, 1e-9)
    weights = np.exp(-0.5 * ((steps[:, None] - steps[None, :]) / width) ** 2)
    return (weights @ values) / weights.sum(axis=1)
