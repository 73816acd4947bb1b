"""What is secret in a config or a text never leaves this room readable: by its name, its shape, its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from reportgen.redact import names, places, shapes

REMOVED = "[removed]"
MARKS = (  # one of these stands in every text with a secret of places.py, in lower case
    *names.SPOKEN, "://", "%3a%2f%2f", "oracle:thin:", "curl", "bearer", "basic", "sig", "sas", "otp", "hmac", "-u",
    "-p", "-a ", "--creds", "login", "phrase", "code=", "policy=", "googleaccessid", "state=", "session=", "sid=",
    ":*:", ":5432:", ":3306:", "client", "openai(", "mistral(", "anthropic(", "groq(", "together(", " code", "\ttrue\t",
    "\tfalse\t", "| sudo", "|sudo", "-stdin", "kinit", "kty", "ldap", "lftp", "experiment(",
)  # fmt: skip
DIGIT = re.compile(r"\d")  # one stands in nearly every token
LETTERS = re.compile(r"(?:hf|gh[pousr]|npm|gsk)_[A-Za-z]{16}")  # begins a token that may be of letters alone
ESCAPED = re.compile(r"\\u00([3-6][0-9a-fA-F]|7[0-9aA])")
SHORTEST = 8  # characters; a shorter text can't hold a name with its secret


def text(value: str, *, keeps_hex: bool = False, keeps_paths: bool = False) -> tuple[str, int]:
    """The text with secrets replaced by [removed], and how many were.

    keeps_hex: 40 hex digits are none. keeps_paths: nor are those that stand behind a slash.
    """
    if len(value) < SHORTEST:
        return value, 0
    if "\\u00" in value:  # JSON may write any letter so
        plain = ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
        safe, count = text(plain, keeps_hex=keeps_hex, keeps_paths=keeps_paths)
        if count:
            return safe, count
    safe, count = _without_shapes(value)
    lower = safe.lower()
    if any(mark in lower for mark in MARKS):
        safe, more = _without_places(safe, lower)
        count += more
    if len(safe) >= 24:
        safe, more = _without_codes(safe, keeps_hex, keeps_paths, beside_aws="AKIA" in value or "aws" in lower)
        count += more
    return safe, count


def mapping(flat: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The mapping with secret values replaced, and the keys of those (once for each value)."""
    safe: dict[str, Any] = {}
    removed: list[str] = []
    for key, value in flat.items():
        name, in_key = text(key) if isinstance(key, str) else (key, 0)
        safe[name], count = _value(str(key), value)
        removed += [name] * (count + in_key)
    return safe, removed


def _value(key: str, value: Any) -> tuple[Any, int]:
    """A value without its secrets, and how many were taken out."""
    if isinstance(value, str):
        if names.is_secret(key) or (names.is_doubtful(key) and names.looks_secret(value)):
            return (value, 0) if names.is_harmless(key, value) else (REMOVED, 1)
        return text(value, keeps_hex=shapes.names_fingerprint(key))
    if isinstance(value, Mapping):
        return _pairs(key, value)
    if isinstance(value, list | tuple):
        return _items(key, value)
    if isinstance(value, int) and not isinstance(value, bool) and names.is_secret(key):
        return (value, 0) if names.is_harmless(key, str(value)) else (REMOVED, 1)
    return value, 0


def _pairs(key: str, values: Mapping[Any, Any]) -> tuple[dict[Any, Any], int]:
    """A nested mapping without its secrets; of {"name": "HF_TOKEN", "value": …} the value is one."""
    named = next((values[word] for word in ("name", "key", "Name", "Key") if isinstance(values.get(word), str)), "")
    safe, total = {}, 0
    for inner, item in values.items():
        name, in_key = text(inner) if isinstance(inner, str) else (inner, 0)
        own = f"{key}.{named}" if str(inner).lower() in ("value", "default") and named else f"{key}.{inner}"
        safe[name], count = _value(own, item)
        total += count + in_key
    return safe, total


