"""Forms 1099-B and 8949: what the broker reports, and which line a sale stands on.

*Not modelled*: market discount (box 1f, code D), collectibles (code C), the boxes for digital assets (G to L),
totals without single sales (Exception 1), wrong bases on a Form 1099-B (code B).
"""

from __future__ import annotations

from collections.abc import Iterable

from rebal_kit.compiled import compiled

#: Code of a wash sale in column (f). Column (g) then has the loss disallowed, as a positive number.
WASH_SALE_CODE = "W"
#: Boxes of Form 8949 and the line of Schedule D that has their totals, in the order of `form_8949_box`.
BOXES = ("A", "B", "C", "D", "E", "F")
SCHEDULE_D_LINES = ("1b", "2", "3", "8b", "9", "10")


@compiled
def broker_reports(same_account: bool, same_security: bool) -> bool:
    """Say whether a broker reports a wash sale (Form 1099-B, box 1g); the taxpayer's own duty is wider.

    *Source*: IRC §6045(g)(2)(B)(ii); Reg. §1.6045-1(d)(6)(iii).

    Parameters
    ----------
    same_account : bool
        Whether sale and purchase were in one account.
    same_security : bool
        Whether they were of the same security (one CUSIP number), not only of a substantially identical one.
    """
    return same_account and same_security


@compiled
def form_8949_gain(proceeds: float, basis: float, adjustment: float) -> float:
    """Return column (h) of Form 8949: proceeds (d) less basis (e), with the adjustment (g), US$.

    The adjustment is the taxpayer's own; where it is lower than the broker's box 1g, a statement that explains the
    difference is attached. A loss that an IRA's purchase disallows for good is adjusted in the same way, though no
    basis receives it.

    *Source*: Form 8949, heading of column (h); Instructions, code W, and the addition of 28 February 2013: a
    disallowed loss is a positive adjustment.

    Parameters
    ----------
    proceeds : float
        Net of selling fees.
    basis : float
        With losses deferred into it earlier, as box 1e has it.
    adjustment : float
        Positive where a loss is disallowed.
    """
    return proceeds - basis + adjustment


@compiled
def form_8949_box(is_long: bool, reported: bool, basis_reported: bool) -> int:
    """Return which box a sale is listed under, as a position in `BOXES` and `SCHEDULE_D_LINES`.

    *Source*: Form 8949, Parts I and II; Schedule D lines 1b to 3 and 8b to 10.

    Parameters
    ----------
    is_long : bool
        Part II instead of Part I.
    reported : bool
        Whether a Form 1099-B was received for the sale.
    basis_reported : bool
        Whether it says that the basis was reported to the Internal Revenue Service.
    """
    part = 3 if is_long else 0
    if not reported:
        return part + 2
    return part if basis_reported else part + 1


def joined_codes(codes: Iterable[str]) -> str:
    """Return several codes as column (f) has them: in alphabetical order, nothing between them.

    *Source*: Instructions for Form 8949, column (f).
    """
    return "".join(sorted(set(codes)))
