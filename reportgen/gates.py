"""Promises a run has to keep, and which of them it broke."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reportgen.findings import Diagnosis, Interval, Severity


@dataclass(frozen=True)
class Gates:
    """What a person asked of every run; None and False ask nothing."""

    fail_on: str | None = None  # "warning" or "critical"
    min_gain: float | None = None  # over the baseline, in the unit logged
    max_gap: float | None = None  # train minus eval, in the unit logged
    no_plateau: bool = False
    no_collapse: bool = False
    allow_inconclusive: bool = False


def failures(diagnoses: Iterable[Diagnosis], gates: Gates) -> tuple[str, ...]:
    """One sentence for each gate that a run did not pass."""
    return tuple(
        f"{diagnosis.run.name or diagnosis.run.id}: {sentence}"
        for diagnosis in diagnoses
        for sentence, inconclusive in _broken(diagnosis, gates)
        if not (inconclusive and gates.allow_inconclusive)
    )


def _broken(diagnosis: Diagnosis, gates: Gates) -> Iterator[tuple[str, bool]]:
    """(sentence, whether it merely can't be judged) for each gate not passed."""
    if gates.fail_on is not None:
        yield from _severe(diagnosis, Severity[gates.fail_on.upper()])
    if gates.min_gain is not None:
        yield from _min_gain(diagnosis, gates.min_gain)
    if gates.max_gap is not None:
        yield from _max_gap(diagnosis, gates.max_gap)
    if gates.no_plateau:
        yield from _no_plateau(diagnosis)
    if gates.no_collapse:
        yield from _no_collapse(diagnosis)


def _severe(diagnosis: Diagnosis, least: Severity) -> Iterator[tuple[str, bool]]:
    for finding in diagnosis.findings:
        if finding.severity >= least:
            yield f"{finding.severity.word}: {finding.headline}", False


def _min_gain(diagnosis: Diagnosis, least: float) -> Iterator[tuple[str, bool]]:
    gain = diagnosis.improvement
    if gain is None:
        yield "--min-gain: inconclusive: no baseline or no reward to judge the gain by; give --baseline", True
    elif gain.interval is None:
        yield "--min-gain: inconclusive: the gain has no interval; give --eval-size", True
    else:
        yield from _outside("--min-gain", "gain", gain.absolute, gain.interval, low=least)


def _max_gap(diagnosis: Diagnosis, most: float) -> Iterator[tuple[str, bool]]:
    if diagnosis.gap is None:
        yield "--max-gap: inconclusive: train and eval reward are not both there, or the eval size is unknown", True
    else:
        yield from _outside("--max-gap", "gap", diagnosis.gap.gap, diagnosis.gap.interval, high=most)


def _outside(
    flag: str, what: str, value: float, interval: Interval, *, low: float = float("-inf"), high: float = float("inf")
) -> Iterator[tuple[str, bool]]:
    """Nothing when the interval lies within low and high; else whether it lies wholly outside."""
    wholly = interval[1] < low or interval[0] > high
    if wholly or interval[0] < low or interval[1] > high:
        asked = f"at least {low:g}" if low > float("-inf") else f"at most {high:g}"
        found = f"{what} {value:.4g} [{interval[0]:.4g}, {interval[1]:.4g}], asked for {asked}"
        yield (f"{flag}: {found}" if wholly else f"{flag}: inconclusive: {found}"), not wholly


def _no_plateau(diagnosis: Diagnosis) -> Iterator[tuple[str, bool]]:
    plateau = diagnosis.train.plateau if diagnosis.train else None
    if plateau is None or plateau.plateaued is None:
        yield "--no-plateau: inconclusive: the train reward can't tell a plateau from noise", True
    elif plateau.plateaued:
        yield f"--no-plateau: plateaued from step {plateau.onset_step} on (p = {plateau.probability:.2f})", False


def _no_collapse(diagnosis: Diagnosis) -> Iterator[tuple[str, bool]]:
    for name, learning in (("train", diagnosis.train), ("eval", diagnosis.eval)):
        if learning is not None and learning.collapse.collapsed:
            yield f"--no-collapse: {name} reward collapsed from step {learning.collapse.peak_step} on", False
    if diagnosis.train is None:
        yield "--no-collapse: inconclusive: no train reward was found; name it with --metric train_reward=NAME", True
