"""`rebal app` in a browser: a slider moves, and chart, figures and scenario follow; nothing leaves the machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rebal_kit.files.scenario import load_scenario
from tests.browser.serving import Watched, free_port, serving

pytestmark = pytest.mark.compiled

VALUE = "[data-key=value_after_tax]"
#: Presses an arrow key on a slider and waits until the chart has been drawn again; returns milliseconds.
PRESS = """async () => {
  const chart = document.querySelector(".rk-chart"), before = chart.dataset.drawn;
  const handle = document.querySelector(".noUi-handle"), from = performance.now();
  handle.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight", keyCode: 39, bubbles: true}));
  while (chart.dataset.drawn === before) {
    await new Promise((done) => setTimeout(done, 2));
    if (performance.now() - from > 10000) throw new Error("nothing was drawn");
  }
  return performance.now() - from;
}"""
PASTE = """(box, text) => {
  const data = new DataTransfer(); data.setData("text/plain", text);
  box.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder, port = tmp_path_factory.mktemp("app"), free_port()
    command = ["-m", "rebal_kit.cli", "app", "--folder", str(folder)]
    with serving(command, port, folder, "is filled with 1 kernel"):
        yield f"http://127.0.0.1:{port}/", folder


@pytest.fixture
def watched(browser: Any, app: tuple[str, Path]) -> Iterator[Watched]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    found = Watched(context)
    found.page.goto(app[0])
    found.page.wait_for_selector(".rk-studio .rk-chart svg", timeout=90_000)
    found.page.wait_for_selector(VALUE)
    yield found
    context.close()
    assert not found.left, "requests left the machine"
    assert not found.wrong, "the page complained"


def test_a_slider_moves_and_everything_follows(watched: Watched, app: tuple[str, Path]) -> None:
    page, folder = watched.page, app[1]
    before = page.inner_text(VALUE)
    for _ in range(8):
        page.evaluate(PRESS)
    page.wait_for_function(f"document.querySelector('{VALUE}').textContent !== '{before}'")
    page.wait_for_selector("text=not saved")
    page.get_by_text("All figures").click()
    page.wait_for_selector(".rk-figures >> text=after liquidation")
    page.fill("input[placeholder='what_if.yaml']", "moved")
    page.get_by_text("Save", exact=True).click()
    page.wait_for_selector("text=as in moved.yaml")
    scenario = load_scenario(folder / "moved.yaml")
    assert scenario.policy.triggers[0].band.absolute == pytest.approx(0.05)


def test_a_bad_sum_is_explained_beside_the_table(watched: Watched) -> None:
    page = watched.page
    box = page.locator("input[aria-label='Target %, US stocks']")
    box.fill("60")
    box.press("Enter")
    page.wait_for_selector(".rk-fault >> text=add up to 110 %")
    page.wait_for_selector(".rk-cards")
    assert page.locator(".rk-stale").count() >= 1
    page.locator("input[aria-label='Target %, US stocks']").evaluate(PASTE, "40\n10\n10\n40")
    page.wait_for_selector("text=Targets add up to 100 %")
    page.wait_for_function("!document.querySelector('.rk-stale')")
    assert page.locator("input[aria-label='Target %, Gold']").input_value() == "10"


def test_a_reload_midway_loses_nothing_unsaid(watched: Watched) -> None:
    page = watched.page
    page.evaluate(PRESS)
    page.wait_for_selector("text=kept as a draft")
    page.reload()
    page.wait_for_selector(".rk-studio .rk-chart svg", timeout=90_000)
    page.wait_for_selector("text=were not saved")
    page.get_by_text("Take up").first.click()
    page.wait_for_selector("text=kept as a draft")
    assert page.locator(".widget-readout").first.inner_text() == "3.25"


def test_today_the_alert_is_shown_before_a_proposal(watched: Watched) -> None:
    page = watched.page
    page.get_by_text("Today", exact=True).click()
    ask = page.get_by_role("button", name="2 Propose")
    assert ask.is_disabled()
    page.get_by_role("button", name="1 Look at today").click()
    page.wait_for_selector("text=due on 2012-09-12", timeout=60_000)
    ask.click()
    page.wait_for_selector("text=BUY SPY", timeout=60_000)
    page.wait_for_selector("text=to be approved until 2012-09-13")
