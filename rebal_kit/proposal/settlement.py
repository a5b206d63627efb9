"""What orders come to: carried out on the day's ledger by the book, at the day's closes, with all costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rebal_kit.engine import ledger as books
from rebal_kit.engine import tape as tapes
from rebal_kit.engine.carry_out import carry_out
from rebal_kit.engine.desk import Desk
from rebal_kit.findings import Finding, SimulationError
from rebal_kit.proposal.day import Day
from rebal_kit.proposal.orders import Order, encode_orders, orders_of
from rebal_kit.rules.brackets import Carryover, YearTax, year_tax
from rebal_kit.run import MOST_LOTS


class Moved:
    """Money that leaves accounts or comes in on the day beside all trades: flows, and taxes that are due.

    Attributes
    ----------
    cash : ndarray
        (n_accounts,) US$, negative where it leaves.
    distributions : float
        US$ of it that is paid out of tax-deferred accounts, and so is income.
    """

    def __init__(self, cash: np.ndarray, distributions: float = 0.0):
        self.cash, self.distributions = cash, distributions


@dataclass(frozen=True, eq=False)
class Start:
    """The state before any decision of the day, on which everything is settled.

    Attributes
    ----------
    day : Day
    desk : Desk
        As the day's splits and dividends have left it; not to be changed.
    moved : Moved
    """

    day: Day
    desk: Desk
    moved: Moved

    @property
    def cash(self) -> np.ndarray:
        """(n_accounts,) US$ before trades, after what moves beside them."""
        return np.asarray(self.desk.ledger.cash + self.moved.cash)

    @property
    def year(self) -> int:
        """The day's row in `Ledger.years`."""
        return int(self.desk.prices.year[self.day.last])

    @property
    def carry(self) -> Carryover:
        """Losses carried into the year; a year that is over and whose tax is not due yet has left its own."""
        ledger = self.desk.ledger
        short, long, alone_short, alone_long = map(float, ledger.carry)
        carry = Carryover(short, long, alone_short, alone_long)
        for year in range(int(ledger.state[books.SETTLED_YEARS]), self.year):
            short, long, qualified, ordinary, exempt, paid_out = _figures(ledger.years[year])
            carry = year_tax(self.desk.table, short, long, qualified, ordinary, exempt, carry, paid_out).carry
        return carry

    def year_figures(self, years: np.ndarray) -> tuple[float, float, float, float, float, float]:
        """Return short, long, qualified, ordinary, exempt and distributions of the day's year in `Ledger.years`."""
        *earned, paid_out = _figures(years[self.year])
        short, long, qualified, ordinary, exempt = earned
        return short, long, qualified, ordinary, exempt, paid_out + self.moved.distributions

    def tax(self, years: np.ndarray) -> YearTax:
        """Return the tax of the day's year with the figures of `Ledger.years`."""
        *gains_and_income, paid_out = self.year_figures(years)
        short, long, qualified, ordinary, exempt = gains_and_income
        return year_tax(self.desk.table, short, long, qualified, ordinary, exempt, self.carry, paid_out)


@dataclass(frozen=True, eq=False)
class Settlement:
    """What a set of orders comes to.

    Attributes
    ----------
    start : Start
    orders : tuple of Order
        As given, with the lots that were sold.
    journal : ndarray
        `rebal_kit.engine.tape.ENTRY`, a row for each lot or piece sold and each purchase, by `order` number.
    numbers : tuple of int
        Of each order its number in the journal; -1: its lots, or any shares, are not there.
    desk : Desk
        As the orders leave it.
    """

    start: Start
    orders: tuple[Order, ...]
    journal: np.ndarray
    numbers: tuple[int, ...]
    desk: Desk

    @property
    def cash(self) -> np.ndarray:
        """(n_accounts,) US$ after everything."""
        return np.asarray(self.desk.ledger.cash + self.start.moved.cash)

    @property
    def cost(self) -> float:
        """Commission, spread and impact, US$."""
        return float(self.journal["cost"].sum())

    @cached_property
    def shares(self) -> tuple[float, ...]:
        """Shares traded of each order."""
        rows = self.journal
        return tuple(float(rows["quantity"][rows["order"] == number].sum()) for number in self.numbers)

    def _change(self, column: int) -> float:
        return float(self.desk.ledger.years[:, column].sum() - self.start.desk.ledger.years[:, column].sum())

    @property
    def short_gain(self) -> float:
        """Net short-term gain, what wash sales disallow added back, US$."""
        return self._change(books.SHORT)

    @property
    def long_gain(self) -> float:
        """Net long-term gain, US$."""
        return self._change(books.LONG)

    @property
    def disallowed(self) -> float:
        """Losses that the wash-sale rule disallows, of these sales and of earlier ones, US$."""
        return self._change(books.DISALLOWED)

    @property
    def permanent(self) -> float:
        """Of these, what no basis takes over, US$."""
        return self._change(books.PERMANENT)

    @cached_property
    def tax_before(self) -> YearTax:
        """The year's tax without the orders."""
        return self.start.tax(self.start.desk.ledger.years)

    @cached_property
    def tax_after(self) -> YearTax:
        """The year's tax with them."""
        return self.start.tax(self.desk.ledger.years)

    @property
    def tax_now(self) -> float:
        """US$ that the orders add to the year's tax; negative where they save some."""
        return self.tax_after.tax - self.tax_before.tax

    @cached_property
    def weights_before(self) -> np.ndarray:
        """(n_classes + 1,) of each class and of cash in the accounts that count."""
        return weights(self.start.desk, self.start.cash, self.start.day.price)

    @cached_property
    def weights_after(self) -> np.ndarray:
        """(n_classes + 1,) the same afterwards."""
        return weights(self.desk, self.cash, self.start.day.price)

    def drift(self, held: np.ndarray) -> float:
        """Return half the sum of absolute deviations of `held` weights from the targets."""
        structure = self.desk.structure
        return float(np.abs(held - np.append(structure.target, structure.cash_target)).sum() / 2.0)


