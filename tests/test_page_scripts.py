"""The page's scripts by themselves, in real Chromium: numbers, axes, what is drawn, tables, search, links."""

import json
from pathlib import Path

import pytest
from browser import Opened

import reportgen

TEMPLATES = Path(reportgen.__file__).parent.parent / "templates"
CLOCK = {"x": [1, 11, 21], "y": [0, 1000, 4000]}
DATA = {
    "title": "t", "card": "## card", "kinds": "", "runs": [{"name": "=run", "time": CLOCK, "tokens": None}],
    "series": {
        "m0": {"name": 'a "b"', "run": 0, "x": {"from": 10, "by": 5, "n": 4}, "y": [1, 2, 3, 4]},
        "m1": {"name": "-c", "run": 0, "x": [5, 2, 3], "y": [0.5, -1, 2], "lo": [0, -2, 1], "hi": [1, 0, 3]},
    },
    "charts": {
        "c": {"kind": "lines", "series": {"raw": ["m1"]}, "smoothing": 0, "looks": {}, "narrow": None,
              "wide": {"frame": [300, 200, 40, 10, 20, 30], "parameters": {}, "rows": {}}},
    },
}  # fmt: skip
BODY = """
<p class="tip" hidden></p><p class="heard"></p>
<details id="outer"><summary>o</summary><details id="inner"><summary>i</summary><b id="deep">x</b></details></details>
<table id="results"><thead><tr><th aria-sort="none"><button data-sort="text">Name</button></th>
<th aria-sort="none"><button data-sort="number">Level</button></th></tr></thead><tbody>
<tr><td>run 10</td><td data-key="0.5" data-col="level">a</td></tr>
<tr><td>run 9</td><td data-key="" data-col="level">b</td></tr>
<tr><td>run 2</td><td data-key="0.9" data-col="level">c</td></tr></tbody></table>
<input type="checkbox" checked data-column="level" data-of="results" id="column">
<input type="search" id="find" data-find="groups">
<div id="groups"><details id="actor"><summary><b>actor</b></summary><dl><div>lr 1</div><div>kl 2</div></dl></details>
<details id="data"><summary><b>data</b></summary><dl><div>path x</div></dl></details></div>
<div class="scope" data-for="nothing"><input type="range" min="0" max="10" value="4" id="smooth" data-act="smooth">
<output>4 %</output></div><div id="nothing"></div>
<div id="holder" style="position:fixed;left:100px;top:400px;width:300px;height:200px"></div>
<div id="element" class="chart" data-chart="c" style="display:none"></div>
"""


@pytest.fixture(scope="module")
def scripts(chromium, tmp_path_factory):
    """A page of little more than the scripts, their names within reach."""
    joined = "".join((TEMPLATES / f"{name}.js").read_text(encoding="utf-8") for name in
                     ("charts", "pointing", "view", "report", "tables"))  # fmt: skip
    path = tmp_path_factory.mktemp("scripts") / "page.html"
    path.write_text(
        f'<!doctype html><meta charset="utf-8">{BODY}<script type="application/json" id="page-data">{json.dumps(DATA)}'
        f'</script><script>"use strict";{joined}</script>',
        encoding="utf-8",
    )
    with Opened(chromium, path) as opened:
        yield opened
        assert opened.troubles() == []


@pytest.fixture(autouse=True)
def as_at_first(scripts):
    """Every test finds the same state."""
    scripts.ask("Object.assign(state, {x: 'step', zoom: null}); state.smooth.clear(); state.log.clear()")


@pytest.mark.parametrize(("value", "text"), [
    ("1234.5678", "1,234.57"), ("-0.00012", "\u22120.00012"), ("0.00001234", "1.234e\u22125"), ("2.5e7", "2.500e+7"),
    ("0", "0"), ("null", "not known"), ("NaN", "not known"),
])  # fmt: skip
def test_numbers_are_short(scripts, value, text):
    assert scripts.ask(f"short({value})") == text


def test_shares_are_percent(scripts):
    assert scripts.ask("[shown(0.32055, 100), shown(-0.1, 100), shown(0.5, 1)]") == [
        "32.05\u202f%", "\u221210.00\u202f%", "0.5"]  # fmt: skip


