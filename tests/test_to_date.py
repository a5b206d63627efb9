"""Losses just taken and the tax year so far: every mistake is said where it is made, and unknown is not none."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields

import pytest

from rebal_kit.domain import Account, AccountKind, Household
from rebal_kit.findings import HouseholdError
from rebal_kit.targets import TargetAllocation
from rebal_kit.to_date import LossSale, YearToDate, unknown_losses

DAY, LATER = dt.date(2024, 1, 2), dt.date(2024, 8, 14)
A_DATE = "give a date such as date(2024, 1, 2)"
SHARES, LOSS = "give shares, 0 or more", "give the loss in US$ as a positive number"
IN_ORDER = "give holding_start, acquired and sold in order of time"


def sale(**changed: object) -> LossSale:
    usual: dict[str, object] = {
        "account": "Joint",
        "symbol": "VTI",
        "sold": LATER,
        "quantity": 40,
        "loss": 812.5,
    }
    return LossSale(**{**usual, **changed})  # type: ignore[arg-type]


def home(sales: object = None, **more: object) -> Household:
    accounts = (Account("Joint", "Alex", AccountKind.TAXABLE), Account("IRA", "Alex", AccountKind.IRA))
    return Household("h", accounts, TargetAllocation({}), as_of=LATER, loss_sales=sales, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"account": " "}, "account is empty — give the name of an account"),
        ({"account": 7}, "account is 7, not text — give the name of an account"),
        ({"sold": None}, f"sold is None, not a date — {A_DATE}"),
        ({"sold": "2024-08-14"}, f"sold is '2024-08-14', not a date — {A_DATE}"),
        ({"quantity": -1}, f"quantity is -1 — {SHARES}"),
        ({"quantity": float("nan")}, f"quantity is nan — {SHARES}"),
        ({"quantity": float("inf")}, f"quantity is inf — {SHARES}"),
        ({"quantity": "40"}, f"quantity is '40', not a number — {SHARES}"),
        ({"loss": -812.5}, f"loss is -812.5 — {LOSS}"),
        ({"loss": True}, f"loss is True, not a number — {LOSS}"),
        ({"acquired": 2024}, f"acquired is 2024, not a date — {A_DATE}"),
        ({"holding_start": "x"}, f"holding_start is 'x', not a date — {A_DATE}"),
        ({"lot": None}, "lot is None, no str — give the name of a lot, or leave it out"),
        ({"acquired": dt.date(2024, 8, 15)}, f"its dates are out of order: 2024-08-15, 2024-08-14 — {IN_ORDER}"),
        ({"acquired": DAY, "holding_start": LATER},
         f"its dates are out of order: 2024-08-14, 2024-01-02, 2024-08-14 — {IN_ORDER}"),
        ({"holding_start": dt.date(2024, 9, 1)}, f"its dates are out of order: 2024-09-01, 2024-08-14 — {IN_ORDER}"),
    ],
)  # fmt: skip
def test_a_bad_value_of_a_loss_sale_is_one_finding(changed: dict[str, object], said: str) -> None:
    with pytest.raises(HouseholdError) as caught:
        sale(**changed)
    assert [str(finding) for finding in caught.value.findings] == [f"loss sale of 'VTI': {said}"]


@pytest.mark.parametrize("symbol", ["", 5])
def test_a_loss_sale_has_a_ticker(symbol: object) -> None:
    with pytest.raises(HouseholdError) as caught:
        sale(symbol=symbol)
    (finding,) = caught.value.findings
    assert (finding.where, finding.remedy) == (f"loss sale of {symbol!r}", "give a ticker")


def test_what_a_loss_sale_may_be() -> None:
    assert sale(quantity=0, loss=0).acquired is None
    assert sale(acquired=LATER, holding_start=LATER).holding_start == LATER
    assert sale(sold=dt.datetime(2024, 8, 14, 15, 30)).sold == LATER


@pytest.mark.parametrize("name", [item.name for item in fields(YearToDate)])
def test_a_bad_value_of_the_year_is_one_finding(name: str) -> None:
    bad: tuple[object, ...] = (float("nan"), float("inf"), float("-inf"), "5", None, True)
    gains = name in ("short", "long", "legacy_gain", "tax_owed")
    for value in bad if gains else (*bad, -0.01):
        with pytest.raises(HouseholdError) as caught:
            YearToDate(**{name: value})  # type: ignore[arg-type]
        (finding,) = caught.value.findings
        assert (finding.where, finding.remedy) == ("year to date", "give US$")
        assert finding.what.startswith(f"{name} is ")
    assert getattr(YearToDate(**{name: -0.01 if gains else 0.01}), name) != 0


def test_the_year_prints_as_the_code_that_makes_it() -> None:
    year = YearToDate(-1_200, 5_400, 3_100)
    assert repr(year) == "YearToDate(short=-1200, long=5400, qualified=3100)"
    assert eval(repr(year), {"YearToDate": YearToDate}) == year


@pytest.mark.parametrize(
    ("sales", "said"),
    [
        ([sale(account="Jiont")], "a loss sale of VTI names account 'Jiont', which is not there — use Joint, IRA"),
        ([sale(sold=dt.date(2024, 8, 15))],
         ("a loss sale of VTI is of 2024-08-15, after the household's date 2024-08-14 — give a household of the same"
          " day or later")),
        (["VTI"], "one of loss_sales is 'VTI', no LossSale — make it with LossSale(…)"),
        ("VTI", "one of loss_sales is 'VTI', no LossSale — make it with LossSale(…)"),
        (0, "one of loss_sales is 0, no LossSale — make it with LossSale(…)"),
    ],
)  # fmt: skip
def test_a_household_says_what_its_loss_sales_cannot_be(sales: object, said: str) -> None:
    with pytest.raises(HouseholdError) as caught:
        home(sales)
    assert [str(finding) for finding in caught.value.findings] == [f"household 'h': {said}"]


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("year_to_date", "year_to_date is 5, no YearToDate — make it with YearToDate(…)"),
        ("looks_from", f"looks_from is 5, not a date — {A_DATE}"),
        ("reviewed", f"reviewed is 5, not a date — {A_DATE}"),
    ],
)
def test_a_household_says_what_its_other_fields_cannot_be(field: str, said: str) -> None:
    with pytest.raises(HouseholdError) as caught:
        home(**{field: 5})
    assert [str(finding) for finding in caught.value.findings] == [f"household 'h': {said}"]


def test_unknown_is_not_none() -> None:
    unknown, nothing, some = home(), home([]), home([sale()])
    assert (unknown.loss_sales, nothing.loss_sales, some.loss_sales) == (None, (), (sale(),))
    assert unknown != nothing
    (finding,) = unknown_losses("h", unknown.loss_sales, unknown.as_of)
    assert str(finding) == (
        "h: losses realised in the 30 days before 2024-08-14 are unknown: a purchase could replace one unnoticed — list"
        " them under loss_sales; say loss_sales: [] if there are none"
    )
    assert finding.severity == "note"
    assert not [*unknown_losses("h", (), LATER), *unknown_losses("h", (sale(),), LATER)]
    assert not [*unknown_losses("h", None, None)]


def test_dates_of_a_household_are_days() -> None:
    noon = dt.datetime(2024, 1, 2, 12)
    household = home(looks_from=noon, reviewed=noon)
    assert (household.looks_from, household.reviewed) == (DAY, DAY)
