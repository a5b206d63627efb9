"""sweep(): thousands of settings, a row of measures each; kept on disk where one likes, and gone on with."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from tqdm.auto import tqdm

from rebal_kit.checking import as_tuple, check_choice, check_flag, check_kind, check_number
from rebal_kit.design import MOST_SETTINGS, Design
from rebal_kit.domain import Household
from rebal_kit.findings import Finding, HouseholdError, MarketError, PolicyError, capped, raise_errors
from rebal_kit.market import Market
from rebal_kit.paths import Paths
from rebal_kit.policy import RebalancePolicy
from rebal_kit.run import OpenWith, as_policies
from rebal_kit.sweep_book import Book, Place
from rebal_kit.sweep_drive import Hands, Tell, in_memory, on_disk
from rebal_kit.sweep_executors import check_address
from rebal_kit.sweep_store import file_of, opened

EXECUTORS = ("threads", "dask")


def sweep(  # noqa: PLR0913 - the front door: what runs, where, and what becomes of it
    market: Market | Sequence[Market] | Paths, household: Household | Sequence[Household],
    policies: Sequence[RebalancePolicy] | Design, *,
    start: Any = None, end: Any = None, open_with: OpenWith | None = None, workers: int | None = None,
    progress: bool | Tell = False, out: str | Path | None = None, fresh: bool = False,
    cancel: threading.Event | None = None, executor: Literal["threads", "dask"] = "threads",
    scheduler: str | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Run every setting and measure it; a row equals the single run of its policy, bit for bit, whoever ran it.

    Parameters
    ----------
    market : Market, or sequence of Market, or Paths
        With several histories every setting is run on each; the column `path` says on which.
    household : Household, or sequence of Household
        With several the column `household` names them.
    policies : sequence of RebalancePolicy, or Design
        A design is built setting by setting, and what it varies becomes columns: see `rebal_kit.design.Design`.
    start, end, open_with
        As in `rebal_kit.backtest.backtest`.
    workers : int, optional
        Threads; the engine runs without the GIL. By default one for each processor this process may use.
    progress : bool or callable
        Show a progress bar; or call this with how many rows are done, and of how many.
    out : path, optional
        Keep the rows in this parquet file. Until all are done they are in the folder ``….parquet.parts``, which
        `pandas.read_parquet` reads as well. Rows that are there already, by prices, household, policy, law and version,
        are not computed again: a sweep that was interrupted goes on, one that has grown computes what is new.
    fresh : bool
        Forget what `out` holds: it is replaced once the new rows are complete. A file that is no sweep's is refused.
    cancel : threading.Event, optional
        Ends the sweep when it is set; what is done is returned, and kept in `out`.
    executor : {'threads', 'dask'}
    scheduler : str, optional
        Address of a dask scheduler, such as ``"tcp://10.0.0.5:8786"``.

    Returns
    -------
    DataFrame
        Index: number of the row, histories varying slowest, then households, then settings. Columns: with `out` the
        row's key; path and household where there are several; policy (its name), what the design varies, status ('ok',
        or why it has no figures), and the measures of `rebal_kit.run.METRICS`. What failed keeps its row, with NaN.

    Raises
    ------
    MarketError, HouseholdError, LawError
        The only market and household do not fit together.
    PolicyError
        There are no policies, something else is among them, or a design names what there is not.
    RebalError
        `out` cannot be used, or the cluster cannot be.
    KeyboardInterrupt
        As it came; with `out` it says what is kept.

    Notes
    -----
    What was damaged in `out` and is computed again is said as a warning.
    """
    hands = hands_of(workers, executor, scheduler, cancel)
    raise_errors(PolicyError, check_flag("sweep", "fresh", fresh))
    file = None if out is None else file_of(out)
    book = book_of(market, household, policies, start=start, end=end, open_with=open_with)
    with _telling(progress) as tell:
        if file is None:
            return in_memory(book, hands, tell)
        with opened(book, file, fresh) as store:
            for finding in on_disk(store, hands, tell).findings:
                warnings.warn(str(finding), stacklevel=2)
            return store.frame()


