"""What moved first: the signals in the order in which each left its course."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reportgen import metrics, wording
from reportgen.findings import Evidence, Finding, Move, Severity
from reportgen.seen import Seen
from reportgen.signals.hinge import hinge

LOGARITHMIC = frozenset(("kl", "behaviour_kl", "grad_norm"))  # they grow by factors
WATCHED = (
    "clip_fraction", "truncation", "entropy", "kl", "behaviour_kl", "grad_norm", "zero_variance_groups",
    "response_length", "sequence_length", "train_reward", "eval_reward",
)  # fmt: skip
SHORT = {"sequence_length": "length", "response_length": "length", "train_reward": "reward", "eval_reward": "eval",
         "zero_variance_groups": "zero-variance groups", "grad_norm": "gradient norm", "behaviour_kl": "sampler KL"}
BEFORE = 0.25  # of the run: how long before the first limit was passed a move may have begun it
LEAST_TIMES = 1.5  # a signal that moved by less is not named beside those that broke
BROKE = "broke"  # in a finding's evidence: the signal is where no policy should be


def broken(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings on policy signals that broke."""
    return tuple(found for found in findings if found.evidence.get(BROKE) is True)


def is_broken(findings: Sequence[Finding]) -> bool:
    """Whether anything broke, so that the order of the moves matters."""
    falls = [found for found in findings if found.check in ("collapse", "eval_collapse")]
    return any(found.severity >= Severity.WARNING for found in falls) or bool(broken(findings))


def causes(evidence: Evidence, findings: Sequence[Finding]) -> tuple[Move, ...]:
    """Every signal that left its course, in the order in which they did; none where nothing broke."""
    if not is_broken(findings):
        return ()
    found = {
        role: move
        for role in WATCHED
        if (seen := evidence.seen.get(role)) is not None and (move := _move(seen)) is not None
    }
    if "response_length" in found:
        found.pop("sequence_length", None)  # the same answers, with their prompts
    begun = _begun(evidence, findings)
    own = {one.check for one in broken(findings)}
    late = {role: move for role, move in found.items() if move.step >= begun or role in own} | _falls(evidence)
    return tuple(sorted(late.values(), key=lambda move: (move.step, WATCHED.index(move.role))))


def _begun(evidence: Evidence, findings: Sequence[Finding]) -> float:
    """The step from which on a move belongs to the break: the last good one, or a while before a signal broke."""
    peaks = [one.collapse.peak_step for one in (evidence.train, evidence.eval) if one and one.collapse.collapsed]
    known = [peak for peak in peaks if peak is not None]
    steps = evidence.run.history.index
    if known:
        return min(known) - BEFORE * float(steps[-1] - steps[0])
    since = [found.evidence.get("since_step") for found in broken(findings)]
    first = min((step for step in since if isinstance(step, int)), default=int(steps[0]))
    return first - BEFORE * float(steps[-1] - steps[0])


def _falls(evidence: Evidence) -> dict[str, Move]:
    """The falls of reward and eval themselves, dated as their checks date them."""
    found = {}
    for role, one in (("train_reward", evidence.train), ("eval_reward", evidence.eval)):
        if one is not None and one.collapse.collapsed and one.collapse.onset_step is not None:
            peak = one.collapse.peak_level or 0.0
            found[role] = Move(role, one.collapse.onset_step, peak, peak - (one.collapse.drop or 0.0))
    return found


def _move(seen: Seen) -> Move | None:
    """When a signal left its course, and for what level."""
    left = hinge(seen.values, logarithmic=seen.role in LOGARITHMIC)
    if left is None:
        return None
    low, high = sorted((abs(left.before), abs(left.after)))
    if high < LEAST_TIMES * low and abs(left.after - left.before) < 0.1:
        return None
    position = min(left.position + 1, len(seen.steps) - 1)
    return Move(seen.role, int(seen.steps[position]), left.before, left.after)


def line(moves: Sequence[Move], keep: str = "") -> str:
    """The moves in one line: "clip fraction and truncation at 51, entropy at 52, reward at 61; keep step 63"."""
    if not moves:
        return ""
    by_step: dict[int, list[str]] = {}
    for move in moves:
        by_step.setdefault(move.step, []).append(SHORT.get(move.role) or metrics.spoken(move.role))
    parts = [f"{wording.listed(names)} at {wording.count(step)}" for step, names in by_step.items()]
    said = ", ".join(parts)
    return f"{said[:1].upper()}{said[1:]}" + (f"; {keep}" if keep else "")


def by_role(moves: Sequence[Move]) -> Mapping[str, int]:
    """Role -> the step at which it left its course."""
    return {move.role: move.step for move in moves}
