"""A signal as it is judged and as it is drawn: one value, made once a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from reportgen import metrics, wording
from reportgen.metrics import PHASES, Played
from reportgen.run import Run, config_number
from reportgen.settings import Settings
from reportgen.signals import intervals, robust

LEAST = 8  # values below which a signal has no start and end to compare
BINS = 256  # a long series is looked at through so many medians
PHASE = 0.1  # share of a run that its start and its end are
NORMAL_RANGE = 4.0  # of a batch of some dozens of normal values, in standard deviations
KL_WEIGHTS = {"areal": "actor.kl_ctl"}  # trainers that log the penalty: KL times this key
LIMITS = {  # role -> the setting that limits it, in the signal's own unit, and how a chart says so
    "advantage_spread": ("advantage_spread", "little signal below {}"),
    "zero_variance_groups": ("zero_variance_share", "limit {}"),
    "kl": ("kl_nats", "limit {} nats"),
    "behaviour_kl": ("behaviour_kl_nats", "limit {} nats"),
    "clip_fraction": ("clip_fraction", "limit {}"),
    "truncation": ("truncation", "limit {}"),
}
SIZES = frozenset(("kl", "behaviour_kl"))  # some trainers log estimates below zero; their size is what counts
Sizes = Callable[[int], int | None]  # step -> problems behind the eval there; None: unknown


@dataclass(frozen=True, eq=False)
class Seen:
    """One signal: its values in the unit that is judged, each with its interval where that is known."""

    role: str
    name: str  # what it was read from, in words: "grpo_actor/kl_rewards/avg, divided by actor.kl_ctl = 0.001"
    title: str
    unit: str
    steps: np.ndarray  # (n,) int64, ascending
    values: np.ndarray  # (n,) finite
    start: float  # median of the first tenth of all values, also of a slim run
    end: float  # of the last tenth
    low: np.ndarray | None = None  # (n,) 95 % of each value by its own sample size; NaN where that is unknown
    high: np.ndarray | None = None
    sizes: tuple[int | None, ...] = ()  # problems behind each value of an eval
    limit: float | None = None  # beyond which a check speaks up
    limit_words: str = ""  # "limit 0.5 nats"

    def of(self, values: np.ndarray, name: str) -> Seen:
        """The same signal with other values at its steps."""
        start, end = _ends(values)
        return replace(self, values=values, name=name, start=start, end=end)

    def only(self, at: np.ndarray) -> Seen:
        """The same signal, judged as it was, with only some of its points."""
        low, high = (None if edge is None else edge[at] for edge in (self.low, self.high))
        sizes = tuple(self.sizes[place] for place in at.tolist()) if self.sizes else ()
        return replace(self, steps=self.steps[at], values=self.values[at], low=low, high=high, sizes=sizes)

    @property
    def latest(self) -> float:
        """Median of the last three values: where it stands now, however late it moved."""
        return float(np.median(self.values[-3:]))

    @property
    def last_third(self) -> np.ndarray:
        """Values of the last third."""
        return self.values[-max(3, len(self.values) // 3) :]

    def at(self, step: int) -> float | None:
        """The value at a step; None when there is none."""
        place = int(np.searchsorted(self.steps, step))
        return float(self.values[place]) if place < len(self.steps) and self.steps[place] == step else None

    def interval_at(self, step: int) -> tuple[float, float] | None:
        """95 % interval of the value at a step; None where its size is unknown."""
        place = int(np.searchsorted(self.steps, step))
        if self.low is None or self.high is None or place >= len(self.steps) or self.steps[place] != step:
            return None
        low, high = float(self.low[place]), float(self.high[place])
        return (low, high) if np.isfinite(low) and np.isfinite(high) else None

    def beyond(self, limit: float, stay: int = 5) -> int | None:
        """First step from which `stay` values in a row are above a limit; None: never."""
        start, length = _first_run(self.values > limit, stay)
        return int(self.steps[start]) if length else None

    def ends_beyond(self, limit: float) -> int | None:
        """First step of the stretch above a limit in which it ends, single lapses forgiven; None: it doesn't."""
        return self._ends_in(self.values > limit)

    def ends_below(self, limit: float) -> int | None:
        """The same below a limit."""
        return self._ends_in(self.values < limit)

    def _ends_in(self, flags: np.ndarray) -> int | None:
        steady = flags | (np.append(flags[1:], True) & np.append(True, flags[:-1]))  # alone among others: a lapse
        outside = np.flatnonzero(~steady)
        first = int(outside[-1]) + 1 if len(outside) else 0
        return int(self.steps[first]) if first < len(flags) else None

    def thinned(self) -> tuple[np.ndarray, np.ndarray]:
        """Steps and medians of at most BINS bins."""
        n = len(self.values)
        if n <= BINS:
            return self.steps, self.values
        size = -(-n // BINS)
        whole = n // size * size
        medians = np.median(self.values[:whole].reshape(-1, size), axis=1)
        rest = [np.median(self.values[whole:])] if whole < n else []
        return self.steps[::size], np.append(medians, rest)

    def departure(self) -> tuple[int, robust.Departure] | None:
        """The step at which the signal left its level for good, and how; None when it stayed."""
        steps, values = self.thinned()
        found = robust.runs_away(values)
        return (int(steps[found.position]), found) if found is not None else None


def look(
    run: Run,
    roles: Mapping[str, Played],
    settings: Settings,
    *,
    reward_range: tuple[float, float] | None = None,
    eval_sizes: Sizes | None = None,
) -> dict[str, Seen]:
    """Role -> signal, for every role that is played or can be made of others that are.

    eval_sizes: problems behind the eval of a step, for intervals; None: evals are no accuracies.
    """
    seen = {role: _logged(run, roles[role], settings) for role in roles if roles[role].name in run.history}
    for role, made in _made(run, seen, reward_range):
        seen[role] = _limited(made, settings, seen.get("reward_spread"), reward_range)
    if "eval_reward" in seen and eval_sizes is not None:
        seen["eval_reward"] = with_intervals(seen["eval_reward"], eval_sizes)
    return {role: one for role, one in seen.items() if len(one.values)}


def as_seen(role: str, name: str, series: pd.Series) -> Seen:
    """A signal out of a series by step."""
    metric = metrics.BY_ROLE[role]
    values = series.to_numpy(dtype=float)
    return Seen(role, name, metric.title, metric.unit, series.index.to_numpy(), values, *_ends(values))


def with_intervals(evals: Seen, sizes: Sizes) -> Seen:
    """Evals of accuracies, each with the interval of its own number of problems (Wilson 1927)."""
    numbers = tuple(sizes(int(step)) for step in evals.steps)
    bounds = np.array([
        intervals.wilson(value, n) if n and 0 <= value <= 1 else (np.nan, np.nan)
        for value, n in zip(evals.values.tolist(), numbers, strict=True)
    ]).reshape(-1, 2)  # fmt: skip
    return replace(evals, low=bounds[:, 0], high=bounds[:, 1], sizes=numbers)


def _logged(run: Run, played: Played, settings: Settings) -> Seen:
    """A role's metric in the unit that its check judges: the penalty's weight and a mere sign taken out."""
    role, name = played.role, played.name
    seen = as_seen(role, name, run.history[name].dropna())
    weight = config_number(run, KL_WEIGHTS.get(run.framework, "")) if role == "kl" else None
    if weight:
        seen = seen.of(seen.values / weight, f"{name}, divided by {KL_WEIGHTS[run.framework]} = {weight:g}")
    if role in SIZES and (seen.values < 0).any():
        seen = seen.of(np.abs(seen.values), f"{seen.name}, without its sign")
    if role == "entropy" and len(seen.values) and seen.start < 0:
        seen = seen.of(-seen.values, f"{name}, its sign turned: it was logged as a loss")
    return _limited(seen, settings)


def _limited(
    seen: Seen, settings: Settings, spread: Seen | None = None, reward_range: tuple[float, float] | None = None
) -> Seen:
    """The signal with the threshold that judges it."""
    if seen.role not in LIMITS:
        return seen
    setting, words = LIMITS[seen.role]
    value = float(getattr(settings, setting))
    if spread is not None and seen.values is spread.values:  # of rewards, so a share of their range
        value *= reward_range[1] - reward_range[0] if reward_range else float(seen.values.max())
    shown = wording.percent(value, 0) if seen.unit == "share" else wording.number(value)
    return replace(seen, limit=value, limit_words=words.format(shown))


def _made(
    run: Run, seen: Mapping[str, Seen], reward_range: tuple[float, float] | None
) -> Iterator[tuple[str, Seen]]:
    """Signals that weren't logged as such but follow from others that were."""
    for role, make in (
        ("advantage_spread", _advantage_spread), ("response_length", _response_length), ("step_time", _step_time),
    ):  # fmt: skip
        if role not in seen:
            made = make(run, seen)
            if made is not None and len(made.values):
                yield role, made
    if "throughput" not in seen:
        made = _throughput(seen, seen.get("step_time") or _step_time(run, seen))
        if made is not None:
            yield "throughput", made


def _advantage_spread(run: Run, seen: Mapping[str, Seen]) -> Seen | None:
    """From the range of advantages, else from the spread of rewards in a group."""
    if "advantages_max" in seen and "advantages_min" in seen:
        span = (_series(seen["advantages_max"]) - _series(seen["advantages_min"])).dropna() / NORMAL_RANGE
        if len(span) >= LEAST:
            names = f"{seen['advantages_max'].name} minus {seen['advantages_min'].name}"
            return as_seen("advantage_spread", f"{names}, divided by {NORMAL_RANGE:g}", span)
    spread = seen.get("reward_spread")
    if spread is None or len(spread.values) < LEAST:
        return None
    name = f"{spread.name}, the deviation of rewards in a group"
    return replace(spread, role="advantage_spread", name=name)


def _response_length(run: Run, seen: Mapping[str, Seen]) -> Seen | None:
    """AReaL logs prompt and answer together, so the prompt is taken off."""
    if "sequence_length" not in seen or "prompt_length" not in seen:
        return None
    rest = (_series(seen["sequence_length"]) - _series(seen["prompt_length"])).dropna()
    name = f"{seen['sequence_length'].name} minus {seen['prompt_length'].name}"
    return as_seen("response_length", name, rest) if len(rest) >= LEAST else None


def _step_time(run: Run, seen: Mapping[str, Seen]) -> Seen | None:
    """Seconds of each step: AReaL's phases added up, else the clock between steps."""
    phases = [column for column in run.history.columns if str(column).startswith(PHASES)]
    if phases:
        sums = run.history[phases].sum(axis=1, min_count=1).dropna()
        return as_seen("step_time", f"the sum of {PHASES}*", sums)
    if run.elapsed_s is None or len(run.elapsed_s) < 3:
        return None
    gaps = np.diff(run.elapsed_s.to_numpy()) / np.maximum(np.diff(run.elapsed_s.index.to_numpy()), 1)
    series = pd.Series(gaps, index=run.elapsed_s.index[1:])
    return as_seen("step_time", "the clock between steps", series[series > 0])


def _throughput(seen: Mapping[str, Seen], seconds: Seen | None) -> Seen | None:
    """Tokens trained on over seconds, where tokens are counted a step."""
    if seconds is None or "tokens" not in seen:
        return None
    tokens = _series(seen["tokens"])
    if len(tokens) > 2 and (np.diff(tokens.to_numpy()) > 0).all():
        tokens = tokens.diff().dropna()  # a running total
    rate = (tokens / _series(seconds)).replace([np.inf, -np.inf], np.nan).dropna()
    name = f"{seen['tokens'].name} over {seconds.name}"
    return as_seen("throughput", name, rate) if len(rate) >= LEAST else None


def _ends(values: np.ndarray) -> tuple[float, float]:
    """Level at the start and at the end: medians of a tenth each, of at least three values."""
    size = max(3, int(PHASE * len(values)))
    if not len(values):
        return float("nan"), float("nan")
    return float(np.median(values[:size])), float(np.median(values[-size:]))


def _series(seen: Seen) -> pd.Series:
    return pd.Series(seen.values, index=seen.steps)


def _first_run(flags: np.ndarray, least: int) -> tuple[int, int]:
    """Start and length of the first stretch of at least `least` True; (0, 0) when there is none."""
    edges = np.diff(np.concatenate([[0], flags.astype(int), [0]]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    long = np.flatnonzero(ends - starts >= min(least, max(1, len(flags))))
    return (int(starts[long[0]]), int(ends[long[0]] - starts[long[0]])) if len(long) else (0, 0)
