"""The appendices of a proposal's report: trades with lots, the sales as Form 8949 has them, windows, method, inputs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from string import ascii_uppercase
from typing import Any

from rebal_kit.rules.law import known_filings, known_years, load_law
from rebal_kit.views.report_content import Column, Section, Table
from rebal_kit.views.report_prose import PROPOSAL_METHOD, SOLVERS
from rebal_kit.views.report_words import percent, points, quoted, sentence, told, usd
from rebal_kit.views.tables import number
from rebal_kit.views.tax_words import money, shares

_CENT = 0.005


def appendices(plain: Mapping[str, Any]) -> tuple[Section, ...]:
    """Return the appendices of a proposal, lettered.

    Parameters
    ----------
    plain : mapping
        Its document, account numbers masked.
    """
    found = [
        *_trades(plain), *_lots(plain), *_sales(plain), *_windows(plain), *_not_done(plain), *_standing(plain),
        _method(plain), *_findings(plain), _inputs(plain),
    ]  # fmt: skip
    return lettered(found)


def lettered(sections: list[Section]) -> tuple[Section, ...]:
    """Return sections with A, B, C before their titles."""
    return tuple(
        Section(f"{letter}. {one.title}", one.paragraphs, one.drawing, one.table, one.points, one.note)
        for letter, one in zip(ascii_uppercase[: len(sections)], sections, strict=True)
    )


def columns(*names: str, wide: str = "", left: tuple[str, ...] = ()) -> tuple[Column, ...]:
    """Return columns of figures, but for those named in `left` and the one that is `wide`."""
    return tuple(Column(name, right=name not in (*left, wide), wide=name == wide) for name in names)


def _trades(plain: Mapping[str, Any]) -> list[Section]:
    if not plain["trades"]:
        return []
    rows = [
        (
            str(trade["trade"]), trade["account"], trade["side"].capitalize(), trade["symbol"],
            shares(round(trade["quantity"], 4)), money(trade["price"]), money(trade["amount"]),
            money(trade["cost"]), sentence(quoted(trade.get("why") or trade["reason"])),
        )
        for trade in plain["trades"]
    ]  # fmt: skip
    amount, cost = (sum(trade[key] for trade in plain["trades"]) for key in ("amount", "cost"))
    rows.append(("", "All trades", "", "", "", "", money(amount), money(cost), ""))
    limits = [f"{t['trade']} at {usd(t['limit'], 2)}" for t in plain["trades"] if t["limit"] is not None]
    head = columns("No.", "Account", "Trade", "Symbol", "Shares", "Price", "Amount", "Cost", "Why",
                   wide="Why", left=("Account", "Trade", "Symbol"))  # fmt: skip
    note = "US$; price a share." + (f" Limit orders: {', '.join(limits)}." if limits else "")
    return [Section("Trades, in this order", table=Table(head, tuple(rows), total=True), note=note)]


def _sold(plain: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    return [(trade, lot) for trade in plain["trades"] for lot in trade["lots"] if trade["side"] == "sell"]


def _lots(plain: Mapping[str, Any]) -> list[Section]:
    washed = any(lot["disallowed"] >= _CENT for _, lot in _sold(plain))
    rows = tuple(
        (
            str(trade["trade"]), trade["account"], trade["symbol"], lot["lot"], lot["acquired"],
            shares(round(lot["quantity"], 4)), lot["term"] or "not taxed", _basis(lot), money(lot["gain"]),
            *((money(lot["disallowed"]) if lot["disallowed"] >= _CENT else "",) if washed else ()),
        )
        for trade, lot in _sold(plain)
    )  # fmt: skip
    if not rows:
        return []
    head = columns("No.", "Account", "Symbol", "Lot", "Acquired", "Shares", "Term", "Basis", "Gain",
                   *(("Disallowed",) if washed else ()),
                   left=("Account", "Symbol", "Lot", "Acquired", "Term"))  # fmt: skip
    note = "US$. Gain: proceeds less cost of trading less basis, before the wash-sale rule."
    return [Section("Lots that the trades sell", table=Table(head, rows), note=note)]


def _basis(lot: Mapping[str, Any]) -> str:
    return money(lot["basis"]) if lot.get("basis") is not None else "–"


def _sales(plain: Mapping[str, Any]) -> list[Section]:
    """Return the sales of taxable accounts by term, in the columns of Form 8949."""
    found = []
    for term, part in (("short", "I"), ("long", "II")):
        sold = [(trade, lot) for trade, lot in _sold(plain) if lot["term"] == term]
        if not sold:
            continue
        known = all(lot.get("basis") is not None for _, lot in sold)
        rows = [
            (
                f"{shares(round(lot['quantity'], 4))} {trade['symbol']}", lot["acquired"], plain["asof"],
                money(lot["basis"] + lot["gain"]) if known else "–", _basis(lot),
                *(("W", money(lot["disallowed"])) if lot["disallowed"] >= _CENT else ("", "")),
                money(lot["gain"] + lot["disallowed"]), f"{trade['account']}, {lot['lot']}",
            )
            for trade, lot in sold
        ]  # fmt: skip
        proceeds = money(sum(lot["basis"] + lot["gain"] for _, lot in sold)) if known else "–"
        basis = money(sum(lot["basis"] for _, lot in sold)) if known else "–"
        washed, gain = (
            sum(lot["disallowed"] for _, lot in sold),
            sum(lot["gain"] + lot["disallowed"] for _, lot in sold),
        )
        rows.append(
            ("Total", "", "", proceeds, basis, "", money(washed) if washed >= _CENT else "", money(gain), "")
        )
        head = columns("(a) Description", "(b) Acquired", "(c) Sold", "(d) Proceeds", "(e) Basis", "(f) Code",
                       "(g) Adjustment", "(h) Gain or loss", "Account, lot", wide="Account, lot",
                       left=("(a) Description", "(b) Acquired", "(c) Sold", "(f) Code"))  # fmt: skip
        found.append(
            Section(
                f"Form 8949, Part {part} ({term}-term), as the sales would stand there",
                table=Table(head, tuple(rows), total=True),
                note="US$. Sold: the day of the prices; the day of the trade counts. Proceeds are net of trading cost."
                " Code W is a wash sale.",
            )
        )
    return found


def _windows(plain: Mapping[str, Any]) -> list[Section]:
    """Return the windows that the proposal's own losses open."""
    losses: dict[str, float] = {}
    for trade, lot in _sold(plain):
        if lot["term"] and lot["gain"] <= -_CENT:
            losses[trade["symbol"]] = losses.get(trade["symbol"], 0.0) + lot["gain"]
    if not losses:
        return []
    days = load_law(max(known_years()), known_filings()[0]).wash_days
    sold = dt.date.fromisoformat(plain["asof"])
    first, last = ((sold + dt.timedelta(days=shift)).isoformat() for shift in (-days, days))
    rows = tuple((symbol, money(loss), first, last) for symbol, loss in sorted(losses.items()))
    head = columns(
        "Security", "Loss, US$", "Window from", "through", left=("Security", "Window from", "through")
    )
    text = (
        f"Sold at a loss on {plain['asof']}, these and whatever is substantially identical must not be bought in any"
        f" account of the household, nor by a spouse or in a retirement account, from {days} days before the sale to"
        f" {days} days after it, or the loss is disallowed. Reinvested dividends are purchases too. The days move with"
        " the day of the sale."
    )
    return [Section("Wash-sale windows that these sales open", (text,), table=Table(head, rows))]


