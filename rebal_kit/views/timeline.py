"""Wash sales drawn on a timeline: sales at a loss, the days around them, and the purchases that replace them."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import altair as alt
import pandas as pd

from rebal_kit.domain import AccountKind
from rebal_kit.views import style
from rebal_kit.views.style import INK, QUIET

if TYPE_CHECKING:
    from rebal_kit.tax_report import TaxReport

BOUGHT, REPLACING, SOLD, AT_A_LOSS = (
    "Bought",
    "Replacement bought",
    "Sold",
    "Sold at a loss",
)
TO_BASIS, LOST, IN_NO_LOT = (
    "Disallowed, added to the basis",
    "Lost for good",
    "Disallowed, in no basis",
)
#: Shape, outline and filling. Up is bought, down is sold; what takes part in a wash sale is filled.
_MARKS = {
    BOUGHT: ("triangle-up", QUIET, "white"), REPLACING: ("triangle-up", style.BLUE, style.BLUE),
    SOLD: ("triangle-down", QUIET, "white"), AT_A_LOSS: ("triangle-down", style.VERMILLION, style.VERMILLION),
}  # fmt: skip
_LINES = {TO_BASIS: (style.BLUE, (1, 0)), LOST: (style.BLACK, (5, 3)), IN_NO_LOT: (style.PURPLE, (2, 2))}
_KINDS = {
    AccountKind.TAXABLE: "taxable", AccountKind.IRA: "IRA", AccountKind.ROTH_IRA: "Roth IRA",
    AccountKind.K401: "401(k)", AccountKind.HSA: "HSA",
}  # fmt: skip
#: With three rows a link, what is drawn at most stays below 2,000 rows.
MOST_TRADES, MOST_WINDOWS, MOST_LINKS = 900, 150, 150

_WIDTH, _LANE, _HEAD = 830, 84, 52
_CHARACTER = 6.4  # pixels, of a label
_DAY, _NOON = pd.Timedelta(days=1), pd.Timedelta(hours=12)


def wash_timeline(report: TaxReport, symbol: str, *, loss: dt.date | None = None) -> alt.LayerChart:
    """Draw the trades of a security, the window around each loss, and which purchase replaced it, in dollars.

    Each account that traded has a lane. Shares count as they were traded, before any later split.

    Parameters
    ----------
    report : TaxReport
    symbol : str
        A security; those that the household takes to be identical are drawn with it.
    loss : date, optional
        Show only the sale at a loss of that day, with its window. By default the whole history of the security.

    Raises
    ------
    ValueError
        The history has no trade of that security, or no sale of it at a loss on that day.
    """
    group = next((names for names in report.household.identical if symbol in names), (symbol,))
    trades = report.trades[report.trades["symbol"].isin(group)]
    if trades.empty:
        known = ", ".join(dict.fromkeys(report.trades["symbol"]))
        raise ValueError(f"symbol is {symbol!r}, which is never traded; the history has {known}")
    windows = report.windows[report.windows["symbol"].isin(group)]
    links = report.wash_sales[report.wash_sales["symbol"].isin(group)]
    traded = {str(trades.loc[at, "symbol"]) for at in trades.index}
    names = [name for name in group if name in traded]
    if loss is not None:
        day = pd.Timestamp(loss)
        if day not in set(windows["date"]):
            known = ", ".join(f"{date:%Y-%m-%d}" for date in dict.fromkeys(windows["date"])) or "none"
            raise ValueError(
                f"loss is {loss}, on which no {symbol} is sold at a loss; such days are: {known}"
            )
        windows, links = windows[windows["date"] == day], links[links["date"] == day]
    return _Timeline(report, names, trades, windows, links, loss is not None).chart()


class _Timeline:
    """What is drawn, and where: lanes are numbered from the top, dates stand at noon of their day."""

    def __init__(
        self, report: TaxReport, names: list[str], trades: pd.DataFrame, windows: pd.DataFrame,
        links: pd.DataFrame, one: bool,
    ):  # fmt: skip
        self.names, self.one, self.badge = names, one, report.badge
        self.windows = windows.nlargest(MOST_WINDOWS, "loss").sort_values("date", kind="stable")
        self.links = links.nlargest(MOST_LINKS, "disallowed").sort_index()
        self.left_out = len(windows) - len(self.windows) + len(links) - len(self.links)
        if one:
            span = (self.windows["first"].min() - 8 * _DAY, self.windows["last"].max() + 9 * _DAY)
        else:
            every = pd.concat([trades["date"], self.windows["first"], self.windows["last"]])
            room = max((every.max() - every.min()) * 0.03, 8 * _DAY)
            span = (every.min() - room, every.max() + room + _DAY)
        self.first, self.last = span
        trades = trades[(trades["date"] >= span[0]) & (trades["date"] < span[1])]
        there = {*trades["account"], *self.links["account"], *self.links["in_account"]}
        self.accounts = [account for account in report.household.accounts if account.name in there]
        self.lane = {account.name: at for at, account in enumerate(self.accounts)}
        self.marks = self._marks(trades)

    def _marks(self, trades: pd.DataFrame) -> pd.DataFrame:
        """Return trades with their kind, lane and label; the largest where there are too many."""
        losses = set(zip(self.windows["date"], self.windows["account"], self.windows["symbol"], strict=True))
        links = self.links
        found = set(zip(links["bought"], links["in_account"], links["in_symbol"], strict=True))
        amounts = {
            (row.date, row.account, row.symbol): f", loss ${row.loss:,.0f}"
            for row in self.windows.itertuples()
        }
        down = links["in_account"].map(self.lane) > links["account"].map(self.lane)
        up = links["in_account"].map(self.lane) < links["account"].map(self.lane)
        above = {*zip(links["date"][down], links["account"][down], links["symbol"][down], strict=True),
                 *zip(links["bought"][up], links["in_account"][up], links["in_symbol"][up], strict=True)}  # fmt: skip
        rows = []
        for row in trades.itertuples():
            key = (row.date, row.account, row.symbol)
            sold = row.action == "SELL"
            kind = (AT_A_LOSS if key in losses else SOLD) if sold else (REPLACING if key in found else BOUGHT)
            said = f"{row.quantity:,.10g}" + (f" {row.symbol}" if len(self.names) > 1 else "")
            said = f"{'−' if sold else '+'}{said}{amounts[key] if kind == AT_A_LOSS else ''}"
            rows.append(
                {
                    "kind": kind, "date": row.date, "at": row.date + _NOON, "lane": self.lane[row.account],
                    "account": row.account, "symbol": row.symbol, "action": row.action, "shares": row.quantity,
                    "price": row.price, "label": said, "above": key in above,
                }
            )  # fmt: skip
        marks = pd.DataFrame(rows)
        first = marks["kind"].isin([REPLACING, AT_A_LOSS])
        marks = marks.assign(first=first).sort_values(["first", "shares"], ascending=False, kind="stable")
        self.left_out += max(0, len(marks) - MOST_TRADES)
        marks = marks.head(MOST_TRADES)
        return marks.assign(label=self._without_overlap(marks)).drop(columns="first")

    def _without_overlap(self, marks: pd.DataFrame) -> list[str]:
        """Leave out labels for which there is no room; those of wash sales come first."""
        taken: dict[Any, list[tuple[float, float]]] = defaultdict(list)
        kept = []
        for row in marks.itertuples():
            half = len(row.label) * _CHARACTER / 2
            middle = self._pixel(row.at)
            place = taken[row.lane, row.above]
            free = all(middle + half < left or middle - half > right for left, right in place)
            kept.append(row.label if free else "")
            if free:
                place.append((middle - half, middle + half))
        return kept

    def _pixel(self, date: Any) -> float:
        return float((date - self.first) / (self.last - self.first) * _WIDTH)

    def _curves(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return three points a link, which a spline makes an arc, and the words beside it."""
        points, words = [], []
        count: dict[Any, int] = defaultdict(int)
        for at, row in enumerate(self.links.itertuples()):
            start, end = row.date + _NOON, row.bought + _NOON
            here, there = self.lane[row.account], self.lane[row.in_account]
            after = row.bought >= row.date
            place = (row.date, row.account, row.in_account, after)
            level, count[place] = count[place], count[place] + 1
            kind = (
                LOST if row.permanent > 0 else TO_BASIS if row.fate.startswith("in the basis") else IN_NO_LOT
            )
            peak = (here + there) / 2 if here != there else here - 0.75 - 0.3 * level
            path = [(start, here), (start + (end - start) / 2, peak), (end, there)]
            if here != there:  # leaves the lane upright and arrives upright
                path[1] = (end if after else start, here + (there - here) * (0.30 + 0.12 * level))
            points += [
                {"link": at, "what": kind, "at": x, "y": y, "order": i} for i, (x, y) in enumerate(path)
            ]
            y = (path[0][1] + 4 * path[1][1] + path[2][1]) / 6
            x = start + (end - start) / 2 if here == there else max(start, end)
            said = f"${row.disallowed:,.0f}" if row.disallowed >= 100 else f"${row.disallowed:,.2f}"
            said += {TO_BASIS: " to the basis", LOST: " lost for good", IN_NO_LOT: " to no basis"}[kind]
            room = len(said) * _CHARACTER
            side = "left" if self._pixel(x) + room > _WIDTH or (here == there and not after) else "right"
            if here == there and abs(self._pixel(end) - self._pixel(start)) > room:
                side = "middle"
            words.append(
                {"what": kind, "at": x, "y": y, "label": said, "disallowed": row.disallowed, "side": side}
            )
        return pd.DataFrame(points), pd.DataFrame(words)

    def chart(self) -> alt.LayerChart:
        """Return all layers, titled, described and in the house style."""
        lanes = len(self.accounts)
        said = [[account.name, f"{account.owner}, {_KINDS[account.kind]}"] for account in self.accounts]
        x = alt.X("at:T", title=None, axis=self._axis(),
                  scale=alt.Scale(domain=[_iso(self.first), _iso(self.last)], nice=False))  # fmt: skip
        lane = alt.Axis(
            values=list(range(lanes)), labelExpr=f"{json.dumps(said)}[datum.value]", grid=True, labelLimit=200,
            labelPadding=10, gridColor=QUIET, gridOpacity=0.45, title=None,
        )  # fmt: skip
        top = -0.5 - _HEAD / _LANE * (1 if len(self.windows) else 0)
        y_scale = alt.Scale(domain=[lanes - 0.45, top], nice=False, zero=False)
        y = alt.Y("lane:Q", axis=lane, scale=y_scale)
        layers = []
        if len(self.windows):
            layers += self._shaded(x, y_scale, lane, top, lanes)
        if len(self.links):
            layers += self._linked(x, y_scale)
        layers += self._marked(x, y)
        lines = alt.layer(*layers).properties(width=_WIDTH, height=int(_LANE * (lanes - 0.45 - top)))
        return lines.properties(title=self._title(), description=self._words()).configure(**style.config())

    def _axis(self) -> alt.Axis:
        """Return ticks of months, or the days that matter where one loss is shown."""
        if self.one:
            matter = [
                *self.windows["date"],
                *self.windows["first"],
                *self.windows["last"],
                *self.links["bought"],
            ]
            values = [_iso(day + _NOON) for day in dict.fromkeys(matter)]
            return alt.Axis(values=values, format="%-d %b %Y", labelOverlap="greedy", labelSeparation=6)
        step = {"interval": "month", "step": max(1, -(-(self.last - self.first).days // 330))}
        return alt.Axis(tickCount=step, format="%b %Y", labelOverlap=True)

    def _shaded(self, x: alt.X, y_scale: alt.Scale, lane: alt.Axis, top: float, lanes: int) -> list[Any]:
        rows = pd.DataFrame(
            {
                "at": self.windows["first"], "end": self.windows["last"] + _DAY, "noon": self.windows["date"] + _NOON,
                "first": self.windows["first"], "last": self.windows["last"], "sold": self.windows["date"],
                "top": top, "bottom": lanes - 0.45, "lane": self.windows["account"].map(self.lane),
                "loss": self.windows["loss"],
                "opens": [f"{day:%-d %b %Y} to" for day in self.windows["first"]],
                "closes": [f"{day:%-d %b %Y}" for day in self.windows["last"]],
                "before": [f"{days} days before" for days in (self.windows["date"] - self.windows["first"]).dt.days],
                "after": [f"{days} days after" for days in (self.windows["last"] - self.windows["date"]).dt.days],
            }
        )  # fmt: skip
        free, right = [], -1e9
        for row in rows.itertuples():
            middle = self._pixel(row.noon)
            free.append(middle - 46 > right)
            right = middle + 46 if free[-1] else right
        base = alt.Chart(rows.assign(named=free))
        tips = [alt.Tooltip("sold:T", format="%d %b %Y", title="sold at a loss"),
                alt.Tooltip("first:T", format="%d %b %Y", title="first day of the window"),
                alt.Tooltip("last:T", format="%d %b %Y", title="last day of the window"),
                alt.Tooltip("loss:Q", format="$,.2f")]  # fmt: skip
        y = alt.Y("top:Q", scale=y_scale, axis=lane)
        shade = base.mark_rect(color=style.BAND, opacity=0.75).encode(
            x, x2="end:T", y=y, y2="bottom:Q", tooltip=tips
        )
        placed = [("opens:N", 4, 0.0), ("closes:N", 18, 0.0)]
        if self.one:
            half = self._pixel(self.first + (self.windows["last"] - self.windows["date"]).max()) / 2
            placed = [("before:N", 5, -half), ("after:N", 5, half)]
        words = [
            base.transform_filter("datum.named")
            .mark_text(baseline="top", fontSize=11, color=QUIET, dx=dx, dy=dy)
            .encode(alt.X("noon:T"), y, text=alt.Text(text))
            for text, dy, dx in placed
        ]
        stem = base.mark_rule(color=QUIET, strokeDash=[1, 3]).encode(alt.X("noon:T"), y, y2="lane:Q")
        return [shade, *([stem] if self.one else []), *words]

    def _linked(self, x: alt.X, y_scale: alt.Scale) -> list[Any]:
        points, words = self._curves()
        kinds = [kind for kind in _LINES if kind in set(points["what"])]
        y = alt.Y("y:Q", scale=y_scale, title=None)
        legend = _legend(symbolType="stroke", symbolStrokeWidth=2.4)
        arcs = alt.Chart(points).mark_line(interpolate="basis", strokeWidth=2).encode(
            x, y, detail="link:N", order="order:O",
            color=alt.Color("what:N", title=None, sort=kinds, legend=legend,
                            scale=alt.Scale(domain=kinds, range=[_LINES[kind][0] for kind in kinds])),
            strokeDash=alt.StrokeDash("what:N", title=None, sort=kinds, legend=legend,
                                      scale=alt.Scale(domain=kinds, range=[list(_LINES[kind][1]) for kind in kinds])),
        )  # fmt: skip
        looks = {"left": ("right", -8, 0), "right": ("left", 8, 0), "middle": ("center", 0, -9)}
        texts = [
            alt.Chart(words)
            .transform_filter(f"datum.side == '{side}'")
            .mark_text(
                align=align, dx=dx, dy=dy, fontSize=12, fontWeight="bold", stroke=stroke, strokeWidth=width
            )
            .encode(x, y, text="label:N")
            for side, (align, dx, dy) in looks.items()
            if side in set(words["side"])
            for stroke, width in (("white", 3), (INK, 0))  # a white edge keeps words readable on a line
        ]
        return [arcs, *texts]

    def _marked(self, x: alt.X, y: alt.Y) -> list[Any]:
        kinds = [kind for kind in _MARKS if kind in set(self.marks["kind"])]
        sort, legend = {"title": None, "sort": kinds}, _legend()
        shape, stroke, fill = (
            alt.Scale(domain=kinds, range=[_MARKS[kind][i] for kind in kinds]) for i in range(3)
        )
        marks = alt.Chart(self.marks).mark_point(strokeWidth=1.4, opacity=1).encode(
            x, y,
            shape=alt.Shape("kind:N", scale=shape, legend=legend, **sort),
            stroke=alt.Stroke("kind:N", scale=stroke, legend=legend, **sort),
            fill=alt.Fill("kind:N", scale=fill, legend=legend, **sort),
            size=alt.Size("shares:Q", legend=None, scale=alt.Scale(type="sqrt", range=[50, 330], zero=True)),
            tooltip=[alt.Tooltip("date:T", format="%d %b %Y"), alt.Tooltip("account:N"), alt.Tooltip("action:N"),
                     alt.Tooltip("shares:Q", format=",.6~f"), alt.Tooltip("symbol:N"),
                     alt.Tooltip("price:Q", format="$,.2f")],
        )  # fmt: skip
        words = [
            alt.Chart(self.marks)
            .transform_filter(f"datum.label != '' && {sign}datum.above")
            .mark_text(dy=dy, fontSize=11)
            .encode(x, y, text="label:N")
            for sign, dy in (("!", 21), ("", -19))
        ]
        return [*words, marks]

    def _title(self) -> alt.TitleParams:
        wide = (self.windows["last"] - self.windows["first"]).dt.days.max() if len(self.windows) else None
        notes = ["Triangles up: bought; down: sold; larger: more shares."]
        if wide is not None:
            notes[0] += f" Shaded: the {wide + 1} days around a sale at a loss, both ends counted."
        if self.left_out:
            notes.append(f"The {self.left_out} smallest trades, windows or links are not drawn.")
        notes += [self.badge] if self.badge else []
        return alt.TitleParams(f"Wash sales: {' and '.join(self.names)}", subtitle=notes)

    def _words(self) -> str:
        """Say what is drawn, for those who cannot see it."""
        said = [
            f"{row.quantity:,.10g} {row.in_symbol} bought on {row.bought:%Y-%m-%d} in {row.in_account}, in place of"
            f" {row.symbol} sold on {row.date:%Y-%m-%d} in {row.account}: {row.disallowed:,.2f} US dollars"
            f" {'lost for good' if row.permanent > 0 else 'disallowed'}"
            for row in self.links.head(6).itertuples()
        ]
        more = f"; and {len(self.links) - 6} more" if len(self.links) > 6 else ""
        counts = ((len(self.marks), "trade"), (len(self.accounts), "account"), (len(self.windows), "sale"))
        trades, accounts, sales = (f"{n} {word}{'' if n == 1 else 's'}" for n, word in counts)
        text = f"{trades} of {' and '.join(self.names)} in {accounts}; {sales} at a loss. "
        return text + ("; ".join(said) + more if said else "No purchase replaces them") + "."


def _legend(**more: Any) -> alt.Legend:
    return alt.Legend(orient="bottom", direction="horizontal", columns=4, title=None, **more)


def _iso(date: pd.Timestamp) -> str:
    return f"{date:%Y-%m-%dT%H:%M:%S}"
