"""From what a person types to runs: the list of sources, find, read and read_all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from reportgen import gate, metrics, restarts, trainers
from reportgen.errors import ReportgenError, SourceError, SpecError
from reportgen.run import Run
from reportgen.sources import folders, registry
from reportgen.sources.areal import answers
from reportgen.sources.beside import config
from reportgen.sources.files import copies, remote
from reportgen.sources.folders import EXPECTED, Found, Looking, Passed
from reportgen.sources.place import Place
from reportgen.sources.registry import Taken
from reportgen.sources.source import Claim, Keep, Source
from reportgen.sources.wandb import address as wandb_address


class Unread(NamedTuple):
    """A spec that could not be read, and why."""

    spec: str
    problem: str


class Runs(NamedTuple):
    """What read_all gives: the runs that could be read, and those that could not."""

    runs: tuple[Run, ...]
    unread: tuple[Unread, ...]
    specs: tuple[str, ...] = ()  # of each run, as it was asked for

    @property
    def by_spec(self) -> dict[str, Run]:
        """Each run under the spec that it was asked for with."""
        return dict(zip(self.specs, self.runs, strict=True))


class Attempt(NamedTuple):
    """The records of one run, and the specs by which they were asked for."""

    specs: tuple[str, ...]
    takens: tuple[Taken, ...]


class Playing(Collection[str]):
    """The names of metrics that can play a role, and of those that a person asked for."""

    def __init__(self, also: Iterable[str] = ()) -> None:
        self._also = frozenset(also)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (name in self._also or metrics.wanted(name))

    def __iter__(self) -> Iterator[str]:
        yield from self._also
        for metric in metrics.CATALOGUE:
            yield from metric.names

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Specs(tuple[str, ...]):
    """What find() gives: specs of single runs, and what it passed over on the way."""

    passed_over: tuple[Passed, ...] = ()
    why: Mapping[str, str] = {}  # of each spec: as what it is taken

    @classmethod
    def of(cls, found: Mapping[str, str], passed: Iterable[Passed] = ()) -> Specs:
        """The specs, sorted, each once, with why each is taken."""
        made = cls(sorted(found))
        made.why, made.passed_over = dict(found), tuple(passed)
        return made


def find(spec: str, *, looking: Looking = lambda *_: None) -> Specs:
    """A path, glob, address or folder as specs of single runs, sorted; SpecError when there is none.

    What exists as a file or folder is one. `log#trial` and `table#run` name one run of several in a file;
    `a+b` names one run by several records of it. Each spec that is given back may be given to read().
    `-` is standard input, copied for as long as the process lives.
    looking: called with how many files and folders were looked at since the last call, and where.
    """
    spec = copies.of_stdin() if spec == copies.STDIN else folders.expanded(spec)
    place = Place(spec)
    if not place.exists and remote.is_address(spec):
        path, passed = remote.copied(spec, looking)
        there = find(path, looking=looking)
        return Specs.of(there.why, (*there.passed_over, *passed))
    if place.exists:
        taken = registry.best(place)
        if place.is_folder and (taken is None or taken.claim.takes is not None):
            return _single(folders.below(place, taken, looking))
        return _single(Found([taken or registry.nothing(place)]))
    if len(folders.parts(spec)) > 1:
        return Specs.of({spec: "records of one run"})
    if (matches := folders.matching(spec, looking)).taken:
        return _single(matches)
    taken = registry.best(place)
    if taken is None:
        raise SpecError(folders.missing(spec))
    return _addressed(taken, spec)


def joined(specs: Mapping[str, str]) -> dict[str, str]:
    """Specs of single runs with their names, those that are records of one run joined into one."""
    named = {part: name for spec, name in specs.items() for part in folders.parts(spec)}
    attempts = _attempts(named)
    return {
        folders.JOINED.join(attempt.specs): next((named[part] for part in attempt.specs if named[part]), "")
        for attempt in attempts
    }


def is_remote(spec: str) -> bool:
    """Whether a spec of find() is fetched from elsewhere."""
    place = Place(spec)
    taken = None if place.exists else registry.best(place)
    return taken is not None and taken.claim.remote


def remarks(specs: Iterable[str]) -> tuple[str, ...]:
    """What a person must hear: a limit that bit, a name that several runs share, a plugin that is broken."""
    return (*trainers.remarks(), *registry.plugged().problems, *wandb_address.remarks(tuple(specs)))


def read(
    spec: str, *, only_roles: bool = False, keep: Collection[str] = (), step_column: str = ""
) -> Run:
    """The run that a spec of find() names; SourceError: where, what, what to do.

    only_roles: leave out metrics that play no role, except those named in `keep`.
    step_column: of a table, the column that counts steps; "rows" has its rows counted.
    """
    spec = folders.expanded(spec)
    takens = [_taken(part) for part in folders.parts(spec)]
    if all(takens):
        for taken in takens:
            if taken is not None:
                taken.claim.place.step_column = step_column
        return _read([taken for taken in takens if taken], Playing(keep) if only_roles else None)
    found = find(spec)
    if len(found) > 1:
        raise SourceError(f"{spec}: {len(found)} runs; read one of them, as {found[0]}, or all with read_all(find(…))")
    return read(found[0], only_roles=only_roles, keep=keep)


def read_all(
    specs: Iterable[str],
    *,
    only_roles: bool = False,
    keep: Collection[str] = (),
    progress: Callable[..., None] | None = None,
    unread: Sequence[Unread] = (),
    jobs: int = 4,
) -> Runs:
    """Every run that can be read, and why each other can't; SourceError when none can.

    jobs: how many runs are fetched side by side when they are not on this machine.
    progress: called after each run with how many more are done, and the run's spec.
    unread: what was found missing before; it is told with the rest.
    """
    given = tuple(dict.fromkeys(specs))
    at = {part: number for number, spec in reversed([*enumerate(given)]) for part in folders.parts(spec)}
    runs, asked, problems = [], [], list(unread)
    attempts = _attempts(part for spec in given for part in folders.parts(spec))
    chosen = Playing(keep) if only_roles else None
    for (members, _), outcome in zip(attempts, _outcomes(attempts, chosen, jobs), strict=True):
        asked_as = given[min(at[part] for part in members)]
        if isinstance(outcome, Run):
            runs.append(outcome)
            asked.append(asked_as)
        else:
            problems.append(Unread(asked_as, str(outcome)))
        if progress:
            progress(len({at[part] for part in members}), asked_as)
    if not runs:
        raise (SourceError if problems else SpecError)(nothing(problems))
    return Runs(tuple(runs), tuple(problems), tuple(asked))


def _attempts(parts: Iterable[str]) -> list[Attempt]:
    """The records of each run to be read, with the specs they were given as; a miss stands alone."""
    takens: list[Taken] = []
    of: dict[int, str] = {}
    missed: list[Attempt] = []
    for part in dict.fromkeys(parts):
        taken = _taken(part)
        if taken is None:
            missed.append(Attempt((part,), ()))
        else:
            takens.append(taken)
            of[id(taken.claim)] = part
    joined = folders.join(folders.once(takens, []))
    return [Attempt(tuple(of[id(one.claim)] for one in run), run) for run in joined] + missed


def _outcomes(attempts: Sequence[Attempt], keep: Keep, jobs: int) -> Iterator[Run | ReportgenError]:
    """The run of each attempt or why there is none, in order; those from elsewhere are waited for side by side."""

    def outcome(attempt: Attempt) -> Run | ReportgenError:
        try:
            return _read(attempt.takens, keep) if attempt.takens else read(attempt.specs[0])
        except ReportgenError as error:
            return error

    if len(attempts) < 2 or not any(one.claim.remote for attempt in attempts for one in attempt.takens):
        yield from map(outcome, attempts)
        return
    with ThreadPoolExecutor(max_workers=max(1, jobs), thread_name_prefix="read") as workers:
        contexts = [copy_context() for _ in attempts]  # a person's own trainers are known in each thread
        yield from workers.map(lambda context, attempt: context.run(outcome, attempt), contexts, attempts)


def _addressed(taken: Taken, spec: str) -> Specs:
    """What an address stands for; a miss says that there is no such path either, unless it can't be one."""
    try:
        return Specs.of(dict.fromkeys(folders.specs((taken,)), taken.claim.why))
    except ReportgenError as error:
        if ":" in spec:
            raise
        raise type(error)(f"{error} (nor is there a file or folder of that name)") from error


