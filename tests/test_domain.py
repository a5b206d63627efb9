"""The nouns: they check themselves, print as their own code, and every reason has a sentence."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from rebal_kit.domain import Account, AccountKind, Household, Security, TaxLot
from rebal_kit.findings import Finding, HouseholdError, RebalError, raise_errors
from rebal_kit.printing import code_of
from rebal_kit.reasons import Reason
from rebal_kit.targets import TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.transactions import Trade

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


NAN = float("nan")
DAY = dt.date(2024, 1, 2)
TARGETS = TargetAllocation({"A": 1.0})


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (
            lambda: TaxLot("1", "A", 0, -1.0, DAY, dt.date(2024, 1, 3), 2.0),
            [
                "lot '1': quantity is 0 — give shares, above 0",
                "lot '1': basis is -1 — give the total in US$, 0 or more",
                "lot '1': deferred 2 exceeds basis -1 — basis includes the deferred loss",
                ("lot '1': holding_start 2024-01-03 is after acquired 2024-01-02"
                " — a wash sale moves it back, not forward"),
            ],
        ),
        (
            lambda: TaxLot("", 7, "10", NAN, "2024-01-02", "x", True),
            [
                "lot '': lot is empty — give an identifier of its own",
                "lot '': symbol is 7, not text — give a ticker",
                "lot '': quantity is '10' — give shares, above 0",
                "lot '': basis is nan — give the total in US$, 0 or more",
                "lot '': deferred is True, not a number — give the total in US$, 0 or more",
                "lot '': acquired is '2024-01-02', not a date — give a date such as date(2024, 1, 2)",
                "lot '': holding_start is 'x', not a date — give a date such as date(2024, 1, 2)",
            ],
        ),
        (
            lambda: TaxLot("1", "A", NAN, float("inf"), DAY, None, -1),
            [
                "lot '1': quantity is nan — give shares, above 0",
                "lot '1': basis is inf — give the total in US$, 0 or more",
                "lot '1': deferred is -1 — give the total in US$, 0 or more",
            ],
        ),
        (
            lambda: Account("a", "o", "broker", cash=NAN, lots=("1",), opening_value="1000"),
            [
                "account 'a': kind is 'broker' — use taxable, ira, roth_ira, 401k, hsa",
                "account 'a': cash is nan — give US$, 0 or more",
                "account 'a': one of lots is '1', no TaxLot — make it with TaxLot(…)",
                ("account 'a': opening_value is '1000', not a number"
                " — give US$, 0 or more, or None to open with lots and cash"),
            ],
        ),
        (lambda: Account("a", "o", "ira", cash=-1), ["account 'a': cash is -1 — give US$, 0 or more"]),
        (lambda: Account("", "o", ["ira"]),
         ["account '': name is empty — give a name of its own",
          "account '': kind is ['ira'] — use taxable, ira, roth_ira, 401k, hsa"]),
        (
            lambda: Security("", qualified_share=85, state_exempt=1),
            [
                "security '': symbol is empty — give a ticker",
                "security '': qualified_share is 85 — give a fraction",
                "security '': state_exempt is 1 — give True or False",
            ],
        ),
        (
            lambda: Household(
                "h",
                (Account("x", "o", "ira", lots=LOTS), Account("x", "o", "ira", lots=LOTS[:1]), None),
                {"A": 1.0},
                identical=[["A", "B"], ["B", "C"], ["D"], "EF", ["G", 5]],
                as_of="today",
                complete="yes",
                securities=(Security("A"), Security("A", state_exempt=True), "B"),
            ),
            [
                "household 'h': one of accounts is None, no Account — make it with Account(…)",
                "household 'h': one of securities is 'B', no Security — make it with Security(…)",
                "household 'h': targets is {'A': 1.0}, no TargetAllocation — make it with TargetAllocation({…})",
                "household 'h': complete is 'yes' — give True or False",
                "household 'h': as_of is 'today', not a date — give a date such as date(2024, 1, 2)",
                "household 'h': two accounts are named 'x' — give each account its own name",
                "household 'h': two lots are named '1' — name lots apart, across accounts too",
                "household 'h': security A is described twice — keep one",
                "household 'h': identical group ('D',) is no group — name two or more in each",
                "household 'h': identical group ('EF',) is no group — name two or more in each",
                "household 'h': a member of identical is 5, not text — give tickers",
                "household 'h': B stands in two groups of identical securities — join groups that share a security",
            ],
        ),
        (
            lambda: TaxProfile(
                law_year=2026.5, ordinary_income=NAN, outside_short=float("inf"), outside_long="1",
                carryover_short=NAN, state_rate="5%", flat=(0.1, 0.2), retirement_rate=True,
            ),
            [
                "tax profile: law_year is 2026.5, not a whole number — give a year such as 2026",
                "tax profile: ordinary_income is nan — give US$ a year; a loss is negative",
                "tax profile: outside_short is inf — give US$ a year; a loss is negative",
                "tax profile: outside_long is '1', not a number — give US$ a year; a loss is negative",
                "tax profile: carryover_short is nan — give a loss carried in as a positive number",
                ("tax profile: flat is (0.1, 0.2)"
                " — give three rates: short-term and ordinary, long-term, qualified dividend"),
                "tax profile: state_rate is '5%', not a number — give a fraction of 1",
                "tax profile: retirement_rate is True, not a number — give a fraction of 1",
            ],
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_where_it_is_made(build, said: list[str]) -> None:
    with pytest.raises(HouseholdError) as caught:
        build()
    assert str(caught.value).splitlines() == said


def test_what_can_be_is_accepted() -> None:
    assert Account("a", "o", "401k").kind is AccountKind.K401
    assert Account("a", "o", "ira", lots=list(LOTS)).lots == LOTS
    assert Account("a", "o", "ira", cash=-1e-9).cash < 0, "the rounding of a long sum is no debt"
    assert TaxProfile(ordinary_income=-5_000.0, flat=[0.3, 0.2, 0.1]).flat == (0.3, 0.2, 0.1)
    moment = TaxLot("1", "A", 1, 1.0, dt.datetime(2024, 1, 2, 15, 30), dt.datetime(2024, 1, 2))
    assert (moment.acquired, moment.holding_start) == (DAY, DAY)
    household = Household("h", [], TARGETS, identical=[["A", "B"]], securities=[Security("A")])
    assert (household.accounts, household.identical) == ((), (("A", "B"),))
    assert household.securities == (Security("A"),)
    assert hash(household) == hash(
        Household("h", (), TARGETS, identical=(("A", "B"),), securities=(Security("A"),))
    )


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
        "REPLACEMENT": 7, "REINVEST": 8, "RAISE_TAX": 9, "GIVEN": 10, "RAISE_CASH": 11, "REFILL_CASH": 12, "PAIRED": 13,
        "SWITCH_BACK": 14, "SWAP": 15, "LEGACY": 16, "OPTIMAL": 17, "WASH_WINDOW_BUY": 20, "WASH_WINDOW_SALE": 21,
        "NO_REPLACEMENT": 22, "BELOW_MINIMUM": 23, "GAIN_GUARD": 24, "NOT_TRADED": 25, "RESTRICTED": 26,
        "SHORT_GAIN": 27, "GAIN_BUDGET": 28, "CASH_ELSEWHERE": 29, "UNPAID": 30, "LITTLE_TO_GAIN": 31, "NOT_CALM": 32,
        "LIMIT_NOT_REACHED": 33, "VOLUME_SHARE": 34, "LOSS_GONE": 35, "ORDER_ENDED": 36,
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
