"""OFX and QFX files, by ofxtools: positions and cash of investment accounts. The format has no lots.

Read are the investment statements of OFX 1 and 2 (ofx.net, chapter 13): the position list, the balances, and of the
list of securities their tickers. Transactions are not: what they leave out of before the file's first day is in no
lot.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from typing import Any

from rebal_kit.files.held_kind import SETTLEMENT_FUNDS, why_not_held
from rebal_kit.files.statement import Export, Place, Position, Statement
from rebal_kit.findings import Finding

_KINDS = {"POSSTOCK": "stock", "POSMF": "fund", "POSDEBT": "bond", "POSOPT": "option", "POSOTHER": "other"}
_SHARES = ("stock", "fund")
#: What ofxtools raises for text that is no OFX, or OFX that breaks the specification.
_BROKEN = (
    SyntaxError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError, AssertionError,
)  # fmt: skip


def is_ofx(raw: bytes) -> bool:
    """Whether bytes begin as an OFX or QFX file does."""
    return re.match(rb"(?:\xef\xbb\xbf)?\s*(?:OFXHEADER|<\?(?:xml|OFX)|<OFX>)", raw[:200]) is not None


def read_ofx(raw: bytes, name: str) -> Export:
    """Read an OFX file; `name` is how messages call it."""
    try:
        from ofxtools.Parser import OFXTree
    except ModuleNotFoundError:
        what, remedy = (
            "is OFX, which ofxtools reads, which is not installed",
            "pip install 'rebal_kit[brokers]'",
        )
        return Export(name, (), (Finding("error", name, what, remedy),))
    tree = OFXTree()
    try:
        with warnings.catch_warnings(record=True) as skipped:
            warnings.simplefilter("always")
            tree.parse(io.BytesIO(raw))
            found = tree.convert()
        statements = [s for s in found.statements if type(s).__name__ == "INVSTMTRS"]
        tickers = {_key(info.secid): info.ticker or "" for info in found.securities}
        findings = [Finding("note", name, str(warning.message), "it was not read") for warning in skipped]
        findings += [finding for s in statements for finding in _foreign(s, name)]
        read = tuple(_statement(s, tickers, name) for s in statements)
    except _BROKEN as problem:
        said = " ".join(str(problem).split())[:120]
        what = f"is not OFX as its specification has it: {said or type(problem).__name__}"
        return Export(name, (), (Finding("error", name, what, "download it again, or take the CSV file"),))
    if not read:
        findings.append(
            Finding("error", name, "holds no investment account", "download the account's positions")
        )
    return Export(name, read, tuple(findings))


def _key(secid: Any) -> tuple[str, str]:
    return secid.uniqueidtype, secid.uniqueid


def _foreign(statement: Any, name: str) -> Iterator[Finding]:
    if statement.curdef != "USD":
        yield Finding("error", f"{name}, CURDEF", f"is {statement.curdef}", "accounts are in US$")


def _statement(statement: Any, tickers: dict[tuple[str, str], str], name: str) -> Statement:
    held = tuple(_position(item, tickers, name) for item in statement.invposlist or ())
    settled = [p for p in held if p.symbol.rstrip("*") in SETTLEMENT_FUNDS]
    cash, doubt = _cash(statement, sum(p.value or 0.0 for p in settled))
    return Statement(
        name, statement.invacctfrom.brokerid, statement.invacctfrom.acctid, "", statement.dtasof.date(),
        tuple(p for p in held if p not in settled), cash=cash, cash_in_doubt=doubt, listed=True,
    )  # fmt: skip


def _cash(statement: Any, settled: float) -> tuple[float | None, str]:
    """Return cash with what is in settlement funds; some brokers tell the same dollars as both."""
    if statement.invbal is None:
        return settled or None, ""
    cash = float(statement.invbal.availcash)
    if cash and settled and abs(cash - settled) > 0.005:
        return None, f"AVAILCASH is {cash:,.2f}, and {settled:,.2f} are in a settlement fund"
    return (cash or settled), ""


def _position(item: Any, tickers: dict[tuple[str, str], str], name: str) -> Position:
    told, kind = item.invpos, _KINDS.get(type(item).__name__, "other")
    ticker = tickers.get(_key(told.secid), "").strip()
    symbol = ticker or told.secid.uniqueid
    cells = {
        "symbol": ("SECID", f"{told.secid.uniqueid} ({told.secid.uniqueidtype})"),
        "quantity": ("UNITS", str(told.units)),
        "value": ("MKTVAL", str(told.mktval)),
        "kind": ("SECINFO", kind),
    }
    place = Place(name, f"{name}, position {symbol}", cells)
    refused = why_not_held(symbol, kind, _SHARES) if ticker or kind not in _SHARES else "has no ticker"
    if told.currency is not None and told.currency.cursym != "USD":
        refused = f"is in {told.currency.cursym}, and accounts are in US$"
    units = float(told.units)
    short = told.postype == "SHORT" and units > 0
    cost = None if told.avgcostbasis is None else float(told.avgcostbasis) * abs(units)
    return Position(
        symbol, -units if short else units, float(told.unitprice), float(told.mktval), cost, place, kind, refused
    )  # fmt: skip
