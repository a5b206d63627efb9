"""What may not be traded yet, and until when: wash-sale windows both ways, and gains that wait to be long-term."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rebal_kit.engine.arrays import TAXABLE
from rebal_kit.engine.ledger import DISPOSED, GONE, OPEN_LOSSES, WAITING, date_of
from rebal_kit.proposal.problem import lots_on
from rebal_kit.proposal.settlement import Start
from rebal_kit.rules.wash_sale import blocked_until, in_window

#: Gains, US$, that are none.
_NOTHING = 0.005


@dataclass(frozen=True)
class Blocked:
    """What may not be traded yet.

    Attributes
    ----------
    symbol : str
    until : date
        The last day on which it may not.
    why : str
    account : str
        '' for every account.
    """

    symbol: str
    until: dt.date
    why: str
    account: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {**asdict(self), "until": self.until.isoformat()}


def blocked_on(start: Start) -> tuple[Blocked, ...]:
    """Return the wash-sale windows that are open on the day, both ways, and gains that wait to be long-term."""
    return (*_purchases(start), *_losses(start), *_young_gains(start))


def _purchases(start: Start) -> tuple[Blocked, ...]:
    """Return what may not be bought: something identical was sold at a loss in the days before."""
    day, desk = start.day, start.desk
    symbols, found = day.setting.market.symbols, []
    today = int(desk.prices.day[day.last])
    accounts = day.household.accounts
    for group in np.flatnonzero(desk.ledger.blocked >= today):
        sales = [
            loss for loss in desk.ledger.losses[WAITING, : desk.ledger.state[OPEN_LOSSES]]
            if loss.group == group and loss.quantity > 0.0
        ]  # fmt: skip
        said = "; ".join(
            f"{symbols[loss.security]} sold at a loss of US$ {loss.quantity * loss.per_share:,.0f} on"
            f" {date_of(loss.day)} in {accounts[loss.account].name}" for loss in sales
        )  # fmt: skip
        members = desk.structure.group_member[
            desk.structure.group_first[group] : desk.structure.group_first[group + 1]
        ]
        for security in members:
            why = f"a purchase would wash a loss: {said or 'sold at a loss in the days before'}"
            found.append(Blocked(symbols[security], date_of(int(desk.ledger.blocked[group])), why))
    return tuple(found)


def _losses(start: Start) -> tuple[Blocked, ...]:
    """Return the positions whose losses a purchase of the days before would wash."""
    day, desk = start.day, start.desk
    symbols, accounts = day.setting.market.symbols, day.household.accounts
    lots, _, bought = lots_on(desk, day.last)
    losing = (
        (desk.structure.kind[lots.account] == TAXABLE)
        & bought[desk.structure.group[lots.security]] & ~lots.own_purchase
        & (lots.basis > day.price[lots.security])
    )  # fmt: skip
    found = []
    rows = _rows(lots.account, lots.security)
    for a, s in sorted({(int(lots.account[i]), int(lots.security[i])) for i in np.flatnonzero(losing)}):
        mine = losing & (lots.account == a) & (lots.security == s)
        loss = float(((lots.basis - day.price[s]) * lots.quantity)[mine].sum())
        until = max(washed_until(start, (a, s, int(rows[i]))) for i in np.flatnonzero(mine))
        on = until - dt.timedelta(days=int(desk.table.wash_days))
        why = f"a loss of US$ {loss:,.0f} waits: the purchase of {on} in the household would wash it, share for share"
        found.append(Blocked(symbols[s], until, why, accounts[a].name))
    return tuple(found)


def _rows(account: np.ndarray, security: np.ndarray) -> np.ndarray:
    """Return the row of each lot in its position: lots of a position lie side by side."""
    rows = np.zeros(len(account), np.int64)
    for i in range(1, len(account)):
        if (account[i], security[i]) == (account[i - 1], security[i - 1]):
            rows[i] = rows[i - 1] + 1
    return rows


def _young_gains(start: Start) -> tuple[Blocked, ...]:
    """Return the lots whose short-term gain is postponed, since they turn long-term within the guard's days."""
    day, desk = start.day, start.desk
    guard = int(desk.plan.guard_days)
    found = []
    today = int(desk.prices.day[day.last])
    for a, s in np.argwhere(desk.ledger.lot_count > 0) if guard else ():
        if desk.structure.kind[a] != TAXABLE:
            continue
        for lot in desk.ledger.lots[a, s, : desk.ledger.lot_count[a, s]]:
            gain = lot.quantity * day.price[s] - lot.cost - lot.deferred
            if gain > _NOTHING and 0 < lot.long_from - today <= guard:
                why = f"a short-term gain of US$ {gain:,.0f} turns long-term on {date_of(lot.long_from)}"
                until = date_of(lot.long_from - 1)
                found.append(
                    Blocked(day.setting.market.symbols[s], until, why, day.household.accounts[a].name)
                )
    return tuple(found)


def washed_until(start: Start, place: tuple[int, int, int]) -> dt.date:
    """Return the last day on which a sale at a loss of a lot would find a purchase of the days before this one.

    Parameters
    ----------
    start : Start
    place : tuple of int
        Account, security and row of the lot in the ledger.
    """
    desk, today = start.desk, int(start.desk.prices.day[start.day.last])
    ledger, structure, wash_days = desk.ledger, desk.structure, desk.table.wash_days
    group, sold = int(structure.group[place[1]]), ledger.lots[place]
    # The rest of its own purchase does not replace a lot, unless it has itself replaced others.
    spared = sold.purchase if structure.reading.parent_excluded or sold.fresh else None
    bought = [
        int(lot.acquired)
        for a, s in np.argwhere(ledger.lot_count > 0) if structure.group[s] == group and structure.replaces[a]
        for lot in ledger.lots[a, s, : ledger.lot_count[a, s]] if lot.fresh and lot.purchase != spared
    ]  # fmt: skip
    bought += [
        int(gone.acquired) for gone in ledger.losses[GONE, : ledger.state[DISPOSED]]
        if gone.group == group and gone.quantity > 0.0 and gone.purchase != spared
    ]  # fmt: skip
    latest = max(
        (day for day in bought if in_window(day, today, wash_days)), default=int(ledger.last_buy[group])
    )
    return date_of(blocked_until(latest, wash_days))
