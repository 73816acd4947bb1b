"""A kind of chart compiled once: its Vega-Lite spec, the Vega that the page runs, its static SVG."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import vl_convert

from reportgen.charts import specs, svg

# what templates/vega/entry.js registers; another transform would fail in the reader's browser
VENDORED = frozenset(
    ("aggregate", "collect", "extent", "facet", "filter", "flatten", "fold", "formula", "identifier", "joinaggregate",
     "lookup", "project", "stack", "window")
)  # fmt: skip
FORBIDDEN = frozenset({"href", "url", "image", "tooltip", "onload"})

Rows = Mapping[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Frame:
    """Where a chart's plot stands in its picture, in px."""

    width: int  # of the whole picture
    height: int
    left: int = 40
    top: int = 8
    right: int = 14
    bottom: int = 46

    @property
    def plot(self) -> tuple[int, int]:
        """Width and height of the plot alone."""
        return self.width - self.left - self.right, self.height - self.top - self.bottom

    def place(self) -> dict[str, Any]:
        """Vega's words for it."""
        width, height = self.plot
        padding = {"left": self.left, "top": self.top, "right": self.right, "bottom": self.bottom}
        return {"width": width, "height": height, "padding": padding}


@dataclass(frozen=True)
class Kind:
    """One kind of chart: its Vega-Lite spec, and that spec compiled."""

    name: str
    vegalite: dict[str, Any]
    vega: dict[str, Any]

    def static(self, frame: Frame, parameters: Mapping[str, Any], rows: Rows) -> str:
        """A chart of this kind as slim inline SVG."""
        spec = {
            **self.vega,
            **frame.place(),
            "data": [_filled(entry, rows) for entry in self.vega["data"]],
            "signals": [
                {**entry, "value": parameters.get(entry["name"], entry["value"])} for entry in self.vega["signals"]
            ],
            # the rows already end where the axis ends, and clip paths need ids
            "marks": [{key: value for key, value in mark.items() if key != "clip"} for mark in self.vega["marks"]],
        }
        return svg.slim(vl_convert.vega_to_svg(json.dumps(spec, allow_nan=False), allowed_base_urls=[]), frame)


def compiled(name: str) -> Kind:
    """A kind of chart, ready to draw with."""
    vegalite = specs.compose(name)
    vega = vl_convert.vegalite_to_vega(json.dumps(vegalite))
    return Kind(name, vegalite, _trimmed(vega, name))


def _trimmed(vega: dict[str, Any], name: str) -> dict[str, Any]:
    """Compiled Vega without ARIA inside the picture, whose wrapper speaks for it."""
    for mark in vega["marks"]:
        mark["aria"] = False
        for spoken in ("description", "ariaRoleDescription"):
            mark["encode"]["update"].pop(spoken, None)
    for axis in vega["axes"]:
        axis["aria"] = False
    for entry in vega["data"]:
        entry.pop("format", None)
    unknown = {step["type"] for entry in vega["data"] for step in entry.get("transform", ())} - VENDORED
    named = FORBIDDEN.intersection(_keys(vega))
    images = [mark for mark in vega["marks"] if mark["type"] == "image"]
    if unknown or named or images:
        raise AssertionError(
            f"chart {name}: needs {sorted(unknown | named) or 'images'}, which the page's runtime refuses"
        )
    return vega


def _filled(entry: dict[str, Any], rows: Rows) -> dict[str, Any]:
    return entry if "source" in entry else {**entry, "values": rows.get(entry["name"], [])}


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)
