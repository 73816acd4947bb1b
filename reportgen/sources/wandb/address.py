"""Addresses of runs at Weights & Biases, as people have them at hand: short, pasted from a browser, or a query."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from reportgen.errors import SpecError
from reportgen.sources import place

PREFIX = "wandb:"
KEYS = ("group", "name", "tag", "state", "sweep", "limit")  # of a query
TOLD = ("named", "newest", "of")  # what find() knew of the run, for its notes
OWN_HOSTS = ("wandb.ai", "www.wandb.ai", "api.wandb.ai", "forge.coreweave.com", "api.forge.coreweave.com")
EXPECTED = "a W&B run is written entity/project/run_id, a whole project wandb:entity/project"

_ENTITY = r"[A-Za-z0-9][A-Za-z0-9_-]*"
_NAME = r"[^/\\#?%:*\[\]\s\0][^/\\#?%:*\[\]\0]*"  # what W&B lets a project or a run id be
_SHORT = (  # forms without a prefix, the telling ones first
    re.compile(rf"/?(?P<entity>{_ENTITY})/(?P<project>{_NAME})/runs/(?P<run>{_NAME})/?"),
    re.compile(rf"/?(?P<entity>{_ENTITY})/(?P<project>{_NAME}):(?P<run>{_NAME})"),
    re.compile(rf"(?P<entity>{_ENTITY})/(?P<project>{_NAME})/(?P<run>{_NAME})/?"),
    re.compile(rf"(?P<project>{_ENTITY})/(?P<run>{_NAME})/?"),
)
_FILE = re.compile(
    r"(?i)\.(?:log|csv|tsv|jsonl?|ndjson|wandb|parquet|txt|html?|ya?ml|toml|py|sh|out|err|md|pdf|gz|xz|zst|bz2|zip|tar)$"
)
_PAGES = frozenset(("workspace", "table", "overview", "runs", "sweeps", "groups", "reports", "artifacts", "jobs"))


@dataclass(frozen=True)
class Address:
    """One run, or the runs of a project that pass a query."""

    entity: str  # "": whoever is logged in, or WANDB_ENTITY
    project: str  # "": WANDB_PROJECT
    run: str = ""  # id or name; "": several runs
    site: str = ""  # "https://host[:port]" as pasted; "": where the client is configured to
    query: tuple[tuple[str, str], ...] = ()

    @property
    def spec(self) -> str:
        """The address as it is written on a command line."""
        parts = [quote(part, safe=" ,;=@!~'()+&$") for part in (self.entity, self.project, self.run) if part]
        asked = f"?{urlencode(self.query, quote_via=quote)}" if self.query else ""
        if not self.site:
            return PREFIX + "/".join(parts) + asked
        if self.run:
            parts.insert(2, "runs")
        return f"{self.site}/{'/'.join(parts)}{asked}"

    @property
    def where(self) -> str:
        """The address as a person reads it."""
        return "/".join(part for part in (self.entity, self.project, self.run) if part)

    def asked(self, key: str) -> tuple[str, ...]:
        """What the query says about a key, each value by itself."""
        return tuple(part for name, value in self.query if name == key for part in value.split(",") if part)


def parse(spec: str, *, one_word: bool = False) -> Address | None:
    """The address that a spec is by its looks; None when it is none. What exists on disk is never one.

    one_word: whether a word alone is a run (WANDB_PROJECT says of which project).
    Raises SpecError for what is an address for certain, but of nothing that can be read.
    """
    if spec.startswith(PREFIX):
        return _prefixed(spec)
    if spec.startswith(("https://", "http://")):
        return _pasted(spec)
    if place.exists(spec) or _FILE.search(spec):
        return None
    for form in _SHORT:
        if found := form.fullmatch(spec):
            parts = found.groupdict()
            if place.exists(spec.lstrip("/").split("/")[0]):
                return None
            return Address(parts.get("entity") or "", parts["project"], parts["run"])
    return Address("", "", spec) if one_word and re.fullmatch(_NAME, spec) else None


def is_address(spec: str, *, one_word: bool = False) -> bool:
    """Whether a spec is meant for W&B; also one that parse() refuses."""
    try:
        return parse(spec, one_word=one_word) is not None
    except SpecError:
        return True


def remarks(specs: Sequence[str]) -> tuple[str, ...]:
    """What a person must hear about specs that find() gave: names that several runs share, limits that bit."""
    told = dict.fromkeys(remark(address) for spec in specs if is_address(spec) and (address := parse(spec)))
    return tuple(text for text in told if text)


def remark(address: Address) -> str:
    """What find() knew when it gave this address; "" when that was nothing special."""
    told = dict(address.query)
    project = f"{address.entity}/{address.project}"
    if "named" in told:
        return f"{told.get('of', 'several')} runs of {project} are named {told['named']!r}; all are used"
    if "newest" in told:
        return (f"{project}: the {told['newest']} newest of {told.get('of', 'more')} runs that match are used; "
                f"add limit={told.get('of', 'N')} to the query for all")  # fmt: skip
    return ""


def _prefixed(spec: str) -> Address:
    """wandb:entity/project, wandb:entity/project/run, each with a query."""
    path, _, query = spec.removeprefix(PREFIX).partition("?")
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if len(parts) == 4 and parts[2] == "runs":
        del parts[2]
    if not 1 <= len(parts) <= 3 or not all(parts) or any("\0" in part for part in parts):
        raise SpecError(f"{_shown(spec)}: names no project or run; {EXPECTED}")
    if len(parts) == 1:
        return Address("", parts[0], query=_query(query, spec))
    return Address(parts[0], parts[1], parts[2] if len(parts) > 2 else "", query=_query(query, spec))


def _pasted(spec: str) -> Address:
    """An address from a browser, whatever page of the run or the project it shows."""
    try:
        split = urlsplit(spec)
        host, port = split.hostname or "", split.port
    except ValueError as error:
        raise SpecError(f"{_shown(spec)}: no web address ({error}); {EXPECTED}") from error
    parts = [unquote(part) for part in split.path.split("/") if part]
    if host.endswith("forge.coreweave.com") and parts[:1] == ["wandb"]:
        del parts[0]
    site = f"{split.scheme}://{host}" + (f":{port}" if port else "")
    if len(parts) < 2 or any("\0" in part for part in parts):
        raise SpecError(f"{_shown(spec)}: names no project or run; {EXPECTED}")
    entity, project, *rest = parts
    told = tuple((key, value) for key, value in parse_qsl(split.query) if key in TOLD)
    if rest[:1] == ["runs"] and len(rest) > 1:
        return Address(entity, project, rest[1], site, told)
    if rest[:1] == ["sweeps"] and len(rest) > 1:
        return Address(entity, project, site=site, query=(("sweep", rest[1]),))
    if rest[:1] == ["groups"] and len(rest) > 1:
        return Address(entity, project, site=site, query=(("group", rest[1]),))
    if rest[:1] and rest[0] in ("reports", "artifacts", "jobs"):
        raise SpecError(f"{_shown(spec)}: a page of {rest[0]}, not of runs; {EXPECTED}")
    if rest and rest[0] not in _PAGES:
        return Address(entity, project, rest[0], site, told)
    own = tuple((key, value) for key, value in parse_qsl(split.query) if key in KEYS)
    return Address(entity, project, site=site, query=own)


def _query(text: str, spec: str) -> tuple[tuple[str, str], ...]:
    """A query's pairs; SpecError for a key that none has."""
    pairs = tuple(parse_qsl(text.replace("+", "%2B"), keep_blank_values=True))
    for key, value in pairs:
        if key not in (*KEYS, *TOLD):
            raise SpecError(f"{_shown(spec)}: no such filter {key!r}; one of {', '.join(KEYS)}")
        if not value:
            raise SpecError(f"{_shown(spec)}: {key}= has no value; give one or leave it out")
        if key == "limit" and not (value.isdecimal() and int(value) > 0):
            raise SpecError(f"{_shown(spec)}: limit={value} is no number of runs; write limit=20")
    if text and not pairs:
        raise SpecError(f"{_shown(spec)}: {text!r} is no filter; write ?group=… with one of {', '.join(KEYS)}")
    return pairs


def _shown(spec: str) -> str:
    """A spec fit to be quoted in a message: a login in an address is left out."""
    return re.sub(r"(?<=://)[^/@]*@", "", spec.replace("\0", "\\0"))[:200]
