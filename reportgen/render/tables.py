"""Everything that was logged, as CSV: what `--csv DIR` writes."""

from __future__ import annotations

import re

import pandas as pd

from reportgen.run import Run

RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")  # devices of Windows
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
FORMULA = ("=", "+", "-", "@", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # as the first sign of a cell


def to_csv(run: Run, taken: set[str] | None = None) -> dict[str, str]:
    """File name -> CSV of one run: a row a step, a column a metric, nothing thinned or rounded.

    Hardware metrics have a table of their own, a row a sample, by seconds since the start.
    taken: names of other runs' tables in the same folder, to which this run's is added.
    """
    taken = set() if taken is None else taken
    name = unique = stem(run)
    number = 2
    while _names(unique) & taken:
        unique, number = f"{name}-{number}", number + 1
    taken |= _names(unique)
    tables = {f"{unique}.csv": _table(run)}
    if run.system is not None and not run.system.empty:
        tables[f"{unique}.hardware.csv"] = _written(run.system, "elapsed_s")
    return tables


def _names(stem: str) -> set[str]:
    """The files that a run's tables may be, in lower case: some file systems know no capitals."""
    return {f"{stem}.csv".lower(), f"{stem}.hardware.csv".lower()}


def stem(run: Run) -> str:
    """A file name for a run that every system takes, whatever the run is called."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", run.name or run.id).strip(".-")[:80].rstrip(".-")
    return f"run-{plain}" if RESERVED.fullmatch(plain) else plain or "run"


def _table(run: Run) -> str:
    table = run.history
    if run.elapsed_s is not None and "elapsed_s" not in table:
        table = table.assign(elapsed_s=run.elapsed_s.reindex(table.index))
    return _written(table, "step")


def _written(table: pd.DataFrame, index: str) -> str:
    """Numbers as CSV; a name that a spreadsheet would run as a formula is quoted with an apostrophe."""
    names = [f"'{name}" if name.lstrip(" \u00a0").startswith(FORMULA) else name for name in map(_line, table.columns)]
    return str(table.set_axis(names, axis=1).to_csv(index_label=index, lineterminator="\n"))


def _line(name: object) -> str:
    """A name on one line, without what no text file and no terminal takes."""
    return CONTROL.sub(" ", str(name).encode("utf-8", "replace").decode())
