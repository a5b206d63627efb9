"""Targets: what they accept, how each mistake is said, and that they print as their own code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal_kit.findings import PolicyError
from rebal_kit.targets import AssetClass, TargetAllocation


def said(build) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        build()
    return [str(finding) for finding in caught.value.findings]


def test_a_ticker_stands_for_a_class_of_its_own() -> None:
    targets = TargetAllocation({"SPY": 0.6, "IEF": 0.4})
    assert targets.weights == ((AssetClass("SPY", {"SPY": 1.0}), 0.6), (AssetClass("IEF", "IEF"), 0.4))
    assert targets.symbols == ("SPY", "IEF")
    assert targets == TargetAllocation([("SPY", 0.6), ("IEF", 0.4)])
    assert hash(targets) == hash(TargetAllocation({"SPY": 0.6, "IEF": 0.4}))


def test_what_is_not_given_away_is_cash() -> None:
    assert TargetAllocation({"A": 0.6, "B": 0.3}).cash == pytest.approx(0.1)
    assert TargetAllocation(dict.fromkeys("ABCDEFGHIJ", 0.1)).cash == 0.0
    assert TargetAllocation({}).cash == 1.0


def test_the_only_weighted_member_has_all_others_as_partners() -> None:
    stocks = AssetClass("stocks", {"SPY": 1, "VTI": 0, "IVV": 0})
    assert stocks.partners == (("SPY", ("VTI", "IVV")),)
    two = AssetClass("stocks", {"A": 0.5, "B": 0.5, "C": 0}, {"B": ["C"]})
    assert two.partners == (("B", ("C",)),)


def test_mistakes_in_a_class_are_all_said_at_once() -> None:
    assert said(lambda: AssetClass("stocks", {"A": 0.7, "B": -0.1, "C": 0})) == [
        "asset class 'stocks': weight of B is -0.1 — give 0 or more",
        "asset class 'stocks': member weights sum to 0.6 — make them sum to 1",
    ]
    assert said(lambda: AssetClass("s", [("A", 0.5), ("A", 0.5)])) == [
        "asset class 's': A is listed twice — list each member once"
    ]
    assert (
        said(lambda: AssetClass("s", {"A": float("nan")}))[0]
        == "asset class 's': weight of A is nan — give 0 or more"
    )


def test_what_is_no_weight_is_said() -> None:
    assert said(lambda: AssetClass("s", {"A": "60%", "B": True})) == [
        "asset class 's': weight of A is '60%', not a number — give a fraction of 1",
        "asset class 's': weight of B is True, not a number — give a fraction of 1",
    ]
    assert said(lambda: AssetClass("s", None)) == [
        "asset class 's': members is None — give a mapping such as {'SPY': 1}"
    ]
    assert said(lambda: AssetClass("s", ["A", "B"])) == [
        "asset class 's': members is ['A', 'B'] — give a mapping such as {'SPY': 1}"
    ]
    assert said(lambda: TargetAllocation({AssetClass("stocks", "A"): None, "B": "x"})) == [
        "targets: weight of stocks is None, not a number — give a fraction of 1",
        "targets: weight of B is 'x', not a number — give a fraction of 1",
    ]
    assert said(lambda: TargetAllocation("SPY")) == [
        "targets: weights is 'SPY' — give a mapping such as {'SPY': 1}"
    ]
    assert said(lambda: TargetAllocation({"A": float("nan")})) == [
        "targets: weight of 'A' is nan — give a fraction of 1"
    ]
    assert said(lambda: TargetAllocation({"A": 1}, {"A": (1, 2, "3")})) == [
        "targets: location of 'A' is [1, 2, '3'] — give three ranks from 1 to 3: taxable, tax-deferred, Roth"
    ]
    assert said(lambda: TargetAllocation({"A": 1}, "best")) == [
        "targets: location is 'best' — use 'auto', or ranks such as {'stocks': (1, 3, 2)}"
    ]
    assert AssetClass("s", {"A": 1, "B": 0}, {"A": "B"}).partners == (("A", ("B",)),)


def test_ranks_are_given_or_derived() -> None:
    assert TargetAllocation({"A": 1}, {"A": [1, 3, 2]}).ranks == {"A": (1, 3, 2)}
    derived = TargetAllocation({"A": 1}, "auto")
    assert (derived.location, derived.ranks) == ("auto", {})
    assert repr(derived) == "TargetAllocation({'A': 1.0}, location='auto')"
    assert hash(derived) == hash(eval(repr(derived)))
    assert derived != TargetAllocation({"A": 1})


def test_mistakes_of_partners() -> None:
    members = {"A": 0.5, "B": 0.5, "C": 0}
    assert said(lambda: AssetClass("s", members)) == [
        "asset class 's': C has weight 0 and stands in for 0 members — name it under exactly one member in `partners`"
    ]
    assert said(lambda: AssetClass("s", members, {"A": ["C"], "B": ["C"]})) == [
        "asset class 's': C has weight 0 and stands in for 2 members — name it under exactly one member in `partners`"
    ]
    assert said(lambda: AssetClass("s", members, {"A": ["C", "X"]})) == [
        "asset class 's': partner entry names X, which is no member — add X to the members (a partner has weight 0)"
    ]
    assert said(lambda: AssetClass("s", members, {"C": ["A"]})) == [
        "asset class 's': C has weight 0 and cannot have partners — swap them",
        "asset class 's': A has a weight and is also a partner — choose one",
        "asset class 's': C has weight 0 and stands in for 0 members — name it under exactly one member in `partners`",
    ]


def test_mistakes_in_an_allocation_are_all_said_at_once() -> None:
    def build() -> TargetAllocation:
        twice = [(AssetClass("stocks", "A"), 0.7), (AssetClass("stocks", {"A": 1}), 0.6), ("B", -0.1)]
        return TargetAllocation(twice, {"bonds": (1, 2, 3), "B": (0, 2)})

    assert said(build) == [
        "targets: weight of 'B' is -0.1 — give a fraction of 1",
        "targets: weights sum to 1.2 — make them sum to 1 or less",
        "targets: A is in 'stocks' and in 'stocks' — a security belongs to one class",
        "targets: two classes have the same name — name them differently",
        "targets: location names 'bonds', which is no class — use ['stocks', 'stocks', 'B']",
        "targets: location of 'B' is [0, 2] — give three ranks from 1 to 3: taxable, tax-deferred, Roth",
    ]


@given(
    st.lists(st.integers(1, 97), min_size=1, max_size=12), st.sampled_from([{}, {"mixed": (2, 1, 3)}, "auto"])
)
def test_targets_print_as_the_code_that_makes_them(parts: list[int], location) -> None:
    total = sum(parts) + 1
    weights = {f"S{i}": part / total for i, part in enumerate(parts)}
    members = {AssetClass("mixed", {"A": 0.25, "B": 0.75, "C": 0}, {"A": ["C"]}): 1 / total, **weights}
    targets = TargetAllocation(members, location)
    assert eval(repr(targets)) == targets
    assert 0 <= targets.cash < 1e-9
