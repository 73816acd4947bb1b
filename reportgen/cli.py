"""The command line: parse, call the library, write, exit code. The only room that prints or exits."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import warnings
import webbrowser
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from reportgen import __version__, naming, options, terminal
from reportgen.atomic import write_all
from reportgen.errors import ReportgenError, SettingsError, SourceError

if TYPE_CHECKING:
    from reportgen.findings import Diagnosis
    from reportgen.gates import Gates
    from reportgen.report import Report
    from reportgen.run import Run
    from reportgen.settings import Settings
    from reportgen.sources import Unread

GATE_FAILED, UNUSABLE = 1, 2


class Refusal(click.ClickException):
    """A ReportgenError on its way out of the command."""

    exit_code = UNUSABLE


def main() -> None:
    """Entry point of the `reportgen` command."""
    # numpy's matrices are small here: a second BLAS thread only spins, and triples the CPU of a diagnosis
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # a library's remarks on its own code help nobody at a terminal
    cli(prog_name="reportgen")


@contextmanager
def _refusals(nameless: Sequence[str] = ()) -> Iterator[None]:
    """Turns the library's errors into one line and exit code 2; without the folders of paths in `nameless`."""
    try:
        yield
    except ReportgenError as error:
        raise Refusal(_without_folders(str(error), nameless) if nameless else str(error)) from error


@click.group(cls=terminal.Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="reportgen")
@click.option(terminal.DEBUG, is_flag=True, expose_value=False, help="Show the trace of a fault of reportgen's own.")
def cli() -> None:
    """RL post-training runs as one HTML file that anybody can open.

    A RUN is a W&B run directory, a .wandb file, an AReaL trainer.log (also .gz, .xz, .zst), a CSV or
    JSON Lines table, a local copy, entity/project/run_id, a W&B URL, wandb:entity/project?group=...,
    - for standard input, or a folder: then every run below it.

    \b
    Example:
      reportgen report wandb/latest-run
    """


COMMON: tuple[Callable[[Any], Any], ...] = (
    click.option("--label", "labels", multiple=True, metavar="NAME=RUN", help="A run under a name of your own."),
    click.option("--baseline", type=options.SHARE, metavar="18.35%", help="Reward of the base model (also 0.1835)."),
    click.option("--eval-size", type=click.IntRange(1), metavar="N", help="Problems in the eval set."),
    click.option("--reward-range", type=options.RANGE, metavar="LOW:HIGH", help="Lowest and highest reward."),
    click.option("--samples-per-step", type=click.IntRange(1), metavar="N", help="Rollouts behind a train point."),
    click.option("--gpus", type=click.IntRange(1), metavar="N", help="GPUs used, for costs in GPU-hours."),
    click.option("--metric", "metrics", multiple=True, metavar="ROLE=NAME", help="Which metric plays a role."),
    click.option("--eval", "eval_name", metavar="NAME", help="The main eval: a set, or a metric's name."),
    click.option("--evals", "eval_files", multiple=True, metavar="FILE",
                 help="Evals made elsewhere: lm-eval or lighteval results, a folder of them, or a table by step."),
    click.option("--step-column", metavar="NAME", help="The column of a table that counts steps; rows counts them."),
    click.option("--all-metrics", is_flag=True, help="Also every metric without a role, from W&B or many runs."),
    click.option("--steps", type=options.STEPS, metavar="A:B", help="Only these steps, both included."),
    click.option("--reference", metavar="RUN", help="The run that the others are compared with."),
    click.option("--set", "thresholds", multiple=True, metavar="NAME=VALUE", help="Another threshold for a check."),
    click.option("--config", type=click.Path(dir_okay=False), callback=options.read_config, is_eager=True,
                 expose_value=False, metavar="FILE", help="Settings file  [default: ./reportgen.toml]"),
    click.option("--anonymous", is_flag=True, help="Leave out host, user, paths, git remote and W&B link."),
    click.option("--explain", is_flag=True, help="Say of each file why it is a run, or was passed over."),
    click.option("--strict", is_flag=True, help="Exit with 2 when any run can't be read."),
    click.option("--quiet", "-q", is_flag=True, help="No progress and no notes."),
)  # fmt: skip


