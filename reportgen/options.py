"""What a person types for an option, as a value; and the settings file."""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from reportgen.errors import ReportgenError, SettingsError

PAGE = "report.html"
NO_SETTINGS = ("config", "help", "verbose", "roles")  # options that a file can't set
NO_PAGES = {  # suffix -> what makes such a file instead
    ".json": "--json writes that", ".md": "--markdown writes that", ".csv": "--csv writes that",
    ".xml": "--junit writes that", ".pdf": "", ".png": "", ".jpg": "", ".jpeg": "", ".svg": "",
    ".docx": "", ".pptx": "",
}  # fmt: skip
DEFAULT_CONFIG = "reportgen.toml"  # in the working folder; never beside the runs


class Share(click.ParamType):
    """A reward level: 18.35% or 0.1835."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text = str(value).strip().replace(" ", "")
        try:
            return _finite(text[:-1]) / 100 if text.endswith("%") else _finite(text)
        except ValueError:
            self.fail(f"{value!r} is neither a percentage (18.35%) nor a number (0.1835)", param, ctx)


class PagePlace(click.ParamType):
    """Where a page goes: a file, a folder (then report.html in it), a store, or - for stdout."""

    name = "page"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        place = str(value)
        suffix = Path(place).suffix.lower()
        if suffix in NO_PAGES:
            way = NO_PAGES[suffix] or "print the page from a browser for that"
            self.fail(f"{place}: the page is HTML; name it {Path(place).stem}.html, or {way}", param, ctx)
        if place.endswith(("/", os.sep)) or ("://" not in place and os.path.isdir(place)):  # noqa: PTH112
            return place.rstrip("/" + os.sep) + f"/{PAGE}"
        return place


class Points(click.ParamType):
    """A difference of shares: 5pp or 0.05."""

    name = "points"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text = str(value).strip().replace(" ", "").lower()
        try:
            return _finite(text[:-2]) / 100 if text.endswith("pp") else _finite(text)
        except ValueError:
            self.fail(f"{value!r} is neither percentage points (5pp) nor a number (0.05)", param, ctx)


class Duration(click.ParamType):
    """A time: 60s, 5m, 2h; a bare number is seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text = str(value).strip().lower()
        factor = {"s": 1, "m": 60, "h": 3600}.get(text[-1:])
        try:
            seconds = _finite(text[:-1]) * factor if factor else _finite(text)
        except ValueError:
            seconds = -1.0
        if not 0.1 <= seconds <= 86_400:
            self.fail(f"{value!r} is no time like 60s, 5m or 2h, from 0.1 seconds to a day", param, ctx)
        return seconds


class Span(click.ParamType):
    """Two numbers with a colon between them."""

    name = "span"

    def __init__(self, kind: Callable[[str], float], example: str, *, open_ends: bool) -> None:
        self.kind, self.example, self.open_ends = kind, example, open_ends

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Any, Any]:
        if isinstance(value, tuple):
            return value
        low, colon, high = str(value).partition(":")
        try:
            ends = tuple(self.kind(end) if end.strip() or not self.open_ends else None for end in (low, high))
        except ValueError:
            ends = ()
        known = [end for end in ends if end is not None]
        falling = len(known) == 2 and (known[0] > known[1] or (known[0] == known[1] and not self.open_ends))
        if not colon or len(ends) != 2 or falling:
            self.fail(f"{value!r} is not two rising numbers like {self.example}", param, ctx)
        return ends


def _finite(text: str) -> float:
    """The number of a text; ValueError for none, nan and inf: no gate could judge by them."""
    if not math.isfinite(number := float(text)):
        raise ValueError(text)
    return number


SHARE = Share()
PAGE_PLACE = PagePlace()
SPAN_S = Duration()
POINTS = Points()
RANGE = Span(_finite, "0:1", open_ends=False)
STEPS = Span(int, "100:200, 100: or :200", open_ends=True)


