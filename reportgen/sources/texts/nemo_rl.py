"""NeMo-RL's driver console: a banner a step, then blocks of "• Name: number" under their headings."""

from __future__ import annotations

import re

from reportgen.gathered import Gathered
from reportgen.naming import Key
from reportgen.sources.texts.console import Console, Lines, Printed, plain, whole_lines

BANNER = re.compile(rb"={5,60} Step (\d{1,12})/(\d{1,12}) ={5,60}")
ITEM = re.compile(r"[•·]\s*([^:•\n]{1,80}):\s*(-?(?:\d[\d,]*\.?\d*(?:e[-+]?\d+)?|nan|inf))", re.IGNORECASE)
STARTED = re.compile(r"validation at step (\d{1,12})")
HEADINGS = (  # what a heading's line holds -> what its numbers are filed under
    ("Training Results", "train"), ("Validation Results", "validation"), ("Validation Timing", "timing/validation"),
    ("Timing", "timing/train"), ("Performance Metrics", "performance"),
)  # fmt: skip
NAMES = {  # as printed -> as NeMo-RL logs it to its trackers
    "train/avg reward": "train/reward", "train/loss": "train/loss", "train/generation kl error": "train/gen_kl_error",
    "train/mean generation length": "train/mean_gen_tokens_per_sample", "train/grad norm": "train/grad_norm",
    "validation/accuracy": "validation/accuracy", "validation/average response length": "validation/avg_length",
    "validation/samples processed": "validation/num_samples",
    "timing/train/total step time": "timing/train/total_step_time",
}  # fmt: skip


class _Lines(Lines):
    """The blocks of numbers so far, a row each, and the one that is still filled."""

    def __init__(self) -> None:
        self._rows = Gathered()
        self._planned = 0
        self._step: float | None = None
        self._under = ""
        self._row: dict[Key, float] = {}

    def feed(self, chunk: bytes, /) -> None:
        for raw in whole_lines(chunk):
            self._take(plain(raw))

    def _take(self, line: str) -> None:
        if found := BANNER.search(line.encode()):
            self._step, self._planned, self._under = float(found[1]), int(found[2]), ""
        elif started := STARTED.search(line):
            self._step = float(started[1])  # before the first step it is 0
        if (heading := next((name for words, name in HEADINGS if words in line and "•" not in line), None)) is not None:
            self._end_block()
            self._under = heading
        elif self._step is not None and self._under and (item := ITEM.search(line)):
            printed = f"{self._under}/{item[1].strip().lower()}"
            name = NAMES.get(printed, printed.replace(" ", "_"))
            self._row |= {"step": self._step, name: float(item[2].replace(",", ""))}

    def _end_block(self) -> None:
        if len(self._row) > 1:
            self._rows.add(self._row)
        self._row = {}

    def printed(self, notes: list[str]) -> Printed:
        self._end_block()
        told = {"planned_steps": self._planned} if self._planned else {}
        return Printed(self._rows, framework="nemo-rl", provenance=told)


class NemoRl(Console):
    """A text with NeMo-RL's banner of a step in its first megabytes."""

    name = "NeMo-RL console"
    line = "block of results"
    lines = _Lines

    def told(self, beginning: bytes) -> str:
        is_own = b"= Step " in beginning and "•".encode() in beginning and BANNER.search(beginning)
        return self.name if is_own else ""
