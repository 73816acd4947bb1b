"""Several logs of one run as one: the steps of resumed, rewound and restarted segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from reportgen import axis as axes
from reportgen import metrics, trainers
from reportgen.naming import Key
from reportgen.sources.wandb.segment import Segment

Part = tuple[dict[Key, np.ndarray], list[tuple[int, Key, float]]]  # columns, and (row, key, value) of nan and inf
NO_MARKER = (0, 31)  # the first SDK that writes whether an offline run is resumed


@dataclass
class Joined:
    """The rows of every log of a run, one after the other."""

    columns: dict[Key, np.ndarray]  # each (n_rows,)
    nonfinite: list[tuple[int, Key, float]]
    notes: list[str]
    launches: np.ndarray | None = None  # (n_rows,) the launch of each row; None: one log, which doesn't say


def in_order(segments: Sequence[Segment]) -> list[Segment]:
    """The logs of a run in the order in which they were begun."""
    latest = datetime.max.replace(tzinfo=UTC)
    return sorted(segments, key=lambda segment: (segment.started or latest, segment.path))


def join(segments: Sequence[Segment]) -> Joined:
    """The rows of a run's logs, given in order, by W&B's own rules for runs that go on.

    A log that was rewound cuts off the earlier rows behind its branching point. One that counts its own steps
    from 0 again is counted on from the step before, as `wandb sync` does. Steps that the program itself gave
    stay; where they overlap, from_rows lets the later log's values win.
    """
    if len(segments) == 1:
        (only,) = segments
        return Joined(*_rows(only), [])
    parts: list[Part] = []
    notes: list[str] = []
    launches = [0]
    for number, segment in enumerate(segments):
        columns, nonfinite = _rows(segment)
        if segment.branch and segment.branch[0] == segment.run_id:
            parts = [_before(part, segment.branch[1]) for part in parts]
            notes.append(f"log {number + 1} of {len(segments)} was rewound to step {segment.branch[1]:.0f}: "
                         "what was logged behind it before is left out")  # fmt: skip
        elif (last := _last(parts)) is not None and _counts_anew(segment, columns):
            columns["_step"] = _counted_on(columns["_step"], last)
            notes.append(f"log {number + 1} of {len(segments)} counts its steps from 0 again: they are counted on from "
                         f"{last + 1:.0f}, as wandb sync does")  # fmt: skip
        if parts:
            launches.append(launches[-1] + (not any(_at_once(part[0], columns) for part in parts)))
        parts.append((columns, nonfinite))
    return _stacked(parts, launches, notes)


def of_last_run(segments: list[Segment]) -> tuple[list[Segment], list[str]]:
    """The logs since the run was begun from its first step for the last time, and a sentence on those before."""
    begun, first, notes = 0, _first_step(segments[0]), []
    for number, segment in enumerate(segments[1:], start=1):
        columns = segment.rows.columns()
        own = _first_step(segment)
        if own is None or segment.branch or _counts_anew(segment, columns):
            continue
        if any(_at_once(other.rows.columns(), columns) for other in segments[begun:number]):
            continue
        if first is not None and own <= first:
            notes += [f"an earlier launch of this run's id began at the first step too and is a run of its own: "
                      f"{Path(one.path).parent} reads it" for one in segments[begun:number]]  # fmt: skip
            begun, first = number, own
    return segments[begun:], notes


def _first_step(segment: Segment) -> float | None:
    """The first step of a log by the run's own axis; None when it has none."""
    table = {key if isinstance(key, str) else ".".join(key): values for key, values in segment.rows.columns().items()}
    if not len(table["_step"]):
        return None
    trainer = trainers.by_name(metrics.framework(table))
    played = metrics.roles(table, trainer=trainer.name).get("train_reward")
    axis = axes.main(table, played.name if played else None, segment.axes(), trainer)
    if axis is None:
        return None
    steps = table[axis] if played is None else table[axis][np.isfinite(table[played.name])]
    return float(np.nanmin(steps)) if np.isfinite(steps).any() else None


