"""The catalogue of roles: what each logged metric means to us, whatever its trainer calls it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import translate
from functools import cache, lru_cache
from typing import Literal

from reportgen import evals, trainers
from reportgen.errors import SettingsError
from reportgen.trainers.trainer import Trainer

Better = Literal["higher", "lower", ""]
Match = tuple[str, int, str]  # role, rank among all names, trainer
# Names of another model or another data set; no "*" of the catalogue stands for them.
FOREIGN = re.compile(
    r"(?:^|[/_.-])(?:critic|ref|reference|teacher|value|eval|val|valid|validation|test)(?:[/_.-]|$)"
)
ACCURACY = re.compile(
    r"task_reward|accuracy|pass_rate|success_rate|solve_rate|(?:^|[/_.])acc(?:[/_.@]|$)|pass_?(?:at_|@)?\d"
    r"|^eval[-_./](?:rollout/)?reward|^val/test_score/|^critic/score/mean$|^rollout/reward$|(?:^|/)correct$|correct_rate$|^val_correct/"
)


@dataclass(frozen=True)
class Metric:
    """One role: what it is, and which way is better."""

    role: str  # "train_reward"
    title: str  # "Train reward"
    unit: str = ""  # "nats", "tokens", "s", "share"; "" when it has none or when the run decides
    better: Better = ""
    range: tuple[float, float] | None = None  # (0, 1) for shares

    @property
    def names(self) -> tuple[str, ...]:
        """What any trainer logs for it, best first."""
        return tuple(dict.fromkeys(name for each in trainers.known() for name in each.names.get(self.role, ())))


@dataclass(frozen=True)
class Played:
    """Which logged metric plays a role, and why that one."""

    role: str
    name: str
    why: str  # "AReaL's name for it", "given by --metric", …


SHARE = (0.0, 1.0)
CATALOGUE: tuple[Metric, ...] = (
    Metric("train_reward", "Train reward", "", "higher"),
    Metric("eval_reward", "Eval reward", "", "higher"),
    Metric("policy_loss", "Policy loss"),
    Metric("advantages", "Advantages"),
    Metric("advantages_min", "Lowest advantage"),
    Metric("advantages_max", "Highest advantage"),
    Metric("advantage_spread", "Advantage spread", "", "higher"),
    Metric("reward_spread", "Reward spread in a group", "", "higher"),
    Metric("zero_variance_groups", "Groups without variance", "share", "lower", SHARE),
    Metric("kl", "KL to the reference", "nats", "lower"),
    Metric("behaviour_kl", "KL to the sampling policy", "nats", "lower"),
    Metric("entropy", "Entropy", "nats"),
    Metric("grad_norm", "Gradient norm"),
    Metric("clip_fraction", "Clip fraction", "share", "", SHARE),
    Metric("truncation", "Truncated answers", "share", "lower", SHARE),
    Metric("response_length", "Response length", "tokens"),
    Metric("sequence_length", "Prompt and response", "tokens"),
    Metric("prompt_length", "Prompt length", "tokens"),
    Metric("learning_rate", "Learning rate"),
    Metric("step_time", "Step time", "s", "lower"),
    Metric("throughput", "Throughput", "tokens/s", "higher"),
    Metric("update_successful", "Update applied", "share", "higher", SHARE),
    Metric("rollout_reward", "Reward of collected rollouts", "", "higher"),
    Metric("reward_min", "Lowest reward"),
    Metric("reward_max", "Highest reward"),
    Metric("sequences", "Answers a step"),
    Metric("tokens", "Tokens trained on", "tokens"),
)
BY_ROLE: Mapping[str, Metric] = {metric.role: metric for metric in CATALOGUE}
JOINT = " + "  # between the names of metrics whose sum plays a role
PHASES = "timeperf/"  # AReaL times each phase of a step and never the whole; diagnostics.system adds them

# "eval/*" and "val/*" hold losses and clocks too, and other trainers use the scopes differently
GREEDY = {"eval/*", "val/*"}
NO_REWARD = re.compile(r"loss|time|step|epoch|length|len\b|ratio|per_second|entropy|tokens|std|num_|count|kl")


def framework(names: Iterable[str], config: Iterable[str] = ()) -> str:
    """The trainer whose names, or whose config keys, these are: "areal", "trl", …; "" when nothing tells."""
    return trainers.told("\n".join(_canonical(name) for name in names), config).name


def roles(
    names: Iterable[str], overrides: Mapping[str, str] | None = None, trainer: str | None = None
) -> dict[str, Played]:
    """Role -> the metric that plays it: the trainer's own best name first, then those that anybody may log.

    overrides: role -> metric name, as `--metric` gives them. trainer: whose names these are; None: told from
    them. Raises SettingsError for a role or a metric that isn't there.
    """
    there = sorted(set(names))
    given = _given(overrides or {}, there)
    own = framework(there) if trainer is None else trainer
    kin = [each.name for each in trainers.kin(trainers.by_name(own))] if own else []
    spelled = _spelled(trainers.known())
    best: dict[str, tuple[tuple[int, int, int, str], str]] = {}  # role -> (order, name's trainer)
    for name in there:
        for role, rank, whose in spelled.matches(name):
            if (kin and whose not in kin) or (whose != own and spelled.is_greedy(name, whose)):
                continue
            key = (kin.index(whose) if kin else 0, rank, len(name), name)
            if role not in best or key < best[role][0]:
                best[role] = (key, whose)
    cast = {role: Played(role, key[-1], f"{_owner(whose)} name for it") for role, (key, whose) in best.items()}
    cast |= given
    return {metric.role: cast[metric.role] for metric in CATALOGUE if metric.role in cast}


def is_accuracy_name(name: str, trainer: str = "") -> bool:
    """Whether a reward of this name is a share of problems solved, when its values allow it."""
    spelled = _canonical(name)
    return spelled in trainers.by_name(trainer).accuracies or bool(ACCURACY.search(spelled))


def sums(names: Iterable[str], trainer: str) -> dict[str, tuple[tuple[str, ...], float]]:
    """Name of a sum that plays a role -> its parts among these names, and the scale of the sum."""
    there = sorted(set(names), key=lambda name: (len(name), name))
    found: dict[str, tuple[tuple[str, ...], float]] = {}
    for wanted in trainers.by_name(trainer).sums.values():
        first, *others = wanted.parts
        for name in there:
            scope = name.removesuffix(first)
            parts = (name, *(scope + other for other in others))
            if scope != name and not FOREIGN.search(scope) and set(parts) <= set(there):
                found[JOINT.join(parts)] = (parts, wanted.scale)
                break
    return found


def wanted(name: str) -> bool:
    """Whether a metric can play a role, or helps to derive one; for reads of roles only."""
    return _spelled(trainers.known()).is_wanted(name) or evals.wanted(name)


def names_for(role: str, trainer: str = "", beside: Iterable[str] = ()) -> tuple[str, ...]:
    """What a person could log for a role, in the words of their trainer.

    beside: the names that the run logs; those of the same scope come first.
    """
    kin = trainers.kin(trainers.by_name(trainer))
    names = next((each.names[role] for each in kin if role in each.names), BY_ROLE[role].names)
    scopes = {name.rpartition("/")[0].removesuffix("/avg") for name in beside}
    scopes |= {scope.split("/")[0] for scope in scopes}
    stand_in = next((scope for scope in ("ppo_actor", "grpo_actor") if scope in scopes), "actor")
    if role == "eval_reward":  # "val-core/*/acc/mean@*": which set, and how many answers a problem
        names = tuple(name.replace("@*", "@1").replace("*", "SET") for name in names)
    spelled = dict.fromkeys(name.replace("*", stand_in) for name in names)
    return tuple(sorted(spelled, key=lambda name: name.split("/")[0] not in scopes)[:3])


def spoken(role: str) -> str:
    """A role's title inside a sentence: "policy loss", "KL to the reference"."""
    title = BY_ROLE[role].title
    return title if title[:2].isupper() else title[:1].lower() + title[1:]


