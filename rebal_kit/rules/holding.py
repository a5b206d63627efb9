"""Holding periods: when a lot becomes long-term, and what a wash sale adds.

One counts from the day *after* the purchase; the day of sale counts. Long-term is *more than* one year, so
that the first long-term day is the anniversary of the day after the purchase. It is a matter of calendar
dates, never of a number of days: with a 29 February in between the lot is still short-term after 366 days.
Trade dates decide.

Dates are day numbers since 1970-01-01 in the proleptic Gregorian calendar, of any sign.
"""

from __future__ import annotations

from rebal_kit.compiled import compiled
from rebal_kit.rules.law import HOLDING_YEARS

# The calendar repeats every 400 years. Years are taken to start on 1 March, so that a leap day comes last and
# months follow the pattern 31 30 31 30 31, which five of them repeat.
_DAYS_IN_400_YEARS = 146_097
_DAYS_IN_4_YEARS = 1_461
_DAYS_IN_5_MONTHS = 153
_DAYS_TO_1970 = 719_468  # from 1 March of year 0


@compiled
def day_number(year: int, month: int, day: int) -> int:
    """Return the day number of a date.

    Parameters
    ----------
    year, month, day : int
        A day past the month's end runs on: 29 February of a common year is 1 March.

    Returns
    -------
    int
        Days since 1970-01-01.
    """
    months = (month + 9) % 12  # since March
    if month < 3:
        year -= 1
    century, rest = year // 100, year % 100
    return (
        century * _DAYS_IN_400_YEARS // 4
        + rest * _DAYS_IN_4_YEARS // 4
        + (months * _DAYS_IN_5_MONTHS + 2) // 5
        + day - 1
        - _DAYS_TO_1970
    )  # fmt: skip


@compiled
def year_month_day(day: int) -> tuple[int, int, int]:
    """Return the date of a day number.

    Parameters
    ----------
    day : int
        Days since 1970-01-01.

    Returns
    -------
    year, month, day : int
    """
    quarters = 4 * (day + _DAYS_TO_1970) + 3
    century = quarters // _DAYS_IN_400_YEARS
    quarters = quarters % _DAYS_IN_400_YEARS // 4 * 4 + 3
    year = 100 * century + quarters // _DAYS_IN_4_YEARS
    day_of_year = quarters % _DAYS_IN_4_YEARS // 4
    months = (5 * day_of_year + 2) // _DAYS_IN_5_MONTHS  # since March
    day_of_month = day_of_year - (months * _DAYS_IN_5_MONTHS + 2) // 5 + 1
    if months >= 10:
        return year + 1, months - 9, day_of_month
    return year, months + 3, day_of_month


@compiled
def first_long_term_day(start: int) -> int:
    """Return the first day on which a sale is long-term.

    *Source*: IRC §1222(1)–(4) ("more than 1 year"); Rev. Rul. 66-7 and 70-598 (from the day after
    acquisition).

    Parameters
    ----------
    start : int
        Trade date of the purchase, or the tacked start after a wash sale.

    Returns
    -------
    int
        A year after the day after `start`; an anniversary on 29 February of a common year is 1 March.
    """
    year, month, day = year_month_day(start + 1)
    return day_number(year + HOLDING_YEARS, month, day)


@compiled
def is_long_term(start: int, sold_on: int) -> bool:
    """Say whether a lot held since `start` and sold on `sold_on` is long-term.

    *Source*: IRC §1222. *Not modelled*: inherited property (§1223(9), always long-term), gifts (§1223(2)).
    """
    return sold_on >= first_long_term_day(start)


@compiled
def replacement_start(replacement_acquired: int, sold_start: int, sold_on: int, tacking: bool) -> int:
    """Return the start of the holding period of shares that replace shares sold in a wash sale.

    With tacking, the days for which the sold shares were held are added before the replacement's own; the gap between
    does not count. Without it the date of the shares sold is taken over, if it is the earlier one, as some brokers do.

    *Source*: IRC §1223(3) ("include the period"). *Not modelled*: months and fractions of months instead of days.

    Parameters
    ----------
    replacement_acquired : int
        Trade date of the replacement shares.
    sold_start : int
        Start of the holding period of the shares sold, itself moved if they were replacement shares.
    sold_on : int
        Trade date of the sale at a loss.
    tacking : bool
    """
    if not tacking:
        return min(replacement_acquired, sold_start)
    return replacement_acquired - (sold_on - sold_start)
