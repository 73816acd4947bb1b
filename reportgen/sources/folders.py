"""What lies in a folder: the claims to what is there, ranked, and those of one run put together."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from reportgen.errors import SpecError
from reportgen.sources import own, place, registry
from reportgen.sources.beside import config
from reportgen.sources.place import EXPECTED, Place
from reportgen.sources.registry import Taken
from reportgen.sources.source import Rank

JOINED = "+"  # between the records of one run, in one spec
SKIPPED = ("node_modules", "__pycache__", "site-packages")
HIDDEN = (".neptune", ".aim")  # folders of trackers; others with a dot are nobody's runs
NEVER = {  # endings of files that are never a run's record, so that they needn't be opened
    ending: what
    for what, endings in {
        "source code": ".py .pyc .pyi .ipynb .c .cc .cpp .cu .h .hpp .rs .go .js .ts .css .sh .bash .java .rb .lua .so",
        "a document or settings": ".md .rst .html .htm .yaml .yml .toml .ini .cfg .lock .proto .xml .svg .tex .jinja",
        "a model's weights or tokens": ".safetensors .pt .pth .ckpt .onnx .gguf .model .distcp .metadata",
        "a picture, sound or film": ".png .jpg .jpeg .gif .webp .mp4 .wav .mp3 .ttf .woff2",
        "data of another kind": ".npy .pkl .pickle .h5 .hdf5 .whl .deb .o .a .idx .pack .patch .diff",
    }.items()
    for ending in endings.split()
}
FAR = {*NEVER.values(), "of no known form", "a text in which no step was found", "a PDF", "a picture", "a program",
       "a web page", "binary"}  # reasons for which a file comes nowhere near a run  # fmt: skip
ARCHIVE = re.compile(r"\.(?:tgz|txz|tbz2?|7z|rar|tar(?:\.(?:gz|xz|bz2|zst|lz4))?)$", re.IGNORECASE)
PACKED = "an archive: unpack it first"
MOST_NAMED = 3  # reasons that a refusal names, with a file each
DEEPEST = 40  # folders below the one named
STAMP = re.compile(r"\d{8}_\d{6}")

Looking = Callable[[int, str], None]  # how many files and folders were looked at, and where


class Passed(NamedTuple):
    """A file or folder that was passed over, and why."""

    path: str
    why: str


@dataclass
class Found:
    """What was found in folders."""

    taken: list[Taken] = field(default_factory=list)
    own: list[Taken] = field(default_factory=list)  # tables that reportgen wrote: runs when there is nothing else
    passed: list[Passed] = field(default_factory=list)


def expanded(spec: str) -> str:
    """The spec with ~ as the home folder, for each of several joined."""
    return JOINED.join(os.path.expanduser(part) for part in spec.split(JOINED))  # noqa: PTH111 (never an error)


def parts(spec: str) -> tuple[str, ...]:
    """The records that a joined spec names; the spec itself when it names one."""
    if JOINED not in spec or place.exists(spec):
        return (spec,)
    found: list[str] = []
    names = spec.split(JOINED)
    while names:
        longest = (JOINED.join(names[:n]) for n in range(len(names), 0, -1))
        taken = next((path for path in longest if place.exists(place.parted(path)[0])), None)
        if taken is None:
            return (spec,)
        found.append(taken)
        names = names[taken.count(JOINED) + 1 :]
    return tuple(found)


def matching(spec: str, looking: Looking) -> Found:
    """What a glob matches; of files only records of runs where it ends in a bare star."""
    found = Found()
    if not glob.has_magic(spec) or "\0" in spec:
        return found
    named = bool(Path(spec).name.strip("*"))
    seen: set[str] = set()
    for path in sorted(glob.glob(spec, recursive=True)):  # noqa: PTH207
        if place.is_file(path):
            _file(Place(path), found, Rank.NAMED if named else Rank.LIKELY)
        else:
            _walk(Place(path), seen, found, DEEPEST, looking)
    _settle(found)
    return found


def missing(spec: str) -> str:
    """Why a spec names no run, in one sentence that names each reading of it."""
    shown = spec.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()[:200]
    if not spec.strip():
        return f"an empty name names no run; {EXPECTED}"
    if glob.has_magic(spec):
        return f"{shown}: no run matches; check the pattern, or quote it so that the shell leaves it alone"
    if "/" not in spec and not Path(spec).suffix:
        return (f"{shown}: no such file or folder, and a W&B project of that name is written wandb:ENTITY/{shown}; "
                "check the name")
    return (f"{shown}: no such file or folder, nor a W&B run (written entity/project/run_id, or wandb:entity/… where "
            "a folder has the entity's name); check the path")


def below(folder: Place, whole: Taken | None, looking: Looking) -> Found:
    """Every record of a run in a folder, which a source may claim, and below it; SpecError when there is none."""
    try:
        empty = not os.listdir(folder.path)  # noqa: PTH208
    except OSError as error:
        raise SpecError(f"{folder.path}: can't be opened ({error.strerror}); check who may read it") from error
    found = Found()
    _inside(folder, whole, {os.path.realpath(folder.path)}, found, DEEPEST, looking)
    _settle(found)
    if not found.taken:
        what = "an empty folder" if empty else f"no run in it or below it{_near(found.passed)}"
        raise SpecError(f"{folder.path}: {what}; {EXPECTED}")
    return found


def _near(passed: Sequence[Passed]) -> str:
    """What comes close to a run: tables without a step, archives, damaged files, each with the way out."""
    near: dict[str, list[str]] = {}  # why -> names
    for one in passed:
        if one.why not in FAR:
            near.setdefault(one.why, []).append(Path(one.path).name)
    told = [
        f"{names[0]}{f' and {len(names) - 1:,} more' if len(names) > 1 else ''}: {why}"
        for why, names in list(near.items())[:MOST_NAMED]
    ]
    return f" ({'; '.join(told)})" if told else ""


def once(takens: Sequence[Taken], passed: list[Passed]) -> list[Taken]:
    """The claims without those to the same place, to one inside another, or to what another holds again."""
    real = {taken: os.path.realpath(taken.claim.place.path) for taken in takens if taken.claim.place.exists}
    whole = [taken for taken in real if taken.claim.place.is_folder and taken.claim.takes is None]
    folders = {real[taken] for taken in whole}
    kept: dict[tuple[str, str], Taken] = {}
    for taken in sorted(takens, key=lambda one: one in real and real[one] != os.path.abspath(one.claim.place.path)):  # noqa: PTH100
        where = real.get(taken, taken.claim.place.path)
        if not any(str(above) in folders for above in Path(where).parents):
            kept.setdefault((where, taken.claim.place.part), taken)
    there = {id(taken) for taken in kept.values()}
    distinct = [taken for taken in takens if id(taken) in there]
    best: dict[str, Taken] = {}
    for taken in distinct:
        key = taken.claim.again
        if key and (key not in best or taken.claim.order > best[key].claim.order):
            best[key] = taken
    last = [taken for taken in distinct if not taken.claim.again or best[taken.claim.again] is taken]
    passed += [
        Passed(taken.claim.place.path, f"holds again what {best[taken.claim.again].claim.place.path} does")
        for taken in distinct
        if taken not in last
    ]
    return last


def join(takens: Iterable[Taken]) -> list[tuple[Taken, ...]]:
    """The claims run by run: trackers' by their run's identity, with the log that each has."""
    trackers, logs, others = _sorted_out(takens)
    panels: dict[str, list[Taken]] = {}
    for taken in others:
        if taken.claim.run and taken.claim.form == "table":  # one panel a file, of one run
            panels.setdefault(f"{taken.source.name} {taken.claim.run}", []).append(taken)
    several = {id(one) for run in panels.values() if len(run) > 1 for one in run}
    others = [taken for taken in others if id(taken) not in several]
    joined = [tuple(run) for run in panels.values() if len(run) > 1]
    for run, stores in trackers.items():
        own = [log for log in logs if _is_log_of(log, run, stores, trackers)]
        logs = [log for log in logs if log not in own]
        joined.append((*sorted(stores, key=_when), *own))
    return joined + [(one,) for one in (*logs, *others)]


def _walk(folder: Place, seen: set[str], found: Found, deepest: int, looking: Looking) -> None:
    real = os.path.realpath(folder.path)
    if real in seen or deepest < 0:
        return
    seen.add(real)
    _inside(folder, registry.best(folder), seen, found, deepest, looking)


def _inside(
    folder: Place, whole: Taken | None, seen: set[str], found: Found, deepest: int, looking: Looking
) -> None:
    if whole is not None and whole.claim.rank >= Rank.LIKELY:
        found.taken.append(whole)
        if whole.claim.takes is None:
            return
    try:
        entries = sorted(os.scandir(folder.path), key=lambda entry: (entry.is_symlink(), entry.name))
    except OSError as error:
        found.passed.append(Passed(folder.path, f"can't be opened ({error.strerror})"))
        return
    looking(len(entries) + 1, folder.path)
    taken = set(whole.claim.takes or ()) if whole is not None else set()
    inside = Found()
    for entry in entries:
        if entry.name in taken or not _is(entry.is_file):
            continue
        if ARCHIVE.search(entry.name):
            inside.passed.append(Passed(entry.path, PACKED))
        elif (never := NEVER.get(entry.name[entry.name.rfind(".") :].lower())) and "tfevents" not in entry.name:
            inside.passed.append(Passed(entry.path, never))
        else:
            _file(Place.file(entry.path), inside, Rank.LIKELY)
    if inside.taken:
        inside.passed = [one for one in inside.passed if Path(one.path).name not in config.NAMES]  # read with the run
    _shadow(inside, beside_wandb=any(entry.name == "wandb" and _is(entry.is_dir) for entry in entries))
    found.taken += inside.taken
    found.own += inside.own
    found.passed += inside.passed
    for entry in entries:
        is_open = not entry.name.startswith(".") or entry.name in HIDDEN
        if is_open and _is(entry.is_dir) and entry.name not in {*SKIPPED, *taken}:
            _walk(Place(entry.path), seen, found, deepest - 1, looking)


def _is(kind: Callable[[], bool]) -> bool:
    """Whether an entry is of a kind; a link that leads in circles is of none."""
    try:
        return kind()
    except OSError:
        return False


def _file(file: Place, found: Found, least: Rank) -> None:
    """Takes a file that is a record of a run, and passes over any other."""
    if least > Rank.NAMED and own.MARK.match(file.head):
        found.passed.append(Passed(file.path, "a report of reportgen's own"))
        return
    taken = registry.best(file)
    if taken is not None and taken.claim.rank >= least:
        is_ours = least > Rank.NAMED and own.is_table(file.head)
        (found.own if is_ours else found.taken).append(taken)
    elif least > Rank.NAMED:
        found.passed.append(Passed(file.path, taken.claim.why if taken else file.foreign or "of no known form"))
    else:
        found.taken.append(taken or registry.nothing(file))


def _shadow(inside: Found, *, beside_wandb: bool) -> None:
    """Passes over what is beside a better record of the same run in one folder."""
    best = next((one for one in inside.taken if one.claim.again and one.claim.form == "log"), None)
    kept = []
    for taken in inside.taken:
        path, claim = taken.claim.place.path, taken.claim
        is_other = best is not None and claim is not best.claim and not claim.again
        if best is not None and is_other and claim.form != "tracker" and place.is_dull(path):
            inside.passed.append(Passed(path, f"stands beside {best.claim.place.name}, the run's own log"))
        elif beside_wandb and claim.form == "table":
            inside.passed.append(Passed(path, "a table beside W&B's folder"))
        else:
            kept.append(taken)
    inside.taken = kept


def _settle(found: Found) -> None:
    """Takes the tables that reportgen wrote only where there is no other run."""
    if found.taken:
        found.passed += [Passed(one.claim.place.path, "a table that reportgen wrote") for one in found.own]
    else:
        found.taken = found.own


def _sorted_out(takens: Iterable[Taken]) -> tuple[dict[str, list[Taken]], list[Taken], list[Taken]]:
    """Trackers' stores by run, logs, and everything else."""
    trackers: dict[str, list[Taken]] = {}
    logs, others = [], []
    for taken in takens:
        claim = taken.claim
        is_one = not claim.remote and not claim.place.part and (claim.parts is tuple or len(claim.parts()) < 2)
        if claim.form == "tracker" and is_one:
            run = claim.run if claim.run and taken.source.joins else claim.place.spec
            trackers.setdefault(f"{taken.source.name} {run}", []).append(taken)
        elif claim.form == "log" and not claim.place.part:
            logs.append(taken)
        else:
            others.append(taken)
    return trackers, logs, others


