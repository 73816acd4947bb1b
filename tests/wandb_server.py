"""A small loopback server that speaks W&B's GraphQL, its file stream and its uploads, as the client asks for them.

It keeps runs in memory. They come in through `add`, or from the real SDK that logs or syncs to it.
Faults are scripted: each names an operation, what goes wrong and how often.
"""

from __future__ import annotations

import base64
import bisect
import gzip
import json
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from wandb_operations import OPERATIONS, file_stream, unknown

KEY = "k3y" + "0123456789abcdef" * 3  # shaped as W&B's: 40 characters or more
ENTITY = "my-team"


@dataclass
class Stored:
    """One run as the server keeps it."""

    id: str
    entity: str = ENTITY
    project: str = "gsm8k"
    name: str = ""
    state: str = "finished"
    config: dict[str, Any] = field(default_factory=dict)  # {"lr": {"value": 1e-5}}
    summary: dict[str, Any] = field(default_factory=dict)
    history: Sequence[Mapping[str, Any]] = field(default_factory=list)  # ascending by _step
    events: list[dict[str, Any]] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    notes: str | None = None
    group: str | None = None
    job_type: str | None = None
    sweep: str | None = None
    commit: str | None = None
    created_at: str = "2026-03-01T10:00:00Z"
    heartbeat_at: str = "2026-03-01T11:00:00Z"
    files: dict[str, bytes] = field(default_factory=dict)
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    line_count: int | None = None  # what the server claims; None: the truth
    exported: int = 0  # rows that it also offers as a Parquet file

    @property
    def last_step(self) -> int:
        """The last step logged, -1 when there is none."""
        return int(self.history[-1]["_step"]) if len(self.history) else -1

    def between(self, first: int, stop: int) -> list[Mapping[str, Any]]:
        """Rows with first <= _step < stop."""
        low = bisect.bisect_left(self.history, first, key=lambda row: row["_step"])
        high = bisect.bisect_left(self.history, stop, key=lambda row: row["_step"])
        return [self.history[at] for at in range(low, high)]


@dataclass
class Fault:
    """What goes wrong, at which operation, and how often."""

    operation: str  # "HistoryPage", "*" for any
    status: int = 0  # answer with this status; 0: see the others
    times: int = 1
    after: int = 0  # let so many pass first
    retry_after_s: int | None = None
    cut: bool = False  # send half of the answer, then hang up
    html: bool = False  # a captive portal's page
    errors: str = ""  # GraphQL errors in a 200
    hang_s: float = 0.0
    answer: bytes | None = None  # anything at all, in a 200
    to: str = ""  # another address that it redirects to
    drip: bool = False  # a byte now and then, without end


class Server(ThreadingHTTPServer):
    """Runs, scripted faults, and a record of all that was asked."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.key = KEY
        self.runs: dict[tuple[str, str, str], Stored] = {}
        self.faults: list[Fault] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []  # (operation, variables)
        self.keys_seen: set[str] = set()
        self.most_rows = 1_000_000  # a page; a wider one is thinned
        self.at_work = self.most_at_once = 0  # questions being answered
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def add(self, *runs: Stored) -> None:
        """Keep these runs."""
        for run in runs:
            self.runs[run.entity, run.project, run.id] = run

    def count(self, operation: str) -> int:
        """How often an operation was asked."""
        return sum(name == operation for name, _ in self.asked)

    def fault(self, operation: str) -> Fault | None:
        """The fault due for this request, used up by it."""
        with self.lock:
            for fault in self.faults:
                if fault.operation in (operation, "*") and fault.times > 0:
                    if fault.after > 0:
                        fault.after -= 1
                        continue
                    fault.times -= 1
                    return fault
        return None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a client that hangs up is no news."""


@contextmanager
def serving() -> Iterator[Server]:
    """A server that listens until the block ends."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def logged_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server, and this process with a login for it and a home of its own."""
    for name in [name for name in os.environ if name.startswith("WANDB_") and not name.startswith("WANDB__")]:
        monkeypatch.delenv(name)
    with serving() as server:
        for name, value in environment(server, folder / "home").items():
            monkeypatch.setenv(name, value)
        yield server


def environment(server: Server, home: Path) -> dict[str, str]:
    """What tells W&B's client of any version to go to a server and to leave the person's own files alone."""
    home.mkdir(exist_ok=True)
    folders = {f"WANDB_{what}_DIR": str(home / what.lower()) for what in ("CONFIG", "CACHE", "DATA", "ARTIFACT")}
    return {
        **folders, "WANDB_DIR": str(home), "HOME": str(home), "NETRC": str(home / ".netrc"),
        "WANDB_BASE_URL": server.url, "WANDB_API_KEY": server.key, "WANDB_ERROR_REPORTING": "false",
    }  # fmt: skip


