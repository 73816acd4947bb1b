"""Whether two runs measure the same thing; what differs may share no axis, no difference and no rank."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Literal

from reportgen import wording
from reportgen.evals import Eval, sets
from reportgen.findings import Diagnosis

Measure = Literal["eval", "train"]
GENERIC = frozenset(("reward", "rewards", "score", "total"))  # parts whose names tell nothing


def comparable(a: Diagnosis, b: Diagnosis, measure: Measure = "eval") -> bool:
    """Whether two runs may be held against each other on their evals, or on their train rewards."""
    return why_not(a, b, measure) == ""


def why_not(a: Diagnosis, b: Diagnosis, measure: Measure = "eval") -> str:
    """What keeps two runs from being compared, as a clause; "" when nothing does.

    A run without the measure is no obstacle here: it has no level, so it is not ranked anyway.
    """
    if a.scale.accuracy != b.scale.accuracy:
        return _scales(a, b, measure)
    if measure == "eval":
        return _evals(a.cast.main, b.cast.main)
    return _rewards(a, b)


def groups(diagnoses: Sequence[Diagnosis], measure: Measure = "eval") -> tuple[tuple[int, ...], ...]:
    """Positions of runs that may be compared with each other, the largest group first, in given order inside.

    Runs of one kind are held against the others once, by the first of them: ten thousand runs are a few kinds.
    """
    found: list[list[int]] = []
    firsts: list[list[Diagnosis]] = []  # of each group: the first run of each kind in it
    home: dict[Hashable, int] = {}
    for at, one in enumerate(diagnoses):
        kind = _kind(one, measure)
        if kind not in home:
            fits = (all(comparable(one, other, measure) for other in group) for group in firsts)
            home[kind] = next((number for number, fit in enumerate(fits) if fit), len(found))
            if home[kind] == len(found):
                found.append([])
                firsts.append([])
            firsts[home[kind]].append(one)
        found[home[kind]].append(at)
    return tuple(tuple(group) for group in sorted(found, key=lambda group: (-len(group), group[0])))


def _kind(one: Diagnosis, measure: Measure) -> Hashable:
    """All that `why_not` asks of a run; rewards that reach as far to two digits are taken for alike."""
    main, role = one.cast.main, f"{measure}_reward"
    name = one.roles[role].name if role in one.roles else None
    low, high = _reach(one, role) if name is not None else (0.0, 0.0)
    digits = 1 - math.floor(math.log10(high - low)) if high > low else 6
    rewards = () if one.scale.accuracy else (
        frozenset(part.part for part in one.components) - GENERIC, round(low, digits), round(high, digits)
    )  # fmt: skip
    return (one.scale.accuracy, one.scale.range, low >= 0 and high <= 1, name, "train_reward" in one.roles,
            main and (main.family, main.label, main.set), rewards)  # fmt: skip


def _scales(a: Diagnosis, b: Diagnosis, measure: Measure) -> str:
    """One is an accuracy by its name: the other may still be, if all its values are shares of the same name."""
    accurate, other = (a, b) if a.scale.accuracy else (b, a)
    role = f"{measure}_reward"
    if role not in accurate.roles or role not in other.roles:
        return ""
    low, high = _reach(other, role)
    name, theirs = accurate.roles[role].name, other.roles[role].name
    if name == theirs and other.scale.range is None and low >= 0 and high <= 1:
        return _evals(a.cast.main, b.cast.main) if measure == "eval" else ""
    if name == theirs:
        bounds = f"between {wording.number(low)} and {wording.number(high)}"
        return f"{name} is an accuracy in one, but lies {bounds} in the other"
    return f"{name} is an accuracy, {theirs} is not"


def _evals(one: Eval | None, other: Eval | None) -> str:
    if one is None or other is None:
        return ""
    if one.family != other.family and {one.family, other.family} != {"mean", "reward"}:
        return f"{one.label} and {other.label} are different kinds of number"
    known, theirs = sets.known(one.set) or one.set.lower(), sets.known(other.set) or other.set.lower()
    if known and theirs and known != theirs:
        return f"{one.label} and {other.label} are different sets of problems"
    return ""


def _rewards(a: Diagnosis, b: Diagnosis) -> str:
    """Rewards of unknown scale: other reward functions, or ranges that never meet."""
    if "train_reward" not in a.roles or "train_reward" not in b.roles:
        return ""
    if a.scale.accuracy:
        return ""
    parts = [{one.part for one in run.components} - GENERIC for run in (a, b)]
    if parts[0] and parts[1] and parts[0] != parts[1]:
        return f"their rewards are made of {', '.join(sorted(parts[0])[:4])} and of {', '.join(sorted(parts[1])[:4])}"
    (low, high), (lowest, highest) = _reach(a, "train_reward"), _reach(b, "train_reward")
    apart, spread = max(low - highest, lowest - high), max(high - low, highest - lowest)
    if apart > spread:  # a run that stayed low and one that rose still lie nearer than that
        return f"their rewards share no range: {low:.3g} to {high:.3g} and {lowest:.3g} to {highest:.3g}"
    return ""


def _reach(diagnosis: Diagnosis, role: str) -> tuple[float, float]:
    """Lowest and highest value of a role; a slim run's whole history too."""
    name = diagnosis.roles[role].name
    logged = diagnosis.run.extent.logged.get(name)
    return (logged.lowest, logged.highest) if logged is not None else (0.0, 0.0)
