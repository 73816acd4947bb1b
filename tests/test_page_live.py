"""The page of one run in real Chromium: drawn, driven, printed, attacked."""

import json
import re

import pytest
from browser import Opened
from reports import learning_run, report_of

from reportgen.render import page

HOSTILE = (
    "</script><script>window.__pwned=1</script>",
    "<img src=x onerror=window.__pwned=1>",
    "<!--<script>",
    '" onmouseover="window.__pwned=1" x="',
    "{{ 7 * 7 }}{% raw %}",
    "javascript:window.__pwned=1",
    "a\u2028b\u2029c\u202ed",
    "\x1b[31mred\x00\ufffe\ud800",
    "x" * 3000,
    "datum.value); window.__pwned=1; (",
    "a.b[0]['c']\\\"d",
    "__proto__",
    "constructor",
    "=cmd|' /C calc'!A0",
    "${window.__pwned=1}`",
)
SAVED = {
    "png": ("curve-chart.png", b"\x89PNG"),
    "svg": ("curve-chart.svg", b"<svg"),
    "csv": ("report.csv", b"run,series"),
}
CURVE, FIRST = "#curve-chart", "#signal-policy-loss"


@pytest.fixture(scope="module")
def plain_page(tmp_path_factory):
    """A run's page on disk."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page(report_of(learning_run())), encoding="utf-8", newline="\n")
    return path


@pytest.fixture(scope="module")
def opened(chromium, plain_page):
    """The page, scrolled through once; tests that change it set it back."""
    with Opened(chromium, plain_page) as at:
        at.walk()
        yield at


def signal(opened, chart, name):
    """A parameter of a live chart, as its axis shows it: the labels of the x axis."""
    return opened.ask(f"[...document.querySelectorAll('{chart} .vega {name}')].map(node => node.textContent)")


def labels(opened, chart=CURVE):
    return signal(opened, chart, ".role-axis-label text")


def drag(opened, chart, start, end):
    """Drag over a chart between two shares of its width."""
    opened.ask(f"document.querySelector('{chart}').scrollIntoView({{block: 'center'}})")
    box = opened.page.locator(chart).bounding_box()
    y = box["y"] + box["height"] / 2
    opened.page.mouse.move(box["x"] + start * box["width"], y)
    opened.page.mouse.down()
    opened.page.mouse.move(box["x"] + end * box["width"], y, steps=4)
    opened.page.mouse.up()
    opened.page.wait_for_timeout(400)


def test_every_chart_comes_alive_and_nothing_is_asked_for(opened):
    """All charts are drawn by the script; no error, no refusal by the policy, no request."""
    assert opened.ask("document.querySelectorAll('.chart.drawn').length") >= 5
    assert opened.troubles() == []


def test_live_charts_take_the_place_of_the_static_ones(opened):
    """Nothing moves when they do."""
    assert opened.ask("window.__shift") < 0.01
    same = (
        "[...document.querySelectorAll('.chart')].every(c => c.clientHeight === c.querySelector('.vega').clientHeight)"
    )
    assert opened.ask(same)


def test_dragging_zooms_every_chart_and_a_double_click_undoes_it(opened):
    """The zoom is linked, and gone after a double click."""
    before = labels(opened), labels(opened, FIRST)
    drag(opened, CURVE, 0.3, 0.5)
    assert labels(opened) != before[0]
    assert labels(opened, FIRST) != before[1]
    opened.page.locator(f"{CURVE} .vega").dblclick(position={"x": 300, "y": 200})
    opened.page.wait_for_timeout(500)
    assert (labels(opened), labels(opened, FIRST)) == before


def test_pointing_gives_exact_values_in_every_chart(opened):
    """The tip names the step and the values; the cursor stands in all charts."""
    opened.ask(f"document.querySelector('{CURVE}').scrollIntoView({{block: 'center'}})")
    opened.page.locator(f"{CURVE} .vega").hover(position={"x": 200, "y": 200})
    tip = opened.page.locator(".tip").inner_text()
    assert re.match(r"step \d+\n", tip) and "logged" in tip and "trend" in tip
    assert opened.ask("[...document.querySelectorAll('.cursor')].filter(c => !c.hidden).length") >= 5
    opened.page.mouse.move(2, 2)


def test_smoothing_draws_a_line_and_leaves_the_verdict(opened):
    """The slider changes the chart, 0 is raw, and the verdict stays."""
    verdict = opened.page.locator("h1").inner_text()
    lines = f"[...document.querySelectorAll('{CURVE} .vega .mark-line path')]"
    paths = f"{lines}.map(path => path.getAttribute('d') ?? '').join().length"
    raw = opened.ask(paths)
    opened.page.locator("#smooth-curve-chart").fill("6")
    opened.page.wait_for_timeout(400)
    assert opened.ask(paths) > raw
    opened.page.locator("#smooth-curve-chart").fill("0")
    opened.page.wait_for_timeout(400)
    assert opened.ask(paths) == raw
    assert opened.page.locator("h1").inner_text() == verdict


@pytest.mark.parametrize(("axis", "unit"), [("time", "minutes"), ("tokens", "thousand tokens")])
def test_the_axis_can_count_time_or_tokens(opened, axis, unit):
    """The second line of the first tick names the unit."""
    opened.page.locator(f"[data-x={axis}]").click()
    opened.page.wait_for_timeout(400)
    assert any(unit in text for text in labels(opened))
    opened.page.locator("[data-x=step]").click()
    opened.page.wait_for_timeout(400)


def test_a_logarithmic_axis_is_drawn_and_undone(opened):
    """Log y changes the y labels and comes back."""
    before = labels(opened)
    button = opened.page.locator("figure [data-act=log]").first
    button.click()
    opened.page.wait_for_timeout(400)
    assert labels(opened) != before
    button.click()
    opened.page.wait_for_timeout(400)
    assert labels(opened) == before


def test_the_legend_isolates_a_layer(opened):
    """With eval alone, no raw point is left; a second click brings all back."""
    points = f"document.querySelectorAll('{CURVE} .vega .mark-symbol path').length"
    full = opened.ask(points)
    key = opened.page.locator("[data-layer=eval]")
    key.click()
    opened.page.wait_for_timeout(400)
    assert opened.ask(points) < full / 4
    key.click()
    opened.page.wait_for_timeout(400)
    assert opened.ask(points) == full


@pytest.mark.parametrize("act", SAVED)
def test_charts_and_values_can_be_saved(opened, act, tmp_path):
    """PNG, SVG and CSV are made in the page, with colours resolved."""
    name, starts = SAVED[act]
    with opened.page.expect_download() as download:
        opened.page.locator(f".tools [data-act={act}]").first.click()
    download.value.save_as(tmp_path / name)
    saved = (tmp_path / name).read_bytes()
    assert download.value.suggested_filename == name
    assert saved.startswith(starts) and b"var(--" not in saved


def test_the_spec_and_the_card_can_be_copied(opened):
    """Vega-Lite with its data, and Markdown with the verdict."""
    opened.context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened.page.locator("[data-act=spec]").first.click()
    opened.page.wait_for_timeout(100)
    spec = json.loads(opened.ask("navigator.clipboard.readText()"))
    assert len(spec["datasets"]["raw"]) == 126
    opened.page.locator("[data-act=card]").click()
    opened.page.wait_for_timeout(100)
    assert opened.ask("navigator.clipboard.readText()").startswith("## ")


def test_other_metrics_are_found_and_drawn_when_opened(opened):
    """The search hides what doesn't match; opening draws."""
    opened.page.locator("#signals-others > summary").click()
    opened.page.locator("#find-signals").fill("timeperf")
    assert opened.ask("[...document.querySelectorAll('.metrics > details')].filter(e => !e.hidden).length") == 1
    opened.page.locator(".metrics > details:not([hidden]) > summary").click()
    opened.page.wait_for_selector(".metrics .chart.drawn")