def pairs(option: str, texts: Iterable[str]) -> dict[str, str]:
    """NAME=VALUE texts as a dict; SettingsError for one without `=`."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise SettingsError(f"{option} {text}: expected NAME=VALUE")
        if name.strip() in found:
            raise SettingsError(f"{option} {name.strip()}: given twice; leave one out, or give it another name")
        found[name.strip()] = value.strip()
    return found


def check_places(
    places: Sequence[tuple[str, str | None]], *, specs: Sequence[str], labels: Sequence[str], **_: Any
) -> None:
    """Refuses outputs that would overwrite each other or a run; SettingsError names the option."""
    runs = {os.path.realpath(text) for text in typed(specs, labels)}
    taken: dict[str, str] = {}
    for option, place in places:
        if not place:
            continue
        if option == "--csv" and (place == "-" or "://" in place):
            raise SettingsError(f"--csv {place}: a CSV a run needs a folder on this machine; name one")
        real = place if place == "-" else os.path.realpath(place)
        if real in runs:
            raise SettingsError(f"{option} {place}: that is a run's own file, which would be lost; choose another name")
        if real in taken and not real.startswith("/dev/"):
            where = "stdout" if place == "-" else place
            raise SettingsError(f"{option} and {taken[real]}: both go to {where}; name another file for one of them")
        taken[real] = option


def check_inputs(places: Sequence[tuple[str, str | None]], found: Iterable[str]) -> None:
    """Refuses outputs that would replace something that is read; SettingsError names the option.

    found: specs of single runs. What stands in a run's own folder is read with it, unless it is a page or a
    report that reportgen wrote there before.
    """
    read = [path for spec in found for path in _files_of(spec)]
    folders = {path if path.is_dir() else path.parent for path in read}
    for option, place in places:
        if not place or place == "-":
            continue
        real = Path(os.path.realpath(place))
        if option == "--csv":
            if tables := [path.name for path in read if path.parent == real and not path.is_dir()]:
                raise SettingsError(f"{option} {place}: {tables[0]} in it is read, and might be replaced; name another "
                                    "folder")  # fmt: skip
            continue
        inside = real.is_file() and bool(folders & {*real.parents}) and not _is_own_output(real)
        if real in read or any(path.exists() and real.exists() and real.samefile(path) for path in read) or inside:
            raise SettingsError(f"{option} {place}: a file of a run that is read, which would be lost; choose another "
                                "name")  # fmt: skip


def _files_of(spec: str) -> list[Path]:
    """The files and folders on this machine that a spec of one run names, without `#trial` and `+`."""
    names = {spec, *spec.split("+")}
    names |= {name.split("#")[0] for name in names}
    there = (os.path.realpath(name) for name in sorted(names) if name and "\0" not in name)
    return [Path(path) for path in there if os.path.exists(path)]  # noqa: PTH110


def _is_own_output(path: Path) -> bool:
    """Whether a file is a page, a JSON, a Markdown that reportgen may have written there before."""
    if path.suffix == ".md":
        return True
    try:
        with path.open("rb") as file:
            head = file.read(2048)
    except OSError:
        return False
    return b'content="reportgen ' in head or (b'"tool"' in head and b'"reportgen"' in head) or not head


def typed(specs: Sequence[str], labels: Sequence[str], **_: Any) -> tuple[str, ...]:
    """Every RUN as it was typed, those with a label too."""
    return (*specs, *(label.partition("=")[2].strip() for label in labels))


def read_config(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """Makes a settings file the defaults of a command's options; flags still win."""
    path = Path(value or DEFAULT_CONFIG)
    if value is None and not path.is_file():
        return
    try:
        given = _toml(path.read_text(encoding="utf-8"))
        if (tables := given.pop("trainer", None)) is not None:
            _know_trainers(tables, ctx)
        ctx.default_map = {**(ctx.default_map or {}), **_defaults(given, path, ctx)}
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise click.UsageError(f"{path}: can't be read ({reason}); give a file of settings, or move it away") from error
    except ReportgenError as error:
        raise click.UsageError(f"{path}: {error}") from error


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits is a ValueError
        raise SettingsError(f"not TOML ({str(error)[:120]}); mend it, or move it away") from error


def _know_trainers(tables: Any, ctx: click.Context) -> None:
    """A person's own trainers, for as long as the command runs."""
    from reportgen import metrics, trainers
    from reportgen.trainers.tables import trainers_of

    ctx.with_resource(trainers.also(trainers_of(tables, metrics.BY_ROLE)))


def _defaults(given: dict[str, Any], path: Path, ctx: click.Context) -> dict[str, Any]:
    """Option name -> default, from a file's keys; SettingsError for a key that no option has."""
    known = _long_names(ctx.command)
    group = ctx.parent.command if ctx.parent else None
    others = group.commands.values() if isinstance(group, click.Group) else ()
    elsewhere = {name for command in others for name in _long_names(command)}
    defaults = {}
    for key, value in given.items():
        name = key.replace("_", "-")
        if name not in known or name in NO_SETTINGS:
            if name in elsewhere and name not in NO_SETTINGS:
                continue  # another command's: one file serves them all
            close = get_close_matches(name, {*known, *elsewhere} - {*NO_SETTINGS}, n=1) or ["baseline"]
            raise SettingsError(f"no such setting {key!r}; it takes the names of the options, such as {close[0]}")
        defaults[known[name].name or name] = _default(key, value, known[name])
    return defaults


def _long_names(command: click.Command) -> dict[str, click.Option]:
    """A command's options by their long names, without dashes."""
    return {
        flag.removeprefix("--"): option
        for option in command.params
        if isinstance(option, click.Option)
        for flag in option.opts
        if flag.startswith("--")
    }


def _default(key: str, value: Any, option: click.Option) -> Any:
    """A file's value as what may be typed for an option; SettingsError when it is of another kind."""
    if isinstance(value, dict):
        value = [f"{left}={right}" for left, right in value.items() if not isinstance(right, dict | list)]
    if option.multiple:
        given = value if isinstance(value, list) else [value]
        if not all(isinstance(item, str | int | float) and not isinstance(item, bool) for item in given):
            raise SettingsError(f"{key}: expected texts; write {key} = [\"…\"]")
        given = [str(item) for item in given]
        if any("\0" in item for item in given):
            raise SettingsError(f"{key}: has a NUL character; leave it out")
        return given
    if option.is_flag:
        if not isinstance(value, bool):
            raise SettingsError(f"{key}: neither true nor false; write {key} = true")
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise SettingsError(f"{key}: expected one text or number, as behind --{key.replace('_', '-')}")
    if "\0" in str(value):
        raise SettingsError(f"{key}: has a NUL character; leave it out")
    return str(value) if isinstance(value, float) else value
