"""What a reader of a proposal must know before any trade: errors, warnings and assumptions, in this order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from rebal_kit.engine import ledger as books
from rebal_kit.engine.arrays import AS_POLICY, DRIP
from rebal_kit.findings import Finding
from rebal_kit.proposal.gain_doubts import gain_doubts

if TYPE_CHECKING:
    from rebal_kit.proposal.proposal import Proposal

_RANK = {"error": 0, "warning": 1, "note": 2}
_CENT = 0.005
#: Shares that are rounding.
_DUST = 1e-6
#: A gap that is wider than what was asked for.
_WIDE = 1e-3 + 1e-6
#: What must be allowed by name when a proposal is approved.
WASH_SALE, OVERSPEND = "wash_sale", "overspend"


def doubts(proposal: Proposal) -> tuple[Finding, ...]:
    """Return the findings of a proposal, errors first."""
    found = [*_consequences(proposal), *proposal.day.findings, *_prices(proposal), *_assumptions(proposal)]
    return tuple(sorted(found, key=lambda finding: _RANK[finding.severity]))


def _consequences(proposal: Proposal) -> Iterator[Finding]:
    done, household = proposal.settlement, proposal.day.household
    if proposal.washes:
        trades = proposal.trades
        numbers = trades.loc[trades["disallowed"] > _CENT, "trade"].tolist()
        which = f"trade{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}" if numbers else "purchases"
        what = f"US$ {done.disallowed:,.2f} of losses are disallowed by the wash-sale rule"
        if done.permanent > _CENT:
            what += f", US$ {done.permanent:,.2f} of them for good"
        yield Finding(
            "warning", which, what, f"take the sale or the repurchase out; approving it needs {WASH_SALE}"
        )
    for account, cash in zip(household.accounts, done.cash, strict=True):
        if cash < -_CENT:
            what = f"US$ {-cash:,.2f} more is bought than there is cash"
            remedy = f"buy less, or sell more there; approving it needs {OVERSPEND}"
            yield Finding("warning", f"account '{account.name}'", what, remedy)
        elif account.trading == "managed" and cash < account.min_cash - max(_CENT, 1e-9 * account.min_cash):
            what = f"cash of US$ {cash:,.2f} is below the reserve of US$ {account.min_cash:,.2f}"
            yield Finding("warning", f"account '{account.name}'", what, "sell more there, or buy less")
    for number, placed in enumerate(done.numbers, start=1):
        if placed < 0:
            yield Finding(
                "error",
                f"trade {number}",
                "its lots are not there: no figure counts it",
                "name lots that are held, and shares that are left",
            )
        elif done.shares[number - 1] < done.orders[number - 1].quantity - _DUST:
            sold, asked = done.shares[number - 1], done.orders[number - 1].quantity
            what = f"only {sold:,.6g} of {asked:,.6g} shares are sold: a purchase before would wash losses of the rest"
            yield Finding("error", f"trade {number}", what, "sell less, or name the lots")
    yield from _plans(proposal)
    yield from _last_year(proposal)
    yield from _restrictions(proposal)
    if proposal.overrides:
        yield from gain_doubts(proposal)
    plan = proposal.plan
    if plan is not None and plan.status == "time limit":
        what = f"the time was over: these are the best trades so far, at most {plan.gap:.2%} from the best"
        yield Finding("warning", "solver", what, "give more seconds")
    elif plan is not None and plan.status == "optimal" and plan.gap > _WIDE and plan.rounds > 1:
        what = (
            f"proven to be at most {plan.gap:.2%} from the best: commissions turn gains into losses that would be"
            " washed, and which orders those are was found while solving"
        )
        yield Finding("note", "solver", what)
    if plan is not None and plan.status == "infeasible":
        for reason in plan.reasons:
            yield Finding("error", "solver", reason, "the greedy proposal does what can be done")


def _restrictions(proposal: Proposal) -> Iterator[Finding]:
    """Say what was changed by hand into a trade that the household's restrictions leave out."""
    structure, household = proposal.day.setting.structure, proposal.day.household
    if not proposal.overrides:
        return
    for number, order in enumerate(proposal.settlement.orders, start=1):
        allowed = structure.may_sell if order.sells else structure.may_buy
        if not allowed[order.account, order.security]:
            symbol, account = (
                proposal.day.setting.market.symbols[order.security],
                household.accounts[order.account],
            )
            what = f"{symbol} is not to be {'sold' if order.sells else 'bought'} in {account.name}"
            if account.trading != "managed":
                what += f", which is {account.trading}"
            yield Finding("warning", f"trade {number}", what, "take the trade out, or lift the restriction")


