"""Vanguard: the CSV file of the Download Center, and that of the cost basis pages.

Vanguard publishes no description of them. The tables are written from files that users of the pages have shown in
public:

- *Download Center, spreadsheet-compatible CSV* (``OfxDownload.csv``): Account Number, Investment Name, Symbol,
  Shares, Share Price, Total Value; after a blank line a table of transactions, which is not read. The settlement fund
  is a position. It has neither cost, date nor total.
- *Cost basis, unrealized gains and losses*: a line of text, then Account, Symbol/CUSIP, Description, Acquired date,
  Cost basis method, Quantity, Cost per share, Total cost, ``Market value as of 01/05/2024 02:17 PM, ET`` and gains.

Dates are month/day/year.
"""

from __future__ import annotations

from rebal_kit.files.dialect import Dialect
from rebal_kit.files.held_kind import SETTLEMENT_FUNDS

POSITIONS = Dialect(
    name="Vanguard holdings",
    broker="Vanguard",
    reads="positions",
    columns={
        "account": ("account number",),
        "symbol": ("symbol",),
        "quantity": ("shares",),
        "price": ("share price",),
        "value": ("total value",),
    },
    needed=("account", "symbol", "quantity", "price", "value"),
    others=("investment name",),
    cash="|".join(SETTLEMENT_FUNDS),
)

LOTS = Dialect(
    name="Vanguard cost basis",
    broker="Vanguard",
    reads="lots",
    columns={
        "account": ("account",),
        "symbol": ("symbol/cusip",),
        "acquired": ("acquired date", "date acquired"),
        "quantity": ("quantity",),
        "value": ("market value",),
        "cost": ("total cost",),
    },
    needed=("account", "symbol", "acquired", "quantity", "cost"),
    others=(
        "description", "cost basis method", "cost per share", "short term gain loss", "long term gain loss",
        "total gain loss", "covered/non-covered", "percent gain loss",
    ),
)  # fmt: skip

TRANSACTIONS = Dialect(
    name="Vanguard transactions",
    broker="Vanguard",
    reads="nothing",
    columns={
        "account": ("account number",),
        "day": ("trade date",),
        "kind": ("transaction type",),
    },
    needed=("account", "day", "kind"),
)

DIALECTS = (POSITIONS, LOTS, TRANSACTIONS)
