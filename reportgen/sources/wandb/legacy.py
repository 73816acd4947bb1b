"""Run directories of W&B's SDK up to 0.9: rows and hardware metrics as JSON lines, no transaction log."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from reportgen import foreign, naming, wording
from reportgen.errors import NoSteps
from reportgen.gate import from_rows
from reportgen.naming import Key
from reportgen.run import INTERNAL, STEP_NAMES, Run, State
from reportgen.sources import place
from reportgen.sources.wandb import beside as wandb_beside
from reportgen.sources.wandb import common, messages

HISTORY, EVENTS = "wandb-history.jsonl", "wandb-events.jsonl"
ALWAYS = frozenset((*INTERNAL, *STEP_NAMES))


def is_run_directory(folder: Path) -> bool:
    """Whether a folder is a run of the SDK before it had transaction logs."""
    return _inside(folder) is not None


def read(spec: str, source: str, run_id: str, keep: Collection[str] | None) -> Run:
    """The run of a legacy directory; NoSteps when nothing was logged."""
    folder = _inside(Path(spec)) or Path(spec)
    remarks: list[str] = []
    beside = wandb_beside.read(folder, remarks)
    rows = [_kept(row, keep) for row in _objects(folder / HISTORY, remarks)]
    if not any(set(row) - set(INTERNAL) for row in rows):
        raise NoSteps(f"{spec}: no step yet: {HISTORY} holds no row; try again when the first step is logged")
    _count_steps(rows)
    begin = _begin(rows)
    events = _objects(folder / EVENTS, remarks)
    state, finished = _state(beside.metadata.get("exitcode"), str(beside.metadata.get("state") or ""))
    if not finished:
        remarks.append("the run has no end record, so its job was killed or still runs")
    return from_rows(
        rows,
        id=run_id or folder.resolve().name,
        name=str(beside.metadata.get("name") or "") or run_id or folder.resolve().name,
        source=source,
        config=beside.config,
        summary=beside.summary,
        provenance=common.provenance(dict(beside.known)),
        system=common.system(_timed(events), begin),
        started=beside.started,
        state=state,
        console_tail=beside.console_tail,
        notes=remarks,
    )


def _count_steps(rows: list[dict[Key, Any]]) -> None:
    """Gives each row without a step the one behind the row before it."""
    step = -1.0
    for row in rows:
        own = foreign.number(row.get("_step"))
        step = step + 1 if own is None else own
        row["_step"] = step


def _begin(rows: list[dict[Key, Any]]) -> float | None:
    """When the run began, in seconds since 1970, by the clocks of its first row that has both."""
    for row in rows:
        now, runtime = foreign.number(row.get("_timestamp")), foreign.number(row.get("_runtime"))
        if now is not None and runtime is not None:
            return now - runtime
    return None


def _timed(events: Iterator[dict[str, Any]]) -> Iterator[tuple[float, dict[str, Any]]]:
    """Measurements by when they were made."""
    timed = ((foreign.number(event.get("_timestamp")), event) for event in events)
    return ((at, event) for at, event in timed if at is not None)


def _inside(folder: Path) -> Path | None:
    return next((inside for inside in (folder, folder / "files") if (inside / HISTORY).is_file()), None)


def _objects(path: Path, remarks: list[str]) -> Iterator[dict[str, Any]]:
    """The JSON objects of a file, one a line; lines that are none are counted in a remark."""
    bad = 0
    if path.is_file():
        for line in place.lines(str(path), remarks):
            found = messages.value(line) if line.strip() else {}
            if isinstance(found, dict):
                if found:
                    yield found
            else:
                bad += 1
    if bad:
        remarks.append(f"{path.name}: {wording.plural(bad, 'line')} held no JSON object")


def _kept(row: Mapping[str, Any], keep: Collection[str] | None) -> dict[Key, Any]:
    """A row's wanted leaves, its clocks and steps."""
    whole: dict[Key, Any] = dict(row.items())
    if keep is None:
        return whole
    wanted: dict[Key, Any] = {}
    for key, value in naming.leaves(whole):
        name = key if isinstance(key, str) else ".".join(key)
        if name in ALWAYS or name in keep:
            wanted[key] = value
    return wanted


def _state(exit_code: Any, said: str) -> tuple[State, bool]:
    if isinstance(exit_code, int):
        return ("failed", True) if exit_code else ("finished", True)
    states: dict[str, State] = {"finished": "finished", "failed": "failed", "crashed": "crashed", "killed": "failed"}
    return (states[said], True) if said in states else ("unfinished", False)
