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


def test_a_text_in_pieces_is_written_as_one(tmp_path):
    """Pieces are written in their order; when making one fails, what stood there stands."""
    write_whole(tmp_path / "page.html", ["one ", "two \N{GREEK SMALL LETTER PI}"])
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == "one two \N{GREEK SMALL LETTER PI}"
    with pytest.raises(ZeroDivisionError):
        write_whole(tmp_path / "page.html", (str(1 / piece) for piece in (1, 0)))
    assert (tmp_path / "page.html").read_text(encoding="utf-8").startswith("one")
    assert len(list(tmp_path.iterdir())) == 1
