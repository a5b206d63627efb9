"""A year's tax: settled from the ledger's figures, paid from taxable cash; and what liquidation would cost."""

from __future__ import annotations

import numpy as np

from rebal_kit.compiled import compiled, inner
from rebal_kit.engine.arrays import DEFERRED, TAXABLE
from rebal_kit.engine.choose import unit_gain
from rebal_kit.engine.costs import gross_for
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.ledger import (
    CARRY_LONG,
    CARRY_SHORT,
    DEDUCTION,
    EXEMPT,
    LONG,
    ORDINARY,
    QUALIFIED,
    SETTLED_YEARS,
    SHORT,
    TAX,
    UNPAID,
)
from rebal_kit.engine.locate import ROUNDING, sell_sleeve
from rebal_kit.reasons import Reason
from rebal_kit.rules.brackets import Carryover, YearTax, year_tax


@inner
def tax_of_year(desk: Desk, year: int, extra_short: float, extra_long: float) -> YearTax:
    """Return the tax on the year's figures, and on gains beside them, with the carryovers as they stand."""
    figures, carry = desk.ledger.years, desk.ledger.carry
    return year_tax(
        desk.table, figures[year, SHORT] + extra_short, figures[year, LONG] + extra_long, figures[year, QUALIFIED],
        figures[year, ORDINARY], figures[year, EXEMPT], Carryover(carry[0], carry[1], carry[2], carry[3]),
    )  # fmt: skip


@inner
def settle_year(desk: Desk, year: int) -> float:
    """Close a year's books: write down its tax and what is carried on; return the tax."""
    figures, carry = desk.ledger.years, desk.ledger.carry
    result = tax_of_year(desk, year, 0.0, 0.0)
    carry[0] = result.carry.short
    carry[1] = result.carry.long
    carry[2] = result.carry.alone_short
    carry[3] = result.carry.alone_long
    figures[year, TAX] = result.tax
    figures[year, DEDUCTION] = result.deduction
    figures[year, CARRY_SHORT] = result.carry.short
    figures[year, CARRY_LONG] = result.carry.long
    desk.ledger.state[SETTLED_YEARS] = year + 1
    return result.tax


@inner
def taxable_cash(desk: Desk) -> float:
    """Return cash in taxable accounts, US$."""
    cash = 0.0
    for account in range(len(desk.ledger.cash)):
        if desk.structure.kind[account] == TAXABLE:
            cash += desk.ledger.cash[account]
    return cash


@inner
def pay_tax(desk: Desk, t: int, through: int, total: float) -> float:
    """Settle all years through `through`, pay what is owed from taxable accounts and return US$ paid.

    Where cash falls short, holdings are sold. A negative tax is a saving on the household's other income and is
    credited. What cannot be paid stays owed and is asked for again next year.
    """
    ledger = desk.ledger
    tax = owed_tax(desk, through + 1)
    for year in range(through + 1):
        ledger.years[year, UNPAID] = 0.0
    accounts = 0
    for account in range(len(ledger.cash)):
        if desk.structure.kind[account] == TAXABLE:
            accounts += 1
    if tax == 0.0 or accounts == 0:
        return 0.0
    if taxable_cash(desk) < tax:
        raise_cash(desk, t, tax, total)
    cash = taxable_cash(desk)
    paid = min(tax, cash)
    ledger.years[through, UNPAID] = tax - paid
    for account in range(len(ledger.cash)):
        if desk.structure.kind[account] == TAXABLE:
            share = ledger.cash[account] / cash if cash > 0.0 else 1.0 / accounts
            ledger.cash[account] = 0.0 if paid == cash else ledger.cash[account] - paid * share
    return paid


