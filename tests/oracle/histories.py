"""Random histories for the exact ledger, from plain seeds: every side, every convention."""

from __future__ import annotations

import datetime as dt
from random import Random
from typing import Any

from tests.oracle.ledger import settle

ACCOUNTS = {
    "TX1": {"kind": "taxable", "owner": "A"},
    "IRA": {"kind": "ira", "owner": "A"},
    "TX2": {"kind": "taxable", "owner": "B"},
    "TX3": {"kind": "taxable", "owner": "A"},
    "K": {"kind": "401k", "owner": "B"},
    "HSA": {"kind": "hsa", "owner": "A"},
    "ROTH": {"kind": "roth_ira", "owner": "B"},
}
IDENTICAL = [["AA", "AB"]]
SYMBOLS = ("AA", "AA", "AA", "AB", "C")
KINDS = (
    *["buy"] * 6, *["sell"] * 8, *["reinvest", "fill", "withdraw"] * 2, "split", "ex_dividend", "deposit",
)  # fmt: skip
#: Small beside a bracket, and larger than all of them.
AMOUNTS = (250, 1_000.5, 12_000, 60_000, 400_000)
METHODS = ("fifo", "lifo", "hifo", "least_tax", "long_term_first")


def conventions(random: Random) -> dict[str, Any]:
    """Some of the readings, each as likely as not."""
    flags = "count_disposed_purchases", "ignore_lots_older_than_sold_lot", "row_level_matching"
    return {
        **{flag: random.random() < 0.5 for flag in flags},
        "parent_excluded": random.random() < 0.5,
        "merge_fills": random.random() < 0.5,
        "spouse_basis": random.choice(["step_up", "permanent"]),
        "holding": random.choice(["tacking", "replacement_method"]),
        "ignore_account_types": random.choice([[], ["hsa"], ["401k", "hsa"]]),
    }


def tax(random: Random) -> dict[str, Any]:
    """What else is on the return."""
    return {
        "filing": random.choice(["single", "mfj", "mfs", "hoh"]),
        "law_year": random.choice([2024, 2025, 2026]),
        "ordinary_income": random.choice([0, 20_000, 95_000.25, 240_000, 700_000]),
        "carryover_short": random.choice([0, 0, 4_000]),
        "carryover_long": random.choice([0, 0, 900.5]),
    }


def history(seed: int, *, whole: bool = False, longest: int = 26) -> dict[str, Any]:
    """A history in which every sale sells what is there; a `whole` one has no parts of shares, splits or averages."""
    return draw_history(Random(seed), longest // 2, longest, whole=whole)


def draw_history(random: Random, shortest: int, longest: int, *, whole: bool = False) -> dict[str, Any]:
    """Draw a history of so many trades."""
    names = list(ACCOUNTS)[: random.choice([1, 1, 2, 3, 4, 7])]
    story: dict[str, Any] = {
        "accounts": {name: ACCOUNTS[name] for name in names},
        "identical": IDENTICAL,
        "conventions": conventions(random) if random.random() < 0.8 else {},
        "tax": tax(random) if random.random() < 0.8 else {},
        "trades": [],
    }
    day = dt.date(2024, 1, 2)
    for number in range(random.randint(shortest, longest)):
        day += dt.timedelta(days=random.choice([0, 0, 0, 1, 1, 2, 3, 5, 9, 30, 31]))
        held = holdings(story)
        trade: dict[str, Any] = {
            "date": day.isoformat(),
            "price": random.choice([6, 7, 8, 9, 10, 11, 12.5]),
        }
        kind = random.choice(KINDS)
        last = story["trades"][-1] if story["trades"] else {"side": ""}
        if kind == "split" and not whole:
            trade = {"date": trade["date"], "side": "split", "symbol": random.choice(SYMBOLS)}
            trade["ratio"] = random.choice([2, 4, 0.5, 1.5])
            if random.random() < 0.2:
                trade["account"] = random.choice(names)  # the brokers are not of one mind
        elif kind in {"deposit", "withdraw"}:
            trade = {"date": trade["date"], "side": kind, "account": random.choice(names)}
            trade["amount"] = random.choice(AMOUNTS)
        elif kind == "sell" and held:
            position = random.choice(list(held))
            trade |= sale(random, held[position], whole) | dict(
                zip(("account", "symbol"), position, strict=True)
            )
        elif kind == "fill" and last["side"] in {"buy", "reinvest"}:
            trade = {**last, "price": trade["price"]}  # one more execution of the last order
        else:
            side = kind if kind in {"reinvest", "ex_dividend"} else "buy"
            trade |= {"side": side, "account": random.choice(names), "symbol": random.choice(SYMBOLS)}
            trade["quantity"] = random.choice([1, 2, 3, 5, 8] if whole else [1, 2, 0.5, 3.3, 10, 7])
            if side != "ex_dividend":
                trade |= {"lot": f"L{number}", "fees": random.choice([0, 0, 1])}
        if trade["side"] == "sell":
            trade["fees"] = random.choice([0, 0, 1])
        story["trades"].append(trade)
    return story


def holdings(story: dict[str, Any]) -> dict[tuple[str, str], list[tuple[str, Any]]]:
    """Pieces of each position, by label, in order."""
    held: dict[tuple[str, str], list[tuple[str, Any]]] = {}
    for purchase in settle(story).purchases:
        for number, piece in enumerate(purchase.pieces, 1):
            held.setdefault((purchase.account, purchase.symbol), []).append(
                (f"{purchase.label}#{number}", piece.count)
            )
    return held


def sale(random: Random, pieces: list[tuple[str, Any]], whole: bool) -> dict[str, Any]:
    """Sell some of a position, or all of it, by a method, by lots or by pieces."""
    there = sum(count for _, count in pieces)
    how = random.choice(["method", "method", "lots", "pieces"])
    if how == "method":
        sold = random.choice([there, there / 2, there / 3])
        sold = max(1, sold // 1) if whole else sold
        return {
            "side": "sell",
            "quantity": sold,
            "lot_method": random.choice(METHODS if whole else (*METHODS, "average")),
        }
    some = random.sample(pieces, random.randint(1, min(3, len(pieces))))
    lots = [
        [label, count if whole else count * random.choice([1, 1, 0]) or count / 2] for label, count in some
    ]
    if how == "lots":
        sums: dict[str, Any] = {}
        for label, count in lots:
            name = label.partition("#")[0]
            if " (" not in name and not any(p.startswith(f"{name} (") for p, _ in pieces):
                sums[name] = sums.get(name, 0) + count
        lots = [[name, count] for name, count in sums.items()] or lots
    return {"side": "sell", "quantity": sum(count for _, count in lots), "lots": lots}
