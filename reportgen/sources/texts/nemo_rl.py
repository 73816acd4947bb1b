"""NeMo-RL's driver console: a banner a step, then blocks of "• Name: number" under their headings."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator

from reportgen.errors import NoSteps
from reportgen.gate import from_rows
from reportgen.naming import Key
from reportgen.run import Run
from reportgen.sources import place
from reportgen.sources.logged import wanted
from reportgen.sources.place import Place
from reportgen.sources.source import Claim, Keep, Rank, Source

LOOKED_AT = 1 << 22
BANNER = re.compile(rb"={5,60} Step (\d{1,12})/(\d{1,12}) ={5,60}")
ITEM = re.compile(r"[•·]\s*([^:•\n]{1,80}):\s*(-?(?:\d[\d,]*\.?\d*(?:e[-+]?\d+)?|nan|inf))", re.IGNORECASE)
STARTED = re.compile(r"validation at step (\d{1,12})")
COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
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


class NemoRl(Source):
    """A text with NeMo-RL's banner of a step in its first megabytes."""

    name = "NeMo-RL console"

    def claim(self, place: Place) -> Claim | None:
        if not place.is_text:
            return None
        beginning = place.beginning(LOOKED_AT)
        if b"= Step " not in beginning or not BANNER.search(beginning) or "•".encode() not in beginning:
            return None
        return Claim(place, Rank.LIKELY, self.name, form="log")

    def read(self, claim: Claim, keep: Keep) -> Run:
        return read(claim.place.path, keep=keep)


def read(spec: str, *, keep: Collection[str] | None = None) -> Run:
    """The run of a NeMo-RL console."""
    notes: list[str] = []
    planned = [0]
    rows = list(_rows(_text_lines(spec, notes), wanted(keep), planned))
    if not any(len(row) > 1 for row in rows):
        raise NoSteps(f"{spec}: no step yet: no block of results; try again when the first step is done")
    return from_rows(
        rows,
        id=place.run_name(spec),
        name=place.run_name(spec),
        source=f"NeMo-RL console {spec}",
        step="step",
        provenance={"planned_steps": planned[0]} if planned[0] else None,
        state="unfinished",
        framework="nemo-rl",
        notes=notes,
    )


def _rows(lines: Iterator[str], kept: Callable[[str], bool], planned: list[int]) -> Iterator[dict[Key, float]]:
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


def _text_lines(spec: str, notes: list[str]) -> Iterator[str]:
    for line in place.lines(spec, notes):
        yield COLOUR.sub("", line.decode("utf-8", errors="replace"))