def _owner(trainer: str) -> str:
    return trainers.title(trainer) + ("'s" if trainer else "")


def _given(overrides: Mapping[str, str], there: list[str]) -> dict[str, Played]:
    """Roles that a person cast."""
    for role, name in overrides.items():
        if role not in BY_ROLE:
            close = get_close_matches(role, BY_ROLE, n=3, cutoff=0.4) or list(BY_ROLE)
            raise SettingsError(f"--metric {role}={name}: no such role; one of {', '.join(close)}")
        if name not in there:
            close = get_close_matches(name, there, n=3, cutoff=0.4) or there[:3]
            raise SettingsError(
                f"--metric {role}={name}: the run has no such metric; close to it: {', '.join(close)}"
            )
    return {role: Played(role, name, "given by --metric") for role, name in overrides.items()}


def _canonical(name: str) -> str:
    """A name as the catalogue spells it: parts joined by "/", lower case, MLflow's "_at_" as "@"."""
    plain = name.replace(".", "/").lower()
    return plain.replace("mean_at_", "mean@").replace("best_at_", "best@")


class _Spelled:
    """The names of a set of trainers, ready to be looked up."""

    def __init__(self, everyone: tuple[Trainer, ...]) -> None:
        self._exact: dict[str, tuple[Match, ...]] = {}  # literal name -> each role that it may play
        self._patterns: list[tuple[str, bool, Match]] = []  # whether its scope may not be another model's
        self._sums: list[tuple[tuple[str, ...], Match]] = []
        self._axes = frozenset(axis.step for trainer in everyone for axis in trainer.axes)
        self._greedy: dict[str, frozenset[str]] = {}  # trainer -> the names beside which its "eval/*" is greedy
        rank = 0
        for trainer in everyone:
            names = trainer.names.get("eval_reward", ())
            if GREEDY & set(names):
                self._greedy[trainer.name] = frozenset(names)
            for role, aliases in trainer.names.items():
                for alias in aliases:
                    self._take(alias.lower(), (role, rank, trainer.name))
                    rank += 1
            for role, wanted in trainer.sums.items():
                self._sums.append((wanted.parts, (role, rank, trainer.name)))
        ends = {f".*{re.escape(part)}" for parts, _ in self._sums for part in parts}
        self._ends = re.compile(f"(?:{'|'.join(sorted(ends))})$") if ends else re.compile(r"(?!)")
        patterns = sorted({pattern for pattern, _, _ in self._patterns})
        self._any = re.compile("|".join(patterns)) if patterns else re.compile(r"(?!)")
        self.matches = lru_cache(maxsize=1 << 16)(self._matches)
        self.is_wanted = lru_cache(maxsize=1 << 16)(self._is_wanted)

    def is_greedy(self, name: str, trainer: str) -> bool:
        """Whether nothing but "eval/*" speaks for this name."""
        spelled = _canonical(name)
        aliases = self._greedy.get(trainer)
        return aliases is not None and spelled.startswith(("eval/", "val/")) and spelled not in aliases

    def _take(self, alias: str, match: Match) -> None:
        if "*" in alias:
            own_model = alias.startswith("*/") or match[0] != "eval_reward"
            self._patterns.append((translate(alias), own_model, match))
        else:
            self._exact[alias] = (*self._exact.get(alias, ()), match)

    def _matches(self, name: str) -> tuple[Match, ...]:
        if JOINT in name:
            ends = name.lower().split(JOINT)
            return tuple(match for parts, match in self._sums if all(map(str.endswith, ends, parts)))
        spelled = _canonical(name)
        found = list(self._exact.get(spelled, ()))
        if self._any.match(spelled):
            foreign = bool(FOREIGN.search(spelled))
            found += [
                match
                for pattern, own_model, match in self._patterns
                if _compiled(pattern).match(spelled)
                and not (foreign and own_model)
                and not (match[0] == "eval_reward" and NO_REWARD.search(spelled))
            ]
        return tuple(found)

    def _is_wanted(self, name: str) -> bool:
        spelled = _canonical(name)
        if spelled in self._exact or spelled in self._axes or spelled.startswith(PHASES):
            return True
        if spelled.endswith(("/step", "/global_step")):  # a scope's own axis
            return True
        return bool(self._any.match(spelled) or self._ends.match(spelled))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """One pattern, made when a name first asks for it: most runs ask for few of them."""
    return re.compile(pattern)


@lru_cache(maxsize=8)
def _spelled(everyone: tuple[Trainer, ...]) -> _Spelled:
    return _Spelled(everyone)
