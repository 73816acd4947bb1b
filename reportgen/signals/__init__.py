"""Numbers in, numbers out: trend, plateau, collapse, forecast, intervals; knows no Run."""

from reportgen.signals.learn import learn
from reportgen.signals.learning import (
    BackTest,
    Collapse,
    Curve,
    Direction,
    ForecastPoint,
    Learning,
    Plateau,
    Trend,
)

__all__ = [
    "BackTest",
    "Collapse",
    "Curve",
    "Direction",
    "ForecastPoint",
    "Learning",
    "Plateau",
    "Trend",
    "learn",
]
