"""What is known of one series: plateau, trend, collapse and forecast.

The words are those of docs/diagnostics.md: the *tolerance* tau = max(0.5 % of the reward range,
5 % of the gain) is what counts as "no change", the *dwell* w = max(20 steps, 10 % of the run) is
how long it has to hold.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Direction = Literal["rising", "flat", "falling"]
Triple = tuple[float, float, float]  # low, mid, high; 90 % for the mean reward unless said otherwise


@dataclass(frozen=True)
class Plateau:
    """Whether the series has stopped changing, and since when."""

    plateaued: bool | None  # None: inconclusive
    onset_step: int | None  # the likely first step of the plateau, when there may be one
    onset_interval: tuple[int, int] | None  # 90 %
    probability: float
    tolerance: float  # tau, reward units
    dwell_steps: int
    settled_by: str | None  # what would settle an inconclusive answer, "about 60 more steps"


@dataclass(frozen=True)
class Trend:
    """Where the series is heading at its end: the secant over the last dwell."""

    direction: Direction | None  # None: too few points
    slope_per_step: float
    interval: tuple[float, float]  # 90 %
    probability: float = 0.0  # of the direction named


@dataclass(frozen=True)
class Collapse:
    """Whether the series rose, fell for good, and how far."""

    collapsed: bool
    probability: float
    peak_step: int | None  # last step at the top, so the start of the fall
    onset_step: int | None  # first step at which the fall is more than the tolerance
    peak_level: float | None
    drop: float | None  # peak level minus the mean of the last dwell


@dataclass(frozen=True)
class ForecastPoint:
    """The mean reward expected at a step not yet reached, 90 %."""

    step: int
    low: float
    mid: float
    high: float


@dataclass(frozen=True)
class BackTest:
    """A forecast made from the first two thirds, held against what came."""

    cut_step: int  # last step that the forecast could see
    low: float
    mid: float
    high: float
    seen: float  # mean of the last 10 % of the run

    @property
    def hit(self) -> bool:
        """Whether what came lies in the interval."""
        return self.low <= self.seen <= self.high


@dataclass(frozen=True)
class Curve:
    """The trend with its 90 % band, through the run and on to the last forecast."""

    steps: np.ndarray
    low: np.ndarray
    mid: np.ndarray
    high: np.ndarray


SEEN = 0.05  # p of one level for all, below which a series is seen to move
LEAST_POINTS = 15  # fewer: the definitions are applied to the values themselves


@dataclass(frozen=True, eq=False)
class Learning:
    """All that one series of rewards tells about learning."""

    plateau: Plateau
    trend: Trend
    collapse: Collapse
    forecast: tuple[ForecastPoint, ...]
    back_test: BackTest | None  # None: the run is too short to be cut
    next_point_step: int | None  # None: no finite estimate
    gain_point: float  # size of that next point, reward units
    spikes: tuple[int, ...]  # steps of single outliers, set aside before the fit
    curve: Curve
    end_level: Triple  # the trend at the last step, 90 %
    end_draws: np.ndarray  # (d,) posterior draws of that level, for gaps and comparisons
    noise_sd: float  # of one logged value around the trend, reward units
    n_points: int
    first_step: int
    last_step: int
    notes: tuple[str, ...]
    p_rise: float | None = None  # that the mean is above the end level by more than tau after another half run
    p_fall: float | None = None  # that it is below by as much; None: noise was not weighed

    p_still: float | None = None  # p of one level for all of it: what noise alone would bend so much; None: not weighed

    @property
    def is_modelled(self) -> bool:
        """Whether noise was weighed; else probabilities and intervals say nothing."""
        return self.n_points >= LEAST_POINTS

    @property
    def is_seen_to_move(self) -> bool:
        """Whether its trend is more than noise around one level."""
        return self.p_still is not None and self.p_still < SEEN
