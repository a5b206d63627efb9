"""tax_report(): what a history of trades means for the tax return, as the taxpayer and as the broker sees it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import pandas as pd

from rebal_kit.broker_view import broker_view, reported_by_brokers
from rebal_kit.domain import Household
from rebal_kit.findings import Finding, LawError, LedgerError, badge_of, raise_errors
from rebal_kit.playback import Played, play_back
from rebal_kit.report_findings import findings_of
from rebal_kit.rules.forms import BOXES, WASH_SALE_CODE, form_8949_box, form_8949_gain
from rebal_kit.rules.law import known_years, tax_table
from rebal_kit.schedule_d import distributions_of, dividends_of, schedule_d_lines, settle_years
from rebal_kit.transactions import PURCHASES, Action, Transaction
from rebal_kit.wash_trail import UNATTACHED, trail_of

_AMOUNTS = ["quantity", "proceeds", "basis", "gain", "disallowed", "permanent"]
_HALF_A_CENT = 0.005


@dataclass(frozen=True, eq=False)
class TaxReport:
    """What a history of trades means for the tax return. US$; dates are trade dates.

    Attributes
    ----------
    household : Household
    first, last : date
        Of the history.
    disposals : DataFrame
        A row for each lot, or part of one with a history of its own, sold in a taxable account: date, account, symbol,
        lot, quantity, proceeds (net of fees), basis (with earlier wash-sale losses), gain, disallowed, permanent (the
        part of disallowed that no basis receives), recognized (gain + disallowed), term ('ST', 'LT'), acquired,
        holding_start, where (the line of the ledger).
    open_lots : DataFrame
        What is left, in all accounts: account, symbol, lot, quantity, basis, holding_start, acquired, deferred.
    wash_sales : DataFrame
        Which purchase replaced which loss: the loss (date, account, symbol, lot) and its replacement (bought,
        in_account, in_symbol, in_lot), shares replaced, disallowed, permanent, and what became of the loss.
    dividends : DataFrame
        A row for each lot that was paid a dividend in a taxable account: days held in the 121-day window, qualified.
    distributions : DataFrame
        A row for each withdrawal from a tax-advantaged account: date, account, kind, amount, income (the part that is
        ordinary income), where.
    years : DataFrame
        Schedule D, carryovers and what the portfolio adds to the tax, by tax year.
    findings : tuple of Finding
        What a reader must know before using a figure.
    year : int, optional
        The one tax year that the report is about; all years when not given.
    """

    household: Household
    first: dt.date
    last: dt.date
    disposals: pd.DataFrame
    open_lots: pd.DataFrame
    wash_sales: pd.DataFrame
    dividends: pd.DataFrame
    distributions: pd.DataFrame
    years: pd.DataFrame
    findings: tuple[Finding, ...]
    _played: Played
    _taxed: pd.DataFrame
    _law_year: int | None = None
    year: int | None = None
    _whole: TaxReport | None = None

    @cached_property
    def totals(self) -> dict[str, float]:
        """Recognised gain, disallowed and permanently lost losses, and losses deferred in lots that are still open.

        ``deferred_open`` is as the history ends, whatever the year of the report, and holds too what was disallowed
        against shares sold before (`WashSaleConventions.count_disposed_purchases`) and waits in no lot.
        """
        sums = {name: float(self.disposals[name].sum()) for name in ("recognized", "disallowed", "permanent")}
        whole = self._whole or self
        nowhere = whole.wash_sales.loc[whole.wash_sales["fate"] == UNATTACHED, "disallowed"].sum()
        return sums | {"deferred_open": float(self.open_lots["deferred"].sum() + nowhere)}

    @property
    def badge(self) -> str:
        """What every chart must show: that the trades were made on stale prices. Mostly nothing."""
        return badge_of(self.findings)

    @cached_property
    def by_year(self) -> pd.DataFrame:
        """Recognised gain by year and term: ST, LT, recognized."""
        years = self.disposals["date"].dt.year.rename("year")
        table = self.disposals.pivot_table("recognized", years, "term", "sum", fill_value=0.0, observed=True)
        table = table.reindex(index=self.years.index, columns=["ST", "LT"], fill_value=0.0)
        return table.assign(recognized=table["ST"] + table["LT"]).rename_axis(columns=None)

    @cached_property
    def form_8949(self) -> pd.DataFrame:
        """Rows of Form 8949: part ('I' short-term, 'II' long-term), box, columns (a) to (h); code W for wash sales.

        Sales are taken as reported on a Form 1099-B with basis (boxes A and D). `acquired` is the real date of
        purchase; the term follows the holding period, which a wash sale may have moved.
        """
        rows = self.disposals
        long = (rows["term"] == "LT").to_numpy()
        washed = (rows["disallowed"] > 0).to_numpy()
        boxes = [BOXES[form_8949_box(bool(value), True, True)] for value in long]
        gains = [
            form_8949_gain(float(p), float(b), float(a))
            for p, b, a in zip(rows["proceeds"], rows["basis"], rows["disallowed"], strict=True)
        ]
        table = pd.DataFrame(
            {
                "part": ["II" if value else "I" for value in long],
                "box": boxes,
                "description": [
                    f"{quantity:.10g} sh. {symbol}"
                    for quantity, symbol in zip(rows["quantity"], rows["symbol"], strict=True)
                ],
                "acquired": rows["acquired"].to_numpy(),
                "sold": rows["date"].to_numpy(),
                "proceeds": rows["proceeds"].to_numpy(),
                "basis": rows["basis"].to_numpy(),
                "code": [WASH_SALE_CODE if value else "" for value in washed],
                "adjustment": rows["disallowed"].to_numpy(),
                "gain": gains,
                "account": rows["account"].to_numpy(),
                "lot": rows["lot"].to_numpy(),
            }
        )
        return table.sort_values(["part", "sold"], kind="stable", ignore_index=True)

    @cached_property
    def schedule_d(self) -> pd.DataFrame:
        """Schedule D line by line: year, line, description, proceeds, basis, adjustment, amount."""
        return schedule_d_lines(self.form_8949, self.years, self.household.tax)

    @cached_property
    def overview(self) -> pd.DataFrame:
        """A row a year and one for all: ST, LT, recognized, disallowed, permanent, deduction, carried_over, tax.

        Before `tax` stand the distributions, where there are any.
        """
        year = self.disposals["date"].dt.year
        losses = self.disposals.groupby(year)[["disallowed", "permanent"]].sum()
        table = self.by_year.join(losses.reindex(self.years.index, fill_value=0.0))
        carried = self.years["carry_short"] + self.years["carry_long"]
        table = table.assign(deduction=self.years["deduction"], carried_over=carried)
        if self.years["distributions"].any():
            table["distributions"] = self.years["distributions"]
        table["tax"] = self.years["tax"]
        table.index = table.index.astype(str)
        if len(table) > 1:
            table.loc["all"] = table.sum()
            table.loc["all", "carried_over"] = float("nan")  # each year's is in the next one's
        return table

    @cached_property
    def positions(self) -> pd.DataFrame:
        """Open lots by account and symbol: lots, quantity, basis, deferred."""
        groups = self.open_lots.groupby(["account", "symbol"], sort=False)
        table = groups[["quantity", "basis", "deferred"]].sum()
        table.insert(0, "lots", groups.size())
        return table.reset_index()

    @cached_property
    def ordinary_dividends(self) -> pd.DataFrame:
        """The rows of `dividends` of which some part is not qualified."""
        return self.dividends[self.dividends["ordinary_amount"] > _HALF_A_CENT]

    @cached_property
    def withdrawn(self) -> pd.DataFrame:
        """`distributions` added up as Forms 1099-R and 1099-SA do: year, account, kind, amount, income."""
        rows = self.distributions.assign(year=self.distributions["date"].dt.year)
        return rows.groupby(["year", "account", "kind"])[["amount", "income"]].sum().reset_index()

    @cached_property
    def statements(self) -> pd.DataFrame:
        """What each account's Form 1099-B adds up to, by year, beside the taxpayer's figures, and rows that differ."""
        sums = [
            "proceeds", "box_1e", "box_1g", "broker_gain", "basis", "disallowed", "recognized", "difference",
        ]  # fmt: skip
        rows = self.broker.assign(year=self.broker["date"].dt.year, differing=self.broker["why"] != "")
        return rows.groupby(["year", "account"])[[*sums, "differing"]].sum().reset_index()

    @cached_property
    def windows(self) -> pd.DataFrame:
        """Sales at a loss, a row for each day, account and security, with the days on which a purchase replaces them.

        date, account, symbol, quantity, loss (above 0), disallowed, permanent; first and last are the ends of the
        window, both inside it.
        """
        losses = self.disposals[self.disposals["gain"] < -_HALF_A_CENT]
        sums = ["quantity", "gain", "disallowed", "permanent"]
        table = losses.groupby(["date", "account", "symbol"], sort=False)[sums].sum().reset_index()
        table.insert(4, "loss", -table.pop("gain"))
        days = pd.Timedelta(days=tax_table(self.household.tax).wash_days)
        return table.assign(first=table["date"] - days, last=table["date"] + days)

    @cached_property
    def broker(self) -> pd.DataFrame:
        """Each disposal as the broker's Form 1099-B has it, as the taxpayer must report it, and why they differ."""
        return broker_view(self._taxed, (self._whole or self)._reported, self.wash_sales, self.household)

    @cached_property
    def broker_years(self) -> pd.DataFrame:
        """`years`, were the gains and terms of the Forms 1099-B copied as they stand."""
        if self._whole is not None:
            return self._whole.broker_years.loc[[self.year]]
        span = range(self.first.year, self.last.year + 1)
        return settle_years(
            self._reported, self.dividends, self.distributions, self.household, span, self._law_year
        )

    @cached_property
    def _reported(self) -> pd.DataFrame:
        return reported_by_brokers(self._played, self.household, tax_table(self.household.tax))

    @cached_property
    def trades(self) -> pd.DataFrame:
        """Every purchase and sale in every account, whatever the year of the report.

        date, account, action, symbol, quantity, price, where. Lots that the household brought have the action 'HELD'
        and their cost a share as price.
        """
        return _trades(self._played, self.household)

    @property
    def differences(self) -> pd.DataFrame:
        """The rows of `broker` in which the broker's figures are not the taxpayer's."""
        return self.broker[self.broker["why"] != ""]

    @property
    def basis_differs(self) -> bool:
        """Whether some broker's basis is not the taxpayer's, as where a loss was disallowed that the broker missed."""
        return bool(((self.broker["basis"] - self.broker["box_1e"]).abs() > _HALF_A_CENT).any())

    def of_year(self, year: int) -> TaxReport:
        """Return the report of one tax year: its sales, dividends and forms. Open lots stay as the history ends.

        Raises
        ------
        LedgerError
            The history has no such year.
        """
        if year not in self.years.index:
            known = f"{self.years.index[0]} to {self.years.index[-1]}"
            raise LedgerError(Finding("error", "tax year", f"is {year}", f"the history has {known}"))
        what = (
            f"findings, open lots and what is deferred in them are those of the whole history, to {self.last}"
        )
        whole = Finding("note", f"year {year}", what)
        return replace(
            self, disposals=_within(self.disposals, "date", year), wash_sales=_within(self.wash_sales, "date", year),
            dividends=_within(self.dividends, "ex_date", year),
            distributions=_within(self.distributions, "date", year), years=self.years.loc[[year]],
            _taxed=_within(self._taxed, "date", year), year=year, _whole=self, findings=(*self.findings, whole),
        )  # fmt: skip

    def __repr__(self) -> str:
        sums = self.totals
        return (
            f"<TaxReport of {self.household.name!r}, {self.first} to {self.last}: US$ {sums['recognized']:,.2f}"
            f" recognised, {sums['disallowed']:,.2f} disallowed, {sums['permanent']:,.2f} of it for good>"
        )


