"""What every result must state: data, period, law, what was assumed, and what is not known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from rebal_kit.encode_costs import cost_findings, needs_liquidity
from rebal_kit.encode_execution import execution_findings
from rebal_kit.liquidity import known_before
from rebal_kit.policy import RebalancePolicy

if TYPE_CHECKING:
    import pandas as pd

from rebal_kit.engine.arrays import DEFERRED, TAXABLE
from rebal_kit.findings import Finding
from rebal_kit.preflight import without_place
from rebal_kit.run import Setting


def coverage(setting: Setting) -> tuple[Finding, ...]:
    """Return what every result of this setting must state: data, period, law, and what is not known."""
    household, market = setting.household, setting.market
    tax = household.tax
    rates = (
        f"flat rates {tax.flat}"
        if tax.flat
        else f"{tax.filing}, ordinary income US$ {tax.ordinary_income:,.0f}"
    )
    law = f"US federal law of {tax.law_year} applied to every year; {rates}; state rate {tax.state_rate:.1%}"
    opening = "account values invested at target at the first session's close"
    if setting.opened_with == "lots":
        opening = "lots and cash as given"
    sessions = "1 session" if len(market.dates) == 1 else f"{len(market.dates):,} sessions"
    found = [
        Finding("note", "data", f"{market.source or market.name}"),
        Finding("note", "period", f"{market.dates[0]} to {market.dates[-1]}, {sessions}"),
        Finding("note", "law", law),
        Finding("note", "opening", opening),
        Finding("note", "dividends", "credited on the ex-date"),
        Finding(
            "note",
            "tax payments",
            "each year's tax is paid on 15 April of the next year from taxable accounts, and what they cannot pay from"
            " the others",
        ),
    ]
    liquidation = (
        "the liquidation line sells everything at the last close at no cost and taxes tax-deferred balances whole, at"
        f" {setting.table.retirement_rate:.1%}; losses still carried over then count for nothing"
    )
    found.append(Finding("note", "liquidation", liquidation))
    refunds = "a loss deducted from other income lowers the household's tax; the saving is credited in cash"
    found.append(Finding("note", "refunds", refunds))
    if not tax.flat and tax.ordinary_income <= 0:
        found.append(
            Finding("warning", "income", f"ordinary income is US$ {tax.ordinary_income:,.0f}: the portfolio alone fills"
                    " the standard deduction and the lowest brackets, and long-term gains may be taxed at 0 %",
                    "state wages and the like as ordinary_income in the tax profile")
        )  # fmt: skip
    if setting.location is not None:
        found.extend(setting.location.findings)
    found.extend(_unmanaged(setting))
    found.extend(_out_of_reach(setting))
    found.extend(_flows(setting))
    if not household.complete:
        found.append(
            Finding("warning", "coverage", "outside accounts unknown: wash sales against them were not evaluated",
                    "state complete: true once every account of the household is listed")
        )  # fmt: skip
    alone = [s for s, other in zip(market.symbols, setting.structure.replaceable, strict=True) if not other]
    if alone:
        found.append(
            Finding("note", "harvesting", f"nothing may replace {', '.join(alone)}: no loss in them is ever harvested",
                    "give them a partner of weight 0 in their class")
        )  # fmt: skip
    if not any(kind == TAXABLE for kind in setting.structure.kind):
        found.append(
            Finding("note", "tax", "no taxable account: gains and dividends are not taxed as they happen")
        )
    return (*found, *market.findings)


def trading(setting: Setting, policy: RebalancePolicy, journal: pd.DataFrame) -> Iterator[Finding]:
    """Say how the orders of a run are carried out, and what its costs rest on."""
    costs = policy.costs
    liquidity = setting.liquidity if needs_liquidity(costs) else None
    volumes = setting.liquidity if policy.execution.max_volume_share is not None else None
    yield from execution_findings(policy.execution, policy.whole_shares, setting.market, volumes)
    yield from cost_findings(costs, setting.market, liquidity)
    if liquidity is None or costs.impact == 0.0 or journal.empty:
        return
    traded = journal.groupby(["date", "symbol"], sort=False)["amount"].sum()
    days = traded.index.get_level_values("date").to_numpy().astype("datetime64[D]")
    row = liquidity.row[np.searchsorted(setting.market.dates, days)]
    column = [setting.market.column(symbol) for symbol in traded.index.get_level_values("symbol")]
    share = traded.to_numpy() / known_before(liquidity.volume_usd)[row, column]
    large = int((share > 1.0).sum())
    if large:
        yield Finding(
            "warning", "costs",
            f"{large:,} of {len(share):,} times the household trades more than a day's volume of a security in a"
            f" session (up to {np.nanmax(share):,.1f} times): the square-root law is not known to hold there",
            "set execution.max_volume_share, or take a smaller household",
        )  # fmt: skip


def _unmanaged(setting: Setting) -> Iterator[Finding]:
    """Say which holdings no class of the targets takes: they are valued, and never traded."""
    worth = setting.opening_positions * setting.prices.close[0]
    for s, symbol in enumerate(setting.market.symbols):
        if setting.structure.sleeve_of[s] < 0 and worth[s] > 0:
            yield Finding(
                "warning", "targets",
                f"{symbol} (US$ {worth[s]:,.0f} at the opening) is in no asset class: it is valued, but not counted in"
                " weights and drift, not harvested, and sold only if the policy's gains.sell_legacy says so",
                f"add {symbol} to a class, with weight 0 if it may stay",
            )  # fmt: skip


def _out_of_reach(setting: Setting) -> Iterator[Finding]:
    """Say how much of the household finds no place at the opening when all targets are to be met."""
    share = without_place(setting.household, setting.market, setting.opening_worth)
    if share > 0.0:
        yield Finding(
            "warning", "targets",
            f"the targets cannot all be met at the opening: {share:.1%} of the household finds no place, because of"
            " what may not be bought or sold, of cash reserves, or of cash in accounts that do not trade",
            "lift a restriction (do_not_buy, do_not_sell, min_cash, trading), or expect the drift to stay",
        )  # fmt: skip


def _flows(setting: Setting) -> Iterator[Finding]:
    """Say how money that comes in and goes out is treated."""
    structure = setting.structure
    if structure.flowing.any():
        put_in = structure.flow[structure.flow > 0].sum()
        taken_out = -structure.flow[structure.flow < 0].sum()
        yield Finding(
            "note", "cash flows",
            f"US$ {put_in:,.0f} of deposits and US$ {taken_out:,.0f} of withdrawals are due; growth is money-weighted"
            " (the internal rate of return), volatility and drawdown are not",
        )  # fmt: skip
        deferred = (structure.flow[:, :-1] < 0).any(axis=0) & (structure.kind == DEFERRED)
        if deferred.any() or (structure.flow[:, -1] < 0).any():
            yield Finding(
                "warning", "distributions",
                "what leaves a tax-deferred account is ordinary income (IRC §408(d)(1)); the 10 % tax on early"
                " distributions (§72(t)), required minimum distributions and basis (Form 8606) are not modelled, and"
                " withdrawals from Roth accounts are taken as qualified",
                "check ages and basis before relying on the tax of a withdrawal",
            )  # fmt: skip
