"""Dividends in the ledger: credited on the ex-date, and re-classified when the shares are sold too soon."""

from __future__ import annotations

from rebal_kit.compiled import inner
from rebal_kit.engine.arrays import DEFERRED, TAXABLE
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.ledger import (
    EXEMPT,
    ORDINARY,
    QUALIFIED,
    SETTLED_YEARS,
    SHELTERED_DEFERRED,
    SHELTERED_ROTH,
)
from rebal_kit.rules.dividends import is_qualified


@inner
def receive_dividend(desk: Desk, t: int, account: int, security: int) -> float:
    """Credit a dividend in cash on its ex-date and, in a taxable account, to the year's income; return US$.

    Shares bought on the ex-date do not have it: a household can open with such lots. What can be qualified is taken as
    qualified until a sale shows that the shares were not held long enough.
    """
    ledger, structure = desk.ledger, desk.structure
    year = desk.prices.year[t]
    entitled = ledger.held[account, security]
    k = ledger.lot_count[account, security] - 1
    while k >= 0 and ledger.lots[account, security, k].acquired == desk.prices.day[t]:
        entitled -= ledger.lots[account, security, k].quantity
        k -= 1
    amount = max(0.0, entitled) * desk.prices.dividend[t, security]
    ledger.cash[account] += amount
    if structure.kind[account] == TAXABLE:
        qualified = amount * structure.qualified[security]
        ledger.years[year, QUALIFIED] += qualified
        ledger.years[year, ORDINARY] += amount - qualified
        ledger.years[year, EXEMPT] += amount * structure.exempt[security]
    else:
        sheltered = SHELTERED_DEFERRED if structure.kind[account] == DEFERRED else SHELTERED_ROTH
        ledger.years[year, sheltered] += amount
    return amount


@inner
def unqualify_dividends(desk: Desk, t: int, security: int, sold: int) -> None:
    """Turn dividends on slice `sold` of an order into ordinary income where it was not held long enough around them.

    Only shares sold within the required days of their purchase can fail: any others were held through enough of the
    period before or after the ex-date. The sale then follows the ex-date by less than those days, so that the
    dividend's year is not settled yet.
    """
    prices, table, structure = desk.prices, desk.table, desk.structure
    share = structure.qualified[security]
    if share == 0.0:
        return
    slice_ = desk.work.sold[sold]
    quantity = slice_.quantity
    u = prices.last_event[t]
    while u >= 0 and prices.day[u] > slice_.acquired:
        per_share = prices.dividend[u, security]
        if per_share != 0.0 and not is_qualified(
            slice_.acquired, prices.day[t], prices.day[u], table.qualified_days, table.qualified_before,
            table.qualified_window,
        ):  # fmt: skip
            year = max(prices.year[u], desk.ledger.state[SETTLED_YEARS])
            amount = quantity * per_share * share
            desk.ledger.years[year, QUALIFIED] -= amount
            desk.ledger.years[year, ORDINARY] += amount
        quantity /= prices.split[u, security]
        u = prices.last_event[u - 1] if u > 0 else -1
