"""Which lot is sold first.

*Source*: Reg. §1.1012-1(c): first in, first out, unless the shares sold are adequately identified, for which
a standing order to the broker suffices; account by account (IRC §1012(c)(1)). *Not modelled*: average basis
(Reg. §1.1012-1(e)).
"""

from __future__ import annotations

from rebal_kit.compiled import compiled

FIFO = 0
LIFO = 1
HIFO = 2
LEAST_TAX = 3
LONG_TERM_FIRST = 4
AVERAGE = 5

#: Code of each method by the name a policy gives it.
LOT_METHOD_CODES: dict[str, int] = {
    "fifo": FIFO,
    "lifo": LIFO,
    "hifo": HIFO,
    "least_tax": LEAST_TAX,
    "long_term_first": LONG_TERM_FIRST,
}

#: What a history of trades may name beside them. A back-test does not: it is an election for funds only.
HISTORY_METHOD_CODES: dict[str, int] = {**LOT_METHOD_CODES, "average": AVERAGE}


@compiled
def sale_order(
    method: int, day: int, acquired: int, long_from: int, unit_basis: float, price: float
) -> tuple[int, float]:
    """Return where a lot stands in the queue: the smallest (tier, key) is sold first.

    Ties go to the older lot, which the caller sees to by keeping lots in order of acquisition.

    Parameters
    ----------
    method : int
        FIFO and AVERAGE oldest, LIFO newest, HIFO highest basis per share first. LEAST_TAX: losses (short-term before
        long-term, the largest per share first), then lots at cost, long-term gains, short-term gains (the
        smallest per share first). LONG_TERM_FIRST: long-term before short-term, the highest basis per share
        first in each.
    day : int
        Of the sale.
    acquired : int
        Trade date of the lot.
    long_from : int
        First long-term day of the lot (`rebal_kit.rules.holding.first_long_term_day`).
    unit_basis, price : float
        Adjusted basis and price, US$ a share.

    Returns
    -------
    tier : int
    key : float
    """
    if method in (FIFO, AVERAGE):
        return 0, float(acquired)
    if method == LIFO:
        return 0, -float(acquired)
    is_long = day >= long_from
    if method == LEAST_TAX:
        return _tax_tier(price - unit_basis, is_long), price - unit_basis
    if method == LONG_TERM_FIRST and not is_long:
        return 1, -unit_basis
    return 0, -unit_basis


@compiled
def _tax_tier(gain: float, is_long: bool) -> int:
    """Rank a lot by what selling it costs in tax, the cheapest 0."""
    if gain < 0.0:
        return 1 if is_long else 0
    if gain == 0.0:
        return 2
    return 3 if is_long else 4


@compiled
def averaged(quantity: float, total_quantity: float, total: float) -> float:
    """Return a lot's part, by shares, of what a position's lots cost in all: average basis.

    *Source*: Reg. §1.1012-1(e)(7): all shares of the account, whatever their holding period. *Not modelled*: the
    election and its revocation; shares outside funds and dividend reinvestment plans, for which there is none.

    Parameters
    ----------
    quantity, total_quantity : float
        Shares of the lot and of the position.
    total : float
        US$ of the position.
    """
    return total * (quantity / total_quantity)


@compiled
def postponed(day: int, long_from: int, unit_basis: float, price: float, guard_days: int) -> bool:
    """Say whether a sale should wait because its short-term gain turns long-term within `guard_days`.

    Never true for a loss, which is worth more while it is short-term, nor with a guard of 0 days.

    Parameters
    ----------
    day, long_from : int
        Day of the sale and first long-term day of the lot.
    unit_basis, price : float
        US$ a share.
    guard_days : int
        Calendar days.
    """
    return price > unit_basis and day < long_from <= day + guard_days
