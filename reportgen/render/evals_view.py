"""All evals and the parts of the reward: as rows of a table, and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, cast

from reportgen import wording
from reportgen.evals import Eval
from reportgen.evals.series import Origin
from reportgen.findings import Component, Diagnosis, EvalGain
from reportgen.render import shape
from reportgen.render.curve_view import of_panel
from reportgen.report import Section
from reportgen.report.figures import Panel
from reportgen.signals.learning import Direction

WORDS = {"rising": "rises", "falling": "falls", "flat": "no clear change", None: "can't be told"}
EVAL_COLUMNS = ("Eval", "Kind", "Problems", "First", "Best", "Last", "Change, 95 %", "Course", "Beside train")
PART_COLUMNS = ("Part", "First tenth", "Last tenth", "Change, 95 %", "Course", "At its top since")


def of_evals(section: Section, diagnosis: Diagnosis) -> dict[str, Any]:
    """What the section on evals places."""
    gains = {one.name: gain for one, gain in zip(diagnosis.evals, diagnosis.eval_gains, strict=True) if gain}
    panels = [_panel(panel, gains[panel.metric].direction, gains[panel.metric].fall) for panel in section.panels]
    return {"columns": EVAL_COLUMNS, "rows": eval_rows(diagnosis), "panels": tuple(panels), "note": ""}


def of_components(section: Section, diagnosis: Diagnosis) -> dict[str, Any]:
    """What the section on the parts of the reward places."""
    moved = {one.name: one.direction for one in diagnosis.components}
    panels = [_panel(panel, moved[panel.metric], None) for panel in section.panels]
    return {"columns": PART_COLUMNS, "rows": part_rows(diagnosis), "panels": tuple(panels), "note": ""}


def _panel(panel: Panel, direction: Direction | None, fall: float | None) -> dict[str, Any]:
    """One small multiple's words: its course, and how far it is below its best."""
    words = of_panel(panel)
    down = f"{wording.difference(-fall, panel.figure.unit == 'share')} from its best" if fall is not None else ""
    look = "warn" if direction == "falling" or fall is not None else "ok" if direction == "rising" else "note"
    return words | {"look": look, "word": WORDS[direction], "said": down}


def eval_rows(diagnosis: Diagnosis) -> tuple[tuple[str, ...], ...]:
    """One row an eval, the main one first, in the order of EVAL_COLUMNS."""
    return tuple(
        _row(one, gain, diagnosis)
        for one, gain in zip(diagnosis.evals, diagnosis.eval_gains, strict=True)
        if gain is not None
    )


def part_rows(diagnosis: Diagnosis) -> tuple[tuple[str, ...], ...]:
    """One row a part of the reward, in the order of PART_COLUMNS."""
    return tuple(_part(one) for one in diagnosis.components)


def evals_json(diagnosis: Diagnosis) -> list[shape.EvalSaid]:
    """Every eval with what it gained; the main one first."""
    return [
        {
            "name": one.name, "names": list(one.names), "set": one.set or None, "kind": one.kind,
            "problems": _size(one, diagnosis)[0], "problems_state": _size(one, diagnosis)[1], "main": one.main,
            "why": one.why or None, "own": one.is_own, "accuracy": _is_share(one, diagnosis),
            **_gained(gain),
            "values": [
                {"step": step, "value": value}
                for step, value in zip(one.values.index.tolist(), one.values.tolist(), strict=True)
            ],
        }
        for one, gain in zip(diagnosis.evals, diagnosis.eval_gains, strict=True)
    ]  # fmt: skip


def _gained(gain: EvalGain | None) -> shape.GainedEval:
    if gain is None:
        return cast(shape.GainedEval, dict.fromkeys(shape.GainedEval.__annotations__))
    return {
        "first": gain.first, "best": gain.best, "best_step": gain.best_step, "last": gain.last,
        "gain": {"absolute": gain.absolute, "interval": gain.interval, "p_value": gain.p_value, "state": gain.state},
        "direction": gain.direction, "fall": gain.fall, "fall_p": gain.fall_p,
    }  # fmt: skip


def components_json(diagnosis: Diagnosis) -> list[shape.ComponentSaid]:
    """Every part of the reward and how it moved."""
    return [
        cast(shape.ComponentSaid, asdict(one) | {"state": "measured" if one.interval else "not tested"})
        for one in diagnosis.components
    ]


def _row(one: Eval, gain: EvalGain, diagnosis: Diagnosis) -> tuple[str, ...]:
    accuracy = _is_share(one, diagnosis)
    size, state = _size(one, diagnosis)
    problems = f"{wording.count(size)}{' (assumed)' if state == 'assumed' else ''}" if size else "not known"
    best = f"{wording.level(gain.best, accuracy)}, step {wording.count(gain.best_step)}"
    change = wording.difference(gain.absolute, accuracy) if len(one.values) > 1 else "one eval"
    if gain.interval is not None and len(one.values) > 1:
        change += f" {wording.interval(gain.interval, accuracy, signed=True)}"
    elif len(one.values) > 1:
        change += ", not tested"
    beside = "judged here" if one.main else {True: "same data", False: "transfer", None: "not said"}[one.is_own]
    name = wording.printable(one.set.rsplit("/", 1)[-1] or one.name, 60)
    return (name, one.kind, problems, wording.level(gain.first, accuracy), best, wording.level(gain.last, accuracy),
            change, WORDS[gain.direction], beside)  # fmt: skip


def _part(one: Component) -> tuple[str, ...]:
    share = one.accuracy
    change = wording.difference(one.change, share)
    change += f" {wording.interval(one.interval, share, signed=True)}" if one.interval else ", not tested"
    top = f"step {wording.count(one.saturated_step)}" if one.saturated_step is not None else "no"
    return (wording.printable(one.part, 60), wording.level(one.first, share), wording.level(one.last, share), change,
            WORDS[one.direction], top)  # fmt: skip


def _is_share(one: Eval, diagnosis: Diagnosis) -> bool:
    return diagnosis.scale.accuracy if one.main else one.accuracy


def _size(one: Eval, diagnosis: Diagnosis) -> tuple[int | None, Origin]:
    """Problems behind an eval, and where the number is from; the main one's as the whole page has it."""
    declared = diagnosis.eval_size(int(one.values.index[-1])) if one.main and len(one.values) else None
    if declared is not None and declared != one.problems:
        return declared, "given" if diagnosis.settings.eval_size is not None else "logged"
    return one.problems, one.problems_from
