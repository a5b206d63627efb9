"""Histories of trades in the words of `tests/cases`, played through the engine's book and told back in the same words.

A story has `accounts`, `trades` and perhaps `identical`; beside the sides of a case there is ``split`` with a `ratio`.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from rebal_kit.conventions import WashSaleConventions
from rebal_kit.domain import Account, Household
from rebal_kit.encode import encode_accounts
from rebal_kit.engine.arrays import Structure
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.history import History, history_desk, history_structure, play
from rebal_kit.engine.ledger import date_of, day_of
from rebal_kit.engine.replay import BUY, EVENT, PICK, SELL, SPLIT
from rebal_kit.engine.tape import ENTRIES
from rebal_kit.reasons import Reason
from rebal_kit.rules.law import TaxTable, tax_table
from rebal_kit.rules.lots import HISTORY_METHOD_CODES
from rebal_kit.targets import TargetAllocation
from rebal_kit.tax_profile import TaxProfile

PURCHASES = ("buy", "reinvest")
AMOUNTS = ("quantity", "proceeds", "basis", "gain", "disallowed", "permanent", "recognized")


@cache
def law() -> TaxTable:
    return tax_table(TaxProfile())


@dataclass(frozen=True)
class Arrays:
    """A story as the engine reads it."""

    accounts: list[str]
    symbols: list[str]
    labels: list[str]  # of the purchases, by number
    events: np.ndarray
    picks: np.ndarray
    day: np.ndarray
    price: np.ndarray
    structure: Structure

    @property
    def kind(self) -> np.ndarray:
        return self.structure.kind

    @property
    def group(self) -> np.ndarray:
        return self.structure.group

    @property
    def history(self) -> History:
        return History(self.events, self.picks, self.day, self.price, self.structure, tuple(self.symbols))

    def desk(self, **room: int) -> Desk:
        """An empty desk of a stated size."""
        return history_desk(self.history, law(), **room)


def in_order(story: dict[str, Any]) -> list[dict[str, Any]]:
    """The trades by date; those of one day as the story lists them."""
    return sorted((t for t in story["trades"] if t["side"] != "ex_dividend"), key=lambda trade: trade["date"])


def arrays(
    story: dict[str, Any], symbols: list[str] | None = None, accounts: list[str] | None = None
) -> Arrays:
    """Translate a story; the order of the securities and accounts may be chosen."""
    trades = in_order(story)
    accounts = accounts or list(story["accounts"])
    symbols = symbols or list(dict.fromkeys(trade["symbol"] for trade in trades))
    same = {symbol: min(names) for names in story.get("identical", ()) for symbol in names}
    groups = list(dict.fromkeys(same.get(symbol, symbol) for symbol in symbols))
    labels = [trade["lot"] for trade in trades if trade["side"] in PURCHASES]
    events = np.zeros(len(trades), EVENT).view(np.recarray)
    named: list[tuple[int, int, float, int]] = []
    for event, trade in zip(events, trades, strict=True):
        side = trade["side"]
        event.security = symbols.index(trade["symbol"])
        event.action = SPLIT if side == "split" else SELL if side == "sell" else BUY
        event.quantity = trade["ratio"] if side == "split" else trade["quantity"]
        event.account = accounts.index(trade["account"]) if "account" in trade else -1
        event.fee = trade.get("fees", 0.0)
        event.reason = Reason.REINVEST if side == "reinvest" else Reason.GIVEN
        event.method = HISTORY_METHOD_CODES[trade.get("lot_method", "fifo")]
        event.first_pick = len(named)
        named += [pick_of(labels, lot, quantity) for lot, quantity in trade.get("lots", ())]
        event.picks = len(named) - event.first_pick
    return Arrays(
        accounts, symbols, labels, events, np.array(named, PICK).view(np.recarray),
        np.array([day_of(dt.date.fromisoformat(trade["date"])) for trade in trades], np.int64),
        np.array([trade.get("price", 0.0) for trade in trades], np.float64),
        history_structure(
            **encode_accounts(household_of(story, accounts)),
            group=np.array([groups.index(same.get(symbol, symbol)) for symbol in symbols], np.int64),
        ),
    )  # fmt: skip


def household_of(story: dict[str, Any], accounts: list[str]) -> Household:
    """The accounts of a story with its conventions."""
    conventions = WashSaleConventions(**story.get("conventions", {}))
    held = [
        Account(name, story["accounts"][name]["owner"], story["accounts"][name]["kind"]) for name in accounts
    ]
    return Household("story", tuple(held), TargetAllocation({}), conventions=conventions)


def pick_of(labels: list[str], lot: str, quantity: float) -> tuple[int, int, float, int]:
    """A lot by its label, or one of its pieces: ``L1#2``."""
    label, _, piece = lot.partition("#")
    return labels.index(label), int(piece or 0), quantity, 0


@dataclass(frozen=True)
class Told:
    """What became of a story, by key, summed.

    Attributes
    ----------
    disposals : dict
        (number of the trade, lot, holding start, term): amounts of `AMOUNTS`. Taxable accounts only.
    open_lots : dict
        (account, symbol, lot, holding start): quantity, basis and the deferred loss in it.
    years : dict
        (year, 'ST' or 'LT'): recognized.
    """

    disposals: dict[tuple[Any, ...], np.ndarray]
    open_lots: dict[tuple[Any, ...], np.ndarray]
    years: dict[tuple[int, str], float]

    def total(self, name: str) -> float:
        return float(sum(row[AMOUNTS.index(name)] for row in self.disposals.values()))


def told(story: dict[str, Any], **order: list[str]) -> Told:
    """Play a story and tell what became of it."""
    given = arrays(story, **order)
    desk = play(given.history, law())
    assert not given.events.status.any(), given.events.status
    return retell(given, desk)


def retell(given: Arrays, desk: Desk) -> Told:
    """Read journal and ledger."""
    trade_of = {int(order): number for number, order in enumerate(given.events.order) if order >= 0}
    disposals: dict[tuple[Any, ...], np.ndarray] = defaultdict(lambda: np.zeros(len(AMOUNTS)))
    years: dict[tuple[int, str], float] = defaultdict(float)
    for row in desk.tape.journal[: desk.tape.counts[ENTRIES]]:
        if row.side == 1 or given.kind[row.account] != 0:
            continue
        recognized = row.gain + row.disallowed
        term = "LT" if row.long else "ST"
        key = (trade_of[int(row.order)], given.labels[row.purchase], date_of(row.start).isoformat(), term)
        disposals[key] += (
            row.quantity, row.quantity * row.price - row.cost, row.basis, row.gain, row.disallowed, row.permanent,
            recognized,
        )  # fmt: skip
        years[date_of(given.day[row.session]).year, term] += recognized
    open_lots: dict[tuple[Any, ...], np.ndarray] = defaultdict(lambda: np.zeros(3))
    ledger = desk.ledger
    for a, account in enumerate(given.accounts):
        for s, symbol in enumerate(given.symbols):
            for lot in ledger.lots[a, s, : ledger.lot_count[a, s]]:
                if lot.quantity > 1e-9:
                    key = (account, symbol, given.labels[lot.purchase], date_of(lot.start).isoformat())
                    open_lots[key] += (lot.quantity, lot.cost + lot.deferred, lot.deferred)
    return Told(dict(disposals), dict(open_lots), dict(years))
