"""What is secret in a config or a text never leaves this room readable."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

REMOVED = "[removed]"
PEEK = 200  # characters of a value that tell whether it is one


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SECRET_WORDS = _words(
    "key token secret secrets password passwords passwd passphrase pwd credential credentials webhook webhooks dsn"
    # compounds that people write as one word
    " apikey apikeys accesskey secretkey privatekey authkey authtoken accesstoken refreshtoken hftoken"
)
LOUD_WORDS = SECRET_WORDS - {"key", "token"}  # secret even when they stand alone in prose
BEFORE_KEY = _words(  # "API key: …" in prose
    "api access secret auth private bearer hf wandb refresh security encryption license signing ssh bot"
)
FINGERPRINT = _words(
    "commit commits hash sha sha1 revision rev head tree blob snapshot snapshots objects digest etag checksum"
    " fingerprint checkout parent base merge"
)
TOKENIZER = _words("eos bos pad sep unk cls mask special image video audio think start end stop box tool")

MANY_KEYS = re.compile(r"(?i)(?:^|[^a-z])(?:api|access|secret|auth|private|hf)[_-]?(?:keys|tokens)$")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_HARMLESS = re.compile(
    r"(?i)(?:none|null|nil|true|false|yes|no|~|\.{3}|\*+|<?(?:redacted|removed|hidden|masked)>?|\[removed\]?"
    r"|\d{1,9}(?:\.\d*)?)?$"
)
_SPECIAL_TOKEN = re.compile(r"<[^<>\s]{1,40}>$|</?s>$|\[[A-Z_]{1,20}\]$")

SPOKEN = ("key", "token", "secret", "passw", "passphrase", "pwd", "credential", "webhook", "dsn")
SHAPED = _words(  # one of these stands in every text that _SHAPE matches
    "hf_ sk- k_live_ k_test_ ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ AKIA ASIA xox xapp- glpat- AIza eyJ wandb_v npm_"
    " pypi- dop_v1_ SG. ya29. r8_ nvapi- gsk_ tgp_v1_ dapi rpa_"
)
_PEM = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|\Z)"
)
_URL_LOGIN = re.compile(r"(?<=://)(?!\[removed\]@)[^\s/?#\"'<>\\]{1,512}(?=@)")
_HEADER = re.compile(
    r"(?i)(?P<name>(?:authorization|x-api-key)\\?[\"']?[ \t]{0,4}[:=][ \t]{0,4}\\?[\"']?)"
    r"(?!\[removed)(?:(?:bearer|basic|token|digest|negotiate)[ \t]{1,4})?[^\s\"',;\\]+"
)
_BEARER = re.compile(r"(?P<name>\b[Bb]earer[ \t]{1,4})[A-Za-z0-9._~+/=-]{12,}")
_NAMED = re.compile(  # over lower case: the last word of a name, and what parts it from its value
    r"(?P<word>apikeys?|accesskey|secretkey|privatekey|authkey|key|authtoken|accesstoken|refreshtoken|hftoken"
    r"|token|secrets?|passwords?|passwd|passphrase|pwd|credentials?|webhooks?|dsn)(?:[_-]?\d{1,3})?"
    r"(?P<gap>\\?[\"']?[ \t]{0,4}(?::?=|:(?!//))[ \t]{0,4}|[ \t]{1,4}(?![-=:]))"
)
_ASSIGNED = re.compile(
    r"(?P<open>\\?[\"']|)(?P<bare>(?:(?<=\\[\"'])[^\"'\\\n]{0,4096}|(?<=\")(?:[^\"\\\n]|\\.){0,4096}"
    r"|(?<=')(?:[^'\\\n]|\\.){0,4096})|(?:(?:[Bb]earer|[Bb]asic)[ \t]{1,4})?[^\s\"',;&\\]+)"
)
_SHAPE = re.compile(
    r"(?<![A-Za-z0-9])(?:hf_[A-Za-z0-9]{16,}|(?<![_-])sk-(?=[A-Za-z_-]{0,80}\d)[A-Za-z0-9_-]{8,}"
    r"|[sr]k_(?:live|test)_\w{8,}|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|(?:AKIA|ASIA)[A-Z0-9]{12,}"
    r"|xox[a-z]-[A-Za-z0-9-]{8,}|xapp-[A-Za-z0-9-]{8,}|glpat-[\w-]{12,}|AIza[\w-]{30,}"
    r"|eyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*|wandb_v\d+_\w{16,}|npm_[A-Za-z0-9]{30,}|pypi-[\w-]{30,}|dop_v1_\w{32,}"
    r"|SG\.[\w-]{16,}\.[\w-]{16,}|ya29\.[\w-]{20,}|r8_[A-Za-z0-9]{30,}|nvapi-[\w-]{30,}|gsk_[A-Za-z0-9]{30,}"
    r"|tgp_v1_[\w-]{30,}|dapi[0-9a-f]{32}|rpa_[A-Za-z0-9]{30,})"
)
_HOOK = re.compile(r"(?<=://)(?:hooks\.slack\.com/|(?:\w{1,20}\.)?discord(?:app)?\.com/api/webhooks/)[^\s\"'<>\\]+")
_HEX40 = re.compile(r"(?<![A-Za-z0-9])[0-9a-fA-F]{40}(?![A-Za-z0-9])")


def text(value: str, *, keeps_hex: bool = False) -> tuple[str, int]:
    """The text with secrets replaced by [removed], and how many were; keeps_hex: 40 hex digits are none."""
    return _text(value, keeps_hex=keeps_hex)


def mapping(flat: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The mapping with secret values replaced, and the keys of those (once for each value)."""
    safe: dict[str, Any] = {}
    removed: list[str] = []
    for key, value in flat.items():
        name = text(key)[0] if isinstance(key, str) and len(key) > 20 and _SHAPE.search(key) else key
        safe[name], count = _value(str(name), value)
        removed += [name] * count
    return safe, removed


