"""What trainers call things: one file a trainer, and those that a person adds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, lru_cache
from typing import Any

from reportgen.plugins import Brought, brought
from reportgen.trainers import (
    areal,
    art,
    easyr1,
    llama_factory,
    miles,
    ms_swift,
    nanochat,
    nemo_rl,
    oat,
    open_instruct,
    openrlhf,
    plain,
    prime_rl,
    roll,
    skyrl,
    slime,
    tinker,
    torchforge,
    torchtune,
    trl,
    tunix,
    unsloth,
    verl,
)
from reportgen.trainers.trainer import CONFIG, Axis, EvalName, Kind, Sum, Trainer

__all__ = [
    "BUILT_IN", "CONFIG", "PLAIN", "Axis", "EvalName", "Kind", "Sum", "Trainer", "also", "by_name", "keys", "kin",
    "known", "own", "remarks", "samples", "title", "told",
]  # fmt: skip

GROUP = "reportgen.trainers"  # of entry points, each a Trainer
PLAIN = plain.TRAINER
BUILT_IN: tuple[Trainer, ...] = (  # the first whose marks are found is it; the most telling stand first
    areal.TRAINER,
    tinker.TRAINER,
    slime.TRAINER,
    miles.TRAINER,
    skyrl.TRAINER,
    nemo_rl.TRAINER,
    open_instruct.TRAINER,
    torchforge.TRAINER,
    tunix.TRAINER,
    prime_rl.TRAINER,
    oat.TRAINER,
    art.TRAINER,
    roll.TRAINER,
    easyr1.TRAINER,
    verl.TRAINER,
    openrlhf.TRAINER,
    ms_swift.TRAINER,
    unsloth.TRAINER,
    llama_factory.TRAINER,
    nanochat.TRAINER,
    torchtune.TRAINER,
    trl.TRAINER,
)
_own: ContextVar[tuple[Trainer, ...]] = ContextVar("a person's own trainers", default=())


@contextmanager
def also(trainers: Iterable[Trainer]) -> Iterator[None]:
    """A person's own trainers, asked before all others while this lasts."""
    before = _own.set(tuple(dict.fromkeys((*trainers, *_own.get()))))
    try:
        yield
    finally:
        _own.reset(before)


def own() -> tuple[Trainer, ...]:
    """A person's own trainers, as they are known here and now."""
    return _own.get()


def known() -> tuple[Trainer, ...]:
    """Every trainer, a person's own first, then installed ones, ours, and last the plain names."""
    return _all(_own.get())


def by_name(name: str) -> Trainer:
    """The trainer of a name; the plain names for one that nobody knows."""
    return next((trainer for trainer in known() if trainer.name == name), PLAIN)


def title(name: str) -> str:
    """A trainer's name as people write it; what nobody knows stays as it is."""
    return next((trainer.title for trainer in known() if trainer.name == name), name)


def told(lines: str, config: Iterable[str] = ()) -> Trainer:
    """Whose metric names, one a line, or config keys these are; the plain names when nothing tells.

    Names tell first. Of two trainers that share their names, the config tells which.
    """
    everyone, keys = known(), "\n".join(config)
    found = next((trainer for trainer in everyone if trainer.mark is not None and trainer.mark.search(lines)), PLAIN)
    by_config = [trainer for trainer in everyone if keys and trainer.is_configured(keys)]
    if found is PLAIN:
        return next(iter(by_config), PLAIN)
    return next((trainer for trainer in by_config if found.name in trainer.like), found)


def kin(trainer: Trainer) -> tuple[Trainer, ...]:
    """A trainer, those whose names it uses too, and the plain names."""
    return _kin(trainer, known())


def keys(name: str, what: str) -> tuple[str, ...]:
    """Config keys for something (see CONFIG), the named trainer's own first, then everybody's."""
    own = kin(by_name(name))
    return tuple(dict.fromkeys(key for trainer in (*own, *known()) for key in trainer.config.get(what, ())))


def samples(name: str) -> tuple[tuple[str, ...], ...]:
    """Products of config keys that count the answers a step, the named trainer's own first."""
    return tuple(dict.fromkeys(keys for trainer in (*kin(by_name(name)), *known()) for keys in trainer.samples))


def remarks() -> tuple[str, ...]:
    """In a sentence each: the trainers of other packages that can't be used."""
    return _installed().problems


@lru_cache(maxsize=64)
def _kin(trainer: Trainer, everyone: tuple[Trainer, ...]) -> tuple[Trainer, ...]:
    others = {other.name: other for other in everyone}
    return (trainer, *(others[name] for name in trainer.like if name in others), *([] if trainer is PLAIN else [PLAIN]))


@lru_cache(maxsize=64)
def _all(own: tuple[Trainer, ...]) -> tuple[Trainer, ...]:
    every = (*own, *_installed().good, *BUILT_IN, PLAIN)
    first: Mapping[str, Trainer] = {trainer.name: trainer for trainer in reversed(every)}
    return tuple(first[name] for name in dict.fromkeys(trainer.name for trainer in every))


@cache
def _installed() -> Brought[Trainer]:
    """Trainers of other packages; what is broken is named and left out."""

    def fit(origin: str, trainer: Any) -> Trainer:
        if not isinstance(trainer, Trainer):
            raise TypeError("no Trainer")
        _ = trainer.mark, trainer.names, trainer.is_configured("")  # a pattern that is none is told now
        return trainer

    return brought(GROUP, fit)
