"""The docs as a site: it builds in strict mode, every link in it leads somewhere, and it fetches nothing."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config

ROOT = Path(__file__).parents[1]


class Links(HTMLParser):
    """What a page points at, what it loads, and the places in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.places |= {given[key] for key in ("id", "name") if given.get(key)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        self.loads += [given[key] for key in ("src", "href") if tag in ("script", "link", "img") and given.get(key)]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site, and its pages read."""
    folder = tmp_path_factory.mktemp("site")
    config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(folder))
    build(config)
    pages = {page: Links(page.read_text(encoding="utf-8")) for page in sorted(folder.rglob("*.html"))}
    return folder, pages


def test_every_page_of_the_docs_is_in_it(site):
    folder, pages = site
    written = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").glob("*.md")}
    assert written <= {page.relative_to(folder) for page in pages} and (folder / "llms.txt").exists()
    assert not list(folder.rglob("*.py"))


def test_every_link_leads_somewhere(site):
    """To a page and a place in it; example pages are rendered beside by `make docs`."""
    folder, pages = site
    lost = []
    for page, found in pages.items():
        if page.name == "404.html":
            continue
        for link in (*found.links, *found.loads):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc or link == "#":
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            if "gallery" in parts.path and parts.path.startswith("gallery/"):
                assert re.search(rf"\s{re.escape(f'build/docs/{parts.path}')}\b", (ROOT / "Makefile").read_text())
            elif not target.exists() or (parts.fragment and parts.fragment not in pages[target].places):
                lost.append(f"{page.relative_to(folder)}: {link}")
    assert not lost


def test_it_fetches_nothing(site):
    _, pages = site
    outside = {load for found in pages.values() for load in found.loads if urlsplit(load).netloc}
    assert not outside


def test_llms_txt_names_pages_that_are_there():
    text = (ROOT / "docs/llms.txt").read_text(encoding="utf-8")
    assert text.startswith("# reportgen\n\n> ")
    for name in re.findall(r"\]\(([\w.]+)\)", text):
        assert (ROOT / "docs" / name).exists(), name
