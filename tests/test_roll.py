"""A comparison of more runs than stand in a table: rows drawn by sight, stories as they are asked for."""

import base64
import gzip
import json
import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from browser import Opened
from reports import learning_run

from reportgen.diagnostics import diagnose
from reportgen.findings import Assumption
from reportgen.render import page
from reportgen.render.compared import MOST_ALIKE, assumed
from reportgen.render.roll import CHUNK, FIRST, MOST_MEMBERS, MOST_TOLD
from reportgen.report import compose, overlays

COUNT, SEEDS = 640, 4
HOSTILE = '</script><img src=x onerror="window.__pwned=1">'


def many(count=COUNT):
    """So many runs, four seeds a learning rate, of a few that were diagnosed; the last has a hostile name."""
    known = [diagnose(learning_run(seed=seed)) for seed in range(6)]
    rates = np.geomspace(1e-7, 1e-4, count // SEEDS)
    runs = []
    for at in range(count):
        one, rate = known[at % len(known)], float(rates[at // SEEDS])
        name = HOSTILE if at == count - 1 else f"trial_{at:04}"
        config = {**one.run.config, "actor.optimizer.lr": rate, "seed": at % SEEDS}
        runs.append(replace(one, run=replace(one.run, id=f"id{at}", name=name, config=config)))
    return compose(runs)


@pytest.fixture(scope="module")
def report():
    return many()


@pytest.fixture(scope="module")
def written(report, tmp_path_factory):
    """Its page on disk."""
    path = tmp_path_factory.mktemp("roll") / "report.html"
    path.write_text(page(report), encoding="utf-8", newline="\n")
    return path


@pytest.fixture()
def opened(chromium, written):
    """The page at its results."""
    with Opened(chromium, written) as at:
        at.page.locator("#results").scroll_into_view_if_needed()
        at.page.locator("#table-results[aria-rowcount]").wait_for()
        yield at


def labels(opened):
    """The runs whose rows are drawn, in order."""
    return opened.page.locator("#table-results tbody a").all_inner_texts()


def unpack(text):
    return json.loads(gzip.decompress(base64.b64decode(text)))


def test_every_run_is_in_the_page_once(report, written):
    """The first rows and stories as markup, all of them as data; no tier lists more than some."""
    html = written.read_text(encoding="utf-8")
    rows = unpack(re.search(r'id="rows-table-results">([^<]+)<', html)[1])
    chunks = [unpack(found) for found in re.findall(r'data-stories="\d+">([^<]+)<', html)]
    told = [one["label"] for chunk in chunks for one in chunk]
    assert len(rows["labels"]) == COUNT == len(set(rows["labels"]))
    assert rows["labels"] == told
    assert {len(chunk) for chunk in chunks[:-1]} == {CHUNK}
    assert len(re.findall(r'<tr><th scope="row">[^\n]*href="#run-', html)) == FIRST
    assert len(re.findall(r'<details id="run-', html)) == MOST_TOLD
    assert html.count('<span class="trial">') < COUNT
    assert max(len(tier) for tier in report.comparison.tiers) > MOST_MEMBERS
    assert len(html) < 1_500_000


def test_only_rows_in_sight_are_drawn_and_all_are_reached(opened):
    """Scrolled to the end, the last run stands there; nothing hostile in it came alive."""
    assert len(labels(opened)) < 80
    seen = set(labels(opened))
    box = opened.page.locator("#results .tw")
    for _ in range(200):
        before = opened.ask("box => box.scrollTop", box.element_handle())
        opened.ask("box => { box.scrollTop += box.clientHeight; }", box.element_handle())
        opened.ask("new Promise(requestAnimationFrame)")
        opened.ask("new Promise(requestAnimationFrame)")
        seen |= set(labels(opened))
        if opened.ask("box => box.scrollTop", box.element_handle()) == before:
            break
    assert len(seen) == COUNT
    assert opened.ask("window.__pwned") is None
    assert opened.troubles() == []


def test_runs_are_found_sorted_and_picked_by_recipe(opened, report):
    """By a part of a name; a column both ways; all seeds of one recipe; and nothing found is said."""
    find, found = opened.page.locator("input[data-roll]"), opened.page.locator("#results .found")
    find.fill("trial_0123")
    assert labels(opened) == ["trial_0123"]
    assert found.inner_text() == f"1 of {COUNT} runs"
    find.fill("no such run")
    assert (labels(opened), found.inner_text()) == ([], "no run matches")
    find.fill("")
    opened.page.locator("select[data-recipe]").select_option(index=2)
    recipe = opened.page.locator("select[data-recipe]").input_value()
    (wanted,) = (one.labels for one in report.comparison.recipes.recipes if one.name == recipe)
    assert sorted(labels(opened)) == sorted(wanted)
    opened.page.locator("select[data-recipe]").select_option(index=0)
    level = opened.page.locator("th[data-col=level]")
    level.get_by_role("button").click()
    assert level.get_attribute("aria-sort") == "ascending"
    levels = {label: one.value for label, one in zip(report.comparison.labels, report.comparison.levels, strict=True)}
    assert levels[labels(opened)[0]] == min(levels.values())
    level.get_by_role("button").click()
    assert levels[labels(opened)[0]] == max(levels.values())


def test_a_column_that_is_chosen_is_there_in_rows_drawn_later(opened):
    """Also after scrolling."""
    opened.page.locator("input[data-column=state]").check()
    opened.ask("box => { box.scrollTop = box.scrollHeight / 2; }", opened.page.locator("#results .tw").element_handle())
    opened.ask("new Promise(requestAnimationFrame)")
    opened.ask("new Promise(requestAnimationFrame)")
    assert opened.page.locator("#table-results tbody td[data-col=state]").first.is_visible()


def test_the_story_of_any_run_is_drawn_when_it_is_asked_for(opened, report):
    """From its row, and from a link to it; by what its recipe differs is told."""
    label = report.comparison.labels[CHUNK + 30]
    opened.page.locator("input[data-roll]").fill(label)
    opened.page.get_by_role("link", name=label).click()
    story = opened.page.locator(f"#run-{CHUNK + 30}")
    story.wait_for()
    text = story.inner_text()
    assert report.comparison.diagnoses[CHUNK + 30].verdict.headline in text
    assert "actor.optimizer.lr" in text
    assert opened.troubles() == []


def test_a_link_to_a_run_draws_its_story(chromium, written):
    """As it was copied from the address bar; an impossible number does nothing."""
    with Opened(chromium, written.with_name(written.name)) as at:
        at.ask("location.hash = '#run-99999'")
        at.ask("location.hash = '#run-600'")
        at.page.locator("#run-600 .folded").wait_for()
        assert at.troubles() == []


def test_without_scripts_the_first_rows_stand_and_the_rest_is_named(chromium, written):
    """Nothing that needs a script is offered."""
    with Opened(chromium, written, java_script_enabled=False) as at:
        assert len(at.page.locator("#table-results tbody tr").all()) == FIRST
        assert at.page.locator("#results .bare").is_visible()
        assert not at.page.locator("input[data-roll]").is_visible()


def test_a_sweep_draws_every_place_of_its_dots(report):
    """Of many dots those that lie on each other are drawn once, and that is said; no other is lost."""
    (swept,) = (one for one in overlays.swept(report.comparison) if one.key.endswith("lr"))
    drawn, known = swept.figure.frame, [level.value for level in report.comparison.levels]
    assert set(drawn["value"].round(3)) == set(np.round(known, 3))
    assert drawn["step"].nunique() > 50
    assert len(drawn) < COUNT
    assert "drawn once" in swept.figure.caption


@pytest.mark.parametrize("count", [12, COUNT])
def test_assumptions_that_differ_in_numbers_alone_are_told_by_some_of_many_runs(count):
    """Of few runs each is told; of many the first few, and for how many more the same holds."""
    levels = [Assumption("baseline", at / 1000, f"The base level is {at / 10:.1f} %, a guess.") for at in range(9)]
    made = many(count)
    each = [replace(one, assumptions=(levels[at % 9],)) for at, one in enumerate(made.comparison.diagnoses)]
    told = assumed(replace(made, comparison=replace(made.comparison, diagnoses=tuple(each))))
    if count == COUNT:
        rest = sum(at % 9 >= MOST_ALIKE for at in range(COUNT))
        assert told[MOST_ALIKE:] == (f"The same with other numbers, for {rest} further runs; the JSON has each.",)
    else:
        assert len(told) == len(levels)
    assert all(text.startswith("The base level") for text in told[:MOST_ALIKE])


MOST_PRINTED = 12  # pages


def test_hundreds_of_runs_print_on_few_pages_that_say_what_is_left_out(opened):
    """Long tables end after some rows in print; on the screen they don't."""
    page = opened.page
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page[^s]", printed)) <= MOST_PRINTED
    page.emulate_media(media="print")
    left_out = """() => [...document.querySelectorAll(".tw")].filter(one => one.querySelector(".long"))
        .map(one => [getComputedStyle(one, "::after").content,
                     [...one.querySelectorAll("tbody tr")].some(row => getComputedStyle(row).display === "none")])"""
    told = page.evaluate(left_out)
    assert any(hidden for _, hidden in told)
    assert all(("left out in print" in text) == hidden for text, hidden in told)


def test_no_table_of_many_runs_is_wider_than_a_phone(chromium, written):
    """What is wide scrolls in its own place."""
    with Opened(chromium, written, viewport={"width": 390, "height": 844}) as at:
        at.page.locator("#results").scroll_into_view_if_needed()
        at.page.locator("#table-results[aria-rowcount]").wait_for()
        assert at.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_ticks_of_a_sweep_stand_apart(report):
    """However many values a key has, and however close, their names don't touch; both ends are named."""
    rates = np.concatenate([np.geomspace(1e-6, 1.4e-6, 30), np.geomspace(2e-6, 1e-4, 30)])
    ticks = overlays.legible(tuple((float(np.log10(rate)), f"{rate:.2e}") for rate in rates))
    reach = ticks[-1][0] - ticks[0][0]
    gaps = [(b[0] - a[0]) / reach * overlays.TICK_ROOM for a, b in pairwise(ticks)]
    assert min(gaps) > len("1.00e-06")
    assert 3 <= len(ticks) <= 5
    assert (ticks[0][1], ticks[-1][1]) == ("1.00e-06", "1.00e-04")
