"""One decision: it reaches what can be reached, says why where it cannot, and has nothing to add when asked again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from rebal_kit.backtest import Backtest
from rebal_kit.costs import Costs
from rebal_kit.domain import Household
from rebal_kit.policy import LOT_METHODS, RebalancePolicy
from rebal_kit.targets import TargetAllocation
from rebal_kit.triggers import Calendar, Threshold, ToleranceBand
from tests.engine.examples import examples
from tests.invariants.random_households import SYMBOLS, flat_market, rich_households, run_of

EXAMPLES = examples(compiled=100, interpreted=8)
#: Of the household's value: less is rounding.
REACHED = 1e-6

PRICES = st.lists(st.integers(20, 160), min_size=len(SYMBOLS), max_size=len(SYMBOLS)).map(
    lambda prices: dict(zip(SYMBOLS, map(float, prices), strict=True))
)
OPEN = {"avoid_wash_sales": False, "invest_cash_above": 0.0}
#: Every class to its target in every session, the first included.
ALWAYS = Threshold(ToleranceBand(absolute=1e-12), look=1)


def without_flows(household: Household) -> Household:
    return replace(household, flows=())


def worth(run: Backtest, household: Household) -> np.ndarray:
    """(accounts, securities + 1) US$, the last column cash."""
    market = run.market
    table = np.zeros((len(household.accounts), len(market.symbols) + 1))
    for a, account in enumerate(household.accounts):
        table[a, -1] = account.cash
        for lot in account.lots:
            s = market.column(lot.symbol)
            table[a, s] += lot.quantity * market.close[0, s]
    return table


def sleeves(targets: TargetAllocation) -> list[tuple[tuple[str, ...], float]]:
    """Each weighted member with its partners, and its weight in the household."""
    found = []
    for asset_class, weight in targets.weights:
        partners = dict(asset_class.partners)
        found += [
            ((s, *partners.get(s, ())), weight * inner) for s, inner in asset_class.members if inner > 0
        ]
    return found


def least_drift(run: Backtest) -> float:
    """The least sum of absolute deviations, of the household's value, that trading inside accounts can reach."""
    household, market = run.household, run.market
    table = worth(run, household)
    wanted = sleeves(household.targets)
    accounts = [a for a, account in enumerate(household.accounts) if account.trading != "excluded"]
    columns = [[market.column(s) for s in symbols if s in market.symbols] for symbols, _ in wanted]
    total = sum(table[a, members].sum() for a in accounts for members in columns) + table[accounts, -1].sum()
    # Variables: each account's US$ in each sleeve and in cash, then over- and underweight of each of them.
    count = len(wanted) + 1
    width = len(accounts) * count + 2 * count
    low, high = np.zeros(width), np.full(width, np.inf)
    inside, amounts = np.zeros((len(accounts), width)), []
    for i, a in enumerate(accounts):
        account = household.accounts[a]
        start = i * count
        inside[i, start : start + count] = 1.0
        amounts.append(table[a, [s for members in columns for s in members]].sum() + table[a, -1])
        unsold = {*household.do_not_sell, *account.do_not_sell}
        unbought = {*household.do_not_buy, *account.do_not_buy}
        for n, (symbols, _) in enumerate(wanted):
            held = table[a, columns[n]].sum()
            if account.trading == "frozen":
                low[start + n] = high[start + n] = held
                continue
            low[start + n] = sum(table[a, market.column(s)] for s in symbols if s in unsold)
            if {*symbols} <= unbought:
                high[start + n] = held
        cash = start + count - 1
        if account.trading == "frozen":
            low[cash] = high[cash] = table[a, -1]
        else:
            # A reserve that cannot be filled because nothing may be sold is no reason to sell what is not there.
            room = amounts[-1] - low[start : start + count - 1].sum()
            low[cash] = min(account.min_cash, room)
    reach, goal = np.zeros((count, width)), np.zeros(count)
    for n in range(count):
        reach[n, n : len(accounts) * count : count] = 1.0
        reach[n, len(accounts) * count + n] = -1.0
        reach[n, len(accounts) * count + count + n] = 1.0
        goal[n] = total * (wanted[n][1] if n < len(wanted) else household.targets.cash)
    cost = np.r_[np.zeros(len(accounts) * count), np.ones(2 * count)]
    solved = linprog(
        cost, A_eq=np.vstack([inside, reach]), b_eq=np.r_[amounts, goal] / total,
        bounds=np.column_stack([low, high]) / total, method="highs",
    )  # fmt: skip
    assert solved.success, solved.message
    return float(solved.fun * total)


