"""From nouns to numbers: market and household become the arrays that the engine reads; policies: `encode_policy`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rebal_kit.domain import Account, AccountKind, Household
from rebal_kit.encode_policy import DIVIDEND_CODES
from rebal_kit.engine.arrays import AS_POLICY, DEFERRED, ROTH, TAXABLE, Prices, Structure
from rebal_kit.market import Market
from rebal_kit.rules.holding import day_number
from rebal_kit.rules.law import TaxTable
from rebal_kit.rules.wash_sale import Reading
from rebal_kit.schedule import look_sessions

#: How the law treats each kind of account in the engine. An HSA is used for medical bills, so taken like a Roth.
KIND = {
    AccountKind.TAXABLE: TAXABLE,
    AccountKind.IRA: DEFERRED,
    AccountKind.K401: DEFERRED,
    AccountKind.ROTH_IRA: ROTH,
    AccountKind.HSA: ROTH,
}


def encode_prices(market: Market, table: TaxTable) -> Prices:
    """Return the market as the engine reads it, with the sessions on which each year's tax is due."""
    days = market.dates.astype(np.int64)
    years = market.dates.astype("datetime64[Y]").astype(np.int64) + 1970
    event = ((market.dividend != 0) | (market.split != 1)).any(axis=1)
    return Prices(
        day=days,
        year=years - years[0],
        close=np.nan_to_num(market.close, nan=0.0),
        dividend=np.ascontiguousarray(market.dividend),
        split=np.ascontiguousarray(market.split),
        traded=market.traded & np.isfinite(market.close),
        last_event=np.maximum.accumulate(np.where(event, np.arange(len(days)), -1)),
        tax_due=encode_tax_due(days, years, table),
    )


def encode_tax_due(days: np.ndarray, years: np.ndarray, table: TaxTable) -> np.ndarray:
    """Return (n_sessions,) the year, counted from the first, whose tax is paid in each session, or -1."""
    due = np.full(len(days), -1, np.int64)
    for year in range(int(years[0]), int(years[-1])):
        at = int(np.searchsorted(days, day_number(year + 1, table.due_month, table.due_day)))
        if at < len(days):
            # Over a gap in the data, the latest of several years stands for all of them.
            due[at] = year - years[0]
    return due


def encode_structure(
    household: Household, market: Market, ranks: Mapping[str, tuple[int, int, int]] | None = None
) -> Structure:
    """Return accounts, identity groups, sleeves and targets in the market's column order.

    `ranks` are location ranks by class name that stand in place of the household's, where those are to be derived.
    """
    symbols = market.symbols
    column = {symbol: i for i, symbol in enumerate(symbols)}
    group_name = {symbol: symbol for symbol in symbols}
    for identical in household.identical:
        group_name |= dict.fromkeys((s for s in identical if s in column), identical[0])
    names = list(dict.fromkeys(group_name[s] for s in symbols))
    group = np.array([names.index(group_name[s]) for s in symbols], np.int64)
    sleeve_of = np.full(len(symbols), -1, np.int64)
    sleeve_class: list[int] = []
    sleeve_weight: list[float] = []
    members: list[list[int]] = []
    for c, (asset_class, _) in enumerate(household.targets.weights):
        partners = dict(asset_class.partners)
        for symbol, weight in asset_class.members:
            if weight > 0:
                sleeve = [column[s] for s in (symbol, *partners.get(symbol, ()))]
                sleeve_of[sleeve] = len(members)
                members.append(sleeve)
                sleeve_class.append(c)
                sleeve_weight.append(weight)
    classes = np.array(sleeve_class, np.int64)
    location = household.targets.ranks if ranks is None else ranks
    # What the household says of a security counts for more than what came with the prices.
    own = {security.symbol: security for security in household.securities}
    securities = [own.get(security.symbol, security) for security in market.securities]
    flow, flowing = _flows(household, market)
    return Structure(
        **encode_accounts(household),
        **_trading(household, symbols),
        flow=flow,
        flowing=flowing,
        group=group,
        group_first=_starts(np.bincount(group, minlength=len(names))),
        group_member=np.argsort(group, kind="stable").astype(np.int64),
        sleeve_of=sleeve_of,
        sleeve_class=classes,
        sleeve_weight=np.array(sleeve_weight, np.float64),
        sleeve_first=_starts(np.array([len(m) for m in members], np.int64)),
        sleeve_member=np.array([s for m in members for s in m], np.int64),
        class_first=_starts(np.bincount(classes, minlength=len(household.targets.weights))),
        target=np.array([w for _, w in household.targets.weights], np.float64),
        cash_target=household.targets.cash,
        location=np.array(
            [location.get(c.name, (1, 1, 1)) for c in household.targets.classes], np.int64
        ).reshape(-1, 3),
        qualified=np.array([s.qualified_share for s in securities], np.float64),
        replaceable=_replaceable(sleeve_of, sleeve_class, group),
        exempt=np.array([float(s.state_exempt) for s in securities], np.float64),
    )


