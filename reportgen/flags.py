"""The options that commands share, in groups: input and judging, spreading, gates; and how a refusal ends."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
from click.shell_completion import CompletionItem

from reportgen import asked, options, terminal
from reportgen.errors import ReportgenError

UNUSABLE = 2


PANELS = {  # of a command's help: title -> long names of its options; what is in none stands under the last
    "Input": ("label", "metric", "eval", "evals", "step-column", "all-metrics", "steps", "samples", "no-samples",
              "explain", "config", "jobs", "cluster", "no-cache"),
    "Judging": ("baseline", "eval-size", "reward-range", "samples-per-step", "gpus", "reference", "set", "since",
                "fail-on", "min-gain", "max-gap", "no-plateau", "no-collapse", "allow-inconclusive", "strict",
                "every", "until"),
    "Output": (),
}  # fmt: skip
FILES = ("FILE", "DIR", "PATH", "RUN...", "SPEC...", "NAME=RUN")  # metavars of what a shell completes as a file


class Panelled(click.Command):
    """A command whose help stands in panels, and whose files a shell completes."""

    def __init__(self, *given: Any, **kept: Any) -> None:
        super().__init__(*given, **kept)
        for param in self.params:
            if param.metavar in FILES and param._custom_shell_complete is None:
                param._custom_shell_complete = lambda ctx, param, word: [CompletionItem(word, type="file")]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each option under the panel that names it; a command of few options has one."""
        rows: dict[str, list[tuple[str, str]]] = {panel: [] for panel in PANELS}
        for param in self.get_params(ctx):
            if (row := param.get_help_record(ctx)) is not None:
                names = {flag.removeprefix("--") for flag in param.opts}
                rows[next((panel for panel, those in PANELS.items() if names & {*those}), "Output")].append(row)
        if not rows["Judging"]:
            rows = {"Options": [row for those in rows.values() for row in those]}
        for panel, those in rows.items():
            if those:
                with formatter.section(panel):
                    formatter.write_dl(those, col_max=24)


class Panels(terminal.Commands):
    """The group of commands that have panels; the first word may be a RUN's file."""

    command_class = Panelled

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands and options, else files: who names no command names a RUN."""
        return super().shell_complete(ctx, incomplete) or [CompletionItem(incomplete, type="file")]


class Refusal(click.ClickException):
    """A ReportgenError on its way out of the command."""

    exit_code = UNUSABLE


@contextmanager
def refusals(nameless: Sequence[str] = ()) -> Iterator[None]:
    """Turns the library's errors into one line and exit code 2; without the folders of paths in `nameless`."""
    try:
        yield
    except ReportgenError as error:
        raise Refusal(asked.without_folders(str(error), nameless) if nameless else str(error)) from error


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
    click.option("--verbose", is_flag=True, callback=terminal.verbose, expose_value=False,
                 help="Tell what each source claims, and why."),
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


LOOKS: tuple[Callable[[Any], Any], ...] = (
    click.option("--brand", metavar="FILE", help="Name, logo, colours and footer of your own, as TOML (docs/look.md)."),
    click.option("--template", metavar="DIR", help="Templates and styles of your own before ours (docs/look.md)."),
)  # fmt: skip


def looks(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of commands that write a page."""
    for option in reversed(LOOKS):
        command = option(command)
    return command


def spread(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of commands that read and judge many runs."""
    for option in reversed(SPREAD):
        command = option(command)
    return command


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
        with refusals(options.typed(**given) if given["anonymous"] else ()):
            return command(**given)

    for option in reversed(COMMON):
        with_refusals = option(with_refusals)
    return with_refusals
