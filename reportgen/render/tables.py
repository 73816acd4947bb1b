"""Everything that was logged, as CSV: what `--csv DIR` writes."""

from __future__ import annotations

import re

from reportgen.report import Report
from reportgen.run import Run


def to_csv(report: Report) -> dict[str, str]:
    """File name -> CSV of one run: a row a step, a column a metric, nothing thinned or rounded.

    Hardware metrics have a table of their own, a row a sample, by seconds since the start.
    """
    tables: dict[str, str] = {}
    for diagnosis in report.diagnoses:
        name = stem(diagnosis.run)
        unique, number = name, 2
        while f"{unique}.csv" in tables:
            unique, number = f"{name}-{number}", number + 1
        tables[f"{unique}.csv"] = _table(diagnosis.run)
        system = diagnosis.run.system
        if system is not None and not system.empty:
            tables[f"{unique}.hardware.csv"] = str(system.to_csv(index_label="elapsed_s", lineterminator="\n"))
    return tables


def stem(run: Run) -> str:
    """A file name for a run that every system takes, whatever the run is called."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", run.name or run.id).strip(".-")[:80]
    return plain or "run"


def _table(run: Run) -> str:
    """The history; a metric's name that a spreadsheet would run as a formula is quoted with an apostrophe."""
    names = {name: f"'{name}" if str(name)[:1] in "=+-@\t\r" else str(name) for name in run.history.columns}
    table = run.history.rename(columns={name: text.encode("utf-8", "replace").decode() for name, text in names.items()})
    if run.elapsed_s is not None and "elapsed_s" not in table:
        table = table.assign(elapsed_s=run.elapsed_s.reindex(table.index))
    return str(table.to_csv(lineterminator="\n"))
