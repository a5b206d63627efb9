"""What was ordered beside what was filled, trade by trade."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from rebal_kit.files.account_number import without_numbers
from rebal_kit.files.fills_file import Fill
from rebal_kit.files.proposal_file import Proposal, TradePart, as_proposal
from rebal_kit.findings import Finding

#: Shares, as a part of those ordered, that rounding may leave.
_SHARE = 1e-6
#: A price this far from the proposal's is said.
_FAR = 0.05
#: Half a cent, by which a price may miss its limit.
_CENT = 0.005


@dataclass(frozen=True)
class FilledTrade:
    """One trade of a proposal and what came of it.

    Attributes
    ----------
    trade : int
    account, symbol, side : str
    ordered, filled, left : float
        Shares; `left` is below 0 where more was filled than ordered.
    proposed, price : float or None
        US$ a share: that of the proposal, and the average of the fills, None where there are none.
    shortfall : float
        US$ that the fills cost more, or brought in less, than at the proposal's price; fees are not in it. Below 0
        where they did better.
    fees : float
        US$.
    """

    trade: int
    account: str
    symbol: str
    side: str
    ordered: float
    filled: float
    left: float
    proposed: float
    price: float | None
    shortfall: float
    fees: float


@dataclass(frozen=True)
class Reconciliation:
    """What was ordered beside what was filled.

    Attributes
    ----------
    proposal : str
        The id.
    trades : tuple of FilledTrade
        Every trade of the proposal, also those without a fill.
    unmatched, duplicates : tuple of Fill
        Fills of no trade of the proposal, and fills that are listed before; neither is counted in `trades`.
    findings : tuple of Finding
        *Errors*: fills that cannot be of this proposal. *Warnings*: what is left, late or far from the price.
    """

    proposal: str
    trades: tuple[FilledTrade, ...]
    unmatched: tuple[Fill, ...] = ()
    duplicates: tuple[Fill, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether everything was filled as it was ordered, and nothing else."""
        whole = all(abs(t.left) <= _SHARE * t.ordered for t in self.trades)
        return whole and not any(finding.severity == "error" for finding in self.findings)

    @property
    def shortfall(self) -> float:
        """US$ that all fills together cost more than at the proposal's prices, without fees."""
        return math.fsum(t.shortfall for t in self.trades)

    @property
    def fees(self) -> float:
        """US$ of fees."""
        return math.fsum(t.fees for t in self.trades)

    @property
    def table(self) -> pd.DataFrame:
        """A row for every trade, with the fields of `FilledTrade` as columns."""
        return pd.DataFrame(map(asdict, self.trades), columns=list(FilledTrade.__dataclass_fields__))

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "proposal": self.proposal, "complete": self.complete, "shortfall": self.shortfall, "fees": self.fees,
            "trades": [asdict(t) for t in self.trades],
            "unmatched": [_plain(fill) for fill in self.unmatched],
            "duplicates": [_plain(fill) for fill in self.duplicates],
            "findings": [asdict(finding) for finding in self.findings],
        }  # fmt: skip


def reconcile(document: Mapping[str, Any], fills: Iterable[Fill]) -> Reconciliation:
    """Put fills beside the trades of a proposal.

    Parameters
    ----------
    document : mapping
        As `load_proposal_document` returns it.
    fills : iterable of Fill
        As `load_fills` returns them. A fill that says its trade's number belongs to it, and must agree with it in what
        else it says; one that does not belongs to the only trade with its account, symbol and side. Two that are
        equal in everything, the broker's number of the fill among it, are one: the second is not counted.

    Raises
    ------
    ProposalError
        The document is no proposal.
    """
    proposal = as_proposal(document)
    findings: list[Finding] = []
    matched: dict[int, list[Fill]] = {trade.trade: [] for trade in proposal.trades}
    unmatched, duplicates = [], []
    seen: dict[tuple[Any, ...], Fill] = {}
    for fill in fills:
        trade = _trade_of(proposal, fill, findings)
        if trade is None:
            unmatched.append(fill)
            continue
        known = seen.setdefault(_identity(trade, fill), fill)
        if known is not fill:
            remedy = "remove it; if both happened, give each the broker's number under fill"
            findings.append(Finding("error", fill.place, f"is the fill of {known.place} again", remedy))
            duplicates.append(fill)
            continue
        matched[trade.trade].append(fill)
    trades = []
    for trade in sorted(proposal.trades, key=lambda t: t.trade):
        held = matched[trade.trade]
        trades.append(_filled(trade, held))
        findings += _about(proposal, trade, trades[-1], held)
    return Reconciliation(
        proposal.proposal, tuple(trades), tuple(unmatched), tuple(duplicates), tuple(findings)
    )


