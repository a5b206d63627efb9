"""Working space of the engine. Compiled code allocates nothing, so every intermediate array is laid out here."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rebal_kit.engine.ledger import LONG_AGO, LOSS, LOT


class Work(NamedTuple):
    """Scratch arrays; only the orders that wait and the last three outlive a session."""

    sleeve_value: np.ndarray  # (N,) float64, US$
    sleeve_open: np.ndarray  # (N,) bool, some member may be bought today
    sleeve_share: np.ndarray  # (N,) float64, weight inside the class that can be reached today
    sleeve_change: np.ndarray  # (N,) float64, US$ to buy or, negative, to sell
    sleeve_sold: np.ndarray  # (N,) float64, US$ sold of each in today's decision
    class_value: np.ndarray  # (C,) float64, US$
    class_open: np.ndarray  # (C,) bool
    fired: np.ndarray  # (C,) int64, reason to trade, or -1
    destination: np.ndarray  # (C,) float64, weight to go to
    change: np.ndarray  # (C,) float64, US$
    reason: np.ndarray  # (C,) int64
    want: np.ndarray  # (N,) float64, US$ to buy
    free: np.ndarray  # (A,) float64, cash not yet spoken for
    room: np.ndarray  # (A,) float64, US$ that `free` pays for of what is placed
    amounts: np.ndarray  # (A, N) float64, US$ to buy in each account
    sale: np.ndarray  # (A, S) float64, US$ to sell of each position
    offered: np.ndarray  # (A * S, 2) int64, (account, security) of the positions a sale may come from
    planned: np.ndarray  # (A * S,) float64, US$ planned from each of them
    next_cost: np.ndarray  # (A * S,) float64, tax per US$ of the lot that is next there
    next_room: np.ndarray  # (A * S,) float64, US$ left of that lot; negative while it has not been looked at
    came_from: np.ndarray  # (A,) int64, the account before in a chain of exchanges, -1 unreached
    price: np.ndarray  # (S,) float64, US$ a share by which the engine reckons at the moment
    resting: np.ndarray  # (1,) bool, the order reckoned with rests at its limit: it pays no spread
    order_shares: np.ndarray  # (A, S) float64, shares of an order that waits, 0 when none does
    taken_back: np.ndarray  # (A, S) float64, shares of orders that a new decision has taken back
    order_side: np.ndarray  # (A, S) int64, BUY or SELL
    order_since: np.ndarray  # (A, S) int64, session in which it was decided, -1 when there is none
    order_tries: (
        np.ndarray
    )  # (A, S) int64, sessions in which its limit was not reached since something was filled
    order_tried: np.ndarray  # (A, S) int64, session in which it was tried last
    order_price: np.ndarray  # (A, S) float64, US$ a share by which it was decided
    order_reason: np.ndarray  # (A, S) int64
    orders_stand: np.ndarray  # (1,) bool, some order waits, or was tried in the session
    pending: (
        np.ndarray
    )  # (A + 1, C) int64, why each class is traded while its orders wait, -1: to balance others;
    # a row an account that decides alone, the last one for the household
    pending_to: np.ndarray  # (A + 1, C) float64, weight it is to go to
    traded: np.ndarray  # (S,) float64, US$ the household has traded of a security in the session below
    traded_on: np.ndarray  # (S,) int64
    gain_before: np.ndarray  # (1,) float64, US$ of net gain the year had at the start of the day
    by_size: np.ndarray  # (A,) int64, the order in which accounts are looked at: largest first
    by_way_of: np.ndarray  # (A,) int64, the sleeve exchanged there
    substitute: np.ndarray  # (S,) int64, securities that replace a harvested one
    take: np.ndarray  # (K,) float64, shares to sell of each lot; -1 when the lot must not be sold
    tier: np.ndarray  # (K,) int64, rank of each lot: tier first
    key: np.ndarray  # (K,) float64, then key
    order: np.ndarray  # (K,) int64, lots in the order sold
    sold: np.ndarray  # (K,) LOT, slices of one sale order
    loss: np.ndarray  # (1,) LOSS, the slice sold at a loss that is being settled
    long_from: np.ndarray  # (2,) int64, a day a holding period starts and its first long-term day
    ripe: np.ndarray  # (A, S) float64, no lot can be harvested above this price (net of cost)
    ripe_in_window: (
        np.ndarray
    )  # (A, S) float64, the same through the day below, lots a purchase stands before left out
    window_until: np.ndarray  # (A, S) int64


def empty_work(accounts: int, securities: int, sleeves: int, classes: int, lots: int) -> Work:
    """Return working space for so many of each."""
    return Work(
        sleeve_value=np.zeros(sleeves),
        sleeve_open=np.zeros(sleeves, bool),
        sleeve_share=np.zeros(sleeves),
        sleeve_change=np.zeros(sleeves),
        sleeve_sold=np.zeros(sleeves),
        class_value=np.zeros(classes),
        class_open=np.zeros(classes, bool),
        fired=np.zeros(classes, np.int64),
        destination=np.zeros(classes),
        change=np.zeros(classes),
        reason=np.zeros(classes, np.int64),
        want=np.zeros(sleeves),
        free=np.zeros(accounts),
        room=np.zeros(accounts),
        amounts=np.zeros((accounts, sleeves)),
        sale=np.zeros((accounts, securities)),
        offered=np.zeros((accounts * securities, 2), np.int64),
        planned=np.zeros(accounts * securities),
        next_cost=np.zeros(accounts * securities),
        next_room=np.zeros(accounts * securities),
        came_from=np.zeros(accounts, np.int64),
        price=np.zeros(securities),
        resting=np.zeros(1, bool),
        order_shares=np.zeros((accounts, securities)),
        taken_back=np.zeros((accounts, securities)),
        order_side=np.zeros((accounts, securities), np.int64),
        order_since=np.full((accounts, securities), -1, np.int64),
        order_tries=np.zeros((accounts, securities), np.int64),
        order_tried=np.full((accounts, securities), -1, np.int64),
        order_price=np.zeros((accounts, securities)),
        order_reason=np.zeros((accounts, securities), np.int64),
        orders_stand=np.zeros(1, bool),
        pending=np.full((accounts + 1, classes), -1, np.int64),
        pending_to=np.zeros((accounts + 1, classes)),
        traded=np.zeros(securities),
        traded_on=np.full(securities, -1, np.int64),
        gain_before=np.zeros(1),
        by_size=np.zeros(accounts, np.int64),
        by_way_of=np.zeros(accounts, np.int64),
        substitute=np.zeros(securities, np.int64),
        take=np.zeros(lots),
        tier=np.zeros(lots, np.int64),
        key=np.zeros(lots),
        order=np.zeros(lots, np.int64),
        sold=np.zeros(lots, LOT).view(np.recarray),
        loss=np.zeros(1, LOSS).view(np.recarray),
        long_from=np.full(2, LONG_AGO, np.int64),
        ripe=np.zeros((accounts, securities)),
        ripe_in_window=np.zeros((accounts, securities)),
        window_until=np.zeros((accounts, securities), np.int64),
    )
