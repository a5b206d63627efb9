"""What each broker reports beside what the taxpayer owes: a Form 1099-B looks at one account and one security only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from rebal_kit.conventions import WashSaleConventions
from rebal_kit.domain import AccountKind, Household
from rebal_kit.playback import Played, play_back, records
from rebal_kit.rules.forms import broker_reports, form_8949_gain
from rebal_kit.rules.law import TaxTable

_HALF_A_CENT = 0.005
_KEY = ["at", "lot"]
_REPORTED = ["date", "basis", "disallowed", "recognized", "term"]
_KINDS = {
    AccountKind.TAXABLE: "taxable account", AccountKind.IRA: "IRA", AccountKind.ROTH_IRA: "Roth IRA",
    AccountKind.K401: "401(k)", AccountKind.HSA: "HSA",
}  # fmt: skip


def reported_by_brokers(
    played: Played, taxed: pd.DataFrame, household: Household, table: TaxTable
) -> pd.DataFrame:
    """Return what the brokers' Forms 1099-B say of each lot or piece sold.

    Their figures come from the same book, asked about one account at a time, without other securities of an identity
    group, and with the usual conventions (IRC §6045(g)(2)(B)(ii)).

    Parameters
    ----------
    played : Played
    taxed : DataFrame
        Rows of `played.sold` in taxable accounts, with date, where and recognized.
    household : Household
    table : TaxTable

    Returns
    -------
    DataFrame
        at, lot, date, basis (box 1e), disallowed (box 1g), recognized (gain + disallowed) and term.
    """
    reported = [
        _reported(played, account.name, household, table) for account in household.accounts if account.taxable
    ]
    return pd.concat([frame for frame in reported if len(frame)] or [taxed[[*_KEY, *_REPORTED]]])


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
        date, account, symbol, lot, quantity, proceeds; box_1e (basis), box_1g (disallowed) and broker_gain; basis,
        disallowed and recognized; difference (taxpayer's gain less broker's), why and where.
    """
    boxes = reported.groupby(_KEY, sort=False)[["basis", "disallowed"]].sum()
    first = ["date", "account", "symbol", "where"]
    sums = ["quantity", "proceeds", "basis", "disallowed", "recognized"]
    mine = taxed.groupby(_KEY, sort=False).agg(
        {**dict.fromkeys(first, "first"), **dict.fromkeys(sums, "sum")}
    )
    mine = mine.join(boxes.set_axis(["box_1e", "box_1g"], axis=1)).reset_index()
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
        "date", "account", "symbol", "lot", "quantity", "proceeds", "box_1e", "box_1g", "broker_gain", "basis",
        "disallowed", "recognized", "difference", "why", "where",
    ]  # fmt: skip
    return mine.sort_values("at", kind="stable", ignore_index=True)[columns]


def _reported(played: Played, account: str, household: Household, table: TaxTable) -> pd.DataFrame:
    """Play one account's lines alone; `at` counts in the whole history."""
    places = [at for at, line in enumerate(played.transactions) if line.account in ("", account)]
    alone = replace(
        household,
        accounts=tuple(a for a in household.accounts if a.name == account),
        identical=(),
        conventions=WashSaleConventions(merge_fills=False),  # they are merged already
    )
    sold = play_back([played.transactions[at] for at in places], alone, table).sold
    if not len(sold):
        return sold
    at = [places[at] for at in sold["at"]]
    days = pd.to_datetime([played.transactions[place].date for place in at])
    recognized = sold["gain"] + sold["disallowed"]
    return sold.assign(at=at, date=days, recognized=recognized)[[*_KEY, *_REPORTED]]


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
        word = "holds" if higher > 0 else "lacks"
        reasons.append(
            f"the basis {word} US$ {abs(higher):,.2f} of losses disallowed earlier, which the broker has not"
        )
    return ". ".join(reason[0].upper() + reason[1:] for reason in reasons)
