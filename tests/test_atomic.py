"""Files written whole or not at all."""

import pytest

from reportgen.atomic import write_whole
from reportgen.errors import ReportgenError


def test_an_existing_file_is_replaced(tmp_path):
    """The new content stands where the old was, and nothing else is left."""
    (tmp_path / "page.html").write_text("old")
    write_whole(tmp_path / "page.html", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    assert (tmp_path / "page.html").read_text() == "new"


def test_a_folder_in_the_way_leaves_nothing_behind(tmp_path):
    """A place that can't be written is one sentence, and no scratch file stays."""
    (tmp_path / "page.html").mkdir()
    with pytest.raises(ReportgenError, match="can't be written"):
        write_whole(tmp_path / "page.html", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
