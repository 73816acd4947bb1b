"""What is not trend: correlated noise and periodic wobble."""

from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc

from reportgen.signals.series import Binned

SHARES = (0.3, 0.6, 0.9)  # of the noise that is autocorrelated; the rest is sampling
MEMORIES = (0.35, 0.6, 0.8, 0.92)  # its correlation from one bin to the next
EVIDENCE = 2.0  # log likelihood that correlation must gain to be believed
CYCLES = np.arange(3, 40.01, 0.25)  # a run; slower is trend, faster can't be told from noise
HARMONICS = 3
PERIODIC_P = 1e-3  # after Bonferroni


@dataclass(frozen=True)
class Whitening:
    """Turns bins of correlated noise into independent ones of variance 1."""

    scale: np.ndarray  # (b,) square root of the weights
    matrix: np.ndarray | None  # (b, b) applied after the scale; None: independent already

    def apply(self, rows: np.ndarray) -> np.ndarray:
        """Rows (…, b), whitened."""
        scaled = rows * self.scale
        return scaled if self.matrix is None else scaled @ self.matrix


def correlation_of(index: np.ndarray) -> np.ndarray:
    """Candidate correlation matrices between bins, (candidates, b, b)."""
    apart = np.abs(index[:, None] - index)
    memory = np.array(MEMORIES)[:, None, None] ** apart
    share = np.array(SHARES)[:, None, None, None]
    return (share * memory + (1 - share) * np.eye(len(index))).reshape(-1, len(index), len(index))


def autocorrelations(values: np.ndarray) -> tuple[float, float]:
    """Correlation with the next value and with the one after."""
    power = float(values @ values)
    if power <= 0 or len(values) < 6:
        return (0.0, 0.0)
    return float(values[1:] @ values[:-1]) / power, float(values[2:] @ values[:-2]) / power


def whitening(bins: Binned, residual: np.ndarray) -> Whitening:
    """The noise model that a residual speaks for.

    White sampling noise plus a first-order autoregression, their share and memory by maximum
    likelihood over a small grid; white unless correlation explains clearly more.
    """
    scale = np.sqrt(bins.weight)
    r = residual * scale
    n = len(r)
    first, second = autocorrelations(r)
    if n < 20 or first + 0.5 * second < 1.5 / np.sqrt(n):
        return Whitening(scale, None)
    root = np.linalg.cholesky(correlation_of(bins.index))
    white = np.linalg.solve(root, np.broadcast_to(r[:, None], (len(root), n, 1)))[..., 0]
    log_det = np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
    likelihood = -n / 2 * np.log((white * white).sum(axis=1)) - log_det
    best = int(np.argmax(likelihood))
    if likelihood[best] - (-n / 2 * np.log(float(r @ r))) < EVIDENCE:
        return Whitening(scale, None)
    return Whitening(scale, np.linalg.inv(root[best]).T)


def periodic(bins: Binned, residual: np.ndarray, memory: float) -> np.ndarray:
    """The periodic part of a residual, (b,); zeros when there is none.

    A sinusoid at 3 to 40 cycles a run with its harmonics, by least squares (Lomb 1976); believed
    when the F-test passes after Bonferroni, with degrees of freedom deflated for autocorrelation.
    """
    n = len(residual)
    usable = CYCLES[: np.searchsorted(CYCLES, n / 3.2, side="right")]
    if n < 40 or not len(usable):
        return np.zeros(n)
    angle = 2 * np.pi * np.outer(usable, bins.x)
    cosine, sine = np.cos(angle), np.sin(angle)
    y = bins.weight * residual
    cc, ss = (cosine * cosine) @ bins.weight, (sine * sine) @ bins.weight
    cs = (cosine * sine) @ bins.weight
    c, s = cosine @ y, sine @ y
    explained = (c * c * ss + s * s * cc - 2 * c * s * cs) / np.maximum(cc * ss - cs * cs, 1e-9)
    total = float(y @ residual)
    best = int(np.argmax(explained))
    left = total - float(explained[best])
    freedom = (n - 5) * (1 - memory) / (1 + memory)
    statistic = float(explained[best]) / 2 / max(left / max(freedom, 3), 1e-300)
    if fdtrc(2, max(freedom, 3), statistic) * len(usable) > PERIODIC_P:
        return np.zeros(n)
    return harmonic_fit(bins, residual, usable[best])


def harmonic_fit(bins: Binned, residual: np.ndarray, cycles: float) -> np.ndarray:
    """Best periodic curve near a frequency, (b,)."""
    best, least = np.zeros(len(residual)), np.inf
    root = np.sqrt(bins.weight)
    for near in cycles + np.linspace(-0.2, 0.2, 9):
        order = np.arange(1, 1 + max(1, min(HARMONICS, int(len(residual) / (2.2 * near)))))
        angle = 2 * np.pi * np.outer(bins.x, order * near)
        design = np.hstack([np.cos(angle), np.sin(angle)])
        gram = (design * bins.weight[:, None]).T @ design + 1e-9 * np.eye(design.shape[1])
        curve = design @ np.linalg.solve(gram, design.T @ (bins.weight * residual))
        left = float(np.sum((root * (residual - curve)) ** 2))
        if left < least:
            best, least = curve, left
    return best
