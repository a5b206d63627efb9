"""What a reader must know of a tax report: what was not looked at, what is open still, what rests on a convention."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import fields

import pandas as pd

from rebal_kit.conventions import WashSaleConventions
from rebal_kit.domain import AccountKind, Household
from rebal_kit.findings import Finding
from rebal_kit.playback import Played, records
from rebal_kit.rules.law import TaxTable, tax_table
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.transactions import Action

_CENT = 0.005


def findings_of(
    played: Played, disposals: pd.DataFrame, wash_sales: pd.DataFrame, dividends: pd.DataFrame,
    distributions: pd.DataFrame, years: pd.DataFrame, household: Household, period: tuple[dt.date, dt.date],
) -> tuple[Finding, ...]:  # fmt: skip
    """Return everything a reader must know, the gravest first; the parameters are a report's tables."""
    table = tax_table(household.tax)
    found = (
        *_coverage(period, disposals, wash_sales, household, table),
        *_lost(wash_sales),
        *_debated(wash_sales, household),
        *_paid(dividends, table),
        *_withdrawn(distributions),
        *_deposited(played, household),
        *_assumed(played, years, household),
    )
    order = {"error": 0, "warning": 1, "note": 2}
    return tuple(sorted(found, key=lambda finding: order[finding.severity]))


def _coverage(
    period: tuple[dt.date, dt.date],
    disposals: pd.DataFrame,
    wash_sales: pd.DataFrame,
    household: Household,
    table: TaxTable,
) -> Iterator[Finding]:
    accounts = len(household.accounts)
    known = f"{accounts} account{'s' if accounts > 1 else ''}"
    if not household.complete:
        yield Finding(
            "warning", "coverage",
            f"outside accounts are unknown: wash sales against accounts other than these {known} were not evaluated",
            "list every account of both spouses, IRAs and workplace plans too, and say complete: true",
        )  # fmt: skip
    elif not len(wash_sales):
        what = f"no wash sale among the {known}, said to be all of the household, by the conventions stated"
        yield Finding("note", "coverage", what)
    owners = list(dict.fromkeys(account.owner for account in household.accounts))
    alone = household.tax.filing in ("single", "hoh")
    if len(owners) > (1 if alone else 2):
        yield Finding(
            "warning", "owners",
            f"accounts of {', '.join(owners)} are taken together, as those of spouses, but the household files"
            f" '{household.tax.filing}'",
            "purchases replace losses of the taxpayer, the spouse and corporations they control only: leave others out",
        )  # fmt: skip
    window = pd.Timedelta(days=table.wash_days)
    first, last = (pd.Timestamp(day) for day in period)
    losses = disposals[disposals["gain"] < -_CENT]
    early = losses[losses["date"] - window < first]
    if len(early):
        usd = -early["gain"].sum()
        yield Finding(
            "warning", "coverage",
            f"the history begins on {first:%Y-%m-%d}: for losses of US$ {usd:,.2f} purchases before it would count",
            f"begin the history {table.wash_days} days before the first loss",
        )  # fmt: skip
    late = losses[(losses["date"] + window > last) & (losses["recognized"] < -_CENT)]
    if len(late):
        until = late["date"].max() + window
        usd = -late["recognized"].sum()
        yield Finding(
            "warning", "open windows",
            f"the history ends on {last:%Y-%m-%d}: purchases until {until:%Y-%m-%d} could disallow US$ {usd:,.2f} yet",
            "buy nothing identical until then, in no account, and reinvest no dividend of it",
        )  # fmt: skip


def _lost(wash_sales: pd.DataFrame) -> Iterator[Finding]:
    lost = wash_sales[wash_sales["permanent"] > _CENT]
    for account, rows in lost.groupby("in_account", sort=False):
        usd, symbols = rows["permanent"].sum(), ", ".join(dict.fromkeys(rows["in_symbol"]))
        yield Finding(
            "warning", f"account '{account}'",
            f"bought {symbols} within the window of losses elsewhere: US$ {usd:,.2f} are lost for good",
            "keep automatic purchases of it away from the days around a loss",
        )  # fmt: skip
    nowhere = wash_sales[wash_sales["fate"].str.startswith("in no lot")]
    if len(nowhere):
        usd = nowhere["disallowed"].sum()
        yield Finding(
            "warning", "conventions",
            f"US$ {usd:,.2f} are disallowed against shares that were sold before: no lot's basis receives them",
            "that is what count_disposed_purchases says; the usual reading allows these losses",
        )  # fmt: skip