@lru_cache(maxsize=1 << 14)
def is_secret_key(key: str) -> bool:
    """Whether what stands under a key is secret: the last word of one of its parts says so."""
    if not any(word in key.lower() for word in SPOKEN):
        return False
    return any(_last_word(part) in SECRET_WORDS or MANY_KEYS.search(part) for part in key.replace("/", ".").split("."))


def _value(key: str, value: Any) -> tuple[Any, int]:
    """A value without its secrets, and how many were taken out."""
    if isinstance(value, str):
        if is_secret_key(key):
            return (value, 0) if _is_harmless(key, value) else (REMOVED, 1)
        return _text(value, keeps_hex=_names_fingerprint(key))
    if isinstance(value, Mapping):
        pairs = [(inner, *_value(f"{key}.{inner}", item)) for inner, item in value.items()]
        return {inner: item for inner, item, _ in pairs}, sum(count for _, _, count in pairs)
    if isinstance(value, list | tuple):
        return _items(key, value)
    return value, 0


def _items(key: str, values: list[Any] | tuple[Any, ...]) -> tuple[list[Any], int]:
    """A list without its secrets; the word after `--api-key` is one."""
    safe, total, after_option = [], 0, False
    for value in values:
        if after_option and isinstance(value, str) and not value.startswith("-") and not _HARMLESS.match(value):
            item, count = REMOVED, 1
        else:
            item, count = _value(key, value)
        after_option = isinstance(value, str) and value.startswith("-") and is_secret_key(value)
        safe.append(item)
        total += count
    return safe, total


