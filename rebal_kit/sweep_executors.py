"""Who runs the rows of a sweep: threads of this process, or the workers of a dask cluster. Results are the same."""

from __future__ import annotations

import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from rebal_kit.findings import Finding, RebalError
from rebal_kit.fingerprint import engine_fingerprint
from rebal_kit.sweep_book import Book, Rows

#: Pieces of work that wait for each thread or worker, so that none is idle and a change of mind comes soon.
_WAITING = 3
#: Rows a thread takes at a time, and a worker: that one must be worth a message.
_THREAD_ROWS, _WORKER_ROWS = 16, 128
#: Seconds in which a scheduler must answer, and a worker must have joined.
_PATIENCE = 30.0
#: Seconds in which a client must have closed.
_LEAVING = 5.0
#: Times that the book is sent again because work was lost, before one gives up.
_TIMES_LOST = 20

#: Schemes of schedulers that are somewhere, and what follows: a name or number in brackets or not, and a port.
_ADDRESS = re.compile(r"(?:(?:tcp|tls|ws|wss)://)?(?:\[[0-9A-Fa-f:.%]+\]|[^\s:/\[\]]+):(\d{1,5})/?")
_MOST_PORT = 65_535


class ClusterLostError(RebalError):
    """The scheduler went away while a sweep ran."""


class Executor(ABC):
    """Takes rows by number and gives them back done, in any order."""

    #: Rows that it takes at a time.
    piece: int
    _most: int
    _under_way: Collection[Any]

    @property
    def busy(self) -> int:
        """Pieces of work that are under way."""
        return len(self._under_way)

    @property
    def full(self) -> bool:
        """Whether it should be given no more for now."""
        return len(self._under_way) >= self._most

    @abstractmethod
    def submit(self, numbers: tuple[int, ...]) -> None:
        """Take some rows to run."""

    @abstractmethod
    def next(self) -> Rows:
        """Wait for some rows to be done."""

    @abstractmethod
    def stop(self) -> None:
        """Begin nothing more; what is done can still be had by `next`."""

    @abstractmethod
    def close(self) -> None:
        """Let go of threads or cluster."""