def _is_log_of(log: Taken, key: str, stores: Sequence[Taken], trackers: dict[str, list[Taken]]) -> bool:
    """Whether a log is of a tracker's run: of its experiment and trial, or the only one beside its folder."""
    if log.claim.run:
        own, run = f"{log.claim.run}_", stores[0].claim.run
        if run == f"{own}train" or (run.startswith(own) and not run[len(own) :].strip("0123456789_-")):
            return True
    folder = Path(log.claim.place.path).parent
    beside = {
        one for one, taken in trackers.items() if any(folder in Path(each.claim.place.path).parents for each in taken)
    }
    return beside == {key} and all(folder in Path(one.claim.place.path).parents[:2] for one in stores)


def _when(taken: Taken) -> tuple[str, str]:
    """What puts a run's directories in the order they were begun."""
    path = taken.claim.place.path
    stamp = STAMP.search(Path(path).name)
    return (stamp[0] if stamp else "", path)


def specs(joined: Sequence[Taken]) -> Iterator[str]:
    """The specs of a run's records, joined; of each run where one record holds several."""
    if len(joined) == 1:
        claim = joined[0].claim
        several = () if claim.place.part else tuple(claim.parts())
        yield from several or (claim.place.spec,)
    else:
        yield JOINED.join(taken.claim.place.spec for taken in joined)
