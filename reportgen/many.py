"""Many runs, from specs to diagnoses: each is read, diagnosed and let go, side by side, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

from reportgen import naming, redact, trainers, workers
from reportgen.anonymous import anonymous, told
from reportgen.cache import Cache
from reportgen.diagnostics import diagnose
from reportgen.errors import ReportgenError, SourceError
from reportgen.findings import Diagnosis
from reportgen.run import Run
from reportgen.settings import Settings
from reportgen.slim import Shared, slim
from reportgen.sources import Unread, is_remote, read
from reportgen.sources.beside import eval_files, rollouts
from reportgen.sources.beside.eval_files import Score
from reportgen.trainers import Trainer

FETCHED = 4  # runs waited for side by side where they come from elsewhere
WORTH_SPREADING = 12  # runs; fewer are done before a second process has started


@dataclass(frozen=True)
class Wanted:
    """How every run is read and judged."""

    settings: Settings = field(default_factory=Settings)
    only_roles: bool = False  # metrics that play no role are left out
    anonymous: bool = False
    step_column: str = ""  # of tables
    samples: str | None = None  # where rollouts lie; "": beside the run; None: they are not read
    evals: tuple[Score, ...] = ()  # made elsewhere
    is_alone: bool = True  # there is one run, so that they are its own
    trainers: tuple[Trainer, ...] = field(default_factory=trainers.own)  # a person's own


class Task(NamedTuple):
    """One run to be read and diagnosed."""

    spec: str
    name: str = ""  # a label of its own


class Diagnosed(NamedTuple):
    """The runs that could be diagnosed, slim and in the order asked for, and those that could not."""

    diagnoses: tuple[Diagnosis, ...]
    unread: tuple[Unread, ...]
    n_cached: int = 0  # of them, taken from the cache


def diagnose_all(
    specs: Mapping[str, str] | Sequence[str],
    wanted: Wanted | None = None,
    *,
    jobs: int = 1,
    cluster: str | None = None,
    cache: Cache | None = None,
    progress: Callable[[int, str], None] | None = None,
    each: Callable[[Run], None] | None = None,
) -> Diagnosed:
    """Every run that specs of find() name, diagnosed; what can't be read is told, not raised.

    specs: of single runs; as a mapping, each with a name of its own or "".
    jobs: processes of this machine. cluster: address of a Dask scheduler instead, whose workers read the specs.
    cache: where diagnoses are kept; None: everything is read. progress: called with 1 and a name after each run.
    each: called with every whole run before it is let go; it keeps the work in this process.
    """
    named = specs if isinstance(specs, Mapping) else dict.fromkeys(specs, "")
    tasks = [Task(spec, name) for spec, name in named.items()]
    fetched = any(is_remote(task.spec) for task in tasks)
    n_jobs = 1 if each is not None or len(tasks) < WORTH_SPREADING else jobs
    n_jobs = max(n_jobs, FETCHED) if fetched and each is None else n_jobs
    work = partial(_attempt, wanted=wanted or Wanted(), cache=None if each is not None or cluster else cache, each=each)
    outcomes: dict[int, Diagnosis | Unread] = {}
    shared = Shared()
    n_cached = 0
    for at, outcome in workers.spread(work, tasks, jobs=n_jobs, cluster=cluster, waiting=fetched):
        spec, name = tasks[at]
        if isinstance(outcome, workers.Lost):
            outcomes[at] = Unread(spec, f"{spec}: not diagnosed: {outcome.why}; try it alone, with --jobs 1")
        else:
            found, known = outcome
            outcomes[at] = shared.within(found) if isinstance(found, Diagnosis) else found
            n_cached += known
        if progress:
            progress(1, name or spec)
    ordered = [outcomes[at] for at in sorted(outcomes)]
    return Diagnosed(
        tuple(one for one in ordered if isinstance(one, Diagnosis)),
        tuple(one for one in ordered if isinstance(one, Unread)),
        n_cached,
    )


def _attempt(
    task: Task, wanted: Wanted, cache: Cache | None, each: Callable[[Run], None] | None
) -> tuple[Diagnosis | Unread, bool]:
    """The diagnosis of one run, or why there is none; and whether it was known."""
    try:
        with trainers.also(wanted.trainers):
            if cache is None:
                return _one(task, wanted, each), False
            return cache.diagnosis((task, wanted), task.spec, partial(_one, task, wanted, None))
    except ReportgenError as error:
        said = str(error)
        return Unread(*(told(text, (task.spec,)) if wanted.anonymous else text for text in (task.spec, said))), False


def _one(task: Task, wanted: Wanted, each: Callable[[Run], None] | None) -> Diagnosis:
    """One run read, diagnosed and let go."""
    keep = tuple(wanted.settings.metrics.values())
    run = read(task.spec, only_roles=wanted.only_roles, keep=keep, step_column=wanted.step_column)
    run = replace(run, name=redact.text(naming.writable(task.name))[0] or run.name)
    if wanted.evals:
        run = eval_files.joined(run, wanted.evals, is_alone=wanted.is_alone)
    if wanted.anonymous:
        run = anonymous(run)
    if each is not None:
        each(run)
    try:
        found = slim(diagnose(run, wanted.settings))
    except SourceError as error:  # no step of this one within --steps
        raise SourceError(f"{run.name or run.id}: {error}") from error
    if wanted.samples is None or wanted.anonymous:
        return found
    return replace(found, samples=rollouts.at(wanted.samples) if wanted.samples else rollouts.beside(task.spec))
