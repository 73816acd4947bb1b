"""What the reward is: its parts, and whether a filter stands before it."""

from __future__ import annotations

from reportgen import wording
from reportgen.findings import Check, Component, Evidence, Finding, Severity, Skipped
from reportgen.settings import Settings

SHOWN = 3  # parts in a headline


def components(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """Which parts of the reward rose, fell, or have nothing left to give."""
    parts = evidence.cast.components
    if not parts:
        return Skipped("components", (), "the reward's parts were not logged, or it has only one")
    fallen = [one for one in parts if one.direction == "falling"]
    lost = [one for one in fallen if one.accuracy]
    said = [_said(one) for one in sorted(parts, key=lambda one: one not in fallen)[:SHOWN]]
    more = f"; {len(parts) - SHOWN} more" if len(parts) > SHOWN else ""
    detail = ""
    if evidence.cast.mixture and evidence.cast.judged_by:
        detail = f"{evidence.cast.mixture} mixes them, so {evidence.cast.judged_by} is judged as the train reward."
    elif evidence.cast.mixture:
        detail = f"{evidence.cast.mixture} mixes them, so it is no accuracy."
    return Finding(
        "components",
        Severity.WARNING if lost else Severity.NOTE if fallen else Severity.OK,
        "; ".join(said) + more,
        detail,
        {
            "parts": [
                {"part": one.part, "first": one.first, "last": one.last, "change": one.change,
                 "direction": one.direction or "can't be told", "at its top since": one.saturated_step}
                for one in parts
            ],
            "mixture": evidence.cast.mixture,
            "judged_by": evidence.cast.judged_by,
            "rule": "mean of the last tenth against that of the first, in units of their noise",
        },
    )  # fmt: skip


def _said(one: Component) -> str:
    """A part in a clause: "format rose from 0.50 to 1.0, at its top since step 48"."""
    words = {"rising": "rose from", "falling": "fell from", "flat": "flat:", None: "can't be told:"}
    first, last = wording.level(one.first, one.accuracy), wording.level(one.last, one.accuracy)
    top = f", at its top since step {wording.count(one.saturated_step)}" if one.saturated_step is not None else ""
    return f"{one.part} {words[one.direction]} {first} to {last}{top}"


def filtered(evidence: Evidence, settings: Settings) -> Finding | Skipped:
    """Whether the train reward counts only the groups that a filter kept."""
    found = evidence.cast
    if found.filtered is None:
        return Skipped("filtered", (), "no filter of groups is on, as far as the config says")
    headline = f"{found.filtered} counts the groups that {found.filter_key} kept"
    if found.judged_by is not None:
        headline += f"; judged by {found.judged_by}"
        detail = "Groups all right or all wrong are left out, so it hovers about one half whatever is learned."
    else:
        headline += "; the evals decide" if found.evals_decide else "; no unfiltered reward was logged"
        detail = "It hovers about one half whatever is learned; log the reward before the filter to have it judged."
    return Finding(
        "filtered",
        Severity.NOTE,
        headline,
        detail,
        {"filtered": found.filtered, "key": found.filter_key, "judged_by": found.judged_by,
         "rule": "dynamic sampling is on in the config"},
    )  # fmt: skip


CHECKS = (
    Check("components", "learning", "Parts of the reward", "Which part of the reward moved?", (), components),
    Check("filtered", "learning", "Filtered reward", "Does the reward count every group?", (), filtered),
)
