"""Reward curves of families that the labelled set does not have, each with the trend it was made from.

A family is a function of a random generator that gives a trend over x (0 the first step, 1 the last, beyond: the
future without new events) as a share of the reward range, and what is odd about how it was logged. The truth is
worked out here from the definitions of docs/diagnostics.md, apart from the code that it judges.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

Trend = Callable[[np.ndarray], np.ndarray]
Rng = np.random.Generator


@dataclass(frozen=True)
class Kind:
    """A trend and how it is logged."""

    trend: Trend
    points: int = 0  # 0: drawn
    samples: int = 0  # answers a step; 0: drawn
    samples_later: float = 1.0  # factor of the answers a step after the middle
    heavy: bool = False  # Student's t with 2.5 degrees of freedom instead of sampling noise
    memory: float = -1.0  # of the noise from one step to the next; below 0: drawn
    wave: Trend | None = None  # mean-free part that is no trend
    outages: int = 0  # stretches at 0
    odd_end: int = 0  # last values clipped to an end of the range
    grid: float = 0.0  # values are rounded to multiples of it
    every: int = 1  # steps between logged rows
    louder: float = 1.0  # factor of the noise at the end
    declared: bool | None = None  # None: drawn, nine in ten
    scale: tuple[float, float] = (0.0, 1.0)
    rate: Trend | None = None  # learning rate, as a share of the highest
    noise: float = 0.0  # of one value, where it isn't sampled answers


@dataclass(frozen=True)
class Truth:
    """What the definitions say of the trend."""

    plateaued: bool | None  # None: it falls or has collapsed, where no plateau is asked for
    is_open: bool  # half or one and a half times the tolerance says something else: not scored
    trend: str
    onset: float  # step
    ahead: tuple[float, float]  # mean at 1.5 and 2 times the run
    ident: float  # tolerance over the standard error of the mean of the last dwell


@dataclass(frozen=True)
class Made:
    """One curve."""

    family: str
    steps: np.ndarray
    values: np.ndarray
    reward_range: tuple[float, float] | None
    samples: int
    rates: np.ndarray | None
    ahead: tuple[int, int]
    truth: Truth
    mean: np.ndarray = field(repr=False)  # trend at the steps


def rise(x: np.ndarray, k: float) -> np.ndarray:
    return 1 - np.exp(-np.maximum(x, 0) / k)


def step_at(x: np.ndarray, c: float, width: float) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh((x - c) / width / 2)


def levels(rng: Rng) -> tuple[float, float]:
    """A start and a gain that stay inside the range."""
    low = rng.uniform(0.02, 0.5)
    return low, rng.uniform(0.04, 0.9 - low)


def of(rng: Rng, shape: Trend, **odd: object) -> Kind:
    """A shape from 0 to about 1, brought to a start and a gain."""
    low, gain = levels(rng)
    return Kind(lambda x: low + gain * shape(x), **odd)  # type: ignore[arg-type]


def usual(rng: Rng) -> Trend:
    """One of the plain rises, half of which have levelled off."""
    k, b = math.exp(rng.uniform(math.log(0.03), math.log(1.5))), rng.uniform(1.5, 4)
    return [
        lambda x: rise(x, k),
        lambda x: np.maximum(x, 1e-9) ** b / (np.maximum(x, 1e-9) ** b + k**b),
        lambda x: np.minimum(x, max(k, 0.1)) / max(min(k, 1.0), 0.1),
    ][rng.integers(3)]


def format_then_slow(rng: Rng) -> Kind:
    c, w, k, q = rng.uniform(0.02, 0.3), rng.uniform(0.003, 0.03), rng.uniform(0.2, 2), rng.uniform(0.4, 0.9)
    return of(rng, lambda x: q * step_at(x, c, w) + (1 - q) * rise(x - c, k) / rise(np.array(1 - c), k))


def stages(rng: Rng) -> Kind:
    at = np.sort(rng.uniform(0, 0.95, rng.integers(3, 6)))
    sizes, k = rng.dirichlet(np.full(len(at), 3.0)), rng.uniform(0.02, 0.15)
    return of(rng, lambda x: sum(s * rise(x - c, k) for s, c in zip(sizes, at, strict=True)))


def late_dip(rng: Rng) -> Kind:
    u, c, w, d = usual(rng), rng.uniform(0.55, 0.85), rng.uniform(0.015, 0.06), rng.uniform(0.2, 0.7)
    return of(rng, lambda x: u(x) - d * u(np.array(1.0)) * np.exp(-(((x - c) / w) ** 2) / 2))


def late_rise(rng: Rng) -> Kind:
    k, c, w, g = rng.uniform(0.03, 0.15), rng.uniform(0.7, 0.98), rng.uniform(0.01, 0.08), rng.uniform(0.2, 0.6)
    return of(rng, lambda x: (1 - g) * rise(x, k) + g * step_at(x, c, w))


def slow_drift(rng: Rng) -> Kind:
    k, g = rng.uniform(0.03, 0.2), rng.uniform(0.02, 0.4)
    return of(rng, lambda x: (1 - g) * rise(x, k) + g * x)


def memorising(rng: Rng) -> Kind:
    epochs, k = int(rng.integers(3, 9)), rng.uniform(0.1, 0.6)
    shape = lambda x: sum(step_at(x, e / epochs, 0.004) * math.exp(-e / epochs / k) for e in range(1, 2 * epochs + 1))  # noqa: E731
    top = float(shape(np.array(1.0))) + 0.3
    return of(rng, lambda x: (0.3 * rise(x, 0.5 / epochs) + shape(x)) / top)


def scheduled(rng: Rng, rate: Trend, speed: float) -> Kind:
    """What is learned by a time is the saturating of the rate's integral."""
    grid = np.linspace(0, 1, 2001)
    done = np.concatenate([[0], np.cumsum((rate(grid)[1:] + rate(grid)[:-1]) / 2)]) / 2000
    k = rng.uniform(0.15, 1.5)
    return of(rng, lambda x: rise(np.interp(x, grid, done) * speed, k), rate=rate)


