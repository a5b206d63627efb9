"""Long work beside the page: one piece at a time, with progress, to be cancelled, and never in the way of a click."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any


class CancelledError(Exception):
    """The work was cancelled; what was there before stands."""


class Job:
    """A piece of work under way: it says what it is at, and stops between two steps when it is told to.

    Parameters
    ----------
    say : callable
        Called with a step's name and, where it is known, the fraction that is done.
    """

    def __init__(self, say: Callable[[str, float | None], None] | None = None):
        self._say = say
        self._stop = threading.Event()

    def step(self, name: str, done: float | None = None) -> None:
        """Say what comes next.

        Raises
        ------
        CancelledError
            The work was told to stop.
        """
        if self._stop.is_set():
            raise CancelledError
        if self._say is not None:
            self._say(name, done)

    def quiet(self) -> Job:
        """Return a job that says nothing and stops when this one is told to: for one of many pieces."""
        inner = Job()
        inner._stop = self._stop
        return inner

    def cancel(self) -> None:
        """Tell the work to stop; it does so at its next step."""
        self._stop.set()


class Work:
    """Runs one job at a time. A new one takes the place of the one before, whose result is dropped.

    Parameters
    ----------
    say : callable
        Called with a step's name and the fraction that is done, in the page's own thread.
    over : callable
        Called when nothing is under way any more.
    """

    def __init__(self, say: Callable[[str, float | None], None], over: Callable[[], None]):
        self._say, self._over = say, over
        self._job: Job | None = None

    @property
    def under_way(self) -> bool:
        """Whether a job is running."""
        return self._job is not None

    def cancel(self) -> None:
        """Cancel what is under way."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
            self._over()

    def start(
        self, do: Callable[[Job], Any], done: Callable[[Any], None], failed: Callable[[Exception], None]
    ) -> None:
        """Begin a job; in a kernel it runs in a thread, and without an event loop at once.

        Parameters
        ----------
        do : callable
            Given the job; returns a result.
        done, failed : callable
            Called in the page's own thread with the result, or with what was raised.
        """
        if self._job is not None:
            self._job.cancel()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._at_once(do, done, failed)
            return
        job = Job(lambda name, part: loop.call_soon_threadsafe(self._told, job, name, part))
        self._job = job
        task = loop.run_in_executor(None, do, job)
        task.add_done_callback(lambda found: self._ended(job, found, done, failed))

    def _at_once(self, do: Any, done: Any, failed: Any) -> None:
        job = self._job = Job(self._say)
        try:
            result = do(job)
        except CancelledError:
            return
        except Exception as error:  # noqa: BLE001 - the page says what it was
            self._finish(job)
            failed(error)
            return
        self._finish(job)
        done(result)

    def _told(self, job: Job, name: str, part: float | None) -> None:
        if job is self._job:
            self._say(name, part)

    def _ended(self, job: Job, found: Any, done: Any, failed: Any) -> None:
        error = found.exception()
        if job is not self._job:
            return
        self._finish(job)
        if error is None:
            done(found.result())
        elif not isinstance(error, CancelledError):
            failed(error)

    def _finish(self, job: Job) -> None:
        if job is self._job:
            self._job = None
            self._over()
