"""AReaL's text logs as AReaL prints them: its line formats of each version around the real tabulate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from tabulate import tabulate

RESET, GREEN, WHITE = "\x1b[0m", "\x1b[92m", "\x1b[37m"
BADGE = "\x1b[1;38;2;180;140;80m(AReaL)\x1b[0m "
PREFIXES = {  # version -> what stands before the stamp of a record
    "old": GREEN,
    "new": GREEN + BADGE + GREEN,
    "main": BADGE + GREEN,
    "merged": f"{'[main]':<10}" + BADGE + GREEN,
}
START = datetime(2025, 11, 22, 16, 43, 46)


def record(text: str, *, seconds: float = 0, version: str = "old", logger: str = "StatsLogger") -> str:
    """One record of a logger; what follows its first line stands bare, and the colour ends with it."""
    stamp = (START + timedelta(seconds=seconds)).strftime("%Y%m%d-%H:%M:%S.%f")[:-3]
    return f"{PREFIXES[version]}{stamp} {logger} INFO: {text}{RESET}\n"


def table(row: Mapping[str, object], pairs: int = 4) -> str:
    """A row as AReaL tabulates it: (key, value) pairs filled column by column."""
    cells = list(row.items())
    height = -(-len(cells) // pairs)
    columns = [cells[at * height : (at + 1) * height] for at in range(pairs)]
    columns = [column + [("", None)] * (height - len(column)) for column in columns if column]
    drawn = [[cell for column in columns for cell in column[at]] for at in range(height)]
    return tabulate(drawn, tablefmt="fancy_grid", floatfmt=".4e")


def step(number: int, *rows: Mapping[str, object], of: int = 4, epoch: int = 2, version: str = "old") -> str:
    """What one train step prints: its line, then a table for each row."""
    said = [f"Epoch {(number - 1) // epoch + 1}/{-(-of // epoch)} Step {(number - 1) % epoch + 1}/{epoch} "
            f"Train step {number}/{of} done."]  # fmt: skip
    for count, row in enumerate(rows, start=1):
        said += [f"Stats ({count}/{len(rows)}):", "\n" + table(row)]
    return "".join(record(text, seconds=30.0 * number, version=version) for text in said)


def log(rewards: Sequence[float], *, version: str = "old", ended: bool = True) -> str:
    """A whole log with one reward a step."""
    begun = record("starting", version=version)
    steps = "".join(step(number, {**METRICS, "grpo_actor/task_reward/avg": reward}, of=len(rewards), version=version)
                    for number, reward in enumerate(rewards, start=1))  # fmt: skip
    return begun + steps + (record("Training completes! Total time elapsed 5.", version=version) if ended else "")


METRICS = {f"grpo_actor/metric_{number}/avg": number / 8 for number in range(13)}
