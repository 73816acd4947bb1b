"""What a diagnosis is made of: severities, figures as data, findings with their evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Literal

import pandas as pd

from reportgen.evals import Eval
from reportgen.metrics import Played
from reportgen.run import Run
from reportgen.samples import Samples
from reportgen.seen import Seen
from reportgen.settings import Settings
from reportgen.signals import Learning
from reportgen.signals.learning import Direction
from reportgen.signals.repeated import Course

Interval = tuple[float, float]  # low, high
Label = Literal["overfitting", "good_generalisation", "underfitting", "inconclusive"]
Decision = Literal["continue", "stop", "roll_back", "change_recipe", "inconclusive"]
State = Literal["measured", "not tested", "assumed", "not comparable", "not logged"]  # of a number on the page
Topic = Literal["learning", "generalisation", "policy", "rollouts", "system"]


class Severity(IntEnum):
    """How much a finding should move the reader."""

    OK = 0
    NOTE = 1
    WARNING = 2
    CRITICAL = 3

    @property
    def word(self) -> str:
        """ok, note, warning or critical."""
        return self.name.lower()


@dataclass(frozen=True)
class Mark:
    """A step, a band of steps or a level pointed at in a figure."""

    kind: Literal[
        "onset", "plateau", "baseline", "collapse", "restart", "epoch", "spike", "end", "threshold", "forecast", "named"
    ]
    label: str
    first: float | None = None  # step; None for a level
    last: float | None = None  # step, for a band
    value: float | None = None  # level, in the figure's unit


@dataclass(frozen=True)
class Figure:
    """A picture as data: a tidy frame and what to point at in it."""

    id: str
    title: str
    unit: str
    frame: pd.DataFrame  # columns step, value, low, high, series; finite but for low/high, in unit
    marks: tuple[Mark, ...] = ()
    kind: str = "lines"
    caption: str = ""
    ends: Interval | None = None  # level at its start and at its end as judged, in unit; None: first and last value


@dataclass(frozen=True)
class Finding:
    """One check's answer, with the numbers that carry it."""

    check: str
    severity: Severity
    headline: str  # what, how much, when
    detail: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)  # JSON-able; "rule" and "threshold" judged the rest
    steps: tuple[int, int] | None = None  # first and last step pointed at
    figure: Figure | None = None


@dataclass(frozen=True)
class Skipped:
    """A check that could not be made, and the metric it would need."""

    check: str
    missing: tuple[str, ...]  # metric names to log, best first
    reason: str  # one sentence: what to log


@dataclass(frozen=True)
class Scale:
    """What the train and eval reward are counted in."""

    accuracy: bool  # a share of problems solved, in [0, 1]
    range: tuple[float, float] | None  # None: not declared
    why: str
    comparable: bool = True  # train and eval are counted in the same unit


@dataclass(frozen=True)
class Gap:
    """Train level minus eval level at the end of a run."""

    train: float
    eval: float
    gap: float
    interval: Interval  # 95 %
    label: Label
    first_significant_step: int | None
    trend: tuple[tuple[int, float, float, float], ...] = ()  # step, gap, low, high at every eval
    confounders: tuple[str, ...] = ()
    state: State = "measured"  # "not tested": the eval's size is unknown, so a small set's error was taken
    interval_new: Interval | None = None  # 95 % for new problems, where `interval` is of the same ones again
    at_first: float | None = None  # the gap at the first eval; None: there was none early on

    @property
    def is_old(self) -> bool:
        """Whether it stood at the first eval already, so that nothing learned by heart explains it."""
        is_open = self.label == "inconclusive" and self.interval[0] > 0
        return is_open and self.at_first is not None and self.at_first > 0


@dataclass(frozen=True)
class Improvement:
    """What was gained over the base model, or over the level at the start."""

    baseline: float
    baseline_from: str  # "given", "logged at step 0", "logged at the start, step 1", "assumed", "first steps" …
    final: float
    final_step: int
    source: Literal["eval", "train"]
    absolute: float
    relative: float | None  # None: the baseline is 0 or the reward is no accuracy
    interval: Interval | None  # 95 %, of absolute; None: can't be told without n
    p_value: float | None
    smallest_visible: float | None  # smallest gain this eval set can see at 80 % power
    n: int | None  # problems in the eval set
    state: State = "measured"  # "assumed": so is the baseline, and nothing was tested; "not tested": no size
    interval_new: Interval | None = None  # 95 % for new problems, where `interval` is of the same ones again

    @property
    def over(self) -> str:
        """What the gain is a gain over; "the base model" only where its level was measured, given or assumed."""
        for origin in ("first steps", "first eval"):
            if self.baseline_from.startswith(origin):
                return f"the {origin}"
        return "the start" if self.baseline_from.startswith("logged at the start") else "the base model"

    @property
    def level_name(self) -> str:
        """How the level at the start is called beside its number."""
        return {"the start": "At the start"}.get(self.over, self.over.removeprefix("the ").capitalize())


