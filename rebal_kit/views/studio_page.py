"""The studio as a page: controls on the left, figures and charts on the right, and what holds them together."""

from __future__ import annotations

import datetime as dt
import html
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets as w

from rebal_kit.compare import Comparison
from rebal_kit.findings import Finding, HouseholdError, PolicyError, RebalError
from rebal_kit.scenario import Scenario
from rebal_kit.views.picture import packed
from rebal_kit.views.studio_bands import AllBands
from rebal_kit.views.studio_controls import Controls
from rebal_kit.views.studio_drafts import Draft, drop_draft, left_behind
from rebal_kit.views.studio_model import Outcome, comparison, pinned
from rebal_kit.views.studio_output import Output
from rebal_kit.views.studio_session import Session
from rebal_kit.views.studio_today import Today
from rebal_kit.views.studio_work import Job, Work

_TITLE = (
    "<div class='rk-head'><h2>Tuning studio</h2>"
    "<span class='rk-quiet'>a rebalancing policy after tax, lot by lot</span></div>"
)
_BEFORE = "Figures below are those of the last scenario that could be run."
_CSS = Path(__file__).with_name("studio.css")


class Studio:
    """The page: `session` holds its state, `controls`, `output` and `today` its parts, `widget` all of them.

    Parameters
    ----------
    session : Session
    clock : callable, optional
    """

    def __init__(self, session: Session, clock: Callable[[], dt.datetime] | None = None):
        self.session = session
        self.output = Output(session.folder, self.pin, self.unpin, self._cancel)
        self.work = Work(self.output.busy, self.output.idle)
        self.today = Today(session.kept, self._asked, self.work, session.folder, clock)
        self.output.today.children = (self.today.box,)
        self.bands = AllBands(session, self.work)
        self.output.bands.children = (self.bands.box,)
        self.controls = Controls(self.change, self.paste, self._button)
        self.undo = _icon("undo", "Take the last change back", self._undo)
        self.redo = _icon("repeat", "Make the change that was taken back once more", self._redo)
        self.file = w.Text(placeholder="what_if.yaml", layout=w.Layout(width="210px"),
                           tooltip="A scenario file; rebal compare --scenario reads the same")  # fmt: skip
        self.file.value = session.path.name if session.path else ""
        self.over = w.Checkbox(description="Replace it", indent=False, layout=w.Layout(width="110px", display="none"),
                               tooltip="Replace the file although somebody else wrote it")  # fmt: skip
        self.save = _icon("save", "Save the scenario to this file", self._save, "Save")
        self.load = _icon(
            "folder-open", "Load the scenario of this file; that can be undone", self._load, "Load"
        )
        self.saved = w.HTML()
        self.message = w.HTML()
        self.changed_behind = _icon(
            "refresh", "Read the household's files again", self._reread, "Read it again"
        )
        self.behind = w.HBox([w.HTML(), self.changed_behind], layout=w.Layout(display="none"))
        self.drafts = w.VBox([])
        self.widget = self._page()
        self.output.chart.observe(self._opened, "drawn_ms")
        self._offer_drafts()
        self.refresh()

    def _page(self) -> Any:
        title = w.HTML(_TITLE)
        files = w.HBox([self.undo, self.redo, self.file, self.save, self.load, self.over, self.saved],
                       layout=w.Layout(align_items="center"))  # fmt: skip
        head = w.HBox(
            [title, files],
            layout=w.Layout(justify_content="space-between", align_items="center", flex_flow="row wrap"),
        )
        left = w.VBox(
            [self.controls.panel], layout=w.Layout(flex="0 0 clamp(446px, 36%, 480px)", min_width="0")
        )
        right = w.VBox([self.output.box], layout=w.Layout(flex="1 1 0", min_width="0", padding="0 0 0 16px"))
        right.add_class("rk-right")
        body = w.HBox([left, right], layout=w.Layout(align_items="flex-start"))
        style = w.HTML(f"<style>{_CSS.read_text(encoding='utf-8')}</style>")
        page = w.VBox([style, head, self.drafts, self.message, self.behind, self.controls.where, body])
        page.add_class("rk-studio")
        return page

    def _repr_mimebundle_(self, **given: Any) -> Any:
        """Show the page; with REBAL_STILL set, as when notebooks are stored, a still picture of its chart."""
        if not os.environ.get("REBAL_STILL"):
            return self.widget._repr_mimebundle_(**given)
        import vl_convert

        self.settle()
        drawing = self.output.drawing
        text = repr(self)
        if drawing is None:
            return {"text/plain": text}
        png = vl_convert.vegalite_to_png(json.dumps(drawing.whole), scale=1.0)
        return {"image/png": packed(png), "text/plain": f"{text}: {drawing.spec['description']}"}

    def __repr__(self) -> str:
        outcome = self.session.outcome
        return f"<Studio: {outcome.run!r}>" if outcome else "<Studio: nothing was run>"

    @property
    def scenario(self) -> Scenario | None:
        """What the controls describe; None while something is wrong."""
        return self.session.read()[0]

    @property
    def faults(self) -> dict[str, str]:
        """What is wrong, by control."""
        return {name: str(finding) for name, finding in self.session.read()[1].items()}

    @property
    def comparison(self) -> Comparison:
        """The run of now, those that are pinned, and buying and holding.

        Raises
        ------
        PolicyError
            Nothing could be run yet.
        """
        self.settle()
        if self.session.outcome is None:
            raise PolicyError(Finding("error", "studio", "nothing was run yet", "mend its faults first"))
        return comparison(self.session.outcome, self.session.pins)

    def settle(self) -> None:
        """Wait for the run that is under way, if any: for cells that go on with its figures."""
        scenario = self.scenario
        if scenario is not None and not self.session.is_run(scenario):
            self._run_at_once(scenario)

    def change(self, name: str, value: Any) -> None:
        """Change one control, as the page does; figures and charts follow."""
        self._act(lambda: self.session.change(name, value))

    def paste(self, row: int, column: str, text: str) -> None:
        """Paste cells of a spreadsheet into the table of targets."""

        def do() -> None:
            astray = self.session.paste(text, row, column)
            self.controls.note.value = f"<div class='rk-fault'>{html.escape(astray)}</div>" if astray else ""

        self._act(do)

    def pin(self, name: str) -> None:
        """Keep the run of now under a name, to compare the next ones with it."""

        def do() -> None:
            self.settle()
            outcome = self.session.outcome
            if outcome is not None:
                used = name.strip() or f"run {len(self.session.pins) + 1}"
                self.session.pins = pinned(self.session.pins, outcome, used)
                self.output.pin_name.value = ""

        self._act(do)

    def unpin(self, name: str) -> None:
        """Take a pinned run off."""
        self.session.pins = {key: one for key, one in self.session.pins.items() if key != name}
        self.refresh()

    def refresh(self) -> None:
        """Make the page say what the session says: controls, faults, figures."""
        session = self.session
        scenario, faults = session.read()
        self.controls.show(session.form, faults)
        self._say_saved()
        self.behind.layout.display = None if session.household_changed else "none"
        self.behind.children[0].value = _box(
            "warning", f"The household '{session.form.household}' was changed on disk since it was read. Figures are of"
                       " what was read."
        )  # fmt: skip
        known = session.is_run(scenario)
        if not known:
            self.today.forget()
            self.bands.forget()
        if scenario is None:
            first, *more = faults.values()
            self.work.cancel()
            also = f" Further faults: {len(more)}." if more else ""
            self.output.stale(f"Not run: {first}.{also}" + (f" {_BEFORE}" if session.outcome else ""))
        elif known and session.outcome is not None:
            self.output.show(session.outcome, session.pins)
        elif session.kept.ready(scenario):
            self._run_at_once(scenario)
        else:
            before = (
                "figures below are those of the run before" if session.outcome else "the first figures follow"
            )
            self.output.stale(f"Working on it; {before}.", "quiet")
            self.work.start(lambda job: session.kept.run(scenario, job), self._ran, self._failed)

    def _run_at_once(self, scenario: Scenario) -> None:
        self.work.cancel()
        try:
            self._ran(self.session.kept.run(scenario, Job()))
        except RebalError as error:
            self._failed(error)

    def _ran(self, outcome: Outcome) -> None:
        self.session.outcome = outcome
        self.output.show(outcome, self.session.pins)

    def _failed(self, error: Exception) -> None:
        text = (
            "\n".join(str(finding) for finding in getattr(error, "findings", ()))
            or f"{type(error).__name__}: {error}"
        )
        self.output.stale(f"Not run: {text}" + (f"\n{_BEFORE}" if self.session.outcome else ""))

    def _cancel(self) -> None:
        self.work.cancel()
        self.output.stale("Cancelled: change something, or undo, to run again.", "warning")

    def _asked(self) -> Scenario | None:
        scenario, _ = self.session.read()
        return scenario

    def _act(self, do: Callable[[], None], refresh: bool = True) -> None:
        """Do something that a file or a value can refuse; say why beside the page's head."""
        try:
            do()
            self.message.value = ""
        except RebalError as error:
            self.message.value = _box("error", "\n".join(str(finding) for finding in error.findings))
        if refresh:
            self.refresh()

    def _button(self, what: str, value: Any) -> None:
        actions = {
            "add": self.session.add,
            "remove": self.session.remove,
            "cash": lambda _: self.session.fill_cash(),
        }
        self._act(lambda: actions[what](value))

    def _undo(self, _: Any) -> None:
        self._act(self.session.undo)

    def _redo(self, _: Any) -> None:
        self._act(self.session.redo)

    def _save(self, _: Any) -> None:
        try:
            path = self.session.save(self.file.value, over=bool(self.over.value))
        except (PolicyError, HouseholdError) as error:
            self.message.value = _box(
                "error", "Not saved: " + "\n".join(str(finding) for finding in error.findings)
            )
            there = "is there already" in str(error) or "somebody else" in str(error)
            self.over.layout.display = None if there else "none"
            return
        self.over.value, self.over.layout.display = False, "none"
        self.message.value = _box(
            "good-news", f"Saved to {path}. The same with rebal compare --scenario {path.name}"
        )
        self._say_saved()

    def _load(self, _: Any) -> None:
        self._act(lambda: self.session.load(self.file.value))

    def _reread(self, _: Any) -> None:
        self._act(self.session.reread_household)

    def _say_saved(self) -> None:
        session = self.session
        name = session.path.name if session.path else ""
        if session.unsaved:
            text = f"● not saved{f' since {name} was' if name else ''}; {session.draft_is}"
        elif name:
            text = f"✓ as in {name}" + (f", saved {session.saved_at:%H:%M}" if session.saved_at else "")
        else:
            text = "nothing to save yet"
        self.saved.value = (
            f"<span class='rk-quiet' data-unsaved='{int(session.unsaved)}'>{html.escape(text)}</span>"
        )
        self.undo.disabled, self.redo.disabled = not session.history.past, not session.history.future

    def _opened(self, _: Any) -> None:
        """A browser has drawn the page first: it may have been made long before, and something happened since."""
        self.output.chart.unobserve(self._opened, "drawn_ms")
        self._offer_drafts()
        self.refresh()

    def _offer_drafts(self) -> None:
        self.drafts.children = tuple(self._offer(draft) for draft in left_behind(self.session.draft)[:3])

    def _offer(self, draft: Draft) -> Any:
        of = f" of {Path(draft.of).name}" if draft.of else ""
        state = (
            "in a studio that is still open, or was just reloaded"
            if draft.open
            else "when its kernel stopped"
        )
        text = (
            f"Changes{of} to {draft.scenario.household} of {draft.when:%d %b %H:%M} were not saved {state}."
        )
        take = _icon("", "Go on with what was not saved", lambda _: self._take_up(draft), "Take up")
        away = _icon("", "Throw away what was not saved", lambda _: self._throw_away(draft), "Throw away")
        return w.HBox([w.HTML(_box("warning", text)), take, away])

    def _take_up(self, draft: Draft) -> None:
        self._act(lambda: self.session.take_up(draft))
        self.file.value = Path(draft.of).name if draft.of else ""
        self._offer_drafts()

    def _throw_away(self, draft: Draft) -> None:
        drop_draft(draft.path)
        self._offer_drafts()


def _icon(icon: str, tip: str, do: Callable[[Any], None], title: str = "") -> Any:
    button = w.Button(
        icon=icon, description=title, tooltip=tip, layout=w.Layout(width="auto" if title else "38px")
    )
    button.on_click(do)
    return button


def _box(kind: str, text: str) -> str:
    role = " role='alert'" if kind == "error" else ""
    return f"<div class='rk-box rk-{kind}'{role}>{html.escape(text)}</div>"
