"""Promises a run has to keep, and what became of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from xml.etree import ElementTree

from reportgen import wording
from reportgen.errors import SettingsError
from reportgen.findings import Diagnosis, Interval, Severity

State = Literal["passed", "failed", "inconclusive"]


@dataclass(frozen=True)
class Gates:
    """What a person asked of every run; None and False ask nothing."""

    fail_on: str | None = None  # "warning" or "critical"
    min_gain: float | None = None  # over the baseline, in the unit logged
    max_gap: float | None = None  # train minus eval, in the unit logged
    no_plateau: bool = False
    no_collapse: bool = False
    allow_inconclusive: bool = False


@dataclass(frozen=True)
class Result:
    """What became of one gate on one run."""

    run: str  # its name
    gate: str  # as it is typed: "--min-gain"
    state: State
    said: str  # what was found, and what was asked for
    breaks: bool  # fails the job: failed, or inconclusive and that isn't allowed

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Result:
        """The result that a report's JSON tells."""
        return cls(str(told["run"]), str(told["gate"]), told["state"], str(told["said"]), bool(told["breaks"]))

    @property
    def outcome(self) -> str:
        """The state, and whether one that can't be judged was allowed."""
        return f"{self.state}, allowed" if self.state == "inconclusive" and not self.breaks else self.state


def results(diagnoses: Iterable[Diagnosis], gates: Gates) -> tuple[Result, ...]:
    """Each gate that was asked for, on each run.

    A gate passes when the whole 95 % interval lies on its right side, fails when it lies on the wrong one, and is
    inconclusive in between or without the numbers. Raises SettingsError for a gain or gap that no accuracy can have.
    """
    judged = []
    for diagnosis in diagnoses:
        _possible(diagnosis, gates)
        for gate, state, said in _judged(diagnosis, gates):
            breaks = state == "failed" or (state == "inconclusive" and not gates.allow_inconclusive)
            judged.append(Result(diagnosis.run.name or diagnosis.run.id, gate, state, said, breaks))
    return tuple(judged)


def told(judged: Iterable[Result]) -> tuple[str, ...]:
    """One sentence for each result that fails the job."""
    return tuple(
        f"{one.run}: {one.gate}: {'inconclusive: ' if one.state == 'inconclusive' else ''}{one.said}"
        for one in judged
        if one.breaks
    )


def junit(judged: Iterable[Result]) -> str:
    """The results as JUnit XML: a suite a run, a case a gate; CI services show it as tests."""
    root = ElementTree.Element("testsuites", name="reportgen")
    by_run: dict[str, list[Result]] = {}
    for one in judged:
        by_run.setdefault(one.run, []).append(one)
    for run, its in by_run.items():
        failed = str(sum(one.breaks for one in its))
        suite = ElementTree.SubElement(root, "testsuite", name=_xml(run), tests=str(len(its)), failures=failed)
        for one in its:
            case = ElementTree.SubElement(suite, "testcase", classname=_xml(run), name=one.gate)
            if one.breaks:
                ElementTree.SubElement(case, "failure", message=_xml(one.said), type=one.state)
            elif one.state == "inconclusive":
                ElementTree.SubElement(case, "skipped", message=_xml(one.said))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _xml(text: str) -> str:
    """A text without what XML 1.0 can't hold."""
    return wording.printable(text, 2_000)


def _possible(diagnosis: Diagnosis, gates: Gates) -> None:
    for flag, value in (("--min-gain", gates.min_gain), ("--max-gap", gates.max_gap)):
        if value is not None and abs(value) > 1 and diagnosis.scale.accuracy:
            raise SettingsError(
                f"{flag} {value:g}: the reward of {diagnosis.run.name or diagnosis.run.id} is an accuracy, no share is "
                f"more than 1; write {value:g}pp for percentage points"
            )


def _judged(diagnosis: Diagnosis, gates: Gates) -> Iterator[tuple[str, State, str]]:
    """(gate, state, what was found) for each gate asked for."""
    if gates.fail_on is not None:
        yield from _severe(diagnosis, gates.fail_on)
    if gates.min_gain is not None:
        yield ("--min-gain", *_min_gain(diagnosis, gates.min_gain))
    if gates.max_gap is not None:
        yield ("--max-gap", *_max_gap(diagnosis, gates.max_gap))
    if gates.no_plateau:
        yield ("--no-plateau", *_no_plateau(diagnosis))
    if gates.no_collapse:
        yield ("--no-collapse", *_no_collapse(diagnosis))


def _severe(diagnosis: Diagnosis, least: str) -> Iterator[tuple[str, State, str]]:
    gate = f"--fail-on {least}"
    found = [one for one in diagnosis.findings if one.severity >= Severity[least.upper()]]
    for one in found:
        yield gate, "failed", f"{one.severity.word}: {one.headline}"
    if not found:
        yield gate, "passed", f"nothing as severe as {least} was found"


def _min_gain(diagnosis: Diagnosis, least: float) -> tuple[State, str]:
    gain = diagnosis.improvement
    if gain is None:
        return "inconclusive", "no baseline or no reward to judge the gain by; give --baseline"
    if gain.interval is None:
        return "inconclusive", "the gain has no interval; give --eval-size"
    return _outside("gain", gain.absolute, gain.interval, diagnosis.scale.accuracy, low=least)


def _max_gap(diagnosis: Diagnosis, most: float) -> tuple[State, str]:
    if diagnosis.gap is None:
        return "inconclusive", "train and eval reward are not both there, or the eval size is unknown"
    return _outside("gap", diagnosis.gap.gap, diagnosis.gap.interval, diagnosis.scale.accuracy, high=most)


def _outside(
    what: str, value: float, interval: Interval, accuracy: bool, *, low: float = float("-inf"),
    high: float = float("inf"),
) -> tuple[State, str]:  # fmt: skip
    """Passed when the interval lies within low and high, failed when wholly outside."""
    limit = wording.difference(low if low > float("-inf") else high, accuracy).lstrip("+")
    asked = f"at least {limit}" if low > float("-inf") else f"at most {limit}"
    said = (f"{what} {wording.difference(value, accuracy)} {wording.interval(interval, accuracy)}, "
            f"asked for {asked}")  # fmt: skip
    if interval[1] < low or interval[0] > high:
        return "failed", said
    return ("inconclusive" if interval[0] < low or interval[1] > high else "passed"), said


def _no_plateau(diagnosis: Diagnosis) -> tuple[State, str]:
    plateau = diagnosis.train.plateau if diagnosis.train else None
    if plateau is None or plateau.plateaued is None:
        return "inconclusive", "the train reward can't tell a plateau from noise"
    if plateau.plateaued:
        return "failed", f"plateaued from step {plateau.onset_step} on (p = {plateau.probability:.2f})"
    return "passed", f"no plateau (p = {plateau.probability:.2f})"


def _no_collapse(diagnosis: Diagnosis) -> tuple[State, str]:
    fallen = [
        f"{name} reward collapsed from step {learning.collapse.peak_step} on"
        for name, learning in (("train", diagnosis.train), ("eval", diagnosis.eval))
        if learning is not None and learning.collapse.collapsed
    ]
    if fallen:
        return "failed", "; ".join(fallen)
    if diagnosis.train is None:
        return "inconclusive", "no train reward was found; name it with --metric train_reward=NAME"
    return "passed", "neither train nor eval reward collapsed"
