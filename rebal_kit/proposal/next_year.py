"""The same household in a later tax year, after trades: prices stay, lots age, losses are carried over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from rebal_kit.engine.ledger import day_of
from rebal_kit.optimal.problem import Lots, Problem, Year
from rebal_kit.optimal.settle import settle
from rebal_kit.optimal.tax_shape import tax_so_far
from rebal_kit.rules.brackets import YearTax
from rebal_kit.rules.holding import first_long_term_day

#: Shares that are rounding.
_DUST = 1e-9


def next_year(problem: Problem, sold: np.ndarray, bought: np.ndarray, on: dt.date, then: dt.date) -> Problem:
    """Return the problem of a later day in the next tax year, after the trades of an earlier one.

    Prices, targets, costs and restrictions stay as they are. Wash-sale windows are taken to be closed; the year opens
    without gains and dividends, with the losses carried over from the one before.

    Parameters
    ----------
    problem : Problem
        Of the earlier day.
    sold, bought : ndarray
        (L,) and (A, S) shares.
    on, then : date
        The two days, more than 30 days apart.
    """
    return replace(
        problem,
        cash=settle(problem, sold, bought).cash,
        lots=_lots(problem, sold, bought, on, then),
        trading=problem.trading._replace(traded=np.zeros_like(problem.trading.traded)),
        wash=problem.wash._replace(
            sold_at_loss=np.zeros_like(problem.wash.sold_at_loss), bought=np.zeros_like(problem.wash.bought)
        ),
        year=Year(problem.year.table, tax_of(problem, sold, bought).carry),
    )


def tax_of(problem: Problem, sold: np.ndarray, bought: np.ndarray) -> YearTax:
    """Return what the portfolio adds to the year's tax, with the trades."""
    figures = settle(problem, sold, bought).figures
    return tax_so_far(problem.year, figures.short, figures.long)


def years_untouched(year: Year, count: int) -> Iterator[float]:
    """Yield what the portfolio adds to the tax of a year and those after it if nothing is traded, US$."""
    for _ in range(count):
        result = tax_so_far(year)
        yield result.tax
        year = Year(year.table, result.carry)


def january_days(asof: dt.date, count: int, wash_days: int) -> tuple[dt.date, ...]:
    """Return the day and the first weekdays of the following Januaries, once windows of the day are closed.

    Parameters
    ----------
    asof : date
        The first day.
    count : int
        How many days.
    wash_days : int
        As in `rebal_kit.rules.law.Law`.
    """
    days = [asof]
    for year in range(asof.year + 1, asof.year + count):
        day = max(dt.date(year, 1, 2), days[-1] + dt.timedelta(days=wash_days + 1))
        days.append(day + dt.timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0))
    return tuple(days)


def _lots(problem: Problem, sold: np.ndarray, bought: np.ndarray, on: dt.date, then: dt.date) -> Lots:
    """Return what is left of the lots, and those bought, older ones first."""
    lots = problem.lots
    left = lots.quantity - sold
    kept = left > _DUST
    account, security = np.nonzero(bought > _DUST)
    shares = bought[account, security]
    # Sold again it would be at neither gain nor loss: its costs are no loss that a later year is to make room with.
    unit = problem.price * (1.0 - problem.rate)
    days = first_long_term_day(day_of(on)) - day_of(then)
    return Lots(
        np.concatenate((lots.account[kept], account)),
        np.concatenate((lots.security[kept], security)),
        np.concatenate((left[kept], shares)),
        np.concatenate((lots.basis[kept], unit[security])),
        np.concatenate((lots.days_to_long[kept] - (then - on).days, np.full(len(shares), days, np.int64))),
        np.ones(int(kept.sum()) + len(shares), bool),
    )
