"""What each broker reports beside what the taxpayer owes: a Form 1099-B looks at one account and one security only."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from rebal_kit.conventions import WashSaleConventions
from rebal_kit.domain import AccountKind, Household
from rebal_kit.encode import encode_accounts
from rebal_kit.engine.arrays import Structure
from rebal_kit.engine.history import History, history_structure, play
from rebal_kit.engine.replay import PICK
from rebal_kit.playback import Part, Played, only_books, records, sales_of, with_lots
from rebal_kit.rules.forms import broker_reports, form_8949_gain
from rebal_kit.rules.law import TaxTable
from rebal_kit.rules.lots import AVERAGE

_HALF_A_CENT = 0.005
_KEY = ["at", "lot"]
_REPORTED = ["date", "basis", "disallowed", "recognized", "term"]
_TERMS = {"ST": "short-term", "LT": "long-term", "ST/LT": "in part short-term, in part long-term"}
_KINDS = {
    AccountKind.TAXABLE: "taxable account", AccountKind.IRA: "IRA", AccountKind.ROTH_IRA: "Roth IRA",
    AccountKind.K401: "401(k)", AccountKind.HSA: "HSA",
}  # fmt: skip


def reported_by_brokers(played: Played, household: Household, table: TaxTable) -> pd.DataFrame:
    """Return what the brokers' Forms 1099-B say of each lot or piece sold.

    Their figures come from the same book, asked about each position of a taxable account alone, with the lots that were
    sold, without other securities of an identity group, and with the usual conventions (IRC §6045(g)(2)(B)(ii)).

    Parameters
    ----------
    played : Played
    household : Household
    table : TaxTable

    Returns
    -------
    DataFrame
        at (place in `played.transactions`), lot, date, basis (box 1e), disallowed (box 1g), recognized (gain +
        disallowed) and term.
    """
    rows, at, lots = [], [], []
    for account, held in enumerate(household.accounts):
        if not held.taxable:
            continue
        alone = only_books(household, (held,))
        alone = replace(alone, identical=(), conventions=WashSaleConventions())
        structure = history_structure(**encode_accounts(alone), group=np.zeros(1, np.int64))
        for part in played.parts:
            sales = part.sales[part.sales["account"] == account]
            for security in np.unique(sales["security"]):
                mine = sales[sales["security"] == security]
                history, purchases, places = _position(part, alone, structure, account, security, mine)
                found = sales_of(play(history, table))
                rows.append(found)
                at.append(part.places[places[found["session"]]])
                lots.append(np.array(part.labels, object)[purchases[found["purchase"]]])
    if not rows:
        empty: dict[str, list[Any]] = {name: [] for name in (*_KEY, *_REPORTED)}
        return pd.DataFrame(empty).astype({"date": "datetime64[ns]"})
    every, place = np.concatenate(rows), np.concatenate(at)
    dates = np.array([line.date for line in played.transactions], "datetime64[ns]")
    return pd.DataFrame(
        {
            "at": place,
            "lot": np.concatenate(lots),
            "date": dates[place],
            "basis": every["basis"],
            "disallowed": every["disallowed"],
            "recognized": every["gain"] + every["disallowed"],
            "term": np.where(every["long"] == 1, "LT", "ST"),
        }
    )


def broker_view(
    taxed: pd.DataFrame, reported: pd.DataFrame, wash_sales: pd.DataFrame, household: Household
) -> pd.DataFrame:
    """Return each sale and lot as the broker's Form 1099-B has it and as the taxpayer must report it.

    Parameters
    ----------
    taxed : DataFrame
        Rows of `Played.sold` in taxable accounts, with date, where and recognized.
    reported : DataFrame
        From `reported_by_brokers`.
    wash_sales : DataFrame
        As in `rebal_kit.tax_report.TaxReport`.
    household : Household

    Returns
    -------
    DataFrame
        date, account, symbol, lot, quantity, proceeds; box_1e (basis), box_1g (disallowed), box_2 (term) and
        broker_gain; basis, disallowed, term and recognized; difference (taxpayer's gain less broker's), why and where.
    """
    parts = reported.groupby(_KEY, sort=False)
    boxes = parts[["basis", "disallowed"]].sum().join(parts["term"].agg(_terms))
    first = ["date", "account", "symbol", "where"]
    sums = ["quantity", "proceeds", "basis", "disallowed", "recognized"]
    mine = taxed.groupby(_KEY, sort=False).agg(
        {**dict.fromkeys(first, "first"), **dict.fromkeys(sums, "sum"), "term": _terms}
    )
    mine = mine.join(boxes.set_axis(["box_1e", "box_1g", "box_2"], axis=1)).reset_index()
    gains = [
        form_8949_gain(float(p), float(b), float(g))
        for p, b, g in zip(mine["proceeds"], mine["box_1e"], mine["box_1g"], strict=True)
    ]
    mine["broker_gain"] = gains
    mine["difference"] = mine["recognized"] - mine["broker_gain"]
    kinds = {account.name: _KINDS[account.kind] for account in household.accounts}
    owners = {account.name: account.owner for account in household.accounts}
    unseen: dict[tuple[Any, ...], list[str]] = {}
    for row in records(wash_sales):
        account, other = row["account"], row["in_account"]
        if not broker_reports(account == other, row["symbol"] == row["in_symbol"]):
            said = f"{row['quantity']:,.10g} {row['in_symbol']} bought on {row['bought']:%Y-%m-%d}"
            if account != other:
                whose = "" if owners[account] == owners[other] else f" of {owners[other]}"
                said += f" in '{other}' ({kinds[other]}{whose})"
            if row["symbol"] != row["in_symbol"]:
                said += f", which the household takes to be identical to {row['symbol']}"
            unseen.setdefault(_sale(row), []).append(said)
    mine["why"] = [_why(row, unseen.get(_sale(row), [])) for row in records(mine)]
    columns = [
        "date", "account", "symbol", "lot", "quantity", "proceeds", "box_1e", "box_1g", "box_2", "broker_gain", "basis",
        "disallowed", "term", "recognized", "difference", "why", "where",
    ]  # fmt: skip
    return mine.sort_values("at", kind="stable", ignore_index=True)[columns]


def _position(
    part: Part, alone: Household, structure: Structure, account: int, security: int, sales: np.ndarray
) -> tuple[History, np.ndarray, np.ndarray]:
    """Return one position as a history: also its purchases and events as the part numbers them.

    Which lots were sold is a fact, whoever reports it: each sale names what it sold. Only an average is taken anew,
    since it is the average of a basis that the broker has otherwise.
    """
    events = part.events
    here = (events["security"] == security) & ((events["account"] == account) | (events["account"] < 0))
    places = np.flatnonzero(here)
    opening = with_lots(alone, {lot.lot for lot in alone.lots if lot.symbol == part.symbols[security]})
    bought = part.bought(account, security)
    own = events[places].copy()
    own["security"] = 0
    own["account"] = np.where(own["account"] < 0, -1, 0)
    picks: list[tuple[int, int, float, int]] = []
    number = {int(purchase): n for n, purchase in enumerate(bought)}
    sold_at: dict[int, dict[int, float]] = defaultdict(dict)
    for session, purchase, quantity in zip(
        sales["session"], sales["purchase"], sales["quantity"], strict=True
    ):
        shares = sold_at[int(session)]
        shares[int(purchase)] = shares.get(int(purchase), 0.0) + float(quantity)
    for event, place in zip(own, places, strict=True):
        averaged = event["method"] == AVERAGE and event["picks"] == 0
        chosen = {} if averaged else sold_at.get(int(place), {})
        event["first_pick"], event["picks"] = len(picks), len(chosen)
        picks += [(number[purchase], 0, quantity, 0) for purchase, quantity in chosen.items()]
    day, price = part.history.day[places], part.history.price[places]
    named = np.array(picks, PICK).view(np.recarray)
    symbols = (part.symbols[security],)
    return History(own.view(np.recarray), named, day, price, structure, symbols, opening), bought, places


def _terms(terms: pd.Series) -> str:
    """Join the terms of a lot's pieces; a lot that a wash sale has cut may be of both."""
    return "/".join(sorted(set(terms), reverse=True))


def _sale(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("date", "account", "symbol", "lot"))


def _why(row: dict[str, Any], unseen: list[str]) -> str:
    """Explain a difference in a sentence; nothing where there is none."""
    reasons = []
    more, higher = row["disallowed"] - row["box_1g"], row["basis"] - row["box_1e"]
    if more > _HALF_A_CENT and unseen:
        reasons.append("the broker does not see the replacement: " + "; ".join(unseen))
    elif abs(more) > _HALF_A_CENT:
        reasons.append(
            "other shares replace these, since wash sales the broker does not see have used some up"
        )
    if abs(higher) > _HALF_A_CENT:
        word, there = ("holds", "has not") if higher > 0 else ("lacks", "has")
        reasons.append(
            f"the basis {word} US$ {abs(higher):,.2f} of losses disallowed earlier, which the broker {there}"
        )
    if row["term"] != row["box_2"]:
        mine, theirs = _TERMS[row["term"]], _TERMS[row["box_2"]]
        reasons.append(
            f"the term is {mine}, on the form {theirs}: days of shares sold at a loss elsewhere are added"
        )
    return ". ".join(reason[0].upper() + reason[1:] for reason in reasons)
