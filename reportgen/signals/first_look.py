"""A first look at a series: every template fitted, the best families zoomed in on."""

import numpy as np

from reportgen.signals.dictionary import dictionary
from reportgen.signals.fit import Fit, fit_dictionary, log_evidence, target
from reportgen.signals.noise import Whitening, autocorrelations
from reportgen.signals.series import Binned
from reportgen.signals.shapes import FAMILIES
from reportgen.signals.zoom import Zoomed, zoom

TEMPERING = 0.8  # share of the degrees of freedom that counts; absorbs what no shape follows exactly
ZOOMED = 6  # families zoomed in on
ZOOM_REACH = 60.0  # log weight below the best at which a family isn't worth it
ZOOM_STARTS = 2  # templates of each
TRENDS = 100  # templates beside which a periodic part is looked for


def softmax(logs: np.ndarray) -> np.ndarray:
    """Weights from their logarithms, together 1."""
    weights = np.exp(logs - logs.max())
    return weights / weights.sum()


def freedom_of(bins: Binned) -> float:
    """Degrees of freedom that count."""
    return TEMPERING * max(len(bins.y) - 3, 1)


def first_look(bins: Binned) -> tuple[Fit, np.ndarray]:
    """Fit of every template and its log weight, noise taken as a plain autoregression."""
    fit = fit_dictionary(bins)
    best, n = int(fit.rss.argmin()), len(bins.y)
    residual = bins.y - template_at(fit, best, bins)
    memory = min(max(autocorrelations(residual * np.sqrt(bins.weight))[0], 0.0), 0.8)
    inflation = (1 + memory) / (1 - memory)
    freedom = freedom_of(bins) / inflation
    variance = max(inflation * float(fit.rss[best]) / max(n - 4, 1), 1e-12)
    return fit, dictionary().log_prior + log_evidence(fit, float(fit.rss[best]), freedom, variance)


def template_at(fit: Fit, j: int, bins: Binned) -> np.ndarray:
    """One fitted template at the bins."""
    return fit.level[j] + fit.size[j] * dictionary().curves[j, bins.index]


def zooms(logs: np.ndarray, bins: Binned) -> dict[int, Zoomed]:
    """The local bests of the families that matter."""
    shapes, goal = dictionary(), target(bins, Whitening(np.sqrt(bins.weight), None))
    tops = np.maximum.reduceat(logs, shapes.first[:-1])
    order = [int(f) for f in np.argsort(-tops, kind="stable") if FAMILIES[f].dim > 1]  # else dense enough
    found = {}
    for family in order[:ZOOMED]:
        if tops[family] < tops.max() - ZOOM_REACH:
            break
        mine = logs[shapes.first[family] : shapes.first[family + 1]]
        starts = starts_of(mine, shapes.parameters[family], ZOOM_STARTS)
        found[family] = zoom(family, starts, goal, freedom_of(bins))
    return found


def starts_of(logs: np.ndarray, u: np.ndarray, count: int) -> np.ndarray:
    """The best parameters and others that are good but not beside them, (at most count, d)."""
    picked, rest = [], logs.copy()
    for _ in range(count):
        j = int(rest.argmax())
        if np.isfinite(rest[j]):
            picked.append(j)
            rest[np.abs(u - u[j]).max(axis=1) < 0.15] = -np.inf
    return u[picked or [0]]


def residual_of(logs: np.ndarray, fit: Fit, found: dict[int, Zoomed], bins: Binned) -> np.ndarray:
    """Residual of the best curve so far, (b,)."""
    j = int(logs.argmax())
    residual, least = bins.y - template_at(fit, j, bins), float(fit.rss[j])
    for each in found.values():
        best = int(each.rss.argmin())
        if each.rss[best] < least:
            residual, least = each.residual[best] / np.sqrt(bins.weight), float(each.rss[best])
    return residual


def trends_of(logs: np.ndarray, fit: Fit, bins: Binned, residual: np.ndarray) -> np.ndarray:
    """Likely trends of all kinds, (k, b): the best curve so far and the best templates."""
    likely = np.argpartition(-logs, TRENDS)[:TRENDS]
    curves = fit.level[likely, None] + fit.size[likely, None] * dictionary().curves[likely][:, bins.index]
    return np.vstack([bins.y - residual, curves])


def is_coarse(logs: np.ndarray) -> bool:
    """Whether so few templates share the weight that there is more to find between them."""
    weights = softmax(logs)
    return 1 / float(weights @ weights) < 400
