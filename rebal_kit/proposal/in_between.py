"""What fell between the household's date and the day, and nobody has said what became of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import numpy as np

from rebal_kit.domain import Household
from rebal_kit.engine.arrays import Plan
from rebal_kit.findings import Finding
from rebal_kit.rules.law import TaxTable
from rebal_kit.run import Setting

#: Where these findings stand: a scan takes them for due.
FLOWS, TAX, SCHEDULE = "cash flows", "tax due", "schedule"
BETWEEN = (FLOWS, TAX, SCHEDULE)
_REMEDY = "export the positions again once it is settled"


def in_between(whole: Setting, plan: Plan, date: dt.date, fresh: int, table: TaxTable) -> Iterator[Finding]:
    """Find flows, a tax day and looks that lie between the household's date and the day.

    Parameters
    ----------
    whole : Setting
        With sessions through the day.
    plan : Plan
        On those sessions.
    date : date
        The household's.
    fresh : int
        Sessions after it, the day among them; 0 where the household is of the day.
    table : TaxTable
    """
    dates, household = whole.market.dates, whole.household
    first, last = len(dates) - max(fresh, 1), len(dates) - 1
    for t in range(first, last if fresh else len(dates)):
        if whole.structure.flowing[t]:
            yield _flow(household, whole.structure.flow[t], dates[t].item(), of_the_day=fresh == 0)
    due = dt.date(dates[last].item().year, table.due_month, table.due_day)
    paid_on = int(np.searchsorted(dates, np.datetime64(due)))
    owed = household.year_to_date.tax_owed
    if (owed or date.year < due.year) and date < due and first <= paid_on < last:
        amount = f" (US$ {owed:,.2f} by the household)" if owed and date.year == due.year else ""
        what = f"last year's tax{amount} fell due on {due}, after the household's date: it is not counted"
        yield Finding("warning", TAX, what, _REMEDY)
    looked = (plan.looked | plan.harvest_look)[first:last]
    if fresh and looked.any() and not (plan.looked[last] or plan.harvest_look[last]):
        on = dates[first + int(np.flatnonzero(looked)[-1])]
        what = f"a look of {on} lies between the household's date {date} and {dates[last]}"
        yield Finding("warning", SCHEDULE, what, "let it look now, if that day was missed")


def _flow(household: Household, amounts: np.ndarray, on: dt.date, *, of_the_day: bool) -> Finding:
    names = (*(account.name for account in household.accounts), "any account")
    said = ", ".join(
        f"a {'deposit' if amount > 0 else 'withdrawal'} of US$ {abs(amount):,.2f} ({name})"
        for name, amount in zip(names, amounts, strict=True) if amount
    )  # fmt: skip
    if of_the_day:
        what = f"{said} falls on {on}, the household's own date: it is taken to be in the cash already"
        return Finding("warning", FLOWS, what, "date the household a day earlier if it is still to come")
    what = f"{said} fell on {on}, after the household's date: it is not counted"
    return Finding("warning", FLOWS, what, _REMEDY)
