"""From what a person types to runs: the list of sources, find, read and read_all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from reportgen import metrics
from reportgen.errors import ReportgenError, SourceError, SpecError
from reportgen.run import Run
from reportgen.sources import folders, place
from reportgen.sources.areal import answers
from reportgen.sources.wandb import address as wandb_address


@dataclass(frozen=True)
class Source:
    """One format: the room that knows it, whether a spec is of it, and how it is read."""

    name: str  # "W&B run directory"
    room: str  # a module of this package with claims(spec), read(spec, keep=) and, for many in one, find(spec)
    remote: bool = False  # not on this machine

    def claims(self, spec: str) -> bool:
        """Whether a spec is of this format: a look at the name, at most at the first bytes."""
        return bool(self._module().claims(spec))

    def find(self, spec: str) -> tuple[str, ...]:
        """The single runs that a spec of this format stands for."""
        find = getattr(self._module(), "find", None)
        return tuple(find(spec)) if find else (spec,)

    def read(self, spec: str, keep: Collection[str] | None) -> Run:
        """The run of a spec; only the metrics in `keep`, every one when that is None."""
        run: Run = self._module().read(spec, keep=keep)
        return run

    def _module(self) -> ModuleType:
        return import_module(f"{__name__}.{self.room}")


SOURCES = (  # in the order in which they are asked: the telling ones first, any text last
    Source("W&B run directory", "wandb.files"),
    Source("TensorBoard events", "tensorboard.folder"),
    Source("trainer_state.json", "texts.trainer_state"),
    Source("JSON rows", "texts.json_rows"),
    Source("CSV table", "texts.csv_table"),
    Source("verl console", "texts.verl"),
    Source("OpenRLHF or TRL console", "texts.dicts"),
    Source("AReaL log", "areal.log"),
    Source("local copy", "local_copy"),
    Source("Weights & Biases", "wandb.api", remote=True),
)


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


def find(spec: str) -> tuple[str, ...]:
    """A path, glob, address or folder as specs of single runs, sorted; SpecError when there is none.

    What exists as a file or folder is one. `log#trial` and `table#run` name one run of several in a file;
    `a+b` names one run by several records of it. Each spec that is given back may be given to read().
    """
    spec = folders.expanded(spec)
    if place.exists(spec):
        return _single(_below(spec) if Path(spec).is_dir() else [spec])
    if len(folders.parts(spec)) > 1 or place.parted(spec)[1]:
        return (spec,)
    if matches := folders.matching(spec, _is_whole):
        return _single(matches)
    for source in SOURCES:
        if source.claims(spec):
            return _addressed(source, spec)
    raise SpecError(folders.missing(spec))


def joined(specs: Mapping[str, str]) -> dict[str, str]:
    """Specs of single runs with their names, those that are records of one run joined into one."""
    return {
        spec: next((specs[part] for part in parts if specs.get(part)), "")
        for spec, parts in folders.join(specs).items()
    }


def is_remote(spec: str) -> bool:
    """Whether a spec of find() is fetched from elsewhere."""
    source = _source(spec)
    return source is not None and source.remote


def remarks(specs: Iterable[str]) -> tuple[str, ...]:
    """What a person must hear about specs that find() gave: a limit that bit, a name that several runs share."""
    return wandb_address.remarks(tuple(specs))


def read(spec: str, *, only_roles: bool = False, keep: Collection[str] = ()) -> Run:
    """The run that a spec of find() names; SourceError: where, what, what to do.

    only_roles: leave out metrics that play no role, except those named in `keep`.
    """
    spec = folders.expanded(spec)
    chosen = Playing(keep) if only_roles else None
    several = folders.parts(spec)
    if len(several) > 1:
        return _with_answers(_read_joined(several, chosen), several[0])
    source = _source(spec)
    if source is not None:
        return _with_answers(source.read(spec, chosen), spec)
    found = find(spec)
    if len(found) > 1:
        raise SourceError(f"{spec}: {len(found)} runs; read one of them, as {found[0]}, or all with read_all(find(…))")
    if found == (spec,):
        raise SourceError(_refusal(spec))
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
    place = {part: at for at, spec in reversed([*enumerate(given)]) for part in folders.parts(spec)}
    runs, asked, problems = [], [], list(unread)
    joined = folders.join(given)
    for (spec, members), outcome in zip(joined.items(), _outcomes(joined, only_roles, keep, jobs), strict=True):
        asked_as = given[min(place[part] for part in members)]
        if isinstance(outcome, Run):
            runs.append(outcome)
            asked.append(asked_as)
        else:
            problems.append(Unread(asked_as, str(outcome)))
        if progress:
            progress(len({place[part] for part in members}), spec)
    if not runs:
        raise (SourceError if problems else SpecError)(nothing(problems))
    return Runs(tuple(runs), tuple(problems), tuple(asked))


def _outcomes(
    specs: Collection[str], only_roles: bool, keep: Collection[str], jobs: int
) -> Iterator[Run | ReportgenError]:
    """The run of each spec or why there is none, in order; those from elsewhere are waited for side by side."""

    def attempt(spec: str) -> Run | ReportgenError:
        try:
            return read(spec, only_roles=only_roles, keep=keep)
        except ReportgenError as error:
            return error

    if len(specs) < 2 or not any(is_remote(spec) for spec in specs):
        yield from map(attempt, specs)
        return
    with ThreadPoolExecutor(max_workers=max(1, jobs), thread_name_prefix="read") as workers:
        yield from workers.map(attempt, specs)


def _addressed(source: Source, spec: str) -> tuple[str, ...]:
    """What an address stands for; a miss says that there is no such path either, unless it can't be one."""
    try:
        return source.find(spec)
    except ReportgenError as error:
        if ":" in spec:
            raise
        raise type(error)(f"{error} (nor is there a file or folder of that name)") from error


