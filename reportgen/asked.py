"""What the words and options of a command ask for: runs looked for, settings, gates, and the report of it all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from reportgen import options, terminal, wording
from reportgen.atomic import write_all
from reportgen.errors import SettingsError, SourceError

if TYPE_CHECKING:
    from reportgen.findings import Diagnosis
    from reportgen.gates import Gates
    from reportgen.report import Report
    from reportgen.run import Run
    from reportgen.settings import Settings
    from reportgen.sources import Unread


class Asked(NamedTuple):
    """What the words that were typed stand for."""

    specs: dict[str, str]  # of single runs, each with its label or ""
    missing: list[Unread]  # what names none, which takes nothing else down
    passed_over: list[tuple[str, str]]  # files and folders that are no runs, and why


def report(
    *, title: str | None = None, jobs: int | None = None, cluster: str | None = None, no_cache: bool = False,
    since: str | None = None, samples: str | None = None, no_samples: bool = False,
    each: Callable[[Run], None] | None = None, places: Sequence[tuple[str, str | None]] = (), **given: Any,
) -> Report:  # fmt: skip
    """The composed report of everything that was asked for, gates judged."""
    settings, wanted_gates = settings_of(**given), gates_of(**given)
    from reportgen import diagnostics, gates, many, sources, workers
    from reportgen.cache import Cache
    from reportgen.report import compose, plugged
    from reportgen.sources import own
    from reportgen.sources.beside import eval_files

    earlier = (own.text(since), since) if since else None
    stored, given["specs"] = _stored(given["specs"])
    known = [one for report in stored for one in report.diagnoses]
    unread = [one for report in stored for one in report.unread]
    if stored and not given["specs"] and not given["labels"]:
        judged = gates.results(known, wanted_gates) or stored[0].gates
        return compose(known, unread, earlier=earlier, gates=judged,
                       title=title or (stored[0].title if len(stored) == 1 else None))  # fmt: skip
    found, missing, passed = look_for(**given)
    for remark in (*diagnostics.remarks(), *plugged.plugged().problems):
        terminal.note(remark, given["quiet"])
    options.check_inputs(places, [*found, *([since] if since else []), *given["eval_files"]])
    if given["anonymous"] and settings.reference:
        settings = replace(settings, reference=without_folders(settings.reference, (settings.reference,)))
    wanted = many.Wanted(
        settings, _only_roles(found, given["all_metrics"]), given["anonymous"], given["step_column"] or "",
        None if no_samples or len(found) != 1 else samples or "",
        evals=tuple(score for path in given["eval_files"] for score in eval_files.read(path)), is_alone=len(found) == 1,
    )  # fmt: skip
    with terminal.progress("diagnosing", given["quiet"] or len(found) < 2, len(found)) as advance:
        done = many.diagnose_all(
            found, wanted, jobs=jobs or workers.cores(), cluster=cluster, progress=advance, each=each,
            cache=None if no_cache else Cache.usual(),
        )  # fmt: skip
    problems = [*told(missing, given["anonymous"]), *told(done.unread)]
    if not known and not done.diagnoses:
        raise SourceError(sources.nothing(problems))
    diagnoses = [*known, *done.diagnoses]
    _check_reference(diagnoses, settings)
    return compose(diagnoses, [*unread, *problems], title=title, earlier=earlier, passed_over=passed,
                   gates=gates.results(diagnoses, wanted_gates))  # fmt: skip


def look_for(
    *, specs: Sequence[str], labels: Sequence[str], quiet: bool, explain: bool, anonymous: bool, **_: Any
) -> Asked:
    """What was asked for, looked for; what was passed over is counted on stderr, or told one by one."""
    from reportgen import sources
    from reportgen.errors import SpecError
    from reportgen.sources.files import copies

    named = options.pairs("--label", labels)
    if not specs and not named:
        raise click.UsageError("Missing RUN: a W&B run directory, a trainer.log, a table, an address or a folder.")
    missing: list[Unread] = []
    found: dict[str, str] = {}
    passed: list[tuple[str, str]] = []
    whys: dict[str, str] = {}
    with terminal.progress("looking", quiet) as advance:
        for spec, name in [*((spec, "") for spec in specs), *((spec, name) for name, spec in named.items())]:
            try:
                there = sources.find(spec, looking=_looking(advance))
            except (SpecError, SourceError) as error:
                missing.append(sources.Unread(spec, str(error)))
                continue
            found |= dict.fromkeys(there, name)
            whys |= there.why
            typed = (spec,) if anonymous else ()
            passed += [(without_folders(path, typed) if typed else copies.said(path, path), why)
                       for path, why in there.passed_over]
    if explain:
        for one in found:
            shown = without_folders(one, (one,)) if anonymous else copies.said(one, one)
            terminal.tell(f"run: {shown}: {whys[one]}")
        for path, why in passed:
            terminal.tell(f"passed over: {path}: {why}")
    elif passed:
        what = wording.plural(len(passed), "file or folder that is no run", "files and folders that are no runs")
        terminal.note(f"passed over: {what}; --explain says why", quiet)
    for remark in sources.remarks(found):
        terminal.note(remark, quiet)
    return Asked(sources.joined(found) if len(specs) + len(named) > 1 else found, missing, passed)


def settings_of(
    *, baseline: float | None, eval_size: int | None, reward_range: tuple[float, float] | None,
    samples_per_step: int | None, gpus: int | None, metrics: Sequence[str], steps: tuple[int | None, int | None] | None,
    reference: str | None, thresholds: Sequence[str], eval_name: str | None = None, **_: Any,
) -> Settings:  # fmt: skip
    from reportgen.settings import Settings

    declared = Settings(
        baseline=baseline, eval_size=eval_size, reward_range=reward_range, samples_per_step=samples_per_step,
        gpus=gpus, metrics=options.pairs("--metric", metrics), steps=steps, reference=reference,
        eval=eval_name,
    )  # fmt: skip
    return declared.with_thresholds(options.pairs("--set", thresholds))


def gates_of(
    *, fail_on: str | None = None, min_gain: float | None = None, max_gap: float | None = None,
    no_plateau: bool = False, no_collapse: bool = False, allow_inconclusive: bool = False, **_: Any,
) -> Gates:  # fmt: skip
    from reportgen.gates import Gates

    return Gates(fail_on, min_gain, max_gap, no_plateau, no_collapse, allow_inconclusive)


def _stored(specs: Sequence[str]) -> tuple[list[Report], tuple[str, ...]]:
    """The reports among what was typed, each from its own JSON; and the rest."""
    from reportgen.report import from_json
    from reportgen.sources import own

    told = [spec for spec in specs if own.is_report(spec)]
    return [from_json(own.text(spec)) for spec in told], tuple(spec for spec in specs if spec not in told)


def told(unread: Iterable[Unread], anonymous: bool = False) -> list[Unread]:
    """What could not be read, told on stderr; without the folders that were typed, if so wished."""
    from reportgen.sources import Unread
    from reportgen.sources.files import copies

    there = [Unread(copies.said(one.spec, one.spec), one.problem) for one in unread]
    said = [Unread(*(without_folders(text, (one.spec,)) for text in one)) if anonymous else one for one in there]
    for spec, problem in said:
        terminal.tell(f"not read: {problem if spec in problem else f'{spec}: {problem}'}")
    return said


def csv_writer(folder: str | None) -> Callable[[Run], None] | None:
    """What writes each run's tables as it passes, so that none is held; None without a folder."""
    if not folder:
        return None
    from reportgen.render import to_csv

    taken: set[str] = set()
    return lambda run: write_all([(Path(folder) / name, table) for name, table in to_csv(run, taken).items()])


