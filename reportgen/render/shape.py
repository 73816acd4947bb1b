"""What the JSON holds: every object's fields and their types; the schema and its reference are made of it."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from reportgen.choice import Choice
from reportgen.comparison import Pair
from reportgen.evals.series import Origin
from reportgen.findings import (
    Assumption,
    Checkpoints,
    Decision,
    Improvement,
    Interval,
    Label,
    Move,
    NextStep,
    Number,
    Severity,
    Skipped,
    State,
)
from reportgen.gates import Result
from reportgen.recipes import Effect
from reportgen.report.since import Since, Told
from reportgen.run import Logged
from reportgen.run import State as RunState
from reportgen.samples import StepShares
from reportgen.signals.learning import Direction, ForecastPoint

SCHEMA: Literal[1] = 1  # counted up when a field goes away or changes its meaning; new ones may come at any time


class RecordSaid(TypedDict):
    """What came of real runs that were given an advice."""

    n: int  # cuts of real runs told so
    rose: int  # clearly, afterwards
    fell: int


class Tool(TypedDict):
    """What wrote the document."""

    name: Literal["reportgen"]
    version: str
    record: dict[str, RecordSaid]  # advice -> what came of it, of any run's report


class Steps(TypedDict):
    """How far a run came."""

    first: int
    last: int
    count: int  # steps that have a train reward; all logged steps when there is none
    logged: int  # all logged steps


class ScaleSaid(TypedDict):
    """What the train and eval reward are counted in."""

    accuracy: bool  # a share of problems solved, in [0, 1]
    range: tuple[float, float] | None  # lowest and highest possible reward; null: not declared
    why: str


class PlateauSaid(TypedDict):
    """Whether the series has stopped changing, and since when."""

    plateaued: bool | None  # null: inconclusive
    onset_step: int | None  # likely first step of the plateau, when there may be one
    onset_interval: tuple[int, int] | None  # 90 %
    confidence: float  # probability of a plateau
    tolerance: float  # change that doesn't count, in reward units
    dwell_steps: int  # steps that it must hold
    settled_by: str | None  # what would settle an inconclusive answer


class TrendSaid(TypedDict):
    """Where the series is heading at its end."""

    direction: Direction | None  # null: too few points
    slope_per_step: float
    interval: tuple[float, float]  # 90 %, of the slope
    probability: float  # of the direction named


class CollapseSaid(TypedDict):
    """Whether the series rose, fell for good, and how far."""

    collapsed: bool
    peak_step: int | None  # last step at the top
    onset_step: int | None  # first step at which the fall is more than the tolerance
    peak_level: float | None
    drop: float | None  # peak level minus the level at the end
    probability: float


class BackTestSaid(TypedDict):
    """A forecast made from the first two thirds, held against what came."""

    cut_step: int  # last step that the forecast could see
    low: float
    mid: float
    high: float
    seen: float  # mean of the last 10 % of the run
    hit: bool  # what came lies in the interval


class Level90(TypedDict):
    """A level of the trend with its 90 % interval."""

    low: float
    mid: float
    high: float


class Learned(TypedDict):
    """What one series of rewards tells about learning; all null when there is no such series."""

    plateau: PlateauSaid | None
    trend: TrendSaid | None
    collapse: CollapseSaid | None
    forecast: list[ForecastPoint] | None  # at 1.5 and 2 times the run
    next_point_step: int | None  # step by which one more point of reward is expected; null: no finite estimate
    next_point: float | None  # size of that next point, in reward units
    back_test: BackTestSaid | None  # null: the run is too short to be cut
    start_level: float | None  # the trend at the first step
    end_level: Level90 | None  # the trend at the last step
    noise_sd: float | None  # of one logged value around the trend, in reward units
    p_rise: float | None  # that the mean rises by more than the tolerance in another half run
    p_still: float | None  # p of one level explaining all of it; None: noise was not weighed
    p_fall: float | None  # that it falls by as much


class Point(TypedDict):
    """A value at a step."""

    step: int
    value: float


class Gained(TypedDict):
    """What an eval gained from its first value to its last."""

    absolute: float
    interval: Interval | None  # 95 %; null: it can't be told
    p_value: float | None
    state: State


class GainedEval(TypedDict):
    """Where an eval began, was best and ended; nulls when it has no value."""

    first: float | None
    best: float | None
    best_step: int | None
    last: float | None
    gain: Gained | None
    direction: Direction | None  # null: too few evals
    fall: float | None  # best minus last where that is more than chance
    fall_p: float | None


class EvalSaid(GainedEval):
    """One eval set; those of a run stand in `evals`, the main one first."""

    name: str  # of the metric, as logged
    names: list[str]  # every metric that it stood under
    set: str | None  # "openai/gsm8k"; null when the name doesn't tell
    kind: str  # "mean@1", "pass@8", "reward"
    problems: int | None
    problems_state: Origin
    main: bool  # the one that gain, gap and checkpoints speak of
    why: str | None  # why it is the main one
    own: bool | None  # problems of the data that the run trains on; false: transfer; null: not known
    accuracy: bool  # a share of right answers
    values: list[Point]


class EvalPoint(TypedDict):
    """One value of the main eval with its 95 % interval."""

    step: int
    value: float
    low: float | None  # null: the eval set's size is unknown
    high: float | None
    n: int | None  # problems


class ComponentSaid(TypedDict):
    """One part of the reward and how it moved."""

    name: str  # as logged
    part: str  # "format"
    first: float  # mean of the first tenth
    last: float  # mean of the last tenth
    change: float
    interval: Interval | None  # 95 %, of change; null: too few values
    direction: Direction | None
    saturated_step: int | None  # from where on it stays at its top
    accuracy: bool  # a share of right answers
    state: State


class PhaseSaid(TypedDict):
    """One phase of a step."""

    name: str  # "rollout"
    metrics: list[str]  # what was logged of it; none: what the others leave of the step
    seconds: float  # mean of a step, steps without it counted as 0
    share: float  # of the step; of all phases together where they overlap
    first: float | None  # seconds where it came, mean of the first tenth
    last: float | None


class TimesSaid(TypedDict):
    """Where the time of a run went."""

    phases: list[PhaseSaid]  # longest first, the rest last
    step_s: float
    overlap: float  # phases together over the step; 1: one after the other
    hours: float | None
    gpus: int | None
    gpu_hours: float | None
    gpu_hours_per_point: float | None  # for each percentage point gained, where the gain was tested
    hours_after_plateau: float | None
    share_after_plateau: float | None  # the same, of all hours


class GapPoint(TypedDict):
    """The gap at one eval with its 95 % interval."""

    step: int
    gap: float
    low: float
    high: float


class GapSaid(TypedDict):
    """Train level minus eval level at the end of a run."""

    train: float
    eval: float
    gap: float
    interval: Interval  # 95 %
    label: Label
    first_significant_step: int | None
    trend: list[GapPoint]  # at every eval
    confounders: tuple[str, ...]
    state: State  # "not tested": the eval's size is unknown, so a small set's error was taken
    interval_new: Interval | None  # 95 % for new problems, where `interval` is of the same ones again
    at_first: float | None  # the gap at the first eval; null: there was none early on


class SignalSaid(TypedDict):
    """One signal as it is judged and drawn."""

    title: str
    source: str  # what it was read from, in words
    unit: str
    start: float  # median of the first tenth, in the unit judged
    end: float  # of the last tenth
    times: float | None  # end over start; null: it starts at 0
    lowest: float
    highest: float
    limit: float | None  # beyond which a check speaks up


class NonFiniteSaid(TypedDict):
    """A logged nan or inf."""

    step: int
    metric: str
    value: str  # "nan", "inf" or "-inf"


class TurnedSaid(TypedDict):
    """Problems of the eval that were solved at one step and not at the other."""

    before: int  # step
    after: int
    n_problems: int
    won: int
    lost: int


class SamplesSaid(TypedDict):
    """Counts of what the model wrote; no text of it."""

    source: str
    count: int
    length_in: str  # "tokens" or "characters"
    turned: TurnedSaid | None
    steps: tuple[StepShares, ...]


class FindingSaid(TypedDict):
    """One check's answer, with the numbers that carry it."""

    check: str  # "plateau"
    severity: Severity
    headline: str  # what, how much, when
    detail: str
    steps: tuple[int, int] | None  # first and last step pointed at
    evidence: dict[str, Any]  # its numbers; "rule" and "threshold" judged the rest


