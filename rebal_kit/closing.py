"""The household as a run leaves it, with everything that the next day's decision depends on."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from rebal_kit.domain import Account, Household
from rebal_kit.engine import ledger as books
from rebal_kit.engine.ledger import Ledger, date_of, names_of, to_accounts
from rebal_kit.engine.mid_year import loss_sales_of, year_to_date_of
from rebal_kit.run import Setting


def closing_household(setting: Setting, ledger: Ledger) -> Household:
    """Return the household after the last session of a run whose years are settled.

    Losses carried into the last year stand in its tax profile, the tax of the year before in `year_to_date.tax_owed`
    while it is not due. What was bought and sold again inside the window is not in it: it matters only where
    `count_disposed_purchases` is chosen.
    """
    household, symbols = setting.household, setting.market.symbols
    last = date_of(setting.prices.day[-1])
    names = names_of(ledger, symbols, setting.opening_lots)
    this = len(ledger.years) - 1
    tax, owed = household.tax, float(ledger.years[:this, books.UNPAID].sum())
    if this > 0:
        before = ledger.years[this - 1]
        carry_short, carry_long = float(before[books.CARRY_SHORT]), float(before[books.CARRY_LONG])
        tax = replace(tax, carryover_short=carry_short, carryover_long=carry_long)
        if dt.date(last.year, setting.table.due_month, setting.table.due_day) > last:
            owed += float(before[books.TAX])
    wash_days = setting.table.wash_days
    return replace(
        with_accounts(household, to_accounts(ledger, household, symbols, names)),
        as_of=last,
        tax=tax,
        loss_sales=loss_sales_of(ledger, household, symbols, setting.structure, names, last, wash_days),
        year_to_date=year_to_date_of(ledger, this, owed),
        looks_from=setting.market.dates[0].item(),
    )


def with_accounts(household: Household, accounts: tuple[Account, ...]) -> Household:
    """Return the household with other lots, without restrictions on what neither they nor the targets have."""
    known = {*household.targets.symbols, *(lot.symbol for account in accounts for lot in account.lots)}

    def still(tickers: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(ticker for ticker in tickers if ticker in known)

    kept = (replace(a, do_not_buy=still(a.do_not_buy), do_not_sell=still(a.do_not_sell)) for a in accounts)
    return replace(
        household, accounts=tuple(kept),
        do_not_buy=still(household.do_not_buy), do_not_sell=still(household.do_not_sell),
    )  # fmt: skip