def warm_stable_decay(rng: Rng) -> Kind:
    c = rng.uniform(0.6, 0.85)
    return scheduled(rng, lambda x: np.clip(np.minimum(x / 0.05, (1 - x) / (1 - c)), 0, 1), 1.3)


def cosine_decay(rng: Rng) -> Kind:
    kind = scheduled(rng, lambda x: 0.5 + 0.5 * np.cos(np.pi * np.clip(x, 0, 1)), 2.0)
    return kind if rng.uniform() < 0.5 else replace(kind, rate=None)


def heavy_tails(rng: Rng) -> Kind:
    return of(rng, usual(rng), heavy=True)


def changing_batch(rng: Rng) -> Kind:
    return of(rng, usual(rng), samples_later=float(rng.choice([1 / 16, 1 / 4, 4, 16])))


def count_floor(rng: Rng) -> Kind:
    top, c, flat = rng.uniform(0.003, 0.03), rng.uniform(0.2, 1.2), rng.uniform() < 0.4
    return Kind((lambda x: np.full_like(x, top)) if flat else (lambda x: top * step_at(x, c, 0.15)), samples=16)


def odd_end(rng: Rng) -> Kind:
    return of(rng, usual(rng), odd_end=int(rng.integers(1, 4)))


def flat_undeclared(rng: Rng) -> Kind:
    level = rng.normal(0, 10)
    return Kind(lambda x: np.full_like(x, level), noise=rng.uniform(0.1, 3), declared=False,
                points=int(rng.choice([200, 800, 5000])))  # fmt: skip


def two_jumps(rng: Rng) -> Kind:
    a, b, w = rng.uniform(0.05, 0.5), rng.uniform(0.5, 1.0), rng.uniform(0.003, 0.05)
    q = rng.uniform(0.2, 0.8)
    return of(rng, lambda x: q * step_at(x, a, w) + (1 - q) * step_at(x, b, w))


def oscillating(rng: Rng) -> Kind:
    u, turns, size = usual(rng), rng.uniform(3, 25), rng.uniform(0.02, 0.08)
    return of(rng, u, wave=lambda x: size * np.sin(2 * np.pi * turns * x))


def outages(rng: Rng) -> Kind:
    return of(rng, usual(rng), outages=int(rng.integers(1, 4)))


def discretised(rng: Rng) -> Kind:
    return of(rng, usual(rng), grid=float(rng.choice([0.125, 0.0625, 0.05])), samples=int(rng.choice([8, 16, 64])))


def cosine_ramp(rng: Rng) -> Kind:
    end = rng.uniform(0.3, 1.6)
    return of(rng, lambda x: 0.5 - 0.5 * np.cos(np.pi * np.clip(x / end, 0, 1)))


def piecewise(rng: Rng) -> Kind:
    knots = np.concatenate([[0], np.sort(rng.uniform(0.1, 0.95, 3)), [1, 2]])
    slopes = rng.uniform(0, 1, 4) * (rng.uniform(size=4) < 0.7)
    slopes[0] += 0.2
    at = np.concatenate([[0], np.cumsum(np.diff(knots) * np.append(slopes, slopes[-1]))])
    at /= max(at[-2], 1e-9) * 1.4
    return of(rng, lambda x: np.interp(x, knots, at))


def forgetting(rng: Rng) -> Kind:
    k, c, w, d = rng.uniform(0.05, 0.2), rng.uniform(0.4, 0.8), rng.uniform(0.02, 0.15), rng.uniform(0.05, 0.4)
    return of(rng, lambda x: rise(x, k) - d * step_at(x, c, w))


