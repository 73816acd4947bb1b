"""The figures that stand on every page of a run: its reward curve and its signals."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reportgen import wording
from reportgen.findings import Diagnosis, Figure, Finding, Mark, Skipped
from reportgen.run import Logged, Run
from reportgen.signals import Learning

SIGNALS = (  # role -> the check that judges it, in reading order
    ("policy_loss", "loss"),
    ("advantage_spread", "advantages"),
    ("advantages", "advantages"),
    ("zero_variance_groups", "zero_variance"),
    ("kl", "kl"),
    ("behaviour_kl", "behaviour_kl"),
    ("entropy", "entropy"),
    ("grad_norm", "grad_norm"),
    ("clip_fraction", "clip_fraction"),
    ("response_length", "response_length"),
    ("sequence_length", "response_length"),
    ("truncation", "truncation"),
    ("learning_rate", "learning_rate"),
    ("step_time", "step_time"),
    ("throughput", "throughput"),
)
BESIDE = {"advantages": "advantage_spread", "sequence_length": "response_length"}  # left out when the other is there
MOST_EVALS = 24  # small charts of evals or of parts; the table has them all
HARDWARE = (  # column of the hardware table -> title, unit
    (re.compile(r"(?:^|\.)gpu\.\d+\.gpu$"), "GPU utilisation", "% of the time, all GPUs"),
    (re.compile(r"(?:^|\.)gpu\.\d+\.memoryAllocated$"), "GPU memory", "% of the memory, all GPUs"),
)


@dataclass(frozen=True)
class Panel:
    """One small multiple: its figure, what was logged, and what the check said."""

    figure: Figure
    metric: str  # as logged
    level: float  # median of the last tenth, in the figure's unit
    finding: Finding | None
    skipped: Skipped | None = None


def reward(diagnosis: Diagnosis, key: str = "curve") -> Figure | None:
    """Raw train reward, its trend and forecast, the evals; None when no reward was logged."""
    parts = [*_train(diagnosis), *_evals(diagnosis)]
    if not parts:
        return None
    accuracy = diagnosis.scale.accuracy
    return Figure(
        id=key,
        title="Accuracy by step" if accuracy else "Reward by step",
        unit="accuracy" if accuracy else "",
        frame=pd.concat(parts, ignore_index=True),
        marks=tuple(_marks(diagnosis)),
        kind="reward",
    )


def panels(diagnosis: Diagnosis, key: str = "signal") -> tuple[Panel, ...]:
    """A small figure for every signal that has a role, then the hardware."""
    run = diagnosis.run
    shade = [mark for mark in _marks(diagnosis) if mark.kind in ("plateau", "restart", "collapse")]
    made: list[Panel] = []
    shown: set[str] = set()
    for role, check in SIGNALS:
        seen = diagnosis.seen.get(role)
        if BESIDE.get(role) in shown or seen is None:
            continue
        shown.add(role)
        finding = diagnosis.finding(check)
        limits = [
            mark for mark in (finding.figure.marks if finding and finding.figure else ()) if mark.kind == "threshold"
        ]
        if not limits and seen.limit is not None:
            limits = [Mark("threshold", seen.limit_words, value=seen.limit)]
        frame = _frame(seen.steps.astype(float), seen.values, seen.name)
        figure = Figure(
            f"{key}-{role.replace('_', '-')}", seen.title, seen.unit, frame, (*shade, *limits), kind="small",
            ends=(seen.start, seen.end),
        )  # fmt: skip
        skipped = next((item for item in diagnosis.skipped if item.check == check), None)
        made.append(Panel(figure, seen.name, seen.end, finding, skipped))
    return (*made, *_hardware(run, shade, key))


def eval_panels(diagnosis: Diagnosis, key: str) -> tuple[Panel, ...]:
    """A small figure for every eval, the main one first."""
    share = diagnosis.scale.accuracy
    return tuple(
        _of_values(f"{key}-{at}", one.label, one.accuracy or (one.main and share), one.values, one.name)
        for at, one in enumerate(diagnosis.evals[:MOST_EVALS])
        if len(one.values) > 1
    )


def part_panels(diagnosis: Diagnosis, key: str) -> tuple[Panel, ...]:
    """A small figure for every part of the reward."""
    history = diagnosis.run.history
    return tuple(
        _of_values(f"{key}-{at}", one.part, one.accuracy, history[one.name].dropna(), one.name)
        for at, one in enumerate(diagnosis.components[:MOST_EVALS])
        if one.name in history and history[one.name].notna().sum() > 1
    )


def _of_values(key: str, title: str, is_share: bool, values: pd.Series, name: str) -> Panel:
    figure = _small(key, wording.drawable(title, 60), "share" if is_share else "", values, [], name)
    return Panel(figure, name, float(values.iloc[-1]), None)


def hardware_steps(run: Run) -> pd.DataFrame | None:
    """The hardware table by step instead of seconds; None when either clock is missing."""
    if run.system is None or run.system.empty or run.elapsed_s is None or len(run.elapsed_s) < 2:
        return None
    steps = np.interp(
        run.system.index.to_numpy(float), run.elapsed_s.to_numpy(float), run.elapsed_s.index.to_numpy(float)
    )
    return run.system.set_axis(pd.Index(steps, name="step"), axis=0)


def _hardware(run: Run, shade: list[Mark], key: str) -> Iterator[Panel]:
    table = hardware_steps(run)
    if table is None:
        return
    for pattern, title, unit in HARDWARE:
        columns = [name for name in table if pattern.search(str(name))]
        values = table[columns].mean(axis=1).dropna() if columns else pd.Series(dtype=float)
        if not values.empty:
            figure = _small(f"{key}-{title.lower().replace(' ', '-')}", title, unit, values, shade, title)
            yield Panel(figure, wording.listed(columns), Logged.of(values.to_numpy(float)).end_level, None)


def _small(key: str, title: str, unit: str, values: pd.Series, marks: list[Mark], name: str) -> Figure:
    frame = _frame(values.index.to_numpy(float), values.to_numpy(float), name)
    return Figure(id=key, title=title, unit=unit, frame=frame, marks=tuple(marks), kind="small")


def _train(diagnosis: Diagnosis) -> Iterator[pd.DataFrame]:
    rewards = diagnosis.seen.get("train_reward")
    if rewards is not None:
        yield _frame(rewards.steps.astype(float), rewards.values, "train")
    if diagnosis.train is not None and len(diagnosis.train.curve.steps):
        curve, last = diagnosis.train.curve, diagnosis.train.last_step
        past, ahead = curve.steps <= last, curve.steps >= last
        if past.sum() > 1:
            yield _frame(curve.steps[past], curve.mid[past], "trend", curve.low[past], curve.high[past])
        if ahead.sum() > 1:
            yield _fan(diagnosis.train, ahead)


def _fan(train: Learning, ahead: np.ndarray) -> pd.DataFrame:
    """The curve beyond the run, moved so that it says at each forecast's step what the forecast says."""
    steps = train.curve.steps[ahead]
    points = [point for point in train.forecast if point.step > train.last_step]
    knots = [float(train.last_step), *(float(point.step) for point in points)]

    def moved(curve: np.ndarray, wanted: list[float]) -> np.ndarray:
        change = np.array(wanted) - np.interp(knots[1:], steps, curve)
        return curve + np.interp(steps, knots, [0.0, *change])

    low = moved(train.curve.low[ahead], [point.low for point in points])
    high = moved(train.curve.high[ahead], [point.high for point in points])
    return _frame(steps, moved(train.curve.mid[ahead], [point.mid for point in points]), "forecast", low, high)


