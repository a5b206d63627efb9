"""A proposal of invented people, and ways to change it."""

from __future__ import annotations

import copy
import datetime as dt
import hashlib
import json
from typing import Any

NOW = dt.datetime(2024, 8, 13, 15, 30, tzinfo=dt.UTC)
HASH = hashlib.sha256(b"input").hexdigest()
#: A day after which no clock of a test machine is.
NEVER = "2190-01-01"


def _trade(number: int, account: str, broker: str, symbol: str, side: str, **more: Any) -> dict[str, Any]:
    trade = {
        "trade": number, "account": account, "broker": broker, "symbol": symbol, "side": side, "quantity": 10.0,
        "price": 100.0, "amount": 1000.0, "cost": 0.0, "limit": None, "lots": [], "reason": "back to target",
    }  # fmt: skip
    return {**trade, **more}


def lot(name: str, quantity: float, **more: Any) -> dict[str, Any]:
    held = {"lot": name, "acquired": "2021-03-04", "quantity": quantity, "term": "long", "gain": -120.0,
            "disallowed": 0.0}  # fmt: skip
    return {**held, **more}


#: Of another household.
OTHER_INPUTS = {"household": "b" * 64, "policy": HASH, "prices": HASH}

_PLAIN: dict[str, Any] = {
    "format": "rebal_kit proposal 1",
    "version": "0.1.0", "asof": "2024-08-12", "expires": "2024-08-14",
    "solver": "greedy", "household": "Two million", "policy": "threshold_3pct_harvest",
    "inputs": {"household": HASH, "policy": HASH, "prices": HASH},
    "trades": [
        _trade(1, "Joint", "Schwab", "AGG", "buy", price=98.5, quantity=60.0, amount=5910.0, limit=99.0),
        _trade(2, "Joint", "Schwab", "SPY", "sell", price=501.2, quantity=12.5, amount=6265.0, reason="harvest a loss",
               lots=[lot("SPY-3", 8.0), lot("SPY-7", 4.5, acquired="2022-01-05", gain=-30.5)]),
        _trade(3, "IRA Kim", "Vanguard", "VTI", "sell"),
        _trade(4, "Old 401k", "", "BND", "buy"),
    ],
    "tax": {"short_gain": 0.0, "long_gain": -150.5, "disallowed": 0.0, "tax_now": -22.6}, "cost": 0.0,
    "drift": {"before": 0.05, "after": 0.01},
    "cash": [{"account": "Joint", "before": 100.0, "after": 455.0}],
    "objective": {"value": None, "bound": None, "gap": None},
    "blocked": [{"account": "Joint", "symbol": "IVV", "until": "2024-09-12", "why": "a wash sale"}],
    "not_done": [], "overrides": [{"what": "target of SPY", "why": "a vote of the family"}],
    "findings": [{"severity": "note", "where": "prices", "what": "are of the close", "remedy": ""}],
}  # fmt: skip


def signed(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document with the id that fits it, reckoned here and not by the package."""
    rest = {key: value for key, value in document.items() if key != "proposal"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return {**rest, "proposal": hashlib.sha256(text.encode()).hexdigest()[:12]}


def document(**changes: Any) -> dict[str, Any]:
    """Return a proposal document with some of its fields replaced."""
    return signed({**copy.deepcopy(_PLAIN), **changes})


def with_trade(number: int, **changes: Any) -> dict[str, Any]:
    """Return a proposal document in which one trade is different."""
    trades = [{**trade, **(changes if trade["trade"] == number else {})} for trade in document()["trades"]]
    return document(trades=trades)
