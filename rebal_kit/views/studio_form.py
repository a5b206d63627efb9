"""What the studio's controls say, as one value: text as it was typed, whether it makes sense yet or not."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import Any

from rebal_kit.domain import Household
from rebal_kit.policy import Harvest, RebalancePolicy
from rebal_kit.scenario import Scenario
from rebal_kit.targets import TargetAllocation
from rebal_kit.triggers import Calendar, Threshold, Tiered, ToleranceBand

NONE, CALENDAR, BANDS, BOTH, TIERS, AS_WRITTEN = (
    "none",
    "calendar",
    "bands",
    "calendar and bands",
    "tiers",
    "as written",
)
#: Names of tiers, and how often each is looked at where nothing is said.
TIER_NAMES = ("A", "B", "C")
_LOOKS = ("month", "1", "week")
#: Columns of the table of targets that one may type into.
COLUMNS = ("target", "band", "relative", "tier", "partners")
_CELL = re.compile(r"^rows\.(\d+)\.(\w+)$")


@dataclass(frozen=True)
class Row:
    """An asset class in the table of targets.

    Attributes
    ----------
    name : str
    members : tuple of (str, float)
        Weighted members; those of weight 0 stand in `partners`.
    target, band, relative : str
        Percent of the portfolio; points around the target; percent of the target. Empty: the band of all classes.
    tier : str
        The tier in which it is looked at: 'A', 'B', 'C', or '' for none.
    partners : str
        Tickers that stand in after a harvest, between commas.
    """

    name: str
    members: tuple[tuple[str, float], ...]
    target: str = "0"
    band: str = ""
    relative: str = ""
    tier: str = "A"
    partners: str = ""


@dataclass(frozen=True)
class Form:
    """Everything that the controls say. What they cannot show stays as it is in `base`.

    Attributes
    ----------
    base : Scenario
        As it was loaded.
    rows : tuple of Row
    cash : str
        Target of cash, percent.
    trigger : str
        One of none, calendar, bands, calendar and bands, tiers, as written.
    band, relative : float
        The band of all classes in points, and in percent of the target; 0 is none.
    combine : str
        Of two widths: either, both.
    looks : tuple of str
        How often each tier is looked at.
    """

    base: Scenario
    household: str
    market: str
    start: str = ""
    end: str = ""
    open_with: str = "auto"
    rows: tuple[Row, ...] = ()
    cash: str = "0"
    trigger: str = BANDS
    every: str = "quarter"
    offset: int = 0
    band: float = 5.0
    relative: float = 0.0
    combine: str = "either"
    look: str = "1"
    looks: tuple[str, ...] = _LOOKS
    destination: str = "target"
    lot_method: str = "hifo"
    harvest: bool = False
    harvest_pct: float = 5.0
    harvest_usd: float = 500.0
    half_spread_bps: float = 0.0
    commission_usd: float = 0.0
    impact: float = 0.0
    filing: str = "mfj"
    ordinary_income: float = 0.0
    state_rate: float = 0.0
    outside_long: float = 0.0
    carryover_long: float = 0.0

    def value(self, name: str) -> Any:
        """Return what a control says; a cell of the table is called ``rows.2.band``, a tier's look ``looks.1``."""
        if cell := _CELL.match(name):
            return getattr(self.rows[int(cell[1])], cell[2])
        return self.looks[int(name[6:])] if name.startswith("looks.") else getattr(self, name)

    def changed(self, name: str, value: Any) -> Form:
        """Return the form with one control changed."""
        if cell := _CELL.match(name):
            at = int(cell[1])
            row = replace(self.rows[at], **{cell[2]: value})
            return replace(self, rows=(*self.rows[:at], row, *self.rows[at + 1 :]))
        if name.startswith("looks."):
            at = int(name[6:])
            return replace(self, looks=(*self.looks[:at], value, *self.looks[at + 1 :]))
        return replace(self, **{name: value})


def form_of(scenario: Scenario, household: Household) -> Form:
    """Return the form that shows a scenario.

    Parameters
    ----------
    scenario : Scenario
    household : Household
        The one it names, before it is laid over.
    """
    home, policy = scenario.applied_to(household), scenario.policy
    harvest, costs, tax = policy.harvest or Harvest(), policy.costs, home.tax
    whole = Form(
        scenario, scenario.household, scenario.market,
        start=str(scenario.start or ""), end=str(scenario.end or ""), open_with=scenario.open_with or "auto",
        destination=policy.destination if isinstance(policy.destination, str) else "as written",
        lot_method=policy.lot_method, harvest=policy.harvest is not None,
        harvest_pct=percent(harvest.min_loss_pct), harvest_usd=harvest.min_loss_usd,
        half_spread_bps=costs.half_spread_bps, commission_usd=costs.commission_usd, impact=costs.impact,
        filing=tax.filing, ordinary_income=tax.ordinary_income, state_rate=percent(tax.state_rate),
        outside_long=tax.outside_long, carryover_long=tax.carryover_long,
    )  # fmt: skip
    return with_triggers(with_targets(whole, home.targets), policy)


