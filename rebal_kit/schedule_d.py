"""A history's dividends, distributions and tax years: what is qualified, netted, deducted, carried over and due."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pandas as pd

from rebal_kit.domain import Household, Security
from rebal_kit.encode import KIND
from rebal_kit.engine.arrays import DEFERRED, TAXABLE
from rebal_kit.engine.ledger import day_of
from rebal_kit.playback import Played
from rebal_kit.rules.brackets import Carryover, tax_return, year_tax
from rebal_kit.rules.dividends import is_qualified, qualified_days
from rebal_kit.rules.forms import BOXES, SCHEDULE_D_LINES
from rebal_kit.rules.law import TaxTable, known_years, opening_carryover, tax_table
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.transactions import Action

_DIVIDENDS = (
    "ex_date", "account", "symbol", "lot", "acquired", "sold", "shares", "amount", "days", "qualified",
    "qualified_amount", "ordinary_amount", "exempt_amount", "held", "stated", "where",
)  # fmt: skip
#: Later than every date.
_NEVER = 10**9


def dividends_of(played: Played, sold: pd.DataFrame, household: Household, table: TaxTable) -> pd.DataFrame:
    """Return a row for each lot that a dividend was paid on in a taxable account.

    A lot was held when the ex-date began and is sold on or after it, or still there. The days count from the real
    purchase: what a wash sale adds to the holding period does not count (IRC §246(c)(3)(B)). Shares still held are
    taken to be held on. A dividend is spread over the lots by their shares; with no lot there it is not qualified.

    Parameters
    ----------
    played : Played
    sold : DataFrame
        `played.sold` with the date of each sale.
    household : Household
        Its securities say which share of a distribution can be qualified; all of it where they say nothing.
    table : TaxTable
    """
    taxable = {account.name for account in household.accounts if account.taxable}
    known = {security.symbol: security for security in household.securities}
    splits: dict[tuple[str, str], list[tuple[int, int, float]]] = defaultdict(list)
    for place, line in enumerate(played.transactions):
        if line.action == Action.SPLIT:
            for account in (line.account,) if line.account else taxable:
                splits[account, line.symbol].append((day_of(line.date), place, line.quantity))
    slices = _slices(played, sold)
    rows = []
    for line in played.transactions:
        if line.action != Action.EX_DIVIDEND or line.account not in taxable:
            continue
        ex_day = day_of(line.date)
        position = (line.account, line.symbol)
        lots, acquired, until, places, quantity = slices.get(position, _NOTHING)
        there = np.flatnonzero((acquired < ex_day) & (until >= ex_day))
        shares = [quantity[i] / _grown(splits.get(position, ()), ex_day, int(places[i])) for i in there]
        held = float(sum(shares))
        security = known.get(line.symbol, Security(line.symbol))
        parts = [
            (lots[i], int(acquired[i]), int(until[i]), count) for i, count in zip(there, shares, strict=True)
        ]
        if not parts:
            parts = [("", _NEVER, _NEVER, line.quantity)]
            held = line.quantity
        for lot, bought, sale, count in parts:
            last = min(sale, ex_day - table.qualified_before + table.qualified_window - 1)
            days = qualified_days(bought, last, ex_day, table.qualified_before, table.qualified_window)
            long_enough = bought < _NEVER and is_qualified(
                bought, last, ex_day, table.qualified_days, table.qualified_before, table.qualified_window
            )
            amount = line.quantity * line.price * (count / held)
            qualified = amount * security.qualified_share if long_enough else 0.0
            exempt = amount * float(security.state_exempt)
            rows.append(
                (
                    line.date, *position, lot, _date(bought), _date(sale), count, amount, days, long_enough, qualified,
                    amount - qualified, exempt, held if lot else 0.0, line.quantity, line.place,
                )
            )  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(_DIVIDENDS))
    return frame.astype(dict.fromkeys(("ex_date", "acquired", "sold"), "datetime64[ns]"))


_NOTHING = (np.zeros(0, object), *[np.zeros(0, np.int64)] * 3, np.zeros(0))


def _slices(played: Played, sold: pd.DataFrame) -> dict[tuple[str, str], tuple[np.ndarray, ...]]:
    """Return lots by position: names, day bought, day and place of the sale, shares as counted then or at the end."""
    columns = ["account", "symbol", "lot", "acquired", "quantity"]
    still = played.open_lots[columns].assign(until=_NEVER, at=_NEVER)
    gone = sold[[*columns, "at"]].assign(until=_days(sold["date"]))
    every = pd.concat([gone, still], ignore_index=True)
    every["acquired"] = _days(every["acquired"])
    return {
        (str(account), str(symbol)): (
            rows["lot"].to_numpy(), rows["acquired"].to_numpy(np.int64), rows["until"].to_numpy(np.int64),
            rows["at"].to_numpy(np.int64), rows["quantity"].to_numpy(np.float64),
        )
        for (account, symbol), rows in every.groupby(["account", "symbol"], sort=False)
    }  # fmt: skip


def _days(dates: pd.Series) -> np.ndarray:
    return dates.to_numpy("datetime64[D]").astype(np.int64)


def _grown(splits: list[tuple[int, int, float]] | tuple[()], ex_day: int, sold_at: int) -> float:
    """Return shares as a sale counted them for each share as the ex-date counts them: after the splits of that day."""
    ratio = 1.0
    for day, place, factor in splits:
        if day > ex_day and place < sold_at:
            ratio *= factor
        elif day == ex_day and place > sold_at:
            ratio /= factor
    return ratio


def _date(day: int) -> np.datetime64:
    return np.datetime64("NaT") if day >= _NEVER else np.datetime64(day, "D")


def distributions_of(played: Played, household: Household) -> pd.DataFrame:
    """Return a row for each withdrawal from a tax-advantaged account: date, account, kind, amount, income, where.

    `income` is the part that is ordinary income: all of it from an IRA or a 401(k); nothing from a Roth IRA or an HSA.

    *Source*: IRC §408(d)(1), §402(a); §408A(d)(1) and §223(f)(1) for distributions that are qualified, which all of
    these two kinds are taken to be. *Not modelled*: the additional tax on early distributions (§72(t)), required
    distributions (§401(a)(9)), basis in nondeductible contributions (Form 8606), rollovers (§408(d)(3), §402(c)).

    Parameters
    ----------
    played : Played
    household : Household
    """
    accounts = {account.name: account.kind for account in household.accounts}
    rows = []
    for line in played.transactions:
        if line.action == Action.WITHDRAW and KIND[accounts[line.account]] != TAXABLE:
            kind = accounts[line.account]
            income = line.amount if KIND[kind] == DEFERRED else 0.0
            rows.append((line.date, line.account, str(kind), line.amount, income, line.place))
    frame = pd.DataFrame(rows, columns=["date", "account", "kind", "amount", "income", "where"])
    return frame.astype({"date": "datetime64[ns]", "amount": float, "income": float})


def settle_years(
    disposals: pd.DataFrame, dividends: pd.DataFrame, distributions: pd.DataFrame, household: Household, span: range,
    law_year: int | None,
) -> pd.DataFrame:  # fmt: skip
    """Return Schedule D, carryovers and the tax that the portfolio adds, a row for each year of `span`.

    `short` and `long` are the portfolio's; `net_short` (line 7), `net_long` (line 15), `net` (line 16), `deduction`
    (line 21) and the carryovers are those of the whole return, with the profile's outside gains and losses carried in.
    `distributions` are income from tax-deferred accounts. `tax` is the return with the portfolio less the return
    without it.

    Parameters
    ----------
    disposals, dividends, distributions : DataFrame
        As in `rebal_kit.tax_report.TaxReport`.
    household : Household
    span : range of int
        Tax years.
    law_year : int, optional
        The year whose numbers settle every year; by default each year's own where it is known, else the profile's.
    """
    sold_in, paid_in = disposals["date"].dt.year, dividends["ex_date"].dt.year
    withdrawn = distributions["income"].groupby(distributions["date"].dt.year).sum()
    carry = opening_carryover(household.tax)
    rows = []
    for year in span:
        law = law_year or (year if year in known_years() else household.tax.law_year)
        table = tax_table(replace(household.tax, law_year=law))
        own, income = disposals[sold_in == year], dividends[paid_in == year]
        short = float(own.loc[own["term"] == "ST", "recognized"].sum())
        long = float(own.loc[own["term"] == "LT", "recognized"].sum())
        qualified, ordinary, exempt = (
            float(income[f"{kind}_amount"].sum()) for kind in ("qualified", "ordinary", "exempt")
        )
        other = float(withdrawn.get(year, 0.0))
        added = year_tax(table, short, long, qualified, ordinary, exempt, Carryover(*carry), other)
        whole = tax_return(
            table, other, short + table.outside_short, long + table.outside_long, qualified, ordinary, exempt,
            carry.short, carry.long,
        )  # fmt: skip
        rows.append(
            {
                "year": year, "short": short, "long": long, "carry_in_short": carry.short, "carry_in_long": carry.long,
                "net_short": whole.net.net_short, "net_long": whole.net.net_long, "net": whole.net.net,
                "deduction": whole.net.deduction, "carry_short": whole.net.carry_short,
                "carry_long": whole.net.carry_long, "qualified": qualified, "ordinary": ordinary, "exempt": exempt,
                "distributions": other, "income_tax": added.ordinary_tax + added.gains_tax, "niit": added.niit,
                "state": added.state, "tax": added.tax, "law_year": law,
            }
        )  # fmt: skip
        carry = added.carry
    return pd.DataFrame(rows).set_index("year")


_LINES = ("year", "line", "description", "proceeds", "basis", "adjustment", "amount")


def schedule_d_lines(form: pd.DataFrame, years: pd.DataFrame, profile: TaxProfile) -> pd.DataFrame:
    """Return Schedule D line by line: year, line, description, columns (d), (e), (g), and (h) as `amount`.

    Losses carried in and the loss deducted are negative, as they enter the sum. Gains and losses that the profile has
    from outside the history stand on lines of their own, named ``outside``; those to be carried out are named by the
    lines of the next year's form.

    *Source*: Schedule D (Form 1040), Parts I to III.

    Parameters
    ----------
    form : DataFrame
        Form 8949, as in `rebal_kit.tax_report.TaxReport`.
    years : DataFrame
        As from `settle_years`.
    profile : TaxProfile
    """
    none = (np.nan, np.nan, np.nan)
    columns = ["proceeds", "basis", "adjustment", "gain"]
    totals = form.groupby([form["sold"].dt.year, "box"])[columns].sum()
    sums = dict(zip(totals.index, totals.itertuples(index=False, name=None), strict=True))
    half = len(BOXES) // 2
    rows: list[tuple[object, ...]] = []
    for year, settled in years.iterrows():
        parts = (
            ("Short", BOXES[:half], SCHEDULE_D_LINES[:half], profile.outside_short, "short", "6", "7"),
            ("Long", BOXES[half:], SCHEDULE_D_LINES[half:], profile.outside_long, "long", "14", "15"),
        )
        for kind, boxes, lines, outside, key, carried, net in parts:
            for box, line in zip(boxes, lines, strict=True):
                found = sums.get((year, box), (0.0, 0.0, 0.0, 0.0))
                rows.append((year, line, f"{kind}-term sales, Form 8949 box {box}", *found))
            if outside:
                rows.append((year, "outside", f"{kind}-term, from outside this history", *none, outside))
            carry = -settled[f"carry_in_{key}"]
            rows.extend(
                (
                    (year, carried, f"{kind}-term loss carried in", *none, carry),
                    (year, net, f"Net {kind.lower()}-term gain or loss", *none, settled[f"net_{key}"]),
                )
            )
        rows.extend(
            (
                (year, "16", "Lines 7 and 15 together", *none, settled["net"]),
                (year, "21", "Loss deducted from other income", *none, -settled["deduction"]),
                (year, "6 next year", "Short-term loss carried out", *none, -settled["carry_short"]),
                (year, "14 next year", "Long-term loss carried out", *none, -settled["carry_long"]),
            )
        )
    return pd.DataFrame(rows, columns=list(_LINES))
