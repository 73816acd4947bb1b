"""Consoles that print a step as a Python dict: OpenRLHF's "Global step N: {…}" and TRL's bare `{'loss': …}`.

OpenRLHF's evals stand in lines of their own. TRL's dicts name no step, the bar before each does; ms-swift's do.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import numpy as np

from reportgen.gathered import Gathered
from reportgen.naming import Key
from reportgen.sources.files.growing import Fixed
from reportgen.sources.texts.console import Console, Lines, Printed

STEP = re.compile(rb"Global step (\d{1,15}): (\{[^\n{}]*\})")
EVALUATED = re.compile(rb"Evaluation completed[^\n{}]{0,200}?global_step (\d{1,15}), eval_metrics: (\{[^\n{}]*\})")
BAR = re.compile(rb"(?<!\d)(\d{1,9})/(\d{1,9}) \[")
LEAST_REGULAR = 0.9  # of the bars' distances that must be alike for the bars to count steps
# no two parts of a pattern take the same characters, or a crafted line takes for ever
TRL = re.compile(rb"(?:^|[\r\s|\]])(\{'(?:loss|reward|num_tokens|train_runtime|eval_\w{1,100})': [^\n{}]*\})")
EPOCH = b"'epoch': "
CELL = re.compile(rb"""['"]([^'"\n]{1,300})['"]: (?:np\.\w+\(|tensor\()?['"]?(-?(?:\d+\.?\d*(?:e[-+]?\d+)?|inf|nan))""")
SAID = ("global_step/max_steps", "global_step", "step")  # where a dict names its step; ms-swift prints "10/438"
SWIFT = ("global_step/max_steps", "memory(GiB)")
COUNTED = "the console names no step, so its rows are counted: step 1 is the first row, whatever logging_steps was"


class _Lines(Lines):
    """The rows so far: OpenRLHF's, which are numbered, and TRL's, each with the progress bars that stood before it."""

    def __init__(self) -> None:
        self._numbered = Gathered()
        self._rows = Gathered()
        self._closing: dict[str, float] = {}
        self._bars: dict[int, int] = {}  # a bar's length -> where it last stood
        self._n_said = 0  # rows that name their step
        self._is_swift = False
        self._at = Fixed[dict[int, int]]()  # of each row: the bars before it

    def feed(self, chunk: bytes, /) -> None:
        for pattern in (STEP, EVALUATED):
            for found in pattern.finditer(chunk):
                self._numbered.add({**values(found[2]), "step": float(found[1])})
        past = 0
        for found in TRL.finditer(chunk):
            if EPOCH not in found[1]:
                continue
            self._bars.update((int(bar[2]), int(bar[1])) for bar in BAR.finditer(chunk, past, found.start(1)))
            past = found.end(1)
            if b"'train_runtime'" in found[1]:
                self._closing = {str(name): value for name, value in values(found[1]).items()}
            else:
                self._take(values(found[1]))
        self._bars.update((int(bar[2]), int(bar[1])) for bar in BAR.finditer(chunk, past))

    def _take(self, row: dict[Key, float]) -> None:
        """Adds a row; an eval belongs to the train row that was printed before it."""
        is_eval = any(str(name).startswith("eval_") for name in row) and "loss" not in row
        if is_eval and self._rows.n_rows:
            self._rows.more({name: value for name, value in row.items() if name not in ("epoch", *SAID)})
            return
        said = next((row[name] for name in SAID if name in row), None)
        self._n_said += said is not None
        step = float(self._rows.n_rows + 1) if said is None else said
        self._rows.add({**{name: value for name, value in row.items() if name not in SAID}, "step": step})
        self._is_swift = self._is_swift or any(name in row for name in SWIFT)
        self._at.append(dict(self._bars))

    def printed(self, notes: list[str]) -> Printed:
        is_numbered = self._numbered.n_rows > 0
        if not is_numbered and self._n_said < self._rows.n_rows and (told := self._counted()):
            notes.append(told)
        title, framework = ("ms-swift", "ms-swift") if self._is_swift else ("TRL", "trl")
        return Printed(
            self._numbered if is_numbered else self._rows,
            kind=f"{'OpenRLHF' if is_numbered else title} console",
            framework="openrlhf" if is_numbered else framework,
            state="finished" if self._closing else "unfinished",
            summary=self._closing,
            runtime_s=self._closing.get("train_runtime"),
        )

    def _counted(self) -> str:
        """Gives rows the steps of their progress bars, where those are regular, else numbers; what is to be said."""
        lengths = Counter(length for bars in self._at for length in bars)
        for length, count in lengths.most_common():
            steps = [bars.get(length, 0) for bars in self._at]
            apart = Counter(np.diff([0, *steps]).tolist()).most_common(1)
            if count < self._rows.n_rows or not apart or apart[0][0] < 1 or apart[0][1] < LEAST_REGULAR * len(steps):
                continue
            if steps == sorted(set(steps)):
                self._rows.put("step", [float(step) for step in steps])
                return f"each row is the mean over {apart[0][0]} steps (logging_steps)" if apart[0][0] > 1 else ""
        self._rows.put("step", [float(number) for number in range(1, self._rows.n_rows + 1)])
        return COUNTED


class Dicts(Console):
    """A text with such a line in its first megabytes."""

    name = "OpenRLHF or TRL console"
    line = "line with a dict of metrics"
    lines = _Lines

    def told(self, beginning: bytes) -> str:
        if b"Global step" in beginning and STEP.search(beginning):
            return "OpenRLHF console"
        return "TRL console" if next(_trl_dicts(beginning), None) is not None else ""


def _trl_dicts(text: bytes) -> Iterator[bytes]:
    """TRL's rows as they were printed."""
    return (found[1] for found in TRL.finditer(text) if EPOCH in found[1])


def values(text: bytes) -> dict[Key, float]:
    """The numbers of a dict as it was printed."""
    return {name.decode("utf-8", errors="replace"): float(value) for name, value in CELL.findall(text)}
