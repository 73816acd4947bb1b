"""Predictions for labelled reward curves: how right the diagnoses are, judged from outside.

    python -m benchmarks.diagnostics BENCH_DIR -o predictions.json

BENCH_DIR holds curves/*.json and pairs.json; the truth is not looked at. Every curve enters as
logged rows through `from_rows` and is judged by `diagnose` and `compare`, as a user's run is.
"""

import argparse
import json
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from os import cpu_count, environ
from pathlib import Path
from typing import Any

from reportgen import Diagnosis, Run, Settings, compare, diagnose, from_rows
from reportgen.signals import learn

Json = dict[Any, Any]  # keys are words
TRAIN, EVAL = "reward", "eval/accuracy"
CLASSES = {"overfitting": "overfit", "underfitting": "eval_higher"}  # our label -> the benchmark's word
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")  # one process a core, one thread each


@dataclass(frozen=True)
class Answer:
    """What is said of one curve."""

    id: str
    prediction: Json
    diagnosis: Diagnosis | None  # kept for the pairs only


def rows_of(curve: Json) -> list[Json]:
    """The curve as a trainer would have logged it: evals in the row of their step."""
    rows = [
        {"step": step, TRAIN: value} if value is not None else {"step": step}
        for step, value in zip(curve["steps"], curve["values"], strict=True)
    ]
    last_row = {row["step"]: row for row in rows}
    before: list[Json] = []
    after: list[Json] = []
    for test in curve["eval"]:
        share = {EVAL: test["correct"] / test["n"]}
        if test["step"] in last_row:
            last_row[test["step"]].update(share)
        else:
            (before if test["step"] < rows[0]["step"] else after).append({"step": test["step"], **share})
    return [*before, *rows, *after]


def settings_of(curve: Json) -> Settings:
    """What the user declares with it."""
    low, high = curve["reward_lo"], curve["reward_hi"]
    return Settings(
        reward_range=(low, high) if low is not None else None,
        samples_per_step=curve["n"],
        group_size=curve["group"],
        eval_size={test["step"]: test["n"] for test in curve["eval"]},
        forecast_steps=tuple(curve["forecast_steps"]),
    )


def run_of(curve: Json, rows: list[Json]) -> Run:
    """The curve's run."""
    return from_rows(rows, id=curve["id"], source=curve["id"], step="step")


def answer(curve: Json, *, kept: bool) -> Answer:
    """One curve diagnosed."""
    diagnosis = diagnose(run_of(curve, rows_of(curve)), settings_of(curve))
    prediction = {**of_train(diagnosis), "improvement": gain_of(curve), "runtime_ms": cpu_ms(curve)}
    if diagnosis.gap is not None:
        low, high = diagnosis.gap.interval
        prediction["gap"] = [low, diagnosis.gap.gap, high]
        prediction["gap_class"] = CLASSES.get(diagnosis.gap.label, "none")
    return Answer(curve["id"], prediction, diagnosis if kept else None)


def of_train(diagnosis: Diagnosis) -> Json:
    """Plateau, trend, collapse, forecast and spikes of the train reward."""
    train = diagnosis.train
    if train is None:
        return {}
    return {
        "plateaued": train.plateau.plateaued,
        "p_plateau": train.plateau.probability,
        "p_rise": train.p_rise,
        "p_fall": train.p_fall,
        "onset_step": train.plateau.onset_step,
        "trend": train.trend.direction,
        "collapsed": train.collapse.collapsed,
        "peak_step": train.collapse.peak_step,
        "forecast": {str(point.step): [point.low, point.mid, point.high] for point in train.forecast},
        "spikes": list(train.spikes),
    }


def gain_of(curve: Json) -> list[float] | None:
    """First eval to last, of the evals alone: their scale is known even where train's isn't."""
    first, tests = curve["eval"][0], curve["eval"]
    settings = Settings(
        reward_range=(0.0, 1.0),
        baseline=first["correct"] / first["n"],
        eval_size={test["step"]: test["n"] for test in tests},
    )
    rows = [{"step": test["step"], EVAL: test["correct"] / test["n"]} for test in tests]
    gain = diagnose(run_of(curve, rows), settings).improvement
    if gain is None or gain.interval is None:
        return None
    return [gain.interval[0], gain.absolute, gain.interval[1]]


def cpu_ms(curve: Json) -> float:
    """CPU of plateau, trend and forecast alone, milliseconds."""
    settings = settings_of(curve)
    values = [float("nan") if value is None else value for value in curve["values"]]
    start = time.process_time()
    learn(
        curve["steps"],
        values,
        reward_range=settings.reward_range,
        samples_per_step=settings.samples_per_step,
        forecast_steps=settings.forecast_steps,
        back_test=False,
    )
    return 1000 * (time.process_time() - start)


def winner(a: Answer, b: Answer) -> str:
    """ "a", "b" or "tie", by the end levels of train."""
    if a.diagnosis is None or b.diagnosis is None:
        return "tie"
    pair = compare([a.diagnosis, b.diagnosis]).pair(a.id, b.id, "train")
    if pair is None or pair.winner is None:
        return "tie"
    return "a" if pair.winner == a.id else "b"


def answer_file(job: tuple[str, bool]) -> Answer:
    """One curve file diagnosed, in a process of its own."""
    path, kept = job
    return answer(json.loads(Path(path).read_text()), kept=kept)


def predict(bench: Path, jobs: int) -> Json:
    """Predictions for all curves and pairs of a folder."""
    pairs: list[Sequence[str]] = json.loads((bench / "pairs.json").read_text())
    in_pairs = {each for pair in pairs for each in pair}
    paths = sorted((bench / "curves").glob("*.json"))
    work = [(str(path), path.stem in in_pairs) for path in paths]
    environ.update(dict.fromkeys(THREADS, "1"))
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        answers = {each.id: each for each in pool.map(answer_file, work, chunksize=8)}
    predictions: Json = {name: each.prediction for name, each in answers.items()}
    predictions["pairs"] = {f"{a}|{b}": winner(answers[a], answers[b]) for a, b in pairs}
    return predictions


def main() -> None:
    """Reads the curves, writes the predictions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", type=Path, metavar="BENCH_DIR")
    parser.add_argument("-o", "--output", type=Path, default=Path("predictions.json"))
    parser.add_argument("--jobs", type=int, default=cpu_count() or 1)
    options = parser.parse_args()
    predictions = predict(options.bench, options.jobs)
    options.output.write_text(json.dumps(predictions))
    print(f"{len(predictions) - 1} curves -> {options.output}")


if __name__ == "__main__":
    main()
