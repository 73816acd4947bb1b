"""Every check that a page can show is explained where the page sends its readers."""

from pathlib import Path

import pytest

from reportgen.diagnostics import CHECKS

TEXT = (Path(__file__).parents[1] / "docs" / "diagnostics.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_every_check_has_a_paragraph(check):
    """Under its title and its name, in at least a dozen words."""
    (paragraph,) = [part for part in TEXT.split("\n\n") if part.startswith(f"**{check.title}** (`{check.name}`): ")]
    assert len(paragraph.split()) >= 12