def warm_restarts(rng: Rng) -> Kind:
    at, d, u = np.sort(rng.uniform(0.2, 0.9, rng.integers(1, 4))), rng.uniform(0.1, 0.4), usual(rng)
    k = rng.uniform(0.02, 0.06)
    dips = lambda x: sum((x >= c) * np.exp(-np.maximum(x - c, 0) / k) for c in at)  # noqa: E731
    return of(rng, lambda x: u(x) - d * u(np.array(1.0)) * dips(x))


def filtered(rng: Rng) -> Kind:
    level, g, k = rng.uniform(0.4, 0.6), rng.uniform(0, 0.06), rng.uniform(0.05, 2)
    return Kind(lambda x: level + g * rise(x, k))


def very_short(rng: Rng) -> Kind:
    return of(rng, usual(rng), points=int(rng.integers(20, 45)), samples=int(rng.choice([64, 256, 1024])))


def very_long(rng: Rng) -> Kind:
    return of(rng, usual(rng), points=10_000)


def louder(rng: Rng) -> Kind:
    return of(rng, usual(rng), louder=rng.uniform(2, 5))


def wandering(rng: Rng) -> Kind:
    return of(rng, usual(rng), memory=0.97)


def overshoot(rng: Rng) -> Kind:
    k, w, d = rng.uniform(0.04, 0.15), rng.uniform(2, 6), rng.uniform(0.1, 0.4)
    return of(rng, lambda x: rise(x, k) + d * np.exp(-x / 0.2) * np.sin(np.pi * w * x))


def logarithmic(rng: Rng) -> Kind:
    c = rng.uniform(0.005, 0.3)
    return of(rng, lambda x: 0.8 * np.log1p(x / c) / np.log1p(1 / c))


def ceiling(rng: Rng) -> Kind:
    low, k, top = rng.uniform(0.1, 0.8), rng.uniform(0.05, 0.8), rng.uniform(0.97, 1.0)
    return Kind(lambda x: low + (top - low) * rise(x, k))


def penalised(rng: Rng) -> Kind:
    return of(rng, usual(rng), scale=(-1.0, float(rng.choice([1.0, 2.0, 10.0]))))


def late_collapse(rng: Rng) -> Kind:
    k, c, w, d = rng.uniform(0.05, 0.3), rng.uniform(0.5, 0.9), rng.uniform(0.005, 0.04), rng.uniform(0.5, 1.0)
    return of(rng, lambda x: rise(x, k) - d * step_at(x, c, w))


def sparse(rng: Rng) -> Kind:
    return of(rng, usual(rng), every=int(rng.choice([5, 10, 25])))


def dead_then_slow(rng: Rng) -> Kind:
    c, k = rng.uniform(0.2, 0.7), rng.uniform(0.1, 1)
    return Kind(lambda x: 0.005 + 0.6 * rise(x - c, k))


FAMILIES: tuple[Callable[[Rng], Kind], ...] = (
    format_then_slow, stages, late_dip, late_rise, slow_drift, memorising, warm_stable_decay, cosine_decay,
    heavy_tails, changing_batch, count_floor, odd_end, flat_undeclared, two_jumps, oscillating, outages, discretised,
    cosine_ramp, piecewise, forgetting, warm_restarts, filtered, very_short, very_long, louder, wandering, overshoot,
    logarithmic, ceiling, penalised, late_collapse, sparse, dead_then_slow,
)  # fmt: skip


def made(family: Callable[[Rng], Kind], seed: int) -> Made:
    """One curve of a family."""
    rng = np.random.default_rng([seed, FAMILIES.index(family)])
    kind = family(rng)
    n = kind.points or int(math.exp(rng.uniform(math.log(60), math.log(2000))))
    steps = np.arange(n) * kind.every
    x = steps / steps[-1]
    samples = kind.samples or int(rng.choice([32, 64, 128, 256, 512]))
    mean = kind.trend(x)
    sd = noise_at(kind, mean, x, samples, rng)
    values = logged(kind, mean, sd, x, samples, rng)
    low, high = kind.scale
    is_declared = rng.uniform() < 0.9 if kind.declared is None else kind.declared
    rates = None if kind.rate is None else 1e-6 * kind.rate(x)
    ahead = (int(steps[-1] * 1.5), int(steps[-1] * 2))
    truth = truth_of(kind, steps, mean, np.array(ahead) / steps[-1], sd, 1.0 if is_declared else 0.0)
    scaled = tuple(low + (high - low) * v for v in truth.ahead)
    return Made(
        family.__name__, steps, low + (high - low) * values, (low, high) if is_declared else None, samples, rates,
        ahead, replace(truth, ahead=scaled), low + (high - low) * mean,
    )  # fmt: skip


