"""A history of trades made ready for the book: every event is a session of its own, with its own row of prices."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rebal_kit.domain import Household
from rebal_kit.engine.arrays import Orders, Plan, Prices, Structure
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.ledger import (
    JOURNAL_FULL,
    LOSSES_FULL,
    LOTS_FULL,
    OK,
    STATUS,
    empty_ledger,
    from_household,
)
from rebal_kit.engine.replay import replay
from rebal_kit.engine.tape import empty_tape
from rebal_kit.engine.work import empty_work
from rebal_kit.rules.law import TaxTable
from rebal_kit.rules.wash_sale import Reading


class History(NamedTuple):
    """Trades as the book reads them.

    Attributes
    ----------
    events : ndarray
        (n_events,) `rebal_kit.engine.replay.EVENT` in order of time. `session` is set to the number of the event;
        `order`, `purchase` and `status` are written.
    picks : ndarray
        (n_picks,) `rebal_kit.engine.replay.PICK`.
    day : ndarray
        (n_events,) int64, days since 1970-01-01, never falling.
    price : ndarray
        (n_events,) float64, US$ a share. Of no matter for splits.
    structure : Structure
        Of `history_structure`.
    symbols : tuple of str
        Securities in column order.
    opening : Household, optional
        Whose lots, all of these symbols, are there before the first event.
    """

    events: np.ndarray
    picks: np.ndarray
    day: np.ndarray
    price: np.ndarray
    structure: Structure
    symbols: tuple[str, ...]
    opening: Household | None = None


def play(history: History, table: TaxTable) -> Desk:
    """Play a history through the book, in as large a ledger as it needs, and return the desk it was played on.

    Parameters
    ----------
    history : History
    table : TaxTable
        Its `wash_days` is what counts here.

    Returns
    -------
    Desk
        With the ledger as the history left it and a journal of every purchase and of every lot sold. Row y of
        `ledger.years` is the year of the first event plus y. Cash starts at 0 and may be negative: deposits and
        withdrawals are not played.

    Raises
    ------
    ValueError
        The days fall, or a quantity is not positive. What a user wrote is checked before it comes here.
    """
    events, picks = history.events, history.picks
    if np.any(np.diff(history.day) < 0):
        raise ValueError("days must never fall: sort the events by day first")
    if not np.all(events["quantity"] > 0.0) or not np.all(picks["quantity"] >= 0.0):
        raise ValueError("every quantity must be positive")
    lots, losses, journal = 32, 64, 2 * len(events) + 16
    while True:
        desk = history_desk(history, table, lots=lots, losses=losses, journal=journal)
        status = desk.ledger.state[STATUS]
        if status == OK:
            status = replay(desk, events, picks)
        if status == LOTS_FULL:
            lots *= 2
        elif status == LOSSES_FULL:
            losses *= 2
        elif status == JOURNAL_FULL:
            journal *= 2
        else:
            return desk


def history_desk(history: History, table: TaxTable, *, lots: int, losses: int, journal: int) -> Desk:
    """Return a desk with the opening lots in its ledger on which the events can be replayed."""
    events, day, structure = history.events, history.day, history.structure
    events["session"] = np.arange(len(events))
    accounts, securities, groups = (
        len(structure.kind),
        len(structure.group),
        len(structure.group_first) - 1,
    )
    years = day.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
    year = years - years[0] if len(years) else years
    ledger = empty_ledger(
        accounts, securities, groups, int(year.max(initial=0)) + 1, lots=lots, losses=losses
    )
    if history.opening is not None:
        from_household(ledger, history.opening, history.symbols, structure, True)
    prices = _prices(events, day, year, history.price, securities)
    return Desk(
        prices,
        structure,
        _plan(len(day), accounts, prices.close),
        table,
        ledger,
        empty_tape(0, accounts, securities, 0, journal=journal),
        empty_work(accounts, securities, 0, 0, lots),
    )


def _prices(
    events: np.ndarray, day: np.ndarray, year: np.ndarray, price: np.ndarray, securities: int
) -> Prices:
    close = np.zeros((len(day), securities))
    close[np.arange(len(day)), events["security"]] = price
    return Prices(
        day=day,
        year=year,
        close=close,
        dividend=np.zeros_like(close),
        split=np.ones_like(close),
        traded=close > 0.0,
        last_event=np.full(len(day), -1, np.int64),
        tax_due=np.full(len(day), -1, np.int64),
    )


def history_structure(
    kind: np.ndarray, owner: np.ndarray, replaces: np.ndarray, reading: Reading, group: np.ndarray
) -> Structure:
    """Return accounts and identity groups as a structure; a history has no targets.

    Parameters
    ----------
    kind, owner : ndarray
        (n_accounts,) int64, as in `Structure`.
    replaces : ndarray
        (n_accounts,) bool.
    reading : Reading
    group : ndarray
        (n_securities,) int64, identity group of each security, numbered from 0.
    """
    securities = len(group)
    groups = int(group.max()) + 1 if securities else 0
    return Structure(
        kind=kind,
        owner=owner,
        replaces=replaces,
        counted=np.ones(len(kind), bool),
        managed=np.ones(len(kind), bool),
        dividends=np.zeros(len(kind), np.int64),
        min_cash=np.zeros(len(kind)),
        may_buy=np.ones((len(kind), securities), bool),
        may_sell=np.ones((len(kind), securities), bool),
        restricted=False,
        flow=np.zeros((0, len(kind) + 1)),
        flowing=np.zeros(0, bool),
        reading=reading,
        group=group,
        group_first=np.searchsorted(np.sort(group), np.arange(groups + 1)).astype(np.int64),
        group_member=np.argsort(group, kind="stable").astype(np.int64),
        sleeve_of=np.full(securities, -1, np.int64),
        sleeve_class=np.zeros(0, np.int64),
        sleeve_weight=np.zeros(0),
        sleeve_first=np.zeros(1, np.int64),
        sleeve_member=np.zeros(0, np.int64),
        class_first=np.zeros(1, np.int64),
        target=np.zeros(0),
        cash_target=0.0,
        location=np.zeros((0, 3), np.int64),
        qualified=np.zeros(securities),
        replaceable=np.zeros(securities, bool),
        exempt=np.zeros(securities),
    )


def _plan(sessions: int, accounts: int, close: np.ndarray) -> Plan:
    """No policy: nothing is looked at, nothing avoided, and trades are made at the price given."""
    no_rules = np.zeros((0, 0))
    securities = close.shape[1]
    return Plan(
        look=np.zeros((0, sessions), bool),
        looked=np.zeros(sessions, bool),
        scheduled=np.zeros(0, bool),
        by_sleeve=np.zeros(0, bool),
        applies=np.zeros((0, 0), bool),
        above=no_rules,
        below=no_rules,
        applies_class=np.zeros((0, 0), bool),
        class_above=no_rules,
        class_below=no_rules,
        reason=np.zeros(0, np.int64),
        destination=0.0,
        lot_method=0,
        guard_days=0,
        harvest_look=np.zeros(sessions, bool),
        min_loss_pct=0.0,
        min_loss_usd=0.0,
        december=np.zeros(sessions, bool),
        december_pct=0.0,
        december_usd=0.0,
        min_tax_saved_usd=0.0,
        replacements=0,
        nearest=np.zeros((0, securities, 0), np.int64),
        quarter=np.full(sessions, -1, np.int64),
        switch_back=False,
        dividends=0,
        coordinate=True,
        locate=False,
        taxable_first=False,
        short_gains=0,
        pair=False,
        max_gain=np.inf,
        max_tax=np.inf,
        sell_legacy=False,
        max_legacy_gain=np.inf,
        cash_above=0.0,
        avoid_wash_sales=False,
        min_trade=0.0,
        whole_shares=False,
        min_improvement=0.0,
        cost_row=np.zeros(sessions, np.int64),
        half_spread=np.zeros((1, securities)),
        impact=np.zeros((1, securities)),
        commission=np.zeros((accounts, securities)),
        per_share=0.0,
        orders=Orders(
            lag=False,
            patient=False,
            seen=close,
            market=close,
            opening=close,
            low=close,
            high=close,
            limit_offset=0.0,
            limit_days=0,
            cancel=False,
            calm=np.ones((1, securities), bool),
            max_wait=0,
            capped=False,
            volume_cap=np.full((1, securities), np.inf),
        ),
        lumpy=False,
    )
