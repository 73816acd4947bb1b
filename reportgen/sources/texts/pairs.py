"""Consoles of any loop: a line a step that names the step and a few `name: number` or `name=number` pairs.

torchtune, nanochat, prime-rl and hand-written loops print so; no two of them alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from reportgen.gathered import Gathered
from reportgen.naming import Key
from reportgen.sources.place import Place
from reportgen.sources.source import Claim, Rank
from reportgen.sources.texts.console import Console, Lines, Printed, plain, whole_lines

LEAST_LINES = 3  # lines alike, with steps that grow
LEAST_PAIRS = 2  # of a line; three where so few lines are all there is
LONGEST = 4000  # characters; a longer line is no line of numbers
MARK = re.compile(rb"(?i)step|iter|update|epoch|\d/\d")  # a line without one is not looked at
NUMBER = r"[-+]?(?:\d[\d,]*\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|nan|NaN|inf|Infinity)"
NAMED_STEP = re.compile(
    r"(?i)(?<![\w/.\-])(?:(?:global|train|training|rl|grpo|ppo|rollout|optimi[sz]er)[ _/]?)?"
    r"(?:step|iter|iteration|update)s?[ ]?(?:[:=#]|)[ ]?\[?(\d{1,12})(?![\d.]\d|\w)(?:[ ]?/[ ]?(\d{1,12}))?"
)
PROGRESS = re.compile(r"(?<![\d/.])(\d{1,9})[ ]?/[ ]?(\d{1,9})(?![\d/]|\.\d)")
PAIR = re.compile(
    r"(?:^|(?<=[\s,|;(\[{\-\u2022]))"
    r"(?P<name>[A-Za-z][\w./@\-]{0,80}(?:[ ][A-Za-z(][\w./@()\-]{0,40}){0,3})[ ]?[:=][ ]*"
    rf"(?P<number>{NUMBER})(?P<unit>%?)(?![\d:]|\.\d|/\d)"
)
EPOCH = re.compile(r"(?i)epoch\W{0,3}$")
WORD = re.compile(r"[^\w/@.]+")
PRIME = ("orchestrator", "trainer")  # the two consoles of one prime-rl run
PRIME_LINE = re.compile(rb"Step \d+ \| Time: ")


class Line(NamedTuple):
    """One line's step and numbers."""

    step: int
    pairs: dict[Key, float]
    percents: tuple[str, ...]  # names whose numbers had a per cent sign


class _Lines(Lines):
    """The lines so far that name a step."""

    def __init__(self) -> None:
        self._rows = Gathered()
        self._percents: dict[str, None] = {}

    def feed(self, chunk: bytes, /) -> None:
        for text in _texts(whole_lines(chunk)):
            if found := line(text):
                self._rows.add({**found.pairs, "step": float(found.step)})
                self._percents |= dict.fromkeys(found.percents)

    def printed(self, notes: list[str]) -> Printed:
        if self._percents:
            notes.append(f"{', '.join(self._percents)}: printed in per cent, read as shares of 1")
        return Printed(self._rows, kind="console", state="unknown")


class Pairs(Console):
    """A text in which several lines alike name a step that grows, and numbers."""

    name = "console of name and number pairs"
    looked_at = 1 << 20
    line = "line with a step and numbers"
    lines = _Lines

    def claim(self, place: Place) -> Claim | None:
        claim = super().claim(place)
        if claim and place.name.split(".")[0] in PRIME and PRIME_LINE.search(place.beginning(self.looked_at)):
            folder = Path(place.path).resolve().parent
            # as a table, whose parts of one run are joined: a log is one of its kind
            return replace(claim, rank=Rank.SURE, why="prime-rl console", run=f"prime-rl {folder}", form="table")
        return claim

    def told(self, beginning: bytes) -> str:
        return "lines that name a step and numbers" if _has_lines(beginning) else ""


def line(text: str) -> Line | None:
    """A line's step and numbers; None when it names no step or too few numbers."""
    found = _step(text)
    if found is None:
        return None
    step, start, end = found
    pairs: dict[Key, float] = {}
    percents = []
    for pair in PAIR.finditer(text):
        if pair.start() < end and pair.end() > start:
            continue  # the step itself
        name = named(pair["name"])
        value = float(pair["number"].replace(",", ""))
        if pair["unit"]:
            percents.append(name)
            value /= 100
        pairs.setdefault(name, value)
    pairs.pop("step", None)
    return Line(step, pairs, tuple(percents)) if len(pairs) >= LEAST_PAIRS else None


def named(printed: str) -> str:
    """A name as trackers spell it: "Actor Loss" is actor_loss, "Grad. Norm" grad_norm."""
    if printed == printed.lower() and " " not in printed:
        return printed
    return WORD.sub("_", printed.replace(". ", " ").strip()).lower().strip("_.")


def _step(text: str) -> tuple[int, int, int] | None:
    """(step, start, end) of what counts steps in a line; of epochs that count anew, the step over all."""
    if found := NAMED_STEP.search(text):
        before = PROGRESS.search(text, 0, found.start())
        epoch, total = _epoch(text, before), int(found[2] or 0)
        return int(found[1]) + (epoch * total if total >= int(found[1]) else 0), found.start(), found.end()
    bars = list(PROGRESS.finditer(text, 0, 200))
    if not bars:
        return None
    first, last = bars[0], bars[0]
    if EPOCH.search(text[: first.start()]) and len(bars) > 1:
        last = bars[1]
        return int(last[1]) + _epoch(text, first) * int(last[2]), 0, last.end()
    return (int(last[1]), last.start(), last.end()) if int(last[1]) <= int(last[2]) else None


def _epoch(text: str, bar: re.Match[str] | None) -> int:
    """How many epochs are over, as "Epoch 2/3" before a step says it."""
    return max(0, int(bar[1]) - 1) if bar and EPOCH.search(text[: bar.start()]) else 0


def _has_lines(beginning: bytes) -> bool:
    """Whether several lines alike have pairs and a step that grows."""
    if b"=" not in beginning and b":" not in beginning:
        return False
    seen: dict[frozenset[Key], list[int]] = {}
    for text in _texts(beginning.split(b"\n")):
        if found := line(text):
            steps = seen.setdefault(frozenset(found.pairs), [])
            if not steps or found.step > steps[-1]:
                steps.append(found.step)
            if len(steps) >= (LEAST_LINES if len(found.pairs) > LEAST_PAIRS else LEAST_LINES + 2):
                return True
    return False


def _texts(lines: Iterable[bytes]) -> Iterator[str]:
    """The lines that may name a step, without colours; a bar that is drawn again is a line each time."""
    for raw in lines:
        for part in raw.split(b"\r"):
            if len(part) < LONGEST and MARK.search(part):
                yield plain(part)
