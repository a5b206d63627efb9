"""From what the controls say to a scenario; or to what is wrong, by the control that says it."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from rebal_kit.domain import Household
from rebal_kit.findings import Finding, RebalError
from rebal_kit.periods import EVERY
from rebal_kit.policy import Harvest, RebalancePolicy
from rebal_kit.scenario import Scenario
from rebal_kit.targets import WEIGHT_TOLERANCE, AssetClass, TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Calendar, Threshold, Tier, Tiered, ToleranceBand, Trigger
from rebal_kit.views.studio_form import (
    AS_WRITTEN,
    BANDS,
    BOTH,
    CALENDAR,
    NONE,
    TIER_NAMES,
    TIERS,
    Form,
    Row,
    percent,
    shown,
)

Faults = dict[str, Finding]
_PERCENT = re.compile(r"\s*([-+]?(?:\d+(?:\.\d*)?|\.\d+))\s*%?\s*")
#: After the name of a policy that is not any more what its file says.
CHANGED = ", changed"
_TAX = ("filing", "ordinary_income", "state_rate", "outside_long", "carryover_long")


def scenario_of(form: Form, household: Household) -> tuple[Scenario | None, Faults]:
    """Return the scenario that the controls describe, or None; and everything that is wrong, by control.

    Parameters
    ----------
    form : Form
    household : Household
        The one that the form names.
    """
    faults: Faults = {}
    targets = _targets(form, household, faults)
    days = {name: _day(form, name, faults) for name in ("start", "end")}
    triggers, wrong = triggers_of(form)
    faults |= wrong
    policy = _policy(form, triggers, faults) if triggers is not None else None
    tax = _tax(form, household, faults)
    if faults or policy is None or targets is None:
        return None, faults
    try:
        found = Scenario(
            policy, form.household, form.market, form.base.name, days["start"], days["end"],
            None if form.open_with == "auto" else form.open_with,
            None if targets == household.targets else targets, None if tax == household.tax else tax,
        )  # fmt: skip
    except RebalError as error:
        return None, {"start": error.findings[0]}
    return found, {}


def total(form: Form) -> float:
    """Return what the targets add up to, in percent; NaN while a cell is no number."""
    cells = [number(text) for text in (*(row.target for row in form.rows), form.cash)]
    return math.fsum(cells) if all(cell is not None for cell in cells) else math.nan


def number(text: str) -> float | None:
    """Return a number that may carry a percent sign; None where it is none."""
    found = _PERCENT.fullmatch(text.replace("\u2212", "-"))
    return float(found[1]) if found else None


def triggers_of(form: Form) -> tuple[tuple[Trigger, ...] | None, Faults]:
    """Return the triggers that the controls describe, or None with what is wrong."""
    faults: Faults = {}
    if form.trigger == AS_WRITTEN:
        return form.base.policy.triggers, {}
    if form.trigger == NONE:
        return (), {}
    found: list[Trigger] = []
    if form.trigger in (CALENDAR, BOTH):
        found.append(Calendar(form.every, int(form.offset)))
    if form.trigger in (BANDS, BOTH):
        default = _default_band(form, faults)
        bands = [
            (row.name, _band(form, at, faults))
            for at, row in enumerate(form.rows)
            if row.band or row.relative
        ]
        look = _look(form.look, "look", faults)
        if not faults:
            found.append(Threshold(default, look, tuple(bands), _level(form)))
    if form.trigger == TIERS:
        tiers = list(_tiers(form, faults))
        if not tiers and not faults:
            faults["trigger"] = Finding(
                "error", "tiers", "no class is in a tier", "choose A, B or C in the table"
            )
        if not faults:
            found.append(Tiered(tuple(tiers)))
    return (None if faults else tuple(found)), faults


def _level(form: Form) -> Any:
    levels = [trigger.level for trigger in form.base.policy.triggers if isinstance(trigger, Threshold)]
    return levels[0] if levels else "class"


def _tiers(form: Form, faults: Faults) -> Iterator[Tier]:
    for name, text in zip(TIER_NAMES, form.looks, strict=True):
        inside: dict[ToleranceBand, list[str]] = {}
        for at, row in enumerate(form.rows):
            if row.tier == name:
                own = row.band or row.relative
                band = _band(form, at, faults) if own else _default_band(form, faults)
                inside.setdefault(band, []).append(row.name)
        look = _look(text, f"looks.{TIER_NAMES.index(name)}", faults) if inside else 1
        if not faults:
            yield from (Tier(tuple(members), band, look) for band, members in inside.items())


def _default_band(form: Form, faults: Faults) -> ToleranceBand:
    if not form.band and not form.relative:
        faults["band"] = Finding("error", "band", "has no width", "give points, or a share of the target")
        return ToleranceBand(absolute=0.05)
    return ToleranceBand(_part(form.band) if form.band else None, _part(form.relative) if form.relative else None,
                         form.combine)  # fmt: skip


def _part(value: float) -> float:
    """Return percent as a fraction, the one that is nearest to what was typed."""
    return float(f"{value / 100:.12g}")


def _band(form: Form, at: int, faults: Faults) -> ToleranceBand:
    widths: dict[str, float | None] = {}
    for column, most in (("band", 100.0), ("relative", 1000.0)):
        text = getattr(form.rows[at], column)
        found = number(text) if text.strip() else None
        if text.strip() and (found is None or not 0 < found <= most):
            faults[f"rows.{at}.{column}"] = Finding(
                "error", form.rows[at].name, f"band is '{text}'", f"give a number above 0, at most {most:g}"
            )
        widths[column] = None if found is None else _part(found)
    if any(f"rows.{at}.{column}" in faults for column in widths) or not any(widths.values()):
        return ToleranceBand(absolute=0.05)
    return ToleranceBand(widths["band"], widths["relative"], form.combine)


def _look(text: str, field: str, faults: Faults) -> Any:
    text = text.strip()
    if text in EVERY:
        return text
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    remedy = f"give sessions (1, 2, …) or one of {', '.join(EVERY)}"
    faults[field] = Finding("error", "look", f"is '{text}'", remedy)
    return 1


def _targets(form: Form, household: Household, faults: Faults) -> TargetAllocation | None:
    """Return the targets; their sum is checked once every cell is a number."""
    if not form.rows:
        faults["rows"] = Finding("error", "targets", "there are none", "add a class, or paste a table")
        return None
    for at, name in [
        *((f"rows.{at}.target", row.name) for at, row in enumerate(form.rows)),
        ("cash", "cash"),
    ]:
        text = form.value(at)
        found = number(text)
        if found is None or not 0 <= found <= 100:
            faults[at] = Finding("error", name, f"target is '{text}'", "give percent from 0 to 100")
    if faults:
        return None
    summed = total(form)
    if abs(summed - 100) > 100 * WEIGHT_TOLERANCE:
        what = f"targets add up to {summed:.6g} %, {abs(summed - 100):.6g} % too {'much' if summed > 100 else 'little'}"
        remedy = "change a target, or let cash take the difference" if summed < 100 else "lower a target"
        faults["sum"] = Finding("error", "targets", what, remedy)
        return None
    weights = []
    for at, row in enumerate(form.rows):
        try:
            weights.append((_class(row, household), _part(number(row.target) or 0.0)))
        except RebalError as error:
            faults[f"rows.{at}.partners"] = error.findings[0]
    if faults:
        return None
    location = household.targets.location
    kept = (
        location
        if isinstance(location, str)
        else [(n, r) for n, r in location if n in {c.name for c, _ in weights}]
    )
    try:
        return TargetAllocation(weights, kept)
    except RebalError as error:
        faults["rows"] = error.findings[0]
        return None


def _class(row: Row, household: Household) -> AssetClass:
    """Return the class of a row; the household's own where the row says the same."""
    idle = tuple(part for part in re.split(r"[\s,;]+", row.partners) if part)
    own = {c.name: c for c in household.targets.classes}.get(row.name)
    if own is not None:
        members = tuple((s, w) for s, w in own.members if w > 0)
        if members == row.members and idle == tuple(s for s, w in own.members if w == 0):
            return own
    return AssetClass(row.name, (*row.members, *((symbol, 0.0) for symbol in idle)))


