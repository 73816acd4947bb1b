"""NeMo-RL's driver console: a banner a step, then blocks of "• Name: number" under their headings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reportgen.naming import Key
from reportgen.sources.texts.console import Console, Kept, Printed, plain_lines

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


class NemoRl(Console):
    """A text with NeMo-RL's banner of a step in its first megabytes."""

    name = "NeMo-RL console"
    line = "block of results"

    def told(self, beginning: bytes) -> str:
        is_own = b"= Step " in beginning and "•".encode() in beginning and BANNER.search(beginning)
        return self.name if is_own else ""

    def printed(self, path: str, kept: Kept, notes: list[str]) -> Printed:
        planned = [0]
        rows = list(_rows(plain_lines(path, notes), kept, planned))
        told = {"planned_steps": planned[0]} if planned[0] else {}
        return Printed(rows, framework="nemo-rl", provenance=told)


def _rows(lines: Iterator[str], kept: Kept, planned: list[int]) -> Iterator[dict[Key, float]]:
    """One row a block of numbers, with the step that it is of."""
    step: float | None = None
    under = ""
    row: dict[Key, float] = {}
    for line in lines:
        if found := BANNER.search(line.encode()):
            step, planned[0], under = float(found[1]), int(found[2]), ""
        elif started := STARTED.search(line):
            step = float(started[1])  # before the first step it is 0
        if (heading := next((name for words, name in HEADINGS if words in line and "•" not in line), None)) is not None:
            if len(row) > 1:
                yield row
            under, row = heading, {}
        elif step is not None and under and (item := ITEM.search(line)):
            printed = f"{under}/{item[1].strip().lower()}"
            name = NAMES.get(printed, printed.replace(" ", "_"))
            if kept(name):
                row |= {"step": step, name: float(item[2].replace(",", ""))}
    if len(row) > 1:
        yield row