def _within(table: pd.DataFrame, column: str, year: int) -> pd.DataFrame:
    chosen: pd.DataFrame = table[table[column].dt.year == year]
    return chosen.reset_index(drop=True)


def tax_report(
    trades: Iterable[Transaction], household: Household, *, law_year: int | None = None,
    period: tuple[dt.date, dt.date] | None = None, known: Iterable[Finding] = (),
) -> TaxReport:  # fmt: skip
    """Work out gains, wash sales, forms and open lots of a history of trades.

    Parameters
    ----------
    trades : iterable of Transaction
        `rebal_kit.load_ledger` reads them from a file, `Backtest.transactions` has those of a back-test. Those of one
        day are taken in the order given.
    household : Household
        Accounts with owners and kinds, identical securities, conventions, tax profile. Where it has lots, the history
        starts from them. No targets are needed.
    law_year : int, optional
        The year whose numbers settle every year. By default each year's own where it is known, else the profile's.
    period : tuple of date, optional
        First and last day that the history tells of, where they are not those of its first and last line.
    known : iterable of Finding
        What is known of the trades already and the report must say too: for those of a back-test the `findings` of its
        market, such as that prices are stale.

    Raises
    ------
    LedgerError
        With every line that cannot be, by file and row.
    LawError
        The law year is not known.

    Notes
    -----
    *Source*: Form 8949, Schedule D and its Capital Loss Carryover Worksheet; IRC §1091, §1222, §1(h)(11); §408(d)(1)
    and §402(a) for withdrawals. *Not modelled*: what `rebal_kit.rules` does not have; see the README.
    """
    lines = tuple(trades)
    raise_errors(LedgerError, _check(lines, household, period))
    if law_year is not None and law_year not in known_years():
        ours = ", ".join(map(str, known_years()))
        raise LawError(Finding("error", "law year", f"{law_year} is not known", f"use {ours}"))
    first, last = period or (min(line.date for line in lines), max(line.date for line in lines))
    table = tax_table(household.tax)
    played = play_back(lines, household, table)
    sold = played.sold
    dates = pd.Series([line.date for line in played.transactions], dtype="datetime64[ns]")
    places = [line.place for line in played.transactions]
    sold = sold.assign(
        date=dates.to_numpy()[sold["at"]] if len(sold) else pd.Series(dtype="datetime64[ns]"),
        where=[places[at] for at in sold["at"]],
        recognized=sold["gain"] + sold["disallowed"],
    )
    taxed = sold[sold["taxable"]].sort_values("at", kind="stable")
    disposals = taxed.drop(columns=["at", "piece", "taxable"]).reset_index(drop=True)
    disposals = disposals[
        ["date", "account", "symbol", "lot", *_AMOUNTS, "recognized", "term", "acquired", "holding_start", "where"]
    ]  # fmt: skip
    wash_sales = trail_of(sold, played.matches)
    dividends, distributions = (
        dividends_of(played, sold, household, table),
        distributions_of(played, household),
    )
    span = range(first.year, last.year + 1)
    years = settle_years(disposals, dividends, distributions, household, span, law_year)
    return TaxReport(
        household=household,
        first=first,
        last=last,
        disposals=disposals,
        open_lots=played.open_lots[
            ["account", "symbol", "lot", "quantity", "basis", "holding_start", "acquired", "deferred"]
        ],
        wash_sales=wash_sales,
        dividends=dividends,
        distributions=distributions,
        years=years,
        findings=(
            *findings_of(
                played, disposals, wash_sales, dividends, distributions, years, household, (first, last)
            ),
            *known,
        ),
        _played=played,
        _taxed=taxed,
        _law_year=law_year,
    )


