"""trainer_state.json, which TRL and transformers write beside each checkpoint."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from reportgen import foreign
from reportgen.errors import NoSteps, SourceError
from reportgen.gate import from_rows
from reportgen.naming import Key
from reportgen.run import Run, State
from reportgen.sources import place
from reportgen.sources.logged import wanted
from reportgen.sources.place import Place
from reportgen.sources.source import Claim, Keep, Rank, Source

NAME = "trainer_state.json"
SETTINGS = ("max_steps", "logging_steps", "eval_steps", "save_steps", "num_train_epochs", "train_batch_size",
            "best_metric", "best_model_checkpoint", "trial_name")


class TrainerState(Source):
    """A trainer_state.json; of several checkpoints of one run the last holds what the others do."""

    name = "trainer_state.json"

    def claim(self, place: Place) -> Claim | None:
        if not place.is_file:
            return None
        if not place.name.startswith(NAME) and (place.suffix != ".json" or b'"log_history"' not in place.head):
            return None
        folder = Path(place.path).parent
        number = folder.name.removeprefix("checkpoint-")
        among = folder.name.startswith("checkpoint-") and number.isdecimal()
        run, order = (str(folder.parent), int(number)) if among else (str(folder), 1 << 62)
        return Claim(place, Rank.SURE, NAME, form="log", again=f"{NAME} {run}", order=order)

    def read(self, claim: Claim, keep: Keep) -> Run:
        return read(claim.place.path, keep=keep)


def read(spec: str, *, keep: Collection[str] | None = None) -> Run:
    """The run of a trainer_state.json; NoSteps when nothing was logged."""
    notes: list[str] = []
    state = _parsed(spec, place.content(spec, notes))
    logged = [row for row in state.get("log_history") or () if isinstance(row, dict)]
    # the last row sums the run up and repeats the last rewards: it is no step
    closing = [row for row in logged if "train_runtime" in row]
    kept = wanted(keep)
    rows: list[dict[Key, Any]] = [{str(key): value for key, value in row.items() if key == "step" or kept(str(key))}
            for row in logged if "train_runtime" not in row]  # fmt: skip
    if not any(len(row) > 1 for row in rows):
        raise NoSteps(f"{spec}: no step yet: log_history holds no row; try again when the first step is logged")
    return from_rows(
        rows,
        id=place.run_name(spec),
        name=foreign.text(state.get("trial_name")) or place.run_name(spec),
        source=f"trainer state {spec}",
        step="step",
        config={name: state[name] for name in SETTINGS if state.get(name) is not None},
        summary=closing[-1] if closing else None,
        provenance={"planned_steps": planned} if (planned := foreign.whole(state.get("max_steps"))) else None,
        runtime_s=_number(closing[-1].get("train_runtime")) if closing else None,
        state=_state(state, bool(closing)),
        framework="trl",
        steps_per_epoch=_steps_per_epoch(logged),
        notes=[*notes, *_remarks(state)],
    )


def _parsed(path: str, text: str) -> dict[str, Any]:
    try:
        state = foreign.parsed(text)
    except foreign.Unfit as error:
        raise SourceError(f"{path}: not whole JSON ({error}); give that of another checkpoint") from error
    if not isinstance(state, dict) or not isinstance(state.get("log_history", []), list):
        raise SourceError(f"{path}: no log_history; expected the trainer_state.json of a transformers Trainer")
    return state


def _state(state: dict[str, Any], closed: bool) -> State:
    done, planned = _number(state.get("global_step")), _number(state.get("max_steps"))
    return "finished" if closed or (done and planned and done >= planned) else "unfinished"


def _steps_per_epoch(rows: Sequence[dict[str, Any]]) -> int | None:
    """Steps an epoch, from the last row that has both; None when no row has."""
    for row in reversed(rows):
        epoch, step = _number(row.get("epoch")), _number(row.get("step"))
        if epoch and step and epoch > 1e-9:
            return round(step / epoch) or None
    return None


def _remarks(state: dict[str, Any]) -> list[str]:
    every = _number(state.get("logging_steps"))
    return [f"each row is the mean over {every:g} steps (logging_steps)"] if every and every > 1 else []


def _number(value: Any) -> float | None:
    found = foreign.number(value)
    return found if found is not None and abs(found) < 1e15 else None
