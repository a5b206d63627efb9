"""How the household reads the wash-sale law where the law is silent or disputed: one frozen value, stated defaults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from rebal_kit.checking import as_tuple, check_choice, check_flag
from rebal_kit.findings import Finding, HouseholdError, raise_errors

SpouseBasis = Literal["step_up", "permanent"]
HoldingConvention = Literal["tacking", "replacement_method"]

SPOUSE_BASIS: tuple[SpouseBasis, ...] = ("step_up", "permanent")
HOLDING: tuple[HoldingConvention, ...] = ("tacking", "replacement_method")
#: Kinds of account whose purchases may be left out of account; for an IRA the law is settled (Rev. Rul. 2008-5).
IGNORABLE = ("401k", "hsa")

_FLAGS = (
    "count_disposed_purchases", "ignore_lots_older_than_sold_lot", "row_level_matching", "parent_excluded",
    "merge_fills",
)  # fmt: skip


@dataclass(frozen=True)
class WashSaleConventions:
    """Readings of IRC §1091 that no statute, regulation or ruling settles. The defaults are the cautious practice.

    Attributes
    ----------
    count_disposed_purchases : bool
        A purchase inside the window whose shares were sold again in an earlier order still replaces: the letter of
        "has acquired". The disallowed loss then has no lot to be added to. Default: nothing left, nothing replaced.
    ignore_lots_older_than_sold_lot : bool
        A purchase made before the shares sold were bought does not replace them, though it is inside the window
        (Silver, Thomas). Default: it does, as brokers have it.
    row_level_matching : bool
        Lots sold in one order are sold one after the other, so that a later one may replace an earlier one; the total
        is the same. Default: all shares of an order leave together.
    parent_excluded : bool
        The unsold rest of a purchase never replaces shares of the same purchase (Rev. Rul. 56-602), even where the
        shares sold had replaced others before. False: those are washed by fresh shares of their own purchase.
    merge_fills : bool
        Purchases of one day, account and security under one lot name are executions of one order: one purchase at the
        average price. False: each is a purchase of its own, as a Form 1099-B may list them.
    spouse_basis : {'step_up', 'permanent'}
        Whether a loss replaced in the other spouse's taxable account goes into the basis there (joint-return practice)
        or is lost for good (§267). In an IRA it is always lost.
    holding : {'tacking', 'replacement_method'}
        The replacement shares' holding period: the days the sold shares were held are added (§1223(3)), or the sold
        shares' own date is taken over.
    ignore_account_types : tuple of {'401k', 'hsa'}
        Accounts whose purchases replace nothing. Default: none; they are taken like an IRA, on which no ruling exists.
    """

    count_disposed_purchases: bool = False
    ignore_lots_older_than_sold_lot: bool = False
    row_level_matching: bool = False
    parent_excluded: bool = True
    merge_fills: bool = True
    spouse_basis: SpouseBasis = "step_up"
    holding: HoldingConvention = "tacking"
    ignore_account_types: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        kinds = tuple(str(kind).lower() for kind in as_tuple(self.ignore_account_types))
        object.__setattr__(self, "ignore_account_types", tuple(dict.fromkeys(kinds)))
        raise_errors(HouseholdError, self._check())

    def _check(self) -> Iterator[Finding]:
        where = "conventions"
        for name in _FLAGS:
            yield from check_flag(where, name, getattr(self, name))
        choices: tuple[tuple[str, Any], ...] = (("spouse_basis", SPOUSE_BASIS), ("holding", HOLDING))
        for name, allowed in choices:
            yield from check_choice(where, name, getattr(self, name), allowed, f"use {' or '.join(allowed)}")
        for kind in self.ignore_account_types:
            remedy = "use 401k or hsa; purchases by an IRA replace by Rev. Rul. 2008-5"
            yield from check_choice(where, "one of ignore_account_types", kind, IGNORABLE, remedy)
