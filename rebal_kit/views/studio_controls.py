"""The studio's controls: what can be set, in the field's words, and what is wrong beside the control that says it."""

from __future__ import annotations

import html
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import ipywidgets as w

from rebal_kit.files.bundled import bundled_names
from rebal_kit.periods import EVERY
from rebal_kit.policy import LOT_METHODS
from rebal_kit.sources.load import BUNDLED
from rebal_kit.views.nouns import FILINGS
from rebal_kit.views.studio_form import AS_WRITTEN, BANDS, BOTH, CALENDAR, NONE, TIER_NAMES, TIERS, Form
from rebal_kit.views.studio_reading import Faults, total
from rebal_kit.views.studio_widgets import Table
from rebal_kit.views.studio_words import COLUMNS, TIPS

_TRIGGERS = {
    "Tolerance bands": BANDS, "Calendar": CALENDAR, "Calendar and bands": BOTH, "Tiers": TIERS,
    "Buy and hold": NONE, "As in the file": AS_WRITTEN,
}  # fmt: skip
_METHODS = {
    "fifo": "FIFO: oldest first", "lifo": "LIFO: newest first", "hifo": "HIFO: highest basis first",
    "least_tax": "Least tax", "long_term_first": "Long-term first",
}  # fmt: skip
_DESTINATIONS = {
    "To the target": "target",
    "Half-way": "half",
    "To the band's edge": "edge",
    "As in the file": AS_WRITTEN,
}
_OPENINGS = {"Values, else lots": "auto", "Opening values": "values", "Tax lots": "lots"}
_LOOKS = ("1", "5", *EVERY[1:])
_WITH_BANDS, _WITH_CALENDAR = (BANDS, BOTH, TIERS), (CALENDAR, BOTH)


class Control(NamedTuple):
    """A control with its place for what is wrong.

    Attributes
    ----------
    widget : Widget
    fault : HTML
    box : VBox
        Both, one below the other.
    shown_with : tuple of str
        Triggers with which it is shown; empty: always.
    """

    widget: Any
    fault: Any
    box: Any
    shown_with: tuple[str, ...] = ()


