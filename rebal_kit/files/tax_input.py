"""A ledger of trades and the household it belongs to, read together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rebal_kit.domain import Household
from rebal_kit.files.household import account_names, load_household
from rebal_kit.files.ledger_file import read_ledger
from rebal_kit.files.reading import read_text
from rebal_kit.findings import Finding, LedgerError, RebalError, capped
from rebal_kit.transactions import Transaction


@dataclass(frozen=True)
class TaxInput:
    """What could be read of both files, and what is wrong with them.

    Attributes
    ----------
    trades : tuple of Transaction
    household : Household, optional
        None where it could not be read.
    findings : tuple of Finding
    playable : tuple of Transaction
        Trades of the securities all of whose rows could be read: what is wrong with them, too, can be said at once.
    """

    trades: tuple[Transaction, ...]
    household: Household | None
    findings: tuple[Finding, ...]
    playable: tuple[Transaction, ...]


def read_tax_input(ledger: str | Path, household: str | Path) -> TaxInput:
    """Read the trades of a ledger and their household; problems of both files are findings.

    Parameters
    ----------
    ledger : str or path
        As in `load_ledger`.
    household : str or path
        As in `load_household`.
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
    try:
        history = read_ledger(read_text(Path(ledger), LedgerError), str(ledger), names)
    except RebalError as refused:
        return TaxInput((), found, (*problems, *refused.findings), ())
    problems += capped(history.findings, str(ledger))
    known = history.unread is not None
    playable = tuple(t for t in history.transactions if known and t.symbol not in (history.unread or ()))
    return TaxInput(history.transactions, found, tuple(problems), playable)
