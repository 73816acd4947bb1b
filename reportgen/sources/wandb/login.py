"""Who may get the W&B key, and the real client made for one of them: it never asks, never waits without end."""

from __future__ import annotations

import netrc
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from reportgen import redact
from reportgen.errors import ReportgenError, SourceError
from reportgen.sources.wandb.address import OWN_HOSTS, Address

if TYPE_CHECKING:
    import wandb

Answer = TypeVar("Answer")

API = "https://api.wandb.ai"
KEY, URL = "WANDB_API_KEY", "WANDB_BASE_URL"
QUIET = {"WANDB_DEBUG": "false", "WANDB_CORE_DEBUG": "false"}  # else wandb-core writes the key into its log
LOOPBACK = ("localhost", "127.0.0.1", "::1")
_SETTINGS = threading.RLock()  # held while the client's settings or the environment are not the person's own


@dataclass(frozen=True)
class Limits:
    """How long a fetch may take, and how often a question is asked again."""

    total_s: float = 1800.0  # for one run, all pages
    answer_s: int = 30  # for one answer, the client's own attempts included
    file_s: int = 300  # for one file of exported history
    attempts: int = 3  # of ours, each with the client's own below
    pause_s: float = 1.0  # before the second attempt; doubles
    client_attempts: int = 3  # the client's own beyond the first, on 429, 5xx and refused connections
    client_pause_s: int = 8  # the client's longest, unless the server says Retry-After


USUAL = Limits()


def connect(address: Address, limits: Limits = USUAL) -> wandb.Api:
    """The real client for an address; SourceError when its host may not get the key or there is no login."""
    import wandb
    from wandb.errors import Error, UsageError

    base_url, key = _host(address)
    if not key and not _has_login(base_url):
        raise SourceError(f"{address.where}: no login for {base_url}; run `wandb login` or set WANDB_API_KEY")
    given = {"base_url": base_url} | ({"entity": address.entity} if address.entity else {})
    try:
        with bounded(limits, {URL: base_url} | ({KEY: key} if key else {})):
            return wandb.Api(overrides=given, timeout=limits.answer_s, api_key=key)
    except UsageError as error:
        raise SourceError(
            f"{address.where}: no login for {base_url} that works ({said(error, key)}); run `wandb login` "
            "or set WANDB_API_KEY"
        ) from None  # the client's own traceback may hold what it was given
    except Error as error:
        raise SourceError(
            f"{address.where}: {base_url} could not be used ({said(error, key)}); check the connection and the login"
        ) from None


def elsewhere(address: Address) -> str:
    """The site of an address that is not where the client goes by itself; "" for one that is."""
    base_url, _ = _host(address)
    return address.site if base_url != _configured() else ""


def said(error: Exception, key: str | None = None) -> str:
    """What the client said, on one line, without the key."""
    text = " ".join(str(error).split())[:300] or type(error).__name__
    for secret in (key, os.environ.get(KEY)):
        if secret:
            text = text.replace(secret, redact.REMOVED)
    return redact.text(text)[0].rstrip(".")


def in_time(ask: Callable[[], Answer], where: str, limit_s: float) -> Answer:
    """The answer; SourceError when there is none after so many seconds, whatever a server keeps sending.

    The client's own limits are for each piece of an answer, so that one which drips would never end.
    """
    found: list[Answer] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.append(ask())
        except BaseException as error:
            failed.append(error)

    asking = threading.Thread(target=run, name="ask", daemon=True)  # left behind when it does not end
    asking.start()
    asking.join(limit_s)
    if failed:
        raise failed[0]
    if not found:
        raise SourceError(f"{where}: no whole answer from W&B after {limit_s:.0f} s; try again later")
    return found[0]


def refuse(site: str) -> str:
    """Why a pasted address is not followed."""
    return (f"{site}: not a host that your W&B key is for, so nothing was sent there; "
            f"if it is your server, run `wandb login --host={site}`")  # fmt: skip


def _host(address: Address) -> tuple[str, str | None]:
    """The API of an address, and the key for it where the client would take another's."""
    configured, site = _configured(), address.site
    if configured.startswith("http:") and _hostname(configured) not in LOOPBACK:
        raise SourceError(f"{configured}: the W&B key would go there in the clear, so nothing was sent; "
                          "give its https address as WANDB_BASE_URL")  # fmt: skip
    if not site or _place(site) in _places(configured):
        return configured, None
    if _hostname(site) in OWN_HOSTS and _place(site)[1] in (443, 80):
        return (configured, None) if _hostname(configured) in OWN_HOSTS else (API, _from_netrc(API))
    key = _from_netrc(site)
    if key is None or (site.startswith("http:") and _hostname(site) not in LOOPBACK):
        raise SourceError(refuse(site))
    return site, key


