"""The summary that a program set, told from what wandb-core writes by itself beside each row."""

from __future__ import annotations

import re
from typing import Any

from reportgen import naming
from reportgen.sources.wandb import messages as records

AUTOMATIC = b"\x12\x0a_timestamp\x82\x01"  # in each summary that wandb-core writes by itself beside a row
# a summary of nothing but W&B's clock
CLOCK = re.compile(rb"(?s:\n.(?:\x12\x06_wandb\x12\x07runtime|[\n\x12]\x08_runtime)\x82\x01.[0-9.e+]*)+")
LONG, STEP_BYTES = 1 << 10, 8  # a long summary just before a row that is longer by the row's step alone repeats it


class Explicit:
    """Summary records as they come; of what they say only what the program itself set is kept."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}  # nested
        self.first_step: float | None = None  # as the summary beside the first row tells; None: there is none
        self.n_garbled = 0
        self._may_begin = True  # whether the next summary may be the one beside the first row
        self._is_late = False  # whether a row may have been lost before: then step 0 alone is known for the first
        self._waiting: records.Bytes = b""  # a long one, which the next record may show to repeat it
        self._clock: records.Bytes = b""  # the last record of W&B's clock

    def add(self, record: records.Bytes) -> None:
        """Takes the bytes of one summary record."""
        self.settle()
        if len(record) > LONG and not self._may_begin:
            self._waiting = record
        elif record != self._clock:
            self._take(record)

    def row_follows(self, n_bytes: int) -> None:
        """Says that the record behind the last summary is a row of so many bytes."""
        if 0 < n_bytes - len(self._waiting) <= STEP_BYTES:
            self._waiting = b""
        self._may_begin = False  # SDKs up to 0.17 sum up after the last row
        self.settle()

    def bytes_lost(self) -> None:
        """Says that bytes before this record are damaged: a row may have been among them."""
        self._is_late = True

    def settle(self) -> None:
        """Takes the summary that waits for the record behind it."""
        if self._waiting:
            record, self._waiting = self._waiting, b""
            self._take(record)

    def _take(self, record: records.Bytes) -> None:
        try:
            if self._may_begin:
                self._take_first_step(record)
            if CLOCK.fullmatch(record):
                self._clock = record
            elif AUTOMATIC not in record:
                records.update(self.values, record)
        except records.Garbled:
            self.n_garbled += 1

    def _take_first_step(self, record: records.Bytes) -> None:
        for path, text in records.items(record):
            if path == ("_step",):
                step = naming.number(records.value(text))
                self.first_step = None if self._is_late and step else step
                self._may_begin = False
