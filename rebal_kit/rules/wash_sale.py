"""Wash sales: a loss is disallowed as far as the same is bought within 30 days before or after (IRC §1091).

The rule
    Shares sold at a loss are matched, share for share, with substantially identical shares that anyone in the
    household bought from 30 days before to 30 days after the sale. The matched part of the loss is disallowed
    now and added to the basis of the replacement shares, which also take over the holding period
    (`rebal_kit.rules.holding.tacked_start`). Replacement by a retirement account loses it for good.

The order of work, followed by the engine's book
    1. Losses in order of sale; within one order the lots in the order they were sold (Reg. §1.1091-1(b)).
    2. All shares of the order leave the inventory first: what was sold together cannot replace itself.
    3. Candidates by date of purchase, earliest first, before and after the sale and in all accounts alike
       (Reg. §1.1091-1(c), (d)), if `may_replace` says so.
    4. `matched_shares` of each; the matched loss is deferred (`deferred_loss`) or lost for good. A lot matched
       in part is split.
    5. A purchase not made yet cannot be seen: the loss waits for it until `blocked_until`.
    6. A loss counts *after* what earlier wash sales added to the basis, so that chains work.

What is settled by convention, since the law is silent or disputed
    Each question is a field of `rebal_kit.conventions.WashSaleConventions`, with the cautious practice as its default;
    `Reading` holds the same as the engine reads it. Not to be chosen: funds that follow one index are identical if the
    household says so; identical securities at different prices are matched share for share, not by value; a purchase
    on the day of the sale is inside the window whichever came first.

*Not modelled*: options and contracts to acquire, short sales, dealers (§1091(a)), traders under §475(f).
"""

from __future__ import annotations

from typing import NamedTuple

from rebal_kit.compiled import compiled


class Reading(NamedTuple):
    """How disputed questions are read, for compiled code; see `rebal_kit.conventions.WashSaleConventions`."""

    count_disposed: bool
    ignore_older: bool
    row_level: bool
    parent_excluded: bool
    spouse_step_up: bool
    tacking: bool


@compiled
def in_window(purchase_day: int, sale_day: int, wash_days: int) -> bool:
    """Say whether a purchase is close enough to a sale at a loss to replace it; both ends are included.

    *Source*: IRC §1091(a): "beginning 30 days before the date of such sale … and ending 30 days after such
    date".
    """
    return abs(purchase_day - sale_day) <= wash_days


@compiled
def blocked_until(sale_day: int, wash_days: int) -> int:
    """Return the last day on which a purchase would still replace what was sold at a loss on `sale_day`.

    Read the other way round it is the last day on which a sale at a loss would find a purchase made on
    `sale_day`.

    *Source*: IRC §1091(a).
    """
    return sale_day + wash_days


@compiled
def may_replace(
    purchase_day: int,
    purchase: int,
    replaced_before: bool,
    sale_day: int,
    sold_acquired: int,
    sold_purchase: int,
    sold_replaced: bool,
    wash_days: int,
    reading: Reading,
) -> bool:
    """Say whether a lot may replace shares sold at a loss.

    *Source*: IRC §1091(a) (window); Rev. Rul. 56-602 (not the unsold rest of the same purchase); Reg.
    §1.1091-1(e) (a share replaces one loss only).

    Parameters
    ----------
    purchase_day : int
        Trade date of the lot.
    purchase : int
        Which purchase the lot is from, in order of acquisition; parts of one purchase share the number, however often
        they were split.
    replaced_before : bool
        Whether these shares made another loss nondeductible already.
    sale_day : int
        Trade date of the sale at a loss.
    sold_acquired, sold_purchase : int
        When and with which purchase the shares sold were bought.
    sold_replaced : bool
        Whether the shares sold had made another loss nondeductible.
    wash_days : int
        Length of the window to either side.
    reading : Reading
    """
    if replaced_before or not in_window(purchase_day, sale_day, wash_days):
        return False
    if purchase == sold_purchase:
        return sold_replaced and not reading.parent_excluded
    older = purchase_day < sold_acquired or (purchase_day == sold_acquired and purchase < sold_purchase)
    return not (reading.ignore_older and older)


@compiled
def matched_shares(unmatched: float, capacity: float) -> float:
    """Return how many shares of a loss a lot replaces.

    *Source*: IRC §1091(b), (c); Reg. §1.1091-1(c), (d): share for share, no more than were bought, no more
    than were sold.

    Parameters
    ----------
    unmatched : float
        Shares sold at a loss that nothing has replaced yet.
    capacity : float
        Shares of the lot.
    """
    return max(0.0, min(unmatched, capacity))


@compiled
def disallowed_loss(unit_loss: float, matched: float) -> float:
    """Return the loss that is not deductible now, US$ and positive.

    *Source*: IRC §1091(a), (b).

    Parameters
    ----------
    unit_loss : float
        Loss per share sold, positive.
    matched : float
        Shares replaced.
    """
    return max(0.0, unit_loss) * matched


@compiled
def takes_basis(taxable: bool, same_owner: bool, reading: Reading) -> bool:
    """Say whether replacement shares take over the disallowed loss; otherwise it is lost for good.

    *Source*: IRC §1091(d) (basis); Rev. Rul. 2008-5 (an IRA gets none). For a spouse's taxable account no authority
    says; see `WashSaleConventions.spouse_basis`.

    Parameters
    ----------
    taxable : bool
        Whether the replacement shares are in a taxable account.
    same_owner : bool
        Whether that account belongs to who sold.
    reading : Reading
    """
    return taxable and (same_owner or reading.spouse_step_up)
