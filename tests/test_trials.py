"""Trials: a row a run whatever the thread, failures that stay, and differences within a trial."""

from __future__ import annotations

import numpy as np
import pytest

from rebal_kit.backtest import backtest
from rebal_kit.compare import compare
from rebal_kit.findings import Finding, MarketError, PolicyError
from rebal_kit.policy import BUY_AND_HOLD, Harvest, RebalancePolicy
from rebal_kit.run import METRICS, prepare
from rebal_kit.trials import PAIRED, Trial, differences, failures, observed, reference_of, run_trials
from rebal_kit.triggers import Calendar, Tier, Tiered, ToleranceBand
from tests.worlds import household_of, random_market

MARKET = random_market(31, ("A", "B"), 420)
HOUSEHOLD = household_of({"A": 0.5, "B": 0.5})
POLICIES = {
    "hold": BUY_AND_HOLD,
    "monthly": RebalancePolicy("m", (Calendar("month"),)),
    "busy": RebalancePolicy("b", (Calendar("session"),), dividends="reinvest", avoid_wash_sales=False),
}
SPANS = [("2023-01-02", "2023-12-29"), ("2023-03-01", "2024-03-01"), ("2023-05-01", "2024-08-01")]


def trial(start: str, end: str, policies=POLICIES) -> Trial:
    return Trial(lambda: prepare(MARKET, HOUSEHOLD, start=start, end=end), policies)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_row_is_the_single_run_whatever_the_number_of_threads(workers: int) -> None:
    table = run_trials([trial(*span) for span in SPANS] * 2, workers=workers)
    assert table["trial"].tolist() == [n for n in range(6) for _ in POLICIES]
    assert table["policy"].tolist() == list(POLICIES) * 6
    for row in table.to_dict("records"):
        start, end = SPANS[row["trial"] % 3]
        alone = backtest(MARKET, HOUSEHOLD, POLICIES[row["policy"]], start=start, end=end).metrics
        assert {name: row[name] for name in METRICS} == alone
        assert row["tax"] == alone["tax_paid"] + alone["tax_accrued"]


def test_what_cannot_run_keeps_its_rows_and_says_why() -> None:
    stranger = RebalancePolicy("s", (Tiered((Tier(("bonds",), ToleranceBand(absolute=0.05)),)),))

    def impossible():
        raise MarketError(Finding("error", "market", "there is none"))

    table = run_trials(
        [trial(*SPANS[0], {**POLICIES, "stranger": stranger}), Trial(impossible, POLICIES), trial(*SPANS[1])],
        workers=1,
    )
    assert table["status"].eq("ok").tolist() == [
        True,
        True,
        True,
        False,
        False,
        False,
        False,
        True,
        True,
        True,
    ]
    assert "names bonds" in table.loc[3, "status"]
    assert table.loc[4, "status"] == "market: there is none"
    assert table.loc[3:6, list(METRICS)].isna().all(axis=None)
    (said,) = failures("here", table)
    assert str(said).startswith(
        "here: 4 of 10 runs have no figures; the first, 'stranger': policy 's': names bonds"
    )
    assert failures("here", table[table["status"] == "ok"]) == ()
    less = differences(table, "hold")
    assert less["trial"].tolist() == [0, 0, 0, 1, 1, 2, 2]
    assert less[list(PAIRED)].isna().all(axis=1).tolist() == [False, False, True, True, True, False, False]


def test_a_difference_is_taken_within_its_trial() -> None:
    table = run_trials([trial(*span) for span in SPANS])
    less = differences(table, "monthly")
    assert less["policy"].tolist() == ["hold", "busy"] * 3
    by = table.set_index(["trial", "policy"])
    for row in less.to_dict("records"):
        own, base = by.loc[row["trial"], row["policy"]], by.loc[row["trial"], "monthly"]
        assert [row[name] for name in PAIRED] == [own[name] - base[name] for name in PAIRED]
    assert np.ptp(less["cagr_after_tax"]) > 0


def test_a_comparison_is_a_trial_too() -> None:
    comparison = compare(MARKET, HOUSEHOLD, POLICIES)
    alone = run_trials([Trial(lambda: comparison.setting, POLICIES)])
    shown = observed(comparison)
    assert shown[list(METRICS)].to_numpy().tolist() == alone[list(METRICS)].to_numpy().tolist()
    assert shown["tax"].tolist() == alone["tax"].tolist()
    assert reference_of("here", comparison, None) == "hold"
    assert reference_of("here", comparison, "busy") == "busy"


def test_there_must_be_something_to_hold_against_each_other() -> None:
    comparison = compare(MARKET, HOUSEHOLD, POLICIES, end="2023-02-01")
    with pytest.raises(PolicyError, match="here: no run is called 'weekly' — use hold, monthly, busy"):
        reference_of("here", comparison, "weekly")
    with pytest.raises(PolicyError, match="here: the comparison has 1 policy — compare two at least"):
        reference_of("here", compare(MARKET, HOUSEHOLD, [BUY_AND_HOLD], end="2023-02-01"), None)
    with pytest.raises(PolicyError, match="here: is given 'etf' — give a Comparison"):
        reference_of("here", "etf", None)  # type: ignore[arg-type]


def test_a_thread_remembers_how_large_a_room_had_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    harvesting = {
        "h": RebalancePolicy("h", (Calendar("session"),), harvest=Harvest(0.0, 0.0), avoid_wash_sales=False)
    }
    setting = prepare(MARKET, HOUSEHOLD)
    room = type(setting).room

    def told(self, *, lots=64, losses=512, journal=0):
        asked.append(lots)
        return room(self, lots=lots, losses=losses, journal=journal)

    monkeypatch.setattr(type(setting), "room", told)
    run_trials([Trial(lambda: setting, {**harvesting, "busy": POLICIES["busy"]})] * 3, workers=1)
    assert asked[-1] == max(asked) > 64
    assert asked.count(64) == 1
    assert asked[-2:] == [asked[-1]] * 2  # the second and third trial begin with what the first has grown to
