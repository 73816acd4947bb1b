"""What changed since the last review: an earlier report held against today's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reportgen import wording
from reportgen.errors import SourceError
from reportgen.findings import Diagnosis

EMBEDDED = re.compile(r'<script type="application/json" id="review">(.*?)</script>', re.DOTALL)
DECISIONS = {
    "continue": "train on", "stop": "stop", "roll_back": "roll back", "change_recipe": "change the recipe",
    "inconclusive": "no answer yet",
}  # fmt: skip
SAME_LEVEL = 5e-4  # of an eval: what one more decimal than a page shows would be


@dataclass(frozen=True)
class Told:
    """What a review said of one run."""

    id: str
    name: str
    last: int  # step
    decision: str
    headline: str
    onset: int | None  # of the plateau, when there was one
    level: float | None  # the last eval, else the end of the train trend
    accuracy: bool


@dataclass(frozen=True)
class Change:
    """One thing that is not as it was."""

    run: str
    what: str  # "steps"
    before: str
    now: str


@dataclass(frozen=True)
class Since:
    """Everything that changed, and how many runs did not."""

    source: str  # the earlier report, as it was given
    changes: tuple[Change, ...]
    n_same: int

    @property
    def headline(self) -> str:
        """How much changed, in one line."""
        if not self.changes:
            return f"Nothing changed in {wording.plural(self.n_same, 'run')}"
        runs = len({change.run for change in self.changes})
        return f"{wording.plural(runs, 'run')} changed, {wording.count(self.n_same)} as before"


def told(diagnosis: Diagnosis) -> Told:
    """What today's review says of one run."""
    run, train = diagnosis.run, diagnosis.train
    level, gained = (train.end_level[1] if train is not None else None), diagnosis.improvement
    if gained is not None:
        level = gained.final
    return Told(
        id=run.id,
        name=run.name or run.id,
        last=run.last_step,
        decision=diagnosis.verdict.decision,
        headline=diagnosis.verdict.headline,
        onset=train.plateau.onset_step if train is not None and train.plateau.plateaued else None,
        level=None if level is None else round(float(level), 6),
        accuracy=diagnosis.scale.accuracy,
    )


def review(diagnoses: Iterable[Diagnosis]) -> list[Told]:
    """What a page or a JSON carries, so that a later report can be held against it."""
    return [told(one) for one in diagnoses]


def since(text: str, diagnoses: Iterable[Diagnosis], source: str) -> Since:
    """Today's diagnoses held against an earlier report's JSON or page; SourceError when the text is neither."""
    before = list(_read(text, source))
    known = {item.id: item for item in before} | {f"name {item.name}": item for item in before}
    changes: list[Change] = []
    n_same, met = 0, set()
    for one in map(told, diagnoses):
        earlier = known.get(one.id) or known.get(f"name {one.name}")
        found = list(_changes(earlier, one))
        changes += found
        n_same += not found
        if earlier is not None:
            met.add(earlier.id)
    changes += [Change(item.name, "run", f"to step {item.last}", "not here") for item in before if item.id not in met]
    return Since(source, tuple(changes), n_same)


def _changes(before: Told | None, now: Told) -> Iterator[Change]:
    """What of one run is not as it was, the verdict first."""
    if before is None:
        yield Change(now.name, "run", "not there", f"{now.headline}, at step {wording.count(now.last)}")
        return
    if before.decision != now.decision or before.headline != now.headline:
        said = (f"{DECISIONS.get(item.decision, item.decision)}: {item.headline}" for item in (before, now))
        yield Change(now.name, "verdict", *said)
    if before.last != now.last:
        yield Change(now.name, "last step", wording.count(before.last), wording.count(now.last))
    if before.onset != now.onset:
        onsets = ("none" if step is None else f"step {wording.count(step)}" for step in (before.onset, now.onset))
        yield Change(now.name, "plateau onset", *onsets)
    levels = (before.level, now.level)
    if (None in levels) != (levels == (None, None)) or abs((levels[1] or 0) - (levels[0] or 0)) >= SAME_LEVEL:
        shown = ("none" if item.level is None else wording.level(item.level, item.accuracy) for item in (before, now))
        yield Change(now.name, "level", *shown)


def _read(text: str, source: str) -> Iterator[Told]:
    """What an earlier report said of each run."""
    embedded = EMBEDDED.search(text)
    try:
        found = json.loads(embedded[1] if embedded else text)
        rows = found if isinstance(found, list) else found["review"]
        yield from (_told(row) for row in rows)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise SourceError(
            f"{source}: neither a page nor a JSON of reportgen's, or of an edition that kept no review in it; "
            "give a report.html or report.json of this edition"
        ) from error


def _told(row: Mapping[str, Any]) -> Told:
    """One run of an earlier review, each value of its own type."""
    level, onset = row["level"], row["onset"]
    return Told(
        id=str(row["id"]),
        name=str(row["name"]),
        last=int(row["last"]),
        decision=str(row["decision"]),
        headline=str(row["headline"]),
        onset=None if onset is None else int(onset),
        level=None if level is None else float(level),
        accuracy=bool(row["accuracy"]),
    )
