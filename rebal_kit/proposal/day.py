"""A household and its policy on one day: what happened since its date is carried forward, nothing is decided yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from rebal_kit.domain import Household
from rebal_kit.encode import encode_prices, encode_structure
from rebal_kit.engine.arrays import CASH_DIVIDENDS, REINVEST, Plan, Prices, Structure
from rebal_kit.engine.ledger import EPOCH
from rebal_kit.execution import Execution
from rebal_kit.findings import Finding, HouseholdError, MarketError, raise_errors
from rebal_kit.location import location_ranks
from rebal_kit.market import Market
from rebal_kit.policy import RebalancePolicy
from rebal_kit.preflight import (
    check_date,
    check_household,
    check_prices,
    check_reach,
    check_reserves,
    check_symbols,
)
from rebal_kit.proposal.in_between import in_between
from rebal_kit.rules.holding import day_number
from rebal_kit.rules.law import TaxTable, tax_table
from rebal_kit.run import Room, Setting, as_policies

#: When rules look: on their days, or today whatever the day.
Look = Literal["due", "now"]

#: A close of so many sessions ago stands for that of a day without one.
_STALE = 10
SATURDAY = 5

#: Room for a day's trades; a run that needs more takes more.
_ENTRIES = 1 << 10


@dataclass(frozen=True, eq=False)
class Day:
    """A household, a policy and prices on the day of a proposal.

    Attributes
    ----------
    setting : Setting
        The sessions after the household's date through the day, on which the engine runs; the day alone where the
        household is of that day.
    plan : Plan
        The policy, which looks on the last of them only.
    policy : RebalancePolicy
    asof : date
        Of the prices: the last session.
    findings : tuple of Finding
        What a reader must know.
    """

    setting: Setting
    plan: Plan
    policy: RebalancePolicy
    asof: dt.date
    findings: tuple[Finding, ...]

    @property
    def household(self) -> Household:
        """The household as it was given."""
        return self.setting.household

    @property
    def last(self) -> int:
        """The row of the day among the sessions."""
        return len(self.setting.prices.day) - 1

    @property
    def price(self) -> np.ndarray:
        """(n_securities,) US$ a share at the day's close."""
        return np.asarray(self.setting.prices.close[self.last])

    @cached_property
    def splits(self) -> np.ndarray:
        """(n_securities,) shares that one of the household's date has become."""
        return np.asarray(self.setting.prices.split.prod(axis=0))

    @cached_property
    def undecided(self) -> Day:
        """The same day without any decision, flow or payment of tax: the state that orders are settled on."""
        prices, structure = self.setting.prices, self.setting.structure
        due, flowing = prices.tax_due.copy(), structure.flowing.copy()
        due[-1], flowing[-1] = -1, False
        setting = replace(
            self.setting,
            prices=prices._replace(tax_due=due),
            structure=structure._replace(flowing=flowing),
        )
        plan = self.plan
        none = np.zeros_like
        plan = plan._replace(
            look=none(plan.look), looked=none(plan.looked), harvest_look=none(plan.harvest_look)
        )
        return replace(self, setting=setting, plan=plan)

    def run(self) -> Room:
        """Run the sessions; return ledger and tape as the day leaves them."""
        return self.setting.run_to_end(self.plan, self.setting.room(journal=_ENTRIES))