@dataclass(frozen=True)
class EvalGain:
    """What one eval set gained from its first eval to its last, and where it is heading."""

    first: float
    best: float
    best_step: int
    last: float
    absolute: float  # last minus first
    interval: Interval | None  # 95 %; None: it can't be told
    p_value: float | None
    direction: Direction | None  # None: too few evals
    fall: float | None  # best minus last where that is more than chance; None: it isn't
    fall_p: float | None
    state: State = "measured"


@dataclass(frozen=True)
class Component:
    """One part of a reward: a reward function, and how it moved."""

    name: str  # as logged
    part: str  # "format"
    first: float  # mean of the first tenth
    last: float  # mean of the last tenth
    change: float
    interval: Interval | None  # 95 %, of change; None: too few values
    direction: Direction | None
    saturated_step: int | None  # from where on it stays at its top
    accuracy: bool = False  # a share of right answers by its name, never outside [0, 1]


@dataclass(frozen=True)
class Cast:
    """Which metrics stand for train and eval, and why those."""

    evals: tuple[Eval, ...] = ()  # the main one first
    components: tuple[Component, ...] = ()
    mixture: str | None = None  # the logged reward that mixes kinds, so is no accuracy
    filtered: str | None = None  # the train reward that counts kept groups alone
    filter_key: str | None = None  # config key that says so
    judged_by: str | None = None  # the metric taken instead of a mixture or a filtered reward

    @property
    def main(self) -> Eval | None:
        """The eval that gain, gap and checkpoints speak of."""
        return next((one for one in self.evals if one.main), None)

    @property
    def evals_decide(self) -> bool:
        """Whether the train reward counts kept groups alone, and there are evals to stand in for it."""
        return self.is_blind and self.main is not None

    @property
    def is_blind(self) -> bool:
        """Whether the train reward counts kept groups alone, so that it says nothing of what was learned."""
        return self.filtered is not None and self.judged_by is None


@dataclass(frozen=True)
class Checkpoints:
    """Which evaluated steps can't be told from the best, and the one to keep."""

    best_set: tuple[int, ...]
    earliest: int | None
    roll_back_to: int | None
    keep: int | None = None  # the best once sampling error is taken out
    level: float | None = None  # as evaluated there; the trend's where nothing was
    interval: Interval | None = None  # 95 % of that
    estimate: float | None = None  # corrected for having been picked as the best


@dataclass(frozen=True)
class Move:
    """A signal that left its course when something broke."""

    role: str
    signal: str  # as spoken: "clip fraction"
    check: str  # whose row has the evidence
    step: int  # where it left; of evals the last one before the fall
    until: int  # the same; of evals the first one after it
    way: Literal["rose", "fell"]
    before: float
    after: float
    unit: str


@dataclass(frozen=True)
class NextStep:
    """One thing to do, why, and where in the config."""

    action: str
    why: str
    key: str | None = None  # config key to touch
    check: str | None = None  # the check whose finding it follows from
    number: float | None = None  # that the action names, where no finding holds it


@dataclass(frozen=True)
class Number:
    """One of the few numbers that carry a verdict, with its interval."""

    label: str
    value: float  # accuracies and points as shares: 0.137 is shown as +13.70 pp
    unit: str  # "accuracy", "points", "step", or the metric's own
    interval: Interval | None
    context: str
    check: str  # the check that holds the evidence
    reference: float | None = None  # a value to mark on the interval's scale


@dataclass(frozen=True)
class Verdict:
    """The decision, in one sentence, with what carries it."""

    decision: Decision
    headline: str  # at most nine words, no full stop
    because: str  # at most seven words
    lead: str  # two or three sentences
    reasons: tuple[str, ...]
    next_steps: tuple[NextStep, ...]
    numbers: tuple[Number, ...] = ()
    severity: Severity = Severity.NOTE
    causes: tuple[Move, ...] = ()  # where something broke: the signals in the order in which they moved
    cause_line: str = ""  # the same in one line


