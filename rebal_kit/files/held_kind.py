"""Which positions of a broker's file are shares or funds, the only things that lots are kept of here."""

from __future__ import annotations

import re
from collections.abc import Collection

_TICKER = re.compile(r"[A-Z][A-Z0-9]{0,5}(?:[./ -][A-Z]{1,2})?")
_OPTION = re.compile(r"-?[A-Z]{1,6} ?\d{6}[CP][\d.]+|[A-Z]{1,6} .*\d.* [CP](?:ALL|UT)?", re.IGNORECASE)
_CUSIP = re.compile(r"[0-9A-Z]{8}\d")

#: Funds in which brokers keep uninvested money; a share of theirs is a dollar.
SETTLEMENT_FUNDS = ("SPAXX", "FDRXX", "FZFXX", "FCASH", "CORE", "VMFXX", "VMRXX", "SWGXX")


def why_not_held(symbol: str, kind: str = "", shares: Collection[str] = ()) -> str:
    """Return why a position cannot be held as lots of shares; an empty text where it can.

    Parameters
    ----------
    symbol : str
        As the broker spells it.
    kind : str
        The broker's word for what it is, or nothing.
    shares : collection of str
        The broker's words for shares and funds, in lower case.
    """
    if kind and kind.lower() not in shares:
        return f"is {kind!r}, neither a share nor a fund"
    if _OPTION.fullmatch(symbol):
        return "is an option"
    if _CUSIP.fullmatch(symbol):
        return "has a CUSIP for its ticker, as bonds and certificates of deposit have"
    return "" if _TICKER.fullmatch(symbol) else "is no ticker of a share or a fund"