def _not_done(plain: Mapping[str, Any]) -> list[Section]:
    """Return what is blocked and what was passed over."""
    rows = [
        ("Blocked", one["symbol"], one["account"] or "all accounts", one["until"] or "", quoted(one["why"]))
        for one in plain["blocked"]
    ]
    for one in plain["not_done"]:
        if isinstance(one, Mapping):
            amount = f" ({usd(one['amount'])})" if one.get("amount") else ""
            rows.append(
                (
                    "Not done",
                    one.get("symbol", ""),
                    one.get("account", ""),
                    "",
                    quoted(f"{one.get('why', '')}{amount}"),
                )
            )
        else:
            rows.append(("Not done", "", "", "", quoted(str(one))))
    rows += [
        (
            "Changed by hand",
            "",
            "",
            "",
            ": ".join(str(one[key]) for key in ("what", "trade", "why") if one.get(key)),
        )
        for one in plain["overrides"]
    ]
    if not rows:
        return []
    head = columns(
        "", "Security", "Account", "Until", "Why", wide="Why", left=("", "Security", "Account", "Until")
    )
    return [Section("Blocked, not done, changed by hand", table=Table(head, tuple(rows)))]


def _standing(plain: Mapping[str, Any]) -> list[Section]:
    """Return every class and the cash of every account."""
    found = []
    if plain.get("classes"):
        rows = tuple(
            (row["class"], percent(row["target"], 2), percent(row.get("low"), 2), percent(row.get("high"), 2),
             percent(row["before"], 2), percent(row["after"], 2), points(row["after"] - row["target"], 2))
            for row in plain["classes"]
        )  # fmt: skip
        head = columns(
            "Class", "Target", "Lowest", "Highest", "Before", "After", "Off target, points", left=("Class",)
        )
        drift = plain["drift"]
        note = f"Drift {percent(drift['before'], 2)} before, {percent(drift['after'], 2)} after."
        found.append(Section("All weights", table=Table(head, rows), note=note))
    rows = tuple(
        (row["account"], money(row["before"]), money(row.get("moved", 0.0)), money(row["after"]),
         money(row.get("min_cash", 0.0)))
        for row in plain["cash"]
    )  # fmt: skip
    head = columns("Account", "Before", "Flows and taxes", "After", "Reserve", left=("Account",))
    return [*found, Section("Cash by account", table=Table(head, rows), note="US$.")] if rows else found