def noise_at(kind: Kind, mean: np.ndarray, x: np.ndarray, samples: int, rng: Rng) -> np.ndarray:
    """Standard deviation of each logged value around the trend."""
    if kind.noise:
        return np.full(len(x), kind.noise)
    answers = samples * np.where(x > 0.5, kind.samples_later, 1.0)
    grouped = math.sqrt(rng.uniform(1, 4)) if rng.uniform() < 0.5 else 1.0  # answers of one prompt are alike
    share = np.clip(mean, 0.002, 0.998)
    return grouped * np.sqrt(share * (1 - share) / np.maximum(answers, 4)) * (1 + (kind.louder - 1) * x)


def logged(kind: Kind, mean: np.ndarray, sd: np.ndarray, x: np.ndarray, samples: int, rng: Rng) -> np.ndarray:
    """The values as a trainer would have logged them."""
    n = len(x)
    memory = kind.memory if kind.memory >= 0 else float(rng.choice([0, 0, 0.3, 0.6]))
    if kind.samples and not kind.points:
        values = rng.binomial(samples, np.clip(mean, 0, 1)) / samples
    else:
        normal = rng.standard_t(2.5, n) / math.sqrt(5) if kind.heavy else rng.standard_normal(n)
        if memory:
            for i in range(1, n):
                normal[i] = memory * normal[i - 1] + math.sqrt(1 - memory**2) * normal[i]
        values = mean + sd * normal
    if kind.wave is not None:
        values = values + kind.wave(x)
    if not kind.noise:
        values = np.clip(values, 0, 1)
    if kind.grid:
        values = np.clip(np.round(values / kind.grid) * kind.grid, 0, 1)
    for _ in range(kind.outages):
        start = int(rng.integers(n // 10, max(n * 9 // 10, n // 10 + 1)))
        values[start : start + max(3, n // 50)] = 0.0
    if kind.odd_end:
        values[-kind.odd_end :] = float(rng.integers(2))
    return values


def truth_of(kind: Kind, steps: np.ndarray, mean: np.ndarray, ahead: np.ndarray, sd: np.ndarray, size: float) -> Truth:
    """The definitions applied to the trend."""
    span = float(steps[-1])
    dwell = max(20.0, 0.1 * span)
    gain = float(np.ptp(mean))
    tolerance = max(0.005 * size, 0.05 * gain)
    then = float(np.interp(max(span - dwell, 0), steps, mean))
    move = float(mean[-1] - then) / min(dwell, span) * span / 2
    onset, verdict = plateau_of(steps, mean, move, tolerance, dwell)
    has_fallen = fallen(steps, mean, tolerance, dwell, size)
    others = [plateau_of(steps, mean, move, tolerance * f, dwell)[1] for f in (1 / 1.5, 1.5)]
    trend = "rising" if move > tolerance else "falling" if move < -tolerance else "flat"
    inside = steps >= span - dwell
    error = float(np.sqrt((sd[inside] ** 2).mean() / inside.sum()))
    future = kind.trend(ahead) if kind.noise else np.clip(kind.trend(ahead), 0, 1)
    return Truth(
        None if trend == "falling" or has_fallen else verdict,
        any(other != verdict for other in others),
        trend,
        onset,
        (float(future[0]), float(future[1])),
        tolerance / max(error, 1e-12) if gain or size else 3.0,
    )


def plateau_of(
    steps: np.ndarray, mean: np.ndarray, move: float, tolerance: float, dwell: float
) -> tuple[float, bool]:
    """Onset, and whether it is flat from there to the end."""
    at = len(mean) - 1
    highest = lowest = mean[-1]
    while at > 0:
        up, down = max(highest, mean[at - 1]), min(lowest, mean[at - 1])
        if up - mean[at - 1] > tolerance + 1e-12 or mean[at - 1] - down > tolerance + 1e-12:
            break
        highest, lowest, at = up, down, at - 1
    onset = float(steps[at])
    return onset, bool(abs(move) <= tolerance and steps[-1] - onset >= dwell)


def fallen(steps: np.ndarray, mean: np.ndarray, tolerance: float, dwell: float, size: float) -> bool:
    """Whether the trend collapsed."""
    top = float(mean.max())
    peak = int(np.flatnonzero(mean >= top - tolerance)[-1])
    tail = (steps >= steps[-1] - dwell) & (np.arange(len(mean)) > peak)
    if not tail.any():
        return False
    drop = top - float(mean[tail].mean())
    gained = top - float(mean[: peak + 1].min())
    is_large = drop >= 0.05 * size and drop >= gained / 2 and drop > 2 * tolerance
    return bool(is_large and (not size or drop >= 0.2 * top))