def _debated(wash_sales: pd.DataFrame, household: Household) -> Iterator[Finding]:
    """Name the disputed questions on which this history's figures depend."""
    kinds = {account.name: account.kind for account in household.accounts}
    owners = {account.name: account.owner for account in household.accounts}
    other_owner = wash_sales["account"].map(owners) != wash_sales["in_account"].map(owners)
    plan = wash_sales["in_account"].map(kinds).isin([AccountKind.K401, AccountKind.HSA])
    taxable = wash_sales["in_account"].map(kinds) == AccountKind.TAXABLE
    step_up = household.conventions.spouse_basis == "step_up"
    spouse = "is raised (joint returns)" if step_up else "stays as it was, and the loss is gone (§267)"
    questions = (
        (other_owner & taxable, "spouse_basis", f"the basis of shares that the spouse bought {spouse}"),
        (plan, "ignore_account_types", "purchases in a 401(k) or HSA count like an IRA's, on which nothing is ruled"),
        (wash_sales["symbol"] != wash_sales["in_symbol"], "identical",
         "that these securities are identical is the household's own view; shares are matched by number, not by value"),
    )  # fmt: skip
    for rows, switch, said in questions:
        if rows.any():
            usd = wash_sales.loc[rows, "disallowed"].sum()
            yield Finding(
                "note", f"convention {switch}", f"US$ {usd:,.2f} of disallowed losses rest on it: {said}"
            )
    elsewhere = other_owner | (wash_sales["account"] != wash_sales["in_account"])
    if (elsewhere | (wash_sales["symbol"] != wash_sales["in_symbol"])).any():
        yield Finding(
            "note", "forms",
            "a broker's basis or term may differ: rows show the taxpayer's own, with code W only; codes B and T are not"
            " written, the broker's figures stand beside",
        )  # fmt: skip
    usual = WashSaleConventions()
    changed = [
        f.name for f in fields(usual) if getattr(usual, f.name) != getattr(household.conventions, f.name)
    ]
    if changed:
        shown = ", ".join(f"{name} = {getattr(household.conventions, name)}" for name in changed)
        yield Finding("note", "conventions", f"not the usual ones: {shown}")


def _paid(dividends: pd.DataFrame, table: TaxTable) -> Iterator[Finding]:
    for row in records(dividends.drop_duplicates("where")):
        if abs(row["held"] - row["stated"]) > 1e-6 * row["stated"]:
            held = f"account '{row['account']}' held {row['held']:,.10g}"
            yield Finding(
                "warning", row["where"], f"a dividend on {row['stated']:,.10g} {row['symbol']}, {held}",
                "check quantity and ex-date; the stated amount is counted",
            )  # fmt: skip
    failed = dividends[~dividends["qualified"].astype(bool)]
    if len(failed):
        yield Finding(
            "note", "dividends",
            f"US$ {failed['amount'].sum():,.2f} are not qualified: the shares were held fewer than"
            f" {table.qualified_days} days around the ex-date",
        )  # fmt: skip


def _withdrawn(distributions: pd.DataFrame) -> Iterator[Finding]:
    taxed = distributions[distributions["income"] > _CENT]
    if len(taxed):
        yield Finding(
            "warning", "distributions",
            f"US$ {taxed['income'].sum():,.2f} withdrawn from {_names(taxed['account'])} are ordinary income in full"
            " (IRC §408(d)(1), §402(a)): no additional tax on early distributions (§72(t)), no required distributions,"
            " no basis in nondeductible contributions (Form 8606)",
            "add these on the return; leave rollovers and transfers out of the ledger",
        )  # fmt: skip
    free = distributions[distributions["income"] <= _CENT]
    if len(free):
        usd = free["amount"].sum()
        yield Finding(
            "note", "distributions",
            f"US$ {usd:,.2f} withdrawn from {_names(free['account'])} are taken to be qualified: no income"
            " (Roth IRA: IRC §408A(d)(1), HSA: §223(f)(1))",
        )  # fmt: skip


def _deposited(played: Played, household: Household) -> Iterator[Finding]:
    deductible = {
        account.name for account in household.accounts
        if account.kind in (AccountKind.IRA, AccountKind.K401, AccountKind.HSA)
    }  # fmt: skip
    paid_in = [
        line for line in played.transactions if line.action == Action.DEPOSIT and line.account in deductible
    ]
    if paid_in:
        usd, names = (
            sum(line.amount for line in paid_in),
            _names(pd.Series([line.account for line in paid_in])),
        )
        yield Finding(
            "note", "contributions",
            f"US$ {usd:,.2f} paid into {names} are not deducted and not held against the yearly limits",
            "state ordinary_income after what is deductible",
        )  # fmt: skip


def _names(accounts: pd.Series) -> str:
    return ", ".join(f"'{name}'" for name in accounts.unique())


def _assumed(played: Played, years: pd.DataFrame, household: Household) -> Iterator[Finding]:
    tax = household.tax
    foreign = [f"{year} by the law of {law}" for year, law in years["law_year"].items() if year != law]
    if foreign:
        shown = ", ".join(foreign[:6]) + (" …" if len(foreign) > 6 else "")
        yield Finding("note", "law", f"settled with the numbers of another year: {shown}")
    if tax == TaxProfile():
        yield Finding(
            "warning", "tax", "filing jointly and no other income are assumed: the household has no tax section",
            "add a tax section with filing and ordinary_income",
        )  # fmt: skip
    income = f"ordinary income US$ {tax.ordinary_income:,.0f}"
    yield Finding("note", "tax", f"{tax.filing}, {income}, state rate {tax.state_rate:.1%}; not tax advice")
    if any(line.lot_method == "AVERAGE" for line in played.transactions):
        yield Finding(
            "note",
            "lots",
            "average basis is for funds and dividend reinvestment plans only; once elected it stays",
        )
