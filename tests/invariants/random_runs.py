"""Random households, policies and prices for properties of the whole engine."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from rebal_kit.compiled import is_interpreted
from rebal_kit.costs import Costs
from rebal_kit.domain import AccountKind, Household
from rebal_kit.market import Market
from rebal_kit.policy import LOT_METHODS, Harvest, RebalancePolicy
from rebal_kit.targets import AssetClass, TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Calendar, Threshold, Tier, Tiered, ToleranceBand
from tests.worlds import account, random_market

SYMBOLS = ("A", "A2", "B", "C", "D")
EXAMPLES = 15 if is_interpreted() else 60

PROFILES = st.sampled_from([
    TaxProfile("single", 2024, 150_000, state_rate=0.06),
    TaxProfile("mfj", 2026, 900_000, outside_short=5_000, carryover_long=2_500),
    TaxProfile(flat=(0.37, 0.20, 0.238), retirement_rate=0.3),
])  # fmt: skip


@st.composite
def markets(draw: Any) -> Market:
    return random_market(
        draw(st.integers(0, 10**6)), SYMBOLS, draw(st.sampled_from([130, 320])), start="2023-06-01",
        volatility=draw(st.sampled_from([0.01, 0.03])), events=draw(st.booleans()),
    )  # fmt: skip


@st.composite
def households(draw: Any) -> Household:
    kinds = draw(st.lists(st.sampled_from(AccountKind), min_size=1, max_size=4))
    accounts = tuple(
        account(
            f"{kind} {i}",
            kind,
            value=float(draw(st.sampled_from([20_000, 100_000, 333_333]))),
            owner=f"owner {i % 2}",
        )
        for i, kind in enumerate(kinds)
    )
    stocks = draw(st.sampled_from([
        AssetClass("stocks", {"A": 1, "A2": 0}),
        AssetClass("stocks", {"A": 0.7, "A2": 0.3}),
    ]))  # fmt: skip
    others = draw(st.sampled_from([
        {"B": 0.3, "C": 0.1, "D": 0.1}, {AssetClass("rest", {"B": 0.5, "C": 0.25, "D": 0.25}): 0.45}, {"B": 0.5},
    ]))  # fmt: skip
    location = draw(st.sampled_from([{}, {"stocks": (1, 3, 2)}, {"stocks": (2, 1, 1)}]))
    identical = draw(st.sampled_from([(), (("B", "C"),), (("A", "B", "D"),)]))
    targets = TargetAllocation({stocks: 0.5, **others}, location)
    return Household("random", accounts, targets, draw(PROFILES), identical, complete=True)


BANDS = st.builds(
    ToleranceBand, absolute=st.sampled_from([0.01, 0.03]), relative=st.sampled_from([None, 0.1]),
    combine=st.sampled_from(["either", "both"]),
)  # fmt: skip
LOOKS = st.sampled_from([1, 3, "week", "month"])
TRIGGERS = st.one_of(
    st.builds(Calendar, st.sampled_from(["week", "month", "quarter"]), st.integers(0, 4)),
    st.builds(Threshold, BANDS, LOOKS, level=st.sampled_from(["class", "security"])),
    st.builds(lambda a, b, look: Tiered((Tier(("stocks",), a, look), Tier(("B",), b))), BANDS, BANDS, LOOKS),
)
HARVESTS = st.builds(
    Harvest,
    st.sampled_from([0.0, 0.02, 0.08]),
    st.sampled_from([1.0, 300.0]),
    look=LOOKS,
    replacements=st.integers(1, 3),
)


def policies(**fixed: Any) -> st.SearchStrategy[RebalancePolicy]:
    choices = {
        "name": st.just("random"),
        "triggers": st.lists(TRIGGERS, max_size=2).map(tuple),
        "destination": st.sampled_from(["target", "half", "edge", 0.3]),
        "lot_method": st.sampled_from(LOT_METHODS),
        "gain_guard_days": st.sampled_from([0, 45]),
        "harvest": st.none() | HARVESTS,
        "dividends": st.sampled_from(["cash", "reinvest"]),
        "invest_cash_above": st.sampled_from([0.0, 0.02]),
        "avoid_wash_sales": st.booleans(),
        "min_trade_usd": st.sampled_from([0.0, 200.0]),
        "costs": st.builds(Costs, st.sampled_from([0.0, 7.0])),
    }
    choices |= {name: st.just(value) for name, value in fixed.items()}

    @st.composite
    def one(draw: st.DrawFn) -> RebalancePolicy:
        drawn = {name: draw(choice) for name, choice in choices.items()}
        if any(isinstance(t, Threshold) and t.level == "security" for t in drawn["triggers"]):
            drawn["destination"] = "target"
        return RebalancePolicy(**drawn)

    return one()
