"""A history of trades, played through the same book that back-tests use.

Nothing is decided here: what was traded is given, and the book says what it means for lots, losses and tax.
"""

from __future__ import annotations

import numpy as np

from rebal_kit.by_reference import by_reference
from rebal_kit.compiled import compiled, inner
from rebal_kit.engine.book import buy, sell, split_shares
from rebal_kit.engine.choose import MUST, rank_lots, take_ranked
from rebal_kit.engine.costs import Fill, net_price
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.ledger import JOURNAL_FULL, NEXT_PURCHASE, OK, STATUS
from rebal_kit.engine.pages import SPECK, average_basis
from rebal_kit.engine.tape import ORDERS
from rebal_kit.rules.lots import AVERAGE

#: Values of `EVENT.action`. A reinvested dividend is a purchase for `Reason.REINVEST`.
BUY, SELL, SPLIT = range(3)

#: Statuses of an event beside those of the ledger: more is sold than is there; a named lot is not there.
OVERSOLD, UNKNOWN_LOT = JOURNAL_FULL + 1, JOURNAL_FULL + 2

EVENT = np.dtype(
    [
        ("session", "i8"),  # row of the prices; the price is its close
        ("account", "i8"),  # of a split -1 for all accounts
        ("security", "i8"),
        ("action", "i8"),
        ("quantity", "f8"),  # shares, positive; of a split the new shares per old
        ("fee", "f8"),  # US$
        ("reason", "i8"),
        ("method", "i8"),  # which lots a sale takes, when it names none
        ("first_pick", "i8"),  # where the lots it names start in the picks
        ("picks", "i8"),  # how many it names
        # Written by `replay`:
        ("order", "i8"),  # number of the order in the journal, or -1
        ("purchase", "i8"),  # number given to a purchase, or -1
        ("status", "i8"),
    ]
)
PICK = np.dtype(
    [
        ("purchase", "i8"),
        (
            "piece",
            "i8",
        ),  # which piece of it, from 1, in the order of the position; 0 for any, the adjusted ones first
        ("quantity", "f8"),  # shares, beside what the pick before carries over
        ("carry", "i8"),  # 1 when what is not there is to be taken from the next pick
    ]
)

#: Shares are added and subtracted in another order by whoever wrote the history: so much is rounding, not overselling.
ROUNDING = 1e-9


@compiled
def replay(desk: Desk, events: np.ndarray, picks: np.ndarray) -> int:
    """Play the events in their order, which must be the order of time.

    A sale that cannot be made is left out and marked, so that one run finds every such event. A full page, window list
    or journal ends the run: everything is played again in a larger room (`rebal_kit.engine.history.play`).

    Parameters
    ----------
    desk : Desk
        Its plan must not avoid wash sales: what happened has happened. The ledger is changed, the tape written.
    events : ndarray
        (n_events,) EVENT. `order`, `purchase` and `status` are written.
    picks : ndarray
        (n_picks,) PICK, lots named by sales: the number of the purchase and the shares to sell of it, positive. A
        purchase is numbered by the ledger from 0 in order of events (after the lots the ledger opened with). They are
        sold in the order named; of a purchase that a wash sale has divided, the adjusted shares first.

    Returns
    -------
    int
        OK; LOTS_FULL, LOSSES_FULL or JOURNAL_FULL; or the status of the first event left out.
    """
    desk = by_reference(desk)
    ledger = desk.ledger
    first_wrong = OK
    for i in range(len(events)):
        event = events[i]
        event.order = -1
        event.purchase = -1
        event.status = OK
        if event.action == SPLIT:
            split_shares(desk, event.account, event.security, event.quantity)
        elif event.action == BUY:
            event.order = desk.tape.counts[ORDERS]
            event.purchase = ledger.state[NEXT_PURCHASE]
            buy(
                desk,
                event.session,
                event.account,
                event.security,
                event.quantity,
                given(desk, event),
                event.reason,
            )
        else:
            chosen, status = lots_for(desk, events, picks, i)
            event.status = status
            if status == OK:
                event.order = desk.tape.counts[ORDERS]
                sell(
                    desk,
                    event.session,
                    event.account,
                    event.security,
                    chosen,
                    given(desk, event),
                    event.reason,
                )
            elif first_wrong == OK:
                first_wrong = status
        if ledger.state[STATUS] != OK:
            return ledger.state[STATUS]
    return first_wrong


@inner
def given(desk: Desk, event: np.record) -> Fill:
    """Return a trade of a history as a fill; of what its fee was made up is not known."""
    price = desk.prices.close[event.session, event.security]
    return Fill(price, price, event.fee, 0.0, 0.0)


@inner
def lots_for(desk: Desk, events: np.ndarray, picks: np.ndarray, i: int) -> tuple[int, int]:
    """Put the lots of sale `i` into `work.order` and `work.take`; return how many, and a status."""
    event = events[i]
    account, security, quantity = event.account, event.security, event.quantity
    held = desk.ledger.held[account, security]
    if held <= 0.0 or is_short(held, quantity):
        return 0, OVERSOLD
    if held - quantity <= SPECK:
        quantity = held
    if event.picks == 0:
        if event.method == AVERAGE:
            average_basis(desk, account, security)
        desk.work.price[security] = desk.prices.close[event.session, security]
        price = net_price(desk, event.session, security)
        rank_lots(desk, event.session, account, security, event.method, price)
        return take_ranked(desk, event.session, account, security, quantity, MUST), OK
    return named_lots(desk, account, security, picks, event.first_pick, event.first_pick + event.picks)


@inner
def named_lots(
    desk: Desk, account: int, security: int, picks: np.ndarray, first: int, end: int
) -> tuple[int, int]:
    """Put the lots that `picks` name into `work.order` and `work.take`; return how many, and a status."""
    work, ledger = desk.work, desk.ledger
    count = ledger.lot_count[account, security]
    for k in range(count):
        work.take[k] = 0.0
    total = 0.0
    for p in range(first, end):
        total += picks[p].quantity
    chosen = 0
    carried = 0.0
    for p in range(first, end):
        pick = picks[p]
        wanted = pick.quantity + carried
        left = wanted
        carried = 0.0
        if wanted == 0.0:
            continue
        found = False
        piece = 0
        for k in range(count):
            lot = ledger.lots[account, security, k]
            if lot.purchase != pick.purchase:
                continue
            piece += 1
            if pick.piece not in (0, piece):
                continue
            found = True
            there = lot.quantity - work.take[k]
            taken = there if there - left <= SPECK else left
            if taken <= ROUNDING * wanted or left <= 0.0:
                continue
            if work.take[k] == 0.0:
                work.order[chosen] = k
                chosen += 1
            work.take[k] += taken
            left -= taken
        if pick.carry:
            carried = left if is_short(wanted - left, wanted) else 0.0
        elif not is_short(total - left, total):
            continue  # what is left of a lot by rounding may be there, or not
        elif not found:
            return 0, UNKNOWN_LOT
        else:
            return 0, OVERSOLD
    return chosen, OK if chosen > 0 else UNKNOWN_LOT


@inner
def is_short(there: float, wanted: float) -> bool:
    """Say whether shares are missing, by more than rounding."""
    return wanted - there > max(ROUNDING * wanted, SPECK)