@dataclass(frozen=True)
class Evidence:
    """What every check may look at: one run, its roles and what was fitted once."""

    run: Run
    roles: Mapping[str, Played]
    scale: Scale
    train: Learning | None
    eval: Learning | None
    gap: Gap | None
    improvement: Improvement | None
    checkpoints: Checkpoints | None
    samples: int | None = None  # rollouts that one train point averages
    gpus: int | None = None
    eval_n: int | None = None  # problems in the eval set
    outages: tuple[tuple[int, int], ...] = ()  # first and last step of stretches set aside before the fit
    late_evals: Course | None = None  # where the second half of the evals is heading; None: not tested
    seen: Mapping[str, Seen] = field(default_factory=dict)  # role -> signal as judged and as drawn
    cast: Cast = field(default_factory=Cast)
    eval_gains: tuple[EvalGain | None, ...] = ()  # one for each of cast.evals

    def values(self, role: str) -> pd.Series:
        """Series of the metric that plays a role, gaps dropped; KeyError when none does."""
        return self.run.history[self.roles[role].name].dropna()


@dataclass(frozen=True)
class Check:
    """One question asked of a run."""

    name: str  # "plateau"
    topic: Topic
    title: str  # "Plateau"
    question: str  # "Has the reward stopped paying off?"
    needs: tuple[str, ...]  # roles; a run without one of them skips the check
    look: Callable[[Evidence, Settings], Finding | Skipped]


@dataclass(frozen=True)
class Phase:
    """One phase of a step: rollout, update, evaluation …"""

    name: str
    metrics: tuple[str, ...]  # what was logged of it; none: what the others leave of the step
    seconds: float  # mean of a step, steps without it counted as 0
    share: float  # of the step; of all phases together where they overlap
    first: float | None  # seconds where it came, mean of the first tenth; None: it came once
    last: float | None


@dataclass(frozen=True)
class Times:
    """Where the time of a run went."""

    phases: tuple[Phase, ...]  # longest first, the rest last
    step_s: float  # mean seconds of a step
    overlap: float  # phases together over the step; 1: one after the other
    hours: float | None
    gpus: int | None
    gpu_hours: float | None
    gpu_hours_per_point: float | None  # for each percentage point gained, where the gain was tested
    hours_after_plateau: float | None  # None: no plateau, or the clock is unknown
    share_after_plateau: float | None  # the same, of all hours


@dataclass(frozen=True)
class Assumption:
    """Something taken for true that the run doesn't say."""

    name: str  # "baseline"
    value: Any
    text: str  # the sentence on the page


@dataclass(frozen=True)
class Diagnosis:
    """One run with everything that was found out about it."""

    run: Run
    roles: Mapping[str, Played]
    scale: Scale
    train: Learning | None
    eval: Learning | None
    gap: Gap | None
    improvement: Improvement | None
    checkpoints: Checkpoints | None
    findings: tuple[Finding, ...]  # reading order
    skipped: tuple[Skipped, ...]
    verdict: Verdict
    assumptions: tuple[Assumption, ...]
    settings: Settings
    eval_n: int | None = None  # problems in the eval set, logged or assumed
    samples: Samples | None = None  # what the model wrote, where rollouts were dumped
    seen: Mapping[str, Seen] = field(default_factory=dict)  # role -> signal as judged and as drawn
    cast: Cast = field(default_factory=Cast)
    eval_gains: tuple[EvalGain | None, ...] = ()  # one for each of cast.evals
    times: Times | None = None  # where the time went; None: no phase was timed

    def __repr__(self) -> str:
        """One line: the run and its verdict; `page` shows all of it."""
        return f"<Diagnosis {self.run.name or self.run.id!r}: {self.verdict.headline}>"

    @property
    def evals(self) -> tuple[Eval, ...]:
        """Every eval, the main one first."""
        return self.cast.evals

    @property
    def components(self) -> tuple[Component, ...]:
        """The parts of the reward, in logged order."""
        return self.cast.components

    def eval_size(self, step: int) -> int | None:
        """Problems behind the eval at a step; None when unknown."""
        declared = self.settings.eval_size
        if isinstance(declared, Mapping):
            return declared.get(step)
        return declared or self.eval_n

    def finding(self, check: str) -> Finding | None:
        """The finding of one check; None when it was skipped."""
        return next((found for found in self.findings if found.check == check), None)


