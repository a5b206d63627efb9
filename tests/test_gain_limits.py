"""Limits on gains: every mistake is said, they print as their own code, and vary by grid."""

from __future__ import annotations

import math

import pytest

from rebal_kit.findings import PolicyError
from rebal_kit.gain_limits import GainLimits
from rebal_kit.policy import RebalancePolicy


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: GainLimits("some", 1, -1, math.nan, "no"),
         ["short is 'some' — use allow, minimise, never", "pair is 1 — give True or False",
          "sell_legacy is 'no' — give True or False", "max_gain_usd is -1 — give 0 or more",
          "max_tax_usd is nan — give 0 or more"]),
        (lambda: GainLimits(max_gain_usd="100", sell_legacy=True, max_legacy_gain_usd=-5),
         ["max_gain_usd is '100', not a number — give 0 or more", "max_legacy_gain_usd is -5 — give 0 or more"]),
        (lambda: GainLimits(max_legacy_gain_usd=0),
         [("max_legacy_gain_usd is given, but holdings outside the targets are not sold"
           " — set sell_legacy, or leave max_legacy_gain_usd out")]),
    ],
)  # fmt: skip
def test_every_mistake_is_said(build, said: list[str]) -> None:
    with pytest.raises(PolicyError) as caught:
        build()
    assert [str(finding) for finding in caught.value.findings] == [f"gain limits: {line}" for line in said]


@pytest.mark.parametrize(
    "limits",
    [
        GainLimits(),
        GainLimits("minimise", max_tax_usd=0),
        GainLimits("never", True, 1.0, 2.0, True, math.inf),
    ],
)
def test_limits_print_as_the_code_that_makes_them(limits: GainLimits) -> None:
    again = eval(repr(limits), {"GainLimits": GainLimits, "inf": math.inf})
    assert again == limits
    assert hash(again) == hash(limits)


def test_limits_vary_by_grid() -> None:
    grid = RebalancePolicy("p").grid(gains__short=["allow", "never"], gains__max_gain_usd=[None, 5_000.0])
    assert [(policy.gains.short, policy.gains.max_gain_usd) for policy in grid] == [
        ("allow", None), ("allow", 5_000.0), ("never", None), ("never", 5_000.0),
    ]  # fmt: skip
    assert grid[3].name == "p gains__short=never, gains__max_gain_usd=5000.0"
