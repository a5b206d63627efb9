"""The square-root law of market impact."""

from __future__ import annotations

import pytest

from rebal_kit.rules.impact import impact_cost


def test_a_worked_example() -> None:
    """US$ 1 million of a stock that trades 100 million a day and moves 2 % a day: 2 % × √0.01 is 20 basis points."""
    assert impact_cost(0.02 / 1e8**0.5, 0.0, 1e6) == pytest.approx(2_000.0)


@pytest.mark.parametrize("times", [4.0, 100.0])
def test_impact_of_a_dollar_grows_with_the_root_of_the_size(times: float) -> None:
    one, more = (impact_cost(1e-6, 0.0, 5e4 * n) / (5e4 * n) for n in (1.0, times))
    assert more == pytest.approx(one * times**0.5, rel=1e-12)


def test_many_orders_move_the_price_like_one() -> None:
    parts, before = 0.0, 0.0
    for amount in (1e3, 5e4, 2.0, 7e5):
        parts += impact_cost(3e-6, before, amount)
        before += amount
    assert parts == pytest.approx(impact_cost(3e-6, 0.0, before), rel=1e-12)


def test_nothing_traded_costs_nothing() -> None:
    assert impact_cost(3e-6, 1e5, 0.0) == 0.0
    assert impact_cost(0.0, 1e5, 1e5) == 0.0