def _policy(form: Form, triggers: tuple[Trigger, ...], faults: Faults) -> RebalancePolicy | None:
    base = form.base.policy
    given: dict[str, Any] = {"triggers": triggers, "lot_method": form.lot_method}
    costs = {name: float(getattr(form, name)) for name in ("half_spread_bps", "commission_usd", "impact")}
    if form.destination != "as written":
        given["destination"] = form.destination
    try:
        given["costs"] = replace(base.costs, **costs)
    except RebalError as error:
        faults |= {_named(finding, costs): finding for finding in error.findings}
    given["harvest"] = None
    if form.harvest and not 0 <= form.harvest_pct <= 100:
        what = f"smallest loss is {form.harvest_pct:g} %"
        faults["harvest_pct"] = Finding("error", "harvest", what, "give percent from 0 to 100")
    elif form.harvest:
        try:
            own = base.harvest or Harvest()
            given["harvest"] = replace(
                own, min_loss_pct=_part(form.harvest_pct), min_loss_usd=float(form.harvest_usd)
            )
        except RebalError as error:
            faults["harvest_usd"] = error.findings[0]
    try:
        made = None if faults else replace(base, **given)
    except RebalError as error:
        faults["trigger"] = error.findings[0]
        return None
    if made is None or made == base or not base.name or base.name.endswith(CHANGED):
        return made
    return replace(made, name=base.name + CHANGED)


