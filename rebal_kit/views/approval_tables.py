"""What a person sees before approving a proposal, and of what was filled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from rebal_kit.files.account_number import without_numbers
from rebal_kit.files.approval_checks import flags
from rebal_kit.files.proposal_file import Proposal
from rebal_kit.files.reconciliation import Reconciliation
from rebal_kit.findings import Finding

#: So many trades are shown; all of them are in the orders files and in the JSON.
_SHOWN = 60


def alert(proposal: Proposal) -> Iterator[Any]:
    """Yield what to print before a proposal is approved: orders, tax, wash sales, overrides, findings."""
    yield _text(f"proposal {proposal.proposal}: {proposal.household}, {proposal.policy}", "bold")
    yield _text(f"prices of {proposal.asof}, to be approved until {proposal.expires}", "dim")
    table = _table("What will be ordered", ("trade", "account", "broker", "order", "reason"), 3)
    for name in ("about, US$", "gain, US$", "disallowed, US$"):
        table.add_column(name, justify="right")
    ordered = sorted(proposal.trades, key=lambda trade: (trade.side != "sell", trade.trade))
    for trade in ordered[:_SHOWN]:
        order = f"{trade.side.upper()} {trade.quantity:,.10g} {trade.symbol}"
        order += "" if trade.limit is None else f" limit {trade.limit:,.2f}"
        gain, lost = (sum(getattr(lot, name) for lot in trade.lots) for name in ("gain", "disallowed"))
        figures = (
            f"{trade.amount:,.2f}",
            f"{gain:,.2f}" if trade.lots else "",
            f"{lost:,.2f}" if lost else "",
        )
        account = without_numbers(trade.account)
        table.add_row(
            *map(
                _text,
                (str(trade.trade), account, trade.broker, order, without_numbers(trade.reason), *figures),
            )
        )
    yield table
    if len(ordered) > _SHOWN:
        yield _text(f"and {len(ordered) - _SHOWN:,} more trades")
    tax = proposal.tax
    yield _text(
        f"tax now: {tax.tax_now:,.2f} US$ (short-term gain {tax.short_gain:,.2f}, long-term gain {tax.long_gain:,.2f});"
        f" cost {proposal.cost:,.2f} US$"
    )
    for name, said in flags(proposal).items():
        yield _text(f"{name}: {said}", "bold red")
    if not flags(proposal):
        yield _text("no loss is disallowed as a wash sale; no account is overdrawn")
    for override in proposal.overrides:
        yield _text("override: " + ", ".join(f"{key} {value}" for key, value in override.items()), "bold")
    for blocked in proposal.blocked:
        until = f" until {blocked.until}" if blocked.until else ""
        yield _text(
            f"not allowed: {blocked.symbol} in {without_numbers(blocked.account)}{until}: {blocked.why}"
        )
    for part in proposal.findings:
        said = Finding(part.severity, part.where, part.what, part.remedy)
        yield _text(f"{said.severity}: {without_numbers(str(said))}")


def filled(found: Reconciliation) -> Iterator[Any]:
    """Yield what to print of a reconciliation: a row a trade, the sums, and whether all was filled."""
    table = _table(f"Proposal {found.proposal}: ordered and filled", ("trade", "account", "order"), 3)
    for name in (
        "ordered",
        "filled",
        "left",
        "proposed, US$",
        "filled at, US$",
        "shortfall, US$",
        "fees, US$",
    ):
        table.add_column(name, justify="right")
    for t in found.trades[:_SHOWN]:
        price = "" if t.price is None else f"{t.price:,.4f}"
        shares = (f"{value:,.10g}" for value in (t.ordered, t.filled, t.left))
        money = (f"{t.proposed:,.4f}", price, f"{t.shortfall:,.2f}", f"{t.fees:,.2f}")
        names = (str(t.trade), t.account, f"{t.side.upper()} {t.symbol}")
        table.add_row(*map(_text, (*names, *shares, *money)))
    yield table
    if len(found.trades) > _SHOWN:
        yield _text(f"and {len(found.trades) - _SHOWN:,} more trades: --json has them all")
    yield _text(
        f"shortfall {found.shortfall:,.2f} US$ (what the fills cost more, or brought in less, than proposed), fees"
        f" {found.fees:,.2f} US$"
    )
    yield _text(
        "everything was filled as ordered" if found.complete else "not everything was filled as ordered"
    )


def _table(title: str, columns: tuple[str, ...], folded: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=_text(title), title_justify="left")
    for at, name in enumerate(columns):
        table.add_column(name, overflow="fold" if at < folded else "ellipsis")
    return table


def _text(text: str, style: str = "") -> Text:
    """Return text that is neither markup nor commands to the terminal."""
    return Text("".join(c if c.isprintable() else "?" for c in text), style=style)
