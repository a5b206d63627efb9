"""What the studio's controls are, in the field's words: the tooltip of each, and the columns of its table."""

from __future__ import annotations

from typing import Any

from rebal_kit.views.studio_form import TIER_NAMES

_LOOK = "sessions, or the first session of each period"
#: Tooltips by control.
TIPS = {
    "market": "Prices: a bundled market, a CSV or parquet file, or yahoo:SPY,AGG",
    "household": "Accounts, lots, targets and tax profile: a bundled household, or the path of a household file",
    "start": "First session, year-month-day; if empty, the first on which all securities have prices",
    "end": "Last session, year-month-day; if empty, the market's last",
    "open_with": "Invest the accounts' opening values on the first session, or begin with the lots that are held",
    "trigger": "What makes the policy trade: a date, a weight that left its band, or classes looked at in tiers",
    "every": "Rebalance on the first session of each such period",
    "offset": "Sessions after the first of the period",
    "band": "Percentage points that a class may drift from its target before it is traded; 0: no such band",
    "relative": "Percent of its own target that a class may drift; 0: no such band",
    "combine": "Of two widths of a band: which has to be left",
    "look": f"How often one looks at the weights: {_LOOK}",
    **{f"looks.{at}": f"How often classes of tier {name} are looked at: {_LOOK}" for at, name in enumerate(TIER_NAMES)},
    "destination": "How far a class that left its band is brought back",
    "lot_method": "Which tax lots are sold first",
    "harvest": "Sell lots at a loss for their tax value, and buy the partner of the class meanwhile",
    "harvest_pct": "A lot qualifies by its loss in percent of basis AND in US$",
    "harvest_usd": "A lot qualifies by its loss in US$ AND in percent of basis",
    "half_spread_bps": "Half the bid-ask spread, paid on every trade, in hundredths of a percent",
    "commission_usd": "US$ an order",
    "impact": "k of the square-root law of market impact, about 1; 0 is none. Needs volumes in the market",
    "filing": "Filing status: whose brackets and limits are used",
    "ordinary_income": "Wages and the like before the standard deduction, US$ a year",
    "state_rate": "A flat state rate on gains and dividends; Treasury interest is exempt",
    "outside_long": "Net long-term gain realised outside this portfolio each year, US$; a loss is negative",
    "carryover_long": "Long-term loss carried into the first year, US$, as a positive number",
}  # fmt: skip
_TARGET = "Share of the whole household, percent; classes and cash make 100. A spreadsheet's column can be pasted here"
_PARTNERS = (
    "Tickers that stand in after a loss is harvested, so that no wash sale results; commas between them"
)
#: Columns of the table of targets.
COLUMNS: tuple[dict[str, Any], ...] = (
    {"key": "name", "title": "Class", "kind": "text", "strong": True,
     "tip": "Asset class and the securities that hold it"},
    {"key": "target", "title": "Target %", "kind": "number", "width": "58px", "tip": _TARGET},
    {"key": "band", "title": "Band ±pt", "kind": "number", "width": "50px",
     "tip": "Tolerance band of this class in percentage points; empty: the band of all classes"},
    {"key": "relative", "title": "Band ±%", "kind": "number", "width": "50px",
     "tip": "Tolerance band of this class in percent of its target; empty: the band of all classes"},
    {"key": "tier", "title": "Tier", "kind": "select", "options": ["", *TIER_NAMES],
     "tip": "Tier in which the class is looked at; – is none: it is not looked at by itself"},
    {"key": "partners", "title": "Partners", "kind": "words", "width": "82px", "tip": _PARTNERS},
    {"key": "remove", "title": "", "kind": "button", "text": "×", "tip": "Take this class out of the table"},
)  # fmt: skip
