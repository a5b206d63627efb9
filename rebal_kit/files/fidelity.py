"""Fidelity: the CSV file of the Positions page, and its table of tax lots.

Fidelity publishes no description of them. The tables are written from files that users of the page have shown in
public:

- *Positions, Download* (``Portfolio_Positions_Jan-05-2024.csv``): a header that begins with Account Number, Account
  Name, Symbol; all accounts in one table; core money-market funds with two asterisks (``SPAXX**``); a row ``Pending
  Activity``; after it sentences of law and ``Date downloaded Jan-05-2024 3:45 p.m ET``. It states no total.
- *Purchase History/Lots* of a position: Acquired, Term, Total Gain/Loss, Total Gain/Loss (%), Current Value,
  Quantity, Average Cost Basis, Cost Basis Total, in files with Account Name, Symbol and Description before them.

Dates of lots are Jan-05-2024; ``--`` and ``n/a`` stand for nothing.
"""

from __future__ import annotations

from rebal_kit.files.dialect import Dialect
from rebal_kit.files.held_kind import SETTLEMENT_FUNDS

POSITIONS = Dialect(
    name="Fidelity positions",
    broker="Fidelity",
    reads="positions",
    columns={
        "account": ("account number",),
        "label": ("account name",),
        "symbol": ("symbol",),
        "quantity": ("quantity",),
        "price": ("last price",),
        "value": ("current value",),
        "cost": ("cost basis total", "cost basis"),
    },
    needed=("account", "symbol", "quantity", "value", "cost"),
    others=(
        "description", "last price change", "today's gain/loss dollar", "today's gain/loss percent",
        "total gain/loss dollar", "total gain/loss percent", "percent of account", "average cost basis", "type",
    ),
    cash=rf".+\*\*|{'|'.join(SETTLEMENT_FUNDS)}",
    pending=r"pending activity",
)  # fmt: skip

LOTS = Dialect(
    name="Fidelity lots",
    broker="Fidelity",
    reads="lots",
    columns={
        "account": ("account number",),
        "label": ("account name",),
        "symbol": ("symbol",),
        "acquired": ("acquired", "date acquired"),
        "quantity": ("quantity",),
        "value": ("current value",),
        "cost": ("cost basis total",),
    },
    needed=("symbol", "acquired", "quantity", "cost"),
    others=(
        "description", "term", "total gain/loss", "total gain/loss (%)", "$ total gain/loss", "% total gain/loss",
        "average cost basis",
    ),
    dates=("%b-%d-%Y", "%m/%d/%Y"),
)  # fmt: skip

DIALECTS = (POSITIONS, LOTS)