def prepare_day(
    market: Market, household: Household, policy: RebalancePolicy, *, asof: Any = None, look: Look = "due"
) -> Day:
    """Check that something can be proposed for the household on the day, and encode it.

    Parameters
    ----------
    market : Market
    household : Household
        With its lots, cash, open loss windows and the tax year so far. Splits and dividends of the sessions between its
        date and the day are carried forward; flows, taxes and trades in between are not known, which is said. Without a
        date it is taken to be of the day.
    policy : RebalancePolicy
        What it says of when and how orders are filled is left to whoever places them, but for `max_volume_share`.
    asof : date or ISO string, optional
        Prices are those of the last session on or before it; by default the market's last. What has none that day, and
        had one in the ten sessions before, is valued by it and not traded.
    look : {'due', 'now'}
        Whether rules look and losses are harvested only if it is their day, or today in any case.

    Raises
    ------
    MarketError, HouseholdError, PolicyError, LawError
        Something does not fit together; the message says what, where and what to do.
    """
    (policy,) = as_policies("policy", (policy,))
    raise_errors(MarketError, _check_kinds(market, household))
    raise_errors(MarketError, check_date("asof", asof))
    raise_errors(HouseholdError, check_household(household, "lots"))
    raise_errors(MarketError, check_symbols(market, household.symbols))
    chosen = market.select(household.symbols)
    history = _carried_forward(chosen.between(None, asof))
    last: dt.date = history.dates[-1].item()
    date = household.as_of or last
    if (
        date > last
        and date.year == last.year
        and np.busday_count(last, date) <= 1
        and date.weekday() >= SATURDAY
    ):
        date = last  # exported on the weekend after
    raise_errors(HouseholdError, _check_dates(household, date, last))
    since = history.common_start() if household.looks_from is None else min(household.looks_from, last)
    span = history.between(min(since, date), None)
    fresh = int((span.dates > np.datetime64(date, "D")).sum())
    window = span.between(span.dates[-max(fresh, 1)], None)
    raise_errors(MarketError, check_prices(window))
    table = tax_table(household.tax)
    location = None
    if household.targets.location == "auto":
        location = location_ranks(market, household, start=last)
    whole = Setting(
        household, span, "lots", table, encode_prices(span, table),
        encode_structure(household, span, dict(location.ranks) if location else None), history, location,
    )  # fmt: skip
    placed = replace(policy, execution=Execution(max_volume_share=policy.execution.max_volume_share))
    sessions = len(window.dates)
    setting = replace(
        whole, market=window, prices=_last_prices(whole.prices, sessions, date, table, carried=fresh > 0),
        structure=_last_flows(whole.structure, sessions, carried=fresh > 0), opens_in=date.year,
    )  # fmt: skip
    if fresh > 1:  # what a policy would have reinvested since, nobody has; a broker's plan has
        placed = replace(placed, dividends="cash" if placed.dividends == "reinvest" else placed.dividends)
    spanning = whole.plan(placed)
    plan = _on_the_last(spanning, sessions, look, harvests=policy.harvest is not None)
    worth = setting.opening_worth
    doubts = (
        replace(finding, severity="warning")
        for finding in (*check_reserves(household, worth), *check_reach(household, window, worth))
    )
    between = in_between(whole, spanning, date, fresh, table)
    return Day(setting, plan, policy, last, (*_say(household, fresh, last, asof), *between, *doubts))


def _check_kinds(market: Any, household: Any) -> Iterator[Finding]:
    if not isinstance(market, Market):
        yield Finding("error", "market", f"is {type(market).__name__}", "give a Market: load_market('etf')")
    if not isinstance(household, Household):
        what = f"is {type(household).__name__}"
        yield Finding("error", "household", what, "give a Household: load_household('two_million')")


def _carried_forward(market: Market) -> Market:
    """Return the market, the last closes of what has none on the last session carried to it: it is not traded there."""
    close, traded = market.close.copy(), market.traded.copy()
    for column in np.flatnonzero(~np.isfinite(close[-1])):
        known = np.flatnonzero(np.isfinite(close[:, column]))
        if len(known) and len(close) - 1 - known[-1] <= _STALE:
            close[known[-1] + 1 :, column] = close[known[-1], column]
            traded[known[-1] + 1 :, column] = False
    return replace(market, close=close, traded=traded)


def _check_dates(household: Household, date: dt.date, last: dt.date) -> Iterator[Finding]:
    where = f"household '{household.name}'"
    if date > last:
        what = f"is of {date}, and the prices end on {last}"
        yield Finding("error", where, what, "give newer prices, or the household as it was then")
    for account in household.accounts:
        for lot in account.lots:
            if lot.acquired > date:
                what = f"acquired {lot.acquired}, after the household's date {date}"
                yield Finding(
                    "error", f"account '{account.name}', lot '{lot.lot}'", what, "give one date to all"
                )


