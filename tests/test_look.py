"""A page that looks like somebody else's: brands and templates."""

import re
from pathlib import Path

import pytest
from browser import Opened, Parsed
from click.testing import CliRunner
from reports import learning_run, report_of

from reportgen.cli import cli
from reportgen.errors import SettingsError
from reportgen.render import html, look_of, page
from reportgen.render.look import contrast

EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "brand"
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>window.__pwned=1</script></svg>'


@pytest.fixture(scope="module")
def report():
    return report_of(learning_run())


def brand(folder, text):
    """A brand's file with that text."""
    path = folder / "brand.toml"
    path.write_text(text, encoding="utf-8")
    return path


def templates(folder, **files):
    """A folder of templates; two underscores in a name stand for a dot."""
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


def test_the_example_is_a_sound_page_of_its_own(chromium, report, tmp_path):
    """Name, logo, footer, colours and blocks are there; the page is alive and nothing was refused."""
    path = tmp_path / "page.html"
    path.write_text(page(report, look=look_of(EXAMPLE / "brand.toml", EXAMPLE / "templates")), encoding="utf-8")
    with Opened(chromium, path) as at:
        at.walk()
        assert at.page.locator("a.brand").inner_text() == "Example Lab"
        assert at.ask("document.querySelector('a.brand img').naturalWidth") > 0
        assert at.page.locator("footer").inner_text().startswith("Runbook")
        assert at.page.locator("#card + .signed").is_visible()
        assert at.page.locator("#glossary dt").count() > 10
        colour = "getComputedStyle(document.documentElement).getPropertyValue('--train').trim()"
        assert at.ask(colour) == "#0b5d4e"
        at.page.locator("[data-theme-choice=dark]").click()
        assert at.ask(colour) == "#58c9b0"
        assert at.ask("getComputedStyle(document.querySelector('.signed')).fontSize") == "14px"
        assert at.troubles() == []


def test_colours_of_the_light_page_leave_the_dark_one_alone(chromium, report, tmp_path):
    """Who gives only light colours gets our dark ones."""
    path = tmp_path / "page.html"
    path.write_text(page(report, look=look_of(brand(tmp_path, '[colours]\ntrain = "#0b5d4e"'))), encoding="utf-8")
    with Opened(chromium, path, color_scheme="dark") as at:
        assert at.ask("getComputedStyle(document.documentElement).getPropertyValue('--train').trim()") == "#6cabf5"


def test_a_plain_look_is_our_page_to_the_byte(report):
    assert page(report, look=look_of()) == page(report)


def test_the_policy_is_made_anew(report, tmp_path):
    """Its hash is that of the styles the page has, a brand's and a folder's with them."""
    made = page(report, look=look_of(templates=templates(tmp_path, style__css="h1{color:red}</style><b>")))
    (css,) = re.findall(r"<style>(.*?)</style>", made, re.DOTALL)
    assert "h1{color:red}" in css
    assert html.digest(css) in made.partition("<style>")[0]


def test_what_a_template_smuggles_in_does_not_run(chromium, report, tmp_path):
    """A script in a template, in a name or in a logo stays dead: the policy allows ours alone."""
    (tmp_path / "logo.svg").write_text(LOGO)
    named = brand(tmp_path, 'name = "<script>window.__pwned=1</script>"\nlogo = "logo.svg"')
    own = templates(tmp_path, page__html='{% extends "report.html" %}{% block head %}<script>window.__pwned=1</script>'
                                         '<img src="https://example.com/a.png">{% endblock %}')  # fmt: skip
    path = tmp_path / "out.html"
    path.write_text(page(report, look=look_of(named, own)), encoding="utf-8")
    with Opened(chromium, path) as at:
        assert at.ask("window.__pwned") is None
        assert at.page.locator("a.brand").inner_text() == "<script>window.__pwned=1</script>"
        assert not [url for url in at.requests if url.startswith("http")] or at.ask("window.__refused.length") > 0


@pytest.mark.parametrize(("text", "said"), [
    ("name = 3", "name is a text"),
    ("title = 'x'", "no such key 'title'"),
    ("[colours]\nink = 'red'", "#rrggbb"),
    ("[colours]\nbrand = '#123456'", "did you mean"),
    ("[colours]\nink = '#eeeeee'", "contrast of 1.1"),
    ("[colours.dark]\ntrain = '#202020'", "can't be told from #131519"),
    ("[colours]\npaper = '#000000'\ntrain = '#101010'", "can't be told from #000000"),
    ("colours = 3", "are tables"),
    ("logo = 'logo.exe'", "a logo is one of"),
    ("logo = 'none.svg'", "can't be read"),
    ("name = ", "not TOML"),
])  # fmt: skip
def test_a_brand_that_cannot_be_is_refused_with_the_place(tmp_path, text, said):
    """File, key and remedy."""
    with pytest.raises(SettingsError, match=r"\.(toml|exe|svg): ") as refused:
        look_of(brand(tmp_path, text))
    assert said in str(refused.value)


def test_a_logo_is_bounded(tmp_path):
    (tmp_path / "logo.png").write_bytes(b"x" * 100_001)
    with pytest.raises(SettingsError, match="100,001 bytes"):
        look_of(brand(tmp_path, "logo = 'logo.png'"))


@pytest.mark.parametrize(("text", "said"), [
    ("{% extends 'report.html' %}\n{% block card %}{{ nothing.at.all }}{% endblock %}", "page.html, line 2"),
    ("{% if %}", "page.html, line 1"),
    ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "page.html, line 1"),
    ("{% include 'missing.html' %}", "missing.html"),
])  # fmt: skip
def test_a_template_that_fails_is_named_with_its_line(report, tmp_path, text, said):
    """No page is made of half a template, and none reaches beyond what it is given."""
    with pytest.raises(SettingsError) as refused:
        page(report, look=look_of(templates=templates(tmp_path, page__html=text)))
    assert said in str(refused.value)


def test_the_command_refuses_before_it_reads(tmp_path):
    """A folder that isn't there is said at once, with exit code 2."""
    (tmp_path / "run.csv").write_text("step,reward\n1,0.5\n2,0.6\n")
    for option in ("--template", "--brand"):
        asked = ["report", str(tmp_path / "run.csv"), "-o", str(tmp_path / "page.html"), option, str(tmp_path / "no")]
        ended = CliRunner().invoke(cli, asked)
        assert ended.exit_code == 2
        assert str(tmp_path / "no") in ended.output
    assert not (tmp_path / "page.html").exists()


def test_contrast_is_that_of_the_standard():
    """Black on white is 21, and the order doesn't matter."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == contrast("#ffffff", "#777777") == pytest.approx(4.48, abs=0.01)


def test_the_words_of_a_brand_are_on_every_page_of_it(report, tmp_path):
    made = Parsed(page(report, look=look_of(brand(tmp_path, 'footer = "Internal & secret"'))))
    assert "Internal & secret" in made.text
