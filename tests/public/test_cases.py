"""Every worked case through what users use: a ledger and a household file in, a report or a return out."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

import rebal_kit as rk
from tests.cases import CATEGORIES, load_cases
from tests.oracle.examples import EXAMPLES
from tests.public.expectations import Told, answered, cents, check, same, summed
from tests.public.ledgers import report_of_files, write_story

CASES = [case for category in CATEGORIES for case in load_cases(category) if "trades" in case]
ALTERNATIVES = [
    pytest.param(case, other, id=f"{case['id']}-{number}")
    for case in CASES
    for number, other in enumerate(case.get("alternatives", ()))
]
READINGS = [
    pytest.param(example, reading, id=f"{example['id']}-{number}")
    for example in EXAMPLES
    for number, reading in enumerate(example["readings"])
]
#: What an expectation may say that no report does: when a sale settles, the window's own dates, days outside of it;
#: what other lots would have cost has a test of its own.
NOT_REPORTED = {"settlement_date", "window_start", "window_end", "days_held_total", "tax_at"}
NOWHERE = "in no lot: shares sold before"
STANDARD_DEDUCTION = {"single": 15_750, "mfs": 15_750}  # of 2025


def told_of(story: dict[str, Any], folder: Path, **household: Any) -> Told:
    return answered(*write_story(story, folder, **household))


def under_a_method(case: dict[str, Any], method: str, lot: str) -> dict[str, Any]:
    """The case with its sale by another method, or of a named lot."""
    trades = []
    for trade in case["trades"]:
        if trade["side"] == "sell":
            bare = {name: value for name, value in trade.items() if name not in {"lots", "lot_method"}}
            named = {"lots": [[lot, trade["quantity"]]]} if method == "spec_id" else {"lot_method": method}
            trades.append(bare | named)
        else:
            trades.append(trade)
    return {**case, "trades": trades}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_case(case, tmp_path):
    checked = check(told_of(case, tmp_path), case, case["expect"])
    assert checked
    assert checked | NOT_REPORTED >= set(case["expect"]), "something expected was not compared"


@pytest.mark.parametrize(("case", "other"), ALTERNATIVES)
def test_a_case_read_otherwise(case, other, tmp_path):
    story = {**case, "conventions": other.get("policy", {})}
    rest = set(other) - {"policy", "notes"}
    if "lot_method" in other:
        story = under_a_method(story, other["lot_method"], other["lot"])
        rest -= {"lot_method", "lot", "term"}
    told = told_of(story, tmp_path)
    if "lot_method" in other:
        assert [(row["lot"], row["term"]) for row in told["disposals"]] == [(other["lot"], other["term"])]
    assert check(told, story, other) == rest != set()


@pytest.mark.parametrize(("example", "reading"), READINGS)
def test_an_example_reckoned_by_hand(example, reading, tmp_path):
    """What the cases leave open: orders of several lots, executions, splits, pieces, averages."""
    told = told_of({**example, "conventions": reading["conventions"]}, tmp_path)
    keys, names = ("lot", "term"), ("quantity", "gain", "disallowed")
    same(summed(told["disposals"], keys, names), summed(reading["disposals"], keys, names))
    keys, names = ("lot", "holding_start"), ("quantity", "basis")
    same(summed(told["open_lots"], keys, names), summed(reading["open_lots"], keys, names))
    totals = dict(reading["totals"])
    nowhere = sum(row["disallowed"] for row in told["wash_sales"] if row["fate"] == NOWHERE)
    assert nowhere == cents(totals.pop("unattached", nowhere))
    open_still = told["totals"]["deferred_open"]
    assert open_still - nowhere == cents(totals.pop("deferred", open_still - nowhere))
    check(told, example, {"totals": totals})


@pytest.mark.parametrize(
    "case", [case for case in CASES if "tax_at" in case["expect"]], ids=lambda case: case["id"]
)
@pytest.mark.parametrize("method", ["HIFO", "MIN_TAX"])
def test_what_the_order_of_lots_costs(case, method, tmp_path):
    at = case["expect"]["tax_at"]
    rates = f"flat: [{at['st_rate']}, {at['lt_rate']}, {at['lt_rate']}]"
    told = told_of(under_a_method(case, method.lower(), ""), tmp_path, tax=rates)
    assert sum(year["tax"] for year in told["schedule_d"].values()) == cents(at[method])
    if method == "MIN_TAX":
        assert {row["lot"] for row in told["disposals"]} == {at["min_tax_lot"]}


@pytest.mark.parametrize("case", load_cases("netting"), ids=lambda case: case["id"])
def test_netting_on_schedule_d(case, tmp_path):
    """A share held since before 2025 is sold for each gain or loss; wages give the case's taxable income on line 15."""
    given = case["given"]
    net = given["short"] + given["long"] - given["carry_short"] - given["carry_long"]
    filing = {3_000: "single", 1_500: "mfs"}[given["loss_limit"]]
    tax = {
        "filing": filing, "law_year": 2025,
        "ordinary_income": given["taxable_income"] + STANDARD_DEDUCTION[filing] - max(net, -given["loss_limit"]),
        "carryover_short": given["carry_short"], "carryover_long": given["carry_long"],
    }  # fmt: skip
    household = "accounts: [{name: TX1, owner: A, type: taxable}]\nas_of: 2025-01-01\nlots: LOTS.csv\n"
    (tmp_path / "HOUSEHOLD.yaml").write_text(f"{household}tax: {tax}", encoding="utf-8")
    lots = ["TX1,SHORT,1,100000,2024-12-02,A", "TX1,LONG,1,100000,2023-01-03,B"]
    (tmp_path / "LOTS.csv").write_text(
        "\n".join(["account,symbol,quantity,basis,acquired,lot", *lots]), encoding="utf-8"
    )
    sales = [f"2025-06-02,TX1,SELL,{term.upper()},1,{100_000 + given[term]}" for term in ("short", "long")]
    (tmp_path / "LEDGER.csv").write_text(
        "\n".join(["date,account,action,symbol,quantity,price", *sales]), encoding="utf-8"
    )
    report = report_of_files(tmp_path / "LEDGER.csv", tmp_path / "HOUSEHOLD.yaml")
    year = report.years.loc[2025]
    assert (year["short"], year["long"]) == (given["short"], given["long"])
    for name, value in case["expect"].items():
        if name not in {"taxed_short", "taxed_long"}:  # `rebal_kit.income_tax` says that
            assert year[name] == cents(value), name


