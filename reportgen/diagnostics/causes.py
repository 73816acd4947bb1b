"""What moved, in which order, when something broke."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from reportgen import metrics, wording
from reportgen.diagnostics.watched import watched
from reportgen.findings import Checkpoints, Evidence, Finding, Move
from reportgen.seen import Seen
from reportgen.signals.hinge import Hinge, hinge

STARTED_BEFORE = 0.25  # share of a whole move that was made before the hinge: then it has no start to point at
Counts = Callable[[float, float], bool]  # (before, after) -> whether that is a move to speak of


@dataclass(frozen=True)
class Watch:
    """How a signal is watched for the move that broke something."""

    role: str
    check: str  # whose row has the evidence
    counts: Counts
    logarithmic: bool = False  # grows by factors


def _grew(factor: float, least: float) -> Counts:
    return lambda before, after: abs(after) > factor * abs(before) and abs(after - before) > least


def _either(factor: float) -> Counts:
    return lambda before, after: not 1 / factor < (abs(after) + 1e-12) / (abs(before) + 1e-12) < factor


def _fell(factor: float) -> Counts:
    return lambda before, after: after * factor < before


WATCHED: tuple[Watch, ...] = (
    Watch("grad_norm", "grad_norm", _either(3.0), True),
    Watch("kl", "kl", _grew(3.0, 0.05), True),
    Watch("behaviour_kl", "behaviour_kl", _grew(3.0, 0.01), True),
    Watch("entropy", "entropy", _either(1.6)),
    Watch("policy_loss", "loss", _grew(4.0, 0.0)),
    Watch("clip_fraction", "clip_fraction", _grew(2.0, 0.03)),
    Watch("truncation", "truncation", _grew(2.0, 0.08)),
    Watch("zero_variance_groups", "zero_variance", _grew(1.5, 0.15)),
    Watch("advantage_spread", "advantages", _fell(2.0)),
    Watch("response_length", "response_length", _either(1.4)),
    Watch("sequence_length", "response_length", _either(1.4)),
)


def causes_of(evidence: Evidence, findings: Iterable[Finding]) -> tuple[Move, ...]:
    """The signals that moved, in the order in which they did; none when nothing broke.

    A move is dated by where the signal left its course (a line with a ramp in it); where it had moved
    from the first step on, by the step at which it passed its limit for good.
    """
    found = {one.check: one for one in findings}
    if not any(one.evidence.get("broke") for one in found.values()):
        return ()
    policy = [move for watch in WATCHED if (move := _move(watch, evidence, found)) is not None]
    if any(move.role == "response_length" for move in policy):
        policy = [move for move in policy if move.role != "sequence_length"]
    return tuple(sorted((*policy, *_rewards(evidence)), key=lambda move: move.until))


def line_of(causes: Iterable[Move], kept: Checkpoints | None, accuracy: bool) -> str:
    """The order in a line: "clip fraction and truncation at 51, entropy at 52; keep step 63: 33.1 %"; "" for none."""
    text = ", ".join(words for words, _ in grouped(causes))
    if not text:
        return ""
    keep = keep_line(kept, accuracy)
    return f"{text[:1].upper()}{text[1:]}{f'; {keep}' if keep else ''}"


def grouped(causes: Iterable[Move]) -> tuple[tuple[str, tuple[Move, ...]], ...]:
    """Moves of one step together: ("clip fraction and truncation at 51", those two)."""
    by_place: dict[tuple[int, int], list[Move]] = {}
    for move in causes:
        by_place.setdefault((move.step, move.until), []).append(move)
    return tuple(
        (f"{wording.listed([move.signal for move in moves])} {_when(*place)}", tuple(moves))
        for place, moves in by_place.items()
    )


def _when(step: int, until: int) -> str:
    if step == until:
        return f"at {wording.count(step)}"
    return f"between {wording.count(step)} and {wording.count(until)}"


def keep_line(kept: Checkpoints | None, accuracy: bool) -> str:
    """The checkpoint to keep with its level: "keep step 63: 33.10 % [30.6, 35.7]"; "" when there is none."""
    if kept is None or kept.keep is None:
        return ""
    text = f"keep step {wording.count(kept.keep)}"
    if kept.level is not None:
        text += f": {wording.level(kept.level, accuracy)}"
        text += f" {wording.interval(kept.interval, accuracy)}" if kept.interval else ""
    return text


def _move(watch: Watch, evidence: Evidence, found: Mapping[str, Finding]) -> Move | None:
    """The move of one policy signal; None when it kept its course."""
    seen = watched(evidence, watch.role)
    if seen is None:
        return None
    broke = found.get(watch.check)
    is_broken = broke is not None and bool(broke.evidence.get("broke"))
    steps, values = seen.thinned()
    bend = hinge(values, logarithmic=watch.logarithmic) or (hinge(values) if watch.logarithmic else None)
    if bend is not None and watch.counts(bend.before, bend.after) and not _had_begun(bend, seen):
        return _told(watch, seen, int(steps[min(bend.position + 1, len(steps) - 1)]), bend.before, bend.after)
    since = broke.evidence.get("since_step") if broke is not None else None
    if not is_broken or since is None:
        return None
    return _told(watch, seen, int(since), seen.start, seen.end)


def _had_begun(bend: Hinge, seen: Seen) -> bool:
    """Whether much of the move was made before the hinge: a decay from the first step on has none."""
    whole = abs(bend.after - seen.start)
    return abs(bend.before - seen.start) > STARTED_BEFORE * whole


def _told(watch: Watch, seen: Seen, step: int, before: float, after: float) -> Move:
    unit = seen.unit
    signal = metrics.spoken(watch.role).replace("truncated answers", "truncation")
    return Move(watch.role, signal, watch.check, step, step, "rose" if after > before else "fell", before, after, unit)


def _rewards(evidence: Evidence) -> list[Move]:
    """Where the train reward began to fall, and the last eval before it was seen to."""
    found = []
    train, evals = evidence.train, evidence.eval
    unit = "accuracy" if evidence.scale.accuracy else ""
    if train is not None and train.collapse.collapsed and train.collapse.onset_step is not None:
        peak, drop = train.collapse.peak_level or 0.0, train.collapse.drop or 0.0
        step = train.collapse.onset_step
        found.append(Move("train_reward", "reward", "collapse", step, step, "fell", peak, peak - drop, unit))
    seen = evidence.seen.get("eval_reward")
    if evals is not None and seen is not None and evals.collapse.collapsed and evals is not train:
        peak_step = evals.collapse.peak_step or int(seen.steps[0])
        level, last = seen.at(peak_step), float(np.median(seen.values[-1:]))
        before = level if level is not None else evals.collapse.peak_level or 0.0
        until = next((int(step) for step in seen.steps if step > peak_step), peak_step)
        found.append(Move("eval_reward", "eval", "eval_collapse", peak_step, until, "fell", before, last, unit))
    return found
