"""The one place where many tasks are spread: over this machine's processes, or over a Dask cluster."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import connection, get_context
from typing import Any, TypeVar

from reportgen.errors import SettingsError, how_to_get

Task = TypeVar("Task")
Done = TypeVar("Done")

PRELOADED = ("reportgen.diagnostics", "reportgen.slim", "reportgen.sources")  # once, not once a worker
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
PATIENCE_S = 10.0  # until a scheduler answers
LEAVING_S = 2.0  # how long a worker may take to leave before it is killed


@dataclass(frozen=True)
class Lost:
    """A task whose worker died; the others go on."""

    why: str  # "its process was ended by SIGKILL (out of memory?)"


def cores() -> int:
    """Processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


def spread(
    work: Callable[[Task], Done], tasks: Sequence[Task], *, jobs: int = 1, cluster: str | None = None,
    waiting: bool = False,
) -> Iterator[tuple[int, Done | Lost]]:
    """(position, outcome) of each task, in the order in which they are done.

    work: a function of a module, called once a task; what it raises ends the whole, so it should return
    its failures. jobs: 1 works in this process. cluster: address of a Dask scheduler, which is used instead.
    waiting: tasks wait for a network, so that threads of this process do.
    """
    if cluster:
        yield from _on_cluster(work, tasks, cluster)
    elif waiting and jobs > 1:
        yield from _over_threads(work, tasks, jobs)
    elif jobs < 2 or len(tasks) < 2:
        yield from ((at, work(task)) for at, task in enumerate(tasks))
    else:
        yield from _over_processes(work, tasks, min(jobs, len(tasks)))


def _over_threads(work: Callable[[Any], Any], tasks: Sequence[Any], jobs: int) -> Iterator[tuple[int, Any]]:
    with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="read") as team:
        futures = {team.submit(work, task): at for at, task in enumerate(tasks)}
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        finally:
            team.shutdown(wait=False, cancel_futures=True)


class _Worker:
    """One process and what it is at."""

    def __init__(self, context: Any, work: Callable[[Any], Any]) -> None:
        self.line, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, work), daemon=True)
        self.process.start()
        theirs.close()
        self.at: int | None = None

    def give(self, at: int, task: Any) -> None:
        """Hands it the next task; a worker that died meanwhile is found when its answer is awaited."""
        self.at = at
        with suppress(BrokenPipeError, ConnectionResetError):
            self.line.send(task)

    def answer(self) -> tuple[int, Any]:
        """Which task it has done and what came of it; raises what the task raised."""
        at, self.at = self.at, None
        assert at is not None
        try:
            failed, outcome = self.line.recv()
        except (EOFError, ConnectionResetError):
            return at, self._lost()
        if failed:
            raise outcome
        return at, outcome

    def _lost(self) -> Lost:
        """Why there will be no answer."""
        self.process.join(LEAVING_S)
        code = self.process.exitcode
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            return Lost(f"its process was ended by {name}" + (" (out of memory?)" if name == "SIGKILL" else ""))
        return Lost(f"its process ended with exit code {code}")

    def leave(self) -> None:
        """Ends the process, by force if need be."""
        self.line.close()
        self.process.terminate()
        self.process.join(LEAVING_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def _over_processes(work: Callable[[Any], Any], tasks: Sequence[Any], jobs: int) -> Iterator[tuple[int, Any]]:
    """Each process takes the next task when it is done with one; one that dies is replaced."""
    waiting = iter(enumerate(tasks))
    team: list[_Worker] = []
    with _one_thread_each():
        context = get_context("forkserver" if os.name == "posix" else "spawn")
        if os.name == "posix":
            context.set_forkserver_preload(list(PRELOADED))
        try:
            team += [_Worker(context, work) for _ in range(jobs)]
            for worker in team:
                worker.give(*next(waiting))
            while lines := [worker.line for worker in team if worker.at is not None]:
                ready = connection.wait(lines)
                for seat, worker in enumerate(team):
                    if worker.at is None or worker.line not in ready:
                        continue
                    at, outcome = worker.answer()
                    if isinstance(outcome, Lost):
                        worker.leave()
                        worker = team[seat] = _Worker(context, work)
                    if (following := next(waiting, None)) is not None:
                        worker.give(*following)
                    yield at, outcome
        finally:
            for worker in team:
                worker.leave()


def _serve(line: connection.Connection, work: Callable[[Any], Any]) -> None:
    """What a worker does: a task, its outcome, the next one; until nobody is there any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group: the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            task = line.recv()
            try:
                answer = (False, work(task))
            except Exception as error:  # told by the parent, which decides
                answer = (True, error)
            line.send(answer)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Workers share the cores: a second BLAS thread in each would only spin."""
    unset = [name for name in THREADS if name not in os.environ]
    os.environ.update(dict.fromkeys(unset, "1"))
    try:
        yield
    finally:
        for name in unset:
            del os.environ[name]


def _on_cluster(work: Callable[[Any], Any], tasks: Sequence[Any], address: str) -> Iterator[tuple[int, Any]]:
    """The same map on a Dask cluster, whose workers read the specs themselves."""
    try:
        from distributed import Client
        from distributed import as_completed as as_done
    except ImportError as error:
        raise SettingsError(f"--cluster: needs Dask; {how_to_get('distributed', 'cluster')}") from error
    try:
        client = Client(address, timeout=PATIENCE_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise SettingsError(f"--cluster {address}: no scheduler answers there ({error}); check the address") from error
    with client:
        futures = client.map(work, tasks, pure=False, retries=1)
        place = {future.key: at for at, future in enumerate(futures)}
        for future in as_done(futures, loop=client.loop):
            if future.status == "finished":
                yield place[future.key], future.result()
            else:
                yield place[future.key], Lost(f"its worker was lost ({type(future.exception()).__name__})")
            future.release()
