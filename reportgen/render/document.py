"""The report as JSON: stable, documented, versioned; what doesn't apply is null, never left out."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from datetime import datetime
from enum import Enum
from itertools import islice
from typing import Any, cast

import numpy as np

import reportgen
from reportgen import saved
from reportgen.comparison import Comparison, Level
from reportgen.diagnostics.watched import grown
from reportgen.findings import Diagnosis, Gap, Severity
from reportgen.recipes import Recipes
from reportgen.render import card, compared, shape
from reportgen.render.compared_tables import gain, gain_per_hour
from reportgen.render.evals_view import components_json, evals_json
from reportgen.render.shape import SCHEMA
from reportgen.render.times_view import times_json
from reportgen.report import Report
from reportgen.report.since import review
from reportgen.samples import Samples
from reportgen.seen import Seen
from reportgen.signals import Learning, record
from reportgen.signals.learning import BackTest

CHUNKS = 200_000  # of the encoder, some ten characters each, that are joined before they are handed on
MOST_PASSED = 1000  # files that were passed over, of those that are named; a home has 200,000

# stand only inside JSON's strings; a terminal takes them for commands, and turns what follows around
CONTROL = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


def to_json(report: Report, *, whole: bool = True) -> str:
    """Every number of the report as a JSON document.

    whole: also all that its pages are made of, so that from_json() gives the report back.
    """
    return "".join(JsonText(report, whole))


@dataclass(frozen=True)
class JsonText:
    """The text of to_json() in pieces of a few MB: of thousands of runs one alone is held as plain values."""

    report: Report
    whole: bool = True

    def __iter__(self) -> Iterator[str]:
        runs = self.report.diagnoses
        said: dict[str, Any] = plain(_rest(self.report)) | {"runs": _Each(runs, lambda one: plain(_run(one)))}
        if self.whole:
            said["saved"] = {"title": self.report.title, "diagnoses": _Each(runs, saved.packed)}
        written = json.JSONEncoder(ensure_ascii=False, allow_nan=False, indent=1).iterencode(said)
        while chunks := list(islice(written, CHUNKS)):
            yield CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", "".join(chunks))
        yield "\n"


class _Each(list[Any]):
    """A list whose items are made when they are written."""

    def __init__(self, items: Sequence[Any], make: Callable[[Any], Any]) -> None:
        super().__init__(items)
        self.make = make

    def __iter__(self) -> Iterator[Any]:
        return map(self.make, super().__iter__())


def document(report: Report) -> dict[str, Any]:
    """The report as plain values."""
    made: dict[str, Any] = plain(_rest(report) | {"runs": [_run(diagnosis) for diagnosis in report.diagnoses]})
    return made


def _rest(report: Report) -> shape.Document:
    """All of the report but its runs, which stand where they belong among the keys."""
    return {
        "schema": SCHEMA,
        "tool": {"name": "reportgen", "version": reportgen.__version__,
                 "record": {advice: {"n": known.n, "rose": known.rose, "fell": known.fell}
                            for advice, known in record.BY_ADVICE.items()}},
        "title": report.title,
        "assumptions": {item.name: item.value for item in report.assumptions},
        "assumed": report.assumptions,
        "runs": [],
        "comparison": None if report.comparison is None else _comparison(report.comparison),
        "choice": report.choice,
        "since": report.since,
        "review": review(report.diagnoses),
        "gates": report.gates,
        "unread": [{"source": source, "problem": problem} for source, problem in report.unread],
        "passed_over": {
            "count": len(report.passed_over),
            "places": [{"path": path, "why": why} for path, why in report.passed_over[:MOST_PASSED]],
        },
    }


def plain(value: Any) -> Any:
    """Any value as what JSON can hold; non-finite numbers are null, unwritable characters are gone."""
    if value is None or (isinstance(value, bool | int) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Severity):
        return value.word
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, np.integer | np.bool_):
        return value.item()
    if isinstance(value, Mapping):
        return {plain(str(key)): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset | np.ndarray):
        return [plain(inner) for inner in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    return plain(str(value))


def _run(diagnosis: Diagnosis) -> shape.RunSaid:
    run, train = diagnosis.run, diagnosis.train
    index = run.history.index
    return {
        "id": run.id,
        "name": run.name,
        "source": run.source,
        "framework": run.framework or None,
        "state": run.state,
        "started": run.started.isoformat() if run.started else None,
        "runtime_s": run.runtime_s,
        "steps": {"first": int(index[0]), "last": int(index[-1]), "count": card.counted(diagnosis),
                  "logged": run.n_steps},
        "steps_per_epoch": run.steps_per_epoch,
        "restarts": list(run.restarts),
        "scale": {"accuracy": diagnosis.scale.accuracy, "range": diagnosis.scale.range, "why": diagnosis.scale.why},
        "roles": {role: played.name for role, played in diagnosis.roles.items()},
        **learned(train),
        "eval": None if diagnosis.eval is None else learned(diagnosis.eval),
        "evals": evals_json(diagnosis),
        "eval_points": _evals(diagnosis),
        "components": components_json(diagnosis),
        "times": times_json(diagnosis),
        "gap": _gap(diagnosis.gap),
        "improvement": diagnosis.improvement,
        "checkpoints": diagnosis.checkpoints,
        "causes": diagnosis.verdict.causes,
        "signals": _signals(diagnosis),
        "metrics": dict(run.extent.logged),
        "nonfinite": [{"step": item.step, "metric": item.metric, "value": str(item.value)} for item in run.nonfinite],
        "config": dict(run.config),
        "removed": list(run.removed),
        "provenance": dict(run.provenance),
        "notes": list(run.notes),
        "samples": _samples(diagnosis.samples),
        "findings": [
            {"check": found.check, "severity": found.severity, "headline": found.headline, "detail": found.detail,
             "steps": found.steps, "evidence": dict(found.evidence)}
            for found in diagnosis.findings
        ],
        "skipped": diagnosis.skipped,
        "verdict": _verdict(diagnosis),
    }  # fmt: skip


def _samples(samples: Samples | None) -> shape.SamplesSaid | None:
    """The counts of what was written, no text of it."""
    if samples is None:
        return None
    turned = samples.turned
    won: shape.TurnedSaid | None = None if turned is None else {
        "before": turned.before, "after": turned.after, "n_problems": turned.n_problems, "won": turned.won,
        "lost": turned.lost,
    }  # fmt: skip
    return {"source": samples.source, "count": samples.n, "length_in": samples.counted_in, "turned": won,
            "steps": samples.steps}  # fmt: skip


def learned(learning: Learning | None) -> shape.Learned:
    """Plateau, trend, collapse and forecast of one series; all null when there is none."""
    if learning is None:
        return cast(shape.Learned, dict.fromkeys(shape.Learned.__annotations__))
    plateau, collapse, trend = learning.plateau, learning.collapse, learning.trend
    return {
        "plateau": {
            "plateaued": plateau.plateaued,
            "onset_step": plateau.onset_step,
            "onset_interval": plateau.onset_interval,
            "confidence": plateau.probability,
            "tolerance": plateau.tolerance,
            "dwell_steps": plateau.dwell_steps,
            "settled_by": plateau.settled_by,
        },
        "trend": {
            "direction": trend.direction,
            "slope_per_step": trend.slope_per_step,
            "interval": trend.interval,
            "probability": trend.probability,
        },
        "collapse": {
            "collapsed": collapse.collapsed,
            "peak_step": collapse.peak_step,
            "onset_step": collapse.onset_step,
            "peak_level": collapse.peak_level,
            "drop": collapse.drop,
            "probability": collapse.probability,
        },
        "forecast": list(learning.forecast),
        "next_point_step": learning.next_point_step,
        "next_point": learning.gain_point,
        "back_test": _back_test(learning.back_test),
        "start_level": float(learning.curve.mid[0]) if len(learning.curve.mid) else None,
        "end_level": {"low": learning.end_level[0], "mid": learning.end_level[1], "high": learning.end_level[2]},
        "noise_sd": learning.noise_sd,
        "p_rise": learning.p_rise,
        "p_still": learning.p_still,
        "p_fall": learning.p_fall,
    }


def _back_test(made: BackTest | None) -> shape.BackTestSaid | None:
    return None if made is None else cast(shape.BackTestSaid, asdict(made) | {"hit": made.hit})


def _evals(diagnosis: Diagnosis) -> list[shape.EvalPoint]:
    """The main eval's every value with its 95 % interval, null where the eval set's size is unknown."""
    evals = diagnosis.seen.get("eval_reward")
    if evals is None:
        return []
    bounds = (evals.interval_at(int(step)) or (None, None) for step in evals.steps)
    return [
        {"step": step, "value": value, "low": low, "high": high, "n": n}
        for step, value, (low, high), n in zip(
            evals.steps.tolist(), evals.values.tolist(), bounds, evals.sizes or [None] * len(evals.steps), strict=True
        )
    ]


def _signals(diagnosis: Diagnosis) -> dict[str, shape.SignalSaid]:
    """Each role's signal as it is judged and drawn: levels at the start and at the end, times, extremes, limit."""
    return {
        role: {"title": one.title, "source": one.name, "unit": one.unit, "start": one.start, "end": one.end,
               "times": end_over_start(one), "lowest": float(one.values.min()),
               "highest": float(one.values.max()), "limit": one.limit}
        for role, one in diagnosis.seen.items()
    }  # fmt: skip


