"""Interactive Brokers: activity statements and Flex queries as CSV.

Both are described in the broker's *Reporting Reference Guide* (ibkrguides.com/reportingreference), sections "Open
Positions", "Cash Report" and "Account Information", for activity statements and for Flex queries:

- *Activity statement*: every row begins with its section and with Header, Data or Total. Of "Open Positions" the rows
  Summary and Lot are read (Lot rows, and the column Open, are there when the statement was asked for with lot
  details), of "Cash Report" Ending Cash, of "Statement" the period and of "Account Information" the account.
- *Flex query*, sections Open Positions (levels of detail Summary and Lot) and Cash Report, with a header and no other
  lines. ``HoldingPeriodDateTime`` is the start of the holding period where a wash sale moved it.

Numbers have no dollar signs; dates are 2024-01-05 or 20240105, with a time after a comma, a blank or a semicolon.
Rows of asset categories other than stocks and funds, and of currencies other than USD, become findings.
"""

from __future__ import annotations

from rebal_kit.files.dialect import Dialect

_BROKER = "Interactive Brokers"
_DATES = ("%Y-%m-%d", "%Y%m%d")
_SHARES = frozenset({"stocks", "stk", "fund", "funds", "mutual funds", "etf"})

POSITIONS = tuple(
    Dialect(
        name=f"{_BROKER} activity statement",
        broker=_BROKER,
        reads="positions",
        section=section,
        columns={
            "detail": ("datadiscriminator",),
            "kind": ("asset category",),
            "currency": ("currency",),
            "account": ("account",),
            "symbol": ("symbol",),
            "acquired": ("open",),
            "quantity": ("quantity",),
            "price": ("close price",),
            "value": ("value",),
            "cost": ("cost basis",),
        },
        needed=("detail", "kind", "currency", "symbol", "quantity", "value", "cost"),
        others=("mult", "cost price", "unrealized p/l", "unrealized p/l %", "% of nav", "code"),
        dates=_DATES,
        details={"summary": "positions", "lot": "lots", "total": "totals"},
        shares=_SHARES,
    )
    for section in ("open positions", "long open positions", "short open positions")
)

CASH = Dialect(
    name=f"{_BROKER} activity statement",
    broker=_BROKER,
    reads="cash",
    section="cash report",
    columns={"fact": ("currency summary",), "currency": ("currency",), "value": ("total",)},
    needed=("fact", "currency", "value"),
    others=("securities", "futures", "month to date", "year to date"),
    cash=r"ending cash",
)

FACTS = tuple(
    Dialect(
        name=f"{_BROKER} activity statement",
        broker=_BROKER,
        reads="facts",
        section=section,
        columns={"fact": ("field name",), "said": ("field value",)},
        needed=("fact", "said"),
    )
    for section in ("statement", "account information")
)

FLEX = Dialect(
    name=f"{_BROKER} Flex open positions",
    broker=_BROKER,
    reads="positions",
    columns={
        "account": ("clientaccountid",),
        "currency": ("currencyprimary",),
        "kind": ("assetclass",),
        "symbol": ("symbol",),
        "quantity": ("quantity", "position"),
        "price": ("markprice",),
        "value": ("positionvalue",),
        "cost": ("costbasismoney",),
        "detail": ("levelofdetail",),
        "acquired": ("opendatetime",),
        "holding_start": ("holdingperioddatetime",),
        "day": ("reportdate",),
    },
    needed=("account", "currency", "kind", "symbol", "quantity", "value", "cost", "detail"),
    others=(
        "accountalias", "model", "fxratetobase", "subcategory", "description", "conid", "securityid",
        "securityidtype", "cusip", "isin", "figi", "listingexchange", "underlyingconid", "underlyingsymbol",
        "underlyingsecurityid", "underlyinglistingexchange", "issuer", "issuercountrycode", "multiplier", "strike",
        "expiry", "put/call", "principaladjustfactor", "openprice", "costbasisprice", "percentofnav",
        "fifopnlunrealized", "side", "code", "originatingorderid", "originatingtransactionid", "accruedint",
        "vestingdate", "serialnumber", "deliverytype", "commoditytype", "fineness", "weight",
    ),
    dates=_DATES,
    details={"summary": "positions", "security": "positions", "lot": "lots", "currency": "nothing"},
    shares=_SHARES,
)  # fmt: skip

FLEX_CASH = Dialect(
    name=f"{_BROKER} Flex cash report",
    broker=_BROKER,
    reads="cash",
    columns={"account": ("clientaccountid",), "currency": ("currencyprimary",), "value": ("endingcash",)},
    needed=("account", "currency", "value"),
    others=(
        "accountalias",
        "model",
        "levelofdetail",
        "startingcash",
        "endingsettledcash",
        "fromdate",
        "todate",
    ),
)

DIALECTS = (*POSITIONS, CASH, *FACTS, FLEX, FLEX_CASH)
