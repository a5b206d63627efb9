"""Policies of every shape, for property tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from rebal_kit.costs import Costs
from rebal_kit.domain import DIVIDENDS
from rebal_kit.execution import CALM, FILLS, OTHERWISE, Execution
from rebal_kit.gain_limits import SHORT_GAINS, GainLimits
from rebal_kit.periods import EVERY
from rebal_kit.policy import CHOOSE, LOT_METHODS, SWITCH_BACK, WITHDRAW, Harvest, RebalancePolicy
from rebal_kit.triggers import Calendar, Threshold, Tier, Tiered, ToleranceBand

NAMES = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=8)
AMOUNTS = st.floats(0, 1e12, allow_nan=False)
LOOKS = st.integers(1, 500) | st.sampled_from(EVERY)
WIDTHS = st.floats(0, 5)


@st.composite
def bands(draw: st.DrawFn, depth: int = 2) -> ToleranceBand:
    absolute, relative = draw(st.tuples(st.floats(0, 1), WIDTHS | st.none()) | st.tuples(st.none(), WIDTHS))
    lower = draw(st.none() | bands(depth - 1)) if depth else None
    return ToleranceBand(absolute, relative, draw(st.sampled_from(("either", "both"))), lower)


TRIGGERS = (
    st.builds(Calendar, st.sampled_from(EVERY), st.integers(0, 300))
    | st.builds(
        Threshold,
        bands(),
        LOOKS,
        st.dictionaries(NAMES, bands(), max_size=3),
        st.sampled_from(("class", "security")),
    )
    | st.builds(
        Tiered, st.lists(st.builds(Tier, st.lists(NAMES, max_size=3), bands(), LOOKS), min_size=1, max_size=3)
    )
)
HARVESTS = st.builds(
    Harvest, st.floats(0, 1), AMOUNTS, AMOUNTS, LOOKS, st.integers(1, 50), st.none() | st.floats(0, 1),
    st.none() | AMOUNTS, st.sampled_from(SWITCH_BACK), st.sampled_from(CHOOSE),
)  # fmt: skip
LIMITS = st.none() | AMOUNTS
GAINS = st.sampled_from(SHORT_GAINS).flatmap(
    lambda short: (
        st.builds(GainLimits, st.just(short), st.booleans(), LIMITS, LIMITS)
        | st.builds(GainLimits, st.just(short), st.booleans(), LIMITS, LIMITS, st.just(True), LIMITS)
    )
)
SPREADS = st.floats(0, 9_999)
FEES = st.floats(0, 1e6)


def build(**given: Any) -> RebalancePolicy:
    """Bands of single securities go to the target, whatever else was drawn."""
    if any(isinstance(trigger, Threshold) and trigger.level == "security" for trigger in given["triggers"]):
        given["destination"] = "target"
    return RebalancePolicy(**given)


POLICIES = st.builds(
    build,
    name=st.text(max_size=20),
    triggers=st.lists(TRIGGERS, max_size=3),
    destination=st.sampled_from(("target", "half", "edge")) | st.floats(0, 1),
    lot_method=st.sampled_from(LOT_METHODS),
    gain_guard_days=st.integers(0, 1000),
    harvest=st.none() | HARVESTS,
    dividends=st.sampled_from(DIVIDENDS),
    invest_cash_above=st.floats(0, 1),
    avoid_wash_sales=st.booleans(),
    min_trade_usd=AMOUNTS,
    min_improvement=st.floats(0, 1),
    whole_shares=st.booleans(),
    costs=st.builds(
        Costs,
        SPREADS,
        st.dictionaries(NAMES, SPREADS, max_size=3),
        st.booleans(),
        FEES,
        FEES,
        st.dictionaries(NAMES, st.dictionaries(NAMES, FEES, max_size=2), max_size=2),
        st.floats(0, 100),
    ),
    execution=st.builds(
        Execution,
        st.sampled_from(FILLS),
        SPREADS,
        st.integers(1, 99),
        st.sampled_from(OTHERWISE),
        st.none() | st.sampled_from(CALM),
        st.floats(0.01, 100),
        st.integers(1, 99),
        st.none() | st.floats(1e-6, 1),
    ),
    coordinate=st.booleans(),
    locate=st.booleans(),
    gains=GAINS,
    withdraw=st.sampled_from(WITHDRAW),
)
