"""The command line: parse, call the library, write, exit code. The only room that prints or exits."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
import webbrowser
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reportgen import __version__, asked, naming, options, terminal
from reportgen.atomic import write_all
from reportgen.errors import SettingsError
from reportgen.flags import UNUSABLE, Panels, common, gated, looks, refusals, spread

if TYPE_CHECKING:
    from reportgen.report import Report

GATE_FAILED = 1


def main() -> None:
    """Entry point of the `reportgen` command."""
    # numpy's matrices are small here: a second BLAS thread only spins, and triples the CPU of a diagnosis
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # a library's remarks on its own code help nobody at a terminal
    cli(prog_name="reportgen")


@click.group(cls=Panels, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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


@cli.command(short_help="One HTML page of one run, or a comparison of several.")
@common
@spread
@gated
@click.option(
    "--output", "-o", type=options.PAGE_PLACE, default=options.PAGE, show_default=True, metavar="FILE",
    help="The page; a folder takes report.html; - for stdout.",
)
@click.option("--title", help="Title of the page  [default: made from the runs]")
@click.option("--json", "json_file", metavar="FILE", help="Also every number, as JSON; - for stdout.")
@click.option("--markdown", "markdown_file", metavar="FILE", help="Also a summary for a PR or a job; - for stdout.")
@click.option("--csv", "csv_folder", metavar="DIR", help="Also all logged values, a CSV a run.")
@looks
@click.option("--open", "open_page", is_flag=True, help="Open the page when it is written.")
@click.option("--attach", is_flag=True, help="Put the page into its W&B run, as panel and artifact.")
def report(
    output: str, title: str | None, json_file: str | None, markdown_file: str | None, csv_folder: str | None,
    open_page: bool, attach: bool, junit_file: str | None, brand: str | None, template: str | None, **given: Any,
) -> None:  # fmt: skip
    """One self-contained HTML page of one run, or a comparison of several.

    \b
    Examples:
      reportgen report wandb/latest-run
      reportgen report outputs/grpo/exp/trial/trainer.log -o report.html
      reportgen report my-team/gsm8k/abc123 --baseline 18.35% --eval-size 1319
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
    from reportgen.sources.files import remote

    look = render.look_of(brand, template)
    composed = asked.report(title=title, each=asked.csv_writer(csv_folder), places=places, **given)
    wanted: list[tuple[str, Callable[[Report], Iterable[str]]]] = [(output, partial(render.page, look=look))]
    wanted += [(json_file, render.JsonText)] if json_file else []
    wanted += [(markdown_file, render.to_markdown)] if markdown_file else []
    texts: list[tuple[str, Iterable[str]]] = [(place, make(composed)) for place, make in wanted]
    texts += _junit(composed, junit_file)
    for place, text in texts:  # first: a store may be out of reach, and then nothing is written
        if remote.is_store(place):
            remote.write(place, "".join(text).encode("utf-8", "replace"))
    write_all([(Path(place), text) for place, text in texts if place != "-" and not remote.is_store(place)])
    for place, text in texts:
        if place == "-":
            terminal.put("".join(text))
    if attach:
        from reportgen import publish

        for line in publish.attach_all(composed, look):
            terminal.tell(line)
    if output != "-":
        terminal.note(f"{output}: {composed.headline}", given["quiet"])
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
      reportgen diagnose trainer.log --fail-on critical --min-gain 5pp
    """
    options.check_places([("--junit", junit_file)], **given)
    composed = asked.report(places=[("--junit", junit_file)], **given)
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


@cli.command(short_help="A run that still goes on: its page kept fresh.")
@common
@click.option("--output", "-o", type=options.PAGE_PLACE, default=options.PAGE, show_default=True, metavar="FILE",
              help="The page, kept fresh.")
@click.option("--json", "json_file", metavar="FILE", help="Every number, kept fresh  [with --then: beside the page]")
@click.option("--every", default="60s", show_default=True, type=options.SPAN_S, help="Time between two looks.")
@click.option("--until", type=click.Choice(["stop", "collapse", "end"]), default="end", show_default=True,
              help="End, with exit code 0, when that is so; stop must hold under repeated looks.")
@looks
@click.option("--then", "command", metavar="COMMAND", help="Run this at the end, the JSON's path in REPORTGEN_JSON.")
def watch(
    output: str, json_file: str | None, every: float, until: str, command: str | None, brand: str | None,
    template: str | None, **given: Any,
) -> None:  # fmt: skip
    """A run that still goes on: its page kept fresh, and a line when the verdict changes.

    Nothing is ever stopped by reportgen; what is to be done then is yours to say with --then.

    \b
    Examples:
      reportgen watch wandb/latest-run -o /var/www/tonight.html
      reportgen watch trainer.log --until collapse --then ./page_me.sh
    """
    from reportgen import looks as watching
    from reportgen import render
    from reportgen.report import compose

    (spec,) = options.typed(**given) if len(options.typed(**given)) == 1 else (None,)
    if spec is None:
        raise click.UsageError("watch takes one RUN.")
    if given["eval_files"]:
        raise click.UsageError("watch takes no --evals; give them to report when the run is over.")
    told = json_file or (str(Path(output).with_suffix(".json")) if command else None)
    options.check_places([("-o", output), ("--json", told)], **given)
    options.check_inputs([("-o", output), ("--json", told)], asked.look_for(**given).specs)
    looks_like, reached = render.look_of(brand, template), False
    for look in watching.watch(spec, asked.settings_of(**given), every_s=every):
        if look.diagnosis is not None:
            composed = compose([look.diagnosis])
            files = [(Path(output), render.page(composed, refresh=True, look=looks_like))]
            write_all(files + ([(Path(told), render.to_json(composed))] if told else []))
        if look.is_news or look.diagnosis is None:
            terminal.note(f"{datetime.now():%H:%M:%S}  {look.line}", given["quiet"])
        if reached := until in look.holds:
            break
    terminal.note(f"{output}: {'that is so: ' + until if reached else 'the run has ended'}", given["quiet"])
    if command and reached:
        place = {"REPORTGEN_JSON": str(Path(told or "").resolve())}
        ended = subprocess.run(command, shell=True, env={**os.environ, **place})
        if ended.returncode:
            terminal.tell(f"--then: {command} ended with exit code {ended.returncode}")
    if not reached and until != "end":
        sys.exit(GATE_FAILED)


@cli.command(short_help="What a shell needs to complete commands and files.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """What a shell needs to complete commands, options and the files of a RUN.

    \b
    Examples:
      eval "$(reportgen completion bash)"        # in ~/.bashrc; zsh alike
      reportgen completion fish > ~/.config/fish/completions/reportgen.fish
    """
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    assert made is not None  # click has all three
    terminal.put(made(cli, {}, "reportgen", "_REPORTGEN_COMPLETE").source() + "\n")


@cli.command(short_help="Every threshold that --set takes, and why it is that.")
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
    settings = asked.settings_of(**given)
    from reportgen.anonymous import anonymous as nameless
    from reportgen.render import metrics_text
    from reportgen.sources import read_all
    from reportgen.sources.beside import eval_files

    scores = [score for path in given["eval_files"] for score in eval_files.read(path)]
    found, missing, _ = asked.look_for(**given)
    with terminal.progress("reading", given["quiet"] or len(found) < 2, len(found)) as advance:
        done = read_all(found, progress=advance, unread=missing)
    for spec, run in done.by_spec.items():
        named = replace(run, name=naming.writable(found[spec]) or run.name)
        named = eval_files.joined(named, scores, is_alone=len(found) == 1) if scores else named
        terminal.put(metrics_text(nameless(named) if given["anonymous"] else named, settings) + "\n")
    if asked.told(done.unread, given["anonymous"]) and given["strict"]:
        sys.exit(UNUSABLE)


@cli.command(short_help="Any runs into a local copy that every command reads.")
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
    with refusals():
        from reportgen import store

        with terminal.progress("fetching", quiet) as advance:
            fetched = store.fetch(specs, output, refresh=refresh, jobs=jobs, progress=advance)
        for line in fetched.lines:
            terminal.note(line, quiet)
        for spec, problem in fetched.unread:
            terminal.tell(f"not fetched: {problem if spec in problem else f'{spec}: {problem}'}")
        if fetched.unread:
            sys.exit(UNUSABLE)


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