def with_targets(form: Form, targets: TargetAllocation) -> Form:
    """Return the form with a table of other targets."""
    rows = []
    for asset_class, weight in targets.weights:
        weighted = tuple((symbol, inner) for symbol, inner in asset_class.members if inner > 0)
        idle = [symbol for symbol, inner in asset_class.members if inner == 0]
        rows.append(Row(asset_class.name, weighted, shown(percent(weight)), partners=", ".join(idle)))
    return replace(form, rows=tuple(rows), cash=shown(percent(targets.cash)))


def with_triggers(form: Form, policy: RebalancePolicy) -> Form:
    """Return the form with the controls that mean the policy's triggers; as written where no controls do."""
    from rebal_kit.views.studio_reading import triggers_of

    for candidate in _candidates(form, policy):
        made, _ = triggers_of(candidate)
        if made is not None and _in_order(made) == _in_order(policy.triggers):
            return candidate
    return replace(form, trigger=AS_WRITTEN)


def _candidates(form: Form, policy: RebalancePolicy) -> list[Form]:
    """Return forms that may mean the triggers."""
    kinds = {type(trigger): trigger for trigger in policy.triggers}
    given: dict[str, Any] = {}
    if isinstance(calendar := kinds.get(Calendar), Calendar):
        given |= {"every": calendar.every, "offset": calendar.offset}
    if isinstance(threshold := kinds.get(Threshold), Threshold):
        bands = dict(threshold.bands)
        rows = tuple(_banded(row, bands.get(row.name)) for row in form.rows)
        given |= {"rows": rows, "look": str(threshold.look), **_widths(threshold.band)}
    if isinstance(tiered := kinds.get(Tiered), Tiered):
        given |= _tiers(form, tiered)
    names = {
        (): NONE,
        (Calendar,): CALENDAR,
        (Threshold,): BANDS,
        (Calendar, Threshold): BOTH,
        (Tiered,): TIERS,
    }
    kind = names.get(tuple(type(trigger) for trigger in policy.triggers))
    return [replace(form, trigger=kind, **given)] if kind else []


def _widths(band: ToleranceBand) -> dict[str, Any]:
    return {
        "band": percent(band.absolute or 0.0),
        "relative": percent(band.relative or 0.0),
        "combine": band.combine,
    }


def _banded(row: Row, band: ToleranceBand | None) -> Row:
    if band is None:
        return replace(row, band="", relative="")
    points, share = (
        shown(percent(width)) if width is not None else "" for width in (band.absolute, band.relative)
    )
    return replace(row, band=points, relative=share)


def _tiers(form: Form, tiered: Tiered) -> dict[str, Any]:
    """Return table and looks of tiers: a tier of the table is what is looked at equally often."""
    looks = list(dict.fromkeys(str(tier.look) for tier in tiered.tiers))[: len(TIER_NAMES)]
    of = {name: tier for tier in reversed(tiered.tiers) for name in tier.members}
    rows = []
    for row in form.rows:
        tier = of.get(row.name)
        named = TIER_NAMES[looks.index(str(tier.look))] if tier and str(tier.look) in looks else ""
        rows.append(replace(_banded(row, tier.band if tier else None), tier=named))
    combine = next((tier.band.combine for tier in tiered.tiers), "either")
    return {"rows": tuple(rows), "looks": (*looks, *_LOOKS[len(looks) :]), "combine": combine}


def _in_order(triggers: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return triggers with tiers in an order of their own: which one stands first changes nothing."""
    return tuple(
        frozenset((member, tier.band, str(tier.look)) for tier in trigger.tiers for member in tier.members)
        if isinstance(trigger, Tiered) else trigger
        for trigger in triggers
    )  # fmt: skip


def percent(fraction: float) -> float:
    """Return a fraction in percent, without the dust of binary fractions."""
    return round(100.0 * fraction, 9)


def shown(value: float) -> str:
    """Return a number as one would type it."""
    return f"{value:.10g}"


def same_controls(form: Form, other: Form) -> bool:
    """Say whether two forms say the same, whatever they were loaded from."""
    return all(getattr(form, f.name) == getattr(other, f.name) for f in fields(Form) if f.name != "base")
