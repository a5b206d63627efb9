"""The studio without a browser: a control is moved, and figures, chart, table and scenario follow."""

from __future__ import annotations

import datetime as dt
import json
import re
import time
from pathlib import Path

import ipywidgets as w
import pytest

from rebal_kit.backtest import backtest
from rebal_kit.files.household import load_household, save_household
from rebal_kit.files.policy import load_policy
from rebal_kit.files.scenario import load_scenario, save_scenario
from rebal_kit.findings import PolicyError
from rebal_kit.scenario import Scenario
from rebal_kit.sources.load import load_market
from rebal_kit.views.studio import studio
from rebal_kit.views.studio_output import DRIFT, FIGURES, GROWTH, TAXES, TODAY
from rebal_kit.views.studio_page import Studio

pytestmark = pytest.mark.compiled


@pytest.fixture(autouse=True)
def _own_drafts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def page(tmp_path: Path) -> Studio:
    return studio(folder=tmp_path)


def figure(page: Studio, key: str = "value_after_tax") -> str:
    return re.search(rf"data-key='{key}'>([^<]+)<", page.output.cards.value)[1]


def every_widget(box: w.Widget):
    yield box
    for child in getattr(box, "children", ()):
        yield from every_widget(child)


def test_a_moved_band_is_run_and_shown_like_a_back_test(page):
    page.controls.all["band"].widget.value = 6.0
    scenario, faults = page.session.read()
    assert not faults
    run = backtest(load_market("etf"), load_household("starter"), scenario.policy)
    assert scenario.policy.triggers[0].band.absolute == 0.06
    assert page.session.outcome.run.metrics == run.metrics
    assert figure(page) == f"${run.metrics['value_after_tax']:,.0f}"
    assert page.output.chart.data["growth"][-1]["p0"] == round(run.daily["value"].iloc[-1])
    page.output.view.value = DRIFT
    upper = {edge["c"]: edge["upper"] for edge in page.output.chart.data["edges"]}
    assert upper[0] == pytest.approx(0.56)
    assert "changed" in scenario.policy.name


def test_every_view_shows_something_and_follows(page):
    for view, name in ((GROWTH, "growth"), (DRIFT, "weights"), (TAXES, "taxes")):
        page.output.view.value = view
        before = page.output.chart.data
        assert before[name]
        page.change("rows.0.target", "40" if view == GROWTH else "30")
        page.change("cash", "10" if view == GROWTH else "20")
        assert page.output.chart.data != before or view == TAXES
        assert max(map(len, page.output.chart.data.values())) <= 2_000
        assert (
            json.dumps(page.output.chart.spec).count("http") == 1
        )  # the schema's name, which is not fetched
    page.output.view.value = FIGURES
    assert "after liquidation" in page.output.figures.value
    assert "What to know" in page.output.figures.value
    page.output.view.value = TODAY
    assert page.output.body.children == (page.output.today,)


def test_a_bad_sum_is_explained_beside_the_table_and_nothing_is_run(page):
    before, value = page.session.outcome, figure(page)
    page.controls.table._told(None, {"kind": "edit", "row": 0, "column": "target", "value": "60"}, [])
    assert "add up to 110 %, 10 % too much" in page.controls.sum.value
    assert "Not run" in page.output.state.value
    assert page.session.outcome is before
    assert figure(page) == value
    assert "rk-stale" in page.output.cards._dom_classes
    page.controls.table._told(None, {"kind": "edit", "row": 3, "column": "target", "value": "x"}, [])
    assert "give percent" in page.controls.table.faults["3.target"]
    page.undo.click()
    page.undo.click()
    assert "add up to 100 %" in page.controls.sum.value
    assert "rk-stale" not in page.output.cards._dom_classes
    page.redo.click()
    page.controls.to_cash.click()
    assert (
        "110" in page.controls.sum.value
        or "cash" in page.controls.table.faults
        or "Not run" in page.output.state.value
    )
    page.change("rows.0.target", "35")
    page.controls.to_cash.click()
    assert page.controls.table.rows[-1]["target"] == "15"
    assert page.session.outcome.run.household.targets.cash == pytest.approx(0.15)


