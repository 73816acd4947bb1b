"""The shapes that a reward takes over a run, as families of curves with few parameters.

A shape maps x, the share of the run (0 first step, 1 last, beyond: the future), to a curve of
any scale; level and size are fitted afterwards. Parameters live in the unit cube, where the prior
is uniform, and are stretched to their range inside the shape. The set matters more than the
fitting: what no shape can follow is forecast wrongly, so every way a run is known to go has one.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

BLUR = 1 / 128  # values are averaged over bins of this share of the run

# (k, d) parameters in the unit cube, (m,) positions -> (k, m) curves
Evaluate = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Family:
    """Curves of one kind."""

    name: str
    dim: int  # parameters
    mass: float  # prior weight, before normalising
    share: float  # of the templates; families of many parameters need more
    evaluate: Evaluate


def log_range(u: np.ndarray, low: float, high: float) -> np.ndarray:
    """Parameters spread evenly in their logarithm, as a column."""
    return (low * (high / low) ** u)[:, None]


def even(u: np.ndarray, low: float, high: float) -> np.ndarray:
    """Parameters spread evenly, as a column."""
    return (low + (high - low) * u)[:, None]


def saturating(x: np.ndarray, k: np.ndarray) -> np.ndarray:
    """1 - exp(-x / k)."""
    return 1 - np.exp(-x / k)


def logistic(z: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-z)), by tanh because that never overflows."""
    return 0.5 + 0.5 * np.tanh(z / 2)


def hill_curve(x: np.ndarray, c: np.ndarray, b: np.ndarray) -> np.ndarray:
    """x^b / (x^b + c^b): the sigmoid of Khatri et al. 2025 (ScaleRL)."""
    return 1 / (1 + np.exp(b * (np.log(c) - np.log(np.maximum(x, 1e-6)))))


