"""reportgen: RL post-training runs as one self-contained HTML file.

import reportgen
run = reportgen.read("wandb/run-20251109_101500-abc123")
diagnosis = reportgen.diagnose(run)
html = reportgen.page(reportgen.compose([diagnosis]))
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "1.0.0"

_HOMES = {  # public name -> room; looked up on first use, so that `import reportgen` stays cheap
    "find": "sources",
    "read": "sources",
    "read_all": "sources",
    "Runs": "sources",
    "Run": "run",
    "NonFinite": "run",
    "Eval": "evals",
    "from_rows": "gate",
    "Settings": "settings",
    "diagnose": "diagnostics",
    "Diagnosis": "findings",
    "Finding": "findings",
    "Severity": "findings",
    "compare": "comparison",
    "Comparison": "comparison",
    "compose": "report",
    "from_json": "report",
    "Report": "report",
    "page": "render",
    "to_json": "render",
    "to_markdown": "render",
    "to_text": "render",
    "watch": "looks",
    "Look": "looks",
    "ReportgenError": "errors",
    "SpecError": "errors",
    "SourceError": "errors",
}
__all__ = [
    "Comparison",
    "Diagnosis",
    "Eval",
    "Finding",
    "Look",
    "NonFinite",
    "Report",
    "ReportgenError",
    "Run",
    "Runs",
    "Settings",
    "Severity",
    "SourceError",
    "SpecError",
    "__version__",
    "compare",
    "compose",
    "diagnose",
    "find",
    "from_json",
    "from_rows",
    "page",
    "read",
    "read_all",
    "to_json",
    "to_markdown",
    "to_text",
    "watch",
]

if TYPE_CHECKING:
    from reportgen.comparison import Comparison, compare
    from reportgen.diagnostics import diagnose
    from reportgen.errors import ReportgenError, SourceError, SpecError
    from reportgen.evals import Eval
    from reportgen.findings import Diagnosis, Finding, Severity
    from reportgen.gate import from_rows
    from reportgen.looks import Look, watch
    from reportgen.render import page, to_json, to_markdown, to_text
    from reportgen.report import Report, compose, from_json
    from reportgen.run import NonFinite, Run
    from reportgen.settings import Settings
    from reportgen.sources import Runs, find, read, read_all


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"reportgen.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'reportgen' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


if "IPython" in sys.modules:  # a notebook shows runs, diagnoses and reports as pages
    import_module("reportgen.notebook").register()
