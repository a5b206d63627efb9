"""A look around without a decision: which rules would fire, how much cash is idle, which losses could be harvested."""

from __future__ import annotations

import numpy as np

from rebal_kit.by_reference import by_reference
from rebal_kit.compiled import compiled, inner
from rebal_kit.engine.arrays import TAXABLE
from rebal_kit.engine.choose import NONE, own_only, recent_purchase
from rebal_kit.engine.costs import net_price
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.execution import reckon
from rebal_kit.engine.harvest import both_ways
from rebal_kit.engine.rebalance import check_triggers, spare_cash
from rebal_kit.engine.replacement import find_substitutes
from rebal_kit.engine.scope import HOUSEHOLD
from rebal_kit.engine.value import value_household
from rebal_kit.rules.harvest import qualifies

# Columns of `figures` in `survey_losses`.
NET, COSTS = range(2)


@compiled
def survey_rules(desk: Desk, t: int, fired: np.ndarray, spare: np.ndarray) -> None:
    """Hold the rules that look in session `t` against the weights, as `rebal_kit.engine.decide.decide` does.

    Parameters
    ----------
    desk : Desk
        Its working space and tape are written on.
    t : int
    fired : ndarray
        (n_scopes, n_classes) int64, written: the reason for which a class is brought back, -1 for none. A row for the
        household; or, where accounts decide alone, a row an account.
    spare : ndarray
        (n_scopes, 2) float64, written: US$ that may be invested, and US$ in classes and in cash together.
    """
    desk = by_reference(desk)
    reckon(desk, desk.prices.close, t)
    for row in range(len(fired)):
        scope = HOUSEHOLD if desk.plan.coordinate else row
        fired[row, :] = -1
        spare[row, :] = 0.0
        if scope != HOUSEHOLD and not desk.structure.managed[scope]:
            continue
        managed, cash, _ = value_household(desk, scope)
        total = managed + cash
        if total <= 0.0:
            continue
        if desk.plan.looked[t]:
            check_triggers(desk, t, total, scope)
            for c in range(fired.shape[1]):
                fired[row, c] = desk.work.fired[c]
        spare[row, 0] = spare_cash(desk, scope, cash, total)
        spare[row, 1] = total


@compiled
def survey_losses(
    desk: Desk, t: int, ripe: np.ndarray, own: np.ndarray, figures: np.ndarray, substitutes: np.ndarray
) -> None:
    """Find the lots of taxable, managed accounts that have lost enough, whether or not anything stands in the way.

    By the very tests of `rebal_kit.engine.harvest.choose_losses`, one position at a time before anything is traded.

    Parameters
    ----------
    desk : Desk
        Its working space is written on.
    t : int
    ripe : ndarray
        (n_accounts, n_securities, n_lots) bool, written: the loss qualifies by percent and dollars.
    own : ndarray
        The same shape, bool, written: no purchase of the days before would wash it, or none is to be avoided.
    figures : ndarray
        The same with 2 columns, float64, written: NET of proportional costs what the lot brings, and COSTS of selling
        it and of buying as much, US$.
    substitutes : ndarray
        (n_accounts, n_securities, n) int64, written: what would be bought instead, -1 for none.
    """
    desk = by_reference(desk)
    ledger, plan = desk.ledger, desk.plan
    day = desk.prices.day[t]
    reckon(desk, desk.prices.close, t)
    value_household(desk, HOUSEHOLD)
    least_pct = plan.december_pct if plan.december[t] else plan.min_loss_pct
    least_usd = plan.december_usd if plan.december[t] else plan.min_loss_usd
    ripe[:] = False
    substitutes[:] = -1
    for account in range(ledger.held.shape[0]):
        if desk.structure.kind[account] != TAXABLE or not desk.structure.managed[account]:
            continue
        for security in range(ledger.held.shape[1]):
            recent = NONE
            if plan.avoid_wash_sales:
                recent, _ = recent_purchase(desk, desk.structure.group[security], day)
            price = net_price(desk, t, security)
            some = False
            for k in range(ledger.lot_count[account, security]):
                lot = ledger.lots[account, security, k]
                value = lot.quantity * price
                if qualifies(lot.cost + lot.deferred, value, least_pct, least_usd):
                    ripe[account, security, k] = True
                    own[account, security, k] = own_only(desk, recent, lot.purchase, lot.fresh)
                    figures[account, security, k, NET] = value
                    figures[account, security, k, COSTS] = both_ways(desk, t, account, security, value)
                    some = True
            if some:
                note_substitutes(desk, t, account, security, substitutes)


@inner
def note_substitutes(desk: Desk, t: int, account: int, security: int, substitutes: np.ndarray) -> None:
    """Write down what would be bought instead of a security."""
    found = find_substitutes(desk, t, account, security)
    for i in range(min(found, substitutes.shape[2])):
        substitutes[account, security, i] = desk.work.substitute[i]
