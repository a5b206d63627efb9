"""A proposal's document as orders, with every number that can be worked out again worked out again.

Costs are those of the policy where it says all about them; with a spread that is estimated, with market impact or with
limit orders, the stated ones are taken. A lot's gain is its share of the proceeds after cost less its share of basis.
It is taken as stated where the proposal itself washes a loss, and the lot may have got that loss into its basis.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

#: US$ and shares that are rounding.
CENT = 0.01
SHARE = 1e-6
#: US$ of a loss that is none.
DUST = 1e-6
#: Days to either side of a sale at a loss (IRC §1091(a)).
WINDOW = 30


@dataclass
class Part:
    """What one lot gives to a sale; `lot` is None where the account has no such lot.

    `adjusted`: a loss of the proposal itself may have got into its basis, so that what is told of it is taken.
    """

    told: dict[str, Any]
    lot: Any
    shares: float
    gain: float = 0.0
    long: bool = False
    adjusted: bool = False

    @property
    def name(self) -> str:
        return f"lot {self.told['lot']}"


@dataclass
class Order:
    """One trade; `price` is the given one, `amount` and `cost` are worked out."""

    at: int
    told: dict[str, Any]
    account: Any
    symbol: str
    sale: bool
    shares: float
    price: float
    amount: float
    cost: float
    parts: list[Part] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"trade {self.at} ({self.told['side']} {self.symbol} in {self.account.name})"

    @property
    def taxed(self) -> bool:
        return bool(self.account.kind == "taxable")

    @property
    def raising(self) -> bool:
        """Whether it pays a tax or a withdrawal, so that it must be made."""
        return self.sale and str(self.told["reason"]).lower().startswith("raise")

    @property
    def reserve(self) -> bool:
        """Whether it restores the cash of an account."""
        reason = str(self.told["reason"]).lower()
        return self.sale and ("reserve" in reason or "refill" in reason)


class Case:
    """A document beside what it was made from."""

    def __init__(
        self, document: dict[str, Any], household: Any, policy: Any, prices: dict[str, float]
    ) -> None:
        self.document, self.household, self.policy, self.prices = document, household, policy, prices
        self.asof = dt.date.fromisoformat(document["asof"])
        self.accounts = {account.name: account for account in household.accounts}
        self.members = {s: c for c, (one, _) in enumerate(household.targets.weights) for s, _ in one.members}

    @cached_property
    def costs_known(self) -> bool:
        costs, execution = self.policy.costs, self.policy.execution
        return not costs.estimate_spread and costs.impact == 0 and execution.fill != "limit"

    @cached_property
    def orders(self) -> list[Order]:
        """Trades of accounts and securities that there are."""
        found = []
        for at, told in enumerate(self.document["trades"], 1):
            if told["account"] in self.accounts and told["symbol"] in self.prices:
                found.append(self._order(at, told))
        self._take_as_told(found)
        return found

    def _take_as_told(self, orders: list[Order]) -> None:
        """Take gains as stated of lots whose basis a loss earlier in the proposal has changed, where it may wash."""
        lost: list[str] = []
        for order in orders:
            for part in order.parts:
                if part.lot is None:
                    continue
                if self.back(part.lot.acquired) <= WINDOW and any(
                    self.identical(part.lot.symbol, s) for s in lost
                ):
                    part.adjusted = True
                    part.gain, part.long = float(part.told["gain"]), part.told["term"] == "long"
                elif (
                    order.taxed and part.gain < -CENT and (order.raising or not self.policy.avoid_wash_sales)
                ):
                    lost.append(order.symbol)

    def _order(self, at: int, told: dict[str, Any]) -> Order:
        account, symbol, sale = self.accounts[told["account"]], told["symbol"], told["side"] == "sell"
        held = {lot.lot: lot for lot in account.lots if lot.symbol == symbol}
        parts = (
            [Part(one, held.get(one["lot"]), float(one["quantity"])) for one in told["lots"]] if sale else []
        )
        shares = sum(part.shares for part in parts) if parts else float(told["quantity"])
        price = float(self.prices[symbol])
        amount = shares * price
        cost = self.cost_of(account, symbol, shares) if self.costs_known else float(told["cost"])
        order = Order(at, told, account, symbol, sale, shares, price, amount, cost, parts)
        for part in parts:
            if part.lot is not None and shares > 0:
                part.gain = part.shares * (price - cost / shares - part.lot.basis / part.lot.quantity)
                part.long = self.asof >= first_long_day(part.lot.holding_start or part.lot.acquired)
        return order

    def cost_of(self, account: Any, symbol: str, shares: float) -> float:
        """What an order costs, as far as it does not depend on the market."""
        costs = self.policy.costs
        spread = dict(costs.by_symbol).get(symbol, costs.half_spread_bps) / 10_000
        return self.fees_of(account, symbol, shares) + spread * shares * float(self.prices[symbol])

    def fees_of(self, account: Any, symbol: str, shares: float) -> float:
        """What of the cost is commission and fees."""
        costs = self.policy.costs
        of_broker = dict(dict(costs.non_native).get(account.broker, ())).get(symbol, 0.0)
        return float(costs.commission_usd + of_broker + costs.per_share_usd * shares)

    def lot_sales(self) -> Iterator[tuple[Order, Part]]:
        """Lots that there are, as they are sold."""
        for order in self.orders:
            for part in order.parts:
                if part.lot is not None:
                    yield order, part

    def taxed_sums(self) -> tuple[float, float]:
        """Short- and long-term gain in taxable accounts, what is disallowed added back."""
        sums = [0.0, 0.0]
        for order, part in self.lot_sales():
            if order.taxed:
                sums[part.long] += part.gain + part.told["disallowed"]
        return sums[0], sums[1]

    def identical(self, one: str, other: str) -> bool:
        return one == other or any(one in group and other in group for group in self.household.identical)

    def replaces(self, account: Any) -> bool:
        """Whether purchases in an account count for wash sales."""
        return str(account.kind) not in self.household.conventions.ignore_account_types

    def back(self, day: dt.date) -> int:
        """Days from a date to the proposal's."""
        return (self.asof - day).days

    @cached_property
    def held_after(self) -> dict[tuple[str, str], float]:
        """Shares by account and symbol after all trades."""
        held = dict(self.held_before)
        for order in self.orders:
            key = order.account.name, order.symbol
            held[key] = held.get(key, 0.0) + (-order.shares if order.sale else order.shares)
        return held

    @cached_property
    def held_before(self) -> dict[tuple[str, str], float]:
        held: dict[tuple[str, str], float] = {}
        for account in self.household.accounts:
            for lot in account.lots:
                held[account.name, lot.symbol] = held.get((account.name, lot.symbol), 0.0) + lot.quantity
        return held

    @cached_property
    def cash_after(self) -> dict[str, float]:
        cash = {account.name: float(account.cash) for account in self.household.accounts}
        for order in self.orders:
            cash[order.account.name] += (order.amount if order.sale else -order.amount) - order.cost
        return cash

    def drift(self, held: dict[tuple[str, str], float], cash: dict[str, float]) -> float:
        """Half the sum of the deviations of classes and cash from their targets, as a fraction.

        Of all accounts that are not excluded. Holdings outside the targets are no part of the whole.
        """
        targets = self.household.targets
        counted = {name for name, account in self.accounts.items() if account.trading != "excluded"}
        values = [0.0] * len(targets.weights)
        for (name, symbol), shares in held.items():
            if name in counted and symbol in self.members:
                values[self.members[symbol]] += shares * self.prices[symbol]
        money = sum(cash[name] for name in counted)
        whole = sum(values) + money
        if whole <= 0:
            return 0.0
        off = [
            abs(value / whole - weight) for value, (_, weight) in zip(values, targets.weights, strict=True)
        ]
        return (sum(off) + abs(money / whole - targets.cash)) / 2


