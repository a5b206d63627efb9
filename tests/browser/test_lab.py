"""Notebook 04 in JupyterLab: its cells run, the studio is drawn, and a restarted kernel says what was not saved."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.serving import ROOT, Watched, free_port, serving
from tests.browser.test_app import PRESS, VALUE

pytestmark = pytest.mark.compiled

_NAME = "04_tuning_studio.ipynb"
_RUN = "(name) => window.jupyterapp.commands.execute(name)"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("lab"), free_port()
    shutil.copy(ROOT / "notebooks" / _NAME, folder)
    command = ["-m", "jupyterlab", f"--ServerApp.root_dir={folder}", "--IdentityProvider.token=", "--allow-root",
               "--LabApp.expose_app_in_browser=True", "--LabApp.news_url=None",
               "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]  # fmt: skip
    with serving(command, port, Path(folder), "is running at"):
        yield f"http://127.0.0.1:{port}/lab/tree/{_NAME}"


def test_the_notebook_runs_and_a_restarted_kernel_says_what_was_not_saved(browser: Any, lab: str) -> None:
    context = browser.new_context(viewport={"width": 1500, "height": 1200})
    watched = Watched(context)
    page = watched.page
    page.goto(lab)
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=90_000)
    page.wait_for_function("window.jupyterapp && document.querySelector('.jp-Notebook-ExecutionIndicator')")
    page.wait_for_timeout(1_000)
    page.evaluate(_RUN, "notebook:run-all-cells")
    page.wait_for_selector(".rk-studio .rk-chart svg", timeout=90_000)
    page.locator(VALUE).first.scroll_into_view_if_needed()
    page.wait_for_selector("text=kept as a draft", timeout=90_000)
    before = page.locator(VALUE).first.inner_text()
    page.evaluate(PRESS)
    page.wait_for_function(f"document.querySelector('{VALUE}').textContent !== '{before}'")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    page.wait_for_timeout(3_000)
    page.evaluate(_RUN, "notebook:run-all-cells")
    page.wait_for_selector("text=were not saved", timeout=90_000)
    context.close()
    assert not watched.left, "requests left the machine"
