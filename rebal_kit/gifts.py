"""Which lots to give to charity: long-term, the most gain in a dollar first; never a lot at a loss."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from rebal_kit.checking import as_day, as_tuple, check_date, check_kind, check_number, check_once, of_kind
from rebal_kit.domain import TaxLot
from rebal_kit.findings import Finding, HouseholdError, raise_errors
from rebal_kit.rules.gifts import (
    AT_A_LOSS,
    GIVE,
    SHORT_TERM,
    gift_deduction,
    gift_order,
    gift_verdict,
    untaxed_gain,
)
from rebal_kit.rules.holding import is_long_term

_EPOCH = dt.date(1970, 1, 1)
_WHERE = "gift"
#: US$ that are the rounding of a division and not a rest to be given.
_ROUNDING = 0.005
COLUMNS = (
    "status", "lot", "symbol", "quantity", "fair_market_value", "deduction", "gain_never_taxed", "reason",
)  # fmt: skip


def gift_lots(
    lots: Iterable[TaxLot], price: float | Mapping[str, float] | pd.Series, value: float, on: dt.date
) -> pd.DataFrame:
    """Choose the lots of taxable accounts to give to a public charity instead of cash.

    *Source*: IRC §170(e)(1)(A); what is not modelled, the limits by adjusted gross income among it, stands in
    `rebal_kit.rules.gifts`.

    Parameters
    ----------
    lots : iterable of TaxLot
        Of taxable accounts: shares in an IRA follow other rules.
    price : float, or mapping or Series of str to float
        Market price on the day, US$ a share as the lots count them: of the one security, or by symbol.
    value : float
        What is to be given, US$.
    on : date
        Day of the gift; it decides which lots are long-term.

    Returns
    -------
    DataFrame
        One row a lot, in this order of `status`:

        - *give*: the shares to give, the most gain in a dollar first;
        - *cash*: what lots cannot make up (no lot; absent when there is no rest);
        - *keep*: lots that would do as well, but are not needed;
        - *reject*: lots that should not be given; `reason` says why and what to do instead.

        `quantity` in shares; `fair_market_value`, `deduction` and `gain_never_taxed` in US$. In the rows that are not
        given these are what giving as much of the lot as `value` asks for would have meant; a negative
        `gain_never_taxed` is a loss that nobody could deduct any more.

    Raises
    ------
    HouseholdError
        A lot, price, value or day cannot be what was given, a price is missing, or a lot was bought after the day;
        all findings at once.
    """
    on, given = as_day(on), as_tuple(lots)
    by_symbol: Any = price.to_dict() if isinstance(price, pd.Series) else price
    raise_errors(HouseholdError, _check(given, by_symbol, value, on))
    prices = by_symbol if isinstance(by_symbol, Mapping) else {lot.symbol: by_symbol for lot in given}
    day = (on - _EPOCH).days
    by_order = sorted(
        given, key=lambda lot: (gift_order(prices[lot.symbol] * lot.quantity, lot.basis), lot.acquired)
    )
    rows, left = [], float(value)
    for lot in by_order:
        is_long = is_long_term(((lot.holding_start or lot.acquired) - _EPOCH).days, day)
        unit, basis = float(prices[lot.symbol]), lot.basis / lot.quantity
        verdict = gift_verdict(unit * lot.quantity, lot.basis, is_long)
        status = "reject" if verdict != GIVE else "give" if left > _ROUNDING else "keep"
        wanted = left if status == "give" else float(value)
        quantity = min(lot.quantity, wanted / unit)
        worth, cost = quantity * unit, quantity * basis
        if status == "give":
            left -= worth
        deduction, untaxed = gift_deduction(worth, cost, is_long), untaxed_gain(worth, cost)
        reason = _reason(status, verdict, cost, untaxed)
        rows.append((status, lot.lot, lot.symbol, quantity, worth, deduction, untaxed, reason))
    if left > _ROUNDING:
        reason = "no further lot is worth giving: give the rest in cash"
        rows.append(("cash", "", "", float("nan"), left, left, 0.0, reason))
    rows.sort(key=lambda row: ("give", "cash", "keep", "reject").index(row[0]))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _reason(status: str, verdict: int, cost: float, untaxed: float) -> str:
    if verdict == SHORT_TERM:
        return f"short-term: deduction limited to basis {round(cost, 2):,}"
    if verdict == AT_A_LOSS:
        return f"at a loss: sell, harvest the loss of {round(-untaxed, 2):,} and give the cash"
    return "not needed" if status == "keep" else "the most gain in a dollar of what is left"


def _check(lots: tuple[Any, ...], price: Any, value: Any, on: Any) -> Iterator[Finding]:
    for lot in lots:
        yield from check_kind(_WHERE, "one of lots", lot, TaxLot, "make it with TaxLot(…)")
    known = of_kind(TaxLot, lots)
    yield from check_once(_WHERE, [lot.lot for lot in known], "lot {} is given twice", "name lots apart")
    yield from check_date(_WHERE, "on", on)
    yield from _check_above_zero("value", value, "give US$, above 0")
    symbols = tuple(dict.fromkeys(lot.symbol for lot in known))
    if isinstance(price, Mapping):
        for symbol in symbols:
            if symbol not in price:
                yield Finding("error", _WHERE, f"price of {symbol} is missing", "give US$ a share")
            else:
                yield from _check_above_zero(f"price of {symbol}", price[symbol], "give US$ a share, above 0")
    else:
        yield from _check_above_zero("price", price, "give US$ a share, above 0, or a mapping by symbol")
        if len(symbols) > 1:
            what = f"one price is given, but lots are of {', '.join(symbols)}"
            yield Finding("error", _WHERE, what, "give a mapping of symbol to price")
    if isinstance(on, dt.date):
        for lot in known:
            if lot.acquired > on:
                what = f"acquired {lot.acquired} is after the gift on {on}"
                yield Finding("error", f"lot '{lot.lot}'", what, "leave it out, or correct a date")


def _check_above_zero(name: str, value: Any, remedy: str) -> Iterator[Finding]:
    found = tuple(check_number(_WHERE, name, value, remedy, least=0))
    yield from found
    if not found and value == 0:
        yield Finding("error", _WHERE, f"{name} is 0", remedy)