def _tax(form: Form, household: Household, faults: Faults) -> TaxProfile | None:
    profile = form.base.tax or household.tax
    given = {name: getattr(form, name) for name in _TAX} | {"state_rate": _part(form.state_rate)}
    try:
        return replace(profile, **given)
    except RebalError as error:
        faults |= {_named(finding, _TAX): finding for finding in error.findings}
        return None


def _named(finding: Finding, controls: Iterable[str]) -> str:
    """Return the control whose name a finding begins with, or the first."""
    names = list(controls)
    return next((name for name in names if finding.what.startswith(name)), names[0])


def _day(form: Form, name: str, faults: Faults) -> dt.date | None:
    text = getattr(form, name).strip()
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        faults[name] = Finding("error", name, f"is '{text}'", "write year-month-day, such as 2008-09-15")
        return None


def pasted(form: Form, text: str, row: int, column: str, columns: tuple[str, ...]) -> tuple[Form, str]:
    """Return the form with cells from a spreadsheet in place of its own, and what could not be placed.

    Cells go from where one pastes to the right and down. Where the first column is no number, it names a class or one
    of its members. Fractions that add up to 1 are taken as such: 0.45 is then 45 %.

    Parameters
    ----------
    form : Form
    text : str
        Lines of cells with tabs, or semicolons, between them.
    row : int
        Where one pastes; the row after the last class is cash.
    column : str
    columns : tuple of str
        Columns of the table from left to right.
    """
    lines = [re.split(r"[\t;]", line.rstrip("\r")) for line in text.splitlines() if line.strip()]
    lines = [[cell.strip() for cell in line] for line in lines]
    if not lines:
        return form, ""
    named = len(lines[0]) > 1 and number(lines[-1][0]) is None
    into = columns[columns.index("target" if named else column) :]
    cells = [line[1:] if named else line for line in lines]
    if into[0] == "target":
        cells = _as_percent(cells)
    astray = []
    for at, (line, values) in enumerate(zip(lines, cells, strict=True)):
        place = _row_of(form, line[0]) if named else row + at
        if place is None or place > len(form.rows):
            if not (named and at == 0):  # a heading
                astray.append(line[0])
            continue
        for name, value in zip(into, values, strict=False):
            if place == len(form.rows):
                form = form.changed("cash", value) if name == "target" else form
            else:
                form = form.changed(f"rows.{place}.{name}", value)
    return form, f"not placed: {', '.join(astray)}" if astray else ""


def _as_percent(cells: list[list[str]]) -> list[list[str]]:
    """Return cells whose first column is in percent: fractions that add up to 1 are turned into it."""
    firsts = [number(line[0]) if line else None for line in cells]
    known = [value for value in firsts if value is not None]
    told = any("%" in line[0] for line in cells if line)
    fractions = not told and len(known) > 1 and abs(math.fsum(known) - 1) < 1e-6
    return [
        [shown(percent(value) if fractions else value), *line[1:]] if value is not None else line
        for value, line in zip(firsts, cells, strict=True)
    ]


def _row_of(form: Form, name: str) -> int | None:
    """Return the row that a name means: a class, one of its members, or cash."""
    said = name.strip().lower()
    if said == "cash":
        return len(form.rows)
    for at, row in enumerate(form.rows):
        if said in {row.name.lower(), *(symbol.lower() for symbol, _ in row.members)}:
            return at
    return None
