"""The studio without a browser: a control is moved, and figures, chart, table and scenario follow."""

from __future__ import annotations

import json
import re

import ipywidgets as w
import pytest

from rebal_kit.backtest import backtest
from rebal_kit.files.household import load_household
from rebal_kit.files.policy import load_policy
from rebal_kit.scenario import Scenario
from rebal_kit.sources.load import load_market
from rebal_kit.views import studio_model
from rebal_kit.views.studio import studio
from rebal_kit.views.studio_output import ALL_BANDS, DRIFT, FIGURES, GROWTH, TAXES, TODAY, _words
from rebal_kit.views.studio_page import Studio
from rebal_kit.views.tables import MEASURES

pytestmark = pytest.mark.compiled


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


def test_all_bands_are_run_with_progress_and_forgotten_with_the_policy(page, monkeypatch):
    steps = []
    monkeypatch.setattr(page.work, "_say", lambda name, part: steps.append((name, part)))
    page.output.view.value = ALL_BANDS
    page.bands.run.click()
    assert len(page.bands.rows) == 40
    assert steps[0] == ("Band of 0.5 points", 0.0)
    assert steps[-1][1] == pytest.approx(39 / 40)
    three = next(row for row in page.bands.rows if row["band"] == 3.0)
    assert three["after_tax"] == pytest.approx(page.comparison.table.loc["now", "value_after_tax"], abs=0.01)
    assert page.bands.chart.data["set"] == [{"band": 3.0}]
    page.change("lot_method", "fifo")
    assert not page.bands.rows
    assert "run again" in page.bands.said.value
    page.change("trigger", "none")
    page.bands.run.click()
    assert "no band" in page.bands.said.value


def test_a_cell_may_drive_the_page(page):
    page.change("rows.0.target", "60")
    assert list(page.faults) == ["sum"]
    assert page.scenario is None
    page.undo.click()
    assert not page.faults
    assert list(page.comparison.runs) == ["now", "buy and hold"]
    assert "163," in repr(page)


def test_a_stored_notebook_holds_a_still_picture(page, monkeypatch):
    monkeypatch.setenv("REBAL_STILL", "1")
    shown = page._repr_mimebundle_()
    assert shown["image/png"].startswith(b"\x89PNG")
    assert "Value after tax of now" in shown["text/plain"]
    page.output.view.value = FIGURES
    assert "image/png" not in page._repr_mimebundle_()
    monkeypatch.delenv("REBAL_STILL")
    assert "application/vnd.jupyter.widget-view+json" in page._repr_mimebundle_()


def test_a_household_without_targets_says_what_to_do_and_takes_a_class(tmp_path):
    text = "accounts: [{name: A, owner: Ann, type: taxable, opening_value: 1000}]"
    (tmp_path / "bare.yaml").write_text(text)
    page = studio(Scenario(load_policy("quarterly"), str(tmp_path / "bare.yaml")), tmp_path)
    assert "add a class, or paste a table" in page.controls.sum.value
    assert page.session.outcome is None
    assert "Not run" in page.output.state.value
    page.output.export["csv"].click()
    assert "nothing has been run" in page.output.exported.value
    page.controls.ticker.value = "SPY"
    page.controls.add.click()
    page.change("rows.0.target", "60")
    page.controls.to_cash.click()
    assert page.session.outcome.run.household.targets.cash == pytest.approx(0.4)


def test_names_from_files_are_shown_as_text(tmp_path):
    bad = "<img src=x onerror=alert(1)>"
    text = f"name: '{bad}'\naccounts: [{{name: A, owner: Ann, type: taxable, opening_value: 1000}}]\n"
    (tmp_path / "bad.yaml").write_text(
        text + "targets: {classes: [{name: '<b>x', weight: 100 %, members: SPY}]}\n"
    )
    page = studio(Scenario(load_policy("quarterly"), str(tmp_path / "bad.yaml")), tmp_path)
    page.pin(bad)
    page.change("every", "year")
    for view in (GROWTH, DRIFT, TAXES, FIGURES):
        page.output.view.value = view
    shown = "".join(widget.value for widget in every_widget(page.widget) if isinstance(widget, w.HTML))
    assert "<img" not in shown.replace("<style>", "")
    assert "&lt;img" in shown


def test_a_run_that_one_would_notice_is_made_beside_the_page(page, monkeypatch):
    steps = []
    monkeypatch.setattr(page.work, "_say", lambda name, _: steps.append(name))
    page.change("band", 4.0)
    assert not steps
    monkeypatch.setattr(studio_model, "_NOTICED_SECONDS", 0.0)
    page.change("band", 4.5)
    page.change("band", 5.0)
    assert "Running the policy" in steps
    assert page.session.is_run(page.scenario)


def test_figures_that_are_not_known_are_dashes():
    cagr = next(m for group in MEASURES.values() for m in group if m.key == "cagr_after_tax")
    assert _words(cagr, float("nan")) == "–"
    assert [_words(cagr, 0.01234, plain=True), _words(cagr, -0.01234), _words(cagr, 0.00001)] == [
        "1.23 %",
        "−1.23 pt",
        "0.00 pt",
    ]


def test_a_page_that_joins_late_is_told_everything_once(page, monkeypatch):
    """What was said while it joined may have passed it by: its first drawing asks for all words again."""
    told = []
    monkeypatch.setattr(w.HTML, "send_state", lambda part, *_: told.append(part))
    output = page.output
    output.chart.drawn_ms = 12.0
    assert {output.state, output.cards, output.figures} <= set(told)
    told.clear()
    output.chart.drawn_ms = 15.0
    assert told == []