class VerdictSaid(TypedDict):
    """The decision, with what carries it."""

    decision: Decision
    severity: Severity
    headline: str
    because: str
    lead: str  # two or three sentences
    causes: tuple[Move, ...]  # where something broke: the signals in the order in which they moved
    cause_line: str | None  # the same in one line
    reasons: list[str]
    next_steps: list[str]
    next_steps_in_full: tuple[NextStep, ...]
    numbers: tuple[Number, ...]


class RunSaid(Learned):
    """One run; plateau, trend, collapse and forecast are of its train reward."""

    id: str
    name: str
    source: str  # where every number came from
    framework: str | None  # trainer, "areal"
    state: RunState
    started: str | None  # ISO 8601, UTC
    runtime_s: float | None
    steps: Steps
    steps_per_epoch: int | None
    restarts: list[int]  # steps at which a later attempt took over
    scale: ScaleSaid
    roles: dict[str, str]  # role -> metric that plays it
    eval: Learned | None  # of the main eval; null: too few evals
    evals: list[EvalSaid]
    eval_points: list[EvalPoint]  # of the main eval
    components: list[ComponentSaid]  # parts of the reward
    times: TimesSaid | None  # where the time went; null: no phase was timed
    gap: GapSaid | None
    improvement: Improvement | None
    checkpoints: Checkpoints | None
    causes: tuple[Move, ...]  # as in the verdict
    signals: dict[str, SignalSaid]  # role -> signal as it is judged and drawn
    metrics: dict[str, Logged]  # every logged metric in a few numbers
    nonfinite: list[NonFiniteSaid]
    config: dict[str, Any]  # flat dotted keys, secrets out
    removed: list[str]  # where a secret was taken out
    provenance: dict[str, Any]
    notes: list[str]
    samples: SamplesSaid | None  # null: no rollouts were dumped
    findings: list[FindingSaid]
    skipped: tuple[Skipped, ...]  # checks that could not be made, and what to log for them
    verdict: VerdictSaid


