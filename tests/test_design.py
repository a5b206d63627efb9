"""A design is lazy, says all that is wrong with it at once, and its rows are the settings that it names."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal_kit.axes import HOUSEHOLD_FIELDS, Between
from rebal_kit.costs import Costs
from rebal_kit.design import Design
from rebal_kit.findings import PolicyError
from rebal_kit.policy import BUY_AND_HOLD, Harvest, RebalancePolicy
from rebal_kit.targets import TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Calendar, Threshold, ToleranceBand
from rebal_kit.variation import steps_of, with_fields
from tests.worlds import account, household_of

BASE = RebalancePolicy("base", Threshold(), harvest=Harvest())
HOUSEHOLD = household_of({"A": 0.6, "B": 0.4}, account(value=50_000.0), account("Other", value=1_000.0))


def said(build) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        build()
    return [str(finding) for finding in caught.value.findings]


@pytest.mark.parametrize("name", ["triggers[0].band.absolute", "triggers__0__band__absolute"])
def test_a_field_is_named_as_it_is_reached(name: str) -> None:
    assert steps_of(name) == ("triggers", "0", "band", "absolute")
    varied = with_fields(BASE, [(steps_of(name), 0.07)])
    assert varied == RebalancePolicy("base", Threshold(ToleranceBand(absolute=0.07)), harvest=Harvest())


def test_fields_are_set_all_at_once_so_that_only_the_whole_must_fit() -> None:
    security = Threshold(level="security")
    half = RebalancePolicy("half", Threshold(), destination="half")
    # One at a time, the first of the two would be refused.
    assert with_fields(half, [(("triggers",), (security,)), (("destination",), "target")]).triggers == (
        security,
    )
    inner = with_fields(BASE, [(("triggers", "0", "look"), "month"), (("triggers",), (Threshold(look=9),))])
    assert inner.triggers == (Threshold(look="month"),)
    assert with_fields(BASE, []) is BASE


def test_a_grid_is_every_combination_the_last_field_fastest() -> None:
    fields = {"triggers[0].look": [1, "month"], "lot_method": ["fifo", "hifo"], "costs": [Costs(), Costs(5)]}
    design = Design.grid(BASE, fields)
    assert len(design) == 8
    expected = itertools.product(fields["triggers[0].look"], fields["lot_method"], fields["costs"])
    for at, (look, method, costs) in enumerate(expected):
        policy = design[at]
        assert (policy.triggers[0].look, policy.lot_method, policy.costs) == (look, method, costs)
        assert policy.harvest == BASE.harvest
        assert design.labels(at) == ("base", look, method, repr(costs))
        assert policy.name == f"base triggers[0].look={look}, lot_method={method}, costs={costs!r}"
    assert len(set(design)) == 8


def test_several_policies_are_varied_alike_and_one_by_itself_is_itself() -> None:
    design = Design.grid([BASE, BUY_AND_HOLD], {"lot_method": ["fifo", "lifo"]})
    assert [design.labels(at) for at in range(4)] == [
        ("base", "fifo"), ("base", "lifo"), ("buy-and-hold", "fifo"), ("buy-and-hold", "lifo"),
    ]  # fmt: skip
    assert list(Design.grid([BASE, BUY_AND_HOLD])) == [BASE, BUY_AND_HOLD]
    for beyond in (-1, 4):
        with pytest.raises(IndexError):
            design[beyond]


def test_the_household_varies_slowest_whatever_the_order() -> None:
    rates = [0.0, 0.05]
    targets = {"even": TargetAllocation({"A": 0.5, "B": 0.5}), "all A": TargetAllocation({"A": 1.0})}
    design = Design.grid(BASE, {"lot_method": ["fifo", "hifo"], "tax.state_rate": rates, "targets": targets})
    seen = [design.labels(at)[1:] for at in range(len(design))]
    assert [axis.name for axis in design.axes] == ["tax.state_rate", "targets", "lot_method"]
    assert seen == list(itertools.product(rates, targets, ["fifo", "hifo"]))
    for at in range(len(design)):
        varied = design.household(at, HOUSEHOLD)
        assert varied.tax.state_rate == seen[at][0]
        assert varied.targets == targets[seen[at][1]]
        assert varied.accounts == HOUSEHOLD.accounts
        assert design[at].lot_method == seen[at][2]
    choices = [design.household_choice(at) for at in range(len(design))]
    assert [len(list(same)) for _, same in itertools.groupby(choices)] == [2] * 4
    assert Design.grid(BASE, {"lot_method": ["fifo"]}).household(0, HOUSEHOLD) is HOUSEHOLD


@given(st.integers(0, 2**40), st.integers(1, 40))
def test_a_draw_depends_on_seed_and_number_alone(seed: int, n: int) -> None:
    fields = {
        "triggers[0].band.absolute": Between(0.01, 0.2), "harvest.min_loss_usd": Between(10, 10_000, log=True),
        "gain_guard_days": Between(3, 9, whole=True), "lot_method": ["fifo", "hifo", "lifo"],
    }  # fmt: skip
    few, many = Design.random(BASE, fields, n, seed), Design.random(BASE, fields, 10 * n, seed)
    assert len(few) == n
    assert [few[at] for at in range(n)] == [many[at] for at in range(n)]
    last = many.labels(10 * n - 1)
    assert 0.01 <= last[1] <= 0.2
    assert 10 <= last[2] <= 10_000
    assert last[3] in range(3, 10)
    policy = many[10 * n - 1]
    assert (policy.triggers[0].band.absolute, policy.lot_method) == (last[1], last[4])


def test_draws_are_spread_as_asked() -> None:
    fields = {
        "triggers[0].band.absolute": Between(0.0, 0.2), "harvest.min_loss_usd": Between(1, 10_000, log=True),
        "gain_guard_days": Between(1, 4, whole=True), "lot_method": ["fifo", "hifo"], "harvest.replacements": [3, 5],
    }  # fmt: skip
    design = Design.random([BASE, RebalancePolicy("b", Threshold(), harvest=Harvest())], fields, 4_000, 1)
    names, band, usd, days, method, members = zip(*map(design.labels, range(4_000)), strict=True)
    assert np.mean(band) == pytest.approx(0.1, abs=0.004)
    assert np.mean(np.log10(usd)) == pytest.approx(2.0, abs=0.06)
    assert np.mean([at < 10 for at in usd]) == pytest.approx(0.25, abs=0.03)
    for day in (1, 2, 3, 4):
        assert days.count(day) == pytest.approx(1_000, abs=110)
    assert names.count("b") == pytest.approx(2_000, abs=130)
    assert method.count("fifo") == pytest.approx(2_000, abs=130)
    for one, other in itertools.combinations((band, usd, days, [m == "fifo" for m in method], members), 2):
        assert abs(np.corrcoef(one, other)[0, 1]) < 0.05
    assert Design.random(BASE, fields, 5, 1).labels(3) != Design.random(BASE, fields, 5, 2).labels(3)
    # The very numbers, since they must be the same on every machine and in every version.
    assert design.labels(0) == ("base", 0.14136562271292294, pytest.approx(131.77992016381248), 4, "hifo", 3)
    assert design.labels(1) == ("b", 0.1266898551975416, pytest.approx(2376.6460582290247), 2, "fifo", 5)


@given(
    st.floats(0, 1, exclude_max=True), st.integers(1, 50), st.integers(1, 50), st.booleans(), st.booleans()
)
def test_a_range_is_never_left(share: float, low: int, more: int, log: bool, whole: bool) -> None:
    span = Between(low, low + more, log, whole)
    assert low <= span.at(share) <= low + more
    assert isinstance(span.at(share), int if whole else float)
    assert span.at(0.0) == pytest.approx(low)
    assert span.at(math.nextafter(1.0, 0.0)) == pytest.approx(low + more)


def test_every_field_and_value_that_cannot_be_is_said_at_once() -> None:
    found = said(
        lambda: Design.grid(
            BASE,
            {
                "triggers[0].band.absolut": [0.1], "harvest.min_loss_pct": [0.05, 7, -1], "lot_metod": ["fifo"],
                "triggers[1].look": [1], "destination": [], "gain_guard_days": Between(1, 5),
            },
        )
    )  # fmt: skip
    assert sorted(found) == sorted([
        "design, triggers[0].band.absolut: names no field — triggers[0].band has absolute, relative, combine, lower",
        "design, harvest.min_loss_pct: harvest: min_loss_pct is 7 — 7 means 700 %; for 7 % write 0.07",
        "design, harvest.min_loss_pct: harvest: min_loss_pct is -1 — give a fraction from 0 to 1",
        ("design, lot_metod: names no field — a policy has "
         + ", ".join(RebalancePolicy.__dataclass_fields__) + "; a household has " + ", ".join(HOUSEHOLD_FIELDS)),
        "design, triggers[1].look: names no field — triggers has places 0 to 0, written triggers[0]",
        "design, destination: has no values — give at least one",
        "design, gain_guard_days: is Between(low=1, high=5), but a grid has no ranges — list the values",
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Design.grid([], {}), "design: no policies — give RebalancePolicy values"),
        (lambda: Design.grid("quarterly", {}), "design: 'quarterly' is no policy — give RebalancePolicy values"),
        (lambda: Design.random(BASE, {}, 0), "design: n is 0 — give 1 to 100,000,000 settings"),
        (lambda: Design.random(BASE, {}, 5, 0.5), "design: seed is 0.5, not a whole number — give a whole number"),
        (lambda: Between(2, 1), "between: low is 2, high is 1 — give the lower number first"),
        (lambda: Between(0, 1, log=True), "between: low is 0 — with log, give a number above 0"),
        (lambda: Between(0.5, 2, whole=True), "between: low is 0.5, not a whole number — give a number"),
        (lambda: Between("a", 2, whole="no"), "between: low is 'a', not a number — give a number"),
        (
            lambda: Design.grid(BUY_AND_HOLD, {"harvest.min_loss_pct": [0.1]}),
            ("design, harvest.min_loss_pct: names no field — harvest is None: set harvest itself, "
             "or begin with a policy that has one"),
        ),
        (
            lambda: Design.random(BASE, {"harvest.min_loss_pct": Between(0.5, 1.5)}, 9),
            "design, harvest.min_loss_pct: harvest: min_loss_pct is 1.5 — 1.5 means 150 %; for 1.5 % write 0.015",
        ),
    ],
)  # fmt: skip
def test_what_makes_no_design_is_refused(build, message: str) -> None:
    assert said(build)[0] == message


@pytest.mark.parametrize("fields", [["lot_method"], [], "lot_method", 5, np.array([1, 2])])
def test_fields_are_a_mapping(fields) -> None:
    assert "is" in said(lambda: Design.grid(BASE, fields))[0]
    assert "no Mapping — give values by field" in said(lambda: Design.random(BASE, fields, 3))[0]
    with pytest.raises(PolicyError, match="fields is None, no Mapping"):
        Design.random(BASE, None, 3)  # type: ignore[arg-type]
    assert list(Design.grid(BASE, None)) == [BASE]


def test_so_many_problems_are_listed_and_the_rest_counted() -> None:
    found = said(lambda: Design.grid(BASE, {"min_trade_usd": range(-3_000, 0)}))
    assert len(found) == 51
    assert found[-1] == "design: and 2,950 more problems — mend those above first"


@pytest.mark.parametrize(
    "values", [[1, "1"], {1: 0.0, "1": 5.0}, [None, "None"], [True, "True"], ["month", 1, 2, "2"]]
)
def test_values_that_a_column_says_alike_are_refused(values) -> None:
    found = said(lambda: Design.grid(BASE, {"triggers[0].look": values}))
    assert any("are both called" in text and "name them apart" in text for text in found)


def test_the_same_value_twice_is_no_clash_of_labels() -> None:
    assert len(Design.grid(BASE, {"triggers[0].look": [1, 1]})) == 2
    assert len(Design.grid(BASE, {"harvest": {1: None, "1": None}})) == 2


@pytest.mark.parametrize("huge", [10**400, -(10**400), 10**5000], ids=["+", "-", "longer"])
def test_whole_numbers_beyond_all_floats_are_refused(huge: int) -> None:
    sign = "-" if huge < 0 else ""
    found = said(lambda: Design.grid(BASE, {"min_trade_usd": [5.0, huge]}))
    assert [f"min_trade_usd is {sign}10^" in text for text in found] == [True]
    assert "low is" in said(lambda: Between(huge, 1))[0]
    assert "whole" not in said(lambda: Between(0, huge, whole=True))[0]
    assert "is" in said(lambda: Design.grid(BASE, {"harvest.min_loss_pct": [huge]}))[0]
    assert "n is" in said(lambda: Design.random(BASE, {}, huge))[0]


def test_a_range_is_no_longer_than_the_largest_number() -> None:
    assert said(lambda: Between(-1e308, 1e308))[0] == (
        "between: low is -1e+308, high is 1e+308: too far apart — give numbers that are nearer to each other"
    )


def test_a_field_inside_what_another_field_sets_is_found() -> None:
    design = Design.grid(BUY_AND_HOLD, {"harvest": [None, Harvest()], "harvest.min_loss_pct": [0.1, 0.2]})
    with pytest.raises(PolicyError, match="harvest is None"):
        design[0]
    assert design[3].harvest == Harvest(min_loss_pct=0.2)
    calendars = {"triggers": [Calendar(), Calendar("month")], "triggers[0].offset": [0, 3]}
    assert Design.grid(BASE, calendars)[3].triggers == (Calendar("month", 3),)


def test_values_that_fit_with_some_others_only_are_no_fault_of_the_design() -> None:
    fields = {"destination": ["half", "target"], "triggers[0].level": ["class", "security"]}
    design = Design.grid(BASE, fields)
    with pytest.raises(PolicyError, match="beside a threshold of level 'security'"):
        design[1]
    assert design[3].triggers[0].level == "security"


def test_problems_of_the_household_are_told_when_there_is_one() -> None:
    fields = {"tax.state_rate": [0.05, 2.0], "accounts[5].cash": [1.0], "tax.flat": [(0.3, 0.2, 0.2)]}
    problems = list(Design.grid(BASE, fields).household_problems([HOUSEHOLD]))
    assert [(p.field, p.value, str(p.finding)) for p in problems] == [
        ("tax.state_rate", 1, "design, tax.state_rate: tax profile: state_rate is 2 — give a fraction of 1"),
        ("accounts[5].cash", None,
         "design, accounts[5].cash: names no field — accounts has places 0 to 1, written accounts[0]"),
    ]  # fmt: skip


def test_numbers_of_numpy_are_numbers() -> None:
    design = Design.grid(
        BASE, {"harvest.min_loss_pct": np.linspace(0.1, 0.2, 3), "gain_guard_days": np.arange(2)}
    )
    assert design.labels(1) == ("base", 0.1, 1)
    assert [type(label) for label in design.labels(1)] == [str, float, int]
    assert repr(design[1].harvest) == "Harvest(min_loss_pct=0.1)"


def test_a_design_says_how_large_it_is() -> None:
    assert repr(Design.grid(BASE, {"lot_method": ["fifo", "lifo"], "costs": [Costs()]})) == (
        "<Design: 2 settings, every combination: lot_method, costs>"
    )
    assert repr(Design.random(BASE, {"tax": [TaxProfile()]}, 9_999, 3)) == (
        "<Design: 9,999 settings, drawn with seed 3: tax>"
    )
    assert repr(Design.grid(BASE)) == "<Design: 1 settings, every combination: nothing varied>"


@pytest.mark.parametrize("n", [10**8 + 1, 10**12, 10**20, 1e20])
def test_more_draws_than_fit_are_refused(n: float) -> None:
    message = said(lambda: Design.random(BASE, {"lot_method": ["fifo"]}, n))
    assert message == [f"design: n is {n:g} — give 1 to 100,000,000 settings"]


def test_more_combinations_than_fit_are_refused_and_can_be_shown() -> None:
    fields = {f"triggers[0].band.{name}": range(100) for name in ("absolute", "relative")}
    fields |= {f"harvest.{name}": range(100) for name in ("min_loss_usd", "min_loss_pct")}
    many = Design.unchecked(BASE, fields | {"cash_pct": range(100)})
    sentence = "design: combines to 10,000,000,000 settings — give 100,000,000 at most"
    assert said(lambda: len(many)) == [sentence]
    assert str(next(many.problems()).finding) == sentence
    assert repr(many).startswith("<Design: 10,000,000,000 settings, every combination: ")
    huge = Design.unchecked(BASE, {}, draws=10**20)
    assert said(lambda: huge[0]) == [
        "design: draws more than 1,000,000,000,000,000 settings — give 100,000,000 at most"
    ]
    assert "more than 1,000,000,000,000,000 settings" in repr(huge)


@pytest.mark.parametrize(
    ("name", "other"),
    [("costs.half_spread_bps", "costs__half_spread_bps"), ("triggers[0].look", "triggers[00].look"),
     ("triggers[0].look", "triggers.0.look")],
)  # fmt: skip
def test_one_field_under_two_spellings_is_refused(name: str, other: str) -> None:
    fields = {name: [1, 2], other: [3, 4]}
    for build in (lambda: Design.grid(BASE, fields), lambda: Design.random(BASE, fields, 5)):
        assert said(build) == [f"design, {other}: is the same field as {name} — leave one of them out"]
