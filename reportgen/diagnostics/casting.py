"""Which metrics stand for train and eval: no mixture, no filtered reward, the right eval set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from reportgen import evals, metrics
from reportgen.diagnostics import origins, parts
from reportgen.findings import Cast
from reportgen.metrics import Played
from reportgen.run import Run
from reportgen.settings import Settings

PLAIN_WHYS = ("it is the only eval set", "it is the run's own eval")  # say less than whose name it is


def cast(run: Run, settings: Settings) -> tuple[Run, dict[str, Played], Cast]:
    """The run with its roles as they are judged, and what was taken for what.

    An eval that stood under two names, or a mean over sets, becomes a column of the run's history,
    so that everything downstream finds the main eval under one name.
    Raises SettingsError for a role, metric or eval of the settings that isn't there.
    """
    roles = dict(metrics.roles(run.history.columns, settings.metrics, run.framework or None))
    made_of = parts.found(run.history)
    found = Cast(components=parts.components(run.history, made_of))
    if "train_reward" in roles and "train_reward" not in settings.metrics:
        roles, found = _without_mixture(run, roles, found, made_of)
        roles, found = _unfiltered(run, roles, found)
    run, roles, found = _with_main_eval(run, roles, found, settings)
    return run, {role: roles[role] for role in metrics.BY_ROLE if role in roles}, found


def _without_mixture(
    run: Run, roles: dict[str, Played], found: Cast, made_of: Mapping[str, str]
) -> tuple[dict[str, Played], Cast]:
    """The accuracy among the parts where the logged reward mixes it with others."""
    total = roles["train_reward"].name
    if not parts.is_mixture(run.history, total, made_of):
        return roles, found
    part = parts.accurate_part(run.history, total, made_of)
    if part is None:
        return roles, replace(found, mixture=total)
    why = f"the accuracy among the parts of {total}, which mixes {', '.join(list(made_of)[:4])}"
    roles["train_reward"] = Played("train_reward", part, why)
    for role in ("reward_min", "reward_max"):  # of the mixture, so they tell nothing of its part
        roles.pop(role, None)
    return roles, replace(found, mixture=total, judged_by=part)


def _unfiltered(run: Run, roles: dict[str, Played], found: Cast) -> tuple[dict[str, Played], Cast]:
    """The reward of all groups where the logged one counts those alone that a filter kept."""
    key = parts.filter_key(run)
    if key is None:
        return roles, found
    kept, whole = roles["train_reward"].name, parts.unfiltered(run, roles)
    found = replace(found, filtered=kept, filter_key=key)
    if whole is None:
        return roles, found
    why = f"{kept} counts the groups that {key} kept; this one counts all"
    roles["train_reward"] = Played("train_reward", whole, why)
    for role in ("reward_min", "reward_max"):
        roles.pop(role, None)
    return roles, replace(found, judged_by=whole)


def _with_main_eval(
    run: Run, roles: dict[str, Played], found: Cast, settings: Settings
) -> tuple[Run, dict[str, Played], Cast]:
    """The run with its main eval under one name, and all the evals."""
    logged = list(run.evals)
    played = roles.get("eval_reward")
    wanted = settings.eval or (played.name if played is not None and "eval_reward" in settings.metrics else None)
    if played is not None and not any(played.name in one.names for one in logged):
        values = run.history[played.name].dropna()
        logged.append(evals.Eval(played.name, "", "reward", None, values, names=(played.name,),
                                 accuracy=metrics.is_accuracy_name(played.name, run.framework)))  # fmt: skip
    logged = [one for one in logged if len(one.values)]
    if not logged:
        if settings.eval:
            evals.chosen((), wanted=settings.eval)
        return run, roles, found
    train = run.history[roles["train_reward"].name].dropna() if "train_reward" in roles else None
    chosen = evals.chosen(
        logged, origins.trained_on(run), wanted=wanted, train=train, evaluated_on=origins.evaluated_on(run)
    )
    chosen = tuple(_with_set(one, run) for one in chosen)
    main = chosen[0]
    column = run.history[main.name].dropna() if main.name in run.history.columns else pd.Series(dtype=float)
    if len(column) != len(main.values):
        run = replace(run, history=run.history.assign(**{main.name: main.values.reindex(run.history.index)}))
    why = main.why if wanted is None or settings.eval else "given by --metric"
    if played is not None and played.name == main.name and main.why in PLAIN_WHYS:
        why = played.why
    roles["eval_reward"] = Played("eval_reward", main.name, why)
    return run, roles, replace(found, evals=chosen)


def _with_set(one: evals.Eval, run: Run) -> evals.Eval:
    """An eval whose name has no set, with the one set that the config or the run's names speak of."""
    told = origins.evaluated_on(run) or origins.trained_on(run)
    if one.set or one.is_own is not True or len(told) != 1:
        return one
    size = evals.sets.problems(told[0])
    if one.problems is None and size is not None and one.accuracy:
        return replace(one, set=told[0], problems=size, problems_from="assumed")
    return replace(one, set=told[0])