def _evals(diagnosis: Diagnosis) -> Iterator[pd.DataFrame]:
    """Every eval with its 95 % interval where the eval set's size is known; not when in another unit."""
    evals = diagnosis.seen.get("eval_reward")
    if evals is not None and diagnosis.scale.comparable:
        yield _frame(evals.steps.astype(float), evals.values, "eval", evals.low, evals.high)


def _frame(
    steps: np.ndarray, values: np.ndarray, name: str, low: np.ndarray | None = None, high: np.ndarray | None = None
) -> pd.DataFrame:
    nothing = np.full(len(steps), np.nan)
    edges = {"low": nothing if low is None else low, "high": nothing if high is None else high}
    return pd.DataFrame({"step": steps, "value": values, **edges, "series": name})


def _marks(diagnosis: Diagnosis) -> Iterator[Mark]:
    """What the reward curve points at."""
    run, train, improvement = diagnosis.run, diagnosis.train, diagnosis.improvement
    if improvement is not None:
        level = wording.level(improvement.baseline, diagnosis.scale.accuracy)
        yield Mark("baseline", f"{improvement.level_name} {level}", value=improvement.baseline)
    for step in run.restarts:
        yield Mark("restart", f"restart at {wording.count(step)}", first=step)
    if run.steps_per_epoch:
        yield from _epochs(run)
    if train is not None:
        yield from _learned(train)


def _epochs(run: Run) -> Iterator[Mark]:
    first, last, size = int(run.history.index[0]), int(run.history.index[-1]), run.steps_per_epoch or 1
    for number, step in enumerate(range(first - 1 + size, last + 1, size), start=1):
        yield Mark("epoch", f"epoch {number}", first=step)


def _learned(train: Learning) -> Iterator[Mark]:
    """The plateau with its onset, the fall, and the forecasts."""
    plateau, last = train.plateau, train.last_step
    if plateau.plateaued and plateau.onset_step is not None:
        yield Mark("plateau", "plateau", first=plateau.onset_step, last=last)
        low, high = plateau.onset_interval or (plateau.onset_step, plateau.onset_step)
        label = f"Plateau from step {wording.count(plateau.onset_step)} {wording.steps((low, high))}"
        yield Mark("onset", label, first=low, last=high, value=plateau.onset_step)
    if train.collapse.collapsed and train.collapse.onset_step is not None:
        yield Mark(
            "collapse", f"falls from step {wording.count(train.collapse.onset_step)}", first=train.collapse.onset_step
        )
    ahead = [point for point in train.forecast if point.step > last]
    if ahead:
        yield Mark("end", "run ends", first=last)
    for point in ahead:
        ratio = (point.step - train.first_step + 1) / (last - train.first_step + 1)
        yield Mark("forecast", f"{wording.number(ratio, 2)}× the run", first=point.step)
