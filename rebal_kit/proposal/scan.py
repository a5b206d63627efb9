"""scan(): a household looked over on one day. Nothing is decided, and nothing is proposed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from rebal_kit.checking import check_date
from rebal_kit.domain import Household
from rebal_kit.findings import Finding, MarketError, raise_errors
from rebal_kit.market import Market
from rebal_kit.policy import RebalancePolicy
from rebal_kit.proposal.day import Day, prepare_day
from rebal_kit.proposal.scan_due import due_of, next_look, waiting
from rebal_kit.proposal.scan_lots import Harvestable, harvest_of, lots_of, together, year_with
from rebal_kit.proposal.scan_review import review
from rebal_kit.proposal.scan_weights import classes_of, scopes_of, securities_of
from rebal_kit.proposal.settlement import Start, start_of
from rebal_kit.proposal.windows import blocked_on

_RANK = {"error": 0, "warning": 1, "note": 2}


@dataclass(frozen=True, eq=False)
class Scan:
    """What a household looks like on one day, before anything is decided.

    Attributes
    ----------
    day : Day
        Household, policy and prices.
    classes : DataFrame
        A row a class and one for cash: account ('' for the household, else the account that decides alone), class,
        target, weight, drift (points), lower and upper (edges of the narrowest band, NaN without one), status
        ('inside', 'above', 'below', 'no band'), rule, looks_today (some rule that is about it), fires (it would be
        traded today).
    securities : DataFrame
        A row a weighted member with its partners, and one a holding outside the targets: account, class, symbol,
        held_as, value (US$), target, weight, drift (points), lower, upper and status (where a rule is by security),
        looks_today.
    lots : DataFrame
        account, symbol, lot, acquired, quantity, basis, value, gain (US$, unrealised), term ('short' or 'long' if sold
        today), long_from, days_to_long, taxed (whether the account is taxable).
    harvest : DataFrame
        Lots that have lost enough: account, symbol, lot, quantity, value, loss (net of proportional cost), term, rate
        (marginal), cost (both ways), tax_saved (by that rate, net of cost), this_year (what this loss alone takes off
        this year's tax), replacement, why_not ('' where nothing stands in the way), until (the last day on which it
        does, if known).
    harvestable : Harvestable
        All of them that nothing stands in the way of, together.
    windows : DataFrame
        What may not be traded yet: symbol, account ('' for all), until (the last such day), why.
    year : Series
        The tax year so far, US$: carried_short, carried_long, realised_short, realised_long, qualified, ordinary,
        net_gain (after what was carried in, negative for a loss), loss_limit, loss_deducted, loss_limit_left,
        carried_on_short, carried_on_long, tax.
    due : tuple of Finding
        What is to be done. A warning is due today; a note is coming up.
    findings : tuple of Finding
        What a reader must know: stale prices, old positions, settings to be reviewed, accounts that are unknown.
    next_look : date, optional
        When a rule looks next; a holiday moves it by a day.
    """

    day: Day
    classes: pd.DataFrame
    securities: pd.DataFrame
    lots: pd.DataFrame
    harvest: pd.DataFrame
    harvestable: Harvestable
    windows: pd.DataFrame
    year: pd.Series
    due: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    next_look: dt.date | None

    @property
    def household(self) -> Household:
        """The household as it was given."""
        return self.day.household

    @property
    def policy(self) -> RebalancePolicy:
        """The policy."""
        return self.day.policy

    @property
    def asof(self) -> dt.date:
        """The day of the prices."""
        return self.day.asof

    @property
    def is_due(self) -> bool:
        """Whether anything is to be done today."""
        return any(finding.severity != "note" for finding in self.due)

    def __repr__(self) -> str:
        state = "something is due" if self.is_due else "nothing is due"
        return f"<Scan of {self.household.name!r} on {self.asof} under {self.policy.name!r}: {state}>"


def scan(
    market: Market, household: Household, policy: RebalancePolicy, *, asof: dt.date | str | None = None,
    today: dt.date | None = None,
) -> Scan:  # fmt: skip
    """Look a household over: drift, lots, losses to harvest, wash-sale windows, the tax year, and what is stale.

    Parameters
    ----------
    market : Market
        Prices through the day.
    household : Household
        As of its date.
    policy : RebalancePolicy
    asof : date or ISO string, optional
        The day; by default the market's last session.
    today : date, optional
        Against which the age of prices, positions and settings is counted; by default the day of the prices.

    Returns
    -------
    Scan

    Raises
    ------
    MarketError, HouseholdError, PolicyError, LawError
        Something does not fit together; the message says what, where and what to do.
    """
    raise_errors(MarketError, check_date("scan", "today", today, optional=True))
    day = prepare_day(market, household, policy, asof=asof)
    start = start_of(day)
    scopes = scopes_of(start)
    classes, lots, harvest = classes_of(start, scopes), lots_of(start), harvest_of(start)
    harvestable, following = together(start, harvest), next_look(day)
    findings = [*review(day, today), *day.findings, *waiting(start, following)]
    return Scan(
        day, classes, securities_of(start, scopes), lots, harvest, harvestable, _windows(start), _year(start),
        due_of(start, scopes, classes, lots, harvest, harvestable),
        tuple(sorted(dict.fromkeys(findings), key=lambda finding: _RANK[finding.severity])),
        following,
    )  # fmt: skip


def _windows(start: Start) -> pd.DataFrame:
    rows = [(one.symbol, one.account, one.until, one.why) for one in blocked_on(start)]
    return pd.DataFrame(rows, columns=["symbol", "account", "until", "why"])


def _year(start: Start) -> pd.Series:
    short, long, qualified, ordinary, *_ = start.year_figures(start.desk.ledger.years)
    table, carry, tax = start.desk.table, start.carry, year_with(start)
    limit, deducted = float(table.loss_limit), float(tax.deduction)
    return pd.Series({
        "carried_short": carry.short, "carried_long": carry.long, "realised_short": short, "realised_long": long,
        "qualified": qualified, "ordinary": ordinary,
        "net_gain": short + table.outside_short + long + table.outside_long - carry.short - carry.long,
        "loss_limit": limit, "loss_deducted": deducted, "loss_limit_left": limit - deducted,
        "carried_on_short": float(tax.carry.short), "carried_on_long": float(tax.carry.long), "tax": float(tax.tax),
    }, dtype=float)  # fmt: skip