def test_a_spreadsheet_is_pasted_and_classes_come_and_go(page):
    page.controls.table._told(
        None, {"kind": "paste", "row": 0, "column": "target", "value": "40\n10\n10\n40"}, []
    )
    assert [row["target"] for row in page.controls.table.rows] == ["40", "10", "10", "40", "0"]
    page.controls.ticker.value = "UST_2Y"
    page.controls.add.click()
    page.change("rows.0.target", "30")
    page.change("rows.4.target", "10")
    assert "UST_2Y" in page.session.outcome.run.market.symbols
    page.controls.ticker.value = "NOPE"
    page.controls.add.click()
    assert "is not in the market" in page.message.value
    page.controls.table._told(None, {"kind": "edit", "row": 4, "column": "remove", "value": True}, [])
    assert "10 % too little" in page.controls.sum.value


def test_runs_are_pinned_compared_and_taken_off(page):
    page.output.pin_name.value = "three"
    page.output.pin.click()
    page.change("band", 8.0)
    assert list(page.session.pins) == ["three"]
    assert {"p0", "p1", "p2"} <= set(page.output.chart.data["growth"][0])
    page.output.view.value = FIGURES
    assert ">three<" in page.output.figures.value
    page.output.pin_name.value = "three"
    page.output.pin.click()
    assert "is taken" in page.message.value
    page.change("household", "two_million")
    assert "another household" in page.output.notes.value
    page.output.pinned.children[0].click()
    assert not page.session.pins


def test_another_household_brings_its_targets_and_taxes(page):
    page.change("household", "two_million")
    assert len(page.controls.table.rows) == 7
    assert page.controls.all["filing"].widget.value == "mfj"
    assert page.session.outcome.run.household == load_household("two_million")
    page.change("household", "nobody")
    assert "no bundled households" in page.message.value
    assert page.session.form.household == "two_million"
    page.change("market", "dow30")
    assert "Not run" in page.output.state.value


def test_a_scenario_is_saved_for_the_command_line_and_loaded(page, tmp_path):
    page.change("band", 4.5)
    assert "not saved" in page.saved.value
    page.file.value = "what_if"
    page.save.click()
    assert "✓ as in what_if.yaml" in page.saved.value
    found = load_scenario(tmp_path / "what_if.yaml")
    assert found.policy == page.session.read()[0].policy
    other = studio(tmp_path / "what_if.yaml", tmp_path)
    assert figure(other) == figure(page)
    page.change("band", 9.0)
    page.load.click()
    assert page.session.form.band == 4.5
    page.undo.click()
    assert page.session.form.band == 9.0


def test_two_studios_do_not_overwrite_each_other(tmp_path):
    save_scenario(Scenario(load_policy("quarterly"), name="ours"), tmp_path / "ours.yaml")
    first, second = (studio(tmp_path / "ours.yaml", tmp_path) for _ in range(2))
    first.change("lot_method", "fifo")
    first.save.click()
    second.change("lot_method", "lifo")
    second.save.click()
    assert "Not saved" in second.message.value
    assert "somebody else" in second.message.value
    assert load_scenario(tmp_path / "ours.yaml").policy.lot_method == "fifo"
    second.over.value = True
    second.save.click()
    assert load_scenario(tmp_path / "ours.yaml").policy.lot_method == "lifo"


def test_what_was_not_saved_is_offered_to_the_next_studio(page, tmp_path):
    page.change("band", 7.25)
    after = studio(folder=tmp_path)  # a kernel restarted, or a page reloaded
    assert "were not saved" in after.drafts.children[0].children[0].value
    after.drafts.children[0].children[1].click()
    assert after.session.form.band == 7.25
    assert "not saved" in after.saved.value
    assert not after.drafts.children
    after.file.value = "kept"
    after.save.click()
    assert not studio(folder=tmp_path).drafts.children