def rows(n: int, *, first: int = 0, every: int = 1) -> list[dict[str, Any]]:
    """History rows with a reward, and an eval at each tenth."""
    at = range(first, first + n * every, every)
    return [
        {"_step": step, "_timestamp": 1.77e9 + step, "_runtime": step + 0.5, "reward": (step % 100) / 100}
        | ({"val/acc": 0.25} if number % 10 == 0 else {})
        for number, step in enumerate(at)
    ]


class Answer(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def log_message(self, *_: Any) -> None:
        """Nothing is printed."""

    def do_POST(self) -> None:
        """GraphQL, the file stream, and side traffic."""
        body = self._body()
        path = urlsplit(self.path).path
        if path == "/graphql":
            self._graphql(json.loads(body))
        elif path.endswith("/file_stream"):
            self._record("file_stream", {"path": path})
            self._reply(200, file_stream(self.server, path, json.loads(body)))
        else:
            self._record(path, {})
            self._reply(404, {"error": "not found"})

    def do_PUT(self) -> None:
        """An uploaded file."""
        body = self._body()
        _, entity, project, run, name = (unquote(part) for part in urlsplit(self.path).path[1:].split("/", 4))
        self._record("upload", {"name": name})
        self.server.runs[entity, project, run].files[name] = body
        self._reply(200, {})

    def do_GET(self) -> None:
        """A stored file."""
        _, entity, project, run, name = (unquote(part) for part in urlsplit(self.path).path[1:].split("/", 4))
        self._record("download", {"name": name})
        stored = self.server.runs.get((entity, project, run))
        if stored is None or name not in stored.files:
            self._reply(404, {"error": "not found"})
            return
        self._send(200, stored.files[name], "application/octet-stream")

    def _graphql(self, question: dict[str, Any]) -> None:
        found = re.search(r"(?:query|mutation)\s+(\w+)", question["query"])
        operation = question.get("operationName") or (found.group(1) if found else "anonymous")
        variables = question.get("variables") or {}
        self._record(operation, variables)
        given = base64.b64decode(self.headers.get("Authorization", "")[6:]).decode().removeprefix("api:")
        self.server.keys_seen.add(given)
        if given != self.server.key:
            self._reply(401, {"errors": [{"message": "invalid api key"}]})
            return
        fault = self.server.fault(operation)
        with self.server.lock:
            self.server.at_work += 1
            self.server.most_at_once = max(self.server.most_at_once, self.server.at_work)
        failed = fault is not None and self._fail(fault)
        with self.server.lock:
            self.server.at_work -= 1
        if failed:
            return
        answer = OPERATIONS.get(operation, unknown)(self.server, variables, question["query"])
        self._reply(200, answer if "errors" in answer else {"data": answer}, cut=fault is not None and fault.cut)

    def _fail(self, fault: Fault) -> bool:
        """Whether the fault was the whole answer."""
        time.sleep(fault.hang_s)
        if fault.status:
            more = {} if fault.retry_after_s is None else {"Retry-After": str(fault.retry_after_s)}
            self._reply(fault.status, {"errors": [{"message": f"status {fault.status}"}]}, more=more)
        elif fault.html:
            self._send(200, b"<html><body>Please log in to the hotel</body></html>", "text/html")
        elif fault.errors:
            self._reply(200, {"errors": [{"message": fault.errors}], "data": None})
        elif fault.answer is not None:
            self._send(200, fault.answer, "application/json")
        elif fault.to:
            self._reply(307, {}, more={"Location": fault.to})
        elif fault.drip:
            self.wfile.write(b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
            with suppress(OSError):
                while True:
                    self.wfile.write(b" ")
                    time.sleep(0.1)
        told = (fault.status, fault.html, fault.errors, fault.to, fault.drip, fault.answer is not None)
        return any(map(bool, told))

    def _record(self, operation: str, variables: dict[str, Any]) -> None:
        with self.server.lock:
            self.server.asked.append((operation, variables))

    def _body(self) -> bytes:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body

    def _reply(self, status: int, answer: Any, *, cut: bool = False, more: Mapping[str, str] | None = None) -> None:
        self._send(status, json.dumps(answer).encode(), "application/json", cut=cut, more=more)

    def _send(
        self, status: int, body: bytes, kind: str, *, cut: bool = False, more: Mapping[str, str] | None = None
    ) -> None:
        """Header and body in one write: two cost 40 ms each through delayed ACK."""
        head = {"Content-Type": kind, "Content-Length": str(len(body)), **(more or {})}
        text = f"HTTP/1.1 {status} X\r\n" + "".join(f"{key}: {value}\r\n" for key, value in head.items()) + "\r\n"
        self.wfile.write(text.encode() + (body[: len(body) // 2] if cut else body))
        if cut:
            self.close_connection = True
