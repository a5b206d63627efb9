"""What must hold before any day is simulated: prices, lots, withdrawals that can be paid, targets that can be met."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.optimize import linprog

from rebal_kit.domain import Household
from rebal_kit.findings import Finding
from rebal_kit.market import Market

#: A class that misses its target by less of the household is not worth a word.
_REACHED = 1e-6


def check_date(name: str, value: Any) -> Iterator[Finding]:
    """Find a start or an end that is no date."""
    try:
        known = value is None or not np.isnat(np.datetime64(value, "D"))
    except (TypeError, ValueError):
        known = False
    if not known:
        yield Finding("error", name, f"is {value!r}", "give a date, or text like '2008-09-15'")


def check_household(household: Household, open_with: str) -> Iterator[Finding]:
    """Find a household that has nothing to open with."""
    where = f"household '{household.name}'"
    if open_with not in ("lots", "values"):
        yield Finding("error", where, f"open_with is {open_with!r}", "use 'lots' or 'values'")
        return
    if not household.accounts:
        yield Finding("error", where, "has no accounts", "give at least one")
        return
    if not household.targets.weights:
        yield Finding("error", where, "has no targets", "give target weights of asset classes")
    if open_with == "values":
        for account in household.accounts:
            if account.opening_value is None:
                yield Finding("error", where, f"account '{account.name}' has no opening_value",
                              "give one, or open with lots")  # fmt: skip
            elif account.trading != "managed" and account.opening_value > 0:
                what = f"account '{account.name}' is {account.trading}: its opening_value cannot be invested"
                yield Finding("error", where, what, "open with lots, or let it trade")
        total = sum(account.opening_value or 0.0 for account in household.accounts)
    else:
        total = sum(account.cash for account in household.accounts) + len(household.lots)
    if total <= 0:
        yield Finding("error", where, "has nothing to invest", "give cash, lots or opening values")


def check_symbols(market: Market, symbols: tuple[str, ...]) -> Iterator[Finding]:
    """Find securities that the market does not have."""
    missing = [symbol for symbol in symbols if symbol not in market.symbols]
    if missing:
        yield Finding(
            "error", f"market '{market.name}'", f"has no {', '.join(missing)}",
            f"choose a market that has them, or change the household; it has {', '.join(market.symbols[:12])}"
            + (" …" if len(market.symbols) > 12 else ""),
        )  # fmt: skip


def check_prices(market: Market) -> Iterator[Finding]:
    """Find securities without a price on some session."""
    for column, symbol in enumerate(market.symbols):
        known = np.flatnonzero(np.isfinite(market.close[:, column]))
        if len(known) < len(market.dates):
            span = (
                f"from {market.dates[known[0]]} to {market.dates[known[-1]]}"
                if len(known)
                else "on no session"
            )
            yield Finding(
                "error", f"market '{market.name}'",
                f"{symbol} has prices {span}, the run is from {market.dates[0]} to {market.dates[-1]}",
                "choose start and end inside its history",
            )  # fmt: skip


def check_lots(household: Household, market: Market) -> Iterator[Finding]:
    """Find lots that are acquired after the first session."""
    first: dt.date = market.dates[0].item()
    for account in household.accounts:
        for lot in account.lots:
            if lot.acquired > first:
                yield Finding(
                    "error", f"account '{account.name}', lot '{lot.lot}'",
                    f"acquired {lot.acquired}, after the first session {first}",
                    "start later, or open with account values",
                )  # fmt: skip


def check_withdrawals(
    household: Household, market: Market, flow: np.ndarray, worth: np.ndarray, shares: np.ndarray
) -> Iterator[Finding]:
    """Find withdrawals that cannot be paid, whatever is held until then.

    What may be sold is followed as if all of it were, from the first session on, in the one security that serves best,
    dividends reinvested and nothing taxed; what may not be sold pays its dividends. What even that cannot pay is an
    error.

    Parameters
    ----------
    household : Household
    market : Market
    flow : ndarray
        (n_sessions, n_accounts + 1) US$, as in `rebal_kit.engine.arrays.Structure`.
    worth : ndarray
        (n_accounts, n_securities + 1) US$ at the first close, the last column cash.
    shares : ndarray
        (n_accounts, n_securities) held before the first session.
    """
    if not (flow < 0.0).any():
        return
    growth = np.ones((len(market.dates), len(market.symbols) + 1))  # the last column is cash
    close, paid = market.close, market.dividend
    growth[1:, :-1] = market.split[1:] * (close[1:] + paid[1:]) / close[:-1]
    ready, income = np.zeros(len(worth)), np.zeros(flow.shape)
    for a, account in enumerate(household.accounts):
        kept = {*household.do_not_sell, *account.do_not_sell}
        free = np.array([account.trading == "managed" and s not in kept for s in market.symbols])
        ready[a] = worth[a, :-1][free].sum() + worth[a, -1]
        held = shares[a] * np.cumprod(market.split, axis=0)
        income[:, a] = (held * paid)[:, ~free].sum(axis=1)
    moved = flow + income
    for a, account in enumerate(household.accounts):
        if (flow[:, a] < 0.0).any():
            grown = growth if account.trading == "managed" else growth[:, -1:]
            yield from _unpayable(f"account '{account.name}'", market, moved[:, a], float(ready[a]), grown)
    if (flow[:, -1] < 0.0).any():
        managed = [a for a, account in enumerate(household.accounts) if account.trading == "managed"]
        whole = float(ready[managed].sum())
        yield from _unpayable("the household", market, moved[:, [*managed, -1]].sum(axis=1), whole, growth)


def _unpayable(
    where: str, market: Market, flow: np.ndarray, opening: float, growth: np.ndarray
) -> Iterator[Finding]:
    longest, there, held_there = -1, 0.0, 0
    for s in range(growth.shape[1]):
        value = opening
        failed = len(flow)
        for t in range(len(flow)):
            value *= growth[t, s]
            if value + flow[t] < -_REACHED * max(opening, 1.0):
                failed = t
                break
            value += flow[t]
        if failed == len(flow):
            return
        if (failed, value) > (longest, there):
            longest, there, held_there = failed, value, s
    symbol = (*market.symbols, "cash")[held_there - growth.shape[1] + len(market.symbols) + 1]
    what = f"a withdrawal of US$ {-flow[longest]:,.2f} is due on {market.dates[longest]}"
    if longest == 0:
        what += f", and US$ {opening:,.2f} is all there is"
    else:
        what += f", and at most US$ {there:,.2f} can be there"
        what += f": if all had been in {symbol} from {market.dates[0]} on" if growth.shape[1] > 1 else ""
    yield Finding("error", where, what, "withdraw less, later or from elsewhere, or open with more")


def check_reserves(household: Household, worth: np.ndarray) -> Iterator[Finding]:
    """Find cash reserves that their accounts cannot hold.

    Parameters
    ----------
    household, worth
        As in `check_reach`.
    """
    for account, value in zip(household.accounts, worth.sum(axis=1), strict=True):
        if account.min_cash > value:
            what = f"min_cash is US$ {account.min_cash:,.0f}, and the account opens with US$ {value:,.0f}"
            yield Finding("error", f"account '{account.name}'", what, "keep less as cash, or open with more")


def check_reach(household: Household, market: Market, worth: np.ndarray) -> Iterator[Finding]:
    """Find classes that the accounts which may hold them have no room for, each taken alone.

    Whatever may be sold is taken as sold at no cost; money stays in its account.

    Parameters
    ----------
    household : Household
    market : Market
    worth : ndarray
        (n_accounts, n_securities + 1) US$ at the first close, the last column cash.
    """
    total = 0.0
    room = np.zeros(len(household.targets.weights))
    for a, account in enumerate(household.accounts):
        if account.trading == "excluded":
            continue
        barred = {*household.do_not_buy, *account.do_not_buy}
        counted = worth[a].sum() - worth[a, _outside(household, market)].sum()
        total += counted
        for c, (asset_class, _) in enumerate(household.targets.weights):
            symbols = {symbol for symbol, _ in asset_class.members}
            may_buy = account.trading == "managed" and not symbols <= barred
            held = worth[a, [market.column(symbol) for symbol in symbols]].sum()
            room[c] += counted - account.min_cash if may_buy else held
    for (asset_class, target), most in zip(household.targets.weights, room, strict=True):
        if total > 0.0 and most / total < target - _REACHED:
            what = f"class '{asset_class.name}' is to have {target:.1%} of the household, and {most / total:.1%} is all"
            what += " that the accounts which may hold it have room for"
            remedy = "lower the target, or lift a restriction (do_not_buy, min_cash, trading)"
            yield Finding("error", "targets", what, remedy)


def _outside(household: Household, market: Market) -> list[int]:
    classes = {symbol for asset_class in household.targets.classes for symbol, _ in asset_class.members}
    return [s for s, symbol in enumerate(market.symbols) if symbol not in classes]


def without_place(household: Household, market: Market, worth: np.ndarray) -> float:
    """Return the share of the household that finds no place at the opening when all targets are to be met at once.

    Because of what may not be bought or sold, of reserves, and of cash in accounts that do not trade. Solved as a
    linear programme (HiGHS) of what each account may hold of each class.

    Parameters
    ----------
    household, market, worth
        As in `check_reach`.
    """
    counted = [a for a, account in enumerate(household.accounts) if account.trading != "excluded"]
    classes = household.targets.weights
    outside = _outside(household, market)
    total = sum(float(worth[a].sum() - worth[a, outside].sum()) for a in counted)
    plain = not (household.do_not_buy or household.do_not_sell) and not any(
        a.do_not_buy or a.do_not_sell or a.min_cash or a.trading != "managed" for a in household.accounts
    )
    if plain or not classes or total <= 0.0:
        return 0.0
    low, high, room = [], [], []
    for a in counted:
        account = household.accounts[a]
        managed = account.trading == "managed"
        room.append(float(worth[a].sum() - worth[a, outside].sum()) - account.min_cash)
        stays, barred = (
            {*household.do_not_sell, *account.do_not_sell},
            {*household.do_not_buy, *account.do_not_buy},
        )
        for asset_class, _ in classes:
            symbols = [symbol for symbol, _ in asset_class.members]
            held = {symbol: float(worth[a, market.column(symbol)]) for symbol in symbols}
            low.append(sum(v for s, v in held.items() if s in stays or not managed))
            high.append(np.inf if managed and not set(symbols) <= barred else sum(held.values()))
    count, accounts = len(classes), len(counted)
    # Variables: what each account holds of each class, then by how much each class falls short.
    within = np.zeros((accounts, accounts * count + count))
    reaching = np.zeros((count, accounts * count + count))
    for a in range(accounts):
        within[a, a * count : (a + 1) * count] = 1.0
        reaching[:, a * count : (a + 1) * count] = -np.eye(count)
    reaching[:, accounts * count :] = -np.eye(count)
    targets = np.array([weight for _, weight in classes])
    solved = linprog(
        np.r_[np.zeros(accounts * count), np.ones(count)],
        A_ub=np.vstack([within, reaching]), b_ub=np.r_[np.maximum(room, 0.0), -targets * total],
        bounds=[*zip(low, high, strict=True), *[(0.0, None)] * count], method="highs",
    )  # fmt: skip
    short = float(solved.x[accounts * count :].sum() / total) if solved.success else 0.0
    return short if short > _REACHED else 0.0
