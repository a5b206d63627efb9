"""A proposal for the terminal: trades with lots and reasons, what they come to, and what a reader must know."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rebal_kit.proposal.bands import class_bands
from rebal_kit.views.shape import label
from rebal_kit.views.tables import number, said
from rebal_kit.views.tax_words import count, money, shares

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType
    from rich.table import Table

    from rebal_kit.proposal.proposal import Proposal

#: From so many characters on, a row holds a trade and its explanation side by side.
_WIDE = 120
#: Lots that are listed although they are not needed.
_MOST_KEPT = 3
#: What a proposal is called by the way it was found.
SOLVERS = {"greedy": "greedy: the back-test's own decision", "optimal": "optimal: least tax, cost and drift"}


def terminal(proposal: Proposal, width: int) -> Iterator[RenderableType]:
    """Yield a proposal for a terminal of `width` characters.

    Parameters
    ----------
    proposal : Proposal
    width : int
    """
    from rich.text import Text

    household, policy = label(proposal.day.household.name), label(proposal.day.policy.name)
    trades = count(len(proposal.trades), "trade") if len(proposal.trades) else "nothing to trade"
    yield Text(f"{household} on {proposal.asof}: {trades}", style="bold")
    yield Text(f"policy {policy}; {SOLVERS[proposal.solver]}; valid through {proposal.expires}", style="dim")
    yield Text(f"proposal {proposal.id}; nothing is sent anywhere", style="dim")
    badge = proposal.day.setting.market.badge
    if badge:
        yield Text(badge, style="bold")
    if len(proposal.trades):
        yield _heading("Trades, in this order")
        rows = trade_rows(proposal)
        yield _trades(rows) if width >= _WIDE else _trades_in_lines(rows)
    yield _heading("What they come to")
    yield _sums(proposal)
    yield _heading("Weights, %")
    yield classes(proposal)
    if proposal.blocked:
        yield _heading("Blocked")
        yield _bullets(
            [
                f"{one.symbol}{' in ' + one.account if one.account else ''} until {one.until}: {one.why}"
                for one in proposal.blocked
            ]
        )
    if proposal.not_done:
        yield _heading("Not done")
        yield _bullets([_not_done(one) for one in proposal.not_done])
    if proposal.overrides:
        yield _heading("Changed by hand")
        yield _bullets([f"{one.what}: {one.trade}" for one in proposal.overrides])
    yield _heading("What to know")
    yield _bullets(said(proposal.findings))


def trade_rows(proposal: Proposal) -> list[dict[str, Any]]:
    """Return the trades with their gains in taxable accounts by term: `ST` and `LT`, NaN where there is none."""
    lots = proposal.lots
    by_term = lots.groupby(["trade", "term"])["gain"].sum()
    rows: list[dict[str, Any]] = []
    for row in proposal.trades.to_dict("records"):
        terms = {name: float(by_term.get((row["trade"], term), math.nan)) for name, term in _TERMS.items()}
        rows.append({str(key): value for key, value in row.items()} | terms)
    return rows


def classes(proposal: Proposal) -> Table:
    """Return weights of classes before and after, their targets and bands."""
    from rich.text import Text

    grid = _grid()
    grid.add_column("class")
    for name in ("before", "after", "target", "band", "off by"):
        grid.add_column(name, justify="right", no_wrap=True)
    bands = class_bands(proposal.day)
    for name, row in proposal.classes.iterrows():
        band = ""
        if name in bands.index and bands.loc[name].notna().all():
            low, high = (number(100.0 * float(bands.loc[name, side]), 1) for side in ("low", "high"))
            band = f"{low} to {high}"
        off = 100.0 * (row["after"] - row["target"])
        cells = [number(100.0 * float(row[part]), 1) for part in ("before", "after", "target")]
        grid.add_row(Text(str(name)), *cells, band, number(off, 2))
    drift = proposal.drift
    grid.add_row(
        "drift", *(number(100.0 * drift[part], 1) for part in ("before", "after")), "", "", "", style="bold"
    )
    return grid


def side_by_side(greedy: Proposal, optimal: Proposal) -> Table:
    """Return what two proposals for one day come to, beside each other; and what the second one makes better.

    Parameters
    ----------
    greedy, optimal : Proposal
        The back-test's own decision and the solver's.
    """
    grid = _grid()
    grid.add_column("")
    for name in ("greedy", "optimal", "difference"):
        grid.add_column(name, justify="right", no_wrap=True)
    for name, digits, values in _compared(greedy, optimal):
        first, second = values
        grid.add_row(name, number(first, digits), number(second, digits), number(second - first, digits))
    gap = optimal.objective["gap"]
    grid.add_row("at most from the best, %", "", "–" if gap is None else number(100.0 * gap, 2), "")
    return grid


def gift_table(found: pd.DataFrame) -> Table:
    """Return the lots to give, and why others are not given.

    Parameters
    ----------
    found : DataFrame
        Of `rebal_kit.proposal.gifting.gift_suggestion`.
    """
    from rich.text import Text

    grid = _grid()
    grid.add_column("", no_wrap=True)
    grid.add_column("lot")
    grid.add_column("shares", justify="right", no_wrap=True)
    for name in ("worth, US$", "gain never\ntaxed, US$"):
        grid.add_column(name, justify="right", no_wrap=True)
    grid.add_column("why", ratio=1)
    more = found.index[found["status"] == "keep"][_MOST_KEPT:]
    for row in found.drop(index=more).to_dict("records"):
        what = f"{row['symbol']}, {row['account']}\n{row['lot']}" if row["lot"] else "cash"
        quantity = f"{row['quantity']:,.2f}" if math.isfinite(row["quantity"]) else ""
        grid.add_row(
            row["status"], Text(what), quantity, money(row["fair_market_value"], 0), money(row["gain_never_taxed"], 0),
            Text(row["reason"]), style="" if row["status"] in ("give", "cash") else "dim",
        )  # fmt: skip
    if not more.empty:
        grid.caption = Text(f"and {count(len(more), 'more lot')} that would do as well", style="dim")
        grid.caption_justify = "left"
    return grid


_TERMS = {"ST": "short", "LT": "long"}


def _compared(greedy: Proposal, optimal: Proposal) -> Iterator[tuple[str, int, tuple[float, float]]]:
    both = (greedy, optimal)

    def pair(of: Any) -> tuple[float, float]:
        first, second = (float(of(one)) for one in both)
        return first, second

    yield "trades", 0, pair(lambda one: len(one.trades))
    yield "traded, US$", 0, pair(lambda one: one.trades["amount"].sum())
    yield "short-term gain, US$", 0, pair(lambda one: one.tax["short_gain"])
    yield "long-term gain, US$", 0, pair(lambda one: one.tax["long_gain"])
    yield "tax now, US$", 0, pair(lambda one: one.tax["tax_now"])
    yield "cost, US$", 0, pair(lambda one: one.settlement.cost)
    yield "drift after, %", 2, pair(lambda one: 100.0 * one.drift["after"])
    yield "objective, US$", 0, pair(lambda one: one.figures.objective)


def _sums(proposal: Proposal) -> Table:
    """Return tax, cost and drift, a line each."""
    from rich.table import Table

    tax, done, objective = proposal.tax, proposal.settlement, proposal.objective
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column()
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(style="dim")
    year = f"the year's: {money(tax['tax_of_year_before'], 0)} before, {money(tax['tax_of_year_after'], 0)} after"
    grid.add_row("tax now, US$", money(tax["tax_now"], 0), year, style="bold")
    grid.add_row("short-term gain, US$", money(tax["short_gain"], 0), "")
    grid.add_row("long-term gain, US$", money(tax["long_gain"], 0), "")
    if proposal.washes:
        lost = f"{money(tax['permanent'], 0)} of them for good" if tax["permanent"] > 0 else ""
        grid.add_row("losses disallowed, US$", money(tax["disallowed"], 0), lost)
    traded = f"of US$ {money(float(proposal.trades['amount'].sum()), 0)} traded"
    grid.add_row("cost, US$", money(done.cost, 0), traded)
    moved = done.start.moved.cash
    grid.add_row(
        "cash, US$", money(float(done.cash.sum()), 0), f"before {money(float(done.start.cash.sum()), 0)}"
    )
    if moved.any():
        grid.add_row(
            "of it moved beside trades, US$", money(float(moved.sum()), 0), "flows, and taxes that are due"
        )
    drift = proposal.drift
    grid.add_row(
        "drift, %", number(100.0 * drift["after"], 1), f"before {number(100.0 * drift['before'], 1)}"
    )
    if objective["bound"] is not None and objective["gap"] is not None:
        best = f"no trades do better than {money(objective['bound'], 0)}; gap {objective['gap']:.2%}"
        grid.add_row("objective, US$", money(float(objective["value"] or 0.0), 0), best)
    return grid


def _trades(rows: list[dict[str, Any]]) -> Table:
    from rich.text import Text

    grid = _grid()
    grid.add_column("", justify="right", no_wrap=True)
    grid.add_column("account")
    grid.add_column("", no_wrap=True)
    grid.add_column("symbol", no_wrap=True)
    for name in ("shares", "price", "US$", "gain ST", "LT"):
        grid.add_column(name, justify="right", no_wrap=True)
    grid.add_column("why", ratio=1)
    for row in rows:
        grid.add_row(
            str(row["trade"]), Text(row["account"]), row["side"], Text(row["symbol"]), _shares(row["quantity"]),
            money(row["price"]), money(row["amount"], 0), money(row["ST"], 0), money(row["LT"], 0), Text(row["why"]),
            style="bold" if row["side"] == "sell" else "",
        )  # fmt: skip
    return grid


def _trades_in_lines(rows: list[dict[str, Any]]) -> RenderableType:
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    parts: list[RenderableType] = []
    for row in rows:
        what = f"{row['side']} {_shares(row['quantity'])} {row['symbol']} at {money(row['price'])}, {row['account']}"
        parts.append(Text(f"{row['trade']:>2}  {what}: US$ {money(row['amount'], 0)}"))
        parts.append(Padding(Text(row["why"], style="dim"), (0, 0, 0, 4)))
    return Group(*parts)


def _not_done(one: Any) -> str:
    where = ", ".join(text for text in (one.symbol, one.account) if text)
    amount = f" (US$ {money(one.amount, 0)})" if one.amount else ""
    return f"{where}{amount}: {one.why}" if where else one.why


def _shares(value: float) -> str:
    """Return shares with as many decimals as a broker's screen: four."""
    return shares(round(value, 4))


def _heading(words: str) -> RenderableType:
    from rich.text import Text

    return Text(f"\n{words}", style="bold")


def _grid() -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))


def _bullets(sentences: list[str]) -> Table:
    from rich.table import Table
    from rich.text import Text

    loud = ("error", "warning")
    grid = Table.grid(padding=(0, 1, 0, 0))
    for sentence in sentences:
        grid.add_row("·", Text(sentence, style="" if sentence.startswith(loud) else "dim"))
    return grid
