"""What orders come to by the book: as the engine's own ledger has it, and to the cent by hand."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from rebal_kit.engine import ledger as books
from rebal_kit.proposal.day import prepare_day
from rebal_kit.proposal.greedy import decide_greedily
from rebal_kit.proposal.orders import Order, Pick
from rebal_kit.proposal.settlement import Moved, settle
from rebal_kit.reasons import Reason
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.to_date import LossSale, YearToDate
from tests.proposal.households import market_of, random_household
from tests.proposal.scanned import POLICY, small_household, small_market

MAIN, STK, STX, BND = 0, 0, 1, 2
#: By day of purchase: S2 (2022), B1, S1 (2023).
S2, B1, S1 = 1, 2, 3
HOLD = replace(POLICY, triggers=(), harvest=None)


def sale(*picks: tuple[int, float], security: int = STK) -> Order:
    taken = tuple(Pick(purchase, 0, shares) for purchase, shares in picks)
    return Order(MAIN, security, True, sum(shares for _, shares in picks), taken, Reason.GIVEN)


def purchase(security: int, shares: float, account: int = MAIN) -> Order:
    return Order(account, security, False, shares, (), Reason.GIVEN)


@pytest.mark.parametrize("seed", range(25))
def test_the_engine_s_own_orders_come_to_the_engine_s_own_ledger(seed: int) -> None:
    """Where nothing went round within the day: cash, shares and the year's figures are those of the run."""
    household, policy, closes, _ = random_household(seed)
    day = prepare_day(market_of(closes), household, policy)
    decision, room = decide_greedily(day), day.run()
    done = settle(day, decision.orders, decision.moved)
    assert done.desk.ledger.held == pytest.approx(room.ledger.held, abs=1e-6)
    count = int(room.tape.counts[0])
    if len(decision.orders) == len(set(np.asarray(room.tape.journal[:count])["order"].tolist())):
        assert done.cash == pytest.approx(room.ledger.cash, abs=1e-6)
        for column in (books.SHORT, books.LONG, books.DISALLOWED, books.PERMANENT):
            assert done.desk.ledger.years[:, column] == pytest.approx(room.ledger.years[:, column], abs=1e-6)


def test_tax_to_the_cent_by_hand() -> None:
    """A single filer of 2026 with wages of 100,000 and 5,000 of long-term losses so far.

    100 S1 bring 9,990 for 12,000, short; 50 S2 bring 4,995 for 4,000, long. Net: −2,010 short and −4,005 long, of which
    3,000 are deducted, as they were before: nothing changes now. Without the losses so far: −1,015, all deducted,
    at 22 %, less 5 % of the state.
    """
    wages = TaxProfile("single", 2026, ordinary_income=100_000.0, state_rate=0.05)
    orders = (sale((S1, 100.0)), sale((S2, 50.0)))
    day = prepare_day(
        small_market(), small_household(tax=wages, year_to_date=YearToDate(long=-5_000.0)), HOLD
    )
    done = settle(day, orders)
    assert (done.short_gain, done.long_gain) == pytest.approx((-2_010.0, 995.0))
    assert done.tax_now == pytest.approx(0.0, abs=0.005)
    assert done.tax_before.tax == pytest.approx(-0.22 * 3_000 - 0.05 * 3_000, abs=0.005)
    day = prepare_day(small_market(), small_household(tax=wages), HOLD)
    assert settle(day, orders).tax_now == pytest.approx(-(0.22 + 0.05) * 1_015, abs=0.005)
    # 995 of long-term gain alone: at 15 %, and the state's.
    assert settle(day, (sale((S2, 50.0)),)).tax_now == pytest.approx((0.15 + 0.05) * 995, abs=0.005)


def test_cash_and_costs() -> None:
    day = prepare_day(small_market(), small_household(), HOLD)
    done = settle(day, (sale((S1, 100.0)), purchase(STX, 100.0)), Moved(np.array([-50.0, 0.0])))
    assert done.cost == pytest.approx(10.0 + 5.0)
    assert done.cash.tolist() == pytest.approx([9_990.0 - 5_005.0 - 50.0, 0.0])
    assert done.numbers == (0, 1)
    assert done.shares == (100.0, 100.0)
    # 15,000 + 10,000 − 10,000 + 5,000 of stocks, 10,000 of bonds, and cash of 4,935.
    assert done.weights_after.tolist() == pytest.approx(np.array([20_000, 10_000, 4_935]) / 34_935)
    assert done.weights_before.tolist() == pytest.approx(np.array([25_000, 10_000, -50]) / 34_950)
    assert done.drift(done.weights_after) == pytest.approx(
        (abs(20_000 / 34_935 - 0.6) + abs(10_000 / 34_935 - 0.4) + 4_935 / 34_935) / 2
    )


def test_distributions_of_the_day_are_income() -> None:
    wages = TaxProfile("single", 2026, ordinary_income=100_000.0)
    day = prepare_day(small_market(), small_household(tax=wages), HOLD)
    moved = Moved(np.array([0.0, -1_000.0]), 1_000.0)
    assert settle(day, (), moved).tax_before.tax == pytest.approx(220.0, abs=0.005)
    assert settle(day, (), moved).tax_now == 0.0


def test_a_sale_without_lots_is_given_those_of_the_lot_method() -> None:
    day = prepare_day(small_market(), small_household(), HOLD)
    done = settle(day, (Order(MAIN, STK, True, 120.0, (), Reason.GIVEN),))
    assert [(pick.purchase, pick.quantity) for pick in done.orders[0].picks] == [(S1, 100.0), (S2, 20.0)]


def test_lots_that_are_not_there_come_to_nothing() -> None:
    day = prepare_day(small_market(), small_household(), HOLD)
    done = settle(day, (sale((99, 1.0)), sale((S1, 101.0)), sale((S1, 100.0))))
    assert done.numbers[:2] == (-1, -1)
    assert done.shares == (0.0, 0.0, 100.0)
    assert done.cash.tolist() == pytest.approx([9_990.0, 0.0])


def test_a_purchase_washes_the_loss_of_a_sale_before() -> None:
    """5 of 10 shares are replaced: half of a loss of 300, long-term, for good in an IRA."""
    sold = LossSale("Main", "BND", dt.date(2024, 2, 15), 10.0, 300.0, dt.date(2022, 1, 3))
    day = prepare_day(small_market(), small_household(loss_sales=(sold,)), HOLD)
    done = settle(day, (purchase(BND, 5.0),))
    assert (done.disallowed, done.permanent, done.long_gain, done.short_gain) == pytest.approx(
        (150.0, 0.0, 150.0, 0.0)
    )
    assert settle(day, (purchase(BND, 5.0, account=1),)).permanent == pytest.approx(150.0)
    assert done.start.desk.ledger.years[:, books.DISALLOWED].sum() == 0.0


def test_settling_leaves_the_start_as_it_was() -> None:
    day = prepare_day(small_market(), small_household(), HOLD)
    first, second = (settle(day, (sale((S1, 100.0)),)) for _ in range(2))
    assert first.start.desk.ledger.held.tolist() == [[150.0, 0.0, 200.0], [100.0, 0.0, 0.0]]
    assert first.journal.tobytes() == second.journal.tobytes()
