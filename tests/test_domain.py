"""The nouns: they check themselves, print as their own code, and every reason has a sentence."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from rebal_kit.domain import (
    Account,
    AccountKind,
    Household,
    Reason,
    Security,
    TaxLot,
    TaxProfile,
    Trade,
    code_of,
)
from rebal_kit.findings import Finding, HouseholdError, RebalError, raise_errors
from rebal_kit.targets import TargetAllocation

LOTS = (TaxLot("1", "A", 10, 100.0, dt.date(2024, 1, 2)), TaxLot("2", "Z", 1, 5.0, dt.date(2024, 1, 3)))


def test_mistakes_in_a_tax_profile_are_all_said_at_once() -> None:
    with pytest.raises(HouseholdError) as caught:
        TaxProfile(
            "joint",
            carryover_short=-1.0,
            carryover_long=-2.0,
            state_rate=5.0,
            flat=(0.3, -0.1, 1.0),
            retirement_rate=1.5,
        )  # type: ignore[arg-type]
    assert str(caught.value).splitlines() == [
        "tax profile: filing is 'joint' — use single, mfj, mfs or hoh",
        "tax profile: carryover_short is -1 — give a loss carried in as a positive number",
        "tax profile: carryover_long is -2 — give a loss carried in as a positive number",
        "tax profile: state_rate is 5 — give a fraction of 1",
        "tax profile: retirement_rate is 1.5 — give a fraction of 1",
        "tax profile: flat[1] is -0.1 — give a fraction of 1",
        "tax profile: flat[2] is 1 — give a fraction of 1",
    ]


@pytest.mark.parametrize(
    "profile",
    [
        TaxProfile(),
        TaxProfile.untaxed(),
        TaxProfile("hoh", 2024, 90_000.0, -5.0, 7.0, 1.0, 2.0, 0.05, (0.3, 0.2, 0.1), 0.0),
    ],
)
def test_a_tax_profile_prints_as_the_code_that_makes_it(profile: TaxProfile) -> None:
    assert eval(repr(profile)) == profile
    assert hash(eval(repr(profile))) == hash(profile)


def test_defaults_are_left_out_of_print() -> None:
    assert repr(TaxProfile()) == "TaxProfile()"
    assert repr(TaxProfile(state_rate=0.05)) == "TaxProfile(state_rate=0.05)"
    assert code_of(Security("A", size="large")) == "Security(symbol='A', size='large')"


def test_a_household_names_every_security_once_in_order() -> None:
    accounts = (
        Account("x", "o", AccountKind.TAXABLE, lots=LOTS[:1]),
        Account("y", "o", AccountKind.IRA, lots=LOTS[1:]),
    )
    household = Household("h", accounts, TargetAllocation({"B": 0.5, "A": 0.5}))
    assert household.symbols == ("B", "A", "Z")
    assert household.lots == LOTS
    assert [a.taxable for a in accounts] == [True, False]
    assert not any(Account("a", "o", kind).taxable for kind in AccountKind if kind != "taxable")


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_a_sentence(reason: Reason) -> None:
    assert len(reason.sentence) > 10
    assert reason.sentence[0].islower()
    assert not reason.sentence.endswith(".")


def test_reasons_keep_their_numbers() -> None:
    """They are stored in journals."""
    assert {reason.name: int(reason) for reason in Reason} == {
        "OPENING": 0, "CALENDAR": 1, "THRESHOLD": 2, "TIER": 3, "BALANCE": 4, "INVEST_CASH": 5, "HARVEST": 6,
        "REPLACEMENT": 7, "REINVEST": 8, "RAISE_TAX": 9, "GIVEN": 10, "WASH_WINDOW_BUY": 20, "WASH_WINDOW_SALE": 21,
        "NO_REPLACEMENT": 22, "BELOW_MINIMUM": 23, "GAIN_GUARD": 24, "NOT_TRADED": 25, "NO_CASH": 26,
    }  # fmt: skip
    assert len({reason.sentence for reason in Reason}) == len(Reason)


@pytest.mark.parametrize(
    "noun",
    [
        LOTS[0],
        TaxProfile(),
        Security("A"),
        Trade(dt.date(2024, 1, 2), "a", "A", "buy", 1, 2, 0, Reason.OPENING),
    ],
)
def test_nouns_are_frozen(noun) -> None:
    name = dataclasses.fields(noun)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(noun, name, "other")


def test_errors_carry_every_finding_and_notes_pass() -> None:
    note, error = Finding("note", "here", "is a note"), Finding("error", "there", "is wrong", "mend it")
    assert raise_errors(RebalError, [note]) == (note,)
    with pytest.raises(RebalError) as caught:
        raise_errors(RebalError, [note, error, error])
    assert caught.value.findings == (error, error)
    assert str(caught.value) == "there: is wrong — mend it\nthere: is wrong — mend it"
    assert str(note) == "here: is a note"
    assert RebalError(error).findings == (error,)
    assert isinstance(caught.value, ValueError)