def _text(value: str, *, keeps_hex: bool) -> tuple[str, int]:
    """The text without secrets: cheap looks first, since nearly every text has none."""
    lower = value.replace("\u0130", "I").lower()  # the one letter whose lower case is longer
    total = 0
    for seen, pattern, put in (
        ("-----begin", _PEM, REMOVED),
        ("://", _URL_LOGIN, REMOVED),
        ("hook", _HOOK, REMOVED),
        ("authorization", _HEADER, rf"\g<name>{REMOVED}"),
        ("x-api-key", _HEADER, rf"\g<name>{REMOVED}"),
        ("bearer", _BEARER, rf"\g<name>{REMOVED}"),
    ):
        if seen in lower:
            value, count = pattern.subn(put, value)
            total += count
    if any(word in lower for word in SPOKEN):
        value, count = _without_assigned(value)
        total += count
    if any(mark in value for mark in SHAPED):
        value, count = _SHAPE.subn(REMOVED, value)
        total += count
    if not keeps_hex and len(value) >= 40:
        before = value.count(REMOVED)
        value = _HEX40.sub(_hex, value)
        total += value.count(REMOVED) - before
    return value, total


def _without_assigned(value: str) -> tuple[str, int]:
    """The text with `NAME_KEY=value` and its like emptied of values, and how many were."""
    parts, at = [], 0
    for named in _NAMED.finditer(value.replace("\u0130", "I").lower()):
        if named.start() < at:
            continue  # inside a value that is gone already
        before = value[max(0, named.start() - 80) : named.start()]
        name = before[_name_start(before) :] + value[slice(*named.span("word"))]
        if _last_word(name) not in SECRET_WORDS:
            continue
        start = _ASSIGNED.match(value, named.end(), named.end() + PEEK)  # keeps this linear
        if start is None or not _is_assignment(name, before, named["gap"], start["bare"]):
            continue
        assigned = _ASSIGNED.match(value, named.end()) or start
        bare = assigned["bare"] if assigned["open"] else assigned["bare"].rstrip(")]}")
        if not _is_harmless(name, bare):
            parts += [value[at : assigned.start("bare")], REMOVED]
            at = assigned.start("bare") + len(bare)
    return "".join(parts) + value[at:], len(parts) // 2


def _hex(match: re.Match[str]) -> str:
    """Forty hex digits go, unless the words before say that they name a commit or a hash."""
    before = match.string[max(0, match.start() - 60) : match.start()]
    words = [word.lower() for word in _WORD.findall(before[-24:])]
    in_address = before.endswith("@") and "git" in before.rsplit(None, 1)[-1]
    return match.group() if in_address or FINGERPRINT & set(words[-2:]) else REMOVED


def _name_start(before: str) -> int:
    """Where the name that ends a text begins."""
    at = len(before)
    while at and (before[at - 1].isalnum() or before[at - 1] in "_-./"):
        at -= 1
    return at


def _is_assignment(name: str, before: str, gap: str, value: str) -> bool:
    """Whether this is a name with its value, rather than prose that mentions a key."""
    is_option = name.startswith("-")
    if not gap.strip():
        return is_option and len(name) > 2
    words = _WORD.findall(name)
    if is_option or len(words) > 1 or gap.lstrip("\\")[:1] in "\"'" or words[-1].lower() in LOUD_WORDS:
        return True
    asked = before.endswith(("?", "&")) or ("=" in gap and words[-1].lower() == "token")
    spoken = before.endswith(" ") and (before.split() or [""])[-1].lower() in BEFORE_KEY
    return asked or spoken or _looks_random(value)


def _looks_random(value: str) -> bool:
    return len(value) >= 12 and any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


def _is_harmless(name: str, value: str) -> bool:
    """Whether a value under a secret's name gives nothing away: empty, a number, a tokenizer's mark."""
    value = value.strip()
    if _HARMLESS.match(value) and not (value.isdigit() and _last_word(name) in LOUD_WORDS):
        return True
    words = [word.lower() for word in _WORD.findall(name)]
    return words[-1:] == ["token"] and bool(TOKENIZER & set(words)) and bool(_SPECIAL_TOKEN.match(value))


def _last_word(name: str) -> str:
    """The last word of a name, lower case; a trailing number is no word."""
    words = [word for word in _WORD.findall(name) if not word.isdigit()]
    return words[-1].lower() if words else ""


def _names_fingerprint(key: str) -> bool:
    return bool(FINGERPRINT & {word.lower() for word in _WORD.findall(key)})
