"""What a check found, as a person writes it: quantities in words with their units, and small tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reportgen import wording
from reportgen.findings import Finding

MOST_ROWS = 40  # of a table of evidence; the JSON has all
TINY = 0.001  # a difference of shares below it needs more decimals
MOST_ITEMS = 12  # of a list in a sentence
UNSAID = {"rule", "said", "label", "state", "broke", "faded", "number", "collapsed"}  # the row itself says them
ENDS = {"start": "At the start", "end": "At the end", "latest": "Last value", "highest": "Highest", "lowest": "Lowest",
        "threshold": "Threshold"}  # fmt: skip
OF_CHECK = {  # what the ends of a check are counted in; "level", "difference" and "size" (no sign) are of the reward
    "kl": "nats", "behaviour_kl": "nats", "entropy": "nats", "clip_fraction": "share", "truncation": "share",
    "response_length": "tokens", "trend": "size", "gap": "size", "eval_resolution": "size",
    "updates": "share",
}  # fmt: skip
THRESHOLDS = {"learning_rate": "share", "response_length": "share", "improvement": "share", "checkpoints": "share",
              "evals": "share"}  # fmt: skip
WORDS = {  # field -> as written, what it is counted in
    "tau": ("Tolerance τ", "size"),
    "dwell_steps": ("Steps that count as standing", "count"),
    "probability": ("Probability", "probability"),
    "onset_step": ("Onset at step", "count"),
    "onset_interval": ("Onset between steps", "steps"),
    "noise_sd": ("Scatter of one value", "size"),
    "settled_by": ("Would be settled by", ""),
    "slope_per_step": ("Slope a step", "difference"),
    "forecast_gain": ("Gain in half a run more", "difference"),
    "next_point_step": ("Next point at step", "count"),
    "next_point_gpu_hours": ("GPU-hours to the next point", "hours"),
    "back_test_hit": ("The same forecast earlier was right", ""),
    "peak_step": ("Peak at step", "count"),
    "drop": ("Fall from the peak", "size"),
    "p_value": ("p-value", "p"),
    "p_still": ("p-value of a trend that stands", "p"),
    "share_of_range": ("of the range", "share"),
    "share_of_gain": ("of the gain", "share"),
    "share_of_zeros_before": ("Zeros before", "share"),
    "baseline": ("Baseline", "level"),
    "baseline_from": ("Baseline is", ""),
    "final": ("Final", "level"),
    "absolute": ("Gain", "difference"),
    "relative": ("Relative gain", "share"),
    "interval": ("95\u202f% interval", "difference"),
    "interval_new_problems": ("95\u202f% interval for other problems", "difference"),
    "smallest_visible": ("Smallest difference seen", "size"),
    "needed_for_gap": ("Problems needed", "count"),
    "n": ("Problems", "count"),
    "problems": ("Problems", "count"),
    "train": ("Train", "level"),
    "eval": ("Eval", "level"),
    "gap": ("Gap", "difference"),
    "at_first_eval": ("Gap at the first eval", "difference"),
    "first_significant_step": ("First real at step", "count"),
    "trend": ("Over the run", ""),
    "best_set": ("Can't be told from the best", ""),
    "earliest": ("Earliest of them", "count"),
    "roll_back_to": ("Roll back to", "count"),
    "change": ("Change", "share"),
    "gone": ("gone below", "nats"),
    "dissolving": ("dissolving below", "nats"),
    "cliff": ("cliff of", "share"),
    "not_applied": ("Updates not applied", "share"),
    "zero_gradient": ("Updates without a gradient", "share"),
    "median_s": ("Median", "seconds"),
    "start_s": ("At the start", "seconds"),
    "end_s": ("At the end", "seconds"),
    "slow_evals": ("Slow steps with an eval", "count"),
    "low": ("Low", "level"),
    "mid": ("Middle", "level"),
    "high": ("High", "level"),
    "first": ("First", "level"),
    "best": ("Best", "level"),
    "last": ("Last", "level"),
    "gain": ("Gain", "difference"),
    "longest": ("Longest, in steps", "count"),
}

PLAIN: Mapping[str, Callable[[float], str]] = {
    "count": wording.count, "probability": wording.probability, "p": wording.p_value, "hours": wording.hours,
    "seconds": wording.duration,
}  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """One piece of evidence: a text, or a small table."""

    label: str
    text: str
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def pieces(found: Finding, accuracy: bool) -> tuple[Piece, ...]:
    """Rule, then what was found, then the threshold; what doesn't apply, and flags that aren't up, are left out.

    accuracy: whether the reward is one, so that its levels are percent and its differences points.
    """
    rule = found.evidence.get("rule")
    made = [Piece("Rule", f"{rule}"[:1].upper() + f"{rule}"[1:] + ".")] if rule else []
    broken = bool(found.evidence.get("broke"))
    unsaid = UNSAID | {"threshold"} | (set() if broken else {"since_step"})
    rest = {name: value for name, value in found.evidence.items() if name not in unsaid}
    made += [piece for name, value in rest.items() for piece in _piece(found.check, name, value, accuracy)]
    made += _piece(found.check, "threshold", found.evidence.get("threshold"), accuracy)
    if found.steps is not None:
        made.append(Piece("Steps", wording.steps(found.steps)))
    return tuple(made)


def _piece(check: str, name: str, value: Any, accuracy: bool) -> Iterator[Piece]:
    """A list of equal records becomes a table, a mapping one line, all else a text; nothing where nothing is."""
    if value is None or value is False or value in ("", [], {}, ()):
        return
    label, unit = _words(check, name)
    if isinstance(value, Mapping):
        named = [(_words(check, key), inner) for key, inner in value.items()]
        said = "; ".join(f"{word[:1].lower()}{word[1:]} {_text(inner, of, accuracy)}" for (word, of), inner in named)
        yield Piece(label, said[:1].upper() + said[1:])
        return
    if name == "trend" and all(isinstance(point, list | tuple) and len(point) == 4 for point in value):
        value = [{"step": step, "gap": gap, "interval": [low, high]} for step, gap, low, high in value]
    if isinstance(value, list | tuple) and all(isinstance(item, Mapping) for item in value):
        head = tuple(column for column in value[0] if column not in UNSAID)
        rows = tuple(
            tuple(_text(item.get(column), _words(check, column)[1], accuracy) for column in head)
            for item in value[:MOST_ROWS]
        )
        yield Piece(label, "", tuple(_words(check, column)[0] for column in head), rows)
        return
    yield Piece(label, _text(value, unit, accuracy))


def _words(check: str, name: str) -> tuple[str, str]:
    """How a field is called, and what it is counted in."""
    if name == "threshold" and check in THRESHOLDS:
        return ENDS[name], THRESHOLDS[check]
    if name in ENDS:
        return ENDS[name], OF_CHECK.get(check, "")
    return WORDS.get(name, (spelled(name), ""))


def _text(value: Any, unit: str, accuracy: bool) -> str:
    """One value in its unit."""
    if isinstance(value, bool) or not isinstance(value, int | float | list | tuple):
        return shown(value)
    if isinstance(value, list | tuple):
        if unit in ("difference", "level") and len(value) == 2:
            near = accuracy and max(abs(float(end)) for end in value) < TINY
            return wording.interval(value, accuracy, signed=unit == "difference", decimals=3 if near else 1)
        return wording.steps(value) if unit == "steps" else shown(value)
    number = float(value)
    if unit == "level":
        return wording.level(number, accuracy)
    if unit == "difference":
        return wording.difference(number, accuracy)
    if unit in ("nats", "tokens"):
        return f"{wording.number(number)} {unit}"
    if unit == "size":
        return wording.difference(number, accuracy).lstrip("+")
    if unit == "share":
        return wording.percent(number, 1)
    return PLAIN[unit](number) if unit in PLAIN else shown(value)


def spelled(name: str) -> str:
    """A name of a field as a person writes it."""
    words = name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def shown(value: Any) -> str:
    """A value of no known unit as a person writes it."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "not known"}[value]
    if isinstance(value, int | float):
        return wording.number(float(value), 4)
    if isinstance(value, Mapping):
        return ", ".join(f"{spelled(str(name)).lower()} {shown(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        if value and all(isinstance(item, list | tuple) for item in value):
            return "; ".join(shown(item) for item in value[:MOST_ITEMS])
        if len(value) == 2 and all(isinstance(item, float) for item in value):
            return f"[{', '.join(shown(item) for item in value)}]"
        return wording.listed((shown(item) for item in value), MOST_ITEMS)
    return str(value)
