"""Consoles that print a step as a Python dict: OpenRLHF's "Global step N: {…}" and TRL's bare `{'loss': …}`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator

from reportgen.errors import NoSteps
from reportgen.gate import from_rows
from reportgen.naming import Key
from reportgen.run import Run
from reportgen.sources import place
from reportgen.sources.areal import log
from reportgen.sources.logged import wanted
from reportgen.sources.place import Place
from reportgen.sources.source import Claim, Keep, Rank, Source

LOOKED_AT = 1 << 22  # bytes in which the first dict is looked for
STEP = re.compile(rb"Global step (\d{1,15}): (\{[^\n{}]*\})")
# no two parts of a pattern take the same characters, or a crafted line takes for ever
TRL = re.compile(rb"(?:^|[\r\s|\]])(\{'(?:loss|reward|num_tokens|train_runtime|eval_\w{1,100})': [^\n{}]*\})")
EPOCH = b"'epoch': "
CELL = re.compile(rb"""['"]([^'"\n]{1,300})['"]: (?:np\.\w+\(|tensor\()?['"]?(-?(?:\d+\.?\d*(?:e[-+]?\d+)?|inf|nan))""")
COUNTED = "the console names no step, so its rows are counted: step 1 is the first row, whatever logging_steps was"


class Dicts(Source):
    """A text with such a line in its first megabytes."""

    name = "OpenRLHF or TRL console"

    def claim(self, place: Place) -> Claim | None:
        if not place.is_text or log.is_areal(place):
            return None
        beginning = place.beginning(LOOKED_AT)
        if b"Global step" in beginning and STEP.search(beginning):
            return Claim(place, Rank.LIKELY, "OpenRLHF console", form="log")
        if next(_trl_dicts(beginning), None) is not None:
            return Claim(place, Rank.LIKELY, "TRL console", form="log")
        return None

    def read(self, claim: Claim, keep: Keep) -> Run:
        return read(claim.place.path, keep=keep)


def read(spec: str, *, keep: Collection[str] | None = None) -> Run:
    """The run of a console with dict lines."""
    notes: list[str] = []
    kept = wanted(keep)
    numbered: list[dict[str, float]] = []
    counted: list[dict[str, float]] = []
    closing: dict[str, float] = {}
    for chunk in place.chunks(spec, notes):
        numbered += [{**_values(found[2], kept), "step": float(found[1])} for found in STEP.finditer(chunk)]
        for printed in _trl_dicts(chunk):
            if b"'train_runtime'" in printed:
                closing = _values(printed, lambda name: True)
            else:
                _count(counted, _values(printed, kept))
    rows: list[dict[Key, float]] = [dict(row.items()) for row in numbered or counted]
    if not any(len(row) > 1 for row in rows):
        raise NoSteps(f"{spec}: no step yet: no line with a dict of metrics; try again when the first step is done")
    return from_rows(
        rows,
        id=place.run_name(spec),
        name=place.run_name(spec),
        source=f"{'OpenRLHF' if numbered else 'TRL'} console {spec}",
        step="step",
        summary=closing,
        runtime_s=closing.get("train_runtime"),
        state="finished" if closing else "unfinished",
        framework="openrlhf" if numbered else "trl",
        notes=notes if numbered else [*notes, COUNTED],
    )


def _trl_dicts(text: bytes) -> Iterator[bytes]:
    """TRL's rows as they were printed."""
    return (found[1] for found in TRL.finditer(text) if EPOCH in found[1])


def _count(rows: list[dict[str, float]], values: dict[str, float]) -> None:
    """Add a row; an eval belongs to the train row that was printed before it."""
    is_eval = any(name.startswith("eval_") for name in values) and "loss" not in values
    if is_eval and rows:
        rows[-1].update({name: value for name, value in values.items() if name != "epoch"})
    else:
        rows.append({**values, "step": float(len(rows) + 1)})


def _values(text: bytes, kept: Callable[[str], bool]) -> dict[str, float]:
    """The numbers of a dict as it was printed."""
    cells = ((name.decode("utf-8", errors="replace"), float(value)) for name, value in CELL.findall(text))
    return {name: value for name, value in cells if kept(name)}
