"""One account filled from its statements: its lots, each checked, and its cash; what is not known is asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from rebal_kit.domain import TaxLot
from rebal_kit.files.account_number import masked
from rebal_kit.files.lot_checks import OWN_LOTS, check_lot, check_tickers, check_twice
from rebal_kit.files.reconcile import check_lots
from rebal_kit.files.statement import OpenLot, Position, Statement
from rebal_kit.findings import Finding, HouseholdError
from rebal_kit.market import Market


@dataclass(frozen=True)
class Wanted:
    """An account of the household that broker files shall fill.

    Attributes
    ----------
    name : str
    where : str
        Where the household says so, as messages call it.
    number : str
        The last characters of its number; empty where it is not told.
    files : frozenset of str
        The files it may be in.
    cash : float, optional
        US$, where the household says so itself.
    leave_out : frozenset of str
        Symbols, as the broker spells them, that are not taken over.
    own : tuple of TaxLot
        Lots that the household gives itself; of their securities they stand in place of the broker's.
    """

    name: str
    where: str
    number: str = field(default="", repr=False)
    files: frozenset[str] = frozenset()
    cash: float | None = None
    leave_out: frozenset[str] = frozenset()
    own: tuple[TaxLot, ...] = ()


@dataclass(frozen=True)
class Filled:
    """What an account holds, by the files.

    Attributes
    ----------
    cash : float
        US$.
    lots : tuple of TaxLot
    broker : str
    """

    cash: float
    lots: tuple[TaxLot, ...]
    broker: str


class Filling:
    """One account, as its statements are gone through."""

    def __init__(
        self, account: Wanted, statements: list[Statement], day: dt.date | None, market: Market | None
    ):
        self.account, self.statements, self.day, self.market = account, statements, day, market
        self.findings: list[Finding] = []
        self.lots: list[TaxLot] = []
        # rows that could not be read are said; that they are missing elsewhere need not be
        self.incomplete = any(statement.incomplete for statement in statements)

    def filled(self) -> Filled:
        """Return what the account holds; what is wrong is in the findings."""
        if not self.statements and not self.account.own:
            named = f" that ends in {masked(self.account.number)}" if self.account.number else ""
            self._error(
                self.account.where, f"no file has an account{named}", "add its file, or check the number"
            )
            return Filled(0.0, (), "")
        holding = self._once(
            [s for s in self.statements if s.positions or s.listed], "the account's positions are"
        )
        positions = self._positions(holding)
        by_symbol = self._lots_by_symbol()
        own = {lot.symbol for lot in self.account.own}
        listed = positions if holding else by_symbol
        kept = [symbol for symbol in listed if symbol not in self.account.leave_out]
        for symbol in kept:
            self._security(symbol, positions.get(symbol), by_symbol.get(symbol, []))
        for symbol in dict.fromkeys((*by_symbol, *own)) if holding else ():
            if symbol not in positions and symbol not in self.account.leave_out and not self.incomplete:
                found = by_symbol.get(symbol)
                where = found[0].place.row if found else self.account.where
                what = f"there are lots of {symbol}, but {holding[0].file} does not hold it"
                self._error(where, what, "export positions and lots at the same time")
        if not holding:
            told = {*by_symbol, *self.account.leave_out}
            self._own([lot for lot in self.account.own if lot.symbol not in told])
        held = [(p.symbol, p.place) for p in positions.values()] or [
            (symbol, lots[0].place) for symbol, lots in by_symbol.items()
        ]
        self.findings += check_tickers(((s, place) for s, place in held if s in kept), self.market)
        broker = self.statements[0].broker if self.statements else ""
        return Filled(self._cash(), tuple(self.lots), broker)

    def _once(self, tellers: list[Statement], what: str) -> list[Statement]:
        for other in tellers[1:]:
            said = f"{what} also in {tellers[0].file}"
            where = f"{other.file}, account {other.account}"
            self._error(where, said, "give one file, the newer")
        return tellers[:1]

    def _positions(self, holding: list[Statement]) -> dict[str, Position]:
        """Return the positions by symbol; parts of one, as in cash and on margin, are joined."""
        joined: dict[str, Position] = {}
        for position in (p for statement in holding for p in statement.positions):
            before = joined.get(position.symbol)
            if before is None:
                joined[position.symbol] = position
            elif [said for _, said in before.place.cells.values()] == [
                said for _, said in position.place.cells.values()
            ]:
                what = f"the position in {position.symbol} is the same as that of {before.place.row}"
                self._error(position.place.row, what, "take one out if it is the same holding")
            else:
                joined[position.symbol] = _joined(before, position)
        return joined

    def _lots_by_symbol(self) -> dict[str, list[OpenLot]]:
        """Return the lots of each security from the one file that lists them."""
        files: dict[str, dict[str, list[OpenLot]]] = {}
        for statement in self.statements:
            for lot in statement.lots:
                files.setdefault(lot.symbol, {}).setdefault(statement.file, []).append(lot)
        for symbol, by_file in files.items():
            first, *others = by_file
            for other in others:
                what = f"lots of {symbol} in this account are also in {first}"
                self._error(by_file[other][0].place.row, what, "give one file, the newer")
        return {symbol: next(iter(by_file.values())) for symbol, by_file in files.items()}

    def _security(self, symbol: str, position: Position | None, lots: list[OpenLot]) -> None:
        refused = position.refused if position else lots[0].refused
        place = position.place if position else lots[0].place
        if refused:
            remedy = "only shares and funds in US$ can be held: name it under leave_out, or with --leave-out"
            self._error(place.of("symbol"), f"'{symbol}' {refused}", remedy)
            return
        if position is not None and position.quantity < 0:
            what = f"is {position.quantity:,.10g} {symbol}, a short position"
            self._error(
                place.of("quantity"), what, "short positions cannot be held: close it, or leave it out"
            )
            return
        own = [lot for lot in self.account.own if lot.symbol == symbol]
        if own:
            if position is not None:
                as_lots = [
                    OpenLot(symbol, o.quantity, o.basis, o.acquired, None, position.place) for o in own
                ]
                self.findings += check_lots(position, as_lots, same_file=False, same_day=False)
            self._own(own)
        elif lots:
            self._brokers(position, lots)
        elif position is not None and position.quantity and not self.incomplete:
            known = f" (cost {position.cost:,.2f} in all)" if position.cost is not None else ""
            what = f"no file has the lots of {position.quantity:,.10g} {symbol}{known}"
            self._error(place.row, what, f"add the broker's file of lots, or {OWN_LOTS.format(symbol)}")

    def _own(self, own: list[TaxLot]) -> None:
        for lot in own:
            if self.day is not None and lot.acquired > self.day:
                what = f"lot '{lot.lot}' is acquired on {lot.acquired}, after the day of the files {self.day}"
                self._error(self.account.where, what, "check both dates")
        self.lots += own

    def _brokers(self, position: Position | None, lots: list[OpenLot]) -> None:
        before = len(self._errors)
        day = {s.file: s.as_of or self.day for s in self.statements}
        file = lots[0].place.file
        for lot in lots:
            self.findings += check_lot(lot, day[file], self.market)
        if position is not None and not self.incomplete:
            holds = position.place.file
            self.findings += check_lots(position, lots, file == holds, day[file] == day[holds])
        totals = {t.symbol for s in self.statements if s.file == file for t in s.totals}
        summed = position is not None or lots[0].symbol in totals
        self.findings += check_twice(lots, summed and len(self._errors) == before)
        if len(self._errors) == before:
            self._take(lots)

    def _take(self, lots: Iterable[OpenLot]) -> None:
        ordered = sorted(lots, key=lambda lot: (lot.acquired or dt.date.min, lot.quantity, lot.basis or 0.0))
        named: dict[str, int] = {}
        for lot in ordered:
            if lot.acquired is None or lot.basis is None:
                continue
            plain = self.account.name.translate(dict.fromkeys(map(ord, ":;#"), " "))
            name = f"{plain} {lot.symbol} {lot.acquired}"
            named[name] = named.get(name, 0) + 1
            piece = f" no {named[name]}" if named[name] > 1 else ""
            start = lot.holding_start if lot.holding_start != lot.acquired else None
            try:
                self.lots.append(
                    TaxLot(f"{name}{piece}", lot.symbol, lot.quantity, lot.basis, lot.acquired, start)
                )
            except HouseholdError as refused:
                self.findings += [Finding("error", lot.place.row, f.what, f.remedy) for f in refused.findings]

    def _cash(self) -> float:
        tellers = self._once([s for s in self.statements if s.cash is not None], "the account's cash is")
        told, own = tellers[0].cash if tellers else None, self.account.cash
        doubt = next((s for s in self.statements if s.cash_in_doubt), None)
        remedy = "say it: cash in the household file, or after the type in --account"
        if own is not None:
            if told is not None and abs(told - own) > 0.005:
                what = f"cash is {own:,.2f}, but {told:,.2f} in {tellers[0].file}"
                self._error(self.account.where, what, "leave it out here, or correct it")
            return own
        if doubt is not None:
            self._error(doubt.file, doubt.cash_in_doubt, remedy)
        elif told is None:
            self._error(self.account.where, "no file tells its cash", remedy)
        elif told < -0.005:
            what = f"cash is {told:,.2f}"
            self._error(
                f"{tellers[0].file}, account {tellers[0].account}",
                what,
                "a debt to the broker cannot be held",
            )
        return max(told or 0.0, 0.0)

    @property
    def _errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == "error"]

    def _error(self, where: str, what: str, remedy: str) -> None:
        self.findings.append(Finding("error", where, what, remedy))


def _joined(one: Position, other: Position) -> Position:
    def both(a: float | None, b: float | None) -> float | None:
        return None if a is None or b is None else a + b

    return Position(
        one.symbol, one.quantity + other.quantity, one.price, both(one.value, other.value), both(one.cost, other.cost),
        one.place, one.kind, one.refused or other.refused,
    )  # fmt: skip
