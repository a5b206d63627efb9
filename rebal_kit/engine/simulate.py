"""The day loop: the live engine asked every day."""

from __future__ import annotations

import numpy as np

from rebal_kit.compiled import compiled
from rebal_kit.domain import Reason
from rebal_kit.engine.arrays import Plan, Prices, Structure
from rebal_kit.engine.book import buy, receive_dividend, split_shares
from rebal_kit.engine.choose import may_buy
from rebal_kit.engine.harvest import harvest
from rebal_kit.engine.ledger import OK, STATUS, Ledger
from rebal_kit.engine.rebalance import rebalance, sum_classes, value_sleeves
from rebal_kit.engine.tape import BEFORE_TAX, CASH, DRIFT, TAX_PAID, VALUE, Tape
from rebal_kit.engine.taxes import pay_tax, settle_year
from rebal_kit.rules.law import TaxTable
from rebal_kit.rules.triggers import breach, destination_weight


@compiled
def corporate_actions(
    ledger: Ledger, structure: Structure, plan: Plan, tape: Tape, prices: Prices, wash_days: int, t: int
) -> None:
    """Apply the session's splits and dividends to what was held at its start."""
    for security in range(ledger.held.shape[1]):
        if prices.split[t, security] != 1.0:
            split_shares(ledger, security, prices.split[t, security])
        per_share = prices.dividend[t, security]
        if per_share == 0.0:
            continue
        for account in range(len(ledger.cash)):
            if ledger.held[account, security] == 0.0:
                continue
            amount = receive_dividend(ledger, structure, prices.year[t], account, security, per_share)
            if plan.reinvest and may_buy(ledger, structure, plan, prices, t, security):
                quantity = amount / prices.close[t, security]
                buy(
                    ledger, structure, tape, prices, wash_days, t, account, security, quantity, 0.0, Reason.REINVEST
                )  # fmt: skip


@compiled
def check_triggers(
    structure: Structure, plan: Plan, t: int, sleeve_value: np.ndarray, class_value: np.ndarray, total: float,
    fired: np.ndarray, destination: np.ndarray,
) -> bool:  # fmt: skip
    """Hold every rule looked at today against the weights; fill (C,) `fired` and `destination`, return whether any fired."""
    any_fired = False
    fired[:] = -1
    for r in range(len(plan.scheduled)):
        if not plan.look[r, t]:
            continue
        for c in range(len(class_value)):
            first = structure.class_first[c]
            last = structure.class_first[c + 1]
            if fired[c] >= 0 or not plan.applies[r, first:last].any():
                continue
            target = structure.target[c]
            if plan.scheduled[r]:
                fired[c] = plan.reason[r]
                destination[c] = target
            elif plan.by_sleeve[r]:
                for n in range(first, last):
                    if not plan.applies[r, n]:
                        continue
                    wanted = target * structure.sleeve_weight[n]
                    if breach(sleeve_value[n] / total, wanted, plan.above[r, n], plan.below[r, n]) != 0:
                        fired[c] = plan.reason[r]
                        destination[c] = target
            else:
                side = breach(class_value[c] / total, target, plan.above[r, first], plan.below[r, first])
                if side != 0:
                    fired[c] = plan.reason[r]
                    destination[c] = destination_weight(
                        target, side, plan.above[r, first], plan.below[r, first], plan.destination
                    )
            any_fired = any_fired or fired[c] >= 0
    return any_fired


@compiled
def simulate(
    prices: Prices, structure: Structure, plan: Plan, table: TaxTable, ledger: Ledger, tape: Tape, invest: bool
) -> int:
    """Run all sessions; return the ledger's status code, OK or what ran out.

    Parameters
    ----------
    prices, structure, plan, table : NamedTuples of arrays
        What the household meets, is, does and owes.
    ledger, tape : NamedTuples of arrays
        Changed in place. The ledger holds the opening cash and lots.
    invest : bool
        Invest all cash at target on the first session.
    """
    sessions = len(prices.day)
    classes = len(structure.target)
    sleeve_value = np.zeros(len(structure.sleeve_weight))
    class_value = np.zeros(classes)
    fired = np.full(classes, -1, np.int64)
    destination = np.zeros(classes)
    index = 1.0
    previous = 0.0
    for t in range(sessions):
        close = prices.close[t]
        paid = 0.0
        if prices.event[t]:
            corporate_actions(ledger, structure, plan, tape, prices, table.wash_days, t)
        legacy = value_sleeves(ledger, structure, close, sleeve_value)
        managed = sum_classes(structure, sleeve_value, class_value)
        cash = ledger.cash.sum()
        if t == 0:
            previous = managed + legacy + cash
        index *= (managed + legacy + cash) / previous if previous > 0.0 else 1.0
        before_trades = managed + legacy + cash
        changed = False
        if prices.tax_due[t] >= 0:
            tax = settle_year(ledger, table, prices.tax_due[t], 0.0, 0.0)
            paid = pay_tax(
                ledger, structure, plan, tape, prices, table.wash_days, t, tax, prices.tax_due[t],
                sleeve_value, class_value,
            )  # fmt: skip
            before_trades -= paid
            changed = True
        if plan.harvest_look[t] and harvest(ledger, structure, plan, table, tape, prices, t, sleeve_value):
            changed = True
        if changed:
            legacy = value_sleeves(ledger, structure, close, sleeve_value)
            managed = sum_classes(structure, sleeve_value, class_value)
            cash = ledger.cash.sum()
        total = managed + cash
        act = False
        if t == 0 and invest:
            fired[:] = Reason.OPENING
            destination[:] = structure.target
            act = True
        elif total > 0.0:
            act = check_triggers(structure, plan, t, sleeve_value, class_value, total, fired, destination)
            looked = plan.look[:, t].any()
            act = act or (looked and cash - structure.cash_target * total > plan.cash_above * total)
        if act:
            rebalance(
                ledger, structure, plan, tape, prices, table.wash_days, t, fired, destination, sleeve_value, class_value
            )  # fmt: skip
            legacy = value_sleeves(ledger, structure, close, sleeve_value)
            managed = sum_classes(structure, sleeve_value, class_value)
            cash = ledger.cash.sum()
        if ledger.state[STATUS] != OK:
            return ledger.state[STATUS]  # type: ignore[no-any-return]
        value = managed + legacy + cash
        # What trading cost today belongs to the return before tax; what tax cost does not.
        index *= value / before_trades if before_trades > 0.0 else 1.0
        previous = value
        write_day(structure, tape, t, class_value, managed + cash, cash, value, index, paid)
    return OK


@compiled
def write_day(
    structure: Structure, tape: Tape, t: int, class_value: np.ndarray, total: float, cash: float, value: float,
    index: float, paid: float,
) -> None:  # fmt: skip
    """Write the day's figures: value after taxes paid, index of the return before tax, cash, drift, tax paid."""
    if total > 0.0:
        off = abs(cash / total - structure.cash_target)
        for c in range(len(class_value)):
            off += abs(class_value[c] / total - structure.target[c])
        tape.daily[t, DRIFT] = off / 2.0
        if len(tape.weights) > 0:
            for c in range(len(class_value)):
                tape.weights[t, c] = class_value[c] / total
            tape.weights[t, len(class_value)] = cash / total
    tape.daily[t, VALUE] = value
    tape.daily[t, BEFORE_TAX] = index
    tape.daily[t, CASH] = cash
    tape.daily[t, TAX_PAID] = paid
