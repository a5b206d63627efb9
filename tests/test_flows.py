"""Cash flows: every mistake is said where it is made, and they print as their own code."""

from __future__ import annotations

import datetime as dt

import pytest

from rebal_kit.findings import HouseholdError
from rebal_kit.flows import CashFlow
from rebal_kit.periods import EVERY

DAY, LATER = dt.date(2024, 1, 2), dt.date(2025, 1, 2)
AMOUNT = "give US$: positive for a deposit, negative for a withdrawal"
GROWTH = "give a fraction above -1, up to 1: 0.02 for 2 % a year"


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: CashFlow(0, "a", "month"), [f"amount is 0 — {AMOUNT}"]),
        (lambda: CashFlow(float("nan"), "a", "month"), [f"amount is nan — {AMOUNT}"]),
        (lambda: CashFlow(float("-inf"), "a", "month"), [f"amount is -inf — {AMOUNT}"]),
        (lambda: CashFlow("5", "a", "month"), [f"amount is '5', not a number — {AMOUNT}"]),
        (lambda: CashFlow(5, on=DAY),
         ["a deposit of 5 has no account — name the account it goes to; only a withdrawal may leave that open"]),
        (lambda: CashFlow(-5, " ", on=DAY), ["account is empty — give the name of an account"]),
        (lambda: CashFlow(-5, 7, on=DAY), ["account is 7, not text — give the name of an account"]),
        (lambda: CashFlow(-5), ["has neither every nor on — give every for a recurring flow, or on for a single one"]),
        (lambda: CashFlow(-5, every="month", on=DAY),
         ["has both every and on — give every for a recurring flow, or on for a single one"]),
        (lambda: CashFlow(-5, every="fortnight"), [f"every is 'fortnight' — use {', '.join(EVERY)}"]),
        (lambda: CashFlow(-5, every=3), [f"every is 3 — use {', '.join(EVERY)}"]),
        (lambda: CashFlow(-5, on="2024-01-02"),
         ["on is '2024-01-02', not a date — give a date such as date(2024, 1, 2)"]),
        (lambda: CashFlow(-5, every="month", first="x", last=2025),
         ["first is 'x', not a date — give a date such as date(2024, 1, 2)",
          "last is 2025, not a date — give a date such as date(2024, 1, 2)"]),
        (lambda: CashFlow(-5, every="month", first=LATER, last=DAY),
         ["first 2025-01-02 is after last 2024-01-02 — swap them, or leave one out"]),
        (lambda: CashFlow(-5, on=DAY, first=DAY, last=LATER, growth=0.1),
         ["first stands beside on — leave first out, or use every",
          "last stands beside on — leave last out, or use every",
          "growth is 0.1 beside on — leave growth out, or use every"]),
        (lambda: CashFlow(-5, every="year", growth=-1), [f"growth is -1 — {GROWTH}"]),
        (lambda: CashFlow(-5, every="year", growth=2), [f"growth is 2 — {GROWTH}"]),
        (lambda: CashFlow(-5, every="year", growth=float("nan")), [f"growth is nan — {GROWTH}"]),
        (lambda: CashFlow(-5, every="year", growth="2%"), [f"growth is '2%', not a number — {GROWTH}"]),
    ],
)  # fmt: skip
def test_every_mistake_is_said(build, said: list[str]) -> None:
    with pytest.raises(HouseholdError) as caught:
        build()
    assert [str(finding) for finding in caught.value.findings] == [f"cash flow: {line}" for line in said]


def test_what_is_allowed_at_the_edges() -> None:
    assert CashFlow(-5, every="session").account is None
    assert CashFlow(1e-9, "a", "month", first=DAY, last=DAY, growth=-0.999).last == DAY
    assert CashFlow(-5, on=dt.datetime(2024, 1, 2, 15, 30)).on == DAY


@pytest.mark.parametrize(
    ("flow", "shown"),
    [
        (CashFlow(-5, every="month"), "CashFlow(amount=-5, every='month')"),
        (CashFlow(5.5, "a", on=DAY), "CashFlow(amount=5.5, account='a', on=datetime.date(2024, 1, 2))"),
        (CashFlow(-5, "a", "year", None, DAY, LATER, 0.02),
         ("CashFlow(amount=-5, account='a', every='year', first=datetime.date(2024, 1, 2), "
          "last=datetime.date(2025, 1, 2), growth=0.02)")),
    ],
)  # fmt: skip
def test_a_flow_prints_as_the_code_that_makes_it(flow: CashFlow, shown: str) -> None:
    assert repr(flow) == shown
    again = eval(shown, {"CashFlow": CashFlow, "datetime": dt})
    assert again == flow
    assert hash(again) == hash(flow)