def _method(plain: Mapping[str, Any]) -> Section:
    aims = plain.get("aims")
    said = [SOLVERS[plain["solver"]], *PROPOSAL_METHOD]
    objective = plain["objective"]
    if plain["solver"] == "optimal" and aims:
        said.append(
            f"A dollar of drift is worth {usd(aims['drift'], 2)}, one within a class {usd(aims['member_drift'], 2)};"
            f" later tax on a gain not realised is taken as {percent(aims['later_rate'])} of it, a loss carried over as"
            f" {percent(aims['carried_rate'])}."
        )
    if objective["bound"] is not None and objective["gap"] is not None:
        said.append(
            f"Tax, cost and drift come to {usd(objective['value'])}; no trades do better than"
            f" {usd(objective['bound'])}: {number(100.0 * objective['gap'], 2)}% apart."
        )
    return Section("Method", points=tuple(said))


def _findings(plain: Mapping[str, Any]) -> list[Section]:
    points_ = tuple(told(plain["findings"]))
    return [Section("Findings in full", points=points_)] if points_ else []


def _inputs(plain: Mapping[str, Any]) -> Section:
    inputs = plain["inputs"]
    rows = (
        ("Proposal", plain["proposal"]), ("Prices of", plain["asof"]), ("Valid through", plain["expires"]),
        ("Household", plain["household"]), ("Policy", plain["policy"]),
        ("Tax law of", str(plain.get("law_year") or "–")),
        ("SHA-256 of the household", inputs["household"]), ("SHA-256 of the policy", inputs["policy"]),
        ("SHA-256 of the prices", inputs["prices"]), ("rebal_kit", plain["version"]),
    )  # fmt: skip
    note = "The same inputs and version give the same proposal and the same id; a changed figure would give another id."
    return Section("Inputs", table=Table(columns("", "Value", wide="Value", left=("",)), rows), note=note)
