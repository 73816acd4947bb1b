"""What a person at a terminal gets: lines without secrets and control signs; and how a command ends."""

from __future__ import annotations

import io
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

from reportgen import redact, wording
from reportgen.errors import ReportgenError

UNUSABLE = 2
INTERRUPTED = 130
DEBUG = "--debug"
LONGEST = 2_000  # characters of a message
SENTENCE = 300  # of one of our own
STDIN = "-"
DEFAULT = "report"  # the command of who names none
STARTED = """\
reportgen turns RL post-training runs into one HTML file that anybody can open.
  reportgen wandb/latest-run      a page of the last run (any log, table, folder or W&B address will do)
  reportgen --help                every command; reportgen report --help: every option
"""


def line(text: object, limit: int = LONGEST) -> str:
    """One line of any text: no secret, and nothing that a terminal takes for a command."""
    return wording.printable(redact.text(str(text), keeps_paths=True)[0], limit)


def tell(text: object, limit: int = SENTENCE) -> None:
    """Puts one line on stderr; where that is closed or full there is nobody to tell."""
    said = line(text, LONGEST)
    if len(said) > limit:  # where it was and what to do stand at its ends
        said = f"{said[: limit // 2]} … {said[3 - limit // 2 :]}"
    with suppress(OSError, ValueError):
        click.echo(said, err=True)


def note(text: object, quiet: bool) -> None:
    """Puts one line on stderr unless a person wants quiet."""
    if not quiet:
        tell(text)


def put(text: str) -> None:
    """Puts a text on stdout, in UTF-8 unless a person's terminal has another; ReportgenError where that is full."""
    try:
        if not sys.stdout.isatty() and hasattr(sys.stdout, "buffer"):
            sys.stdout.flush()
            sys.stdout.buffer.write(text.encode("utf-8", "replace"))
            sys.stdout.buffer.flush()
        else:
            click.echo(text, nl=False)
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ReportgenError(f"stdout: can't be written: {reason}; write to a file") from error


def verbose(ctx: click.Context, param: click.Parameter, wanted: bool) -> None:
    """Shows what the package logs, for as long as a command runs; every line as fit for a terminal as our own."""
    if not wanted or ctx.resilient_parsing:
        return
    log = logging.getLogger("reportgen")
    shown, before = _Told(), log.level
    log.addHandler(shown)
    log.setLevel(logging.DEBUG)
    ctx.call_on_close(lambda: log.removeHandler(shown))
    ctx.call_on_close(lambda: log.setLevel(before))


class _Told(logging.Handler):
    """Log records as lines on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        tell(f"{record.name}: {record.getMessage()}")


@contextmanager
def progress(doing: str, quiet: bool, length: int | None = None) -> Iterator[Callable[..., None]]:
    """A callback (steps done, what) that moves a bar on stderr; silent where there is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda *_: None
        return
    with click.progressbar(length=length or 1, label=doing, file=sys.stderr) as bar:

        def advance(done: int = 1, what: str = "", total: int | None = None) -> None:
            if total is not None:
                bar.length = total
            bar.label = f"{doing} {line(what, 40)}" if what else doing
            bar.update(done)

        yield advance


