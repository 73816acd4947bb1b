"""Which eval is the main one, which are of the run's own data, and why that is believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from reportgen.errors import SettingsError
from reportgen.evals import names, sets
from reportgen.evals.series import Eval

FOLLOWS = 0.1  # of the range: an eval that starts no farther from the train reward may be of the same problems
APART = 2.0  # times as far must every other set start before one is taken for the run's own
ORDER = ("mean", "reward")  # kinds as a main eval, best first; then all others


def chosen(
    evals: Sequence[Eval],
    trained_on: Sequence[str] = (),
    *,
    wanted: str | None = None,
    train: pd.Series | None = None,
    evaluated_on: Sequence[str] = (),
) -> tuple[Eval, ...]:
    """The evals with one of them marked as the main one, which comes first.

    trained_on, evaluated_on: sets that the config or the run's names mention. wanted: what
    `--eval` names. train: the train reward by step. Order: the one asked for; the set that the run
    trains on; the only set there is; the mean over sets of one kind. SettingsError when no eval is
    called as asked.
    """
    if not evals:
        if wanted:
            raise SettingsError(f"--eval {wanted}: no eval was logged; leave it out, or join a table with --evals")
        return ()
    own = [replace(one, is_own=_is_own(one, evals, trained_on, evaluated_on)) for one in evals]
    if wanted:
        return _first(own, _asked(own, wanted), f"named by --eval {wanted}")
    mine = [one for one in own if one.is_own]
    if mine:
        best = _best(mine)
        said = f"{best.set.rsplit('/', 1)[-1]} is what the run trains on" if best.set else "it is the run's own eval"
        return _first(own, best, said if len(mine) == 1 else f"{said}, and a mean comes before other kinds of number")
    single = [one for one in own if one.set.lower() != "all"] or own  # a mean over sets is no set of its own
    if len({one.set.lower() for one in single}) == 1:
        return _first(own, _best(single), "it is the only eval set")
    if not trained_on and train is not None and (follower := _follower(own, train)) is not None:
        marked = [replace(one, is_own=one.set == follower.set) for one in own]
        why = "no config says what the run trains on, and this set starts where the train reward does"
        return _first(marked, next(one for one in marked if one.name == follower.name), why)
    return _averaged(own, trained_on)


def _is_own(one: Eval, evals: Sequence[Eval], trained_on: Sequence[str], evaluated_on: Sequence[str]) -> bool | None:
    """Whether an eval's problems are of the data that the run trains on; None when nothing tells."""
    wanted = {sets.family(name) for name in trained_on}
    if not one.set or one.set.lower() == "all":
        tested = {sets.family(name) for name in evaluated_on}
        if one.set and len({other.set for other in evals}) > 2:
            return None  # a mean over several sets
        return bool(tested & wanted) if tested and wanted else None if one.set else True
    if wanted:
        return sets.family(one.set) in wanted
    return False if sets.known(one.set) in sets.EXAMS else None


def _asked(evals: Sequence[Eval], wanted: str) -> Eval:
    """The eval that a person named: by its metric, its set, or set and kind."""
    plain = wanted.strip().lower()
    for key in (
        lambda one: plain in (name.lower() for name in one.names),
        lambda one: plain in (one.label.lower(), f"{one.set}/{one.kind}".lower(), f"{one.set} {one.kind}".lower()),
        lambda one: bool(one.set) and plain in (one.set.lower(), one.set.lower().rsplit("/", 1)[-1]),
        lambda one: bool(one.set) and sets.known(plain) != "" and sets.known(plain) == sets.known(one.set),
    ):
        matching = [one for one in evals if key(one)]
        if matching:
            return _best(matching)
    known = ", ".join(dict.fromkeys(one.set.rsplit("/", 1)[-1] or one.name for one in evals))
    raise SettingsError(f"--eval {wanted}: no such eval; there are {known}")