def test_the_config_can_be_searched(opened):
    """Only keys that match stay."""
    opened.page.locator("#find-config").fill("lr")
    assert opened.ask("[...document.querySelectorAll('#config dl > div')].filter(e => !e.hidden).length") == 1
    opened.page.locator("#find-config").fill("")


def test_the_keyboard_reads_zooms_and_resets(opened):
    """Arrows read values aloud, + zooms, Escape shows the whole run."""
    before = labels(opened)
    opened.page.locator(CURVE).focus()
    opened.page.keyboard.press("ArrowRight")
    assert opened.page.locator(".heard").inner_text().startswith("step")
    opened.page.keyboard.press("+")
    opened.page.wait_for_timeout(500)
    assert labels(opened) != before
    opened.page.keyboard.press("Escape")
    opened.page.wait_for_timeout(500)
    assert labels(opened) == before


def test_the_theme_follows_its_buttons(opened):
    """Dark and light are chosen by button, whatever the system says."""
    for theme, colour in (("dark", "rgb(19, 21, 25)"), ("light", "rgb(253, 253, 251)")):
        opened.page.locator(f"[data-theme-choice={theme}]").click()
        assert opened.ask("getComputedStyle(document.body).backgroundColor") == colour


def test_a_deep_link_opens_what_it_points_at(chromium, plain_page):
    """A link to a check opens its evidence."""
    with Opened(chromium, plain_page) as at:
        at.ask("location.hash = '#check-entropy'")
        at.page.wait_for_selector("#check-entropy details[open]")


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_card_fits_one_screen(chromium, plain_page, width, height):
    """Verdict, numbers and next steps are seen without scrolling; nothing sticks out sideways."""
    with Opened(chromium, plain_page, viewport={"width": width, "height": height}) as at:
        assert at.ask("document.querySelector('.next').getBoundingClientRect().bottom") <= height
        assert at.ask("document.documentElement.scrollWidth") <= width


