"""The appendices of a back-test's report: tax by year, measures, the last year's trades and sales, windows, inputs."""

from __future__ import annotations

import datetime as dt
from importlib.metadata import version
from typing import TYPE_CHECKING

from rebal_kit.fingerprint import market_fingerprint, text_fingerprint
from rebal_kit.views.alpha_tables import split
from rebal_kit.views.report_appendix import columns, lettered
from rebal_kit.views.report_content import Section, Table
from rebal_kit.views.report_prose import RESULT_METHOD
from rebal_kit.views.report_words import capital, quoted, sentence, short
from rebal_kit.views.tables import said, table
from rebal_kit.views.tax_words import count, day, money, shares

if TYPE_CHECKING:
    import pandas as pd

    from rebal_kit.backtest import Backtest
    from rebal_kit.compare import Comparison
    from rebal_kit.tax_alpha import TaxAlpha

#: Rows of a table of trades; a longer history is in the files that `rebal compare --save` keeps.
MOST_ROWS = 150
_CENT = 0.005


def result_appendices(comparison: Comparison, alpha: TaxAlpha) -> tuple[Section, ...]:
    """Return the appendices of a back-test, lettered.

    Parameters
    ----------
    comparison : Comparison
    alpha : TaxAlpha
        Of the run that is reported against the other.
    """
    run = comparison.runs[alpha.policy]
    found = [
        _by_year(alpha), _all_measures(comparison, alpha), *_last_trades(run), *_last_sales(run), *_windows(run),
        Section("Method", points=RESULT_METHOD),
        Section("Assumptions and findings in full", points=tuple(quoted(one) for one in said(comparison.assumptions))),
        _inputs(comparison, alpha),
    ]  # fmt: skip
    return lettered(found)


def _by_year(alpha: TaxAlpha) -> Section:
    found = split(alpha)
    rows = tuple((str(name), *map(str, row)) for name, row in zip(found.index, found.to_numpy(), strict=True))
    head = columns("Tax year", *(capital(str(name)) for name in found.columns), left=("Tax year",))
    note = (
        "US$; of value: tax saved over the portfolio's value at the start of the year. Income differed is a part of"
        " permanent."
    )
    return Section("Tax saved by year", table=Table(head, rows, total=True), note=note)


def _all_measures(comparison: Comparison, alpha: TaxAlpha) -> Section:
    found = table(comparison)
    names = list(comparison.runs)
    at = [names.index(name) for name in (alpha.policy, alpha.other)]
    rows = tuple(
        (str(group), str(name), str(unit), *(str(row[place]) for place in at))
        for (group, name, unit), row in zip(found.index, found.to_numpy(), strict=True)
    )
    head = columns("Of", "Measure", "Unit", "Policy", "Against", left=("Of", "Measure", "Unit"))
    note = f"Policy: {short(alpha.policy)}. Against: {short(alpha.other)}. $k: thousands of US$."
    return Section("All measures", table=Table(head, rows), note=note)


def _of_last_year(rows: pd.DataFrame) -> tuple[int, pd.DataFrame]:
    last = int(rows["date"].dt.year.max())
    return last, rows[rows["date"].dt.year == last]


def _cut(all_rows: list[tuple[str, ...]], what: str) -> tuple[tuple[tuple[str, ...], ...], str]:
    more = len(all_rows) - MOST_ROWS
    if more <= 0:
        return tuple(all_rows), ""
    return tuple(
        all_rows[:MOST_ROWS]
    ), f" {count(more, what)} more in the files that rebal compare --save keeps."


def _last_trades(run: Backtest) -> list[Section]:
    if run.journal.empty:
        return []
    year, found = _of_last_year(run.journal)
    listed = [
        (day(row["date"]), row["account"], row["side"].capitalize(), row["symbol"], row["lot"],
         shares(round(row["quantity"], 4)), money(row["price"]), money(row["amount"]), sentence(row["reason"]))
        for row in found.to_dict("records")
    ]  # fmt: skip
    rows, more = _cut(listed, "row")
    head = columns("Day", "Account", "Trade", "Symbol", "Lot", "Shares", "Price", "Amount", "Why", wide="Why",
                   left=("Day", "Account", "Trade", "Symbol", "Lot"))  # fmt: skip
    note = f"US$; a row for each lot.{more}"
    return [Section(f"Trades of {year}, the last year, lot by lot", table=Table(head, rows), note=note)]


def _last_sales(run: Backtest) -> list[Section]:
    sold = run.journal[run.journal["term"] != ""] if "term" in run.journal else run.journal.iloc[:0]
    if sold.empty:
        return []
    year, found = _of_last_year(sold)
    sections = []
    for term, part, words in (("ST", "I", "short"), ("LT", "II", "long")):
        listed = [
            (f"{shares(round(row['quantity'], 4))} {row['symbol']}", day(row["acquired"]), day(row["date"]),
             money(row["amount"] - row["cost"]), money(row["basis"]), "W" if row["disallowed"] >= _CENT else "",
             money(row["disallowed"]) if row["disallowed"] >= _CENT else "", money(row["recognized"]),
             f"{row['account']}, {row['lot']}")
            for row in found[found["term"] == term].to_dict("records")
        ]  # fmt: skip
        if listed:
            rows, more = _cut(listed, "sale")
            head = columns("(a) Description", "(b) Acquired", "(c) Sold", "(d) Proceeds", "(e) Basis", "(f) Code",
                           "(g) Adjustment", "(h) Gain or loss", "Account, lot", wide="Account, lot",
                           left=("(a) Description", "(b) Acquired", "(c) Sold", "(f) Code"))  # fmt: skip
            title = f"Form 8949, Part {part} ({words}-term), sales of {year}"
            sections.append(
                Section(
                    title,
                    table=Table(head, rows),
                    note=f"US$; proceeds net of cost. Code W: a wash sale.{more}",
                )
            )
    return sections


def _windows(run: Backtest) -> list[Section]:
    days = dt.timedelta(days=int(run.setting.table.wash_days))
    rows = tuple(
        (one.symbol, one.account, one.sold.isoformat(), (one.sold + days).isoformat(), money(one.loss))
        for one in run.closing_household.loss_sales
    )
    if not rows:
        return []
    head = columns("Security", "Account", "Sold", "No purchase through", "Loss, US$",
                   left=("Security", "Account", "Sold", "No purchase through"))  # fmt: skip
    return [Section("Wash-sale windows open after the last day", table=Table(head, rows))]


def _inputs(comparison: Comparison, alpha: TaxAlpha) -> Section:
    setting, run, other = comparison.setting, comparison.runs[alpha.policy], comparison.runs[alpha.other]
    rows = (
        ("Policy", repr(run.policy)), ("Against", repr(other.policy)), ("Household", setting.household.name),
        ("SHA-256 of the household", text_fingerprint(repr(setting.household))),
        ("SHA-256 of the policy", text_fingerprint(repr(run.policy))),
        ("SHA-256 of the policy against", text_fingerprint(repr(other.policy))),
        ("SHA-256 of the prices", market_fingerprint(setting.market)), ("rebal_kit", version("rebal_kit")),
    )  # fmt: skip
    return Section("Inputs", table=Table(columns("", "Value", wide="Value", left=("",)), rows))
