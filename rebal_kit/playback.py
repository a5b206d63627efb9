"""A history of trades played through the engine's book, one identity group after the other.

Wash sales never cross identity groups, so that each group is a history of its own: what is sold, bought and replaced in
one has no bearing on another.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from rebal_kit.domain import Account, Household
from rebal_kit.encode import encode_accounts
from rebal_kit.engine import replay as events
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.history import History, history_structure, play
from rebal_kit.engine.ledger import LOT, day_of, lots_in_order
from rebal_kit.engine.tape import ENTRIES, MATCHES
from rebal_kit.fills import merge_fills
from rebal_kit.findings import Finding, LedgerError, raise_errors
from rebal_kit.reasons import Reason
from rebal_kit.rules.law import TaxTable
from rebal_kit.rules.lots import HISTORY_METHOD_CODES
from rebal_kit.targets import TargetAllocation
from rebal_kit.transactions import CASH_FLOWS, PIECE, PURCHASES, Action, Transaction

Table = pd.DataFrame
Columns = dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class Played:
    """What the book made of a history; amounts in US$.

    Attributes
    ----------
    transactions : tuple of Transaction
        By date, executions of one order merged.
    sold : DataFrame
        A row for each lot or piece sold: `at` (place in `transactions`), account, symbol, lot, piece, acquired,
        holding_start, quantity, proceeds, basis, gain, disallowed, permanent, term. Gains of accounts that are not
        taxable are 0.
    open_lots : DataFrame
        account, symbol, lot, acquired, holding_start, quantity, basis, deferred, replaced.
    matches : DataFrame
        Which purchase replaced which loss: `sold` (row of `sold`), account, symbol, lot, acquired, quantity,
        disallowed, permanent, attached.
    parts : tuple of Part
        The identity groups as they were played.
    """

    transactions: tuple[Transaction, ...]
    sold: Table
    open_lots: Table
    matches: Table
    parts: tuple[Part, ...]


def play_back(transactions: Iterable[Transaction], household: Household, table: TaxTable) -> Played:
    """Play a history through the book.

    Parameters
    ----------
    transactions : iterable of Transaction
        In any order; those of one day in the order in which they happened.
    household : Household
        Accounts, identical securities and conventions; with lots, the history starts from them.
    table : TaxTable
        Its `wash_days` is what counts here.

    Raises
    ------
    LedgerError
        With every line that cannot be: unknown account or lot, more sold than is there, a lot sold before it is bought.
    """
    given = sorted(transactions, key=lambda line: line.date)
    raise_errors(LedgerError, _check(given, household))
    lines = merge_fills(given) if household.conventions.merge_fills else given
    groups: dict[str, list[int]] = defaultdict(list)
    family = {symbol: group[0] for group in household.identical for symbol in group}
    for at, line in enumerate(lines):
        if line.action in CASH_FLOWS:
            continue  # the book follows shares; what was paid in and out matters to the return only
        places_of_group = groups[family.get(line.symbol, line.symbol)]
        if line.action != Action.EX_DIVIDEND:
            places_of_group.append(at)
    for lot in household.lots:
        groups.setdefault(family.get(lot.symbol, lot.symbol), [])
    if not groups:
        groups[""] = []  # dividends only: tables without rows
    encoded = encode_accounts(household)
    parts = [Part(lines, places, household, encoded, table, name, family) for name, places in groups.items()]
    raise_errors(LedgerError, [found for part in parts for found in part.problems()])
    sold, open_lots, matches = [], [], []
    first = 0
    for part in parts:
        sold.append(part.sold())
        open_lots.append(part.open_lots())
        matches.append(part.matches(first))
        first += len(part.sales)
    played = Played(tuple(lines), _joined(sold), _joined(open_lots), _joined(matches), tuple(parts))
    raise_errors(LedgerError, _beyond_numbers(played))
    return played


def _beyond_numbers(played: Played) -> Iterator[Finding]:
    """Find the lot whose shares or basis overflow, after splits without end or the like."""
    for table in (played.sold, played.open_lots):
        finite = np.isfinite(table["quantity"].to_numpy(float)) & np.isfinite(table["basis"].to_numpy(float))
        for at in np.flatnonzero(~finite)[:1]:
            account, symbol, lot = (table[name].iloc[at] for name in ("account", "symbol", "lot"))
            what = f"shares or basis of lot '{lot}' are beyond all numbers"
            yield Finding("error", f"account '{account}', {symbol}", what, "check quantities and splits")


def records(table: Table) -> list[dict[str, Any]]:
    """Return the rows of a table as dictionaries."""
    return table.to_dict("records")  # type: ignore[return-value]


def _joined(tables: list[Columns]) -> Table:
    names = tables[0] if tables else ()
    return Table({name: np.concatenate([columns[name] for columns in tables]) for name in names})


def _check(lines: list[Transaction], household: Household) -> Iterator[Finding]:
    accounts = {account.name for account in household.accounts}
    days: dict[tuple[str, str, str], dt.date] = {}
    for account in household.accounts:
        for lot in account.lots:
            days[account.name, lot.symbol, lot.lot] = lot.acquired
    for line in lines:
        if line.account and line.account not in accounts:
            what, remedy = f"'{line.account}' is no account of the household", "add it to the household file"
            yield Finding("error", f"{line.place}, column account", what, remedy)
        if household.lots and household.as_of is not None and line.date < household.as_of:
            what = f"is {line.date}, before the household's lots of {household.as_of}"
            remedy = "start the history there, or leave the lots out of the household file"
            yield Finding("error", f"{line.place}, column date", what, remedy)
        if line.action in PURCHASES and line.lot:
            bought = days.setdefault((line.account, line.symbol, line.lot), line.date)
            if bought != line.date:
                what = f"lot '{line.lot}' was bought on {bought} already"
                yield Finding(
                    "error", f"{line.place}, column lot", what, "give each purchase a name of its own"
                )


class Part:
    """The history of one identity group."""

    def __init__(
        self, lines: list[Transaction], places: list[int], household: Household, encoded: dict[str, Any],
        table: TaxTable, name: str, family: dict[str, str],
    ):  # fmt: skip
        self.lines, self.places = lines, np.array(places, np.int64)
        held = [lot for lot in household.lots if family.get(lot.symbol, lot.symbol) == name]
        chosen = [lines[at] for at in places]
        self.symbols = tuple(
            dict.fromkeys((*(lot.symbol for lot in held), *(line.symbol for line in chosen)))
        ) or (name,)
        self.accounts = [account.name for account in household.accounts]
        self.taxable = np.array([account.taxable for account in household.accounts])
        opening = with_lots(household, {lot.lot for lot in held})
        self.labels, self.numbers = self._names(opening, chosen)
        self.events, self.picks = self._encode(chosen)
        structure = history_structure(**encoded, group=np.zeros(len(self.symbols), np.int64))
        day = np.array([day_of(line.date) for line in chosen], np.int64)
        price = np.array([line.price for line in chosen], np.float64)
        self.history = History(self.events, self.picks, day, price, structure, self.symbols, opening)
        self.desk: Desk = play(self.history, table)

    def _names(
        self, opening: Household, chosen: list[Transaction]
    ) -> tuple[list[str], dict[tuple[str, str, str], list[int]]]:
        """Name purchases in the order in which the ledger numbers them."""
        labels: list[str] = []
        numbers: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        unnamed: dict[tuple[str, str, dt.date], int] = defaultdict(int)
        further: list[tuple[str, str, str, int]] = []
        for _, a, lot in lots_in_order(opening):
            numbers[self.accounts[a], lot.symbol, lot.lot].append(len(labels))
            labels.append(lot.lot)
        for line in chosen:
            if line.action not in PURCHASES:
                continue
            name = line.lot
            if not name:
                unnamed[line.account, line.symbol, line.date] += 1
                count = unnamed[line.account, line.symbol, line.date]
                name = f"{line.symbol} {line.date}" + (f" ({count})" if count > 1 else "")
            fills = numbers[line.account, line.symbol, name]
            fills.append(len(labels))
            labels.append(name if len(fills) == 1 else f"{name} ({len(fills)})")
            if len(fills) > 1:
                further.append((line.account, line.symbol, labels[-1], fills[-1]))
        for account, symbol, name, number in further:  # unless another purchase is called so
            numbers.setdefault((account, symbol, name), [number])
        return labels, numbers

    def _encode(self, chosen: list[Transaction]) -> tuple[np.ndarray, np.ndarray]:
        account_of = {name: a for a, name in enumerate(self.accounts)}
        column = {symbol: s for s, symbol in enumerate(self.symbols)}
        rows: list[tuple[Any, ...]] = []
        picks: list[tuple[int, int, float, int]] = []
        for line in chosen:
            first = len(picks)
            for name, quantity in line.lots:
                label, _, piece = name.partition(PIECE)
                # A lot that is not there is found, and said, when the sale is played.
                fills = self.numbers.get((line.account, line.symbol, label)) or [-1]
                for i, number in enumerate(fills):
                    more = i + 1 < len(fills)
                    picks.append((number, int(piece or 0), quantity if i == 0 else 0.0, int(more)))
            rows.append(
                (
                    0, account_of.get(line.account, -1), column[line.symbol], _ACTIONS[line.action], line.quantity,
                    line.fees, Reason.REINVEST if line.action == Action.REINVEST else Reason.GIVEN,
                    HISTORY_METHOD_CODES[line.lot_method.lower() or "fifo"], first, len(picks) - first, -1, -1, 0,
                )
            )  # fmt: skip
        return (
            np.array(rows, events.EVENT).view(np.recarray),
            np.array(picks, events.PICK).view(np.recarray),
        )

    def problems(self) -> Iterator[Finding]:
        """Say which sales could not be made."""
        held: dict[tuple[str, str], float] = defaultdict(float)
        if not self.events["status"].any():
            return
        for event, at in zip(self.events, self.places, strict=True):
            line = self.lines[at]
            position = (line.account, line.symbol)
            if event.status == 0:
                if line.action == Action.SPLIT:
                    for account, symbol in held:
                        if symbol == line.symbol and line.account in ("", account):
                            held[account, symbol] *= line.quantity
                else:
                    held[position] += line.quantity if line.action in PURCHASES else -line.quantity
                continue
            yield from self._problem(line, int(event.status), max(0.0, round(held[position], 9)))

    def _problem(self, line: Transaction, status: int, there: float) -> Iterator[Finding]:
        names = [name.partition(PIECE)[0] for name, _ in line.lots]
        missing = [n for n in names if (line.account, line.symbol, n) not in self.numbers]
        later = [
            (n, other) for n in names for other in self.lines
            if other.action in PURCHASES and (other.account, other.symbol, other.lot) == (line.account, line.symbol, n)
            and other.date > line.date
        ]  # fmt: skip
        if missing:
            known = [
                n for account, symbol, n in self.numbers if (account, symbol) == (line.account, line.symbol)
            ]
            remedy = f"its lots are {', '.join(known[:8])}" if known else "buy it first"
            for name in dict.fromkeys(missing):
                what = f"lot '{name}' of {line.symbol} is not in account '{line.account}'"
                yield Finding("error", f"{line.place}, column lots", what, remedy)
        elif later:
            for name, other in later:
                what = f"lot '{name}' is sold on {line.date}, before it is bought on {other.date}"
                yield Finding("error", f"{line.place}, column lots", what, "check both dates")
        elif status == events.UNKNOWN_LOT:
            what = f"nothing is left of lot {_few(names)} on {line.date}"
            yield Finding("error", f"{line.place}, column lots", what, "name lots that are there")
        else:
            first = min(
                (o.date for o in self.lines[self.lines.index(line) :] if o.action in PURCHASES
                 and (o.account, o.symbol) == (line.account, line.symbol)),
                default=None,
            )  # fmt: skip
            of_lots = f" of lots {_few(names)}" if names and line.quantity <= there else ""
            what = f"sells {line.quantity:,.10g} {line.symbol}{of_lots}, account '{line.account}' holds {there:,.10g}"
            remedy = (
                f"it is bought on {first}: check both dates" if first and there == 0 and first > line.date else
                "it is bought in a later row of that day: put the rows in order" if first and there == 0 else
                "add the purchase that is missing, or check the quantity; short sales are not modelled"
            )  # fmt: skip
            yield Finding("error", f"{line.place}, column quantity", what, remedy)

    def sold(self) -> Columns:
        """Return every slice sold, in the order of the journal."""
        rows = self.sales
        names = np.array(self.accounts, object)
        return {
            "at": self.places[rows["session"]],
            "account": names[rows["account"]],
            "symbol": np.array(self.symbols, object)[rows["security"]],
            "lot": np.array([*self.labels, ""], object)[rows["purchase"]],
            "piece": rows["piece"],
            "acquired": _dates(rows["acquired"]),
            "holding_start": _dates(rows["start"]),
            "quantity": rows["quantity"],
            "proceeds": rows["quantity"] * rows["price"] - rows["cost"],
            "basis": rows["basis"],
            "gain": rows["gain"],
            "disallowed": rows["disallowed"],
            "permanent": rows["permanent"],
            "term": np.where(rows["long"] == 1, "LT", "ST"),
            "taxable": self.taxable[rows["account"]],
        }

    def bought(self, account: int, security: int) -> np.ndarray:
        """Return the numbers of a position's purchases, its opening lots among them."""
        position = self.accounts[account], self.symbols[security]
        numbers = (n for (a, s, _), fills in self.numbers.items() if (a, s) == position for n in fills)
        return np.unique(np.fromiter(numbers, np.int64))

    @property
    def sales(self) -> np.ndarray:
        """Rows of the journal that are sales."""
        return sales_of(self.desk)

    def open_lots(self) -> Columns:
        """Return what is left."""
        ledger = self.desk.ledger
        pages = [
            (a, s, ledger.lots[a, s, : ledger.lot_count[a, s]])
            for a in range(len(self.accounts)) for s in range(len(self.symbols)) if ledger.lot_count[a, s]
        ]  # fmt: skip
        lots = np.concatenate([np.asarray(page) for *_, page in pages]) if pages else np.zeros(0, LOT)
        count = [len(page) for *_, page in pages]
        return {
            "account": np.repeat(np.array([self.accounts[a] for a, *_ in pages], object), count),
            "symbol": np.repeat(np.array([self.symbols[s] for _, s, _ in pages], object), count),
            "lot": np.array([*self.labels, ""], object)[lots["purchase"]],
            "acquired": _dates(lots["acquired"]),
            "holding_start": _dates(lots["start"]),
            "quantity": lots["quantity"],
            "basis": lots["cost"] + lots["deferred"],
            "deferred": lots["deferred"],
            "replaced": lots["fresh"] == 0,
        }

    def matches(self, first: int) -> Columns:
        """Return which purchase replaced which loss; `first` is the number of this part's first row in `sold`."""
        tape = self.desk.tape
        rows = np.asarray(tape.matches[: tape.counts[MATCHES]])
        place = np.cumsum(tape.journal["side"][: tape.counts[ENTRIES]] < 0) - 1
        return {
            "sold": first + place[rows["row"]],
            "account": np.array(self.accounts, object)[rows["account"]],
            "symbol": np.array(self.symbols, object)[rows["security"]],
            "lot": np.array([*self.labels, ""], object)[rows["purchase"]],
            "acquired": _dates(rows["acquired"]),
            "quantity": rows["quantity"],
            "disallowed": rows["disallowed"],
            "permanent": rows["permanent"],
            "attached": rows["attached"] == 1,
        }


