"""A report as one string: HTML page, JSON, Markdown, text for a terminal, CSV."""

from __future__ import annotations

from reportgen.render.agent import to_agent
from reportgen.render.document import JsonText, to_json
from reportgen.render.html import page
from reportgen.render.look import Look, look_of
from reportgen.render.markdown import to_markdown
from reportgen.render.tables import to_csv
from reportgen.render.text import metrics_text, roles_text, to_text

__all__ = [
    "JsonText", "Look", "look_of", "metrics_text", "page", "roles_text", "to_agent", "to_csv", "to_json", "to_markdown",
    "to_text",
]  # fmt: skip
