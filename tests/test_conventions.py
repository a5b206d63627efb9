"""Readings of the wash-sale law: cautious defaults, one finding for each wrong value, and nothing lost in a file."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rebal_kit.conventions import HOLDING, IGNORABLE, SPOUSE_BASIS, WashSaleConventions
from rebal_kit.domain import Account, AccountKind, Household
from rebal_kit.files.household import load_household, save_household
from rebal_kit.findings import HouseholdError
from rebal_kit.targets import TargetAllocation

# The debated cases and the reading that is taken when a household says nothing.
DEFAULTS = {
    "count_disposed_purchases": False,  # a purchase that is sold again has nothing left to replace
    "ignore_lots_older_than_sold_lot": False,  # both inside 30 days: a replacement, as brokers have it
    "row_level_matching": False,  # the shares of one order leave together
    "parent_excluded": True,  # the rest of a lot does not replace its own shares (Rev. Rul. 56-602)
    "merge_fills": True,  # executions of one order are one purchase
    "spouse_basis": "step_up",  # joint returns: into the basis of the other spouse
    "holding": "tacking",  # §1223(3): the days held are added
    "ignore_account_types": (),  # a 401(k) or HSA is taken like an IRA
}
HOUSEHOLD = Household("h", (Account("A", "x", AccountKind.TAXABLE),), TargetAllocation({}))


def faults(**given: Any) -> list[tuple[str, str, str]]:
    with pytest.raises(HouseholdError) as caught:
        WashSaleConventions(**given)
    return [(f.where, f.what, f.remedy) for f in caught.value.findings]


def test_defaults_are_the_cautious_practice() -> None:
    usual = WashSaleConventions()
    assert {field.name: getattr(usual, field.name) for field in fields(usual)} == DEFAULTS
    assert usual == HOUSEHOLD.conventions


@pytest.mark.parametrize("name", [name for name, value in DEFAULTS.items() if isinstance(value, bool)])
@pytest.mark.parametrize("value", ["yes", 1, 0, None])
def test_a_switch_is_true_or_false(name: str, value: Any) -> None:
    assert faults(**{name: value}) == [("conventions", f"{name} is {value!r}", "give True or False")]


@pytest.mark.parametrize(
    ("name", "value", "what", "remedy"),
    [
        ("spouse_basis", "none", "spouse_basis is 'none'", "use step_up or permanent"),
        ("spouse_basis", None, "spouse_basis is None", "use step_up or permanent"),
        ("spouse_basis", "STEP_UP", "spouse_basis is 'STEP_UP'", "use step_up or permanent"),
        ("holding", "days", "holding is 'days'", "use tacking or replacement_method"),
        ("holding", ["tacking"], "holding is ['tacking']", "use tacking or replacement_method"),
        ("ignore_account_types", ["ira"], "one of ignore_account_types is 'ira'",
         "use 401k or hsa; purchases by an IRA replace by Rev. Rul. 2008-5"),
        ("ignore_account_types", "roth_ira", "one of ignore_account_types is 'roth_ira'",
         "use 401k or hsa; purchases by an IRA replace by Rev. Rul. 2008-5"),
        ("ignore_account_types", [401], "one of ignore_account_types is '401'",
         "use 401k or hsa; purchases by an IRA replace by Rev. Rul. 2008-5"),
        ("ignore_account_types", None, "one of ignore_account_types is 'none'",
         "use 401k or hsa; purchases by an IRA replace by Rev. Rul. 2008-5"),
    ],
)  # fmt: skip
def test_one_wrong_value_one_finding(name: str, value: Any, what: str, remedy: str) -> None:
    assert faults(**{name: value}) == [("conventions", what, remedy)]


def test_all_wrong_values_at_once() -> None:
    found = faults(merge_fills="no", holding="x", spouse_basis=3, ignore_account_types=["x", "401k", "y"])
    assert len(found) == 5


def test_account_types_are_told_in_any_case_and_once() -> None:
    assert WashSaleConventions(ignore_account_types=["401K", "HSA", "401k"]).ignore_account_types == (  # type: ignore[arg-type]
        "401k",
        "hsa",
    )
    assert WashSaleConventions(ignore_account_types="HSA").ignore_account_types == ("hsa",)  # type: ignore[arg-type]


CONVENTIONS = st.builds(
    WashSaleConventions,
    *(st.booleans() for value in DEFAULTS.values() if isinstance(value, bool)),
    spouse_basis=st.sampled_from(SPOUSE_BASIS),
    holding=st.sampled_from(HOLDING),
    ignore_account_types=st.lists(st.sampled_from(IGNORABLE), unique=True).map(tuple),
)


@given(CONVENTIONS)
def test_what_is_saved_is_loaded(
    tmp_path_factory: pytest.TempPathFactory, conventions: WashSaleConventions
) -> None:
    household = replace(HOUSEHOLD, conventions=conventions)
    path = save_household(household, tmp_path_factory.mktemp("conventions") / "h.yaml")
    assert load_household(path) == household


def test_a_file_says_only_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "h.yaml"
    save_household(HOUSEHOLD, path)
    assert "conventions" not in path.read_text()
    save_household(replace(HOUSEHOLD, conventions=WashSaleConventions(holding="replacement_method")), path)
    assert path.read_text().endswith("conventions:\n  holding: replacement_method\n")


@pytest.mark.parametrize(
    ("text", "where", "what", "remedy"),
    [
        ("{merge_fills: yes}", ".merge_fills", "is 'yes', not true or false", "write true or false"),
        ("{merge_fill: true}", ".merge_fill", "unknown field 'merge_fill'", "did you mean 'merge_fills'?"),
        ("{spouse_basis: stepup}", ".spouse_basis", "is 'stepup'", "did you mean 'step_up'?"),
        ("{holding: days}", ".holding", "is 'days'", "use one of tacking, replacement_method"),
        ("{ignore_account_types: [ira]}", "", "conventions: one of ignore_account_types is 'ira'",
         "use 401k or hsa; purchases by an IRA replace by Rev. Rul. 2008-5"),
        ("[tacking]", "", "is a list of 1, not named values",
         "give how disputed questions of the wash-sale law are read"),
    ],
)  # fmt: skip
def test_faults_in_a_file_have_their_line(
    tmp_path: Path, text: str, where: str, what: str, remedy: str
) -> None:
    path = tmp_path / "h.yaml"
    path.write_text(f"accounts: [{{name: A, owner: x, type: ira}}]\nconventions: {text}\n")
    with pytest.raises(HouseholdError) as caught:
        load_household(path)
    assert [(f.where, f.what, f.remedy) for f in caught.value.findings] == [
        (f"{path} line 2, conventions{where}", what, remedy)
    ]
