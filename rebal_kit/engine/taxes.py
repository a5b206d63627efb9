"""A year's tax: settled from the ledger's figures, paid from taxable cash; and what liquidation would cost."""

from __future__ import annotations

import numpy as np

from rebal_kit.compiled import compiled
from rebal_kit.domain import Reason
from rebal_kit.engine.arrays import DEFERRED, TAXABLE, Plan, Prices, Structure
from rebal_kit.engine.ledger import (
    CARRY_LONG,
    CARRY_SHORT,
    DEDUCTION,
    EXEMPT,
    LONG,
    ORDINARY,
    QUALIFIED,
    REALIZED_LONG,
    REALIZED_SHORT,
    SETTLED_YEARS,
    SHORT,
    TAX,
    UNPAID,
    Ledger,
)
from rebal_kit.engine.rebalance import sell_sleeve
from rebal_kit.engine.tape import Tape
from rebal_kit.rules.brackets import Carryover, year_tax
from rebal_kit.rules.law import TaxTable


@compiled
def settle_year(ledger: Ledger, table: TaxTable, year: int, extra_short: float, extra_long: float) -> float:
    """Net the year's figures with the carryovers, write down the tax and what is carried on, and return the tax."""
    figures = ledger.years[year]
    carry = ledger.carry
    result = year_tax(
        table, figures[SHORT] + extra_short, figures[LONG] + extra_long, figures[QUALIFIED],
        figures[ORDINARY], figures[EXEMPT], Carryover(carry[0], carry[1], carry[2], carry[3]),
    )  # fmt: skip
    carry[0] = result.carry.short
    carry[1] = result.carry.long
    carry[2] = result.carry.alone_short
    carry[3] = result.carry.alone_long
    figures[TAX] = result.tax
    figures[DEDUCTION] = result.deduction
    figures[CARRY_SHORT] = result.carry.short
    figures[CARRY_LONG] = result.carry.long
    figures[REALIZED_SHORT] = figures[SHORT]
    figures[REALIZED_LONG] = figures[LONG]
    ledger.state[SETTLED_YEARS] = year + 1
    return result.tax  # type: ignore[no-any-return]


@compiled
def taxable_cash(ledger: Ledger, structure: Structure) -> float:
    """Return cash in taxable accounts, US$."""
    cash = 0.0
    for account in range(len(ledger.cash)):
        if structure.kind[account] == TAXABLE:
            cash += ledger.cash[account]
    return cash


@compiled
def pay_tax(
    ledger: Ledger, structure: Structure, plan: Plan, tape: Tape, prices: Prices, wash_days: int, t: int,
    tax: float, year: int, sleeve_value: np.ndarray, class_value: np.ndarray,
) -> float:  # fmt: skip
    """Pay a year's tax from taxable accounts, selling what is most overweight first if cash falls short; return US$ paid.

    A negative tax is the saving on the household's other income and is credited.
    """
    if tax > 0.0 and taxable_cash(ledger, structure) < tax:
        raise_cash(ledger, structure, plan, tape, prices, wash_days, t, tax, sleeve_value, class_value)
    cash = taxable_cash(ledger, structure)
    paid = min(tax, cash)
    ledger.years[year, UNPAID] = tax - paid
    taxable = 0
    for account in range(len(ledger.cash)):
        if structure.kind[account] == TAXABLE:
            taxable += 1
    for account in range(len(ledger.cash)):
        if structure.kind[account] == TAXABLE:
            share = ledger.cash[account] / cash if cash > 0.0 else 1.0 / taxable
            left = ledger.cash[account] - paid * share
            ledger.cash[account] = left if left > 1e-9 else max(left, 0.0)
    return paid if taxable > 0 else 0.0


@compiled
def raise_cash(
    ledger: Ledger, structure: Structure, plan: Plan, tape: Tape, prices: Prices, wash_days: int, t: int,
    needed: float, sleeve_value: np.ndarray, class_value: np.ndarray,
) -> None:  # fmt: skip
    """Sell in taxable accounts until `needed` US$ of cash is there: surplus over target first, then in proportion."""
    total = class_value.sum() + ledger.cash.sum()
    for surplus_only in (True, False):
        order = np.argsort(structure.target * total - class_value, kind="mergesort")
        for i in range(len(order)):
            c = order[i]
            first = structure.class_first[c]
            last = structure.class_first[c + 1]
            short = needed - taxable_cash(ledger, structure)
            surplus = class_value[c] - structure.target[c] * total
            if short <= 0.0 or class_value[c] <= 0.0 or (surplus_only and surplus <= 0.0):
                continue
            amount = min(short, surplus) if surplus_only else short
            for n in range(first, last):
                if sleeve_value[n] > 0.0:
                    part = amount * sleeve_value[n] / class_value[c]
                    spread = plan.half_spread[structure.sleeve_member[structure.sleeve_first[n]]]
                    sell_sleeve(
                        ledger, structure, plan, tape, prices, wash_days, t, n, part / (1.0 - spread), True,
                        Reason.RAISE_TAX,
                    )  # fmt: skip


@compiled
def liquidation(
    ledger: Ledger, structure: Structure, table: TaxTable, close: np.ndarray, day: int, last_year: int
) -> tuple[float, float]:
    """Return tax owed but not yet paid, and the further tax if everything were sold at `close` today.

    Balances in tax-deferred accounts are taxed at the profile's retirement rate. Losses still carried over after
    liquidation count for nothing. The ledger's year figures up to `last_year` are settled on the way.
    """
    owed = 0.0
    for year in range(ledger.state[SETTLED_YEARS]):
        owed += ledger.years[year, UNPAID]
    for year in range(ledger.state[SETTLED_YEARS], last_year):
        owed += settle_year(ledger, table, year, 0.0, 0.0)
    carry = ledger.carry.copy()
    short = 0.0
    long = 0.0
    deferred_balance = 0.0
    for account in range(len(ledger.cash)):
        if structure.kind[account] == DEFERRED:
            deferred_balance += ledger.cash[account]
        for security in range(ledger.held.shape[1]):
            if structure.kind[account] == DEFERRED:
                deferred_balance += ledger.held[account, security] * close[security]
            if structure.kind[account] != TAXABLE:
                continue
            for k in range(ledger.count[account, security]):
                lot = ledger.lots[account, security, k]
                gain = lot.quantity * close[security] - lot.cost - lot.deferred
                if day >= lot.long_from:
                    long += gain
                else:
                    short += gain
    with_sale = settle_year(ledger, table, last_year, short, long)
    ledger.carry[:] = carry
    without = settle_year(ledger, table, last_year, 0.0, 0.0)
    return owed + without, with_sale - without + table.retirement_rate * deferred_balance
