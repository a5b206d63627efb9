"""The studio and its files: scenarios, drafts, households edited behind its back, exports."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rebal_kit.files.household import load_household, save_household
from rebal_kit.files.policy import load_policy
from rebal_kit.files.scenario import load_scenario, save_scenario
from rebal_kit.findings import PolicyError
from rebal_kit.scenario import Scenario
from rebal_kit.views.studio import studio
from rebal_kit.views.studio_output import FIGURES
from rebal_kit.views.studio_page import Studio

pytestmark = pytest.mark.compiled


def figure(page: Studio, key: str = "value_after_tax") -> str:
    return re.search(rf"data-key='{key}'>([^<]+)<", page.output.cards.value)[1]


@pytest.fixture(autouse=True)
def _own_drafts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


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


def test_a_file_with_faults_is_refused_at_the_door(tmp_path):
    (tmp_path / "bad.yaml").write_text("household: starter\n")
    with pytest.raises(PolicyError, match="policy"):
        studio(tmp_path / "bad.yaml")


def test_what_becomes_of_unsaved_work_is_said_truly(page, monkeypatch, tmp_path):
    page.change("band", 4.0)
    assert "kept as a draft" in page.saved.value
    page.change("rows.0.target", "99")
    assert "without what is marked as wrong" in page.saved.value
    (tmp_path / "file").write_text("")
    other = studio(folder=tmp_path)
    other.session.draft = tmp_path / "file" / "draft.yaml"
    other.change("band", 5.0)
    assert "no draft can be kept" in other.saved.value


def test_a_page_made_before_it_is_opened_tells_what_happened_since(tmp_path):
    save_household(load_household("two_million"), tmp_path / "ours.yaml")
    early = studio(Scenario(load_policy("quarterly"), str(tmp_path / "ours.yaml")), tmp_path)
    other = studio(folder=tmp_path)
    other.change("band", 7.0)
    (tmp_path / "ours.yaml").write_text((tmp_path / "ours.yaml").read_text() + "# by hand\n")
    assert not early.drafts.children
    early.output.chart.drawn_ms = 12.0
    assert len(early.drafts.children) == 1
    assert early.behind.layout.display is None
