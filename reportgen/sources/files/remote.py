"""Object stores and web addresses by fsspec: what may be a run's record is copied, the rest is told."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from reportgen.errors import DISTRIBUTION, ReportgenError, SourceError, SpecError, how_to_get
from reportgen.sources import folders, registry
from reportgen.sources.files import copies
from reportgen.sources.folders import NEVER, SKIPPED, Looking, Passed
from reportgen.sources.place import HEAD, SUFFIXES, Place
from reportgen.sources.source import Rank
from reportgen.sources.wandb import address as wandb_address

STORES = ("s3", "gs", "gcs", "az", "abfs", "abfss", "hf", "memory")
WEB = ("http", "https")
FILE = re.compile(  # the end of a web address that is a file, not a page
    r"(?i)\.(?:log|txt|out|csv|tsv|jsonl?|ndjson|wandb|parquet|feather|arrow|xlsx|ods|npz|db|zip|gz|xz|zst|bz2)$"
)
RUN_PAGE = re.compile(r"/[^/]+/[^/]+/runs/[^/]+(?:/.*)?")  # of W&B, on a server of its own
ATTEMPTS, PAUSE_S = 3, 0.5  # how often a broken transfer is begun again, and the first pause
SMALL = 1 << 20  # bytes; a smaller file is copied without a look at its head
BESIDE = "config.yaml"  # of AReaL: names its log's experiment
LARGEST_BESIDE = 10_000_000

Answer = TypeVar("Answer")


class Copied(NamedTuple):
    """Where the copies are, and what was not copied."""

    path: str
    passed: tuple[Passed, ...] = ()


def is_address(spec: str) -> bool:
    """Whether a spec is meant for a store or a web server that keeps files; W&B's own pages are not."""
    scheme = spec.partition("://")[0]
    if scheme in STORES:
        return "://" in spec
    if scheme not in WEB:
        return False
    try:
        split = urlsplit(spec)
    except ValueError:
        return False
    of_wandb = split.hostname in wandb_address.OWN_HOSTS or RUN_PAGE.fullmatch(split.path) is not None
    return bool(FILE.search(split.path)) and not of_wandb


def is_store(place: str) -> bool:
    """Whether an output goes to a store and not onto this machine."""
    scheme, there, _ = place.partition("://")
    return bool(there) and scheme in (*STORES, *WEB)


def copied(spec: str, looking: Looking) -> Copied:
    """A file, or what is below a prefix or matches a glob, as a copy on this machine for the process's time.

    Raises SpecError when nothing is there, SourceError when it can't be fetched or is too much.
    """
    store, root = _asked(spec, lambda: _store(spec))
    try:
        if "*" in root:
            above = root[: root.index("*")].rpartition("/")[0]
            found = _asked(spec, lambda: store.glob(root, detail=True))
            return _several(store, spec[: spec.index("*")].rpartition("/")[0], above, found, looking)
        if _asked(spec, lambda: store.isfile(root)):
            return _one(store, spec, root)
        found = {} if spec.startswith(WEB) else _asked(spec, lambda: store.find(root, detail=True))
        if not found:
            raise SpecError(f"{_shown(spec)}: nothing is there, or nothing that you may read; check the address")
        return _several(store, spec, root, found, looking)
    finally:
        store.clear_instance_cache()


def write(address: str, content: bytes) -> None:
    """Puts the content there, whole or not at all: an object is there once its upload has ended."""
    def put() -> None:
        store, path = _store(address)
        store.pipe_file(path, content)

    if address.startswith(WEB):
        raise ReportgenError(f"{_shown(address)}: a web server takes no page; write to a file or a store")
    _asked(address, put)


def _store(spec: str) -> tuple[Any, str]:
    try:
        import fsspec
    except ImportError as error:
        raise SpecError(f"{_shown(spec)}: addresses of stores need fsspec; {how_to_get('fsspec', 'remote')}") from error
    try:
        store, path = fsspec.core.url_to_fs(spec, **({} if spec.startswith(WEB) else {"use_listings_cache": False}))
    except ImportError as error:
        said = str(error).split("\n")[0][:120]
        more = f"this kind of store needs one more package ({said}), or install {DISTRIBUTION}[remote]"
        raise SpecError(f"{_shown(spec)}: {more}") from error
    return store, str(path)


