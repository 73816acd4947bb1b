"""Charts of several runs under a reader's hands: what is named, held, hidden, said; real input events."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import vl_convert
from browser import Opened
from reports import learning_run, report_of

from reportgen.charts import Sheet, draw, overlay
from reportgen.comparison import compare
from reportgen.diagnostics import diagnose
from reportgen.gate import from_rows
from reportgen.render import markdown, page
from reportgen.report import compose, overlays
from reportgen.settings import Settings

OVERLAY = "#overlay-chart"


def trial(number, top, *, eval_at=None, **config):
    """A run of a sweep that climbs to `top`; its eval ends elsewhere when `eval_at` says so."""
    step = np.arange(1, 81)
    chance = 0.2 + (top - 0.2) * (1 - np.exp(-step / 20))
    draws = np.random.default_rng(number)
    columns = {"step": step, "train/accuracy": draws.binomial(512, chance) / 512}
    if eval_at is not None:
        columns["eval/accuracy"] = np.where(step == 60, eval_at, np.nan)
    name = f"sweep-gsm8k-grpo-trial{1000 + number}_1"
    return from_rows(columns, id=name, name=name, source="a test", state="finished",
                     config={"lr": 1e-6 * (1 + number % 3), "seed": number, "dataset": "gsm8k"} | config)  # fmt: skip


@pytest.fixture(scope="module")
def many():
    """A report of twelve runs: too many for a colour each."""
    return compose([diagnose(trial(number, 0.3 + 0.012 * number)) for number in range(12)])


@pytest.fixture(scope="module")
def opened(chromium, many, tmp_path_factory):
    """Its page, scrolled through once."""
    path = tmp_path_factory.mktemp("many") / "report.html"
    path.write_text(page(many), encoding="utf-8")
    with Opened(chromium, path) as at:
        at.walk()
        yield at


def names(opened):
    """Texts at the ends of the overlay's lines."""
    return opened.ask(f"[...document.querySelectorAll('{OVERLAY} .vega text')].map(node => node.textContent)")


def click_at_line(opened, name):
    """Click on a line of the overlay in the middle of its run."""
    opened.ask(f"document.querySelector('{OVERLAY}').scrollIntoView({{block: 'center'}})")
    data = json.loads(opened.ask("document.querySelector('#page-data').textContent"))
    chart = data["charts"]["overlay-chart"]
    alias = next(a for a in chart["series"]["faint"] if chart["looks"][a]["series"] == name)
    at, given = chart["wide"]["parameters"], data["series"][alias]
    steps = np.cumsum(given["x"]) if isinstance(given["x"], list) else np.arange(given["x"]["n"]) + given["x"]["from"]
    middle = (at["xlo"] + at["xhi"]) / 2
    value = float(np.interp(middle, steps, given["y"]))
    box, (_, _, left, top, right, bottom) = opened.page.locator(OVERLAY).bounding_box(), chart["wide"]["frame"]
    height = box["height"] - top - bottom
    down = top + (at["yhi"] - value) / (at["yhi"] - at["ylo"]) * height
    opened.page.mouse.click(box["x"] + left + (box["width"] - left - right) / 2, box["y"] + down)
    opened.page.wait_for_timeout(400)


def test_a_name_stands_at_the_end_of_its_own_line():
    """A trial whose eval ends far from its trend is named where the trend ends; the words tell both."""
    runs = [trial(0, 0.6, eval_at=0.19), trial(1, 0.4, eval_at=0.35), trial(2, 0.5, eval_at=0.42)]
    comparison = compare([diagnose(run, Settings(eval_size=1319)) for run in runs], Settings())
    chart = draw(overlays.overlay(comparison), Sheet())
    name = runs[0].name
    label = next(row for row in chart.wide.rows["labels"] if row.get("series") == name)
    assert label["value"] > 0.5 and label["step"] == 80
    assert f"{name} ends at" in chart.described and "its eval at 19.00" in chart.described


def test_names_too_long_are_cut_by_what_they_share(many):
    """No two alike, none longer than the room; the words for screen readers are whole."""
    chart = draw(overlays.overlay(many.comparison), Sheet())
    for layout in (chart.wide, chart.narrow):
        texts = [row["text"] for row in layout.rows["labels"] if "series" in row]
        assert len(set(texts)) == len(texts) >= 4
        assert all(len(text) <= (layout.frame.right - 8) / overlay.TEXT for text in texts)
        assert all(row["text"].removeprefix("…") in row["series"] for row in layout.rows["labels"] if "series" in row)
    assert many.comparison.labels[0] in chart.described


