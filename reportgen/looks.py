"""A run that still goes on: looked at again and again, its page kept fresh, until it ends or a reason to act."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from reportgen.cache import stamps
from reportgen.diagnostics import diagnose
from reportgen.errors import NoSteps, ReportgenError, SourceError
from reportgen.findings import Diagnosis
from reportgen.settings import Settings
from reportgen.slim import slim
from reportgen.sources import find, is_remote, read
from reportgen.sources.files import growing

Until = Literal["stop", "collapse", "end"]

OVER = ("finished", "failed", "crashed")  # states of a run that will log no more
STEADY_LOOKS = 3  # looks in a row that must say stop …
STEADY_SHARE = 0.1  # … over this share of the run: one look in twenty is wrong, the longest of many often
IDLE_S = 6 * 3600.0  # a run without an end record that logged nothing for so long is taken for dead


@dataclass(frozen=True)
class Look:
    """What one look at a run found."""

    diagnosis: Diagnosis | None  # None: no step yet, or it could not be read just now
    problem: str = ""  # why there is none
    is_news: bool = False  # the verdict is another than at the look before
    holds: tuple[Until, ...] = ()  # what is so by now, under repeated looks

    @property
    def line(self) -> str:
        """The look in one line."""
        if self.diagnosis is None:
            return self.problem
        return f"step {self.diagnosis.run.last_step:,}: {self.diagnosis.verdict.headline}"


def watch(
    spec: str,
    settings: Settings | None = None,
    *,
    every_s: float = 60.0,
    idle_s: float = IDLE_S,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Look]:
    """A look at the run each time that it grew, until it ends.

    A run that can't be read for a while (a rotated log, a network that went away) is looked at again.
    Raises SpecError when the spec names no run at the first look, SourceError when it names several.
    """
    named = _single(spec)
    steady = Steady()
    kept: growing.Looks = {}
    seen: object = None
    idle, before = 0.0, None
    while True:
        now = None if is_remote(named) else stamps(Path(named))
        if seen is None or now is None or now != seen:
            look = steady.judged(_look(named, settings, kept))
            grew = look.diagnosis is None or before is None or look.diagnosis.run.last_step != before.run.last_step
            if grew or look.problem or "end" in look.holds:
                idle, seen, before = 0.0, now, look.diagnosis or before
                yield look
            if "end" in look.holds:
                return
        idle += every_s
        if idle >= idle_s:
            if before is not None:
                yield replace(steady.judged(Look(before)), holds=("end",), is_news=False)
            return
        sleep(every_s)


class Steady:
    """What holds under repeated looks: one that says stop by chance is not the run's doing."""

    def __init__(self) -> None:
        self._decision = ""
        self._stops: list[int] = []  # last steps of the looks in a row that said stop

    def judged(self, look: Look) -> Look:
        """The look with what is so by now."""
        if look.diagnosis is None:
            return look
        run, verdict = look.diagnosis.run, look.diagnosis.verdict
        is_news, self._decision = verdict.decision != self._decision, verdict.decision
        if verdict.decision == "stop":
            self._stops += [run.last_step] if run.last_step not in self._stops else []
        else:
            self._stops = []
        holds: list[Until] = []
        if len(self._stops) >= STEADY_LOOKS and self._stops[-1] - self._stops[0] >= STEADY_SHARE * run.n_steps:
            holds.append("stop")
        if any(one is not None and one.collapse.collapsed for one in (look.diagnosis.train, look.diagnosis.eval)):
            holds.append("collapse")
        if run.state in OVER:
            holds.append("end")
        return replace(look, is_news=is_news, holds=tuple(holds))


def _single(spec: str) -> str:
    found = find(spec)
    if len(found) > 1:
        raise SourceError(f"{spec}: {len(found)} runs; watch one of them, as {found[-1]}")
    return found[0]


def _look(spec: str, settings: Settings | None, kept: growing.Looks) -> Look:
    try:
        with growing.looks(kept):
            run = read(spec)
        return Look(slim(diagnose(run, settings)))
    except NoSteps:
        return Look(None, "no step yet")
    except ReportgenError as error:
        return Look(None, f"can't be read just now: {error}")