def test_without_a_script_all_is_there(chromium, plain_page):
    """The static charts are seen, the controls are not."""
    with Opened(chromium, plain_page, java_script_enabled=False) as at:
        assert at.page.locator(".static svg").first.is_visible()
        assert not at.page.locator(".tools").first.is_visible()


def test_print_shows_the_static_charts_in_light(chromium, plain_page):
    """Printed from dark: paper is white, the zoomed chart is not what is printed."""
    with Opened(chromium, plain_page, color_scheme="dark") as at:
        at.walk()
        at.page.emulate_media(media="print")
        assert at.ask("getComputedStyle(document.documentElement).getPropertyValue('--ink').trim()") == "#17191d"
        assert at.page.locator(f"{CURVE} .static.wide").is_visible()
        assert not at.page.locator(f"{CURVE} .vega").is_visible()


def test_hostile_names_are_text_and_the_page_still_works(chromium, tmp_path):
    """In run, project, group, tag, note, config, metric and source: inert, shown, every chart drawn."""
    everything = " ".join(HOSTILE)
    run = learning_run(
        name=everything,
        source=everything,
        metrics={name.replace("\ud800", ""): [0.1, 0.2] * 63 for name in HOSTILE},
        config={name: name for name in HOSTILE} | {"nested": {name: {name: [name]} for name in HOSTILE}},
        provenance={
            "project": everything,
            "group": everything,
            "tags": list(HOSTILE),
            "notes": everything,
            "url": "javascript:window.__pwned=1",
        },
        console_tail="\n".join(HOSTILE),
        notes=HOSTILE,
    )  # fmt: skip
    path = tmp_path / "hostile.html"
    path.write_text(page(report_of(run)), encoding="utf-8", newline="\n")
    with Opened(chromium, path) as at:
        at.walk()
        for entry in at.page.locator("#signals-others, .metrics > details").all():
            entry.evaluate("entry => { entry.open = true; }")
        at.ask("document.querySelector('.metrics').scrollIntoView()")
        at.page.wait_for_function("() => document.querySelectorAll('.metrics .chart.drawn').length >= 3")
        assert at.troubles() == []
        assert at.ask("typeof window.__pwned") == "undefined"
        assert (
            at.ask("[...document.querySelectorAll('*')].some(e => [...e.attributes].some(a => /^on/i.test(a.name)))")
            is False
        )
        assert (
            at.ask("[...document.querySelectorAll('a')].some(a => /^javascript/i.test(a.getAttribute('href')))")
            is False
        )
        assert "<img src=x onerror=window.__pwned=1>" in at.page.locator("#provenance").inner_text()
        assert at.ask("document.documentElement.scrollWidth") <= 1280


STRIPPED = re.compile(r"<style>.*?</style>|<script\b.*?</script>|<meta http-equiv[^>]*>", re.DOTALL)


@pytest.mark.parametrize("runs", [1, 3])
def test_stripped_of_styles_and_scripts_nothing_is_dead_or_said_twice(chromium, tmp_path, runs):
    """Mail and strict viewers take styles and scripts out: no button is left that does nothing."""
    made = report_of(*(learning_run(seed=seed, id=f"run{seed}", name=f"run{seed}") for seed in range(runs)))
    path = tmp_path / "mail.html"
    path.write_text(STRIPPED.sub("", page(made)), encoding="utf-8")
    with Opened(chromium, path) as at:
        assert at.page.locator("button:visible:enabled, input:visible, select:visible").count() == 0
        first = at.page.locator("#card ol li").first
        assert first.evaluate("one => getComputedStyle(one).listStyleType") == "decimal"
        assert not first.inner_text().lstrip().startswith("1")


def test_what_a_script_does_is_offered_where_scripts_run(opened):
    """The same controls are there, and alive, in a page that is whole."""
    shown = opened.page.locator(".theme, .tools, .find, .cardtools, footer .live")
    assert all(one.is_visible() for one in shown.all())
    assert opened.page.locator("button[data-act=csv]:visible").count() >= 2


def test_a_phone_has_the_navigation(chromium, plain_page):
    """Each section is a tap away, in a row that scrolls by itself."""
    with Opened(chromium, plain_page, viewport={"width": 390, "height": 844}) as at:
        links = at.page.locator("nav a")
        assert links.first.is_visible()
        links.last.click()
        assert at.page.url.endswith("#glossary")
        assert at.ask("document.documentElement.scrollWidth - innerWidth") <= 0


def test_text_grows_with_the_readers_font_size(chromium, plain_page):
    """A browser's own font size is heeded by every text of the page's."""
    with Opened(chromium, plain_page) as at:
        sizes = """() => [...document.querySelectorAll('main p, main h1, main h2, main td, main dt, main dd, nav a')]
            .map(one => parseFloat(getComputedStyle(one).fontSize))"""
        before = at.ask(sizes)
        at.ask("() => { document.documentElement.style.fontSize = '24px'; }")
        assert len(before) > 50
        assert at.ask(sizes) == pytest.approx([1.5 * size for size in before], rel=0.01)
        assert at.ask("document.documentElement.scrollWidth - innerWidth") <= 0