def encode_accounts(household: Household) -> dict[str, Any]:
    """Return how accounts are taxed, whose they are, and how the wash-sale law is read: fields of a `Structure`."""
    conventions = household.conventions
    owners = list(dict.fromkeys(account.owner for account in household.accounts))
    ignored = conventions.ignore_account_types
    return {
        "kind": np.array([KIND[account.kind] for account in household.accounts], np.int64),
        "owner": np.array([owners.index(account.owner) for account in household.accounts], np.int64),
        "replaces": np.array([account.kind not in ignored for account in household.accounts], bool),
        "reading": Reading(
            count_disposed=conventions.count_disposed_purchases,
            ignore_older=conventions.ignore_lots_older_than_sold_lot,
            row_level=conventions.row_level_matching,
            parent_excluded=conventions.parent_excluded,
            spouse_step_up=conventions.spouse_basis == "step_up",
            tacking=conventions.holding == "tacking",
        ),
    }


def _trading(household: Household, symbols: tuple[str, ...]) -> dict[str, Any]:
    """Return what may be traded where, what counts, and what becomes of dividends: fields of a `Structure`."""

    def allowed(account: Account, barred: set[str]) -> list[bool]:
        return [account.trading == "managed" and symbol not in barred for symbol in symbols]

    accounts = household.accounts
    may_buy = [allowed(a, {*household.do_not_buy, *a.do_not_buy}) for a in accounts]
    may_sell = [allowed(a, {*household.do_not_sell, *a.do_not_sell}) for a in accounts]
    rules = [DIVIDEND_CODES[a.dividends] if a.dividends else AS_POLICY for a in accounts]
    shape = (len(accounts), len(symbols))
    return {
        "counted": np.array([a.trading != "excluded" for a in accounts], bool),
        "managed": np.array([a.trading == "managed" for a in accounts], bool),
        "dividends": np.array(rules, np.int64),
        "min_cash": np.array([a.min_cash for a in accounts], np.float64),
        "may_buy": np.array(may_buy, bool).reshape(shape),
        "may_sell": np.array(may_sell, bool).reshape(shape),
        "restricted": not (np.all(may_buy) and np.all(may_sell)),
    }


def _flows(household: Household, market: Market) -> tuple[np.ndarray, np.ndarray]:
    """Return (n_sessions, n_accounts + 1) US$ moved by session and account, and (n_sessions,) bool where any is.

    The last column is of withdrawals from any account. A single flow before the first session is past, one after the
    last is still to come: neither is in the run.
    """
    names = [account.name for account in household.accounts]
    sessions = len(market.dates)
    flow = np.zeros((sessions, len(names) + 1))
    years = market.dates.astype("datetime64[Y]").astype(np.int64)
    for item in household.flows:
        column = names.index(item.account) if item.account is not None else len(names)
        if item.on is not None:
            at = int(np.searchsorted(market.dates, np.datetime64(item.on, "D")))
            if at < sessions and np.datetime64(item.on, "D") >= market.dates[0]:
                flow[at, column] += item.amount
            continue
        assert item.every is not None
        due = look_sessions(market, item.every)
        if item.first is not None:
            due &= market.dates >= np.datetime64(item.first, "D")
        if item.last is not None:
            due &= market.dates <= np.datetime64(item.last, "D")
        flow[due, column] += item.amount * (1.0 + item.growth) ** (years[due] - years[0])
    return flow, (flow != 0.0).any(axis=1)


def _replaceable(sleeve_of: np.ndarray, sleeve_class: list[int], group: np.ndarray) -> np.ndarray:
    classes = np.array([sleeve_class[n] if n >= 0 else -1 for n in sleeve_of], np.int64)
    same_class = classes[:, None] == classes[None, :]
    found: np.ndarray = (same_class & (group[:, None] != group[None, :]) & (classes >= 0)[:, None]).any(
        axis=1
    )
    return found


def _starts(sizes: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