SPREAD: tuple[Callable[[Any], Any], ...] = (
    click.option("--jobs", type=click.IntRange(1, 512), metavar="N", help="Processes  [default: one a core]"),
    click.option("--cluster", metavar="ADDRESS", envvar="DASK_SCHEDULER_ADDRESS",
                 help="A Dask scheduler that does the work, tcp://host:8786."),
    click.option("--samples", metavar="PATH", help="Rollouts of one run, where they don't lie beside it."),
    click.option("--no-samples", is_flag=True, help="Show nothing of what the model wrote."),
    click.option("--since", metavar="FILE", help="Say what changed since that report (its JSON or its page)."),
    click.option("--no-cache", is_flag=True, help="Read every run anew, and keep no diagnosis."),
)  # fmt: skip


def spread(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of commands that read and judge many runs."""
    for option in reversed(SPREAD):
        command = option(command)
    return command


GATES: tuple[Callable[[Any], Any], ...] = (
    click.option("--fail-on", type=click.Choice(["warning", "critical"]), help="Fail on a finding as severe as this."),
    click.option("--min-gain", type=options.POINTS, metavar="5pp",
                 help="Fail unless the gain over the baseline is this much."),
    click.option("--max-gap", type=options.POINTS, metavar="3pp",
                 help="Fail unless train leads eval by no more than this."),
    click.option("--no-plateau", is_flag=True, help="Fail when the train reward has plateaued."),
    click.option("--no-collapse", is_flag=True, help="Fail when train or eval reward has collapsed."),
    click.option("--allow-inconclusive", is_flag=True, help="Let a gate pass that can't be judged."),
    click.option("--junit", "junit_file", metavar="FILE", help="Also the gates' results as JUnit XML."),
)  # fmt: skip


def gated(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of commands that judge runs by promises."""
    for option in reversed(GATES):
        command = option(command)
    return command


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """The RUN arguments and the options that every reading command takes."""

    @click.argument("specs", nargs=-1, metavar="RUN...")
    @functools.wraps(command)
    def with_refusals(**given: Any) -> Any:
        with _refusals(options.typed(**given) if given["anonymous"] else ()):
            return command(**given)

    for option in reversed(COMMON):
        with_refusals = option(with_refusals)
    return with_refusals


@cli.command()
@common
@spread
@gated
@click.option(
    "--output", "-o", default="report.html", show_default=True, metavar="FILE", help="The page; - for stdout."
)
@click.option("--title", help="Title of the page  [default: made from the runs]")
@click.option("--json", "json_file", metavar="FILE", help="Also every number, as JSON; - for stdout.")
@click.option("--markdown", "markdown_file", metavar="FILE", help="Also a summary for a PR or a job; - for stdout.")
@click.option("--csv", "csv_folder", metavar="DIR", help="Also all logged values, a CSV a run.")
@click.option("--open", "open_page", is_flag=True, help="Open the page when it is written.")
@click.option("--attach", is_flag=True, help="Put the page into its W&B run, as panel and artifact.")
def report(
    output: str, title: str | None, json_file: str | None, markdown_file: str | None, csv_folder: str | None,
    open_page: bool, attach: bool, junit_file: str | None, **given: Any,
) -> None:  # fmt: skip
    """One self-contained HTML page of one run, or a comparison of several.

    \b
    Examples:
      reportgen report wandb/latest-run
      reportgen report outputs/grpo/logs/root/exp/trial/trainer.log -o report.html
      reportgen report my-team/gsm8k-grpo-local/abc123 --baseline 18.35% --eval-size 1319
      reportgen report wandb/ --reference trial1 --json report.json
      reportgen report trainer.log --fail-on critical --min-gain 5pp --max-gap 3pp

    A gate passes when the whole 95 % interval is on its right side, fails when it is on the wrong
    one, and can't be judged in between: then it fails as "inconclusive" unless --allow-inconclusive.
    The page is written first; a failed gate ends with exit code 1.
    """
    places = [("-o", output), ("--json", json_file), ("--markdown", markdown_file), ("--csv", csv_folder),
              ("--junit", junit_file)]  # fmt: skip
    options.check_places(places, **given)
    from reportgen import render
    from reportgen.sources import remote

    composed = _report(title=title, each=_csv_writer(csv_folder), places=places, **given)
    wanted: list[tuple[str, Callable[[Report], str]]] = [(output, render.page)]
    wanted += [(json_file, render.to_json)] if json_file else []
    wanted += [(markdown_file, render.to_markdown)] if markdown_file else []
    texts = [(place, make(composed)) for place, make in wanted]
    texts += _junit(composed, junit_file)
    for place, text in texts:  # first: a store may be out of reach, and then nothing is written
        if remote.is_store(place):
            remote.write(place, text.encode("utf-8", "replace"))
    write_all([(Path(place), text) for place, text in texts if place != "-" and not remote.is_store(place)])
    for place, text in texts:
        if place == "-":
            terminal.put(text)
    if attach:
        from reportgen import publish

        for line in publish.attach_all(composed):
            terminal.tell(line)
    if output != "-":
        _tell(f"{output}: {composed.headline}", given["quiet"])
        if open_page and not remote.is_store(output):
            webbrowser.open(Path(output).resolve().as_uri())
    _end(composed, given["strict"])


@cli.command()
@common
@spread
@click.option("--format", "form", type=click.Choice(["text", "json", "markdown", "agent"]), default="text",
              show_default=True, help="agent: decision, evidence and next steps in 1,500 characters.")  # fmt: skip
@gated
def diagnose(form: str, junit_file: str | None, **given: Any) -> None:
    """What happened, in the terminal; with gates for a CI job.

    A gate passes when the whole 95 % interval is on the right side, fails when it is on the wrong
    one, and can't be judged in between: then it fails as "inconclusive" unless --allow-inconclusive.

    \b
    Examples:
      reportgen diagnose wandb/latest-run
      reportgen diagnose trainer.log --fail-on critical --min-gain 5pp --max-gap 3pp
    """
    options.check_places([("--junit", junit_file)], **given)
    composed = _report(places=[("--junit", junit_file)], **given)
    from reportgen import render

    if junit_file == "-" :
        raise SettingsError("--junit -: stdout carries the diagnosis; name a file")
    if form == "text":
        terminal.put(render.to_text(composed, colour=_colour()))
    else:
        made = {"json": render.to_json, "markdown": render.to_markdown, "agent": render.to_agent}
        terminal.put(made[form](composed))
    write_all([(Path(place), text) for place, text in _junit(composed, junit_file)])
    _end(composed, given["strict"])


@cli.command()
@common
@click.option("--output", "-o", default="report.html", show_default=True, metavar="FILE", help="The page, kept fresh.")
@click.option("--json", "json_file", metavar="FILE", help="Every number, kept fresh  [with --then: beside the page]")
@click.option("--every", default="60s", show_default=True, type=options.SPAN_S, help="Time between two looks.")
@click.option("--until", type=click.Choice(["stop", "collapse", "end"]), default="end", show_default=True,
              help="End, with exit code 0, when that is so; stop must hold under repeated looks.")
@click.option("--then", "command", metavar="COMMAND", help="Run this at the end, the JSON's path in REPORTGEN_JSON.")
def watch(
    output: str, json_file: str | None, every: float, until: str, command: str | None, **given: Any
) -> None:  # fmt: skip
    """A run that still goes on: its page kept fresh, and a line when the verdict changes.

    Nothing is ever stopped by reportgen; what is to be done then is yours to say with --then.

    \b
    Examples:
      reportgen watch wandb/latest-run -o /var/www/tonight.html
      reportgen watch trainer.log --until collapse --then ./page_me.sh
    """
    from reportgen import render
    from reportgen import watch as watching
    from reportgen.report import compose

    (spec,) = options.typed(**given) if len(options.typed(**given)) == 1 else (None,)
    if spec is None:
        raise click.UsageError("watch takes one RUN.")
    if given["eval_files"]:
        raise click.UsageError("watch takes no --evals; give them to report when the run is over.")
    told = json_file or (str(Path(output).with_suffix(".json")) if command else None)
    options.check_places([("-o", output), ("--json", told)], **given)
    options.check_inputs([("-o", output), ("--json", told)], _found(**given).specs)
    reached = False
    for look in watching.watch(spec, _settings(**given), every_s=every):
        if look.diagnosis is not None:
            composed = compose([look.diagnosis])
            files = [(Path(output), render.page(composed, refresh=True))]
            write_all(files + ([(Path(told), render.to_json(composed))] if told else []))
        if look.is_news or look.diagnosis is None:
            _tell(f"{datetime.now():%H:%M:%S}  {look.line}", given["quiet"])
        if reached := until in look.holds:
            break
    _tell(f"{output}: {'that is so: ' + until if reached else 'the run has ended'}", given["quiet"])
    if command and reached:
        place = {"REPORTGEN_JSON": str(Path(told or "").resolve())}
        ended = subprocess.run(command, shell=True, env={**os.environ, **place})
        if ended.returncode:
            terminal.tell(f"--then: {command} ended with exit code {ended.returncode}")
    if not reached and until != "end":
        sys.exit(GATE_FAILED)


@cli.command()
def settings() -> None:
    """Every threshold that --set takes: its value, and why it is that.

    \b
    Example:
      reportgen settings
    """
    from reportgen.render.text import aligned
    from reportgen.settings import reasons, thresholds

    rows = [(name, f"{value:g}", reasons()[name]) for name, value in thresholds().items()]
    terminal.put("\n".join(aligned(rows)) + "\n")


@cli.command()
@click.option("--roles", is_flag=True, help="Every role that --metric takes, and the names it is found by; no RUN.")
@common
def metrics(roles: bool, **given: Any) -> None:
    """What was logged, which role each metric plays, and why.

    \b
    Example:
      reportgen metrics wandb/latest-run --metric train_reward=my/reward
      reportgen metrics --roles
    """
    if roles:
        from reportgen.render import roles_text

        terminal.put(roles_text())
        return
    settings = _settings(**given)
    from reportgen.anonymous import anonymous as nameless
    from reportgen.render import metrics_text
    from reportgen.sources import eval_files, read_all

    scores = [score for path in given["eval_files"] for score in eval_files.read(path)]
    found, missing, _ = _found(**given)
    with _progress("reading", given["quiet"] or len(found) < 2, len(found)) as advance:
        done = read_all(found, progress=advance, unread=missing)
    for spec, run in done.by_spec.items():
        named = replace(run, name=naming.writable(found[spec]) or run.name)
        named = eval_files.joined(named, scores, is_alone=len(found) == 1) if scores else named
        terminal.put(metrics_text(nameless(named) if given["anonymous"] else named, settings) + "\n")
    if _told(done.unread, given["anonymous"]) and given["strict"]:
        sys.exit(UNUSABLE)


@cli.command()
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@click.option("--output", "-o", required=True, metavar="DIR", help="Folder of the local copy.")
@click.option("--refresh", is_flag=True, help="Fetch again what is there already.")
@click.option("--jobs", type=click.IntRange(1, 32), default=4, show_default=True, help="Runs fetched side by side.")
@click.option("--quiet", "-q", is_flag=True, help="No progress and no notes.")
def fetch(specs: tuple[str, ...], output: str, refresh: bool, jobs: int, quiet: bool) -> None:
    """Any runs into a local copy, Parquet and JSON, that every command reads: an archive of what was reviewed.

    \b
    Examples:
      reportgen fetch my-team/gsm8k-grpo-local/abc123 -o runs/
      reportgen fetch "wandb:my-team/gsm8k-grpo-local?group=lr" -o runs/
      reportgen fetch outputs/ -o archive/
    """
    with _refusals():
        from reportgen import store

        with _progress("fetching", quiet) as advance:
            fetched = store.fetch(specs, output, refresh=refresh, jobs=jobs, progress=advance)
        for line in fetched.lines:
            _tell(line, quiet)
        for spec, problem in fetched.unread:
            terminal.tell(f"not fetched: {problem if spec in problem else f'{spec}: {problem}'}")
        if fetched.unread:
            sys.exit(UNUSABLE)


def _report(
    *, title: str | None = None, jobs: int | None = None, cluster: str | None = None, no_cache: bool = False,
    since: str | None = None, samples: str | None = None, no_samples: bool = False,
    each: Callable[[Run], None] | None = None, places: Sequence[tuple[str, str | None]] = (), **given: Any,
) -> Report:  # fmt: skip
    """The composed report of everything that was asked for, gates judged."""
    settings, asked = _settings(**given), _gates(**given)
    from reportgen import diagnostics, gates, many, sources, workers
    from reportgen.cache import Cache
    from reportgen.report import compose, plugged
    from reportgen.sources import eval_files, own

    earlier = (own.text(since), since) if since else None
    stored, given["specs"] = _stored(given["specs"])
    known = [one for report in stored for one in report.diagnoses]
    unread = [one for report in stored for one in report.unread]
    if stored and not given["specs"] and not given["labels"]:
        judged = gates.results(known, asked) or stored[0].gates
        return compose(known, unread, earlier=earlier, gates=judged,
                       title=title or (stored[0].title if len(stored) == 1 else None))  # fmt: skip
    found, missing, passed = _found(**given)
    for remark in (*diagnostics.remarks(), *plugged.plugged().problems):
        _tell(remark, given["quiet"])
    options.check_inputs(places, [*found, *([since] if since else []), *given["eval_files"]])
    if given["anonymous"] and settings.reference:
        settings = replace(settings, reference=_without_folders(settings.reference, (settings.reference,)))
    wanted = many.Wanted(
        settings, _only_roles(found, given["all_metrics"]), given["anonymous"], given["step_column"] or "",
        None if no_samples or len(found) != 1 else samples or "",
        evals=tuple(score for path in given["eval_files"] for score in eval_files.read(path)), is_alone=len(found) == 1,
    )  # fmt: skip
    with _progress("diagnosing", given["quiet"] or len(found) < 2, len(found)) as advance:
        done = many.diagnose_all(
            found, wanted, jobs=jobs or workers.cores(), cluster=cluster, progress=advance, each=each,
            cache=None if no_cache else Cache.usual(),
        )  # fmt: skip
    problems = [*_told(missing, given["anonymous"]), *_told(done.unread)]
    if not known and not done.diagnoses:
        raise SourceError(sources.nothing(problems))
    diagnoses = [*known, *done.diagnoses]
    _check_reference(diagnoses, settings)
    return compose(diagnoses, [*unread, *problems], title=title, earlier=earlier, passed_over=passed,
                   gates=gates.results(diagnoses, asked))  # fmt: skip


def _csv_writer(folder: str | None) -> Callable[[Run], None] | None:
    """What writes each run's tables as it passes, so that none is held; None without a folder."""
    if not folder:
        return None
    from reportgen.render import to_csv

    taken: set[str] = set()
    return lambda run: write_all([(Path(folder) / name, table) for name, table in to_csv(run, taken).items()])


def _stored(specs: Sequence[str]) -> tuple[list[Report], tuple[str, ...]]:
    """The reports among what was typed, each from its own JSON; and the rest."""
    from reportgen.report import from_json
    from reportgen.sources import own

    told = [spec for spec in specs if own.is_report(spec)]
    return [from_json(own.text(spec)) for spec in told], tuple(spec for spec in specs if spec not in told)


def _told(unread: Iterable[Unread], anonymous: bool = False) -> list[Unread]:
    """What could not be read, told on stderr; without the folders that were typed, if so wished."""
    from reportgen.sources import Unread, copies

    there = [Unread(copies.said(one.spec, one.spec), one.problem) for one in unread]
    said = [Unread(*(_without_folders(text, (one.spec,)) for text in one)) if anonymous else one for one in there]
    for spec, problem in said:
        terminal.tell(f"not read: {problem if spec in problem else f'{spec}: {problem}'}")
    return said


def _check_reference(diagnoses: Sequence[Diagnosis], settings: Settings) -> None:
    """Refuses a reference that isn't the only run; among several, the comparison looks for it."""
    run, wanted = diagnoses[0].run, settings.reference
    if wanted is None or len(diagnoses) > 1 or wanted in (run.name, run.id) or run.source.endswith(wanted):
        return
    raise SettingsError(f"--reference {wanted}: the only run is {run.name or run.id}; give several, or leave it out")


def _gates(
    *, fail_on: str | None = None, min_gain: float | None = None, max_gap: float | None = None,
    no_plateau: bool = False, no_collapse: bool = False, allow_inconclusive: bool = False, **_: Any,
) -> Gates:  # fmt: skip
    from reportgen.gates import Gates

    return Gates(fail_on, min_gain, max_gap, no_plateau, no_collapse, allow_inconclusive)


def _settings(
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


class Asked(NamedTuple):
    """What the words that were typed stand for."""

    specs: dict[str, str]  # of single runs, each with its label or ""
    missing: list[Unread]  # what names none, which takes nothing else down
    passed_over: list[tuple[str, str]]  # files and folders that are no runs, and why


def _found(
    *, specs: Sequence[str], labels: Sequence[str], quiet: bool, explain: bool, anonymous: bool, **_: Any
) -> Asked:
    """What was asked for, looked for; what was passed over is counted on stderr, or told one by one."""
    from reportgen import sources
    from reportgen.errors import SpecError
    from reportgen.sources import copies

    named = options.pairs("--label", labels)
    if not specs and not named:
        raise click.UsageError("Missing RUN: a W&B run directory, a trainer.log, a table, an address or a folder.")
    missing: list[Unread] = []
    found: dict[str, str] = {}
    passed: list[tuple[str, str]] = []
    whys: dict[str, str] = {}
    with _progress("looking", quiet) as advance:
        for spec, name in [*((spec, "") for spec in specs), *((spec, name) for name, spec in named.items())]:
            try:
                there = sources.find(spec, looking=_looking(advance))
            except (SpecError, SourceError) as error:
                missing.append(sources.Unread(spec, str(error)))
                continue
            found |= dict.fromkeys(there, name)
            whys |= there.why
            typed = (spec,) if anonymous else ()
            passed += [(_without_folders(path, typed) if typed else copies.said(path, path), why)
                       for path, why in there.passed_over]
    if explain:
        for one in found:
            shown = _without_folders(one, (one,)) if anonymous else copies.said(one, one)
            terminal.tell(f"run: {shown}: {whys[one]}")
        for path, why in passed:
            terminal.tell(f"passed over: {path}: {why}")
    elif passed:
        _tell(f"passed over: {len(passed):,} files and folders that are no runs; --explain says why", quiet)
    for remark in sources.remarks(found):
        _tell(remark, quiet)
    return Asked(sources.joined(found) if len(specs) + len(named) > 1 else found, missing, passed)


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


@contextmanager
def _progress(doing: str, quiet: bool, length: int | None = None) -> Iterator[Callable[..., None]]:
    """A callback (steps done, what) that moves a bar on stderr; silent where there is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda *_: None
        return
    with click.progressbar(length=length or 1, label=doing, file=sys.stderr) as bar:

        def advance(done: int = 1, what: str = "", total: int | None = None) -> None:
            if total is not None:
                bar.length = total
            bar.label = f"{doing} {terminal.line(what, 40)}" if what else doing
            bar.update(done)

        yield advance


def _without_folders(text: str, typed: Sequence[str]) -> str:
    from reportgen.anonymous import told

    return told(text, typed)


def _tell(text: str, quiet: bool) -> None:
    if not quiet:
        terminal.tell(text)


def _colour() -> bool:
    """Colour only for a person at a terminal who has not declined it (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _junit(composed: Report, place: str | None) -> list[tuple[str, str]]:
    """The gates' results for a CI service, and where they go."""
    from reportgen import gates

    return [(place, gates.junit(composed.gates))] if place else []


def _end(composed: Report, strict: bool) -> None:
    """Tells which gates failed, and leaves with their exit code, or that of a run not read."""
    from reportgen import gates

    failed = gates.told(composed.gates)
    for sentence in failed:
        terminal.tell(f"gate failed: {sentence}")
    if strict and composed.unread:
        sys.exit(UNUSABLE)
    if failed:
        sys.exit(GATE_FAILED)
