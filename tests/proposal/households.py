"""Random live households: accounts, lots, restrictions and a year half gone, with a policy and the closes until today.

`random_household(seed)` is valid whatever the seed, and has a bit of everything over some hundred seeds: lots bought
within 30 days and about to be long-term, losses just taken, accounts that do not trade, reserves that are short.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pandas as pd

from rebal_kit.conventions import WashSaleConventions
from rebal_kit.domain import Account, Household, Security, TaxLot
from rebal_kit.findings import HouseholdError
from rebal_kit.market import Market
from rebal_kit.policy import RebalancePolicy
from rebal_kit.targets import AssetClass, TargetAllocation
from rebal_kit.tax_profile import TaxProfile
from rebal_kit.to_date import LossSale, YearToDate
from tests.proposal.policies import random_policy

SESSIONS = 300
WINDOW = 30
BROKERS = ("Schwab", "Fidelity", "Vanguard")
KINDS = ("taxable", "taxable", "ira", "roth_ira", "401k", "hsa")
LEGACY = ("LEG1", "LEG2")
ATTEMPTS = 30

Live = tuple[Household, RebalancePolicy, pd.DataFrame, dt.date]


def random_household(seed: int) -> Live:
    """A household as of the last session of the closes, and how it rebalances."""
    for attempt in range(ATTEMPTS):
        random = Random(seed * ATTEMPTS + attempt)
        targets = random_targets(random)
        asof = random_day(random)
        closes = random_closes(random, (*targets.symbols, *LEGACY), asof)
        try:
            household = random_home(random, targets, prices_of(closes), asof)
        except HouseholdError:  # restrictions that contradict the targets
            continue
        policy = random_policy(
            random, targets, tuple({account.broker: None for account in household.accounts})
        )
        if chance(random, 0.3):
            household = replace(household, looks_from=random.choice(closes.index[:-1]).date())
        if within_reach(household, prices_of(closes)):
            return household, policy, closes, asof
    message = f"seed {seed} makes no household that can be reached"
    raise AssertionError(message)


def market_of(closes: pd.DataFrame) -> Market:
    return Market.from_close(closes, name="random")


def prices_of(closes: pd.DataFrame) -> dict[str, float]:
    """The last closes."""
    return {str(symbol): float(price) for symbol, price in closes.iloc[-1].items()}


def chance(random: Random, share: float) -> bool:
    return random.random() < share


def random_day(random: Random) -> dt.date:
    """A weekday of 2025 or 2026; some are in December, or around the end of a February."""
    day = dt.date(2025, 2, 3) + dt.timedelta(random.randrange(690))
    if chance(random, 0.15):
        day = day.replace(month=12)
    if chance(random, 0.05):
        day = dt.date(random.choice((2025, 2026)), 3, 2)
    while day.weekday() > 4:
        day += dt.timedelta(1)
    return day


def random_closes(random: Random, symbols: tuple[str, ...], asof: dt.date) -> pd.DataFrame:
    """Random walks that partly move together, in cents."""
    chances = np.random.default_rng(random.randrange(2**32))
    index = pd.bdate_range(end=asof, periods=SESSIONS)
    common = chances.normal(0.0002, 0.007, (SESSIONS, 1))
    moves = common + chances.normal(0.0, 0.009, (SESSIONS, len(symbols)))
    closes = chances.uniform(8.0, 400.0, len(symbols)) * np.exp(np.cumsum(moves, axis=0))
    return pd.DataFrame(np.round(closes, 2), index=index, columns=list(symbols))


def random_targets(random: Random) -> TargetAllocation:
    """2–6 classes of 1–3 weighted members, some with partners; what is left is cash."""
    cash = random.choice((0.0, 0.0, 0.02, 0.05))
    parts = [random.uniform(0.5, 4.0) for _ in range(random.randint(2, 6))]
    weights = [round((1 - cash) * part / sum(parts), 3) for part in parts]
    weights[-1] = 1.0 - cash - sum(weights[:-1])
    classes = {random_class(random, c): weight for c, weight in enumerate(weights)}
    location: Any = {}
    if chance(random, 0.3):
        location = {c.name: [random.randint(1, 3) for _ in range(3)] for c in classes if chance(random, 0.6)}
    return TargetAllocation(classes, location)


def random_class(random: Random, number: int) -> AssetClass:
    count = random.choice((1, 1, 2, 3))
    parts = [random.randint(1, 4) for _ in range(count)]
    members = {f"M{number}{'ABC'[i]}": part / sum(parts) for i, part in enumerate(parts)}
    partners: dict[str, list[str]] = {}
    for member in list(members):
        standing = [f"{member}{i}" for i in range(random.choice((0, 1, 1, 2)))]
        if standing:
            partners[member] = standing
            members |= dict.fromkeys(standing, 0.0)
    return AssetClass(f"class {number}", members, partners)


def random_home(
    random: Random, targets: TargetAllocation, prices: dict[str, float], asof: dt.date
) -> Household:
    names = [f"account {i}" for i in range(random.choice((1, 1, 2, 2, 3, 4, 5, 6)))]
    kinds = [
        "taxable" if i == 0 and chance(random, 0.85) else random.choice(KINDS) for i in range(len(names))
    ]
    owners = ["Alex", random.choice(("Alex", "Sam"))]
    accounts = tuple(
        random_account(random, name, kind, random.choice(owners), targets, prices, asof, first=i == 0)
        for i, (name, kind) in enumerate(zip(names, kinds, strict=True))
    )
    known = (*targets.symbols, *{lot.symbol for account in accounts for lot in account.lots})
    identical = random_groups(random, targets)
    return Household(
        "random", accounts, targets, random_profile(random), identical, asof, complete=True,
        securities=tuple(
            Security(s, qualified_share=random.choice((0.0, 0.5, 1.0)), state_exempt=chance(random, 0.3))
            for s in targets.symbols if chance(random, 0.3)
        ),
        conventions=random_conventions(random),
        do_not_buy=some(random, known, 0.1), do_not_sell=some(random, known, 0.1),
        loss_sales=random_losses(random, accounts, identical, targets, asof),
        year_to_date=random_year(random, {str(kind) for kind in kinds}),
    )  # fmt: skip


def some(random: Random, symbols: tuple[str, ...], share: float) -> tuple[str, ...]:
    """Mostly none, else one or two of the symbols."""
    known = sorted(set(symbols))
    return tuple(random.sample(known, min(len(known), random.randint(1, 2)))) if chance(random, share) else ()


def random_account(
    random: Random, name: str, kind: str, owner: str, targets: TargetAllocation, prices: dict[str, float],
    asof: dt.date, *, first: bool,
) -> Account:  # fmt: skip
    """An account; the first one trades and is the largest on average."""
    value = random.uniform(20_000, 900_000) * (2 if first else 1)
    trading = "managed" if first else random.choice(("managed",) * 6 + ("frozen", "excluded"))
    held = random_positions(random, targets)
    cash = round(value * random.choice((0.0, 0.002, 0.01, 0.04, 0.12)), 2) if held else round(value, 2)
    shares = {symbol: random.uniform(0.05, 1.0) * weight for symbol, weight in held.items()}
    lots: list[TaxLot] = []
    for symbol, share in shares.items():
        worth = (value - cash) * share / sum(shares.values())
        lots += random_lots(random, f"{name}-{symbol}", symbol, worth, prices[symbol], asof)
    managed = trading == "managed"
    reserve = random.choice((0.0, 0.0, 500.0, 2_500.0, round(0.05 * value))) if managed else 0.0
    known = (*targets.symbols, *held)
    return Account(
        name, owner, kind, random.choice(BROKERS), cash, tuple(lots),  # type: ignore[arg-type]
        dividends=random.choice((None, None, "cash", "reinvest", "drip")), min_cash=reserve, trading=trading,
        do_not_buy=some(random, known, 0.2) if managed else (), do_not_sell=some(random, known, 0.2) if managed else (),
    )  # fmt: skip


def random_positions(random: Random, targets: TargetAllocation) -> dict[str, float]:
    """What an account holds, and how much of it: members by their weights, at times partners and legacy."""
    wanted = {
        symbol: weight * inner for one, weight in targets.weights for symbol, inner in one.members if inner > 0
    }  # fmt: skip
    partners = [symbol for symbol in targets.symbols if symbol not in wanted]
    held = {symbol: weight + 0.02 for symbol, weight in wanted.items() if chance(random, 0.7)}
    held |= {symbol: random.uniform(0.02, 0.2) for symbol in partners if chance(random, 0.15)}
    held |= {symbol: random.uniform(0.02, 0.2) for symbol in LEGACY if chance(random, 0.2)}
    return held


def random_lots(
    random: Random, name: str, symbol: str, worth: float, price: float, asof: dt.date
) -> list[TaxLot]:
    count = random.choice((1, 1, 2, 3, 4, 6, 12))
    found = []
    for i in range(count):
        shares = worth / count / price * random.uniform(0.3, 1.7)
        quantity = float(round(shares)) if chance(random, 0.7) else round(shares, 4)
        if quantity <= 0:
            continue
        basis = round(quantity * price * random.choice((
            random.uniform(0.3, 0.95), random.uniform(0.9, 1.02), random.uniform(1.0, 1.4), 1.0,
        )), 2)  # fmt: skip
        acquired = asof - dt.timedelta(random_age(random))
        more: dict[str, Any] = {}
        if chance(random, 0.08):
            more["holding_start"] = acquired - dt.timedelta(random.choice((1, 10, 200, 364, 365, 366)))
            more["deferred"] = round(basis * random.uniform(0.01, 0.2), 2)
        found.append(TaxLot(f"{name}-{i}", symbol, quantity, basis, acquired, **more))
    return found


def random_age(random: Random) -> int:
    """Days since the purchase."""
    return random.choice((
        random.choice((0, 1, 5, 12, 29, 30)), random.choice((31, 32, 45)), random.randint(46, 350),
        random.randint(351, 364), random.choice((364, 365, 366, 367)), random.randint(368, 4_000),
        random.randint(368, 4_000), random.randint(100, 900),
    ))  # fmt: skip


def random_groups(random: Random, targets: TargetAllocation) -> tuple[tuple[str, ...], ...]:
    """Identical securities: two or three at random, at times what is legacy and a member."""
    symbols = [*targets.symbols, *LEGACY]
    random.shuffle(symbols)
    groups = []
    for _ in range(random.choice((0, 0, 1, 2))):
        size = random.choice((2, 2, 3))
        if len(symbols) >= size:
            groups.append(tuple(symbols.pop() for _ in range(size)))
    return tuple(groups)


def random_losses(
    random: Random, accounts: tuple[Account, ...], identical: tuple[tuple[str, ...], ...],
    targets: TargetAllocation, asof: dt.date,
) -> tuple[LossSale, ...]:  # fmt: skip
    """Losses of the past weeks in taxable accounts: none left to replace where such shares were bought since."""
    taxable = [account.name for account in accounts if account.taxable]
    found = []
    for _ in range(random.choice((0, 0, 1, 2)) if taxable else 0):
        symbol = random.choice(targets.symbols)
        like = {symbol, *(s for group in identical if symbol in group for s in group)}
        sold = asof - dt.timedelta(random.choice((0, 1, 9, 20, 29, 30, 31, 32)))
        bought = any(
            lot.symbol in like and sold - dt.timedelta(WINDOW) <= lot.acquired
            for account in accounts for lot in account.lots
        )  # fmt: skip
        shares, loss = (0.0, 0.0) if bought else (random.uniform(1, 200), round(random.uniform(50, 5_000), 2))
        before = sold - dt.timedelta(random.randint(31, 900))
        acquired = {} if chance(random, 0.3) else {"acquired": before}
        found.append(LossSale(random.choice(taxable), symbol, sold, shares, loss, **acquired))
    return tuple(found)


def random_profile(random: Random) -> TaxProfile:
    more: dict[str, Any] = {
        "ordinary_income": random.choice((0.0, 2e4, 4.7e4, 6.2e4, 9.5e4, 1.3e5, 1.97e5, 2.6e5, 6.5e5)),
        "outside_short": random.choice((0.0, 0.0, 3_000.0, -2_000.0)),
        "outside_long": random.choice((0.0, 0.0, 12_000.0, -5_000.0)),
        "carryover_short": random.choice((0.0, 0.0, 4_000.0)), "carryover_long": random.choice((0.0, 0.0, 25_000.0)),
        "state_rate": random.choice((0.0, 0.05, 0.093)),
    }  # fmt: skip
    if chance(random, 0.25):
        more["flat"] = random.choice(((0.4, 0.2, 0.2), (0.35, 0.15, 0.15), (0.0, 0.0, 0.0)))
    return TaxProfile(random.choice(("single", "mfj")), random.choice((2025, 2026)), **more)


def random_year(random: Random, kinds: set[str]) -> YearToDate:
    """The year so far, as far as the accounts can have made it."""
    found: dict[str, float] = {}
    if "taxable" in kinds and chance(random, 0.6):
        ordinary = round(random.uniform(0, 4_000), 2)
        long = round(random.gauss(2_000, 8_000), 2)
        found = {
            "short": round(random.gauss(0, 5_000), 2), "long": long,
            "qualified": round(random.uniform(0, 8_000), 2), "ordinary": ordinary,
            "exempt": round(random.choice((0.0, 0.3, 1.0)) * ordinary, 2),
            "legacy_gain": max(0.0, round(random.uniform(-1, 1) * long, 2)),
        }  # fmt: skip
    if kinds & {"ira", "401k"} and chance(random, 0.2):
        found["distributions"] = round(random.uniform(1_000, 30_000), 2)
    if chance(random, 0.1):
        found["tax_owed"] = round(random.uniform(-2_000, 4_000), 2)
    return YearToDate(**found)


def random_conventions(random: Random) -> WashSaleConventions:
    if chance(random, 0.6):
        return WashSaleConventions()
    return WashSaleConventions(
        count_disposed_purchases=chance(random, 0.2), ignore_lots_older_than_sold_lot=chance(random, 0.2),
        row_level_matching=chance(random, 0.2), spouse_basis=random.choice(("step_up", "permanent")),
        holding=random.choice(("tacking", "replacement_method")),
        ignore_account_types=random.choice(((), ("401k",), ("401k", "hsa"))),
    )  # fmt: skip


def within_reach(household: Household, prices: dict[str, float]) -> bool:
    """Whether each class, taken alone, finds room for its target, and each reserve is less than its account."""
    members = {symbol: c for c, one in enumerate(household.targets.classes) for symbol, _ in one.members}
    whole, room = 0.0, [0.0] * len(household.targets.weights)
    for account in household.accounts:
        values = [0.0] * len(room)
        for lot in account.lots:
            if lot.symbol in members:
                values[members[lot.symbol]] += lot.quantity * prices[lot.symbol]
        counted = account.cash + sum(values)
        if counted <= account.min_cash and account.trading == "managed":
            return False
        if account.trading == "excluded":
            continue
        whole += counted
        barred = {*household.do_not_buy, *account.do_not_buy}
        for c, one in enumerate(household.targets.classes):
            open_ = account.trading == "managed" and not {s for s, _ in one.members} <= barred
            room[c] += counted - account.min_cash if open_ else values[c]
    pairs = zip(household.targets.weights, room, strict=True)
    return whole > 0 and all(most >= weight * whole for (_, weight), most in pairs)