def _single(specs: Sequence[str]) -> tuple[str, ...]:
    """The records found, those of one run joined, those of several runs in one file told apart."""
    joined: list[str] = []
    for spec in folders.join(specs):
        source = _source(spec) if len(folders.parts(spec)) == 1 else None
        joined += [spec] if source is None else source.find(spec)
    return tuple(sorted(dict.fromkeys(joined)))


def _below(folder: str) -> list[str]:
    """Every record of a run in a folder, or the folder itself when a source takes it whole."""
    return folders.below(folder, _is_whole)


def _is_whole(folder: str) -> bool:
    return _source(folder) is not None


def _source(spec: str) -> Source | None:
    return next((source for source in SOURCES if source.claims(spec)), None)


def _read_joined(several: Sequence[str], keep: Collection[str] | None) -> Run:
    """One run from its W&B directories and its logs: the first record's values win, others fill gaps."""
    wandb_files = import_module(f"{__name__}.wandb.files")
    directories = [part for part in several if wandb_files.claims(part)]
    records: list[Callable[[], Run]] = [partial(_read_one, part, keep) for part in several if part not in directories]
    if directories:
        records.insert(0, partial(wandb_files.read_many, directories, keep=keep))
    runs: list[Run] = []
    problems: list[ReportgenError] = []
    for record in records:
        try:
            runs.append(record())
        except ReportgenError as error:
            problems.append(error)
    if not runs:
        raise problems[0]
    first, *others = runs
    for other_run in others:
        first = first.filled_from(other_run)
    return replace(first, notes=(*first.notes, *(f"not read: {problem}" for problem in problems)))


def _with_answers(run: Run, spec: str) -> Run:
    """The run with its per-problem eval answers, where they lie beside it."""
    path = Path(place.parted(spec)[0])
    found = answers.beside(path) if run.answers is None and path.exists() else None
    return run if found is None else replace(run, answers=found)


def _read_one(spec: str, keep: Collection[str] | None) -> Run:
    source = _source(spec)
    if source is None:
        raise SourceError(_refusal(spec))
    return source.read(spec, keep)


def _refusal(spec: str) -> str:
    """Why an existing path is no run, and what one is."""
    path, _ = place.parted(spec)
    if not place.is_file(path):  # opening a pipe would wait for its writer
        return f"{spec}: neither a file nor a folder; write it to a file first"
    if not (what := place.foreign(path)):
        return f"{spec}: nothing that reportgen reads; {folders.EXPECTED}"
    return f"{spec}: {what}, not the record of a run; {folders.EXPECTED}"


def nothing(problems: Sequence[Unread]) -> str:
    """Why there is nothing to report on, in one sentence."""
    if not problems:
        return f"no run was named; {folders.EXPECTED}"
    if len(problems) == 1:
        return problems[0].problem
    return f"none of {len(problems)} runs could be read; the first: {problems[0].problem}"