def book_of(
    market: Any, household: Any, policies: Any, *, start: Any = None, end: Any = None,
    open_with: OpenWith | None = None,
) -> Book:  # fmt: skip
    """Return all rows of a sweep, having looked at what would keep every one of them from running.

    Raises
    ------
    RebalError
        As `sweep` says.
    """
    design = policies if isinstance(policies, Design) else Design(as_policies("sweep", policies))
    markets = market if isinstance(market, (Paths, list, tuple)) else (market,)
    households = as_tuple(household)
    raise_errors(MarketError, _check_markets(markets))
    raise_errors(HouseholdError, _check_households(households))
    raise_errors(PolicyError, _check_rows(len(markets), len(households), len(design)))
    book = Book(markets, households, design, (start, end, open_with))
    found = (problem.finding for problem in design.household_problems(households))
    raise_errors(PolicyError, capped(found, "design"))
    if len(households) == len(markets) == 1 and not design.varies_household:
        book.setting(Place(0, 0, 0))
    return book


def hands_of(
    workers: int | None, executor: str, scheduler: str | None, cancel: threading.Event | None
) -> Hands:
    """Return who does the work.

    Raises
    ------
    PolicyError
        What was asked for contradicts itself.
    """
    found: list[Finding] = []
    if workers is not None:
        remedy = "give threads, 1 or more"
        found += check_number("sweep", "workers", workers, remedy, least=1, whole=True)
    found += check_choice("sweep", "executor", executor, EXECUTORS, f"use {' or '.join(EXECUTORS)}")
    if executor == "dask" and not scheduler:
        what = "executor is 'dask', and there is no scheduler"
        found.append(Finding("error", "sweep", what, "give its address, such as tcp://127.0.0.1:8786"))
    if executor == "dask" and workers is not None:
        what = "workers is given, but a cluster has its own"
        found.append(Finding("error", "sweep", what, "start as many dask workers as you want"))
    if executor == "dask" and scheduler:
        found += check_address(scheduler)
    if executor == "threads" and scheduler:
        what = f"scheduler is {scheduler!r}, but executor is 'threads'"
        found.append(Finding("error", "sweep", what, "use executor 'dask'"))
    if cancel is not None:
        found += check_kind("sweep", "cancel", cancel, threading.Event, "give a threading.Event")
    raise_errors(PolicyError, found)
    return Hands(int(workers or available_processors()), scheduler, cancel)


def _check_markets(markets: Any) -> Iterator[Finding]:
    if not len(markets):
        yield Finding("error", "sweep", "no markets", "give at least one")
    if not isinstance(markets, Paths):
        for market in markets:
            yield from check_kind("sweep", "market", market, Market, "give a Market: load_market('etf')")


def _check_rows(paths: int, households: int, settings: int) -> Iterator[Finding]:
    rows = paths * households * settings
    if rows > MOST_SETTINGS:
        what = (
            f"{paths:,} histories of {households:,} households with {settings:,} settings are {rows:,} rows"
        )
        yield Finding("error", "sweep", what, f"give {MOST_SETTINGS:,} rows at most")


def _check_households(households: Any) -> Iterator[Finding]:
    if not households:
        yield Finding("error", "sweep", "no households", "give at least one")
    for household in households:
        remedy = "give a Household: load_household('starter')"
        yield from check_kind("sweep", "household", household, Household, remedy)


@contextmanager
def _telling(progress: bool | Tell) -> Iterator[Tell]:
    """Yield what is told of the progress: a bar, or what the caller gave."""
    if callable(progress):
        yield progress
        return
    with tqdm(total=0, disable=not progress, unit="run") as bar:

        def tell(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield tell


def available_processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