def _last_prices(prices: Prices, sessions: int, date: dt.date, table: TaxTable, *, carried: bool) -> Prices:
    """Return the last sessions, years counted from the one before the household's date.

    Where nothing is `carried` forward, the day's splits and dividends are in lots and cash already.
    """
    cut = {name: _end(getattr(prices, name), sessions) for name in prices._fields}
    day = cut["day"]
    first = date.year - 1
    event = (cut["dividend"] != 0.0).any(axis=1) | (cut["split"] != 1.0).any(axis=1)
    if not carried:
        cut["dividend"], cut["split"] = np.zeros_like(cut["dividend"]), np.ones_like(cut["split"])
        event[:] = False
    years = day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    due = np.full(sessions, -1, np.int64)
    for year in range(first, int(years[-1])):
        on = day_number(year + 1, table.due_month, table.due_day)
        at = int(np.searchsorted(day, on))
        if date.toordinal() - EPOCH < on and at == sessions - 1 and carried:
            due[at] = year - first
    latest = np.maximum.accumulate(np.where(event, np.arange(sessions), -1))
    return Prices(**{**cut, "year": years - first, "tax_due": due, "last_event": latest})


def _last_flows(structure: Structure, sessions: int, *, carried: bool) -> Structure:
    """Return the flows of the last sessions, of which only the day's own is still to be moved."""
    flowing = np.zeros(sessions, bool)
    flowing[-1] = bool(structure.flowing[-1]) and carried
    rules = structure.dividends
    if sessions > 1:
        rules = np.where(rules == REINVEST, CASH_DIVIDENDS, rules)
    return structure._replace(flow=_end(structure.flow, sessions), flowing=flowing, dividends=rules)


def _end(array: np.ndarray, sessions: int) -> np.ndarray:
    return np.ascontiguousarray(array[-sessions:])


def _on_the_last(plan: Plan, sessions: int, look: Look, *, harvests: bool) -> Plan:
    """Return the plan of the last sessions, which looks on the very last only."""
    dated = ("december", "quarter", "cost_row"), ("seen", "market", "opening", "low", "high")
    kept: dict[str, Any] = {name: _end(getattr(plan, name), sessions) for name in dated[0]}
    orders: dict[str, Any] = {name: _end(getattr(plan.orders, name), sessions) for name in dated[1]}
    calm = plan.orders.calm if len(plan.orders.calm) == 1 else _end(plan.orders.calm, sessions)
    today, harvest = plan.look[:, -1], bool(plan.harvest_look[-1])
    if look == "now":
        today, harvest = np.ones_like(today), harvests
    looks = np.zeros((len(plan.look), sessions), bool)
    looks[:, -1] = today
    looked, harvested = np.zeros(sessions, bool), np.zeros(sessions, bool)
    looked[-1], harvested[-1] = bool(today.any()), harvest
    return plan._replace(
        **kept,
        look=looks,
        looked=looked,
        harvest_look=harvested,
        orders=plan.orders._replace(**orders, calm=calm),
    )


def _say(household: Household, fresh: int, last: dt.date, asof: Any) -> Iterator[Finding]:
    where = f"household '{household.name}'"
    if household.as_of is None:
        what = f"has no as_of: its lots and cash are taken to be of {last}"
        yield Finding("warning", where, what, "give the date of the brokers' exports")
    elif fresh > 0:
        what = (
            f"is of {household.as_of}: splits and dividends of {fresh} session{'s' * (fresh > 1)} since are carried"
            " forward; trades since are unknown"
        )
        yield Finding("warning" if fresh > 1 else "note", where, what, "export the positions again")
    if household.loss_sales is None:
        what = "losses realised in the 30 days before are unknown: a purchase can wash them"
        yield Finding("warning", where, what, "state loss_sales; an empty list says that there are none")
    if not household.complete:
        what = "outside accounts are unknown: purchases there can wash the losses taken here"
        yield Finding("warning", where, what, "add all accounts and set complete")
    if asof is not None and np.datetime64(last) < np.datetime64(asof, "D"):
        yield Finding("note", "prices", f"of {last} are the last before {asof}", "")