def _items(key: str, values: list[Any] | tuple[Any, ...]) -> tuple[list[Any], int]:
    """A list without its secrets; the word after `--api-key` is one, and what a key split over lines is."""
    if any(isinstance(value, str) and "-----" in value for value in values):
        joined, count = text("\n".join(map(str, values)))
        if count:
            return joined.split("\n"), count
    safe: list[Any] = []
    total = 0
    for number, value in enumerate(values):
        if isinstance(value, str) and _follows_option(values, number, value):
            item, count = REMOVED, 1
        elif isinstance(value, str) and "=" not in value and value.startswith("-"):
            item, count = text(value)  # an option alone is no list's value
        else:
            item, count = _value(key, value)
        safe.append(item)
        total += count
    return safe, total


def _follows_option(values: list[Any] | tuple[Any, ...], number: int, value: str) -> bool:
    """Whether a word of a command is the secret that the word before announces."""
    option = values[number - 1] if number else ""
    if not isinstance(option, str) or not option.startswith("-") or "=" in option or value.startswith("--"):
        return False
    if option in ("-u", "-U", "--user", "--creds", "--proxy-user"):
        name, colon, secret = value.partition(":")
        return bool(colon and name and secret) and not secret.isdigit() and "/" not in name
    if option in ("-p", "-a", "-w"):
        whole = " ".join(str(word) for word in values[max(0, number - 12) : number + 1])
        return any(found.end() == len(whole) for found in places.TOOL.finditer(whole))
    return names.is_secret(option) and not names.is_harmless(option, value)


def _without_shapes(value: str) -> tuple[str, int]:
    count = 0
    if "BEGIN " in value:
        value, count = shapes.PEM.subn(REMOVED, value)
    if "END " in value:
        value, more = _cut(value, shapes.beheaded_key(value))
        count += more
    if "Private-Lines" in value:
        value, more = _cut(value, [found.span("body") for found in shapes.PUTTY.finditer(value)])
        count += more
    if len(value) > 15 and (DIGIT.search(value) or LETTERS.search(value)):
        value, more = shapes.SHAPE.subn(REMOVED, value)
        count += more
    return value, count


Judge = Callable[[re.Match[str]], bool]


def _without_places(value: str, lower: str) -> tuple[str, int]:
    """The text without what its place makes a secret: cheap looks first, since nearly every text has none."""
    total = 0
    for seen, pattern, is_one in PLACES:
        if any(mark in lower for mark in seen):
            group = "value" if "value" in pattern.groupindex else 0
            value, count = _cut(value, [found.span(group) for found in pattern.finditer(value) if is_one(found)])
            total += count
    if "secret" in lower and "data:" in lower.replace("stringdata", "data") and places.SECRET_KIND.search(value):
        value, count = _cut(value, places.kept_secrets(value))
        total += count
    if any(word in lower for word in (*names.SPOKEN, "sig", "sas", "otp", "pw")):
        value, count = _cut(value, places.assigned(value))
        total += count
    return value, total


def _without_codes(value: str, keeps_hex: bool, keeps_paths: bool, *, beside_aws: bool) -> tuple[str, int]:
    """The text without forty hex digits, which may be W&B's key, and without secrets in base64."""
    spans = []
    if not keeps_hex and len(value) >= 40:
        spans = [found.span() for found in shapes.HEX40.finditer(value)
                 if not shapes.is_fingerprint(value, *found.span(), paths=keeps_paths)]  # fmt: skip
    value, total = _cut(value, spans)
    if beside_aws:
        random = (found for found in shapes.AWS_SECRET.finditer(value) if names.looks_random(found[0], least=40))
        value, count = _cut(value, [found.span() for found in random])
        total += count
    coded = []
    for found in shapes.LONG_RUN.finditer(value):
        for part in shapes.parts_of(found[0]):
            if _holds_secret(part):
                start = value.index(part, found.start())
                coded.append((start, start + len(part)))
    value, count = _cut(value, coded)
    value, more = _cut(value, shapes.bare_tokens(value))
    return value, total + count + more


def _holds_secret(run: str, deeper: int = 2) -> bool:
    """Whether a run of base64 or of hex digits says something secret, or something that does."""
    for decoded in (shapes.decoded(run), shapes.unhexed(run)):
        if decoded and (_without_shapes(decoded)[1] or _without_places(decoded, decoded.lower())[1]):
            return True
        inner = decoded.strip()
        if deeper and shapes.LONG_RUN.fullmatch(inner) and _holds_secret(inner, deeper - 1):
            return True
    return False


