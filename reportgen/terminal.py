"""What a person at a terminal gets: lines without secrets and control signs; and how a command ends."""

from __future__ import annotations

import io
import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
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


def line(text: object, limit: int = LONGEST) -> str:
    """One line of any text: no secret, and nothing that a terminal takes for a command."""
    return wording.printable(redact.text(str(text), keeps_hex=True)[0], limit)


def tell(text: object, limit: int = SENTENCE) -> None:
    """Puts one line on stderr; where that is closed or full there is nobody to tell."""
    said = line(text, LONGEST)
    if len(said) > limit:  # where it was and what to do stand at its ends
        said = f"{said[: limit // 2]} … {said[3 - limit // 2 :]}"
    with suppress(OSError, ValueError):
        click.echo(said, err=True)


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


class Commands(click.Group):
    """The command group, whose every end is a sentence and an exit code."""

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
