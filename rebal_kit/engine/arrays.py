"""The shapes of everything the compiled engine reads: prices, who holds what, and the policy as numbers.

A = accounts, S = securities, N = sleeves, C = asset classes, G = identity groups, R = trigger rules, T = sessions,
Y = calendar years. A *sleeve* is one weighted member of a class with its partners: the unit that has a target.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rebal_kit.rules.wash_sale import Reading

#: Columns of `Structure.location` and values of `Structure.kind`.
TAXABLE, DEFERRED, ROTH = 0, 1, 2

#: Location ranks go from 1 to this.
RANKS = 3

#: What becomes of dividends: values of `Structure.dividends`, of which AS_POLICY leaves it to `Plan.dividends`.
AS_POLICY, CASH_DIVIDENDS, REINVEST, DRIP = -1, 0, 1, 2

#: Values of `Plan.short_gains`.
ALLOW, MINIMISE, NEVER = 0, 1, 2

#: Of a price known the evening before, what the dividend of the day leaves at least.
LEAST_SHARE = 1e-3


class Prices(NamedTuple):
    """Market history as the engine reads it."""

    day: np.ndarray  # (T,) int64, days since 1970-01-01
    year: np.ndarray  # (T,) int64, years since the first session's year
    close: np.ndarray  # (T, S) float64, US$; 0 where there is no quote
    dividend: np.ndarray  # (T, S) float64, US$ a share
    split: np.ndarray  # (T, S) float64, new shares per old
    traded: np.ndarray  # (T, S) bool
    last_event: np.ndarray  # (T,) int64, the latest session so far with some dividend or split, or -1
    tax_due: np.ndarray  # (T,) int64, the year whose tax is paid in this session, or -1


class Structure(NamedTuple):
    """Accounts, identity groups and targets."""

    kind: np.ndarray  # (A,) int64: TAXABLE, DEFERRED or ROTH
    owner: np.ndarray  # (A,) int64, who owns the account
    replaces: np.ndarray  # (A,) bool, purchases in it can replace shares sold at a loss
    counted: np.ndarray  # (A,) bool, what it holds counts towards the targets
    managed: np.ndarray  # (A,) bool, rebalancing trades in it
    dividends: np.ndarray  # (A,) int64: AS_POLICY, CASH_DIVIDENDS, REINVEST or DRIP
    min_cash: np.ndarray  # (A,) float64, US$ that rebalancing leaves as cash
    may_buy: np.ndarray  # (A, S) bool, the account is managed and may buy the security
    may_sell: np.ndarray  # (A, S) bool
    restricted: bool  # some entry of `may_buy` or `may_sell` is False
    flow: (
        np.ndarray
    )  # (T, A + 1) float64, US$ put in or (negative) taken out; the last column: from any account
    flowing: np.ndarray  # (T,) bool, some flow is due in the session
    reading: Reading  # of the wash-sale law's disputed questions
    group: np.ndarray  # (S,) int64, identity group (IRC §1091) of each security
    group_first: np.ndarray  # (G + 1,) int64, where a group starts in group_member
    group_member: np.ndarray  # (S,) int64, securities ordered by group
    sleeve_of: np.ndarray  # (S,) int64, or -1 for a legacy holding that is valued but never traded
    sleeve_class: np.ndarray  # (N,) int64
    sleeve_weight: np.ndarray  # (N,) float64, weight inside the class
    sleeve_first: np.ndarray  # (N + 1,) int64, where a sleeve starts in sleeve_member
    sleeve_member: np.ndarray  # (n,) int64, securities of a sleeve in order of preference
    class_first: np.ndarray  # (C + 1,) int64, where a class starts in the sleeves
    target: np.ndarray  # (C,) float64, weight in the household
    cash_target: float
    location: np.ndarray  # (C, 3) int64, rank of taxable, deferred, Roth accounts for buys
    qualified: np.ndarray  # (S,) float64, share of distributions that are qualified dividends
    replaceable: np.ndarray  # (S,) bool, some other security could ever take its place after a harvest
    exempt: np.ndarray  # (S,) float64, share of distributions that states may not tax


class Orders(NamedTuple):
    """How orders are carried out, as numbers."""

    lag: bool  # a decision is carried out in the session after it
    patient: bool  # orders may wait
    seen: np.ndarray  # (T, S) float64, US$, the last price known to the decision that a session carries out
    market: np.ndarray  # (T, S) float64, US$, of a market order in the session
    opening: (
        np.ndarray
    )  # (T, S) float64, US$, NaN where it is not known; this and the next two for limit orders
    low: np.ndarray  # (T, S) float64, US$, of the session, its close included
    high: np.ndarray  # (T, S) float64
    limit_offset: float  # how much better than the price by which one decided, as a fraction of it
    limit_days: int  # sessions for which limit orders are tried; 0: there are none
    cancel: bool  # what they do not fill is given up, not filled at the close
    calm: np.ndarray  # (T or 1, S) bool, calm enough to trade
    max_wait: int  # sessions to wait for that; 0: one does not wait
    capped: bool  # there are caps
    volume_cap: np.ndarray  # (M, S) float64, US$ a session of a security, by `Plan.cost_row`


class Plan(NamedTuple):
    """A rebalancing policy as numbers."""

    look: np.ndarray  # (R, T) bool, the rule is looked at in this session
    looked: np.ndarray  # (T,) bool, some rule is: idle cash is invested
    scheduled: np.ndarray  # (R,) bool, a calendar rule: fires whenever looked at, always to target
    by_sleeve: np.ndarray  # (R,) bool, bands are held against sleeves instead of classes
    applies: np.ndarray  # (R, N) bool
    above: np.ndarray  # (R, N) float64, band width above a sleeve's target, weight in the household
    below: np.ndarray  # (R, N) float64
    applies_class: np.ndarray  # (R, C) bool
    class_above: np.ndarray  # (R, C) float64, the same for classes
    class_below: np.ndarray  # (R, C) float64
    reason: np.ndarray  # (R,) int64
    destination: float
    lot_method: int
    guard_days: int
    harvest_look: np.ndarray  # (T,) bool; all False when nothing is harvested
    min_loss_pct: float
    min_loss_usd: float
    december: np.ndarray  # (T,) bool, the two below count instead of the two above
    december_pct: float
    december_usd: float
    min_tax_saved_usd: float
    replacements: int
    nearest: (
        np.ndarray
    )  # (Q, S, M) int64, in each quarter the most correlated members of the class, -1 for none
    quarter: np.ndarray  # (T,) int64, quarter of `nearest` that serves a session, -1 while none does
    switch_back: bool  # return to the preferred member when it costs no short-term gain
    dividends: int  # CASH_DIVIDENDS, REINVEST or DRIP
    coordinate: bool  # decide for the household, not for each account alone
    locate: bool  # purchases follow the location ranks
    taxable_first: bool  # withdrawals: taxable, tax-deferred, Roth; otherwise whatever costs least tax
    short_gains: int  # ALLOW, MINIMISE or NEVER
    pair: bool  # a sale at a gain looks for losses beside it
    max_gain: float  # US$ a year of net gain, infinite without a budget
    max_tax: float  # US$ a year of tax on it
    sell_legacy: bool
    max_legacy_gain: float  # US$ a year of net gain on holdings outside the targets
    cash_above: float
    avoid_wash_sales: bool
    min_trade: float
    whole_shares: bool  # orders are for whole shares
    min_improvement: float  # share of the portfolio that a rebalancing must move
    cost_row: np.ndarray  # (T,) int64, row of the two below that serves a session
    half_spread: np.ndarray  # (M, S) float64, fraction of a trade's value
    impact: np.ndarray  # (M, S) float64, US$^-0.5, coefficient of the square-root law
    commission: np.ndarray  # (A, S) float64, US$ an order
    per_share: float  # US$
    orders: Orders
    lumpy: bool  # an order costs more, or less, a share than a larger one