def _plans(proposal: Proposal) -> Iterator[Finding]:
    """Find losses that a broker's reinvestment plan will wash at the next dividend."""
    done = proposal.settlement
    structure, symbols = done.desk.structure, proposal.day.setting.market.symbols
    rules = np.where(structure.dividends == AS_POLICY, done.desk.plan.dividends, structure.dividends)
    losing = done.journal[(done.journal["side"] < 0) & (done.journal["gain"] < -_CENT)]
    for group in sorted({int(structure.group[s]) for s in losing["security"]}):
        alike = structure.group == group
        for a, account in enumerate(proposal.day.household.accounts):
            held = np.flatnonzero(alike & (done.desk.ledger.held[a] > 0.0))
            if rules[a] == DRIP and structure.replaces[a] and len(held):
                what = f"a reinvested dividend of {symbols[held[0]]} would wash part of the loss that is sold here"
                remedy = f"switch the plan off there for {done.desk.table.wash_days} days"
                yield Finding("warning", f"account '{account.name}'", what, remedy)


def _last_year(proposal: Proposal) -> Iterator[Finding]:
    """Say what purchases take back of last year's losses: it is not in this year's tax."""
    done = proposal.settlement
    before = int(done.start.year)
    taken = (
        done.desk.ledger.years[:before, books.DISALLOWED]
        - done.start.desk.ledger.years[:before, books.DISALLOWED]
    )
    if taken.sum() > _CENT:
        what = f"US$ {taken.sum():,.2f} of it are losses of last year: tax now does not count them"
        yield Finding("warning", "tax", what, "take the purchase out, or work last year's return out anew")


def _prices(proposal: Proposal) -> Iterator[Finding]:
    market = proposal.day.setting.market
    traded = market.traded[-1] & np.isfinite(market.close[-1])
    quiet = [symbol for symbol, is_ in zip(market.symbols, traded, strict=True) if not is_]
    if quiet:
        what = f"{', '.join(quiet)} did not trade on {proposal.asof}: nothing of it is proposed"
        yield Finding("warning", "prices", what, "give fresh prices")
    yield from market.findings


def _assumptions(proposal: Proposal) -> Iterator[Finding]:
    day = proposal.day
    tax, source = day.household.tax, day.setting.market.source
    yield Finding(
        "note",
        "prices",
        f"closes of {proposal.asof}{source and f' from {source}'}; valid through {proposal.expires}",
    )
    if proposal.outside > 0.0:
        what = f"US$ {proposal.outside:,.0f} are in holdings outside the targets: no weight and no drift counts them"
        yield Finding("warning", "targets", what, "name them in a class, or let gains.sell_legacy sell them")
    law = f"law of {tax.law_year}, {tax.filing}" if tax.flat is None else "flat rates"
    yield Finding(
        "note", "law", f"{law}; tax now is what the trades add to the year's tax, all else being equal"
    )
    if proposal.solver == "optimal":
        aims = proposal.asked.problem.aims
        what = (
            f"a US$ of drift is worth {aims.drift:.3f}, later tax on an unrealised gain {aims.later_rate:.1%} of it,"
            f" a loss carried over {aims.carried_long:.1%} of it"
        )
        yield Finding("note", "aims", what)
    if day.policy.execution.next_session:
        what = "settled at the closes by which it was decided; the policy fills orders in the session after"
        yield Finding("note", "execution", what)
