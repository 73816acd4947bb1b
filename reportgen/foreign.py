"""Values out of foreign files, typed once: JSON with limits; a text, a number, a moment, a mapping, or nothing."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from reportgen import naming
from reportgen.settings import DEEPEST, LONGEST_TEXT, MOST_DIGITS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST, LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)  # whatever the time zone
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


class Unfit(ValueError):
    """A text that is no JSON, or JSON beyond the limits."""


def parsed(text: str | bytes | bytearray) -> Any:
    """The JSON value of a text, nan and inf included; Unfit when it is none, too deep or its numbers too long."""
    try:
        plain = text if isinstance(text, str) else text.decode("utf-8-sig", "replace")
        return tamed(_loaded(plain), plain)
    except (ValueError, RecursionError) as error:
        raise Unfit(getattr(error, "msg", "") or str(error)[:80] or "nested too deeply") from error


def row(text: str, at: int) -> tuple[Any, int]:
    """The JSON value that begins at a place of a text, and where it ends; Unfit when there is none."""
    try:
        value, end = _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError) as error:
        raise Unfit(getattr(error, "msg", "") or "nested too deeply") from error
    return tamed(value, text[at:end]), end


def tamed(value: Any, source: str) -> Any:
    """The value of a JSON text, when it is no deeper than may be; its texts without lone surrogates."""
    if source.count("[") + source.count("{") > DEEPEST and _is_deep(value):
        raise Unfit(f"nested deeper than {DEEPEST} levels")
    odd = "\\u" in source or not source.isascii()
    return _writable(value) if odd and _SURROGATE.search(source) else value


def text(value: Any) -> str:
    """A text as it is, a number as one writes it, "" for anything else."""
    if isinstance(value, str):
        return naming.writable(value)
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def texts(value: Any) -> tuple[str, ...]:
    """The texts of a list; one text is a list of one."""
    if isinstance(value, str):
        return (text(value),) if value else ()
    return tuple(text(item) for item in value if text(item)) if isinstance(value, list | tuple) else ()


def number(value: Any) -> float | None:
    """A finite number; None for anything else, a truth value too."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def whole(value: Any) -> int | None:
    """A whole number that a 64-bit integer holds; None for anything else."""
    found = number(value)
    return int(found) if found is not None and found.is_integer() and abs(found) < 2**53 else None


def mapping(value: Any) -> dict[str, Any]:
    """A mapping with texts as keys; nothing for anything else."""
    return {str(key): item for key, item in value.items()} if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Any]:
    """A list as it is; nothing for anything else."""
    return value if isinstance(value, list) else []


def moment(value: Any) -> datetime | None:
    """A moment written as ISO text, in UTC; None when it is none or beyond the calendar."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        return found.astimezone(UTC) if EARLIEST < found < LATEST else None
    except (ValueError, OverflowError):
        return None


def since_1970(seconds: Any) -> datetime | None:
    """The moment so many seconds after 1970; None when that is no number, or beyond the calendar."""
    found = number(seconds)
    try:
        return None if found is None else EPOCH + timedelta(seconds=found)
    except OverflowError:
        return None


def plain(value: Any, deeper: int = DEEPEST) -> Any:
    """Any value as texts, numbers, truth values, lists and mappings of texts; what is too deep is left out."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, str):
        return naming.writable(value if len(value) <= LONGEST_TEXT else f"{value[:LONGEST_TEXT]}… (cut)")
    if isinstance(value, int):
        return value if abs(value) < 10**MOST_DIGITS else math.inf if value > 0 else -math.inf
    if isinstance(value, Mapping):
        return {naming.writable(str(key)): plain(item, deeper - 1) for key, item in value.items()} if deeper else None
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item, deeper - 1) for item in value] if deeper else None
    return naming.writable(str(value))


def _loaded(plain: str) -> Any:
    try:
        return json.loads(plain)
    except json.JSONDecodeError:
        raise
    except ValueError:  # a whole number longer than Python turns into one
        return json.loads(plain, parse_int=_integer)


def _integer(digits: str) -> int | float:
    """A whole number; one too long for any metric as the float nearest to it."""
    return int(digits) if len(digits) < MOST_DIGITS else float(digits)


_DECODER = json.JSONDecoder(parse_int=_integer)


def _is_deep(value: Any) -> bool:
    """Whether a value is nested deeper than may be."""
    layer = [value]
    for _ in range(DEEPEST):
        layer = [
            item
            for one in layer
            for item in (one.values() if isinstance(one, dict) else one)
            if isinstance(item, dict | list)
        ] if layer and isinstance(layer[0], dict | list) else []  # fmt: skip
        if not layer:
            return False
    return True


def _writable(value: Any) -> Any:
    if isinstance(value, str):
        return naming.writable(value)
    if isinstance(value, dict):
        return {naming.writable(key): _writable(item) for key, item in value.items()}
    return [_writable(item) for item in value] if isinstance(value, list) else value
