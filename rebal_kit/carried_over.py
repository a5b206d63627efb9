"""What a ledger of trades knows of a household on its last day: lots, losses just taken, and the tax year so far."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import fields, replace

from rebal_kit.domain import Account, Household, TaxLot
from rebal_kit.engine.ledger import OPEN_LOSSES, WAITING, date_of
from rebal_kit.findings import Finding, LedgerError, raise_errors
from rebal_kit.playback import records
from rebal_kit.rules.law import tax_table
from rebal_kit.tax_report import TaxReport
from rebal_kit.to_date import LossSale, YearToDate

#: What `TaxReport.years` has under the same name.
_OF_THE_YEARS = ("short", "long", "qualified", "ordinary", "exempt", "distributions")
#: Of a dollar; what is beyond is rounding.
_DIGITS = 6


def carried_over(report: TaxReport) -> Household:
    """Return the household of a report as its history leaves it: with date, lots and what `state_from_ledger` fills.

    Losses carried into the tax year of the last day take the place of those carried into the first. Cash stays what
    the household says: a ledger does not follow it. Tickers that nothing names any more drop out of restrictions.

    Parameters
    ----------
    report : TaxReport
        Of the whole history.

    Raises
    ------
    LedgerError
        The report is of one tax year only.
    """
    raise_errors(LedgerError, _unfit(report, None))
    given, last = report.household, report.last
    lots = _lots(report)
    known = {*given.targets.symbols, *(lot.symbol for held in lots.values() for lot in held)}

    def still(tickers: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(ticker for ticker in tickers if ticker in known)

    def holding(account: Account) -> Account:
        held = tuple(lots.get(account.name, ()))
        unbought, unsold = still(account.do_not_buy), still(account.do_not_sell)
        return replace(account, lots=held, do_not_buy=unbought, do_not_sell=unsold)

    year = _of_year(report, last.year)
    tax = replace(given.tax, carryover_short=year["carry_in_short"], carryover_long=year["carry_in_long"])
    owed = given.year_to_date.tax_owed if given.as_of and given.as_of.year == last.year else 0.0
    household = replace(
        given, as_of=last, accounts=tuple(holding(account) for account in given.accounts), tax=tax,
        do_not_buy=still(given.do_not_buy), do_not_sell=still(given.do_not_sell), loss_sales=None,
        year_to_date=YearToDate(tax_owed=owed),
    )  # fmt: skip
    return state_from_ledger(household, report)


def state_from_ledger(household: Household, report: TaxReport) -> Household:
    """Return the household with the losses just taken and the tax year so far that a ledger of its trades tells.

    Where the ledger starts from lots, what their household said of the time before is carried on: of its tax year, as
    far as it is the same one, and its loss sales inside the window, which are taken not to have been replaced since.
    Loss sales stay unknown where lots open the history inside the window and nobody tells what was sold before.

    Parameters
    ----------
    household : Household
        On the last day of the ledger or later, with lots of that day; on the last day where it has no date. Its
        `tax_owed` is kept: no ledger tells it.
    report : TaxReport
        Of the whole history of its accounts.

    Raises
    ------
    LedgerError
        The report is of one tax year only, or goes on after the household's date.
    HouseholdError
        The ledger has accounts that the household does not have.

    Notes
    -----
    *Source*: IRC §1091(a) for the window. A sale whose shares are all replaced is there with a quantity of 0.
    """
    raise_errors(LedgerError, _unfit(report, household.as_of))
    as_of = household.as_of or report.last
    return replace(
        household, as_of=as_of, loss_sales=_loss_sales(household, report, as_of),
        year_to_date=replace(_year(household, report, as_of), tax_owed=household.year_to_date.tax_owed),
    )  # fmt: skip


def _unfit(report: TaxReport, as_of: dt.date | None) -> Iterator[Finding]:
    if report.year is not None:
        what, remedy = f"is that of {report.year} only", "give that of the whole history: tax_report(…)"
        yield Finding("error", "report", what, remedy)
    if as_of is not None and report.last > as_of:
        what = f"goes on to {report.last}, after the household's date {as_of}"
        remedy = "leave later lines out, or give a household of that day"
        yield Finding("error", "ledger", what, remedy)


def _year(household: Household, report: TaxReport, as_of: dt.date) -> YearToDate:
    told = dict.fromkeys((item.name for item in fields(YearToDate)), 0.0)
    if year := _of_year(report, as_of.year):
        told |= {name: year[name] for name in _OF_THE_YEARS}
        if household.targets.weights:
            sold = report.disposals[report.disposals["date"].dt.year == as_of.year]
            foreign = ~sold["symbol"].isin(household.targets.symbols)
            told["legacy_gain"] = float(sold.loc[foreign, "recognized"].sum())
    opening = _opening(report.household)
    if opening and opening.year == as_of.year:
        before = report.household.year_to_date
        told = {name: value + getattr(before, name) for name, value in told.items()}
    return YearToDate(**{name: round(value, _DIGITS) for name, value in told.items()})


def _of_year(report: TaxReport, year: int) -> dict[str, float]:
    """Return the row of a tax year; empty where the history has no such year."""
    rows = records(report.years[report.years.index == year])
    return {name: float(value) for name, value in rows[0].items()} if rows else {}


def _opening(household: Household) -> dt.date | None:
    """Return the day of the lots from which a history starts; None where it starts from nothing."""
    return household.as_of if household.lots else None


def _loss_sales(household: Household, report: TaxReport, as_of: dt.date) -> tuple[LossSale, ...] | None:
    since = as_of - dt.timedelta(days=tax_table(household.tax).wash_days)
    waiting = [sale for sale in _waiting(household, report) if sale.sold >= since]
    opening, before = _opening(report.household), report.household.loss_sales
    if opening:
        waiting += [sale for sale in before or () if sale.sold >= since]
    there = {(sale.account, sale.symbol, sale.sold) for sale in waiting}
    for loss in records(report.windows):
        day = loss["date"].date()
        if day >= since and (loss["account"], loss["symbol"], day) not in there:
            waiting.append(LossSale(loss["account"], loss["symbol"], day, 0.0, 0.0))
    unknown = opening is not None and before is None and opening > since
    return None if unknown and not waiting else tuple(sorted(waiting, key=lambda sale: sale.sold))


def _waiting(household: Household, report: TaxReport) -> Iterator[LossSale]:
    """Read from the book the losses that nothing has replaced, in shares as they are counted now."""
    for part in report._played.parts:
        ledger = part.desk.ledger
        for loss in ledger.losses[WAITING, : ledger.state[OPEN_LOSSES]]:
            quantity = float(loss["quantity"])
            if quantity <= 0.0:
                continue
            account, symbol = part.accounts[loss["account"]], part.symbols[loss["security"]]
            acquired, start = date_of(loss["acquired"]), date_of(loss["start"])
            usd = round(quantity * float(loss["per_share"]), _DIGITS)
            yield LossSale(
                account, symbol, date_of(loss["day"]), quantity, usd, acquired,
                None if start == acquired else start,
                _rest(household, account, symbol, part.labels[loss["purchase"]], acquired),
            )  # fmt: skip


def _rest(household: Household, account: str, symbol: str, label: str, acquired: dt.date) -> str:
    """Return the name of the lot that is left of a purchase: the ledger's, or the only one bought on that day."""
    held = [
        lot for a in household.accounts if a.name == account for lot in a.lots
        if (lot.symbol, lot.acquired) == (symbol, acquired)
    ]  # fmt: skip
    if any(lot.lot == label for lot in held):
        return label
    return held[0].lot if len(held) == 1 else ""


def _lots(report: TaxReport) -> dict[str, list[TaxLot]]:
    """Return what is left by account; names that pieces of a lot, or lots of two accounts, share are told apart."""
    lots: dict[str, list[TaxLot]] = {}
    taken: set[str] = set()
    labels = set(report.open_lots["lot"])
    for row in records(report.open_lots):
        name, count = row["lot"], 1
        while name in taken or (count > 1 and name in labels):
            count += 1
            name = f"{row['lot']} ({count})"
        taken.add(name)
        acquired, start = row["acquired"].date(), row["holding_start"].date()
        lots.setdefault(row["account"], []).append(
            TaxLot(
                name, row["symbol"], row["quantity"], row["basis"], acquired, None if start == acquired else start,
                row["deferred"],
            )
        )  # fmt: skip
    return lots
