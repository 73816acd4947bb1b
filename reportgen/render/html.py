"""The page: one HTML file with its data, its charts, its script and its policy."""

from __future__ import annotations

import base64
import hashlib
import re
import traceback
from collections.abc import Iterable
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

import reportgen
from reportgen.errors import SettingsError
from reportgen.render import views
from reportgen.render.look import Look
from reportgen.report import Report
from reportgen.settings import LARGEST_PAGE

TEMPLATES = "reportgen.templates"
STYLES = ("report",)
SCRIPTS = ("charts", "pointing", "view", "report")  # joined in one scope
TABLES = ("tables",)  # what only a page of several runs needs
# HTML has no way to write these; a lone surrogate can't even be encoded
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")


# runs before the first paint, so that what only a script can do takes its room at once
STARTER = 'document.documentElement.classList.add("js")'


def page(report: Report, *, refresh: bool = False, look: Look | None = None) -> str:
    """The report as one self-contained HTML file.

    refresh: with a control that loads the file anew every minute, for a page that is kept fresh; off at first.
    look: a brand and templates of one's own (look_of()); SettingsError names the place where such a template fails.
    """
    room = LARGEST_PAGE
    while True:
        text = _page(report, room, refresh=refresh, look=look or Look())
        over = len(text.encode("utf-8", "replace")) - LARGEST_PAGE
        if over <= 0 or room <= 0:
            return text
        room = max(0, room - over - LARGEST_PAGE // 20)


def _page(report: Report, room: int, *, refresh: bool, look: Look) -> str:
    """The page, further metrics as far as there is room for them."""
    vendored = files(TEMPLATES)
    css = "".join(_read(vendored, f"{name}.css") for name in (STYLES + TABLES if report.comparison else STYLES))
    css += look.css.replace("</", "<\\/")
    parts = "".join(_read(vendored, f"{name}.js") for name in (SCRIPTS + TABLES if report.comparison else SCRIPTS))
    script = f'(() => {{\n"use strict";\n{parts}}})();\n'
    packed = vendored.joinpath("vega/runtime.js.gz").read_bytes()
    runtime_hash = vendored.joinpath("vega/runtime.sha256").read_text(encoding="ascii").strip()
    placed = views.of_report(report, room) | {
        "policy": policy(css, (STARTER, script), runtime_hash),
        "css": Markup(css),
        "starter": Markup(STARTER),
        "script": Markup(script),
        "runtime": Markup(base64.b64encode(packed).decode("ascii")),
        "version": reportgen.__version__,
        "refresh": refresh,
        "brand": look.brand,
    }
    if look.templates is None:
        return environment().get_template(look.page).render(placed)
    try:
        return environment(look).get_template(look.page).render(placed)
    except (jinja2.TemplateError, TypeError, ValueError, RecursionError) as error:  # of a person's own template
        raise SettingsError(f"{_place(error, look.templates)}: {error}; docs/look.md says what it is given") from error


def _place(error: BaseException, folder: Path) -> str:
    """File and line of a person's own template that an error came from, the last that is theirs."""
    if isinstance(error, jinja2.TemplateSyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}"
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).parent == folder]
    return f"{own[-1].filename}, line {own[-1].lineno}" if own else str(folder)


def _read(room: Traversable, name: str) -> str:
    return room.joinpath(name).read_text(encoding="utf-8")


def environment(look: Look | None = None) -> jinja2.Environment:
    """Jinja that escapes everything, refuses what is missing, and drops what HTML can't hold."""
    return (look or Look()).environment(
        jinja2.PackageLoader(TEMPLATES, ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=writable,
    )


def writable(value: Any) -> Any:
    """What a template prints, without the characters that no HTML can hold."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return UNWRITABLE.sub("", value)
    return value


def policy(css: str, scripts: Iterable[str], runtime_hash: str) -> str:
    """The page's Content-Security-Policy: nothing loaded, scripts and styles by their hashes alone."""
    own = " ".join(f"'{digest(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {own} 'sha256-{runtime_hash}'; style-src '{digest(css)}'; "
        "img-src data: blob:; connect-src 'none'; base-uri 'none'; form-action 'none'"
    )


def digest(text: str) -> str:
    """A source of a policy: the hash of a text between its tags."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
