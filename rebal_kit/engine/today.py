"""The day's decision once more, on a ledger in which something has been traded already."""

from __future__ import annotations

import numpy as np

from rebal_kit.by_reference import by_reference
from rebal_kit.compiled import compiled
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.execution import reckon
from rebal_kit.engine.ledger import LONG, SHORT, STATUS
from rebal_kit.engine.scope import HOUSEHOLD
from rebal_kit.engine.simulate import forget, trade
from rebal_kit.engine.tape import ORDERS
from rebal_kit.engine.value import value_household


def decide_today(desk: Desk, t: int) -> int:
    """Harvest and rebalance in session `t` as the plan says, without flows and taxes; return the ledger's status.

    Parameters
    ----------
    desk : Desk
        Its ledger may hold the trades of the session that are settled already; it is changed, and the tape written.
    t : int
    """
    # What was traded today moves prices further; all else that a run has learnt is of another ledger.
    return int(_decide(desk, t, desk.work.traded.copy(), desk.work.traded_on.copy()))


@compiled
def _decide(desk: Desk, t: int, traded: np.ndarray, traded_on: np.ndarray) -> int:
    desk = by_reference(desk)
    reckon(desk, desk.prices.close, t)
    forget(desk)
    for security in range(len(traded)):
        desk.work.traded[security] = traded[security]
        desk.work.traded_on[security] = traded_on[security]
    if desk.plan.pair:
        figures = desk.ledger.years[desk.prices.year[t]]
        desk.work.gain_before[0] = figures[SHORT] + figures[LONG]
    managed, cash, _ = value_household(desk, HOUSEHOLD)
    trade(desk, t, False, managed, cash, desk.tape.counts[ORDERS])
    return desk.ledger.state[STATUS]
