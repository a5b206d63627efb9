"""Qualified dividends: the shares must be held long enough around the ex-date.

*Source*: IRC §1(h)(11)(B)(iii) with §246(c)(3), (4): held for more than 60 days in the 121 days that begin 60
days before the ex-date. *Not modelled*: days with diminished risk of loss; the longer period of preferred
shares (91 of 181 days).
"""

from __future__ import annotations

from rebal_kit.compiled import compiled


@compiled
def qualified_days(acquired: int, sold: int, ex_day: int, days_before_ex: int, window_days: int) -> int:
    """Count the days around the ex-date on which a lot was held: the day of sale, but not of purchase.

    Parameters
    ----------
    acquired, sold : int
        Trade dates. For a lot still held give the last day to be counted.
    ex_day : int
        The ex-date.
    days_before_ex : int
        How many days before the ex-date the period begins.
    window_days : int
        Length of the period.
    """
    window_start = ex_day - days_before_ex
    first = max(acquired + 1, window_start)
    last = min(sold, window_start + window_days - 1)
    return max(0, last - first + 1)


@compiled
def is_qualified(
    acquired: int, sold: int, ex_day: int, required_days: int, days_before_ex: int, window_days: int
) -> bool:
    """Say whether the shares were held long enough for their dividend to be taxed as qualified.

    Whether the payer's dividends can be qualified at all is the security's own (`Security.qualified_share`).

    Parameters
    ----------
    acquired, sold, ex_day, days_before_ex, window_days : int
        As in `qualified_days`.
    required_days : int
        Days to be held at least.
    """
    return qualified_days(acquired, sold, ex_day, days_before_ex, window_days) >= required_days