class Controls:
    """All controls but those that save and load.

    Parameters
    ----------
    on_change : callable
        Called with a control's name and its value.
    on_paste : callable
        Called with row, column and the text that was pasted into the table of targets.
    on_button : callable
        Called with 'add', 'remove' or 'cash', and what it is about.
    """

    def __init__(
        self, on_change: Callable[[str, Any], None], on_paste: Callable[[int, str, str], None],
        on_button: Callable[[str, Any], None],
    ):  # fmt: skip
        self._on_change, self._on_button = on_change, on_button
        self._quiet = False
        self.all: dict[str, Control] = {}
        self._make_where()
        self._make_when()
        self._make_how()
        self._make_tax()
        self.table = Table(COLUMNS, "Targets, bands and tiers of asset classes", self._edited, on_paste)
        self.sum = w.HTML()
        self.note = w.HTML()
        self.ticker = w.Text(placeholder="ticker", tooltip="A security of the market, as a class of its own",
                             layout=w.Layout(width="110px"))  # fmt: skip
        self.add = _button("Add class", "Add a class that holds this one security, with a target of 0 %")
        self.to_cash = _button("Rest to cash", "Let cash take what the targets of the classes leave of 100 %")
        self.add.on_click(lambda _: on_button("add", self.ticker.value))
        self.to_cash.on_click(lambda _: on_button("cash", None))
        self.panel = self._panel()

    def show(self, form: Form, faults: Faults) -> None:
        """Make every control say what the form says, and show what is wrong beside it."""
        self._quiet = True
        try:
            for name, control in self.all.items():
                value, widget = form.value(name), control.widget
                if isinstance(widget, w.Dropdown) and value not in dict(widget.options).values():
                    widget.options = {**dict(widget.options), str(value): value}
                if isinstance(value, (int, float)) and getattr(widget, "max", value) < value:
                    widget.max = value
                if widget.value != value:
                    widget.value = value
                finding = faults.get(name)
                control.fault.value = _fault(f"{finding.what} — {finding.remedy}") if finding else ""
                control.box.layout.display = (
                    None if form.trigger in (control.shown_with or (form.trigger,)) else "none"
                )
            self._show_harvest(form)
            self._show_table(form, faults)
        finally:
            self._quiet = False

    def _show_harvest(self, form: Form) -> None:
        for name in ("harvest_pct", "harvest_usd"):
            self.all[name].box.layout.display = None if form.harvest else "none"

    def _show_table(self, form: Form, faults: Faults) -> None:
        hidden = set() if form.trigger == TIERS else {"tier"}
        hidden |= set() if form.trigger in _WITH_BANDS else {"band", "relative"}
        self.table.columns = [dict(column) for column in COLUMNS if column["key"] not in hidden]
        rows = [
            {"name": f"{row.name}\n{' '.join(symbol for symbol, _ in row.members[:4])}", "_name": row.name,
             "target": row.target, "band": row.band, "relative": row.relative, "tier": row.tier,
             "partners": row.partners,
             "_fixed": [] if len(row.members) == 1 else ["partners"]}
            for row in form.rows
        ]  # fmt: skip
        rows.append({"name": "Cash", "_name": "Cash", "target": form.cash,
                     "_fixed": ["band", "relative", "tier", "partners", "remove"]})  # fmt: skip
        said = {name[5:]: finding for name, finding in faults.items() if name.startswith("rows.")}
        if "cash" in faults:
            said[f"{len(form.rows)}.target"] = faults["cash"]
        self.table.show(rows, {name: f"{finding.what} — {finding.remedy}" for name, finding in said.items()})
        self.sum.value = self._sum(form, faults)

    def _sum(self, form: Form, faults: Faults) -> str:
        wrong = faults.get("sum") or faults.get("rows")
        if wrong:
            return _fault(f"{wrong.what} — {wrong.remedy}")
        summed = total(form)
        return (
            f"<span class='rk-quiet'>Targets add up to {summed:.6g} %</span>" if math.isfinite(summed) else ""
        )

    def _edited(self, row: int, column: str, value: Any) -> None:
        last = len(self.table.rows) - 1
        if column == "remove":
            self._on_button("remove", row)
        else:
            self._on_change("cash" if row == last else f"rows.{row}.{column}", value)

    def _put(self, name: str, widget: Any, shown_with: tuple[str, ...] = ()) -> None:
        widget.tooltip = TIPS[name]
        fault = w.HTML()
        box = w.VBox([widget, fault], layout=w.Layout(width="100%", overflow="visible"))
        self.all[name] = Control(widget, fault, box, shown_with)
        widget.observe(lambda change: None if self._quiet else self._on_change(name, change["new"]), "value")

    def _make_where(self) -> None:
        self._put("market", _combo("Market", tuple(BUNDLED)))
        self._put("household", _combo("Household", bundled_names("households")))
        for name, title in (("start", "From"), ("end", "To")):
            self._put(name, w.Text(description=title, placeholder="as far as prices go", **_style()))
        self._put("open_with", _choice("Opens with", _OPENINGS))

    def _make_when(self) -> None:
        self._put("trigger", _choice("Trigger", _TRIGGERS))
        self._put("every", _choice("Every", {name: name for name in EVERY}), _WITH_CALENDAR)
        later = w.BoundedIntText(min=0, max=250, description="Sessions later", **_style())
        self._put("offset", later, _WITH_CALENDAR)
        self._put("band", _slider("Band, points", 20, 0.25), _WITH_BANDS)
        self._put("relative", _slider("Band, % of target", 100, 1), _WITH_BANDS)
        both = {"Either is exceeded": "either", "Both are exceeded": "both"}
        self._put("combine", _choice("Trade when", both), _WITH_BANDS)
        self._put("look", _combo("Look every", _LOOKS), (BANDS, BOTH))
        for at, name in enumerate(TIER_NAMES):
            self._put(f"looks.{at}", _combo(f"Look at {name}", _LOOKS), (TIERS,))

    def _make_how(self) -> None:
        self._put("destination", _choice("Destination", _DESTINATIONS))
        self._put("lot_method", _choice("Lots sold", {_METHODS[name]: name for name in LOT_METHODS}))
        self._put("harvest", w.Checkbox(description="Harvest losses", indent=False))
        self._put("harvest_pct", _slider("Loss from, %", 50, 0.5))
        self._put("harvest_usd", _amount("Loss from, US$"))
        self._put("half_spread_bps", _slider("Half spread, bps", 50, 0.5))
        self._put("commission_usd", _amount("Commission, US$"))
        self._put("impact", _slider("Impact, k", 3, 0.1))

    def _make_tax(self) -> None:
        self._put("filing", _choice("Filing", {words: name for name, words in FILINGS.items()}))
        self._put("ordinary_income", _amount("Income, US$", least=-1e9))
        self._put("outside_long", _amount("Gains elsewhere", least=-1e9))
        self._put("carryover_long", _amount("Losses carried in"))
        self._put("state_rate", _slider("State rate, %", 15, 0.1))

    def _panel(self) -> Any:
        boxes = {name: control.box for name, control in self.all.items()}
        targets = w.VBox([self.table, self.sum, w.HBox([self.ticker, self.add, self.to_cash]), self.note])
        when = [boxes[name] for name in ("trigger", "every", "offset", "band", "relative", "combine", "look",
                                         *(f"looks.{at}" for at in range(len(TIER_NAMES))), "destination")]  # fmt: skip
        parts = {
            "When to trade": w.VBox(when),
            "Targets, bands, tiers": targets,
            "Lots and harvesting": _stack(boxes, "lot_method", "harvest", "harvest_pct", "harvest_usd"),
            "Costs": _stack(boxes, "half_spread_bps", "commission_usd", "impact"),
            "Tax profile": _stack(
                boxes, "filing", "ordinary_income", "state_rate", "outside_long", "carryover_long"
            ),
        }
        folded = ("Costs", "Tax profile")
        sections = [
            w.Accordion([part], titles=(title,), selected_index=None if title in folded else 0)
            for title, part in parts.items()
        ]
        return w.VBox(sections, layout=w.Layout(width="100%"))

    @property
    def where(self) -> Any:
        """Market, household and period, in a row."""
        row = [self.all[name].box for name in ("market", "household", "start", "end", "open_with")]
        for name in ("market", "household", "start", "end", "open_with"):
            self.all[name].widget.style.description_width = "auto"
        return w.GridBox(
            row,
            layout=w.Layout(
                grid_template_columns="repeat(5, minmax(0, 1fr))", grid_gap="0 18px", width="100%"
            ),
        )


def _style() -> dict[str, Any]:
    wide = w.Layout(width="calc(100% - 4px)", min_width="0")
    return {"style": {"description_width": "118px"}, "layout": wide, "continuous_update": False}


def _stack(boxes: dict[str, Any], *names: str) -> Any:
    return w.VBox([boxes[name] for name in names])


def _button(title: str, tip: str) -> Any:
    return w.Button(description=title, tooltip=tip, layout=w.Layout(width="auto"))


def _combo(title: str, options: tuple[str, ...]) -> Any:
    return w.Combobox(description=title, options=options, ensure_option=False, **_style())


def _choice(title: str, options: dict[str, str]) -> Any:
    given = {name: value for name, value in _style().items() if name != "continuous_update"}
    return w.Dropdown(description=title, options=options, **given)


def _amount(title: str, least: float = 0.0) -> Any:
    return w.BoundedFloatText(min=least, max=1e9, description=title, **_style())


def _slider(title: str, most: float, step: float) -> Any:
    return w.FloatSlider(min=0, max=most, step=step, description=title, readout_format=".2f", **_style())


def _fault(text: str) -> str:
    return f"<div class='rk-fault' role='alert'>{html.escape(text)}</div>"