def _check_reference(diagnoses: Sequence[Diagnosis], settings: Settings) -> None:
    """Refuses a reference that isn't the only run; among several, the comparison looks for it."""
    run, wanted = diagnoses[0].run, settings.reference
    if wanted is None or len(diagnoses) > 1 or wanted in (run.name, run.id) or run.source.endswith(wanted):
        return
    raise SettingsError(f"--reference {wanted}: the only run is {run.name or run.id}; give several, or leave it out")


def _looking(advance: Callable[..., None]) -> Callable[[int, str], None]:
    """Tells how many files and folders were looked at, and where."""
    looked = 0

    def told(more: int, where: str) -> None:
        nonlocal looked
        looked += more
        advance(0, f"{looked:,} in {where}")

    return told


def _only_roles(found: Iterable[str], all_metrics: bool) -> bool:
    """Whether metrics without a role are left out: of many runs, and where each is fetched."""
    from reportgen import sources

    specs = list(found)
    return not all_metrics and (len(specs) > 1 or any(sources.is_remote(spec) for spec in specs))


def without_folders(text: str, typed: Sequence[str]) -> str:
    """A text without the folders of the paths in `typed`, for who wants to be anonymous."""
    from reportgen.anonymous import told as nameless  # pandas comes with it

    return nameless(text, typed)
