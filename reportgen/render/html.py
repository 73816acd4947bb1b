"""The page: one HTML file with its data, its charts, its script and its policy."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import jinja2
from markupsafe import Markup

import reportgen
from reportgen.render import views
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


def page(report: Report, *, refresh: bool = False) -> str:
    """The report as one self-contained HTML file.

    refresh: with a control that loads the file anew every minute, for a page that is kept fresh; off at first.
    """
    room = LARGEST_PAGE
    while True:
        text = _page(report, room, refresh=refresh)
        over = len(text.encode("utf-8", "replace")) - LARGEST_PAGE
        if over <= 0 or room <= 0:
            return text
        room = max(0, room - over - LARGEST_PAGE // 20)


def _page(report: Report, room: int, *, refresh: bool) -> str:
    """The page, further metrics as far as there is room for them."""
    vendored = files(TEMPLATES)
    css = "".join(_read(vendored, f"{name}.css") for name in (STYLES + TABLES if report.comparison else STYLES))
    parts = "".join(_read(vendored, f"{name}.js") for name in (SCRIPTS + TABLES if report.comparison else SCRIPTS))
    script = f'(() => {{\n"use strict";\n{parts}}})();\n'
    packed = vendored.joinpath("vega/runtime.js.gz").read_bytes()
    runtime_hash = vendored.joinpath("vega/runtime.sha256").read_text(encoding="ascii").strip()
    return environment().get_template("report.html").render(
        **views.of_report(report, room),
        policy=policy(css, (STARTER, script), runtime_hash),
        css=Markup(css),
        starter=Markup(STARTER),
        script=Markup(script),
        runtime=Markup(base64.b64encode(packed).decode("ascii")),
        version=reportgen.__version__,
        refresh=refresh,
    )  # fmt: skip


def _read(room: Traversable, name: str) -> str:
    return room.joinpath(name).read_text(encoding="utf-8")


def environment() -> jinja2.Environment:
    """Jinja that escapes everything, refuses what is missing, and drops what HTML can't hold."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader(TEMPLATES, ""),
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
