"""Which accounts a decision is about: one of them, the whole household, or all accounts of a kind."""

from __future__ import annotations

from rebal_kit.compiled import inner
from rebal_kit.engine.arrays import TAXABLE
from rebal_kit.engine.desk import Desk

#: An account's number stands for that account alone.
HOUSEHOLD = -1
#: Added up with a kind, it stands for all managed accounts of the kind.
_KIND = -2
TAXABLE_ONLY = _KIND - TAXABLE


@inner
def of_kind(kind: int) -> int:
    """Return the scope of all managed accounts of a kind."""
    return _KIND - kind


@inner
def in_scope(desk: Desk, account: int, scope: int) -> bool:
    """Say whether an account trades in this scope."""
    if not desk.structure.managed[account]:
        return False
    if scope >= 0:
        return account == scope
    return scope == HOUSEHOLD or desk.structure.kind[account] == _KIND - scope


@inner
def cash_in(desk: Desk, scope: int) -> float:
    """Return cash of the accounts that trade in this scope, US$."""
    cash = 0.0
    for account in range(len(desk.ledger.cash)):
        if in_scope(desk, account, scope):
            cash += desk.ledger.cash[account]
    return cash