def first_long_day(start: dt.date) -> dt.date:
    """The first day on which a sale is long-term: a year after the day after the purchase (IRC §1222)."""
    day = start + dt.timedelta(days=1)
    if (day.month, day.day) == (2, 29):
        return dt.date(day.year + 1, 3, 1)
    return day.replace(year=day.year + 1)


def near(told: float, found: float) -> bool:
    """Whether two amounts are the same to a cent, or to what a float of their size can tell."""
    return abs(told - found) <= CENT + 1e-9 * max(abs(told), abs(found))


TEXT, NUMBER, LIST, TABLE = "text", "a number", "a list", "a table"
_TOP = {
    "asof": TEXT,
    "solver": TEXT,
    "trades": LIST,
    "tax": TABLE,
    "cost": NUMBER,
    "drift": TABLE,
    "cash": LIST,
}
_TRADE = {"account": TEXT, "broker": TEXT, "symbol": TEXT, "side": TEXT, "quantity": NUMBER, "price": NUMBER,
          "amount": NUMBER, "cost": NUMBER, "lots": LIST, "reason": TEXT}  # fmt: skip
_LOT = {"lot": TEXT, "acquired": TEXT, "quantity": NUMBER, "term": TEXT, "gain": NUMBER, "disallowed": NUMBER}
_TAX = dict.fromkeys(("short_gain", "long_gain", "disallowed", "tax_now"), NUMBER)
_CASH = {"account": TEXT, "before": NUMBER, "after": NUMBER}
_DRIFT = {"before": NUMBER, "after": NUMBER}


def misshapen(document: Any) -> list[str]:
    """What keeps a document from being read."""
    found = list(_missing("document", document, _TOP))
    if found:
        return found
    for at, trade in enumerate(document["trades"], 1):
        wrong = list(_missing(f"trade {at}", trade, _TRADE))
        found += wrong
        if not wrong:
            for lot in trade["lots"]:
                found += _missing(f"trade {at}, a lot", lot, _LOT)
            if trade["side"] not in {"buy", "sell"}:
                found.append(f"trade {at}: side is {trade['side']!r}")
    for name, row, wanted in (("tax", document["tax"], _TAX), ("drift", document["drift"], _DRIFT)):
        found += _missing(name, row, wanted)
    for row in document["cash"]:
        found += _missing("a row of cash", row, _CASH)
    if document["solver"] not in {"greedy", "optimal"}:
        found.append(f"document: solver is {document['solver']!r}")
    try:
        dt.date.fromisoformat(document["asof"])
    except ValueError:
        found.append(f"document: asof is {document['asof']!r}")
    return found


def _missing(where: str, row: Any, wanted: dict[str, str]) -> Iterator[str]:
    if not isinstance(row, dict):
        yield f"{where}: no table"
        return
    kinds = {TEXT: str, NUMBER: (int, float), LIST: list, TABLE: dict}
    for key, kind in wanted.items():
        value = row.get(key)
        fits = isinstance(value, kinds[kind]) and not isinstance(value, bool)  # type: ignore[arg-type]
        if not fits or (kind == NUMBER and not math.isfinite(value)):  # type: ignore[arg-type]
            yield f"{where}: {key} is {value!r}, not {kind}"
