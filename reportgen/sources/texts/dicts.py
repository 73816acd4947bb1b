"""Consoles that print a step as a Python dict: OpenRLHF's "Global step N: {…}" and TRL's bare `{'loss': …}`.

OpenRLHF's evals stand in lines of their own. TRL's dicts name no step; the progress bar before each does.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np

from reportgen.naming import Key
from reportgen.sources import place
from reportgen.sources.texts.console import Console, Kept, Printed

STEP = re.compile(rb"Global step (\d{1,15}): (\{[^\n{}]*\})")
EVALUATED = re.compile(rb"Evaluation completed[^\n{}]{0,200}?global_step (\d{1,15}), eval_metrics: (\{[^\n{}]*\})")
BAR = re.compile(rb"(?<!\d)(\d{1,9})/(\d{1,9}) \[")
LEAST_REGULAR = 0.9  # of the bars' distances that must be alike for the bars to count steps
# no two parts of a pattern take the same characters, or a crafted line takes for ever
TRL = re.compile(rb"(?:^|[\r\s|\]])(\{'(?:loss|reward|num_tokens|train_runtime|eval_\w{1,100})': [^\n{}]*\})")
EPOCH = b"'epoch': "
CELL = re.compile(rb"""['"]([^'"\n]{1,300})['"]: (?:np\.\w+\(|tensor\()?['"]?(-?(?:\d+\.?\d*(?:e[-+]?\d+)?|inf|nan))""")
COUNTED = "the console names no step, so its rows are counted: step 1 is the first row, whatever logging_steps was"


class Dicts(Console):
    """A text with such a line in its first megabytes."""

    name = "OpenRLHF or TRL console"
    line = "line with a dict of metrics"

    def told(self, beginning: bytes) -> str:
        if b"Global step" in beginning and STEP.search(beginning):
            return "OpenRLHF console"
        return "TRL console" if next(_trl_dicts(beginning), None) is not None else ""

    def printed(self, path: str, kept: Kept, notes: list[str]) -> Printed:
        numbered: list[dict[str, float]] = []
        dicts = _Dicts()
        for chunk in place.chunks(path, notes):
            for pattern in (STEP, EVALUATED):
                numbered += [{**values(found[2], kept), "step": float(found[1])} for found in pattern.finditer(chunk)]
            dicts.take(chunk, kept)
        if not numbered and (told := dicts.counted()):
            notes.append(told)
        rows: list[dict[Key, float]] = [dict(row.items()) for row in numbered or dicts.rows]
        return Printed(
            rows,
            kind=f"{'OpenRLHF' if numbered else 'TRL'} console",
            framework="openrlhf" if numbered else "trl",
            state="finished" if dicts.closing else "unfinished",
            summary=dicts.closing,
            runtime_s=dicts.closing.get("train_runtime"),
        )


class _Dicts:
    """TRL's dicts as they come in, each with the progress bars that stood before it."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []
        self.closing: dict[str, float] = {}
        self._bars: dict[int, int] = {}  # a bar's length -> where it last stood
        self._at: list[dict[int, int]] = []  # of each row: the bars before it

    def take(self, chunk: bytes, kept: Kept) -> None:
        """Takes in the dicts of a piece of whole lines."""
        past = 0
        for found in TRL.finditer(chunk):
            if EPOCH not in found[1]:
                continue
            self._bars.update((int(bar[2]), int(bar[1])) for bar in BAR.finditer(chunk, past, found.start(1)))
            past = found.end(1)
            if b"'train_runtime'" in found[1]:
                self.closing = values(found[1], lambda name: True)
            elif _count(self.rows, values(found[1], kept)):
                self._at.append(dict(self._bars))
        self._bars.update((int(bar[2]), int(bar[1])) for bar in BAR.finditer(chunk, past))

    def counted(self) -> str:
        """Gives the rows the steps of their progress bars, where those are regular; what is to be said of it."""
        lengths = Counter(length for bars in self._at for length in bars)
        for length, count in lengths.most_common():
            steps = [bars.get(length, 0) for bars in self._at]
            apart = Counter(np.diff([0, *steps]).tolist()).most_common(1)
            if count < len(self.rows) or not apart or apart[0][0] < 1 or apart[0][1] < LEAST_REGULAR * len(steps):
                continue
            if steps == sorted(set(steps)):
                for row, step in zip(self.rows, steps, strict=True):
                    row["step"] = float(step)
                return f"each row is the mean over {apart[0][0]} steps (logging_steps)" if apart[0][0] > 1 else ""
        return COUNTED


def _trl_dicts(text: bytes) -> Iterator[bytes]:
    """TRL's rows as they were printed."""
    return (found[1] for found in TRL.finditer(text) if EPOCH in found[1])


def _count(rows: list[dict[str, float]], row: dict[str, float]) -> bool:
    """Adds a row; an eval belongs to the train row that was printed before it. Whether it is a row of its own."""
    is_eval = any(name.startswith("eval_") for name in row) and "loss" not in row
    if is_eval and rows:
        rows[-1].update({name: value for name, value in row.items() if name != "epoch"})
        return False
    rows.append({**row, "step": float(len(rows) + 1)})
    return True


def values(text: bytes, kept: Kept) -> dict[str, float]:
    """The numbers of a dict as it was printed."""
    cells = ((name.decode("utf-8", errors="replace"), float(value)) for name, value in CELL.findall(text))
    return {name: value for name, value in cells if kept(name)}