def _identity(trade: TradePart, fill: Fill) -> tuple[Any, ...]:
    return trade.trade, fill.fill, fill.quantity, fill.price, fill.date, fill.fees


def _trade_of(proposal: Proposal, fill: Fill, findings: list[Finding]) -> TradePart | None:
    """Return the trade that a fill is of; where there is none, or two, a finding says so."""
    if fill.proposal and fill.proposal != proposal.proposal:
        what = f"is of proposal {fill.proposal[:40]}, not of {proposal.proposal}"
        findings.append(Finding("error", fill.place, what, "reconcile it with the proposal it is of"))
        return None
    if fill.trade is not None:
        named = [trade for trade in proposal.trades if trade.trade == fill.trade]
        if not named:
            known = f"its trades are {_numbers(proposal.trades)}"
            findings.append(Finding("error", fill.place, f"trade {fill.trade} is not in the proposal", known))
            return None
        other = [f"{name} is '{said}', not '{meant}'" for name, said, meant in _disagreements(fill, named[0])]
        if other:
            what = f"trade {fill.trade}: {'; '.join(other)}"
            findings.append(Finding("error", fill.place, what, "give the number of the right trade"))
            return None
        return named[0]
    fitting = [trade for trade in proposal.trades if not list(_disagreements(fill, trade))]
    if len(fitting) == 1:
        return fitting[0]
    said = f"{fill.side} {fill.symbol} in '{without_numbers(fill.account)}'"
    if fitting:
        what, remedy = f"{said} is trades {_numbers(fitting)}", "say which under trade"
    else:
        what, remedy = f"no trade of the proposal is {said}", "it was not proposed: find out who ordered it"
    findings.append(Finding("error", fill.place, what, remedy))
    return None


def _disagreements(fill: Fill, trade: TradePart) -> Iterator[tuple[str, str, str]]:
    """Yield what a fill says of its trade and is not so; an account may be written as in the orders file."""
    if fill.account and fill.account not in (trade.account, without_numbers(trade.account)):
        yield "account", without_numbers(fill.account), without_numbers(trade.account)
    if fill.symbol and fill.symbol.upper() != trade.symbol.upper():
        yield "symbol", fill.symbol, trade.symbol
    if fill.side and fill.side != trade.side:
        yield "side", fill.side, trade.side


def _filled(trade: TradePart, fills: Sequence[Fill]) -> FilledTrade:
    shares = math.fsum(fill.quantity for fill in fills)
    worth = math.fsum(fill.quantity * fill.price for fill in fills)
    worse = worth - trade.price * shares
    left = trade.quantity - shares
    return FilledTrade(
        trade.trade, without_numbers(trade.account), trade.symbol, trade.side, trade.quantity, shares,
        0.0 if abs(left) <= _SHARE * trade.quantity else left, trade.price, worth / shares if fills else None,
        (worse if trade.side == "buy" else -worse) if fills else 0.0, math.fsum(fill.fees for fill in fills),
    )  # fmt: skip


def _about(
    proposal: Proposal, trade: TradePart, filled: FilledTrade, fills: Sequence[Fill]
) -> Iterator[Finding]:
    where = f"trade {trade.trade}, {trade.side} {trade.symbol}"
    shares = f"{filled.filled:,.10g} of {filled.ordered:,.10g} shares"
    if filled.left < 0:
        yield Finding("error", where, f"{shares} were filled, more than ordered", "look for a second order")
    elif not fills:
        yield Finding("warning", where, "was not filled", "propose anew for what is left")
    elif filled.left > 0:
        yield Finding("warning", where, f"{shares} were filled", "propose anew for what is left")
    for fill in fills:
        away = fill.price / trade.price - 1
        over = trade.limit is not None and (
            fill.price > trade.limit + _CENT if trade.side == "buy" else fill.price < trade.limit - _CENT
        )
        if over:
            what = f"{fill.price:,.10g} is beyond the limit of {trade.limit:,.10g}"
            yield Finding("error", fill.place, what, "ask the broker what order was given")
        elif abs(away) > _FAR:
            what = f"{fill.price:,.10g} is {away:+.1%} from the proposal's {trade.price:,.10g}"
            yield Finding("warning", fill.place, what, "check the price and look for a split")
        if not proposal.asof <= fill.date <= proposal.expires:
            what = f"is of {fill.date}, the orders were for {proposal.asof} to {proposal.expires}"
            yield Finding("warning", fill.place, what, "check the date")


def _numbers(trades: Sequence[TradePart]) -> str:
    return ", ".join(str(trade.trade) for trade in trades[:20]) + (" …" if len(trades) > 20 else "")


def _plain(fill: Fill) -> dict[str, Any]:
    return {**asdict(fill), "date": str(fill.date), "account": without_numbers(fill.account)}