class Commands(click.Group):
    """The command group, whose every end is a sentence and an exit code; a RUN without a command is reported."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Bare words get one started; the first word that is a RUN, not a command, means `report`."""
        if not args and not ctx.resilient_parsing:
            click.echo(STARTED, nl=False)
            ctx.exit()
        if args and (args[0] == STDIN or self._means_report(ctx, args[0])):
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)

    def _means_report(self, ctx: click.Context, first: str) -> bool:
        return not first.startswith("-") and self.get_command(ctx, first) is None and _is_run(first)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """A command by its name; a near miss is named."""
        if not ctx.resilient_parsing and args and self.get_command(ctx, args[0]) is None:
            close = get_close_matches(args[0], self.list_commands(ctx), n=1)
            hint = f"did you mean {close[0]}?" if close else "it is neither a command nor a file or folder here"
            raise click.UsageError(f"{args[0]}: {hint}", ctx)
        return super().resolve_command(ctx, args)

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, prog_name: str | None = None, *, standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:  # fmt: skip
        """Runs a command and leaves with its exit code: 2 for what can't be done, 130 and 143 for a signal."""
        if standalone_mode:
            self._leave(args, prog_name, **extra)
        return super().main(args, prog_name, standalone_mode=False, **extra)

    def _leave(self, args: Sequence[str] | None, prog_name: str | None, **extra: Any) -> NoReturn:
        given = list(sys.argv[1:] if args is None else args)
        own = given[: given.index("--")] if "--" in given else given
        debug = DEBUG in own
        kept = [word for word in own if word != DEBUG] + given[len(own) :]
        with _signals() as caught:
            code = self._run(kept, debug, prog_name, **extra)
            _end(caught[0] if caught else code)

    def _run(self, args: list[str], debug: bool, prog_name: str | None, **extra: Any) -> int:
        try:
            _prepare()
            code = super().main(args, prog_name, standalone_mode=False, **extra)
            sys.stdout.flush()
            return code if isinstance(code, int) else 0
        except click.ClickException as error:
            _show(error)
            return error.exit_code
        except (click.Abort, KeyboardInterrupt):
            tell("interrupted")
            return INTERRUPTED
        except ReportgenError as error:
            tell(f"Error: {error}")
            return UNUSABLE
        except BrokenPipeError:
            return 0  # the reader of our output has left
        except Exception as error:
            if debug:
                traceback.print_exc()
            tell(f"Error: {_unforeseen(error)}")
            return UNUSABLE


def _is_run(word: str) -> bool:
    """Whether a word names something to read: a path that is there, or an address."""
    there = "\0" not in word and os.path.lexists(word.split("#")[0])
    return there or any(sign in word for sign in "/:*+.")


def _prepare() -> None:
    """Makes a terminal of any encoding take any text; ReportgenError when the working folder is gone."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who called
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
    with suppress(AttributeError, ValueError, OSError):
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        Path.cwd()
    except OSError as error:
        raise ReportgenError("the working folder is gone; change into one that is there") from error


def _show(error: click.ClickException) -> None:
    """A refusal as click writes it, each line fit for a terminal."""
    written = io.StringIO()
    error.show(written)
    for said in written.getvalue().rstrip("\n").split("\n"):
        tell(said) if said else click.echo(err=True)


def _unforeseen(error: Exception) -> str:
    """A fault of our own in one sentence: what, where in the code, what to do."""
    if isinstance(error, MemoryError):
        return "not enough memory for this; read fewer runs at once, or --steps of one"
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}; check the place, or call again with {DEBUG} for the trace"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if f"{os.sep}reportgen{os.sep}" in frame.filename]
    place = f" in {Path(own[-1].filename).name}, line {own[-1].lineno}" if own else ""
    what = wording.shortened(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__, 120)
    return f"a fault of reportgen's own{place} ({what}); please report it with the trace that {DEBUG} prints"


@contextmanager
def _signals() -> Iterator[list[int]]:
    """While a command runs, a request to end lets it tidy up; the exit code of one that came.

    It is kept beside the exception, which a library may take for a fault of its own.
    """
    caught: list[int] = []

    def ended(number: int, frame: FrameType | None) -> NoReturn:
        caught.append(128 + number)
        raise SystemExit(128 + number)

    before: dict[int, Any] = {}
    for number in {signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)}:
        with suppress(ValueError, OSError):  # not in the main thread
            if signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, ended)
    try:
        yield caught
    finally:
        for number, handler in before.items():
            with suppress(ValueError, OSError):
                signal.signal(number, handler)


def _end(code: int) -> NoReturn:
    """Leaves with an exit code; what stdout could not take is dropped, not told as a trace."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = code or UNUSABLE
    sys.exit(code)