def flat(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.zeros((len(u), len(x)))


def line(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.broadcast_to(x, (len(u), len(x)))


def exponential(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    return saturating(x, log_range(u[:, 0], 0.01, 4))


def hill(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    return hill_curve(x, log_range(u[:, 0], 0.02, 2), even(u[:, 1], 1, 6))


def power(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    a = even(u[:, 1], -0.3, 1.2) + 1e-9  # 0 is the logarithm, below it grows faster
    return (1 - np.exp(-a * np.log1p(x / log_range(u[:, 0], 0.01, 1.5)))) / a


def dead_exponential(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    return saturating(np.maximum(x - even(u[:, 0], 0, 0.7), 0), log_range(u[:, 1], 0.02, 2))


def dead_hill(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    late = np.maximum(x - even(u[:, 0], 0, 0.7), 0)
    return hill_curve(late, log_range(u[:, 1], 0.02, 1), even(u[:, 2], 1, 6))


def dead_line(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.maximum(x - even(u[:, 0], 0, 0.8), 0)


def gompertz(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    z = (even(u[:, 0], 0, 1) - x) / log_range(u[:, 1], 0.02, 0.5)
    return np.exp(-np.exp(np.minimum(z, 50)))


def jump(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    return logistic((x - even(u[:, 0], 0, 1.1)) / log_range(u[:, 1], 0.003, 0.3))


def stretched(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    z = np.log(np.maximum(x, 1e-6) / log_range(u[:, 0], 0.02, 2))
    return 1 - np.exp(-np.exp(np.minimum(even(u[:, 1], 0.4, 3) * z, 50)))


def second_rise(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    late = logistic((x - even(u[:, 1], 0.25, 0.97)) / log_range(u[:, 2], 0.003, 0.06))
    return saturating(x, log_range(u[:, 0], 0.02, 0.25)) + log_range(u[:, 3], 0.1, 2) * late


def rise_then_line(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    share = even(u[:, 1], 0.1, 0.9)
    return share * saturating(x, log_range(u[:, 0], 0.015, 0.3)) + (1 - share) * x


def format_then_slow(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The answer's format is learned in a jump, the task slowly from there on."""
    quick, c, k = even(u[:, 3], 0.3, 0.95), even(u[:, 0], 0, 0.4), log_range(u[:, 2], 0.15, 3)
    slow = saturating(np.maximum(x - c, 0), k) / saturating(np.maximum(1 - c, 0.1), k)
    return quick * logistic((x - c) / log_range(u[:, 1], 0.002, 0.05)) + (1 - quick) * slow


def ramp(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.minimum(x, even(u[:, 0], 0.03, 1))


def bent(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Straight pieces with two knees; a fifth of the slopes are zero."""
    knee = np.sort(0.05 + 0.9 * u[:, :2], axis=1)
    slope = np.maximum(u[:, 2:5] - 0.2, 0) ** 2
    first, second = knee[:, :1], knee[:, 1:]
    return (
        slope[:, :1] * np.minimum(x, first)
        + slope[:, 1:2] * np.clip(x - first, 0, second - first)
        + slope[:, 2:] * np.maximum(x - second, 0)
    )


def stairs(u: np.ndarray, x: np.ndarray, jumps: int) -> np.ndarray:
    """`jumps` logistic steps of one width; positions, then heights, then the width."""
    width = log_range(u[:, -1], 0.002, 0.04)
    total = np.zeros((len(u), len(x)))
    for i in range(jumps):
        height = 0.1 + u[:, jumps + i, None]
        total += height * logistic((x - even(u[:, i], 0.02, 0.98)) / width)
    return total


def two_stairs(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    share = even(u[:, 2], 0.15, 0.85)
    first = logistic((x - even(u[:, 0], 0.02, 0.98)) / log_range(u[:, 3], 0.002, 0.12))
    second = logistic((x - even(u[:, 1], 0.02, 0.98)) / log_range(u[:, 4], 0.002, 0.12))
    return share * first + (1 - share) * second


def three_stairs(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    return stairs(u, x, 3)


def four_stairs(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    return stairs(u, x, 4)


def collapse(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    fall = logistic((x - even(u[:, 1], 0.1, 0.97)) / log_range(u[:, 2], 0.002, 0.08))
    return saturating(x, log_range(u[:, 0], 0.02, 0.5)) - even(u[:, 3], 0.15, 2.5) * fall


def decline(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    c = even(u[:, 1], 0, 0.9)
    fall = even(u[:, 2], 0.05, 1.5) * np.maximum(x - c, 0) / (1 - c)
    return saturating(np.minimum(x, c), log_range(u[:, 0], 0.02, 0.3)) - fall


def forgetting(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    rise = hill_curve(x, log_range(u[:, 0], 0.03, 0.5), even(u[:, 1], 1.5, 5))
    return rise - even(u[:, 3], 0.03, 0.5) * logistic((x - even(u[:, 2], 0.3, 0.9)) / log_range(u[:, 4], 0.01, 0.2))


def curriculum(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    """A rise, a drop to a harder set of problems, a rise again."""
    k, c = log_range(u[:, 0], 0.02, 0.3), even(u[:, 1], 0.12, 0.92)
    low = saturating(c, k) * (1 - even(u[:, 2], 0.1, 0.9))
    again = low + (even(u[:, 4], 0.5, 1.4) - low) * saturating(np.maximum(x - c, 0), log_range(u[:, 3], 0.03, 0.8))
    after = np.clip((x - c) / BLUR + 0.5, 0, 1)  # a sharp edge has no slope for the zoom to follow
    return saturating(np.minimum(x, c + BLUR), k) * (1 - after) + again * after


def dip(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    z = (x - even(u[:, 1], 0.15, 0.9)) / log_range(u[:, 2], 0.015, 0.1)
    return saturating(x, log_range(u[:, 0], 0.02, 1)) - even(u[:, 3], 0.1, 0.8) * np.exp(-z * z / 2)


def fall(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    return -saturating(x, log_range(u[:, 0], 0.02, 2))


# Prior: what runs do most weighs most; flat, the plain rises and the line first (facts measured on
# labelled curves: docs/diagnostics.md). Inside a family every parameter in its range is as likely.
FAMILIES: tuple[Family, ...] = (
    Family("flat", 1, 3.0, 0.0, flat),
    Family("line", 1, 1.5, 0.0, line),
    Family("exponential", 1, 2.0, 0.03, exponential),
    Family("hill", 2, 2.0, 0.06, hill),
    Family("power", 2, 1.5, 0.05, power),
    Family("dead exponential", 2, 0.6, 0.05, dead_exponential),
    Family("dead hill", 3, 0.5, 0.07, dead_hill),
    Family("dead line", 1, 0.5, 0.01, dead_line),
    Family("gompertz", 2, 0.5, 0.03, gompertz),
    Family("jump", 2, 0.5, 0.04, jump),
    Family("stretched", 2, 0.5, 0.04, stretched),
    Family("second rise", 4, 1.5, 0.10, second_rise),
    Family("rise then line", 2, 0.7, 0.03, rise_then_line),
    Family("format then slow", 4, 0.8, 0.08, format_then_slow),
    Family("ramp", 1, 0.5, 0.01, ramp),
    Family("bent", 5, 0.6, 0.08, bent),
    Family("two stairs", 5, 0.5, 0.07, two_stairs),
    Family("three stairs", 7, 0.4, 0.08, three_stairs),
    Family("four stairs", 9, 0.3, 0.08, four_stairs),
    Family("collapse", 4, 1.2, 0.08, collapse),
    Family("decline", 3, 1.2, 0.05, decline),
    Family("forgetting", 5, 0.5, 0.06, forgetting),
    Family("curriculum", 5, 1.2, 0.12, curriculum),
    Family("dip", 4, 0.5, 0.05, dip),
    Family("fall", 1, 0.4, 0.01, fall),
)
