"""A person's own trainers, out of the `[trainer.NAME]` tables of a settings file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

from reportgen.errors import SettingsError
from reportgen.trainers.trainer import CONFIG, Axis, EvalName, Kind, StepRule, Sum, Trainer

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")


def trainers_of(tables: Any, roles: Iterable[str]) -> tuple[Trainer, ...]:
    """The trainers of a file's `trainer` table; SettingsError says which key is wrong, and what goes there."""
    if not isinstance(tables, Mapping) or not all(isinstance(table, Mapping) for table in tables.values()):
        raise SettingsError("trainer: expected a table a trainer; write [trainer.mine]")
    return tuple(_trainer(str(name), table, frozenset(roles)) for name, table in tables.items())


def _trainer(name: str, table: Mapping[str, Any], roles: frozenset[str]) -> Trainer:
    where = f"trainer.{name}"
    if not NAME.fullmatch(name):
        raise SettingsError(f"{where}: no name; use up to 40 of a to z, 0 to 9, '.', '_' and '-'")
    if unknown := sorted(set(table) - set(KEYS)):
        raise SettingsError(f"{where}.{unknown[0]}: no such key; one of {', '.join(KEYS)}")
    given = {key: KEYS[key](table[key], f"{where}.{key}") for key in table}
    for key, known in (("roles", roles), ("sums", roles), ("config", frozenset(CONFIG))):
        if odd := sorted(set(given.get(key, {})) - known):
            raise SettingsError(f"{where}.{key}.{odd[0]}: not known; one of {', '.join(sorted(known))}")
    if not given.get("marks") and not given.get("config_marks"):
        raise SettingsError(f"{where}: nothing tells its runs; give marks = [\"^my/score$\"], or config_marks")
    lowered = {key: {role: tuple(map(str.lower, names)) for role, names in given["roles"].items()} for key in ("roles",)
               if key in given}  # fmt: skip
    return Trainer(name=name, **{"title": name, "checked": "your own", **given, **lowered})


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise SettingsError(f"{where}: expected a text")
    return value


def _texts(value: Any, where: str) -> tuple[str, ...]:
    """One text, or a list of them."""
    listed = value if isinstance(value, list) else [value]
    return tuple(_text(one, where) for one in listed)


def _marks(value: Any, where: str) -> tuple[str, ...]:
    marks = _texts(value, where)
    for mark in marks:
        try:
            re.compile(mark)
        except re.error as error:
            raise SettingsError(f"{where}: {mark!r} is no regular expression ({error})") from error
    return tuple(mark.removeprefix("^") for mark in marks)


def _named(value: Any, where: str) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, Mapping):
        raise SettingsError(f"{where}: expected a table of names")
    return {key: _texts(names, f"{where}.{key}") for key, names in value.items()}


def _axes(value: Any, where: str) -> tuple[Axis, ...]:
    return tuple(Axis(family, names[0]) for family, names in _named(value, where).items())


def _rows(value: Any, where: str, make: Callable[..., Any], example: str) -> tuple[Any, ...]:
    """One value a row of a list of tables."""
    if not isinstance(value, list):
        raise SettingsError(f"{where}: expected a list; write {example}")
    try:
        return tuple(make(**row) for row in value)
    except TypeError as error:
        raise SettingsError(f"{where}: expected rows like {example}") from error


def _evals(value: Any, where: str) -> tuple[EvalName, ...]:
    example = '[{name = "eval/{set}/acc", kind = "mean", accuracy = true}]'
    found = _rows(value, where, EvalName, example)
    for one in found:
        if not isinstance(one.name, str) or one.kind not in get_args(Kind) or not isinstance(one.accuracy, bool):
            kinds = ", ".join(get_args(Kind))
            raise SettingsError(f"{where}: {one.name}: expected a row like {example}; kinds: {kinds}")
    return found


def _sums(value: Any, where: str) -> dict[str, Sum]:
    if not isinstance(value, Mapping):
        raise SettingsError(f'{where}: expected roles; write zero_variance_groups = {{parts = ["none", "all"]}}')
    found = {}
    for role, row in value.items():
        (one,) = _rows([row], f"{where}.{role}", Sum, '{parts = ["none", "all"], scale = 0.01}')
        if not isinstance(one.scale, int | float) or isinstance(one.scale, bool):
            raise SettingsError(f"{where}.{role}.scale: expected a number")
        found[role] = Sum(_texts(one.parts, f"{where}.{role}.parts"), float(one.scale))
    return found


def _products(value: Any, where: str) -> tuple[tuple[str, ...], ...]:
    if not isinstance(value, list):
        raise SettingsError(f'{where}: expected keys to multiply; write [["batch_size", "group_size"]]')
    rows = value if all(isinstance(row, list) for row in value) else [value]
    return tuple(_texts(row, where) for row in rows)


def _step_rule(value: Any, where: str) -> StepRule:
    if value == "from_one":
        return "from_one"
    if value == "":
        return ""
    raise SettingsError(f'{where}: expected "from_one" (logged from 0, printed from 1), or leave it out')


KEYS: Mapping[str, Callable[[Any, str], Any]] = {
    "title": _text, "marks": _marks, "config_marks": _texts, "like": _texts, "roles": _named, "sums": _sums,
    "accuracies": _texts, "prefixes": _texts, "axes": _axes, "step_rule": _step_rule, "evals": _evals,
    "eval_sizes": _texts, "components": _texts, "filtered": _texts, "samples": _products, "config": _named,
}  # fmt: skip