def test_ticks_are_round_and_inside(scripts):
    assert scripts.ask("[niceStep(0.13), niceStep(3), niceStep(40)]") == [0.2, 5, 50]
    assert scripts.ask("ticks(0, 100, 5)") == [0, 20, 40, 60, 80, 100]
    assert scripts.ask("ticks(0.13, 0.58, 5)") == [0.2, 0.3, 0.4, 0.5]


@pytest.mark.parametrize(("value", "at"), [(-5, 0), (2.4, 1), (2.6, 2), (99, 3)])
def test_the_nearest_of_an_ascending_list(scripts, value, at):
    assert scripts.ask(f"nearest([1, 2, 3, 8], {value})") == at


def test_nothing_is_nearest_of_none(scripts):
    assert scripts.ask("nearest([], 3)") == -1


def test_steps_are_decoded_from_their_differences(scripts):
    assert scripts.ask("series('m0').x") == [10, 15, 20, 25]
    assert scripts.ask("series('m1').x") == [5, 7, 10]


def test_a_clock_is_followed_by_straight_lines_and_beyond_its_end(scripts):
    assert scripts.ask(f"[6, 16, 21, 31].map((step) => along({CLOCK['x']}, {CLOCK['y']}, step))") == [
        500, 2500, 4000, 7000]  # fmt: skip
    scripts.ask("state.x = 'time'")
    asked = scripts.ask("[unit().name, place(11, 0), stepAt(place(16, 0), 0)]")
    assert asked == ["minutes", pytest.approx(1000 / 60), 16]


@pytest.mark.parametrize(("seconds", "name"), [(100, "seconds"), (4000, "minutes"), (8000, "hours")])
def test_time_is_told_in_the_unit_that_fits(scripts, seconds, name):
    scripts.ask("state.x = 'time'")
    scripts.ask(f"page.runs[0].time.y[2] = {seconds}")
    assert scripts.ask("unit().name") == name
    scripts.ask("page.runs[0].time.y[2] = 4000")


def test_smoothing_is_a_bell_and_none_at_nought(scripts):
    """As charts/sheet.py draws it, so that nothing jumps when the script takes over."""
    import numpy as np

    from reportgen.charts.sheet import smoothed

    x, y = [0.0, 1.0, 2.0, 5.0, 10.0], [1.0, 5.0, 2.0, 8.0, 0.0]
    drawn = scripts.ask(f"smoothed({x}, {y}, 20)")
    assert drawn == pytest.approx(smoothed(np.array(x), np.array(y), 20).tolist())
    assert scripts.ask(f"smoothed({x}, {y}, 0)") == y


def test_a_logarithmic_axis_has_no_room_for_what_is_not_above_nought(scripts):
    """The value goes, an interval's low end is lifted to the least that is drawn, and marks on it go too."""
    chart = "page.charts.c"
    layout = "{...page.charts.c.wide, rows: {levels: [{value: -1}, {value: 3}]}}"
    rows = scripts.ask(f"rowsOf({chart}, {layout}, 'c')")
    assert [row["value"] for row in rows["raw"]] == [0.5, -1, 2] and len(rows["levels"]) == 2
    scripts.ask("state.log.add('c')")
    rows = scripts.ask(f"rowsOf({chart}, {layout}, 'c')")
    assert [(row["value"], row["low"], row["high"]) for row in rows["raw"]] == [(0.5, 0.5, 1), (2, 1, 3)]
    assert [row["value"] for row in rows["levels"]] == [3]


@pytest.mark.parametrize(("value", "text"), [
    ("'=1+1'", "'=1+1"), ("'-c'", "'-c"), ("'@x'", "'@x"), ("'a,b'", '"a,b"'), ("'a \"b\"'", '"a ""b"""'),
    ("-3", "-3"), ("null", ""),
])  # fmt: skip
def test_a_cell_is_no_formula_and_keeps_its_quotes(scripts, value, text):
    assert scripts.ask(f"cell({value})") == text