def weights(desk: Desk, cash: np.ndarray, price: np.ndarray) -> np.ndarray:
    """Return (n_classes + 1,) the weight of each class and of cash in the accounts that count."""
    structure, classes = desk.structure, len(desk.structure.target)
    value = (desk.ledger.held * price)[structure.counted].sum(axis=0)
    inside = structure.sleeve_of >= 0
    of_class = structure.sleeve_class[structure.sleeve_of[inside]]
    found = np.append(np.bincount(of_class, value[inside], classes), cash[structure.counted].sum())
    total = found.sum()
    return np.asarray(found / total if total > 0.0 else np.zeros_like(found))


def settle(day: Day, orders: Sequence[Order], moved: Moved | None = None) -> Settlement:
    """Carry out orders on the day and return what they come to.

    Parameters
    ----------
    day : Day
    orders : sequence of Order
        In the order in which they are made.
    moved : Moved, optional
        Nothing, if not given.
    """
    undecided = day.undecided
    events, picks = encode_orders(orders, day.last, day.plan.lot_method)
    lots, losses, journal = 64, 512, 1024
    while True:
        room = undecided.setting.room(lots=lots, losses=losses, journal=journal)
        status = undecided.setting.run(undecided.plan, room)
        desk = undecided.setting.desk(undecided.plan, room)
        begins = int(room.tape.counts[tapes.ENTRIES])
        start = Start(day, _kept(desk), moved or Moved(np.zeros_like(desk.ledger.cash)))
        if status == books.OK:
            status = carry_out(desk, day.last, events, picks)
        if status == books.OK:
            rows = np.asarray(room.tape.journal[begins : room.tape.counts[tapes.ENTRIES]])
            made = set(rows["order"].tolist())
            numbers = tuple(number if number in made else -1 for number in events["order"].tolist())
            return Settlement(start, _with_lots(orders, numbers, rows), rows, numbers, desk)
        lots, losses, journal = _larger(status, lots, losses, journal)


def _figures(row: np.ndarray) -> tuple[float, float, float, float, float, float]:
    """Return short, long, qualified, ordinary, exempt and distributions of a row of `Ledger.years`."""
    return (
        float(row[books.SHORT]), float(row[books.LONG]), float(row[books.QUALIFIED]), float(row[books.ORDINARY]),
        float(row[books.EXEMPT]), float(row[books.DISTRIBUTIONS]),
    )  # fmt: skip


def start_of(day: Day, moved: Moved | None = None) -> Start:
    """Return the state before any decision of the day."""
    return settle(day, (), moved).start


def _with_lots(orders: Sequence[Order], numbers: tuple[int, ...], rows: np.ndarray) -> tuple[Order, ...]:
    """Return the orders with the lots that were sold where they named none."""
    made = dict(zip(dict.fromkeys(rows["order"].tolist()), orders_of(rows), strict=True))
    return tuple(
        order._replace(picks=made[number].picks)
        if order.sells and not order.picks and number in made
        else order
        for order, number in zip(orders, numbers, strict=True)
    )


def _larger(status: int, lots: int, losses: int, journal: int) -> tuple[int, int, int]:
    if max(lots, losses) > MOST_LOTS:
        what = f"a position has more than {MOST_LOTS:,} lots or open losses"
        raise SimulationError(Finding("error", "proposal", what, "merge lots that are alike in everything"))
    if status == books.LOTS_FULL:
        return 2 * lots, losses, journal
    if status == books.LOSSES_FULL:
        return lots, 2 * losses, journal
    return lots, losses, 4 * journal


def _kept(desk: Desk) -> Desk:
    """Return the desk with a ledger of its own."""
    ledger = desk.ledger._replace(**{name: getattr(desk.ledger, name).copy() for name in desk.ledger._fields})
    return desk._replace(ledger=ledger)
