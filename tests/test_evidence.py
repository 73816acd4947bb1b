"""Evidence under a check: words, units and tables in place of a program's fields."""

import re

import pytest
from browser import Opened
from reports import learning_run, report_of

from reportgen.diagnostics import diagnose
from reportgen.render import page
from reportgen.render.evidence import Piece, pieces


@pytest.fixture(scope="module")
def judged():
    """A diagnosis of a run with most signals."""
    return diagnose(learning_run())


def said(judged, check, accuracy=True):
    """Label -> piece of one check's evidence."""
    return {piece.label: piece for piece in pieces(judged.finding(check), accuracy)}


def test_quantities_have_their_units(judged):
    """A tolerance is in points and without a sign, a probability is never 1, a rule is a sentence."""
    plateau = said(judged, "plateau")
    assert re.fullmatch(r"Tolerance τ [\d.]+ pp; steps that count as standing \d+; probability 0\.\d\d",
                        plateau["Threshold"].text)  # fmt: skip
    assert plateau["Rule"].text[0].isupper() and plateau["Rule"].text.endswith(".")
    assert said(judged, "entropy")["At the end"].text.endswith(" nats")
    assert said(judged, "improvement")["95\u202f% interval"].text.startswith("[+")


def test_a_reward_that_is_no_accuracy_has_no_percent(judged):
    """Its levels and differences are numbers."""
    gained = said(judged, "improvement", accuracy=False)
    assert "%" not in gained["Final"].text and "pp" not in gained["Gain"].text


def test_records_and_points_become_tables(judged):
    """A forecast and the gap over the run have a row a step, a column a quantity."""
    forecast, gap = said(judged, "forecast")["Forecast"], said(judged, "gap")["Over the run"]
    assert forecast.head == ("Step", "Low", "Middle", "High") and len(forecast.rows) == 2
    assert gap.head == ("Step", "Gap", "95\u202f% interval") and gap.rows[0][1].endswith("pp")


def test_no_piece_is_raw(judged):
    """No brace, no field with an underscore, no flag that isn't up, nothing twice."""
    for found in judged.findings:
        made = pieces(found, judged.scale.accuracy)
        texts = [text for piece in made for text in (piece.label, *piece.head)]
        assert not [text for text in texts if re.search(r"[{}_]", text)]
        assert not [piece for piece in made if piece.text in ("no", "not known") or "{" in piece.text]
        assert len({piece.label for piece in made}) == len(made), found.check
        assert all(isinstance(piece, Piece) for piece in made)


@pytest.mark.parametrize("width", [1280, 390])
def test_no_number_of_a_table_is_broken(chromium, tmp_path, width):
    """Opened, the small tables have room: no cell with a number takes a second line, on a phone either."""
    path = tmp_path / "report.html"
    path.write_text(page(report_of(learning_run())), encoding="utf-8")
    with Opened(chromium, path, viewport={"width": width, "height": 800}) as opened:
        opened.ask("document.querySelectorAll('#checks details').forEach(one => { one.open = true; })")
        cells = opened.page.locator("#checks .small td").evaluate_all(
            "cells => cells.map(cell => { const text = document.createRange(); text.selectNodeContents(cell);"
            " return [cell.textContent, text.getBoundingClientRect().height]; })"
        )
        broken = [text for text, height in cells if re.fullmatch(r"[−+\d.,\u202f%]+", text) and height > 24]
        assert len(cells) > 8 and not broken
        assert opened.ask("document.documentElement.scrollWidth <= innerWidth")