def test_a_draft_is_thrown_away_and_undoing_everything_leaves_none(page, tmp_path):
    page.change("band", 7.25)
    page.undo.click()
    assert not studio(folder=tmp_path).drafts.children
    page.redo.click()
    after = studio(folder=tmp_path)
    after.drafts.children[0].children[2].click()
    assert not studio(folder=tmp_path).drafts.children


def test_a_household_edited_behind_its_back_is_noticed(tmp_path):
    home = load_household("two_million")
    save_household(home, tmp_path / "ours.yaml")
    page = studio(Scenario(load_policy("quarterly"), str(tmp_path / "ours.yaml")), tmp_path)
    before = page.session.outcome.run.metrics
    page.change("ordinary_income", 1.0)
    text = (tmp_path / "ours.yaml").read_text()
    (tmp_path / "ours.yaml").write_text(text.replace("opening_value: 700000", "opening_value: 900000"))
    page.change("band", 4.0)
    assert page.behind.layout.display is None
    assert "changed on disk" in page.behind.children[0].value
    page.changed_behind.click()
    assert page.behind.layout.display == "none"
    assert page.session.outcome.run.metrics["value_after_tax"] > before["value_after_tax"] * 1.05
    assert page.session.form.ordinary_income == 1.0
    (tmp_path / "ours.yaml").write_text("name: [")
    page.changed_behind.click()
    assert "ours.yaml" in page.message.value
    assert page.session.form.ordinary_income == 1.0


def test_figures_and_data_are_exported(page, tmp_path):
    for kind, start in (
        ("png", b"\x89PNG"),
        ("svg", b"<svg"),
        ("csv", b"run,date,value"),
        ("journal", b"order,date"),
    ):
        page.output.export[kind].click()
        assert "Written" in page.output.exported.value
        (path,) = [path for path in tmp_path.glob("studio-*") if path.read_bytes().startswith(start)]
        assert path.name in page.output.exported.value
    page.output.view.value = FIGURES
    page.output.export["png"].click()
    assert "no chart is shown" in page.output.exported.value


def test_every_control_has_a_tooltip(page):
    asking = (
        w.Button,
        w.Text,
        w.Combobox,
        w.Dropdown,
        w.Checkbox,
        w.FloatSlider,
        w.BoundedFloatText,
        w.ToggleButtons,
    )
    nameless = [
        widget
        for widget in every_widget(w.VBox([page.widget, page.today.box]))
        if isinstance(widget, asking) and not widget.tooltip
    ]
    assert not nameless
    assert all(
        column["tip"] for table in (page.controls.table, page.today.trades) for column in table.columns
    )


def test_long_work_is_said_and_a_failure_leaves_the_page_standing(page, monkeypatch):
    steps = []
    monkeypatch.setattr(page.work, "_say", lambda name, _: steps.append(name))
    page.change("market", "nowhere.csv")
    assert steps == ["Reading the household", "Reading prices"]
    assert "neither a bundled market nor a file" in page.output.state.value
    assert page.output.working.layout.display == "none"
    page.undo.click()
    assert "Not run" not in page.output.state.value


def test_a_change_takes_less_than_100_ms_of_python(page):
    page.output.view.value = DRIFT
    page.controls.all["band"].widget.value = 2.0
    spent = []
    for width in (2.5, 3.5, 4.0, 5.0, 6.0, 7.0):
        start = time.perf_counter()
        page.controls.all["band"].widget.value = width
        spent.append(time.perf_counter() - start)
    assert sorted(spent)[len(spent) // 2] < 0.1


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


def test_a_file_with_faults_is_refused_at_the_door(tmp_path):
    (tmp_path / "bad.yaml").write_text("household: starter\n")
    with pytest.raises(PolicyError, match="policy"):
        studio(tmp_path / "bad.yaml")