def with_lots(household: Household, names: set[str]) -> Household:
    """Return the household with no other lots than these."""
    kept = (tuple(lot for lot in account.lots if lot.lot in names) for account in household.accounts)
    both = zip(household.accounts, kept, strict=True)
    return only_books(household, tuple(replace(account, lots=lots) for account, lots in both))


def only_books(household: Household, accounts: tuple[Account, ...]) -> Household:
    """Return a household of these accounts without what names others: targets, restrictions, flows, loss sales."""
    bare = (
        replace(account, trading="managed", min_cash=0.0, do_not_buy=(), do_not_sell=())
        for account in accounts
    )
    return replace(
        household, accounts=tuple(bare), targets=TargetAllocation({}), do_not_buy=(), do_not_sell=(), flows=(),
        loss_sales=None,
    )  # fmt: skip


def sales_of(desk: Desk) -> np.ndarray:
    """Return the rows of a journal that are sales; `session` is the number of the event."""
    rows = desk.tape.journal[: desk.tape.counts[ENTRIES]]
    return np.asarray(rows[rows["side"] < 0])


_ACTIONS = {
    Action.BUY: events.BUY, Action.REINVEST: events.BUY, Action.SELL: events.SELL, Action.SPLIT: events.SPLIT,
}  # fmt: skip


def _few(names: list[str]) -> str:
    """Name the first lots of a sale; there may be hundreds."""
    every = list(dict.fromkeys(names))
    return ", ".join(every[:4]) + (f" and {len(every) - 4} more" if len(every) > 4 else "")


def _dates(days: np.ndarray) -> np.ndarray:
    return days.astype("datetime64[D]").astype("datetime64[ns]")
