"""Text made safe to draw and numbers made fit to read."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

MINUS = "\u2212"
THIN = "\u202f"  # narrow no-break space, before %
ELLIPSIS = "…"
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
LARGEST_WRITTEN_OUT = 1e12  # a number from here on is shown as 1.2e12
DRAWN = 120  # characters of a name that a chart has room for

# A control character in a drawn text aborts the process inside vl_convert; direction marks and lone
# surrogates break what comes after them; a backslash starts an escape in Vega's text.
_DROPPED = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb"
    "\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
)
_BLANKS = re.compile("[\t\n\r\x85\u2028\u2029]+")
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def drawable(text: object, limit: int = DRAWN) -> str:
    """One line of any text, safe in a chart and at most `limit` characters long."""
    return printable(text, limit).replace("\\", "\u2216")


def printable(text: object, limit: int = DRAWN) -> str:
    """One line of any text, as it is but for control characters, at most `limit` characters long."""
    line = _BLANKS.sub(" ", str(text)[: 4 * limit + 64])
    return shortened(_DROPPED.sub("", line), limit)


def shortened(text: str, limit: int) -> str:
    """The text, cut with an ellipsis when it is longer than `limit`."""
    return text if len(text) <= limit else text[: max(0, limit - 1)].rstrip() + ELLIPSIS


def told_apart(names: Iterable[str], room: int) -> dict[str, str]:
    """Name -> as much of it as fits into `room` characters and tells it from the others.

    What all of too long names share at their beginning and end is left out, whole words of it where words differ.
    """
    given = list(dict.fromkeys(names))
    if all(len(name) <= room for name in given):
        return {name: name for name in given}
    if len(given) == 1:
        return {given[0]: shortened(given[0], room)}
    first, last = _shared(given)
    begun = {name: ELLIPSIS + name[first:] if first > 1 else name for name in given}
    if last > 1 and any(len(text) > room for text in begun.values()):
        begun = {name: text[:-last] + ELLIPSIS for name, text in begun.items()}
    short = {name: shortened(text, room) for name, text in begun.items()}
    alike: dict[str, list[str]] = {}
    for name, text in short.items():
        alike.setdefault(text, []).append(name)
    for group in alike.values():
        if 1 < len(group) < len(given):
            short |= told_apart(group, room)
        elif len(group) > 1:  # they differ after words longer than the room
            first = max(0, _common(group) - room // 2)
            short |= {name: shortened(ELLIPSIS + name[first:], room) for name in group}
    return short


def _shared(names: list[str]) -> tuple[int, int]:
    """How many characters all names share at their beginning and at their end, up to where a word begins or ends."""
    first = _common(names)
    while first and names[0][first - 1].isalnum():
        first -= 1
    last = _common([name[first:][::-1] for name in names])
    while last and names[0][-last].isalnum():
        last -= 1
    return first, last


def _common(names: list[str]) -> int:
    """How many characters all names begin with, one of each left over."""
    low, high = min(names), max(names)
    same = next((at for at, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high)))
    return max(0, min(same, min(map(len, names)) - 1))


def fixed(value: float, decimals: int, *, signed: bool = False) -> str:
    """A number with so many decimals: "1,319", "−0.25"; more of them rather than a 0 that isn't."""
    if not math.isfinite(value):
        return str(value)
    if abs(value) >= LARGEST_WRITTEN_OUT:
        return number(value, signed=signed)
    while value and not float(f"{value:.{decimals}f}") and decimals < 12:
        decimals += 1
    sign = "+" if signed and value else ""
    return f"{value or 0.0:{sign},.{decimals}f}".replace("-", MINUS)


def number(value: float, digits: int = 3, *, signed: bool = False) -> str:
    """A number with so many significant digits, whole ones kept: "0.018", "27.5", "1,319", "1.7e−5"."""
    if not math.isfinite(value) or value == 0:
        return str(value) if value else "0"
    size = math.floor(math.log10(abs(value)))
    if -4 <= size < 7:
        shown = fixed(value, max(0, digits - 1 - size), signed=signed)
        return re.sub(r"(\.\d*?)0+$", r"\1", shown).rstrip(".") if "." in shown else shown
    mantissa, exponent = f"{value:{'+' if signed else ''}.{digits - 1}e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{int(exponent)}".replace("-", MINUS)


def count(value: float) -> str:
    """A whole number with thousands: "7,473"."""
    if abs(value) >= 1e18:
        return number(value)
    return f"{round(value):,}".replace("-", MINUS)


