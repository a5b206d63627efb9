"""What costs may be, and what is wrong with them."""

from __future__ import annotations

import pytest

from rebal_kit.costs import Costs
from rebal_kit.findings import PolicyError


def test_costs_print_as_the_code_that_makes_them() -> None:
    costs = Costs(
        2.0, {"SPY": 0.5}, commission_usd=4.95, non_native={"Fidelity": {"VTSAX": 75.0}}, impact=1.0
    )
    assert eval(repr(costs)) == costs
    assert costs.non_native == (("Fidelity", (("VTSAX", 75.0),)),)
    assert hash(costs)


def test_everything_wrong_is_said_at_once() -> None:
    with pytest.raises(PolicyError) as raised:
        Costs(
            -1.0, {"A": "x"}, estimate_spread=1, commission_usd=-5.0, per_share_usd=float("nan"),
            non_native={"Broker": 3.0, "Other": {"A": -1.0}}, impact=-1.0,
        )  # fmt: skip
    assert [str(finding) for finding in raised.value.findings] == [
        "costs: half_spread_bps is -1 — give basis points, 0 to under 10,000",
        "costs: A is 'x', not a number — give basis points, 0 to under 10,000",
        "costs: estimate_spread is 1 — give True or False",
        "costs: commission_usd is -5 — give US$, 0 to 1,000,000",
        "costs: per_share_usd is nan — give US$, 0 to 1,000,000",
        "costs: impact is -1 — give 0 to 100; about 1 is usual",
        "costs: non_native has ('Broker', (3.0,)) — give {broker: {ticker: US$ an order}}",
        "costs: non_native of Other: A is -1 — give US$, 0 to 1,000,000",
    ]
