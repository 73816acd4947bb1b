"""Where the time went: the phases of a step as rows, what was spent as sentences, and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, cast

from reportgen import wording
from reportgen.findings import Diagnosis, Phase, Times
from reportgen.render import shape
from reportgen.render.sparkline import sparkline

COLUMNS = ("Phase", "Share", "A step", "At the start", "At the end", "Over the run")
LINE = 24  # bars of a phase's course


def of_times(diagnosis: Diagnosis) -> dict[str, Any]:
    """What the section on time places."""
    assert diagnosis.times is not None
    bars = [{"width": f"{100 * phase.share:.1f}%"} for phase in diagnosis.times.phases]
    return {"columns": COLUMNS, "rows": tuple(zip(bars, time_rows(diagnosis), strict=True)),
            "spent": spent(diagnosis.times), "sources": sources(diagnosis.times)}  # fmt: skip


def time_rows(diagnosis: Diagnosis) -> tuple[tuple[str, ...], ...]:
    """One row a phase, in the order of COLUMNS."""
    return tuple(_row(phase, diagnosis) for phase in (diagnosis.times.phases if diagnosis.times else ()))


def _row(phase: Phase, diagnosis: Diagnosis) -> tuple[str, ...]:
    history = diagnosis.run.history
    there = [name for name in phase.metrics if name in history]
    course = sparkline(history[there].sum(axis=1, min_count=1).dropna().to_numpy(dtype=float), LINE) if there else ""
    ends = [_seconds(one) if one is not None else "\u2014" for one in (phase.first, phase.last)]
    return (phase.name, wording.percent(phase.share, 1), _seconds(phase.seconds), *ends, course)


def _seconds(value: float) -> str:
    return "under 0.01 s" if 0 < value < 0.005 else wording.duration(value)


def spent(times: Times) -> str:
    """What the run cost, and what of it came after the plateau."""
    parts = []
    if times.hours is not None:
        cost = ""
        if times.gpu_hours is not None and times.gpus:
            cost = f", {wording.gpu_hours(times.gpu_hours)} on {wording.plural(times.gpus, 'GPU')}"
        parts.append(f"{wording.hours(times.hours)} hours in all{cost}")
    if times.gpu_hours_per_point is not None:
        parts.append(f"{wording.gpu_hours(times.gpu_hours_per_point)} for each percentage point gained")
    if times.hours_after_plateau is not None and times.share_after_plateau is not None:
        share = wording.percent(times.share_after_plateau, 0)
        parts.append(f"{wording.hours(times.hours_after_plateau)} hours ({share}) after the curve had levelled off")
    return "; ".join(parts) + "." if parts else ""


def sources(times: Times) -> str:
    """Which metrics the phases are made of."""
    return "; ".join(f"{one.name}: {wording.listed(list(one.metrics), 4)}" for one in times.phases if one.metrics)


def times_json(diagnosis: Diagnosis) -> shape.TimesSaid | None:
    """The same for machines."""
    return cast(shape.TimesSaid, asdict(diagnosis.times)) if diagnosis.times is not None else None
