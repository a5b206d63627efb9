"""The day loop: the live engine asked every day."""

from __future__ import annotations

import numpy as np

from rebal_kit.by_reference import by_reference
from rebal_kit.compiled import compiled, inner
from rebal_kit.engine.arrays import AS_POLICY, DRIP, REINVEST
from rebal_kit.engine.book import buy, split_shares
from rebal_kit.engine.carry_on import carry_on
from rebal_kit.engine.choose import may_buy_in
from rebal_kit.engine.costs import LEAST_AMOUNT, Fill
from rebal_kit.engine.decide import decide, decide_alone, open_positions
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.dividends import receive_dividend
from rebal_kit.engine.execution import reckon
from rebal_kit.engine.flows import move_money
from rebal_kit.engine.harvest import harvest
from rebal_kit.engine.ledger import LONG, OK, SHORT, STATUS
from rebal_kit.engine.locate import note_blocked
from rebal_kit.engine.pages import forget_windows, watch
from rebal_kit.engine.pairing import pair_losses
from rebal_kit.engine.sales import ROUNDING
from rebal_kit.engine.scope import HOUSEHOLD
from rebal_kit.engine.switch_back import switch_back
from rebal_kit.engine.tape import (
    BEFORE_TAX,
    CASH,
    DIVIDENDS,
    DRIFT,
    FLOW,
    GROWN,
    ORDERS,
    REBALANCES,
    TAX_PAID,
    VALUE,
)
from rebal_kit.engine.taxes import pay_tax, write_latent
from rebal_kit.engine.value import largest_first, revalue, value_household
from rebal_kit.engine.waiting import forget_orders, leave_dividend, settle_orders, split_orders
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
    desk = by_reference(desk)
    prices, plan, structure = desk.prices, desk.plan, desk.structure
    lag = plan.orders.lag
    reckon(desk, prices.close, 0)
    forget(desk)
    index = 1.0
    previous = 0.0
    grown = 0.0
    last = len(prices.day) - 1
    for t in range(len(prices.day)):
        dividends = 0.0
        reckon(desk, prices.close, t)
        if prices.last_event[t] == t:
            dividends = corporate_actions(desk, t)
        orders = desk.tape.counts[ORDERS]
        if plan.pair:
            figures = desk.ledger.years[prices.year[t]]
            desk.work.gain_before[0] = figures[SHORT] + figures[LONG]
        managed, cash, beside = value_household(desk, HOUSEHOLD)
        value = managed + cash + beside
        rate = value / previous if previous > 0.0 else 1.0
        if t > 0:
            index *= rate
        grown = grown * rate if t > 0 else value
        flow = 0.0
        if lag and (structure.flowing[t] or prices.tax_due[t] >= 0):
            managed, cash = reckon_anew(desk, plan.orders.market, t)
        if structure.flowing[t]:
            flow = move_money(desk, t, managed + cash)
            grown = max(0.0, grown + flow)
            managed, cash, beside = revalue(desk, HOUSEHOLD)
        paid = 0.0
        if prices.tax_due[t] >= 0:
            paid = pay_tax(desk, t, prices.tax_due[t], managed + cash)
            managed, cash, beside = revalue(desk, HOUSEHOLD)
        # What trading costs today belongs to the return before tax; what tax and flows take does not.
        untraded = value + flow - paid
        traded = trade(desk, t, invest and t == 0, managed, cash, orders)
        if desk.ledger.state[STATUS] != OK:
            return desk.ledger.state[STATUS]
        if traded:
            managed, cash, beside = value_household(desk, HOUSEHOLD)
            share = left_by_costs(value, untraded, managed + cash + beside)
            value = managed + cash + beside
            index *= share
            grown *= share
        else:
            value = untraded
        previous = value
        write_day(desk, t, managed + cash, cash)
        write_figures(desk, t, value, index, grown, paid, dividends, flow)
        if t == last or prices.year[t + 1] != prices.year[t]:
            write_latent(desk, t)
    return desk.ledger.state[STATUS]


@inner
def reckon_anew(desk: Desk, price: np.ndarray, t: int) -> tuple[float, float]:
    """Reckon with other prices of the session; return US$ in classes and in cash by them."""
    reckon(desk, price, t)
    managed, cash, _ = revalue(desk, HOUSEHOLD)
    return managed, cash