class LevelSaid(TypedDict):
    """Where one run ended on the measure that ranks; nulls when it has none."""

    run: str
    value: float | None
    interval: Interval | None  # 95 %
    step: int | None
    n: int | None  # problems of the eval set; null for train


class CostSaid(TypedDict):
    """Hours of a run."""

    run: str
    hours: float | None
    gpus: int | None
    gpu_hours: float | None
    gain: float | None  # level over the run's own baseline
    gain_per_hour: float | None  # per GPU-hour where GPUs are known
    points: tuple[tuple[float, float], ...]  # hours since the start, level


class ReachedSaid(TypedDict):
    """A level worth reaching, and the hours that each run took."""

    level: float
    unit: str  # "GPU-hours" or "Hours"
    hours: dict[str, float | None]  # label -> hours; null: never


class RecipeSaid(TypedDict):
    """One recipe with all its seeds."""

    name: str  # "lr=1e-06, beta=0"
    labels: tuple[str, ...]  # its runs, best first
    values: tuple[float, ...]  # their levels, same order
    mean: float
    interval: Interval | None  # 95 % of the mean, seeds' noise included
    state: Literal["measured", "not tested"]
    iqm: float | None  # mean of the middle half of the values; null: too few
    behind: float | None  # what the leader is ahead by; null for the leader
    behind_interval: Interval | None  # 95 %, simultaneously with all others
    p: float | None  # corrected for as many comparisons as there were
    improvement: float | None  # probability that a run of the leader is better than one of this
    keep: str  # the run to keep


class GroupSaid(TypedDict):
    """Runs of one recipe with several seeds."""

    labels: tuple[str, ...]
    mean: float
    interval: Interval | None  # 95 % of the mean; null: not known


class RecipesSaid(TypedDict):
    """Recipes best first, the noise of seeds and the effect of each key."""

    recipes: list[RecipeSaid]
    tiers: tuple[tuple[int, ...], ...]  # positions of recipes; in a tier nobody is measurably ahead
    seed_sd: float | None  # between runs of one recipe, sampling included; null: no seeds
    seed_only_sd: float | None  # what of it is training's own
    effects: tuple[Effect, ...]
    interactions: tuple[tuple[str, str, float], ...]  # keys whose effects depend on each other, p
    notes: tuple[str, ...]


class ComparisonSaid(TypedDict):
    """Several runs side by side, in rank order."""

    labels: list[str]
    reference: str  # label of the run that the others are compared with
    tiers: list[list[str]]  # best first; inside a tier nobody is ahead
    pairs: tuple[Pair, ...]
    config_differences: dict[str, list[Any]]  # key -> value of each run, only keys that differ
    measure: Literal["eval", "train"]  # what the ranking goes by
    levels: list[LevelSaid]
    changes: dict[str, list[str]]  # label -> keys in which its recipe differs from the reference's
    groups: list[GroupSaid]  # recipes that ran with several seeds
    recipes: RecipesSaid | None
    unranked: dict[str, str]  # label -> why it may not be compared
    costs: list[CostSaid]
    gpu_hours: float | None  # of all runs; null: unknown for one
    reached: list[ReachedSaid]  # half and nine tenths of the best gain
    notes: list[str]


class Unread(TypedDict):
    """A run that could not be read."""

    source: str
    problem: str


class Passed(TypedDict):
    """A file or folder that is no run."""

    path: str
    why: str


class PassedOver(TypedDict):
    """Files and folders that are no runs."""

    count: int
    places: list[Passed]  # the first thousand


class Saved(TypedDict):
    """All that the page is made of, for reportgen's own use: its form may change with every release."""

    title: str
    diagnoses: list[Any]


class Document(TypedDict):
    """A report of one run or of several."""

    schema: Literal[1]
    tool: Tool
    title: str
    assumptions: dict[str, Any]  # name -> value taken for true that the runs don't say
    assumed: tuple[Assumption, ...]  # the same, each with its sentence
    runs: list[RunSaid]
    comparison: ComparisonSaid | None  # null: one run
    choice: Choice | None  # of several runs: which to take
    since: Since | None  # what changed since the report given by --since
    review: list[Told]  # by it a later report can be held against this one
    gates: tuple[Result, ...]  # each gate asked for, on each run
    unread: list[Unread]
    passed_over: PassedOver
    saved: NotRequired[Saved]  # with `report --json` alone
