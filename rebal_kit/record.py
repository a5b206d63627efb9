"""What a back-test said of its trades and taxes, in a form that can be kept in files and checked by somebody else."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import pandas as pd

from rebal_kit.domain import Household
from rebal_kit.transactions import Transaction


@dataclass(frozen=True, eq=False)
class RunRecord:
    """A run's history of trades beside the figures it gave for them.

    Attributes
    ----------
    transactions : tuple of Transaction
        Everything that happened: purchases, sales with their lots, dividends, splits, deposits, withdrawals.
    household : Household
        As it opened: with its lots, or without any.
    first, last : date
        First and last session.
    sales : DataFrame
        A row for each lot or piece sold in a taxable account: date, account, symbol, lot, quantity, proceeds, basis,
        gain, disallowed, permanent, term.
    years : DataFrame
        By tax year: short, long, qualified, ordinary, distributions, disallowed, permanent, deduction, carry_short,
        carry_long, tax.
    about : dict of str to str
        Policy, market and version, in words.
    """

    transactions: tuple[Transaction, ...]
    household: Household
    first: dt.date
    last: dt.date
    sales: pd.DataFrame
    years: pd.DataFrame
    about: dict[str, str] = field(default_factory=dict)


#: The columns of `RunRecord.sales` and `RunRecord.years` that are amounts in US$, but for the shares.
SALE_COLUMNS = (
    "date", "account", "symbol", "lot", "quantity", "proceeds", "basis", "gain", "disallowed", "permanent", "term",
)  # fmt: skip
YEAR_COLUMNS = (
    "short", "long", "qualified", "ordinary", "distributions", "disallowed", "permanent", "deduction", "carry_short",
    "carry_long", "tax",
)  # fmt: skip
