"""All bands: the same policy with forty widths, so that one sees whether what is good about the one set is luck."""

from __future__ import annotations

import html
from typing import Any

import ipywidgets as w

from rebal_kit.views import studio_charts
from rebal_kit.views.studio_form import BANDS, BOTH, TIERS, Form
from rebal_kit.views.studio_reading import scenario_of
from rebal_kit.views.studio_session import Session
from rebal_kit.views.studio_widgets import ChartView
from rebal_kit.views.studio_work import Job, Work

#: Widths that are tried, points.
WIDTHS = tuple(0.5 * n for n in range(1, 41))
_FIRST = (
    "Runs the policy with forty bands, from half a point to twenty; classes with a band of their own keep it."
)
_CAUTION = (
    "One history: what is best here is not best on another. Look for a plateau, not for a peak; notebook"
    " 05_does_it_hold_up tests it."
)


class AllBands:
    """The panel.

    Parameters
    ----------
    session : Session
    work : Work
    """

    def __init__(self, session: Session, work: Work):
        self._session, self._work = session, work
        self.run = w.Button(description="Run 40 bands", layout=w.Layout(width="auto"),
                            tooltip="Run the policy once for each band; it can be cancelled")  # fmt: skip
        self.run.on_click(lambda _: self._start())
        self.said = w.HTML()
        self.chart = ChartView()
        self.rows: list[dict[str, Any]] = []
        self.box = w.VBox([w.HBox([self.run]), self.said, self.chart])
        self.forget()

    def forget(self) -> None:
        """The policy is another one: what was found belongs to the one before."""
        changed = bool(self.rows)
        self.rows = []
        self.chart.layout.display = "none"
        self.said.value = _box("The policy was changed: run again." if changed else _FIRST)

    def _start(self) -> None:
        form = self._session.form
        if form.trigger not in (BANDS, BOTH, TIERS):
            self.said.value = _box("This trigger has no band that could be varied: choose bands or tiers.")
            return
        self._work.start(
            lambda job: self._found(form, job), lambda rows: self._show(form, rows), self._failed
        )

    def _found(self, form: Form, job: Job) -> list[dict[str, Any]]:
        home = self._session.kept.household(form.household)
        rows = []
        for at, width in enumerate(WIDTHS):
            job.step(f"Band of {width:g} points", at / len(WIDTHS))
            scenario, faults = scenario_of(form.changed("band", width), home)
            if scenario is None:
                said = next(iter(faults.values()))
                raise ValueError(f"{said}")
            found = self._session.kept.run(scenario, job.quiet()).run.metrics
            rows.append({"band": width, "after_tax": round(found["value_after_tax"], 2),
                         "after_liquidation": round(found["value_after_liquidation"], 2),
                         "drift": round(found["average_drift"], 6), "trades": found["trades"]})  # fmt: skip
        return rows

    def _show(self, form: Form, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.chart.layout.display = None
        self.chart.show(studio_charts.bands(rows, form.band))
        self.said.value = _box(_CAUTION)

    def _failed(self, error: Exception) -> None:
        self.said.value = _box(str(error), "error")


def _box(text: str, kind: str = "quiet") -> str:
    return f"<div class='rk-box rk-{kind}'>{html.escape(text)}</div>"
