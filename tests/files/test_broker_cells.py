"""Numbers and dates as brokers write them; anything that could be read two ways is refused."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal_kit.files.broker_cells import amount, day, day_in, is_missing

DAY = dt.date(2024, 1, 5)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$1,234.50", 1234.5), ("1234.5", 1234.5), ("-$3", -3.0), ("$-3.25", -3.25), ("+$0.5", 0.5), ("(3.00)", -3.0),
        ("($1,000)", -1000.0), (" 12 ", 12.0), (".5", 0.5), ("5.", 5.0), ("1,234,567", 1234567.0), ("0", 0.0),
        ("-.25", -0.25),
    ],
)  # fmt: skip
def test_amounts(text: str, value: float) -> None:
    assert amount(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "-", "$", ".", "1.234,56", "1,23", "12,34,567", "1 234", "€5", "5 EUR", "1e5", "nan", "inf", "٣", "=1+1", "5%",
     "--5", "(5", "5)", "1..2", "0x1", "$$5x", "($-5)", "(-5)", "(+5)", "-$-5", "-+5", "9" * 400],
)  # fmt: skip
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text is all there is
        amount(text)


@given(st.floats(-1e12, 1e12), st.booleans())
def test_an_amount_with_separators_is_the_number(value: float, dollars: bool) -> None:
    shown = f"{'-' if value < 0 else ''}{'$' if dollars else ''}{abs(value):,.4f}"
    assert amount(shown) == pytest.approx(value, abs=1e-4)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("01/05/2024", "%m/%d/%Y"), ("1/5/2024", "%m/%d/%Y"), ("01/05/2024 00:00:00", "%m/%d/%Y"),
        ("Jan-05-2024", "%b-%d-%Y"), ("2024-01-05, 15:39:46", "%Y-%m-%d"), ("20240105;153946", "%Y%m%d"),
        ("2024-01-05 (Vesting: 2025-11-28)", "%Y-%m-%d"), ("01/05/2024 02:17 PM ET", "%m/%d/%Y"),
    ],
)  # fmt: skip
def test_dates(text: str, form: str) -> None:
    assert day(text, ["%d.%m.%Y", form]) == DAY


@pytest.mark.parametrize(
    "text",
    ["", "13/05/2024", "02/30/2024", "01/05/2024x", "01/05/2024 lot 2", "01/05/24", "5 Jan", "01-05-2024"],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        day(text, ["%m/%d/%Y"])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Positions as of 03:45 PM ET, 2024/01/05", DAY), ("Lots as of 08:03 AM ET, 01/05/2024", DAY),
        ("Date downloaded Jan-05-2024 3:45 p.m ET", DAY), ("December 1, 2023 - January 5, 2024", DAY),
        ("2023-12-31 to 2024-01-05", DAY), ("no date", None), ("99/99/2024", None), ("Foo 5, 2024", None),
    ],
)  # fmt: skip
def test_the_last_date_in_a_line(text: str, found: dt.date | None) -> None:
    assert day_in(text) == found


@pytest.mark.parametrize(
    "text", ["", "--", "-", "N/A", "n/a", "Not Available", "Incomplete*", "null", " -- ", "Various"]
)
def test_words_for_nothing(text: str) -> None:
    assert is_missing(text)


@pytest.mark.parametrize("text", ["0", "$0.00", "VTI", "-1"])
def test_a_value_is_not_nothing(text: str) -> None:
    assert not is_missing(text)


@pytest.mark.parametrize("text", ["202161", "2021611", "202411", "202101011"])
def test_a_date_without_separators_has_eight_digits(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text is all there is
        day(text, ["%Y%m%d"])
