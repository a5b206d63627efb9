"""Charles Schwab: the CSV files of the Positions page and of its Lot Details windows.

Schwab publishes no description of them. The tables are written from files that users of the page have shown in
public:

- *Positions, Export*: a title ``Positions for account Individual ...123 as of 03:45 PM ET, 2024/01/05`` (or one for
  all accounts, and then a line with each account's name), a header that begins with Symbol and Description, rows, a
  row ``Cash & Cash Investments`` and a row ``Account Total``, of late ``Positions Total``. Short headings have the
  long one in brackets: ``Mkt Val (Market Value)``.
- *Lot Details, Export*: a title ``VTI Lot Details for Individual ...123 as of …``, then Open Date, Quantity, Price,
  Cost/Share, Market Value, Cost Basis, Gain/Loss $, Gain/Loss %, Holding Period, and a row ``Total``. Lots of several
  securities in one file have the columns Account Name and Symbol instead of a title.

Dates are month/day/year, with a time after some; ``--``, ``N/A`` and ``Incomplete`` stand for nothing.
"""

from __future__ import annotations

from rebal_kit.files.dialect import Dialect

_ACCOUNT = r"(?:\.{3}|…|X{2,}-?)(?P<account>\d{3,4})\b"

POSITIONS = Dialect(
    name="Schwab positions",
    broker="Schwab",
    reads="positions",
    columns={
        "symbol": ("symbol",),
        "quantity": ("quantity", "qty (quantity)", "qty"),
        "price": ("price",),
        "value": ("market value", "mkt val (market value)", "mkt val"),
        "cost": ("cost basis",),
        "kind": ("security type", "asset type"),
    },
    needed=("symbol", "quantity", "value", "cost"),
    others=(
        "description", "price change $", "price chng $ (price change $)", "price change %",
        "price chng % (price change %)", "day change $", "day chng $ (day change $)", "day change %",
        "day chng % (day change %)", "gain/loss $", "gain $ (gain/loss $)", "gain/loss %", "gain % (gain/loss %)",
        "ratings", "reinvest?", "reinvest dividends?", "reinvest capital gains?", "capital gains?", "% of account",
        "% of acct (% of account)", "cost/share", "dividend yield", "div yld (dividend yield)", "last dividend",
        "last div (last dividend)", "ex-dividend date", "ex-div (ex-dividend date)", "p/e ratio", "52 week low",
        "52 week high", "52 wk low (52 week low)", "52 wk high (52 week high)", "volume",
    ),
    title=rf"(?:positions for (?:account )?)?(?P<label>.*?{_ACCOUNT}).*",
    cash=r"cash & cash investments",
    total=r"(?:account|positions) total",
    total_has_cash=True,
    shares=frozenset({"equity", "equities", "stock", "etfs & closed end funds", "mutual fund", "mutual funds"}),
    cash_kinds=frozenset({"cash and money market"}),
)  # fmt: skip

LOTS = Dialect(
    name="Schwab lot details",
    broker="Schwab",
    reads="lots",
    columns={
        "label": ("account name",),
        "symbol": ("symbol",),
        "acquired": ("open date",),
        "quantity": ("quantity",),
        "value": ("market value",),
        "cost": ("cost basis",),
    },
    needed=("acquired", "quantity", "value", "cost"),
    others=(
        "price", "cost/share", "cost per share", "gain/loss $", "gain/loss %", "gain/loss ($)", "gain/loss (%)",
        "holding period",
    ),
    title=r"(?P<symbol>\S+(?: \S)?) lot details(?: for (?P<label>.*?))?(?: as of .*)?",
    total=r"total",
)  # fmt: skip

DIALECTS = (POSITIONS, LOTS)
