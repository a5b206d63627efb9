"""A studio's state without its widgets: what the controls say, how it came to be so, and whether it is saved."""

from __future__ import annotations

import datetime as dt
import math
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from rebal_kit.files.scenario import digest, load_scenario, save_scenario
from rebal_kit.findings import Finding, PolicyError
from rebal_kit.scenario import History, Scenario
from rebal_kit.views.studio_drafts import Draft, drop_draft, new_draft, write_draft
from rebal_kit.views.studio_form import COLUMNS, Form, Row, form_of, same_controls, shown, with_targets
from rebal_kit.views.studio_model import Kept, Outcome
from rebal_kit.views.studio_reading import Faults, number, pasted, scenario_of

#: What has become of work that is not saved.
KEPT, BEHIND, LOST = (
    "kept as a draft",
    "draft kept without what is marked as wrong",
    "and no draft can be kept here",
)


class Session:
    """What one studio is at.

    Parameters
    ----------
    scenario : Scenario
        To begin with.
    folder : path
        Where files go that are named without a folder.
    path : path, optional
        The file that the scenario was loaded from.

    Attributes
    ----------
    history : History of Form
    outcome : Outcome, optional
        The last scenario that could be run, and what came of it.
    pins : dict of str to Outcome
    """

    def __init__(self, scenario: Scenario, folder: Path, path: Path | None = None):
        self.kept = Kept()
        self.folder = folder
        self.outcome: Outcome | None = None
        self.pins: dict[str, Outcome] = {}
        self.draft = new_draft()
        self.draft_is = KEPT
        self._begin(scenario, path)

    def _begin(self, scenario: Scenario, path: Path | None) -> None:
        form = form_of(scenario, self.kept.household(scenario.household))
        self.history = History(form)
        self.path, self.seen = path, digest(path) if path else ""
        self.saved: Form | None = form
        self.saved_at: dt.datetime | None = None

    @property
    def form(self) -> Form:
        """What the controls say now."""
        return self.history.current

    def read(self) -> tuple[Scenario | None, Faults]:
        """Return the scenario that the controls describe, or None; and what is wrong, by control."""
        return scenario_of(self.form, self.kept.household(self.form.household))

    def change(self, name: str, value: Any) -> None:
        """Change one control.

        Raises
        ------
        HouseholdError
            Another household is asked for, and cannot be read.
        """
        form = self.form.changed(name, value)
        if name == "household" and value != self.form.household:
            home = self.kept.household(value)
            fresh = form_of(replace(form.base, household=value, targets=None, tax=None), home)
            profile = ("filing", "ordinary_income", "state_rate", "outside_long", "carryover_long")
            form = replace(
                with_targets(form, home.targets), base=fresh.base, **{one: getattr(fresh, one) for one in profile}
            )  # fmt: skip
        self._then(form)

    def paste(self, text: str, row: int, column: str) -> str:
        """Put cells of a spreadsheet into the table of targets; return what could not be placed."""
        form, astray = pasted(self.form, text, row, column, COLUMNS)
        self._then(form)
        return astray

    def add(self, ticker: str) -> None:
        """Add a class of one security, with a target of 0.

        Raises
        ------
        PolicyError
            It is in the table already, or the market does not have it.
        """
        ticker, form = ticker.strip(), self.form
        market = self.kept.market(form.market)
        if any(ticker in (row.name, *(symbol for symbol, _ in row.members)) for row in form.rows):
            raise PolicyError(Finding("error", "class", f"{ticker} is in the table", "change its target"))
        if ticker not in market.symbols:
            known = ", ".join(market.symbols[:12])
            raise PolicyError(
                Finding("error", "class", f"'{ticker}' is not in the market", f"use one of {known} …")
            )
        self._then(replace(form, rows=(*form.rows, Row(ticker, ((ticker, 1.0),)))))

    def remove(self, at: int) -> None:
        """Take a class out of the table; its target goes to nobody."""
        rows = self.form.rows
        self._then(replace(self.form, rows=(*rows[:at], *rows[at + 1 :])))

    def fill_cash(self) -> None:
        """Let cash take what the targets of classes leave of 100 %."""
        cells = [number(row.target) for row in self.form.rows]
        if all(cell is not None for cell in cells):
            left = 100.0 - math.fsum(cell for cell in cells if cell is not None)
            self.change("cash", shown(round(left, 9)))

    def undo(self) -> None:
        """Take the last change back."""
        self.history = self.history.undone()
        self._keep_draft()

    def redo(self) -> None:
        """Make the change that was taken back last."""
        self.history = self.history.redone()
        self._keep_draft()

    def _then(self, form: Form) -> None:
        self.history = self.history.then(form)
        self._keep_draft()

    def is_run(self, scenario: Scenario | None) -> bool:
        """Say whether what came of this scenario, on the household as it was read last, is known already."""
        if scenario is None or self.outcome is None or scenario != self.outcome.scenario:
            return False
        return self.outcome.home is self.kept.household(scenario.household)

    @property
    def unsaved(self) -> bool:
        """Whether the controls say something else than what was loaded or saved last."""
        return self.saved is None or not same_controls(self.form, self.saved)

    def _keep_draft(self) -> None:
        scenario, _ = self.read()
        if not self.unsaved:
            drop_draft(self.draft)
        elif scenario is None:
            self.draft_is = BEHIND
        else:
            kept = write_draft(self.draft, absolute(scenario), str(self.path or ""))
            self.draft_is = KEPT if kept else LOST

    def load(self, name: str) -> None:
        """Load a scenario file in place of what is there; that can be undone.

        Raises
        ------
        PolicyError, HouseholdError
            The file or its household has faults.
        """
        path = self.place(name)
        scenario = load_scenario(path)
        self._take(scenario, path)
        self.saved, self.saved_at = self.form, None
        drop_draft(self.draft)

    def take_up(self, draft: Draft) -> None:
        """Go on with a draft; it is this studio's own from then on, and still not saved."""
        self._take(draft.scenario, Path(draft.of) if draft.of else None)
        self.saved = None
        if write_draft(self.draft, absolute(draft.scenario), draft.of) and draft.path != self.draft:
            drop_draft(draft.path)

    def _take(self, scenario: Scenario, path: Path | None) -> None:
        form = form_of(scenario, self.kept.household(scenario.household))
        self.history = self.history.then(form)
        self.path, self.seen = path, digest(path) if path else ""

    def save(self, name: str, over: bool = False) -> Path:
        """Save the scenario; a file that somebody else wrote or changed is left alone unless `over`.

        Raises
        ------
        PolicyError
            The controls describe no scenario, or the file cannot be written.
        """
        scenario, faults = self.read()
        if scenario is None:
            raise PolicyError(list(faults.values()))
        path = self.place(name)
        named = replace(absolute(scenario), name=scenario.name or path.stem)
        seen = self.seen if path == self.path else ""
        self.seen = save_scenario(named, path, None if over else seen)
        self.path, self.saved, self.saved_at = path, self.form, dt.datetime.now()
        drop_draft(self.draft)
        return path

    def place(self, name: str) -> Path:
        """Return the path that a name in the page means.

        Raises
        ------
        PolicyError
            There is no name.
        """
        if not name.strip():
            raise PolicyError(Finding("error", "file", "has no name", "give one, such as what_if.yaml"))
        path = Path(name.strip()).expanduser()
        path = path if path.suffix else path.with_suffix(".yaml")
        return Path(os.path.abspath(self.folder / path))

    @property
    def household_changed(self) -> bool:
        """Whether a file of the household was changed since it was read."""
        return self.kept.changed_behind(self.form.household)

    def reread_household(self) -> None:
        """Read the household's files again. Targets and taxes that were changed here stay as they are here.

        Raises
        ------
        HouseholdError
            They have faults now; what was read before stays.
        """
        source = self.form.household
        before, (scenario, _) = self.kept.household(source), self.read()
        fresh = Kept().household(source)
        self.kept.forget(source)
        self.kept.household(source)
        if scenario is not None:
            self.history = self.history.then(form_of(replace(scenario, name=self.form.base.name), fresh))
        elif fresh.targets != before.targets:
            self.history = self.history.then(with_targets(self.form, fresh.targets))


def absolute(scenario: Scenario) -> Scenario:
    """Return a scenario whose files are found wherever it is read."""
    path = Path(scenario.household)
    if path.suffix or len(path.parts) > 1:
        return replace(scenario, household=os.path.abspath(path.expanduser()))
    return scenario
