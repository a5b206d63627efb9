"""studio(): tune a policy on a household and a market, and see after every change what it does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rebal_kit.files.policy import load_policy
from rebal_kit.files.scenario import load_scenario
from rebal_kit.findings import Finding, RebalError
from rebal_kit.scenario import Scenario

if TYPE_CHECKING:
    from rebal_kit.views.studio_page import Studio


def studio(
    scenario: Scenario | str | Path | None = None, folder: str | Path = ".",
    clock: Callable[[], dt.datetime] | None = None,
) -> Studio:  # fmt: skip
    """Return the tuning studio: a page of controls, figures and charts for a notebook. Nothing in it needs a network.

    Parameters
    ----------
    scenario : Scenario, str or path, optional
        To begin with, or a file of one; the bundled household `starter` with bands of three points when not given.
    folder : str or path
        Where scenarios, figures and orders go that are named without a folder.
    clock : callable, optional
        Returns the moment at which a proposal is approved.

    Raises
    ------
    PolicyError, HouseholdError
        The scenario or its household has faults.
    RebalError
        The libraries that it is drawn with are not installed.
    """
    path = None
    if scenario is None:
        scenario = Scenario(load_policy("threshold_3pct"))
    elif not isinstance(scenario, Scenario):
        path = Path(scenario).expanduser().absolute()
        scenario = load_scenario(path)
    try:
        from rebal_kit.views.studio_page import Studio
        from rebal_kit.views.studio_session import Session
    except ModuleNotFoundError as error:
        what = f"needs {error.name}, which is not installed"
        raise RebalError(Finding("error", "studio", what, "pip install 'rebal_kit[views,lab]'")) from None
    return Studio(Session(scenario, Path(folder).expanduser().absolute(), path), clock)
