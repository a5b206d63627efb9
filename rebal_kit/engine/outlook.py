"""What stands in the way of trades today, for the whole household at once: wash-sale windows, by group and by lot."""

from __future__ import annotations

import numpy as np

from rebal_kit.by_reference import by_reference
from rebal_kit.compiled import compiled
from rebal_kit.engine.choose import NONE, own_only, recent_purchase
from rebal_kit.engine.desk import Desk


@compiled
def look_out(desk: Desk, t: int, bought: np.ndarray, own: np.ndarray) -> None:
    """Write down which purchases of the days before would wash a loss taken in session `t`.

    Parameters
    ----------
    desk : Desk
    t : int
    bought : ndarray
        (n_groups,) bool, written: something of the group was bought inside the window and may replace.
    own : ndarray
        (n_accounts, n_securities, n_lots) bool, written: what was bought is the lot's own purchase, or nothing.
    """
    desk = by_reference(desk)
    ledger, structure, day = desk.ledger, desk.structure, desk.prices.day[t]
    for group in range(len(bought)):
        found, _ = recent_purchase(desk, group, day)
        bought[group] = found != NONE
        for i in range(structure.group_first[group], structure.group_first[group + 1]):
            security = structure.group_member[i]
            for account in range(len(ledger.cash)):
                for k in range(ledger.lot_count[account, security]):
                    lot = ledger.lots[account, security, k]
                    own[account, security, k] = own_only(desk, found, lot.purchase, lot.fresh)
