"""The household that a run leaves is the run: going on from it gives what the run itself would have done."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

import rebal_kit as rk
from rebal_kit.domain import AccountKind, Household, TaxLot
from rebal_kit.engine.mid_year import numbers_of_lots
from rebal_kit.files.household import load_household, save_household
from rebal_kit.policy import Harvest, RebalancePolicy
from rebal_kit.targets import AssetClass
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.to_date import LossSale, YearToDate
from rebal_kit.triggers import Threshold, ToleranceBand
from tests.worlds import account, household_of, market_of, random_market

FLAT = TaxProfile(flat=(0.40, 0.20, 0.20))
STOCKS = AssetClass("Stocks", {"STK": 1.0, "STX": 0.0})
HARVEST = RebalancePolicy("harvest", (), harvest=Harvest(0.05, 100.0), costs=rk.Costs(0.0))
HOLD = RebalancePolicy("hold", (), costs=rk.Costs(0.0))
OLD = dt.date(2020, 1, 2)
#: STK falls to 80 on the 5th: its lot is harvested that day.
DATES = ("2024-03-04", "2024-03-05", "2024-03-06", "2024-04-12", "2024-04-15", "2024-04-16")
FALL = {"STK": (100.0, 80.0, 80.0, 80.0, 80.0, 80.0), "STX": (40.0,) * 6, "BND": (50.0,) * 6}


def home(*lots: TaxLot, tax: TaxProfile = FLAT, **more: Any) -> Household:
    mine = lots or (TaxLot("S", "STK", 100.0, 10_000.0, OLD), TaxLot("B", "BND", 100.0, 4_000.0, OLD))
    main = replace(account(lots=mine), cash=1_000.0)
    return household_of({STOCKS: 0.6, "BND": 0.4}, main, tax=tax, **more)


def closing(
    household: Household, end: str, policy: RebalancePolicy = HARVEST, dates: Any = DATES, **prices: Any
) -> Household:  # fmt: skip
    market = market_of(prices or FALL, dates)
    return rk.backtest(market, household, policy, end=end, open_with="lots").closing_household


def test_date_lots_cash_and_the_first_day_of_the_run() -> None:
    found = closing(home(), "2024-03-05")
    assert (found.as_of, found.looks_from) == (dt.date(2024, 3, 5), dt.date(2024, 3, 4))
    # 8,000 of STK are 200 STX.
    assert {lot.symbol: lot.quantity for lot in found.accounts[0].lots} == pytest.approx(
        {"STX": 200.0, "BND": 100.0}
    )
    assert found.accounts[0].cash == pytest.approx(1_000.0)


@pytest.mark.parametrize(
    ("end", "still"), [("2024-03-05", True), ("2024-03-06", True), ("2024-04-12", False)]
)
def test_a_loss_is_told_while_its_window_is_open(end: str, still: bool) -> None:
    sold = LossSale("Main", "STK", dt.date(2024, 3, 5), 100.0, 2_000.0, OLD)
    assert closing(home(), end).loss_sales == ((sold,) if still else ())


@pytest.mark.parametrize(("days", "still"), [(29, True), (30, False)])
def test_the_window_is_over_after_thirty_days(days: int, still: bool) -> None:
    """On the evening of day 30 nothing is left that the next day could wash."""
    last = (dt.date(2024, 3, 5) + dt.timedelta(days)).isoformat()
    prices = {"STK": (100.0, 80.0, 80.0), "STX": (40.0,) * 3, "BND": (50.0,) * 3}
    found = closing(home(), last, dates=("2024-03-04", "2024-03-05", last), **prices)
    assert bool(found.loss_sales) is still


def test_a_loss_sale_given_is_handed_on() -> None:
    given = LossSale("Main", "BND", dt.date(2024, 3, 1), 7.0, 70.0, OLD, dt.date(2019, 5, 6))
    found = closing(home(loss_sales=(given,), as_of=dt.date(2024, 3, 4)), "2024-03-06", HOLD)
    assert found.loss_sales == ()  # a back-test begins without them: they are the live household's
    market = market_of(FALL, DATES)
    proposal = rk.propose(
        market, home(loss_sales=(given,), as_of=dt.date(2024, 3, 4)), HOLD, asof="2024-03-05"
    )
    assert [one.symbol for one in proposal.blocked] == ["BND"]


def test_the_year_to_date_and_losses_carried_in() -> None:
    dividends: dict[str, Any] = {"dividend": {"BND": {DATES[1]: 0.5}}}
    market = market_of(FALL, DATES, **dividends)
    wages = TaxProfile("single", 2026, 100_000.0, carryover_short=500.0, carryover_long=2_500.0)
    found = rk.backtest(
        market, home(tax=wages), HARVEST, end="2024-03-06", open_with="lots"
    ).closing_household
    assert found.year_to_date == YearToDate(long=-2_000.0, qualified=50.0)
    assert (found.tax.carryover_short, found.tax.carryover_long) == (500.0, 2_500.0)


TURN = ("2023-12-28", "2023-12-29", "2024-01-02", "2024-04-12", "2024-04-15", "2024-04-16")


@pytest.mark.parametrize(
    ("end", "owed", "carried"),
    [("2023-12-29", 0.0, 0.0), ("2024-01-02", -660.0, 17_000.0), ("2024-04-12", -660.0, 17_000.0),
     ("2024-04-15", 0.0, 17_000.0), ("2024-04-16", 0.0, 17_000.0)],
)  # fmt: skip
def test_tax_owed_and_carryover_over_the_year(end: str, owed: float, carried: float) -> None:
    """20,000 of long-term loss in December: 3,000 save 22 % in April, 17,000 go on."""
    lots = (TaxLot("S", "STK", 1_000.0, 100_000.0, OLD), TaxLot("B", "BND", 1_000.0, 40_000.0, OLD))
    household = home(*lots, tax=TaxProfile("single", 2026, 100_000.0))
    found = closing(household, end, dates=TURN, **FALL)
    assert found.year_to_date.tax_owed == pytest.approx(owed)
    assert found.tax.carryover_long == pytest.approx(carried)
    assert found.year_to_date.long == pytest.approx(-20_000.0 if end < "2024" else 0.0)
    assert found.accounts[0].cash == pytest.approx(1_000.0 if end < "2024-04-15" else 1_660.0)


def test_the_saving_is_paid_out_once_when_asked_live() -> None:
    lots = (TaxLot("S", "STK", 1_000.0, 100_000.0, OLD), TaxLot("B", "BND", 1_000.0, 40_000.0, OLD))
    household = home(*lots, tax=TaxProfile("single", 2026, 100_000.0))
    market = market_of(FALL, TURN)
    for end, before, moved in (("2024-04-12", 1_000.0, 660.0), ("2024-04-15", 1_660.0, 0.0)):
        found = closing(household, end, dates=TURN, **FALL)
        asof = TURN[TURN.index(end) + 1]
        proposal = rk.propose(market, found, HOLD, asof=asof)
        assert proposal.cash["before"].tolist() == pytest.approx([before])
        assert proposal.cash["moved"].tolist() == pytest.approx([moved])
        assert proposal.settlement.start.carry.long == pytest.approx(17_000.0)


def test_shares_that_replaced_others_are_a_piece_of_their_own_and_come_back_as_one_purchase() -> None:
    """10 STK were bought in another account in the week before 100 are harvested: a tenth of the loss is theirs."""
    lots = (TaxLot("S", "STK", 100.0, 10_000.0, OLD),)
    other = replace(account("Other"), cash=0.0, lots=(TaxLot("R", "STK", 10.0, 820.0, dt.date(2024, 2, 28)),))
    household = home(*lots)
    household = replace(household, accounts=(*household.accounts, other))
    careless = replace(HARVEST, avoid_wash_sales=False, harvest=Harvest(0.05, 500.0))
    found = closing(household, "2024-03-06", careless)
    pieces = [lot for lot in found.lots if lot.symbol == "STK"]
    assert sum(lot.quantity for lot in pieces) == pytest.approx(10.0)
    # 10 of 100 shares replaced: US$ 200 of loss are in their basis.
    assert sum(lot.deferred for lot in pieces) == pytest.approx(200.0)
    assert all(lot.lot.startswith("R") for lot in pieces)
    numbers = numbers_of_lots(found)
    assert len({numbers[lot.lot] for lot in pieces}) == 1
    assert len({lot.lot for lot in found.lots}) == len(found.lots)


WASHING = RebalancePolicy(
    "washing", Threshold(ToleranceBand(absolute=0.01)), harvest=Harvest(0.02, 0.0), avoid_wash_sales=False,
    dividends="reinvest",
)  # fmt: skip


@cache
def washed() -> tuple[rk.Market, Household]:
    symbols = ("AA", "AB", "BB")
    market = random_market(11, symbols, 160)
    stocks = AssetClass("Stocks", {"AA": 1.0, "AB": 0.0})
    household = household_of(
        {stocks: 0.5, "BB": 0.5},
        account(value=100_000.0),
        account("IRA", AccountKind.IRA, value=50_000.0),
        tax=FLAT,
    )
    return market, household


@pytest.mark.parametrize("at", [40, 80, 159])
def test_names_are_unique_and_stay_when_it_goes_on(at: int) -> None:
    market, household = washed()
    end = market.dates[at].item()
    found = rk.backtest(market, household, WASHING, end=end, open_with="values").closing_household
    names = [lot.lot for lot in found.lots]
    assert len(names) == len(set(names))
    assert any("." in name for name in names), "some lot has been divided by a wash sale"
    on = rk.backtest(market, found, HOLD, start=end, end=end, open_with="lots").closing_household
    assert {lot.lot.split(".")[0] for lot in on.lots} == {name.split(".")[0] for name in names}
    held = {(a.name, lot.symbol): 0.0 for a in found.accounts for lot in a.lots}
    for home_, sign in ((found, 1.0), (on, -1.0)):
        for one in home_.accounts:
            for lot in one.lots:
                held[one.name, lot.symbol] += sign * lot.quantity
    assert list(held.values()) == pytest.approx([0.0] * len(held), abs=1e-9)


@pytest.mark.parametrize("at", [20, 45, 90, 130])
def test_the_next_day_is_that_of_the_run(at: int) -> None:
    """Trades, gains and what is washed of them, of a careless policy over wash sales upon wash sales."""
    market, household = washed()
    whole = rk.backtest(market, household, WASHING, open_with="values")
    cut = rk.backtest(market, household, WASHING, end=market.dates[at].item(), open_with="values")
    proposal = rk.propose(market, cut.closing_household, WASHING, asof=market.dates[at + 1].item())
    rows = whole.journal[(whole.journal["date"] == whole.dates[at + 1])]
    signed = rows["quantity"].where(rows["side"] == "buy", -rows["quantity"])
    own = signed[rows["reason_code"] != rk.Reason.REINVEST].groupby([rows["account"], rows["symbol"]]).sum()
    mine = proposal.trades
    asked = (
        mine["quantity"]
        .where(mine["side"] == "buy", -mine["quantity"])
        .groupby([mine["account"], mine["symbol"]])
    )
    assert {k: v for k, v in asked.sum().items() if abs(v) > 1e-7} == pytest.approx(
        {k: v for k, v in own.items() if abs(v) > 1e-7}, abs=1e-9
    )


def test_a_household_in_a_file_comes_back_the_same(tmp_path: Any) -> None:
    market, household = washed()
    found = rk.backtest(
        market, replace(household, reviewed=None), WASHING, end=market.dates[80].item(), open_with="values"
    ).closing_household
    save_household(found, tmp_path / "home.yaml")
    back = load_household(tmp_path / "home.yaml")
    assert (back.as_of, back.looks_from, back.loss_sales) == (found.as_of, found.looks_from, found.loss_sales)
    assert back.year_to_date == found.year_to_date
    day = market.dates[81].item()
    first, second = (rk.propose(market, one, WASHING, asof=day) for one in (found, back))
    assert first.trades.equals(second.trades)
