"""A scenario is a value, lays itself over a household, and what was tried before can be gone back to."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from rebal_kit.files.household import load_household
from rebal_kit.findings import PolicyError
from rebal_kit.policy import RebalancePolicy
from rebal_kit.scenario import MOST_STEPS, History, Scenario
from rebal_kit.targets import TargetAllocation
from rebal_kit.tax_profile import TaxProfile

PLAIN = Scenario(RebalancePolicy())


def test_it_lays_targets_and_tax_over_a_household_and_leaves_the_rest() -> None:
    household = load_household("starter")
    assert PLAIN.applied_to(household) is household
    other = replace(PLAIN, targets=TargetAllocation({"SPY": 0.6}), tax=TaxProfile(ordinary_income=1e6))
    changed = other.applied_to(household)
    assert (changed.targets, changed.tax) == (other.targets, other.tax)
    assert replace(changed, targets=household.targets, tax=household.tax) == household


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [("policy", "quarterly", "policy"), ("household", "", "household"), ("market", 3, "market"),
     ("open_with", "x", "lots"),
     ("start", "2012-13-01", "start"), ("end", dt.date(2001, 1, 1), "not before end"), ("targets", {}, "targets"),
     ("tax", 0.3, "tax")],
)  # fmt: skip
def test_a_field_that_cannot_be_is_said(field: str, value: object, said: str) -> None:
    with pytest.raises(PolicyError, match=said):
        replace(PLAIN, start=dt.date(2005, 1, 3), **{field: value}) if field != "start" else replace(
            PLAIN, start=value
        )


def test_history_goes_back_and_forth() -> None:
    history = History(1).then(2).then(2).then(3)
    assert (history.current, history.past, history.future) == (3, (1, 2), ())
    back = history.undone()
    assert (back.current, back.past, back.future) == (2, (1,), (3,))
    assert back.undone().undone() == History(1, (), (2, 3))
    assert back.redone() == history
    assert history.redone() == history
    assert back.then(4) == History(4, (1, 2))


def test_history_is_bounded() -> None:
    history = History(0)
    for value in range(MOST_STEPS + 10):
        history = history.then(value)
    assert len(history.past) == MOST_STEPS
