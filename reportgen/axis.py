"""Where every value of a run stands: one axis of steps, and each metric placed on it by its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from reportgen import naming, wording
from reportgen.run import INTERNAL, STEP_NAMES
from reportgen.trainers import Trainer

Table = Mapping[str, np.ndarray]  # metric -> (n_rows,) float64, NaN where a row didn't log it
BARE = ("step", "Step")  # what trackers count log calls under, beside the trainer's own step
QUALIFIED = ("train/global_step", "training/global_step", "trainer/global_step", "global_step")
ALIKE = 0.95  # of the rows on which two ways of counting must agree to be one


@dataclass(frozen=True)
class Family:
    """Metrics that count their steps alike."""

    axis: str
    names: tuple[str, ...]
    steps: np.ndarray  # (n_rows,) step on the run's own axis, NaN: not of this family or nowhere to be placed
    is_folded: bool = False  # whether several of its steps are one of the run's


def counts(name: str, table: Table) -> bool:
    """Whether a column is there and holds a number."""
    return name in table and bool(np.isfinite(table[name]).any())


def main(table: Table, reward: str | None, step_metrics: Mapping[str, str], trainer: Trainer) -> str | None:
    """The column that counts the run's steps: the train reward's own axis; None when there is none.

    It is define_metric's, then the trainer's, then the first usual name that most rewards were logged with.
    """
    if reward is not None:
        given = naming.most_specific(reward, step_metrics) or ""
        for name in (given, *_own(reward, trainer)):
            if counts(name, table):
                return name
    if reward is not None and (own := _beside(reward, table)) is not None:
        return own
    usual = [name for name in STEP_NAMES if counts(name, table)]
    at = np.isfinite(table[reward]) if reward is not None else np.ones(len(next(iter(table.values()))), bool)
    full = [name for name in usual if np.isfinite(table[name][at]).mean() >= 0.5] or usual
    if full and full[0] in BARE:
        return next((name for name in full if name in QUALIFIED), full[0])
    return full[0] if full else None


def _beside(reward: str, table: Table) -> str | None:
    """The step of the train reward's own scope, where every reward has one: rollout/step of rollout/reward.

    Processes that share a run log rows of their own, each with its own step; W&B's counts them all.
    """
    scope, slash, _ = reward.rpartition("/")
    at = np.isfinite(table[reward])
    for name in (f"{scope}/global_step", f"{scope}/step") if slash else ():
        if counts(name, table) and np.isfinite(table[name][at]).all() and len(np.unique(table[name][at])) > 1:
            return name
    return None


def families(
    table: Table, steps: np.ndarray, axis: str, step_metrics: Mapping[str, str], trainer: Trainer, remarks: list[str],
    reward: str | None = None,
) -> list[Family]:  # fmt: skip
    """Every metric with where its rows stand, the run's own axis first; those that count themselves are left out."""
    names: dict[str, list[str]] = {axis: []}
    given = {each for each in step_metrics.values() if counts(each, table)}
    own = {each.step for each in trainer.axes if counts(each.step, table)}
    used = {axis, *INTERNAL, *given, *own}
    lonely = _lonely(table, steps)
    finer = _finer(table, steps, reward, trainer)
    for name in table:
        if name not in used and name not in finer:
            other = _axis_of(name, table, step_metrics, trainer, lonely)
            names.setdefault(axis if other is None or other == "_step" else other, []).append(name)
            if other is not None and other in lonely.values():
                used.add(other)
    found = []
    for other, members in names.items():
        members = [name for name in members if name not in used]
        if other == axis:
            found.append(Family(axis, tuple(members), _beside_others(steps, members, table, remarks)))
            continue
        if not members:
            continue
        placed, how, is_folded = _placed(table[other], steps)
        found.append(Family(other, tuple(members), placed, is_folded))
        remarks.append(f"{wording.plural(len(members), 'metric')} counted by {other!r} {how}: {_some(members)}")
    for other in dict.fromkeys(one for one, _ in finer.values()):
        members = [name for name, (one, _) in finer.items() if one == other]
        times = finer[members[0]][1]
        placed = np.floor((steps - np.nanmin(steps)) / times) + np.nanmin(steps)
        found.append(Family(other, tuple(members), placed, True))
        remarks.append(f"{wording.plural(len(members), 'metric')} counted by {other!r} folded, {times} onto each step: "
                       f"{_some(members)}")  # fmt: skip
    return found


def _finer(table: Table, steps: np.ndarray, reward: str | None, trainer: Trainer) -> dict[str, tuple[str, int]]:
    """Metric -> its own axis and how many of its steps make one of the run's, where the tracker kept no such axis.

    TensorBoard has one step for all: slime's updates stand at steps that go on far beyond the last rollout.
    """
    own = None if reward is None else next(iter(_own(reward, trainer)), None)
    if reward is None or own is None or counts(own, table):
        return {}
    run = steps[np.isfinite(table[reward]) & np.isfinite(steps)]
    found: dict[str, tuple[str, int]] = {}
    for name in table:
        other = next(iter(_own(name, trainer)), own)
        if other == own or counts(other, table) or other.startswith("eval"):
            continue
        theirs = steps[np.isfinite(table[name]) & np.isfinite(steps)]
        if not len(theirs) or not len(run) or theirs.min() > run.min() + 1:
            continue
        share = (_span(theirs) + 1) / (_span(run) + 1)
        if round(share) > 1 and abs(share - round(share)) <= 0.1 * share:
            found[name] = (other, round(share))
    return found


