"""The evals that a run logged: one series each, whatever names it stood under."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from reportgen import trainers
from reportgen.evals import names, sets

Origin = Literal["given", "logged", "assumed", "unknown"]
SIZE = re.compile(
    r"(?P<scope>.*?)[/_.]?(?:eval_)?(?:n_seqs|n|num_samples|n_samples|num_problems|n_problems|num_prompts|num_examples|"
    r"n_examples|total_episodes|num_episodes|sample_count|count)$",
    re.IGNORECASE,
)
SAME = 1e-9  # two columns that differ by less everywhere are one number under two names


@dataclass(frozen=True, eq=False)
class Eval:
    """One eval series: which problems, which kind of number, and its values by its own steps."""

    name: str  # as logged; the richest, where it stood under several names
    set: str  # "openai/gsm8k"; "" when the name doesn't tell
    kind: str  # "mean@1", "pass@8", "maj@4", "best@4", "reward"
    problems: int | None  # None: unknown
    values: pd.Series  # by step, gaps dropped
    main: bool = False  # the one that gain, gap and checkpoints speak of
    why: str = ""  # why it is the main one
    problems_from: Origin = "unknown"
    accuracy: bool = False  # a share of right answers: by its name, and no value outside [0, 1]
    names: tuple[str, ...] = ()  # every name that it stood under
    is_own: bool | None = None  # problems of the data that the run trains on; False: transfer; None: not known

    @property
    def family(self) -> str:
        """Kinds of one family estimate the same thing and may be compared."""
        return names.family(self.kind)

    @property
    def answers(self) -> int:
        """Answers to a problem that a value averages: 32 of a mean@32, else 1."""
        stat, _, k = self.kind.partition("@")
        return int(k) if stat == "mean" and k.isdigit() and int(k) else 1

    @property
    def label(self) -> str:
        """How a person calls it: "gsm8k (mean@1)"."""
        said = self.set.rsplit("/", 1)[-1] if sets.known(self.set) else self.set
        return f"{said} ({self.kind})" if said else f"{self.name} ({self.kind})" if self.kind != "reward" else self.name


def found(history: pd.DataFrame, trainer: str = "", sizes: Mapping[str, int] | None = None) -> tuple[Eval, ...]:
    """Every eval among the columns of a history, in the order of their sets' first steps.

    sizes: column -> problems, where the file that it came from says so. The same eval under two
    names that never meet (verl's `test_score/…` before training) is one; so are two equal columns.
    """
    told = {str(name): said for name in history.columns if (said := names.named(str(name), trainer)) is not None}
    whole = {name: said for name, said in told.items() if not said.part} or told
    groups: dict[tuple[str, str], list[_Logged]] = {}
    for name, said in whole.items():
        values = history[name].dropna()
        if len(values):
            groups.setdefault((said.set.lower(), said.kind), []).append(_Logged(name, said, values))
    beside = _Beside(history, trainer, sizes or {}, is_alone=len(groups) == 1)
    return tuple(one for group in groups.values() for one in _joined(group, beside))


@dataclass(frozen=True, eq=False)
class _Logged:
    """One column that is an eval."""

    name: str
    said: names.Named
    values: pd.Series


@dataclass(frozen=True, eq=False)
class _Beside:
    """What stands beside an eval and may tell its size."""

    history: pd.DataFrame
    trainer: str
    sizes: Mapping[str, int]
    is_alone: bool  # there is a single eval, so a common count is its own


def wanted(name: str) -> bool:
    """Whether a metric is an eval of some trainer, its size, or a part of a reward."""
    plain = name.replace(".", "/")
    return names.named(name, "slime") is not None or bool(SIZE.fullmatch(plain)) or "reward" in plain


def _joined(group: Iterable[_Logged], beside: _Beside) -> Iterator[Eval]:
    """One eval out of names that never meet or always agree; several where they differ."""
    made: list[Eval] = []
    for logged in sorted(group, key=lambda one: -len(one.values)):
        for at, one in enumerate(made):
            both = one.values.index.intersection(logged.values.index)
            if ((one.values.loc[both] - logged.values.loc[both]).abs() < SAME).all():
                values = one.values.combine_first(logged.values)
                made[at] = replace(one, values=values, names=(*one.names, logged.name))
                break
        else:
            said = logged.said
            size, origin = _size(logged.name, said.set, beside)
            made.append(Eval(logged.name, said.set, said.kind, size, logged.values, problems_from=origin,
                             names=(logged.name,), accuracy=said.accuracy))  # fmt: skip
    return map(_as_valued, made)


def _as_valued(one: Eval) -> Eval:
    """An eval whose values are no shares is no mean of right answers, whatever its name says."""
    if one.values.between(0, 1).all():
        return one
    return replace(one, accuracy=False, kind="reward" if one.kind == "mean@1" else one.kind)


def _size(name: str, of_set: str, beside: _Beside) -> tuple[int | None, Origin]:
    """Problems behind an eval: said by its file, logged beside it, or known by its set's name."""
    if name in beside.sizes:
        return beside.sizes[name], "logged"
    known = sets.problems(of_set) if of_set else None
    logged = _counted(name, of_set, beside)
    if logged and known and logged > known and logged % known == 0:
        return known, "logged"  # counted by answers: so many samples of each problem
    if logged:
        return logged, "logged"
    return (known, "assumed") if known else (None, "unknown")


def _counted(name: str, of_set: str, beside: _Beside) -> int | None:
    """A count in the eval's own scope; one that is for all sets only where there is a single one."""
    own = [size for one in trainers.kin(trainers.by_name(beside.trainer)) for size in one.eval_sizes]
    told = [size.replace("{set}", of_set) for size in own if "{set}" in size or beside.is_alone]
    scope = name.replace(".", "/").rpartition("/")[0].strip("/_")
    for column in map(str, beside.history.columns):
        match = SIZE.fullmatch(column.replace(".", "/"))
        if match is not None:
            prefix = match["scope"].strip("/_")
            is_near = bool(of_set) and prefix.endswith(of_set) and prefix.split("/")[0] == scope.split("/")[0]
            is_own = bool(prefix) and (prefix == scope or is_near)
            if is_own or (beside.is_alone and prefix in ("eval", "val", "validation", "test")):
                told.append(column)
    for column in told:
        counts = beside.history[column].dropna().to_numpy(float) if column in beside.history.columns else np.empty(0)
        if len(counts) and np.median(counts) >= 1:
            return round(float(np.median(counts)))
    return None
