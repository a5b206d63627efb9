"""Money that comes in and goes out: deposits, withdrawals and where they are taken from, and cash reserves."""

from __future__ import annotations

import numpy as np

from rebal_kit.compiled import inner
from rebal_kit.engine.arrays import DEFERRED, ROTH, TAXABLE
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.ledger import DISTRIBUTIONS
from rebal_kit.engine.sales import ROUNDING, raise_cash, raise_from_washes
from rebal_kit.engine.scope import TAXABLE_ONLY, cash_in, in_scope, of_kind
from rebal_kit.engine.tape import DEPOSITED, NO_SECURITY, NOT_PAID, WITHDRAWN, note_flow, pass_over
from rebal_kit.reasons import Reason


@inner
def move_money(desk: Desk, t: int, total: float) -> float:
    """Take in the session's deposits and pay its withdrawals; return US$ put in less US$ taken out."""
    flow, accounts = desk.structure.flow, len(desk.ledger.cash)
    net = 0.0
    for account in range(accounts):
        amount = flow[t, account]
        if amount > 0.0:
            desk.ledger.cash[account] += amount
            desk.tape.totals[DEPOSITED] += amount
            note_flow(desk.tape, desk.ledger, t, account, amount, 0)
            net += amount
    for account in range(accounts):
        if flow[t, account] < 0.0:
            net -= withdraw(desk, t, account, -flow[t, account], total)
    if flow[t, accounts] < 0.0:
        wanted = -flow[t, accounts]
        paid = withdraw_anywhere(desk, t, wanted, total, 0)
        note_unpaid(desk, t, 0, wanted, paid)
        net -= paid
    return net


@inner
def withdraw(desk: Desk, t: int, account: int, amount: float, total: float) -> float:
    """Pay a withdrawal out of one account, selling there what is needed; return US$ paid."""
    if desk.ledger.cash[account] < amount and desk.structure.managed[account]:
        raise_cash(desk, t, amount, total, account, np.inf, True, Reason.RAISE_CASH)
        raise_from_washes(desk, t, amount, account)
    paid = min(amount, desk.ledger.cash[account])
    take_out(desk, t, account, paid, 0)
    note_unpaid(desk, t, account, amount, paid)
    return paid


@inner
def withdraw_anywhere(desk: Desk, t: int, amount: float, total: float, for_tax: int) -> float:
    """Pay a withdrawal from wherever the policy says; return US$ paid.

    Taxable, tax-deferred and Roth accounts in this order, or whatever costs least tax this year: taxable cash and lots
    without a gain, Roth accounts, taxable gains, and tax-deferred accounts, of which every dollar is income. A loss
    that a recent purchase washes is sold only when nothing else is left anywhere.
    """
    paid = 0.0
    for turn in range(4):
        if desk.plan.taxable_first:
            kind = (TAXABLE, DEFERRED, ROTH, ROTH)[turn]
        else:
            kind = (TAXABLE, ROTH, TAXABLE, DEFERRED)[turn]
        cap = 0.0 if turn == 0 and not desk.plan.taxable_first else np.inf
        left = amount - paid
        if left <= ROUNDING * amount:
            break
        scope = of_kind(kind)
        if cash_in(desk, scope) < left:
            raise_cash(desk, t, left, total, scope, cap, desk.plan.taxable_first, Reason.RAISE_CASH)
        paid += share_payment(desk, t, min(left, cash_in(desk, scope)), scope, for_tax)
    left = amount - paid
    if left > ROUNDING * amount:
        raise_from_washes(desk, t, left, TAXABLE_ONLY)
        paid += share_payment(desk, t, min(left, cash_in(desk, TAXABLE_ONLY)), TAXABLE_ONLY, for_tax)
    return paid


@inner
def share_payment(desk: Desk, t: int, amount: float, scope: int, for_tax: int) -> float:
    """Pay `amount` US$ from the accounts in scope in proportion to their cash; return it."""
    cash = cash_in(desk, scope)
    if amount <= 0.0 or cash <= 0.0:
        return 0.0
    share = amount / cash
    for account in range(len(desk.ledger.cash)):
        if in_scope(desk, account, scope) and desk.ledger.cash[account] > 0.0:
            part = desk.ledger.cash[account] * share
            take_out(desk, t, account, min(part, desk.ledger.cash[account]), for_tax)
    return amount


@inner
def take_out(desk: Desk, t: int, account: int, amount: float, for_tax: int) -> None:
    """Pay `amount` US$ out of an account's cash; out of a tax-deferred one it is income (IRC §408(d)(1))."""
    if amount <= 0.0:
        return
    desk.ledger.cash[account] -= amount
    if desk.structure.kind[account] == DEFERRED:
        desk.ledger.years[desk.prices.year[t], DISTRIBUTIONS] += amount
    if not for_tax:
        desk.tape.totals[WITHDRAWN] += amount
    note_flow(desk.tape, desk.ledger, t, account, -amount, for_tax)


@inner
def note_unpaid(desk: Desk, t: int, account: int, wanted: float, paid: float) -> None:
    """Write down what of a withdrawal could not be paid."""
    short = wanted - paid
    if short > ROUNDING * wanted:
        desk.tape.totals[NOT_PAID] += short
        pass_over(desk.tape, desk.ledger, t, account, NO_SECURITY, Reason.UNPAID, short)


@inner
def refill_cash(desk: Desk, t: int, total: float, scope: int) -> None:
    """Restore the cash reserves of the accounts in scope."""
    for account in range(len(desk.ledger.cash)):
        reserve = desk.structure.min_cash[account]
        if in_scope(desk, account, scope) and desk.ledger.cash[account] < reserve:
            raise_cash(desk, t, reserve, total, account, np.inf, True, Reason.REFILL_CASH)
