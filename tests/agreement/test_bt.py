"""bt holds the same bands: a threshold policy without tax and cost has bt's value path."""

from __future__ import annotations

import bt
import numpy as np
import pytest

from rebal_kit.backtest import backtest
from rebal_kit.policy import RebalancePolicy
from rebal_kit.triggers import Threshold, ToleranceBand
from tests.worlds import household_of, random_market

pytestmark = pytest.mark.compiled


SAME = 1e-9


class OutOfBand(bt.Algo):
    """Go on to the next algo on the first session and whenever a weight has left its band."""

    def __init__(self, targets: dict[str, float], width: dict[str, float]):
        super().__init__()
        self.targets, self.width, self.fired = targets, width, []

    def __call__(self, target) -> bool:
        held = {name: child.value / target.value for name, child in target.children.items()}
        off = [
            name
            for name, wanted in self.targets.items()
            if abs(held.get(name, 0.0) - wanted) > self.width[name]
        ]
        if off or not self.fired:
            self.fired.append(target.now)
            return True
        return False


@pytest.mark.parametrize(
    ("targets", "band"),
    [
        ({"A": 0.6, "B": 0.4}, ToleranceBand(absolute=0.03)),
        ({"A": 0.6, "B": 0.4}, ToleranceBand(relative=0.04)),
        ({"A": 0.8, "B": 0.2}, ToleranceBand(absolute=0.02, relative=0.05, combine="both")),
        ({"A": 0.5, "B": 0.5}, ToleranceBand(absolute=0.0)),
    ],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_threshold_has_bts_value_path(targets: dict[str, float], band: ToleranceBand, seed: int) -> None:
    # Two classes: when one leaves its band the other takes the balance, so that both go to target exactly.
    market = random_market(seed, tuple(targets), 600, events=False)
    policy = RebalancePolicy("threshold", Threshold(band), avoid_wash_sales=False)
    run = backtest(market, household_of(targets), policy)
    absolute = np.inf if band.absolute is None else band.absolute
    wide = {n: np.inf if band.relative is None else band.relative * t for n, t in targets.items()}
    widths = {
        n: max(absolute, wide[n]) if band.combine == "both" else min(absolute, wide[n]) for n in targets
    }
    bands = OutOfBand(targets, widths)
    strategy = bt.Strategy(
        "threshold", [bands, bt.algos.SelectAll(), bt.algos.WeighSpecified(**targets), bt.algos.Rebalance()]
    )
    test = bt.Backtest(
        strategy,
        market.frame("close"),
        initial_capital=100_000.0,
        integer_positions=False,
        progress_bar=False,
    )
    test.run()
    theirs = test.strategy.values.loc[run.dates]
    np.testing.assert_allclose(run.daily["value"], theirs, rtol=SAME)
    traded = run.journal["date"].drop_duplicates().to_list()
    assert traded == test.strategy.stack.algos[0].fired
    assert len(traded) > 3