def test_of_many_lines_the_choice_the_best_and_the_reference_are_named(many):
    """Those names are pushed apart, not left out; the choice is the strong line."""
    chart = draw(
        overlays.overlay(many.comparison, many.choice.label), Sheet(), tints={many.choice.label: "var(--ink,#17191d)"}
    )
    named = {row["series"]: row for row in chart.wide.rows["labels"] if "series" in row}
    assert {many.choice.label, *many.comparison.labels[:3], many.comparison.reference} <= set(named)
    assert [chart.looks[alias]["series"] for alias in chart.series["trend"]] == [many.choice.label]
    assert named[many.choice.label]["fontWeight"] == 600


def test_a_click_holds_a_line_and_names_it(opened, many):
    """The line's whole name stands at its end until the second click; the values stay when the pointer leaves."""
    named = set(names(opened))
    label = next(one for one in reversed(many.comparison.labels) if f"…{one.rpartition('-')[2]}" not in named)
    click_at_line(opened, label)
    assert label in names(opened)
    opened.page.mouse.move(2, 2)
    assert opened.page.locator(".tip").is_visible()
    assert label in opened.page.locator(".tip").inner_text()
    opened.page.keyboard.press("Escape")
    assert not opened.page.locator(".tip").is_visible()
    click_at_line(opened, label)
    assert label not in names(opened)
    opened.page.keyboard.press("Escape")
    assert opened.troubles() == []


@pytest.fixture(scope="module")
def three():
    """A report of three runs, one of them with an eval."""
    runs = [trial(0, 0.6, eval_at=0.19), trial(1, 0.4), trial(2, 0.5)]
    return compose([diagnose(run) for run in runs], title=r"a\b_c *d*")


@pytest.fixture(scope="module")
def few(chromium, three, tmp_path_factory):
    """Its page."""
    path = tmp_path_factory.mktemp("few") / "report.html"
    path.write_text(page(three), encoding="utf-8")
    with Opened(chromium, path) as at:
        at.walk()
        yield at


def test_a_hidden_line_has_no_name(few):
    """With one trial alone, the names of the others are gone from the chart; a second click brings them back."""
    before = {text for text in names(few) if "trial" in text}
    button = few.page.locator("#overlay [data-trial]").first
    button.click()
    few.page.wait_for_timeout(400)
    assert len(before) == 3 and len([text for text in names(few) if "trial" in text]) == 1
    button.click()
    few.page.wait_for_timeout(400)
    assert {text for text in names(few) if "trial" in text} == before


def test_what_is_copied_is_the_markdown_as_it_is(few, three):
    """Backslashes, which Markdown is escaped with and a name may hold, arrive as they are."""
    few.context.grant_permissions(["clipboard-read", "clipboard-write"])
    few.page.locator("[data-act=card]").click()
    few.page.wait_for_timeout(100)
    copied = few.ask("navigator.clipboard.readText()")
    assert copied == markdown.card(three)
    assert r"a\\b\_c \*d\*" in copied


def drag(opened, chart, start, end):
    """Drag over a chart between two shares of its width."""
    opened.ask(f"document.querySelector('{chart}').scrollIntoView({{block: 'center'}})")
    box = opened.page.locator(chart).bounding_box()
    opened.page.mouse.move(box["x"] + start * box["width"], box["y"] + box["height"] / 2)
    opened.page.mouse.down()
    opened.page.mouse.move(box["x"] + end * box["width"], box["y"] + box["height"] / 2, steps=4)
    opened.page.mouse.up()
    opened.page.wait_for_timeout(500)


def test_a_zoom_fits_the_height_and_keeps_names_and_the_link(few, three, chromium, tmp_path):
    """What is in sight fills the plot, each line is named where it leaves, and the address opens the same view."""
    whole = few.ask(f"document.querySelector('{OVERLAY} .vega').textContent")
    drag(few, OVERLAY, 0.5, 0.7)
    named = [text for text in names(few) if "trial" in text]
    assert len(named) == 3
    axis = (
        "[...document.querySelectorAll('#overlay-chart .vega .mark-text.role-axis-label text')].map(n => n.textContent)"
    )
    shown = few.ask(axis)
    assert "0" not in shown and any(text.endswith("%") for text in shown)
    assert "zoom=" in few.page.url
    path = tmp_path / "again.html"
    path.write_text(page(three), encoding="utf-8")
    with Opened(chromium, path) as again:
        again.page.goto(path.as_uri() + "#overlay?" + few.page.url.partition("?")[2])
        again.walk()
        for _ in range(100):  # the address is followed when the charts are alive, late on a busy machine
            if again.ask(axis) == shown:
                break
            again.page.wait_for_timeout(100)
        assert again.ask(axis) == shown
        assert not again.page.locator("#overlay [data-act=whole]").is_disabled()
        assert again.troubles() == []
    few.page.locator("#overlay [data-act=whole]").click()
    few.page.wait_for_timeout(500)
    assert few.ask(f"document.querySelector('{OVERLAY} .vega').textContent") == whole
    assert "?" not in few.page.url


