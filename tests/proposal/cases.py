"""Documents that are right, orders of which one thing is wrong, and changes of one entry of a document."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

from rebal_kit.conventions import WashSaleConventions
from rebal_kit.costs import Costs
from rebal_kit.gain_limits import GainLimits
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.to_date import LossSale, YearToDate
from tests.proposal.documents import (
    ASOF,
    HOUSEHOLD,
    POLICY,
    PRICES,
    buy,
    lot,
    sell,
    told,
    with_account,
    with_lots,
)

#: Worked out by hand: 40 A at 100 less 4 of spread and 1 of commission, for a fifth of a basis of 8,000 …
BY_HAND: dict[str, Any] = {
    "asof": "2026-08-12", "solver": "greedy",
    "trades": [
        {"account": "Main", "broker": "Schwab", "symbol": "A", "side": "sell", "quantity": 40, "price": 100.0,
         "amount": 4_000.0, "cost": 5.0, "reason": "weight left its band",
         "lots": [{"lot": "a1", "acquired": "2020-05-04", "quantity": 40, "term": "long", "gain": 795.0,
                   "disallowed": 0}]},
        {"account": "Main", "broker": "Schwab", "symbol": "B", "side": "buy", "quantity": 150, "price": 20.0,
         "amount": 3_000.0, "cost": 4.0, "reason": "weight left its band", "lots": []},
    ],
    "tax": {"short_gain": 0, "long_gain": 795.0, "disallowed": 0, "tax_now": 159.0}, "cost": 9.0,
    # Of 24,500 there are 17,000 A, 5,000 B, 1,000 C and 1,500 in cash; of 24,491 then 13,000, 8,000, 1,000 and 2,491.
    "drift": {"before": 0.19387755, "after": 0.059168674},
    "cash": [{"account": "Main", "before": 1_000.0, "after": 1_991.0},
             {"account": "Roth", "before": 500.0, "after": 500.0}],
    "objective": {}, "blocked": [], "findings": [],
}  # fmt: skip
#: … and a harvest: 50 A at 100 less 6 for a basis of 6,000, and what that brings in A2 at 50.
HARVEST: dict[str, Any] = {
    "asof": "2026-08-12", "solver": "optimal",
    "trades": [
        {"account": "Main", "broker": "Schwab", "symbol": "A", "side": "sell", "quantity": 50, "price": 100.0,
         "amount": 5_000.0, "cost": 6.0, "reason": "harvest a loss",
         "lots": [{"lot": "a2", "acquired": "2026-03-02", "quantity": 50, "term": "short", "gain": -1_006.0,
                   "disallowed": 0}]},
        {"account": "Main", "broker": "Schwab", "symbol": "A2", "side": "buy", "quantity": 99, "price": 50.0,
         "amount": 4_950.0, "cost": 5.95, "reason": "replace a harvested holding", "lots": []},
    ],
    "tax": {"short_gain": -1_006.0, "long_gain": 0, "disallowed": 0, "tax_now": -402.4}, "cost": 11.95,
    # Of 24,488.05 then 16,950 A and A2, 5,000 B, 1,000 C, 1,538.05 in cash.
    "drift": {"before": 0.19387755, "after": 0.19217428},
    "cash": [{"account": "Main", "before": 1_000.0, "after": 1_038.05}],
}  # fmt: skip


def days_ago(days: int) -> dt.date:
    return ASOF - dt.timedelta(days)


def recent(days: int, symbol: str = "A", name: str = "new") -> Any:
    """A lot at a loss bought so many days ago."""
    return lot(name, symbol, 30, 30 * 1.2 * PRICES[symbol], days_ago(days).isoformat())


def sold_at_loss(days: int, symbol: str = "B", account: str = "Main") -> tuple[LossSale, ...]:
    return (LossSale(account, symbol, days_ago(days), 10.0, 100.0),)


def lose(*lots: tuple[str, float], **more: Any) -> Any:
    return sell("Main", "A", *lots or (("a2", 50.0),), **more)


def gain(limits: GainLimits, **more: Any) -> Any:
    return replace(POLICY, gains=limits, **more)


IDENTICAL = replace(HOUSEHOLD, identical=(("A", "A2"),))
OWED = replace(HOUSEHOLD, year_to_date=YearToDate(tax_owed=5_000.0))
NEVER = gain(GainLimits("never"))
TIGHT = with_account(HOUSEHOLD, "Main", min_cash=800.0)
DECEMBER = with_lots(HOUSEHOLD, "Main", lot("edge", "A", 10, 500, "2025-08-12"))  # long-term tomorrow
LATE = with_lots(HOUSEHOLD, "Main", lot("late", "A", 10, 500, "2025-08-11"))  # long-term today
READ = WashSaleConventions(ignore_account_types=("401k",))
PLAN = with_account(replace(HOUSEHOLD, conventions=READ), "Roth", kind="401k")
TINY = replace(POLICY, min_trade_usd=500.0)
WHOLE = replace(POLICY, whole_shares=True)


def case(*orders: Any, household: Any = HOUSEHOLD, policy: Any = POLICY) -> Any:
    return told(*orders, household=household, policy=policy), household, policy


RIGHT: dict[str, Any] = {
    "nothing": case(),
    "sale and purchase": case(sell("Main", "A", ("a1", 40)), buy("Main", "B", 150)),
    "purchase before the sale that pays for it": case(buy("Main", "B", 150), sell("Main", "A", ("a1", 40))),
    "a harvest and its partner": case(lose(), buy("Main", "A2", 99)),
    "several lots, one loss": case(sell("Main", "A", ("a1", 10), ("a2", 50), ("a3", 2))),
    "in an untaxed account": case(sell("Roth", "C", ("r1", 50)), buy("Roth", "A2", 8)),
    "a loss bought 31 days ago": case(lose(), household=with_lots(HOUSEHOLD, "Roth", recent(31))),
    "a purchase of 10 days ago sold whole": case(
        sell("Main", "B", ("new", 30)), household=with_lots(HOUSEHOLD, "Main", recent(10, "B"))
    ),
    "a part of such a purchase": case(
        sell("Main", "B", ("new", 10)), household=with_lots(HOUSEHOLD, "Main", recent(10, "B"))
    ),
    "with it the only other such purchase": case(
        sell("Main", "A", ("new", 30), ("a2", 50)), household=with_lots(HOUSEHOLD, "Main", recent(10))
    ),
    "shares that replaced others before": case(
        lose(), household=with_lots(HOUSEHOLD, "Away", replace(recent(10), deferred=5.0))
    ),
    "a loss of 31 days ago": case(buy("Main", "B", 10), household=replace(HOUSEHOLD, loss_sales=sold_at_loss(31))),
    "a loss in an untaxed account": case(
        buy("Main", "C", 10), household=replace(HOUSEHOLD, loss_sales=sold_at_loss(3, "C", "Roth"))
    ),
    "a purchase in a plan that is not counted": case(lose(), buy("Roth", "A", 2), household=PLAN),
    "a loss sale, and a purchase in such a plan": case(
        buy("Roth", "B", 10), household=replace(PLAN, loss_sales=sold_at_loss(3))
    ),
    "older lots where they are not counted": case(
        sell("Main", "A", ("newer", 30)),
        household=replace(
            with_lots(HOUSEHOLD, "Main", recent(20), recent(10, name="newer")),
            conventions=WashSaleConventions(ignore_lots_older_than_sold_lot=True),
        ),
    ),
    "a small sale of a whole position": case(sell("Main", "L", ("l1", 10)), policy=gain(
        GainLimits(sell_legacy=True), min_trade_usd=500.0)),
    "a whole position of parts of shares": case(
        sell("Roth", "C", ("r1", 100), ("part", 0.5)), policy=WHOLE,
        household=with_lots(HOUSEHOLD, "Roth", lot("part", "C", 0.5, 5, "2020-01-02")),
    ),
    "a short-term gain for a tax": case(
        sell("Main", "A", ("a3", 20), reason="raise cash for income tax due"), household=OWED, policy=NEVER
    ),
    "a small sale for a reserve": case(
        sell("Main", "A", ("a1", 1), reason="restore the account's cash reserve"), policy=TINY,
        household=with_account(HOUSEHOLD, "Main", min_cash=1_090.0),
    ),
    "a reserve that is short and does not fall": case(
        sell("Main", "A", ("a1", 40)), buy("Main", "B", 190),
        household=with_account(HOUSEHOLD, "Main", min_cash=3_000.0),
    ),
    "a long-term gain under a ban of short ones": case(sell("Main", "A", ("late", 10)), household=LATE, policy=NEVER),
    "a gain inside its budget": case(
        sell("Main", "A", ("a1", 40)), policy=gain(GainLimits(max_gain_usd=1_000.0)),
        household=replace(HOUSEHOLD, year_to_date=YearToDate(short=200.0)),
    ),
    "a gain that days of a loss make room for": case(
        lose(), sell("Main", "A", ("a1", 60)), policy=gain(GainLimits(max_gain_usd=200.0)),
    ),
    "brackets": case(
        sell("Main", "A", ("a1", 40)), buy("Main", "B", 150),
        household=replace(HOUSEHOLD, tax=TaxProfile("single", 2025, 198_000.0, outside_long=4_000.0, state_rate=0.05)),
    ),
    "fees of a broker and for shares": case(
        buy("Main", "B", 10), policy=replace(POLICY, costs=Costs(5.0, {"B": 20.0}, per_share_usd=0.01, non_native={
            "Schwab": {"B": 25.0}}))
    ),
}  # fmt: skip

WRONG: dict[str, tuple[Any, str]] = {
    "more than there is": (case(sell("Main", "A", ("a1", 101))), "lot a1: 101 shares are sold of 100"),
    "more over two trades": (
        case(sell("Main", "A", ("a1", 60)), sell("Main", "A", ("a1", 60))), "lot a1: 120 shares are sold of 100"
    ),
    "money that is not there": (case(buy("Main", "B", 60)), "cash of Main: -202.20 is left"),
    "money of another account": (
        case(sell("Main", "A", ("a1", 40)), buy("Roth", "B", 100)), "cash of Roth: -1503.00 is left"
    ),
    "a reserve spent": (case(buy("Main", "B", 15), household=TIGHT), "800.00 has to stay"),
    "a reserve that was short, and falls": (
        case(buy("Main", "B", 5), household=with_account(HOUSEHOLD, "Main", min_cash=3_000.0)), "3000.00 has to stay"
    ),
    "a loss bought back": (case(lose(), buy("Main", "A", 20)), "washed by the purchase of A in Main"),
    "a loss bought back before": (case(buy("Main", "A", 5), lose()), "washed by the purchase of A in Main"),
    "a loss bought back in a Roth": (case(lose(), buy("Roth", "A", 2)), "washed by the purchase of A in Roth"),
    "an identical partner": (
        case(lose(), buy("Main", "A2", 99), household=IDENTICAL), "washed by the purchase of A2 in Main"
    ),
    "a loss bought 30 days ago": (
        case(lose(), household=with_lots(HOUSEHOLD, "Roth", recent(30))), "washed by lot new in Roth, bought 2026-07-13"
    ),
    "a loss bought today in an account that does not count": (
        case(lose(), household=with_lots(HOUSEHOLD, "Away", recent(0))), "washed by lot new in Away"
    ),
    "the identical bought before": (
        case(lose(), household=with_lots(IDENTICAL, "Old", recent(10, "A2"))), "washed by lot new in Old"
    ),
    "a part of the other purchase is left": (
        case(sell("Main", "A", ("new", 29), ("a2", 50)), household=with_lots(HOUSEHOLD, "Main", recent(10))),
        "lot a2 is sold at a loss of 1005.63, washed by lot new",
    ),
    "the other purchase is sold later": (
        case(lose(), sell("Main", "A", ("new", 30)), household=with_lots(HOUSEHOLD, "Main", recent(10))),
        "washed by lot new",
    ),
    "the other purchase was sold before, and counts": (
        case(
            sell("Main", "A", ("new", 30)), lose(), household=replace(
                with_lots(HOUSEHOLD, "Main", recent(10)), conventions=WashSaleConventions(count_disposed_purchases=True)
            ),
        ), "lot a2 is sold at a loss of 1006.00, washed by lot new",
    ),
    "rows of one order replace each other": (
        case(
            sell("Main", "A", ("a2", 50), ("new", 30)), household=replace(
                with_lots(HOUSEHOLD, "Main", recent(10)), conventions=WashSaleConventions(row_level_matching=True)
            ),
        ), "lot a2 is sold at a loss of 1005.62, washed by lot new",
    ),
    "a loss of 30 days ago": (
        case(buy("Main", "B", 10), household=replace(HOUSEHOLD, loss_sales=sold_at_loss(30))),
        "B was sold at a loss on 2026-07-13 in Main",
    ),
    "a loss of today, in a Roth": (
        case(buy("Roth", "B", 10), household=replace(HOUSEHOLD, loss_sales=sold_at_loss(0))), "B was sold at a loss"
    ),
    "the identical of a loss": (
        case(buy("Main", "A2", 5), household=replace(IDENTICAL, loss_sales=sold_at_loss(8, "A", "Away"))),
        "A was sold at a loss on 2026-08-04 in Away",
    ),
    "a frozen account": (case(sell("Old", "B", ("o1", 10))), "the account is frozen"),
    "an excluded account": (case(buy("Away", "B", 2)), "the account is excluded"),
    "never bought": (
        case(buy("Main", "B", 10), household=replace(HOUSEHOLD, do_not_buy=("B",))), "it may not be bought"
    ),
    "never bought here": (
        case(buy("Main", "B", 10), household=with_account(HOUSEHOLD, "Main", do_not_buy=("B",))), "may not be bought"
    ),
    "never sold": (
        case(sell("Main", "A", ("a1", 9)), household=replace(HOUSEHOLD, do_not_sell=("A",))), "it may not be sold"
    ),
    "never sold here": (
        case(sell("Main", "A", ("a1", 9)), household=with_account(HOUSEHOLD, "Main", do_not_sell=("A",))),
        "it may not be sold",
    ),
    "no member": (case(buy("Main", "L", 10)), "it is no member of a class"),
    "outside the targets": (case(sell("Main", "L", ("l1", 10))), "holdings outside the targets are not sold"),
    "cash for nothing": (case(sell("Main", "A", ("a1", 9), reason="raise cash for a withdrawal")), "nothing is owed"),
    "a reserve that is full": (
        case(sell("Main", "A", ("a1", 9), reason="restore the account's cash reserve")), "that is not short"
    ),
    "a small purchase": (case(buy("Main", "B", 24), policy=TINY), "480.00 is below the smallest order of 500.00"),
    "a small sale": (case(sell("Main", "A", ("a1", 4)), policy=TINY), "400.00 is below the smallest order of 500.00"),
    "a part of a share bought": (case(buy("Main", "B", 10.5), policy=WHOLE), "10.5 are no whole shares"),
    "a part of a share sold": (case(sell("Main", "A", ("a1", 10.25)), policy=WHOLE), "10.25 are no whole shares"),
    "a short-term gain": (case(sell("Main", "A", ("a3", 5)), policy=NEVER), "lot a3 has a short-term gain of 123.50"),
    "a gain long-term tomorrow": (
        case(sell("Main", "A", ("edge", 10)), household=DECEMBER, policy=replace(POLICY, gain_guard_days=1)),
        "lot edge is long-term in 1 days",
    ),
    "a gain over its budget": (
        case(sell("Main", "A", ("a1", 40)), policy=gain(GainLimits(max_gain_usd=900.0)),
             household=replace(HOUSEHOLD, year_to_date=YearToDate(long=200.0))),
        "995.00 this year is over max_gain_usd of 900.00",
    ),
    "a gain after the budget was spent": (
        case(sell("Main", "A", ("a1", 2)), policy=gain(GainLimits(max_gain_usd=900.0)),
             household=replace(HOUSEHOLD, year_to_date=YearToDate(long=1_200.0))),
        "over max_gain_usd",
    ),
    "a gain outside the targets": (
        case(sell("Main", "L", ("l1", 10)), policy=gain(GainLimits(sell_legacy=True, max_legacy_gain_usd=100.0))),
        "198.60 this year is over max_legacy_gain_usd of 100.00",
    ),
    "an account that is not there": (case(buy("Main", "B", 10), buy("Mine", "B", 10)), "no account 'Mine'"),
    "a security without a price": (case(buy("Main", "Q", 10)), "Q has no price"),
    "a lot that is not there": (case(sell("Roth", "C", ("r1", 5), ("r9", 5))), "there is no lot r9"),
    "a lot of another account": (case(sell("Roth", "B", ("b1", 10))), "lot b1 is of B in Main"),
    "a lot of another security": (case(sell("Main", "B", ("a1", 10))), "lot a1 is of A in Main"),
    "a sale of no lots": (case({**buy("Roth", "C", 10), "side": "sell"}), "names no lots"),
}  # fmt: skip


def change(*path: Any, to: Any = None, by: float = 0.0) -> Callable[[Any], None]:
    """A change of one entry of a document."""

    def made(document: Any) -> None:
        for step in path[:-1]:
            document = document[step]
        document[path[-1]] = document[path[-1]] + by if to is None else to

    return made


def purchase_names_lots(document: Any) -> None:
    document["trades"][1]["lots"] = deepcopy(document["trades"][0]["lots"])


MUTATED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "date": (change("asof", to="2026-08-13"), "the household is of 2026-08-12"),
    "broker": (change("trades", 0, "broker", to="Vanguard"), "broker of Main is 'Schwab'"),
    "quantity": (change("trades", 0, "quantity", by=1), "quantity is 41, its lots are 40"),
    "price": (change("trades", 0, "price", by=0.01), "price is 100.01, not 100"),
    "amount": (change("trades", 1, "amount", by=0.05), "amount is 3000.05, not 3000.00"),
    "cost": (change("trades", 0, "cost", by=-0.05), "cost is 4.95, not 5.00"),
    "all costs": (change("cost", by=0.05), "9.05 is stated, the trades come to 9.00"),
    "acquired": (change("trades", 0, "lots", 0, "acquired", to="2020-05-05"), "acquired 2020-05-04"),
    "term": (change("trades", 0, "lots", 0, "term", to="short"), "term of lot a1 is 'short', not 'long'"),
    "gain": (change("trades", 0, "lots", 0, "gain", by=0.02), "gain of lot a1 is 795.02, not 795.00"),
    "lots of a purchase": (purchase_names_lots, "a purchase names lots"),
    "short gain": (change("tax", "short_gain", by=1.0), "short_gain is 1.00, not 0.00"),
    "long gain": (change("tax", "long_gain", by=-0.03), "long_gain is 794.97, not 795.00"),
    "disallowed": (change("tax", "disallowed", by=1.0), "disallowed is 1.00, not 0.00"),
    "tax": (change("tax", "tax_now", by=0.02), "tax_now is 159.02, not 159.00"),
    "cash before": (change("cash", 0, "before", by=0.02), "1000.02 before, not 1000.00"),
    "cash after": (change("cash", 0, "after", by=0.02), "1991.02 after, not 1991.00"),
    "cash of nobody": (change("cash", 1, "account", to="Mine"), "cash of Mine: there is no such account"),
    "cash not stated": (change("cash", to=[]), "cash of Main: not stated"),
    "drift before": (change("drift", "before", by=1e-4), "drift before"),
    "drift after": (change("drift", "after", by=-1e-4), "drift after"),
    "no trades": (lambda document: document.pop("trades"), "trades is None, not a list"),
    "text for a number": (change("trades", 0, "amount", to="4,000"), "amount is '4,000', not a number"),
    "no number": (change("tax", "tax_now", to=float("nan")), "tax_now is nan, not a number"),
    "side": (change("trades", 0, "side", to="short"), "side is 'short'"),
    "solver": (change("solver", to="magic"), "solver is 'magic'"),
    "no date": (change("asof", to="12 August"), "asof is '12 August'"),
}  # fmt: skip
