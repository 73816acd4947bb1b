"""Watching is not testing once: how many rising curves are ever told to stop while they grow.

    python -m benchmarks.looks [LABELLED_DIR] [--per-family N] [--seed N]

Every curve whose trend still rises at its end, by the definitions, is looked at every 5 % of the run from 30 % on:
15 looks. Counted is the share of curves told to stop at any look, or that they were flat from the first step, by the
verdict of the page, and by what `watch --until stop` waits for. Made curves (`benchmarks.made_curves`, and plain
rises) and, where its folder is named, the labelled set with its truth. Beside it stands how many plateaued curves are
told so by the end.
"""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from os import cpu_count, environ
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.diagnostics import THREADS, settings_of
from benchmarks.families import row_of
from benchmarks.made_curves import FAMILIES, made
from reportgen import Settings, diagnose, from_rows
from reportgen.looks import Look, Steady

FIRST, STRIDE = 0.30, 0.05  # of the run
PER_FAMILY, SEED = 8, 11


@dataclass(frozen=True)
class Looked:
    """What the looks at one curve said."""

    family: str
    is_rising: bool  # at its end, by the truth; else it has plateaued
    verdict_at: float | None  # share of the run at the first verdict that said stop
    watch_at: float | None  # … at which watching would have ended
    decision: str  # at the last look


def looked(family: str, is_rising: bool, rows: list[dict[str, Any]], settings: Settings) -> Looked:
    """One curve looked at while it grows."""
    steady, verdict_at, watch_at, decision = Steady(), None, None, ""
    first, last = rows[0]["step"], rows[-1]["step"]
    for share in np.arange(FIRST, 1 + STRIDE / 2, STRIDE):
        seen = [row for row in rows if row["step"] <= first + share * (last - first) + 1e-9]
        look = steady.judged(Look(diagnose(from_rows(seen, id="run", source="run", step="step"), settings)))
        if look.diagnosis is None:
            continue
        verdict = look.diagnosis.verdict
        decision = verdict.decision
        if (decision == "stop" or verdict.headline.startswith("Flat from")) and verdict_at is None:
            verdict_at = float(share)
        if "stop" in look.holds and watch_at is None:
            watch_at = float(share)
    return Looked(family, is_rising, verdict_at, watch_at, decision)


def look_made(job: tuple[int, int]) -> Looked | None:
    """A made curve, if it rises or has plateaued for sure."""
    family, seed = job
    curve = made(FAMILIES[family], seed)
    truth = curve.truth
    if truth.is_open or not (truth.trend == "rising" or truth.plateaued) or len(curve.steps) > 3000:
        return None
    settings = Settings(reward_range=curve.reward_range, samples_per_step=curve.samples)
    return looked(curve.family, truth.trend == "rising", row_of(curve), settings)


def look_labelled(job: tuple[str, bool]) -> Looked:
    """A labelled curve; its evals are left out, so that train alone decides."""
    curve = json.loads(Path(job[0]).read_text())
    rows = [{"step": s, "reward": v} for s, v in zip(curve["steps"], curve["values"], strict=True) if v is not None]
    return looked(Path(job[0]).stem, job[1], sorted_rows(rows), settings_of({**curve, "eval": []}))


def sorted_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a step, the last one logged, in order of steps."""
    return [row for _, row in sorted({row["step"]: row for row in rows}.items())]


def told(name: str, those: list[Looked]) -> str:
    """One line of the table."""
    rising, flat = [one for one in those if one.is_rising], [one for one in those if not one.is_rising]

    def share(found: list[Looked], which: str) -> str:
        return f"{np.mean([getattr(one, which) is not None for one in found]):8.3f}" if found else "       -"

    return (f"{name:20s}{len(rising):7d}{share(rising, 'verdict_at')}{share(rising, 'watch_at')}"
            f"{len(flat):7d}{share(flat, 'verdict_at')}{share(flat, 'watch_at')}")  # fmt: skip


def main() -> None:
    """Prints who was told to stop."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labelled", type=Path, nargs="?")
    parser.add_argument("--per-family", type=int, default=PER_FAMILY)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    environ.update(dict.fromkeys(THREADS, "1"))
    work = [(f, options.seed * 1000 + i) for f in range(len(FAMILIES)) for i in range(options.per_family)]
    files = []
    if options.labelled is not None:
        truth = json.loads((options.labelled / "truth.json").read_text())["curves"]
        files = [(str(options.labelled / "curves" / f"{name}.json"), one["trend"] == "rising")
                 for name, one in sorted(truth.items()) if not one["ambiguous_plateau"]
                 and (one["trend"] == "rising" or one["plateaued"])]  # fmt: skip
    with ProcessPoolExecutor(cpu_count() or 1, mp_context=get_context("spawn")) as pool:
        own = [one for one in pool.map(look_made, work, chunksize=4) if one is not None]
        labelled = list(pool.map(look_labelled, files, chunksize=4))
    print(f"{'ever told to stop':20s} rising verdict   watch   flat verdict   watch")
    for family in FAMILIES:
        print(told(family.__name__, [one for one in own if one.family == family.__name__]))
    print(told("made", own))
    if labelled:
        print(told("labelled", labelled))
    print("told:", *sorted(one.family for one in labelled if one.is_rising and one.verdict_at is not None))


if __name__ == "__main__":
    main()
