"""The docs' made parts are what the program makes today."""

import runpy
from pathlib import Path

import pytest

GENERATED = runpy.run_path(str(Path(__file__).parents[1] / "docs" / "generated.py"))
MADE = GENERATED["made"]()


@pytest.mark.parametrize("path", sorted(MADE), ids=lambda path: path.name)
def test_what_is_made_from_the_program_is_up_to_date(path):
    """`python -m docs.generated` (or `make docs`) would change nothing."""
    assert path.read_text(encoding="utf-8") == MADE[path]
