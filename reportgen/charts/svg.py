"""Vega's SVG made small: no empty nodes, no defaults, one decimal, relative paths, dots in one path."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from reportgen.charts.kinds import Frame

SVG = "{http://www.w3.org/2000/svg}"
NUMBER = re.compile(r"-?\d*\.?\d+(?:e[-+]?\d+)?")
TOKEN = re.compile(r"([MLHVAZmlhvaz])([^MLHVAZmlhvaz]*)")
TRANSLATE = re.compile(r"translate\(([^,)]+),([^,)]+)\)")
DROPPED = {"class", "role", "pointer-events", "font-family", "display", "clip-path"}  # its id counts pictures
DEFAULTS = {
    "opacity": "1",
    "stroke-opacity": "1",
    "fill-opacity": "1",
    "text-anchor": "start",
    "stroke-dashoffset": "0",
    "stroke-miterlimit": "10",
    "font-style": "normal",
    "font-weight": "normal",
}
DOT = re.compile(r"^M([\d.]+),0A\1,\1,0,1,1,-\1,0A\1,\1,0,1,1,\1,0Z?$")


def slim(text: str, frame: Frame) -> str:
    """Inline SVG with the look of the given one, without ids, classes and fonts of its own."""
    root = ElementTree.fromstring(text)
    body = "".join(_written(root))
    return f"{opened(frame.width, frame.height)}{body}</svg>"


def opened(width: int, height: int) -> str:
    """The start tag of an inline picture, for whose words its wrapper speaks."""
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg {size} fill="none" aria-hidden="true" focusable="false">'


def rounded(text: str) -> str:
    """Every number of an attribute to one decimal."""
    return NUMBER.sub(lambda found: _short(float(found[0])), text)


def _written(node: ElementTree.Element) -> list[str]:
    """The children of a node as text."""
    pieces: list[str] = []
    dots: list[tuple[float, float]] = []
    look = ""
    for child in node:
        dot = _dot(child)
        if dot is None or (dots and dot[2] != look):
            pieces += _dots(dots, look)
            dots = []
        if dot is not None:
            dots.append(dot[:2])
            look = dot[2]
        else:
            pieces += _node(child)
    return pieces + _dots(dots, look)


def _node(node: ElementTree.Element) -> list[str]:
    tag = node.tag.removeprefix(SVG)
    kept = _attributes(node, tag)
    if tag == "g":
        inner = _written(node)
        if not inner:
            return []
        return [f"<g{kept}>", *inner, "</g>"] if kept else inner
    if tag == "text":
        halo = ' paint-order="stroke"' if "stroke" in node.attrib else ""
        return [f"<text{kept}{halo}>{''.join(_spans(node))}</text>"] if "".join(node.itertext()) else []
    invisible = tag == "path" and not ("stroke" in node.attrib or node.get("fill", "transparent") != "transparent")
    return [] if invisible or node.get("d") == "" else [f"<{tag}{kept}/>"]


def _spans(node: ElementTree.Element) -> list[str]:
    """Text of a label, its further lines as tspans."""
    first = [_escaped(node.text or "")]
    return first + [f"<tspan{_attributes(span, 'tspan')}>{_escaped(span.text or '')}</tspan>" for span in node]


def _attributes(node: ElementTree.Element, tag: str) -> str:
    """What of a node's attributes makes a difference, as text with a leading space each."""
    pieces = []
    for key, value in node.attrib.items():
        if key in DROPPED or key.startswith("aria-") or DEFAULTS.get(key) == value:
            continue
        if key == "transform":
            found = TRANSLATE.fullmatch(value)
            value = _moved(found) if found else rounded(value)
            if not value:
                continue
        elif key == "d":
            value = relative(value)
        elif key == "font-size":
            value = value.removesuffix("px")
        elif key not in ("fill", "stroke"):
            value = rounded(value)
        if key in ("x2", "y2") and value == "0":
            continue
        pieces.append(f' {key}="{_escaped(value)}"')
    return "".join(pieces)


def _moved(found: re.Match[str]) -> str:
    """A translation, halves of a pixel kept for hairlines; empty when it moves nothing."""
    x, y = _short(float(found[1])), _short(float(found[2]))
    return "" if x == y == "0" else f"translate({x} {y})"


def relative(path: str) -> str:
    """A path of straight lines with relative coordinates; others only rounded."""
    tokens = TOKEN.findall(path)
    if any(letter not in "MLZ" for letter, _ in tokens):
        return rounded(path)
    pieces: list[str] = []
    at_x = at_y = 0
    previous = ""
    for letter, numbers in tokens:
        if letter == "Z":
            pieces.append("z")
            previous = "z"
            continue
        given = NUMBER.findall(numbers)
        x, y = round(float(given[0]) * 10), round(float(given[1]) * 10)
        if letter == "M":
            pieces.append(f"M{_tenths(x)} {_tenths(y)}")
        else:
            dx, dy = _tenths(x - at_x), _tenths(y - at_y)
            pieces.append(("l" if previous != "L" else "" if dx.startswith("-") else " ") + dx)
            pieces.append(dy if dy.startswith("-") else f" {dy}")
        at_x, at_y, previous = x, y, letter
    return "".join(pieces)


def _dot(node: ElementTree.Element) -> tuple[float, float, str] | None:
    """Centre and look of a filled circle; None for any other node."""
    if node.tag != f"{SVG}path" or "stroke" in node.attrib:
        return None
    circle = DOT.match(node.get("d", ""))
    place = TRANSLATE.fullmatch(node.get("transform", ""))
    if circle is None or place is None:
        return None
    opacity = node.get("opacity", "1")
    fade = "" if opacity == "1" else f' opacity="{opacity}"'
    look = f' stroke="{_escaped(node.get("fill", ""))}" stroke-width="{_short(2 * float(circle[1]))}"{fade}'
    return float(place[1]), float(place[2]), look


def _dots(centres: list[tuple[float, float]], look: str) -> list[str]:
    """Circles of one look as one path of round-capped points."""
    if not centres:
        return []
    path = "".join(f"M{_short(x)} {_short(y)}h0" for x, y in centres)
    return [f'<path d="{path}" stroke-linecap="round"{look}/>']


def _tenths(value: int) -> str:
    return _short(value / 10)


def _short(value: float) -> str:
    """One decimal at most, no needless zeros."""
    text = f"{value:.1f}".removesuffix(".0")
    if text == "-0":
        return "0"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