@pytest.mark.parametrize("case", load_cases("params"), ids=lambda case: case["id"])
@pytest.mark.parametrize("filing", ["single", "mfj"])
def test_edges_and_rates_of_the_law(case, filing):
    """A thousand dollars on either side of each edge."""
    year, expect, stated = case["given"]["year"], case["expect"], case["expect"][filing]
    standard = stated["standard_deduction"]

    def tax(**amounts: float) -> rk.IncomeTax:
        return rk.income_tax(year=year, filing=filing, **amounts)

    for edge, (below, above) in zip(
        stated["ordinary_upper"], zip(expect["ordinary_rates"], expect["ordinary_rates"][1:], strict=False), strict=True
    ):  # fmt: skip
        at = tax(wages=standard + edge).ordinary_tax
        assert at - tax(wages=standard + edge - 1_000).ordinary_tax == cents(1_000 * below)
        assert tax(wages=standard + edge + 1_000).ordinary_tax - at == cents(1_000 * above)
    zero, fifteen = stated["ltcg_0_15_upper"]
    gains = tax(wages=standard, net_lt=fifteen + 1_000)
    assert (gains.at_0, gains.at_15, gains.at_20) == (cents(zero), cents(fifteen - zero), cents(1_000))
    rates = zip(expect["ltcg_rates"], (gains.at_0, gains.at_15, gains.at_20), strict=True)
    assert gains.pref_tax == cents(sum(rate * amount for rate, amount in rates))
    assert tax(wages=stated["niit_threshold"] - 2_000, ordinary_dividends=2_000).niit == 0
    assert tax(wages=stated["niit_threshold"] - 2_000, ordinary_dividends=3_000).niit_base == cents(1_000)
    assert tax(wages=100_000, net_lt=-9_999).loss_deduction == expect["loss_limit"]
    apart = rk.income_tax(year=year, filing="mfs", wages=100_000, net_lt=-9_999)
    assert apart.loss_deduction == expect["loss_limit_mfs"]


@pytest.mark.parametrize("case", load_cases("gifts"), ids=lambda case: case["id"])
def test_gifts(case):
    given, expect = case["given"], case["expect"]
    on = dt.date(2025, 6, 2)
    bought = {"LT": dt.date(2023, 1, 3), "ST": dt.date(2025, 1, 2)}
    lots = [
        rk.TaxLot(name, "X", quantity, basis * quantity, bought[term])
        for name, (term, basis, quantity) in given["lots"].items()
    ]  # fmt: skip
    rows = rk.gift_lots(lots, given["price"], given["gift_value"], on)
    (chosen,) = rows[rows["status"] == "give"].to_dict("records")
    assert (chosen["lot"], chosen["quantity"]) == (expect["lot"], cents(expect["quantity"]))
    assert chosen["fair_market_value"] == cents(expect["fmv"])
    assert chosen["deduction"] == cents(expect["deduction"])
    assert chosen["gain_never_taxed"] == cents(expect["gain_avoided"])
    rejected = rows[rows["status"] == "reject"]
    assert rejected[["lot", "reason"]].to_dict("records") == expect["rejected"]


def test_every_case_is_tried_through_the_public_interface():
    """Those of `tax` and `returns` are in tests/rules/test_income.py, where `rebal_kit.income_tax` is tested."""
    here = {case["id"] for case in CASES} | {
        case["id"] for name in ("netting", "params", "gifts", "tax", "returns") for case in load_cases(name)
    }
    assert here == {case["id"] for category in CATEGORIES for case in load_cases(category)}
    assert len(CASES) >= 45
    assert len(ALTERNATIVES) >= 7