def drift(run: Backtest, household: Household) -> float:
    """The sum of absolute deviations of sleeves and cash, of the household's value."""
    table = worth(run, household)
    counted = [a for a, account in enumerate(household.accounts) if account.trading != "excluded"]
    values = [
        table[np.ix_(counted, [run.market.column(s) for s in symbols if s in run.market.symbols])].sum()
        for symbols, _ in sleeves(household.targets)
    ]
    cash = table[counted, -1].sum()
    total = sum(values) + cash
    goals = [weight for _, weight in sleeves(household.targets)]
    return float(
        sum(abs(value / total - goal) for value, goal in zip(values, goals, strict=True))
        + abs(cash / total - household.targets.cash)
    )


@settings(max_examples=EXAMPLES)
@given(rich_households().map(without_flows), PRICES, st.sampled_from(LOT_METHODS), st.booleans())
def test_the_target_is_reached_wherever_it_can_be_and_explained_where_not(
    household, prices, method, locate
) -> None:
    policy = RebalancePolicy("one", Calendar("session"), lot_method=method, locate=locate, **OPEN)
    run = run_of(flat_market(2, prices), household, policy)
    if least_drift(run) < 1e-9:
        assert drift(run, run.closing_household) < REACHED
    elif drift(run, run.closing_household) > REACHED:
        assert len(run.passed_over) > 0


@settings(max_examples=EXAMPLES)
@given(rich_households().map(without_flows), PRICES, st.sampled_from([0.0, 7.0]), st.booleans())
def test_asked_again_right_after_trading_it_gives_no_trade(household, prices, bps, coordinate) -> None:
    policy = RebalancePolicy("again", ALWAYS, costs=Costs(bps), coordinate=coordinate, **OPEN)
    first = run_of(flat_market(1, prices), household, policy)
    second = run_of(flat_market(1, prices), first.closing_household, policy)
    # Costs come out of what is left to invest: it is less again by the costs of the costs.
    cost = first.metrics["cost"]
    left = REACHED * first.daily["value"].iloc[0] + 3.0 * cost
    assert second.journal["amount"].sum() <= left


def by_account(run: Backtest) -> list[tuple[object, ...]]:
    rows = run.journal.groupby(["date", "account", "symbol", "side", "reason_code"])[
        ["quantity", "gain"]
    ].sum()
    return sorted((*key, *row) for key, row in zip(rows.index, rows.to_numpy(), strict=True))


@settings(max_examples=EXAMPLES)
@given(
    rich_households().map(without_flows), PRICES, st.sampled_from(LOT_METHODS), st.booleans(),
    st.randoms(use_true_random=False),
)  # fmt: skip
def test_permuting_accounts_changes_nothing_but_their_order(
    household, prices, method, locate, random
) -> None:
    assume(len(household.accounts) > 1)
    accounts = list(household.accounts)
    random.shuffle(accounts)
    policy = RebalancePolicy("one", Calendar("session"), lot_method=method, locate=locate, **OPEN)
    one = run_of(flat_market(2, prices), household, policy)
    other = run_of(flat_market(2, prices), replace(household, accounts=tuple(accounts)), policy)
    mine, theirs = by_account(one), by_account(other)
    value = one.daily["value"].iloc[0]
    least = 1e-6 * value

    def told(rows, symbols):
        return {row[:5]: row[5] for row in rows if row[5] * prices[row[2]] > least}

    mine, theirs = told(mine, prices), told(theirs, prices)
    assert mine.keys() == theirs.keys()
    for key, quantity in mine.items():
        assert abs(quantity - theirs[key]) * prices[key[2]] < least, key