def _single(found: Found) -> Specs:
    """The records found, those of one run joined, those of several runs in one file told apart."""
    passed = list(found.passed)
    joined = folders.join(folders.once(found.taken, passed))
    why = {spec: " + ".join(one.claim.why for one in run) for run in joined for spec in folders.specs(run)}
    return Specs.of(why, passed)


def _taken(spec: str) -> Taken | None:
    """The best claim to a spec; None for a folder of runs, and for what isn't there."""
    place = Place(spec)
    taken = registry.best(place)
    return taken or (registry.nothing(place) if place.exists and not place.is_folder else None)


def _read(takens: Sequence[Taken], keep: Keep) -> Run:
    """One run from its records: the first record's values win, others fill gaps; a record that fails is noted."""
    runs: list[Run] = []
    problems: list[ReportgenError] = []
    for claim, source in _together(takens):
        try:
            typed = claim.place.path if claim.place.is_file else ""
            with restarts.reading(typed, claim.place.part), gate.offering(_beside(claim, source)):
                runs.append(source.read(claim, keep))
        except ReportgenError as error:
            problems.append(error)
    path = takens[0].claim.place.path
    if not runs:
        raise type(problems[0])(copies.said(str(problems[0]), path)) from problems[0]
    first, *others = runs
    for other_run in others:
        first = first.filled_from(other_run)
    first = replace(first, notes=(*first.notes, *(f"not read: {problem}" for problem in problems)))
    return copies.told(_with_answers(first, takens[0].claim.place), path)