def end_over_start(one: Seen) -> float | None:
    """How many times its start a signal's end is: as the checks say it, else plainly."""
    return grown(one) or (one.end / one.start if one.start else None)


def _gap(gap: Gap | None) -> shape.GapSaid | None:
    if gap is None:
        return None
    trend = [dict(zip(("step", "gap", "low", "high"), point, strict=True)) for point in gap.trend]
    return cast(shape.GapSaid, {**asdict(gap), "trend": trend})


def _verdict(diagnosis: Diagnosis) -> shape.VerdictSaid:
    verdict = diagnosis.verdict
    return {
        "decision": verdict.decision,
        "severity": verdict.severity,
        "headline": verdict.headline,
        "because": verdict.because,
        "lead": verdict.lead,
        "causes": verdict.causes,
        "cause_line": verdict.cause_line or None,
        "reasons": list(verdict.reasons),
        "next_steps": [step.action for step in verdict.next_steps],
        "next_steps_in_full": verdict.next_steps,
        "numbers": verdict.numbers,
    }


def _comparison(comparison: Comparison) -> shape.ComparisonSaid:
    together = zip(comparison.labels, comparison.levels, comparison.costs, comparison.diagnoses, strict=True)
    return {
        "labels": list(comparison.labels),
        "reference": comparison.reference,
        "tiers": [list(tier) for tier in comparison.tiers],
        "pairs": comparison.pairs,
        "config_differences": {key: list(values) for key, values in comparison.differences.items()},
        "measure": comparison.measure,
        "levels": [_level(label, level) for label, level in zip(comparison.labels, comparison.levels, strict=True)],
        "changes": {label: list(keys) for label, keys in comparison.changes.items()},
        "groups": _groups(comparison.recipes),
        "recipes": _recipes(comparison.recipes),
        "unranked": dict(comparison.unranked),
        "costs": [
            {"run": label, "hours": cost.hours, "gpus": cost.gpus, "gpu_hours": cost.gpu_hours,
             "gain": gain(level, one), "gain_per_hour": gain_per_hour(level, cost, one), "points": cost.points}
            for label, level, cost, one in together
        ],
        "gpu_hours": compared.spent(comparison),
        "reached": list(compared.reached(comparison)),
        "notes": list(comparison.notes),
    }


def _groups(recipes: Recipes | None) -> list[shape.GroupSaid]:
    """Recipes run with several seeds: their runs and the mean over seeds."""
    several = [one for one in recipes.recipes if len(one.labels) > 1] if recipes is not None else []
    return [{"labels": one.labels, "mean": one.mean, "interval": one.interval} for one in several]


def _recipes(recipes: Recipes | None) -> shape.RecipesSaid | None:
    """Recipes best first, their tiers, the noise of seeds and the effect of each key."""
    if recipes is None:
        return None
    each = [{**asdict(one), "keep": one.keep} for one in recipes.recipes]
    return cast(shape.RecipesSaid, {**asdict(recipes), "recipes": each})


def _level(label: str, level: Level | None) -> shape.LevelSaid:
    """Where one run ended on the measure that ranks; nulls when it has none."""
    if level is None:
        return {"run": label, "value": None, "interval": None, "step": None, "n": None}
    return {"run": label, "value": level.value, "interval": level.interval, "step": level.step, "n": level.n}