def _trades(played: Played, household: Household) -> pd.DataFrame:
    """Return purchases and sales by date, and before them the lots that were there when the history begins."""
    held = [
        (lot.acquired, account.name, "HELD", lot.symbol, lot.quantity, lot.basis / lot.quantity, f"lot {lot.lot}")
        for account in household.accounts for lot in account.lots
    ]  # fmt: skip
    made = [
        (line.date, line.account, str(line.action), line.symbol, line.quantity, line.price, line.place)
        for line in played.transactions if line.action in PURCHASES or line.action == Action.SELL
    ]  # fmt: skip
    columns = ["date", "account", "action", "symbol", "quantity", "price", "where"]
    table = pd.DataFrame([*sorted(held), *made], columns=columns)
    return table.astype({"date": "datetime64[ns]"})


def _check(
    lines: tuple[Any, ...], household: Any, period: tuple[dt.date, dt.date] | None
) -> Iterable[Finding]:
    if not isinstance(household, Household):
        yield Finding("error", "household", f"is {household!r}", "give a Household: load_household(path)")
    for at, line in enumerate(lines, start=1):
        if not isinstance(line, Transaction):
            yield Finding("error", f"trade {at}", f"is {line!r}", "make it with Transaction(…)")
    if period is not None:
        outside = [
            line
            for line in lines
            if isinstance(line, Transaction) and not period[0] <= line.date <= period[1]
        ]
        for line in outside:
            what = f"is {line.date}, outside the period {period[0]} to {period[1]}"
            yield Finding(
                "error", f"{line.place}, column date", what, "widen the period or leave the line out"
            )
    elif not lines:
        yield Finding("error", "trades", "there are none", "give a history with a purchase or a sale")
