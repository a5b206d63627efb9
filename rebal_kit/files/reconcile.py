"""Whether a broker's figures agree: its own totals with its rows, and what it says it holds with the lots it lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rebal_kit.files.statement import OpenLot, Place, Position, Statement, Total
from rebal_kit.findings import Finding

#: Half of the last digit that brokers show, of dollars and of shares: what rounding may make of one figure.
_CENT, _SHARE = 0.005, 0.0005
_EXPORT_AGAIN = "a row is missing or was changed: export the file again"


def check_totals(statement: Statement) -> Iterator[Finding]:
    """Find rows whose value is not price times quantity, and totals of the file that its rows do not sum to.

    Where rows could not be read, only what was read is looked at.
    """
    for position in statement.positions:
        if not position.refused:  # bonds are quoted in percent, options by the hundred
            yield from check_value(position.quantity, position.price, position.value, position.place)
    for total in () if statement.incomplete else statement.totals:
        if total.symbol:
            lots = [lot for lot in statement.lots if lot.symbol == total.symbol]
            yield from _compare(total, "quantity", [lot.quantity for lot in lots], _SHARE)
            yield from _compare(total, "value", [lot.value for lot in lots], _CENT)
            yield from _compare(total, "cost", [lot.basis for lot in lots], _CENT)
        elif statement.positions or not statement.lots:
            yield from _check_sum(statement, total)


def check_lots(
    position: Position, lots: Sequence[OpenLot], same_file: bool, same_day: bool
) -> Iterator[Finding]:
    """Find what the lots of a security do not sum to: the shares held, their cost, and their value.

    Parameters
    ----------
    position : Position
    lots : sequence of OpenLot
        All of the account's lots of that security.
    same_file, same_day : bool
        Whether both are of one file, and of one day. In files of one day prices may still be of different minutes.
    """
    where = lots[0].place.row
    shares = sum(lot.quantity for lot in lots)
    if _apart(shares, position.quantity, _SHARE * (len(lots) + 1)):
        what = f"{position.quantity:,.10g} shares of {position.symbol} are held, but its lots have {shares:,.10g}"
        remedy = f"export positions and lots ({where} and on) at the same time"
        yield Finding("error", position.place.of("quantity"), what, remedy)
        return
    basis = _sum(lot.basis for lot in lots)
    if basis is not None and position.cost is not None and _apart(basis, position.cost, _rounding(lots)):
        what = f"{position.symbol} cost {position.cost:,.2f}, but its lots ({where} and on) cost {basis:,.2f}"
        remedy = "ask the broker which is right, or give the lots in a lots file of your own"
        yield Finding("error", position.place.of("cost"), what, remedy)
    value = _sum(lot.value for lot in lots)
    if not same_day or value is None or position.value is None:
        return
    if _apart(value, position.value, _rounding(lots)):
        what = f"{position.symbol} is worth {position.value:,.2f}, but its lots ({where} and on) {value:,.2f}"
        remedy = _EXPORT_AGAIN if same_file else "prices of another minute, or a row is missing"
        yield Finding("error" if same_file else "warning", position.place.of("value"), what, remedy)


def check_value(
    quantity: float | None, price: float | None, value: float | None, place: Place
) -> Iterator[Finding]:
    """Find a value that is not price times quantity, where a row tells all three."""
    if quantity is None or price is None or value is None:
        return
    allowed = _CENT * abs(quantity) + _SHARE * abs(price) + 2 * _CENT
    if _apart(price * quantity, value, allowed):
        what = f"is {value:,.2f}, but price times quantity is {price * quantity:,.2f}"
        yield Finding("error", place.of("value"), what, "a cell was changed: export the file again")


def _check_sum(statement: Statement, total: Total) -> Iterator[Finding]:
    summed = [
        p for p in statement.positions
        if not total.kind or (p.kind == total.kind and p.place.said("currency") == total.place.said("currency"))
    ]  # fmt: skip
    cash = [statement.cash or 0.0, statement.pending] if total.with_cash else []
    yield from _compare(total, "value", [*(p.value for p in summed), *cash], _CENT)
    yield from _compare(total, "cost", [p.cost for p in summed], _CENT)


def _compare(total: Total, name: str, parts: Sequence[float | None], unit: float) -> Iterator[Finding]:
    stated, found = getattr(total, name), _sum(parts)
    if stated is None or found is None:
        return
    if _apart(stated, found, unit * (len(parts) + 1)):
        form = ",.2f" if unit == _CENT else ",.10g"
        what = f"is {stated:{form}}, but the rows sum to {found:{form}}"
        yield Finding("error", total.place.of(name), what, _EXPORT_AGAIN)


def _rounding(lots: Sequence[OpenLot]) -> float:
    return _CENT * (len(lots) + 1)


def _sum(parts: Iterable[float | None]) -> float | None:
    """Return the sum, None where one of the parts is not known."""
    known: list[float] = []
    for part in parts:
        if part is None:
            return None
        known.append(part)
    return sum(known)


def _apart(one: float, other: float, allowed: float) -> bool:
    return not abs(one - other) <= allowed + 1e-9 * max(abs(one), abs(other))