@inner
def trade(desk: Desk, t: int, opening: bool, managed: float, cash: float, orders: int) -> bool:
    """Do what is to be done in the session, which has seen so many `orders`, at the prices known to its decisions.

    Returns whether the household must be valued again: it traded, or what was worked out is of other prices or orders.
    """
    plan, work, counts = desk.plan, desk.work, desk.tape.counts
    lag = plan.orders.lag
    moneyed = desk.structure.flowing[t] or desk.prices.tax_due[t] >= 0
    busy = opening or moneyed or plan.looked[t] or plan.harvest_look[t]
    if lag and busy:
        managed, cash = reckon_anew(desk, plan.orders.seen, t)
    elif lag and work.orders_stand[0]:
        reckon(desk, plan.orders.seen, t)
    act(desk, t, opening, managed, cash)
    if lag:
        reckon(desk, desk.prices.close, t)
    if plan.pair and counts[ORDERS] != orders:
        if lag or plan.orders.patient:
            revalue(desk, HOUSEHOLD)  # at the close, without the orders that rules took for done
        pair_losses(desk, t)  # beside gains of flows, taxes and other sales than those of a rebalancing
    return counts[ORDERS] != orders or (busy and (lag or plan.orders.patient or not plan.coordinate))


@inner
def act(desk: Desk, t: int, opening: bool, managed: float, cash: float) -> None:
    """Harvest and rebalance where it is time to, or invest what the household opens with."""
    plan = desk.plan
    if plan.harvest_look[t]:
        if plan.switch_back and switch_back(desk, t):
            managed, cash, _ = revalue(desk, HOUSEHOLD)
        if harvest(desk, t):
            managed, cash, _ = revalue(desk, HOUSEHOLD)
    if opening:
        open_positions(desk, t)
    elif plan.looked[t] or desk.structure.flowing[t]:
        fired = decide(desk, t, HOUSEHOLD, managed, cash) if plan.coordinate else decide_alone(desk, t)
        desk.tape.counts[REBALANCES] += 1 if fired else 0
    if desk.work.orders_stand[0]:
        carry_on(desk, t)
        settle_orders(desk)


@inner
def write_figures(
    desk: Desk, t: int, value: float, index: float, grown: float, paid: float, dividends: float, flow: float
) -> None:
    """Write the day's figures."""
    daily = desk.tape.daily
    daily[t, VALUE] = value
    daily[t, BEFORE_TAX] = index
    daily[t, TAX_PAID] = paid
    daily[t, DIVIDENDS] = dividends
    daily[t, FLOW] = flow
    daily[t, GROWN] = grown


@inner
def left_by_costs(before: float, untraded: float, after: float) -> float:
    """Return the fraction of the day's value that the costs of trading leave.

    It is of what is there once flows and tax are; or, where they take as good as all, of what there was.
    """
    if after <= ROUNDING * before:
        return max(0.0, 1.0 - max(0.0, untraded - after) / before) if before > 0.0 else 1.0
    return after / untraded if untraded > 0.0 else 1.0


@inner
def forget(desk: Desk) -> None:
    """Forget what a harvest scan learnt: opening lots are new to it, and a sweep runs again in the same room."""
    largest_first(desk)
    desk.work.traded_on[:] = -1
    forget_orders(desk)
    for group in range(len(desk.ledger.blocked)):
        forget_windows(desk, group)
    for account in range(desk.ledger.held.shape[0]):
        for security in range(desk.ledger.held.shape[1]):
            desk.work.ripe[account, security] = 0.0
            for k in range(desk.ledger.lot_count[account, security]):
                watch(desk, account, security, k)


@inner
def corporate_actions(desk: Desk, t: int) -> float:
    """Apply the session's splits and dividends to what was held at its start; return US$ of dividends.

    All splits come before any dividend is reinvested: shares that replace others are counted as they are from then on.
    """
    prices, held = desk.prices, desk.ledger.held
    total = 0.0
    for security in range(held.shape[1]):
        if prices.split[t, security] != 1.0:
            split_shares(desk, -1, security, prices.split[t, security])
            split_orders(desk, security, prices.split[t, security])
    for security in range(held.shape[1]):
        if prices.dividend[t, security] == 0.0:
            continue
        leave_dividend(desk, security, prices.dividend[t, security])
        for account in range(held.shape[0]):
            if held[account, security] == 0.0:
                continue
            amount = receive_dividend(desk, t, account, security)
            total += amount
            if amount < LEAST_AMOUNT:
                continue
            rule = desk.structure.dividends[account]
            if rule == AS_POLICY:
                rule = desk.plan.dividends
            if rule == REINVEST and not may_buy_in(desk, t, account, security):
                note_blocked(desk, t, account, security, amount)
            elif rule == REINVEST or (rule == DRIP and prices.traded[t, security]):
                price = desk.plan.orders.market[t, security]  # before any order of the session
                buy(
                    desk,
                    t,
                    account,
                    security,
                    amount / price,
                    Fill(price, price, 0.0, 0.0, 0.0),
                    Reason.REINVEST,
                )
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
