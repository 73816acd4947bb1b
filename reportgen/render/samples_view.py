"""What the model wrote, as the page places it: shares by step, rewards, answers and what changed in them."""

from __future__ import annotations

import difflib
import re
from typing import Any

from reportgen import wording
from reportgen.samples import Histogram, Samples, StepShares, Written

COLUMNS = (
    "Step", "Answers", "Mean reward", "Groups all right", "All wrong", "Mixed", "Repeated in a group",
    "Going in circles", "Cut",
)  # fmt: skip
NOT_LOGGED = "not logged"
ROWS = 12  # steps in the table: the first, the last and some evenly between
BAR, HIGH = 18, 64  # px of a bar, of the tallest
WORDS = re.compile(r"\s+|[^\s]+")
MOST_COMPARED = 400  # words of a text that are compared with another's


def of_samples(samples: Samples) -> dict[str, Any]:
    """Everything that section_samples.html places."""
    steps = samples.steps
    shown = [steps[at] for at in sorted({round(at * (len(steps) - 1) / (ROWS - 1)) for at in range(ROWS)})]
    rows = [_row(step) for step in shown]
    logged = [at for at in range(len(COLUMNS)) if any(row[at] != NOT_LOGGED for row in rows)]
    by_step: dict[int, list[dict[str, Any]]] = {}
    for one in samples.written:
        by_step.setdefault(one.step, []).append(_written(one, samples))
    return {
        "source": samples.source,
        "columns": [COLUMNS[at] for at in logged],
        "rows": [[row[at] for at in logged] for row in rows],
        "histograms": [_histogram(one) for one in samples.histograms],
        "answers": [(f"Step {wording.count(step)}", several) for step, several in by_step.items()],
        "pairs": [_pair(before, after, samples) for before, after in samples.pairs],
        "turned": _turned(samples),
        "notes": samples.notes,
    }


def _row(step: StepShares) -> tuple[str, ...]:
    mixed = None if step.all_right is None or step.all_wrong is None else 1 - step.all_right - step.all_wrong
    shares = (step.all_right, step.all_wrong, mixed, step.duplicates, step.circling, step.cut)
    counted = (wording.count(step.step), wording.count(step.n), wording.number(step.reward))
    return counted + tuple(NOT_LOGGED if share is None else wording.percent(share, 0) for share in shares)


def _histogram(one: Histogram) -> dict[str, Any]:
    """Bars as rectangles, and in words for who can't see them."""
    most, n = max(one.counts) or 1, sum(one.counts) or 1
    bars = [
        {"x": at * (BAR + 2), "y": HIGH - round(HIGH * count / most), "height": round(HIGH * count / most)}
        for at, count in enumerate(one.counts)
    ]
    width = (one.high - one.low) / len(one.counts)
    said = [
        f"{wording.percent(count / n, 0)} from {wording.number(one.low + at * width)}"
        for at, count in enumerate(one.counts)
        if count
    ]
    return {
        "title": f"Rewards at step {wording.count(one.step)}",
        "bars": bars,
        "width": len(one.counts) * (BAR + 2),
        "bar": BAR,
        "height": HIGH,
        "words": HIGH + 14,
        "whole": HIGH + 18,
        "low": wording.number(one.low),
        "high": wording.number(one.high),
        "described": f"{wording.count(n)} answers: {wording.listed(said)}",
    }


def _written(one: Written, samples: Samples) -> dict[str, Any]:
    said = f"{wording.count(one.length)} {samples.counted_in}"
    return {
        "band": one.band,
        "prompt": one.prompt,
        "answer": one.answer,
        "about": ", ".join(
            [f"reward {wording.number(one.reward)}", said]
            + (["cut at the limit"] if one.is_cut else [])
            + ([f"{wording.count(one.n_left_out)} characters left out"] if one.n_left_out else [])
        ),
    }


def _pair(before: Written, after: Written, samples: Samples) -> dict[str, Any]:
    """One problem at two steps, the words that differ marked."""
    old, new = _different(before.answer, after.answer)
    return {
        "prompt": before.prompt,
        "sides": [
            (f"Step {wording.count(one.step)}", _written(one, samples)["about"], parts)
            for one, parts in ((before, old), (after, new))
        ],
    }


def _different(before: str, after: str) -> tuple[list[tuple[bool, str]], list[tuple[bool, str]]]:
    """Each text in parts, each with whether the other lacks it."""
    one, other = WORDS.findall(before)[:MOST_COMPARED], WORDS.findall(after)[:MOST_COMPARED]
    old: list[tuple[bool, str]] = []
    new: list[tuple[bool, str]] = []
    for kind, i, j, k, m in difflib.SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if j > i:
            old.append((kind != "equal", "".join(one[i:j])))
        if m > k:
            new.append((kind != "equal", "".join(other[k:m])))
    return old, new


def _turned(samples: Samples) -> dict[str, Any] | None:
    """Problems won and lost between two evals."""
    turned = samples.turned
    if turned is None:
        return None
    between = f"between steps {wording.count(turned.before)} and {wording.count(turned.after)}"
    shared = wording.plural(turned.n_problems, "problem")
    counted = f"{wording.count(turned.won)} were won and {wording.count(turned.lost)} lost"
    return {
        "said": f"Of {shared} in both evals, {counted} {between}.",
        "examples": [(word.capitalize(), _pair(before, after, samples)) for word, before, after in turned.examples],
    }
