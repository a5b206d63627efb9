"""Every lot with its gain and term, and losses to be harvested: what they save, or what stands in the way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from rebal_kit.engine.arrays import TAXABLE
from rebal_kit.engine.ledger import LONG_AGO, date_of
from rebal_kit.engine.survey import NET, survey_losses
from rebal_kit.engine.tape import ENTRY
from rebal_kit.proposal.names import lot_names
from rebal_kit.proposal.settlement import Start
from rebal_kit.proposal.windows import washed_until
from rebal_kit.reasons import Reason
from rebal_kit.rules.brackets import YearTax, year_tax
from rebal_kit.rules.harvest import tax_saved

LOT_COLUMNS = (
    "account", "symbol", "lot", "acquired", "quantity", "basis", "value", "gain", "term", "long_from", "days_to_long",
    "taxed",
)  # fmt: skip
HARVEST_COLUMNS = (
    "account", "symbol", "lot", "quantity", "value", "loss", "term", "rate", "cost", "tax_saved", "this_year",
    "replacement", "why_not", "until",
)  # fmt: skip


class Harvestable(NamedTuple):
    """What all losses that nothing stands in the way of come to together, US$.

    Attributes
    ----------
    lots : int
    loss : float
    cost : float
        Of the sales and of what is bought instead.
    tax_saved : float
        By marginal rates, net of cost: the sum over the lots.
    this_year : float
        What they take off the tax of this year's return together, before cost.
    carried_over : float
        Of the loss, what this year's return cannot use any more.
    """

    lots: int
    loss: float
    cost: float
    tax_saved: float
    this_year: float
    carried_over: float


class _Place(NamedTuple):
    account: int
    security: int
    row: int


class _Survey(NamedTuple):
    """What `rebal_kit.engine.survey.survey_losses` fills in."""

    ripe: np.ndarray
    own: np.ndarray
    figures: np.ndarray
    substitutes: np.ndarray


def lots_of(start: Start) -> pd.DataFrame:
    """Return `Scan.lots`."""
    day, desk = start.day, start.desk
    accounts, symbols, today = (
        day.household.accounts,
        day.setting.market.symbols,
        int(desk.prices.day[day.last]),
    )
    rows = []
    places = _places(start)
    for (a, s, k), name in zip(places, _names(start, places), strict=True):
        lot = desk.ledger.lots[a, s, k]
        basis, value = float(lot.cost + lot.deferred), float(lot.quantity * day.price[s])
        left = max(0, int(lot.long_from) - today)
        rows.append((
            accounts[a].name, symbols[s], name, date_of(lot.acquired), float(lot.quantity), basis, value, value - basis,
            "short" if left else "long", date_of(lot.long_from), left, bool(desk.structure.kind[a] == TAXABLE),
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=list(LOT_COLUMNS))


def harvest_of(start: Start) -> pd.DataFrame:
    """Return `Scan.harvest`."""
    return pd.DataFrame(list(_candidates(start)), columns=list(HARVEST_COLUMNS))


def _candidates(start: Start) -> Iterator[tuple[Any, ...]]:
    day, found = start.day, _survey(start)
    table, today = start.desk.table, int(start.desk.prices.day[day.last])
    accounts, symbols = day.household.accounts, day.setting.market.symbols
    places = _places(start)
    for place, name in zip(places, _names(start, places), strict=True):
        if not found.ripe[place]:
            continue
        lot = start.desk.ledger.lots[place]
        net, cost = map(float, found.figures[place])
        loss = float(lot.cost + lot.deferred) - net
        long = today >= lot.long_from
        rate = float(table.marginal_long if long else table.marginal_short)
        saved = float(tax_saved(loss, rate, cost))
        this_year, _ = _this_year(start, 0.0 if long else loss, loss if long else 0.0)
        instead = [symbols[i] for i in found.substitutes[place.account, place.security] if i >= 0]
        yield (
            accounts[place.account].name, symbols[place.security], name, float(lot.quantity),
            float(lot.quantity * day.price[place.security]), loss, "long" if long else "short", rate, cost, saved,
            this_year, ", ".join(instead), *_why_not(start, found, place, saved),
        )  # fmt: skip


def _survey(start: Start) -> _Survey:
    desk = start.desk._replace(plan=start.day.plan)
    shape, wanted = desk.ledger.lots.shape, max(1, min(desk.plan.replacements, desk.ledger.held.shape[1]))
    found = _Survey(
        np.zeros(shape, bool), np.ones(shape, bool), np.zeros((*shape, 2)),
        np.full((*shape[:2], wanted), -1, np.int64),
    )  # fmt: skip
    survey_losses(desk, start.day.last, *found)
    return found


def _why_not(start: Start, found: _Survey, place: _Place, saved: float) -> tuple[str, dt.date | None]:
    """Return what keeps a loss from being taken, '' for nothing, and the last day on which it does, if known."""
    account, security, _ = place
    desk, plan, last = start.desk, start.day.plan, start.day.last
    if not found.own[place]:
        return Reason.WASH_WINDOW_SALE.sentence, washed_until(start, place)
    if not desk.structure.may_sell[account, security]:
        return Reason.RESTRICTED.sentence, None
    if not desk.prices.traded[last, security]:
        return Reason.NOT_TRADED.sentence, None
    if found.substitutes[account, security, 0] < 0:
        return Reason.NO_REPLACEMENT.sentence, _replaceable_after(start, account, security)
    if saved < plan.min_tax_saved_usd:
        return f"loss not taken: it saves less than US$ {plan.min_tax_saved_usd:,.0f}", None
    order = float((found.figures[account, security, :, NET] * found.ripe[account, security]).sum())
    return (Reason.BELOW_MINIMUM.sentence if order < plan.min_trade else ""), None


def together(start: Start, harvest: pd.DataFrame) -> Harvestable:
    """Return what the candidates that nothing stands in the way of come to."""
    free = harvest[harvest["why_not"] == ""]
    short = float(free.loc[free["term"] == "short", "loss"].sum())
    long = float(free.loc[free["term"] == "long", "loss"].sum())
    this_year, carried = _this_year(start, short, long)
    return Harvestable(
        len(free), short + long, float(free["cost"].sum()), float(free["tax_saved"].sum()), this_year, carried
    )


def _this_year(start: Start, short_loss: float, long_loss: float) -> tuple[float, float]:
    """Return US$ that losses take off the tax of the year so far, and US$ of them that are carried over."""
    before, after = year_with(start), year_with(start, short_loss, long_loss)
    carried = (after.carry.short + after.carry.long) - (before.carry.short + before.carry.long)
    return float(before.tax - after.tax), float(carried)


def year_with(start: Start, short_loss: float = 0.0, long_loss: float = 0.0) -> YearTax:
    """Return the tax of the day's year with further losses, US$ and positive."""
    short, long, *income, paid_out = start.year_figures(start.desk.ledger.years)
    qualified, ordinary, exempt = income
    return year_tax(
        start.desk.table,
        short - short_loss,
        long - long_loss,
        qualified,
        ordinary,
        exempt,
        start.carry,
        paid_out,
    )


