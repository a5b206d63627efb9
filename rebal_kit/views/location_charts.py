"""What stands in which account: a map of accounts by asset class, of a household before and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from rebal_kit.holdings import CASH, holdings
from rebal_kit.views import style
from rebal_kit.views.nouns import KINDS
from rebal_kit.views.shape import label
from rebal_kit.views.style import INK, QUIET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rebal_kit.domain import Account, Household
    from rebal_kit.market import Market

_WHOLE = "Together\n(target)"
_WIDTH, _ROW, _NARROWEST = 720, 25, 104
#: Cells with less are left empty: the rounding of a fill, not a position.
_LEAST_USD = 50.0
_MAP = alt.Scale(domain=[0, 1], range=["#FFFFFF", style.BLUE], interpolate="rgb")


def location_map(households: Mapping[str, Household], market: Market) -> alt.VConcatChart:
    """Draw what each account holds of each asset class, a panel a household; each is valued on its own `as_of`.

    A cell says US$, and its shade the share of its account, so that one sees at a glance what an account is for. The
    last column says what all accounts hold together, and the target.

    Parameters
    ----------
    households : mapping of str to Household
        By the panel's heading: the same household before and after, or under two policies.
    market : Market
        With the closes of those days.
    """
    found = {name: holdings(market, household) for name, household in households.items()}
    drawn = [_panel(name, households[name], amounts) for name, amounts in found.items()]
    some = next(iter(households.values()))
    days = sorted({str(household.as_of) for household in households.values()})
    title = alt.TitleParams(
        text="What stands in which account",
        subtitle=[
            "US$; the darker a cell, the larger its share of the account. Retirement accounts count at full value.",
            f"Household {label(some.name)}; prices '{market.name}' at the close of {' and '.join(days)}",
            *([market.badge] if market.badge else []),
        ],
    )
    text = "; ".join(f"{name}: {_words(amounts)}" for name, amounts in found.items())
    chart = alt.vconcat(*drawn, spacing=18).resolve_scale(color="shared", x="independent")
    return chart.properties(
        title=title, description=f"Accounts by asset class, in thousands of US dollars. {text}."
    ).configure(**style.config())


def _panel(name: str, household: Household, amounts: pd.DataFrame) -> alt.LayerChart:
    targets = {c.name: weight for c, weight in household.targets.weights}
    targets[CASH] = max(1.0 - sum(targets.values()), 0.0)
    headings = {a.name: f"{label(a.name)}\n{_kind(a)}" for a in household.accounts}
    counted = amounts[[a.name for a in household.accounts if a.trading != "excluded"]].sum(axis=1)
    total = float(counted.sum())
    cells = pd.DataFrame(
        [
            {"class": row, "account": headings[account], "usd": round(usd), "shown": _thousands(usd),
             "share": _share(usd, amounts[account].sum())}
            for account in amounts.columns for row, usd in amounts[account].items()
        ]
    )  # fmt: skip
    whole = pd.DataFrame(
        [
            {"class": row, "account": _WHOLE,
             "shown": f"{100 * _share(usd, total):.1f} % ({100 * targets.get(row, 0.0):.4g} %)"}
            for row, usd in counted.items()
        ]
    )  # fmt: skip
    columns = [*headings.values(), _WHOLE]
    step = max(_WIDTH / len(columns), _NARROWEST)
    axis = alt.Axis(
        orient="top", labelAngle=0, labelExpr="split(datum.label, '\\n')", labelLineHeight=14, labelLimit=step - 4,
        domain=False, ticks=False, labelPadding=20,
    )  # fmt: skip
    x = alt.X(
        "account:N", title=None, sort=columns, axis=axis, scale=alt.Scale(domain=columns, paddingInner=0.02)
    )
    rows = list(amounts.index)
    names = alt.Axis(labelLimit=150, labelPadding=8, domain=False, ticks=False)
    y = alt.Y("class:N", title=None, sort=rows, axis=names, scale=alt.Scale(domain=rows, paddingInner=0.06))
    legend = alt.Legend(
        title="Share of the account", orient="bottom", format=".0%", gradientLength=240, tickCount=3
    )
    tips = [alt.Tooltip("account:N"), alt.Tooltip("class:N"), alt.Tooltip("usd:Q", format="$,.0f", title="US$"),
            alt.Tooltip("share:Q", format=".1%", title="share of the account")]  # fmt: skip
    base = alt.Chart(cells).encode(x, y, tooltip=tips)
    boxes = base.mark_rect(stroke=style.GRID).encode(alt.Color("share:Q", scale=_MAP, legend=legend))
    words = base.mark_text(fontSize=12).encode(
        text="shown:N", color=alt.condition("datum.share > 0.85", alt.value("white"), alt.value(INK))
    )
    sums = alt.Chart(whole).mark_text(fontSize=12, color=QUIET).encode(x, y, text="shown:N")
    heading = alt.TitleParams(text=f"{name}, {household.as_of}", fontSize=13, anchor="start", offset=8)
    return alt.layer(boxes, words, sums).properties(
        width=step * len(columns), height=_ROW * len(rows), title=heading
    )


def _kind(account: Account) -> str:
    kind = KINDS[account.kind.value]
    return kind if account.trading == "managed" else f"{kind}, {account.trading}"


def _share(usd: float, of: float) -> float:
    return usd / of if of > 0 else 0.0


def _thousands(usd: float) -> str:
    return f"${usd / 1_000:,.1f}k" if usd >= _LEAST_USD else ""


def _words(amounts: pd.DataFrame) -> str:
    """Return the three largest classes of each account, for those who cannot see the map."""
    parts = []
    for account in amounts.columns:
        largest = amounts[account].nlargest(3)
        held = ", ".join(f"{row} {usd / 1_000:,.0f}" for row, usd in largest.items() if usd >= _LEAST_USD)
        parts.append(f"{label(account)} mostly {held}" if held else f"{label(account)} nothing")
    return " and ".join(parts)
