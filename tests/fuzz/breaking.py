"""Ways to break a file: bytes, lines, numbers, words that hurt, JSON values of another kind."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from random import Random
from typing import Any

from tests.fuzz.seeds import Files

HURT = (  # words that have broken readers
    b"nan",
    b"NaN",
    b"-inf",
    b"Infinity",
    b"null",
    b"None",
    b"true",
    b"[]",
    b"{}",
    b'""',
    b"0",
    b"-1",
    b"-0.0",
    b"1e999",
    b"1e-320",
    b"9" * 400,
    b"9" * 5000,
    b"9223372036854775808",
    b"18446744073709551616",
    b"0x1F",
    b"1_0",
    b"1,5",
    b"1.5.5",
    b"1e5e5",
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\xed\xa0\x80",
    b"\\ud800",
    b"\x1b[31m",
    b"\x9b31m",
    b"\r",
    b"\n\n",
    b"\x1c",
    b"\xe2\x80\xa8",
    b'"',
    b"'",
    b"\\",
    b"`",
    b"</script>",
    b"{{",
    b"${",
    b"%s",
    b"=cmd|' /C calc'!A0",
    b"@",
    b"<<: *x",
    b"&a [*a]",
    b"!!int ''",
    b"!!python/object/apply:os.system [x]",
    b"*nope",
    b"? [a, b]",
    b"2001-99-99T99:99:99Z",
    b"10000-01-01T00:00:00Z",
    b"12:30:45",
    b"[" * 900 + b"]" * 900,
    b'{"a":' * 300 + b"1" + b"}" * 300,
    b"step",
    b"_step",
    b"reward",
    b"..",
    b"/",
    b"a" * 3000,
    b"'epoch': " * 50,
    b"step:1 - a:",
    "Ünïcödé 日本".encode(),
    b"\xf0\x9f\x98\x80",
)
VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1e308,
    float("nan"),
    float("inf"),
    10**30,
    "",
    "x",
    "nan",
    "1",
    [],
    {},
    [1, [2]],
    {"a": 1},
    ["a"],
    "\ud800",
    "a\x00b",
    "\x1b[31m",
    1e-320,
    2**63,
    -(2**63),
    "2001-99-99",
    [None],
    {"value": None},
)
NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def broken(files: Files, chance: Random) -> Files:
    """The files with one of them broken in one to five ways."""
    name = chance.choice(sorted(files))
    content = files[name]
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
        content = chance.choice(WAYS)(content, chance)
    return {**files, name: content}


def _flip(content: bytes, chance: Random) -> bytes:
    if not content:
        return content
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 8))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _cut(content: bytes, chance: Random) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def _drop(content: bytes, chance: Random) -> bytes:
    start = chance.randrange(len(content) + 1)
    return content[:start] + content[start + chance.choice((1, 2, 8, 64, 512)) :]


def _repeat(content: bytes, chance: Random) -> bytes:
    start = chance.randrange(len(content) + 1)
    part = content[start : start + chance.choice((1, 8, 64, 512))]
    return content[:start] + part * chance.choice((2, 3, 50)) + content[start:]


def _insert(content: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(content) + 1)
    return content[:at] + chance.choice(HURT) + content[at:]


def _number(content: bytes, chance: Random) -> bytes:
    """A number turned into a word that hurts."""
    numbers = list(NUMBER.finditer(content))
    if not numbers:
        return content
    found = chance.choice(numbers)
    return content[: found.start()] + chance.choice(HURT) + content[found.end() :]


def _lines(content: bytes, chance: Random) -> bytes:
    """Lines left out, repeated or put elsewhere."""
    lines = content.split(b"\n")
    at, to = chance.randrange(len(lines)), chance.randrange(len(lines))
    what = chance.randrange(4)
    if what == 0:
        del lines[at : at + chance.choice((1, 3))]
    elif what == 1:
        lines[at:at] = [lines[to]] * chance.choice((1, 5))
    elif what == 2:
        lines[at], lines[to] = lines[to], lines[at]
    else:
        chance.shuffle(lines)
    return b"\n".join(lines)


def _value(content: bytes, chance: Random) -> bytes:
    """A value of a JSON text, or of one of its lines, turned into one of another kind."""
    whole = _changed(content, chance)
    if whole is not None:
        return whole
    lines = content.split(b"\n")
    at = chance.randrange(len(lines))
    line = _changed(lines[at], chance)
    if line is None:
        return _number(content, chance)
    lines[at] = line
    return b"\n".join(lines)


def _changed(text: bytes, chance: Random) -> bytes | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    holders: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting and len(holders) < 2000:
        one = waiting.pop()
        items = one.items() if isinstance(one, dict) else enumerate(one) if isinstance(one, list) else ()
        for key, item in items:
            holders.append((one, key))
            waiting.append(item)
    if not holders:
        return json.dumps(chance.choice(VALUES)).encode("utf-8", "surrogatepass")
    holder, key = chance.choice(holders)
    if isinstance(holder, dict) and chance.random() < 0.3:
        holder.pop(key)
    else:
        holder[key] = chance.choice(VALUES)
    return json.dumps(value).encode("utf-8", "surrogatepass")


WAYS: tuple[Callable[[bytes, Random], bytes], ...] = (
    _flip,
    _cut,
    _drop,
    _repeat,
    _insert,
    _insert,
    _number,
    _number,
    _lines,
    _value,
    _value,
)
