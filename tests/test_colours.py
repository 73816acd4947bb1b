"""Colours of lines: told apart by readers who see no red or no green, in grey, and where the system has its own."""

import re
from importlib.resources import files
from itertools import combinations

import numpy as np
import pytest
from browser import Opened
from reports import learning_run, report_of

from reportgen.charts.theme import DASHES
from reportgen.render import page

# sRGB, linear, as seen without red cones and without green ones (Machado, Oliveira and Fernandes 2009, severity 1)
SEEN = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
}
XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]])
LEAST = {6: (14, 3.6), 8: (10, 2.8)}  # how many colours -> least CIE76 difference of any two, and of their lightness


def schemes():
    """The series colours of light and dark with their paper, from the style sheet."""
    css = files("reportgen.templates").joinpath("report.css").read_text(encoding="utf-8")
    blocks = re.findall(r"{([^{}]*--s8:#[^{}]*)}", css)
    found = [dict(re.findall(r"--([\w-]+):(#[0-9a-f]{6})", block)) for block in blocks]
    return {"light": found[0], "dark": found[1], "dark by button": found[2]}


def linear(colour):
    """A colour as linear light."""
    part = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def lab(light):
    """Linear light as CIELAB."""
    share = XYZ @ np.clip(light, 0, 1) / XYZ.sum(axis=1)
    f = np.where(share > 0.008856, np.cbrt(share), 7.787 * share + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("scheme", ["light", "dark", "dark by button"])
@pytest.mark.parametrize("count", LEAST)
def test_colours_of_lines_stay_apart(scheme, count):
    """Any two of six, and of eight, for every kind of eye and in grey; each legible as text on its paper."""
    known, (apart, lightness) = schemes()[scheme], LEAST[count]
    colours = [linear(known[f"s{rank + 1}"]) for rank in range(count)]
    for a, b in combinations(colours, 2):
        for seen in SEEN.values():
            assert np.linalg.norm(lab(np.array(seen) @ a) - lab(np.array(seen) @ b)) >= apart
        assert abs(lab(a)[0] - lab(b)[0]) >= lightness
    paper = XYZ[1] @ linear(known["paper"])
    for colour in colours:
        low, high = sorted((XYZ[1] @ colour, paper))
        assert (high + 0.05) / (low + 0.05) >= 4.5


def test_every_line_has_dashes_of_its_own():
    """Where colours are gone, no two of the eight lines look alike."""
    assert len(set(DASHES)) == len(DASHES) == 8


def test_a_pressed_button_shows_in_forced_colours(chromium, tmp_path):
    """Where the system paints, what is pressed has its ground, and lines are drawn in its ink."""
    path = tmp_path / "report.html"
    path.write_text(page(report_of(learning_run())), encoding="utf-8")
    with Opened(chromium, path, forced_colors="active") as opened:
        opened.walk()
        ground = "b => getComputedStyle(b).backgroundColor"
        pressed = opened.page.locator("#curve [data-x=step]").evaluate(ground)
        assert pressed != opened.page.locator("#curve [data-x=time]").evaluate(ground)
        ink = (
            "document.defaultView.getComputedStyle(document.querySelector('#curve-chart .vega .mark-line path')).stroke"
        )
        link = "getComputedStyle(document.querySelector('nav a, a')).color"
        assert opened.ask(ink) != "rgb(29, 95, 176)" and opened.ask(link)


def test_more_contrast_is_given_where_it_is_asked_for(chromium, tmp_path):
    """The faintest text is darker than without."""
    path = tmp_path / "report.html"
    path.write_text(page(report_of(learning_run())), encoding="utf-8")
    faint = "getComputedStyle(document.querySelector('.kick')).color"
    seen = {}
    for contrast in ("no-preference", "more"):
        with Opened(chromium, path, contrast=contrast) as opened:
            seen[contrast] = sum(map(int, re.findall(r"\d+", opened.ask(faint))))
    assert seen["more"] < 0.6 * seen["no-preference"]