def percent(share: float, decimals: int = 2) -> str:
    """A share as percent: "32.05 %"; never 0 or 100 unless it is."""
    value = 100 * share
    if 99 < value < 100 and float(f"{value:.{decimals}f}") >= 100:
        return f"over{THIN}{100 - 10.0**-decimals:.{decimals}f}{THIN}%"
    if value > 0 and not float(f"{value:.{decimals}f}"):
        return f"under{THIN}{10.0**-decimals:.{decimals}f}{THIN}%"
    return f"{fixed(value, decimals)}{THIN}%"


def points(difference: float, decimals: int = 2) -> str:
    """A difference of shares in percentage points, always signed: "+13.70 pp"."""
    return f"{fixed(100 * difference, decimals, signed=True)} pp"


def level(value: float, accuracy: bool) -> str:
    """A reward: percent when it is an accuracy, else as logged."""
    return percent(value) if accuracy else number(value)


def difference(value: float, accuracy: bool) -> str:
    """A signed difference of rewards."""
    return points(value) if accuracy else number(value, signed=True)


def interval(
    bounds: Iterable[float], accuracy: bool = False, *, signed: bool = False, decimals: int = 1
) -> str:
    """The ends of an interval, the unit not repeated: "[+10.4, +16.9]".

    Shares are shown in percent; other numbers with the digits that tell the ends apart.
    """
    low, high = bounds
    if accuracy:
        return f"[{fixed(100 * low, decimals, signed=signed)}, {fixed(100 * high, decimals, signed=signed)}]"
    if float(low).is_integer() and float(high).is_integer() and not signed:
        return f"[{count(low)}, {count(high)}]"
    width = abs(high - low) or abs(high) or 1.0
    places = min(10, max(0, 1 - math.floor(math.log10(width)))) if math.isfinite(width) else 1
    return f"[{fixed(low, places, signed=signed)}, {fixed(high, places, signed=signed)}]"


def steps(bounds: Iterable[float]) -> str:
    """First and last step of an interval: "[70, 104]"."""
    low, high = bounds
    return f"[{count(low)}, {count(high)}]"


def p_value(p: float) -> str:
    """A p-value: "p = 0.06", "p < 0.001", "p < 10⁻¹⁵"; never across 0.05 by rounding."""
    if not 0 <= p <= 1:
        return "p unknown"
    if p < 1e-300:
        return "p < 10⁻³⁰⁰"
    if p < 1e-4:
        exponent = min(-4, math.floor(math.log10(p)) + 1)
        return "p < 10" + str(exponent).translate(_SUPERSCRIPT)
    if p < 1e-3:
        return "p < 0.001"
    places = 3 if p < 0.0095 or 0.045 <= p < 0.055 else 2
    while (p < 0.05) != (float(f"{p:.{places}f}") < 0.05) and places < 8:
        places += 1
    return f"p = {p:.{places}f}"


def probability(p: float) -> str:
    """A probability with two decimals; "over 0.99" rather than 1, which no data shows."""
    if p >= 0.995:
        return "over 0.99"
    return "under 0.01" if p < 0.005 else f"{p:.2f}"


def duration(seconds: float) -> str:
    """A stretch of time: "27.4 s", "58 min", "3 h 20 min", "2 d 4 h"."""
    if seconds < 120:
        return f"{number(seconds)} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def hours(value: float, digits: int = 3) -> str:
    """A number of hours: "0.97"; "under 0.01" rather than 9.9e−5."""
    return "under 0.01" if 0 < value < 0.005 else number(value, digits)


def gpu_hours(value: float) -> str:
    """A cost: "0.97 GPU-hours"."""
    return f"{hours(value)} GPU-hours"


def spelled(n: int) -> str:
    """A small count as a word: "two"."""
    return NUMBERS[n] if 0 <= n < len(NUMBERS) else count(n)


def plural(n: int, noun: str, many: str = "") -> str:
    """A count with its noun: "1 step", "36 steps"."""
    return f"{count(n)} {noun if n == 1 else many or noun + 's'}"


def listed(names: Iterable[object], most: int = 4) -> str:
    """Some names in a sentence: "47 and 88", "1, 5, 9 and 12 more"."""
    items = [str(name) for name in names]
    if len(items) > most:
        return ", ".join(items[: most - 1]) + f" and {len(items) - most + 1} more"
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)
