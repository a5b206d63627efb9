"""What the studio shows of a run: key figures, a chart, the comparison, and the state that all of it is in."""

from __future__ import annotations

import base64
import datetime as dt
import html
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import ipywidgets as w

from rebal_kit.findings import Finding, RebalError
from rebal_kit.safe_files import replacing
from rebal_kit.views import studio_charts
from rebal_kit.views.studio_charts import Drawing, Shown
from rebal_kit.views.studio_model import NOW, REFERENCE, Outcome, comparison, differences
from rebal_kit.views.studio_widgets import ChartView
from rebal_kit.views.tables import EXPLAINED, MEASURES, Measure, said, table

GROWTH, DRIFT, TAXES, ALL_BANDS = "Growth", "Weights and bands", "Tax by year", "All bands"
FIGURES, TODAY = "All figures", "Today"
_VIEWS = {
    GROWTH: "Value of all accounts after tax, over time",
    DRIFT: "Weights of classes against their bands, with the trades",
    TAXES: "Income tax by year",
    ALL_BANDS: "The same policy with forty bands, from half a point to twenty",
    FIGURES: "Every measure of every run, and what to know before using them",
    TODAY: "What is due today: the alert, then a proposal, then its approval",
}
_DRAW = {GROWTH: studio_charts.growth, DRIFT: studio_charts.drift, TAXES: studio_charts.taxes}
#: Key figures: heading, measure, what it means, and whether more is better (None: neither).
_SOLD = "Value at the end as if everything were sold on the last day and taxed, retirement accounts too"
_KEY: tuple[tuple[str, str, str, bool | None], ...] = (
    ("Value after tax", "value_after_tax", "Value at the end, less all tax paid and accrued", True),
    ("After liquidation", "value_after_liquidation", _SOLD, True),
    ("Return after tax", "cagr_after_tax", "Yearly growth after all tax paid and accrued", True),
    ("Lost to tax", "tax_drag", "Yearly return before tax less return after tax", False),
    (
        "Average drift",
        "average_drift",
        "Share of the portfolio that lies in the wrong class, on average",
        False,
    ),
    (
        "Turnover a year",
        "turnover",
        "Half of purchases and sales over the average value, without the opening",
        None,
    ),
    ("Trades", "trades", "Orders in all accounts over the whole period", None),
)
_MEASURES = {measure.key: measure for group in MEASURES.values() for measure in group}


