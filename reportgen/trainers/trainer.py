"""What one trainer calls things, as a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

Kind = Literal["mean", "pass", "best", "maj", "reward"]
StepRule = Literal["", "from_one"]


@dataclass(frozen=True)
class EvalName:
    """How one kind of eval number is named."""

    name: str  # "val-core/{set}/acc/mean@{k}"; {set}: any text, {k}: digits, "*": any text
    kind: Kind  # mean: of one answer · pass, best: one of k is right · maj: the majority's · reward: any scale
    accuracy: bool = False  # whether it is a share of problems solved, when its values allow it
    set: str = ""  # the set's name where the pattern has none; "": not said

    def match(self, name: str) -> tuple[str, int | None] | None:
        """(set, k) of a metric's name, None when it is no such eval; k None: not said."""
        found = self._pattern.fullmatch(name.replace("mean_at_", "mean@").replace("best_at_", "best@"))
        if found is None:
            return None
        parts = found.groupdict()
        return parts.get("set") or self.set, int(parts["k"]) if parts.get("k") else None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return pattern(self.name)


@dataclass(frozen=True)
class Axis:
    """Which metric counts the steps of a family of metrics."""

    names: str  # "eval/*"
    step: str  # "eval/global_step"


@dataclass(frozen=True)
class Sum:
    """A role that no metric plays alone: the sum of several."""

    parts: tuple[str, ...]  # ends of names; what stands before them is the same for all
    scale: float = 1.0


@dataclass(frozen=True, eq=False)
class Trainer:
    """One trainer: how its runs are told, and what it calls everything that a report looks for.

    Names of metrics are joined by "/" and in lower case; "*" stands for any text.
    """

    name: str  # "nemo-rl"
    title: str  # "NeMo-RL"
    checked: str = ""  # the version or commit of its source that these names were read from
    marks: tuple[str, ...] = ()  # regular expressions for the start of metric names that only it logs; one is enough
    config_marks: tuple[str, ...] = ()  # config keys that only it has; "*" for any text; one is enough
    like: tuple[str, ...] = ()  # trainers whose names it uses too
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # role -> names, best first
    sums: Mapping[str, Sum] = field(default_factory=dict)  # role -> the metrics whose sum plays it
    accuracies: tuple[str, ...] = ()  # names of train rewards that are shares of problems solved, though others' aren't
    prefixes: tuple[str, ...] = ("",)  # put before each of its names by one tracker or another
    axes: tuple[Axis, ...] = ()  # families of metrics that count their own steps, the most telling first
    step_rule: StepRule = ""  # from_one: it prints steps from 1 and logs them from 0
    evals: tuple[EvalName, ...] = ()  # best first
    eval_sizes: tuple[str, ...] = ()  # metrics that say how many problems an eval had; {set} as in evals
    components: tuple[str, ...] = ()  # metrics that are parts of a reward: "rewards/{part}/mean"
    filtered: tuple[str, ...] = ()  # metrics or config keys that say that groups were left out before training
    samples: tuple[tuple[str, ...], ...] = ()  # config keys whose product is the number of answers a step
    config: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # what (see CONFIG) -> keys, best first

    @cached_property
    def names(self) -> Mapping[str, tuple[str, ...]]:
        """Role -> names as any tracker writes them, best first."""
        return {
            role: tuple(prefix + name for name in names for prefix in self.prefixes)
            for role, names in self.roles.items()
        }

    @cached_property
    def mark(self) -> re.Pattern[str] | None:
        """Finds a telling name at the start of a line; None when its names tell nothing."""
        return re.compile(f"(?m)^(?:{'|'.join(self.marks)})") if self.marks else None

    def is_configured(self, keys: str) -> bool:
        """Whether a config key, of several one a line, is one that only this trainer has."""
        return self._config_mark is not None and self._config_mark.search(keys) is not None

    @cached_property
    def _config_mark(self) -> re.Pattern[str] | None:
        spelled = (re.escape(mark).replace(r"\*", ".*") for mark in self.config_marks)
        return re.compile(f"(?m)^(?:{'|'.join(spelled)})$") if self.config_marks else None


CONFIG: Mapping[str, str] = {  # what a report looks for in a config
    "epochs": "passes over the data",
    "steps": "steps planned",
    "data": "number of train problems, then where they come from",
    "lr": "learning rate",
    "scaling": "scaling of the reward",
    "dr_grpo": "normalisation of advantages",
    "dapo": "leaving out groups without variance",
    "samples": "answers a problem",
    "batch": "problems a step",
    "length": "longest answer",
    "kl": "weight of the KL term",
    "clipping": "limit of the gradient's norm",
    "lag": "how old a sample may be",
    "eval": "where the eval problems come from",
    "eval_freq": "steps between evals",
    "eval_size": "number of eval problems",
    "model": "the model trained",
    "train_set": "the data trained on",
    "gpus": "GPUs, or nodes and GPUs a node",
}


def words(**named: str) -> dict[str, tuple[str, ...]]:
    """Key -> names, from texts with blanks between the names."""
    return {key: tuple(text.split()) for key, text in named.items()}


def pattern(template: str) -> re.Pattern[str]:
    """A template with {set}, {part}, {k} and "*" as a regular expression, whatever the case."""
    spelled = re.escape(template).replace(r"\*", ".*")
    spelled = spelled.replace(r"\{k\}", r"(?P<k>\d+)")
    spelled = re.sub(r"\\{(set|part)\\}", r"(?P<\1>.+)", spelled)
    return re.compile(spelled, re.IGNORECASE)
