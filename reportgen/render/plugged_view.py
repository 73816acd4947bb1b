"""What the template of another package makes of its values."""

from __future__ import annotations

import re

import jinja2
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from reportgen.report.parts import Body

# HTML has no way to write these
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def body(of: Body) -> Markup:
    """A section's content, its values escaped; a template that fails is told in its place."""
    environment = SandboxedEnvironment(autoescape=True, undefined=jinja2.StrictUndefined)
    try:
        made = environment.from_string(of.template).render(dict(of.values))
    except Exception as error:  # a template may let out anything
        said = Markup("<p>Plugin {} failed ({}); tell its authors.</p>")
        return said.format(of.origin, type(error).__name__)
    return Markup(CONTROL.sub("", made))