@inner
def raise_cash(desk: Desk, t: int, needed: float, total: float) -> None:
    """Sell in taxable accounts until `needed` US$ of cash is there.

    What is over its target goes first, then anything; in both rounds the sleeves with least gain per dollar first.
    """
    work, structure = desk.work, desk.structure
    for anything in range(2):
        for c in range(len(work.change)):
            work.change[c] = np.inf if anything else work.class_value[c] - structure.target[c] * total
        for n in range(len(work.sleeve_change)):
            work.sleeve_change[n] = sleeve_gain(desk, t, n)
        while True:
            short = needed - taxable_cash(desk)
            cheapest = -1
            for n in range(len(work.sleeve_change)):
                offered = work.sleeve_change[n] < np.inf and work.change[structure.sleeve_class[n]] > 0.0
                if offered and (cheapest < 0 or work.sleeve_change[n] < work.sleeve_change[cheapest]):
                    cheapest = n
            if short <= ROUNDING * needed or cheapest < 0:
                break
            work.sleeve_change[cheapest] = np.inf
            room = work.change[structure.sleeve_class[cheapest]]
            gross = min(gross_for(short, widest_spread(desk, cheapest)), room)
            room -= sell_sleeve(desk, t, cheapest, gross, True, Reason.RAISE_TAX)
            work.change[structure.sleeve_class[cheapest]] = room


@inner
def sleeve_gain(desk: Desk, t: int, sleeve: int) -> float:
    """Return the lowest gain per dollar of a sleeve's taxable positions, infinite when it has none."""
    structure = desk.structure
    lowest = np.inf
    for i in range(structure.sleeve_first[sleeve], structure.sleeve_first[sleeve + 1]):
        security = structure.sleeve_member[i]
        for account in range(len(desk.ledger.cash)):
            if structure.kind[account] == TAXABLE and desk.ledger.held[account, security] > 0.0:
                lowest = min(lowest, unit_gain(desk, t, account, security))
    return lowest


@inner
def widest_spread(desk: Desk, sleeve: int) -> float:
    """Return the largest half spread of a sleeve's members."""
    structure = desk.structure
    spread = 0.0
    for i in range(structure.sleeve_first[sleeve], structure.sleeve_first[sleeve + 1]):
        spread = max(spread, desk.plan.half_spread[structure.sleeve_member[i]])
    return spread


@inner
def owed_tax(desk: Desk, before: int) -> float:
    """Settle all years before `before` and return the tax owed but not yet paid, US$."""
    owed = 0.0
    for year in range(desk.ledger.state[SETTLED_YEARS]):
        owed += desk.ledger.years[year, UNPAID]
    for year in range(desk.ledger.state[SETTLED_YEARS], before):
        owed += settle_year(desk, year)
    return owed


@inner
def liquidation_tax(desk: Desk, t: int, last_year: int) -> float:
    """Return the further tax if everything were sold at the close of session `t`, in the last year, US$.

    Balances in tax-deferred accounts are taxed at the profile's retirement rate. Losses still carried over after
    liquidation count for nothing.
    """
    ledger, structure, close = desk.ledger, desk.structure, desk.prices.close
    short = 0.0
    long = 0.0
    deferred_balance = 0.0
    for account in range(len(ledger.cash)):
        if structure.kind[account] == DEFERRED:
            deferred_balance += ledger.cash[account]
        for security in range(ledger.held.shape[1]):
            if structure.kind[account] == DEFERRED:
                deferred_balance += ledger.held[account, security] * close[t, security]
            if structure.kind[account] != TAXABLE:
                continue
            for k in range(ledger.lot_count[account, security]):
                lot = ledger.lots[account, security, k]
                gain = lot.quantity * close[t, security] - lot.cost - lot.deferred
                if desk.prices.day[t] >= lot.long_from:
                    long += gain
                else:
                    short += gain
    with_sale = tax_of_year(desk, last_year, short, long).tax
    return (
        with_sale - tax_of_year(desk, last_year, 0.0, 0.0).tax + desk.table.retirement_rate * deferred_balance
    )


@compiled
def close_books(desk: Desk, t: int, last_year: int) -> tuple[float, float]:
    """Return tax owed up to session `t`, the last year's included, and the further tax of liquidating then."""
    owed = owed_tax(desk, last_year)
    further = liquidation_tax(desk, t, last_year)
    return owed + settle_year(desk, last_year), further
