"""The nouns of the exact ledger: conventions, purchases and what is left of them, disposals, an outcome."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, fields
from fractions import Fraction
from typing import Any

NONE = Fraction(0)
#: Sides of trades that move shares; dividends, deposits and withdrawals move money.
MOVES = ("buy", "reinvest", "sell", "split")


@dataclass(frozen=True)
class Conventions:
    """Readings of a disputed law, by the names that a household uses."""

    count_disposed_purchases: bool = False
    ignore_lots_older_than_sold_lot: bool = False
    row_level_matching: bool = False
    parent_excluded: bool = True
    merge_fills: bool = True
    spouse_basis: str = "step_up"
    holding: str = "tacking"
    ignore_account_types: tuple[str, ...] = ()

    @classmethod
    def of(cls, story: dict[str, Any]) -> Conventions:
        given = dict(story.get("conventions", {}))
        unknown = given.keys() - {known.name for known in fields(cls)}
        assert not unknown, f"no convention is called {unknown}"
        given["ignore_account_types"] = tuple(kind.lower() for kind in given.get("ignore_account_types", ()))
        read = cls(**given)
        assert read.spouse_basis in {"step_up", "permanent"}, read
        assert read.holding in {"tacking", "replacement_method"}, read
        return read


@dataclass(frozen=True)
class Split:
    """So many new shares for each old one, in one account or in all."""

    place: int
    symbol: str
    account: str | None
    ratio: Fraction


@dataclass(eq=False)
class Purchase:
    """What one order bought."""

    place: int  # in the list of trades by date
    label: str
    name: str  # as the history has it; executions told apart share it
    date: dt.date
    account: str
    symbol: str
    each: Fraction  # paid for a share, with fees, as shares are counted now; the average once it was averaged
    bought: Fraction  # shares, as counted when it was bought
    pieces: list[Shares] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)
    grown: Fraction = Fraction(1)  # shares now for each share bought
    used: Fraction = NONE  # shares that have replaced others, as counted when they were bought


@dataclass(eq=False)
class Shares:
    """Equal shares of one purchase."""

    purchase: Purchase = field(repr=False)
    count: Fraction
    added: Fraction  # disallowed loss in the basis of each
    start: dt.date  # of the holding period
    spent: bool  # they have replaced others already


@dataclass(eq=False)
class Gone:
    """Shares of a purchase that an order sold."""

    place: int
    date: dt.date
    count: Fraction  # as counted on the day of the sale
    spare: Fraction  # those of them that have never replaced others, as counted now


@dataclass(frozen=True)
class Match:
    """Shares of a disposal at a loss, replaced by shares of one purchase."""

    purchase: Purchase
    sold: Fraction  # shares as counted on the day of the sale
    bought: Fraction  # shares as counted on the later day of sale and purchase
    loss: Fraction  # disallowed for them, positive
    fate: (
        str  # the loss goes into the "basis", or is "permanent", or "unattached": nothing is left to carry it
    )


@dataclass(eq=False)
class Disposal:
    """Shares of one purchase with one history, sold in one order."""

    place: int
    label: str
    account: str
    symbol: str
    date: dt.date
    acquired: dt.date
    start: dt.date
    quantity: Fraction
    proceeds: Fraction
    basis: Fraction
    added: Fraction  # loss disallowed before, in the basis
    matches: list[Match] = field(default_factory=list)

    @property
    def long(self) -> bool:
        return is_long(self.start, self.date)

    @property
    def gain(self) -> Fraction:
        return self.proceeds - self.basis

    @property
    def recognized(self) -> Fraction:
        return self.gain + self.disallowed

    @property
    def disallowed(self) -> Fraction:
        return sum((match.loss for match in self.matches), NONE)

    @property
    def permanent(self) -> Fraction:
        return sum((match.loss for match in self.matches if match.fate == "permanent"), NONE)

    @property
    def unattached(self) -> Fraction:
        return sum((match.loss for match in self.matches if match.fate == "unattached"), NONE)

    @property
    def replaced_by(self) -> list[tuple[str, Fraction]]:
        return [(match.purchase.label, match.sold) for match in self.matches]


@dataclass
class Outcome:
    """What became of a history: disposals of taxable accounts in order, and every purchase with what is left of it."""

    disposals: list[Disposal]
    purchases: list[Purchase]
    splits: list[Split]

    def total(self, name: str) -> Fraction:
        """Sum ``recognized``, ``disallowed``, ``permanent``, ``unattached``, ``gain``, … over all disposals."""
        return sum((getattr(disposal, name) for disposal in self.disposals), NONE)

    @property
    def economic(self) -> Fraction:
        """Realized gain as if there were no wash sales."""
        return self.total("gain") + self.total("added")

    @property
    def deferred(self) -> Fraction:
        """Disallowed loss that waits in open lots."""
        return sum((p.count * p.added for purchase in self.purchases for p in purchase.pieces), NONE)


def exact(number: float) -> Fraction:
    """Take a decimal at its word: 0.1 is a tenth."""
    return Fraction(str(number))


def first_long(start: dt.date) -> dt.date:
    """IRC §1222: the first day on which shares have been held for more than one year, counted from the day after."""
    after = start + dt.timedelta(days=1)
    try:
        return after.replace(year=after.year + 1)
    except ValueError:
        return dt.date(after.year + 1, 3, 1)


def is_long(start: dt.date, sold: dt.date) -> bool:
    """Whether a gain or loss is long-term."""
    return sold >= first_long(start)


def scale(splits: list[Split], symbol: str, account: str, start: float, end: float) -> Fraction:
    """Shares after the trade at place `end` for each share after the one at `start`."""
    if end < start:
        return 1 / scale(splits, symbol, account, end, start)
    ratio = Fraction(1)
    for split in splits:
        if split.symbol == symbol and split.account in {None, account} and start < split.place < end:
            ratio *= split.ratio
    return ratio


def in_order(story: dict[str, Any]) -> list[dict[str, Any]]:
    """The trades that move shares, by date; those of one day stay in their order."""
    return sorted((t for t in story["trades"] if t["side"] in MOVES), key=lambda trade: trade["date"])
