"""One run out of W&B's API by the real client: every row, and what else is known of the run."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from inspect import signature
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pandas as pd

from reportgen import foreign
from reportgen.errors import ReportgenError, SourceError
from reportgen.naming import Key
from reportgen.settings import MOST_ROWS
from reportgen.sources.logged import Record, Rows, kept, without_secrets
from reportgen.sources.wandb import common
from reportgen.sources.wandb.address import Address
from reportgen.sources.wandb.login import USUAL, Limits, as_source_error, connect, in_time, tidy

if TYPE_CHECKING:
    import wandb

Answer = TypeVar("Answer")
Progress = Callable[[int, str], None]  # rows so far, of which run

MOST_PAGES = 2_000  # requests for one run's rows; a server may say that there are steps without end
PAGE_ROWS = 1000  # rows a request; the client's own default
MOST_LOST = 0.99  # of the rows that W&B counts; it counts a few that a rewind took back
SYSTEM_SAMPLES = 10_000  # hardware rows; W&B thins them evenly when there are more
PASSING = re.compile(  # what may be gone when the same is asked again
    r"(?i)\b(?:5\d\d|429|time[d -]*out|deadline|EOF|connection|reset|busy|giving up|refused|unavailable"
    r"|broken|incomplete|in time|aborted|temporar|network|unexpected end)"
)


def record(
    address: Address,
    *,
    keep: Collection[str] | None = None,
    before: Record | None = None,
    api: wandb.Api | None = None,
    limits: Limits = USUAL,
    progress: Progress | None = None,
) -> Record:
    """The run at an address, as W&B holds it now; SourceError names it and says what went wrong.

    keep: the metrics wanted, None for every one. before: an earlier record of the run, which is continued.
    api: a client that hasn't read this run yet (it keeps what it read), made when there is none.
    """
    asked = Questions(address, limits)

    def ask() -> Record:
        client = api or asked.of(lambda: connect(address, limits))
        asked.key = getattr(client, "api_key", None)
        found = asked.of(lambda: client.run(address.where))
        tidy(found)
        return _record(found, asked, keep, before, progress)

    try:
        return in_time(ask, asked.where, limits.total_s + limits.answer_s)
    except ReportgenError:
        raise
    except Exception as error:  # an answer may be anything: a list for an object, a text for a number
        raise as_source_error(error, asked.where, asked.key) from None


class Questions:
    """Questions to W&B about one run: asked again when that may help, until a deadline."""

    def __init__(self, address: Address, limits: Limits) -> None:
        self.where, self.limits = address.where, limits
        self.key: str | None = None
        self.until = time.monotonic() + limits.total_s

    def of(self, ask: Callable[[], Answer]) -> Answer:
        """The answer; SourceError when there is none after a few attempts."""
        for attempt in range(1, self.limits.attempts + 1):
            try:
                return ask()
            except ReportgenError:
                raise  # said already
            except Exception as error:  # what the client lets out is of no one kind
                self.wait_after(error, attempt)
        raise AssertionError("the last attempt raises")

    def wait_after(self, error: Exception, attempt: int) -> None:
        """Waits before the next attempt; SourceError when there is none."""
        left = self.until - time.monotonic()
        pause = self.limits.pause_s * 2 ** (attempt - 1)
        if attempt >= self.limits.attempts or pause > left or not _is_passing(error):
            raise as_source_error(error, self.where, self.key) from None
        time.sleep(pause)

    def in_time(self) -> None:
        """SourceError once the total limit has passed."""
        if time.monotonic() > self.until:
            raise SourceError(
                f"{self.where}: not all read after {self.limits.total_s:.0f} s; try again, `reportgen fetch` goes on "
                "where it stopped"
            )


def _record(
    found: wandb.apis.public.Run,
    asked: Questions,
    keep: Collection[str] | None,
    before: Record | None,
    progress: Progress | None,
) -> Record:
    raw = asked.of(lambda: dict(found.rawconfig))
    axes = step_metrics(raw.get(common.INTERNAL))
    rows = Rows(kept(keep, axes), before)
    notes = _fill(rows, found, asked, progress)
    columns, bad = rows.columns()
    metadata = asked.of(lambda: found.metadata) or {}
    events: Any = asked.of(lambda: found.history(samples=SYSTEM_SAMPLES, pandas=False, stream="system"))
    summary = asked.of(lambda: dict(found.summary_metrics))
    name, safe, removed = without_secrets(
        found.name or found.id,
        {
            "config": common.config(raw),
            "summary": common.summary(summary),
            "provenance": _provenance(found, metadata, raw),
        },
    )
    started = _started(found, metadata, columns)
    return Record(
        entity=found.entity, project=found.project, id=found.id, name=name, state=found.state, columns=columns,
        nonfinite=bad, step_metrics=axes, config=safe["config"], summary=safe["summary"], provenance=safe["provenance"],
        system=_system(events, started), started=started, runtime_s=_runtime(summary), notes=notes, removed=removed,
    )  # fmt: skip


def _fill(rows: Rows, found: wandb.apis.public.Run, asked: Questions, progress: Progress | None) -> tuple[str, ...]:
    """Adds every row that isn't there yet; notes of what may be missing."""
    promised = foreign.whole(getattr(found, "history_line_count", None)) or 0
    keys = foreign.mapping(getattr(found, "history_keys", None))
    steps = (foreign.whole(keys.get("lastStep")) or 0) + 1
    span = max(PAGE_ROWS, PAGE_ROWS * steps // promised if promised else 0, steps // MOST_PAGES)
    first, there = max(rows.last_step, 0), len(rows)
    came = _scan(rows, found, asked, first, span, progress)
    if span > PAGE_ROWS and there + came < promised and steps < PAGE_ROWS * MOST_PAGES:  # wide pages are thinned
        came = max(came, _scan(rows, found, asked, first, PAGE_ROWS, progress))
    if there + came < promised * MOST_LOST:
        return (f"W&B counts {promised:,} rows but gave {there + came:,}; the rest is missing here",)
    return ()


def _scan(
    rows: Rows, found: wandb.apis.public.Run, asked: Questions, first: int, span: int, progress: Progress | None
) -> int:
    """Adds the rows from a step on, in pages of `span` steps; a broken scan goes on where it stood."""
    came = attempt = 0
    for_all: dict[str, Any] = {"page_size": span}
    if "use_cache" in signature(found.scan_history).parameters:  # not in 0.22; it never looks whether a copy is stale
        for_all["use_cache"] = False
    while True:
        try:
            for row in found.scan_history(min_step=first, **for_all):
                rows.add(cast(Mapping[Key, Any], row))
                came += 1
                if (step := row.get("_step", 0)) > first:  # only what is new counts as getting on
                    first, attempt = step, 0
                if came >= MOST_ROWS:
                    return came
                if came % PAGE_ROWS == 0:
                    asked.in_time()
                    if progress:
                        progress(came, asked.where)
            return came
        except ReportgenError:
            raise
        except Exception as error:  # the scan lets out raw transport errors of several kinds
            attempt += 1
            asked.wait_after(error, attempt)


def _is_passing(error: Exception) -> bool:
    """Whether the same question may find an answer later."""
    return isinstance(error, OSError) or bool(PASSING.search(str(error)))


def step_metrics(internal: Mapping[str, Any] | None) -> dict[str, str]:
    """Metric or pattern -> its axis, out of a config's `_wandb`.

    `m` lists what define_metric said, keyed by the field numbers of W&B's MetricRecord: 1 name, 2 pattern,
    4 step metric, 5 its place in this list (1 the first).
    """
    defined = [entry for entry in (internal or {}).get("m") or () if isinstance(entry, Mapping)]
    names = [str(entry.get("1") or entry.get("2") or "") for entry in defined]
    axes = []
    for name, entry in zip(names, defined, strict=True):
        place = entry.get("5")
        pointed = names[place - 1] if isinstance(place, int) and 0 < place <= len(names) else ""
        axes.append(common.Axis(name, str(entry.get("4") or pointed), "2" in entry))
    return common.axes(axes)


def _provenance(found: Any, metadata: Mapping[str, Any], raw: Mapping[str, Any]) -> dict[str, Any]:
    """Where a run came from; what W&B itself knows goes before what the machine said."""
    known = {
        "project": found.project,
        "entity": found.entity,
        "group": getattr(found, "group", None),
        "job_type": getattr(found, "job_type", None),
        "tags": list(getattr(found, "tags", None) or ()),
        "notes": getattr(found, "notes", None),
        "git_commit": getattr(found, "commit", None),
        "wandb_version": (raw.get(common.INTERNAL) or {}).get("cli_version"),
        "url": found.url,
    }
    return common.provenance(
        common.metadata(metadata) | {key: value for key, value in known.items() if value not in (None, "", [])}
    )


def _started(found: Any, metadata: Mapping[str, Any], columns: Mapping[Any, Any]) -> datetime | None:
    """When the run began, UTC; never after its first row."""
    told = common.started(metadata.get("startedAt")) or common.started(getattr(found, "created_at", None))
    clock = columns.get("_timestamp")
    if told is not None and clock is not None and len(clock) and clock[0] < told.timestamp():
        return foreign.since_1970(float(clock[0]))
    return told


def _runtime(summary: Mapping[str, Any]) -> float | None:
    """Seconds that the run took, as its summary says."""
    for value in ((summary.get(common.INTERNAL) or {}).get("runtime"), summary.get("_runtime")):
        if isinstance(value, int | float) and value > 0:
            return float(value)
    return None


def _system(events: Iterable[Mapping[str, Any]], started: datetime | None) -> pd.DataFrame | None:
    """Hardware metrics by seconds since the start."""
    timed = [event for event in events if isinstance(event.get("_timestamp"), int | float)]
    begin = None if started is None else started.timestamp()
    return common.system(((event["_timestamp"], event) for event in timed), begin)
