"""What the docs say that the program knows better, written from the program: `python -m docs.generated`.

Whole files, and blocks between `<!-- made: NAME -->` and `<!-- /made -->` in pages that a person writes.
tests/test_docs.py holds the files against the program.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

DOCS = Path(__file__).parent
BLOCK = re.compile(r"(<!-- made: ([\w-]+) -->\n).*?(<!-- /made -->)", re.DOTALL)


def report_schema() -> str:
    """The JSON Schema of the report."""
    from reportgen.render.schema import json_schema

    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


def json_reference() -> str:
    """Every object of the JSON."""
    from reportgen.render.schema import reference

    return reference()


def command_line() -> str:
    """The help of every command, as a terminal of 80 columns shows it."""
    import click

    from reportgen.cli import cli as commands

    parts = ["# Command line\n\nMade from the program (`python -m docs.generated`).\n"]
    for name, command in [("reportgen", commands), *sorted(commands.commands.items())]:
        parent = None if command is commands else click.Context(commands, info_name="reportgen")
        with click.Context(command, info_name=name, parent=parent, terminal_width=80, max_content_width=80,
                           help_option_names=["-h", "--help"]) as context:  # fmt: skip
            told = command.get_help(context)
        parts.append(f"## {'reportgen' if parent is None else f'reportgen {name}'}\n\n```text\n{told}\n```\n")
    return "\n".join(parts)


FILES: dict[str, Callable[[], str]] = {"report.schema.json": report_schema, "cli.md": command_line}
BLOCKS: dict[str, Callable[[], str]] = {"json-reference": json_reference}


def made() -> dict[Path, str]:
    """Path -> what should stand there."""
    texts = {DOCS / name: make() for name, make in FILES.items()}
    for page in sorted(DOCS.glob("*.md")):
        before = page.read_text(encoding="utf-8")
        after = BLOCK.sub(lambda found: f"{found[1]}\n{BLOCKS[found[2]]()}\n{found[3]}", before)
        if "<!-- made: " in before:
            texts[page] = after
    return texts


def main() -> None:
    """Writes what differs, and names it."""
    for path, text in made().items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
