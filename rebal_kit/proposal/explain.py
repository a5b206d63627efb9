"""In words: why each trade, what was not traded, and what may not be traded until when."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rebal_kit.engine.arrays import TAXABLE
from rebal_kit.engine.ledger import OPEN_LOSSES, WAITING, date_of
from rebal_kit.proposal.day import Day
from rebal_kit.proposal.greedy import Decision
from rebal_kit.proposal.problem import lots_on
from rebal_kit.proposal.settlement import Settlement, Start
from rebal_kit.reasons import Reason

#: Reasons that stand by themselves: nothing of a class's weight explains them better.
_HARVESTS = (Reason.HARVEST, Reason.PAIRED)
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


@dataclass(frozen=True)
class NotDone:
    """A trade that was not made.

    Attributes
    ----------
    why : str
    account, symbol : str
        '' where it is about none.
    amount : float
        US$, where it is known.
    """

    why: str
    account: str = ""
    symbol: str = ""
    amount: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)


def why_traded(settlement: Settlement, number: int) -> str:
    """Return why an order is made, in a sentence with its figures.

    Parameters
    ----------
    settlement : Settlement
    number : int
        Place of the order.
    """
    order = settlement.orders[number]
    desk, household = settlement.desk, settlement.start.day.household
    rows = settlement.journal[settlement.journal["order"] == settlement.numbers[number]]
    words = [order.reason.sentence if order.reason != Reason.OPTIMAL else ""]
    sleeve = int(desk.structure.sleeve_of[order.security])
    if sleeve < 0:
        words.append("outside the targets")
    elif order.reason not in _HARVESTS:
        place = int(desk.structure.sleeve_class[sleeve])
        target = float(desk.structure.target[place])
        before = float(settlement.weights_before[place])
        name = household.targets.classes[place].name
        off = 100.0 * (before - target)
        side = "above" if off > 0 else "below"
        words.append(f"{name} was at {before:.1%}, {abs(off):.1f} points {side} its target of {target:.1%}")
    gain = float(rows["gain"].sum())
    if order.sells and desk.structure.kind[order.account] == TAXABLE and abs(gain) > _NOTHING:
        words.append(f"{_terms(rows)} {'gain' if gain > 0 else 'loss'} of US$ {abs(gain):,.0f}")
    elif order.sells and desk.structure.kind[order.account] != TAXABLE:
        words.append("no tax in this account")
    if float(rows["disallowed"].sum()) > _NOTHING:
        words.append(f"WASH SALE: US$ {float(rows['disallowed'].sum()):,.0f} of the loss is disallowed")
    return "; ".join(word for word in words if word)


def _terms(rows: np.ndarray) -> str:
    long = set(rows["long"].tolist())
    return {(1,): "long-term", (0,): "short-term"}.get(tuple(long), "short- and long-term")


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
    lots, _, bought, bought_on = lots_on(desk, day.last)
    losing = (
        (desk.structure.kind[lots.account] == TAXABLE)
        & bought[desk.structure.group[lots.security]] & ~lots.own_purchase
        & (lots.basis > day.price[lots.security])
    )  # fmt: skip
    found = []
    for a, s in sorted({(int(lots.account[i]), int(lots.security[i])) for i in np.flatnonzero(losing)}):
        mine = losing & (lots.account == a) & (lots.security == s)
        loss = float(((lots.basis - day.price[s]) * lots.quantity)[mine].sum())
        on = int(bought_on[desk.structure.group[s]])
        why = f"a loss of US$ {loss:,.0f} would be washed: bought on {date_of(on)} in the household"
        found.append(Blocked(symbols[s], date_of(on + desk.table.wash_days), why, accounts[a].name))
    return tuple(found)


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


def passed_over(day: Day, decision: Decision) -> tuple[NotDone, ...]:
    """Return what the engine looked at and did not trade."""
    accounts, symbols = day.household.accounts, (*day.setting.market.symbols, "")
    return tuple(
        NotDone(one.reason.sentence, accounts[one.account].name, symbols[one.security], one.amount)
        for one in decision.passed
    )


def not_due(day: Day) -> tuple[NotDone, ...]:
    """Say that no rule looks on the day, if none does."""
    plan = day.plan
    if plan.looked[-1] or plan.harvest_look[-1]:
        return ()
    why = (
        f"no rule of policy '{day.policy.name}' looks on {day.asof}: ask again on its day, or let it look now"
    )
    return (NotDone(why),)


def held_back(words: tuple[str, ...]) -> tuple[NotDone, ...]:
    """Return what stands in the way of a better plan, as the solver found it."""
    return tuple(NotDone(text) for text in words)
