"""The studio on a day: the alert first, then a proposal that can be changed, then its approval."""

from __future__ import annotations

import datetime as dt

import pytest

from rebal_kit.files.household import load_household, save_household
from rebal_kit.files.policy import load_policy
from rebal_kit.scenario import Scenario
from rebal_kit.views.studio import studio

pytestmark = pytest.mark.compiled


def on(day: dt.date):
    return lambda: dt.datetime.combine(day, dt.time(10), dt.UTC)


def test_today_the_alert_comes_first_then_a_proposal_then_its_approval(tmp_path):
    page = studio(Scenario(load_policy("threshold_3pct"), "two_million"), tmp_path, on(dt.date(2012, 9, 13)))
    today = page.today
    assert today.ask.disabled
    today.look.click()
    assert "due on 2012-09-12" in today.alert.value
    today.now.value = True
    today.ask.click()
    assert today.proposal is not None
    number = len(today.proposal.trades)
    assert number == len(today.trades.rows) > 0
    today.trades._told(None, {"kind": "edit", "row": 0, "column": "keep", "value": False}, [])
    today.sign.click()
    assert "press Revise" in today.said.value
    today.trades._told(None, {"kind": "edit", "row": 1, "column": "shares", "value": "many"}, [])
    assert "no number of shares" in today.trades.faults["1.shares"]
    today.trades._told(None, {"kind": "edit", "row": 1, "column": "shares", "value": "3"}, [])
    today.change.click()
    assert len(today.proposal.trades) == number - 1
    assert today.trades.rows[0]["shares"] == "3"
    assert "changed by hand" in today.sums.value
    today.sign.click()
    assert "Not approved" in today.said.value  # nobody has signed
    today.who.value = "Dana"
    for box in today.allow.values():
        box.value = box.layout.display is None
    today.sign.click()
    assert "Approved by Dana" in today.said.value, today.said.value
    assert list((tmp_path / "orders").glob("*/*.csv"))
    today.sign.click()
    assert "was approved by Dana" in today.said.value


def test_what_was_found_for_another_scenario_cannot_be_proposed(page):
    page.today.look.click()
    assert not page.today.ask.disabled
    page.change("band", 9.0)
    assert page.today.ask.disabled
    assert "look again" in page.today.alert.value
    page.change("rows.0.target", "99")
    page.today.look.click()
    assert "mend what is marked" in page.today.alert.value


def test_stale_prices_are_not_approved(page):
    page.today.look.click()
    page.today.ask.click()
    page.today.who.value = "Dana"
    page.today.sign.click()
    assert "stale" in page.today.said.value


def test_lots_that_were_changed_on_disk_are_not_acted_upon(tmp_path):
    save_household(load_household("two_million"), tmp_path / "ours.yaml")
    page = studio(
        Scenario(load_policy("threshold_3pct"), str(tmp_path / "ours.yaml")),
        tmp_path,
        on(dt.date(2012, 9, 13)),
    )
    today = page.today
    today.look.click()
    today.now.value = True
    today.ask.click()
    today.who.value = "Dana"
    lots = tmp_path / "ours_lots.csv"
    lots.write_text(lots.read_text() + "\n")
    for button in (today.sign, today.change, today.ask, today.look):
        button.click()
        assert "read it again first" in today.said.value
    assert not (tmp_path / "orders").exists()
    page.changed_behind.click()
    today.look.click()
    assert not today.ask.disabled
