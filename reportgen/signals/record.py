"""What came of real runs after each kind of advice. Made by `python -m benchmarks.record`; not by hand.

34 public curves of 7 repositories, each cut at a half and at two thirds: 68 cuts.
"""

from typing import NamedTuple


class Record(NamedTuple):
    """How often the reward rose clearly, and fell clearly, where a run stood like this one."""

    n: int  # cuts of real runs told so
    rose: int
    fell: int


ALL = Record(68, 17, 13)
BY_ADVICE = {
    "continue": Record(13, 7, 1),
    "levelled off": Record(18, 7, 1),
    "open": Record(28, 2, 10),
    "stop": Record(9, 1, 1),
}


def of_advice(advice: str) -> Record | None:
    """The record of an advice that was given often enough to have one."""
    return BY_ADVICE.get(advice)