class Threads(Executor):
    """Threads of this process; the engine runs without the GIL."""

    def __init__(self, book: Book, workers: int):
        self.piece = max(1, min(_THREAD_ROWS, len(book) // (4 * workers)))
        self._book, self._most = book, _WAITING * workers
        self._pool = ThreadPoolExecutor(workers, "sweep")
        self._under_way: set[Future[Rows]] = set()
        self._stopped = threading.Event()

    def submit(self, numbers: tuple[int, ...]) -> None:
        """Take some rows to run."""
        self._under_way.add(self._pool.submit(self._book.run, numbers, self._stopped.is_set))

    def next(self) -> Rows:
        """Wait for some rows to be done; after `stop` there may be fewer than were given."""
        done, _ = wait(self._under_way, return_when=FIRST_COMPLETED)
        first = done.pop()
        self._under_way.discard(first)
        return first.result()

    def stop(self) -> None:
        """Begin no further row."""
        self._stopped.set()

    def close(self) -> None:
        """End the threads after the rows they are at."""
        self.stop()
        self._pool.shutdown(cancel_futures=True)


class _Piece(NamedTuple):
    """Rows under way, and the book that was sent for them."""

    numbers: tuple[int, ...]
    sent: Any


class Cluster(Executor):
    """Workers of a dask cluster. Each is sent the book once; a piece that is lost with its worker is run by another.

    Raises
    ------
    RebalError
        dask is not installed, the scheduler does not answer, or no worker has joined it.
    """

    def __init__(self, book: Book, scheduler: str):
        self._book, self._where = book, f"scheduler {scheduler}"
        self._client = _client(scheduler, self._where)
        try:
            self._sent = self._send()
            with _reached(self._where):
                workers = max(1, sum(self._client.nthreads().values()))
        except BaseException:
            _leave(self._client)
            raise
        self.piece = max(1, min(_WORKER_ROWS, len(book) // (4 * workers)))
        self._most = _WAITING * workers
        self._times_lost = 0
        self._under_way: dict[Any, _Piece] = {}
        self._done = _as_completed(self._client)

    def _send(self) -> Any:
        """Put the book into the memory of every worker there is; others get it from them."""
        with _reached(self._where):
            try:
                self._client.wait_for_workers(1, timeout=_PATIENCE)
                # By its identity, not by its content: to hash prices is slower than to send them.
                return self._client.scatter(self._book, broadcast=True, hash=False)
            except TimeoutError:
                what = f"has had no worker for {_PATIENCE:g} s"
                remedy = f"start some with: dask worker {self._where.removeprefix('scheduler ')}"
                raise RebalError(Finding("error", self._where, what, remedy)) from None

    def submit(self, numbers: tuple[int, ...]) -> None:
        """Take some rows to run."""
        with _reached(self._where):
            future = self._client.submit(run_piece, self._sent, numbers, engine_fingerprint(), pure=False)
            self._under_way[future] = _Piece(numbers, self._sent)
            self._done.add(future)

    def next(self) -> Rows:
        """Wait for some rows to be done.

        Raises
        ------
        RebalError
            A worker refused, work was lost again and again, or the scheduler is gone.
        """
        from distributed import CancelledError, KilledWorker

        while True:
            with _reached(self._where):
                future = next(self._done)
            piece = self._under_way.pop(future)
            try:
                with _reached(self._where):
                    return future.result()  # type: ignore[no-any-return]
            except CancelledError:  # with its worker
                self._again(piece)
            except KilledWorker as problem:
                what = f"its workers die of their work: {str(problem).splitlines()[0]}"
                remedy = "look at their logs; most run out of memory"
                raise RebalError(Finding("error", self._where, what, remedy)) from None

    def _again(self, piece: _Piece) -> None:
        """Send a lost piece once more; and the book, if it is not known to be back already."""
        if piece.sent is self._sent:
            self._times_lost += 1
            if self._times_lost > _TIMES_LOST:
                what = f"has lost all its workers {self._times_lost} times"
                raise RebalError(Finding("error", self._where, what, "look at the workers' logs"))
            self._sent = self._send()
        self.submit(piece.numbers)

    def stop(self) -> None:
        """Call off what is not done."""
        called_off = [future for future in self._under_way if future.status != "finished"]
        for future in called_off:
            del self._under_way[future]
        with _reached(self._where):
            self._client.cancel(called_off)
        self._done = _as_completed(self._client)
        for future in self._under_way:
            self._done.add(future)

    def close(self) -> None:
        """Leave the cluster; it goes on without us."""
        with suppress(*_gone()):
            self._client.cancel([*self._under_way, self._sent])
        _leave(self._client)


def run_piece(book: Book, numbers: tuple[int, ...], engine: str) -> Rows:
    """Run rows on a worker.

    Raises
    ------
    RebalError
        The worker would work them out by other sources.
    """
    if engine_fingerprint() != engine:
        what = "has another version of rebal_kit, numba or numpy than the one that asks"
        raise RebalError(Finding("error", "a dask worker", what, "install the same everywhere"))
    return book.run(numbers)


def _client(scheduler: str, where: str) -> Any:
    """Return a client of the scheduler."""
    try:
        from distributed import Client, Security
    except ModuleNotFoundError:
        what = "dask's distributed is not installed"
        raise RebalError(Finding("error", "executor", what, "pip install 'rebal_kit[cluster]'")) from None
    if scheduler.startswith("tls://") and not Security().get_connection_args("client").get("ssl_context"):
        what = "asks for TLS, and dask's configuration names no certificates"
        raise RebalError(Finding("error", where, what, "set distributed.comm.tls in it, or use tcp://"))
    try:
        return Client(scheduler, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as problem:
        what = f"does not answer: {str(problem).splitlines()[0]}"
        remedy = "start one with: dask scheduler --no-dashboard"
        raise RebalError(Finding("error", where, what, remedy)) from None


def check_address(scheduler: object) -> Iterator[Finding]:
    """Find what is no scheduler's address: a client that is made of one does not end for a minute."""
    if isinstance(scheduler, str):
        if scheduler.startswith("inproc://"):
            return
        found = _ADDRESS.fullmatch(scheduler)
        if found and 0 < int(found[1]) <= _MOST_PORT:
            return
    what = f"scheduler is {scheduler!r}, not the address of one"
    yield Finding("error", "sweep", what, "give scheme, host and port, such as tcp://127.0.0.1:8786")


@contextmanager
def _reached(where: str) -> Iterator[None]:
    """Turn what a client says whose scheduler is gone into a finding.

    Raises
    ------
    ClusterLostError
        It is gone.
    """
    try:
        yield
    except _gone() as problem:
        what = f"is gone: {(str(problem).splitlines() or [type(problem).__name__])[0]}"
        remedy = "start scheduler and workers again, and run it again"
        raise ClusterLostError(Finding("error", where, what, remedy)) from None


def _gone() -> tuple[type[BaseException], ...]:
    """Return what dask raises when there is no scheduler any more."""
    from distributed.client import ClosedClientError

    return OSError, ClosedClientError


def _leave(client: Any) -> None:
    """Close a client, whatever has become of its scheduler."""
    with suppress(*_gone(), TimeoutError, RuntimeError):
        client.close(timeout=_LEAVING)


def _as_completed(client: Any) -> Any:
    from distributed import as_completed

    return as_completed(loop=client.loop)
