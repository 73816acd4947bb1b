"""The summary of a run, out of its last values and what the program set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from reportgen.naming import Key
from reportgen.sources.wandb import common, messages
from reportgen.sources.wandb.messages import Metric
from reportgen.sources.wandb.segment import Segment

COMPLETE = "_timestamp"  # stands in the one summary that the SDK up to 0.17 writes, of every key
LONGEST_LIST = 32  # entries; a longer list is data, not a summary


def of(segments: Sequence[Segment]) -> dict[str, Any]:
    """The summary of a run's logs, the later ones' values over the earlier ones'."""
    merged: dict[str, Any] = {}
    for segment in segments:
        if COMPLETE not in segment.explicit.values:
            _merge(merged, _last_values(segment))
        _merge(merged, segment.explicit.values)
    # nested values first: where one is joined to the same name as a literal one, the literal one's value stands
    nested_first = sorted(merged.items(), key=lambda named: not isinstance(named[1], dict))
    return common.summary(dict(nested_first))


def _merge(into: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Puts values over others, nested ones one by one."""
    for key, value in values.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def _last_values(segment: Segment) -> dict[str, Any]:
    """Last value of each key, as W&B keeps it: nested, and reduced where define_metric asks for it."""
    values: dict[str, Any] = {}
    odd = _last_odd(segment)
    for key, column in segment.rows.columns().items():
        logged = np.flatnonzero(~np.isnan(column))
        row, value = (int(logged[-1]), _plain(column[logged[-1]].item())) if len(logged) else (-1, None)
        if key in odd and odd[key][0] > row:
            value = odd[key][1]
        other = segment.rows.others.get(key)
        if other is not None and other.row >= row:
            value = other.value
        if isinstance(value, list) and len(value) > LONGEST_LIST:
            continue
        metric = _reduced(key, segment.metrics)
        path = (key,) if isinstance(key, str) else key
        messages.put(values, path, _reduction(column, metric) if metric and len(logged) else value)
    return values


def _last_odd(segment: Segment) -> dict[Key, tuple[int, float]]:
    """(row, value) of the last nan or inf of each key."""
    return {key: (row, value) for row, key, value in sorted(segment.rows.nonfinite, key=lambda odd: odd[0])}


def _reduced(key: Key, metrics: Sequence[Metric]) -> Metric | None:
    """What define_metric asks of a key's summary: of its own name, else of a pattern."""
    name = key if isinstance(key, str) else ".".join(key)
    own = [metric for metric in metrics if metric.name == name]
    matching = own or [metric for metric in metrics if metric.is_glob and fnmatchcase(name, metric.name)]
    chosen = max(matching, key=lambda metric: len(metric.name), default=None)
    return chosen if chosen and chosen.summary else None


def _reduction(column: np.ndarray, metric: Metric) -> dict[str, float]:
    """The statistics of a column that were asked for."""
    logged = column[np.isfinite(column)]
    if not len(logged):
        return {}
    best = logged.max() if metric.maximize else logged.min()
    found = {"min": logged.min(), "max": logged.max(), "mean": logged.mean(), "best": best, "last": logged[-1],
             "first": logged[0]}  # fmt: skip
    return {name: float(found[name]) for name in metric.summary}


def _plain(value: float) -> float | int:
    """A whole number as an integer, as it was logged more often than not."""
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