def drawn(**more):
    """A live chart as the script keeps it, 300 by 200 px with its plot inside."""
    given = {"values": "{xlo: 0, xhi: 100, ylo: 0, yhi: 10, yfactor: 1}", **more}
    parts = ", ".join(f"{name}: {value}" for name, value in given.items())
    return ("({holder: one('#holder'), element: one('#element'), chart: page.charts.c, id: 'c', width: 300, "
            f"height: 200, layout: page.charts.c.wide, {parts}}})")  # fmt: skip


def test_a_pointer_is_at_a_step_and_a_value(scripts):
    """The plot is 240 px wide from 140 on, 160 px high from 410 on; beyond its edges the edge counts."""
    assert scripts.ask(f"[0, 140, 260, 380, 999].map((x) => stepOf({drawn()}, x))") == [0, 0, 50, 100, 100]
    assert scripts.ask(f"[410, 490, 570].map((y) => valueAt({drawn()}, y))") == [10, 5, 0]


def test_the_line_at_the_pointer_is_one_that_goes_so_far(scripts):
    lines = "[{x: [0, 10], y: [1, 1]}, {x: [0, 100], y: [5, 5]}, {x: [0, 100], y: [9, 9]}]"
    assert scripts.ask(f"closest({lines}, 5, 1.2).y[0]") == 1
    assert scripts.ask(f"closest({lines}, 50, 1.2).y[0]") == 5
    assert scripts.ask("closest([], 5, 1)") is None


def test_dragging_zooms_to_what_was_dragged_over(scripts):
    """To the right and to the left alike; a click zooms nothing."""
    scripts.ask(f"live.set(one('#element'), {drawn()}); listen(one('#holder'), one('#element'))")
    mouse = scripts.page.mouse
    for start, end in ((200, 320), (320, 200)):
        mouse.move(start, 480)
        mouse.down()
        mouse.move(end, 480, steps=3)
        mouse.up()
        assert scripts.ask("state.zoom") == [25, 75]
    scripts.ask("state.zoom = null")
    mouse.move(250, 480)
    mouse.down()
    mouse.up()
    assert scripts.ask("state.zoom") is None
    scripts.ask("live.clear()")


def names(scripts):
    return scripts.ask("[...document.querySelectorAll('#results tbody tr')].map((row) => row.cells[0].textContent)")


def test_a_table_is_sorted_by_number_and_what_is_not_known_stays_last(scripts):
    scripts.page.locator("[data-sort=number]").click()
    assert names(scripts) == ["run 2", "run 10", "run 9"]
    scripts.page.locator("[data-sort=number]").click()
    assert names(scripts) == ["run 10", "run 2", "run 9"]


def test_a_table_is_sorted_by_text_with_its_numbers_as_numbers(scripts):
    scripts.page.locator("[data-sort=text]").click()
    assert names(scripts) == ["run 2", "run 9", "run 10"]
    assert scripts.ask("document.querySelector('th').getAttribute('aria-sort')") == "ascending"
    scripts.page.locator("[data-sort=text]").click()
    assert names(scripts) == ["run 10", "run 9", "run 2"]


def test_a_column_goes_and_comes_back(scripts):
    away = "document.querySelectorAll('[data-col=level].away').length"
    scripts.page.locator("#column").click()
    assert scripts.ask(away) == 3
    scripts.page.locator("#column").click()
    assert scripts.ask(away) == 0


def test_the_search_keeps_keys_that_match_and_whole_groups_that_are_named_so(scripts):
    shown = ("[...document.querySelectorAll('#groups dl > div')].filter((key) => !key.closest('[hidden]'))"
             ".map((key) => key.textContent)")  # fmt: skip
    named = {"kl": ["kl 2"], "actor": ["lr 1", "kl 2"], "nothing": [], "": ["lr 1", "kl 2", "path x"]}
    for wanted, keys in named.items():
        scripts.page.locator("#find").fill(wanted)
        assert scripts.ask(shown) == keys, wanted


def test_the_slider_says_its_level_and_raw_at_nought(scripts):
    for level, said in (("6", "6 %"), ("0", "raw")):
        scripts.page.locator("#smooth").fill(level)
        assert scripts.page.locator("output").inner_text() == said


def test_a_deep_link_opens_every_box_around_what_it_points_at(scripts):
    scripts.ask("location.hash = '#deep'")
    scripts.page.wait_for_selector("#outer[open] > #inner[open]")
