"""Pages opened in real Chromium: what was loaded, refused, logged or thrown, and a parser for the rest.

`conftest.py` has the `chromium` fixture: one browser serves a whole worker.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WATCH = """
window.__refused = []; window.__shift = 0;
addEventListener('securitypolicyviolation', event => __refused.push(event.effectiveDirective + ' ' + event.blockedURI));
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) __shift += entry.value;
}).observe({type: 'layout-shift', buffered: true});
"""
VOID = frozenset(("br", "hr", "img", "input", "link", "meta", "wbr", "path", "line", "rect", "circle"))


def executable() -> str:
    """Path of the browser; fails with the remedy where there is none."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    assert found, "no Chromium: run `make chromium`, or set CHROMIUM to a browser's path"
    return found


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser that a worker's tests share."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), headless=True, args=list(FLAGS))
        yield browser
        browser.close()


class Opened:
    """A page in the browser, with everything that went wrong on it."""

    def __init__(self, browser: Browser, path: Path, **options: Any) -> None:
        options.setdefault("viewport", {"width": 1280, "height": 800})
        self.context = browser.new_context(accept_downloads=True, **options)
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.dialogs: list[str] = []
        if options.get("java_script_enabled", True):
            self.context.add_init_script(WATCH)
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(path.as_uri())

    def __enter__(self) -> Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def ask(self, script: str, argument: Any = None) -> Any:
        """What a piece of script says in the page."""
        return self.page.evaluate(script, argument)

    def walk(self) -> None:
        """Every chart that has a static picture scrolled to, and drawn alive."""
        for chart in self.page.locator(".chart:has(.static):visible").all():
            chart.scroll_into_view_if_needed()
            chart.locator(".vega svg").wait_for()
        self.ask("scrollTo(0, 0)")

    def troubles(self) -> list[str]:
        """Errors, refusals, dialogs and requests other than the file itself; none on a sound page."""
        asked = [url for url in self.requests if not url.startswith(("file:", "blob:", "data:"))]
        refused = self.ask("window.__refused ?? []")
        return [*self.errors, *refused, *self.dialogs, *asked]


class Parsed(HTMLParser):
    """A page's elements and text as a strict reader sees them."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self._inside: list[str] = []
        self.blocks: dict[str, str] = {}  # text of each <script> and <style>, by id or tag
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while tag in self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._inside and self._inside[-1] in ("script", "style"):
            tag, attributes = next(item for item in reversed(self.elements) if item[0] in ("script", "style"))
            key = attributes.get("id", tag)
            self.blocks[key] = self.blocks.get(key, "") + data
        else:
            self.texts.append(data)

    @property
    def text(self) -> str:
        """All text outside scripts and styles."""
        return " ".join(" ".join(self.texts).split())

    def having(self, attribute: str) -> list[str]:
        """Values of an attribute over all elements."""
        return [attributes[attribute] for _, attributes in self.elements if attribute in attributes]
