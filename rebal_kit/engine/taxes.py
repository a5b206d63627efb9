"""A year's tax: settled from the ledger's figures, paid from taxable cash; and what liquidation would cost."""

from __future__ import annotations

from rebal_kit.compiled import compiled, inner
from rebal_kit.domain import Reason
from rebal_kit.engine.arrays import DEFERRED, TAXABLE
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
def pay_tax(desk: Desk, t: int, year: int, total: float) -> float:
    """Settle a year, pay its tax from taxable accounts and return US$ paid; where cash falls short, sell.

    A negative tax is a saving on the household's other income and is credited. What cannot be paid stays owed.
    """
    tax = settle_year(desk, year)
    cash_of = desk.ledger.cash
    accounts = 0
    for account in range(len(cash_of)):
        if desk.structure.kind[account] == TAXABLE:
            accounts += 1
    if tax == 0.0 or accounts == 0:
        return 0.0
    if taxable_cash(desk) < tax:
        raise_cash(desk, t, tax, total)
    cash = taxable_cash(desk)
    paid = min(tax, cash)
    desk.ledger.years[year, UNPAID] = tax - paid
    for account in range(len(cash_of)):
        if desk.structure.kind[account] == TAXABLE:
            share = cash_of[account] / cash if cash > 0.0 else 1.0 / accounts
            cash_of[account] = 0.0 if paid == cash else cash_of[account] - paid * share
    return paid


@inner
def raise_cash(desk: Desk, t: int, needed: float, total: float) -> None:
    """Sell in taxable accounts until `needed` US$ of cash is there: surplus first, then any."""
    work, structure = desk.work, desk.structure
    for surplus_only in range(1, -1, -1):
        for c in range(len(work.class_value)):
            work.change[c] = (
                work.class_value[c] - structure.target[c] * total if surplus_only else work.class_value[c]
            )
        while True:
            short = needed - taxable_cash(desk)
            largest = -1
            for c in range(len(work.change)):
                if work.change[c] > 0.0 and (largest < 0 or work.change[c] > work.change[largest]):
                    largest = c
            if short <= ROUNDING * needed or largest < 0:
                break
            amount = min(short, work.change[largest]) if surplus_only else short
            work.change[largest] = 0.0
            for n in range(structure.class_first[largest], structure.class_first[largest + 1]):
                if work.sleeve_value[n] > 0.0:
                    sell_for_tax(desk, t, n, amount * work.sleeve_value[n] / work.class_value[largest])
    # Parts of a class may lie in accounts that must not pay: what is still missing comes from any sleeve that has it.
    for n in range(len(work.sleeve_value)):
        short = needed - taxable_cash(desk)
        if short > ROUNDING * needed and work.sleeve_value[n] > 0.0:
            sell_for_tax(desk, t, n, short)


@inner
def sell_for_tax(desk: Desk, t: int, sleeve: int, net: float) -> None:
    """Sell what a sleeve has in taxable accounts until `net` US$ are left after costs."""
    structure = desk.structure
    spread = desk.plan.half_spread[structure.sleeve_member[structure.sleeve_first[sleeve]]]
    sell_sleeve(desk, t, sleeve, gross_for(net, spread), True, Reason.RAISE_TAX)


@inner
def owed_tax(desk: Desk, last_year: int) -> float:
    """Settle all years up to the last and return the tax owed but not yet paid, US$."""
    owed = 0.0
    for year in range(desk.ledger.state[SETTLED_YEARS]):
        owed += desk.ledger.years[year, UNPAID]
    for year in range(desk.ledger.state[SETTLED_YEARS], last_year):
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
