"""`gift_lots`: the published case, the order, what is not given and why, and what is refused."""

from __future__ import annotations

import datetime as dt
import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rebal_kit as rk
from tests.cases import load_cases

OLD, NEW, TODAY = dt.date(2020, 1, 2), dt.date(2025, 3, 3), dt.date(2025, 6, 2)


def lot(name, unit_basis, acquired=OLD, quantity=100.0, symbol="X", start=None):
    return rk.TaxLot(name, symbol, quantity, unit_basis * quantity, acquired, start)


some_lots = st.lists(
    st.tuples(st.floats(1, 200), st.sampled_from([OLD, NEW]), st.floats(0.5, 500)), min_size=1, max_size=6
).map(lambda rows: [lot(str(at), *row) for at, row in enumerate(rows)])


@pytest.mark.parametrize("case", load_cases("gifts"), ids=lambda case: case["id"])
def test_worked_cases(case):
    given_, expect = case["given"], case["expect"]
    lots = [
        lot(name, basis, OLD if term == "LT" else NEW, quantity)
        for name, (term, basis, quantity) in given_["lots"].items()
    ]
    gift = rk.gift_lots(lots, given_["price"], given_["gift_value"], TODAY)
    (chosen,) = gift[gift.status == "give"].to_dict("records")
    assert (chosen["lot"], chosen["quantity"]) == (expect["lot"], expect["quantity"])
    assert chosen["fair_market_value"] == pytest.approx(expect["fmv"])
    assert chosen["deduction"] == pytest.approx(expect["deduction"])
    assert chosen["gain_never_taxed"] == pytest.approx(expect["gain_avoided"])
    rejected = gift[gift.status == "reject"]
    assert rejected[["lot", "reason"]].to_dict("records") == expect["rejected"]


def test_most_gain_in_a_dollar_first_and_the_rest_in_cash():
    lots = [lot("half", 50), lot("most", 10), lot("new", 20, NEW), lot("loss", 130), lot("cost", 100)]
    gift = rk.gift_lots(lots, 100, 35_000, TODAY)
    assert gift.status.tolist() == ["give", "give", "give", "cash", "reject", "reject"]
    assert gift.lot.tolist() == ["most", "half", "cost", "", "new", "loss"]
    assert gift.fair_market_value[:4].tolist() == [10_000, 10_000, 10_000, 5_000]
    assert gift.gain_never_taxed[:4].tolist() == [9_000, 5_000, 0, 0]
    assert gift.deduction[:4].sum() == 35_000
    assert gift.reason.tolist()[-2:] == [
        "short-term: deduction limited to basis 2,000.0",
        "at a loss: sell, harvest the loss of 3,000.0 and give the cash",
    ]


def test_a_lot_is_given_in_part_and_what_is_left_over_is_kept():
    gift = rk.gift_lots([lot("a", 10), lot("b", 20), lot("c", 30)], 100, 12_500, TODAY)
    assert gift.status.tolist() == ["give", "give", "keep"]
    assert gift.quantity.tolist() == [100, 25, 100]
    assert gift.reason.tolist()[2] == "not needed"


def test_a_price_for_each_security():
    lots = [lot("x", 50), lot("y", 10, symbol="Y")]
    prices = {"X": 100, "Y": 12, "Z": 1}
    gift = rk.gift_lots(lots, prices, 500, TODAY)
    pd.testing.assert_frame_equal(rk.gift_lots(lots, pd.Series(prices), 500, pd.Timestamp(TODAY)), gift)
    assert gift.lot.tolist() == ["x", "y"]
    assert gift.symbol.tolist() == ["X", "Y"]


def test_the_holding_period_of_a_wash_sale_counts():
    tacked = lot("tacked", 10, NEW, start=OLD)
    assert rk.gift_lots([tacked], 100, 500, TODAY).status.tolist() == ["give"]


def test_the_first_long_term_day():
    lots = [lot("a", 10, dt.date(2024, 6, 2))]
    assert rk.gift_lots(lots, 100, 500, dt.date(2025, 6, 2)).status.tolist() == ["cash", "reject"]
    assert rk.gift_lots(lots, 100, 500, dt.date(2025, 6, 3)).status.tolist() == ["give"]


def test_without_lots_all_is_cash():
    gift = rk.gift_lots([], 100, 500, TODAY)
    assert gift[["status", "fair_market_value"]].to_numpy().tolist() == [["cash", 500.0]]


@given(some_lots, st.floats(1, 50_000))
def test_a_gift_is_whole_and_takes_the_best_lots(lots, value):
    gift = rk.gift_lots(lots, 100.0, value, TODAY)
    given_ = gift[gift.status.isin(["give", "cash"])]
    assert given_.fair_market_value.sum() == pytest.approx(value, abs=0.01)
    assert given_.deduction.sum() == pytest.approx(value, abs=0.01)
    assert (given_.gain_never_taxed >= -1e-9).all()
    assert sorted(gift.lot[gift.lot != ""]) == sorted(one.lot for one in lots)
    per_dollar = gift.gain_never_taxed / gift.fair_market_value
    worst, best_kept = per_dollar[gift.status == "give"].min(), per_dollar[gift.status == "keep"].max()
    assert pd.isna(best_kept) or worst >= best_kept - 1e-9


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"lots": [1]}, "one of lots is 1, no TaxLot"),
        ({"lots": [lot("a", 1), lot("a", 2)]}, "lot a is given twice"),
        ({"lots": [lot("a", 1, dt.date(2025, 7, 1))]}, "lot 'a': acquired 2025-07-01 is after the gift"),
        ({"lots": [lot("a", 1), lot("b", 1, symbol="Y")]}, "one price is given, but lots are of X, Y"),
        ({"price": {"Y": 3}}, "price of X is missing"),
        ({"price": {"X": math.nan}}, "price of X is nan"),
        ({"price": 0}, "price is 0"),
        ({"price": "50"}, "price is '50', not a number"),
        ({"value": 0}, "value is 0"),
        ({"value": -5}, "value is -5"),
        ({"value": math.inf}, "value is inf"),
        ({"on": "2025-06-02"}, "on is '2025-06-02', not a date"),
    ],
)
def test_wrong_input_is_refused(wrong, said):
    with pytest.raises(rk.HouseholdError, match=said):
        rk.gift_lots(**{"lots": [lot("a", 10)], "price": 100, "value": 500, "on": TODAY} | wrong)


def test_all_findings_come_at_once():
    with pytest.raises(rk.HouseholdError) as caught:
        rk.gift_lots([1, lot("a", 10)], {}, -1, "today")
    assert len(caught.value.findings) == 4