def _replaceable_after(start: Start, account: int, security: int) -> dt.date | None:
    """Return the last day on which nothing may stand in for a security, where only windows forbid it."""
    structure, ledger = start.desk.structure, start.desk.ledger
    sleeve = int(structure.sleeve_of[security])
    if sleeve < 0:
        return None
    others = np.isin(
        structure.sleeve_of, np.flatnonzero(structure.sleeve_class == structure.sleeve_class[sleeve])
    )
    others &= structure.may_buy[account] & (structure.group != structure.group[security])
    until = int(min((ledger.blocked[group] for group in structure.group[others]), default=LONG_AGO))
    return date_of(until) if until > LONG_AGO else None


def _places(start: Start) -> list[_Place]:
    """Return where lots are, position by position."""
    count = start.desk.ledger.lot_count
    return [
        _Place(int(a), int(s), k) for a, s in np.argwhere(count > 0) for k in range(int(count[a, s]))
    ]  # fmt: skip


def _names(start: Start, places: list[_Place]) -> list[str]:
    """Return the names of lots as a proposal has them: as if all were sold in one order."""
    rows = np.zeros(len(places), ENTRY)
    pieces: dict[tuple[int, int, int], int] = {}
    for row, place in zip(rows, places, strict=True):
        lot = start.desk.ledger.lots[place]
        key = (place.account, place.security, int(lot.purchase))
        pieces[key] = pieces.get(key, 0) + 1
        row["account"], row["security"], row["purchase"] = key
        row["side"], row["piece"], row["quantity"] = -1, pieces[key], lot.quantity
    return lot_names(start.day, rows)
