"""Long work: it says its steps, can be cancelled, and a newer job takes the place of an older one."""

from __future__ import annotations

import asyncio
import threading

from rebal_kit.views.studio_work import CancelledError, Job, Work


class Page:
    """What a page would show."""

    def __init__(self) -> None:
        self.said, self.over, self.done, self.failed = [], 0, [], []
        self.work = Work(lambda name, part: self.said.append((name, part)), self._over)

    def _over(self) -> None:
        self.over += 1

    def start(self, do) -> None:
        self.work.start(do, self.done.append, self.failed.append)


def test_without_a_loop_it_is_done_at_once() -> None:
    page = Page()
    page.start(lambda job: job.step("reading", 0.5) or 3)
    assert (page.said, page.done, page.over) == ([("reading", 0.5)], [3], 1)
    page.start(lambda _: 1 / 0)
    assert isinstance(page.failed[0], ZeroDivisionError)
    assert not page.work.under_way


def test_in_a_kernel_it_runs_beside_the_page_and_tells_it_in_its_own_thread() -> None:
    page, threads = Page(), []

    async def session() -> None:
        page.start(lambda job: threads.append(threading.get_ident()) or job.step("reading") or 3)
        assert page.work.under_way
        while page.work.under_way:
            await asyncio.sleep(0.01)

    asyncio.run(session())
    assert (page.said, page.done) == ([("reading", None)], [3])
    assert threads != [threading.get_ident()]


def test_cancelled_work_stops_at_its_next_step_and_says_nothing_more() -> None:
    page, stopped, go = Page(), [], threading.Event()

    def do(job: Job) -> int:
        go.wait(5)
        try:
            job.step("further")
        except CancelledError:
            stopped.append(True)
            raise
        return 1

    async def session() -> None:
        page.start(do)
        page.work.cancel()
        assert not page.work.under_way
        go.set()
        while not stopped:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)

    asyncio.run(session())
    assert not page.done
    assert not page.failed
    assert page.said == []
    assert page.over == 1


def test_a_newer_job_takes_the_place_of_an_older_one() -> None:
    page, go = Page(), threading.Event()

    async def session() -> None:
        page.start(lambda _: go.wait(5) or 1)
        page.start(lambda _: 2)
        while page.work.under_way:
            await asyncio.sleep(0.01)
        go.set()
        await asyncio.sleep(0.1)

    asyncio.run(session())
    assert page.done == [2]


def test_what_goes_wrong_in_a_thread_is_told() -> None:
    page = Page()

    async def session() -> None:
        page.start(lambda _: int("x"))
        while page.work.under_way:
            await asyncio.sleep(0.01)

    asyncio.run(session())
    assert isinstance(page.failed[0], ValueError)
