"""Where a run came from: config, provenance, settings, the end of its console."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from reportgen import trainers, wording
from reportgen.findings import Diagnosis
from reportgen.metrics import BY_ROLE
from reportgen.render import embedded
from reportgen.render.checks_view import Group
from reportgen.render.evidence import shown, spelled

CONFIG_BYTES = 2_000_000  # of all config values of a run on a page
SHORTEST = 60  # characters of a value that are always shown


def config_groups(config: Mapping[str, Any]) -> tuple[Group, ...]:
    """Keys by their first part, single keys first."""
    groups: dict[str, list[tuple[str, str]]] = {}
    fair = max(SHORTEST, CONFIG_BYTES // max(1, len(config)))  # characters of a value, so that many fit
    for name, value in config.items():
        head, _, rest = str(name).partition(".")
        groups.setdefault(head if rest else "", []).append((rest or head, _config_text(value, fair)))
    singles = groups.pop("", [])
    ordered = [("single keys", singles)] if singles else []
    ordered += sorted(groups.items(), key=lambda item: -len(item[1]))
    return tuple(Group(name, tuple(rows), wording.plural(len(rows), "key")) for name, rows in ordered)


def _config_text(value: Any, longest: int) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower() if value is not None else "null"
    if isinstance(value, float):
        return f"{value:.12g}"
    return wording.shortened(str(value), min(longest, embedded.LONGEST))


def facts(diagnosis: Diagnosis) -> tuple[tuple[str, str, str | None], ...]:
    """Provenance: label, text, and an address where it is one that may be followed."""
    run = diagnosis.run
    index = run.history.index
    rows: list[tuple[str, Any]] = [
        ("Run", run.name or run.id),
        ("Id", run.id),
        ("Read from", run.source),
        ("Steps", f"{wording.count(run.n_steps)}, from {wording.count(index[0])} to {wording.count(index[-1])}"),
        (
            "Metrics",
            f"{wording.count(len(run.history.columns))}; non-finite values: {wording.count(len(run.nonfinite))}",
        ),
        ("State", run.state),
        ("Started", f"{run.started:%Y-%m-%d %H:%M} UTC" if run.started else ""),
        ("Runtime", wording.duration(run.runtime_s) if run.runtime_s else ""),
        ("Trainer", trainers.title(run.framework) if run.framework else ""),
        *(
            (spelled(str(name)), ", ".join(map(str, value)) if isinstance(value, list | tuple) else value)
            for name, value in run.provenance.items()
        ),
    ]
    return tuple((label, str(value), web_address(str(value))) for label, value in rows if value not in (None, "", []))


def roles(diagnosis: Diagnosis) -> tuple[tuple[str, str, str], ...]:
    """Which logged metric was taken for what: role, metric, and why."""
    return tuple((BY_ROLE[role].title, played.name, played.why) for role, played in diagnosis.roles.items())


def web_address(text: str) -> str | None:
    """The text when it is an http(s) address that a link may lead to."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme in ("http", "https") and parts.netloc and not any(c.isspace() for c in text) else None


def changed_settings(diagnosis: Diagnosis) -> tuple[tuple[str, str], ...]:
    """Every setting that isn't the default."""
    given, usual = vars(diagnosis.settings), vars(type(diagnosis.settings)())
    return tuple((name, shown(value)) for name, value in given.items() if value != usual[name])


def console(diagnosis: Diagnosis) -> str:
    """The end of the console, when it was logged."""
    return "\n".join(diagnosis.run.console_tail.splitlines()[-40:])