def _beside(claim: Claim, source: Source) -> Callable[[list[str]], Mapping[str, Any]]:
    """What gives the config that lies beside a record which has none of its own."""
    has_config = claim.form == "tracker" if source.has_config is None else source.has_config
    is_one = not has_config and claim.place.exists and not claim.place.part
    return partial(config.beside, claim.place.path) if is_one else lambda _: {}


def _together(takens: Sequence[Taken]) -> list[Taken]:
    """Trackers' records before others, and those of a source that joins as one."""
    ordered = sorted(takens, key=lambda taken: taken.claim.form != "tracker")
    joining: dict[str, list[Claim]] = {}
    for claim, source in ordered:
        if source.joins:
            joining.setdefault(source.name, []).append(claim)
    firsts = {id(claims[0]): claims for claims in joining.values()}
    return [
        Taken(replace(claim, more=tuple(firsts[id(claim)][1:])) if source.joins else claim, source)
        for claim, source in ordered
        if not source.joins or id(claim) in firsts
    ]


def _with_answers(run: Run, place: Place) -> Run:
    """The run with its per-problem eval answers, where they lie beside it."""
    found = answers.beside(Path(place.path)) if run.answers is None and place.exists else None
    return run if found is None else replace(run, answers=found)


def nothing(problems: Sequence[Unread]) -> str:
    """Why there is nothing to report on, in one sentence."""
    if not problems:
        return f"no run was named; {EXPECTED}"
    if len(problems) == 1:
        return problems[0].problem
    return f"none of {len(problems)} runs could be read; the first: {problems[0].problem}"
