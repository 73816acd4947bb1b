"""Noise that remembers: how neighbouring bins move together, and how to undo it."""

from dataclasses import dataclass

import numpy as np

from reportgen.signals.series import Binned

SHARES = (0.3, 0.6, 0.9)  # of the noise that is autocorrelated; the rest is sampling
MEMORIES = (0.35, 0.6, 0.8, 0.92)  # its correlation from one bin to the next
EVIDENCE = 2.0  # log likelihood that correlation must gain to be believed


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
