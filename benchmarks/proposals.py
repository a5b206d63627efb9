"""How long a proposal takes from a household and prices to the document, greedy and optimal."""

from __future__ import annotations

import datetime as dt
import time

import numpy as np
import pandas as pd

from benchmarks.measure import Row, interleave
from benchmarks.peers import cvxportfolio_decision
from rebal_kit.costs import Costs
from rebal_kit.domain import Account, AccountKind, Household, TaxLot
from rebal_kit.market import Market
from rebal_kit.policy import Harvest, RebalancePolicy
from rebal_kit.proposal.proposal import Proposal, Solver
from rebal_kit.proposal.propose import propose
from rebal_kit.targets import AssetClass, TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.triggers import Threshold, ToleranceBand

#: Positions, lots and accounts, and the seconds that the optimal one may take.
SIZES = ((100, 500, 5, 0.5), (300, 1_500, 5, 2.0))
ASOF = dt.date(2026, 8, 12)
_KINDS = (
    AccountKind.TAXABLE,
    AccountKind.TAXABLE,
    AccountKind.TAXABLE,
    AccountKind.IRA,
    AccountKind.ROTH_IRA,
)
_CLASSES = 10
_SESSIONS = 260


def proposals(households: int) -> list[Row]:
    """Time proposals of random households of each size; the slowest of them, beside the aim."""
    rows = []
    for positions, lots, accounts, aim in SIZES:
        taken: dict[Solver, list[float]] = {"greedy": [], "optimal": []}
        gaps = []
        for seed in range(households + 1):
            home, policy, market = live_household(seed, positions, lots, accounts)
            for solver, times in taken.items():
                begun = time.perf_counter()
                found = propose(market, home, policy, solver=solver)
                document(found)
                times.append(time.perf_counter() - begun)
                if found.plan is not None:
                    gaps.append(found.plan.gap)
        decision = cvxportfolio_decision(closes(live_household(0, positions, lots, accounts)[2]))
        peer = interleave({"peer": (decision, 1)}, households)["peer"].median
        for solver, times in taken.items():
            slowest = max(times[1:])  # the first one loads libraries
            note = f"slowest of {households} households, document and all; "
            note += (
                f"proven gap at most {max(gaps):.2%}"
                if solver == "optimal"
                else "the back-test's own decision"
            )
            rows.append(
                Row(
                    f"proposal, {positions} positions / {lots:,} lots / {accounts} accounts: {solver}", slowest, "s",
                    "cvxportfolio, as many assets, no lots, no tax", peer / slowest,
                    aim=f"{aim} s, gap 0.1 %" if solver == "optimal" else "", note=note,
                )
            )  # fmt: skip
    return rows


def closes(market: Market) -> pd.DataFrame:
    """Return the closes of a market."""
    return market.frame()


def document(found: Proposal) -> int:
    """Work everything out that a proposal says; return how many trades it has."""
    return len(found.document["trades"])


def live_household(
    seed: int, positions: int, lots: int, accounts: int
) -> tuple[Household, RebalancePolicy, Market]:
    """Return a random household of ten classes with their members all over its accounts, off its targets."""
    draw = np.random.default_rng(seed)
    symbols = [f"S{i:03d}" for i in range(positions)]
    days = pd.bdate_range(end=pd.Timestamp(ASOF), periods=_SESSIONS)
    steps = draw.normal(0.0003, 0.012, (_SESSIONS, positions))
    close = pd.DataFrame(
        draw.uniform(20, 400, positions) * np.exp(np.cumsum(steps, axis=0)), index=days, columns=symbols
    )
    groups = np.array_split(np.array(symbols), _CLASSES)
    weights = draw.dirichlet(np.full(_CLASSES, 8.0))
    targets = TargetAllocation(
        {AssetClass(f"class {c}", dict.fromkeys(map(str, group), 1.0 / len(group))): float(weight)
         for c, (group, weight) in enumerate(zip(groups, weights, strict=True))}
    )  # fmt: skip
    held: list[list[TaxLot]] = [[] for _ in range(accounts)]
    last = close.iloc[-1]
    for number in range(lots):
        symbol = symbols[number % positions]
        age = int(draw.integers(40, 3_000))
        quantity = float(np.round(draw.uniform(10, 60) * 100 / last[symbol], 2))
        basis = round(quantity * float(last[symbol]) * float(draw.uniform(0.4, 1.25)), 2)
        lot = TaxLot(f"L{number}", symbol, quantity, basis, ASOF - dt.timedelta(days=age))
        held[int(draw.integers(accounts))].append(lot)
    household = Household(
        f"benchmark {seed}",
        tuple(
            Account(f"account {a}", "owner", _KINDS[a % len(_KINDS)], f"broker {a % 3}", 2_000.0, tuple(page))
            for a, page in enumerate(held)
        ),
        targets, TaxProfile("mfj", 2026, 300_000.0, state_rate=0.05), as_of=ASOF, complete=True,
        loss_sales=(),
    )  # fmt: skip
    policy = RebalancePolicy(
        "benchmark", (Threshold(band=ToleranceBand(absolute=0.01)),), harvest=Harvest(0.05, 200.0),
        costs=Costs(half_spread_bps=2.0), min_trade_usd=100.0,
    )  # fmt: skip
    return household, policy, Market.from_close(close, name="random")