class Output:
    """The right-hand side of the page.

    Parameters
    ----------
    folder : path
        Where figures and data are exported to.
    on_pin, on_unpin : callable
        Called with the name of a run.
    on_cancel : callable
        Called when work is to stop.
    """

    def __init__(
        self, folder: Path, on_pin: Callable[[str], None], on_unpin: Callable[[str], None],
        on_cancel: Callable[[], None],
    ):  # fmt: skip
        self._folder = folder
        self._outcome: Outcome | None = None
        self._pins: Mapping[str, Outcome] = {}
        self.state = w.HTML(value=_box("empty", "Nothing has been run yet."))
        self.progress = w.HTML()
        self.cancel = _button("Cancel", "Stop what is under way; the figures stay as they are")
        self.cancel.on_click(lambda _: on_cancel())
        self.working = w.HBox([self.progress, self.cancel], layout=w.Layout(display="none"))
        self.cards = w.HTML()
        self.view = w.ToggleButtons(
            options=list(_VIEWS),
            tooltips=list(_VIEWS.values()),
            tooltip="What is shown",
            style={"button_width": "auto"},
        )
        self.view.add_class("rk-views")
        self.view.observe(lambda _: self._show_view(), "value")
        self.chart = ChartView()
        self.chart.observe(lambda change: None if change["old"] else self.say_again(), "drawn_ms")
        self.figures = w.HTML()
        self.beside = w.HTML()
        self.bands = w.VBox([])
        self.today = w.VBox([])
        self.notes = w.HTML()
        self.pin_name = w.Text(placeholder="name of this run", layout=w.Layout(width="150px"),
                               tooltip="What the pinned run is called in charts and tables")  # fmt: skip
        self.pin = _button("Pin this run", "Keep this run, to compare the next ones with it")
        self.pin.on_click(lambda _: on_pin(self.pin_name.value))
        self._on_unpin = on_unpin
        self.pinned = w.HBox([])
        self.exported = w.HTML()
        self.export = {kind: _button(title, tip) for kind, (title, tip) in _EXPORTS.items()}
        for kind, button in self.export.items():
            button.on_click(lambda _, kind=kind: self.save(kind))
        below = w.HBox([self.pin_name, self.pin, self.pinned, *self.export.values()])
        below.add_class("rk-row")
        self.body = w.VBox([self.chart])
        self.box = w.VBox(
            [self.state, self.working, self.cards, self.view, self.body, below, self.exported, self.notes]
        )

    def show(self, outcome: Outcome, pins: Mapping[str, Outcome]) -> None:
        """Show a run, those that are pinned and the reference."""
        self._outcome, self._pins = outcome, pins
        self.cards.value = _cards(outcome)
        if list(pins) != [button.description[2:] for button in self.pinned.children]:
            self.pinned.children = tuple(self._unpin(name) for name in pins)
        self.body.remove_class("rk-stale")
        self.cards.remove_class("rk-stale")
        apart = differences(outcome, pins)
        self.notes.value = "".join(_box("warning", text) for text in apart)
        run = outcome.run
        self.state.value = _box(
            "quiet",
            f"{run.household.name}, {run.market.name}, {run.market.dates[0]} to {run.market.dates[-1]}; opened with"
            f" {run.opened_with}; US federal law of {run.household.tax.law_year} in every year."
            + (f" {run.market.badge}" if run.market.badge else "") + " A back-test, no forecast; not tax advice.",
        )  # fmt: skip
        self._show_view()

    def say_again(self) -> None:
        """Send all words to a page that has drawn for the first time: while it joined, some may have passed it by."""
        for part in (self.state, self.cards, self.progress, self.figures, self.beside, self.notes):
            part.send_state()
        self.working.layout.send_state()

    def stale(self, why: str, kind: str = "error") -> None:
        """Say that what is shown is not what the controls say, and why."""
        self.state.value = _box(kind, why)
        if self._outcome is not None:
            self.body.add_class("rk-stale")
            self.cards.add_class("rk-stale")

    def busy(self, step: str, done: float | None = None) -> None:
        """Say what is under way."""
        part = f"<progress value='{done:.3f}'></progress>" if done is not None else "<progress></progress>"
        self.progress.value = f"<span role='status'>{part} {html.escape(step)} …</span>"
        self.working.layout.display = None

    def idle(self) -> None:
        """Nothing is under way any more."""
        self.working.layout.display = "none"

    @property
    def drawing(self) -> Drawing | None:
        """The chart that is shown; None where there is none."""
        if self._outcome is None or self.view.value not in _DRAW:
            return None
        return _DRAW[self.view.value](Shown.of(self._outcome, self._pins))

    def _show_view(self) -> None:
        apart = {TODAY: self.today, ALL_BANDS: self.bands}
        if self.view.value in apart:
            self.body.children = (apart[self.view.value],)
        elif self._outcome is None:
            self.body.children = ()
        elif self.view.value == FIGURES:
            self.figures.value = _figures(self._outcome, self._pins)
            self.body.children = (self.figures,)
        else:
            drawing = self.drawing
            assert drawing is not None
            self.chart.show(drawing)
            self.beside.value = _beside(self._outcome, self._pins) if self._pins else ""
            if self.body.children != (self.chart, self.beside):
                self.body.children = (self.chart, self.beside)

    def _unpin(self, name: str) -> Any:
        button = _button(f"× {name}", f"Take the run '{name}' off")
        button.on_click(lambda _: self._on_unpin(name))
        return button

    def save(self, kind: str) -> None:
        """Export figure or data, and say where; beside it a link that downloads the same."""
        try:
            name, raw, media = self._exported(kind)
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as file:
                file.write(raw)
        except OSError as problem:
            self.exported.value = _box("error", f"{path} cannot be written: {problem.strerror or problem}")
            return
        except RebalError as error:
            self.exported.value = _box("error", str(error))
            return
        link = f"data:{media};base64,{base64.b64encode(raw).decode()}"
        self.exported.value = (
            f"<div class='rk-box rk-quiet'>Written: {html.escape(str(path))} ·"
            f" <a download='{html.escape(name, quote=True)}' href='{link}'>download</a></div>"
        )

    def _exported(self, kind: str) -> tuple[str, bytes, str]:
        if self._outcome is None:
            raise RebalError(
                Finding("error", "export", "nothing has been run yet", "mend what is marked, then again")
            )
        stamp = f"{self._outcome.run.household.name}-{dt.datetime.now():%Y%m%d-%H%M%S}"
        if kind == "csv":
            return f"studio-{stamp}-daily.csv", self._daily().encode(), "text/csv"
        if kind == "journal":
            text = self._outcome.run.journal.to_csv(index=False)
            return f"studio-{stamp}-trades.csv", text.encode(), "text/csv"
        drawing = self.drawing
        if drawing is None:
            raise RebalError(Finding("error", "export", "no chart is shown", "choose a chart first"))
        import vl_convert

        text = json.dumps(drawing.whole)
        part = self.view.value.lower().replace(" ", "-")
        if kind == "svg":
            return f"studio-{stamp}-{part}.svg", vl_convert.vegalite_to_svg(text).encode(), "image/svg+xml"
        return f"studio-{stamp}-{part}.png", vl_convert.vegalite_to_png(text, scale=2.0), "image/png"

    def _daily(self) -> str:
        import pandas as pd

        assert self._outcome is not None
        runs = Shown.of(self._outcome, self._pins).runs
        return pd.concat({name: run.daily for name, run in runs.items()}, names=["run", "date"]).to_csv()


