"""A ledger of trades and the household it belongs to, read together."""

from __future__ import annotations

from pathlib import Path

from rebal_kit.domain import Household
from rebal_kit.files.household import account_names, load_household
from rebal_kit.files.ledger_file import load_ledger
from rebal_kit.findings import Finding, RebalError
from rebal_kit.transactions import Transaction


def load_tax_input(ledger: str | Path, household: str | Path) -> tuple[tuple[Transaction, ...], Household]:
    """Return the trades of a ledger and their household.

    Parameters
    ----------
    ledger : str or path
        As in `load_ledger`.
    household : str or path
        As in `load_household`.

    Raises
    ------
    RebalError
        With every problem of both files, and trades in accounts that the household does not have.
    """
    problems: list[Finding] = []
    found: Household | None = None
    names: tuple[str, ...] | None
    try:
        found = load_household(household)
        names = tuple(account.name for account in found.accounts)
    except RebalError as refused:
        problems += refused.findings
        names = account_names(household)
    trades: tuple[Transaction, ...] = ()
    try:
        trades = load_ledger(ledger, names)
    except RebalError as refused:
        problems += refused.findings
    if problems or found is None:
        raise RebalError(problems)
    return trades, found
