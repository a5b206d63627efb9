"""Orders that somebody else decided, carried out at the close by the same book, and paid for by the same law of costs.

A proposal is settled here, be it the engine's own, a solver's, or one that an advisor has changed.
"""

from __future__ import annotations

import numpy as np

from rebal_kit.by_reference import by_reference
from rebal_kit.compiled import compiled
from rebal_kit.engine.book import buy, sell
from rebal_kit.engine.choose import shares_chosen
from rebal_kit.engine.costs import fill_of
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.execution import reckon
from rebal_kit.engine.ledger import OK, STATUS
from rebal_kit.engine.replay import BUY, lots_for
from rebal_kit.engine.tape import ORDERS


@compiled
def carry_out(desk: Desk, t: int, events: np.ndarray, picks: np.ndarray) -> int:
    """Carry out the events in their order at the close of session `t`; return the ledger's status.

    Parameters
    ----------
    desk : Desk
        As the session has left it; ledger and tape are changed. Cash may fall below 0: that is seen afterwards.
    t : int
    events : ndarray
        (n_events,) `rebal_kit.engine.replay.EVENT`, sales and purchases of session `t`; `fee` is not read. `order` and
        `status` are written: a sale of lots that are not there is left out and marked.
    picks : ndarray
        (n_picks,) `rebal_kit.engine.replay.PICK`.
    """
    desk = by_reference(desk)
    reckon(desk, desk.prices.close, t)
    for i in range(len(events)):
        event = events[i]
        account, security = event.account, event.security
        price = desk.work.price[security]
        event.order = -1
        event.status = OK
        if event.action == BUY:
            event.order = desk.tape.counts[ORDERS]
            fill = fill_of(desk, t, account, security, event.quantity * price, price)
            buy(desk, t, account, security, event.quantity, fill, event.reason)
        else:
            chosen, status = lots_for(desk, events, picks, i)
            event.status = status
            if status == OK:
                shares = shares_chosen(desk, chosen)
                fill = fill_of(desk, t, account, security, shares * price, price)
                event.order = desk.tape.counts[ORDERS]
                sell(desk, t, account, security, chosen, fill, event.reason)
        if desk.ledger.state[STATUS] != OK:
            return desk.ledger.state[STATUS]
    return OK
