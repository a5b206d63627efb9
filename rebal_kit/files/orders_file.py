"""Orders to be given to brokers: a CSV file a broker, made from a proposal.

Columns
-------
``proposal, trade`` say what the order is part of; ``account`` where (of a number no more than its ending is written);
``symbol, action`` (SELL or BUY), ``quantity, order_type`` (MARKET or LIMIT), ``limit_price``; ``lots`` to be named to
the broker, such as ``12.5 of SPY-3 acquired 2021-03-04; 4 of …``; ``time_in_force`` (DAY), ``expires``: the last day
on which the order may be given; ``reason``. Sales stand before purchases, so that the money is there.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rebal_kit.files.account_number import without_numbers
from rebal_kit.files.csv_text import digits, write_rows
from rebal_kit.files.proposal_file import Proposal, ProposalError, TradePart, as_proposal
from rebal_kit.findings import Finding, raise_errors

COLUMNS = (
    "proposal", "trade", "account", "symbol", "action", "quantity", "order_type", "limit_price", "lots",
    "time_in_force", "expires", "reason",
)  # fmt: skip
#: What the file of accounts without a broker is called after.
_NO_BROKER = "no_broker_named"
#: So much of a broker's name is in that of its file.
_LONGEST = 60


def orders_files(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the text of each orders file by its name, which holds no folder whatever a broker is called.

    Raises
    ------
    ProposalError
        The document is no proposal, or two accounts of a broker cannot be told apart by what is shown of them.
    """
    proposal = as_proposal(document)
    raise_errors(ProposalError, _alike(proposal.trades))
    names = file_names(trade.broker for trade in proposal.trades)
    ordered = sorted(proposal.trades, key=lambda trade: (trade.side != "sell", trade.trade))
    rows: dict[str, list[tuple[Any, ...]]] = {}
    for trade in ordered:
        rows.setdefault(names[trade.broker], []).append(_row(proposal, trade))
    return {name: write_rows(COLUMNS, rows[name]) for name in sorted(rows)}


def file_names(brokers: Iterable[str]) -> dict[str, str]:
    """Return by broker the name of its file: small letters, digits and ``_``, and a hash where that is not enough."""
    slugs = {broker: _slug(broker) for broker in brokers}
    held = list(slugs.values())
    names = {}
    for broker, slug in slugs.items():
        if not broker.strip():
            whole = _NO_BROKER
        elif slug in ("", _NO_BROKER) or len(slug) > _LONGEST or held.count(slug) > 1:
            # no slug holds a hyphen, so that none is what this makes of another
            whole = f"{slug[:_LONGEST] or 'broker'}-{hashlib.sha256(broker.encode()).hexdigest()[:12]}"
        else:
            whole = slug
        names[broker] = f"orders_{whole}.csv"
    return names


def _slug(broker: str) -> str:
    bare = unicodedata.normalize("NFKD", broker).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", bare).strip("_")


def _alike(trades: Iterable[TradePart]) -> Iterator[Finding]:
    shown: dict[tuple[str, str], set[str]] = {}
    for trade in trades:
        shown.setdefault((trade.broker, without_numbers(trade.account)), set()).add(trade.account)
    for (broker, name), accounts in shown.items():
        if len(accounts) > 1:
            what = f"{len(accounts)} accounts at '{broker}' are all shown as '{name}'"
            yield Finding("error", "orders", what, "give them names that differ in more than a number")


def _row(proposal: Proposal, trade: TradePart) -> tuple[Any, ...]:
    lots = trade.lots if trade.side == "sell" else []
    named = "; ".join(f"{digits(lot.quantity)} of {lot.lot} acquired {lot.acquired}" for lot in lots)
    return (
        proposal.proposal, trade.trade, without_numbers(trade.account), trade.symbol, trade.side.upper(),
        trade.quantity, "LIMIT" if trade.limit is not None else "MARKET", trade.limit, named, "DAY", proposal.expires,
        without_numbers(trade.reason),
    )  # fmt: skip
