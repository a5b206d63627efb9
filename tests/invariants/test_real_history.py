"""Real history, 2000 to 2012: no wash sale while they are avoided; otherwise every one as the exact ledger has it."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from itertools import product

import pytest

import rebal_kit as rk
from tests.invariants.exact_ledger import disposals_of

pytestmark = pytest.mark.compiled

CENT = 0.005
SHARE = 1e-6
ACCOUNTS = (
    rk.Account("Ann", "Ann", rk.AccountKind.TAXABLE, broker="One", opening_value=600_000.0),
    rk.Account("Bob", "Bob", rk.AccountKind.TAXABLE, broker="Two", opening_value=400_000.0),
    rk.Account("IRA", "Ann", rk.AccountKind.IRA, broker="One", opening_value=300_000.0),
    rk.Account("Roth", "Bob", rk.AccountKind.ROTH_IRA, broker="Two", opening_value=200_000.0),
)
BANDS = rk.ToleranceBand(relative=0.25)
#: What is compared of a sale: shares, then US$.
FIGURES = ("quantity", "gain", "disallowed", "permanent")
#: Losses worth so much leave chains of wash sales short enough for fractions.
LARGE, LARGE_MONTHLY = rk.Harvest(0.10, 1_000.0), rk.Harvest(0.10, 1_000.0, look="month")
TRIGGERS = {
    "quarterly": rk.Calendar("quarter"),
    "monthly band": rk.Threshold(BANDS, look="month", level="security"),
    "daily band": rk.Threshold(BANDS, look=1, level="security"),
}


@cache
def stocks() -> rk.Market:
    return rk.load_market("stocks")


def direct_index(count: int, partners: bool = False) -> rk.Household:
    """US stocks in equal parts, in four accounts; two are held to be identical, and some may have a partner."""
    names = [security.symbol for security in stocks().securities if security.size][:count]
    owners = names[: count - count // 4] if partners else names
    idle = names[len(owners) :]
    index = rk.AssetClass(
        "US stocks", dict.fromkeys(owners, 1 / len(owners)) | dict.fromkeys(idle, 0.0),
        {owner: [partner] for owner, partner in zip(owners, idle, strict=False)},
    )  # fmt: skip
    return rk.Household(
        "direct index", ACCOUNTS, rk.TargetAllocation({index: 1.0}), rk.TaxProfile(ordinary_income=300_000.0),
        identical=((names[3], names[4]),), complete=True,
    )  # fmt: skip


def policy(trigger: str, dividends: str, choose: str, more: bool, **given: object) -> rk.RebalancePolicy:
    """A policy with a daily harvest; with `more`, losses beside gains and the way back to the preferred member too."""
    back = "no_short_gain" if more else "at_loss"
    settings = {
        "harvest": rk.Harvest(0.03, 100.0, look=1, choose=choose, switch_back=back),
        "gains": rk.GainLimits(short="minimise", pair=more), "dividends": dividends,
    } | given  # fmt: skip
    return rk.RebalancePolicy(f"{trigger}, {choose}", TRIGGERS[trigger], **settings)


POLICIES = [
    pytest.param(given, id=" ".join(map(str, given)))
    for given in product(TRIGGERS, ("cash", "reinvest"), ("underweight", "correlated"), (False, True))
]


@pytest.mark.parametrize("given", POLICIES)
@pytest.mark.parametrize("coordinate", [True, False], ids=["household", "alone"])
def test_nothing_is_washed_while_it_is_avoided(given, coordinate):
    rules = policy(*given, coordinate=coordinate)
    couple = rk.backtest(rk.load_market("etf"), rk.load_household("two_million"), rules)
    index = rk.backtest(stocks(), direct_index(48, partners=given[3]), rules)
    for run in (couple, index):
        assert run.metrics["wash_sale_rate"] == 0.0
        assert run.metrics["disallowed"] == 0.0
        assert (run.journal["gain"] < 0.0).any()
    assert index.metrics["harvested"] > 10_000.0


@pytest.mark.parametrize("avoid", [True, False], ids=["avoided", "washed"])
def test_the_whole_index_is_audited(avoid):
    rules = policy("quarterly", "reinvest", "underweight", more=False, avoid_wash_sales=avoid, harvest=LARGE)
    run = rk.backtest(stocks(), direct_index(len(stocks().securities)), rules)
    assert run.metrics["wash_sale_rate"] == 0.0 if avoid else 0.05 < run.metrics["wash_sale_rate"] < 1.0
    found = run.audit()
    assert found.clean, found.differences.head(20)
    assert found.sales > 10_000


@pytest.mark.parametrize(
    ("count", "trigger", "dividends"),
    [(12, "quarterly", "reinvest"), (25, "monthly band", "reinvest"), (25, "quarterly", "cash")],
)
def test_every_wash_sale_is_that_of_the_exact_ledger(count, trigger, dividends):
    washing = {"avoid_wash_sales": False, "harvest": LARGE_MONTHLY}
    rules = policy(trigger, dividends, "underweight", more=False, **washing)
    run = rk.backtest(stocks(), direct_index(count), rules)
    said = run.journal[(run.journal["side"] == "sell") & (run.journal["term"] != "")]
    said = said.groupby([said["date"].dt.date, "account", "symbol", "lot", "holding_start", "term"])
    mine = {
        (*key[:4], key[4].date(), key[5]): tuple(row)
        for key, row in zip(said.groups, said[list(FIGURES)].sum().to_numpy(), strict=True)
    }
    theirs: dict[tuple[object, ...], list[float]] = defaultdict(lambda: [0.0] * len(FIGURES))
    for sold in disposals_of(run):
        term = "LT" if sold.long else "ST"
        row = theirs[sold.date, sold.account, sold.symbol, sold.label, sold.start, term]
        for at, name in enumerate(FIGURES):
            row[at] += float(getattr(sold, name))
    assert mine.keys() == theirs.keys()
    for key, row in mine.items():
        assert row[0] == pytest.approx(theirs[key][0], rel=0, abs=SHARE), key
        assert row[1:] == pytest.approx(theirs[key][1:], rel=0, abs=CENT), key
    assert run.metrics["disallowed"] == pytest.approx(sum(row[2] for row in theirs.values()), rel=0, abs=CENT)
    assert run.metrics["permanent"] == pytest.approx(sum(row[3] for row in theirs.values()), rel=0, abs=CENT)
    assert run.metrics["disallowed"] > 1_000_000.0
    assert run.metrics["permanent"] > 100_000.0


def test_the_exact_ledger_finds_no_wash_sale_where_they_are_avoided():
    run = rk.backtest(stocks(), direct_index(25), policy("monthly band", "reinvest", "correlated", more=True))
    sold = disposals_of(run)
    assert sum(one.gain < 0 for one in sold) > 1_000
    assert float(sum(one.disallowed for one in sold)) < CENT