def _at_once(earlier: Mapping[Key, np.ndarray], later: Mapping[Key, np.ndarray]) -> bool:
    """Whether two logs were written at the same time, by two processes of one run."""
    spans = [columns["_timestamp"] for columns in (earlier, later) if "_timestamp" in columns]
    if len(spans) < 2 or not all(np.isfinite(span).any() for span in spans):
        return False
    return bool(np.nanmin(spans[1]) < np.nanmax(spans[0]) and np.nanmin(spans[0]) < np.nanmax(spans[1]))


def _rows(segment: Segment) -> Part:
    """A log's columns, and its nan and inf, without the leaves of media."""
    columns = segment.rows.columns()
    nonfinite = [odd for odd in segment.rows.nonfinite if odd[1] in columns]
    first = segment.explicit.first_step
    if not segment.lost_first_row or first is None:
        return columns, nonfinite
    # an empty row for the damaged first one: steps may be counted from it
    begun = {key: np.insert(values, 0, first if key == "_step" else np.nan) for key, values in columns.items()}
    return begun, [(row + 1, key, value) for row, key, value in nonfinite]


def _counts_anew(segment: Segment, columns: Mapping[Key, np.ndarray]) -> bool:
    """Whether a resumed log counts steps by itself, from 0 again.

    AReaL gives each step itself. SDKs before 0.31 don't say whether a run is resumed; there two logs of one
    id are taken to be.
    """
    steps = columns["_step"]
    names = [key if isinstance(key, str) else ".".join(key) for key in columns]
    may_resume = segment.is_resumed or _version(segment) < NO_MARKER
    return may_resume and len(steps) > 0 and steps[0] == 0 and metrics.framework(names) != "areal"


def _version(segment: Segment) -> tuple[int, ...]:
    """The SDK's version as numbers, (0,) when it isn't known."""
    numbers = str(segment.known.get("wandb_version", "")).split(".")[:2]
    return tuple(int(number) for number in numbers if number.isdecimal()) or (0,)


def _counted_on(steps: np.ndarray, last: float) -> np.ndarray:
    """Steps (n,) that each stand behind `last` and behind the one before: W&B's rule for resumed runs."""
    order = np.arange(len(steps))
    return np.maximum.accumulate(np.maximum(steps, last + 1) - order) + order


def _last(parts: Sequence[Part]) -> float | None:
    """The last step of the rows so far, None when there are none."""
    return next((float(columns["_step"][-1]) for columns, _ in reversed(parts) if len(columns["_step"])), None)


def _before(
    part: Part, step: float
) -> Part:
    """The rows of a log up to a step."""
    columns, nonfinite = part
    kept = columns["_step"] <= step
    row = np.cumsum(kept) - 1
    return (
        {key: values[kept] for key, values in columns.items()},
        [(int(row[at]), key, value) for at, key, value in nonfinite if kept[at]],
    )


def _stacked(parts: Sequence[Part], launches: Sequence[int], notes: list[str]) -> Joined:
    """The rows of every log below one another; those of logs written at once in the order of their clocks."""
    lengths = [len(columns["_step"]) for columns, _ in parts]
    ends = np.cumsum(lengths)
    keys = dict.fromkeys(key for columns, _ in parts for key in columns)
    stacked = {key: np.full(int(ends[-1]), np.nan) for key in keys}
    for (columns, _), length, end in zip(parts, lengths, ends, strict=True):
        for key, values in columns.items():
            stacked[key][end - length : end] = values
    shifted = [
        (int(end - length) + row, key, value)
        for (_, nonfinite), length, end in zip(parts, lengths, ends, strict=True)
        for row, key, value in nonfinite
    ]
    launch = np.repeat(np.array(launches), lengths)
    if len(set(launches)) < len(launches) and "_timestamp" in stacked:
        order = np.lexsort((stacked["_timestamp"], launch))
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        stacked = {key: values[order] for key, values in stacked.items()}
        shifted = [(int(rank[row]), key, value) for row, key, value in shifted]
        launch = launch[order]
        notes.append("logs that were written at the same time are of processes of one launch")
    return Joined(stacked, shifted, notes, launch)