def completed(steps: np.ndarray, table: Table, axis: str, remarks: list[str]) -> np.ndarray:
    """Steps (n_rows,) with those filled in that a row didn't say, from W&B's own step where the two agree.

    A row that has no step then is left out by the gate, and told, unless it is all that is known of a metric.
    """
    bare = ~np.isfinite(steps)
    if not bare.any() or bare.all():
        return steps
    beside = table.get("_step")
    if beside is None or axis == "_step":
        return steps
    both = ~bare & np.isfinite(beside)
    shift = steps[both] - beside[both]
    here = bare & np.isfinite(beside)
    if not here.any() or not both.any() or (shift == np.median(shift)).mean() < ALIKE:
        return steps
    filled = steps.copy()
    filled[here] = beside[here] + np.median(shift)
    remarks.append(f"{wording.plural(int(here.sum()), 'row')} without {axis!r} took W&B's step, which agrees "
                   "with it in every other row")  # fmt: skip
    return filled


def _own(name: str, trainer: Trainer) -> Iterable[str]:
    """The step metrics that a trainer gives a metric."""
    return (each.step for each in trainer.axes if fnmatchcase(name, each.names))


def _axis_of(
    name: str, table: Table, step_metrics: Mapping[str, str], trainer: Trainer, lonely: Mapping[str, str]
) -> str | None:
    """A metric's own axis: define_metric's, the trainer's, its scope's; one that counts epochs last of all."""
    given = naming.most_specific(name, step_metrics)
    if given is None and not trainer.axes and not lonely:
        return None
    named = [each for each in (given, *_own(name, trainer), lonely.get(name)) if each and counts(each, table)]
    return min(named, key=lambda each: each.endswith("epoch"), default=None)


def _lonely(table: Table, steps: np.ndarray) -> dict[str, str]:
    """Metrics that never stand in a row with the run's step, and the step of their own scope."""
    bare = ~np.isfinite(steps)
    if not bare.any():
        return {}
    own: dict[str, str] = {}
    for name, values in table.items():
        scope, slash, _ = name.partition("/")
        logged = np.isfinite(values) if slash else bare[:0]
        if not logged.any() or not bare[logged].all():
            continue
        steps_of = (f"{scope}/global_step", f"{scope}/step")
        axis = next((each for each in steps_of if each != name and counts(each, table)), None)
        if axis is not None and np.isfinite(table[axis][logged]).all():
            own[name] = axis
    return own


def _placed(values: np.ndarray, steps: np.ndarray) -> tuple[np.ndarray, str, bool]:
    """Where rows (n_rows,) that count by themselves stand on the run's axis, how, and whether they were folded."""
    logged = np.isfinite(values)
    both = logged & np.isfinite(steps)
    if both.any() and (values[both] == steps[both]).mean() >= ALIKE:
        return np.where(logged, values, np.nan), "at the same steps", False
    if both.sum() >= ALIKE * logged.sum():
        return np.where(logged, steps, np.nan), "placed at the step of their rows", False
    before = _carried(steps)
    own, beside = values[logged], before[logged]
    is_whole = np.array_equal(own, np.rint(own))
    run, theirs = _span(steps[np.isfinite(steps)]), _span(own)
    reached = _span(beside[np.isfinite(beside)])
    low, high = np.nanmin(steps), np.nanmax(steps)
    usual = float(np.median(np.diff(np.unique(own)))) if len(np.unique(own)) > 1 else 1.0
    inside = low - usual <= own.min() and own.max() <= high + usual
    if is_whole and inside and (reached <= 0 or theirs >= 0.6 * reached):
        return np.where(logged, values, np.nan), "at the same steps", False
    times = round((theirs + 1) / (run + 1))
    if is_whole and times > 1 and abs((theirs + 1) / (run + 1) - times) <= 0.1 * times:
        first = own.min() - (own.min() - low * times if own.min() // times == low else 0)
        placed = np.floor((values - first) / times) + low
        return placed, f"folded, {times} onto each step", True
    return np.where(logged, before, np.nan), "placed at the step that was logged last before them", False


def _beside_others(steps: np.ndarray, names: Sequence[str], table: Table, remarks: list[str]) -> np.ndarray:
    """Rows without a step that hold all that is known of a metric take the step logged last before them."""
    bare = ~np.isfinite(steps)
    if not bare.any() or bare.all():
        return steps
    logged = {name: ~np.isnan(table[name]) for name in names if not name.endswith(("step", "epoch"))}
    only = [name for name, rows in logged.items() if rows.any() and bare[rows].all()]
    if not only:
        return steps
    here = bare & np.any([logged[name] for name in only], axis=0)
    remarks.append(f"{wording.plural(int(here.sum()), 'row')} without a step took the one that was logged last before "
                   f"them, since nothing else is known of {_some(only)}")  # fmt: skip
    return np.where(here, _carried(steps), steps)


def _carried(steps: np.ndarray) -> np.ndarray:
    """The last step said up to each row (n_rows,); before any, one less than the first."""
    said = np.isfinite(steps)
    at = np.maximum.accumulate(np.where(said, np.arange(len(steps)), -1))
    first = steps[said][0] if said.any() else np.nan
    return np.where(at >= 0, steps[at], first - 1)


def _span(values: np.ndarray) -> float:
    return float(values.max() - values.min()) if len(values) else 0.0


def _some(names: Sequence[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
