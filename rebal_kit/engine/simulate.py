"""The day loop: the live engine asked every day."""

from __future__ import annotations

from rebal_kit.compiled import compiled, inner
from rebal_kit.engine.book import buy, split_shares
from rebal_kit.engine.choose import may_buy
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.dividends import receive_dividend
from rebal_kit.engine.harvest import harvest
from rebal_kit.engine.ledger import OK, STATUS
from rebal_kit.engine.locate import LEAST_PURCHASE
from rebal_kit.engine.pages import forget_window, watch
from rebal_kit.engine.rebalance import check_triggers, note_blocked, rebalance, value_household
from rebal_kit.engine.tape import BEFORE_TAX, CASH, DIVIDENDS, DRIFT, REBALANCES, TAX_PAID, VALUE
from rebal_kit.engine.taxes import pay_tax
from rebal_kit.reasons import Reason


@compiled
def simulate(desk: Desk, invest: bool) -> int:
    """Run all sessions; return the ledger's status code, OK or what ran out.

    Parameters
    ----------
    desk : Desk
        Its ledger holds the opening cash and lots; ledger, tape and working space are changed in place.
    invest : bool
        Invest all cash at target on the first session.
    """
    prices, plan, work, structure = desk.prices, desk.plan, desk.work, desk.structure
    forget(desk)
    index = 1.0
    previous = 0.0
    for t in range(len(prices.day)):
        dividends = 0.0
        if prices.event[t]:
            dividends = corporate_actions(desk, t)
        managed, legacy, cash = value_household(desk, t)
        value = managed + legacy + cash
        if t > 0:
            index *= value / previous if previous > 0.0 else 1.0
        paid = 0.0
        if prices.tax_due[t] >= 0:
            paid = pay_tax(desk, t, prices.tax_due[t], managed + cash)
            managed, legacy, cash = value_household(desk, t)
        # What trading costs today belongs to the return before tax; what tax costs does not.
        untaxed = value - paid
        if plan.harvest_look[t] and harvest(desk, t):
            managed, legacy, cash = value_household(desk, t)
        total = managed + cash
        act = False
        if t == 0 and invest:
            for c in range(len(work.fired)):
                work.fired[c] = Reason.OPENING
                work.destination[c] = structure.target[c]
            act = True
        elif plan.looked[t] and total > 0.0:
            act = check_triggers(desk, t, total)
            desk.tape.counts[REBALANCES] += 1 if act else 0
            act = act or cash > (structure.cash_target + plan.cash_above) * total
        if act:
            rebalance(desk, t, total)
            managed, legacy, cash = value_household(desk, t)
        if desk.ledger.state[STATUS] != OK:
            return desk.ledger.state[STATUS]
        value = managed + legacy + cash
        index *= value / untaxed if untaxed > 0.0 else 1.0
        previous = value
        write_day(desk, t, managed + cash, cash)
        desk.tape.daily[t, VALUE] = value
        desk.tape.daily[t, BEFORE_TAX] = index
        desk.tape.daily[t, TAX_PAID] = paid
        desk.tape.daily[t, DIVIDENDS] = dividends
    return desk.ledger.state[STATUS]


@inner
def forget(desk: Desk) -> None:
    """Forget what a harvest scan learnt: opening lots are new to it, and a sweep runs again in the same room."""
    for account in range(desk.ledger.held.shape[0]):
        for security in range(desk.ledger.held.shape[1]):
            forget_window(desk, account, security)
            desk.work.ripe[account, security] = 0.0
            for k in range(desk.ledger.lot_count[account, security]):
                watch(desk, account, security, k)


@inner
def corporate_actions(desk: Desk, t: int) -> float:
    """Apply the session's splits and dividends to what was held at its start; return US$ of dividends."""
    prices, held = desk.prices, desk.ledger.held
    total = 0.0
    for security in range(held.shape[1]):
        if prices.split[t, security] != 1.0:
            split_shares(desk, -1, security, prices.split[t, security])
        if prices.dividend[t, security] == 0.0:
            continue
        for account in range(held.shape[0]):
            if held[account, security] == 0.0:
                continue
            amount = receive_dividend(desk, prices.year[t], account, security, prices.dividend[t, security])
            total += amount
            if amount < LEAST_PURCHASE:
                continue
            if desk.plan.reinvest and not may_buy(desk, t, security):
                note_blocked(desk, t, account, security, amount)
            elif desk.plan.reinvest:
                buy(desk, t, account, security, amount / prices.close[t, security], 0.0, Reason.REINVEST)
    return total


@inner
def write_day(desk: Desk, t: int, total: float, cash: float) -> None:
    """Write the day's cash, drift (half the sum of absolute deviations from target) and, if recorded, weights."""
    tape, work, target = desk.tape, desk.work, desk.structure.target
    tape.daily[t, CASH] = cash
    if total <= 0.0:
        tape.daily[t, DRIFT] = 0.0
        return
    off = abs(cash / total - desk.structure.cash_target)
    for c in range(len(target)):
        off += abs(work.class_value[c] / total - target[c])
    tape.daily[t, DRIFT] = off / 2.0
    if len(tape.weights) > 0:
        for c in range(len(target)):
            tape.weights[t, c] = work.class_value[c] / total
        tape.weights[t, len(target)] = cash / total
