"""The end of a run's console, as it stood on the screen."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable

LINES = 200  # kept at the end
KEPT = 1 << 20  # characters that are remembered while a log is read
LONGEST = 2000  # characters of a line; further ones are cut
DROPPED = re.compile(  # what the SDK says of a row that it doesn't keep; older ones in the second way
    r"Tried to log to step (\d{1,15}) that is less than the current step (\d{1,15})"
    r"|Step must only increase in log calls\.\s+Step (\d{1,15}) < (\d{1,15})"
)
REACH = 200  # lines that a cursor may move up

_PIECE = re.compile(
    r"\x1b\[(?P<numbers>[0-9;?]*)[ -/]*(?P<code>[@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-Z\\^_]?"
    r"|(?P<control>[\x00-\x08\x0a-\x1f\x7f])|(?P<text>[^\x00-\x08\x0a-\x1f\x7f]+)"
)


class Dropped:
    """Rows that W&B refused, as its warnings tell."""

    def __init__(self) -> None:
        self.n = 0
        self.first = (0, 0)  # the step that was to be logged, and the one that was there

    def count(self, text: str) -> None:
        """Takes the warnings in a text."""
        if "tep must only increase" not in text and "less than the current step" not in text:
            return
        for found in DROPPED.finditer(text):
            if not self.n:
                step, current = (int(number) for number in found.groups() if number is not None)
                self.first = (step, current)
            self.n += 1

    def note(self) -> str:
        """A sentence on them, "" when there are none."""
        if not self.n:
            return ""
        step, current = self.first
        calls = f"at least {self.n:,} log calls had" if self.n > 1 else "1 log call had"
        return (f"W&B dropped rows: {calls} a step below the current one (first: step {step} < {current}); what they "
                "held is not in this file; see the console log")


class Console:
    """The last pieces of what a run printed."""

    def __init__(self) -> None:
        self._pieces: deque[tuple[int, str]] = deque()
        self._size = 0
        self.dropped = Dropped()

    def add(self, stream: int, text: str) -> None:
        """Takes what was written to a stream, in pieces of any length."""
        self.dropped.count(text)
        text = text[-KEPT:]
        self._pieces.append((stream, text))
        self._size += len(text)
        while self._size > KEPT:
            self._size -= len(self._pieces.popleft()[1])

    def tail(self) -> str:
        """The last lines as they stood on the screen."""
        return tail(self._pieces)


def tail(pieces: Iterable[tuple[int, str]]) -> str:
    """The last lines of (stream, text) pieces: carriage returns obeyed, colours dropped."""
    screens: dict[int, _Screen] = {}
    order = 0
    for stream, text in pieces:
        screen = screens.setdefault(stream, _Screen())
        for found in _PIECE.finditer(text):
            order += 1
            screen.take(found, order)
    lines = sorted((line for screen in screens.values() for line in screen.lines), key=lambda line: line.order)
    shown = ["".join(line.characters).rstrip() for line in lines]
    while shown and not shown[-1]:
        shown.pop()
    return "\n".join(shown[-LINES:])


class _Line:
    def __init__(self, order: int) -> None:
        self.order = order  # when it was begun, among the lines of every stream
        self.characters: list[str] = []


class _Screen:
    """What one stream shows: lines, and where the next character goes."""

    def __init__(self) -> None:
        self.lines: list[_Line] = []
        self._row = self._column = 0

    def take(self, found: re.Match[str], order: int) -> None:
        if found["text"]:
            self._write(found["text"], order)
        elif found["control"] == "\n":
            self._line(order)
            self._row, self._column = self._row + 1, 0
        elif found["control"] == "\r":
            self._column = 0
        elif found["control"] == "\b":
            self._column = max(self._column - 1, 0)
        elif found["code"]:
            self._move(found["code"], found["numbers"])

    def _line(self, order: int) -> _Line:
        while len(self.lines) <= self._row:
            self.lines.append(_Line(order))
        if len(self.lines) > 2 * (LINES + REACH):
            del self.lines[: LINES + REACH]
            self._row = max(self._row - LINES - REACH, 0)
        return self.lines[self._row]

    def _write(self, text: str, order: int) -> None:
        characters = self._line(order).characters
        text = text[: max(LONGEST - self._column, 0)]
        characters += " " * (self._column - len(characters))
        characters[self._column : self._column + len(text)] = text
        self._column += len(text)

    def _move(self, code: str, numbers: str) -> None:
        first = numbers.split(";")[0]
        by = min(int(first[:9]), LONGEST) if first.isdecimal() else 0
        if code == "A":
            self._row = max(self._row - max(by, 1), 0, len(self.lines) - REACH)
        elif code == "B":
            self._row = min(self._row + max(by, 1), len(self.lines))
        elif code == "G":
            self._column = max(by, 1) - 1
        elif code == "C":
            self._column = min(self._column + max(by, 1), LONGEST)
        elif code == "D":
            self._column = max(self._column - max(by, 1), 0)
        elif code == "K" and self._row < len(self.lines):
            characters = self.lines[self._row].characters
            del characters[self._column if by == 0 else 0 :]
