"""How a notebook shows runs, diagnoses, comparisons and reports: the page in a frame, Markdown beside it.

Nothing is imported for it: a notebook's formatters are told the types by name, and call in here when they meet one.
"""

from __future__ import annotations

import html
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reportgen.report import Report

HEIGHT_PX = 640
TYPES = (("reportgen.run", "Run"), ("reportgen.findings", "Diagnosis"), ("reportgen.comparison", "Comparison"),
         ("reportgen.report", "Report"))  # fmt: skip


def register() -> None:
    """Tells a running IPython how to show our types; nothing where there is none."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    formatters = getattr(getattr(shell, "display_formatter", None), "formatters", None)
    if formatters is None:
        return
    for module, name in TYPES:
        formatters["text/html"].for_type_by_name(module, name, to_html)
        formatters["text/markdown"].for_type_by_name(module, name, to_markdown)


def to_html(shown: Any) -> str:
    """A page in a frame of its own that runs only what the page's policy lets run, and reaches nothing outside."""
    from reportgen.render import page

    inside = html.escape(page(_report(shown)), quote=True)
    return (f'<iframe sandbox="allow-scripts allow-downloads" title="reportgen" srcdoc="{inside}" '
            f'style="width:100%;height:{HEIGHT_PX}px;border:1px solid #8886;border-radius:4px"></iframe>')  # fmt: skip


def to_markdown(shown: Any) -> str:
    """The Markdown summary of anything of ours."""
    from reportgen import render

    return render.to_markdown(_report(shown))


def _report(shown: Any) -> Report:
    """Whatever a cell ended with, as a report."""
    from reportgen.findings import Diagnosis
    from reportgen.report import Report, compose
    from reportgen.run import Run

    if isinstance(shown, Report):
        return shown
    if isinstance(shown, Run):
        from reportgen.diagnostics import diagnose

        shown = diagnose(shown)
    return compose([shown] if isinstance(shown, Diagnosis) else shown.diagnoses)
