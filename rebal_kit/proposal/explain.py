"""In words: why each trade, what was not traded, and what may not be traded until when."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rebal_kit.engine.arrays import TAXABLE
from rebal_kit.engine.desk import Desk
from rebal_kit.proposal.day import Day
from rebal_kit.proposal.greedy import Decision
from rebal_kit.proposal.orders import Order
from rebal_kit.proposal.settlement import Settlement
from rebal_kit.reasons import Reason

#: Reasons that stand by themselves: nothing of a class's weight explains them better.
_BY_THEMSELVES = (
    Reason.HARVEST, Reason.PAIRED, Reason.REPLACEMENT, Reason.SWITCH_BACK, Reason.RAISE_CASH, Reason.RAISE_TAX,
    Reason.REFILL_CASH,
)  # fmt: skip
#: Gains, US$, that are none.
_NOTHING = 0.005


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
    words = [order.reason.sentence if order.reason not in (Reason.OPTIMAL, Reason.GIVEN) else ""]
    if order.reason == Reason.GIVEN:
        words.append("asked for by hand")
    sleeve = int(desk.structure.sleeve_of[order.security])
    gain = float(rows["gain"].sum())
    if sleeve < 0:
        words.append("outside the targets")
    elif order.reason not in _BY_THEMSELVES:
        place = int(desk.structure.sleeve_class[sleeve])
        target = float(desk.structure.target[place])
        before = float(settlement.weights_before[place])
        name = household.targets.classes[place].name
        off = 100.0 * (before - target)
        side = "above" if off > 0 else "below"
        stands = f"{name} was at {before:.1%}, {abs(off):.1f} points {side} its target of {target:.1%}"
        if order.reason != Reason.OPTIMAL or (off > 0) == order.sells:
            words.append(stands)
        elif not order.sells:
            sold = any(one.sells and _class_of(desk, one) == place for one in settlement.orders)
            words.append(
                f"takes the place of {name} that is sold" if sold else f"uses the account's cash; {stands}"
            )
        elif gain < -_NOTHING:
            words.append(f"sold for its loss, {name} being replaced elsewhere")
        else:
            words.append(f"makes room in the account for another class; {stands}")
    if order.sells and desk.structure.kind[order.account] == TAXABLE and abs(gain) > _NOTHING:
        words.append(f"{_terms(rows)} {'gain' if gain > 0 else 'loss'} of US$ {abs(gain):,.0f}")
    elif order.sells and desk.structure.kind[order.account] != TAXABLE:
        words.append("no tax in this account")
    if float(rows["disallowed"].sum()) > _NOTHING:
        words.append(f"WASH SALE: US$ {float(rows['disallowed'].sum()):,.0f} of the loss is disallowed")
    return "; ".join(word for word in words if word)


def _class_of(desk: Desk, order: Order) -> int:
    sleeve = int(desk.structure.sleeve_of[order.security])
    return int(desk.structure.sleeve_class[sleeve]) if sleeve >= 0 else -1


def _terms(rows: np.ndarray) -> str:
    long = set(rows["long"].tolist())
    return {(1,): "long-term", (0,): "short-term"}.get(tuple(long), "short- and long-term")


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