def _asked(spec: str, ask: Callable[[], Answer]) -> Answer:
    """What a store answers; asked again when the transfer breaks. SourceError: why there is no answer."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return ask()
        except ReportgenError:
            raise
        except FileNotFoundError as error:
            raise SpecError(f"{_shown(spec)}: nothing is there; check the address") from error
        except PermissionError as error:
            raise SourceError(f"{_shown(spec)}: you may not read or write it; check the credentials") from error
        except Exception as error:  # what clients of stores let out is of no one kind
            if attempt == ATTEMPTS or "redential" in str(error):
                said = " ".join(str(error).split())[:160] or type(error).__name__
                where = f"{_shown(spec)}: can't be reached ({said})"
                raise SourceError(f"{where}; check the address and the credentials") from error
            time.sleep(PAUSE_S * 2 ** (attempt - 1))
    raise AssertionError("the last attempt raises")


def _one(store: Any, spec: str, root: str) -> Copied:
    """One file, with AReaL's settings where they lie beside it."""
    above, _, name = root.rpartition("/")
    size = int(_asked(spec, lambda: store.size(root)) or 0)
    if size > copies.MOST:
        raise SourceError(f"{_shown(spec)}: {size >> 20:,} MB, more than {copies.MOST >> 20:,} MB are not copied; "
                          "copy it by hand and give the file")  # fmt: skip
    where = copies.folder(_shown(spec).rpartition("/")[0])
    path = where / (name.partition("?")[0] or "file")
    _asked(spec, lambda: store.get_file(root, str(path)))
    beside = f"{above}/{BESIDE}"
    if not spec.startswith(WEB) and store.exists(beside) and int(store.size(beside) or 0) <= LARGEST_BESIDE:
        _asked(spec, lambda: store.get_file(beside, str(where / BESIDE)))
    return Copied(str(path))


def _several(store: Any, spec: str, root: str, found: dict[str, Any], looking: Looking) -> Copied:
    """What is below a prefix: small files, and larger ones whose first bytes are those of a record."""
    where = copies.folder(_shown(spec).rstrip("/"))
    passed: list[Passed] = []
    total = 0
    for path, about in sorted(found.items()):
        if about.get("type") == "directory":
            continue
        inside = PurePosixPath(path[len(root) :].lstrip("/") or PurePosixPath(path).name)
        size = int(about.get("size") or 0)
        why = _unfit(inside)
        place = where / inside
        if not why and size > SMALL and not _is_record(store, spec, path, place):
            why = "its first bytes are no run's"
        if not why:
            total += size
            if total > copies.MOST:
                raise SourceError(f"{_shown(spec)}: more than {copies.MOST >> 20:,} MB of records below it; name a "
                                  "run in it, or copy what you need by hand")  # fmt: skip
            place.parent.mkdir(parents=True, exist_ok=True)
            _fetch(store, spec, path, place)
        else:
            passed.append(Passed(str(place), why))
        looking(1, f"{_shown(spec)}, {total >> 20:,} MB copied")
    return Copied(str(where), tuple(passed))


def _fetch(store: Any, spec: str, path: str, place: Path) -> None:
    _asked(spec, lambda: store.get_file(path, str(place)))


def _unfit(inside: PurePosixPath) -> str:
    """Why a file isn't worth a copy; "" when it may be."""
    if any(part in ("..", *SKIPPED) or (part.startswith(".") and part not in folders.HIDDEN) for part in inside.parts):
        return "in a hidden folder"
    return "" if inside.suffix in (".yaml", ".yml") else NEVER.get(inside.suffix.lower(), "")


def _is_record(store: Any, spec: str, path: str, place: Path) -> bool:
    """Whether the first bytes of a larger file, or its place among a tracker's, are those of a run's record."""
    if place.name.endswith((".wandb", ".db", ".parquet", ".zip")) or place.suffix in SUFFIXES:
        return True
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(_asked(spec, lambda: store.cat_file(path, start=0, end=HEAD)))
    taken = registry.best(Place.file(str(place)))
    place.unlink()
    return taken is not None and taken.claim.rank >= Rank.LIKELY


def _shown(spec: str) -> str:
    """An address fit to be shown: without a login, and without a query, which may be a signature."""
    return re.sub(r"(?<=://)[^/@]*@", "", spec).partition("?")[0].replace("\0", "")[:300]