def _cut(value: str, spans: Iterable[tuple[int, int]]) -> tuple[str, int]:
    """The text with each span replaced by [removed]."""
    parts, at, count = [], 0, 0
    for start, end in spans:
        if start >= at and value[start:end] != REMOVED:
            parts += [value[at:start], REMOVED]
            at, count = end, count + 1
    return ("".join(parts) + value[at:], count) if parts else (value, 0)


def _is_login(found: re.Match[str]) -> bool:
    return found[0].lower() not in places.NO_SECRET_LOGINS and not places.names.REFERENCE.fullmatch(found[0])


def _is_asked(found: re.Match[str]) -> bool:
    value = found["value"]
    if names.is_harmless("password", value):
        return False
    return bool(places.ALWAYS_ASKED.fullmatch(found["name"])) or names.looks_secret(value) or len(value) >= 20


def _is_pair(found: re.Match[str]) -> bool:
    return not found["value"].isdigit() and not names.is_harmless("password", found["value"])


def _is_named(found: re.Match[str]) -> bool:
    return not names.is_harmless("token", found["value"])


def _is_basic(found: re.Match[str]) -> bool:
    return ":" in shapes.decoded(found["value"])


def _is_key(found: re.Match[str]) -> bool:
    return names.looks_random(found["value"], least=12)


def _is_entry(found: re.Match[str]) -> bool:
    name = found["name"] or found["attribute"]
    return names.is_secret(name) and not names.is_harmless(name, found["value"])


def _is_header(found: re.Match[str]) -> bool:
    return not names.is_harmless("password", found["value"]) and (
        bool(found["scheme"]) or names.looks_secret(found["value"]) or "=" in found["rest"]
    )


PLACES: tuple[tuple[tuple[str, ...], re.Pattern[str], Judge], ...] = (
    (("://",), places.URL_LOGIN, _is_login),
    (("://",), places.URL_PASSWORD, _is_login),
    (("%3a%2f%2f",), places.CODED_LOGIN, _is_login),
    (("oracle:thin:",), places.ORACLE, _is_login),
    (("hook", "telegram", "/key/", "hc-ping", "/triggers/", "ftqq", "day.app"), places.HOOK, lambda found: True),
    (("/t/",), places.CONDA, _is_key),
    (("?", "&"), places.ASKED, _is_asked),
    (("authorization",), places.HEADER, _is_header),
    (("cookie",), places.COOKIE, lambda found: "=" in found["value"] and not names.is_harmless("", found["value"])),
    (("curl", "cookies"), places.COOKIES, lambda found: "=" in found["value"] or ":" in found["value"]),
    (("\ttrue\t", "\tfalse\t"), places.COOKIE_FILE, _is_named),
    (("bearer",), places.BEARER, lambda found: names.looks_random(found["value"], least=12)),
    (("basic",), places.BASIC, _is_basic),
    (("login",), places.NETRC, _is_named),
    ((":*:", ":5432:", ":3306:", ":"), places.PGPASS, _is_named),
    (("-u", "-a ", "--user", "--proxy-user", "--creds", "--basic"), places.USER, _is_pair),
    (("curl",), places.CURL_USER, _is_pair),
    (("curl",), places.CURL_KEY, _is_key),
    (("|",), places.PIPED, _is_named),
    (("--from-literal",), places.LITERAL, _is_named),
    (("config",), places.POETRY, _is_named),
    (("(",), places.CLIENT, lambda found: names.looks_random(found["value"], least=20)),
    (("kty",), places.JWK, lambda found: True),
    (("</",), places.ENTRY, _is_entry),
    ((" code", " pin", "-code", "-pin"), places.CODE, lambda found: True),
    (("auth",), places.AUTH_PAIR, _is_named),
    (("wandb",), places.WANDB_LOGIN, _is_named),
    (("-p", "-a", "-w", "-k", "pass:", "lep login", "lftp"), places.TOOL, _is_named),
    (("phrase", "mnemonic"), places.PHRASE, lambda found: True),
)
