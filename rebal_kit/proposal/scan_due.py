"""What is to be done today, and what will be soon: warnings count, notes alone do not make anything due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import numpy as np
import pandas as pd

from rebal_kit.engine import ledger as books
from rebal_kit.findings import Finding
from rebal_kit.market import Market
from rebal_kit.proposal.day import Day
from rebal_kit.proposal.in_between import BETWEEN
from rebal_kit.proposal.scan_lots import Harvestable
from rebal_kit.proposal.scan_weights import Scope
from rebal_kit.proposal.settlement import Start
from rebal_kit.reasons import Reason
from rebal_kit.schedule import look_sessions
from rebal_kit.triggers import Calendar, Threshold

#: Days before a lot turns long-term in which one hears of it.
SOON_DAYS = 30
#: Business days ahead in which the next look is searched for: more than a year.
_AHEAD = 270
#: Shares of a reserve that are rounding.
_ROUNDING = 1e-9


def due_of(
    start: Start, scopes: tuple[Scope, ...], classes: pd.DataFrame, lots: pd.DataFrame, harvest: pd.DataFrame,
    harvestable: Harvestable,
) -> tuple[Finding, ...]:  # fmt: skip
    """Return `Scan.due`."""
    return (
        *(finding for finding in start.day.findings if finding.where in BETWEEN),
        *_money(start), *_weights(start, scopes, classes), *_losses(start, harvestable),
        *_turning(start, lots, harvest),
    )  # fmt: skip


def next_look(day: Day) -> dt.date | None:
    """Return the next day on which a rule looks or losses are harvested; None if none does within a year.

    Sessions to come are taken to be all days from Monday to Friday: a holiday moves it by a day.
    """
    policy, household, history = day.policy, day.household, day.setting.history
    since = history.common_start() if household.looks_from is None else min(household.looks_from, day.asof)
    known = history.dates[history.dates >= np.datetime64(since, "D")]
    coming = np.busday_offset(np.datetime64(day.asof, "D"), np.arange(1, _AHEAD + 1), roll="backward")
    dates = pd.DatetimeIndex(np.concatenate([known, coming.astype(known.dtype)]).astype("datetime64[ns]"))
    calendar = Market.from_close(pd.DataFrame(1.0, index=dates, columns=["session"]))
    looks = np.zeros(len(dates), bool)
    for trigger in policy.triggers:
        if isinstance(trigger, Calendar):
            looks |= look_sessions(calendar, trigger.every, trigger.offset)
        elif isinstance(trigger, Threshold):
            looks |= look_sessions(calendar, trigger.look)
        else:
            for tier in trigger.tiers:
                looks |= look_sessions(calendar, tier.look)
    if policy.harvest is not None:
        looks |= look_sessions(calendar, policy.harvest.look)
    found = np.flatnonzero(looks[len(known) :])
    return dt.date.fromordinal(coming[found[0]].item().toordinal()) if len(found) else None


def waiting(start: Start, following: dt.date | None) -> Iterator[Finding]:
    """Find what is not as it should be and has to wait until a rule looks."""
    day = start.day
    when = f"the next looks on {following}" if following is not None else "none will within a year"
    if not day.plan.looked[-1]:
        yield Finding("note", "rules", f"none of policy '{day.policy.name}' looks on {day.asof}; {when}")
        for finding in _reserves(start):
            yield Finding("note", finding.where, finding.what, "the reserve is restored when a rule looks")
    if day.policy.harvest is None:
        what = (
            "the policy harvests nothing: candidates are lots that have lost US$ 500 and 5 % of their basis"
        )
        yield Finding("note", "harvest", what)
    elif not day.plan.harvest_look[-1]:
        yield Finding("note", "harvest", f"losses are not looked at on {day.asof}; {when}")


def _money(start: Start) -> Iterator[Finding]:
    """Find flows and taxes of the day."""
    day, last = start.day, start.day.last
    structure, prices = day.setting.structure, day.setting.prices
    if structure.flowing[last]:
        names = (*(account.name for account in day.household.accounts), "any account")
        for name, amount in zip(names, structure.flow[last], strict=True):
            if amount != 0.0:
                kind = "deposit" if amount > 0 else "withdrawal"
                yield Finding("warning", name, f"a {kind} of US$ {abs(amount):,.2f} is due on {day.asof}")
    row = int(prices.tax_due[last])
    if row >= 0:
        year = day.asof.year - start.year + row
        owed = float(start.desk.ledger.years[row, books.UNPAID])
        amount = f"US$ {owed:,.2f} of " if owed > 0.0 else ""
        yield Finding("warning", "tax", f"{amount}income tax of {year} is due on {day.asof}")
    if day.plan.looked[last]:
        yield from _reserves(start)


def _reserves(start: Start) -> Iterator[Finding]:
    structure = start.desk.structure
    for a, account in enumerate(start.day.household.accounts):
        short = account.min_cash - float(start.desk.ledger.cash[a])
        if structure.managed[a] and short > _ROUNDING * account.min_cash:
            what = f"cash is US$ {short:,.2f} short of its reserve of US$ {account.min_cash:,.2f}"
            yield Finding("warning", f"account '{account.name}'", what, "sell something there")


def _weights(start: Start, scopes: tuple[Scope, ...], classes: pd.DataFrame) -> Iterator[Finding]:
    """Find classes that a rule would bring back today, and cash that would be invested."""
    names = [asset_class.name for asset_class in start.day.household.targets.classes]
    fired = {
        (scope.account, name): int(reason)
        for scope in scopes for name, reason in zip(names, scope.fired, strict=True)
    }  # fmt: skip
    for row in classes[classes["fires"]].to_dict("records"):
        account, name = row["account"], row["class"]
        where = f"account '{account}', {name}" if account else f"class '{name}'"
        if (account, name) not in fired:
            spare = next(scope.spare for scope in scopes if scope.account == account)
            what = f"US$ {spare:,.2f} is idle, more than {start.day.policy.invest_cash_above:.1%} of the portfolio"
            yield Finding("warning", f"account '{account}', cash" if account else "cash", what, "invest it")
            continue
        side = "above" if row["drift"] > 0 else "below"
        off = f"{abs(row['drift']):.2f} points {side} its target of {row['target']:.1%}"
        what = f"at {row['weight']:.2%}, {off}"
        if np.isfinite(row["upper"]):
            what += f" (band {row['lower']:.1%} to {row['upper']:.1%})"
        yield Finding("warning", where, what, Reason(fired[account, name]).sentence)


def _losses(start: Start, harvestable: Harvestable) -> Iterator[Finding]:
    if start.day.plan.harvest_look[-1] and harvestable.lots:
        what = (
            f"{_lots(harvestable.lots)} with US$ {harvestable.loss:,.0f} of losses can be harvested: US$"
            f" {harvestable.tax_saved:,.0f} of tax saved at marginal rates after cost, US$ {harvestable.this_year:,.0f}"
            " on this year's return"
        )
        yield Finding("warning", "harvest", what, Reason.HARVEST.sentence)


def _turning(start: Start, lots: pd.DataFrame, harvest: pd.DataFrame) -> Iterator[Finding]:
    """Find lots that turn long-term soon: losses that count for more before, gains that are taxed less afterwards."""
    soon = lots[lots["taxed"] & (lots["term"] == "short") & (lots["days_to_long"] <= SOON_DAYS)]
    if start.day.policy.harvest is not None:
        free = set(harvest.loc[harvest["why_not"] == "", "lot"])
        losses = soon[soon["lot"].isin(free)]
        if len(losses):
            what = f"{_lots(len(losses))} with US$ {-losses['gain'].sum():,.0f} of short-term losses {_turn(losses)}"
            yield Finding("warning", "holding period", what, "harvest before: a short-term loss saves more")
    gains = soon[soon["gain"] > 0.0]
    if len(gains):
        what = f"{_lots(len(gains))} with US$ {gains['gain'].sum():,.0f} of short-term gains {_turn(gains)}"
        yield Finding("note", "holding period", what, "wait with selling them")


def _turn(lots: pd.DataFrame) -> str:
    first, last = lots["long_from"].min(), lots["long_from"].max()
    verb = "turns" if len(lots) == 1 else "turn"
    return f"{verb} long-term on {first}" if first == last else f"{verb} long-term from {first} to {last}"


def _lots(count: int) -> str:
    return f"{count} lot{'s' * (count != 1)}"
