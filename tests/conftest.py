"""What several tests share: a run built from a few columns."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import chromium  # noqa: F401 (one fixture for all modules: a second would start a second browser)

from reportgen.gate import from_rows
from reportgen.run import Run

# A shell's background job ignores Ctrl-C, and so would every command that a test starts and stops by it
signal.signal(signal.SIGINT, signal.default_int_handler)
ABOUT_A_RUN = frozenset(signature(from_rows).parameters) - {"rows", "step"}


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or fills the cache of the person who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REPORTGEN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def make_run() -> Callable[..., Run]:
    """A builder of runs: make_run(reward=[0.1, 0.2], name="a", config={"lr": 1e-5}).

    Lists are metrics, one value a step from `first_step` on (None: not logged there); names that no
    keyword can spell come in a mapping: make_run({"eval-rollout/reward": [...]}). All else goes to from_rows.
    """

    def build(
        metrics: Mapping[str, Any] | None = None, /, *, first_step: int = 1, steps: Any = None, **given: Any
    ) -> Run:
        about = {key: given.pop(key) for key in list(given) if key in ABOUT_A_RUN}
        columns = {key: np.array(values, dtype=float) for key, values in {**(metrics or {}), **given}.items()}
        longest = max(map(len, columns.values()))
        padded = {key: np.append(values, [np.nan] * (longest - len(values))) for key, values in columns.items()}
        at = np.arange(first_step, first_step + longest) if steps is None else steps
        return from_rows({"step": at, **padded}, **{"id": "run", "source": "a test", "name": "run", **about})

    return build


@pytest.fixture
def wandb_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """W&B on loopback, and this process logged in there; see wandb_server.py."""
    from wandb_server import logged_in

    with logged_in(tmp_path, monkeypatch) as server:
        yield server


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make gold` rewrites what the sample reports should say."""
    parser.addoption("--rewrite-gold", action="store_true", help="write tests/gold/ anew instead of comparing")