def _best(evals: Sequence[Eval]) -> Eval:
    """Of evals of one set: a mean before a reward before pass@k, one that names its set, the most evaluated first."""

    def order(one: Eval) -> tuple[int, bool, bool, int, int]:
        at = ORDER.index(one.family) if one.family in ORDER else len(ORDER)
        return at, not one.accuracy, one.set.lower() == "all", -len(one.values), len(one.name)

    return min(evals, key=order)


def _first(evals: Sequence[Eval], main: Eval, why: str) -> tuple[Eval, ...]:
    return (replace(main, main=True, why=why), *(one for one in evals if one is not main))


def _follower(evals: Sequence[Eval], train: pd.Series) -> Eval | None:
    """The one set whose first third stands where the train reward stood; None when several or none do."""
    means = [one for one in evals if one.family in ORDER]
    distances: dict[str, tuple[float, Eval]] = {}
    for one in means:
        early = one.values.iloc[: max(1, len(one.values) // 3)]
        near = [abs(value - _level(train, at)) for at, value in zip(early.index.tolist(), early.tolist(), strict=True)]
        far = float(np.mean(near))
        if one.set not in distances or far < distances[one.set][0]:
            distances[one.set] = (far, one)
    ordered = sorted(distances.values(), key=lambda item: item[0])
    if len(ordered) < 2 or ordered[0][0] > FOLLOWS or ordered[1][0] < APART * max(ordered[0][0], FOLLOWS / 2):
        return None
    return ordered[0][1]


def _level(train: pd.Series, step: int) -> float:
    """Mean of the ten train rewards around a step."""
    at = int(np.searchsorted(train.index.to_numpy(), step))
    near = train.to_numpy(dtype=float)[max(0, at - 5) : at + 5]
    return float(near.mean()) if len(near) else float("nan")


def _averaged(evals: Sequence[Eval], trained_on: Sequence[str]) -> tuple[Eval, ...]:
    """The mean over the sets of the kind that most sets have, at steps where all were evaluated."""
    families: dict[str, dict[str, Eval]] = {}
    for one in evals:
        if one.set.lower() != "all":
            by_set = families.setdefault(one.family, {})
            by_set[one.set] = _best([one, by_set[one.set]]) if one.set in by_set else one
    usable = [family for family in sorted(families, key=_rank) if len(families[family]) > 1]
    if not usable:
        return _first(evals, _best(evals), "no two sets share a kind of number, so one was taken")
    members = list(families[usable[0]].values())
    steps = members[0].values.index
    for one in members[1:]:
        steps = steps.intersection(one.values.index)
    if not len(steps):
        return _first(evals, _best(evals), "the sets were never evaluated at one step, so one was taken")
    values = members[0].values.loc[steps]
    for one in members[1:]:
        values = values + one.values.loc[steps]
    kind = members[0].kind if len({one.kind for one in members}) == 1 else names.family(members[0].kind)
    known = [one.problems for one in members if one.problems]
    listed = ", ".join(one.set.rsplit("/", 1)[-1] for one in members[:5]) + (" …" if len(members) > 5 else "")
    mean = Eval(
        name=f"mean of {len(members)} evals",
        set="",
        kind=kind,
        # the mean of shares that are each as good as n_i answers is as good as m² / sum(1 / n_i)
        problems=round(len(members) ** 2 / sum(1 / n for n in known)) if len(known) == len(members) else None,
        values=values / len(members),
        problems_from="assumed" if len(known) == len(members) else "unknown",
        accuracy=all(one.accuracy for one in members),
        names=tuple(one.name for one in members),
        is_own=False,
    )
    said = "nothing says which set the run trains on"
    if trained_on:
        said = f"the run trains on {', '.join(trained_on[:2])} and none of the evals is of it"
    return _first([mean, *evals], mean, f"{said}, so the mean of {listed} is taken")


def _rank(family: str) -> int:
    return ORDER.index(family) if family in ORDER else len(ORDER)
