"""What may not be traded: whether a household's restrictions can be meant as they stand, without prices."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches
from typing import Any, Literal, Protocol

from rebal_kit.checking import check_once, check_text, of_kind
from rebal_kit.findings import Finding, some_of
from rebal_kit.flows import CashFlow
from rebal_kit.targets import TargetAllocation

Trading = Literal["managed", "frozen", "excluded"]
TRADING: tuple[Trading, ...] = ("managed", "frozen", "excluded")
Place = tuple[str | int, ...]

#: More names than these help nobody to find a misspelling.
_NAMED = 12


class Restricted(Protocol):
    """What is looked at in an account."""

    @property
    def name(self) -> str:
        """Its own name."""

    @property
    def trading(self) -> Trading:
        """Whether it trades."""

    @property
    def do_not_buy(self) -> tuple[str, ...]:
        """Tickers."""

    @property
    def do_not_sell(self) -> tuple[str, ...]:
        """Tickers."""


def check_tickers(where: str, name: str, tickers: tuple[Any, ...]) -> Iterator[Finding]:
    """Find what is no ticker in a list of them, and what stands in it twice."""
    for ticker in tickers:
        yield from check_text(where, f"one of {name}", ticker, "give tickers")
    yield from check_once(where, of_kind(str, tickers), f"{name} names {{}} twice", "keep one")


def contradictions(
    accounts: Sequence[Restricted],
    targets: TargetAllocation,
    do_not_buy: tuple[str, ...],
    do_not_sell: tuple[str, ...],
    flows: Sequence[CashFlow],
    held: Collection[str],
) -> Iterator[tuple[Place, Finding]]:
    """Find what contradicts the rest of a household, each with its place in it, such as ``('flows', 0, 'account')``.

    Parameters
    ----------
    accounts : sequence of Account
    targets : TargetAllocation
    do_not_buy, do_not_sell : tuple of str
        Tickers restricted in every account.
    flows : sequence of CashFlow
    held : collection of str
        Tickers of all lots.
    """
    known = tuple(dict.fromkeys((*targets.symbols, *held)))
    lists: list[tuple[Place, tuple[str, ...]]]
    lists = [(("do_not_buy",), do_not_buy), (("do_not_sell",), do_not_sell)]
    for at, account in enumerate(accounts):
        lists += [(("accounts", at, name), getattr(account, name)) for name in ("do_not_buy", "do_not_sell")]
    for place, tickers in lists:
        for at, ticker in enumerate(tickers):
            if known and ticker.strip() and ticker not in (*known, *tickers[:at]):
                what = f"{place[-1]} names {ticker}, which neither the targets nor the lots have"
                yield (*place, at), _error(what, _known(ticker, known))
    yield from _unpayable(accounts, flows)
    managed = [account for account in accounts if account.trading == "managed"]
    if accounts and targets.weights and not managed:
        yield ("accounts",), _error("there are targets, but no account is managed", "let one account trade")
    for at, (asset_class, weight) in enumerate(targets.weights):
        members = {symbol for symbol, _ in asset_class.members}
        barred = [{*do_not_buy, *account.do_not_buy} for account in managed]
        if weight > 0 and managed and all(members <= each for each in barred):
            what = f"no member of class '{asset_class.name}' may be bought in any account that trades"
            yield ("targets", "classes", at), _error(what, "allow one, or give the class a weight of 0")


def _unpayable(accounts: Sequence[Restricted], flows: Sequence[CashFlow]) -> Iterator[tuple[Place, Finding]]:
    trading = {account.name: account.trading for account in accounts}
    for at, flow in enumerate(flows):
        if flow.account is None:
            continue
        place = ("flows", at, "account")
        if flow.account not in trading:
            what = f"a cash flow names '{flow.account}', which is no account"
            yield place, _error(what, f"use {some_of(tuple(trading), _NAMED)}")
        elif trading[flow.account] == "excluded":
            what = f"a cash flow names account '{flow.account}', which is excluded"
            yield place, _error(what, "name another account, or make it managed or frozen")


def _error(what: str, remedy: str) -> Finding:
    return Finding("error", "household", what, remedy)


def _known(ticker: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(ticker, known, n=1, cutoff=0.6)
    return (f"did you mean {close[0]}? " if close else "") + f"known are {some_of(known, _NAMED)}"
