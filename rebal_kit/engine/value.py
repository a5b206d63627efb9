"""What the household, or one account, is worth at the prices reckoned with, by sleeve and class."""

from __future__ import annotations

from rebal_kit.compiled import hot, inner
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.scope import HOUSEHOLD


@hot
def value_household(desk: Desk, scope: int) -> tuple[float, float, float]:
    """Fill `work.sleeve_value` and `work.class_value`; return US$ in classes, in cash, and beside them.

    Beside them are holdings outside the targets and accounts that do not count. With one account in scope, the others
    are left out altogether.
    """
    work, ledger, structure, price = desk.work, desk.ledger, desk.structure, desk.work.price
    work.sleeve_value[:] = 0.0
    managed = 0.0
    beside = 0.0
    cash = 0.0
    for account in range(ledger.held.shape[0]):
        if scope not in (HOUSEHOLD, account):
            continue
        counted = structure.counted[account]
        if counted:
            cash += ledger.cash[account]
        else:
            beside += ledger.cash[account]
        for security in range(ledger.held.shape[1]):
            held = ledger.held[account, security]
            if held != 0.0:
                n = structure.sleeve_of[security]
                if n >= 0 and counted:
                    work.sleeve_value[n] += held * price[security]
                else:
                    beside += held * price[security]
    for c in range(len(work.class_value)):
        value = 0.0
        for n in range(structure.class_first[c], structure.class_first[c + 1]):
            value += work.sleeve_value[n]
            managed += work.sleeve_value[n]
        work.class_value[c] = value
    return managed, cash, beside


@inner
def revalue(desk: Desk, scope: int) -> tuple[float, float, float]:
    """Value the household again, as `value_household` does, after something that does not happen every day."""
    return value_household(desk, scope)


@inner
def largest_first(desk: Desk) -> None:
    """Fill `work.by_size` with the accounts, the largest first: in which order they are listed is of no matter."""
    work, ledger = desk.work, desk.ledger
    for account in range(len(ledger.cash)):
        worth = account_value(desk, account)
        at = account
        while at > 0 and account_value(desk, work.by_size[at - 1]) < worth:
            work.by_size[at] = work.by_size[at - 1]
            at -= 1
        work.by_size[at] = account


@inner
def account_value(desk: Desk, account: int) -> float:
    """Return the value of an account, US$."""
    value = desk.ledger.cash[account]
    for security in range(desk.ledger.held.shape[1]):
        value += desk.ledger.held[account, security] * desk.work.price[security]
    return value