_EXPORTS = {
    "png": ("PNG", "Save the chart as a picture, PNG"),
    "svg": ("SVG", "Save the chart as a drawing that can be enlarged, SVG"),
    "csv": ("CSV: daily", "Save value, cash, drift, tax and dividends of each day and run as CSV"),
    "journal": (
        "CSV: trades",
        "Save every trade of the run of now, a row a tax lot, with gain and reason, as CSV",
    ),
}


def _cards(outcome: Outcome) -> str:
    now, other = outcome.run.metrics, outcome.reference.metrics
    cells = []
    for title, key, meaning, better in _KEY:
        measure = _MEASURES[key]
        value, difference = now[key], now[key] - other[key]
        good = "" if better is None or not _words(measure, difference).strip("+−$0., pt") else (
            "rk-good" if (difference > 0) == better else "rk-bad"
        )  # fmt: skip
        cells.append(
            f"<div class='rk-card' title='{html.escape(meaning, quote=True)}'><div class='rk-name'>{html.escape(title)}"
            f"</div><div class='rk-value' data-key='{key}'>{_words(measure, value, plain=True)}</div>"
            f"<div class='rk-than {good}'>{_words(measure, difference)} vs {REFERENCE}</div></div>"
        )
    return f"<div class='rk-cards'>{''.join(cells)}</div>"


def _beside(outcome: Outcome, pins: Mapping[str, Outcome]) -> str:
    """Return the key figures of all runs, a row a run."""
    head = "".join(
        f"<th scope='col' title='{html.escape(why, quote=True)}'>{name}</th>" for name, _, why, _ in _KEY
    )
    rows = []
    for name, run in Shown.of(outcome, pins).runs.items():
        cells = "".join(
            f"<td>{_words(_MEASURES[key], run.metrics[key], plain=True)}</td>" for _, key, _, _ in _KEY
        )
        rows.append(f"<tr><td>{html.escape(name)}</td>{cells}</tr>")
    body = f"<thead><tr><th></th>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return f"<div class='rk-wide-table'><table class='rk-beside'>{body}</table></div>"


def _words(measure: Measure, value: float, plain: bool = False) -> str:
    """Return a figure with its unit; a difference carries its sign, and one of percentages is in points."""
    if not math.isfinite(value):
        return "–"
    rate = measure.unit.startswith("%")
    text = f"{abs(value) * 100:.{measure.digits}f}" if rate else f"{abs(value):,.0f}"
    nothing = not text.strip("0.,")
    sign = "−" if value < 0 and not nothing else "" if plain or nothing else "+"
    if rate:
        return f"{sign}{text} {'%' if plain else 'pt'}"
    return f"{sign}{'$' if measure.unit == '$k' else ''}{text}"


def _figures(outcome: Outcome, pins: Mapping[str, Outcome]) -> str:
    found = comparison(outcome, pins)
    rows = table(found)
    head = "".join(f"<th scope='col'>{html.escape(str(name))}</th>" for name in rows.columns)
    body, last = [], None
    for (group, name, unit), row in zip(rows.index, rows.to_numpy(), strict=True):
        if group != last:
            body.append(f"<tr><th colspan='{2 + len(row)}' class='rk-group'>{html.escape(group)}</th></tr>")
            last = group
        meaning = html.escape(EXPLAINED.get((group, name), ""), quote=True)
        cells = "".join(f"<td>{html.escape(text)}</td>" for text in row)
        body.append(
            f"<tr><th scope='row' title='{meaning}'>{html.escape(name)}</th><td class='rk-unit'>{unit}</td>{cells}</tr>"
        )
    know = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in said(found.runs[NOW].assumptions))
    return (
        f"<table class='rk-figures'><thead><tr><th></th><th></th>{head}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table>"
        f"<div class='rk-know'><b>What to know</b><ul>{know}</ul></div>"
    )


def _button(title: str, tip: str) -> Any:
    return w.Button(description=title, tooltip=tip, layout=w.Layout(width="auto"))


def _box(kind: str, text: str) -> str:
    role = " role='alert'" if kind == "error" else ""
    return f"<div class='rk-box rk-{kind}'{role}>{html.escape(text)}</div>"
