"""revise(): what an advisor changes in a proposal, and what that does at once to tax, cash, drift and wash sales."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from rebal_kit.checking import is_number
from rebal_kit.engine import ledger as books
from rebal_kit.engine import tape as tapes
from rebal_kit.engine.ledger import lots_in_order
from rebal_kit.engine.mid_year import numbers_of_lots
from rebal_kit.engine.today import decide_today
from rebal_kit.findings import Finding, PolicyError, SimulationError, raise_errors
from rebal_kit.optimal.optimise import optimise
from rebal_kit.optimal.search import Effort
from rebal_kit.proposal.greedy import without_round_trips
from rebal_kit.proposal.orders import Order, Pick
from rebal_kit.proposal.problem import orders_from, problem_of
from rebal_kit.proposal.proposal import Override, Proposal
from rebal_kit.proposal.propose import proposal_of
from rebal_kit.proposal.settlement import Settlement, Start, settle
from rebal_kit.reasons import Reason

_WHERE = "revise"
#: Shares that are rounding.
_DUST = 1e-9
#: What pays for flows and taxes of the day: it is no matter of rules, which alone decide anew.
_PAYING = (Reason.RAISE_CASH, Reason.RAISE_TAX)


class Added(NamedTuple):
    """A trade that the proposal does not have.

    Attributes
    ----------
    account : str
    side : {'buy', 'sell'}
    symbol : str
    quantity : float
        Shares.
    lots : mapping of str to float, optional
        Of a sale, the lots by name and the shares of each; by default as the policy's lot method has it.
    """

    account: str
    side: str
    symbol: str
    quantity: float
    lots: Mapping[str, float] | None = None


def revise(
    proposal: Proposal, *, pin: Iterable[int] = (), forbid: Iterable[int] = (),
    resize: Mapping[int, float] | None = None, add: Iterable[Added | Sequence[Any]] = (), again: bool = False,
    seconds: float = 10.0,
) -> Proposal:  # fmt: skip
    """Change trades of a proposal and settle it anew.

    A wash sale that they cause, or money that is not there, is said in its findings, and has to be allowed by name when
    it is approved.

    Parameters
    ----------
    proposal : Proposal
        As proposed, or revised before: trades are numbered as in its `trades`.
    pin : iterable of int
        Trades that stay as they are, whatever is decided anew.
    forbid : iterable of int
        Trades that are taken out. Decided anew, that security is not traded on that side in that account.
    resize : mapping of int to float
        Shares that trades are changed to. A sale takes its lots in the order proposed; more of it, by the lot method.
    add : iterable of Added
        Further trades, each `(account, side, symbol, quantity[, lots])`.
    again : bool
        Decide anew around what is pinned, resized, added and forbidden; else all other trades stay as they are.
    seconds : float
        For the solver, decided anew.

    Raises
    ------
    PolicyError
        A trade, account, security or lot is not there; all such problems at once.
    """
    resize, pinned, forbidden, further = dict(resize or {}), set(pin), set(forbid), tuple(add)
    raise_errors(PolicyError, _check_shapes(further))
    added = tuple(Added(*one) for one in further)
    raise_errors(PolicyError, _check(proposal, pinned, forbidden, resize, added))
    forbidden |= {number for number, quantity in resize.items() if quantity == 0}
    orders = proposal.settlement.orders
    kept: list[Order] = []
    fixed: list[Order] = []
    for number, order in enumerate(orders, start=1):
        if number in forbidden:
            continue
        if number in resize:
            fixed.append(_resized(order, float(resize[number])))
            kept.append(fixed[-1])
        elif number in pinned:
            fixed.append(order)
            kept.append(order)
        elif not again or (proposal.solver == "greedy" and order.reason in _PAYING):
            kept.append(order)
    fixed += [_order_of(proposal, one) for one in added]
    kept = _old_lots_first([*kept, *fixed[len(fixed) - len(added) :]])
    if again:
        barred = [orders[number - 1] for number in sorted(forbidden)]
        kept += _decided_anew(proposal, tuple(kept), fixed, barred, seconds)
    words = proposal.trades.set_index("trade")
    overrides = (
        *proposal.overrides,
        *(Override("pin", _in_words(words.loc[number])) for number in sorted(pinned) if again),
        *(Override("forbid", _in_words(words.loc[number])) for number in sorted(forbidden)),
        *(Override("resize", _in_words(words.loc[n]), float(q)) for n, q in sorted(resize.items()) if q),
        *(Override("add", f"{one.side} {one.symbol} in {one.account}", float(one.quantity)) for one in added),
    )
    return proposal_of(
        proposal.day, proposal.solver, proposal.decision, tuple(kept), proposal.aims,
        greedy=proposal.greedy or proposal, overrides=overrides,
    )  # fmt: skip


def _in_words(trade: Any) -> str:
    return f"{trade['side']} {trade['quantity']:,.6g} {trade['symbol']} in {trade['account']}"


def _check(
    proposal: Proposal, pinned: set[int], forbidden: set[int], resize: Mapping[int, float],
    added: Sequence[Added],
) -> Iterator[Finding]:  # fmt: skip
    count = len(proposal.settlement.orders)
    named: dict[str, set[Any]] = {"pin": pinned, "forbid": forbidden, "resize": set(resize)}
    for name, numbers in named.items():
        for number in sorted(numbers, key=str):
            if type(number) is not int or not 1 <= number <= count:
                remedy = f"name trades 1 to {count}" if count else "nothing is proposed: add trades instead"
                yield Finding("error", _WHERE, f"{name} names trade {number!r}, which is not there", remedy)
    for first, second in (("pin", "forbid"), ("forbid", "resize"), ("pin", "resize")):
        for number in sorted(named[first] & named[second], key=str):
            yield Finding(
                "error", _WHERE, f"trade {number} is in {first} and in {second}", "keep one of them"
            )
    for number, quantity in resize.items():
        if not is_number(quantity) or not 0 <= quantity < np.inf:
            yield Finding(
                "error", _WHERE, f"trade {number} is resized to {quantity!r}", "give shares, 0 or more"
            )
        elif type(number) is int and 1 <= number <= count:
            yield from _check_held(
                proposal, proposal.settlement.orders[number - 1]._replace(quantity=quantity)
            )
    for one in added:
        yield from _check_added(proposal, one)


def _check_shapes(added: tuple[Any, ...]) -> Iterator[Finding]:
    for one in added:
        if isinstance(one, str) or not isinstance(one, Sequence) or not 4 <= len(one) <= 5:
            remedy = "give (account, side, symbol, quantity) or (account, side, symbol, quantity, lots)"
            yield Finding("error", _WHERE, f"add names {one!r}", remedy)
        elif len(one) == 5 and not isinstance(one[4] or {}, Mapping):
            yield Finding("error", _WHERE, f"lots are {one[4]!r}", "give the shares of each lot by its name")


def _check_held(proposal: Proposal, order: Order) -> Iterator[Finding]:
    day = proposal.day
    held = float(proposal.settlement.start.desk.ledger.held[order.account, order.security])
    if order.sells and order.quantity > held + _DUST:
        symbol, account = (
            day.setting.market.symbols[order.security],
            day.household.accounts[order.account].name,
        )
        what = f"{order.quantity:,.6g} {symbol} to be sold in {account}, which holds {held:,.6g}"
        yield Finding("error", _WHERE, what, "sell less")


def _check_added(proposal: Proposal, one: Added) -> Iterator[Finding]:
    household, symbols = proposal.day.household, proposal.day.setting.market.symbols
    names = [account.name for account in household.accounts]
    if one.account not in names:
        yield Finding("error", _WHERE, f"account {one.account!r} is not there", f"use {', '.join(names)}")
    if one.symbol not in symbols:
        yield Finding("error", _WHERE, f"{one.symbol!r} has no price here", f"use {', '.join(symbols)}")
    if one.side not in ("buy", "sell"):
        yield Finding("error", _WHERE, f"side is {one.side!r}", "use buy or sell")
    if not is_number(one.quantity) or not 0 < one.quantity < np.inf:
        yield Finding("error", _WHERE, f"quantity is {one.quantity!r}", "give shares, above 0")
        return
    if one.account not in names or one.symbol not in symbols:
        return
    security = proposal.day.setting.market.column(one.symbol)
    grown = float(proposal.day.splits[security])
    held = {
        lot.lot: lot.quantity * grown
        for account in household.accounts if account.name == one.account
        for lot in account.lots if lot.symbol == one.symbol
    }  # fmt: skip
    sells = one.side == "sell"
    yield from _check_held(
        proposal, Order(names.index(one.account), security, sells, one.quantity, (), Reason.GIVEN)
    )
    if one.lots and not sells:
        yield Finding("error", _WHERE, f"a purchase of {one.symbol} names lots", "name lots of a sale only")
    for name, quantity in (one.lots or {}).items():
        if name not in held:
            yield Finding("error", _WHERE, f"lot {name!r} is not in {one.account}", f"use {', '.join(held)}")
        elif not is_number(quantity) or not 0 < quantity <= held[name] + _DUST:
            yield Finding(
                "error", _WHERE, f"lot {name!r} is to give {quantity!r} shares", f"it has {held[name]:,.6g}"
            )
    if one.lots and is_number(sum(one.lots.values())) and abs(sum(one.lots.values()) - one.quantity) > _DUST:
        what = f"lots give {sum(one.lots.values()):,.6g} shares of {one.quantity:,.6g}"
        yield Finding("error", _WHERE, what, "let them add up")


def _resized(order: Order, quantity: float) -> Order:
    """Return the order with another quantity; a smaller sale keeps the lots that come first."""
    picks: list[Pick] = []
    left = quantity
    for pick in order.picks:
        taken = min(left, pick.quantity)
        if taken > _DUST:
            picks.append(pick._replace(quantity=taken))
        left -= taken
    if order.sells and left > _DUST:
        picks = []  # more than was proposed: by the lot method
    return order._replace(quantity=quantity, picks=tuple(picks))


def _order_of(proposal: Proposal, one: Added) -> Order:
    day = proposal.day
    account = [a.name for a in day.household.accounts].index(one.account)
    numbers = numbers_of_lots(day.household)
    pieces = [lot.lot for _, a, lot in lots_in_order(day.household) if a == account]
    picks = []
    for name, quantity in (one.lots or {}).items():
        same = [other for other in pieces if numbers[other] == numbers[name]]
        picks.append(Pick(numbers[name], same.index(name) + 1 if len(same) > 1 else 0, float(quantity)))
    security = day.setting.market.column(one.symbol)
    return Order(account, security, one.side == "sell", float(one.quantity), tuple(picks), Reason.GIVEN)


def _old_lots_first(orders: Sequence[Order]) -> list[Order]:
    """Return the orders, sales that name no lots before purchases of the same: none sells what is bought with it."""
    found: list[Order] = []
    for order in orders:
        same = [
            at
            for at, one in enumerate(found)
            if not one.sells and one[:2] == order[:2] and order.sells and not order.picks
        ]
        found.insert(same[0] if same else len(found), order)
    return found


def _decided_anew(
    proposal: Proposal, kept: tuple[Order, ...], fixed: Sequence[Order], barred: Sequence[Order], seconds: float
) -> tuple[Order, ...]:  # fmt: skip
    """Return what is traded beside the orders kept, without touching positions of the fixed ones, or what is barred."""
    settled = settle(proposal.day, kept, proposal.decision.moved)
    structure = settled.desk.structure
    may_buy, may_sell = structure.may_buy.copy(), structure.may_sell.copy()
    for order in fixed:
        may_buy[order.account, order.security] = may_sell[order.account, order.security] = False
    for order in barred:
        (may_sell if order.sells else may_buy)[order.account, order.security] = False
    if proposal.solver == "optimal":
        return _solved_anew(proposal, settled, may_buy, may_sell, seconds)
    desk = settled.desk._replace(
        structure=structure._replace(
            may_buy=may_buy,
            may_sell=may_sell,
            restricted=structure.restricted or bool(fixed or barred),
            flowing=proposal.day.setting.structure.flowing,
        ),
        plan=proposal.day.plan,
    )
    desk.ledger.cash[:] += proposal.decision.moved.cash
    desk.ledger.years[settled.start.year, books.DISTRIBUTIONS] += proposal.decision.moved.distributions
    begins = int(desk.tape.counts[tapes.ENTRIES])
    if decide_today(desk, proposal.day.last) != books.OK:
        what = "the trades decided anew need more room than there is"
        raise SimulationError(Finding("error", _WHERE, what, "pin fewer trades"))
    rows = np.asarray(desk.tape.journal[begins : desk.tape.counts[tapes.ENTRIES]])
    return without_round_trips(proposal.day, rows)


def _solved_anew(
    proposal: Proposal, settled: Settlement, may_buy: np.ndarray, may_sell: np.ndarray, seconds: float
) -> tuple[Order, ...]:
    start = Start(proposal.day, settled.desk, proposal.decision.moved)
    asked = problem_of(start, proposal.decision, proposal.aims)
    trading = asked.problem.trading
    amounts = settled.journal["quantity"] * settled.journal["price"]
    traded = np.bincount(settled.journal["security"], amounts, len(asked.problem.price))
    problem = replace(
        asked.problem,
        trading=trading._replace(
            may_buy=trading.may_buy & may_buy, may_sell=trading.may_sell & may_sell, traded=traded
        ),
    )
    plan = optimise(problem, Effort(seconds=seconds), explain=False)
    if plan.status == "infeasible":
        raise_errors(PolicyError, [Finding("error", _WHERE, why, "change less") for why in plan.reasons])
    return orders_from(asked._replace(problem=problem), plan.sold, plan.bought)