def test_log_y_works_in_a_chart_without_raw_points(few):
    """The overlay's axis changes, and comes back."""
    before = names(few)
    button = few.page.locator("#overlay [data-act=log]")
    button.click()
    few.page.wait_for_timeout(400)
    assert names(few) != before and "log.overlay-chart" in few.page.url
    button.click()
    few.page.wait_for_timeout(400)
    assert names(few) == before


def test_a_saved_picture_says_what_it_shows(few, three, tmp_path):
    """Title, runs and key stand in the SVG; a name can't end its markup."""
    with few.page.expect_download() as download:
        few.page.locator("#overlay [data-act=svg]").click()
    download.value.save_as(tmp_path / "saved.svg")
    root = ElementTree.fromstring((tmp_path / "saved.svg").read_text(encoding="utf-8"))
    texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[:2] == ["Train accuracy by step", "a\\b_c *d*, 3 runs"]
    assert set(three.comparison.labels) <= set(texts[2:5])


def test_the_copied_spec_is_legible_elsewhere(few):
    """No text has a stroke over it, the ground is light, and it compiles."""
    few.context.grant_permissions(["clipboard-read", "clipboard-write"])
    few.page.locator("#overlay [data-act=spec]").click()
    few.page.wait_for_timeout(100)
    spec = json.loads(few.ask("navigator.clipboard.readText()"))
    texts = [layer["mark"] for layer in spec["layer"] if layer["mark"]["type"] == "text"]
    assert texts and not any("stroke" in mark for mark in texts)
    assert spec["config"]["background"] == "#fdfdfb" and spec["title"]["subtitle"].endswith("3 runs")
    assert vl_convert.vegalite_to_svg(json.dumps(spec)).count(">…trial100") == 3


def test_a_search_without_a_find_says_so(chromium, tmp_path):
    """Of metrics and of config keys; gone with the next letter that finds."""
    path = tmp_path / "report.html"
    path.write_text(page(report_of(learning_run())), encoding="utf-8")
    with Opened(chromium, path) as one:
        field = one.page.locator("#find-config")
        field.fill("no such key")
        assert one.page.locator("#config .found").inner_text() == "nothing matches \u201cno such key\u201d"
        field.fill("lr")
        assert one.page.locator("#config .found").inner_text() == ""


def test_a_tap_shows_the_values_and_tab_does_too(chromium, three, tmp_path):
    """On a touch screen the tip stays after the finger leaves; the keyboard shows it where it stands."""
    path = tmp_path / "report.html"
    path.write_text(page(three), encoding="utf-8")
    with Opened(chromium, path, viewport={"width": 390, "height": 844}, has_touch=True) as phone:
        phone.walk()
        phone.page.locator(OVERLAY).tap(position={"x": 150, "y": 150})
        assert re.match(r"step \d+\n", phone.page.locator(".tip").inner_text())
        phone.page.locator("h1").tap()
        assert not phone.page.locator(".tip").is_visible()
        phone.page.locator(f"#overlay {OVERLAY}").evaluate(
            "chart => chart.previousElementSibling.querySelector('button:last-of-type').focus()"
        )
        for _ in range(4):
            phone.page.keyboard.press("Tab")
            if phone.ask("document.activeElement.id") == "overlay-chart":
                break
        assert re.match(r"step \d+\n", phone.page.locator(".tip").inner_text())
        assert phone.page.locator(".heard").inner_text().startswith("step")


@pytest.mark.parametrize("width", [1280, 390])
def test_static_and_live_text_have_one_size_and_rows_of_charts_one_line(chromium, tmp_path, width):
    """No static picture is stretched; charts beside each other begin at one height, whatever their titles."""
    path = tmp_path / "report.html"
    path.write_text(page(report_of(learning_run())), encoding="utf-8")
    with Opened(chromium, path, viewport={"width": width, "height": 800}, java_script_enabled=False) as still:
        scale = "s => s.map(e => e.getBoundingClientRect().width / e.viewBox.baseVal.width).filter(Boolean)"
        scales = still.page.locator(".chart .static svg").evaluate_all(scale)
        assert len(scales) >= 5 and all(abs(scale - 1) < 0.01 for scale in scales)
        boxes = "c => c.map(e => e.getBoundingClientRect()).map(box => [box.x, Math.round(box.y)])"
        places = still.page.locator("#signals .sm .chart").evaluate_all(boxes)
        assert len({y for _, y in places}) == -(-len(places) // (4 if width == 1280 else 1))


def test_costs_of_seconds_are_drawn_in_seconds():
    """The unit of the axis is one that the dearest run reaches."""
    quick = [trial(number, 0.4 + 0.1 * number) for number in range(2)]
    timed = [replace(run, elapsed_s=pd.Series(0.004 * np.arange(1.0, 81), index=run.history.index)) for run in quick]
    figure = overlays.efficiency(compare([diagnose(run) for run in timed], Settings()))
    assert figure.caption == "seconds" and 0.1 < figure.frame["step"].max() < 1
