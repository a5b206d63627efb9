"""Random households with lots, restrictions, flows and reserves, and policies that use everything there is."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pandas as pd
from hypothesis import reject
from hypothesis import strategies as st

from rebal_kit.backtest import Backtest, backtest
from rebal_kit.costs import Costs
from rebal_kit.domain import Account, AccountKind, Household, TaxLot
from rebal_kit.execution import Execution
from rebal_kit.findings import HouseholdError
from rebal_kit.flows import CashFlow
from rebal_kit.gain_limits import GainLimits
from rebal_kit.market import Market
from rebal_kit.policy import Harvest, RebalancePolicy
from rebal_kit.targets import AssetClass, TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from tests.invariants.random_runs import LOOKS, PROFILES, policies
from tests.worlds import random_market

#: L stands outside all targets.
SYMBOLS = ("A", "A2", "B", "B2", "C", "D", "L")

FIRST = dt.date(2023, 6, 1)
KINDS = st.sampled_from([AccountKind.TAXABLE, AccountKind.TAXABLE, *AccountKind])

#: Every loss offsets a gain made elsewhere and every rate is flat: tax is a sum over sales.
LINEAR = TaxProfile(flat=(0.4, 0.2, 0.15), outside_short=1e8, outside_long=1e8)


def rich_markets(sessions: int = 160) -> st.SearchStrategy[Market]:
    return st.builds(
        lambda seed, volatility, events: random_market(
            seed, SYMBOLS, sessions, start=FIRST.isoformat(), volatility=volatility, events=events
        ),
        st.integers(0, 10**6), st.sampled_from([0.01, 0.03]), st.booleans(),
    )  # fmt: skip


TARGETS = st.builds(
    TargetAllocation,
    st.sampled_from([
        {AssetClass("stocks", {"A": 1, "A2": 0}): 0.5, AssetClass("b", {"B": 1, "B2": 0}): 0.3, "C": 0.1, "D": 0.1},
        {AssetClass("stocks", {"A": 0.7, "A2": 0.3}): 0.45, AssetClass("rest", {"B": 0.5, "C": 0.5}): 0.4, "D": 0.1},
        {AssetClass("stocks", {"A": 0.3, "B": 0.3, "C": 0.2, "D": 0.2, "A2": 0}, {"A": ["A2"]}): 0.8},
    ]),
)  # fmt: skip


@st.composite
def lots_of(draw: Any, place: str, most: int = 5) -> tuple[TaxLot, ...]:
    """Lots of up to two years ago, some bought in the days before the first session."""
    drawn = draw(st.lists(
        st.tuples(
            st.sampled_from(SYMBOLS), st.integers(50, 900), st.integers(15, 160),
            st.sampled_from([0, 3, 20, 40, 200, 330, 364, 500, 700]),
        ),
        max_size=most,
    ))  # fmt: skip
    unlike = 0.37 * (int(place) + 1)
    return tuple(
        # No two positions are equal: which of them goes first would be a matter of their order.
        TaxLot(f"{place}.{i}", symbol, shares + unlike, (shares + unlike) * price, FIRST - dt.timedelta(days))
        for i, (symbol, shares, price, days) in enumerate(drawn)
    )


@st.composite
def accounts_of(
    draw: Any, targets: TargetAllocation, *, restrictions: bool = True, managed_only: bool = False
) -> tuple[Account, ...]:
    """One to four accounts, the first of which trades everything."""
    found = []
    for i in range(draw(st.integers(1, 4))):
        free = i == 0 or managed_only
        trading = "managed" if free else draw(st.sampled_from(["managed"] * 4 + ["frozen", "excluded"]))
        restricted = restrictions and trading == "managed" and i > 0
        tickers = st.lists(st.sampled_from(targets.symbols), max_size=2, unique=True).map(tuple)
        found.append(
            Account(
                f"account {i}", f"owner {draw(st.integers(0, 1))}", draw(KINDS), "Broker",
                cash=draw(st.sampled_from([30_000.0, 1_000.0, 0.0])) + (20_000.0 if i == 0 else 0.0),
                lots=draw(lots_of(str(i))),
                dividends=draw(st.sampled_from([None, None, "cash", "reinvest", "drip"])),
                min_cash=draw(st.sampled_from([0.0, 0.0, 2_500.0])) if trading == "managed" else 0.0,
                trading=trading,
                do_not_buy=draw(tickers) if restricted else (),
                do_not_sell=draw(tickers) if restricted else (),
            )
        )  # fmt: skip
    return tuple(found)


@st.composite
def rich_households(draw: Any, tax: st.SearchStrategy[TaxProfile] = PROFILES, **more: Any) -> Household:
    targets = draw(TARGETS)
    accounts = draw(accounts_of(targets, **more))
    flows = draw(st.lists(flow_into(accounts), max_size=2))
    household = Household(
        "random", accounts, located(draw, targets), draw(tax),
        draw(st.sampled_from([(), (("A", "B2"),), (("C", "D"),)])), complete=True, flows=tuple(flows),
    )  # fmt: skip
    held = {*household.symbols}
    never = draw(st.sampled_from([(), (), ("L",)])) if more.get("restrictions", True) else ()
    return replace(household, do_not_sell=tuple(s for s in never if s in held))


def without_hindsight(household: Household) -> Household:
    """The household without location ranks that are worked out from the first year: those know it beforehand."""
    if household.targets.location != "auto":
        return household
    return replace(household, targets=TargetAllocation(household.targets.weights))


def located(draw: Any, targets: TargetAllocation) -> TargetAllocation:
    name = targets.classes[0].name
    return TargetAllocation(targets.weights, draw(st.sampled_from([{}, "auto", {name: (2, 1, 3)}])))


@st.composite
def flow_into(draw: Any, accounts: tuple[Account, ...]) -> CashFlow:
    deposit = draw(st.booleans())
    named = [a.name for a in accounts if a.trading == "managed"] + ([] if deposit else [None])
    amount = draw(st.sampled_from([400.0, 3_000.0]))
    every = draw(st.sampled_from(["week", "month", None]))
    when = {"on": FIRST + dt.timedelta(60)} if every is None else {"every": every}
    growth = draw(st.sampled_from([0.0, 0.03])) if every else 0.0
    return CashFlow(
        amount if deposit else -amount, draw(st.sampled_from(named)), growth=growth, **when
    )  # fmt: skip


HARVESTS = st.builds(
    Harvest, st.sampled_from([0.0, 0.05]), st.sampled_from([1.0, 300.0]), look=LOOKS,
    replacements=st.integers(1, 3), switch_back=st.sampled_from(["at_loss", "no_short_gain"]),
    choose=st.sampled_from(["underweight", "correlated"]),
    december_min_loss_pct=st.sampled_from([None, 0.0]), december_min_loss_usd=st.sampled_from([None, 0.0]),
)  # fmt: skip
COSTS = (
    Costs(),
    Costs(7.0),
    Costs(3.0, commission_usd=4.95, per_share_usd=0.005),
    Costs(2.0, impact=1.0),
    Costs(
        2.0, {"A": 9.0}, estimate_spread=True, commission_usd=1.0, non_native={"Broker": {"B": 25.0}}, impact=0.7
    ),
)  # fmt: skip
EXECUTIONS = (
    Execution(),
    Execution(),
    Execution("next_open"),
    Execution("limit", 20.0),
    Execution("limit", 80.0, limit_days=4),
    Execution("limit", 80.0, otherwise="cancel", wait_for_calm="own", max_wait=3),
    Execution(wait_for_calm="vix", calm_below=18.0, max_wait=5),
    Execution("next_open", max_volume_share=0.02),
)
BUDGETS = st.sampled_from([None, None, 0.0, 2_000.0])


@st.composite
def gain_limits(draw: Any) -> GainLimits:
    legacy = draw(st.booleans())
    return GainLimits(
        draw(st.sampled_from(["allow", "minimise", "never"])), draw(st.booleans()), draw(BUDGETS), draw(BUDGETS),
        legacy, draw(BUDGETS) if legacy else None,
    )  # fmt: skip


def rich_policies(**fixed: Any) -> st.SearchStrategy[RebalancePolicy]:
    choices: dict[str, Any] = {
        "coordinate": st.sampled_from([True, True, False]),
        "locate": st.booleans(),
        "gains": gain_limits(),
        "withdraw": st.sampled_from(["least_tax", "taxable_first"]),
        "harvest": st.none() | HARVESTS,
        "costs": st.sampled_from(COSTS),
        "execution": st.sampled_from(EXECUTIONS),
        "whole_shares": st.sampled_from([False, False, True]),
        "min_improvement": st.sampled_from([0.0, 0.0, 0.005]),
    }
    more = {name: choice for name, choice in choices.items() if name not in fixed}
    return st.builds(
        lambda policy, changes: replace(policy, **changes), policies(**fixed), st.fixed_dictionaries(more)
    )


def run_of(market: Market, household: Household, policy: RebalancePolicy, **more: Any) -> Backtest:
    """Run a household with its lots, if it can be run at all: its targets may be out of reach."""
    try:
        return backtest(market, household, policy, open_with="lots", **more)
    except HouseholdError:
        reject()


def flat_market(sessions: int = 3, prices: dict[str, float] | None = None) -> Market:
    """A market in which nothing changes."""
    prices = prices or dict.fromkeys(SYMBOLS, 100.0)
    index = pd.bdate_range(FIRST, periods=sessions)
    return Market.from_close(pd.DataFrame(prices, index=index, columns=list(prices)), name="flat")
