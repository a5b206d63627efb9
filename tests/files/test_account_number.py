"""Account numbers are compared by their endings and shown by no more."""

from __future__ import annotations

import pytest

from rebal_kit.files.account_number import hidden, holds_number, is_number, masked, same_account, tail
from rebal_kit.findings import Finding


@pytest.mark.parametrize(
    ("number", "shown"),
    [("Z12345678", "…5678"), ("1234-5678", "…5678"), ("123", "…123"), ("u1ab", "…U1AB"), ("", "without a number"),
     ("--", "without a number")],
)  # fmt: skip
def test_no_more_than_four_characters_are_shown(number: str, shown: str) -> None:
    assert masked(number) == shown
    assert len(tail(number)) <= 4


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Z12345678", "5678", True), ("678", "Z12345678", True), ("1234-5678", "5678", True),
        ("Z12345678", "X12345678", False), ("u123", "U123", True), ("5678", "5679", False), ("78", "5678", False),
        ("", "5678", False), ("12345678", "45678", True),
    ],
)  # fmt: skip
def test_an_ending_of_three_is_enough(one: str, other: str, same: bool) -> None:
    assert same_account(one, other) is same


def test_a_number_stands_in_full_nowhere_in_a_finding() -> None:
    said = Finding("error", "Z12345678.csv row 2", "is Z12345678", "ask for 1234-9999 or 12349999 or 123")
    (found,) = hidden([said], ["Z12345678", "1234-9999", "123"])
    assert (found.where, found.what) == ("…5678.csv row 2", "is …5678")
    assert found.remedy == "ask for …9999 or …9999 or 123"


def test_the_longer_of_two_numbers_is_hidden_whole() -> None:
    said = Finding("note", "", "A12345 and A1234567", "")
    assert hidden([said], ["A12345", "A1234567"])[0].what == "…2345 and …4567"


@pytest.mark.parametrize("text", ["Z12345678", "44445555", "1234567", "U7654321"])
def test_what_looks_like_a_number_is_hidden_unasked(text: str) -> None:
    assert is_number(text)
    assert hidden([Finding("error", f"a_{text}.csv", f"is '{text}'", "")], [])[0].what == f"is '…{text[-4:]}'"


@pytest.mark.parametrize(
    "text", ["20240105", "1,234,567", "12345678.90", "$12345678", "123456", "912810QF8", "Joint"]
)
def test_dates_amounts_and_names_are_shown(text: str) -> None:
    assert not is_number(text)
    said = Finding("error", "x.csv row 12345", f"is '{text}'", "")
    assert hidden([said], []) == [said]


@pytest.mark.parametrize("text", ["Z12345678", "z1234-5678", "IRA Z 1234 5678", "myz12345678ira"])
def test_a_known_number_is_found_and_hidden_however_it_is_spaced(text: str) -> None:
    assert holds_number(text, ["Z12345678"])
    (found,) = hidden([Finding("error", text, f"is '{text}'", text)], ["Z12345678"])
    assert found.where == found.remedy
    assert found.what.count("…5678") == 1
    assert "1234" not in str(found)


def test_an_ending_alone_is_no_number_in_a_name() -> None:
    assert not holds_number("IRA 5678", ["5678", "123", ""])
    assert not holds_number("IRA 5678", ["Z12345678"])


def test_thousands_of_numbers_are_hidden_without_comparing_each_with_each() -> None:
    numbers = [f"Z{10**7 + at}" for at in range(20_000)]
    found = hidden((Finding("error", number, f"is {number}", "") for number in numbers), numbers)
    assert {(f.where, f.what) for f in found} == {(f"…{at:04}", f"is …{at:04}") for at in range(10_000)}
