"""A year's tax: settled from the ledger's figures, paid from taxable cash; and what liquidation would cost."""

from __future__ import annotations

import numpy as np

from rebal_kit.by_reference import by_reference
from rebal_kit.compiled import compiled, inner
from rebal_kit.engine.arrays import DEFERRED, TAXABLE
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.flows import withdraw_anywhere
from rebal_kit.engine.ledger import (
    CARRY_LONG,
    CARRY_SHORT,
    DEDUCTION,
    DISTRIBUTIONS,
    EXEMPT,
    LATENT_LONG,
    LATENT_SHORT,
    LONG,
    ORDINARY,
    QUALIFIED,
    SETTLED_YEARS,
    SHORT,
    TAX,
    UNPAID,
)
from rebal_kit.engine.sales import ROUNDING, raise_cash
from rebal_kit.engine.scope import TAXABLE_ONLY, cash_in, in_scope
from rebal_kit.reasons import Reason
from rebal_kit.rules.brackets import Carryover, YearTax, year_tax


@inner
def tax_of_year(desk: Desk, year: int, extra_short: float, extra_long: float) -> YearTax:
    """Return the tax on the year's figures, and on gains beside them, with the carryovers as they stand."""
    figures, carry = desk.ledger.years, desk.ledger.carry
    return year_tax(
        desk.table, figures[year, SHORT] + extra_short, figures[year, LONG] + extra_long, figures[year, QUALIFIED],
        figures[year, ORDINARY], figures[year, EXEMPT], Carryover(carry[0], carry[1], carry[2], carry[3]),
        figures[year, DISTRIBUTIONS],
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
def pay_tax(desk: Desk, t: int, through: int, total: float) -> float:
    """Settle all years through `through`, pay what is owed and return US$ paid.

    It comes out of taxable accounts; where cash falls short, holdings are sold, and then money is withdrawn from other
    accounts. A negative tax is a saving on the household's other income and is credited. What cannot be paid stays owed
    and is asked for again next year.
    """
    ledger = desk.ledger
    tax = owed_tax(desk, through + 1)
    for year in range(through + 1):
        ledger.years[year, UNPAID] = 0.0
    if tax == 0.0:
        return 0.0
    cash = cash_in(desk, TAXABLE_ONLY)
    if cash < tax:
        raise_cash(desk, t, tax, total, TAXABLE_ONLY, np.inf, True, Reason.RAISE_TAX)
        cash = cash_in(desk, TAXABLE_ONLY)
    paid = min(tax, cash)
    accounts = 0
    for account in range(len(ledger.cash)):
        if in_scope(desk, account, TAXABLE_ONLY):
            accounts += 1
    if accounts == 0:
        paid = 0.0
    for account in range(len(ledger.cash)):
        if in_scope(desk, account, TAXABLE_ONLY):
            share = ledger.cash[account] / cash if cash > 0.0 else 1.0 / accounts
            ledger.cash[account] = 0.0 if paid == cash else ledger.cash[account] - paid * share
    if tax - paid > ROUNDING * tax and tax > 0.0:
        paid += withdraw_anywhere(desk, t, tax - paid, total, 1)
    ledger.years[through, UNPAID] = max(0.0, tax - paid) if tax - paid > ROUNDING * tax else 0.0
    return paid


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
def latent_gains(desk: Desk, t: int) -> tuple[float, float]:
    """Return unrealised short- and long-term gains of taxable lots at the close of session `t`, US$."""
    ledger, close = desk.ledger, desk.prices.close
    short = 0.0
    long = 0.0
    for account in range(len(ledger.cash)):
        if desk.structure.kind[account] != TAXABLE:
            continue
        for security in range(ledger.held.shape[1]):
            for k in range(ledger.lot_count[account, security]):
                lot = ledger.lots[account, security, k]
                gain = lot.quantity * close[t, security] - lot.cost - lot.deferred
                if desk.prices.day[t] >= lot.long_from:
                    long += gain
                else:
                    short += gain
    return short, long


@inner
def write_latent(desk: Desk, t: int) -> None:
    """Write down the unrealised gains at the close of a year's last session."""
    short, long = latent_gains(desk, t)
    desk.ledger.years[desk.prices.year[t], LATENT_SHORT] = short
    desk.ledger.years[desk.prices.year[t], LATENT_LONG] = long


@inner
def liquidation_tax(desk: Desk, t: int, last_year: int) -> float:
    """Return the further tax if everything were sold at the close of session `t`, in the last year, US$.

    Balances in tax-deferred accounts are taxed at the profile's retirement rate. Losses still carried over after
    liquidation count for nothing.
    """
    ledger, structure, close = desk.ledger, desk.structure, desk.prices.close
    short, long = latent_gains(desk, t)
    deferred_balance = 0.0
    for account in range(len(ledger.cash)):
        if structure.kind[account] == DEFERRED:
            deferred_balance += ledger.cash[account]
            for security in range(ledger.held.shape[1]):
                deferred_balance += ledger.held[account, security] * close[t, security]
    with_sale = tax_of_year(desk, last_year, short, long).tax
    return (
        with_sale - tax_of_year(desk, last_year, 0.0, 0.0).tax + desk.table.retirement_rate * deferred_balance
    )


@compiled
def close_books(desk: Desk, t: int, last_year: int) -> tuple[float, float]:
    """Return tax owed up to session `t`, the last year's included, and the further tax of liquidating then."""
    desk = by_reference(desk)
    owed = owed_tax(desk, last_year)
    further = liquidation_tax(desk, t, last_year)
    return owed + settle_year(desk, last_year), further
