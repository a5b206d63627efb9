"""A back-test's journal as a history of trades: what an auditor, or `rebal tax`, can replay without the engine."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd

from rebal_kit.engine.arrays import Prices
from rebal_kit.reasons import Reason
from rebal_kit.transactions import PIECE, Action, Transaction

#: What a trade needs of the journal.
_TOLD = (
    "order", "date", "account", "symbol", "side", "quantity", "price", "cost", "reason_code", "lot", "piece",
    "lot_quantity",
)  # fmt: skip
#: Where lines stand in their session; trades by their number.
_SPLIT_FIRST, _THEN_DIVIDENDS, _THEN_DEPOSITS, _WITHDRAWALS_LAST = -3.0, -2.0, -1.0, math.inf


def transactions_of(
    journal: pd.DataFrame,
    prices: Prices,
    symbols: Sequence[str],
    accounts: Sequence[str],
    opening: np.ndarray,
    too_late: np.ndarray,
    flows: pd.DataFrame,
) -> tuple[Transaction, ...]:
    """Return the journal with the market's splits and dividends, deposits and withdrawals between its trades.

    Of one session, deposits come before its trades and withdrawals after them.

    Parameters
    ----------
    journal : DataFrame
        As in `rebal_kit.backtest.Backtest`, in order.
    prices : Prices
    symbols, accounts : sequence of str
        In the order of the prices' and the opening's columns.
    opening : ndarray
        (n_accounts, n_securities) shares held before the first session.
    too_late : ndarray
        (n_accounts, n_securities) of these, shares bought on the day of the first session, which have no dividend
        of that day.
    flows : DataFrame
        date, account, amount: US$ paid in (positive) and out (negative) on a session; perhaps no rows.
    """
    dates = prices.day.astype("datetime64[D]")
    session_of = {date: t for t, date in enumerate(dates.tolist())}
    lines: list[tuple[int, float, Transaction]] = []
    for place, (t, trade) in enumerate(_trades(journal, session_of)):
        lines.append((t, place, trade))
    for t, s in np.argwhere(prices.split != 1.0):
        split = Transaction(dates[t].item(), "", Action.SPLIT, symbols[s], float(prices.split[t, s]))
        lines.append((int(t), _SPLIT_FIRST, split))
    lines += _dividends(journal, prices, symbols, accounts, (opening, too_late), session_of)
    lines += _flows(flows, session_of)
    lines.sort(key=lambda line: line[:2])  # stable: dividends and deposits of a session keep their order
    return tuple(line for *_, line in lines)


def _trades(journal: pd.DataFrame, session_of: dict[Any, int]) -> Iterator[tuple[int, Transaction]]:
    told = journal[list(_TOLD)].sort_values("order", kind="stable")
    rows: list[dict[str, Any]] = told.to_dict("records")  # type: ignore[assignment]
    for _, order in groupby(rows, itemgetter("order")):
        orders = list(order)
        first = orders[0]
        date = first["date"].date()
        quantity = sum(row["quantity"] for row in orders)
        fees = sum(row["cost"] for row in orders)
        common = (first["symbol"], quantity, first["price"], fees)
        if first["side"] == "buy":
            action = Action.REINVEST if first["reason_code"] == Reason.REINVEST else Action.BUY
            line = Transaction(date, first["account"], action, *common, lot=first["lot"])
        else:
            # Rows of one piece are not summed: a last digit lost would grow from wash sale to wash sale.
            lots = {
                row["lot"] + (f"{PIECE}{row['piece']}" if row["piece"] else ""): row["lot_quantity"]
                for row in orders
            }
            line = Transaction(date, first["account"], Action.SELL, *common, lots=tuple(lots.items()))
        yield session_of[date], line


def _flows(flows: pd.DataFrame, session_of: dict[Any, int]) -> Iterator[tuple[int, float, Transaction]]:
    for day, account, amount in zip(flows["date"], flows["account"], flows["amount"], strict=True):
        date = pd.Timestamp(day).date()
        action, place = (
            (Action.DEPOSIT, _THEN_DEPOSITS) if amount > 0 else (Action.WITHDRAW, _WITHDRAWALS_LAST)
        )
        yield session_of[date], place, Transaction(date, account, action, amount=abs(float(amount)))


def _dividends(
    journal: pd.DataFrame, prices: Prices, symbols: Sequence[str], accounts: Sequence[str],
    opening: tuple[np.ndarray, np.ndarray], session_of: dict[Any, int],
) -> list[tuple[int, float, Transaction]]:  # fmt: skip
    """Return a line for each account and dividend, on the shares that were there when the session began."""
    signed = journal["quantity"].where(journal["side"] == "buy", -journal["quantity"])
    sessions = journal["date"].dt.date.map(session_of)
    column = {symbol: s for s, symbol in enumerate(symbols)}
    row_of = {account: a for a, account in enumerate(accounts)}
    trades: dict[tuple[int, int], list[tuple[int, float]]] = defaultdict(list)
    places = zip(journal["account"].map(row_of), journal["symbol"].map(column), sessions, signed, strict=True)
    for a, s, session, shares in places:
        trades[a, s].append((session, shares))
    lines = []
    for s, symbol in enumerate(symbols):
        events = np.flatnonzero((prices.split[:, s] != 1.0) | (prices.dividend[:, s] != 0.0))
        for a, account in enumerate(accounts):
            held, waiting = float(opening[0][a, s]), iter((*trades.get((a, s), ()), (len(prices.day), 0.0)))
            session, shares = next(waiting)
            for t in events.tolist():
                while session < t:
                    held += shares
                    session, shares = next(waiting)
                held *= prices.split[t, s]
                entitled = held - (opening[1][a, s] * prices.split[t, s] if t == 0 else 0.0)
                if prices.dividend[t, s] and entitled > _DUST:
                    date, paid = prices.day[t].astype("datetime64[D]").item(), float(prices.dividend[t, s])
                    line = Transaction(date, account, Action.EX_DIVIDEND, symbol, float(entitled), paid)
                    lines.append((t, _THEN_DIVIDENDS, line))
    return lines


#: Shares that are left over by rounding.
_DUST = 1e-9
