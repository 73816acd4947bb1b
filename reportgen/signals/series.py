"""Rows made ready for fitting: clean, on one scale, in bins."""

from dataclasses import dataclass

import numpy as np

from reportgen.signals.dictionary import BINS
from reportgen.signals.robust import difference_sd, robust_sd, running_median, spikes

END_WINDOW = 40  # values before the last two, by which they are held
ODD = 5.0  # noise deviations, as for spikes
FINEST = 0.02  # of a declared range: noise below it is not believed, a few samples show none
LARGEST = 1e150  # beyond, squares overflow


@dataclass(frozen=True)
class Series:
    """Logged values in step order, one a step, on the scale that the model works in."""

    steps: np.ndarray  # (n,) ascending, unique
    values: np.ndarray  # (n,) share of the reward range, or of the data's own range when that is unknown
    kept: np.ndarray  # (n,) False for spikes
    low: float  # reward = low + size * value
    size: float
    is_declared: bool  # the range was declared, so a value is a share of it

    @property
    def span(self) -> float:
        """Steps from first to last."""
        return float(self.steps[-1] - self.steps[0]) if len(self.steps) else 0.0

    @property
    def floor(self) -> float:
        """S: the reward range in model units, 0 when unknown."""
        return 1.0 if self.is_declared else 0.0

    @property
    def bounds(self) -> tuple[float, float]:
        """Between what no forecast goes, in model units: the declared range, else [0, 1] where no kept value left it.

        Means of 0/1 rewards are by far the most frequent undeclared ones, and no sampling brings them beyond.
        """
        if self.is_declared:
            return 0.0, 1.0
        least, most = -self.low / self.size, (1.0 - self.low) / self.size
        kept = self.values[self.kept]
        is_inside = len(kept) > 0 and kept.min() >= least - 1e-9 and kept.max() <= most + 1e-9
        return (least, most) if is_inside else (-np.inf, np.inf)

    def without_spikes(self) -> "Series":
        """The series of the kept values alone."""
        kept = self.kept
        return Series(self.steps[kept], self.values[kept], kept[kept], self.low, self.size, self.is_declared)

    def share(self, steps: np.ndarray) -> np.ndarray:
        """Steps as shares of the run: 0 the first, 1 the last."""
        return (steps - self.steps[0]) / max(self.span, 1e-9)


@dataclass(frozen=True)
class Binned:
    """Means over equal shares of the run; empty bins are left out."""

    index: np.ndarray  # (b,) which of the BINS
    x: np.ndarray  # (b,) mean position
    y: np.ndarray  # (b,) mean value
    weight: np.ndarray  # (b,) proportional to 1 / variance, summing to b


def tidy(steps: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Finite rows in step order; of a repeated step the last row counts."""
    steps, values = np.asarray(steps, dtype=float).ravel(), np.asarray(values, dtype=float).ravel()
    finite = np.isfinite(steps) & np.isfinite(values)
    steps, values = steps[finite], np.clip(values[finite], -LARGEST, LARGEST)
    ordered, where = np.unique(steps[::-1], return_index=True)
    return ordered, values[::-1][where]


def holds(reward_range: tuple[float, float], values: np.ndarray) -> bool:
    """Whether all values lie in a range, rounding forgiven."""
    low, high = reward_range
    slack = 1e-6 * (high - low)
    return low < high and bool(((values >= low - slack) & (values <= high + slack)).all())


def prepare(steps: np.ndarray, values: np.ndarray, reward_range: tuple[float, float] | None) -> Series:
    """The series of tidy rows; a range that the values leave counts as unknown."""
    is_declared = reward_range is not None and holds(reward_range, values)
    if is_declared and reward_range is not None:
        low, size = float(reward_range[0]), float(reward_range[1] - reward_range[0])
    else:
        low = float(values.min()) if len(values) else 0.0
        size = float(np.ptp(values)) if len(values) else 1.0
    kept = np.ones(len(values), dtype=bool)
    kept[spikes(values)] = False
    least = FINEST * size if is_declared else 0.0
    values, kept[-1:] = ended(values, kept, least)
    if not is_declared and kept.any():  # one wild value must not make the rest a rounding error
        low, size = float(values[kept].min()), float(np.ptp(values[kept]))
    scaled = (values - low) / (size if size > 0 else 1.0)
    return Series(steps, scaled, kept, low, size if size > 0 else 1.0, is_declared)


def ended(values: np.ndarray, kept: np.ndarray, least: float) -> tuple[np.ndarray, bool]:
    """The values with a wild end tamed, and whether the last one is kept.

    One odd last value says nothing yet: it is set aside. Two in a row may be the start of something, so
    they stay, but no further off than ODD deviations: the next values will tell.
    """
    n = len(values)
    if n < 15:
        return values, bool(kept[-1:].all())
    before = values[max(0, n - 2 - END_WINDOW) : n - 2]
    noise = max(robust_sd(before - running_median(before, 3)), difference_sd(values[kept][:-2]), least)
    centre = float(np.median(before[-7:]))
    odd = np.abs(values[-2:] - centre) > ODD * noise + abs(float(np.ptp(before[-7:])))
    if odd[1] and not odd[0]:
        return values, False
    if odd.all() and noise > 0:
        values = values.copy()
        reach = ODD * noise + float(np.ptp(before[-7:]))
        values[-2:] = np.clip(values[-2:], centre - reach, centre + reach)
    return values, bool(kept[-1])


def binned(series: Series) -> Binned:
    """The kept values, averaged over equal shares of the run."""
    x, y = series.share(series.steps)[series.kept], series.values[series.kept]
    where = np.minimum((x * BINS).astype(int), BINS - 1)
    count = np.bincount(where, minlength=BINS)
    index = np.flatnonzero(count)
    number = count[index].astype(float)
    mean_x = np.bincount(where, weights=x, minlength=BINS)[index] / number
    mean_y = np.bincount(where, weights=y, minlength=BINS)[index] / number
    weight = number / spread_of(mean_y, series.is_declared)
    return Binned(index, mean_x, mean_y, weight * len(index) / weight.sum())


def spread_of(level: np.ndarray, is_declared: bool) -> np.ndarray:
    """Variance that a 0/1 reward has at a level, up to a factor; 1 on an unknown scale.

    Only its course over the run is used: how large the noise is, the residuals say, since batches
    of grouped prompts are noisier than their number of samples suggests.
    """
    if not is_declared:
        return np.ones(len(level))
    half = min(8, max(len(level) // 4, 1))
    padded = np.pad(level, half, mode="edge")
    smooth = np.convolve(padded, np.full(2 * half + 1, 1 / (2 * half + 1)), mode="valid")
    return np.maximum(smooth * (1 - smooth), 0.004)