def _configured() -> str:
    """The API that the client goes to by itself."""
    with _SETTINGS:
        return str(os.environ.get(URL) or _settings().base_url).rstrip("/")


def _places(configured: str) -> set[tuple[str, int]]:
    """Host and port of the configured server: its API, its pages."""
    host, port = _place(configured)
    places = {(host, port), (host.removeprefix("api."), port)}
    if app := os.environ.get("WANDB_APP_URL"):
        places.add(_place(app))
    if configured.startswith("https:"):
        places |= {(name, 80) for name, _ in places if port == 443}  # http is pasted, https is asked
    return places


def _place(url: str) -> tuple[str, int]:
    split = urlsplit(url)
    return (split.hostname or "").lower(), split.port or (80 if split.scheme == "http" else 443)


def _hostname(url: str) -> str:
    return _place(url)[0]


def _from_netrc(url: str) -> str | None:
    """The key that netrc has for a host; the port counts, as it does for the client."""
    split = urlsplit(url)
    for machine in (split.netloc, split.hostname if split.port in (None, 80, 443) else None):
        login = _netrc().hosts.get(machine or "")  # never its `default`, which is for any host
        if login and login[2]:
            return str(login[2])
    return None


def _netrc() -> netrc.netrc:
    """The user's netrc; an empty one when there is none that can be read."""
    named = os.environ.get("NETRC")
    for name in (named,) if named else ("~/.netrc", "~/_netrc"):
        path = Path(os.path.expanduser(name))  # noqa: PTH111 (never an error, for a user without a home too)
        if path.is_file():
            try:
                return netrc.netrc(path)
            except (netrc.NetrcParseError, OSError, ValueError):
                break
    return netrc.netrc(os.devnull)


def _has_login(base_url: str) -> bool:
    """Whether the client will find a login by itself, so that it needn't ask."""
    with _SETTINGS:
        if os.environ.get(KEY) or os.environ.get("WANDB_IDENTITY_TOKEN_FILE"):
            return True
    upstream = API if _hostname(base_url) in OWN_HOSTS else base_url
    return any(map(_from_netrc, (base_url, upstream))) or bool(_settings().api_key)


def tidy(run: Any) -> None:
    """Takes away the empty folders entity/project/id that the client makes for each run it shows.

    They stand in WANDB_DIR or the temporary folder; in the working folder they would pass for a local run.
    """
    folder = Path(run.dir)
    for empty in (folder, folder.parent, folder.parent.parent):
        try:
            empty.rmdir()
        except OSError:
            return


@contextmanager
def bounded(limits: Limits, environment: Mapping[str, str] | None = None) -> Iterator[None]:
    """While a client is made, the settings that it copies are ours where nobody set them: bounds, and no chatter.

    The client takes no such arguments, and without them a scan of history is repeated for a quarter of an hour.
    environment: what stands in the environment meanwhile; 0.22 checks that login, whatever it is given.
    """
    ours: dict[str, Any] = {"silent": True}
    for what in ("x_graphql", "x_file_transfer"):  # the latter fetches metadata and exported history
        ours |= {
            f"{what}_retry_max": limits.client_attempts,
            f"{what}_retry_wait_min_seconds": 1,
            f"{what}_retry_wait_max_seconds": limits.client_pause_s,
        }
    ours |= {"x_graphql_timeout_seconds": limits.answer_s, "x_file_transfer_timeout_seconds": limits.file_s}
    with _SETTINGS:
        settings = _settings()
        before = {name: getattr(settings, name) for name in ours}
        for name, value in ours.items():
            if before[name] in (None, False):
                setattr(settings, name, value)
        try:
            with _environment(environment or {}):
                yield
        finally:
            for name, value in before.items():
                setattr(settings, name, value)


def _settings() -> wandb.Settings:
    """The client's own settings; reading them starts its process."""
    import wandb

    with _SETTINGS, _environment(QUIET):
        return wandb.setup().settings


@contextmanager
def _environment(given: Mapping[str, str]) -> Iterator[None]:
    """While something is done, the environment says this."""
    own = {name: os.environ.get(name) for name in given}
    os.environ |= given
    try:
        yield
    finally:
        for name, was in own.items():
            os.environ.pop(name, None)
            os.environ |= {name: was} if was is not None else {}


def as_source_error(error: Exception, where: str, key: str | None) -> ReportgenError:
    """A client's error as one sentence that names the run."""
    text = said(error, key)
    if "busy and did not respond in time" in text:
        text = "no answer in time"
    return SourceError(f"{where}: W&B could not be read ({text}); try again, or check the run in the browser")
