"""Everything that was logged, as CSV: what `--csv DIR` writes."""

from __future__ import annotations

import re

from reportgen.run import Run


def to_csv(run: Run, taken: set[str] | None = None) -> dict[str, str]:
    """File name -> CSV of one run: a row a step, a column a metric, nothing thinned or rounded.

    Hardware metrics have a table of their own, a row a sample, by seconds since the start.
    taken: names of other runs' tables in the same folder, to which this run's is added.
    """
    taken = set() if taken is None else taken
    name = unique = stem(run)
    number = 2
    while unique.lower() in taken:  # some file systems know no capitals
        unique, number = f"{name}-{number}", number + 1
    taken.add(unique.lower())
    tables = {f"{unique}.csv": _table(run)}
    if run.system is not None and not run.system.empty:
        tables[f"{unique}.hardware.csv"] = str(run.system.to_csv(index_label="elapsed_s", lineterminator="\n"))
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
