"""One run of the engine: check the inputs once, run any number of policies on them, measure each the same way."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from rebal_kit import metrics
from rebal_kit.checking import as_tuple
from rebal_kit.domain import Household
from rebal_kit.encode import encode_prices, encode_structure, encode_tax_due
from rebal_kit.encode_policy import encode_policy, wants_liquidity
from rebal_kit.engine import ledger as books
from rebal_kit.engine import tape as tapes
from rebal_kit.engine.arrays import Plan, Prices, Structure
from rebal_kit.engine.desk import Desk
from rebal_kit.engine.ledger import Ledger, clear, empty_ledger, from_household, lots_in_order
from rebal_kit.engine.mid_year import carry_in
from rebal_kit.engine.simulate import simulate
from rebal_kit.engine.tape import Tape, blank, empty_tape
from rebal_kit.engine.taxes import close_books
from rebal_kit.engine.work import Work, empty_work
from rebal_kit.findings import (
    Finding,
    HouseholdError,
    MarketError,
    PolicyError,
    SimulationError,
    raise_errors,
)
from rebal_kit.liquidity import Liquidity, liquidity_of, unrest_of
from rebal_kit.location import LocationRanks, location_ranks
from rebal_kit.market import Market
from rebal_kit.nearest import Nearest, nearest_members
from rebal_kit.past import Past
from rebal_kit.policy import RebalancePolicy
from rebal_kit.preflight import (
    check_date,
    check_household,
    check_lots,
    check_prices,
    check_reach,
    check_reserves,
    check_symbols,
    check_withdrawals,
)
from rebal_kit.rules.law import TaxTable, tax_table
from rebal_kit.tax_profile import TaxProfile

OpenWith = Literal["lots", "values"]

#: Where a run is given up: the search for replacements grows with the square of the lots.
MOST_LOTS = 1 << 12
MOST_ENTRIES = 1 << 24

#: The measures of a run, in the order tables show them.
METRICS = (
    "value_before_tax", "value_after_tax", "value_after_liquidation",
    "cagr_before_tax", "cagr_after_tax", "cagr_after_liquidation",
    "volatility", "max_drawdown", "average_drift", "tracking_error", "turnover", "trades", "rebalances",
    "realized_short", "realized_long", "harvested", "disallowed", "permanent",
    "wash_sale_rate", "tax_paid", "tax_accrued", "liquidation_tax", "tax_drag", "cost",
    "commission", "spread", "impact", "delay",
    "deposits", "withdrawals", "unpaid_withdrawals",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Room:
    """A ledger and a tape to run in. A sweep gives each of its threads one."""

    ledger: Ledger
    tape: Tape
    work: Work


@dataclass(frozen=True, eq=False)
class Setting:
    """A household on a market, checked and encoded; policies vary on it."""

    household: Household
    market: Market
    opened_with: OpenWith
    table: TaxTable
    prices: Prices
    structure: Structure
    history: Market  # with the sessions before the first
    location: LocationRanks | None = None  # where the household has its location ranks derived
    opens_in: int | None = (
        None  # tax year in whose middle the run opens, where it goes on from the household's date
    )

    def taxed(self, tax: TaxProfile) -> Setting:
        """Return the same household on the same market under another tax profile; all else is shared.

        Not where the household has its location ranks derived: they depend on it.

        Raises
        ------
        LawError
            The law's numbers are not known for it.
        """
        table = tax_table(tax)
        years = self.prices.year + int(self.market.dates[0].astype("datetime64[Y]").astype(int)) + 1970
        prices = self.prices._replace(tax_due=encode_tax_due(self.prices.day, years, table))
        other = replace(self, household=replace(self.household, tax=tax), table=table, prices=prices)
        for name in ("nearest", "liquidity", "unrest", "target_returns"):
            if name in self.__dict__:
                other.__dict__[name] = self.__dict__[name]
        return other

    def room(self, *, lots: int = 64, losses: int = 512, journal: int = 0) -> Room:
        """Return empty arrays of the right shape; `journal` 0 keeps only totals and daily figures."""
        accounts, securities = len(self.household.accounts), len(self.market.securities)
        years = int(self.prices.year[-1]) + 1
        groups, classes = len(self.structure.group_first) - 1, len(self.structure.target)
        return Room(
            empty_ledger(accounts, securities, groups, years, lots=lots, losses=losses),
            empty_tape(len(self.prices.day), accounts, securities, classes, journal=journal, passed=journal),
            empty_work(accounts, securities, len(self.structure.sleeve_weight), classes, lots),
        )

    def plan(self, policy: RebalancePolicy) -> Plan:
        """Return the policy as numbers.

        Raises
        ------
        PolicyError
            It is none, or it names what the targets do not have.
        """
        (policy,) = as_policies("policy", (policy,))
        correlated = policy.harvest is not None and policy.harvest.choose == "correlated"
        past = Past(
            self.nearest if correlated else None,
            self.liquidity if wants_liquidity(policy) else None,
            self.unrest if policy.execution.wait_for_calm == "own" else None,
        )
        return encode_policy(policy, self.household, self.market, self.prices, past)

    @cached_property
    def nearest(self) -> Nearest:
        """The most correlated members of each class, by quarter."""
        return nearest_members(self.market, self.household.targets)

    @cached_property
    def liquidity(self) -> Liquidity:
        """Volatility, volume and spread by month, from what came before it, be it before the first session."""
        found = liquidity_of(self.history)
        return found._replace(row=found.row[-len(self.market.dates) :])

    @cached_property
    def unrest(self) -> np.ndarray:
        """(n_sessions, n_securities) volatility of late as a multiple of the usual one."""
        return unrest_of(self.history)[-len(self.market.dates) :]

    def run(self, plan: Plan, room: Room) -> int:
        """Run the plan in `room`; return the status code."""
        clear(room.ledger)
        blank(room.tape)
        with_lots = self.opened_with == "lots"
        from_household(room.ledger, self.household, self.market.symbols, self.structure, with_lots)
        if self.opens_in is not None:
            days, symbols = self.table.wash_days, self.market.symbols
            carry_in(room.ledger, self.household, symbols, self.structure, self.opens_in, days)
        if room.ledger.state[books.STATUS] != books.OK:
            return int(room.ledger.state[books.STATUS])
        return int(simulate(self.desk(plan, room), not with_lots))

    def desk(self, plan: Plan, room: Room) -> Desk:
        """Return everything the engine works with."""
        return Desk(self.prices, self.structure, plan, self.table, room.ledger, room.tape, room.work)

    def run_to_end(self, plan: Plan, room: Room) -> Room:
        """Run the plan, again in a larger room each time one proves too small, and return the room it fitted in."""
        while True:
            status = self.run(plan, room)
            if status == books.OK:
                return room
            lots, losses, journal = (
                room.ledger.lots.shape[2],
                room.ledger.losses.shape[1],
                len(room.tape.journal),
            )
            if status == books.LOTS_FULL:
                lots *= 2
            elif status == books.LOSSES_FULL:
                losses *= 2
            else:
                journal *= 4
            if max(lots, losses) > MOST_LOTS or journal > MOST_ENTRIES:
                raise SimulationError(
                    Finding(
                        "error",
                        f"household '{self.household.name}'",
                        f"the run needs more than {MOST_LOTS:,} lots or open losses of one security in one account,"
                        f" or {MOST_ENTRIES:,} journal entries",
                        "trade or harvest less often, avoid wash sales (each cuts lots in two), or shorten the period",
                    )
                )
            room = self.room(lots=lots, losses=losses, journal=journal)

    @cached_property
    def opening_lots(self) -> tuple[str, ...]:
        """Names of the lots that the ledger opens with, by the number it gives them."""
        if self.opened_with != "lots":
            return ()
        return tuple(lot.lot for _, _, lot in lots_in_order(self.household))

    @cached_property
    def opening_shares(self) -> np.ndarray:
        """(n_accounts, n_securities) shares held before the first session."""
        shares = np.zeros((len(self.household.accounts), len(self.market.securities)))
        if self.opened_with == "lots":
            for a, account in enumerate(self.household.accounts):
                for lot in account.lots:
                    shares[a, self.market.column(lot.symbol)] += lot.quantity
        return shares

    @cached_property
    def bought_on_first(self) -> np.ndarray:
        """(n_accounts, n_securities) of these, shares bought on the day of the first session."""
        shares = np.zeros_like(self.opening_shares)
        if self.opened_with == "lots":
            first = self.market.dates[0].item()
            for a, account in enumerate(self.household.accounts):
                for lot in account.lots:
                    if lot.acquired == first:
                        shares[a, self.market.column(lot.symbol)] += lot.quantity
        return shares

    @cached_property
    def opening_worth(self) -> np.ndarray:
        """(n_accounts, n_securities + 1) US$ at the first close, the last column cash."""
        with_lots = self.opened_with == "lots"
        cash = [(a.cash if with_lots else a.opening_value) or 0.0 for a in self.household.accounts]
        return np.column_stack([self.opening_shares * self.prices.close[0], cash])

    @cached_property
    def opening_positions(self) -> np.ndarray:
        """(n_securities,) shares held before the first session, all accounts together."""
        return np.asarray(self.opening_shares.sum(axis=0))

    @cached_property
    def target_returns(self) -> np.ndarray:
        """(n_sessions,) daily return of the target mix, held exactly and for free, dividends included."""
        weights = np.zeros(len(self.market.securities))
        for asset_class, weight in self.household.targets.weights:
            for symbol, inner in asset_class.members:
                weights[self.market.column(symbol)] += weight * inner
        held = weights > 0
        close = self.prices.close[:, held]
        grown = self.prices.split[1:, held] * (close[1:] + self.prices.dividend[1:, held]) / close[:-1] - 1.0
        returns = np.zeros(len(close))
        returns[1:] = grown @ weights[held]
        return returns

    @cached_property
    def sessions_per_year(self) -> float:
        """How many sessions a year has."""
        return float(metrics.sessions_per_year(self.prices.day))

    def measure(self, plan: Plan, room: Room) -> dict[str, float]:
        """Return every measure of `METRICS` for the run in `room`; settles the open tax years on the way."""
        ledger, tape = room.ledger, room.tape
        days = int(self.prices.day[-1] - self.prices.day[0])
        last_year = int(self.prices.year[-1])
        owed, further = close_books(self.desk(plan, room), len(self.prices.day) - 1, last_year)
        value = tape.daily[:, tapes.VALUE]
        index = np.ascontiguousarray(tape.daily[:, tapes.BEFORE_TAX])
        opening = float(value[0] / index[0] - tape.daily[0, tapes.FLOW]) if index[0] > 0 else 0.0
        totals, counts, years = tape.totals, tape.counts, ledger.years
        cost = totals[tapes.COMMISSION] + totals[tapes.SPREAD] + totals[tapes.IMPACT]
        moving = bool(self.structure.flowing.any())
        before_tax = float(tape.daily[-1, tapes.GROWN]) if moving else opening * float(index[-1])
        after_tax = float(value[-1]) - owed
        liquidated = after_tax - further
        flow = np.ascontiguousarray(tape.daily[:, tapes.FLOW])

        def rate(final: float) -> float:
            """Return the yearly rate at which what was put in grew to `final`."""
            if not moving:
                return metrics.cagr(opening, final, days)
            return metrics.money_weighted(opening, flow, self.prices.day, final)

        growth, kept = rate(before_tax), rate(after_tax)
        losses = float(years[:, books.LOSSES].sum())
        disallowed = float(years[:, books.DISALLOWED].sum())
        per_year = self.sessions_per_year
        average_value = metrics.mean(np.ascontiguousarray(value))
        figures = (
            before_tax, after_tax, liquidated, growth, kept, rate(liquidated),
            metrics.volatility(index, per_year), metrics.max_drawdown(index),
            metrics.mean(np.ascontiguousarray(tape.daily[:, tapes.DRIFT])),
            metrics.tracking_error(index, self.target_returns, per_year),
            metrics.turnover(totals[tapes.BOUGHT], totals[tapes.SOLD], average_value, days),
            counts[tapes.TRADES], counts[tapes.REBALANCES],
            years[:, books.SHORT].sum(), years[:, books.LONG].sum(), years[:, books.HARVESTED].sum(),
            disallowed, years[:, books.PERMANENT].sum(), disallowed / losses if losses > 0.0 else 0.0,
            tape.daily[:, tapes.TAX_PAID].sum(), owed, further, growth - kept, cost,
            totals[tapes.COMMISSION], totals[tapes.SPREAD], totals[tapes.IMPACT], totals[tapes.DELAY],
            totals[tapes.DEPOSITED], totals[tapes.WITHDRAWN], totals[tapes.NOT_PAID],
        )  # fmt: skip
        return dict(zip(METRICS, map(float, figures), strict=True))


def prepare(
    market: Market,
    household: Household,
    *,
    start: Any = None,
    end: Any = None,
    open_with: OpenWith | None = None,
) -> Setting:
    """Check that the household can be simulated on the market, and encode both.

    Parameters
    ----------
    market : Market
    household : Household
    start, end : date or ISO string, optional
        First and last session. By default the first on which everything the household may hold has a price (with lots:
        not before the household's `as_of`) and the market's last.
    open_with : {'lots', 'values'}, optional
        Open with the lots, all acquired by the first session, or with opening values invested on the first session.
        By default values where every account has one, else lots.

    Raises
    ------
    MarketError
        A security or a price is missing.
    HouseholdError
        The household has nothing to open with, or a lot is acquired after the first session.
    """
    if not isinstance(market, Market):
        what = f"is {reprlib.repr(market)}"
        raise MarketError(Finding("error", "market", what, "give a Market: load_market('etf')"))
    if not isinstance(household, Household):
        what = f"is {reprlib.repr(household)}"
        raise HouseholdError(
            Finding("error", "household", what, "give a Household: load_household('starter')")
        )
    raise_errors(MarketError, (*check_date("start", start), *check_date("end", end)))
    if open_with is None:
        open_with = "values" if all(a.opening_value is not None for a in household.accounts) else "lots"
    raise_errors(HouseholdError, check_household(household, open_with))
    symbols = household.symbols if open_with == "lots" else household.targets.symbols
    raise_errors(MarketError, check_symbols(market, symbols))
    chosen = market.select(symbols)
    if start is None:
        start = chosen.common_start()
        if open_with == "lots" and household.as_of is not None:
            start = max(start, household.as_of)
    history = chosen.between(None, end)
    chosen = chosen.between(start, end)
    raise_errors(MarketError, check_prices(chosen))
    if open_with == "lots":
        raise_errors(HouseholdError, check_lots(household, chosen))
    table = tax_table(household.tax)
    location = None
    if household.targets.location == "auto":
        # From the whole market: what came before the first session is known on it.
        location = location_ranks(market, household, start=chosen.dates[0].item())
    structure = encode_structure(household, chosen, dict(location.ranks) if location else None)
    setting = Setting(
        household, chosen, open_with, table, encode_prices(chosen, table), structure, history, location
    )  # fmt: skip
    worth = setting.opening_worth
    raise_errors(
        HouseholdError,
        (
            *check_withdrawals(household, chosen, setting.structure.flow, worth, setting.opening_shares),
            *check_reserves(household, worth),
            *check_reach(household, chosen, worth),
        ),
    )
    return setting


def as_policies(where: str, policies: Any) -> tuple[RebalancePolicy, ...]:
    """Return the policies of a mapping or a sequence, or the one that was given.

    Raises
    ------
    PolicyError
        There is none, or something else is among them.
    """
    found = as_tuple(policies.values() if isinstance(policies, Mapping) else policies)
    wrong = [policy for policy in found if not isinstance(policy, RebalancePolicy)]
    if wrong:
        remedy = "give RebalancePolicy values: load_policy('quarterly')"
        raise PolicyError(Finding("error", where, f"{reprlib.repr(wrong[0])} is no policy", remedy))
    if not found:
        raise PolicyError(Finding("error", where, "no policies", "give at least one"))
    return found
