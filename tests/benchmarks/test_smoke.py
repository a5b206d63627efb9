"""The benchmarks run, and the peers they compare with follow the same rule; no times are tested."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

import rebal_kit as rk
from benchmarks.__main__ import shown, table_of
from benchmarks.case import CONTESTS, equal_weights, grid, household_of_five, ledger, untaxed_path
from benchmarks.contests import LARGEST_DIFFERENCE, costs, execution, five_accounts, one_run
from benchmarks.measure import exponent, interleave
from benchmarks.optimal import optimal_plans
from benchmarks.peers import run_bt, vectorbt_sweep_inputs
from benchmarks.proposals import document, live_household
from benchmarks.shares import shares, steps
from benchmarks.studio import changes
from benchmarks.sweeps import sweeps

pytestmark = pytest.mark.compiled


@pytest.fixture(scope="module")
def prices() -> pd.DataFrame:
    """Four random walks of 300 sessions."""
    random = np.random.default_rng(7)
    steps = random.normal(0.0003, 0.02, (300, 4))
    dates = pd.bdate_range("2020-01-02", periods=300, name="date")
    return pd.DataFrame(50.0 * np.exp(steps.cumsum(axis=0)), dates, list("ABCD"))


@pytest.mark.parametrize("contest", CONTESTS, ids=lambda contest: contest.policy.name)
def test_peers_follow_the_same_rule(prices, contest):
    sessions, untaxed = untaxed_path(prices, contest)
    theirs = run_bt(prices, contest.band).strategy.values.to_numpy()[1:]
    assert 1 < len(sessions) < len(prices)
    np.testing.assert_allclose(theirs, untaxed, rtol=LARGEST_DIFFERENCE)


def test_a_contest_gives_rows_that_can_be_shown(prices):
    rows = list(one_run(prices, CONTESTS[0], rounds=1))
    apart = [row.value for row in rows if row.unit == "relative"]
    assert len(apart) == 3
    assert max(apart) <= LARGEST_DIFFERENCE
    assert {row.peer for row in rows if row.ratio is not None} == {"vectorbt", "bt", "bare loop"}
    console = Console(width=300)
    with console.capture() as capture:
        console.print(table_of(rows))
    assert all(row.name in capture.get() for row in rows)


def test_five_accounts_are_timed_beside_one(prices):
    rows = list(five_accounts(prices, rounds=1))
    assert [row.name.split(",")[0] for row in rows] == ["5 accounts × 4"] * 2
    assert all(row.value > 0 and "times 1 × 4" in row.note for row in rows)


def test_costs_are_timed_beside_none(prices):
    rows = list(costs(prices, rounds=1))
    assert [row.name for row in rows] == [f"costs: {CONTESTS[at].policy.name}" for at in (0, 2)]
    assert all(row.value > 0 and "times the same without costs" in row.note for row in rows)
    assert not any(f" 0 of {part}" in row.note for row in rows for part in ("commission", "spread", "impact"))


def test_ways_of_execution_are_timed_beside_the_close(prices):
    rows = list(execution(prices, rounds=1))
    assert len({row.name for row in rows}) == len(rows) == 10
    assert all(row.value > 0 and "times the trades" in row.note for row in rows)


def test_the_couple_has_all_kinds_of_accounts_and_all_the_money():
    household = household_of_five(list("ABCDE"), 5e6)
    assert {str(account.kind) for account in household.accounts} == {"taxable", "ira", "roth_ira", "401k"}
    assert sum(account.opening_value for account in household.accounts) == 5e6
    assert household.targets.symbols == tuple("ABCDE")


def test_the_grid_has_a_thousand_different_policies():
    policies = grid(1_000)
    assert len(policies) == len(set(policies)) == 1_000
    assert grid(3) == policies[:3]


def test_a_ledger_is_a_history_of_ten_years_in_six_accounts():
    trades, household = ledger(2_000)
    report = rk.tax_report(trades, household)
    assert {line.account for line in trades} == {account.name for account in household.accounts}
    assert {str(line.action) for line in trades} == {"BUY", "REINVEST", "SELL", "EX_DIVIDEND"}
    assert (report.first.year, report.last.year) == (2015, 2024)
    assert len(report.wash_sales) > 100
    assert len(report.differences) > 100


def test_money_is_the_same_in_any_number_of_accounts():
    values = [sum(a.opening_value for a in equal_weights(["A", "B"], n).accounts) for n in (1, 2, 4)]
    assert values == [values[0]] * 3


def test_a_sweep_is_timed_and_its_settings_run():
    rows = {row.name: row for row in sweeps(6, (2,), rounds=1)}
    assert len(rows) == 8
    assert all(row.value > 0 for name, row in rows.items() if "growth" not in name)
    note = next(row.note for name, row in rows.items() if "two threads" in name)
    assert "0 failed" in note
    assert " 0 trades" not in note


def test_vectorbt_gets_each_setting_as_a_group(prices):
    tiled, sizes, groups = vectorbt_sweep_inputs(prices, [prices * 0.0, prices * 0.0 + 1.0])
    assert tiled.shape == sizes.shape == (300, 8)
    assert groups.tolist() == [0] * 4 + [1] * 4
    assert sizes.to_numpy()[:, 4:].min() == 1.0
    np.testing.assert_array_equal(tiled.to_numpy()[:, 4:], prices)


def test_calls_are_made_in_turn():
    seen: list[str] = []
    times = interleave({"a": (lambda: seen.append("a"), 2), "b": (lambda: seen.append("b"), 0)}, rounds=5)
    assert "".join(seen) == "aab" + "aa" * 3 + "aab"
    assert [len(times[name].seconds) for name in "ab"] == [10, 2]


def test_the_power_of_a_fit_and_the_digits_of_a_figure():
    assert exponent([1, 2, 4], [3.0, 12.0, 48.0]) == pytest.approx(2.0)
    assert [shown(value) for value in (12_345.6, 3.14159, 2e-12, 0.0)] == ["12,346", "3.14", "2e-12", "0"]


def test_shares_of_the_time_are_told_step_by_step(prices):
    rows = list(shares(prices, rounds=1))
    assert [row.name.split(": ")[-1] for row in rows[1:5]] == list(steps(CONTESTS[0]))
    assert all(row.value > 0 for row in rows)
    assert all("times the bare loop" in row.note for row in rows if "bare loop" not in row.name)


def test_optimal_plans_are_timed_with_their_gaps():
    rows = list(optimal_plans(1, sizes=((10, 30, ""),), growth=((8, 20), (12, 40))))
    assert [row.unit for row in rows] == ["s", "s", "s", "power"]
    assert all("proven gap at most" in row.note for row in rows[:3])


def test_a_proposal_of_a_benchmark_household_trades():
    home, policy, market = live_household(1, 20, 60, 3)
    found = rk.propose(market, home, policy, solver="optimal")
    assert document(found) == len(found.trades) > 0
    assert found.drift["after"] < found.drift["before"]


def test_changes_in_the_studio_are_timed_in_every_view():
    rows = list(changes(1, ("starter",)))
    assert [row.unit for row in rows] == ["ms"] * 4
    assert all(row.value > 0 and row.aim == "100 ms" for row in rows)
