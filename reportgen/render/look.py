"""How a page looks where it isn't ours: a brand's name, logo, colours and footer, and templates of a person's own."""

from __future__ import annotations

import base64
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from reportgen.charts.theme import LIGHT
from reportgen.errors import SettingsError

DARK_PAPER = "#131519"  # of report.css
LARGEST_LOGO = 100_000  # bytes
LONGEST = 200  # characters of a name or a footer
KINDS = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg",
         ".webp": "image/webp"}  # fmt: skip
HEX = re.compile(r"#[0-9a-fA-F]{6}")
GROUNDS = ("paper", "line", "grid", "wash", "wash-ink")  # what nothing is read on, or only each other
TEXT, LINE = 4.5, 3.0  # least contrast with the paper (WCAG 2.2, 1.4.3 and 1.4.11)
LINES = ("s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "train", "eval", "base")
STYLE = "style.css"  # of a folder of templates: stands after our own styles
PAGE = "page.html"  # of the same: the whole page, which may extend ours


@dataclass(frozen=True)
class Brand:
    """What a team puts on its pages."""

    name: str = "reportgen"
    logo: str = ""  # data: URL of a picture
    footer: str = ""
    light: Mapping[str, str] = field(default_factory=dict)  # CSS variable -> "#rrggbb"
    dark: Mapping[str, str] = field(default_factory=dict)

    @property
    def css(self) -> str:
        """Style rules that set the colours."""
        light, dark = _rules(self.light), _rules(self.dark)
        made = f":root{{{light}}}\n" if light else ""
        if dark:  # our own stand at a higher rank than the light ones, and hold where none is given
            made += f"@media screen{{@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\n"
            made += f":root[data-theme=dark]{{{dark}}}}}\n"
        return made


@dataclass(frozen=True)
class Look:
    """Everything that changes how a page looks; the plain one changes nothing."""

    brand: Brand = field(default_factory=Brand)
    templates: Path | None = None  # a folder whose templates stand before ours

    @property
    def css(self) -> str:
        """Styles that follow our own."""
        own = self.templates / STYLE if self.templates is not None else None
        return self.brand.css + (_text(own) if own is not None and own.is_file() else "")

    def environment(self, ours: jinja2.BaseLoader, **options: Any) -> jinja2.Environment:
        """Jinja over our templates, or over a person's own before them, which run in a sandbox.

        ours: their loader; a template of the same name finds ours as "reportgen/NAME".
        """
        if self.templates is None:
            return jinja2.Environment(loader=ours, **options)
        own = jinja2.FileSystemLoader(self.templates)
        both = jinja2.ChoiceLoader([own, ours, jinja2.PrefixLoader({"reportgen": ours})])
        return ImmutableSandboxedEnvironment(loader=both, **options)

    @property
    def page(self) -> str:
        """The template that is the page."""
        return PAGE if self.templates is not None and (self.templates / PAGE).is_file() else "report.html"


def look_of(brand: str | Path | None = None, templates: str | Path | None = None) -> Look:
    """The look that a brand's file and a folder of templates make.

    Raises SettingsError, which names the file and the key, for what can't be read or seen.
    """
    folder = Path(templates) if templates else None
    if folder is not None and not folder.is_dir():
        raise SettingsError(f"{folder}: no folder of templates; docs/look.md says what stands in one")
    if folder is not None and not any(folder.glob("*.html")) and not (folder / STYLE).is_file():
        raise SettingsError(f"{folder}: neither templates (.html) nor {STYLE} in it; docs/look.md says what may be")
    return Look(_brand(Path(brand)) if brand else Brand(), folder)


def _brand(path: Path) -> Brand:
    try:
        given = tomllib.loads(_text(path))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{path}: not TOML ({error}); mend it") from error
    colours = given.pop("colours", {})
    if not isinstance(colours, dict) or not isinstance(colours.get("dark", {}), dict):
        raise SettingsError(f'{path}: [colours] and [colours.dark] are tables of name = "#rrggbb"')
    dark = colours.pop("dark", {})
    texts = {name: _words(path, given, name) for name in ("name", "logo", "footer") if name in given}
    if unknown := sorted(given.keys() - texts.keys()):
        raise SettingsError(f"{path}: no such key {unknown[0]!r}; it takes name, logo, footer and [colours]")
    logo = _logo(path.parent / texts["logo"]) if texts.get("logo") else ""
    return Brand(
        name=texts.get("name") or Brand.name,
        logo=logo,
        footer=texts.get("footer", ""),
        light=_colours(path, "colours", colours, LIGHT["paper"]),
        dark=_colours(path, "colours.dark", dark, DARK_PAPER),
    )


def _words(path: Path, given: Mapping[str, Any], name: str) -> str:
    value = given[name]
    if not isinstance(value, str) or len(value) > LONGEST:
        raise SettingsError(f"{path}: {name} is a text of at most {LONGEST} characters")
    return value


def _logo(path: Path) -> str:
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise SettingsError(f"{path}: a logo is one of {', '.join(KINDS)}")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path}: can't be read ({error.strerror}); its path starts at the brand's file") from None
    if len(content) > LARGEST_LOGO:
        raise SettingsError(f"{path}: a logo of {len(content):,} bytes; at most {LARGEST_LOGO:,}, it is in every page")
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _colours(path: Path, table: str, given: Mapping[str, Any], paper: str) -> dict[str, str]:
    """The colours of a scheme, each known and seen on its paper."""
    for name, value in given.items():
        if name not in LIGHT:
            close = get_close_matches(name, LIGHT, n=1) or ["train"]
            raise SettingsError(f"{path}: [{table}] has no {name!r}; did you mean {close[0]!r}?")
        if not isinstance(value, str) or not HEX.fullmatch(value):
            raise SettingsError(f'{path}: [{table}] {name} is "#rrggbb", not {value!r}')
    ground = given.get("paper", paper)
    for name in (name for name in given if name not in GROUNDS):
        least, seen = LINE if name in LINES else TEXT, contrast(given[name], ground)
        if seen < least:
            raise SettingsError(f"{path}: [{table}] {name} = {given[name]} can't be told from {ground}: "
                                f"a contrast of {seen:.1f}, and {least:g} is the least")  # fmt: skip
    return dict(given)


def contrast(one: str, other: str) -> float:
    """Contrast of two colours "#rrggbb", from 1 to 21 (WCAG 2.2, relative luminance)."""
    dark, light = sorted(map(_luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    shares = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _rules(colours: Mapping[str, str]) -> str:
    return ";".join(f"--{name}:{value}" for name, value in colours.items())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise SettingsError(f"{path}: can't be read ({reason})") from error
